"""Layers of vectors and numbers, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import NONE, call, chain, classes, elementwise, graph, layer, linear, softmax, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp, two

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()
X, Y = call("Slot", 1), call("Slot", 2)


def pure(body):
    return call("Function", body)


@case
def linear_to_a_matrix(file):
    arrays = {"Weights": file.array(6, 12), "Biases": file.array(6)}
    net = layer("Linear", tensor(3, 4), tensor(2, 3), {"OutputDimensions": (2, 3)}, arrays)
    x = drawn(5, 3, 4)
    w, b = arrays_of(file)
    return net, [x], [(x.reshape(5, 12) @ w.T + b).reshape(5, 2, 3)]


@case
def linear_of_numbers_to_numbers(file):
    net = layer("Linear", tensor(), tensor(), {"OutputDimensions": ()}, {"Weights": file.array(1, 1), "Biases": NONE})
    x = drawn(5)
    return net, [x], [x * arrays_of(file)[0][0, 0]]


@case
def linear_without_biases(file):
    net = chain(linear(file, 4, 3, biases=False))
    x = drawn(5, 4)
    return net, [x], [x @ arrays_of(file)[0].T]


@case.trained("mean_squared_error")
def shared_arrays(file):
    """Two layers have the same weights, and biases of their own."""
    weights, shared = file.array(3, 3), call("NetSharedArray", "w")
    one, other = (
        layer("Linear", tensor(3), tensor(3), {"OutputDimensions": (3,)}, {"Weights": shared, "Biases": file.array(3)})
        for _ in range(2)
    )
    net = {**chain(one, elementwise(Symbol("Tanh"), 3), other), "SharedArrays": {"w": weights}}
    x = drawn(5, 3)
    w, b, c = arrays_of(file)
    return net, [x], [np.tanh(x @ w.T + b) @ w.T + c]


@case
def function_layer(file):
    inner = elementwise(Symbol("Tanh"), 5)
    net = chain(linear(file, 4, 5), layer("Function", tensor(5), tensor(5), {"Function": Symbol("Tanh"), "Net": inner}))
    x = drawn(6, 4)
    w, b = arrays_of(file)
    return net, [x], [np.tanh(x @ w.T + b)]


def _threading(name, function, of):
    def made(_file):
        x, y = drawn(4, 3, 2), np.abs(drawn(4, 3, 2, seed=6)) + 0.5
        net = layer("Threading", two((3, 2)), tensor(3, 2), {"Function": function})
        return net, [x, y], [of(x.astype("float64"), y.astype("float64"))]

    LAYERS[f"threading_{name}"] = made


for _name, _of in {
    "Plus": np.add,
    "Times": np.multiply,
    "Subtract": np.subtract,
    "Divide": np.divide,
    "Max": np.maximum,
    "Min": np.minimum,
}.items():
    _threading(_name, Symbol(_name), _of)
_threading("of_a_function", pure(call("Plus", call("Times", 0.5, X), call("Power", Y, X))), lambda x, y: x / 2 + y**x)


@case
def threading_of_three(_file):
    inputs = {f"Input{n}": tensor(3) for n in (1, 2, 3)}
    x, y, z = (drawn(4, 3, seed=n) for n in (1, 2, 3))
    return layer("Threading", inputs, tensor(3), {"Function": Symbol("Times")}), [x, y, z], [x * y * z]


@case
def parametric_ramp(file):
    net = layer("ParametricRamp", tensor(3, 4), tensor(3, 4), {}, {"Slope": file.array(3)})
    x = drawn(5, 3, 4)
    (slope,) = arrays_of(file)
    return net, [x], [np.where(x > 0, x, slope[:, None] * x)]


@case
def softmax_of_the_last_level(_file):
    x = drawn(5, 3, 4)
    return softmax(3, 4), [x], [normalized_exp(x, 2)]


@case
def softmax_of_the_first_level(_file):
    x = drawn(5, 3, 4)
    return softmax(3, 4, level=1), [x], [normalized_exp(x, 1)]


@case
def softmax_of_a_level_from_the_end(_file):
    x = drawn(5, 3, 4)
    return softmax(3, 4, level=-2), [x], [normalized_exp(x, 1)]


@case
def dropout(_file):
    x = drawn(5, 3)
    net = layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 0.5, "Method": "Dropout"})
    return chain(net, net), [x], [x]


@case
def alpha_dropout(_file):
    x = drawn(5, 3)
    return layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 0.2, "Method": "AlphaDropout"}), [x], [x]


@case
def no_dropout(_file):
    x = drawn(5, 3)
    net = layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 0.0, "Method": "Dropout"})
    return chain(net, elementwise(Symbol("Tanh"), 3)), [x], [np.tanh(x)]


@case
def embedding(file):
    arrays = {"Weights": file.array(7, 3)}
    net = layer("Embedding", tensor(4, inner=classes(7)), tensor(4, 3), {"OutputDimension": 3, "ClassCount": 7}, arrays)
    x = np.random.default_rng(0).integers(1, 8, (5, 4)).astype("float32")
    return net, [x], [arrays_of(file)[0][x.astype(int) - 1]]


@case
def embedding_of_one_class(file):
    arrays = {"Weights": file.array(7, 3)}
    net = layer("Embedding", classes(7), tensor(3), {"OutputDimension": 3, "$ClassCount": 7}, arrays)
    x = np.array([1, 7, 3], "float32")
    return net, [x], [arrays_of(file)[0][x.astype(int) - 1]]


@case
def unit_vector(_file):
    x = np.array([[1, 4], [2, 3]], "float32")
    net = layer("UnitVector", tensor(2, inner=classes(4)), tensor(2, 4), {"ClassCount": 4})
    return net, [x], [np.eye(4)[x.astype(int) - 1]]


@case
def constants(file):
    array = layer("ConstantArray", {}, tensor(3), {}, {"Array": file.array(3)})
    number = layer("ConstantArray", {}, tensor(), {}, {"Array": file.array()})
    nodes = {
        "a": array,
        "n": number,
        "r": layer("Replicate", tensor(), tensor(2), {"Specification": (2,), "$InsertedDimensions": (2,)}),
        "c": layer("Catenate", two((4,), (3,)) | {"3": tensor(2)}, tensor(9), {"Level": 1}),
    }
    edges = [".Input -> c.1", "a -> c.2", "n -> r", "r -> c.3", "c -> .Output"]
    net = graph(nodes, edges, {"Input": tensor(4)}, {"Output": tensor(9)})
    x = drawn(5, 4)
    a, n = arrays_of(file)
    return net, [x], [np.concatenate([x, np.tile(a, (5, 1)), np.full((5, 2), n)], 1)]


@case
def net_array(file):
    array = layer("NetArray", {}, tensor(3, 2), {}, {"Array": file.array(3, 2)})
    nodes = {"a": array, "t": layer("Threading", two((3, 2)), tensor(3, 2), {"Function": Symbol("Times")})}
    edges = [".Input -> t.1", "a -> t.2", "t -> .Output"]
    x = drawn(5, 3, 2)
    (a,) = arrays_of(file)
    return graph(nodes, edges, {"Input": tensor(3, 2)}, {"Output": tensor(3, 2)}), [x], [x * a]


@case
def constant_plus_and_times(file):
    net = chain(
        layer("ConstantTimes", tensor(3, 2), tensor(3, 2), {}, {"Scaling": file.array(3, 2)}),
        layer("ConstantPlus", tensor(3, 2), tensor(3, 2), {}, {"Biases": file.array(3, 2)}),
    )
    x = drawn(5, 3, 2)
    scaling, biases = arrays_of(file)
    return net, [x], [x * scaling + biases]


@case
def total(_file):
    inputs = {str(n): tensor(3) for n in (1, 2, 3)}
    x, y, z = (drawn(4, 3, seed=n) for n in (1, 2, 3))
    return layer("Total", inputs, tensor(3)), [x, y, z], [x + y + z]


def _dot(name, left, right, out):
    def made(_file):
        x, y = drawn(4, *left), drawn(4, *right, seed=6)
        net = layer("Dot", two(left, right), tensor(*out))
        return net, [x, y], [np.stack([np.tensordot(a, b, 1) for a, b in zip(x, y, strict=True)])]

    LAYERS[f"dot_{name}"] = made


_dot("of_matrices", (2, 3), (3, 5), (2, 5))
_dot("of_a_matrix_and_a_vector", (2, 3), (3,), (2,))
_dot("of_vectors", (3,), (3,), ())
_dot("of_arrays", (2, 4, 3), (3, 2, 2), (2, 4, 2, 2))


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
