"""Stored arrays of integers are held so that every backend of Keras can load them."""

import numpy as np
import pytest
from nets import graph, null, op, write

import netconv


@pytest.mark.parametrize(
    ("kind", "values", "held"),
    [
        ("int8", [-128, 127, 3], "float32"),
        ("int32", [-(2**24), 2**24, 3], "float32"),
        ("int32", [2**24 + 1, 5, 3], "int32"),
        ("int64", [2**40 + 1, 5, 3], "int64"),
    ],
)
def test_integers_are_exact_and_never_trained(tmp_path, kind, values, held):
    net = graph(null("data"), null("w"), op("_plus", "sum", [0, 1]))
    net["nodes"][0]["attrs"] = {"__dtype__": {"int8": "5", "int32": "4", "int64": "6"}[kind]}
    path = write(tmp_path, net, w=np.array(values, kind))
    model = netconv.convert(path, input_shapes={"data": (3,)})
    (weight,) = model.weights
    assert (weight.dtype, weight.trainable, str(model.outputs[0].dtype)) == (held, False, kind)
    assert np.asarray(model(np.zeros(3, kind))).tolist() == values
