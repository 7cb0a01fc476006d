"""The HDF5 container of a `.wlnet` file: its version, its expression, and where its arrays are. Knows no layer.

Only what Mathematica writes is accepted: strings, and arrays that are stored in one piece in the file itself. Links,
virtual and external data, chunks and filters are refused, so that a small file cannot ask for much memory, or for other
files.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import FormatError, first_line
from .. import hdf5_heap
from . import input_form, wxf
from .expressions import MAGIC, ExpressionError, decompress

if TYPE_CHECKING:
    import numpy as np

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of an HDF5 file."""
VERSION, NETWORK, ARRAYS = "Version", "Network", "Arrays"
LONGEST = 256 << 20
"""The most characters of a string."""
MOST_ARRAYS = 200_000
ITEM_SIZES = {"float32": 4, "float64": 8, "float16": 2, "int8": 1, "uint8": 1, "int32": 4, "int64": 8}
"""The types of arrays that can be read, and the bytes of an element."""
NOT_A_NET = 'a .wlnet file is what Mathematica\'s Export["net.wlnet", net] writes'


@dataclass(frozen=True)
class StoredArray:
    """An array of the file: its `number`, which the expression refers to, its `dtype` and `shape`, and the `offset` of
    its first byte in the file."""

    number: int
    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int
    """Its bytes."""


@dataclass(frozen=True)
class Container:
    """What a `.wlnet` file holds: its `version` as numbers, the `network` as an expression, and its `arrays` by number.
    `file` is its path, or its bytes if it was read from a stream; `stored` is the network as it is in the file."""

    source: str
    version: tuple[int, ...]
    network: Any
    arrays: Mapping[int, StoredArray]
    file: Path | bytes
    stored: bytes = field(repr=False)

    def values(self, array: StoredArray) -> np.ndarray:
        """The values of an array, mapped from the file where that is possible."""
        import numpy as np

        if isinstance(self.file, bytes):
            found = np.frombuffer(self.file, array.dtype, array.size // np.dtype(array.dtype).itemsize, array.offset)
            return found.reshape(array.shape)
        if not array.size:
            return np.zeros(array.shape, array.dtype)
        return np.memmap(self.file, array.dtype, "r", array.offset, array.shape)

    def without_arrays(self) -> bytes:
        """The bytes of the file that no array has: `with_arrays` is the inverse."""
        pieces, start = [], 0
        with io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file.open("rb") as stream:
            for array in sorted(self.arrays.values(), key=lambda array: array.offset):
                stream.seek(start)
                pieces.append(stream.read(max(array.offset - start, 0)))
                start = max(array.offset + array.size, start)
            stream.seek(start)
            return b"".join([*pieces, stream.read()])


def is_wlnet(source: Path | str | bytes) -> bool:
    """Whether a file, by its path or its bytes, is HDF5."""
    if isinstance(source, bytes):
        return source.startswith(SIGNATURE)
    try:
        with open(source, "rb") as stream:
            return stream.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False  # reading it raises the better error


def read(source: Path | str | bytes, name: str) -> Container:
    """The content of a `.wlnet` file, given by its path or its bytes; `name` is its name in messages. Raises
    FormatError."""
    import h5py

    file: Path | bytes = source if isinstance(source, bytes) else Path(source)
    size = len(file) if isinstance(file, bytes) else file.stat().st_size
    try:
        with h5py.File(io.BytesIO(file) if isinstance(file, bytes) else file, "r") as opened:
            version = _version(_member(opened, VERSION, name, h5py.Dataset), name, file, size)
            network = _network(_member(opened, NETWORK, name, h5py.Dataset), name, file, size)
            arrays = _arrays(opened, name, size)
    except FormatError:
        raise
    except Exception as error:  # h5py raises any exception for a damaged file
        raise FormatError(f"{name}: a damaged HDF5 file: {first_line(error)}") from None
    with expression_of(name):
        return Container(name, version, _expression(network), arrays, file, network)


def _expression(network: bytes) -> Any:
    """The expression of a network: compressed, in WXF, or as text."""
    if network.startswith(wxf.HEADERS):
        return wxf.parse(network)
    try:
        text = network.decode().rstrip("\0")
    except UnicodeDecodeError as error:
        raise ExpressionError(f"it begins with {network[:8]!r}, and is neither UTF-8 nor WXF: {error.reason}") from None
    return decompress(text) if text.startswith(MAGIC) else input_form.parse(text)


@contextmanager
def expression_of(name: str) -> Iterator[None]:
    """Adds the name of the file and of its member to the errors of its expression."""
    try:
        yield
    except ExpressionError as error:
        raise FormatError(f"{name}: its member {NETWORK} is not an expression that can be read: {error}") from None


def _member(group: Any, key: str, name: str, kind: type) -> Any:
    """A member that is in the file itself."""
    import h5py

    def where() -> str:
        return f"{group.name.strip('/')}/{key}".strip("/")

    links = group.id.links
    if not links.exists(key.encode()):
        raise FormatError(f"{name}: an HDF5 file without the member {where()}; {NOT_A_NET}")
    if links.get_info(key.encode()).type != h5py.h5l.TYPE_HARD:
        raise FormatError(f"{name}: its member {where()} is a link to another place, which is not followed")
    found = group[key]
    if not isinstance(found, kind):
        raise FormatError(f"{name}: its member {where()} is not a {kind.__name__.lower()}; {NOT_A_NET}")
    return found


def _check_storage(dataset: Any, where: str, name: str, size: int) -> int | None:
    """The offset of a dataset in the file; None if it has no values."""
    import h5py

    plist = dataset.id.get_create_plist()
    if plist.get_layout() != h5py.h5d.CONTIGUOUS or plist.get_external_count():
        raise FormatError(f"{name}: its member {where} is not stored in one piece, as Mathematica stores it")
    if dataset.id.get_storage_size() > size:
        raise FormatError(f"{name}: its member {where} is larger than the file")
    return dataset.id.get_offset()


def _network(dataset: Any, name: str, file: Path | bytes, size: int) -> bytes:
    """The bytes of a string, or an array of bytes, as WXF is stored."""
    if dataset.dtype.kind in "iu" and dataset.dtype.itemsize == 1 and len(dataset.shape or ()) == 1:
        offset = _check_storage(dataset, NETWORK, name, size)
        return b"" if offset is None else _bytes_at(file, offset, dataset.size)
    return _string(dataset, NETWORK, name, file, size)


def _string(dataset: Any, key: str, name: str, file: Path | bytes, size: int) -> bytes:
    import h5py

    offset = _check_storage(dataset, key, name, size)
    string = h5py.check_string_dtype(dataset.dtype)
    if string is None or dataset.shape != () or offset is None:
        raise FormatError(f"{name}: its member {key} is not a string; {NOT_A_NET}")
    if string.length is None:
        data = _heap_text(file, offset, key, name)
    elif string.length > size:
        raise FormatError(f"{name}: its member {key} is larger than the file")
    else:
        data = _bytes_at(file, offset, string.length)
    if len(data) > LONGEST:
        raise FormatError(f"{name}: its member {key} has {len(data)} characters, more than {LONGEST} can be read")
    return data


def _heap_text(file: Path | bytes, offset: int, key: str, name: str) -> bytes:
    """A string of open length: its length, the address of its collection in the global heap and its number there are at
    `offset`."""
    length, heap, wanted = struct.unpack("<IQI", _bytes_at(file, offset, 16))
    with suppress(ValueError), io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as stream:
        for number, position, size in hdf5_heap.objects(stream, heap):
            if number == wanted and length <= size:
                return _bytes_at(file, position, length)
    raise FormatError(f"{name}: a damaged HDF5 file: the text of its member {key} is not where it says")


def _bytes_at(file: Path | bytes, offset: int, count: int) -> bytes:
    """Bytes of a file. Raises FormatError if it has fewer."""
    if isinstance(file, bytes):
        found = file[offset : offset + count]
    else:
        with file.open("rb") as stream:
            stream.seek(min(offset, 1 << 62))
            found = stream.read(count)
    if len(found) != count:
        raise FormatError("a damaged HDF5 file: it is too short")
    return found


def _version(dataset: Any, name: str, file: Path | bytes, size: int) -> tuple[int, ...]:
    if dataset.shape == () and dataset.dtype.kind == "f":  # 11.0
        text = str(float(dataset[()]))
    else:
        text = _string(dataset, VERSION, name, file, size).decode().rstrip("\0")
    parts = text.split(".")
    if not 2 <= len(parts) <= 6 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        raise FormatError(f"{name}: its version {text[:40]!r} is not one of Mathematica, such as '14.3.0'")
    return tuple(map(int, parts))


def _arrays(opened: Any, name: str, size: int) -> dict[int, StoredArray]:
    import h5py

    if opened.get(ARRAYS, getlink=True) is None:
        return {}
    group = _member(opened, ARRAYS, name, h5py.Group)
    if len(group) > MOST_ARRAYS:
        raise FormatError(f"{name}: {len(group)} arrays, more than {MOST_ARRAYS} can be read")
    found = {}
    for key in group:
        if not key.isdecimal() or len(key) > 9:
            raise FormatError(f"{name}: its group {ARRAYS} has a member {key[:40]!r}, where numbers are expected")
        dataset, where = _member(group, key, name, h5py.Dataset), f"{ARRAYS}/{key}"
        offset, dtype, shape = _check_storage(dataset, where, name, size), str(dataset.dtype), dataset.shape
        if dtype not in ITEM_SIZES or shape is None:
            raise FormatError(f"{name}: its array {where} has type {dtype}; {', '.join(ITEM_SIZES)} can be read")
        count = math.prod(shape) * ITEM_SIZES[dtype]
        if count and (offset is None or offset + count > size):
            raise FormatError(f"{name}: its array {where} has no values in the file")
        # MXNet has no arrays without axes
        found[int(key)] = StoredArray(int(key), dtype, tuple(shape) or (1,), offset or 0, count)
    _check_apart(found, name)
    return dict(sorted(found.items()))


def _check_apart(arrays: Mapping[int, StoredArray], name: str) -> None:
    """Raises FormatError if arrays have bytes in common."""
    end = 0
    for array in sorted(arrays.values(), key=lambda array: (array.offset, array.size)):
        if array.size and array.offset < end:
            raise FormatError(f"{name}: its array {ARRAYS}/{array.number} overlaps another")
        end = max(end, array.offset + array.size)


def with_arrays(rest: bytes, arrays: Iterable[StoredArray], values: Mapping[int, np.ndarray]) -> bytes:
    """The bytes of a file with these values of its arrays: `rest` is what `Container.without_arrays` returned."""
    import numpy as np

    pieces, start, used = [], 0, 0
    for array in sorted(arrays, key=lambda array: array.offset):
        pieces.append(rest[used : used + array.offset - start])
        used += array.offset - start
        pieces.append(np.ascontiguousarray(values[array.number], array.dtype).tobytes())
        start = array.offset + array.size
    return b"".join([*pieces, rest[used:]])
