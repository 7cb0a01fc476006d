"""Layers that apply a net, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import call, chain, elementwise, graph, layer, linear, rule, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, two

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


@case
def net_map(file):
    inner = chain(linear(file, 3, 4), elementwise(Symbol("Tanh"), 4))
    net = layer("NetMap", tensor(None, 3), tensor(None, 4), {"Net": inner})
    x = drawn(2, 5, 3)
    w, b = arrays_of(file)
    return net, [x], [np.tanh(x @ w.T + b)]


@case
def net_map_of_images(file):
    inner = layer(
        "Linear",
        tensor(2, 3),
        tensor(),
        {"OutputDimensions": ()},
        {"Weights": file.array(1, 6), "Biases": file.array(1)},
    )
    net = layer("NetMap", tensor(4, 2, 3), tensor(4), {"Net": inner})
    x = drawn(2, 4, 2, 3)
    w, b = arrays_of(file)
    return net, [x], [(x.reshape(2, 4, 6) @ w.T + b)[..., 0]]


@case
def net_map_thread(_file):
    inner = layer("Threading", two((3,)), tensor(3), {"Function": Symbol("Times")})
    parameters = {
        "Net": inner,
        "Level": {"1": 2},
        "$MappedDepth": (2, 0),
        "$InputNames": ("1", "2"),
        "$OutputNames": ("Output",),
    }
    net = layer("NetMapThread", two((4, 5, 3), (3,)), tensor(4, 5, 3), parameters)
    x, y = drawn(2, 4, 5, 3), drawn(2, 3, seed=6)
    return net, [x, y], [x * y[:, None, None]]


@case.trained("mean_squared_error")
def net_nest(file):
    inner = chain(linear(file, 3, 3), elementwise(Symbol("Tanh"), 3))
    net = layer("NetNest", tensor(3), tensor(3), {"Net": inner, "Iterations": 3})
    x = out = drawn(2, 3)
    w, b = arrays_of(file)
    for _ in range(3):
        out = np.tanh(out @ w.T + b)
    return net, [x], [out]


def _fold(file, steps, recurrence=True):
    nodes = {
        "1": linear(file, 2, 3),
        "2": layer("Threading", two((3,)), tensor(3), {"Function": Symbol("Times")}),
        "3": elementwise(Symbol("Cos"), 3),
    }
    inner = graph(
        nodes,
        [".Input -> 1", "1 -> 2.1", ".State -> 2.2", "2 -> 3", "3 -> .Output"],
        {"Input": tensor(2), "State": tensor(3)},
        {"Output": tensor(3)},
    )
    parameters = {"Net": inner}
    if recurrence:
        parameters |= {
            "Recurrence": call("ValidatedParameter", (rule("Output", "State"),)),
            "ConstantPorts": (),
            "OutputPorts": ("Output",),
            "$InputNames": ("Input",),
            "$StateNames": ("State",),
        }
    net = layer("NetFold", tensor(steps, 2), tensor(steps, 3), parameters, States={"State": tensor(3)})
    x = drawn(2, steps, 2)
    w, b = arrays_of(file)
    h, out = np.zeros((2, 3)), []
    for t in range(steps):
        h = np.cos((x[:, t] @ w.T + b) * h)
        out.append(h)
    return net, [x], [np.stack(out, 1)]


@case
def net_fold(file):
    return _fold(file, 4)


@case
def net_fold_of_11_3(file):
    file.version = "11.3.5"
    return _fold(file, 3, recurrence=False)


@case
def net_fold_of_one_step(file):
    return _fold(file, 1)


def _pair_embedding(name, function):
    def made(file):
        net = layer(
            "NetPairEmbedding", tensor(2, 3), tensor(), {"Net": linear(file, 3, 4), "DistanceFunction": Symbol(name)}
        )
        x = drawn(5, 2, 3)
        w, b = arrays_of(file)
        y = x @ w.T + b
        return net, [x], [function(y[:, 0], y[:, 1])]

    LAYERS[f"pair_embedding_{name}"] = made


def _cosine(a, b):
    return 1 - (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))


_pair_embedding("EuclideanDistance", lambda a, b: np.square(a - b).sum(1))
_pair_embedding("CosineDistance", _cosine)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
