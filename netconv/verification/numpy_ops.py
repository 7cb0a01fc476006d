"""What the most common ops of MXNet mean, in numpy and float64: written from MXNet's documentation and apart from the
translations in `ops`, to check these. Knows no Keras.

A definition takes the attributes of a node and its inputs, and returns its outputs. It raises Undefined for attributes
that it does not cover.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Definition = Callable[..., Any]
DEFINITIONS: dict[str, Definition] = {}
"""By MXNet's name of the op."""


class Undefined(Exception):
    """A node is not covered by the definition of its op."""


def require(covered: object) -> None:
    """Raises Undefined unless attributes are covered."""
    if not covered:
        raise Undefined


def defines(*names: str) -> Callable[[Definition], Definition]:
    """Registers a function as the definition of ops."""

    def register(function: Definition) -> Definition:
        DEFINITIONS.update(dict.fromkeys(names, function))
        return function

    return register


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


ONE_INPUT: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "square": np.square, "abs": np.abs, "negative": np.negative,
    "tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda x: np.maximum(x, 0), "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x), "floor": np.floor, "ceil": np.ceil, "sin": np.sin, "cos": np.cos, "erf": erf,
    "log1p": np.log1p, "expm1": np.expm1, "softsign": lambda x: x / (1 + np.abs(x)),
    "sign": lambda x: 1.0 * (x > 0) - (x < 0),
    "zeros_like": np.zeros_like, "ones_like": np.ones_like, "BlockGrad": np.array, "_copy": np.array,
    "MakeLoss": np.array, "make_loss": np.array,
}  # fmt: skip
TWO_INPUTS: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "plus": np.add, "minus": np.subtract,
    "power": np.power, "maximum": np.maximum, "minimum": np.minimum, "equal": np.equal, "not_equal": np.not_equal,
    "greater": np.greater, "greater_equal": np.greater_equal, "lesser": np.less, "lesser_equal": np.less_equal,
}  # fmt: skip
for _name, _one in ONE_INPUT.items():
    DEFINITIONS[_name] = lambda a, x, f=_one: f(x)
for _name, _two in TWO_INPUTS.items():
    for _op in (f"broadcast_{_name}", f"elemwise_{_name}", f"_{_name}"):
        DEFINITIONS[_op] = lambda a, x, y, f=_two: f(x, y) * 1.0
    DEFINITIONS[f"_{_name}_scalar"] = lambda a, x, f=_two: f(x, a.scalar) * 1.0
for _name, _two in {"minus": np.subtract, "div": np.divide, "power": np.power}.items():
    DEFINITIONS[f"_r{_name}_scalar"] = lambda a, x, f=_two: f(np.float64(a.scalar), x)
ACTIVATIONS = {**ONE_INPUT, "softrelu": lambda x: np.logaddexp(x, 0)}


@defines("_power_scalar")
def power_scalar(a, x):
    """As in C: numpy computes a power of 0.5 as a square root, which is NaN for -inf."""
    return np.where(np.isneginf(x) & (a.scalar == 0.5), np.inf, np.power(x, a.scalar))


@defines("Activation")
def activation(a, x):
    return ACTIVATIONS[a.act_type](x)


@defines("LeakyReLU")
def leaky_relu(a, x, slope=None):
    match a.act_type:
        case "leaky":
            return np.where(x > 0, x, a.slope * x)
        case "prelu":
            return np.where(x > 0, x, x * slope.reshape(-1, *(1,) * (x.ndim - 2)))
        case "elu":
            return np.where(x > 0, x, a.slope * np.expm1(x))
        case "selu":
            return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))
        case "gelu":
            return x * (1 + erf(x / math.sqrt(2))) / 2
    raise Undefined


@defines("clip")
def clip(a, x):
    require(a.a_min <= a.a_max)
    return np.clip(x, a.a_min, a.a_max)


@defines("Dropout")
def dropout(a, x):
    return x


@defines("Cast", "amp_cast")
def cast(a, x):
    require(a.dtype == "float32")
    return x


@defines("add_n")
def add_n(a, *x):
    return sum(x[1:], x[0])


def _softmax(x, axis):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


@defines("softmax", "log_softmax")
def softmax(a, x):
    return _softmax(x / (a.temperature or 1), a.axis)


@defines("log_softmax")
def log_softmax(a, x):
    return np.log(softmax(a, x))


@defines("SoftmaxOutput")
def softmax_output(a, x, _label=None):
    if a.multi_output or a.preserve_shape or x.ndim <= 2:
        return _softmax(x, 1 if a.multi_output and x.ndim > 2 else -1)
    return _softmax(x.reshape(len(x), -1), -1).reshape(x.shape)


@defines("SoftmaxActivation")
def softmax_activation(a, x):
    return _softmax(x, 1 if a.mode == "channel" else -1)


@defines("LinearRegressionOutput", "MAERegressionOutput", "SVMOutput")
def regression_output(a, x, _label=None):
    return x


@defines("LogisticRegressionOutput")
def logistic_regression_output(a, x, _label=None):
    return sigmoid(x)


@defines("FullyConnected")
def fully_connected(a, x, weight, bias=None):
    x = x.reshape(len(x), -1) if a.flatten else x
    return x @ weight.T + (0 if a.no_bias or bias is None else bias)


@defines("Embedding")
def embedding(a, ids, weight):
    return weight[np.clip(ids.astype(int), 0, len(weight) - 1)]


@defines("dot")
def dot(a, x, y):
    """Over the last axis of x, or the first one if it is transposed, and the first or the last axis of y."""
    return np.tensordot(x, y, (0 if a.transpose_a else -1, -1 if a.transpose_b else 0))


@defines("batch_dot")
def batch_dot(a, x, y):
    return (x.swapaxes(1, 2) if a.transpose_a else x) @ (y.swapaxes(1, 2) if a.transpose_b else y)


def _windows(x, kernel, stride, dilate):
    """(batch, channels, positions..., kernel...): the windows of the spatial axes."""
    axes = tuple(range(2, x.ndim))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilate, strict=True)]
    found = np.lib.stride_tricks.sliding_window_view(x, reach, axes)
    steps = tuple(slice(None, None, step) for step in (1, 1, *stride, *dilate))
    return found[steps]


@defines("Convolution")
def convolution(a, x, weight, bias=None):
    rank = len(a.kernel)
    require(a.layout in (None, "None", "NCW", "NCHW", "NCDHW"))
    stride, dilate, pad = a.stride or (1,) * rank, a.dilate or (1,) * rank, a.pad or (0,) * rank
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    parts = []
    for data, kernel in zip(np.split(x, a.num_group, 1), np.split(weight, a.num_group), strict=True):
        windows = _windows(data, a.kernel, stride, dilate)
        axes = (1, *range(2 + rank, 2 + 2 * rank)), (1, *range(2, 2 + rank))
        parts.append(np.moveaxis(np.tensordot(windows, kernel, axes), -1, 1))
    out = np.concatenate(parts, 1)
    return out if a.no_bias or bias is None else out + bias.reshape(-1, *(1,) * rank)


@defines("Pooling")
def pooling(a, x):
    axes = tuple(range(2, x.ndim))
    require(a.layout in (None, "None", "NCW", "NCHW", "NCDHW") and a.pool_type != "lp")
    if a.global_pool:
        reduced = {"max": np.max, "avg": np.mean, "sum": np.sum}[a.pool_type]
        return reduced(x, axes, keepdims=True)
    require(a.pooling_convention != "same")
    rank = len(a.kernel)
    stride, pad = a.stride or (1,) * rank, a.pad or (0,) * rank
    up = math.ceil if a.pooling_convention == "full" else math.floor
    sizes = [up((n + 2 * p - k) / s) + 1 for n, k, s, p in zip(x.shape[2:], a.kernel, stride, pad, strict=True)]
    ends = [
        max(0, (m - 1) * s + k - n - p) for m, n, k, s, p in zip(sizes, x.shape[2:], a.kernel, stride, pad, strict=True)
    ]
    require(all((m - 1) * s < n + p for m, n, s, p in zip(sizes, x.shape[2:], stride, pad, strict=True)))
    widths = [(0, 0), (0, 0), *zip(pad, ends, strict=True)]
    inner = tuple(range(x.ndim, x.ndim + rank))

    def windows(padded):
        first = tuple(map(slice, (*x.shape[:2], *sizes)))
        return _windows(padded, a.kernel, stride, (1,) * rank)[first]

    if a.pool_type == "max":
        return windows(np.pad(x, widths, constant_values=-np.inf)).max(inner)
    total = windows(np.pad(x, widths)).sum(inner)
    if a.pool_type == "sum":
        return total
    counted = np.ones(x.shape[2:])
    if a.count_include_pad is not False:  # the padding counts, what `full` adds at the end does not
        counted = np.pad(counted, [(p, p) for p in pad], constant_values=1)
        widths = [(0, 0), (0, 0), *((0, max(0, end - p)) for p, end in zip(pad, ends, strict=True))]
    return total / windows(np.pad(counted[None, None], widths)).sum(inner)


@defines("BatchNorm")
def batch_norm(a, x, gamma, beta, mean, var):
    require(not a.output_mean_var)
    shape = [-1 if axis == a.axis % x.ndim else 1 for axis in range(x.ndim)]
    scale = (1 if a.fix_gamma else gamma) / np.sqrt(var + a.eps)
    return (x - mean.reshape(shape)) * np.broadcast_to(scale, var.shape).reshape(shape) + beta.reshape(shape)


@defines("LayerNorm")
def layer_norm(a, x, gamma, beta):
    require(not a.output_mean_var)
    shape = [-1 if axis == a.axis % x.ndim else 1 for axis in range(x.ndim)]
    deviation = x - x.mean(a.axis, keepdims=True)
    return deviation / np.sqrt((deviation**2).mean(a.axis, keepdims=True) + a.eps) * gamma.reshape(shape) + (
        beta.reshape(shape)
    )
