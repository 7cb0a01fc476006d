"""Elementwise functions, arithmetic, and comparisons, which return 1.0 and 0.0 in the type of the data."""

import math
from typing import Literal

import numpy as np

from ..graph.partial_shape import merge
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.elementwise import arccosh, cbrt, hypot, mod, power, sign
from ..kernels.fusion_safe import may_be_multiples, negated_twice
from ..kernels.layout import anywhere, plain
from ..kernels.reshape import length
from ..kernels.rounding import (
    c_cast,
    divide,
    dtype_of,
    in_operand_dtype,
    is_integer,
    promote,
    round_half_away,
    round_half_down,
    subtract,
)
from .registry import translates
from .shape_rules import alike, as_first
from .traits import Keeps

# MXNet's name: name in keras.ops. Not the functions, so that this module does not import Keras.
UNARY = {
    "exp": "exp", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p", "expm1": "expm1",
    "sqrt": "sqrt", "rsqrt": "rsqrt", "square": "square", "abs": "absolute", "negative": "negative",
    "ceil": "ceil", "floor": "floor", "fix": "trunc", "trunc": "trunc", "reciprocal": "reciprocal",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan",
    "sinh": "sinh", "cosh": "cosh", "arcsinh": "arcsinh", "arctanh": "arctanh",
    "erfinv": "erfinv",
    "zeros_like": "zeros_like", "ones_like": "ones_like",
}  # fmt: skip


FOR_INTEGERS = frozenset({"square", "absolute", "zeros_like", "ones_like"})
"""Functions that Keras has for integers."""


EXACT = frozenset({"absolute", "negative", "square", "sqrt"})
STEPS = frozenset({"ceil", "floor", "trunc"})
LIKE = frozenset({"zeros_like", "ones_like"})


def _unary(name, function):
    @translates(
        name,
        layout=anywhere,
        ignores="dtype" if function in LIKE else "",
        exact=function in EXACT,
        discontinuous=function in STEPS,
        shape_only=0 if function in LIKE else None,
    )
    def translate(at, data):
        if function in STEPS and is_integer(data):
            return data
        compute = getattr(ops, function)
        return (
            compute(data)
            if function in FOR_INTEGERS
            else in_operand_dtype(compute, nudged=function in ("log2", "log10"))(data)
        )

    return translate


for _name, _function in UNARY.items():
    _unary(_name, _function)


@translates("sign", layout=anywhere, discontinuous=True)
def sign_(at, data):
    return sign(data)


@translates("round", layout=anywhere, discontinuous=True)
def round_(at, data):
    """Rounds halves away from zero."""
    return data if is_integer(data) else round_half_away(data)


@translates("rint", layout=anywhere, discontinuous=True)
def rint(at, data):
    """Rounds halves down."""
    return data if is_integer(data) else round_half_down(data)


@translates("erf", layout=anywhere)
def erf(at, data):
    """TensorFlow's erf of infinity is NaN in float64; and TensorFlow fuses erf after a dense layer into GELU if the
    constants differ by less than 0.01."""
    return in_operand_dtype(negated_twice(lambda x: ops.erf(ops.clip(x, -30, 30) if dtype_of(x) == "float64" else x)))(
        data
    )


@translates("degrees", layout=anywhere)
def degrees(at, data):
    return in_operand_dtype(ops.multiply)(data, 180 / math.pi)


@translates("radians", layout=anywhere)
def radians(at, data):
    return in_operand_dtype(ops.multiply)(data, math.pi / 180)


@translates("cbrt", layout=anywhere)
def cbrt_(at, data):
    return in_operand_dtype(cbrt, nudged=True)(data)


@translates("rcbrt", layout=anywhere)
def rcbrt(at, data):
    return in_operand_dtype(lambda x: ops.reciprocal(cbrt(x)), nudged=True)(data)


@translates("arccosh", layout=anywhere)
def arccosh_(at, data):
    return in_operand_dtype(arccosh)(data)


@translates("logical_not", layout=anywhere)
def logical_not(at, data):
    return ops.cast(ops.equal(data, 0), data.dtype)


@translates("BlockGrad", "stop_gradient", layout=anywhere, keeps=Keeps.ORDER)
def block_grad(at, data):
    return ops.stop_gradient(data)


@translates("_copy", "identity", layout=anywhere, keeps=Keeps.INPUT)
def copy(at, data):
    return data


@translates("_identity_with_attr_like_rhs", layout=anywhere, shape=as_first, keeps=Keeps.INPUT)
def identity_with_attr_like_rhs(at, lhs, _rhs):
    return lhs


@translates(
    "IdentityAttachKLSparseReg",
    layout=anywhere,
    ignores="sparseness_target penalty momentum",
    shape=as_first,
    keeps=Keeps.INPUT,
)
def identity_attach_kl_sparse_reg(at, data, moving_avg: TrackedArray | None = None):
    at.discard(moving_avg)
    at.note("the sparseness penalty of IdentityAttachKLSparseReg is left out: it acts on gradients only")
    return data


@translates("_contrib_gradientmultiplier", layout=anywhere, ignores="is_int", keeps=Keeps.ORDER)
def gradient_multiplier(at, data, *, scalar: float = 1.0):
    """Returns the data; their gradient is multiplied by `scalar`."""
    if is_integer(data):
        return data
    fixed = ops.stop_gradient(data)
    return ops.add(fixed, ops.multiply(ops.subtract(data, fixed), scalar))


Number = Literal["float32", "float64", "float16", "bfloat16", "uint8", "int8", "int32", "int64"]


def _to_integers(a) -> bool:
    return "float" not in a.dtype


@translates("Cast", "cast", layout=anywhere, keeps=Keeps.ORDER, discontinuous=_to_integers)
def cast(at, data, *, dtype: Number | Literal["bool"]):
    return c_cast(data, dtype)


@translates("amp_cast", layout=anywhere, keeps=Keeps.ORDER)
def amp_cast(at, data, *, dtype: Number):
    """Integers and float64 keep their type."""
    return data if is_integer(data) or dtype_of(data) == "float64" else c_cast(data, dtype)


@translates("clip", layout=anywhere, exact=True)
def clip(at, data, *, a_min: float, a_max: float):
    """If the bounds are in the wrong order, values above the upper bound are clipped first."""
    if is_integer(data):
        limits = np.iinfo(dtype_of(data))
        a_min, a_max = (int(max(limits.min, min(limits.max, bound))) for bound in (a_min, a_max))
    if a_min > a_max:
        return ops.where(ops.greater(data, a_max), ops.full_like(data, a_max), ops.full_like(data, a_min))
    return ops.clip(data, a_min, a_max)


@translates("smooth_l1", layout=anywhere)
def smooth_l1(at, data, *, scalar: float = 1.0):
    """0.5 (s x)^2 where |x| < 1 / s^2, |x| - 0.5 / s^2 elsewhere."""
    if is_integer(data):
        return in_operand_dtype(lambda x: smooth_l1(at, x, scalar=float(int(scalar))))(data)
    s2 = scalar * scalar
    near = ops.multiply(ops.square(data), 0.5 * s2)
    if not s2:
        return near
    size = ops.absolute(data)
    return ops.where(ops.less(size, 1 / s2), near, ops.subtract(size, 0.5 / s2))


@translates("_contrib_quadratic", layout=anywhere)
def quadratic(at, data, *, a: float = 0.0, b: float = 0.0, c: float = 0.0):
    return in_operand_dtype(lambda x: ops.add(ops.multiply(x, ops.add(ops.multiply(x, a), b)), c))(data)


@translates("_contrib_div_sqrt_dim", shape=as_first)
def div_sqrt_dim(at, data):
    root = ops.sqrt(ops.cast(length(data, -1), "float64" if is_integer(data) else data.dtype))
    if is_integer(data):
        return c_cast(ops.divide(ops.cast(data, "float64"), ops.floor(root)), dtype_of(data))
    return ops.divide(data, root)


def _compare(function):
    def compare(lhs, rhs):
        dtype = lhs.dtype if hasattr(lhs, "shape") else rhs.dtype
        return ops.cast(getattr(ops, function)(lhs, rhs), dtype)

    return compare


def _logical(function):
    def compare(lhs, rhs):
        dtype = lhs.dtype if hasattr(lhs, "shape") else rhs.dtype
        return ops.cast(getattr(ops, function)(ops.not_equal(lhs, 0), ops.not_equal(rhs, 0)), dtype)

    return compare


def _keras_function(function):
    return lambda lhs, rhs: getattr(ops, function)(lhs, rhs)


IS_EXACT, IN_STEPS, NEITHER = {"exact": True}, {"discontinuous": True}, {"exact": False}
# (traits, function of two operands, elementwise names, broadcast names, scalar names, names of scalar ops with
# swapped operands).
BINARY = (
    (IS_EXACT, _keras_function("add"), ("elemwise_add", "_add", "_plus", "_Plus"), ("broadcast_add", "broadcast_plus"),
     ("_plus_scalar", "_PlusScalar"), ()),
    (IS_EXACT, subtract, ("elemwise_sub", "_sub", "_minus", "_Minus"), ("broadcast_sub", "broadcast_minus"),
     ("_minus_scalar", "_MinusScalar"), ("_rminus_scalar", "_RMinusScalar")),
    (IS_EXACT, _keras_function("multiply"), ("elemwise_mul", "_mul", "_Mul"), ("broadcast_mul",),
     ("_mul_scalar", "_MulScalar"), ()),
    (IN_STEPS, mod, ("_mod", "_Mod"), ("broadcast_mod",), ("_mod_scalar", "_ModScalar"),
     ("_rmod_scalar", "_RModScalar")),
    (NEITHER, in_operand_dtype(power, nudged=True), ("_power", "_Power"), ("broadcast_power",),
     ("_power_scalar", "_PowerScalar"),
     ("_rpower_scalar", "_RPowerScalar")),
    (IS_EXACT, _keras_function("maximum"), ("_maximum", "_Maximum"), ("broadcast_maximum",),
     ("_maximum_scalar", "_MaximumScalar"), ()),
    (IS_EXACT, _keras_function("minimum"), ("_minimum", "_Minimum"), ("broadcast_minimum",),
     ("_minimum_scalar", "_MinimumScalar"), ()),
    (NEITHER, in_operand_dtype(hypot), ("_hypot", "_Hypot"), ("broadcast_hypot",),
     ("_hypot_scalar", "_HypotScalar"), ()),
    (IN_STEPS, _compare("equal"), ("_equal", "_Equal"), ("broadcast_equal",), ("_equal_scalar", "_EqualScalar"), ()),
    (IN_STEPS, _compare("not_equal"), ("_not_equal", "_Not_Equal"), ("broadcast_not_equal",),
     ("_not_equal_scalar", "_NotEqualScalar"), ()),
    (IN_STEPS, _compare("greater"), ("_greater", "_Greater"), ("broadcast_greater",),
     ("_greater_scalar", "_GreaterScalar"), ()),
    (IN_STEPS, _compare("greater_equal"), ("_greater_equal", "_Greater_Equal"), ("broadcast_greater_equal",),
     ("_greater_equal_scalar", "_GreaterEqualScalar"), ()),
    (IN_STEPS, _compare("less"), ("_lesser", "_Lesser"), ("broadcast_lesser",),
     ("_lesser_scalar", "_LesserScalar"), ()),
    (IN_STEPS, _compare("less_equal"), ("_lesser_equal", "_Lesser_Equal"), ("broadcast_lesser_equal",),
     ("_lesser_equal_scalar", "_LesserEqualScalar"), ()),
    (NEITHER, _logical("logical_and"), ("_logical_and", "_Logical_And"), ("broadcast_logical_and",),
     ("_logical_and_scalar", "_LogicalAndScalar"), ()),
    (NEITHER, _logical("logical_or"), ("_logical_or", "_Logical_Or"), ("broadcast_logical_or",),
     ("_logical_or_scalar", "_LogicalOrScalar"), ()),
    (NEITHER, _logical("logical_xor"), ("_logical_xor", "_Logical_Xor"), ("broadcast_logical_xor",),
     ("_logical_xor_scalar", "_LogicalXorScalar"), ()),
)  # fmt: skip


def _binary(traits, function, elementwise, broadcast, scalars, swapped):
    # Two computed operands of the same shape are merged by a layer, which appears in the summary.
    merging = {
        "elemwise_add": "Add",
        "elemwise_sub": "Subtract",
        "elemwise_mul": "Multiply",
        "_maximum": "Maximum",
        "_minimum": "Minimum",
    }.get(elementwise[0])

    @translates(*elementwise, layout=anywhere, shape=alike, **traits)
    @translates(*broadcast, layout=anywhere, **traits)
    def two(at, lhs, rhs):
        if merging == "Maximum" and not is_integer(lhs) and may_be_multiples(at):
            return ops.negative(ops.minimum(ops.negative(lhs), ops.negative(rhs)))
        if merging and lhs.shape == rhs.shape and len(lhs.shape) > 1 and not at.constant(lhs, rhs):
            return at.layer(getattr(layers, merging))([lhs, rhs])
        return function(lhs, rhs)

    @translates(*scalars, layout=anywhere, **traits)
    def scalar_op(at, data, *, scalar: float = 1.0, is_int: bool = True):
        return function(*promote(data, scalar, is_int))

    if swapped:

        @translates(*swapped, layout=anywhere, **traits)
        def swapped_op(at, data, *, scalar: float = 1.0, is_int: bool = True):
            return function(*reversed(promote(data, scalar, is_int)))


for _row in BINARY:
    _binary(*_row)


def _quotient(at, lhs, rhs):
    return in_operand_dtype(divide(at, lhs, rhs))(lhs, rhs)


@translates("elemwise_div", "_div", "_Div", layout=anywhere, shape=alike, exact=True)
@translates("broadcast_div", layout=anywhere, exact=True)
def div(at, lhs, rhs):
    return _quotient(at, lhs, rhs)


@translates("_div_scalar", "_DivScalar", layout=anywhere, exact=True)
def div_scalar(at, data, *, scalar: float = 1.0, is_int: bool = True):
    return _quotient(at, *promote(data, scalar, is_int))


@translates("_rdiv_scalar", "_RDivScalar", layout=anywhere, exact=True)
def rdiv_scalar(at, data, *, scalar: float = 1.0, is_int: bool = True):
    return _quotient(at, *reversed(promote(data, scalar, is_int)))


@translates("add_n", "ElementWiseSum", layout=anywhere, shape=alike, exact=True)
def add_n(at, *args):
    if len(args) == 1:
        return args[0]
    if len({tuple(a.shape) for a in args}) == 1 and len(args[0].shape) > 1 and not at.constant(*args):
        return at.layer(layers.Add)(list(args))
    total = args[0]
    for other in args[1:]:
        total = ops.add(total, other)
    return total


def _rows_or_all(site, values, attributes):
    """Elementwise, except that a condition of rank 1 selects rows, so rows must be the first axis."""
    condition, *rest = values
    if condition.rank == rest[0].rank:
        return anywhere(site, values, attributes)
    tensors, attributes, order = anywhere(site, rest, attributes)
    if isinstance(order, tuple) and order[0] != 0:
        return plain(site, values, attributes)
    return [condition.natural(), *tensors], attributes, order


def _where_shape(a, ins, outs):
    """The condition has the shape of the data or selects rows."""
    shape = merge(merge(ins[1], ins[2]), outs[0])
    rows = ins[0] is not None and shape is not None and len(ins[0]) == 1
    return [shape[:1] if rows else shape if ins[0] is not None else None, shape, shape], [shape]


@translates("where", layout=_rows_or_all, shape=_where_shape, exact=True)
def where(at, condition, x, y):
    """A condition of rank 1 selects rows."""
    if len(condition.shape) < len(x.shape):
        condition = ops.reshape(condition, (-1,) + (1,) * (len(x.shape) - 1))
    return ops.where(ops.not_equal(condition, 0), x, y)
