"""Creation of arrays from attributes, where a length of 0 is the batch size; shapes as values."""

import math

import numpy as np

from ..graph.attributes import TYPES, ElementType, Ints
from ..graph.partial_shape import normalize_axis
from ..keras_api.lazy import ops
from ..kernels.layout import as_they_are
from ..kernels.reshape import arange_along, length
from ..kernels.rounding import c_cast_number
from .registry import translates
from .shape_rules import as_first

INFERRED = "float32"
LARGEST = 2**26
"""Largest number of elements of a range."""


def _filled(at, shape: Ints, value: float, dtype: ElementType):
    zeros = at.zeros(shape, dtype)
    if dtype == "bool":  # bool has no sum
        return ops.equal(zeros, not value)
    return ops.add(zeros, c_cast_number(value, dtype))


def _constant_shape(a, ins, outs):
    """The first length is open: in the begin state of a recurrent cell it is a batch size that was fixed at export."""
    return [], [tuple(n or None if i else None for i, n in enumerate(a.shape)) if a.shape else None]


@translates("_zeros", shape=_constant_shape)
def zeros(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return at.zeros(shape, dtype)


@translates("_zeros_without_dtype", shape=_constant_shape)
def zeros_without_dtype(at, *, shape: Ints = (), dtype: int = -1):
    """`dtype` is MXNet's type code; -1 means inferred."""
    return at.zeros(shape, TYPES.get(dtype, INFERRED))


@translates("_ones", shape=_constant_shape)
def ones(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, 1, dtype)


@translates("_full", shape=_constant_shape)
def full(at, *, value: float, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, value, dtype)


def _arange_shape(a, ins, outs):
    start, stop = (0.0, a.start) if a.stop is None else (a.start, a.stop)
    steps = (stop - start) / a.step if a.step else math.inf
    return [], [(max(0, math.ceil(steps)) * a.repeat,) if math.isfinite(steps) else None]


@translates("_arange", shape=_arange_shape)
def arange(
    at,
    *,
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    dtype: ElementType = INFERRED,
):
    if infer_range or (stop is None and start == 0):
        raise at.error("the range is inferred from its use, which is not supported; write 'stop'")
    start, stop = (0.0, start) if stop is None else (start, stop)
    if not (step and 0 <= (stop - start) / step * repeat <= LARGEST):
        raise at.error(f"needs a range of at most {LARGEST} numbers", (start, stop, step))
    return np.repeat(_range_values(start, stop, step, dtype), repeat)


def _range_values(start: float, stop: float, step: float, dtype: ElementType):
    """The values of a range. Start and step are converted to the type first; for float16 they are integers."""
    count = np.arange(math.ceil((stop - start) / step))
    if dtype == "float16":
        start, step = math.trunc(start), math.trunc(step)
    return (c_cast_number(start, dtype) + count * c_cast_number(step, dtype)).astype(dtype)


def _eye_shape(a, ins, outs):
    return [], [(a.N, a.M or a.N)]


@translates("_eye", shape=_eye_shape)
def eye(at, *, N: int, M: int = 0, k: int = 0, dtype: ElementType = INFERRED):
    if not (0 <= N <= 8192 and 0 <= M <= 8192):
        raise at.error("attributes 'N' and 'M' must be at most 8192", (N, M))
    return np.eye(N, M or N, k, dtype=dtype)


def _linspace_shape(a, ins, outs):
    return [], [(a.num,) if a.num >= 0 else None]


@translates("_linspace", ignores="step repeat infer_range", shape=_linspace_shape)
def linspace(
    at, *, start: float, stop: float | None = None, num: int = 50, endpoint: bool = True, dtype: ElementType = INFERRED
):
    if stop is None or not 0 <= num <= LARGEST:
        raise at.error(f"needs 'stop', and 'num' of at most {LARGEST}", (stop, num))
    return c_cast_number(np.linspace(start, stop, num, endpoint=endpoint), dtype)


def _arange_like_shape(a, ins, outs):
    if a.axis is None:
        return ins, [ins[0]]
    return ins, [(None if ins[0] is None else ins[0][normalize_axis(a.axis, len(ins[0]))],)]


@translates("_contrib_arange_like", shape=_arange_like_shape, shape_only=0)
def arange_like(at, data, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, axis: int | None = None):
    """Counts along `axis`, or over all elements, in the shape of the data."""
    if axis is None:
        unknown = data.shape.count(None)
        if unknown > 1:
            raise at.open("more than one length is unknown", tuple(data.shape))
        count = arange_along(ops.reshape(data, (-1,)), 0)
    else:
        count = arange_along(data, at.axis(axis, len(data.shape)))
    count = ops.cast(ops.floor_divide(count, repeat) if repeat > 1 else count, data.dtype)
    out = ops.add(ops.multiply(count, step), start)
    return ops.reshape(out, [-1 if d is None else d for d in data.shape]) if axis is None else out


@translates("_npi_zeros", shape=_constant_shape)
def np_zeros(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return at.zeros(shape, dtype)


@translates("_npi_ones", shape=_constant_shape)
def np_ones(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, 1, dtype)


def _as_written_shape(a, ins, outs):
    return [], [a.shape]


@translates("_npi_identity", shape=_as_written_shape)
def np_identity(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    if len(shape) != 2 or shape[0] != shape[1] or not 0 <= shape[0] <= 8192:
        raise at.error("attribute 'shape' must be two equal lengths of at most 8192", shape)
    return ops.eye(shape[0], dtype=dtype)


def _np_eye_shape(a, ins, outs):
    return [], [(a.N, a.N if a.M is None else a.M)]


@translates("_npi_eye", shape=_np_eye_shape)
def np_eye(at, *, N: int, M: int | None = None, k: int = 0, dtype: ElementType = INFERRED):
    if not (0 <= N <= 8192 and 0 <= (M or 0) <= 8192):
        raise at.error("attributes 'N' and 'M' must be at most 8192", (N, M))
    return np.eye(N, N if M is None else M, k, dtype=dtype)


@translates("_npi_arange", shape=_arange_shape)
def np_arange(
    at,
    *,
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    dtype: ElementType = INFERRED,
):
    if infer_range or repeat != 1:
        raise at.error("attributes 'infer_range' and 'repeat' are not supported; leave them out")
    start, stop = (0.0, start) if stop is None else (start, stop)
    if not (step and 0 <= (stop - start) / step <= LARGEST):
        raise at.error(f"needs a range of at most {LARGEST} numbers", (start, stop, step))
    return _range_values(start, stop, step, dtype)


@translates("_npi_logspace", shape=_linspace_shape)
def np_logspace(
    at,
    *,
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    base: float = 10.0,
    dtype: ElementType = INFERRED,
):
    if not 0 <= num <= LARGEST:
        raise at.error(f"attribute 'num' must be at most {LARGEST}", num)
    return c_cast_number(np.logspace(start, stop, num, endpoint, base), dtype)


def _indices_shape(a, ins, outs):
    return [], [(len(a.dimensions), *a.dimensions)]


@translates("_npi_indices", shape=_indices_shape)
def np_indices(at, *, dimensions: Ints, dtype: ElementType = "int32"):
    """The index of each element of an array with these lengths: (axes, *dimensions)."""
    if math.prod(dimensions) * len(dimensions) > LARGEST:
        raise at.error(f"needs an array of at most {LARGEST} numbers", dimensions)
    return ops.array(np.indices(dimensions), dtype)


@translates("_npi_full_like", shape=as_first, shape_only=0)
def np_full_like(at, a, *, fill_value: float, dtype: ElementType | None = None):
    dtype = str(a.dtype) if dtype is None else dtype
    return ops.full_like(a, c_cast_number(fill_value, dtype), dtype=dtype)


def _window_shape(a, ins, outs):
    return [], [(a.M,) if a.M is not None and a.M >= 0 else None]


def _window(name, function):
    @translates(f"_npi_{name}", shape=_window_shape)
    def translate(at, *, M: int | None = None, dtype: ElementType = INFERRED):
        if M is None or not 0 <= M <= LARGEST:
            raise at.error(f"attribute 'M' must be at most {LARGEST}", M)
        return ops.array(function(M), dtype)


for _name in ("blackman", "hamming", "hanning"):
    _window(_name, getattr(np, _name))


def _sizes(value):
    """The lengths of the axes; unknown ones are computed at run time."""
    out = np.array([n or 0 for n in value.shape], "int64")
    for axis, n in enumerate(value.shape):
        if n is None:
            counts = ops.cast(length(value.natural(), axis), "int64")
            out = ops.add(ops.multiply(counts, np.eye(value.rank, dtype="int64")[axis]), out)
    return out


def _shape_array_shape(a, ins, outs):
    return ins, [(None if ins[0] is None else len(ins[0]),)]


@translates("shape_array", layout=as_they_are, shape=_shape_array_shape, shape_only=0)
def shape_array(at, data):
    return _sizes(data)


def _size_array_shape(a, ins, outs):
    return ins, [(1,)]


@translates("size_array", layout=as_they_are, shape=_size_array_shape, shape_only=0)
def size_array(at, data):
    return ops.prod(_sizes(data), 0, keepdims=True)
