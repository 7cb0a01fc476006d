"""Global heaps of HDF5 files, as HDF5 writes them and damaged."""

import io
import struct

import h5py
import pytest
from wolfram_files import File, chain, class_decoder, softmax

from netconv.errors import FormatError
from netconv.frontends import hdf5_heap
from netconv.frontends.wolfram import relabeling

TEXTS = ("one", "two" * 5000, "")


@pytest.fixture
def data():
    """A file with texts in two collections."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for number, text in enumerate(TEXTS):
            file.attrs[str(number)] = text
            file.create_dataset(f"texts{number}", data=[text], dtype=h5py.string_dtype())
    return stream.getvalue()


def collections(data):
    start = data.find(b"GCOL")
    while start >= 0:
        yield start
        start = data.find(b"GCOL", start + 1)


def with_bytes(data, position, wrong):
    return data[:position] + wrong + data[position + len(wrong) :]


def test_texts_are_found(data):
    stream = io.BytesIO(data)
    hdf5_heap.check(stream)
    assert len(list(collections(data))) > 1
    found = [each for start in collections(data) for each in hdf5_heap.objects(stream, start) if each.number]
    texts = [data[each.position : each.position + each.size] for each in found]
    assert set(texts) == {text.encode() for text in TEXTS}


def test_a_signature_on_the_border_of_what_is_read_at_once(data, monkeypatch):
    [first, *_] = collections(data)
    for chunk in range(first - 2, first + 8):
        monkeypatch.setattr(hdf5_heap, "CHUNK", chunk)
        hdf5_heap.check(io.BytesIO(data))
        with pytest.raises(ValueError, match="is not within its collection"):
            hdf5_heap.check(io.BytesIO(with_bytes(data, first + 24, b"\xff\xff\xff")))


@pytest.mark.parametrize(
    "place, wrong, text",
    [
        (8, struct.pack("<Q", 1 << 40), "not a collection of a global heap"),
        (8, struct.pack("<Q", 0), "not a collection of a global heap"),
        (24, struct.pack("<Q", 1 << 63), "an object of a global heap is not within its collection"),
        (24, struct.pack("<Q", (1 << 64) - 1), "an object of a global heap is not within its collection"),
        (16, struct.pack("<HHIQ", 0, 0, 0, 0), "an object of a global heap is not within its collection"),
    ],
)
def test_damaged(data, place, wrong, text):
    [first, *_] = collections(data)
    with pytest.raises(ValueError, match=f"^{text}$"):
        hdf5_heap.check(io.BytesIO(with_bytes(data, first + place, wrong)))


def test_a_collection_within_another(data):
    [first, *_] = collections(data)
    with pytest.raises(ValueError, match=r"^a collection of a global heap is within another$"):
        hdf5_heap.check(io.BytesIO(with_bytes(data, first + 32, b"GCOL\1\0\0\0")))


def test_cut_off(data):
    *_, last = collections(data)
    with pytest.raises(ValueError, match=r"^the file is too short$"):
        hdf5_heap.check(io.BytesIO(data[: last + 10]))


def test_labels_of_a_file_with_a_damaged_heap(tmp_path):
    file = File()
    file.write(tmp_path / "net.wlnet", chain(softmax(2), outputs={"Output": class_decoder("a", "b")}))
    data = (tmp_path / "net.wlnet").read_bytes()
    assert relabeling.with_labels(data, "Output", ["x", "y"], "net.wlnet") is not None
    text = "^net.wlnet: a damaged HDF5 file: not a collection of a global heap$"
    with pytest.raises(FormatError, match=text):
        relabeling.with_labels(data + b"GCOL\1" + bytes(11), "Output", ["x", "y"], "net.wlnet")
