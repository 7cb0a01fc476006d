"""Reads and writes MXNet's NDArray list files (`.params`). Knows no graph.

The format is that of `NDArray::Save` and `NDArray::Load` in MXNet's src/ndarray/ndarray.cc, little-endian throughout:

    list     uint64 0x112, uint64 0, uint64 count, arrays, uint64 count or 0, names (uint64 length, UTF-8)
    array    V0   uint32 ndim, uint32 sizes                  | context, type, data
             V1   0xF993FAC8, shape                          | context, type, data
             V2   0xF993FAC9, int32 storage, shapes          | context, type, auxiliary types and shapes, data
             V3   0xF993FACA, as V2, but an array without sizes is a scalar and not an array without a value
    shape    int32 ndim, int64 sizes
    context  int32 device type, int32 device number

A row-sparse or csr array has the shape of its stored values before its own shape, and its indices after its data.
"""

from __future__ import annotations

import math
import mmap
import os
import stat
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ...atomic_files import replacing
from ...errors import FormatError
from ...graph.attributes import TYPES
from ...graph.graph import VERSION

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
VERSIONS = (0, V1, V2, V3)
"""The first number of an array in each version of the format; that of V0 is the number of its axes."""
DTYPES = TYPES | {8: "int16", 9: "uint16", 10: "uint32", 11: "uint64", 12: "bfloat16"}
FLAGS = {name: flag for flag, name in DTYPES.items()}
DENSE = 0
STORAGES = {DENSE: "dense", 1: "row_sparse", 2: "csr"}
INDICES = {"dense": 0, "row_sparse": 1, "csr": 2}
"""How many index arrays follow the data."""
MAPPED = 1 << 20
"""Arrays of at least this many bytes are memory-mapped, each by itself, so that its pages are freed with it."""
DIMENSIONS = 32
UNKNOWN = "{} was saved without a value: its shape is not known"
Lazy = Callable[[], np.ndarray]
"""Makes an array from the file. Only then memory is allocated, and FormatError raised for wrong indices."""

DENSE_FACTOR = 100
"""Sparse arrays may need 64 MiB and this many times the size of the file when they are made dense."""


class Entry(NamedTuple):
    """An array of a file, with its dtype, shape and version there; `read` makes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    version: int
    read: Lazy


@dataclass
class _Source:
    """A parameter file that is being read; `room` is how many more bytes sparse arrays may need."""

    path: Path | str
    stream: BinaryIO
    size: int
    room: int

    def fault(self, what: str) -> FormatError:
        return FormatError(f"{self.path}: {what}")

    def left(self) -> int:
        return self.size - self.stream.tell()

    def claim(self, count: int, what: str) -> None:
        """Raises FormatError if the file does not have `count` more bytes."""
        if count > self.left():
            raise self.fault(f"{what} needs {count} bytes and only {self.left()} are left: is the file cut short?")

    def take(self, layout: str, what: str) -> tuple[int, ...]:
        """The next values, as in struct.unpack."""
        layout = "<" + layout
        self.claim(struct.calcsize(layout), what)
        return struct.unpack(layout, self.stream.read(struct.calcsize(layout)))

    def raw(self, dtype: str, shape: tuple[int, ...], what: str) -> np.ndarray:
        """The next array as it is stored, read-only."""
        kind = stored_dtype(dtype)
        count = math.prod(shape) * kind.itemsize
        # numpy multiplies the other sizes of an empty array too, and fails if they overflow
        if math.prod(max(n, 1) for n in shape) * kind.itemsize >= 1 << 63:
            raise self.fault(f"{what} has shape {shape}, which is more than any memory holds")
        self.claim(count, f"{what}, {dtype} of shape {shape},")
        if count < MAPPED:
            return np.frombuffer(self.stream.read(count), kind).reshape(shape)
        start = self.stream.tell()
        self.stream.seek(count, os.SEEK_CUR)
        return np.memmap(self.path, kind, "r", start, shape)


def read(path: Path | str) -> list[tuple[str, np.ndarray]]:
    """The arrays of a file with their names, in order, read-only; names are "0", "1" ... where the file has none.

    Big arrays are memory-mapped. bfloat16 and float16 become float32, sparse arrays dense. Raises FormatError, before
    memory is allocated beyond the size of the file.
    """
    return [(entry.name, entry.read()) for entry in entries(path)]


def entries(path: Path | str) -> list[Entry]:
    """As `read`, with a function that makes the array instead of each array."""
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FormatError(f"{path}: a parameter file must be a plain file, because it is mapped and not copied")
            size = status.st_size
            return _list(_Source(path, stream, size, (64 << 20) + DENSE_FACTOR * size))
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from None


def _list(source: _Source) -> list[Entry]:
    magic = source.stream.read(8)
    if magic != struct.pack("<Q", LIST_MAGIC):
        raise source.fault("not an MXNet parameter file (.params)" if magic else "the file is empty")
    _, count = source.take("QQ", "the header")
    source.claim(8 * count, f"a list of {count} arrays")
    arrays = [_array(source, f"array {index}") for index in range(count)]
    (named,) = source.take("Q", "the number of names")
    if named not in (0, count):
        raise source.fault(f"{named} names for {count} arrays")
    names = [_name(source, index) for index in range(named)] or [str(index) for index in range(count)]
    if source.left():
        raise source.fault(f"{source.left()} bytes follow the last name, where the file should end")
    return [Entry(name, *array) for name, array in zip(names, arrays, strict=True)]


def _name(source: _Source, index: int) -> str:
    (length,) = source.take("Q", f"name {index}")
    source.claim(length, f"name {index}")
    try:
        return source.stream.read(length).decode()
    except UnicodeDecodeError:
        raise source.fault(f"name {index} is not UTF-8 text") from None


def _shape(source: _Source, what: str) -> tuple[int, ...]:
    (ndim,) = source.take("i", what)
    if not -1 <= ndim <= DIMENSIONS:
        raise source.fault(f"{what} has {ndim} dimensions; 0 to {DIMENSIONS} are possible")
    shape = source.take(f"{ndim}q", what) if ndim >= 0 else (-1,)
    if min(shape, default=0) < -1:
        raise source.fault(f"{what} has a negative size: {shape}")
    if -1 in shape:
        raise source.fault(UNKNOWN.format(what))
    return shape


def _array(source: _Source, what: str) -> tuple[str, tuple[int, ...], int, Lazy]:
    (magic,) = source.take("I", what)
    storage = "dense"
    stored: tuple[int, ...] = ()
    if magic in (V2, V3):
        (flag,) = source.take("i", what)
        if flag not in STORAGES:
            raise source.fault(f"{what} has storage type {flag}; 0 (dense), 1 (row_sparse) and 2 (csr) are known")
        storage = STORAGES[flag]
        if INDICES[storage]:
            stored = _shape(source, f"{what}, what it stores,")
        shape = _shape(source, what)
    elif magic == V1:
        shape = _shape(source, what)
    elif magic <= DIMENSIONS:
        shape = source.take(f"{magic}I", what)
    else:
        raise source.fault(f"{what} begins with 0x{magic:08X}, which is not a version of an MXNet array")
    if shape == () and magic != V3:
        raise source.fault(UNKNOWN.format(what))
    _, _, flag = source.take("iii", what)  # the first two are the device
    dtype, version = _dtype(source, flag, what), VERSIONS.index(magic) if magic in VERSIONS else 0
    if not INDICES[storage]:
        return dtype, shape, version, partial(in_numpy_dtype, source.raw(dtype, shape, what), dtype)
    return dtype, shape, version, _sparse(source, storage, stored, shape, dtype, what)


def _dtype(source: _Source, flag: int, what: str) -> str:
    if flag not in DTYPES:
        raise source.fault(f"{what} has element type {flag}; 0 (float32) to 12 (bfloat16) are known")
    return DTYPES[flag]


def stored_dtype(dtype: str) -> np.dtype:
    """The numpy dtype in which elements of one of DTYPES are stored."""
    return np.dtype({"bfloat16": "uint16", "bool": "uint8"}.get(dtype, dtype)).newbyteorder("<")


def in_numpy_dtype(value: np.ndarray, dtype: str) -> np.ndarray:
    """Stored elements as numpy computes with them: float16 and bfloat16 become float32."""
    match dtype:
        case "float16":
            return value.astype("float32")
        case "bfloat16":
            return (value.astype("uint32") << 16).view("float32")
        case "bool":
            return value != 0
    return value


def as_stored(value: np.ndarray, dtype: str) -> np.ndarray:
    """The inverse of `in_numpy_dtype`. Values between two of bfloat16 become the nearest, or the even one of two."""
    if dtype == "bfloat16":
        bits = np.ascontiguousarray(value, "<f4").view("<u4").astype("uint64")
        rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
        not_infinite = ((bits & 0x7F0000) == 0).astype("uint64") << 6
        return np.where(np.isnan(value), bits >> 16 | not_infinite, rounded).astype("<u2")
    return np.ascontiguousarray(value, stored_dtype(dtype))


def _sparse(source: _Source, storage: str, stored, shape, dtype: str, what: str) -> Lazy:
    """A row-sparse or csr array, which is made dense later."""
    named = f"{what}, {storage} of shape {shape},"
    kinds, sizes = [], []
    for _ in range(INDICES[storage]):
        (flag,) = source.take("i", named)
        kinds.append(_dtype(source, flag, f"{named} its indices,"))
        sizes.append(_shape(source, f"{named} its indices,"))
    if storage == "row_sparse":
        values_shape, fits = sizes[0] + shape[1:], len(shape) >= 1
    else:
        values_shape, fits = sizes[1], len(shape) == 2 and sizes[0] == (shape[0] + 1,)
    # MXNet often writes 0 for the count in `stored`, and uses the length of the indices
    if not fits or len(sizes[-1]) != 1 or stored not in (values_shape, (0, *values_shape[1:])):
        raise source.fault(f"{named} stores {stored}, and that does not fit its indices of shape {sizes[-1]}")
    if any(kind not in ("int32", "int64") for kind in kinds):
        raise source.fault(f"{named} has indices of {' and '.join(kinds)}; int32 and int64 are possible")
    values = source.raw(dtype, values_shape, named)
    indices = [source.raw(kind, size, f"{named} its indices,") for kind, size in zip(kinds, sizes, strict=True)]
    to_dense = _row_sparse if storage == "row_sparse" else _csr

    def dense() -> np.ndarray:
        """The dense array: elements that are not stored are zero."""
        filled = math.prod(max(n, 1) for n in shape) * 8
        if filled > source.room:
            raise source.fault(f"{named} is too big to be made dense from a file of {source.size} bytes")
        source.room -= filled
        return to_dense(source, named, shape, in_numpy_dtype(values, dtype), *indices)

    return dense


def _row_sparse(source: _Source, named: str, shape, values, rows) -> np.ndarray:
    _check_indices(source, named, rows, shape[0])
    dense = np.zeros(shape, values.dtype)
    dense[rows] = values
    return dense


def _csr(source: _Source, named: str, shape, values, pointers, columns) -> np.ndarray:
    _check_indices(source, named, columns, shape[1])
    ordered = (pointers[1:] >= pointers[:-1]).all()
    if pointers[0] != 0 or pointers[-1] != len(values) or not ordered:
        raise source.fault(f"{named} has row pointers that do not lead from 0 to its {len(values)} elements")
    dense = np.zeros(shape, values.dtype)
    dense[np.repeat(np.arange(shape[0]), np.diff(pointers)), columns] = values
    return dense


def _check_indices(source: _Source, named: str, indices: np.ndarray, bound: int) -> None:
    if indices.size and not 0 <= indices.min() <= indices.max() < bound:
        raise source.fault(f"{named} has an index outside it")


def release(array: np.ndarray) -> None:
    """Frees the memory of a mapped array; its pages are read from the file again when they are used."""
    base: object = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    mapped = getattr(base, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def write(
    path: Path | str,
    arrays: Iterable[tuple[str, np.ndarray]],
    dtypes: Sequence[str] | None = None,
    versions: Sequence[int] | None = None,
) -> None:
    """Writes named arrays as MXNet 1.x and Mathematica read them (dense, on the CPU), completely or not at all.

    `dtypes` are those in the file, None for those of the arrays; `versions` are those of the format, None for V2, which
    all read. A scalar becomes an array of one element, except in V3, as the others have no scalars. Raises FormatError
    for a dtype that MXNet lacks, OSError if the file cannot be written.
    """
    arrays = [(name, np.asarray(value)) for name, value in arrays]
    kinds = [value.dtype.name for _, value in arrays] if dtypes is None else dtypes
    versions = [VERSION] * len(arrays) if versions is None else versions
    for (name, _), kind in zip(arrays, kinds, strict=True):
        if kind not in FLAGS:
            raise FormatError(f"{path}: {name!r} is {kind}; MXNet has {', '.join(FLAGS)}")
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays)))
        for (_, value), kind, version in zip(arrays, kinds, versions, strict=True):
            stored = as_stored(value, kind)
            value = stored.reshape(value.shape) if version == 3 else np.atleast_1d(stored)
            if version:
                stream.write(struct.pack("<I", VERSIONS[version]))
            if version >= 2:
                stream.write(struct.pack("<i", DENSE))
            stream.write(struct.pack("<I", value.ndim))
            stream.write(struct.pack(f"<{value.ndim}{'q' if version else 'I'}", *value.shape))
            stream.write(struct.pack("<iii", 1, 0, FLAGS[kind]))
            stream.write(value.data)
        stream.write(struct.pack("<Q", len(arrays)))
        for name, _ in arrays:
            encoded = name.encode()
            stream.write(struct.pack("<Q", len(encoded)) + encoded)
