"""Limits of constants that a graph computes from constants."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import graph, null, op, write

import netconv


def test_a_computed_constant_has_a_limit(tmp_path):
    net = graph(
        null("x"),
        op("_ones", "one", [], shape="(64, 64)"),
        op("tile", "many", [1], reps="(1000, 1000)"),
        op("sum", "sum", [2]),
        op("broadcast_add", "out", [0, 3]),
        heads=[4],
    )
    with pytest.raises(netconv.NodeError) as caught:
        netconv.convert(write(tmp_path, net), False, input_shapes={"x": (None, 3)})
    assert str(caught.value) == (
        "tile node 'many': makes a constant of more than 67108864 elements; received (64000, 64000)"
    )


def test_a_constant_is_padded(tmp_path):
    net = graph(
        null("x"),
        op("_ones", "one", [], shape="(1, 1, 2, 2)"),
        op("Pad", "wide", [1], mode="constant", pad_width="(0, 0, 0, 0, 1, 0, 0, 1)"),
        op("broadcast_mul", "out", [0, 2]),
        heads=[3],
    )
    model = netconv.convert(write(tmp_path, net), False, input_shapes={"x": (None, 1, 3, 3)})
    found = model(np.full((2, 1, 3, 3), 2.0, "float32"))
    np.testing.assert_array_equal(found[1, 0], [[0, 0, 0], [2, 2, 0], [2, 2, 0]])
