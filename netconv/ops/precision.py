"""What mixed precision and training for few bits put into a graph."""

from ..layout import anywhere
from ..lazy import ops
from ..registry import translates

FLOATS = ("float16", "bfloat16", "float32", "float64")
"""From narrow to wide."""


@translates("amp_multicast", layout=lambda site, values, attributes: (values, attributes, None), ignores="num_outputs")
def amp_multicast(at, *data, cast_narrow: bool = False):
    """All in the widest of their types, or the narrowest."""
    tensors = [value.natural() for value in data]
    choose = min if cast_narrow else max
    kind = choose((str(t.dtype) for t in tensors), key=FLOATS.index)
    return [v if str(t.dtype) == kind else at.ordered(ops.cast(t, kind)) for v, t in zip(data, tensors, strict=True)]


def _finite(tensors):
    """(1,): 1 where all numbers are finite."""
    each = [ops.all(ops.isfinite(ops.stop_gradient(t))) for t in tensors]
    return ops.reshape(ops.cast(ops.all(ops.stack(each)), "float32"), (1,))


@translates("all_finite", ignores="init_output")
def all_finite(at, data):
    return _finite([data])


@translates("multi_all_finite", ignores="init_output num_arrays")
def multi_all_finite(at, *data):
    return _finite(data)


@translates("multi_sum_sq", ignores="num_arrays")
def multi_sum_sq(at, *data):
    """The sum of the squares of each array; MXNet has no gradient for it."""
    return ops.stack([ops.sum(ops.square(ops.stop_gradient(one))) for one in data])


@translates("_contrib_allclose")
def allclose(at, a, b, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True):
    """A number without axes: 1 where |a - b| <= atol + rtol |b| everywhere."""
    near = ops.less_equal(ops.absolute(ops.subtract(a, b)), ops.add(ops.multiply(ops.absolute(b), rtol), atol))
    near = ops.logical_or(near, ops.equal(a, b))
    if equal_nan:
        near = ops.logical_or(near, ops.logical_and(ops.isnan(a), ops.isnan(b)))
    return at.ordered(ops.cast(ops.all(near), "uint8"))


def _straight(data, changed):
    """The changed data, and the gradient of the data."""
    return ops.add(data, ops.stop_gradient(ops.subtract(changed, data)))


@translates("_contrib_round_ste", "_sparse__contrib_round_ste", layout=anywhere)
def round_ste(at, data):
    """Halves away from zero."""
    return _straight(data, ops.multiply(ops.sign(data), ops.floor(ops.add(ops.absolute(data), 0.5))))


@translates("_contrib_sign_ste", "_sparse__contrib_sign_ste", layout=anywhere)
def sign_ste(at, data):
    return _straight(data, ops.sign(data))
