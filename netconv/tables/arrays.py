"""Arrays as tables: NumPy's `.npy` and `.npz`, and the IDX files of MNIST.

The header of a file is not trusted: rows are read in blocks, and missing bytes are an error. Nothing is unpickled.
Sources: numpy.lib.format; http://yann.lecun.com/exdb/mnist (IDX: two zero bytes, a type, the number of axes, their
lengths as big-endian 32-bit integers, the values in row-major order).
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import DataError
from . import zip_archives
from .number_format import pluralize
from .rows import (
    LONGEST_CELL,
    ColumnRoles,
    RowLocation,
    Rows,
    TableFormat,
    Text,
    array_names,
    format_number,
    numbered_names,
    row_shapes,
)
from .sources import BLOCK, Source, Stream

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NPY, NPZ = b"\x93NUMPY", b"PK\x03\x04"
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
WIDEST = 16 << 20
"""Bytes of the widest row that is accepted."""
DIMENSIONS = 32
LONGEST_HEADER = 64 << 10
"""Bytes of the longest header of a `.npy` file that is read; those of numbers and text have a few hundred."""
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy stores the arrays of a `.npz` file."""


def is_idx(head: bytes) -> bool:
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in IDX_TYPES and 0 < head[3] <= DIMENSIONS


def is_array(head: bytes) -> bool:
    return head.startswith((NPY, NPZ)) or is_idx(head)


@dataclass(frozen=True)
class ArrayStream:
    """An array in a file: `rows` rows of the `shape`, whose bytes `read` returns in order."""

    file: str
    name: str
    rows: int
    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[int], bytes]

    @property
    def width(self) -> int:
        """The values of a row."""
        return math.prod(self.shape)

    @property
    def names(self) -> tuple[str, ...]:
        return array_names(self.name, self.width)

    @property
    def bytes_per_row(self) -> int:
        """In the file or as float32, whichever is more."""
        return self.width * max(4, self.dtype.itemsize)

    def take(self, start: int, count: int) -> np.ndarray:
        """The next rows, `start` to `start + count`: (count, width). Raises DataError."""
        import numpy as np

        size = count * self.width * self.dtype.itemsize
        data = self.read(size)
        if len(data) < size:
            complete = start + len(data) // max(1, self.width * self.dtype.itemsize)
            raise DataError(f"is cut short: {complete:,} of {pluralize(self.rows, 'row')}", self.file)
        return np.frombuffer(data, self.dtype).reshape(count, self.width)

    def check_end(self) -> None:
        """Raises DataError if there are more bytes."""
        if self.read(1):
            raise DataError(f"has more than the {pluralize(self.rows, 'row')} in its header", self.file)


def stream(stream: Stream, source: Source, roles_of: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of a file of arrays in blocks. Each array is a column, named as the array, or `NAME.1`, `NAME.2` ... for
    the values of its rows; the columns of a file of one array are numbered. Raises DataError."""
    with ExitStack() as stack:
        named = stream.head.startswith(NPZ)
        arrays = _npz(stream, source, stack) if named else [_single(stream)]
        if source.labels:
            labels = stack.enter_context(Stream(source.labels))
            if not is_array(labels.head) or labels.head.startswith(NPZ):
                raise DataError("is not a file of labels (IDX or .npy)", labels.name)
            arrays.append(replace(_single(labels), name="label"))
        lengths = {array.rows for array in arrays}
        if len(lengths) > 1:
            shown = ", ".join(f"{array.name or array.file} {array.rows:,}" for array in arrays)
            raise DataError(f"its arrays have different numbers of rows: {shown}", source.name)
        if not named and arrays[0].width == 1 and "label" in arrays[0].file.lower():
            arrays[0] = replace(arrays[0], name="label")
        yield from _rows(source.name, arrays, lengths.pop(), named, roles_of)


def _rows(
    file: str,
    arrays: list[ArrayStream],
    length: int,
    named: bool,
    roles_of: Callable[[TableFormat], ColumnRoles],
) -> Iterator[Rows]:
    import numpy as np
    import pyarrow as pa

    names = tuple(name for array in arrays for name in array.names)
    if not named and arrays[0].name == "":
        names = (*numbered_names(arrays[0].width), *names[arrays[0].width :])
    format_ = TableFormat(",", ".", named, names, row_shapes=row_shapes(array.shape for array in arrays))
    roles = roles_of(format_)
    step = max(1, BLOCK // max(1, sum(array.bytes_per_row for array in arrays)))
    for start in range(0, length, step):
        count = min(step, length - start)
        parts = [array.take(start, count) for array in arrays]

        def locate(row: int, start: int = start, parts=parts) -> RowLocation:
            cells = [cell(values, row) for part in parts for values in part.T]
            return RowLocation(file, "row", start + row + 1, cells)

        def cells(columns: Iterable[int], parts=parts) -> dict[int, pa.Array]:
            return {index: strings(_column(parts, index), file) for index in columns}

        numbers, texts = _block(arrays, parts, len(names), roles.text)
        yield Rows(file, format_, numbers, texts, locate, cells(roles.kept), cells=cells)
    for array in arrays:
        array.check_end()
    if not length:
        kept = {index: pa.array([], pa.string()) for index in roles.kept}
        empty = np.empty((0, len(names)), np.float32)
        yield Rows(file, format_, empty, {}, lambda row: RowLocation(file, "row", row + 1, []), kept)


def _block(
    arrays: list[ArrayStream], parts: list[np.ndarray], width: int, text: frozenset[int]
) -> tuple[np.ndarray, dict[int, Text]]:
    """The next rows of all arrays, `parts`, side by side: (rows, width) of float32, and the columns of text by index,
    those in `text` too."""
    import numpy as np

    numbers = np.full((len(parts[0]), width), np.nan, np.float32)
    texts: dict[int, Text] = {}
    column = 0
    for array, values in zip(arrays, parts, strict=True):
        if _is_text(values):
            texts[column] = Text.from_arrow(strings(values[:, 0], array.file))
        else:
            with np.errstate(over="ignore"):
                numbers[:, column : column + array.width] = values
            for index in text.intersection(range(column, column + array.width)):
                texts[index] = Text.from_arrow(strings(values[:, index - column], array.file))
                numbers[:, index] = np.nan
        column += array.width
    return numbers, texts


def _column(parts: list[np.ndarray], index: int) -> np.ndarray:
    for part in parts:
        if index < part.shape[1]:
            return part[:, index]
        index -= part.shape[1]
    raise IndexError(index)


def strings(values: np.ndarray, file: str) -> pa.Array:
    """The cells of a column, numbers exactly as they are stored."""
    import pyarrow as pa

    cells = _texts(values, file).tolist() if _is_text(values) else [cell(values, row) for row in range(len(values))]
    return pa.array(cells, pa.string())


def _is_text(values: np.ndarray) -> bool:
    return values.dtype.kind in "USM"


def cell(values: np.ndarray, row: int) -> str:
    value = values[row]
    if _is_text(values):
        return str(_texts(values[row : row + 1], "")[0])
    return format_number(value) if math.isfinite(value) else str(value)


def _texts(values: np.ndarray, file: str) -> np.ndarray:
    import numpy as np

    if values.dtype.kind == "U":
        points = np.ascontiguousarray(values).view(np.dtype("u4").newbyteorder(values.dtype.byteorder))
        if ((points >> 11 == 0x1B) | (points > 0x10FFFF)).any():
            raise DataError("its text is not Unicode: it has surrogates, or numbers that stand for no character", file)
    try:
        return np.datetime_as_string(values) if values.dtype.kind == "M" else values.astype(str)
    except UnicodeDecodeError:
        raise DataError("its text is not ASCII: save it as Unicode", file) from None


# Headers


def _single(stream: Stream) -> ArrayStream:
    return _npy(stream.read_exactly, stream.name, "") if stream.head.startswith(NPY) else _idx(stream)


def _idx(stream: Stream) -> ArrayStream:
    import numpy as np

    _, _, type_, axes = stream.read_exactly(4)
    sizes = stream.read_exactly(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError("is cut short in its header", stream.name)
    shape = np.frombuffer(sizes, ">u4").tolist()
    return _array(stream.name, "", shape, np.dtype(IDX_TYPES[type_]), stream.read_exactly)


@dataclass(frozen=True)
class _Reader:
    """A file for NumPy's readers of headers."""

    read_exactly: Callable[[int], bytes]

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= LONGEST_HEADER:
            raise ValueError
        return self.read_exactly(size)


def _npy(read: Callable[[int], bytes], file: str, name: str) -> ArrayStream:
    from tokenize import TokenError

    import numpy as np
    from numpy.lib import format as npy

    where = f"its array {name!r} " if name else ""
    try:
        version = npy.read_magic(_Reader(read))
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = header(_Reader(read))
    except (ValueError, KeyError, EOFError, RecursionError, MemoryError, TypeError, SyntaxError, TokenError):
        raise DataError(f"{where}has no readable .npy header", file) from None
    if dtype.hasobject:
        raise DataError(f"{where}holds Python objects, which are not read: save plain numbers or text", file)
    if dtype.kind not in "biufUSM":
        raise DataError(f"{where}holds {dtype}, and numbers or text are expected", file)
    if dtype.kind in "US" and not dtype.itemsize:
        raise DataError(f"{where}holds {dtype.str}, texts without a character, and numbers or text are expected", file)
    if dtype.kind == "M" and np.datetime_data(dtype)[0] == "generic":
        raise DataError(f"{where}holds dates without a unit: save them as datetime64[D], or as text", file)
    if fortran and len(shape) > 1:
        raise DataError(f"{where}is in Fortran order: save it with numpy.ascontiguousarray", file)
    return _array(file, name, list(shape), dtype, read)


def _array(file: str, name: str, shape: list[int], dtype: np.dtype, read: Callable[[int], bytes]) -> ArrayStream:
    where = f"its array {name!r} " if name else ""
    if not shape:
        raise DataError(f"{where}is a single value, and rows are expected", file)
    width = math.prod(shape[1:])
    if width < 1 or min(shape) < 0 or len(shape) > DIMENSIONS:
        raise DataError(f"{where}has the shape {' x '.join(map(str, shape))}, which has no values", file)
    array = ArrayStream(file, name, shape[0], tuple(shape[1:]), dtype, read)
    if array.bytes_per_row > WIDEST:
        raise DataError(f"{where}has rows of {width:,} values, and at most {WIDEST >> 20} MB a row are read", file)
    if dtype.kind in "USM" and width > 1:
        raise DataError(f"{where}has rows of {width:,} texts, and only one is possible", file)
    if dtype.kind in "US" and (length := dtype.itemsize // dtype.alignment) > LONGEST_CELL:
        raise DataError(f"{where}has texts of {length:,} characters, and at most {LONGEST_CELL:,} are read", file)
    return array


def _npz(stream: Stream, source: Source, stack: ExitStack) -> list[ArrayStream]:
    if stream.compressed:
        raise DataError("is a compressed .npz: decompress it first", source.name)
    try:
        archive = stack.enter_context(zip_archives.opened(stream.seekable_file(), source.name))
        members = {name[:-4]: name for name in archive.namelist() if name.endswith(".npy")}
        chosen = _members_of(members, source.part)
        for name, member in chosen.items():
            if archive.getinfo(member).compress_type not in ZIP_METHODS:
                raise DataError(f"its array {name!r} is not compressed as NumPy does: unpack the archive", source.name)
        opened = {name: stack.enter_context(archive.open(member)) for name, member in chosen.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):  # OSError: a negative position
        raise DataError("is cut short or damaged: not a .npz file", source.name) from None
    if not opened:
        raise DataError("is a ZIP archive without arrays (.npy): unpack it first", source.name)
    return [_npy(_checked(member.read, source.name, name), source.name, name) for name, member in opened.items()]


def _checked(read: Callable[[int], bytes], file: str, name: str) -> Callable[[int], bytes]:
    """`read` with a DataError for an array that cannot be decompressed."""

    def read_exactly(size: int) -> bytes:
        try:
            return read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise DataError(f"is damaged: its array {name!r} cannot be decompressed", file) from None

    return read_exactly


def _members_of(members: dict[str, str], part: str) -> dict[str, str]:
    """The arrays of one part, named without the part, in a file that has several: x_train, y_train, x_test, y_test."""
    ends = [f"_{end}" for end in ("train", "test") if any(name.endswith(f"_{end}") for name in members)]
    if not ends:
        return members
    end = f"_{part}" if f"_{part}" in ends else ends[0]
    return {name.removesuffix(end): member for name, member in members.items() if name.endswith(end)}
