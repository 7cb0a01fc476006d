"""Ops of MXNet's numpy front end that are more than another name: comparisons give booleans, division of whole numbers
gives fractions, and reducing everything leaves no axis."""

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
        for name in (
            "add subtract multiply mod power hypot arctan2 equal not_equal less less_equal greater greater_equal"
        ).split()
    },
    "true_divide": "divide",
}


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


def _scalar(name, function, turned):
    @translates(f"_npi_{'r' if turned else ''}{name}_scalar", layout=anywhere)
    def translate(at, data, *, scalar: float = 1.0, is_int: bool = True):
        number = int(scalar) if is_int and "int" in str(data.dtype) else scalar
        return function(number, data) if turned else function(data, number)


for _name, _op in UNARY.items():
    _unary(_name, _function(_op))
for _name, _op in BINARY.items():
    _binary(_name, _function(_op))
    if _name != "hypot":
        _scalar(_name, _function(_op), False)
    if _name in ("subtract", "mod", "power", "true_divide"):
        _scalar(_name, _function(_op), True)


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


@translates("_np_transpose", "_npi_transpose")
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


def _reduction(name, function):
    @translates(name)
    def translate(at, a, *, axis: Ints | None = None, keepdims: bool = False, dtype: str | None = None):
        out = getattr(ops, function)(a, axis=axis, keepdims=keepdims)
        return ops.cast(out, dtype) if dtype not in (None, "None") else out


for _name in ("_np_sum", "_np_prod", "_npi_mean", "_np_max", "_np_min"):
    _reduction(_name, _name.rpartition("_")[2])
