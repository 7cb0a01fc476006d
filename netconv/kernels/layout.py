"""The axis order of tensors, and the order that each op needs: channels-last inside, MXNet's outside. Knows no op.

A LaidOutTensor is a tensor of the graph together with the order of its axes. Transposing ops only relabel the axes; a
transpose is made when an op needs an order that the tensor does not have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..graph.tracked_array import TrackedArray

Order = tuple[int, ...]
"""`order[i]` is the number in MXNet of axis i of the tensor."""


@dataclass(frozen=True)
class Flat:
    """The order of features that were flattened with their axes in `order`; `shape` is in MXNet's order, without the
    batch."""

    shape: tuple[int, ...]
    order: Order

    def kernel(self, weight: TrackedArray) -> TrackedArray:
        """A weight (out, fan-in) as a kernel (fan-in, out) with its rows in the order of the flattened features."""
        out = weight.shape[0]  # takes the position of the batch
        return weight.reshape((out, *self.shape)).transpose((*self.order[1:], 0)).reshape((-1, out))

    def rows(self, array: TrackedArray) -> TrackedArray:
        """An array (rows, features) with its columns in the order of the flattened features."""
        rows = array.shape[0]
        return array.reshape((rows, *self.shape)).transpose(self.order).reshape((rows, -1))


def natural(rank: int) -> Order:
    """MXNet's order."""
    return tuple(range(rank))


def channels_last(rank: int) -> Order:
    return (0, *range(2, rank), 1)


def permuted_shape(shape: tuple, order: Order) -> tuple:
    """A shape, given in MXNet's order, with its axes in `order`."""
    return tuple(shape[axis] for axis in order)


class LaidOutTensor:
    """A tensor of the graph, with its transposes to the orders that were needed so far.

    `site` makes the layers that transpose it, named after the node that computes it.
    """

    def __init__(self, tensor, order: Order | Flat | None = None, site=None):
        self.order = natural(len(tensor.shape)) if order is None else order
        self.site = site
        self._forms = {self.order: tensor}

    @property
    def tensor(self):
        return self._forms[self.order]

    @property
    def forms(self) -> dict[Order | Flat, Any]:
        """The tensors in the orders that were needed so far."""
        return dict(self._forms)

    @property
    def rank(self) -> int:
        return 2 if isinstance(self.order, Flat) else len(self.order)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """In MXNet's order."""
        shape = self.tensor.shape
        if isinstance(self.order, Flat):
            return tuple(shape)
        return tuple(shape[self.order.index(axis)] for axis in range(len(shape)))

    def natural(self):
        return self.to(natural(self.rank))

    def to(self, order: Order | Flat):
        """The tensor in `order`."""
        if order not in self._forms:
            assert isinstance(order, tuple)  # a tensor is never flattened here
            if isinstance(self.order, Flat):
                tensor, now = self._unflattened(self.order), natural(2)
            else:
                tensor, now = self.tensor, self.order
            if now != order:
                tensor = self.site.permute(tensor, tuple(now.index(axis) for axis in order))
            self._forms[order] = tensor
        return self._forms[order]

    def _unflattened(self, flat: Flat):
        """The features in MXNet's order."""
        whole = self.site.reshape(self.tensor, (-1, *permuted_shape((-1, *flat.shape), flat.order)[1:]))
        whole = LaidOutTensor(whole, flat.order, self.site).natural()
        return self.site.reshape(whole, (-1, math.prod(flat.shape)))

    def can_have(self, order: Order | Flat) -> bool:
        """Whether the tensor can be brought to `order`, with more axes in front."""
        return order == self.order or not isinstance(order, Flat)

    def with_leading_axes(self, rank: int) -> LaidOutTensor:
        """The tensor with leading axes of length 1 added, up to a rank."""
        more = rank - self.rank
        if not more:
            return self
        order: Order = natural(2) if isinstance(self.order, Flat) else self.order
        widened = self.site.with_leading_axes(self.to(order), rank)
        return LaidOutTensor(widened, (*range(more), *(more + axis for axis in order)), self.site)

    def flattens_in_place(self) -> bool:
        """Whether flattening the tensor in its order gives the same as in MXNet's order."""
        lengths = self.shape
        order = natural(2) if isinstance(self.order, Flat) else self.order
        return [a for a in order if lengths[a] != 1] == [a for a in range(self.rank) if lengths[a] != 1]

    def relabeled(self, axes: Order) -> LaidOutTensor:
        """The tensor transposed by `axes` (in MXNet's order): the same tensor with another order."""
        if isinstance(self.order, Flat):
            return LaidOutTensor(self.site.permute(self.natural(), axes), None, self.site)
        new = {old: position for position, old in enumerate(axes)}
        return LaidOutTensor(self.tensor, tuple(new[axis] for axis in self.order), self.site)


class StoredOperand:
    """A stored array as an operand: if only one node reads it (`unshared`), it can be transposed at no cost."""

    def __init__(self, array: TrackedArray, unshared: bool, tensor: Callable[[TrackedArray], Any], site):
        self.array, self.unshared, self._tensor, self.site = array, unshared, tensor, site
        self.order, self.shape, self.rank = natural(array.ndim), array.shape, array.ndim

    def natural(self):
        return self._tensor(self.array)

    def can_have(self, order: Order | Flat) -> bool:
        """Whether the array can be brought to `order`, with more axes in front."""
        return self.unshared or not isinstance(order, Flat)

    def with_leading_axes(self, rank: int) -> StoredOperand | LaidOutTensor:
        """The array with leading axes of length 1 added, up to a rank."""
        if rank == self.rank:
            return self
        if self.unshared:
            return StoredOperand(
                self.array.reshape((1,) * (rank - self.rank) + self.shape), True, self._tensor, self.site
            )
        return LaidOutTensor(self.site.with_leading_axes(self.natural(), rank), None, self.site)

    def relabeled(self, axes: Order) -> StoredOperand | LaidOutTensor:
        if self.unshared:
            return StoredOperand(self.array.transpose(axes), True, self._tensor, self.site)
        return LaidOutTensor(self.natural(), None, self.site).relabeled(axes)

    def to(self, order: Order | Flat):
        if isinstance(order, Flat):
            return self._tensor(order.rows(self.array))
        if order == self.order:
            return self.natural()
        if self.unshared:
            return self._tensor(self.array.transpose(order))
        return self.site.permute(self.natural(), order)


Operand = LaidOutTensor | StoredOperand
"""An input of a node."""


# A layout: (site, values, attributes) -> tensors for the translation, its attributes, the order of its results.


def plain(site, values, attributes):
    """All inputs and results in MXNet's order."""
    return [v and v.natural() for v in values], attributes, None


def as_they_are(site, values, attributes):
    """The operands themselves, for a translation that transposes them."""
    return values, attributes, None


def anywhere(site, values, attributes):
    """Elementwise: all operands in one order, which can be any. Those with fewer axes are broadcast as numpy does."""
    given = [v for v in values if v is not None]
    rank = max(v.rank for v in given)
    orders = [v.order for v in given if v.rank == rank and v.order != natural(rank)]
    if not orders:
        return plain(site, values, attributes)
    order = max(orders, key=orders.count)
    if not all(v.can_have(order) or _order_independent(v, order) for v in given):
        return plain(site, values, attributes)
    tensors = [
        v and (v.natural() if _order_independent(v, order) else v.with_leading_axes(rank).to(order)) for v in values
    ]
    return tensors, attributes, order


def _order_independent(value, order: Order | Flat) -> bool:
    """Whether an operand is broadcast in the same way in any order of the others: it has one element, or one for each
    row of flattened data."""
    return value.order != order and all(n == 1 for n in value.shape[-1 if isinstance(order, Flat) else 0 :])


def spatial(site, values, attributes):
    """The first input and the result channels-last, the other inputs in MXNet's order."""
    first, *rest = values
    order = channels_last(first.rank)
    return [first.to(order), *(v and v.natural() for v in rest)], attributes, order


def spatial_all(site, values, attributes):
    """All inputs and the result channels-last."""
    return [v.to(channels_last(v.rank)) for v in values], attributes, channels_last(values[0].rank)


def features(site, values, attributes):
    """The first input flattened to (batch, features) in its order; `site.kernel` arranges the weight to match."""
    if not attributes.get("flatten", True):
        return plain(site, values, attributes)
    first, *rest = values
    shape = first.shape
    if isinstance(first.order, Flat):
        site.flat = first.order
        data = first.tensor
    elif isinstance(first, LaidOutTensor) and first.order[0] == 0 and first.flattens_in_place():
        data = first.tensor
    elif first.order != natural(first.rank) and first.order[0] == 0 and None not in shape[1:]:
        site.flat = Flat(tuple(shape[1:]), first.order)
        data = first.tensor
    else:
        data = first.natural()
    return [data, *(v and v.natural() for v in rest)], attributes, None


@dataclass(frozen=True)
class Along:
    """Works along the axes that the attributes `names` give, an int or a tuple each; see `along`."""

    names: tuple[str, ...]
    first_only: bool
    keepdims: str | None

    def __call__(self, site, values, attributes):
        considered = values[:1] if self.first_only else values
        rank = considered[0].rank
        order = _common_order(considered)
        reduces = self.keepdims is not None and not attributes[self.keepdims]
        if order is None or (reduces and any(attributes[name] is None for name in self.names)):
            return plain(site, values, attributes)
        axes = {name: _axes(site, attributes[name], rank) for name in self.names if attributes[name] is not None}
        moved = {name: tuple(order.index(axis) for axis in found) for name, found in axes.items()}
        attributes = attributes | {
            name: positions if isinstance(attributes[name], tuple) else positions[0]
            for name, positions in moved.items()
        }
        tensors = [v and (v.natural() if self.first_only and i else v.to(order)) for i, v in enumerate(values)]
        return tensors, attributes, _without(order, {a for found in axes.values() for a in found}) if reduces else order


def along(*names: str, first_only: bool = False, keepdims: str | None = None) -> Along:
    """Works along the axes that the attributes `names` give: they are translated to the axis order of the data.

    All inputs, or only the first, are brought to one axis order. With `keepdims`, the name of a boolean attribute, the
    axes worked along are removed from the result where it is false.
    """
    return Along(names, first_only, keepdims)


def _common_order(values) -> Order | None:
    """The most frequent order that is not MXNet's; None if there is none or the values cannot all have it."""
    orders = [value.order for value in values if value.order != natural(value.rank)]
    rank = values[0].rank
    if not orders or any(value.rank != rank for value in values):
        return None
    if any(isinstance(order, Flat) or len(order) != rank for order in orders):
        return None
    return max(orders, key=orders.count)


def _axes(site, axis: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    return tuple(site.axis(a, rank) for a in (axis if isinstance(axis, tuple) else (axis,)))


def _without(order: Order, axes: set[int]) -> Order:
    """The order of the axes that are left without some."""
    left = [axis for axis in order if axis not in axes]
    return tuple(sorted(left).index(axis) for axis in left)
