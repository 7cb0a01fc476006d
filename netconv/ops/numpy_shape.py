"""Shapes, axes and places of MXNet's numpy front end."""

from types import SimpleNamespace
from typing import Literal

import numpy as np

from ..graph.attributes import Ints, Pairs
from ..graph.partial_shape import of_rank
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.layout import along
from ..kernels.rounding import is_integer
from .registry import shaped_as, translates


def _raised(tensor, rank: int):
    """With axes of length 1 until there are `rank`, where numpy puts them."""
    while len(tensor.shape) < rank:
        tensor = ops.expand_dims(tensor, -1 if len(tensor.shape) == 2 else 0)
    return tensor


def _at_least(rank: int):
    @translates(f"_np_atleast_{rank}d")
    def translate(at, *arys):
        """MXNet has no gradient for it."""
        return [_raised(ops.stop_gradient(one), rank) for one in arys]


for _rank in (1, 2, 3):
    _at_least(_rank)


@translates("_np_diag")
def diag(at, data, *, k: int = 0):
    """A vector as a diagonal, or the diagonal of a matrix."""
    return ops.diag(data, k) if len(data.shape) == 1 else ops.diagonal(data, k)


@translates("_np_diagflat")
def diagflat(at, data, *, k: int = 0):
    return ops.diag(ops.reshape(data, (-1,)), k)


@translates("_np_diagonal")
def diagonal(at, data, *, offset: int = 0, axis1: int = 0, axis2: int = 1):
    return ops.diagonal(data, offset, axis1, axis2)


def _concatenate_shape(a, ins, outs):
    if a.axis is None:
        return ins, [of_rank(outs[0], 1)]
    return shaped_as("Concat")(SimpleNamespace(dim=a.axis), ins, outs)


@translates("_npi_concatenate", layout=along("axis"), ignores="dim", shape=_concatenate_shape)
def concatenate(at, *data, axis: int | None = 0):
    if axis is None:
        data, axis = [ops.reshape(x, (-1,)) for x in data], 0
    return ops.concatenate(list(data), axis)


@translates("_npi_stack", shape=shaped_as("stack"))
def stack(at, *data, axis: int = 0):
    return ops.stack(list(data), axis)


@translates("_np_transpose", shape=shaped_as("transpose"))
def transpose(at, a, *, axes: Ints | None = None):
    return ops.transpose(a, axes or None)


@translates("_np_squeeze")
def squeeze(at, a, *, axis: Ints | None = None):
    """What lies along an axis of unknown length is one, where it is named."""
    if axis is None:
        return ops.squeeze(a)
    gone = {at.axis(one, len(a.shape)) for one in axis}
    return a[tuple(0 if i in gone else slice(None) for i in range(len(a.shape)))] if gone else a


@translates("_np_moveaxis")
def moveaxis(at, a, *, source: Ints, destination: Ints):
    return ops.moveaxis(a, source, destination)


@translates("_np_roll")
def roll(at, data, *, shift: Ints | None = None, axis: Ints | None = None):
    """Without an axis, all elements in a row."""
    if shift is None:
        raise at.error("needs the attribute 'shift'")
    if axis is None:
        return ops.reshape(ops.roll(ops.reshape(data, (-1,)), sum(shift)), [-1 if d is None else d for d in data.shape])
    shift = shift * len(axis) if len(shift) == 1 else shift
    for by, one in zip(shift, axis, strict=True):
        data = ops.roll(data, by, one)
    return data


@translates("_npi_broadcast_to")
def broadcast_to(at, array, *, shape: Ints = ()):
    """-2 keeps a length."""
    lengths = (1,) * (len(shape) - len(array.shape)) + tuple(array.shape)
    target = tuple(have if want == -2 else want for have, want in zip(lengths, shape, strict=True))
    if None not in target:
        return ops.broadcast_to(array, target)
    array = ops.expand_dims(array, tuple(range(len(target) - len(array.shape))))
    for axis, (have, want) in enumerate(zip(lengths, target, strict=True)):
        if have == 1 and want != 1:
            array = ops.repeat(array, want, axis)
        elif have != want:
            raise at.open("the shape is not known", tuple(array.shape))
    return array


@translates("_npi_hstack", ignores="dim")
def hstack(at, *data):
    """Along axis 1, or the only one."""
    data = [_raised(x, 1) for x in data]
    return ops.concatenate(data, min(1, len(data[0].shape) - 1))


@translates("_npi_vstack")
def vstack(at, *data):
    return ops.concatenate([_raised(x, 2) for x in data], 0)


@translates("_npi_dstack", ignores="dim")
def dstack(at, *data):
    return ops.concatenate([_raised(x, 3) for x in data], 2)


@translates("_npi_column_stack")
def column_stack(at, *data):
    return ops.concatenate([ops.reshape(x, (-1, 1)) if len(x.shape) < 2 else x for x in data], 1)


@translates("_npi_flip", shape=shaped_as("reverse"))
def flip(at, data, *, axis: Ints):
    return ops.flip(data, axis)


@translates("_npi_rot90")
def rot90(at, data, *, k: int = 1, axes: Ints | None = None):
    """Turned k times from the first of the two axes to the second."""
    one, two = (at.axis(a, len(data.shape)) for a in axes or (0, 1))
    turned = ops.swapaxes(data, one, two) if k % 2 else data
    return ops.flip(turned, ((), (one,), (one, two), (two,))[k % 4])


@translates("_npi_tril")
def tril(at, data, *, k: int = 0):
    """A vector becomes the rows of a matrix first."""
    if len(data.shape) == 1:
        data = ops.multiply(ops.ones_like(data)[:, None], data)
    rows, columns = data.shape[-2:]
    if columns is not None and k >= columns - 1:
        return data
    return ops.zeros_like(data) if rows is not None and k < -rows else ops.tril(data, k)


@translates("_npi_pad", ignores="reflect_type")
def pad(
    at,
    data,
    *,
    pad_width: Pairs,
    mode: Literal["constant", "edge", "maximum", "minimum", "reflect", "symmetric"] = "constant",
    constant_value: float = 0.0,
):
    if mode == "constant":
        return ops.pad(data, pad_width, constant_values=int(constant_value) if is_integer(data) else constant_value)
    if mode in ("reflect", "symmetric"):
        return ops.pad(data, pad_width, mode=mode)
    for axis, (before, after) in enumerate(pad_width):
        outer = (slice(None),) * axis
        if mode == "edge":
            first, last = data[(*outer, slice(0, 1))], data[(*outer, slice(-1, None))]
        else:
            first = last = (ops.max if mode == "maximum" else ops.min)(data, axis, keepdims=True)
        data = ops.concatenate([*[first] * before, data, *[last] * after], axis)
    return data


def _line(at, data, axis: int | None):
    """The data and the axis; without one, the data in a row."""
    if axis is None:
        data, axis = ops.reshape(data, (-1,)), 0
    axis = at.axis(axis, len(data.shape))
    if data.shape[axis] is None:
        raise at.open("cannot count places along an axis of unknown length", tuple(data.shape))
    return data, axis


def _places(at, length: int, int_ind, start, stop, step) -> np.ndarray:
    if int_ind is None:
        return np.arange(length)[slice(start, stop, step)]
    if not -length <= int_ind <= length:
        raise at.error(f"attribute 'int_ind' must be in [-{length}, {length}]", int_ind)
    return np.array([int_ind % length if int_ind < 0 else int_ind])


def _inserted(arr, values, axis, places, one: bool):
    """`values` before the elements at `places`, as numpy.insert places and broadcasts them."""
    while len(values.shape) < len(arr.shape):
        values = ops.expand_dims(values, 0)
    if one:
        values = ops.moveaxis(values, 0, axis)
        places = np.repeat(places, values.shape[axis])
    count, length = len(places), arr.shape[axis]
    blank = ops.zeros_like(arr[(*(slice(None),) * axis, slice(0, 1))])
    values = ops.add(blank, ops.cast(values, arr.dtype))
    if values.shape[axis] == 1 and count > 1:
        values = ops.repeat(values, count, axis)
    source = np.insert(np.arange(length), places, np.arange(length, length + count)).astype("int32")
    return ops.take(ops.concatenate([arr, values], axis), source, axis=axis)


def _given(at, arr, values, val: float | None):
    """What is put in: an input, or the number `val`."""
    if values is None and val is None:
        raise at.error("needs a second input or the attribute 'val'")
    return ops.full((1,), val, arr.dtype) if values is None else values


@translates("_npi_insert_scalar", ignores="start stop step")
def insert_scalar(
    at, arr, values=None, *, int_ind: int | None = None, axis: int | None = None, val: float | None = None
):
    if int_ind is None:
        raise at.error("needs the attribute 'int_ind'")
    values = _given(at, arr, values, val)
    arr, axis = _line(at, arr, axis)
    return _inserted(arr, values, axis, _places(at, arr.shape[axis], int_ind, None, None, None), True)


@translates("_npi_insert_slice", ignores="int_ind")
def insert_slice(
    at,
    arr,
    values=None,
    *,
    val: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    axis: int | None = None,
):
    values = _given(at, arr, values, val)
    arr, axis = _line(at, arr, axis)
    return _inserted(arr, values, axis, _places(at, arr.shape[axis], None, start, stop, step), False)


@translates("_npi_insert_tensor", ignores="val start stop step int_ind")
def insert_tensor(at, arr, values, obj: TrackedArray, *, axis: int | None = None):
    """One place takes all of the values, several take one each."""
    if not isinstance(obj, TrackedArray):
        raise at.error("obj must be stored in the parameter file, not computed")
    at.discard(obj)
    arr, axis = _line(at, arr, axis)
    length, places = arr.shape[axis], obj.value.reshape(-1).astype("int64")
    if places.size and not -length <= places.min() <= places.max() <= length:
        raise at.error(f"obj must be in [-{length}, {length}]", places.tolist())
    places = np.where(places < 0, places + length, places)
    if len(places) == 1:
        places = np.repeat(places, ((1,) * len(arr.shape) + tuple(values.shape))[axis - len(arr.shape)])
    return _inserted(arr, values, axis, places, False)


@translates("_npi_diag_indices_from")
def diag_indices_from(at, data):
    if None in data.shape:
        raise at.open("the shape is not known", tuple(data.shape))
    return ops.array(np.tile(np.arange(data.shape[0]), (len(data.shape), 1)), "int64")
