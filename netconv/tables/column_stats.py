"""Statistics of the columns of a table, collected block by block."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from .image_files import is_image_name

if TYPE_CHECKING:
    import numpy as np

    from .rows import Rows

MOST_TEXTS = 100_000
"""Distinct texts of a column that are kept apart, beside names of images."""
MOST_NUMBERS = 10_000
"""Distinct numbers of a column that are kept apart."""
FEWEST_COUNTED = 10
"""Rows from which on it is no chance that a column counts them."""
LARGEST_EXACT = 1 << 24
"""Up to here float32 has every integer."""
FEW_STEPS = 1 << 12
"""Numbers of float32 in the range of a column below which different numbers of a table are likely to become equal."""


class ColumnStats:
    """Statistics of columns by index.

    `missing` is how many cells of each column have no value. `values` are the distinct texts of the columns of text (at
    most MOST_TEXTS), in order of appearance, and `counts` how many cells have each. `numbers` are the distinct numbers
    of the columns `distinct`, sorted; None if there are more than MOST_NUMBERS. `least` and `most` are the limits of
    the numbers of each column, NaN where there are none.
    """

    def __init__(self, width: int, distinct: frozenset[int] = frozenset()):
        import numpy as np

        self.rows, self.missing = 0, np.zeros(width, int)
        self.least, self.most = np.full((2, width), np.nan, np.float32)
        self.values: dict[int, dict[str, int]] = {}
        self.counts: dict[int, np.ndarray] = {}
        self.numbers: dict[int, np.ndarray | None] = {index: np.empty(0, np.float32) for index in distinct}
        self._first = np.zeros(width, np.float32)
        self._counting = list(range(width))

    def add(self, rows: Rows) -> np.ndarray:
        """Adds rows. Returns their numbers, (rows, columns) of float32, after setting each cell of text to its index in
        `values`, -1 if it is missing and -2 if it is beyond MOST_TEXTS."""
        numbers = rows.numbers
        if len(numbers):
            self._check_counts(numbers)
            self._add_limits(numbers, rows.texts.keys())
        self.rows += len(numbers)
        for index, (codes, values) in rows.texts.items():
            numbers[:, index] = self._add_texts(index, codes, values)
        for index in self.numbers.keys() - rows.texts.keys():
            self._add_numbers(index, numbers[:, index])
        return numbers

    def is_full(self, column: int) -> bool:
        """Whether a column has as many distinct texts as are kept apart, or more."""
        return len(self.values.get(column, ())) >= MOST_TEXTS

    def counted_from(self, column: int) -> float | None:
        """The first number of a column that increases by 1 from row to row, over FEWEST_COUNTED rows at least; else
        None."""
        return float(self._first[column]) if self.rows >= FEWEST_COUNTED and column in self._counting else None

    def may_merge(self, column: int) -> bool:
        """Whether the numbers of a column may be too close together, or too large, to differ in float32."""
        import numpy as np

        size = max(abs(self.least[column]), abs(self.most[column]))
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(size > 0 and self.most[column] - self.least[column] < FEW_STEPS * np.spacing(size)) or bool(
                LARGEST_EXACT <= size < np.inf
            )

    def _add_limits(self, numbers: np.ndarray, texts: Set[int]) -> None:
        """Adds the limits of columns, and their missing cells, but for those of text."""
        import numpy as np

        least, most = numbers.min(axis=0), numbers.max(axis=0)  # NaN where a cell is missing
        gaps = [index for index in np.flatnonzero(np.isnan(least)).tolist() if index not in texts]
        if gaps:
            part = numbers[:, gaps]
            self.missing[gaps] += np.isnan(part).sum(axis=0)
            least[gaps], most[gaps] = np.fmin.reduce(part, axis=0), np.fmax.reduce(part, axis=0)
        self.least, self.most = np.fmin(self.least, least), np.fmax(self.most, most)

    def _add_texts(self, column: int, codes: np.ndarray, values: tuple[str, ...]) -> np.ndarray:
        import numpy as np

        known = self.values.setdefault(column, {})
        for value in values:
            if value not in known and (len(known) < MOST_TEXTS or is_image_name(value)):
                known[value] = len(known)
        table = np.array([-1, *(known.get(value, -2) for value in values)])  # for a missing cell first
        places = np.add(codes, 1, dtype=np.intp)
        occurrences = np.bincount(places, minlength=len(table))
        counts = np.zeros(len(known), int)
        before = self.counts.get(column, counts[:0])
        counts[: len(before)] = before
        kept = table >= 0
        np.add.at(counts, table[kept], occurrences[kept])
        self.counts[column] = counts
        self.missing[column] += int(occurrences[0])
        return table.astype(np.float32).take(places)

    def _check_counts(self, numbers: np.ndarray) -> None:
        """Keeps those of the counting columns that count in these rows, too."""
        import numpy as np

        if not self.rows:
            self._first = numbers[0].copy()
        start = self._first.astype(np.float64) + self.rows
        for part in (numbers[:3], numbers):  # the first rows exclude nearly all columns
            counts = np.arange(len(part))
            self._counting = [index for index in self._counting if (part[:, index] == start[index] + counts).all()]

    def _add_numbers(self, column: int, numbers: np.ndarray) -> None:
        import numpy as np

        known = self.numbers[column]
        if known is not None:
            found = np.union1d(known, numbers[~np.isnan(numbers)])
            self.numbers[column] = found if len(found) <= MOST_NUMBERS else None
