"""Ops of MXNet's numpy front end that are more than another name: comparisons give booleans, division of whole
numbers gives fractions."""

import numpy as np

from ..attributes import Ints
from ..layout import along, anywhere
from ..lazy import layers, ops
from ..registry import translates

UNARY = {
    name: name
    for name in (
        "absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh exp expm1 floor isfinite isinf isnan "
        "log log10 log1p log2 logical_not negative reciprocal sign sin sinh sqrt square tan tanh trunc"
    ).split()
} | {"abs": "absolute", "fix": "trunc"}

BINARY = {
    **{
        name: name
        for name in ("add subtract multiply mod power equal not_equal less less_equal greater greater_equal").split()
    },
    "true_divide": "divide",
}


def _copysign(size, sign):
    """Minus zero is negative."""
    below = ops.where(ops.equal(sign, 0), ops.reciprocal(sign), sign)
    size = ops.absolute(size)
    return ops.where(ops.less(below, 0), ops.negative(size), size)


def _ldexp(number, power):
    return ops.multiply(number, ops.power(2.0, power))


def _function(name):
    return lambda *tensors: getattr(ops, name)(*tensors)


def _unary(name, function):
    @translates(f"_npi_{name}", layout=anywhere)
    def translate(at, x):
        return function(x)


def _binary(name, function):
    @translates(f"_npi_{name}", layout=anywhere)
    def translate(at, lhs, rhs):
        return function(lhs, rhs)


def _two(name, function):
    """As `_binary`, for the ops that call their inputs x1 and x2."""

    @translates(f"_npi_{name}", layout=anywhere)
    def translate(at, x1, x2):
        return function(x1, x2)


def _scalar(name, function, turned):
    @translates(f"_npi_{'r' if turned else ''}{name}_scalar", layout=anywhere)
    def translate(at, data, *, scalar: float = 1.0, is_int: bool = True):
        number = int(scalar) if is_int and "int" in str(data.dtype) else scalar
        return function(number, data) if turned else function(data, number)


for _name, _op in UNARY.items():
    _unary(_name, _function(_op))
for _name, _op in BINARY.items():
    _binary(_name, _function(_op))
    _scalar(_name, _function(_op), False)
    if _name in ("subtract", "mod", "power", "true_divide"):
        _scalar(_name, _function(_op), True)
for _name, _op in (("copysign", _copysign), ("ldexp", _ldexp)):
    _binary(_name, _op)
    _scalar(_name, _op, False)
    _scalar(_name, _op, True)
_two("hypot", _function("hypot"))
_two("arctan2", _function("arctan2"))
_scalar("arctan2", _function("arctan2"), False)
_scalar("arctan2", _function("arctan2"), True)


def _whole(x):
    """Inputs are read as float32 where the file names no type."""
    return x if "int" in str(x.dtype) or str(x.dtype) == "bool" else ops.cast(x, "int32")


def _bits(name):
    _binary(name, lambda lhs, rhs: getattr(ops, name)(_whole(lhs), _whole(rhs)))

    @translates(f"_npi_{name}_scalar", layout=anywhere, ignores="is_int")
    def translate(at, data, *, scalar: float = 1.0):
        data = _whole(data)
        return getattr(ops, name)(data, ops.cast(int(scalar), data.dtype))


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    _bits(_name)
_unary("bitwise_not", lambda x: ops.bitwise_not(_whole(x)))
_unary("isposinf", lambda x: ops.equal(x, float("inf")))
_unary("isneginf", lambda x: ops.equal(x, float("-inf")))


@translates("_npi_around", layout=anywhere)
def around(at, x, *, decimals: int = 0):
    """Halves to the even neighbour."""
    return ops.divide(ops.round(ops.multiply(x, 10.0**decimals)), 10.0**decimals) if decimals else ops.round(x)


@translates("_npi_nan_to_num", layout=anywhere, ignores="copy")
def nan_to_num(at, data, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None):
    """An infinity becomes the largest number of the type where no other is given."""
    largest = float(np.finfo(str(data.dtype)).max)
    out = ops.where(ops.isnan(data), nan, data)
    out = ops.where(ops.equal(data, float("inf")), largest if posinf is None else posinf, out)
    return ops.where(ops.equal(data, float("-inf")), -largest if neginf is None else neginf, out)


@translates("_npi_rint", layout=anywhere)
def rint(at, x):
    """Halves down."""
    return ops.ceil(ops.subtract(x, 0.5))


@translates("_npx_relu", layout=anywhere)
def relu(at, data):
    return at.layer(layers.ReLU)(data)


@translates("_npx_sigmoid", layout=anywhere)
def sigmoid(at, data):
    return at.layer(layers.Activation, "sigmoid")(data)


@translates("_npi_concatenate", layout=along("axis"), ignores="dim")
def concatenate(at, *data, axis: int | None = 0):
    if axis is None:
        data, axis = [ops.reshape(x, (-1,)) for x in data], 0
    return ops.concatenate(list(data), axis)


@translates("_npi_stack")
def stack(at, *data, axis: int = 0):
    return ops.stack(list(data), axis)


@translates("_np_transpose")
def transpose(at, a, *, axes: Ints | None = None):
    return ops.transpose(a, axes or None)


@translates("_np_squeeze")
def squeeze(at, a, *, axis: Ints | None = None):
    return ops.squeeze(a, axis)


@translates("_np_dot")
def dot(at, a, b):
    return ops.dot(a, b)


@translates("_npi_matmul")
def matmul(at, a, b):
    return ops.matmul(a, b)


@translates("_npi_where")
def where(at, condition, x, y):
    return ops.where(ops.not_equal(condition, 0), x, y)


@translates("_npi_where_lscalar")
def where_lscalar(at, condition, x, *, scalar: float = 0.0):
    """The number where the condition holds."""
    return ops.where(ops.not_equal(condition, 0), ops.cast(scalar, x.dtype), x)


@translates("_npi_where_rscalar")
def where_rscalar(at, condition, y, *, scalar: float = 0.0):
    """The number where the condition does not hold."""
    return ops.where(ops.not_equal(condition, 0), y, ops.cast(scalar, y.dtype))


@translates("_npi_where_scalar2", layout=anywhere)
def where_scalar2(at, condition, *, x: float = 0.0, y: float = 0.0):
    return ops.where(ops.not_equal(condition, 0), x, y)


@translates("_npi_polyval")
def polyval(at, p, x):
    """The highest power first."""
    total = ops.zeros_like(x)
    for n in range(p.shape[0]):
        total = ops.add(ops.multiply(total, x), p[n])
    return total
