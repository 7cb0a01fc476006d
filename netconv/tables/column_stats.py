"""Statistics of the columns of a table, collected block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from .rows import Rows

MOST_TEXTS = 100_000
"""Distinct texts of a column that are kept apart."""
MOST_NUMBERS = 10_000
"""Distinct numbers of a column that are kept apart."""


class ColumnStats:
    """Statistics of columns by index.

    `missing` is how many cells of each column have no value. `values` are the distinct texts of the columns of text (at
    most MOST_TEXTS), in order of appearance, and `counts` how many cells have each. `numbers` are the distinct numbers
    of the columns `distinct`, sorted; None if there are more than MOST_NUMBERS. `first_counts_rows` is whether the
    first column increases by 1 from row to row.
    """

    def __init__(self, width: int, distinct: frozenset[int] = frozenset()):
        import numpy as np

        self.rows, self.missing, self.first_counts_rows = 0, np.zeros(width, int), True
        self.values: dict[int, dict[str, int]] = {}
        self.counts: dict[int, np.ndarray] = {}
        self.numbers: dict[int, np.ndarray | None] = {index: np.empty(0, np.float32) for index in distinct}
        self._last: np.ndarray | None = None

    def add(self, rows: Rows) -> np.ndarray:
        """Adds rows. Returns their numbers, (rows, columns) of float32, where a cell of text is its index in `values`,
        -1 if it is missing and -2 if it is beyond MOST_TEXTS."""
        import numpy as np

        numbers = rows.numbers
        self.rows += len(numbers)
        self.missing += np.isnan(numbers).sum(axis=0)
        if rows.texts:
            numbers = numbers.copy()
        for index, (codes, values) in rows.texts.items():
            numbers[:, index] = self._add_texts(index, codes, values)
        if 0 not in rows.texts and self.first_counts_rows:
            self._check_count(numbers[:, 0])
        for index in self.numbers.keys() - rows.texts.keys():
            self._add_numbers(index, numbers[:, index])
        return numbers

    def is_full(self, column: int) -> bool:
        """Whether a column has as many distinct texts as are kept apart, or more."""
        return len(self.values.get(column, ())) >= MOST_TEXTS

    def _add_texts(self, column: int, codes: np.ndarray, values: tuple[str, ...]) -> np.ndarray:
        import numpy as np

        known = self.values.setdefault(column, {})
        for value in values:
            if value not in known and len(known) < MOST_TEXTS:
                known[value] = len(known)
        table = np.array([known.get(value, -2) for value in values] + [-1], np.int32)
        encoded = table[codes]
        counts = np.bincount(encoded[encoded >= 0], minlength=len(known))
        before = self.counts.get(column, np.zeros(0, int))
        counts[: len(before)] += before
        self.counts[column] = counts
        self.missing[column] += int((codes < 0).sum()) - len(codes)  # NaN above, all of them
        return encoded

    def _check_count(self, first: np.ndarray) -> None:
        import numpy as np

        with np.errstate(invalid="ignore"):
            steps = np.diff(first if self._last is None else np.append(self._last, first))
            self.first_counts_rows = bool((steps == 1).all())
        self._last = first[-1:].copy() if len(first) else self._last

    def _add_numbers(self, column: int, numbers: np.ndarray) -> None:
        import numpy as np

        known = self.numbers[column]
        if known is not None:
            found = np.union1d(known, numbers[~np.isnan(numbers)])
            self.numbers[column] = found if len(found) <= MOST_NUMBERS else None
