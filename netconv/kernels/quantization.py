"""Quantization to 8 bit integers, as MXNet computes it on a CPU with oneDNN. Knows no op.

A quantized tensor comes with its range, two tensors of shape (1,), of which only the larger absolute value is used.
Everything is computed in single precision and in MXNet's order, and TensorFlow is kept from rearranging it
(`rounding.divide_exact`), so that all integers are rounded as MXNet rounds them.
"""

from __future__ import annotations

import numpy as np

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from .convolution import convolve, per_axis, same_or_padded
from .layout import Flat, natural
from .rounding import divide_exact, dtype_of

STEPS = {"int8": 127.5, "uint8": 255.5}
"""Into how many steps the absolute maximum of a range is divided."""
LOWEST = {"int8": -128, "uint8": 0, "int32": -(2**31)}
HIGHEST = {"int8": 127, "uint8": 255, "int32": 2**31 - 128}
"""That of int32 is the largest that single precision can represent."""
INT32_STEPS = 2.0**31
"""Into how many steps the absolute maximum of a range is divided for int32."""
LARGEST_EXACT_INTEGER = 2**24
"""Single precision represents all integers up to this one."""


def note_quantized(at) -> None:
    """Notes for the user that a quantized net cannot be trained."""
    at.note(
        "the net is quantized: its integers cannot be trained; to train, convert the float net that it was made from"
    )


def absolute_max(low, high):
    """The largest absolute value of a range."""
    return ops.maximum(ops.absolute(low), ops.absolute(high))


def constant_range(low: float, high: float):
    """A range of two numbers."""
    return np.array([low], "float32"), np.array([high], "float32")


def calibrated_range(low: float | None, high: float | None):
    """The range that was recorded when the net was calibrated, or None."""
    return None if low is None or high is None else constant_range(low, high)


def quantization_scale(dtype: str, low, high):
    """The factor from floats to integers of a type."""
    return ops.divide(STEPS[dtype], absolute_max(low, high))


def saturating_round(numbers, dtype: str):
    """The nearest integers of a type, halves to even, clipped to its limits."""
    return ops.cast(ops.clip(ops.round(numbers), LOWEST[dtype], HIGHEST[dtype]), dtype)


def to_float32(tensor):
    return ops.cast(tensor, "float32")


def product_range(dtype: str, low, high, low_weight, high_weight):
    """The range of int32 for products of integers of type `dtype` and int8 weights."""
    one = divide_exact(absolute_max(low, high), float(HIGHEST[dtype]))
    far = ops.multiply(ops.multiply(one, divide_exact(absolute_max(low_weight, high_weight), 127.0)), INT32_STEPS)
    return ops.negative(far), far


def constant_value(at, given):
    """The value of a stored number, which does not train; a tensor as it is."""
    if not isinstance(given, TrackedArray):
        return given
    at.discard(given)
    return given.value


def frozen_tensor(at, array):
    """A stored array as a tensor that does not train."""
    return to_float32(at.tensor(array.frozen() if isinstance(array, TrackedArray) else array))


def exact_dtype(weight: TrackedArray) -> str:
    """The type in which sums of products of bytes and rows of a weight are exact."""
    most = np.abs(weight.value.astype("int64")).reshape(len(weight.value), -1).sum(1).max(initial=0)
    return "float32" if 255 * most <= LARGEST_EXACT_INTEGER else "float64"


def exact_convolution(at, data, weight: TrackedArray, groups: int, kernel, stride, dilate, pad):
    """A convolution of bytes whose sums are exact."""
    rank, dtype = len(kernel), exact_dtype(weight)
    stride, dilate = per_axis(at, "stride", stride, rank, 1), per_axis(at, "dilate", dilate, rank, 1)
    pad = per_axis(at, "pad", pad, rank, 0)
    data, padding = same_or_padded(at, ops.cast(data, dtype), kernel, stride, dilate, pad)
    return convolve(at, data, weight, None, groups, stride, dilate, padding, dtype=dtype)


def exact_dense(at, data, weight: TrackedArray):
    """A dense layer for bytes whose sums are exact."""
    config = {"use_bias": False, "weights": {"kernel": at.kernel(weight)}, "dtype": exact_dtype(weight)}
    return at.layer(layers.Dense, len(weight.value), **config)(ops.cast(data, config["dtype"]))


def stored_weight(at, weight, *shape: int | None) -> TrackedArray:
    """The stored array of a weight, frozen. None in `shape` is any length. Raises NodeError for another shape."""
    if not isinstance(weight, TrackedArray):
        raise at.error("weight must be stored in the parameter file, not computed")
    if weight.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, weight.shape, strict=True)):
        raise at.error(f"weight must have shape {shape}".replace("None", "?"), weight.shape)
    return weight.frozen()


def map_elements(at, value, function):
    """Applies an elementwise function in the axis order of a value."""
    return at.ordered(function(value.to(value.order)), value.order)


def in_common_order(values):
    """The tensors of all values in the axis order of the first, and this order."""
    order = values[0].order
    if isinstance(order, Flat) or any(v.rank != len(order) for v in values):
        order = natural(values[0].rank)
    return [v.to(order) for v in values], order


def check_dtype(at, name: str, tensor, *dtypes: str) -> str:
    """The dtype of a tensor. Raises NodeError if it is not one of `dtypes`."""
    if dtype_of(tensor) not in dtypes:
        raise at.error(f"{name} must be {' or '.join(dtypes)}", dtype_of(tensor))
    return dtype_of(tensor)
