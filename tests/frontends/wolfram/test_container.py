"""The HDF5 container: what Mathematica writes, and all that is refused."""

import h5py
import numpy as np
import pytest
from wolfram_files import File, chain, compressed, elementwise, linear

from netconv.errors import FormatError
from netconv.frontends.wolfram import container
from netconv.frontends.wolfram.expressions import Symbol


def written(folder, **options):
    file = File()
    net = chain(linear(file, 3, 2), elementwise(Symbol("Tanh"), 2))
    return file.write(folder / "net.wlnet", net, **options), file


@pytest.mark.parametrize("options", [{}, {"fixed_strings": True}, {"big_integers": True}], ids=str)
def test_strings_and_integers_of_all_versions(tmp_path, options):
    path, file = written(tmp_path, **options)
    for source in (path, path.read_bytes()):
        found = container.read(source, "net.wlnet")
        assert found.version == (14, 3, 0) and found.network["Type"] == "Chain"
        for array, value in zip(found.arrays.values(), file.arrays, strict=True):
            assert (array.dtype, array.shape) == (str(value.dtype), value.shape)
            assert (found.values(array) == value).all()


def test_the_version_of_11_0_is_a_number(tmp_path):
    path, _ = written(tmp_path)
    with h5py.File(path, "a") as file:
        del file["Version"], file["Metadata"], file["Unstable"]
        file["Version"] = 11.0
    assert container.read(path, "x").version == (11, 0)


def test_only_version_and_network_are_needed(tmp_path):
    path, _ = written(tmp_path)
    with h5py.File(path, "a") as file:
        del file["Arrays"], file["Metadata"], file["Unstable"]
    assert container.read(path, "x").arrays == {}


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "int32", "int64"])
def test_types_of_arrays(tmp_path, dtype):
    file = File()
    file.array(3, value=[1, 2, 3], dtype=dtype)
    found = container.read(file.write(tmp_path / "net.wlnet", {"Type": "Chain"}), "x")
    assert found.values(found.arrays[1]).tolist() == [1, 2, 3] and found.arrays[1].dtype == dtype


def test_the_bytes_without_the_arrays_and_with_them_again(tmp_path):
    path, file = written(tmp_path)
    found = container.read(path, "x")
    rest = found.without_arrays()
    assert len(rest) == path.stat().st_size - sum(array.nbytes for array in file.arrays)
    values = dict(enumerate(file.arrays, 1))
    assert container.with_arrays(rest, found.arrays.values(), values) == path.read_bytes()
    others = {number: value + 1 for number, value in values.items()}
    again = container.read(container.with_arrays(rest, found.arrays.values(), others), "y")
    assert again.network == found.network
    assert all((again.values(again.arrays[n]) == others[n]).all() for n in others)


def soft_link(file):
    file["Arrays/3"] = h5py.SoftLink("/Arrays/1")


def external_link(file):
    file["Arrays/3"] = h5py.ExternalLink("other.h5", "/x")


def linked_network(file):
    del file["Network"]
    file["Network"] = h5py.ExternalLink("other.h5", "/x")


def virtual(file):
    layout = h5py.VirtualLayout((3,), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset("Arrays/3", layout)


def external_data(file):
    file.create_dataset("Arrays/3", (3,), "float32", external=[("other.bin", 0, 12)])


def chunked(file):
    file.create_dataset("Arrays/3", (1 << 40,), "float32", chunks=(1 << 10,))


def compressed_array(file):
    file.create_dataset("Arrays/3", data=np.zeros(3, "float32"), compression="gzip")


def without_values(file):
    file.create_dataset("Arrays/3", (1 << 40,), "float32")


def of_text(file):
    file["Arrays/3"] = "text"


def big_endian(file):
    file["Arrays/3"] = np.zeros(3, ">f4")


def complex_numbers(file):
    file["Arrays/3"] = np.zeros(3, "complex64")


def group_in_arrays(file):
    file.create_group("Arrays/3")


def named_array(file):
    file["Arrays/weights"] = np.zeros(3, "float32")


def arrays_as_data(file):
    del file["Arrays"]
    file["Arrays"] = 3


def no_network(file):
    del file["Network"]


def no_version(file):
    del file["Version"]


def number_as_network(file):
    del file["Network"]
    file["Network"] = 3


def strings_as_network(file):
    del file["Network"]
    file["Network"] = ["a", "b"]


def text_as_network(file):
    del file["Network"]
    file["Network"] = "NetChain[...]"


def bytes_as_network(file):
    del file["Network"]
    file["Network"] = np.array([255, 254], "u1")


def damaged_network(file):
    del file["Network"]
    file["Network"] = compressed({"Type": "Chain"})[:40]


def strange_version(file):
    del file["Version"]
    file["Version"] = "new"


REFUSED = {
    soft_link: "its member Arrays/3 is a link to another place, which is not followed",
    external_link: "its member Arrays/3 is a link to another place, which is not followed",
    linked_network: "its member Network is a link to another place, which is not followed",
    virtual: "its member Arrays/3 is not stored in one piece, as Mathematica stores it",
    external_data: "its member Arrays/3 is not stored in one piece, as Mathematica stores it",
    chunked: "its member Arrays/3 is not stored in one piece, as Mathematica stores it",
    compressed_array: "its member Arrays/3 is not stored in one piece, as Mathematica stores it",
    without_values: "its array Arrays/3 has no values in the file",
    of_text: "its array Arrays/3 has type object; float32, float64, float16, int8, uint8, int32, int64 can be read",
    big_endian: "its array Arrays/3 has type >f4; float32, float64, float16, int8, uint8, int32, int64 can be read",
    complex_numbers: "its array Arrays/3 has type complex64; float32, float64, float16, int8, uint8, int32, int64 can "
    "be read",
    group_in_arrays: f"its member Arrays/3 is not a dataset; {container.NOT_A_NET}",
    named_array: "its group Arrays has a member 'weights', where numbers are expected",
    arrays_as_data: f"its member Arrays is not a group; {container.NOT_A_NET}",
    no_network: f"an HDF5 file without the member Network; {container.NOT_A_NET}",
    no_version: f"an HDF5 file without the member Version; {container.NOT_A_NET}",
    number_as_network: f"its member Network is not a string; {container.NOT_A_NET}",
    strings_as_network: f"its member Network is not a string; {container.NOT_A_NET}",
    text_as_network: "its member Network is not an expression that can be read: '...]' at character 10 of its text is "
    "not read: of InputForm only numbers, strings, symbols, lists, associations, rules and f[x] are; Export writes it "
    "compressed",
    bytes_as_network: "its member Network is not an expression that can be read: it begins with b'\\xff\\xfe', and is "
    "neither UTF-8 nor WXF: invalid start byte",
    damaged_network: "its member Network is not an expression that can be read: its text is damaged: zlib and base64 "
    "cannot unpack it",
    strange_version: "its version 'new' is not one of Mathematica, such as '14.3.0'",
}


@pytest.mark.parametrize("change", list(REFUSED), ids=lambda change: change.__name__)
def test_refused(change, tmp_path):
    path, _ = written(tmp_path)
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(FormatError) as error:
        container.read(path, "net.wlnet")
    assert str(error.value) == f"net.wlnet: {REFUSED[change]}"


def test_a_damaged_file(tmp_path):
    path, _ = written(tmp_path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FormatError, match=r"^net.wlnet: a damaged HDF5 file: .*$"):
        container.read(path, "net.wlnet")


def test_too_many_arrays(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MOST_ARRAYS", 1)
    with pytest.raises(FormatError, match=r"^x: 2 arrays, more than 1 can be read$"):
        container.read(written(tmp_path)[0], "x")


def test_arrays_that_overlap():
    array = container.StoredArray(1, "float32", (2,), 100, 8)
    other = container.StoredArray(2, "float32", (2,), 104, 8)
    with pytest.raises(FormatError, match=r"^x: its array Arrays/2 overlaps another$"):
        container._check_apart({1: array, 2: other}, "x")
