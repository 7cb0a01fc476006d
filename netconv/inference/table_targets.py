"""The targets of a table, and which of its rows a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from ..errors import DataError, option, option_name
from ..features import transform
from ..features.encoding import Encoding
from ..features.notices import Notify
from ..tables.number_format import pluralize
from ..tables.table import Table
from .trained_rows import checksum

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Targets:
    """The targets of all rows of a table, of each head, and a mask of the rows that have all of them."""

    values: tuple[np.ndarray, ...]
    present: np.ndarray

    @property
    def strata(self) -> np.ndarray:
        """The targets of which each part of the rows has the same share: those of the first head with classes."""
        return next((values for values in self.values if values.ndim == 1), self.values[0])

    @property
    def checksum(self) -> int:
        return reduce(lambda before, values: checksum(values, before), self.values, 0)

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows have no target, by that reason."""
        missing = len(self.present) - int(self.present.sum())
        reason = "without a target" if len(self.values) == 1 else "without all targets"
        return {reason: missing} if missing else {}


def read_targets(source_table: Table, encoding: Encoding, notify: Notify) -> Targets:
    """Raises DataError if no row has a target."""
    import numpy as np

    blocks = zip(*(transform.targets(rows, encoding) for rows in source_table.blocks()), strict=True)
    values = tuple(map(np.concatenate, blocks))
    present = [each >= 0 if each.ndim == 1 else ~np.isnan(each).any(axis=1) for each in values]
    targets = Targets(values, np.logical_and.reduce(present))
    if not targets.present.any():
        raise DataError(f"no row has {'a target' if len(values) == 1 else 'all targets'}", source_table.file)
    for reason, count in targets.left_out.items():
        notify(f"{pluralize(count, 'row')} {reason} left out")
    return targets


def check_classes(targets: Targets, encoding: Encoding, source_table: Table) -> None:
    """Raises DataError if all rows are of one class."""
    for head, values in zip(encoding.heads, targets.values, strict=True):
        classes = values[targets.present]
        if classes.ndim == 1 and (classes == classes[0]).all():
            first = int(classes[0])
            name = head.classes[first] if first < len(head.classes) else str(first)
            message = f"all rows are of one class, {name!r}: there is nothing to distinguish"
            raise DataError(message, source_table.file, column=head.targets[0])


# Rows that the model was trained on


def not_trained_on(file: str) -> DataError:
    """The error of rows held out from a table that the model was not trained on."""
    return DataError(f"the model was not trained on this table: leave {option_name('held_out')} out", file)


def note_held_out(targets: Targets, trained: np.ndarray | None, file: str, notify: Notify) -> None:
    """Says how many rows are evaluated, if the model was trained on the rows `trained` of the table, a mask. Raises
    DataError if there are no others, or the model was not trained on the table, None."""
    if trained is None:
        raise not_trained_on(file)
    rest = targets.present & ~trained
    if not rest.any():
        raise DataError(
            f"the model was trained on all rows: leave {option_name('held_out')} out, or evaluate another table", file
        )
    count = int(trained.sum())
    notify(f"held out    {pluralize(int(rest.sum()), 'row')}; the model was trained on the other {count:,}")


def note_trained_on(targets: Targets, trained: np.ndarray | None, notify: Notify) -> None:
    """Says how many of the rows of a table the model was trained on, a mask; nothing for None."""
    if trained is None:
        return
    count, rows = int(trained.sum()), int(targets.present.sum())
    advice = "another table says more" if count == rows else f"{option('held_out', True)} takes only the others"
    notify(f"note        the model was trained on {count:,} of the {pluralize(rows, 'row')}: {advice}")
