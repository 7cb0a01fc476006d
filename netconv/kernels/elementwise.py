"""Elementwise functions that Keras lacks, or whose values or gradients differ from MXNet's. Knows no op of MXNet."""

from __future__ import annotations

import math

from ..keras_api.lazy import ops


def cbrt(x):
    """The cube root, also of negative numbers and -0; its gradient at 0 is infinite."""
    side = ops.where(ops.signbit(x), -1.0, 1.0)
    side = ops.cast(side, x.dtype)
    return ops.multiply(side, ops.power(ops.multiply(side, x), 1 / 3))


def gelu(x):
    """x Φ(x) with the normal distribution's Φ (Hendrycks, Gimpel 2016), in operations that ONNX has."""
    return ops.multiply(ops.multiply(0.5, x), ops.add(ops.erf(ops.divide(x, math.sqrt(2))), 1))


def arccosh(x):
    """The gradient is 1 / sqrt(x^2 - 1) below -1 too, where the value is NaN."""
    side = ops.cast(ops.where(ops.less(x, 0), -1.0, 1.0), x.dtype)
    undefined = ops.cast(ops.where(ops.less(x, 1), float("nan"), 0.0), x.dtype)
    return ops.add(ops.multiply(side, ops.arccosh(ops.absolute(x))), undefined)


def mod(lhs, rhs):
    """The remainder, with the sign of the divisor; 0 where the divisor is 0."""
    if not hasattr(rhs, "shape"):
        return ops.mod(lhs, ops.cast(rhs, lhs.dtype)) if rhs else ops.zeros_like(lhs)
    if not hasattr(lhs, "shape"):
        lhs = ops.cast(lhs, rhs.dtype)
    is_zero = ops.equal(rhs, 0)
    remainder = ops.mod(lhs, ops.where(is_zero, ops.ones_like(rhs), rhs))
    return ops.where(is_zero, ops.zeros_like(remainder), remainder)


def hypot(lhs, rhs):
    """Computed from both sides divided by the longer one, whose squares do not overflow; infinite where a side is."""
    lhs, rhs = (x if hasattr(x, "shape") else ops.full_like(y, x) for x, y in ((lhs, rhs), (rhs, lhs)))
    longer = ops.stop_gradient(ops.maximum(ops.absolute(lhs), ops.absolute(rhs)))
    longer = ops.where(ops.logical_or(ops.equal(longer, 0), ops.isinf(longer)), ops.ones_like(longer), longer)
    squares = ops.add(ops.square(ops.divide(lhs, longer)), ops.square(ops.divide(rhs, longer)))
    infinite = ops.logical_or(ops.isinf(lhs), ops.isinf(rhs))
    return ops.where(infinite, float("inf"), ops.multiply(longer, ops.sqrt(squares)))


def power(base, exponent):
    """TensorFlow compiles a constant power of 1/2 into a square root, which is NaN for -infinity; so the exponent is
    made to depend on the data."""
    if not hasattr(exponent, "shape") and abs(exponent) == 0.5:
        exponent = ops.add(ops.stop_gradient(ops.minimum(ops.absolute(base), 0)), exponent)
    return ops.power(base, exponent)


def sign(x):
    """The sign; 0 for NaN."""
    return ops.subtract(ops.cast(ops.greater(x, 0), x.dtype), ops.cast(ops.less(x, 0), x.dtype))


def copysign(size, sign):
    """-0 counts as positive, NaN as neither positive nor negative."""
    size = size if hasattr(size, "shape") else ops.cast(size, sign.dtype)
    if str(size.dtype).startswith("uint"):
        return ops.add(size, ops.zeros_like(sign)) if hasattr(sign, "shape") else size
    positive = ops.logical_and(ops.greater_equal(size, 0), ops.greater_equal(sign, 0))
    negative = ops.logical_and(ops.less(size, 0), ops.less(sign, 0))
    return ops.where(ops.logical_or(positive, negative), size, ops.negative(size))
