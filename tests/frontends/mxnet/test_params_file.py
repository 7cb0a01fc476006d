"""Parameter files are read as MXNet reads them, and invalid contents are rejected."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from netconv.errors import FormatError
from netconv.frontends.mxnet import params_file
from netconv.graph.attributes import TYPES

RECORDED = sorted((Path(__file__).parents[3] / "fixtures" / "params").glob("*.params"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_reads_what_mxnet_reads(path):
    found = params_file.read(path)
    with np.load(path.with_suffix(".npz")) as expected:
        assert [name for name, _ in found] == list(expected)
        for name, value in found:
            wide = "float32" if expected[name].dtype == "float16" else expected[name].dtype
            np.testing.assert_array_equal(value, expected[name].astype(wide), strict=True)


def test_every_format_is_recorded():
    assert {path.stem for path in RECORDED} >= {*TYPES.values(), "bfloat16", "v0", "v1", "v3", "row_sparse", "csr"}


def test_writes_what_it_reads(tmp_path):
    arrays = [(f"arg:{dtype}", np.arange(6).reshape(2, 3).astype(dtype)) for dtype in TYPES.values()]
    arrays += [
        ("aux:é", np.arange(6.0).reshape(2, 3).T),
        ("", np.zeros((0, 3), "int8")),
        ("big", np.arange(3, dtype=">i4")),
    ]
    params_file.write(tmp_path / "net.params", arrays)
    for (name, value), (found_name, found) in zip(arrays, params_file.read(tmp_path / "net.params"), strict=True):
        assert found_name == name
        assert found.dtype.name == ("float32" if value.dtype == "float16" else value.dtype.name)
        np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize("name", ["float64", "v0", "v1", "v3"])
def test_writes_the_bytes_that_mxnet_writes(tmp_path, name):
    recorded = next(path for path in RECORDED if path.stem == name)
    entries = params_file.entries(recorded)
    arrays = [(entry.name, entry.read()) for entry in entries]
    versions = [entry.version for entry in entries]
    assert {*versions} == {int(name[1:]) if name[0] == "v" else 2}
    params_file.write(tmp_path / "net.params", arrays, [entry.dtype for entry in entries], versions)
    assert (tmp_path / "net.params").read_bytes() == recorded.read_bytes()


def test_float16_and_bfloat16_are_written_as_they_were_read(tmp_path):
    entries = [entry for path in RECORDED if "float16" in path.stem for entry in params_file.entries(path)]
    kinds = [entry.dtype for entry in entries]
    assert {*kinds} == {"float16", "bfloat16"}
    params_file.write(tmp_path / "net.params", [(entry.name, entry.read()) for entry in entries], kinds)
    found = params_file.entries(tmp_path / "net.params")
    assert [entry.dtype for entry in found] == kinds
    for one, other in zip(entries, found, strict=True):
        np.testing.assert_array_equal(one.read(), other.read(), strict=True)


def test_values_between_two_of_bfloat16_are_rounded_to_the_nearest():
    nan = np.array([0x7FC00000, 0x7F800001], "<u4").view("<f4")
    values = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -np.inf, 3.4e38, *nan], "float32")
    expected = [0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xFF80, 0x7F80, 0x7FC0, 0x7FC0]
    np.testing.assert_array_equal(params_file.as_stored(values, "bfloat16"), expected)


def test_a_scalar_is_written_as_one_element(tmp_path):
    params_file.write(tmp_path / "net.params", [("s", np.float32(2.5))])
    [(_, found)] = params_file.read(tmp_path / "net.params")
    assert found.tolist() == [2.5]


def test_arrays_that_mxnet_lacks_are_not_written(tmp_path):
    path = tmp_path / "net.params"
    with pytest.raises(FormatError) as error:
        params_file.write(path, [("w", np.zeros(2, "complex64"))])
    dtypes = "float32, float64, float16, uint8, int32, int8, int64, bool, int16, uint16, uint32, uint64, bfloat16"
    wanted = f"'w' is complex64; MXNet has {dtypes}"
    assert str(error.value) == f"{path}: {wanted}"
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "net.params"
    params_file.write(path, [("w", np.ones(2))])
    with pytest.raises(UnicodeEncodeError):
        params_file.write(path, [("\ud800", np.zeros(2))])
    assert os.listdir(tmp_path) == ["net.params"]
    assert params_file.read(path)[0][1].tolist() == [1, 1]


def test_big_arrays_stay_in_the_file(tmp_path):
    big, small = np.arange(1 << 18, dtype="float32"), np.arange(5, dtype="float32")
    params_file.write(tmp_path / "net.params", [("a", small), ("b", big), ("c", big[::-1])])
    [(_, a), (_, b), (_, c)] = params_file.read(tmp_path / "net.params")
    assert [isinstance(x, np.memmap) for x in (a, b, c)] == [False, True, True]
    np.testing.assert_array_equal(a, small)
    np.testing.assert_array_equal(b, big)
    np.testing.assert_array_equal(c, big[::-1])
    assert not any(x.flags.writeable for x in (a, b, c))


def listed(array: bytes, names: bytes = struct.pack("<Q", 0)) -> bytes:
    """A list of one array."""
    return struct.pack("<QQQ", 0x112, 0, 1) + array + names


def dense(*sizes, version=0xF993FAC9, storage=0, flag=0, ndim=None, data=b"") -> bytes:
    head = struct.pack("<Ii", version, storage) if version != 0xF993FAC8 else struct.pack("<I", version)
    shape = struct.pack(f"<i{len(sizes)}q", len(sizes) if ndim is None else ndim, *sizes)
    return head + shape + struct.pack("<iii", 1, 0, flag) + data


def rows(stored=(1, 2), shape=(2, 2), indices=(0,), flag=6, count=None) -> bytes:
    """A row-sparse float32 array."""
    return (
        struct.pack("<Ii", 0xF993FAC9, 1)
        + struct.pack(f"<i{len(stored)}q", len(stored), *stored)
        + struct.pack(f"<i{len(shape)}q", len(shape), *shape)
        + struct.pack("<iiiiiq", 1, 0, 0, flag, 1, len(indices) if count is None else count)
        + bytes(4 * len(indices) * shape[-1])
        + struct.pack(f"<{len(indices)}q", *indices)
    )


def csr(pointers=(0, 1, 1), columns=(1,), shape=(2, 2), stored=None) -> bytes:
    """A csr float32 array."""
    return (
        struct.pack("<Iiiq", 0xF993FAC9, 2, 1, len(columns) if stored is None else stored)
        + struct.pack("<i2q", 2, *shape)
        + struct.pack("<iii", 1, 0, 0)
        + struct.pack("<iiq", 6, 1, len(pointers))
        + struct.pack("<iiq", 6, 1, len(columns))
        + bytes(4 * len(columns))
        + struct.pack(f"<{len(pointers)}q{len(columns)}q", *pointers, *columns)
    )


HUGE = 10**12
BROKEN = {
    "empty": (b"", "the file is empty"),
    "zip": (
        b"PK\3\4abcdef",
        "not an MXNet parameter file (.params)",
    ),
    "magic only": (struct.pack("<Q", 0x112), "the header needs 16 bytes and only 0 are left: is the file cut short?"),
    "count": (
        struct.pack("<QQQ", 0x112, 0, HUGE),
        "a list of 1000000000000 arrays needs 8000000000000 bytes and only 0 are left: is the file cut short?",
    ),
    "elements": (
        listed(dense(HUGE)),
        "array 0, float32 of shape (1000000000000,), needs 4000000000000 bytes and only 8 are left: "
        "is the file cut short?",
    ),
    "no elements of huge size": (
        listed(dense(0, 2**62, 4)),
        "array 0 has shape (0, 4611686018427387904, 4), which is more than any memory holds",
    ),
    "dimensions": (listed(dense(ndim=10**9)), "array 0 has 1000000000 dimensions; 0 to 32 are possible"),
    "dimensions below none": (listed(dense(ndim=-2)), "array 0 has -2 dimensions; 0 to 32 are possible"),
    "negative size": (listed(dense(3, -4)), "array 0 has a negative size: (3, -4)"),
    "element type": (listed(dense(1, flag=77)), "array 0 has element type 77; 0 (float32) to 12 (bfloat16) are known"),
    "storage": (
        listed(dense(1, storage=9)),
        "array 0 has storage type 9; 0 (dense), 1 (row_sparse) and 2 (csr) are known",
    ),
    "version": (
        listed(struct.pack("<I", 0xDEADBEEF)),
        "array 0 begins with 0xDEADBEEF, which is not a version of an MXNet array",
    ),
    "none": (listed(dense()), "array 0 was saved without a value: its shape is not known"),
    "none v0": (listed(struct.pack("<I", 0)), "array 0 was saved without a value: its shape is not known"),
    "none v1": (listed(dense(version=0xF993FAC8)), "array 0 was saved without a value: its shape is not known"),
    "none v3": (
        listed(dense(version=0xF993FACA, ndim=-1)),
        "array 0 was saved without a value: its shape is not known",
    ),
    "cut": (
        listed(dense(4, data=bytes(3)), b""),
        "array 0, float32 of shape (4,), needs 16 bytes and only 3 are left: is the file cut short?",
    ),
    "names": (listed(dense(1, data=bytes(4)), struct.pack("<Q", 2)), "2 names for 1 arrays"),
    "long name": (
        listed(dense(1, data=bytes(4)), struct.pack("<QQ", 1, HUGE)),
        "name 0 needs 1000000000000 bytes and only 0 are left: is the file cut short?",
    ),
    "name in Latin-1": (
        listed(dense(1, data=bytes(4)), struct.pack("<QQ", 1, 1) + b"\xe9"),
        "name 0 is not UTF-8 text",
    ),
    "more": (listed(dense(1, data=bytes(4))) + b"123", "3 bytes follow the last name, where the file should end"),
    "sparse indices of floats": (
        listed(rows(flag=0)),
        "array 0, row_sparse of shape (2, 2), has indices of float32; int32 and int64 are possible",
    ),
    "sparse shapes": (
        listed(rows(stored=(1, 3))),
        "array 0, row_sparse of shape (2, 2), stores (1, 3), and that does not fit its indices of shape (1,)",
    ),
    "sparse size": (
        listed(rows(stored=(1, 2), shape=(2**40, 2))),
        "array 0, row_sparse of shape (1099511627776, 2), is too big to be made dense from a file of 124 bytes",
    ),
    "sparse without rows": (
        listed(rows(stored=(0, 2**40), shape=(0, 2**40), indices=(), count=0)),
        "array 0, row_sparse of shape (0, 1099511627776), is too big to be made dense from a file of 108 bytes",
    ),
    "sparse index": (listed(rows(indices=(2,))), "array 0, row_sparse of shape (2, 2), has an index outside it"),
    "sparse negative index": (
        listed(rows(indices=(-1,))),
        "array 0, row_sparse of shape (2, 2), has an index outside it",
    ),
    "csr column": (listed(csr(columns=(2,))), "array 0, csr of shape (2, 2), has an index outside it"),
    "csr pointers": (
        listed(csr(pointers=(0, 2**62, 1))),
        "array 0, csr of shape (2, 2), has row pointers that do not lead from 0 to its 1 elements",
    ),
    "csr rows": (
        listed(csr(pointers=(0, 1))),
        "array 0, csr of shape (2, 2), stores (1,), and that does not fit its indices of shape (1,)",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_error_messages(tmp_path, name):
    data, message = BROKEN[name]
    path = tmp_path / "net.params"
    path.write_bytes(data)
    with pytest.raises(FormatError) as error:
        params_file.read(path)
    assert str(error.value) == f"{path}: {message}"


def test_the_sparse_arrays_of_a_file_share_one_bound(tmp_path):
    array = rows(stored=(1, 2), shape=(2**21, 2))  # 32 MiB each
    path = tmp_path / "net.params"
    path.write_bytes(struct.pack("<QQQ", 0x112, 0, 3) + 3 * array + struct.pack("<Q", 0))
    with pytest.raises(FormatError, match=r"array 2, row_sparse of shape \(2097152, 2\), is too big"):
        params_file.read(path)


@pytest.mark.parametrize("name", ["float32", "row_sparse", "csr", "v0", "v1", "v3", "bfloat16", "names"])
def test_a_truncated_file_is_rejected(tmp_path, name):
    whole = next(path for path in RECORDED if path.stem == name).read_bytes()
    path = tmp_path / "net.params"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            params_file.read(path)


@pytest.mark.parametrize("name", ["float32", "row_sparse", "csr", "v0", "v1", "v3"])
def test_a_damaged_file_is_read_or_rejected(tmp_path, name):
    whole = next(path for path in RECORDED if path.stem == name).read_bytes()
    path = tmp_path / "net.params"
    for place in range(len(whole)):
        for byte in (0x7F, 0xFF):
            path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                params_file.read(path)
            except FormatError as error:
                assert "\n" not in str(error)


def test_no_file(tmp_path):
    with pytest.raises(FormatError) as error:
        params_file.read(tmp_path / "net.params")
    assert str(error.value) == f"{tmp_path / 'net.params'}: No such file or directory"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_not_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    keep = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(FormatError) as error:
            params_file.read(tmp_path / "pipe")
    finally:
        os.close(keep)
    wanted = "a parameter file must be a plain file, because it is mapped and not copied"
    assert str(error.value) == f"{tmp_path / 'pipe'}: {wanted}"
