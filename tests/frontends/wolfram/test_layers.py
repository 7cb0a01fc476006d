"""Every layer of Mathematica against numpy, written from what the layer is defined to compute."""

import math

import numpy as np
import pytest
from wolfram_files import (
    FALSE, NONE, TRUE, File, call, chain, classes, elementwise, graph, layer, linear, rule, softmax, tensor,
)  # fmt: skip

import netconv
from netconv.frontends.wolfram.expressions import Symbol

LAYERS = {}


def case(function):
    """A case returns a net, its inputs by port, and what it computes of these as a list."""
    LAYERS[function.__name__] = function
    return function


def drawn(*shape, seed=5):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def arrays_of(file):
    return [array.astype("float64") for array in file.arrays]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ramp(x):
    return np.maximum(x, 0)


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


def _activation(name, function, inside=False):
    def made(file):
        x = drawn(6, 5) * (0.2 if inside else 2)
        x = np.tanh(x) * 0.9 if inside else x
        return elementwise(Symbol(name), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


erf, gamma, lgamma = map(np.vectorize, (math.erf, math.gamma, math.lgamma))
for _name, _function in {
    "Ramp": ramp, "LogisticSigmoid": sigmoid, "Tanh": np.tanh, "Sin": np.sin, "Cos": np.cos, "Exp": np.exp,
    "Square": np.square, "Abs": np.abs, "Ceiling": np.ceil, "Floor": np.floor, "Sign": np.sign, "ArcSinh": np.arcsinh,
    "ArcTan": np.arctan, "Cosh": np.cosh, "Sinh": np.sinh, "Erf": erf,
    "Round": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
}.items():  # fmt: skip
    _activation(_name, _function)
for _name, _function in {"Tan": np.tan, "ArcSin": np.arcsin, "ArcCos": np.arccos, "ArcTanh": np.arctanh}.items():
    _activation(_name, _function, inside=True)


def _positive(name, function):
    def made(file):
        x = np.abs(drawn(6, 5)) + 1.1
        return elementwise(Symbol(name), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


for _name, _function in {"Log": np.log, "Sqrt": np.sqrt, "ArcCosh": np.arccosh, "Gamma": gamma, "LogGamma": lgamma}.items():
    _positive(_name, _function)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def softplus(x):
    return np.log1p(np.exp(x))


NAMED = {
    "ReLU": ramp, "RectifiedLinearUnit": ramp, "Sigmoid": sigmoid, "SoftPlus": softplus, "ELU": elu,
    "ExponentialLinearUnit": elu, "GELU": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "ScaledExponentialLinearUnit": lambda x: 1.0507009873554805 * np.where(
        x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "SoftSign": lambda x: x / (1 + np.abs(x)), "HardTanh": lambda x: np.clip(x, -1, 1),
    "HardSigmoid": lambda x: np.clip((x + 1) / 2, 0, 1), "Swish": lambda x: x * sigmoid(x),
    "HardSwish": lambda x: x * np.clip(x + 3, 0, 6) / 6, "Mish": lambda x: x * np.tanh(softplus(x)),
}  # fmt: skip


def _named(name, function):
    def made(file):
        x = drawn(6, 5) * 2
        return elementwise(name, 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


for _name, _function in NAMED.items():
    _named(_name, _function)

X, Y = call("Slot", 1), call("Slot", 2)


def pure(body):
    return call("Function", body)


FUNCTIONS = {
    "plus_a_number": (call("Plus", 0.001, X), lambda x: 0.001 + x),
    "a_power": (call("Power", X, 2), np.square),
    "a_root": (call("Power", call("Abs", X), call("Rational", 1, 2)), lambda x: np.sqrt(np.abs(x))),
    "a_reciprocal": (call("Times", 3, call("Power", call("Plus", 4, X), -1)), lambda x: 3 / (4 + x)),
    "powers_of_numbers": (call("Plus", call("Power", 2, X), call("Power", Symbol("E"), X)), lambda x: 2**x + np.exp(x)),
    "a_difference": (call("Subtract", call("Minus", X), call("Divide", X, 4)), lambda x: -x - x / 4),
    "bounds": (call("Clip", X, (-0.5, 1)), lambda x: np.clip(x, -0.5, 1)),
    "default_bounds": (call("Clip", X), lambda x: np.clip(x, -1, 1)),
    "extremes": (call("Max", call("Min", X, 0.5), -0.25, call("Times", 0.1, X)),
                 lambda x: np.maximum(np.maximum(np.minimum(x, 0.5), -0.25), 0.1 * x)),
    "constants": (call("Plus", call("Times", Symbol("Pi"), X), call("Sqrt", 2)), lambda x: np.pi * x + 2**0.5),
    "a_constant": (2.5, lambda x: np.full_like(x, 2.5)),
    "the_input": (X, lambda x: x),
    "if": (call("If", call("Greater", X, 0.3), call("Sin", X), call("Times", 2, X)),
           lambda x: np.where(x > 0.3, np.sin(x), 2 * x)),
    "which": (call("Which", call("Less", X, -0.5), 1, call("LessEqual", X, 0.5), X, Symbol("True"), call("Minus", X)),
              lambda x: np.where(x < -0.5, 1, np.where(x <= 0.5, x, -x))),
    "piecewise": (call("Piecewise", ((1, call("Less", X, -0.5)), (X, call("Less", X, 0.5))), call("Square", X)),
                  lambda x: np.where(x < -0.5, 1, np.where(x < 0.5, x, x * x))),
    "piecewise_or_zero": (call("Piecewise", ((X, call("Less", X, 0.5)),)), lambda x: np.where(x < 0.5, x, 0)),
    "logic": (call("Boole", call("Or", call("And", call("Greater", X, 0), call("Less", X, 1)),
                                call("Not", call("GreaterEqual", X, -1)))),
              lambda x: (((x > 0) & (x < 1)) | ~(x >= -1)).astype(float)),
    "an_inequality": (call("Boole", call("Inequality", -1, Symbol("Less"), X, Symbol("LessEqual"), 0.5)),
                      lambda x: ((x > -1) & (x <= 0.5)).astype(float)),
    "a_chained_comparison": (call("Boole", call("Less", -1, X, 1)), lambda x: ((x > -1) & (x < 1)).astype(float)),
    "equal": (call("Plus", call("Boole", call("Equal", X, X)), call("Boole", call("Unequal", 1, X))),
              lambda x: np.full_like(x, 2)),
    "log_to_a_base": (call("Log", 2, call("Plus", 5, X)), lambda x: np.log2(5 + x)),
    "folded": (call("Plus", X, call("If", call("Less", 1, 2), call("Times", 2, 3), 0)), lambda x: x + 6),
}  # fmt: skip


def _function(name, body, function):
    def made(file):
        x = drawn(6, 5)
        return elementwise(pure(body), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"function_{name}"] = made


for _name, (_body, _function_of) in FUNCTIONS.items():
    _function(_name, _body, _function_of)


def scalar(n):
    return call("ScalarSymbol", n)


@case
def compiled_function(file):
    """ELU[Max[0, x] * -2] + 1, and If, as steps: as up to 12."""
    steps = {
        scalar(2): (Symbol("Max"), 0.0, scalar(1)),
        scalar(3): (Symbol("Times"), scalar(2), -2.0),
        scalar(4): ("ExponentialLinearUnit", scalar(3)),
        scalar(5): (Symbol("Less"), scalar(1), 0.5),
        scalar(6): (Symbol("Identity"), 7.0),
        scalar(7): (Symbol("If"), scalar(5), scalar(4), scalar(6)),
        scalar(8): (Symbol("Clip"), scalar(7), (-0.5, 6.0)),
        scalar(9): (Symbol("Piecewise"), ((scalar(5), scalar(8)),), scalar(4)),
    }
    function = call("ScalarFunctionObject", (scalar(1),), scalar(9), steps)
    x = drawn(6, 5)
    one = elu(-2 * ramp(x.astype("float64")))
    return elementwise(function, 5), [x], [np.where(x < 0.5, np.clip(one, -0.5, 6), one)]


@case
def function_with_a_variable(file):
    x = drawn(6, 5)
    function = call("Function", (Symbol("y"),), call("Times", Symbol("y"), call("Tanh", Symbol("y"))))
    return elementwise(function, 5), [x], [x * np.tanh(x)]


@case
def composition(file):
    x = drawn(6, 5)
    return elementwise(call("Composition", Symbol("Tanh"), "Swish"), 5), [x], [np.tanh(x * sigmoid(x))]


@case
def function_layer(file):
    inner = elementwise(Symbol("Tanh"), 5)
    net = chain(linear(file, 4, 5), layer("Function", tensor(5), tensor(5), {"Function": Symbol("Tanh"), "Net": inner}))
    x = drawn(6, 4)
    w, b = arrays_of(file)
    return net, [x], [np.tanh(x @ w.T + b)]


def two(shape, other=None):
    return {"1": tensor(*shape), "2": tensor(*(shape if other is None else other))}


def _threading(name, function, of):
    def made(file):
        x, y = drawn(4, 3, 2), np.abs(drawn(4, 3, 2, seed=6)) + 0.5
        net = layer("Threading", two((3, 2)), tensor(3, 2), {"Function": function})
        return net, [x, y], [of(x.astype("float64"), y.astype("float64"))]

    LAYERS[f"threading_{name}"] = made


for _name, _of in {
    "Plus": np.add, "Times": np.multiply, "Subtract": np.subtract, "Divide": np.divide, "Max": np.maximum,
    "Min": np.minimum,
}.items():  # fmt: skip
    _threading(_name, Symbol(_name), _of)
_threading("of_a_function", pure(call("Plus", call("Times", 0.5, X), call("Power", Y, X))), lambda x, y: x / 2 + y**x)


@case
def threading_of_three(file):
    inputs = {f"Input{n}": tensor(3) for n in (1, 2, 3)}
    x, y, z = (drawn(4, 3, seed=n) for n in (1, 2, 3))
    return layer("Threading", inputs, tensor(3), {"Function": Symbol("Times")}), [x, y, z], [x * y * z]


@case
def parametric_ramp(file):
    net = layer("ParametricRamp", tensor(3, 4), tensor(3, 4), {}, {"Slope": file.array(3)})
    x = drawn(5, 3, 4)
    (slope,) = arrays_of(file)
    return net, [x], [np.where(x > 0, x, slope[:, None] * x)]


def normalized_exp(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@case
def softmax_of_the_last_level(file):
    x = drawn(5, 3, 4)
    return softmax(3, 4), [x], [normalized_exp(x, 2)]


@case
def softmax_of_the_first_level(file):
    x = drawn(5, 3, 4)
    return softmax(3, 4, level=1), [x], [normalized_exp(x, 1)]


@case
def softmax_of_a_level_from_the_end(file):
    x = drawn(5, 3, 4)
    return softmax(3, 4, level=-2), [x], [normalized_exp(x, 1)]


@case
def dropout(file):
    x = drawn(5, 3)
    net = layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 0.5, "Method": "Dropout"})
    return chain(net, net), [x], [x]


@case
def alpha_dropout(file):
    x = drawn(5, 3)
    return layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 0.2, "Method": "AlphaDropout"}), [x], [x]


@case
def no_dropout(file):
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
def unit_vector(file):
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
def constant_plus_and_times(file):
    net = chain(
        layer("ConstantTimes", tensor(3, 2), tensor(3, 2), {}, {"Scaling": file.array(3, 2)}),
        layer("ConstantPlus", tensor(3, 2), tensor(3, 2), {}, {"Biases": file.array(3, 2)}),
    )
    x = drawn(5, 3, 2)
    scaling, biases = arrays_of(file)
    return net, [x], [x * scaling + biases]


@case
def total(file):
    inputs = {str(n): tensor(3) for n in (1, 2, 3)}
    x, y, z = (drawn(4, 3, seed=n) for n in (1, 2, 3))
    return layer("Total", inputs, tensor(3)), [x, y, z], [x + y + z]


def _dot(name, left, right, out):
    def made(file):
        x, y = drawn(4, *left), drawn(4, *right, seed=6)
        net = layer("Dot", two(left, right), tensor(*out))
        return net, [x, y], [np.stack([np.tensordot(a, b, 1) for a, b in zip(x, y, strict=True)])]

    LAYERS[f"dot_{name}"] = made


_dot("of_matrices", (2, 3), (3, 5), (2, 5))
_dot("of_a_matrix_and_a_vector", (2, 3), (3,), (2,))
_dot("of_vectors", (3,), (3,), ())
_dot("of_arrays", (2, 4, 3), (3, 2, 2), (2, 4, 2, 2))


# Convolution and pooling, by their definitions


def windows(x, kernel, stride, dilation=None):
    """(batch, channels, positions..., kernel...) of data (batch, channels, axes...)."""
    dilation = dilation or (1,) * len(kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    axes = tuple(range(2, x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    places = tuple(slice(None, None, s) for s in stride)
    return view[(slice(None), slice(None), *places, *(slice(None, None, d) for d in dilation))]


def pad(x, pads, value=0.0):
    return np.pad(x, [(0, 0), (0, 0), *pads], constant_values=value)


def convolved(x, w, b, stride, pads, dilation=None, groups=1):
    rank = w.ndim - 2
    found = windows(pad(x.astype("float64"), pads), w.shape[2:], stride, dilation)
    outs, each, part = [], w.shape[0] // groups, x.shape[1] // groups
    for g in range(groups):
        patch, kernel = found[:, g * part : (g + 1) * part], w[g * each : (g + 1) * each]
        axes = list(range(rank))
        outs.append(np.tensordot(patch, kernel, ([1, *(2 + rank + a for a in axes)], [1, *(2 + a for a in axes)])))
    out = np.moveaxis(np.concatenate(outs, -1), -1, 1)
    return out + (0 if b is None else b.reshape(-1, *(1,) * rank))


def length(n, k, s, p, d=1):
    return (n + sum(p) - (k - 1) * d - 1) // s + 1


def _convolution(name, shape, filters, kernel, stride=None, pads=None, dilation=None, groups=1, biases=True,
                 interleaved=False, version="14.3.0", padding=None):  # fmt: skip
    rank = len(kernel)
    stride, pads = stride or (1,) * rank, pads or ((0, 0),) * rank

    def made(file):
        file.version = version
        sizes = [length(*each) for each in zip(shape[1:], kernel, stride, pads, dilation or (1,) * rank, strict=True)]
        place = (lambda c, s: (*s, c)) if interleaved else (lambda c, s: (c, *s))
        parameters = {
            "OutputChannels": filters, "KernelSize": kernel, "Stride": stride, "PaddingSize": padding or pads,
            "Dilation": dilation or (1,) * rank, "ChannelGroups": groups, "Dimensionality": rank,
            "Interleaving": TRUE if interleaved else FALSE, "$InputChannels": shape[0],
        }  # fmt: skip
        if version < "11.3.7":
            del parameters["ChannelGroups"]
            parameters["$GroupNumber"] = groups
        if version < "11.3.4":
            del parameters["Interleaving"]
        arrays = {"Weights": file.array(filters, shape[0] // groups, *kernel)}
        arrays["Biases"] = file.array(filters) if biases else NONE
        net = layer("Convolution", tensor(*place(shape[0], shape[1:])), tensor(*place(filters, sizes)), parameters, arrays)
        x = drawn(2, *shape)
        w, *b = arrays_of(file)
        out = convolved(x, w, b[0] if b else None, stride, pads, dilation, groups)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"convolution_{name}"] = made


_convolution("plain", (3, 6, 5), 4, (3, 2))
_convolution("padded_by_pairs", (3, 6, 5), 4, (3, 3), pads=((1, 1), (1, 1)))
_convolution("padded_unevenly", (3, 6, 5), 4, (3, 3), pads=((1, 2), (0, 1)))
_convolution("padded_as_before_11_3_8", (3, 6, 5), 4, (3, 3), pads=((1, 1), (2, 2)), padding=(1, 2), version="11.3.5")
_convolution("of_11_1", (3, 6, 5), 4, (3, 3), pads=((1, 1), (0, 0)), padding=(1, 0), version="11.1.0")
_convolution("strided_and_dilated", (3, 9, 8), 4, (2, 3), stride=(2, 1), dilation=(2, 2))
_convolution("grouped", (4, 6, 5), 6, (3, 3), groups=2)
_convolution("grouped_as_before_11_3_7", (4, 6, 5), 6, (3, 3), groups=2, version="11.3.4", padding=(0, 0))
_convolution("depthwise", (4, 6, 5), 4, (3, 3), groups=4)
_convolution("without_biases", (3, 6, 5), 4, (3, 3), biases=False)
_convolution("interleaved", (3, 6, 5), 4, (3, 2), pads=((1, 1), (0, 0)), interleaved=True)
_convolution("interleaved_padded_unevenly", (3, 6, 5), 4, (3, 2), pads=((1, 0), (0, 2)), interleaved=True)
_convolution("of_sequences", (3, 9), 4, (3,), stride=(2,), pads=((2, 2),))
_convolution("of_sequences_padded_unevenly", (3, 9), 4, (3,), pads=((2, 1),))
_convolution("of_sequences_interleaved", (3, 9), 4, (3,), interleaved=True)
_convolution("of_volumes", (2, 4, 5, 4), 3, (2, 3, 2), pads=((1, 1), (0, 0), (1, 1)))
_convolution("of_volumes_padded_unevenly", (2, 4, 5, 4), 3, (2, 3, 2), pads=((1, 0), (0, 1), (2, 1)))


def _deconvolution(name, shape, filters, kernel, stride=None, pad=0, groups=1, interleaved=False, version="14.3.0"):
    rank = len(kernel)
    stride = stride or (1,) * rank

    def made(file):
        file.version = version
        arrays = {"Weights": file.array(shape[0], filters // groups, *kernel), "Biases": file.array(filters)}
        x = drawn(2, *shape)
        w, b = arrays_of(file)
        sizes = [s * (n - 1) + k for n, k, s in zip(shape[1:], kernel, stride, strict=True)]
        out = np.zeros((2, filters, *sizes))
        each, part = filters // groups, shape[0] // groups
        for place in np.ndindex(*shape[1:]):
            for g in range(groups):
                values = x[(slice(None), slice(g * part, (g + 1) * part), *place)].astype("float64")
                spread = np.tensordot(values, w[g * part : (g + 1) * part], 1)
                at = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, stride, kernel, strict=True))
                out[(slice(None), slice(g * each, (g + 1) * each), *at)] += spread
        out = out[(slice(None), slice(None), *(slice(pad, n - pad) for n in sizes))] + b.reshape(-1, *(1,) * rank)
        lay = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {"OutputChannels": filters, "KernelSize": kernel, "Stride": stride, "ChannelGroups": groups,
                      "PaddingSize": ((pad, pad),) * rank, "Dimensionality": rank, "$Dilation": (1,) * rank,
                      "Interleaving": TRUE if interleaved else FALSE}  # fmt: skip
        if version < "11.3.7":
            parameters = {k: v for k, v in parameters.items() if k not in ("Dimensionality", "$Dilation", "ChannelGroups")}
            parameters |= {"PaddingSize": (pad,) * rank, "$GroupNumber": groups}
        net = layer("Deconvolution", tensor(*lay(shape)), tensor(*lay(out.shape[1:])), parameters, arrays)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"deconvolution_{name}"] = made


_deconvolution("plain", (3, 4, 3), 2, (2, 3))
_deconvolution("strided_and_padded", (3, 4, 3), 2, (3, 3), stride=(2, 2), pad=1)
_deconvolution("grouped", (4, 4, 3), 2, (2, 2), stride=(2, 2), groups=2)
_deconvolution("interleaved", (3, 4, 3), 2, (2, 2), stride=(2, 2), interleaved=True)
_deconvolution("of_sequences", (3, 5), 2, (4,), stride=(2,), pad=1)
_deconvolution("of_11_3_5", (3, 4, 3), 2, (2, 2), stride=(2, 2), pad=1, version="11.3.5")


def _pooling(name, function, shape, kernel, stride=None, pads=None, interleaved=False, **more):
    rank = len(kernel)
    stride, pads = stride or (1,) * rank, pads or ((0, 0),) * rank

    def made(file):
        x = drawn(2, *shape)
        uneven = any(a != b for a, b in pads)
        fill = 0.0 if function != "Max" or uneven else -np.inf
        found = windows(pad(x.astype("float64"), pads, fill), kernel, stride)
        axes = tuple(range(-rank, 0))
        out = {"Max": np.max, "Mean": np.mean, "Total": np.sum}[function](found, axes)
        lay = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {"KernelSize": kernel, "Stride": stride, "PaddingSize": pads, "Function": Symbol(function),
                      "Dimensionality": rank, "Interleaving": TRUE if interleaved else FALSE, **more}  # fmt: skip
        net = layer("Pooling", tensor(*lay(shape)), tensor(*lay(out.shape[1:])), parameters)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"pooling_{name}"] = made


_pooling("max", "Max", (3, 6, 5), (2, 2), stride=(2, 2))
_pooling("max_padded", "Max", (3, 6, 5), (3, 3), stride=(2, 1), pads=((1, 1), (1, 1)))
_pooling("max_padded_unevenly", "Max", (3, 6, 5), (3, 3), pads=((1, 0), (0, 2)))
_pooling("mean_padded", "Mean", (3, 6, 5), (3, 3), stride=(2, 2), pads=((1, 1), (1, 1)))
_pooling("total", "Total", (3, 6, 5), (3, 2))
_pooling("interleaved", "Mean", (3, 6, 5), (2, 2), interleaved=True)
_pooling("interleaved_padded_unevenly", "Max", (3, 6, 5), (2, 2), pads=((1, 0), (0, 1)), interleaved=True)
_pooling("of_sequences", "Max", (3, 9), (3,), stride=(2,), pads=((1, 1),))
_pooling("of_volumes", "Mean", (2, 4, 5, 4), (2, 2, 2), pads=((1, 1), (0, 0), (1, 1)))
_pooling("of_14_3", "Max", (3, 6, 5), (2, 2), stride=(2, 2), **{"$IgnorePadding": FALSE, "$MXGlobalPool": FALSE,
         "$MXPoolingConvention": "valid"})  # fmt: skip


def _resized(name, shape, spec, out, method, interleaved=False):
    def made(file):
        x = drawn(2, *shape)
        found = x.astype("float64")
        for axis, (n, m) in enumerate(zip(shape[1:], out, strict=True), 2):
            if method == "Nearest":
                found = np.repeat(found, m // n, axis)
                continue
            place = np.arange(m) * ((n - 1) / (m - 1)) if m > 1 else np.zeros(1)
            low = np.minimum(place.astype(int), max(n - 2, 0))
            part = (place - low).reshape(-1, *(1,) * (found.ndim - 1 - axis))
            high = np.take(found, np.minimum(low + 1, n - 1), axis)
            found = np.take(found, low, axis) * (1 - part) + high * part
        place = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {"Specification": call("ValidatedParameter", spec), "Resampling": method,
                      "Interleaving": TRUE if interleaved else FALSE}  # fmt: skip
        net = layer("Resize", tensor(*place(shape)), tensor(*place((shape[0], *out))), parameters)
        if interleaved:
            x, found = np.moveaxis(x, 1, -1), np.moveaxis(found, 1, -1)
        return net, [x], [found]

    LAYERS[f"resize_{name}"] = made


_resized("linear", (3, 5, 4), (7, 9), (7, 9), "Linear")
_resized("linear_scaled", (3, 5, 4), (call("Scaled", 2.0), Symbol("All")), (10, 4), "Linear")
_resized("linear_interleaved", (3, 5, 4), (7, 3), (7, 3), "Linear", interleaved=True)
_resized("linear_of_sequences", (3, 5), (8,), (8,), "Linear")
_resized("nearest", (3, 5, 4), (call("Scaled", 2), call("Scaled", 3)), (10, 12), "Nearest")
_resized("nearest_of_sequences", (3, 5), (call("Scaled", 2),), (10,), "Nearest")


def _padding(name, shape, spec, mode, kind, value=0.0):
    def made(file):
        x = drawn(2, *shape)
        options = {"constant_values": value} if kind == "constant" else {}
        out = np.pad(x, ((0, 0), *spec), kind, **options)
        net = layer("Padding", tensor(*shape), tensor(*out.shape[1:]), {"Specification": spec, "Padding": mode})
        return net, [x], [out]

    LAYERS[f"padding_{name}"] = made


_padding("of_a_vector", (5,), ((1, 2),), 0.5, "constant", 0.5)
_padding("of_a_matrix", (4, 5), ((1, 2), (0, 3)), "Fixed", "edge")
_padding("of_an_image", (3, 4, 5), ((1, 0), (2, 1), (0, 3)), "Reflected", "reflect")
_padding("of_a_volume", (2, 3, 4, 3), ((1, 0), (0, 1), (2, 1), (1, 1)), 0.0, "constant")


@case
def local_response_normalization(file):
    x = drawn(2, 6, 3, 3)
    parameters = {"Alpha": 0.5, "Beta": 0.75, "Bias": 2.0, "ChannelWindowSize": 1}
    squares = np.pad(np.square(x.astype("float64")), [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    net = layer("LocalResponseNormalization", tensor(6, 3, 3), tensor(6, 3, 3), parameters)
    return net, [x], [x * (2 + 0.5 / 3 * sums) ** -0.75]


def _batch_norm(name, shape, version, names, interleaved=False):
    def made(file):
        file.version = version
        count = shape[-1 if interleaved else 0]
        variance = np.random.default_rng(3).random(count) + 0.5
        arrays = {name: file.array(count) for name in names}
        arrays |= {"MovingMean": file.array(count), "MovingVariance": file.array(count, value=variance)}
        parameters = {"Momentum": 0.9, "Epsilon": 0.01, "Interleaving": TRUE if interleaved else FALSE, "$Channels": count}
        if version < "11.3.5":
            parameters = {"Momentum": 0.9, "Epsilon": 0.01, "Channels": count, "$Shape": tensor(*shape)}
        net = layer("BatchNormalization", tensor(*shape), tensor(*shape), parameters, arrays)
        x = drawn(4, *shape)
        wide = (count,) if interleaved else (count, *(1,) * (len(shape) - 1))
        scaling, biases, mean, var = (a.reshape(wide) for a in arrays_of(file))
        return net, [x], [scaling * (x - mean) / np.sqrt(var + 0.01) + biases]

    LAYERS[f"batch_normalization_{name}"] = made


_batch_norm("of_a_vector", (5,), "14.3.0", ("Scaling", "Biases"))
_batch_norm("of_an_image", (3, 4, 5), "12.0.10", ("Scaling", "Biases"))
_batch_norm("of_11_3_4", (3, 4, 5), "11.3.4", ("Gamma", "Beta"))
_batch_norm("interleaved", (4, 5, 3), "14.3.0", ("Scaling", "Biases"), interleaved=True)


def _normalization(name, shape, over, along, spec, scaling, arrays=True, kind="Normalization"):
    def made(file):
        x = drawn(4, *shape)
        lengths = [shape[n - 1] for n in along]
        stored = {"Scaling": file.array(*lengths), "Biases": file.array(*lengths)} if arrays else {
            "Scaling": NONE, "Biases": NONE}  # fmt: skip
        parameters = {"AggregationLevels": call("ValidatedParameter", spec), "Epsilon": 0.01}
        parameters["ScalingLevels"] = call("ValidatedParameter", scaling)
        mean, var = x.mean(tuple(over), keepdims=True), x.var(tuple(over), keepdims=True)
        out = (x - mean) / np.sqrt(var + 0.01)
        if arrays:
            wide = [n if i in along else 1 for i, n in enumerate(shape, 1)]
            gamma, beta = (a.reshape(wide) for a in arrays_of(file))
            out = out * gamma + beta
        return layer(kind, tensor(*shape), tensor(*shape), parameters, stored), [x], [out]

    LAYERS[f"normalization_{name}"] = made


SPAN = call("Span", 2, Symbol("All"))
_normalization("of_channels", (3, 4, 5), (2, 3), (1,), SPAN, "Complement")
_normalization("of_vectors_in_a_sequence", (4, 5), (2,), (2,), SPAN, "Same")
_normalization("from_the_end", (4, 5), (2,), (2,), -1, "Same")
_normalization("of_some_levels", (3, 4, 5), (1, 3), (2,), (1, 3), (2,))
_normalization("of_all_levels", (3, 4), (1, 2), (1, 2), Symbol("All"), "Same")
_normalization("without_arrays", (3, 4, 5), (2, 3), (), SPAN, "Same", arrays=False)


@case
def instance_normalization(file):
    file.version = "11.3.0"
    x = drawn(4, 3, 5)
    net = layer("InstanceNormalization", tensor(3, 5), tensor(3, 5), {"Epsilon": 0.01},
                {"Gamma": file.array(3), "Beta": file.array(3)})  # fmt: skip
    gamma, beta = (a[:, None] for a in arrays_of(file))
    centered = x - x.mean(2, keepdims=True)
    return net, [x], [gamma * centered / np.sqrt(x.var(2, keepdims=True) + 0.01) + beta]


def _shaped(name, kind, shape, parameters, function):
    """A layer that only moves or reduces elements."""

    def made(file):
        x = drawn(3, *shape)
        out = np.stack([function(each) for each in x])
        return layer(kind, tensor(*shape), tensor(*out.shape[1:]), parameters), [x], [out]

    LAYERS[f"{kind}_{name}"] = made


ALL = Symbol("All")
_shaped("all", "Flatten", (3, 4, 2), {"Level": call("DirectedInfinity", 1)}, np.ravel)
_shaped("level_1", "Flatten", (3, 4, 2), {"Level": 1}, lambda x: x.reshape(12, 2))
_shaped("level_2", "Flatten", (3, 4, 2), {"Level": 2}, np.ravel)
_shaped("level_minus_1", "Flatten", (3, 3, 3), {"Level": -1}, lambda x: x.reshape(3, 9))
_shaped("to_a_matrix", "Reshape", (3, 4), {"Dimensions": (2, 6)}, lambda x: x.reshape(2, 6))
_shaped("at_the_front", "Replicate", (3, 4), {"Specification": (2,), "Level": 1}, lambda x: np.stack([x] * 2))
_shaped("at_the_end", "Replicate", (3,), {"Specification": (2,), "Level": -1}, lambda x: np.stack([x] * 2, 1))
_shaped("twice", "Replicate", (3,), {"Specification": (2, 4)}, lambda x: np.broadcast_to(x, (2, 4, 3)))
_shaped("pairs", "Transpose", (2, 3, 4), {"Specification": call("ValidatedParameter", call("TwoWayRule", 1, 3))},
        lambda x: x.transpose(2, 1, 0))  # fmt: skip
_shaped("default", "Transpose", (2, 3), {}, np.transpose)
_shaped("a_list", "Transpose", (2, 3, 4), {"Specification": (2, 3, 1)}, lambda x: x.transpose(2, 0, 1))
_shaped("a_position", "Part", (3, 4), {"Specification": call("ValidatedParameter", 2)}, lambda x: x[1])
_shaped("from_the_end", "Part", (3, 4), {"Specification": (-1, -2)}, lambda x: x[-1, -2])
_shaped("a_span", "Part", (5, 4), {"Specification": (call("Span", 2, -2), call("Span", 1, 3))}, lambda x: x[1:4, :3])
_shaped("a_span_to_the_end", "Part", (5, 4), {"Specification": (ALL, call("Span", -2, ALL))}, lambda x: x[:, 2:])
_shaped("all_elements", "Summation", (3, 4), {}, np.sum)
for _name, _of in {"Max": np.max, "Min": np.min, "Total": np.sum, "Times": np.prod, "Mean": np.mean}.items():
    _shaped(f"{_name}_of_default_levels", "Aggregation", (3, 4, 2),
            {"Function": Symbol(_name), "Levels": call("ValidatedParameter", SPAN)},
            lambda x, of=_of: of(x, (1, 2)))  # fmt: skip
_shaped("of_one_level", "Aggregation", (3, 4, 2), {"Function": Symbol("Max"), "Levels": 1}, lambda x: x.max(0))
_shaped("of_all_levels", "Aggregation", (3, 4), {"Function": Symbol("Mean"), "Levels": ALL}, np.mean)
_shaped("of_levels", "Aggregation", (3, 4, 2), {"Function": Symbol("Total"), "Levels": (1, -1)}, lambda x: x.sum((0, 2)))
_shaped("last", "SequenceLast", (3, 4), {}, lambda x: x[-1])
_shaped("most", "SequenceMost", (3, 4), {"$Length": 3}, lambda x: x[:-1])
_shaped("rest", "SequenceRest", (3, 4), {"$Length": 3}, lambda x: x[1:])
_shaped("reversed", "SequenceReverse", (3, 4), {}, lambda x: x[::-1])


@case
def catenate(file):
    x, y = drawn(3, 2, 4), drawn(3, 2, 5, seed=6)
    net = layer("Catenate", two((2, 4), (2, 5)), tensor(2, 9), {"Level": 2})
    return net, [x, y], [np.concatenate([x, y], 2)]


@case
def catenate_of_different_ranks(file):
    x, y = drawn(3, 2, 4), drawn(3, 4, seed=6)
    net = layer("Catenate", two((2, 4), (4,)), tensor(2, 8), {"Level": -1})
    return net, [x, y], [np.concatenate([x, np.repeat(y[:, None], 2, 1)], 2)]


@case
def append_and_prepend(file):
    x, y = drawn(3, 2, 4), drawn(3, 4, seed=6)
    ports = {"Input": tensor(2, 4), "Element": tensor(4)}
    nodes = {"a": layer("Append", ports, tensor(3, 4)),
             "p": layer("Prepend", {"Input": tensor(3, 4), "Element": tensor(4)}, tensor(4, 4))}  # fmt: skip
    edges = [".Input -> a.Input", ".Element -> a.Element", "a -> p.Input", ".Element -> p.Element", "p -> .Output"]
    net = graph(nodes, edges, ports, {"Output": tensor(4, 4)})
    return net, [x, y], [np.concatenate([y[:, None], x, y[:, None]], 1)]


# Recurrent layers


GATES = {
    "LongShortTermMemory": ("InputGate", "OutputGate", "ForgetGate", "MemoryGate"),
    "GatedRecurrent": ("InputGate", "ResetGate", "MemoryGate"),
    "BasicRecurrent": ("",),
}


def recurrent(file, kind, steps, size, units, dropout=NONE):
    """A layer and the function of a sequence (time, size) that it computes."""
    arrays = {}
    for gate in GATES[kind]:
        arrays |= {f"{gate}InputWeights": file.array(units, size), f"{gate}StateWeights": file.array(units, units),
                   f"{gate}Biases": file.array(units)}  # fmt: skip
    states = {"State": tensor(units)} | ({"CellState": tensor(units)} if kind == "LongShortTermMemory" else {})
    parameters = {"OutputSize": units, "Dropout": call("ValidatedParameter", dropout), "$InputSize": size}
    net = layer(kind, tensor(steps, size), tensor(steps, units), parameters, arrays, States=states)
    values = {name: file.arrays[reference.args[0] - 1].astype("float64") for name, reference in arrays.items()}

    def gate(name, x, h):
        return values[f"{name}InputWeights"] @ x + values[f"{name}Biases"], values[f"{name}StateWeights"] @ h

    def run(sequence):
        h, c, out = np.zeros(units), np.zeros(units), []
        for x in sequence:
            if kind == "LongShortTermMemory":
                i, o, f, m = (sum(gate(name, x, h)) for name in GATES[kind])
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(m)
                h = sigmoid(o) * np.tanh(c)
            elif kind == "GatedRecurrent":
                z, r = (sigmoid(sum(gate(name, x, h))) for name in ("InputGate", "ResetGate"))
                given, carried = gate("MemoryGate", x, h)
                h = (1 - z) * np.tanh(given + r * carried) + z * h
            else:
                h = np.tanh(sum(gate("", x, h)))
            out.append(h)
        return np.stack(out)

    return net, run


def each(function, x):
    return np.stack([function(sequence) for sequence in x.astype("float64")])


for _kind in GATES:

    @case
    def made(file, kind=_kind):
        net, run = recurrent(file, kind, 5, 3, 4)
        x = drawn(2, 5, 3)
        return net, [x], [each(run, x)]

    LAYERS[_kind] = LAYERS.pop("made")


@case
def recurrent_layers_in_a_chain(file):
    one, run = recurrent(file, "GatedRecurrent", None, 3, 4)
    other, then = recurrent(file, "LongShortTermMemory", None, 4, 5, dropout=0.3)
    net = chain(one, other, layer("SequenceLast", tensor(None, 5), tensor(5)))
    x = drawn(2, 6, 3)
    return net, [x], [each(lambda s: then(run(s))[-1], x)]


@case
def recurrent_layer_with_a_state(file):
    """The state of the layer comes from another layer."""
    net, _ = recurrent(file, "BasicRecurrent", 3, 2, 4)
    nodes = {"l": linear(file, 5, 4), "r": net}
    made = graph(nodes, [".State0 -> l", ".Input -> r.Input", "r -> .Output"],
                 {"Input": tensor(3, 2), "State0": tensor(5)}, {"Output": tensor(3, 4)})  # fmt: skip
    made["Edges"] += (rule(call("NetPath", "Nodes", "r", "States", "State"), call("NetPath", "Nodes", "l", "Outputs", "Output")),)
    x, s = drawn(2, 3, 2), drawn(2, 5, seed=6)
    wx, wh, b, w, c = arrays_of(file)
    h, out = s @ w.T + c, []
    for t in range(3):
        h = np.tanh(x[:, t] @ wx.T + b + h @ wh.T)
        out.append(h)
    return made, [x, s], [np.stack(out, 1)]


def _bidirectional(name, kind, aggregation, combine):
    def made(file):
        forward, run = recurrent(file, kind, 5, 3, 4)
        backward, other = recurrent(file, kind, 5, 3, 4)
        parameters = {"ForwardNet": forward, "BackwardNet": backward, "Aggregation": Symbol(aggregation),
                      "$SequentialOutput": TRUE}  # fmt: skip
        x = drawn(2, 5, 3)
        out = combine(each(run, x), each(lambda s: other(s[::-1])[::-1], x))
        return layer("NetBidirectional", tensor(5, 3), tensor(*out.shape[1:]), parameters), [x], [out]

    LAYERS[f"bidirectional_{name}"] = made


_bidirectional("lstm", "LongShortTermMemory", "Catenate", lambda a, b: np.concatenate([a, b], 2))
_bidirectional("gru", "GatedRecurrent", "Catenate", lambda a, b: np.concatenate([a, b], 2))
_bidirectional("basic", "BasicRecurrent", "Total", lambda a, b: a + b)
_bidirectional("mean", "GatedRecurrent", "Mean", lambda a, b: (a + b) / 2)


@case
def bidirectional_of_last_elements(file):
    forward, run = recurrent(file, "BasicRecurrent", 5, 3, 4)
    backward, other = recurrent(file, "BasicRecurrent", 5, 3, 4)
    last = layer("SequenceLast", tensor(5, 4), tensor(4))
    parameters = {"ForwardNet": chain(forward, last), "BackwardNet": chain(backward, last),
                  "Aggregation": Symbol("Catenate"), "$SequentialOutput": FALSE}  # fmt: skip
    x = drawn(2, 5, 3)
    out = np.concatenate([each(lambda s: run(s)[-1], x), each(lambda s: other(s[::-1])[-1], x)], 1)
    return layer("NetBidirectional", tensor(5, 3), tensor(8), parameters), [x], [out]


# Operators


@case
def net_map(file):
    inner = chain(linear(file, 3, 4), elementwise(Symbol("Tanh"), 4))
    net = layer("NetMap", tensor(None, 3), tensor(None, 4), {"Net": inner})
    x = drawn(2, 5, 3)
    w, b = arrays_of(file)
    return net, [x], [np.tanh(x @ w.T + b)]


@case
def net_map_of_images(file):
    inner = layer("Linear", tensor(2, 3), tensor(), {"OutputDimensions": ()}, {"Weights": file.array(1, 6), "Biases": file.array(1)})
    net = layer("NetMap", tensor(4, 2, 3), tensor(4), {"Net": inner})
    x = drawn(2, 4, 2, 3)
    w, b = arrays_of(file)
    return net, [x], [(x.reshape(2, 4, 6) @ w.T + b)[..., 0]]


@case
def net_map_thread(file):
    inner = layer("Threading", two((3,)), tensor(3), {"Function": Symbol("Times")})
    parameters = {"Net": inner, "Level": {"1": 2}, "$MappedDepth": (2, 0), "$InputNames": ("1", "2"), "$OutputNames": ("Output",)}
    net = layer("NetMapThread", two((4, 5, 3), (3,)), tensor(4, 5, 3), parameters)
    x, y = drawn(2, 4, 5, 3), drawn(2, 3, seed=6)
    return net, [x, y], [x * y[:, None, None]]


@case
def net_nest(file):
    inner = chain(linear(file, 3, 3), elementwise(Symbol("Tanh"), 3))
    net = layer("NetNest", tensor(3), tensor(3), {"Net": inner, "Iterations": 3})
    x = out = drawn(2, 3)
    w, b = arrays_of(file)
    for _ in range(3):
        out = np.tanh(out @ w.T + b)
    return net, [x], [out]


def _fold(file, steps, recurrence=True):
    nodes = {"1": linear(file, 2, 3), "2": layer("Threading", two((3,)), tensor(3), {"Function": Symbol("Times")}),
             "3": elementwise(Symbol("Cos"), 3)}  # fmt: skip
    inner = graph(nodes, [".Input -> 1", "1 -> 2.1", ".State -> 2.2", "2 -> 3", "3 -> .Output"],
                  {"Input": tensor(2), "State": tensor(3)}, {"Output": tensor(3)})  # fmt: skip
    parameters = {"Net": inner}
    if recurrence:
        parameters |= {"Recurrence": call("ValidatedParameter", (rule("Output", "State"),)), "ConstantPorts": (),
                       "OutputPorts": ("Output",), "$InputNames": ("Input",), "$StateNames": ("State",)}  # fmt: skip
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
        net = layer("NetPairEmbedding", tensor(2, 3), tensor(), {"Net": linear(file, 3, 4), "DistanceFunction": Symbol(name)})
        x = drawn(5, 2, 3)
        w, b = arrays_of(file)
        y = x @ w.T + b
        return net, [x], [function(y[:, 0], y[:, 1])]

    LAYERS[f"pair_embedding_{name}"] = made


def _cosine(a, b):
    return 1 - (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))


_pair_embedding("EuclideanDistance", lambda a, b: np.square(a - b).sum(1))
_pair_embedding("CosineDistance", _cosine)


# Attention


def _attention(name, net, scores, queries=(4, 3), mask=NONE, rescaling=NONE, old=False):
    def made(file):
        keys, values = (5, 2), (5, 2) if old else (5, 6)
        if net is not None:
            scoring = net(file)
        else:
            dot = layer("Dot", {"1": tensor(queries[-1]), "2": tensor(2)}, tensor())
            scoring = graph({"1": dot}, [".Query -> 1.1", ".Input -> 1.2", "1 -> .Output"],
                            {"Input": tensor(2), "Query": tensor(2)}, {"Output": tensor()})  # fmt: skip
        inputs = {"Input": tensor(*keys)} if old else {"Key": tensor(*keys), "Value": tensor(*values)}
        parameters = {"ScoringNet": scoring, "Mask": mask, "ScoreRescaling": rescaling,
                      "$InputPorts": "InputQuery" if old else "KeyValueQuery"}  # fmt: skip
        out = (*queries[:-1], values[-1])
        made = layer("Attention", inputs | {"Query": tensor(*queries)}, tensor(*out), parameters)
        k, q = drawn(2, *keys), drawn(2, *queries, seed=7)
        v = k if old else drawn(2, *values, seed=6)
        rows = q if len(queries) == 2 else q[:, None]
        s = scores(arrays_of(file), k.astype("float64"), rows.astype("float64"))
        count = rows.shape[1]
        if rescaling != NONE:
            s = s / np.sqrt(np.arange(1, count + 1)[:, None] if mask != NONE else 5)
        if mask != NONE:
            s = np.where(np.arange(5)[None] <= np.arange(count)[:, None], s, -np.inf)
        result = normalized_exp(s, 2) @ v
        return made, [k, q] if old else [k, v, q], [result if len(queries) == 2 else result[:, 0]]

    LAYERS[f"attention_{name}"] = made


def _additive(file):
    nodes = {"k": linear(file, 2, 4), "q": linear(file, 3, 4, biases=False),
             "t": layer("Threading", two((4,)), tensor(4), {"Function": pure(call("Tanh", call("Plus", X, Y)))}),
             "s": layer("Linear", tensor(4), tensor(), {"OutputDimensions": ()}, {"Weights": file.array(1, 4), "Biases": NONE})}  # fmt: skip
    return graph(nodes, [".Input -> k", ".Query -> q", "k -> t.1", "q -> t.2", "t -> s", "s -> .Output"],
                 {"Input": tensor(2), "Query": tensor(3)}, {"Output": tensor()})  # fmt: skip


def _bilinear(file):
    nodes = {"Linear": linear(file, 2, 3, biases=False), "Dot": layer("Dot", two((3,)), tensor())}
    return graph(nodes, [".Input -> Linear", ".Query -> Dot.1", "Linear -> Dot.2", "Dot -> .Output"],
                 {"Input": tensor(2), "Query": tensor(3)}, {"Output": tensor()})  # fmt: skip


def _dots(_arrays, k, q):
    return q @ k.transpose(0, 2, 1)


def _additive_scores(arrays, k, q):
    wk, bk, wq, ws = arrays
    return (np.tanh((k @ wk.T + bk)[:, None] + (q @ wq.T)[:, :, None]) @ ws.T)[..., 0]


_attention("dot", None, _dots, queries=(4, 2))
_attention("dot_of_one_query", None, _dots, queries=(2,))
_attention("dot_rescaled", None, _dots, queries=(4, 2), rescaling="LengthSqrt")
_attention("causal", None, _dots, queries=(5, 2), mask="Causal")
_attention("causal_rescaled", None, _dots, queries=(5, 2), mask="Causal", rescaling="LengthSqrt")
_attention("of_two_ports", None, _dots, queries=(4, 2), old=True)
_attention("bilinear", _bilinear, lambda a, k, q: q @ (k @ a[0].T).transpose(0, 2, 1))
_attention("additive", _additive, _additive_scores)
_attention("additive_of_one_query", _additive, _additive_scores, queries=(3,))


# Losses


def _loss(name, kind, function, parameters=None, target=None, shape=(3, 4)):
    def made(file):
        p = normalized_exp(drawn(2, *shape), -1)
        t = normalized_exp(drawn(2, *shape, seed=6), -1) if target is None else target
        types = {"Input": tensor(*shape), "Target": tensor(*np.shape(t)[1:])}
        net = layer(kind, types, {"Loss": tensor()}, parameters)
        return net, [p, np.asarray(t, "float32")], [function(p.astype("float64"), np.asarray(t))]

    LAYERS[f"loss_{name}"] = made


INDEX = np.array([[1, 4, 2], [3, 3, 1]])
_loss("mean_squared", "MeanSquaredLoss", lambda p, t: np.square(p - t).mean((1, 2)))
_loss("mean_absolute", "MeanAbsoluteLoss", lambda p, t: np.abs(p - t).mean((1, 2)))
_loss("index", "CrossEntropyLoss", lambda p, t: -np.log(np.take_along_axis(p, t[..., None].astype(int) - 1, 2))[..., 0].mean(1),
      {"TargetForm": "Index"}, INDEX)
_loss("index_of_one", "CrossEntropyLoss", lambda p, t: -np.log(p[[0, 1], t.astype(int) - 1]), {"TargetForm": "Index"},
      INDEX[:, 0], shape=(4,))
_loss("probabilities", "CrossEntropyLoss", lambda p, t: -(t * np.log(p)).sum(2).mean(1), {"TargetForm": "Probabilities"})
_loss("binary", "CrossEntropyLoss", lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean((1, 2)),
      {"TargetForm": "Binary"})


@pytest.mark.parametrize("name", list(LAYERS))
def test_layer(name, tmp_path):
    file = File()
    net, inputs, expected = LAYERS[name](file)
    model = netconv.convert(file.write(tmp_path / "net.wlnet", net))
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    for one, other in zip(found if isinstance(found, list) else [found], expected, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)
