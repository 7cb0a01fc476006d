"""Predictions as text."""

import json

import numpy as np

from netconv import prediction


def test_predictions_are_written_so_that_they_can_be_read():
    blocks = [np.array([[0.25, 0.75], [1, 0]], np.float32)]
    predictions = prediction.Predictions(('say "a"', "b,c"), True, iter(blocks))
    assert "".join(predictions.csv(proba=True)) == ('class,"say ""a""","b,c"\n"b,c",0.25,0.75\n"say ""a""",1,0\n')
    predictions = prediction.Predictions(("a", "b"), True, iter(blocks))
    assert [json.loads(line) for line in "".join(predictions.json(proba=True)).splitlines()] == [
        {"class": "b", "probabilities": {"a": 0.25, "b": 0.75}},
        {"class": "a", "probabilities": {"a": 1.0, "b": 0.0}},
    ]
    assert "".join(prediction.Predictions(("a",), True, iter([])).csv()) == "class,probability\n"
