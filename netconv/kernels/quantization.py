"""Whole numbers of 8 bits for floats, as MXNet makes and reads them on a CPU with oneDNN. Knows no op.

A quantised tensor comes with its range, two tensors of shape (1,). Only the larger of their sizes counts: its reach.
All is computed in single precision, in the order in which MXNet does, and compiled as it is
(`rounding.divide_exact`), so that no number is rounded to another one.
"""

from __future__ import annotations

import numpy as np

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from .convolution import convolved, per_axis, same_or_padded
from .layout import Flat, natural
from .rounding import divide_exact, kind

STEPS = {"int8": 127.5, "uint8": 255.5}
"""Into how many steps the reach is divided."""
LOWEST = {"int8": -128, "uint8": 0, "int32": -(2**31)}
HIGHEST = {"int8": 127, "uint8": 255, "int32": 2**31 - 128}
"""The last of 32 bits is the last that single precision has."""
WORDS = 2.0**31
"""Steps of the reach of 32 bits."""
EXACT = 2**24
"""Up to it single precision has all whole numbers."""


def remark(at) -> None:
    at.note(
        "the net is quantized: its integers cannot be trained; to train, convert the float net that it was made from"
    )


def reach(low, high):
    return ops.maximum(ops.absolute(low), ops.absolute(high))


def limits(low: float, high: float):
    """A range that is known."""
    return np.array([low], "float32"), np.array([high], "float32")


def calibrated(low: float | None, high: float | None):
    """The range that was recorded when the net was quantized, or None."""
    return None if low is None or high is None else limits(low, high)


def steps(dtype: str, low, high):
    """Steps of a unit."""
    return ops.divide(STEPS[dtype], reach(low, high))


def nearest(numbers, dtype: str):
    """The nearest whole numbers of a type; halves to the even one."""
    return ops.cast(ops.clip(ops.round(numbers), LOWEST[dtype], HIGHEST[dtype]), dtype)


def floats(tensor):
    return ops.cast(tensor, "float32")


def product_range(dtype: str, low, high, low_weight, high_weight):
    """The range of 32 bits for products of numbers of type `dtype` with weights of 8 bits."""
    one = divide_exact(reach(low, high), float(HIGHEST[dtype]))
    far = ops.multiply(ops.multiply(one, divide_exact(reach(low_weight, high_weight), 127.0)), WORDS)
    return ops.negative(far), far


def number(at, given):
    """A stored number as it is: it does not train."""
    if not isinstance(given, TrackedArray):
        return given
    at.discard(given)
    return given.value


def fixed(at, array):
    """A stored array as a tensor that does not train."""
    return floats(at.tensor(array.frozen() if isinstance(array, TrackedArray) else array))


def exact(weight: TrackedArray) -> str:
    """The type in which the sums of products of bytes with the rows of a weight are exact."""
    most = np.abs(weight.value.astype("int64")).reshape(len(weight.value), -1).sum(1).max(initial=0)
    return "float32" if 255 * most <= EXACT else "float64"


def convolved_bytes(at, data, weight: TrackedArray, groups: int, kernel, stride, dilate, pad):
    """A convolution whose sums are exact."""
    rank, dtype = len(kernel), exact(weight)
    stride, dilate = per_axis(at, "stride", stride, rank, 1), per_axis(at, "dilate", dilate, rank, 1)
    pad = per_axis(at, "pad", pad, rank, 0)
    data, padding = same_or_padded(at, ops.cast(data, dtype), kernel, stride, dilate, pad)
    return convolved(at, data, weight, None, groups, stride, dilate, padding, dtype=dtype)


def multiplied_bytes(at, data, weight: TrackedArray):
    """A dense layer whose sums are exact."""
    config = {"use_bias": False, "weights": {"kernel": at.kernel(weight)}, "dtype": exact(weight)}
    return at.layer(layers.Dense, len(weight.value), **config)(ops.cast(data, config["dtype"]))


def stored(at, weight, *shape: int | None) -> TrackedArray:
    """A weight of that shape, None for a length that is not known."""
    if not isinstance(weight, TrackedArray):
        raise at.error("weight must be stored in the parameter file, not computed")
    if weight.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, weight.shape, strict=True)):
        raise at.error(f"weight must have shape {shape}".replace("None", "?"), weight.shape)
    return weight.frozen()


def each(at, value, function):
    """A function of numbers, one by one, wherever the axes lie."""
    return at.ordered(function(value.to(value.order)), value.order)


def together(values):
    """The tensors of all values with their axes as those of the first, and the order of them."""
    order = values[0].order
    if isinstance(order, Flat) or any(v.rank != len(order) for v in values):
        order = natural(values[0].rank)
    return [v.to(order) for v in values], order


def type_of(at, name: str, tensor, *kinds: str) -> str:
    if kind(tensor) not in kinds:
        raise at.error(f"{name} must be {' or '.join(kinds)}", kind(tensor))
    return kind(tensor)
