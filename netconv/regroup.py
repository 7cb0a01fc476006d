"""Reshaping a tensor as it lies: which axes become which, and in what order the new ones lie. Knows no op of MXNet.

A length is (known factor, the axes of the data whose unknown lengths it is a multiple of), so that lengths that hold
unknown ones can be compared; the factor is a fraction where an unknown length is divided.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from .lazy import ops

Length = tuple[int | Fraction, Counter]
Order = tuple[int, ...]
Group = tuple[range, range]
"""Axes of the data, and the new axes that hold the same elements."""

MOST_PIECES = 64
"""Slices that a tensor is cut in for a reshape that no op of Keras takes: more than one length unknown."""


def times(lengths: Sequence[Length]) -> Length:
    total, unknown = 1, Counter()
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


def gathered(order: Order, shape: Sequence[int | None], found: list[Group]) -> Iterator[Order]:
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


def laid(order: Order, shape: Sequence[int | None], found: list[Group]) -> list[Group]:
    """The groups as they lie in an order that `gathered` gave."""

    def place(group: Group) -> int:
        return min([order.index(a) for a in group[0] if shape[a] != 1] or [order.index(group[0].start)])

    return sorted(found, key=place)


def in_pieces(tensor, shape: Sequence[int | None], new: Sequence[int | None], lying: list[Group]):
    """A reshape group by group, by cutting and joining: for more than one unknown length, which no reshape of Keras
    takes. `shape` and `new` are by axis, the groups as they lie. None where a group with an unknown length becomes what
    cannot be cut, or it would take too many pieces."""
    ones = [place for place, n in enumerate(tensor.shape) if n == 1]
    tensor = ops.squeeze(tensor, ones) if ones else tensor
    place = 0
    for olds, news in lying:
        have, want = ([n for n in part if n != 1] for part in ([shape[a] for a in olds], [new[a] for a in news]))
        if have != want:
            if None in (*have[1:], *want[1:]) or max(_pieces(have), _pieces(want[::-1])) > MOST_PIECES:
                return None
            for _ in have[1:]:
                tensor = _merged(tensor, place)
            for i, first in enumerate(want[:-1]):
                tensor = _split(tensor, place + i, first, math.prod(want[i + 1 :]))
        place += len(want)
    for place, n in enumerate(new[a] for _, news in lying for a in news):
        tensor = ops.expand_dims(tensor, place) if n == 1 else tensor
    return tensor


def _pieces(lengths: list[int | None]) -> int:
    """In how many pieces `_merged` and `_split` cut at most, one axis after the other."""
    most, whole = 1, math.inf if lengths[:1] == [None] else lengths[0]
    for n in lengths[1:]:
        most, whole = max(most, min(whole, n or math.inf)), whole * (n or math.inf)
    return most


def _merged(tensor, axis: int):
    """Axes `axis` and the next one in one."""
    whole = (slice(None),) * axis
    first, second = tensor.shape[axis : axis + 2]
    parts = [tensor[(*whole, slice(None), i)] for i in range(second)] if first is None or second < first else []
    if first is None:
        return _interleaved(parts, axis)
    if not parts:
        return ops.concatenate([tensor[(*whole, i)] for i in range(first)], axis)
    return ops.take(ops.concatenate(parts, axis), [j * first + i for i in range(first) for j in range(second)], axis)


def _interleaved(parts: list, axis: int):
    """The first of each part along `axis`, then the second of each, of an unknown number."""
    out = wide = ops.repeat(parts[0], len(parts), axis)
    turn = ops.mod(counted(wide, axis), len(parts))
    turn = ops.reshape(turn, [-1 if i == axis else 1 for i in range(len(wide.shape))])
    for number, part in enumerate(parts[1:], 1):
        out = ops.where(ops.equal(turn, number), ops.repeat(part, len(parts), axis), out)
    return out


def _line(tensor, axis: int):
    """Ones along an axis."""
    return ops.ones_like(
        tensor[tuple(slice(None) if i == axis else 0 for i in range(len(tensor.shape)))], dtype="int32"
    )


def counted(tensor, axis: int):
    """0, 1, 2 ... as int32, as far as an axis goes."""
    if tensor.shape[axis] is not None:
        return ops.arange(tensor.shape[axis], dtype="int32")
    return ops.subtract(ops.cumsum(_line(tensor, axis)), 1)


def length(tensor, axis: int):
    """How long an axis is: a number, or int32 of shape (1,) where it is unknown."""
    return tensor.shape[axis] or ops.sum(_line(tensor, axis), keepdims=True)


def _split(tensor, axis: int, first: int | None, rest: int):
    """Axis `axis` in two."""
    whole = (slice(None),) * axis
    if first is not None and first <= rest:
        return ops.stack([tensor[(*whole, slice(i * rest, (i + 1) * rest))] for i in range(first)], axis)
    return ops.stack([tensor[(*whole, slice(i, None, rest))] for i in range(rest)], axis + 1)
