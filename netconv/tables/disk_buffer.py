"""Rows of numbers, in memory while they are few, and in a temporary file beyond that.

Each block of rows is kept in the smallest type that holds it exactly. The file has no name, so that it is removed in
any case; it is read by position, not mapped, so that memory does not grow.
"""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..atomic_files import temporary_place

if TYPE_CHECKING:
    import numpy as np

MEMORY = 256 << 20
"""Bytes of a table's numbers that are kept in memory."""


class Collector:
    """Collects blocks (rows, `width`) of float32, on disk if they have more than `most` rows."""

    def __init__(self, width: int, most: int):
        import numpy as np

        self._width, self._most, self._rows = width, most, 0
        self._numbers = np.empty((most, width), np.float32)  # the operating system gives memory as it is filled
        self._buffer: DiskBuffer | None = None

    def append(self, block: np.ndarray) -> None:
        """Raises OSError if the disk is full."""
        rows = self._rows + len(block)
        if self._buffer is None and rows > self._most:
            self._buffer = DiskBuffer(self._width)
            for start in range(0, self._rows, step := max(1, len(block))):
                self._buffer.append(self._numbers[start : min(start + step, self._rows)])
            del self._numbers
        if self._buffer is None:
            self._numbers[self._rows : rows] = block
        else:
            self._buffer.append(block)
        self._rows = rows

    def finish(self) -> np.ndarray | DiskBuffer:
        """All rows."""
        if self._buffer is not None:
            return self._buffer
        self._numbers.resize((self._rows, self._width), refcheck=False)
        return self._numbers


class DiskBuffer:
    """Rows on disk: `[start:stop]` and `[sorted index array]` return (rows, width) of float32."""

    def __init__(self, width: int):
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lasts as long as the rows
        self._width, self._starts, self._offsets = width, [0], [0]
        self._types: list[np.dtype] = []

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self._width

    @property
    def dtype(self) -> np.dtype:
        import numpy as np

        return np.dtype(np.float32)

    def append(self, block: np.ndarray) -> None:
        """Raises OSError if the disk is full."""
        if not len(block):
            return
        compact = _compact(block)
        view = compact.data.cast("B")
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(temporary_place())) from None
        self._types.append(compact.dtype)
        self._starts.append(len(self) + len(block))
        self._offsets.append(self._offsets[-1] + compact.nbytes)

    def __getitem__(self, at) -> np.ndarray:
        import numpy as np

        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            spans = [(start, max(start, stop))]
        else:
            index = np.asarray(at)
            ends = np.flatnonzero(np.diff(index) != 1) + 1
            spans = [(int(run[0]), int(run[-1]) + 1) for run in np.split(index, ends) if len(run)]
        rows, filled = np.empty((sum(stop - start for start, stop in spans), self._width), np.float32), 0
        for start, stop in spans:
            self._read(start, rows[filled : filled + stop - start])
            filled += stop - start
        return rows

    def _read(self, start: int, out: np.ndarray) -> None:
        import numpy as np

        filled, segment = 0, bisect_right(self._starts, start) - 1
        while filled < len(out):
            count = min(self._starts[segment + 1] - start, len(out) - filled)
            dtype = self._types[segment]
            row = self._width * dtype.itemsize
            offset = self._offsets[segment] + (start - self._starts[segment]) * row
            data = bytearray(count * row)
            view, done = memoryview(data), 0
            while done < len(data):
                done += os.preadv(self._file.fileno(), [view[done:]], offset + done)
            out[filled : filled + count] = np.frombuffer(data, dtype).reshape(count, self._width)
            filled, start, segment = filled + count, start + count, segment + 1


def _compact(block: np.ndarray) -> np.ndarray:
    """The same numbers in the smallest type that holds them."""
    import numpy as np

    least, most = block.min(), block.max()  # NaN if there is one
    for dtype in (np.uint8, np.int16):
        limits = np.iinfo(dtype)
        if limits.min <= least and most <= limits.max:
            compact = block.astype(dtype, "C")
            if (compact == block).all():
                return compact
    return np.ascontiguousarray(block, np.float32)


@dataclass(frozen=True)
class ShapedRows:
    """Rows as an input of a model takes them: each of shape `row` and type `dtype`. Slices of an array may be views of
    it."""

    rows: Any
    row: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), *self.row

    def __getitem__(self, at) -> np.ndarray:
        rows = self.rows[at]
        return rows.reshape(len(rows), *self.row).astype(self.dtype, copy=False)
