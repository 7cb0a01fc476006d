"""The arrays of HDF5 files, as HDF5 writes them and with each structure damaged."""

import io
import struct

import h5py
import numpy as np
import pytest

from netconv.keras_files import hdf5_arrays
from netconv.keras_files.hdf5_arrays import arrays

TYPES = ["<f2", "<f4", ">f8", "i1", "<i8", "u1", "?", "V2"]


def written(fill):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def as_h5py(data):
    """(path, dtype, shape, name of the group) of each array."""
    found = []

    def visit(path, item):
        if isinstance(item, h5py.Dataset):
            names = {name: item.parent.attrs[name] for name in item.parent.attrs}
            found.append((path, item.dtype, item.shape, names))

    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(visit)
    return sorted(found, key=lambda each: each[0])


def read(data):
    return sorted((each.path, each.dtype, each.shape, each.of_group) for each in arrays(io.BytesIO(data)))


def many(file):
    """Trees of several levels, names that were removed, texts in several collections, all types."""
    for number in range(3000):
        file[f"many/{number * 7919 % 3000:04d}"] = np.zeros((number % 3, 2), "f4")
        file.create_group(f"groups/{number:04d}").attrs["name"] = f"é{number}"
        file[f"groups/{number:04d}/0"] = np.float32(number)
    for name in ("0001", "2000"):
        del file["many"][name]
    for number, kind in enumerate(TYPES):
        file[f"types/{number}"] = np.zeros((2,) * number, kind)
    for number in range(12):
        file["types"].attrs[f"{number}"] = "x" * number


def test_what_h5py_reads():
    data = written(many)
    assert read(data) == as_h5py(data)


def test_arrays_without_values():
    [found] = arrays(io.BytesIO(written(lambda file: file.create_dataset("x", (10**9, 10**9), "f8"))))
    assert (found.shape, found.stored) == ((10**9, 10**9), 0)


def small(file):
    file["a/x"] = np.arange(6, dtype="f4").reshape(2, 3)
    file["a/y"] = np.arange(4, dtype="i8")
    file["a"].attrs["name"] = "dense"
    file["a/y"].attrs["dtype"] = "bfloat16"


@pytest.fixture(scope="module")
def data():
    return written(small)


def header(data, path):
    with h5py.File(io.BytesIO(data)) as file:
        return h5py.h5o.get_info(file[path].id).addr


def message(data, path, kind):
    """The position of the content of the first message of a type in the header of an object."""
    place, (size,) = header(data, path) + 16, struct.unpack_from("<I", data, header(data, path) + 8)
    blocks = [(place, size)]
    for start, length in blocks:
        place = start
        while place < start + length:
            found, count = struct.unpack_from("<HH", data, place)
            if found == kind:
                return place + 8
            if found == hdf5_arrays.CONTINUATION:
                blocks.append(struct.unpack_from("<QQ", data, place + 8))
            place += 8 + count
    raise LookupError(kind)


def q(number):
    return struct.pack("<Q", number)


SHARED = "parts of the file that share bytes"
OLDEST = "not a file of the oldest format"
MESSAGE = "a message that is not in its header, or stored elsewhere"
DAMAGED = {
    "signature": (0, b"x", OLDEST),
    "version": (8, b"\2", OLDEST),
    "end of the file": (40, q(1 << 40), OLDEST),
    "entry of the root": (80, q(8), "a group that is not as its entry"),
    "version of a header": (("a", 0), b"\2", "a header of an object that is not of the oldest format"),
    "size of a header": (("a/x", 8), b"\xff" * 4, SHARED),
    "count of messages": (("a/x", 2), b"\0", MESSAGE),
    "size of a message": (("a/x", 1, -6), b"\xff\xff", MESSAGE),
    "a shared message": (("a/x", 3, -4), b"\2", MESSAGE),
    "another message": (("a/x", 5, -8), b"\x0b", "a/x is not stored in one piece"),
    "files": (("a/x", 5, -8), b"\7", "a/x is in another file"),
    "two spaces": (("a/x", 5, -8), b"\1", "too many values to unpack (expected 1)"),
    "version of a space": (("a/x", 1, 0), b"\2", "a/x is not an array of numbers"),
    "axes": (("a/x", 1, 1), b"\xff", "a/x is not an array of numbers"),
    "another maximum": (("a/x", 1, 24), q(7), "a/x is not an array of numbers"),
    "type": (("a/x", 3, 9), b"\xff", "a/x is not an array of numbers"),
    "a value": (("a/x", 5, 4), b"\5", "a value that is not one of its array"),
    "layout": (("a/x", 8, 1), b"\2", "a/x is not stored in one piece"),
    "length of an axis": (("a/x", 1, 8), q(1 << 60), "a/x is not an array of numbers"),
    "size of an array": (("a/x", 8, 10), q(1 << 50), SHARED),
    "place of an array": (("a/x", 8, 2), q(1 << 50), "an array that is not in the file"),
    "smaller array": (("a/x", 8, 10), q(20), "an array that is not in the file"),
    "version of an attribute": (("a", 12, 0), b"\3", "an attribute that is not of the oldest format"),
    "type of an attribute": (("a", 12, 17), b"\xff", "a has an attribute that is not a text"),
    "characters": (("a", 12, 28), b"\xff", "a has an attribute that is not a text"),
    "length of a text": (("a", 12, 48), b"\0\0\1", "a text that is longer than its place"),
    "collection": (("a", 12, 52), q(8), "not a collection of a global heap"),
    "tree": ((b"TREE", 0), b"x", "not a node of the tree of a group"),
    "level": ((b"TREE", 5), b"\1", "not a node of the tree of a group"),
    "children": ((b"TREE", 6), b"\xff", "not a node of the tree of a group"),
    "neighbour": ((b"TREE", 16), q(96), "a tree with other nodes than its own"),
    "position of a name": ((b"TREE", 24), q(1 << 40), "subsection not found"),
    "entries": ((b"SNOD", 0), b"x", "not a node of a group"),
    "count of entries": ((b"SNOD", 6), b"\xff", "not a node of a group"),
    "a link": ((b"SNOD", 24), b"\2", "a is a link, and not an array"),
    "heap": ((b"HEAP", 0), b"x", "not a heap of names"),
    "a free block": ((b"HEAP", 16), q(0), "a free block that is not in its heap"),
}  # fmt: skip


def position(data, place):
    """A position; or one after the beginning of a structure, of an object's header, or of a message in it."""
    match place:
        case bytes(signature), offset:
            return data.index(signature) + offset
        case str(path), offset:
            return header(data, path) + offset
        case path, kind, offset:
            return message(data, path, kind) + offset
    return place


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged(data, damage):
    place, wrong, text = DAMAGED[damage]
    at = position(data, place)
    with pytest.raises(ValueError) as error:
        list(arrays(io.BytesIO(data[:at] + wrong + data[at + len(wrong) :])))
    assert str(error.value) == text


def test_cut_off(data):
    for end in (0, 50, 90, 300, len(data) - 1):
        with pytest.raises(ValueError, match=r"^(the file is too short|parts of the file.*|not a file.*)$"):
            list(arrays(io.BytesIO(data[:end])))


def test_free_blocks_in_a_circle(data):
    at = data.index(b"HEAP")
    size, free, position = struct.unpack_from("<QQQ", data, at + 8)
    wrong = data[: position + free] + q(free) + data[position + free + 8 :]
    with pytest.raises(ValueError, match=r"^a free block that is not in its heap$"):
        list(arrays(io.BytesIO(wrong)))
    assert size > free


def test_arrays_that_share_bytes():
    """They would take more memory than the file has."""

    def fill(file):
        file["x"] = np.zeros(100_000, "f4")
        for name in "abc":
            file.create_dataset(name, (100_000,), "f4")

    data = written(fill)
    place = message(data, "x", 8) + 2
    for name in "abc":
        at = message(data, name, 8) + 2
        data = data[:at] + data[place : place + 16] + data[at + 16 :]
    with pytest.raises(ValueError, match=f"^{SHARED}$"):
        list(arrays(io.BytesIO(data)))


def test_bounds(monkeypatch):
    monkeypatch.setattr(hdf5_arrays, "MOST", 10)
    with pytest.raises(ValueError, match=r"^x/08 is beyond the 10 groups and arrays that are read$"):
        list(arrays(io.BytesIO(written(lambda file: [file.create_group(f"x/{n:02d}") for n in range(20)]))))
    monkeypatch.setattr(hdf5_arrays, "MOST", 100)
    with pytest.raises(ValueError, match=rf"^{'/'.join('a' * 33)} has too many groups inside one another$"):
        list(arrays(io.BytesIO(written(lambda file: file.create_group("a/" * 40)))))
