"""Reshaping a tensor as it lies: which axes become which, and in what order the new ones lie. Knows no op of MXNet.

A length is (known factor, the axes of the data whose unknown lengths it is a multiple of), so that lengths that hold
unknown ones can be compared; the factor is a fraction where an unknown length is divided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ..keras_api.lazy import ops

Length = tuple[int | Fraction, Counter[int]]
Order = tuple[int, ...]
MOST_PIECES = 1024
"""Pieces that an axis is cut in at most."""
Group = tuple[range, range]
"""Axes of the data, and the new axes that hold the same elements."""


def lengths(shape: Sequence[int | None]) -> list[Length]:
    """Those of a shape, whose axes are 0, 1, 2 ..."""
    return [(1, Counter([axis])) if n is None else (n, Counter()) for axis, n in enumerate(shape)]


def times(lengths: Sequence[Length]) -> Length:
    total: int | Fraction = 1
    unknown: Counter = Counter()
    for known, axes in lengths:
        total, unknown = total * known, unknown + axes
    return total, unknown


def groups(old: Sequence[Length], new: Sequence[Length]) -> list[Group]:
    """The axes in groups that are reshaped each by itself, as small as they are."""
    found: list[Group] = []
    i = j = 0
    while i < len(old) and j < len(new):
        m, n = i + 1, j + 1
        while (left := times(old[i:m])) != (right := times(new[j:n])):
            shorter = right[1] - left[1] or (left[0] < right[0] and not left[1] - right[1])
            if m < len(old) and (shorter or n == len(new)):
                m += 1
            elif n < len(new):
                n += 1
            else:
                break
        found.append((range(i, m), range(j, n)))
        i, j = m, n
    if found and (i < len(old) or j < len(new)):  # lengths of 1 at the end
        olds, news = found.pop()
        found.append((range(olds.start, len(old)), range(news.start, len(new))))
    return found


def adjacent_orders(order: Order, shape: Sequence[int | None], found: list[Group]) -> Iterator[Order]:
    """The orders nearest to `order` in which the axes of each group lie one behind the other: where they do not, they
    are moved to the first of them, or to the last. Axes of length 1 lie anywhere."""
    for end in (min, max):
        near = order
        for olds, _ in found:
            long = [a for a in olds if shape[a] != 1]
            lying = [a for a in near if shape[a] != 1]
            places = [lying.index(a) for a in long]
            if places and places != list(range(places[0], places[0] + len(places))):
                stays = end(long, key=near.index)
                near = tuple(b for a in near if a not in long or a == stays for b in (long if a == stays else [a]))
        yield near


def in_layout(order: Order, shape: Sequence[int | None], found: list[Group]) -> list[Group]:
    """The groups as they lie in an order that `adjacent_orders` gave."""

    def place(group: Group) -> int:
        return min([order.index(a) for a in group[0] if shape[a] != 1] or [order.index(group[0].start)])

    return sorted(found, key=place)


def reshape(tensor, new: Sequence[Length]):
    """A tensor with new lengths, told by the places of its axes; any number of them may be unknown. Keras's own reshape
    takes one that is. Else axes of known length are cut and joined, if that is all; or rows of known length are looked
    up, in an order that does not change, by an index that has the unknown lengths."""
    target = [-1 if unknown else int(known) for known, unknown in new]
    if target.count(-1) < 2:
        return ops.reshape(tensor, target)
    changed = [
        (olds, [target[place] for place in news])
        for olds, news in groups(lengths(tensor.shape), new)
        if [new[place] for place in news] != [lengths(tensor.shape)[place] for place in olds]
    ]
    if all(0 < max(tensor.shape[p] or MOST_PIECES, *target) < MOST_PIECES for olds, target in changed for p in olds):
        return _cut_and_joined(tensor, changed)
    leading = max(place for place, n in enumerate(target) if n == -1) + 1
    index = ops.zeros((1,) * leading, "int32")
    for place, wanted in enumerate(new[:leading]):
        places = _places(tensor, wanted)
        index = ops.add(ops.multiply(index, ops.sum(ops.ones_like(places))), _along(places, place, leading))
    return ops.take(ops.reshape(tensor, (-1, *target[leading:])), index, 0)


def _cut_and_joined(tensor, changed: list[tuple[range, list[int]]]):
    for olds, target in reversed(changed):
        for _ in olds[1:]:
            tensor = ops.concatenate(ops.unstack(tensor, axis=olds.start), olds.start)
        for place, first in enumerate(target[:-1], olds.start):
            tensor = ops.stack(ops.split(tensor, first, place), place)
    return tensor


def _places(tensor, wanted: Length):
    """0, 1, 2 ... as far as a length goes."""
    known, unknown = wanted
    if not unknown:
        return ops.arange(known, dtype="int32")
    first, *others = unknown.elements()
    line, factor = _line(tensor, first), Fraction(known)
    for axis in others:
        line = ops.reshape(ops.multiply(line[:, None], _line(tensor, axis)), (-1,))
    if factor.numerator > 1:
        line = ops.repeat(line, factor.numerator)
    if factor.denominator > 1:
        line = ops.reshape(line, (-1, factor.denominator))[:, 0]
    return ops.subtract(ops.cumsum(line), 1)


def _along(line, place: int, rank: int):
    return ops.reshape(line, [-1 if i == place else 1 for i in range(rank)])


def _line(tensor, axis: int):
    """Ones along an axis."""
    rank = len(tensor.shape)
    line = tensor[tuple(slice(None) if i == axis % rank else 0 for i in range(rank))]
    return ops.ones_like(line, dtype="int32")


def arange_along(tensor, axis: int):
    """0, 1, 2 ... as int32, as far as an axis goes."""
    return _places(tensor, (tensor.shape[axis], Counter()) if tensor.shape[axis] is not None else (1, Counter([axis])))


def take_slice(tensor, axis: int, where: slice | int):
    """The part of a tensor that `where` says along an axis, counted from the front."""
    index = (*(slice(None),) * axis, where)
    return tensor[index]


def length(tensor, axis: int):
    """How long an axis is: a number, or int32 of shape (1,) where it is unknown."""
    return tensor.shape[axis] or ops.sum(_line(tensor, axis), keepdims=True)
