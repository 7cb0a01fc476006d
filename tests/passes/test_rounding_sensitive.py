"""Where the last bit of a number matters, a compiled model computes the same as an eager one."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import graph, null, op, write

import netconv
from netconv.frontends.mxnet.reader import read
from netconv.passes.rounding_sensitive import rounding_sensitive

CONSTANTS = (41, 47, 55, 83)
"""c * (1 / c) is less than 1 for these, in single precision."""


def converted(folder, *nodes):
    return netconv.convert(write(folder, graph(*nodes)), input_shapes={"data": (None, 50)})


def compiled(model, x):
    """By `predict`, with and without XLA."""
    for xla in (False, True):
        model.compile(jit_compile=xla)
        yield model.predict_on_batch(x)


@pytest.mark.parametrize("divisor", [*CONSTANTS, -41])
@pytest.mark.parametrize("divide", ["_div_scalar", "_npi_true_divide_scalar"])
def test_a_quotient_rounded_down(tmp_path, divide, divisor):
    nodes = (null("data"), op(divide, "divided", [0], scalar=divisor), op("floor", "floor", [1]))
    model = converted(tmp_path, *nodes)
    x = divisor * np.arange(50, dtype="float32").reshape(1, 50)
    for found in compiled(model, x):
        np.testing.assert_array_equal(found, np.arange(50).reshape(1, 50))


@pytest.mark.parametrize("remainder", ["_mod_scalar", "_npi_mod_scalar"])
def test_no_remainder(tmp_path, remainder):
    for divisor in CONSTANTS:
        model = converted(tmp_path, null("data"), op(remainder, "rest", [0], scalar=divisor))
        for found in compiled(model, divisor * np.arange(50, dtype="float32").reshape(1, 50)):
            np.testing.assert_array_equal(found, np.zeros((1, 50)))


def test_integers_are_divided_exactly(tmp_path):
    nodes = (null("data", __dtype__="4"), op("_div_scalar", "divided", [0], scalar=41))
    model = converted(tmp_path, *nodes)
    x = 41 * np.arange(50, dtype="int32").reshape(1, 50)
    for found in compiled(model, x):
        np.testing.assert_array_equal(found, np.arange(50).reshape(1, 50))


def test_a_mean_rounded_down(tmp_path):
    nodes = (null("data"), op("mean", "mean", [0], axis=1), op("floor", "floor", [1]))
    model = netconv.convert(write(tmp_path, graph(*nodes)), input_shapes={"data": (3, 41)})
    for found in compiled(model, np.ones((3, 41), "float32")):
        np.testing.assert_array_equal(found, np.ones(3))


def test_infinite_and_nan_quotients(tmp_path):
    nodes = (null("data"), op("_div_scalar", "divided", [0], scalar=41), op("floor", "floor", [1]))
    model = netconv.convert(write(tmp_path, graph(*nodes)), input_shapes={"data": (1, 4)})
    x = np.array([[np.inf, -np.inf, np.nan, 0]], "float32")
    np.testing.assert_array_equal(model(x), x)


def test_only_where_it_matters(tmp_path):
    """A net without discontinuous ops divides as Keras does."""
    plain = converted(tmp_path, null("data"), op("_div_scalar", "divided", [0], scalar=41))
    assert [type(operation).__name__ for operation in plain.operations] == ["InputLayer", "Divide"]


def test_the_nodes_where_it_matters(tmp_path):
    nodes = (
        null("data"),
        op("_div_scalar", "counts", [0], scalar=41),
        op("Reshape", "passes", [1], shape=(-1,)),
        op("floor", "jumps", [2]),
        op("exp", "ends", [0]),
        op("Cast", "whole", [4], dtype="int32"),
        op("Cast", "fraction", [0], dtype="float16"),
    )
    net = read(write(tmp_path, graph(*nodes, heads=[3, 5, 6])))
    assert {net.nodes[index].name for index in rounding_sensitive(net)} == {"data", "counts", "passes", "ends"}
