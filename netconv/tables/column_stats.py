"""What there is in the columns of a table, counted block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOST_TEXTS = 100_000
"""Different texts of a column that are told apart."""
MOST_NUMBERS = 10_000
"""Different numbers of a column that are told apart."""


class ColumnStats:
    """Of each column, by position: `missing`, how many cells have no value; `values` and `counts`, its texts (at most
    MOST_TEXTS) in the order in which they came and how many cells have each; `numbers`, the different ones of the
    columns asked for by `distinct`, None when there are more than MOST_NUMBERS. `counting` is whether the first column
    counts the rows."""

    def __init__(self, width: int, distinct: frozenset[int] = frozenset()):
        import numpy as np

        self.rows, self.missing, self.counting = 0, np.zeros(width, int), True
        self.values: dict[int, dict[str, int]] = {}
        self.counts: dict[int, np.ndarray] = {}
        self.numbers: dict[int, np.ndarray | None] = {position: np.empty(0, np.float32) for position in distinct}
        self._last = None

    def add(self, rows) -> np.ndarray:
        """The numbers of more rows, with codes of this summary's values where there are texts, -1 for a missing cell
        and -2 for a text beyond the most."""
        import numpy as np

        numbers = rows.numbers
        self.rows += len(numbers)
        self.missing += np.isnan(numbers).sum(axis=0)
        if rows.texts:
            numbers = numbers.copy()
        for position, (codes, values) in rows.texts.items():
            numbers[:, position] = self._coded(position, codes, values)
        if 0 not in rows.texts and self.counting:
            self._count(numbers[:, 0])
        for position in self.numbers.keys() - rows.texts.keys():
            self._distinguish(position, numbers[:, position])
        return numbers

    def many(self, position: int) -> bool:
        """Whether a column has more different texts than are told apart."""
        return len(self.values.get(position, ())) >= MOST_TEXTS

    def _coded(self, position: int, codes: np.ndarray, values: tuple[str, ...]) -> np.ndarray:
        import numpy as np

        known = self.values.setdefault(position, {})
        for value in values:
            if value not in known and len(known) < MOST_TEXTS:
                known[value] = len(known)
        table = np.array([known.get(value, -2) for value in values] + [-1], np.int32)
        found = table[codes]
        counts = np.bincount(found[found >= 0], minlength=len(known))
        before = self.counts.get(position, np.zeros(0, int))
        counts[: len(before)] += before
        self.counts[position] = counts
        self.missing[position] += int((codes < 0).sum()) - len(codes)  # NaN above, all of them
        return found

    def _count(self, first: np.ndarray) -> None:
        import numpy as np

        with np.errstate(invalid="ignore"):
            steps = np.diff(first if self._last is None else np.append(self._last, first))
            self.counting = bool((steps == 1).all())
        self._last = first[-1:].copy() if len(first) else self._last

    def _distinguish(self, position: int, column: np.ndarray) -> None:
        import numpy as np

        known = self.numbers[position]
        if known is not None:
            found = np.union1d(known, column[~np.isnan(column)])
            self.numbers[position] = found if len(found) <= MOST_NUMBERS else None
