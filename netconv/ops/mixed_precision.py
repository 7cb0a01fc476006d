"""Mixed precision and low-bit training: type conversions, checks for finite values, straight-through estimators."""

from ..graph.partial_shape import merge
from ..keras_api.lazy import ops
from ..kernels.layout import anywhere, as_they_are
from ..kernels.rounding import is_integer, round_half_away
from .registry import translates
from .traits import Keeps

FLOATS = ("float16", "bfloat16", "float32")
"""From narrow to wide; other types do not change."""


def _each_keeps_shape(a, ins, outs):
    shapes = [merge(x, out) for x, out in zip(ins, outs, strict=False)]
    return shapes, shapes


@translates("amp_multicast", layout=as_they_are, ignores="num_outputs", shape=_each_keeps_shape, keeps=Keeps.ORDER)
def amp_multicast(at, *data, cast_narrow: bool = False):
    """Casts all inputs to the widest of their types, or the narrowest. If none is float32, MXNet uses the type of the
    first as the widest."""
    tensors = [value.natural() for value in data]
    choose = min if cast_narrow else max
    found = [str(t.dtype) for t in tensors]
    one = choose((kind for kind in found if kind in FLOATS), key=FLOATS.index, default=None)
    if not cast_narrow and "float32" not in found:
        one = found[0]
    same = [kind == one or kind not in FLOATS for kind in found]
    return [v if s else at.ordered(ops.cast(t, one)) for v, t, s in zip(data, tensors, same, strict=True)]


def _finite(tensors):
    """(1,): 1 if all numbers are finite."""
    each = [ops.all(ops.isfinite(ops.stop_gradient(t))) for t in tensors]
    return ops.reshape(ops.cast(ops.all(ops.stack(each)), "float32"), (1,))


def _one_number(a, ins, outs):
    return ins, [(1,)]


@translates("all_finite", ignores="init_output", shape=_one_number)
def all_finite(at, data):
    return _finite([data])


@translates("multi_all_finite", ignores="init_output num_arrays", shape=_one_number)
def multi_all_finite(at, *data):
    return _finite(data)


def _one_number_per_array(a, ins, outs):
    return ins, [(len(ins),)]


@translates("multi_sum_sq", ignores="num_arrays", shape=_one_number_per_array)
def multi_sum_sq(at, *data):
    """The sum of squares of each array; MXNet has no gradient for it."""
    return ops.stack([ops.sum(ops.square(ops.stop_gradient(one))) for one in data])


def _scalar_shape(a, ins, outs):
    return ins, [()]


@translates("_contrib_allclose", shape=_scalar_shape)
def allclose(at, a, b, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True):
    """A scalar tensor: 1 if |a - b| <= atol + rtol |b| everywhere."""
    near = ops.less_equal(ops.absolute(ops.subtract(a, b)), ops.add(ops.multiply(ops.absolute(b), rtol), atol))
    near = ops.logical_or(near, ops.logical_and(ops.equal(a, b), ops.isinf(a)))
    if equal_nan:
        near = ops.logical_or(near, ops.logical_and(ops.isnan(a), ops.isnan(b)))
    return at.ordered(ops.cast(ops.all(near), "uint8"))


def _straight_through(data, changed):
    """The changed data with the gradient of the data (straight-through estimator)."""
    return ops.add(ops.stop_gradient(changed), ops.subtract(data, ops.stop_gradient(data)))


@translates("_contrib_round_ste", "_sparse__contrib_round_ste", layout=anywhere, discontinuous=True)
def round_ste(at, data):
    return data if is_integer(data) else _straight_through(data, round_half_away(data))


@translates("_contrib_sign_ste", "_sparse__contrib_sign_ste", layout=anywhere, discontinuous=True)
def sign_ste(at, data):
    return ops.sign(data) if is_integer(data) else _straight_through(data, ops.sign(data))
