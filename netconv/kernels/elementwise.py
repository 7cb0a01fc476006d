"""Functions element by element where Keras has none, or one with another value or gradient somewhere than MXNet."""

from __future__ import annotations

from ..keras_api.lazy import ops


def cbrt(x):
    """The cube root, of negative numbers and -0 too; its slope at 0 is infinite."""
    side = ops.where(ops.signbit(x), -1.0, 1.0)
    side = ops.cast(side, x.dtype)
    return ops.multiply(side, ops.power(ops.multiply(side, x), 1 / 3))


def arccosh(x):
    """The slope is 1 / sqrt(x^2 - 1) below -1 too, where the function has no value."""
    side = ops.cast(ops.where(ops.less(x, 0), -1.0, 1.0), x.dtype)
    nowhere = ops.cast(ops.where(ops.less(x, 1), float("nan"), 0.0), x.dtype)
    return ops.add(ops.multiply(side, ops.arccosh(ops.absolute(x))), nowhere)


def mod(lhs, rhs):
    """The rest, with the sign of the divisor; 0 where that is 0."""
    if not hasattr(rhs, "shape"):
        return ops.mod(lhs, ops.cast(rhs, lhs.dtype)) if rhs else ops.zeros_like(lhs)
    if not hasattr(lhs, "shape"):
        lhs = ops.cast(lhs, rhs.dtype)
    nought = ops.equal(rhs, 0)
    rest = ops.mod(lhs, ops.where(nought, ops.ones_like(rhs), rhs))
    return ops.where(nought, ops.zeros_like(rest), rest)


def hypot(lhs, rhs):
    """Of shares of the longer side, whose squares no type is too narrow for; infinite where one side is."""
    lhs, rhs = (x if hasattr(x, "shape") else ops.full_like(y, x) for x, y in ((lhs, rhs), (rhs, lhs)))
    longer = ops.stop_gradient(ops.maximum(ops.absolute(lhs), ops.absolute(rhs)))
    longer = ops.where(ops.logical_or(ops.equal(longer, 0), ops.isinf(longer)), ops.ones_like(longer), longer)
    shares = ops.add(ops.square(ops.divide(lhs, longer)), ops.square(ops.divide(rhs, longer)))
    endless = ops.logical_or(ops.isinf(lhs), ops.isinf(rhs))
    return ops.where(endless, float("inf"), ops.multiply(longer, ops.sqrt(shares)))


def power(base, exponent):
    """TensorFlow compiles a power of 1/2 that it knows into a root, which -infinity has none of; so the exponent hangs
    on the data."""
    if not hasattr(exponent, "shape") and abs(exponent) == 0.5:
        exponent = ops.add(ops.stop_gradient(ops.minimum(ops.absolute(base), 0)), exponent)
    return ops.power(base, exponent)


def sign(x):
    """0 of what is no number."""
    return ops.subtract(ops.cast(ops.greater(x, 0), x.dtype), ops.cast(ops.less(x, 0), x.dtype))


def copysign(size, sign):
    """-0 is not negative; what is no number is neither that nor positive."""
    size = size if hasattr(size, "shape") else ops.cast(size, sign.dtype)
    if str(size.dtype).startswith("uint"):
        return ops.add(size, ops.zeros_like(sign)) if hasattr(sign, "shape") else size
    positive = ops.logical_and(ops.greater_equal(size, 0), ops.greater_equal(sign, 0))
    negative = ops.logical_and(ops.less(size, 0), ops.less(sign, 0))
    return ops.where(ops.logical_or(positive, negative), size, ops.negative(size))
