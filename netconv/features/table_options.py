"""What a user says of how a table is to be read."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import NetconvError
from ..tables.sources import Data


@dataclass(frozen=True)
class TableOptions:
    """How a table is to be read; what is not said is found out.

    Columns are given by name, number (from 1; -1 is the last), range of numbers (2-5) or pattern (pixel*), several
    separated by commas: `target` are those that the net is to tell, `columns` those that it takes, in this order, and
    `drop` those that it does not take; `input` has those of each input, by its name. `rescale` is (scale, offset) for
    numbers; `standardize` makes the mean of each column of numbers 0 and its standard deviation 1 in the rows trained
    on, `standardize_target` that of each target. `header` says whether the first row of text is one; `labels` is the
    file of the labels of a file of arrays. Raises NetconvError when two of these exclude each other.
    """

    target: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    input: dict[str, str] = field(default_factory=dict)
    rescale: tuple[float, float] | None = None
    standardize: bool = False
    standardize_target: bool = False
    header: bool | None = None
    labels: Data | None = None

    def __post_init__(self):
        if self.rescale and self.standardize:
            raise NetconvError("--rescale and --standardize exclude each other")

    @property
    def anew(self) -> bool:
        """Whether it says otherwise than a model that has learnt how its table is read."""
        return bool(
            self.target
            or self.columns
            or self.drop
            or self.input
            or self.rescale
            or self.standardize
            or self.standardize_target
        )
