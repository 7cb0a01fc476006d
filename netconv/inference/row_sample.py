"""A sample of the true and the predicted values of a table, for plots. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reports.evaluation_report import ValueSample

if TYPE_CHECKING:
    import numpy as np

MOST = 2000
"""Rows that are kept."""
MOST_TARGETS = 8
"""Targets of which values are kept."""
MULTIPLIER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the multiples of it, modulo 2^64, are spread evenly, and without a period that a
table may have, too."""


class RowSample:
    """Keeps the same MOST rows of a table whatever its blocks are."""

    def __init__(self) -> None:
        import numpy as np

        self._rows, self._targets = 0, 0
        self._keys = np.zeros(0, np.uint64)
        self._values: np.ndarray | None = None

    def add(self, true: np.ndarray, predicted: np.ndarray) -> None:
        """Adds the next rows, (rows, targets) each."""
        import numpy as np

        self._targets = true.shape[1]
        keys = np.arange(self._rows, self._rows + len(true), dtype=np.uint64) * np.uint64(MULTIPLIER)
        values = np.stack([true[:, :MOST_TARGETS], predicted[:, :MOST_TARGETS]])
        self._rows += len(true)
        if self._values is not None:
            keys, values = np.concatenate([self._keys, keys]), np.concatenate([self._values, values], axis=1)
        if len(keys) > MOST:
            kept = np.sort(np.argpartition(keys, MOST)[:MOST])
            keys, values = keys[kept], values[:, kept]
        self._keys, self._values = keys, values

    def finish(self, names: tuple[str, ...]) -> ValueSample | None:
        """The sample; `names` are those of the targets, which are numbered if their number is another."""
        if self._values is None:
            return None
        if len(names) != self._targets:
            names = tuple(f"output {n}" for n in range(1, self._targets + 1))
        return ValueSample(names[:MOST_TARGETS], self._targets, self._values[0], self._values[1])
