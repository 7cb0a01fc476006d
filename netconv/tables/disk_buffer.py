"""Rows of numbers, in memory while they are few, and in a temporary file beyond that.

Rows are kept in the smallest type that holds them exactly, on disk each block of them. The file has no name, so that it
is removed in any case; it is read by position, not mapped, so that memory does not grow.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..atomic_files import temporary_place

if TYPE_CHECKING:
    import numpy as np

MEMORY = 256 << 20
"""Bytes of a table's numbers that are kept in memory."""
SPOOLED = 64 << 20
"""Bytes of rows that are kept in memory before it is known whether all of them will be."""

NEAR = 64 << 10
"""Rows that are as many numbers apart are read at once, with those between them."""


class Spool:
    """Collects blocks (rows, `width`) of float32 whose number of rows is not known: on disk if there are more than
    `most` rows. Until then they take SPOOLED bytes at most, in the smallest type that holds them."""

    def __init__(self, width: int, most: int):
        self._width, self._most, self._rows, self._bytes = width, most, 0, 0
        self._blocks: deque[np.ndarray] = deque()
        self._buffer: DiskBuffer | None = None

    def append(self, block: np.ndarray) -> None:
        """Raises OSError if the disk is full."""
        compact = _compact(block)
        self._rows += len(block)
        self._bytes += compact.nbytes
        self._blocks.append(compact)
        if self._buffer is None and (self._bytes > SPOOLED or self._rows > self._most):
            self._buffer = DiskBuffer(self._width)
        while self._buffer is not None and self._blocks:
            self._buffer.append(self._blocks.popleft())

    def finish(self) -> np.ndarray | DiskBuffer:
        """All rows, in memory of float32 or of a smaller type that holds them."""
        import numpy as np

        if self._buffer is not None:
            return self._buffer if self._rows > self._most else self._buffer[:]
        smallest = np.result_type(*{block.dtype for block in self._blocks})
        numbers, filled = np.empty((self._rows, self._width), smallest), 0
        while self._blocks:
            block = self._blocks.popleft()
            numbers[filled : filled + len(block)] = block
            filled += len(block)
        return numbers


class Collector:
    """Collects blocks (rows, `width`) of float32, `most` rows in all at most: in memory or on disk."""

    def __init__(self, width: int, most: int, on_disk: bool):
        import numpy as np

        self._rows = 0
        self._buffer = DiskBuffer(width) if on_disk else None
        self._numbers = np.empty((0 if on_disk else most, width), np.uint8)

    def append(self, block: np.ndarray) -> None:
        """Raises OSError if the disk is full."""
        import numpy as np

        compact = _compact(block)
        if self._buffer is not None:
            self._buffer.append(compact)
            return
        wider = np.promote_types(self._numbers.dtype, compact.dtype)
        if wider != self._numbers.dtype:  # twice at most
            before, self._numbers = self._numbers, np.empty(self._numbers.shape, wider)
            self._numbers[: self._rows] = before[: self._rows]
        self._numbers[self._rows : self._rows + len(block)] = compact
        self._rows += len(block)

    def finish(self) -> np.ndarray | DiskBuffer:
        """All rows, in memory of float32 or of a smaller type that holds them."""
        if self._buffer is not None:
            return self._buffer
        self._numbers.resize((self._rows, self._numbers.shape[1]), refcheck=False)
        return self._numbers


class DiskBuffer:
    """Rows on disk: `[start:stop]` and `[index array]` return (rows, width) of float32."""

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
        """Adds rows, of any type that float32 holds. Raises OSError if the disk is full."""
        if not len(block):
            return
        view = block.data.cast("B")
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(temporary_place())) from None
        self._types.append(block.dtype)
        self._starts.append(len(self) + len(block))
        self._offsets.append(self._offsets[-1] + block.nbytes)

    def __getitem__(self, at) -> np.ndarray:
        import numpy as np

        index = np.arange(*at.indices(len(self))) if isinstance(at, slice) else np.asarray(at)
        order = np.argsort(index, kind="stable")
        index = index[order]
        rows = np.empty((len(index), self._width), np.float32)
        segments = np.searchsorted(self._starts, index, side="right") - 1
        cuts = np.flatnonzero((np.diff(index) > NEAR // self._width) | (np.diff(segments) > 0)) + 1
        for start, stop in pairwise([0, *cuts.tolist(), len(index)] if len(index) else []):
            first = int(index[start])
            stored = self._read(int(segments[start]), first, int(index[stop - 1]) + 1 - first)
            if len(stored) == stop - start and isinstance(at, slice):
                rows[start:stop] = stored
            else:
                rows[order[start:stop]] = stored[index[start:stop] - first]
        return rows

    def _read(self, segment: int, start: int, count: int) -> np.ndarray:
        """Consecutive rows of a block, as they are stored."""
        import numpy as np

        dtype = self._types[segment]
        row = self._width * dtype.itemsize
        offset = self._offsets[segment] + (start - self._starts[segment]) * row
        data, done = bytearray(count * row), 0
        view = memoryview(data)
        while done < len(data):
            done += os.preadv(self._file.fileno(), [view[done:]], offset + done)
        return np.frombuffer(data, dtype).reshape(count, self._width)


def _compact(block: np.ndarray) -> np.ndarray:
    """The same numbers in the smallest type that holds them."""
    import numpy as np

    if len(block) and (block[:1] == np.round(block[:1])).all():  # the first row excludes nearly all tables of fractions
        least, most = block.min(), block.max()  # NaN if there is one
        for dtype in (np.uint8, np.int16):
            limits = np.iinfo(dtype)
            if limits.min <= least and most <= limits.max:
                compact = block.astype(dtype)  # in the order of the block, which is compared several times faster
                if (compact == block).all():
                    return np.ascontiguousarray(compact)
    return np.ascontiguousarray(block, np.float32)


@dataclass(frozen=True)
class ShapedRows:
    """Rows as an input of a model takes them: `[start:stop]` and `[index array]` return some, each of shape `row` and
    type `dtype`."""

    rows: np.ndarray | DiskBuffer
    row: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), *self.row

    @property
    def stored(self) -> np.ndarray | ShapedRows:
        """All rows in memory, of a type that holds them, which may be smaller; these rows if they are on disk."""
        return self if isinstance(self.rows, DiskBuffer) else self.rows.reshape(self.shape)

    def __getitem__(self, at) -> np.ndarray:
        rows = self.rows[at]
        return rows.reshape(len(rows), *self.row).astype(self.dtype, copy=False)
