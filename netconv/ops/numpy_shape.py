"""Shapes, axes and positions in MXNet's numpy front end."""

from types import SimpleNamespace
from typing import Literal

import numpy as np

from ..graph.attributes import Ints, Pairs
from ..graph.partial_shape import count_elements, diagonal_shape, normalize_axes
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.layout import along
from ..kernels.reshape import take_slice
from ..kernels.rounding import is_integer
from .registry import shaped_as, translates
from .shape_rules import as_first
from .traits import Keeps


def _with_rank(tensor, rank: int):
    """Adds axes of length 1 until there are `rank`, where numpy adds them."""
    while len(tensor.shape) < rank:
        tensor = ops.expand_dims(tensor, -1 if len(tensor.shape) == 2 else 0)
    return tensor


def _raised_shape(shape, rank: int):
    while shape is not None and len(shape) < rank:
        shape = (*shape, 1) if len(shape) == 2 else (1, *shape)
    return shape


def _at_least_shape(rank: int):
    return lambda a, ins, outs: (ins, [_raised_shape(x, rank) for x in ins])


def _at_least(rank: int):
    @translates(f"_np_atleast_{rank}d", shape=_at_least_shape(rank), keeps=Keeps.ORDER)
    def translate(at, *arys):
        """MXNet has no gradient for it."""
        return [_with_rank(ops.stop_gradient(one), rank) for one in arys]


for _rank in (1, 2, 3):
    _at_least(_rank)


def _diag_shape(a, ins, outs):
    return shaped_as("diag")(SimpleNamespace(k=a.k, axis1=0, axis2=1), ins, outs)


@translates("_np_diag", shape=_diag_shape)
def diag(at, data, *, k: int = 0):
    """A vector becomes the diagonal of a matrix; of a matrix, the diagonal."""
    return ops.diag(data, k) if len(data.shape) == 1 else ops.diagonal(data, k)


def _diagflat_shape(a, ins, outs):
    count = None if ins[0] is None else count_elements(ins[0])
    side = None if count is None else count + abs(a.k)
    return ins, [(side, side)]


@translates("_np_diagflat", shape=_diagflat_shape)
def diagflat(at, data, *, k: int = 0):
    return ops.diag(ops.reshape(data, (-1,)), k)


def _diagonal_shape(a, ins, outs):
    return ins, [diagonal_shape(ins[0], a.offset, a.axis1, a.axis2)]


@translates("_np_diagonal", shape=_diagonal_shape, keeps=Keeps.ELEMENTS)
def diagonal(at, data, *, offset: int = 0, axis1: int = 0, axis2: int = 1):
    return ops.diagonal(data, offset, axis1, axis2)


def _concatenate_shape(a, ins, outs):
    if a.axis is None:
        counts = [None if x is None else count_elements(x) for x in ins]
        return ins, [(None if None in counts else sum(counts),)]
    return shaped_as("Concat")(SimpleNamespace(dim=a.axis), ins, outs)


@translates("_npi_concatenate", layout=along("axis"), ignores="dim", shape=_concatenate_shape, keeps=Keeps.ELEMENTS)
def concatenate(at, *data, axis: int | None = 0):
    if axis is None:
        return ops.concatenate([ops.reshape(x, (-1,)) for x in data], 0)
    return ops.concatenate(list(data), axis)


@translates("_npi_stack", shape=shaped_as("stack"), keeps=Keeps.ELEMENTS)
def stack(at, *data, axis: int = 0):
    return ops.stack(list(data), axis)


@translates("_np_transpose", shape=shaped_as("transpose"), keeps=Keeps.VALUES)
def transpose(at, a, *, axes: Ints | None = None):
    return ops.transpose(a, axes or None)


def _squeeze_shape(a, ins, outs):
    if ins[0] is None or (a.axis is None and None in ins[0]):
        return ins, outs
    gone = normalize_axes(a.axis, len(ins[0])) if a.axis is not None else None
    return ins, [tuple(n for i, n in enumerate(ins[0]) if (n != 1 if gone is None else i not in gone))]


@translates("_np_squeeze", shape=_squeeze_shape, keeps=Keeps.ORDER)
def squeeze(at, a, *, axis: Ints | None = None):
    """An axis of unknown length is assumed to have length 1 if it is named."""
    if axis is None:
        return ops.squeeze(a)
    gone = {at.axis(one, len(a.shape)) for one in axis}
    return a[tuple(0 if i in gone else slice(None) for i in range(len(a.shape)))] if gone else a


def _moveaxis_shape(a, ins, outs):
    if ins[0] is None:
        return ins, outs
    rank = len(ins[0])
    source, destination = normalize_axes(a.source, rank), normalize_axes(a.destination, rank)
    axes = [i for i in range(rank) if i not in source]
    for position, axis in sorted(zip(destination, source, strict=True)):
        axes.insert(position, axis)
    return ins, [tuple(ins[0][axis] for axis in axes)]


@translates("_np_moveaxis", shape=_moveaxis_shape, keeps=Keeps.VALUES)
def moveaxis(at, a, *, source: Ints, destination: Ints):
    return ops.moveaxis(a, source, destination)


@translates("_np_roll", shape=as_first, keeps=Keeps.VALUES)
def roll(at, data, *, shift: Ints | None = None, axis: Ints | None = None):
    """Without `axis`, rolls the flattened array."""
    if shift is None:
        raise at.error("needs the attribute 'shift'")
    if axis is None:
        return ops.reshape(ops.roll(ops.reshape(data, (-1,)), sum(shift)), [-1 if d is None else d for d in data.shape])
    shift = shift * len(axis) if len(shift) == 1 else shift
    for by, one in zip(shift, axis, strict=True):
        data = ops.roll(data, by, one)
    return data


def _broadcast_to_shape(a, ins, outs):
    """-2 keeps a length."""
    rank = len(a.shape)
    have = (None,) * rank if ins[0] is None or len(ins[0]) > rank else (1,) * (rank - len(ins[0])) + tuple(ins[0])
    return ins, [tuple(n if want == -2 else want for n, want in zip(have, a.shape, strict=True))]


@translates("_npi_broadcast_to", shape=_broadcast_to_shape, keeps=Keeps.ELEMENTS)
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


def _joined_shape(ins, outs, axis: int):
    if None in ins:
        return ins, outs
    return ins, shaped_as("Concat")(SimpleNamespace(dim=axis), list(ins), [None])[1]


def _hstack_shape(a, ins, outs):
    raised = [_raised_shape(x, 1) for x in ins]
    return ins, _joined_shape(raised, outs, 0 if raised[0] is None or len(raised[0]) == 1 else 1)[1]


def _vstack_shape(a, ins, outs):
    return ins, _joined_shape([_raised_shape(x, 2) for x in ins], outs, 0)[1]


def _dstack_shape(a, ins, outs):
    return ins, _joined_shape([_raised_shape(x, 3) for x in ins], outs, 2)[1]


def _column_stack_shape(a, ins, outs):
    columns = [x if x is None or len(x) > 1 else ((*x, 1) if x else (1, 1)) for x in ins]
    return ins, _joined_shape(columns, outs, 1)[1]


@translates("_npi_hstack", ignores="dim", shape=_hstack_shape, keeps=Keeps.ELEMENTS)
def hstack(at, *data):
    """Along axis 1, or along the only axis."""
    data = [_with_rank(x, 1) for x in data]
    return ops.concatenate(data, min(1, len(data[0].shape) - 1))


@translates("_npi_vstack", shape=_vstack_shape, keeps=Keeps.ELEMENTS)
def vstack(at, *data):
    return ops.concatenate([_with_rank(x, 2) for x in data], 0)


@translates("_npi_dstack", ignores="dim", shape=_dstack_shape, keeps=Keeps.ELEMENTS)
def dstack(at, *data):
    return ops.concatenate([_with_rank(x, 3) for x in data], 2)


@translates("_npi_column_stack", shape=_column_stack_shape, keeps=Keeps.ELEMENTS)
def column_stack(at, *data):
    return ops.concatenate([ops.reshape(x, (-1, 1)) if len(x.shape) < 2 else x for x in data], 1)


@translates("_npi_flip", shape=shaped_as("reverse"), keeps=Keeps.VALUES)
def flip(at, data, *, axis: Ints):
    return ops.flip(data, axis)


def _rot90_shape(a, ins, outs):
    if ins[0] is None:
        return ins, outs
    shape, (one, two) = list(ins[0]), normalize_axes(a.axes or (0, 1), len(ins[0]))
    if a.k % 2:
        shape[one], shape[two] = shape[two], shape[one]
    return ins, [tuple(shape)]


@translates("_npi_rot90", shape=_rot90_shape, keeps=Keeps.VALUES)
def rot90(at, data, *, k: int = 1, axes: Ints | None = None):
    """Rotates k times from the first of the two axes to the second."""
    one, two = (at.axis(a, len(data.shape)) for a in axes or (0, 1))
    turned = ops.swapaxes(data, one, two) if k % 2 else data
    return ops.flip(turned, ((), (one,), (one, two), (two,))[k % 4])


def _tril_shape(a, ins, outs):
    """A vector becomes the rows of a matrix."""
    return ins, [ins[0] * 2 if ins[0] is not None and len(ins[0]) == 1 else ins[0]]


@translates("_npi_tril", shape=_tril_shape)
def tril(at, data, *, k: int = 0):
    """A vector becomes the rows of a matrix first."""
    if len(data.shape) == 1:
        data = ops.multiply(ops.ones_like(data)[:, None], data)
    rows, columns = data.shape[-2:]
    if columns is not None and k >= columns - 1:
        return data
    return ops.zeros_like(data) if rows is not None and k < -rows else ops.tril(data, k)


def _np_pad_shape(a, ins, outs):
    if ins[0] is None or len(ins[0]) != len(a.pad_width):
        return ins, outs
    return ins, [tuple(None if n is None else n + sum(w) for n, w in zip(ins[0], a.pad_width, strict=True))]


@translates("_npi_pad", ignores="reflect_type", shape=_np_pad_shape, exact=True)
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
        if mode == "edge":
            first, last = take_slice(data, axis, slice(0, 1)), take_slice(data, axis, slice(-1, None))
        else:
            first = last = (ops.max if mode == "maximum" else ops.min)(data, axis, keepdims=True)
        data = ops.concatenate([*[first] * before, data, *[last] * after], axis)
    return data


def _flattened_without_axis(at, data, axis: int | None):
    """The data and the axis; without an axis, the flattened data and axis 0."""
    if axis is None:
        data, axis = ops.reshape(data, (-1,)), 0
    axis = at.axis(axis, len(data.shape))
    if data.shape[axis] is None:
        raise at.open("cannot count positions along an axis of unknown length", tuple(data.shape))
    return data, axis


def _positions(at, length: int, int_ind, start, stop, step) -> np.ndarray:
    if int_ind is None:
        return np.arange(length)[slice(start, stop, step)]
    if not -length <= int_ind <= length:
        raise at.error(f"attribute 'int_ind' must be in [-{length}, {length}]", int_ind)
    return np.array([int_ind % length if int_ind < 0 else int_ind])


def _insert(arr, values, axis, positions, one: bool):
    """Inserts `values` before the elements at `positions`, broadcast as in numpy.insert."""
    while len(values.shape) < len(arr.shape):
        values = ops.expand_dims(values, 0)
    if one:
        values = ops.moveaxis(values, 0, axis)
        positions = np.repeat(positions, values.shape[axis])
    count, length = len(positions), arr.shape[axis]
    blank = ops.zeros_like(take_slice(arr, axis, slice(0, 1)))
    values = ops.add(blank, ops.cast(values, arr.dtype))
    if values.shape[axis] == 1 and count > 1:
        values = ops.repeat(values, count, axis)
    source = np.insert(np.arange(length), positions, np.arange(length, length + count)).astype("int32")
    return ops.take(ops.concatenate([arr, values], axis), source, axis=axis)


def _values_to_insert(at, arr, values, val: float | None):
    """The values to insert: an input, or the scalar `val`."""
    if values is None and val is None:
        raise at.error("needs a second input or the attribute 'val'")
    return ops.full((1,), val, arr.dtype) if values is None else values


_INSERTED = "how many elements are inserted depends on positions and values together; the op needs known sizes anyway"


@translates("_npi_insert_scalar", ignores="start stop step", shape=_INSERTED)
def insert_scalar(
    at, arr, values=None, *, int_ind: int | None = None, axis: int | None = None, val: float | None = None
):
    if int_ind is None:
        raise at.error("needs the attribute 'int_ind'")
    values = _values_to_insert(at, arr, values, val)
    arr, axis = _flattened_without_axis(at, arr, axis)
    return _insert(arr, values, axis, _positions(at, arr.shape[axis], int_ind, None, None, None), True)


@translates("_npi_insert_slice", ignores="int_ind", shape=_INSERTED)
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
    values = _values_to_insert(at, arr, values, val)
    arr, axis = _flattened_without_axis(at, arr, axis)
    return _insert(arr, values, axis, _positions(at, arr.shape[axis], None, start, stop, step), False)


@translates("_npi_insert_tensor", ignores="val start stop step int_ind", shape=_INSERTED)
def insert_tensor(at, arr, values, obj: TrackedArray, *, axis: int | None = None):
    """A single index takes all values, several take one each."""
    if not isinstance(obj, TrackedArray):
        raise at.error("obj must be stored in the parameter file, not computed")
    at.discard(obj)
    arr, axis = _flattened_without_axis(at, arr, axis)
    length, positions = arr.shape[axis], obj.value.reshape(-1).astype("int64")
    if positions.size and not -length <= positions.min() <= positions.max() <= length:
        raise at.error(f"obj must be in [-{length}, {length}]", positions.tolist())
    positions = np.where(positions < 0, positions + length, positions)
    if len(positions) == 1:
        positions = np.repeat(positions, ((1,) * len(arr.shape) + tuple(values.shape))[axis - len(arr.shape)])
    return _insert(arr, values, axis, positions, False)


def _diag_indices_shape(a, ins, outs):
    return ins, [ins[0] and (len(ins[0]), ins[0][0])]


@translates("_npi_diag_indices_from", shape=_diag_indices_shape, shape_only=0)
def diag_indices_from(at, data):
    if None in data.shape:
        raise at.open("the shape is not known", tuple(data.shape))
    return ops.array(np.tile(np.arange(data.shape[0]), (len(data.shape), 1)), "int64")
