"""Elementwise ops of MXNet's numpy front end that differ from the other ones: comparisons return booleans, division of
integers returns floats."""

import numpy as np

from ..graph.partial_shape import merge
from ..keras_api.lazy import ops
from ..kernels.elementwise import arccosh, cbrt, copysign, hypot, mod, power, sign
from ..kernels.fusion_safe import tanh
from ..kernels.layout import anywhere
from ..kernels.rounding import (
    c_cast,
    divide,
    divide_exact,
    dtype_of,
    in_operand_dtype,
    is_integer,
    promote,
    round_half_down,
    subtract,
)
from .registry import translates

UNARY = {
    name: name
    for name in (
        "arccos arcsin arcsinh arctan arctanh cos cosh exp expm1 log log10 log1p log2 negative reciprocal sin sinh "
        "sqrt tan"
    ).split()
}
"""These truncate results to the type of integer data, as MXNet does."""
PLAIN = {name: name for name in "absolute logical_not square".split()} | {"abs": "absolute"}
ROUNDED = {"ceil": "ceil", "floor": "floor", "trunc": "trunc", "fix": "trunc"}
EXACT = frozenset({"absolute", "abs", "negative", "square", "sqrt", "add", "subtract", "multiply"})
STEPS = frozenset({*ROUNDED, "sign", "mod"})
COMPARISONS = "equal not_equal less less_equal greater greater_equal".split()


def _ldexp(number, power):
    return ops.multiply(number, ops.power(2.0, power))


def _function(name):
    return lambda *tensors: getattr(ops, name)(*tensors)


def _arithmetic(name):
    """For booleans, the sum is a logical or, the product a logical and."""
    truth = {"add": "logical_or", "multiply": "logical_and"}.get(name, name)

    def compute(lhs, rhs):
        both = all(dtype_of(x) == "bool" for x in (lhs, rhs) if hasattr(x, "dtype"))
        return getattr(ops, truth if both else name)(lhs, rhs)

    return compute


def _rounded(name):
    return lambda x: x if is_integer(x) else getattr(ops, name)(x)


def _finiteness(name):
    """All integers are finite; Keras needs a known shape for these ops."""

    def compute(x):
        if is_integer(x):
            return ops.equal(x, x) if name == "isfinite" else ops.not_equal(x, x)
        return getattr(ops, name)(x)

    return compute


def _traits(name: str) -> dict[str, bool]:
    return {"exact": name in EXACT, "discontinuous": name in STEPS or name in COMPARISONS}


def _unary(name, function):
    @translates(f"_npi_{name}", layout=anywhere, **_traits(name))
    def translate(at, x):
        return function(x)


def _binary(name, function):
    @translates(f"_npi_{name}", layout=anywhere, **_traits(name))
    def translate(at, lhs, rhs):
        return function(lhs, rhs)


def _binary_x1_x2(name, function):
    """As `_binary`, for ops whose inputs are named x1 and x2."""

    @translates(f"_npi_{name}", layout=anywhere, **_traits(name))
    def translate(at, x1, x2):
        return function(x1, x2)


def _scalar(name, function, turned):
    @translates(f"_npi_{'r' if turned else ''}{name}_scalar", layout=anywhere, **_traits(name))
    def translate(at, data, *, scalar: float = 1.0, is_int: bool = True):
        operands = promote(data, scalar, is_int)
        return function(*reversed(operands)) if turned else function(*operands)


def _as_numbers(x):
    return ops.cast(x, "int32") if dtype_of(x) == "bool" else x


def _comparison(name):
    """Compares booleans as 0 and 1; a scalar is first converted to a boolean."""
    _binary(name, lambda lhs, rhs: getattr(ops, name)(_as_numbers(lhs), _as_numbers(rhs)))

    @translates(f"_npi_{name}_scalar", layout=anywhere, **_traits(name))
    def translate(at, data, *, scalar: float = 1.0, is_int: bool = True):
        if dtype_of(data) == "bool":
            return getattr(ops, name)(_as_numbers(data), int(bool(scalar)))
        return getattr(ops, name)(*promote(data, scalar, is_int))


for _name, _op in UNARY.items():
    _unary(_name, in_operand_dtype(_function(_op), nudged=_op in ("log2", "log10")))
_unary("arccosh", in_operand_dtype(arccosh))


@translates("_npi_tanh", layout=anywhere)
def tanh_(at, x):
    return in_operand_dtype(tanh(at, ops.tanh))(x)


_unary("sign", sign)
_unary("cbrt", in_operand_dtype(cbrt, nudged=True))
for _name, _op in PLAIN.items():
    _unary(_name, _function(_op))
for _name, _op in ROUNDED.items():
    _unary(_name, _rounded(_op))
for _name in COMPARISONS:
    _comparison(_name)
for _name, _compute, _turned in (
    ("add", _arithmetic("add"), False),
    ("subtract", subtract, True),
    ("multiply", _arithmetic("multiply"), False),
    ("mod", mod, True),
    ("power", in_operand_dtype(power, nudged=True), True),
    ("copysign", copysign, True),
    ("ldexp", in_operand_dtype(_ldexp), True),
):
    _binary(_name, _compute)
    _scalar(_name, _compute, False)
    if _turned:
        _scalar(_name, _compute, True)
_binary_x1_x2("hypot", hypot)
_binary_x1_x2("arctan2", _function("arctan2"))
_scalar("arctan2", in_operand_dtype(_function("arctan2")), False)
_scalar("arctan2", in_operand_dtype(_function("arctan2")), True)


def _as_float(x):
    """Integers are divided as float32."""
    return ops.cast(x, "float32") if hasattr(x, "dtype") and is_integer(x) else x


def _quotient(at, lhs, rhs):
    lhs, rhs = _as_float(lhs), _as_float(rhs)
    return divide(at, lhs, rhs)(lhs, rhs)


@translates("_npi_true_divide", layout=anywhere, exact=True)
def true_divide(at, lhs, rhs):
    return _quotient(at, lhs, rhs)


@translates("_npi_true_divide_scalar", layout=anywhere, ignores="is_int", exact=True)
def true_divide_scalar(at, data, *, scalar: float = 1.0):
    return _quotient(at, data, scalar)


@translates("_npi_rtrue_divide_scalar", layout=anywhere, ignores="is_int", exact=True)
def rtrue_divide_scalar(at, data, *, scalar: float = 1.0):
    return _quotient(at, scalar, data)


def _as_integers(x):
    """The integers, cast if the file has no type for the input, which is read as float32 then."""
    return x if is_integer(x) else ops.cast(x, "int32")


def _bitwise(name):
    def compute(lhs, rhs):
        lhs, rhs = _as_integers(lhs), _as_integers(rhs)
        if lhs.shape != rhs.shape:  # Keras's ops do not broadcast
            lhs, rhs = (ops.where(ops.equal(y, y), x, x) for x, y in ((lhs, rhs), (rhs, lhs)))
        logical = dtype_of(lhs) == dtype_of(rhs) == "bool"
        return getattr(ops, name.replace("bitwise", "logical") if logical else name)(lhs, rhs)

    _binary(name, compute)

    @translates(f"_npi_{name}_scalar", layout=anywhere, ignores="is_int")
    def translate(at, data, *, scalar: float = 1.0):
        data = _as_integers(data)
        if dtype_of(data) == "bool":
            return getattr(ops, name.replace("bitwise", "logical"))(data, bool(scalar))
        return getattr(ops, name)(data, ops.cast(int(scalar), data.dtype))


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    _bitwise(_name)
_unary("bitwise_not", lambda x: ops.logical_not(x) if dtype_of(x) == "bool" else ops.bitwise_not(_as_integers(x)))
for _name in ("isfinite", "isinf", "isnan"):
    _unary(_name, _finiteness(_name))
_unary("isposinf", lambda x: ops.equal(x, float("inf")))
_unary("isneginf", lambda x: ops.equal(x, float("-inf")))


@translates("_npi_around", layout=anywhere, discontinuous=True)
def around(at, x, *, decimals: int = 0):
    """Rounds halves to even."""
    if is_integer(x):
        power = 10 ** max(0, -decimals)
        return (
            ops.multiply(c_cast(divide_exact(ops.cast(x, "float64"), float(power)), dtype_of(x)), power)
            if decimals < 0
            else x
        )
    return ops.divide(ops.round(ops.multiply(x, 10.0**decimals)), 10.0**decimals) if decimals else ops.round(x)


@translates("_npi_nan_to_num", layout=anywhere, ignores="copy")
def nan_to_num(at, data, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None):
    """Infinities become the largest number of the type unless another one is given."""
    if is_integer(data):
        return data
    largest = float(np.finfo(str(data.dtype)).max)
    out = ops.where(ops.isnan(data), nan, data)
    out = ops.where(ops.equal(data, float("inf")), largest if posinf is None else posinf, out)
    return ops.where(ops.equal(data, float("-inf")), -largest if neginf is None else neginf, out)


@translates("_npi_rint", layout=anywhere, discontinuous=True)
def rint(at, x):
    """Rounds halves down."""
    return x if is_integer(x) else round_half_down(x)


@translates("_npi_where", layout=anywhere, exact=True)
def where(at, condition, x, y):
    return ops.where(ops.not_equal(condition, 0), x, y)


@translates("_npi_where_lscalar", layout=anywhere, exact=True)
def where_lscalar(at, condition, x, *, scalar: float = 0.0):
    """The scalar where the condition is true."""
    return ops.where(ops.not_equal(condition, 0), ops.cast(scalar, x.dtype), x)


@translates("_npi_where_rscalar", layout=anywhere, exact=True)
def where_rscalar(at, condition, y, *, scalar: float = 0.0):
    """The scalar where the condition is false."""
    return ops.where(ops.not_equal(condition, 0), y, ops.cast(scalar, y.dtype))


@translates("_npi_where_scalar2", layout=anywhere)
def where_scalar2(at, condition, *, x: float = 0.0, y: float = 0.0):
    return ops.where(ops.not_equal(condition, 0), x, y)


def _polyval_shape(a, ins, outs):
    shape = merge(ins[1], outs[0])
    return [ins[0], shape], [shape]


@translates("_npi_polyval", shape=_polyval_shape)
def polyval(at, p, x):
    """The coefficient of the highest power comes first."""
    if p.shape[0] is None:
        raise at.open("the number of coefficients is not known", tuple(p.shape))
    total = ops.zeros_like(x)
    for n in range(p.shape[0]):
        total = ops.add(ops.multiply(total, x), p[n])
    return total


def _require_integers(at, data):
    if not is_integer(data) or dtype_of(data) == "bool":
        raise at.error("data must be integers", dtype_of(data))


@translates("_npi_lcm", layout=anywhere)
def lcm(at, lhs, rhs):
    """Keras broadcasts both inputs to one shape, which must be known when TensorFlow compiles it."""
    if None in (*lhs.shape, *rhs.shape):
        raise at.error("needs known sizes; give the inputs' shapes", (tuple(lhs.shape), tuple(rhs.shape)))
    _require_integers(at, lhs)
    return ops.lcm(lhs, rhs)


@translates("_npi_lcm_scalar", layout=anywhere, ignores="is_int")
def lcm_scalar(at, data, *, scalar: float = 1.0):
    """Uses Euclid's algorithm. The scalar bounds the number of its steps, which is largest for Fibonacci numbers."""
    _require_integers(at, data)
    number = np.abs(np.array(int(scalar)).astype(dtype_of(data)))
    size = data if dtype_of(data).startswith("u") else ops.absolute(data)
    if number == 0:
        return ops.zeros_like(data)
    divisor, rest, (small, large) = ops.full_like(data, number), ops.mod(size, number), (1, 1)
    while small <= int(number):
        last = ops.equal(rest, 0)
        divisor, rest = ops.where(last, divisor, rest), ops.where(last, rest, ops.mod(divisor, ops.maximum(rest, 1)))
        small, large = large, small + large
    return ops.multiply(size, ops.floor_divide(number, divisor))
