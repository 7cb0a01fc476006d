"""Cases of single layers: a net, its inputs, and what numpy computes of them.

Imports no Keras: `tests/mxnet/record/layers.py` runs the graphs that the cases become in MXNet.
"""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
from wolfram_files import File, tensor

import netconv

WOLFRAM = Path(__file__).parent / "frontends" / "wolfram"


class Cases(dict):
    """Functions by name. Each gets a File, and returns a net, its inputs in order, and its expected outputs. `losses`
    are those of the nets that are trained for some steps, too, by name."""

    def __init__(self):
        self.losses = {}

    def __call__(self, function):
        self[function.__name__] = function
        return function

    def trained(self, loss):
        """Declares a case whose net is trained, too, with this loss of Keras."""

        def declare(function):
            self.losses[function.__name__] = loss
            return self(function)

        return declare


@cache
def families():
    """All cases, by the name of their file: `spatial` for `layers/test_spatial.py`."""
    found = {}
    for path in [WOLFRAM / "test_functions.py", *sorted((WOLFRAM / "layers").glob("test_*.py"))]:
        family = path.stem.removeprefix("test_")
        spec = importlib.util.spec_from_file_location(f"cases_of_{family}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[family] = module.LAYERS
    return found


def check(function, folder):
    """Converts the net of a case and compares the model's outputs."""
    file = File()
    net, inputs, expected = function(file)
    model = netconv.convert(file.write(folder / "net.wlnet", net))
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    for one, other in zip(found if isinstance(found, list) else [found], expected, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)


def drawn(*shape, seed=5):
    """Data, the same for the same seed."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def arrays_of(file):
    """The arrays of a file in order."""
    return [array.astype("float64") for array in file.arrays]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ramp(x):
    return np.maximum(x, 0)


def normalized_exp(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def two(shape, other=None):
    """The types of two inputs."""
    return {"1": tensor(*shape), "2": tensor(*(shape if other is None else other))}
