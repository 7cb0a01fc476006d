"""Layers of sequences of any length, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import NONE, TRUE, call, chain, graph, layer, linear, softmax, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp, two

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()
ALL = Symbol("All")


def _open(name, kind, out, parameters, function):
    """A layer of a sequence of vectors of length 3."""

    def made(_file):
        x = drawn(2, 5, 3)
        return layer(kind, tensor(None, 3), tensor(*out), parameters), [x], [function(x.astype("float64"))]

    LAYERS[f"{kind}_{name}"] = made


def reduced(function, levels):
    return {"Function": Symbol(function), "Levels": call("ValidatedParameter", levels)}


_open("mean_of_all", "Aggregation", (3,), reduced("Mean", 1), lambda x: x.mean(1))
_open("mean_of_each", "Aggregation", (None,), reduced("Mean", call("Span", 2, ALL)), lambda x: x.mean(2))
_open("greatest", "Aggregation", (3,), reduced("Max", 1), lambda x: x.max(1))
_open("all", "Summation", (), {}, lambda x: x.sum((1, 2)))
_open("along_time", "Softmax", (None, 3), {"Level": 1}, lambda x: normalized_exp(x, 1))
_open("all", "Flatten", (None,), {"Level": call("DirectedInfinity", 1)}, lambda x: x.reshape(2, 15))
_open("the_last", "Part", (3,), {"Specification": -1}, lambda x: x[:, -1])
_open("all_but_two", "Part", (None, 3), {"Specification": call("Span", 2, -2)}, lambda x: x[:, 1:-1])
_open("twice", "Replicate", (2, None, 3), {"Specification": (2,), "Level": 1}, lambda x: np.stack([x, x], 1))
_open("default", "Transpose", (3, None), {}, lambda x: x.transpose(0, 2, 1))
_open("reversed", "SequenceReverse", (None, 3), {}, lambda x: x[:, ::-1])
_open("most", "SequenceMost", (None, 3), {}, lambda x: x[:, :-1])
_open("rest", "SequenceRest", (None, 3), {}, lambda x: x[:, 1:])
_open("last", "SequenceLast", (3,), {}, lambda x: x[:, -1])


@case
def flatten_of_images(_file):
    """Only the first two levels become one."""
    x = drawn(2, 5, 3, 2)
    net = layer("Flatten", tensor(None, 3, 2), tensor(None, 2), {"Level": 1})
    return net, [x], [x.reshape(2, 15, 2)]


@case
def normalization_along_time(_file):
    x = drawn(2, 5, 3)
    parameters = {"AggregationLevels": 1, "ScalingLevels": "Same", "Epsilon": 0.01}
    net = layer("Normalization", tensor(None, 3), tensor(None, 3), parameters, {"Scaling": NONE, "Biases": NONE})
    return net, [x], [(x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 0.01)]


@case
def catenate(_file):
    x, y = drawn(2, 5, 3), drawn(2, 4, 3, seed=6)
    net = layer("Catenate", two((None, 3)), tensor(None, 3), {"Level": 1})
    return net, [x, y], [np.concatenate([x, y], 1)]


@case
def convolution_of_sequences(file):
    arrays = {"Weights": file.array(4, 3, 2), "Biases": file.array(4)}
    parameters = {"OutputChannels": 4, "KernelSize": (2,), "Stride": (1,), "PaddingSize": ((0, 0),)}
    parameters |= {"Dimensionality": 1, "Interleaving": TRUE}
    net = layer("Convolution", tensor(None, 3), tensor(None, 4), parameters, arrays)
    x = drawn(2, 5, 3)
    w, b = arrays_of(file)
    return net, [x], [x[:, :-1] @ w[:, :, 0].T + x[:, 1:] @ w[:, :, 1].T + b]


@case
def attention(_file):
    """The keys and values are one sequence, the queries another."""
    dot = layer("Dot", {"1": tensor(3), "2": tensor(3)}, tensor())
    scoring = graph(
        {"1": dot},
        [".Query -> 1.1", ".Input -> 1.2", "1 -> .Output"],
        {"Input": tensor(3), "Query": tensor(3)},
        {"Output": tensor()},
    )
    ports = {"Key": tensor(None, 3), "Value": tensor(None, 2), "Query": tensor(None, 3)}
    net = layer("Attention", ports, tensor(None, 2), {"ScoringNet": scoring, "Mask": NONE})
    k, v, q = drawn(2, 5, 3), drawn(2, 5, 2, seed=6), drawn(2, 4, 3, seed=7)
    return net, [k, v, q], [normalized_exp(q.astype("float64") @ k.transpose(0, 2, 1), 2) @ v]


@case
def net_map_of_a_classifier(file):
    inner = chain(linear(file, 3, 4), softmax(4))
    net = layer("NetMap", tensor(None, 3), tensor(None, 4), {"Net": inner})
    x = drawn(2, 5, 3)
    w, b = arrays_of(file)
    return net, [x], [normalized_exp(x @ w.T + b, 2)]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
