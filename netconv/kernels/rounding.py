"""Rounding, division and casts of dtypes as MXNet does them. Knows no op of MXNet."""

from __future__ import annotations

import numpy as np

from ..keras_api.lazy import ops


def dtype_of(tensor) -> str:
    """The dtype by name."""
    return str(tensor.dtype)


def is_integer(tensor) -> bool:
    """Whether the dtype is not a float; booleans count as integers."""
    return "float" not in dtype_of(tensor)


def round_half_away(x):
    """Rounds halves away from zero, as C does."""
    return ops.multiply(ops.sign(x), ops.floor(ops.add(ops.absolute(x), 0.5)))


def round_half_down(x):
    """Rounds halves down."""
    return ops.ceil(ops.subtract(x, 0.5))


def divide_exact(x, divisor):
    """x / divisor for a constant divisor, rounded once.

    TensorFlow compiles a division by a constant into a product with the reciprocal, which can differ in the last bit:
    41 / 41 is less than 1. So the divisor is made to depend on the data.
    """
    size = ops.absolute(divisor)
    quotient = ops.divide(x, ops.minimum(size, ops.add(ops.absolute(x), size)))
    if hasattr(divisor, "shape"):
        return ops.where(ops.less(divisor, 0), ops.negative(quotient), quotient)
    return ops.negative(quotient) if divisor < 0 else quotient


def divide(at, dividend, divisor):
    """The function that divides as MXNet does: rounded once if the divisor is constant and the last bit matters, as it
    does where a quotient of integers is truncated."""
    truncates = hasattr(dividend, "dtype") and is_integer(dividend)
    return divide_exact if at.constant(divisor) and (at.is_rounding_sensitive or truncates) else ops.divide


def c_cast(tensor, dtype: str):
    """Casts to another dtype as C does: floats are truncated, and a byte keeps the lowest eight bits."""
    if dtype_of(tensor) == dtype:
        return tensor
    if dtype in ("int8", "uint8") and "float" in dtype_of(tensor):
        tensor = ops.cast(tensor, "int32")
    return ops.cast(tensor, dtype)


NUDGE = 1 + 1e-12
"""Keeps a cube root or a logarithm that should be an integer from being truncated to the integer below."""


def in_operand_dtype(function, nudged: bool = False):
    """A function whose result has the dtype of its operands: for integers MXNet computes in double precision and
    truncates the result. `nudged` is for functions that are exact at integers in C and not in Keras."""

    def compute(*operands):
        dtypes = {dtype_of(x) for x in operands if hasattr(x, "dtype")}
        if len(dtypes) > 1:
            return function(*operands)
        (dtype,) = dtypes
        if "float" in dtype:
            return c_cast(function(*operands), dtype)
        operands = [ops.cast(x, "float64") if hasattr(x, "dtype") else x for x in operands]
        out = function(*operands)
        return c_cast(ops.multiply(out, NUDGE) if nudged else out, dtype)

    return compute


def subtract(lhs, rhs):
    """lhs - rhs. TensorFlow compiles 0 - x into -x, which it does not support for bytes."""
    negates = not hasattr(lhs, "shape") and lhs == 0 and is_integer(rhs)
    return in_operand_dtype(ops.negative)(rhs) if negates else ops.subtract(lhs, rhs)


def c_cast_number(number, dtype: str) -> np.ndarray:
    """`c_cast` of constants."""
    number = np.asarray(number, "float64")
    return number.astype("int32").astype(dtype) if dtype in ("int8", "uint8") else number.astype(dtype)


def promote(data, scalar: float, is_int: bool):
    """Data and scalar in one dtype: for integer data the scalar is truncated if `is_int`, otherwise both become
    float64. Booleans count as 0 and 1."""
    if not is_integer(data):
        return data, scalar
    if not is_int:
        return ops.cast(data, "float64"), scalar
    if dtype_of(data) == "bool":
        data = ops.cast(data, "int64")
    return data, int(c_cast_number(scalar, dtype_of(data)))
