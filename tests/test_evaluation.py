"""Evaluation: figures that agree with counting."""

import json

import numpy as np
import pytest

from netconv import evaluation
from netconv.encoding import Needs


def test_an_evaluation_agrees_with_counting():
    given = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 0]] * 0.9 + 0.05
    y = np.array([0, 0, 0, 1, 2, 2])
    found = evaluation.assess(given, y, Needs(2, 3, 3), "sparse_categorical_crossentropy", ("a", "b", "long name, c"))
    assert found.confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert found.metrics["accuracy"] == pytest.approx(4 / 6)
    a, b, _ = found.classes
    assert (a.precision, a.recall, a.count) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall, b.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert found.text.splitlines() == [
        "rows      6",
        f"loss      {found.metrics['loss']:.4f}",
        "accuracy  0.6667",
        "",
        "class        precision    recall        f1     count",
        "a               0.6667    0.6667    0.6667         3",
        "b               0.5000    1.0000    0.6667         1",
        "long name, c    1.0000    0.5000    0.6667         2",
        "",
        "confusion: true classes down, predicted across",
        "                        a            b long name, c",
        "a                       2            1            0",
        "b                       0            1            0",
        "long name, c            1            0            1",
    ]
    assert json.dumps(found.facts)
