"""Checkpoints that another hand has written."""

import io
import json
import zipfile

import numpy as np
import pytest

from netconv.errors import FormatError
from netconv.training import checkpoints

VARIABLES = (np.zeros((3, 2), "float32"), np.zeros((), "int64"), np.zeros(4, "uint32"))
RUN = {"seed": 1}
EPOCHS = [{"epoch": n, "loss": 1.5, "val_loss": 1.25} for n in (1, 2)]


def written(folder, history=EPOCHS, facts=None, save=np.savez, **changes):
    facts = json.dumps({"history": history, "run": RUN}).encode() if facts is None else facts
    arrays = {f"array-{n}": array for n, array in enumerate(VARIABLES)} | {"best-0": VARIABLES[0]}
    arrays |= {"facts": np.frombuffer(facts, "uint8")} | changes
    save(folder / checkpoints.NAME, **{name: array for name, array in arrays.items() if array is not None})


def read(folder):
    return checkpoints.read(folder, VARIABLES, VARIABLES[:1], RUN, "val_loss")


def fails(folder, **changes):
    written(folder, **changes)
    with pytest.raises(FormatError) as error:
        read(folder)
    return str(error.value).removeprefix(f"{folder / checkpoints.NAME}: ")


DAMAGED = "is damaged, or not a checkpoint of this model"


def test_a_checkpoint(tmp_path):
    nan = [{**EPOCHS[0], "auc": float("nan")}]
    written(tmp_path, nan)
    found = read(tmp_path)
    assert np.isnan(found.history[0]["auc"]) and found.fingerprint == RUN
    for array, variable in zip(found.arrays, VARIABLES, strict=True):
        np.testing.assert_array_equal(array, variable, strict=True)


@pytest.mark.parametrize(
    "history",
    [
        5, [5], [[]], "ab", {"a": 1}, [{}], [{**EPOCHS[0], "loss": "1"}], [{**EPOCHS[0], "loss": None}],
        [{**EPOCHS[0], "loss": float("nan")}], [{**EPOCHS[0], "loss": float("inf")}], [{**EPOCHS[0], "auc": [1]}],
        [{**EPOCHS[0], "auc": 10**400}], [{**EPOCHS[0], "auc": True}], [{"epoch": 1, "loss": 1.5}], EPOCHS[::-1],
        [EPOCHS[0], {**EPOCHS[1], "auc": 1}], [EPOCHS[0], EPOCHS[0]], None,
    ],
    ids=str,
)  # fmt: skip
def test_a_history_of_another_kind(tmp_path, history):
    assert fails(tmp_path, history=history) == DAMAGED


@pytest.mark.parametrize(
    "changes",
    [
        {"array-0": np.zeros((2, 3), "float32")}, {"array-0": np.zeros((3, 2), "float64")}, {"array-0": None},
        {"array-0": np.full((3, 2), np.nan, "float32")}, {"array-1": np.zeros(1, "int64")},
        {"array-3": np.zeros(())}, {"array-2": np.array(["a"] * 4)},
        {"best-0": np.full((3, 2), np.inf, "float32")}, {"best-0": np.zeros((), "float32")},
        {"save": np.savez_compressed},
    ],
)  # fmt: skip
def test_arrays_of_another_kind(tmp_path, changes):
    assert fails(tmp_path, **changes) == DAMAGED


def test_facts_of_another_kind(tmp_path):
    assert fails(tmp_path, facts=b"[]") == DAMAGED
    assert fails(tmp_path, facts=b'{"history": [], "run": 5}') == DAMAGED
    assert fails(tmp_path, facts=b"{") == "its member facts is not JSON"
    assert fails(tmp_path, facts=b"[" * 100_000) == "its member facts has too many lists and objects inside one another"


def test_a_header_that_asks_for_more_than_the_file_has(tmp_path):
    written(tmp_path)
    stream = io.BytesIO()
    np.save(stream, VARIABLES[0])
    data = stream.getvalue().replace(b"(3, 2), }     ", b"(3, 10**9), } ")
    with zipfile.ZipFile(tmp_path / checkpoints.NAME) as file:
        members = {name: file.read(name) for name in file.namelist()}
    for changed in (data, b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY\x01\x00\x04\x00(\x00((", b""):
        with zipfile.ZipFile(tmp_path / checkpoints.NAME, "w") as file:
            for name, value in (members | {"array-0.npy": changed}).items():
                file.writestr(name, value)
        with pytest.raises(FormatError, match=DAMAGED):
            read(tmp_path)
