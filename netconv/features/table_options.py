"""How a user wants a table to be read."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import NetconvError
from ..tables.sources import File


@dataclass(frozen=True)
class TableOptions:
    """How a table is read. What is not given is inferred.

    Columns are selected by name, number (from 1; -1 is the last), range of numbers (2-5) or pattern (pixel*), several
    separated by commas.

    Attributes:
        target: The target column or columns, which the model predicts.
        columns: The columns that are features, in the order of the model's inputs.
        drop: Columns that are not features.
        input: The columns of each input of the model, by the input's name.
        rescale: (scale, offset): numeric features become `x * scale + offset`.
        standardize: Whether numeric features are standardized to mean 0 and standard deviation 1 over the training
            rows. Excludes `rescale`.
        standardize_target: Whether numeric targets are standardized; predictions and errors are in original units.
        header: Whether the first row of delimited text has the names of the columns.
        labels: The file with the labels of a file of arrays.

    Raises:
        NetconvError: Both `rescale` and `standardize` are given.
    """

    target: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    input: dict[str, str] = field(default_factory=dict)
    rescale: tuple[float, float] | None = None
    standardize: bool = False
    standardize_target: bool = False
    header: bool | None = None
    labels: File | None = None

    def __post_init__(self):
        if self.rescale and self.standardize:
            raise NetconvError("--rescale and --standardize exclude each other")

    @property
    def changes_encoding(self) -> bool:
        """Whether any of the options changes how rows are encoded."""
        return bool(
            self.target
            or self.columns
            or self.drop
            or self.input
            or self.rescale
            or self.standardize
            or self.standardize_target
        )
