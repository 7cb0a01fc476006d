"""Reductions and statistics of MXNet's numpy front end: a reduction over all axes returns a scalar tensor, logical ones
return booleans."""

import math
from types import SimpleNamespace
from typing import Literal

import numpy as np

from ..graph.attributes import Floats, Ints
from ..graph.partial_shape import count_elements, diagonal_shape
from ..keras_api.lazy import ops
from ..kernels.reshape import take_slice
from ..kernels.rounding import c_cast, divide_exact, dtype_of, is_integer
from .registry import shaped_as, translates

Number = Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None
DType = Literal["bool"] | Number


def _typed(tensor, dtype: DType):
    return tensor if dtype is None else c_cast(tensor, dtype)


def _no_initial(at, initial) -> None:
    if initial is not None:
        raise at.error("attribute 'initial' must be None: MXNet does not compute with it", initial)


def _reduction_shape(a, ins, outs):
    """Without `axis` all axes are reduced."""
    if a.axis is None and not a.keepdims:
        return ins, [()]
    if a.axis is not None and len(a.axis) == len(ins[0] or ()) and not a.keepdims:
        return ins, [()]
    return shaped_as("sum")(a, ins, outs)


def _sum(names, function):
    @translates(*names, shape=_reduction_shape, exact=function == "mean")
    def translate(
        at, a, *, axis: Ints | None = None, dtype: DType = None, keepdims: bool = False, initial: float | None = None
    ):
        _no_initial(at, initial)
        if dtype_of(a) == "bool":
            a = ops.cast(a, "int64")
        if function == "mean":
            a = ops.cast(a, "float32") if is_integer(a) else a
            return _typed(ops.mean(a, axis=axis, keepdims=keepdims), dtype)
        to = dtype or dtype_of(a)
        a = ops.cast(a, to) if is_integer(a) else a  # floats are truncated when they are summed
        return c_cast(getattr(ops, function)(a, axis=axis, keepdims=keepdims), to)


def _extreme(names, function):
    @translates(*names, shape=_reduction_shape, exact=True)
    def translate(at, a, *, axis: Ints | None = None, keepdims: bool = False, initial: float | None = None):
        _no_initial(at, initial)
        return getattr(ops, function)(a, axis=axis, keepdims=keepdims)


_sum(("_np_sum",), "sum")
_sum(("_np_prod", "_np_product"), "prod")
_sum(("_npi_mean",), "mean")
_extreme(("_np_max", "_np_amax"), "max")
_extreme(("_np_min", "_np_amin"), "min")


def _moment(name, root: bool):
    @translates(name, shape=_reduction_shape)
    def translate(at, a, *, axis: Ints | None = None, dtype: Number = None, ddof: int = 0, keepdims: bool = False):
        """Divides by the count minus `ddof`. MXNet has no gradient for it. For integers, MXNet truncates intermediate
        results to their type, and the sum of squares to `dtype`."""
        given, to = dtype_of(a), dtype or dtype_of(a)
        a = ops.cast(ops.stop_gradient(a), "float64" if is_integer(a) else given)

        def truncated(kind_of, x):
            return ops.cast(c_cast(x, kind_of), dtype_of(a))

        count = ops.sum(ops.ones_like(a), axis=axis, keepdims=True)
        mean = truncated(given, ops.divide(truncated(given, ops.sum(a, axis=axis, keepdims=True)), count))
        away = truncated(given, ops.square(ops.subtract(a, mean)))
        total = truncated(to, ops.sum(away, axis=axis, keepdims=True))
        out = ops.divide(total, ops.subtract(count, float(ddof)))
        out = c_cast(ops.sqrt(out) if root else out, to)
        return out if keepdims else ops.squeeze(out, axis)


_moment("_npi_var", False)
_moment("_npi_std", True)


def _truth(names, function):
    @translates(*names, shape=_reduction_shape)
    def translate(at, data, *, axis: Ints | None = None, keepdims: bool = False):
        return getattr(ops, function)(ops.not_equal(data, 0), axis=axis, keepdims=keepdims)


_truth(("_np_all",), "all")
_truth(("_np_any", "_np_sometrue"), "any")


def _position_shape(a, ins, outs):
    axis = None if a.axis is None else (a.axis,)
    return _reduction_shape(SimpleNamespace(axis=axis, keepdims=a.keepdims), ins, outs)


def _arg_extreme(name, function):
    @translates(name, shape=_position_shape, discontinuous=True)
    def translate(at, data, *, axis: int | None = None, keepdims: bool = False):
        return ops.cast(getattr(ops, function)(data, axis=axis, keepdims=keepdims), "int64")


_arg_extreme("_npi_argmax", "argmax")
_arg_extreme("_npi_argmin", "argmin")


def _average_shape(a, ins, outs):
    """The sum of the weights is a single number if they are along one axis."""
    _, (shape,) = _reduction_shape(SimpleNamespace(axis=a.axis, keepdims=False), ins[:1], [None])
    if len(ins) == 2 and None in ins:
        return ins, [shape, None]
    return ins, [shape, shape if len(ins) == 2 and len(ins[0]) == len(ins[1]) else ()]


@translates("_npi_average", shape=_average_shape)
def average(at, a, weights=None, *, axis: Ints | None = None, returned: bool = False, weighted: bool = True):
    """The weighted mean and, if `returned`, the sum of the weights, which has no gradient. Weights may be given along
    the reduced axis only; then their sum is one number. Without weights the sum is their count."""
    if not weighted:
        lengths = [a.shape[i] for i in (range(len(a.shape)) if axis is None else axis)]
        if returned and None in lengths:
            raise at.open("the number of elements is not known", tuple(a.shape))
        out = ops.mean(a, axis=axis)
        return (out, ops.full((), math.prod(lengths), a.dtype)) if returned else out
    if len(weights.shape) < len(a.shape):
        if not axis:
            raise at.error("weights along one axis need the attribute 'axis'")
        whole = ops.sum(weights)
        position = at.axis(axis[0], len(a.shape))
        weights = ops.reshape(weights, [-1 if i == position else 1 for i in range(len(a.shape))])
    else:
        whole = ops.sum(weights, axis=axis)
    out = ops.divide(ops.sum(ops.multiply(a, weights), axis=axis), whole)
    return (out, ops.stop_gradient(whole)) if returned else out


def _trace_shape(a, ins, outs):
    shape = diagonal_shape(ins[0], a.offset, a.axis1, a.axis2)
    return ins, [shape and shape[:-1]]


@translates("_np_trace", shape=_trace_shape)
def trace(at, data, *, offset: int = 0, axis1: int = 0, axis2: int = 1):
    rows, columns = (data.shape[at.axis(axis, len(data.shape))] for axis in (axis1, axis2))
    if (rows is not None and -offset >= rows) or (columns is not None and offset >= columns):  # the diagonal is empty
        return c_cast(ops.zeros_like(ops.sum(data, (axis1, axis2))), dtype_of(data))
    return c_cast(ops.sum(ops.diagonal(data, offset, axis1, axis2), -1), dtype_of(data))


def _percentile_shape(a, ins, outs):
    """The axes of `q` come first."""
    _, (shape,) = _reduction_shape(SimpleNamespace(axis=a.axis, keepdims=a.keepdims), ins[:1], [None])
    q = ins[1] if len(ins) > 1 else ()
    return ins, [None if q is None or shape is None else (*q, *shape)]


@translates("_npi_percentile", shape=_percentile_shape)
def percentile(
    at,
    a,
    q=None,
    *,
    axis: Ints | None = None,
    interpolation: Literal["higher", "linear", "lower", "midpoint", "nearest"] = "linear",
    keepdims: bool = False,
    q_scalar: float | None = None,
):
    """The axes of `q` come first. Keras's quantile loses its method within a model. MXNet has no gradient for it."""
    a = ops.stop_gradient(a if dtype_of(a) == "float64" else ops.cast(a, "float32"))
    rank = len(a.shape)
    chosen = sorted(range(rank) if axis is None else {at.axis(i, rank) for i in axis})
    count = math.prod(a.shape[i] or 0 for i in chosen)
    if not count or (q is not None and None in q.shape):
        raise at.open("the number of elements is not known", tuple(a.shape))
    left = [i for i in range(rank) if i not in chosen]
    lengths = [-1 if a.shape[i] is None else a.shape[i] for i in left]
    line = ops.sort(ops.reshape(ops.transpose(a, [*left, *chosen]), [*lengths, count]), -1)
    percent = ops.stop_gradient(ops.cast(q if q_scalar is None else q_scalar, "float32"))
    position = ops.multiply(divide_exact(percent, 100.0), count - 1.0)
    low, high = ops.floor(position), ops.ceil(position)
    if interpolation in ("lower", "higher", "nearest"):
        chosen_position = {"lower": low, "higher": high}.get(interpolation, ops.round(position))
        out = ops.take(line, ops.cast(chosen_position, "int32"), axis=-1)
    else:
        one, two = (ops.take(line, ops.cast(p, "int32"), axis=-1) for p in (low, high))
        share = 0.5 if interpolation == "midpoint" else ops.subtract(position, low)
        out = ops.add(one, ops.multiply(ops.subtract(two, one), share))
    more = tuple(range(len(left), len(out.shape)))
    out = ops.transpose(out, (*more, *range(len(left))))
    if not keepdims:
        return out
    shape = [1 if i in chosen else lengths[left.index(i)] for i in range(rank)]
    return ops.reshape(out, [*out.shape[: len(more)], *shape])


def _diff_shape(a, ins, outs):
    if ins[0] is None or not -len(ins[0]) <= a.axis < len(ins[0]):
        return ins, outs
    shape = list(ins[0])
    shape[a.axis] = None if shape[a.axis] is None else max(0, shape[a.axis] - a.n)
    return ins, [tuple(shape)]


@translates("_npi_diff", shape=_diff_shape)
def diff(at, a, *, n: int = 1, axis: int = -1):
    axis = at.axis(axis, len(a.shape))
    for _ in range(n):
        a = ops.subtract(take_slice(a, axis, slice(1, None)), take_slice(a, axis, slice(None, -1)))
    return a


def _ediff_shape(a, ins, outs):
    """One element less than the input has, plus the elements to prepend and append."""
    edges = [count_elements(x) if x is not None else None for x in ins[1:]]
    edges += [1] * ((a.to_begin_scalar is not None) + (a.to_end_scalar is not None))
    counts = [None if ins[0] is None else count_elements(ins[0]), *edges]
    return ins, [(None if None in counts else sum(counts) - 1,)]


@translates("_npi_ediff1d", shape=_ediff_shape)
def ediff1d(
    at,
    input1,
    input2=None,
    input3=None,
    *,
    to_begin_arr_given: bool = False,
    to_end_arr_given: bool = False,
    to_begin_scalar: float | None = None,
    to_end_scalar: float | None = None,
):
    """Differences of neighboring elements of the flattened input, with elements to prepend and append."""
    flat = ops.reshape(input1, (-1,))
    given = [x for x in (input2, input3) if x is not None]
    parts = [ops.subtract(flat[(slice(1, None),)], flat[(slice(None, -1),)])]
    for first, arrived, scalar in (
        (True, to_begin_arr_given, to_begin_scalar),
        (False, to_end_arr_given, to_end_scalar),
    ):
        if arrived:
            edge = ops.reshape(given.pop(0), (-1,))
        elif scalar is not None:
            edge = ops.full((1,), scalar, flat.dtype)
        else:
            continue
        parts = [edge, *parts] if first else [*parts, edge]
    return ops.concatenate(parts, 0)


def _histogram_shape(a, ins, outs):
    bins = (ins[1] and ins[1][0]) if len(ins) > 1 else a.bin_cnt and a.bin_cnt + 1
    return ins, [(bins and bins - 1,), (bins,)]


@translates("_histogram", "_npi_histogram", shape=_histogram_shape, discontinuous=True)
def histogram(at, data, bins=None, *, bin_cnt: int | None = None, range: Floats | None = None):
    """The number of elements in each bin, and the edges of the bins; the last bin includes its upper edge."""
    if bins is None:
        if bin_cnt is None or not 0 < bin_cnt <= 10_000 or range is None or len(range) != 2:
            raise at.error("needs the input 'bins', or 'bin_cnt' of at most 10000 and a 'range'", (bin_cnt, range))
        bins = ops.array(np.linspace(*range, bin_cnt + 1), "float32")
    row = ops.reshape(ops.stop_gradient(data), (-1, 1))
    low, high = bins[(slice(None, -1),)], bins[(slice(1, None),)]
    last = ops.equal(high, bins[-1])
    below = ops.logical_or(ops.less(row, high), ops.logical_and(last, ops.equal(row, high)))
    inside = ops.logical_and(ops.greater_equal(row, low), below)
    return ops.sum(ops.cast(inside, "int64"), 0), bins
