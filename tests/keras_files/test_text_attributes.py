"""Texts that are attributes of HDF5 files, as HDF5 writes them and damaged."""

import io
import struct

import h5py
import numpy as np
import pytest

from netconv.keras_files import text_attributes
from netconv.keras_files.text_attributes import TextAttributes

LONG = "é" * 3000


def written(libver, many=False):
    """A file with texts, and the addresses of its objects by their paths."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=libver) as file:
        group = file.create_group("group", track_order=many)
        group.attrs["name"], group.attrs["note"], group.attrs["dtype"] = "dense", "a note", LONG
        group["array"] = [1.0, 2.0]
        group["array"].attrs["dtype"] = ""
        group["array"].attrs["number"] = 7
        if many:  # in several blocks
            for number in range(5):
                group.attrs[f"x{number}"] = "x" * number
        addresses = {path: h5py.h5o.get_info(file[path].id).addr for path in ("/", "group", "group/array")}
    return stream.getvalue(), addresses


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
@pytest.mark.parametrize("many", [False, True])
def test_read(libver, many):
    data, addresses = written(libver, many)
    attributes = TextAttributes(io.BytesIO(data), ("name", "dtype"))
    assert attributes.of(addresses["/"]) == {}
    assert attributes.of(addresses["group"]) == {"name": "dense", "dtype": LONG}
    assert attributes.of(addresses["group/array"]) == {"dtype": ""}


def test_many_attributes_have_a_heap_of_their_own():
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver="latest") as file:
        for number in range(20):
            file.attrs[f"x{number}"] = "x"
        address = h5py.h5o.get_info(file.id).addr
    with pytest.raises(ValueError, match=r"^attributes in a heap of their own$"):
        TextAttributes(stream, ("name",)).of(address)


@pytest.mark.parametrize("value", [7, ["a", "b"], np.bytes_("dense"), h5py.Empty(h5py.string_dtype())])
def test_not_a_text(value):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["name"] = value
        address = h5py.h5o.get_info(file.id).addr
    assert TextAttributes(stream, ()).of(address) == {}
    with pytest.raises(ValueError, match=r"^an attribute that is not a single text$"):
        TextAttributes(stream, ("name",)).of(address)


TYPE = b"\x19\x01\x01\0\x10\0\0\0"


@pytest.mark.parametrize(
    ("at", "wrong", "text"),
    [
        (1, b"\xff", "an attribute that is not a single text"),
        (4, b"\xff", "an attribute that is not a single text"),
        (12, b"\xff", "an attribute that is not a single text"),
        (32, struct.pack("<I", 1 << 31), "a text that is longer than its place"),
        (36, struct.pack("<Q", 1 << 63), "the file is too short"),
        (36, struct.pack("<Q", 8), "not a collection of a global heap"),
    ],
)
def test_damaged(at, wrong, text):
    data, addresses = written("earliest")
    place = data.index(TYPE, addresses["group"]) + at
    data = data[:place] + wrong + data[place + len(wrong) :]
    with pytest.raises(ValueError, match=f"^{text}$"):
        TextAttributes(io.BytesIO(data), ("name", "dtype")).of(addresses["group"])


@pytest.mark.parametrize(
    ("at", "wrong", "text"),
    [
        (0, b"\x07", "not the header of an object"),
        (8, struct.pack("<I", (1 << 32) - 1), "the file is too short"),
        (18, b"\xff\xff", "a message that is not in its header"),
    ],
)
def test_damaged_headers(at, wrong, text):
    data, addresses = written("earliest")
    place = addresses["group"] + at
    data = data[:place] + wrong + data[place + len(wrong) :]
    with pytest.raises(ValueError, match=f"^{text}$"):
        TextAttributes(io.BytesIO(data), ("name",)).of(addresses["group"])


def test_blocks_without_end():
    """A header whose second block refers to itself."""
    message = struct.pack("<HHB3xQQ", 0x10, 16, 0, 16, 24)
    data = struct.pack("<BBHII4x", 1, 0, 1, 1, 24) + message
    with pytest.raises(ValueError, match=r"^a header in too many blocks$"):
        TextAttributes(io.BytesIO(data), ()).of(0)


def test_stored_elsewhere():
    data, addresses = written("earliest")
    at = data.index(b"\x0c\0", addresses["group"]) + 4
    with pytest.raises(ValueError, match=r"^an attribute that is stored elsewhere$"):
        TextAttributes(io.BytesIO(data[:at] + b"\2" + data[at + 1 :]), ()).of(addresses["group"])
    data, addresses = written("latest")
    at = data.index(b"\3\0\5\0", addresses["group"]) + 1
    with pytest.raises(ValueError, match=r"^an attribute of a type that is stored elsewhere$"):
        TextAttributes(io.BytesIO(data[:at] + b"\1" + data[at + 1 :]), ()).of(addresses["group"])


@pytest.mark.parametrize("most", [1, 4])
def test_too_many(most, monkeypatch):
    data, addresses = written("earliest")
    monkeypatch.setattr(text_attributes, "MOST", most)
    with pytest.raises(ValueError, match=r"^too many messages and texts$"):
        TextAttributes(io.BytesIO(data), ("name",)).of(addresses["group"])
