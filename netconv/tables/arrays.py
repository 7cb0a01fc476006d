"""Arrays as tables: NumPy's `.npy` and `.npz`, and the IDX files that MNIST is published as.

A file's header is not believed: rows are read in blocks, and what is not there is an error. Nothing is unpickled.
Sources: numpy.lib.format; http://yann.lecun.com/exdb/mnist (IDX: two zero bytes, a type, the number of axes, their
lengths as big-endian 32-bit integers, the values in row-major order).
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import DataError
from .number_format import counted
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text, spelled
from .sources import BLOCK, Source, Stream

if TYPE_CHECKING:
    import numpy as np

NPY, NPZ = b"\x93NUMPY", b"PK\x03\x04"
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
WIDEST = 64 << 20
"""Bytes of the widest row that is read."""
DIMENSIONS = 32


def is_idx(head: bytes) -> bool:
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in IDX_TYPES and 0 < head[3] <= DIMENSIONS


def is_array(head: bytes) -> bool:
    return head.startswith((NPY, NPZ)) or is_idx(head)


@dataclass(frozen=True)
class ArrayStream:
    """An array of a file: `rows` rows of `width` values each, which `read` gives byte by byte."""

    file: str
    name: str
    rows: int
    width: int
    dtype: np.dtype
    read: Callable[[int], bytes]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,) if self.width == 1 else tuple([f"{self.name}.{n}" for n in range(1, self.width + 1)])

    def take(self, start: int, count: int):
        """Rows `start` to `start + count`, which are the next: (count, width). Raises DataError."""
        import numpy as np

        size = count * self.width * self.dtype.itemsize
        data = self.read(size)
        if len(data) < size:
            whole = start + len(data) // max(1, self.width * self.dtype.itemsize)
            raise DataError(f"is cut short: {whole:,} of {counted(self.rows, 'row')}", self.file)
        return np.frombuffer(data, self.dtype).reshape(count, self.width)

    def end(self) -> None:
        """Raises DataError if there is more."""
        if self.read(1):
            raise DataError(f"has more than the {counted(self.rows, 'row')} that its header tells", self.file)


def stream(stream: Stream, source: Source, wanted: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of a file of arrays in blocks. Each array is a column, named as it is, or `NAME.1`, `NAME.2` ... for the
    values of its rows; those of a file of one array are numbered. Raises DataError."""
    with ExitStack() as stack:
        named = stream.head.startswith(NPZ)
        arrays = _npz(stream, source, stack) if named else [_single(stream)]
        if source.labels:
            labels = stack.enter_context(Stream(source.labels))
            if not is_array(labels.head) or labels.head.startswith(NPZ):
                raise DataError("is no file of labels (IDX or .npy)", labels.name)
            arrays.append(replace(_single(labels), name="label"))
        lengths = {array.rows for array in arrays}
        if len(lengths) > 1:
            shown = ", ".join(f"{array.name or array.file} {array.rows:,}" for array in arrays)
            raise DataError(f"its arrays have different numbers of rows: {shown}", source.name)
        if not named:
            first = arrays[0]
            name = "label" if first.width == 1 and "label" in first.file.lower() else ""
            arrays[0] = replace(first, name=name)
        yield from _rows(source.name, arrays, lengths.pop(), named, wanted)


def _rows(file: str, arrays: list[ArrayStream], length: int, named: bool, wanted) -> Iterator[Rows]:
    import numpy as np
    import pyarrow as pa

    names = tuple(name for array in arrays for name in array.names)
    if not named and arrays[0].name == "":
        names = (*map(str, range(1, arrays[0].width + 1)), *names[arrays[0].width :])
    form = TableFormat(",", ".", named, names)
    kept = wanted(form).kept
    step = max(1, BLOCK // max(1, sum(array.width * max(4, array.dtype.itemsize) for array in arrays)))
    for start in range(0, length, step):
        count = min(step, length - start)
        numbers, texts, at = np.empty((count, len(names)), np.float32), {}, 0
        for array in arrays:
            values = array.take(start, count)
            if values.dtype.kind in "USM":
                texts[at] = Text.of(pa.array(_texts(values[:, 0], file).tolist(), pa.string()))
                numbers[:, at] = np.nan
            else:
                with np.errstate(over="ignore"):
                    numbers[:, at : at + array.width] = values
            at += array.width

        def find(row, start=start, numbers=numbers, texts=texts):
            cells = [_cell(numbers, texts, position, row) for position in range(len(names))]
            return RowLocation(file, "row", start + row + 1, cells)

        columns = {
            position: pa.array([_cell(numbers, texts, position, row) for row in range(count)], pa.string())
            for position in kept
        }
        yield Rows(file, form, numbers, texts, find, columns)
    for array in arrays:
        array.end()
    if not length:
        nothing = {position: pa.array([], pa.string()) for position in kept}
        none = np.empty((0, len(names)), np.float32)
        yield Rows(file, form, none, {}, lambda row: RowLocation(file, "row", row + 1, []), nothing)


def _cell(numbers: np.ndarray, texts: dict[int, Text], position: int, row: int) -> str:
    if position in texts:
        code = texts[position].codes[row]
        return texts[position].values[code] if code >= 0 else ""
    value = numbers[row, position]
    return spelled(value) if math.isfinite(value) else str(value)


def _texts(values: np.ndarray, file: str):
    import numpy as np

    try:
        return np.datetime_as_string(values) if values.dtype.kind == "M" else values.astype(str)
    except UnicodeDecodeError:
        raise DataError("its text is not ASCII: save it as Unicode", file) from None


# Headers


def _single(stream: Stream) -> ArrayStream:
    return _npy(stream.exactly, stream.name, "") if stream.head.startswith(NPY) else _idx(stream)


def _idx(stream: Stream) -> ArrayStream:
    import numpy as np

    _, _, kind, axes = stream.exactly(4)
    sizes = stream.exactly(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError("is cut short in its header", stream.name)
    return _array(stream.name, "", np.frombuffer(sizes, ">u4").tolist(), np.dtype(IDX_TYPES[kind]), stream.exactly)


def _npy(read: Callable[[int], bytes], file: str, name: str) -> ArrayStream:
    from numpy.lib import format as npy

    class Reader:
        def read(self, size):
            return read(size)

    where = f"its array {name!r} " if name else ""
    try:
        version = npy.read_magic(Reader())
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = header(Reader())
    except (ValueError, KeyError, EOFError, RecursionError, MemoryError, TypeError, SyntaxError):
        raise DataError(f"{where}has no header of .npy that can be read".strip(), file) from None
    if dtype.hasobject:
        raise DataError(f"{where}holds Python objects, which are not read: save plain numbers or text", file)
    if dtype.kind not in "biufUSM":
        raise DataError(f"{where}holds {dtype}, and numbers or text are wanted", file)
    if fortran and len(shape) > 1:
        raise DataError(f"{where}is in Fortran order: save it with numpy.ascontiguousarray", file)
    return _array(file, name, list(shape), dtype, read)


def _array(file: str, name: str, shape: list[int], dtype, read) -> ArrayStream:
    where = f"its array {name!r} " if name else ""
    if not shape:
        raise DataError(f"{where}is a single value, and rows are wanted", file)
    width = math.prod(shape[1:])
    if width < 1 or min(shape) < 0 or len(shape) > DIMENSIONS:
        raise DataError(f"{where}has the shape {' x '.join(map(str, shape))}, which has no values", file)
    if width * max(4, dtype.itemsize) > WIDEST:
        raise DataError(f"{where}has rows of {width:,} values, and at most {WIDEST >> 20} MB a row are read", file)
    if dtype.kind in "USM" and width > 1:
        raise DataError(f"{where}has rows of {width:,} texts, and one is taken", file)
    return ArrayStream(file, name, shape[0], width, dtype, read)


def _npz(stream: Stream, source: Source, stack: ExitStack) -> list[ArrayStream]:
    if stream.compressed:
        raise DataError("is a compressed .npz: decompress it first", source.name)
    try:
        archive = stack.enter_context(zipfile.ZipFile(stream.file()))
        members = {name[:-4]: name for name in archive.namelist() if name.endswith(".npy")}
        chosen = _of_part(members, source.part)
        opened = {name: stack.enter_context(archive.open(member)) for name, member in chosen.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        raise DataError("is cut short or damaged: it is no .npz file", source.name) from None
    if not opened:
        raise DataError("has no arrays (.npy)", source.name)
    return [_npy(_all_of(member.read, source.name, name), source.name, name) for name, member in opened.items()]


def _all_of(read, file: str, name: str):
    def exactly(size):
        try:
            return read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise DataError(f"is damaged: its array {name!r} cannot be decompressed", file) from None

    return exactly


def _of_part(members: dict[str, str], part: str) -> dict[str, str]:
    """The arrays of one set, without the set's name, in a file that has several: x_train, y_train, x_test, y_test."""
    ends = [f"_{end}" for end in ("train", "test") if any(name.endswith(f"_{end}") for name in members)]
    if not ends:
        return members
    end = f"_{part}" if f"_{part}" in ends else ends[0]
    return {name.removesuffix(end): member for name, member in members.items() if name.endswith(end)}
