"""Reshaping; stored arrays are reshaped during conversion."""

import math
from collections import Counter
from fractions import Fraction
from types import SimpleNamespace

from ..graph.attributes import Ints
from ..graph.partial_shape import (
    Shape,
    ShapeMismatch,
    apply_reshape_codes,
    count_elements,
    first_known,
    format_shape,
    merge,
    normalize_axes,
    normalize_axis,
    of_rank,
    solve_features,
    solve_lengths,
)
from ..keras_api.lazy import layers, ops
from ..kernels import reshape as regroup
from ..kernels.layout import LaidOutTensor, StoredOperand, as_they_are, channels_last, features, natural, permuted_shape
from ..kernels.reshape import adjacent_orders, groups, in_layout, product
from .registry import translates
from .traits import Keeps


def _inferred_length(at, whole, taken):
    known, unknown = product(taken)
    if known == 0 or unknown - whole[1] or (whole[0] % known and not whole[1]):
        raise at.error("the elements do not fit the new shape", (whole[0], known))
    if whole[0] % known:  # an unknown length compensates
        return Fraction(whole[0]) / known, whole[1] - unknown
    return whole[0] // known, whole[1] - unknown


def _lengths_from_codes(at, lengths, codes):
    """The lengths that MXNet's codes stand for: 0 copies a length, -1 infers one, -2 copies the rest, -3 merges two, -4
    splits one into the two numbers that follow."""
    out, source, infer = [], 0, None
    codes = list(codes)
    position = 0

    def take():
        nonlocal source
        if source >= len(lengths):
            raise at.error("attribute 'shape' asks for more axes than the data has", tuple(codes))
        source += 1
        return lengths[source - 1]

    while position < len(codes):
        code = codes[position]
        if code > 0:
            out.append((code, Counter()))
            source += 1
        elif code == 0:
            out.append(take())
        elif code == -1:
            if infer is not None:
                raise at.error("attribute 'shape' may have one -1", tuple(codes))
            infer = len(out)
            out.append((1, Counter()))
            source += 1
        elif code == -2:
            out.extend(lengths[source:])
            source = len(lengths)
        elif code == -3:
            out.append(product([take(), take()]))
        elif code == -4:
            whole = take()
            pair = codes[position + 1 : position + 3]
            if len(pair) < 2 or min(pair) < -1 or 0 in pair or pair == [-1, -1]:
                raise at.error("-4 in attribute 'shape' must be followed by two lengths", tuple(codes))
            given = [None if p == -1 else (p, Counter()) for p in pair]
            known = [g for g in given if g]
            out.extend(g or _inferred_length(at, whole, known) for g in given)
            position += 2
        else:
            raise at.error("attribute 'shape' has an unknown code", code)
        position += 1
    if infer is not None:
        out[infer] = _inferred_length(at, product(lengths), out[:infer] + out[infer + 1 :])
    elif product(out) != product(lengths) and not product(lengths)[1]:
        raise at.error(f"cannot give data of {product(lengths)[0]} elements the shape", tuple(codes))
    return out


def reshaped(at, value, lengths):
    """Reshapes a LaidOutTensor or StoredOperand to lengths in MXNet's order, without a transpose if possible."""
    shape = [None if unknown else known for known, unknown in lengths]
    if isinstance(value, StoredOperand):
        if value.unshared and None not in shape:
            return at.stored(value.array.reshape(shape))
        return ops.reshape(value.natural(), shape)
    if not value.rank:
        return ops.reshape(value.natural(), shape)
    if not isinstance(value.order, tuple):
        value = LaidOutTensor(value.natural(), None, at)
    found = groups(regroup.lengths(value.shape), lengths)
    wanted = channels_last(len(lengths)) if len(lengths) > 3 else natural(len(lengths))
    for order in adjacent_orders(value.order, value.shape, found):
        laid_out = in_layout(order, value.shape, found)
        after = tuple(axis for _, new in laid_out for axis in new)
        if after == wanted:
            break
    tensor, target = value.to(order), permuted_shape(tuple(shape), after)
    if tuple(tensor.shape) == target and target.count(None) <= 1:
        return at.ordered(tensor, after)
    keeps_batch = target[:1] == (None,) and lengths[0] == (1, Counter([0])) and order[0] == after[0] == 0
    if keeps_batch and target.count(None) <= 2 and not at.constant(tensor):
        return at.ordered(at.layer(layers.Reshape, tuple(-1 if d is None else d for d in target[1:]))(tensor), after)
    if target.count(None) > 1 and any(axis < 0 for _, axes in lengths for axis in axes):
        raise at.open("more than one length is unknown", tuple(value.shape))
    positions = {axis: position for position, axis in enumerate(order)}
    axes_after = permuted_shape(tuple(lengths), after)
    found = [(known, Counter(positions.get(a) for a in axes.elements())) for known, axes in axes_after]
    return at.ordered(regroup.reshape(tensor, found), after)


def _flattens(value, codes: Ints, reverse: bool) -> bool:
    """Whether a reshape is one to (batch, all the rest), which is flattened in the current order of axes."""
    if isinstance(value, StoredOperand) or reverse or len(codes) != 2 or value.rank < 3 or None in value.shape[1:]:
        return False
    return codes in ((0, -1), *((batch, math.prod(value.shape[1:])) for batch in (-1, 0)))


def _flattening(site, values, attributes):
    if _flattens(values[0], attributes["shape"], attributes["reverse"]):
        return features(site, values, attributes)
    return values, attributes, None


def _codes(a) -> tuple[int, ...]:
    """The codes of a Reshape; the old `target_shape`, where 0 infers a length, is converted to them."""
    if a.shape or not a.target_shape:
        return tuple(a.shape or ())
    codes = tuple(-1 if n == 0 else n for n in a.target_shape)
    return (0, *codes[1:]) if a.keep_highest else codes


def _shape_before_reshape(out: Shape, codes) -> Shape:
    """The shape of the data of a Reshape, if its codes only copy, merge and split."""
    if out is None:
        return None
    data, rest, todo = [], list(out), iter(codes)
    for code in todo:
        if code == 0 and rest:
            data.append(rest.pop(0))
        elif code == -2:
            if next(todo, None) is not None:
                return None
            data, rest = data + rest, []
        elif code == -3 and rest:
            rest.pop(0)
            data += [None, None]
        elif code == -4 and len(rest) > 1:
            next(todo, None), next(todo, None)
            data.append(count_elements((rest.pop(0), rest.pop(0))))
        else:
            return None
    return tuple(data)


def _reshape_shape(a, ins, outs):
    codes, data, out = _codes(a), ins[0], outs[0]
    if not codes:
        return ins, outs
    claim = apply_reshape_codes(data, codes, a.reverse)
    if not a.reverse:
        data = merge(data, _shape_before_reshape(out, codes))
    if data is not None and out is not None:
        if None not in out:
            data = solve_lengths(data, math.prod(out))
        elif codes[:1] == (0,) and not a.reverse and data:
            data = (data[0], *solve_lengths(data[1:], count_elements(out[1:])))
    return [data], [claim]


def _reshape_guess(a, ins, outs):
    """A guess: each example is reshaped separately."""
    codes, data = _codes(a), ins[0]
    if a.reverse or codes[:1] not in ((0,), (-1,)) or len(codes) < 2 or min(codes[1:]) < 1:
        return [None]
    if data is None:
        return [(None, math.prod(codes[1:]))]
    if len(data) > 1 and data[-1] is None:
        return [(data[0], *solve_lengths(data[1:], math.prod(codes[1:])))]
    return [None]


def _reshape_features(a, ins) -> int | None:
    """n of a Reshape to (-1, n). None if the last axis of the data is known: then the batch may be merged with a time
    axis."""
    codes = _codes(a)
    if a.reverse or len(ins[0]) < 3 or not ins[0][0] is ins[0][-1] is None:
        return None
    return math.prod(codes[1:]) if codes[:1] == (-1,) and len(codes) > 1 and min(codes[1:]) > 0 else None


@translates(
    "Reshape",
    "reshape",
    layout=_flattening,
    shape=_reshape_shape,
    likely=_reshape_guess,
    features=_reshape_features,
    keeps=Keeps.ORDER,
)
def reshape(at, data, *, shape: Ints = (), reverse: bool = False, target_shape: Ints = (), keep_highest: bool = False):
    if _flattens(at.values[0], shape, reverse):
        return at.ordered(at.flattened(data), at.flat)
    value = at.values[0]
    if not shape and target_shape:
        # The old attribute: 0 infers one length.
        codes = [-1 if t == 0 else t for t in target_shape]
        if keep_highest:
            codes[0] = 0
        shape = tuple(codes)
    lengths = regroup.lengths(value.shape)
    if reverse:
        return reshaped(at, value, _lengths_from_codes(at, lengths[::-1], shape[::-1])[::-1])
    return reshaped(at, value, _lengths_from_codes(at, lengths, shape))


def _require_c_order(at, order: str) -> None:
    if order != "C":
        raise at.error("attribute 'order' must be C, the only one that MXNet has", order)


def _numpy_reshape_shape(a, ins, outs):
    """The codes of the numpy front end as Reshape's; -3, which removes an axis, implies nothing."""
    if -3 in a.newshape or 0 in a.newshape:
        return ins, [None]
    codes = tuple({-2: 0, -4: -2, -5: -3, -6: -4}.get(code, code) for code in a.newshape)
    same = SimpleNamespace(shape=codes, reverse=getattr(a, "reverse", False), target_shape=(), keep_highest=False)
    return _reshape_shape(same, ins, outs)


@translates("_np_reshape", layout=as_they_are, shape=_numpy_reshape_shape, keeps=Keeps.ORDER)
def np_reshape(at, a, *, newshape: Ints, order: str = "C"):
    """-1 infers a length."""
    _require_c_order(at, order)
    if min(newshape, default=0) < -1 or 0 in newshape:
        raise at.error("attribute 'newshape' may hold lengths and one -1", newshape)
    return reshaped(at, a, _lengths_from_codes(at, regroup.lengths(a.shape), newshape))


_NPX_CODES = {-2: 0, -4: -2, -5: -3, -6: -4}
"""The codes of `_npx_reshape` as those of Reshape; its -3 removes an axis of length 1."""


@translates("_npx_reshape", "_npi_reshape", layout=as_they_are, shape=_numpy_reshape_shape, keeps=Keeps.ORDER)
def npx_reshape(at, a, *, newshape: Ints, reverse: bool = False, order: str = "C"):
    _require_c_order(at, order)
    lengths, codes = regroup.lengths(a.shape), newshape
    if reverse:
        lengths, codes = lengths[::-1], codes[::-1]
    out, source, skip = [], 0, 0
    for code in codes:
        if skip:
            skip -= 1
        elif code == -3:
            if lengths[source : source + 1] != [(1, Counter())]:
                raise at.error("-3 in attribute 'newshape' must meet an axis of length 1", newshape)
            del lengths[source]
            continue
        else:
            skip, source = (2 if code == -6 else 0), source + (2 if code == -5 else 1)
        out.append(code if skip == 0 and code > 0 else _NPX_CODES.get(code, code))
    shape = _lengths_from_codes(at, lengths, out)
    return reshaped(at, a, shape[::-1] if reverse else shape)


def _flatten_shape(a, ins, outs):
    data, (batch, features) = ins[0], of_rank(outs[0], 2)
    if data:
        batch, features = first_known(data[0], batch), first_known(count_elements(data[1:]), features)
        data = (batch, *solve_features(data[1:], features))
    return [data], [(batch, features)]


def _flat_guess(a, ins, outs):
    return [of_rank(outs[0], 2) if ins[0] is None and of_rank(outs[0], 2)[1] is not None else None]


@translates("Flatten", "flatten", layout=features, shape=_flatten_shape, likely=_flat_guess, keeps=Keeps.ORDER)
def flatten(at, data):
    return at.ordered(at.flattened(data), at.flat)


def _reshape_like_shape(a, ins, outs):
    """The axes [lhs_begin, lhs_end) of the first input become the axes [rhs_begin, rhs_end) of the second."""
    one, two = ins
    if one is None or two is None:
        return ins, [two if one is None and a.lhs_begin is a.lhs_end is a.rhs_begin is a.rhs_end is None else None]
    p, q = slice(a.lhs_begin, a.lhs_end).indices(len(one))[:2]
    r, s = slice(a.rhs_begin, a.rhs_end).indices(len(two))[:2]
    have, wanted = count_elements(one[p:q]), count_elements(two[r:s])
    if None not in (have, wanted) and have != wanted:
        raise ShapeMismatch(f"{have} elements do not fill axes of shape {format_shape(two[r:s])}")
    return ins, [(*one[:p], *two[r:s], *one[q:])]


@translates("reshape_like", layout=as_they_are, shape=_reshape_like_shape, keeps=Keeps.ORDER, shape_only=1)
def reshape_like(
    at,
    lhs,
    rhs,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
):
    """The axes [lhs_begin, lhs_end) of `lhs` become the axes [rhs_begin, rhs_end) of `rhs`."""
    left = regroup.lengths(lhs.shape)
    right = [(d, Counter()) if d else (1, Counter([-1 - i])) for i, d in enumerate(rhs.shape)]
    bounds = []
    for begin, end, rank in ((lhs_begin, lhs_end, lhs.rank), (rhs_begin, rhs_end, rhs.rank)):
        begin, end = begin or 0, rank if end is None else end
        bounds.append((begin + rank if begin < 0 else begin, end + rank if end < 0 else end))
    (a, b), (c, d) = bounds
    new = right[c:d]
    if sum(bool(unknown) for _, unknown in new) > 1:
        if b - a != 1:
            raise at.open("more than one length is unknown", tuple(rhs.shape))
        positions, whole = 0, rhs.natural()
        for axis in range(c, d):
            steps = ops.reshape(regroup.arange_along(whole, axis), [-1 if i == axis else 1 for i in range(c, d)])
            positions = ops.add(ops.multiply(positions, regroup.length(whole, axis)), steps)
        return ops.take(lhs.natural(), positions, a)
    if b - a == d - c:
        new = [mine if mine[1] and theirs[1] else theirs for mine, theirs in zip(left[a:b], new, strict=True)]
    return reshaped(at, lhs, left[:a] + new + left[b:])


def _expand_dims_shape(a, ins, outs):
    data, out = ins[0], outs[0]
    if out:
        axis = normalize_axis(a.axis, len(out))
        data = merge(data, (*out[:axis], *out[axis + 1 :]))
    if data is None:
        return [None], [None]
    axis = normalize_axis(a.axis, len(data) + 1)
    return [data], [(*data[:axis], 1, *data[axis:])]


@translates("expand_dims", layout=as_they_are, shape=_expand_dims_shape, keeps=Keeps.ORDER)
def expand_dims(at, data, *, axis: int):
    axis = at.axis(axis, data.rank + 1)
    if isinstance(data, StoredOperand):
        lengths = regroup.lengths(data.shape)
        return reshaped(at, data, [*lengths[:axis], (1, Counter()), *lengths[axis:]])
    if not isinstance(data.order, tuple):
        return ops.expand_dims(data.natural(), axis)
    position = data.order.index(axis) if axis < data.rank else data.rank
    order = [a + (a >= axis) for a in data.order]
    return at.ordered(ops.expand_dims(data.tensor, position), (*order[:position], axis, *order[position:]))


def _squeeze_shape(a, ins, outs):
    data, out = ins[0], outs[0]
    if a.axis is not None and data is None and out not in (None, (1,)):
        rank = len(out) + len(a.axis)
        axes, left = set(normalize_axes(a.axis, rank)), iter(out)
        data = tuple(1 if i in axes else next(left, None) for i in range(rank))
    if data is None or (a.axis is None and None in data):
        return [data], [None]
    axes = {i for i, n in enumerate(data) if n == 1} if a.axis is None else set(normalize_axes(a.axis, len(data)))
    data = tuple(1 if i in axes else n for i, n in enumerate(data))
    return [data], [tuple(n for i, n in enumerate(data) if i not in axes) or (1,)]


@translates("squeeze", layout=as_they_are, shape=_squeeze_shape, keeps=Keeps.ORDER)
def squeeze(at, data, *, axis: Ints | None = None):
    shape = data.shape
    if axis is None and None in shape:
        at.note("squeeze without axes keeps the axes of unknown length, of a batch of one too; MXNet drops those of 1")
    axes = {at.axis(a, data.rank) for a in axis} if axis is not None else {i for i, d in enumerate(shape) if d == 1}
    left = [length for i, length in enumerate(regroup.lengths(shape)) if i not in axes]
    return reshaped(at, data, left or [(1, Counter())])
