"""What a user says of how a table is to be read."""

from __future__ import annotations

from dataclasses import dataclass

from .sources import Data


@dataclass(frozen=True)
class Reading:
    """How a table is to be read; what is not said is found out.

    Columns are given by name, number (from 1; -1 is the last), range of numbers (2-5) or pattern (pixel*), several
    separated by commas: `target` are those that the net is to tell, `columns` those that it takes, in this order, and
    `drop` those that it does not take. `rescale` is (scale, offset) for numbers; `header` says whether the first row of
    text is one; `labels` is the file of the labels of a file of arrays.
    """

    target: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    rescale: tuple[float, float] | None = None
    header: bool | None = None
    labels: Data | None = None

    @property
    def anew(self) -> bool:
        """Whether it says otherwise than a model that has learnt how its table is read."""
        return bool(self.target or self.columns or self.drop or self.rescale)
