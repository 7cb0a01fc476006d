"""Values that come from nothing but attributes. A length of 0 is the batch's."""

import math

import numpy as np

from ..graph.attributes import TYPES, ElementType, Ints
from ..keras_api.lazy import ops
from ..kernels.reshape import arange_along
from ..kernels.rounding import c_cast_number
from .registry import translates

INFERRED = "float32"
LARGEST = 2**26
"""Numbers that a range may have."""


def _filled(at, shape: Ints, value: float, dtype: ElementType):
    zeros = at.zeros(shape, dtype)
    if dtype == "bool":  # which has no sum
        return ops.equal(zeros, not value)
    return ops.add(zeros, c_cast_number(value, dtype))


@translates("_zeros")
def zeros(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return at.zeros(shape, dtype)


@translates("_zeros_without_dtype")
def zeros_without_dtype(at, *, shape: Ints = (), dtype: int = -1):
    """`dtype` is MXNet's number of the type; -1 is inferred."""
    return at.zeros(shape, TYPES.get(dtype, INFERRED))


@translates("_ones")
def ones(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, 1, dtype)


@translates("_full")
def full(at, *, value: float, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, value, dtype)


@translates("_arange")
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
        raise at.error("the range is inferred from its use, which is not translated; write 'stop'")
    start, stop = (0.0, start) if stop is None else (start, stop)
    if not (step and 0 <= (stop - start) / step * repeat <= LARGEST):
        raise at.error(f"needs a range of at most {LARGEST} numbers", (start, stop, step))
    return np.repeat(_counted(start, stop, step, dtype), repeat)


def _counted(start: float, stop: float, step: float, dtype: ElementType):
    """The numbers of a range; start and step are of the type first, and whole for half precision too."""
    count = np.arange(math.ceil((stop - start) / step))
    if dtype == "float16":
        start, step = math.trunc(start), math.trunc(step)
    return (c_cast_number(start, dtype) + count * c_cast_number(step, dtype)).astype(dtype)


@translates("_eye")
def eye(at, *, N: int, M: int = 0, k: int = 0, dtype: ElementType = INFERRED):
    if not (0 <= N <= 8192 and 0 <= M <= 8192):
        raise at.error("attributes 'N' and 'M' must be at most 8192", (N, M))
    return np.eye(N, M or N, k, dtype=dtype)


@translates("_linspace", ignores="step repeat infer_range")
def linspace(
    at, *, start: float, stop: float | None = None, num: int = 50, endpoint: bool = True, dtype: ElementType = INFERRED
):
    if stop is None or not 0 <= num <= LARGEST:
        raise at.error(f"needs 'stop', and 'num' of at most {LARGEST}", (stop, num))
    return c_cast_number(np.linspace(start, stop, num, endpoint=endpoint), dtype)


@translates("_contrib_arange_like")
def arange_like(at, data, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, axis: int | None = None):
    """Counts along `axis`, or over all elements in the shape of the data."""
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


@translates("_npi_zeros")
def np_zeros(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return at.zeros(shape, dtype)


@translates("_npi_ones")
def np_ones(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    return _filled(at, shape, 1, dtype)


@translates("_npi_identity")
def np_identity(at, *, shape: Ints = (), dtype: ElementType = INFERRED):
    if len(shape) != 2 or shape[0] != shape[1] or not 0 <= shape[0] <= 8192:
        raise at.error("attribute 'shape' must be two equal lengths of at most 8192", shape)
    return ops.eye(shape[0], dtype=dtype)


@translates("_npi_eye")
def np_eye(at, *, N: int, M: int | None = None, k: int = 0, dtype: ElementType = INFERRED):
    if not (0 <= N <= 8192 and 0 <= (M or 0) <= 8192):
        raise at.error("attributes 'N' and 'M' must be at most 8192", (N, M))
    return np.eye(N, N if M is None else M, k, dtype=dtype)


@translates("_npi_arange")
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
        raise at.error("attributes 'infer_range' and 'repeat' are not translated; leave them out")
    start, stop = (0.0, start) if stop is None else (start, stop)
    return _counted(*_bounded(at, start, stop, step), dtype)


def _bounded(at, start: float, stop: float, step: float):
    if not (step and 0 <= (stop - start) / step <= LARGEST):
        raise at.error(f"needs a range of at most {LARGEST} numbers", (start, stop, step))
    return start, stop, step


@translates("_npi_logspace")
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


@translates("_npi_indices")
def np_indices(at, *, dimensions: Ints, dtype: ElementType = "int32"):
    """The place of each element of an array of these lengths: (axes, *dimensions)."""
    if math.prod(dimensions) * len(dimensions) > LARGEST:
        raise at.error(f"needs an array of at most {LARGEST} numbers", dimensions)
    return ops.array(np.indices(dimensions), dtype)


@translates("_npi_full_like")
def np_full_like(at, a, *, fill_value: float, dtype: ElementType | None = None):
    dtype = str(a.dtype) if dtype is None else dtype
    return ops.full_like(a, c_cast_number(fill_value, dtype), dtype=dtype)


def _window(name, function):
    @translates(f"_npi_{name}")
    def translate(at, *, M: int | None = None, dtype: ElementType = INFERRED):
        if M is None or not 0 <= M <= LARGEST:
            raise at.error(f"attribute 'M' must be at most {LARGEST}", M)
        return ops.array(function(M), dtype)


for _name in ("blackman", "hamming", "hanning"):
    _window(_name, getattr(np, _name))
