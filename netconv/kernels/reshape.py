"""Reshaping a tensor without transposing it: which axes become which, and in what order. Knows no op of MXNet.

A length is (known factor, the axes of the data whose unknown lengths are the other factors), so that unknown lengths
can be compared; the factor is a fraction where an unknown length is divided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ..keras_api.lazy import ops

Length = tuple[int | Fraction, Counter[int]]
Order = tuple[int, ...]
MAX_PIECES = 1024
"""The most tensors that an axis is split into."""
Group = tuple[range, range]
"""Axes of the data, and the new axes that hold the same elements."""


def lengths(shape: Sequence[int | None]) -> list[Length]:
    """The lengths of a shape, whose axes are 0, 1, 2 ..."""
    return [(1, Counter([axis])) if n is None else (n, Counter()) for axis, n in enumerate(shape)]


def product(lengths: Sequence[Length]) -> Length:
    """The length of the axis that axes of these lengths are merged into."""
    total: int | Fraction = 1
    unknown: Counter = Counter()
    for known, axes in lengths:
        total, unknown = total * known, unknown + axes
    return total, unknown


def groups(old: Sequence[Length], new: Sequence[Length]) -> list[Group]:
    """The smallest groups of axes such that each group is reshaped by itself."""
    found: list[Group] = []
    i = j = 0
    while i < len(old) and j < len(new):
        m, n = i + 1, j + 1
        while (left := product(old[i:m])) != (right := product(new[j:n])):
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
    """The orders nearest to `order` in which the axes of each group are adjacent and sorted: where they are not, they
    are moved to the first of them, or to the last. Axes of length 1 are ignored."""
    for end in (min, max):
        near = order
        for olds, _ in found:
            long = [a for a in olds if shape[a] != 1]
            current = [a for a in near if shape[a] != 1]
            positions = [current.index(a) for a in long]
            if positions and positions != list(range(positions[0], positions[0] + len(positions))):
                stays = end(long, key=near.index)
                near = tuple(b for a in near if a not in long or a == stays for b in (long if a == stays else [a]))
        yield near


def in_layout(order: Order, shape: Sequence[int | None], found: list[Group]) -> list[Group]:
    """The groups sorted by their position in an order that `adjacent_orders` yields."""

    def position(group: Group) -> int:
        return min([order.index(a) for a in group[0] if shape[a] != 1] or [order.index(group[0].start)])

    return sorted(found, key=position)


def reshape(tensor, new: Sequence[Length]):
    """Reshapes a tensor to lengths that refer to its own axes; several may be unknown, of which Keras's reshape accepts
    one. If only axes of known length change, they are split and merged one by one. Otherwise rows of known length are
    taken in their order by an index array that has the unknown lengths."""
    target = [-1 if unknown else int(known) for known, unknown in new]
    if target.count(-1) < 2:
        return ops.reshape(tensor, target)
    changed = [
        (olds, [target[axis] for axis in news])
        for olds, news in groups(lengths(tensor.shape), new)
        if [new[axis] for axis in news] != [lengths(tensor.shape)[axis] for axis in olds]
    ]
    if all(0 < max(tensor.shape[p] or MAX_PIECES, *target) < MAX_PIECES for olds, target in changed for p in olds):
        return _split_and_merged(tensor, changed)
    leading = max(axis for axis, n in enumerate(target) if n == -1) + 1
    index = ops.zeros((1,) * leading, "int32")
    for axis, length in enumerate(new[:leading]):
        positions = _arange(tensor, length)
        index = ops.add(
            ops.multiply(index, ops.sum(ops.ones_like(positions))), _broadcast_along(positions, axis, leading)
        )
    return ops.take(ops.reshape(tensor, (-1, *target[leading:])), index, 0)


def _split_and_merged(tensor, changed: list[tuple[range, list[int]]]):
    for olds, target in reversed(changed):
        for _ in olds[1:]:
            tensor = ops.concatenate(ops.unstack(tensor, axis=olds.start), olds.start)
        for axis, length in enumerate(target[:-1], olds.start):
            tensor = ops.stack(ops.split(tensor, length, axis), axis)
    return tensor


def _arange(tensor, length: Length):
    """0, 1, 2 ... as int32, up to a length."""
    known, unknown = length
    if not unknown:
        return ops.arange(known, dtype="int32")
    first, *others = unknown.elements()
    line, factor = _ones_along(tensor, first), Fraction(known)
    for axis in others:
        line = ops.reshape(ops.multiply(line[:, None], _ones_along(tensor, axis)), (-1,))
    if factor.numerator > 1:
        line = ops.repeat(line, factor.numerator)
    if factor.denominator > 1:
        line = ops.reshape(line, (-1, factor.denominator))[:, 0]
    return ops.subtract(ops.cumsum(line), 1)


def _broadcast_along(line, axis: int, rank: int):
    return ops.reshape(line, [-1 if i == axis else 1 for i in range(rank)])


def _ones_along(tensor, axis: int):
    """Ones along an axis."""
    rank = len(tensor.shape)
    line = tensor[tuple(slice(None) if i == axis % rank else 0 for i in range(rank))]
    return ops.ones_like(line, dtype="int32")


def arange_along(tensor, axis: int):
    """0, 1, 2 ... as int32, up to the length of an axis."""
    return _arange(tensor, (tensor.shape[axis], Counter()) if tensor.shape[axis] is not None else (1, Counter([axis])))


def take_slice(tensor, axis: int, where: slice | int):
    """`tensor[..., where, ...]` along an axis that is counted from the front."""
    index = (*(slice(None),) * axis, where)
    return tensor[index]


def length(tensor, axis: int):
    """The length of an axis: a number, or an int32 tensor of shape (1,) where it is unknown."""
    return tensor.shape[axis] or ops.sum(_ones_along(tensor, axis), keepdims=True)
