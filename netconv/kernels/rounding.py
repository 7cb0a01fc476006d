"""How MXNet rounds: halves, quotients, and what is no number of its type."""

from __future__ import annotations

import numpy as np

from ..keras_api.lazy import ops


def kind(tensor) -> str:
    return str(tensor.dtype)


def is_integer(tensor) -> bool:
    """Whether the type has no fractions."""
    return "float" not in kind(tensor)


def away_from_zero(x):
    """Halves away from zero, as C rounds."""
    return ops.multiply(ops.sign(x), ops.floor(ops.add(ops.absolute(x), 0.5)))


def round_half_down(x):
    """Halves down."""
    return ops.ceil(ops.subtract(x, 0.5))


def divide_exact(x, divisor):
    """x / divisor for a divisor that is known, rounded once.

    TensorFlow compiles a division by a number it knows into a product with the reciprocal, which can differ in the last
    bit: 41 / 41 is less than 1. So the divisor hangs on the data.
    """
    size = ops.absolute(divisor)
    quotient = ops.divide(x, ops.minimum(size, ops.add(ops.absolute(x), size)))
    if hasattr(divisor, "shape"):
        return ops.where(ops.less(divisor, 0), ops.negative(quotient), quotient)
    return ops.negative(quotient) if divisor < 0 else quotient


def divide(at, dividend, divisor):
    """The function that divides as MXNet does: rounded once where the divisor is known and the last bit counts, as it
    does where whole numbers are cut."""
    cuts = hasattr(dividend, "dtype") and is_integer(dividend)
    return divide_exact if at.constant(divisor) and (at.last_bit or cuts) else ops.divide


def c_cast(tensor, dtype: str):
    """A number as one of another type, as C makes it: towards zero, and a byte has the last eight bits."""
    if kind(tensor) == dtype:
        return tensor
    if dtype in ("int8", "uint8") and "float" in kind(tensor):
        tensor = ops.cast(tensor, "int32")
    return ops.cast(tensor, dtype)


NUDGE = 1 + 1e-12
"""What keeps a cube root or a logarithm that is a whole number from being cut to the one below."""


def typed(function, nudged: bool = False):
    """A function whose result has the type of its operands: MXNet computes it of whole numbers in double precision and
    cuts what comes out. `nudged` says that C's function is exact where Keras's is not."""

    def compute(*operands):
        kinds = {kind(x) for x in operands if hasattr(x, "dtype")}
        if len(kinds) > 1:
            return function(*operands)
        (dtype,) = kinds
        if "float" in dtype:
            return c_cast(function(*operands), dtype)
        operands = [ops.cast(x, "float64") if hasattr(x, "dtype") else x for x in operands]
        out = function(*operands)
        return c_cast(ops.multiply(out, NUDGE) if nudged else out, dtype)

    return compute


def subtract(lhs, rhs):
    """lhs - rhs. Of 0 less bytes TensorFlow makes their negative when it compiles, which it has not."""
    nothing = not hasattr(lhs, "shape") and lhs == 0 and is_integer(rhs)
    return typed(ops.negative)(rhs) if nothing else ops.subtract(lhs, rhs)


def c_cast_number(number, dtype: str) -> np.ndarray:
    """As `c_cast`, of numbers that are known."""
    number = np.asarray(number, "float64")
    return number.astype("int32").astype(dtype) if dtype in ("int8", "uint8") else number.astype(dtype)


def promote(data, scalar: float, is_int: bool):
    """Data and scalar in one type: beside whole numbers the scalar is cut to one, unless it is said that it is none;
    then both are fractions. Booleans count as 0 and 1."""
    if not is_integer(data):
        return data, scalar
    if not is_int:
        return ops.cast(data, "float64"), scalar
    if kind(data) == "bool":
        data = ops.cast(data, "int64")
    return data, int(c_cast_number(scalar, kind(data)))
