"""Sizes for the open axes of inputs: tried until they are consistent with the parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice, product
from typing import NamedTuple

from ..graph.graph import Edge, Graph
from ..graph.partial_shape import Lengths, Shape
from .propagation import BATCHES, ShapeSolver

LARGEST_TRIED, MOST_STEPS = 1024, 500_000
"""Sizes that are tried for the open axes of an input, and rules that are run for it in all."""
CUSTOMARY = (28, 32, 64, 96, 112, 128, 224, 227, 256, 299, 384, 416, 512)
"""Sizes that image nets are made for: pooling rounds, so a few neighboring sizes fit, and one of these is meant."""
LARGEST_OBLONG = 48
OBLONG = ((48, 64), (96, 128), (120, 160), (144, 176), (180, 320), (240, 320), (360, 640), (480, 640))
"""Sizes of images that are tried for an example where no square fits: all up to LARGEST_OBLONG, and these."""
MOST_ALONE = 6
"""Lengths of an axis that nothing contradicts while the others are open: so many are tried with those of the others."""
CHANNELS = (3, 1)
"""Channels that images have."""

Plan = Mapping[tuple[int, int], int | None]
"""Lengths of open axes, by input and axis, that are not the size that is tried: None leaves them open. The batch stays
open unless it is in the plan."""


class Undecided(Exception):
    """Only the user knows the shape of the input `index`: `why`, and a shape that is `fitting`, if one is known."""

    def __init__(
        self, solver: ShapeSolver, index: int, why: str = "cannot be inferred", fitting: Lengths | None = None
    ):
        super().__init__(why)
        self.solver, self.index, self.why, self.fitting = solver, index, why, fitting
        self.known = solver.shape(Edge(index))
        self.alike: Lengths = _alike(solver, index) if self.known is None else self.known


class _Sizes(NamedTuple):
    least: int
    chosen: int
    most: int


class _Free(NamedTuple):
    """That no size contradicts anything: the axes stay open."""


class _Chosen(NamedTuple):
    sizes: _Sizes
    plan: Plan


def try_sizes(solver: ShapeSolver, inputs: list[int], steps: int = MOST_STEPS) -> dict[int, str]:
    """Fills open axes by trying sizes, the same for all axes, until one is consistent with everything that is known;
    axes on which nothing depends stay open. Returns, by input, a remark on other sizes that fit. Raises Undecided where
    no size fits or every size does."""
    remarks: dict[int, str] = {}
    while solver.spent < steps:
        undecided = [i for i in inputs if None in (solver.shape(Edge(i)) or ())[1:] and i not in remarks]
        search = _next_search(solver, undecided, steps)
        if search is None:
            break
        remarks.update(dict.fromkeys(search.members, ""))
        found = search.run()
        if isinstance(found, _Chosen):
            shapes = search.shapes(found.plan, found.sizes.chosen)
            remarks.update({index: search.remark(index, found, shapes[Edge(index)]) for index in search.members})
            solver.propagate(solver.refine(shapes.items()))
    return remarks


def _next_search(solver: ShapeSolver, undecided: list[int], steps: int) -> _SizeSearch | None:
    """The search for those of the undecided inputs that the first node depends on which more is known of than follows;
    None if there is no such node."""
    upstream = _upstream(solver.graph, undecided)
    group, watched = 0, {}
    for index, mask in enumerate(upstream):
        if not mask or (group and mask | group != group):
            continue
        wanted = solver.features(index)
        if wanted is not None or solver.unexplained(index, solver.shape):
            group = group or mask
            watched[index] = wanted
    if not group:
        return None
    members = [index for bit, index in enumerate(undecided) if group >> bit & 1]
    order = [i for i, mask in enumerate(upstream) if mask & group and solver.graph.nodes[i].op != "null"]
    return _SizeSearch(solver, members, order, watched, steps)


@dataclass(frozen=True)
class _SizeSearch:
    """A search for one size for all open axes of the inputs `members`: `order` are the nodes that depend on them, and
    `watched` those that more is known of than follows, with the number of features that they want, if any."""

    solver: ShapeSolver
    members: list[int]
    order: list[int]
    watched: Mapping[int, int | None]
    steps: int

    def known(self, index: int) -> Lengths:
        return self.solver.shape(Edge(index)) or ()

    def run(self) -> _Chosen | _Free:
        """Raises Undecided where no size fits."""
        left = self.steps - self.solver.spent
        tried = [*CUSTOMARY, *range(1, LARGEST_TRIED + 1)][: max(1, left // len(self.order))]
        self.solver.spent += len(self.solver.graph.nodes)
        free = False
        for plan in self._plans():
            sizes = _search(partial(self.fits, plan), tried)
            if not isinstance(sizes, _Sizes):
                free = free or isinstance(sizes, _Free)
                continue
            opened = self._opened(plan, sizes.chosen)
            any_image = any(_channels(self.known(i)) and not _of_image(opened, i) for i in self.members)
            if any_image and not any(axis for _, axis in plan):
                continue
            self._require_channels(plan, opened, sizes.chosen)
            return _Chosen(sizes, opened)
        if free:
            return _Free()
        raise self._oblong()

    def _plans(self) -> Iterator[Plan]:
        """All open axes the same; then images with their usual channels; then nets for one example at a time."""
        yield {}
        for position in (0, 1):
            for channels in CHANNELS:
                axes = {i: _channels(self.known(i)) for i in self.members}
                plan = {(i, found[position]): channels for i, found in axes.items() if found}
                if plan:
                    yield plan
        yield {(i, 0): 1 for i in self.members}

    def shapes(self, plan: Plan, size: int) -> dict[Edge, Lengths]:
        """The shapes of the members with this size for their open axes."""
        return {
            Edge(i): tuple(
                plan.get((i, axis), size if axis else None) if n is None else n for axis, n in enumerate(self.known(i))
            )
            for i in self.members
        }

    def fits(self, plan: Plan, size: int) -> bool | None:
        """Whether a size is consistent with what is known; None if that does not depend on it."""
        return size > 0 and self._consistent(self.shapes(plan, size))

    def _consistent(self, shapes: Mapping[Edge, Shape]) -> bool | None:
        """Whether inputs of these shapes are consistent, for any number of examples and for those of BATCHES; None as
        in `ShapeSolver.is_consistent`."""
        self.solver.spent += len(self.order)
        found = self.solver.is_consistent(shapes, self.order, self.watched)
        if found is False:
            return False
        self.solver.spent += len(BATCHES) * len(self.order)
        for batch in BATCHES:
            filled = {e: (batch if s[0] is None else s[0], *s[1:]) for e, s in shapes.items() if s}
            if self.solver.is_consistent(filled, self.order, self.watched) is False:
                return False
        return found

    def _opened(self, plan: Plan, size: int) -> Plan:
        """The plan with every axis left open that nothing depends on, one after the other. An axis that must be a
        multiple of `size` is not open; one that must be a multiple of a power of 2, as poolings want it, is."""
        even = size & -size
        longer = 2 * size, size + (even if even < size else max(1, size // 2))
        for index in self.members:
            for axis, n in enumerate(self.known(index)):
                if axis and n is None:
                    open_, *others = ({**plan, (index, axis): length} for length in (None, *longer))
                    plan = open_ if all(self.fits(other, size) for other in (open_, *others)) else plan
        return plan

    def _require_channels(self, plan: Plan, opened: Plan, size: int) -> None:
        """Raises Undecided where another number of channels than that of the plan fits too."""
        for (index, axis), channels in plan.items():
            if channels is None or opened.get((index, axis), channels) is None:
                continue
            if self.fits({**opened, (index, axis): channels + 1}, size):
                shape = self.shapes(opened, size)[Edge(index)]
                raise Undecided(self.solver, index, "cannot be inferred", shape)

    def remark(self, index: int, found: _Chosen, shape: Lengths) -> str:
        """A remark on other sizes that fit an input, "" if there is none. Raises Undecided if all larger ones do."""
        known = enumerate(self.known(index))
        taken = [axis for axis, n in known if axis and n is None and (index, axis) not in found.plan]
        if taken and found.sizes.most > LARGEST_TRIED:
            smallest = " x ".join([str(found.sizes.least)] * len(taken))
            raise Undecided(self.solver, index, f"cannot be inferred: all sizes from {smallest} fit", shape)
        return _others(self.solver.graph.nodes[index].name, shape, taken, found.sizes)

    def _oblong(self) -> Undecided:
        """For an input that no square fits: with an example that is not square, if one fits. The parameters do not
        decide which of its sides is the longer one."""
        index, why = self.members[0], "cannot be inferred: no square size was found that fits the parameters"
        lengths = self.known(index)
        axes = [axis for axis, n in enumerate(lengths) if axis and n is None]

        def sized(sizes: Mapping[int, int]) -> Lengths:
            return tuple(sizes.get(axis, n) for axis, n in enumerate(lengths))

        @cache
        def alone(axis: int, length: int) -> bool:
            return self._consistent({Edge(index): sized({axis: length})}) is not False

        each = (islice(filter(partial(alone, axis), range(1, LARGEST_TRIED + 1)), MOST_ALONE) for axis in axes)
        for size in chain(_usual_oblongs(len(axes)), product(*each)) if len(self.members) == 1 < len(axes) else ():
            if self.solver.spent >= self.steps:
                break
            sizes = dict(zip(axes, size, strict=True))
            fits_alone = all(alone(axis, length) for axis, length in sizes.items())
            if fits_alone and self._consistent({Edge(index): sized(sizes)}):
                return Undecided(self.solver, index, f"{why}, but {' x '.join(map(str, size))} does", sized(sizes))
        return Undecided(self.solver, index, why)


def _usual_oblongs(axes: int) -> Sequence[tuple[int, ...]]:
    """Sizes of images and videos that are not square, the likeliest first."""
    sides = range(1, LARGEST_OBLONG)
    if axes == 2:
        small = ((height, width) for height in sides for width in sides if height != width)
        return [*OBLONG, *(size[::-1] for size in OBLONG), *sorted(small, key=lambda s: (abs(s[0] - s[1]), s))]
    if axes == 3:
        return [(frames, side, side) for side in (*CUSTOMARY, *sides) for frames in sides if frames != side]
    return []


def _channels(shape: Lengths) -> tuple[int, ...]:
    """The axes that may be the channels of an image of which nothing is known."""
    return (1, len(shape) - 1) if len(shape) > 3 and not any(shape[1:]) else ()


def _of_image(opened: Plan, index: int) -> bool:
    """Whether the axes that are not `opened` may be rows and columns: no image has as many channels."""
    return (index, 1) in opened or ((index, 2) not in opened and any(axis > 2 for i, axis in opened if i == index))


def _upstream(graph: Graph, inputs: list[int]) -> list[int]:
    """For each node the inputs that it depends on, one bit each."""
    masks = [0] * len(graph.nodes)
    for bit, index in enumerate(inputs):
        masks[index] = 1 << bit
    for index, node in enumerate(graph.nodes):
        for edge in node.inputs:
            masks[index] |= masks[edge.node]
    return masks


def _search(fits: Callable[[int], bool | None], tried: list[int]) -> _Sizes | _Free | None:
    """The sizes that fit, which are neighbors; a customary one is chosen, or the one that can be halved most often, as
    poolings do. None if none of `tried` fits."""
    for size in tried:
        fit = fits(size)
        if fit is None:
            return _Free()
        if fit:
            break
    else:
        return None
    least, most = _outermost(fits, size, -1), _outermost(fits, size, 1)
    halving = max(range(least, most + 1), key=lambda n: n & -n)
    return _Sizes(least, halving if size not in CUSTOMARY and fits(halving) else size, most)


def _outermost(fits: Callable[[int], bool | None], size: int, sign: int) -> int:
    """The last size that fits, upward or downward of one that does."""
    step = 1
    while step < LARGEST_TRIED and fits(size + sign * step):
        size, step = size + sign * step, 2 * step
    while step > 1:
        step //= 2
        if fits(size + sign * step):
            size += sign * step
    return size


def _others(name: str, shape: Lengths, taken: list[int], sizes: _Sizes) -> str:
    """A remark on the other sizes that fit."""
    others = [n for n in (sizes.least, sizes.chosen - 1, sizes.chosen + 1, sizes.most) if n != sizes.chosen]
    others = [n for n in others if sizes.least <= n <= sizes.most]
    if not others or not taken:
        return ""
    least, most = (" x ".join([str(n)] * len(taken)) for n in (others[0], others[-1]))
    some = f"{least} fits" if least == most else f"sizes from {least} to {most} fit"
    option = shape_option(tuple(others[0] if axis in taken else n for axis, n in enumerate(shape)))
    return f" ({some} too; --input-shape {name}={option} takes {'it' if least == most else 'one'})"


def shape_option(shape: Lengths) -> str:
    """A shape as the command line takes it."""
    return ",".join("?" if n is None else str(n) for n in shape)


def _alike(solver: ShapeSolver, index: int) -> Lengths:
    """A shape that an input of unknown rank may have: that of images for the first window on its way, or features."""
    for node, mask in enumerate(_upstream(solver.graph, [index])):
        rule = solver.rules[node]
        if mask and rule and (kernel := getattr(rule.attributes, "kernel", ())):
            return (None, 3, *(None,) * len(kernel))
    return (None, None)
