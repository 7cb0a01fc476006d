"""Archives with more members than are read."""

import io
import struct
import zipfile

import keras
import numpy as np
import pytest
from models import fails

import netconv
from netconv.errors import FormatError
from netconv.tables import zip_archives
from netconv.training import checkpoints
from netconv.verification.given_inputs import read_samples

MEMBERS = 200_000
MODEL = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


def archive(path, name):
    """A ZIP file that lists its member MEMBERS times. Returns the size of the list."""
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w") as file:
        file.writestr(name, b"{}")
    data = one.getvalue()
    end = data.rindex(b"PK\5\6")
    size, start = struct.unpack("<LL", data[end + 12 : end + 20])
    listed = data[start : start + size] * MEMBERS
    closing = data[end : end + 12] + struct.pack("<LL", len(listed), start) + data[end + 20 :]
    path.write_bytes(data[:start] + listed + closing)
    return len(listed)


def message(path, size):
    return f"{path}: the list of its members takes {size:,} bytes, and 8,388,608 are read at most"


def test_the_list_of_members_is_bounded(tmp_path):
    size = archive(tmp_path / "net.keras", "config.json")
    assert fails(netconv.inspect, tmp_path / "net.keras") == message(tmp_path / "net.keras", size)
    assert fails(netconv.predict, tmp_path / "net.keras", np.ones((1, 1))) == message(tmp_path / "net.keras", size)
    size = archive(tmp_path / "checkpoint.npz", "facts.npy")
    found = fails(checkpoints.read, tmp_path, [], [], {}, "loss", kind=FormatError)
    assert found == message(tmp_path / "checkpoint.npz", size)
    assert fails(read_samples, tmp_path / "checkpoint.npz", None, ()) == message(tmp_path / "checkpoint.npz", size)
    assert fails(netconv.train, MODEL, str(tmp_path / "checkpoint.npz")) == message(tmp_path / "checkpoint.npz", size)


def test_a_small_archive_is_read_as_always(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with zip_archives.opened(tmp_path / "a.npz", "a.npz") as file:
        assert file.namelist() == ["x.npy"] and file.testzip() is None
    with pytest.raises(zipfile.BadZipFile), zip_archives.opened(io.BytesIO(b"PK"), "b"):
        pass
