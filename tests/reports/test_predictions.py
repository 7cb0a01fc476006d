"""Predictions as frames and arrays, and as text for people."""

import sys

import numpy as np
import pyarrow as pa
import pytest
from models import fails

from netconv.reports.predictions import Block, PredictedHead, Predictions

VALUES = np.array([[0.25, 0.75], [1, 0], [np.nan, np.nan]], np.float32)


def predicted(classes=True, kept=None):
    kept = kept or {}
    parts = [slice(0, 2), slice(2, 3)]
    blocks = [
        Block(
            VALUES[part],
            np.isnan(VALUES[part, 0]),
            {name: pa.array(cells[part], pa.string()) for name, cells in kept.items()},
        )
        for part in parts
    ]
    return Predictions((PredictedHead("out", ("no", "yes"), classes),), iter(blocks), tuple(kept))


def test_classes_in_frames():
    expected = {"class": ["yes", "no", None], "probability": [0.75, 1.0, None]}
    assert predicted().to_arrow().to_pydict() == expected
    assert predicted().to_polars().to_dict(as_series=False) == expected
    frame = predicted().to_pandas()
    assert list(frame) == list(expected) and frame["class"][:2].tolist() == ["yes", "no"]
    assert frame["probability"].isna().tolist() == [False, False, True]
    assert predicted().to_pandas(proba=True).columns.tolist() == ["class", "no", "yes"]
    assert predicted().to_arrow(top=2).to_pydict()["class_2"] == ["no", "yes", None]


def test_values_in_frames():
    assert predicted(classes=False).to_arrow().to_pydict() == {"no": [0.25, 1.0, None], "yes": [0.75, 0.0, None]}
    np.testing.assert_array_equal(predicted().to_numpy(), VALUES)


def test_full_precision():
    exact = Block(np.array([[1 / 3, 2 / 3]]), np.array([False]))
    assert Predictions((PredictedHead("out", ("no", "yes"), True),), iter([exact])).to_arrow()[
        "probability"
    ].to_pylist() == [2 / 3]


def test_kept_columns_are_numbers_if_all_their_cells_are():
    kept = {"id": ["1", "20", None], "x": ["0.50", "1e3", "2"], "zip": ["007", "1", "2"], "t": ["a", "1", ""]}
    assert predicted(kept=kept).to_arrow().select(list(kept)).to_pydict() == {
        "id": [1, 20, None], "x": [0.5, 1000.0, 2.0], "zip": ["007", "1", "2"], "t": ["a", "1", ""],
    }  # fmt: skip


def test_a_frame_can_be_read_again_and_blocks_once():
    predictions = predicted()
    first = predictions.to_arrow()
    assert predictions.to_arrow() == first and b"".join(predictions.csv()).count(b"\n") == 4
    predictions = predicted()
    next(iter(predictions.blocks))
    message = "these predictions were read: they are computed once, while they are read; predict again"
    assert fails(predictions.to_numpy) == message
    assert fails(list, predictions.csv()) == message


def test_options_for_classes_need_classes():
    message = "probabilities are for classifiers, and this net predicts values"
    assert fails(predicted(classes=False).to_arrow, proba=True) == message


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_package_that_is_not_installed(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # so that importing it fails
    message = f"a frame of {package} needs {package}: pip install {package}"
    assert fails(getattr(predicted(), f"to_{package}")) == message


def test_text():
    assert (
        repr(predicted())
        == str(predicted())
        == (
            "predictions of 2 classes: no, yes\n"
            "read with .to_pandas(), .to_polars(), .to_arrow(), .to_numpy(), .write(FILE) or for block in .blocks"
        )
    )
    assert repr(predicted(classes=False)).startswith("predictions of 2 values: no, yes\n")
