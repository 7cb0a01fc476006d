"""Numbers of parameters that a model cannot hold, and those that are not finite."""

import numpy as np
import pytest
from nets import graph, null, op, write

import netconv

DENSE = graph(null("data"), null("w"), null("b"), op("FullyConnected", "fc", [0, 1, 2], num_hidden=2))
ONES, ZEROS = np.eye(2, dtype="float32"), np.zeros(2, "float32")


def notes(folder, w, b):
    path = write(folder, DENSE, w=w, b=b)
    text = netconv.convert_file(path, output=folder / "net.keras", input_shapes={"data": (None, 2)}).text
    return [line.removeprefix("note: ") for line in text.splitlines() if line.startswith("note: ")]


@pytest.mark.parametrize(
    ("w", "b", "expected"),
    [
        (ONES, ZEROS, []),
        (ONES.astype("float64"), ZEROS.astype("int64"), []),
        (ONES * np.nan, ZEROS, ["NaN in 'w'"]),
        (ONES, np.float32([np.inf, np.nan]), ["NaN in 'b'", "infinite numbers in 'b'"]),
        (np.full((2, 2), np.inf, "float32"), ZEROS * np.nan, ["infinite numbers in 'w'", "NaN in 'b'"]),
        (ONES / np.float64(3), ZEROS, ["numbers rounded from float64 to float32 in 'w'"]),
        (ONES, np.int64([2**53 + 1, 3]), ["numbers rounded from int64 to float32 in 'b'"]),
        (ONES, np.int64([2**24, 3]), []),
        (ONES.astype("float64") * np.nan, ZEROS, ["NaN in 'w'"]),
    ],
)
def test_notes(tmp_path, w, b, expected):
    assert notes(tmp_path, w, b) == expected


def test_a_number_that_would_become_infinite(tmp_path):
    with pytest.raises(netconv.FormatError) as error:
        notes(tmp_path, ONES.astype("float64"), np.float64([0, -1e300]))
    assert str(error.value) == f"{tmp_path / 'net.json'}: 'b' has -1e+300, which is too large for float32"
    assert not (tmp_path / "net.keras").exists()
