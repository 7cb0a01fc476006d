"""Searches for sizes of the open axes of inputs that are consistent with the parameters. Knows no single op."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice, product
from typing import NamedTuple

from ..errors import option
from ..graph.graph import Edge, Graph
from ..graph.partial_shape import Lengths, Shape
from .propagation import BATCHES, ShapeSolver

LARGEST_TRIED, MOST_STEPS = 1024, 500_000
"""The largest size that is tried for the open axes of an input, and the most rules that are applied for it."""
USUAL_SIZES = (28, 32, 64, 96, 112, 128, 224, 227, 256, 299, 384, 416, 512)
"""Usual sizes of image nets: as pooling rounds, several neighboring sizes fit, of which these are preferred."""
LARGEST_NON_SQUARE = 48
NON_SQUARE = ((48, 64), (96, 128), (120, 160), (144, 176), (180, 320), (240, 320), (360, 640), (480, 640))
"""Sizes of images that are tried as an example if no square fits: all up to LARGEST_NON_SQUARE, and these."""
MOST_LENGTHS = 6
"""How many lengths of each axis, consistent while the other axes are open, are tried with those of the other axes."""
CHANNELS = (3, 1)
"""Usual numbers of channels of images."""

Plan = Mapping[tuple[int, int], int | None]
"""Open axes, by input and axis, that do not get the size that is tried, with the length they get instead, None to stay
open. The batch axis stays open unless it is in the plan."""


class Undecided(Exception):
    """Only the user knows the shape of the input `index`: the reason `why`, and a shape that is `fitting`, if known."""

    def __init__(
        self, solver: ShapeSolver, index: int, why: str = "cannot be inferred", fitting: Lengths | None = None
    ):
        super().__init__(why)
        self.solver, self.index, self.why, self.fitting = solver, index, why, fitting
        self.known = solver.shape(Edge(index))
        self.likely: Lengths = _likely_shape(solver, index) if self.known is None else self.known


class _Sizes(NamedTuple):
    least: int
    chosen: int
    most: int


class _AnySize(NamedTuple):
    """All sizes are consistent: the axes stay open."""


class _Chosen(NamedTuple):
    sizes: _Sizes
    plan: Plan


def try_sizes(solver: ShapeSolver, inputs: list[int], steps: int = MOST_STEPS) -> dict[int, str]:
    """Fills open axes by trying sizes, the same for all axes, until one is consistent with all known shapes; axes that
    can have any length stay open. Returns for each input a note on other sizes that fit. Raises Undecided if no size
    fits or every size does."""
    notes: dict[int, str] = {}
    while solver.spent < steps:
        undecided = [i for i in inputs if None in (solver.shape(Edge(i)) or ())[1:] and i not in notes]
        search = _next_search(solver, undecided, steps)
        if search is None:
            break
        notes.update(dict.fromkeys(search.members, ""))
        found = search.run()
        if isinstance(found, _Chosen):
            shapes = search.shapes(found.plan, found.sizes.chosen)
            notes.update({index: search.note(index, found, shapes[Edge(index)]) for index in search.members})
            solver.propagate(solver.refine(shapes.items()))
    return notes


def _next_search(solver: ShapeSolver, undecided: list[int], steps: int) -> _SizeSearch | None:
    """The search for the undecided inputs of the first node whose outputs are known better than its inputs imply; None
    if there is not such a node."""
    upstream = _upstream(solver.graph, undecided)
    group, watched = 0, {}
    for index, mask in enumerate(upstream):
        if not mask or (group and mask | group != group):
            continue
        required = solver.features(index)
        if required is not None or solver.unexplained(index, solver.shape):
            group = group or mask
            watched[index] = required
    if not group:
        return None
    members = [index for bit, index in enumerate(undecided) if group >> bit & 1]
    order = [i for i, mask in enumerate(upstream) if mask & group and solver.graph.nodes[i].op != "null"]
    return _SizeSearch(solver, members, order, watched, steps)


@dataclass(frozen=True)
class _SizeSearch:
    """A search for one size for all open axes of the inputs `members`. `order` are the nodes that depend on them, and
    `watched` those whose outputs are known better than their inputs imply, with the number of features that they
    require, if any."""

    solver: ShapeSolver
    members: list[int]
    order: list[int]
    watched: Mapping[int, int | None]
    steps: int

    def known(self, index: int) -> Lengths:
        return self.solver.shape(Edge(index)) or ()

    def run(self) -> _Chosen | _AnySize:
        """Raises Undecided if no size fits."""
        left = self.steps - self.solver.spent
        tried = [*USUAL_SIZES, *range(1, LARGEST_TRIED + 1)][: max(1, left // len(self.order))]
        self.solver.spent += len(self.solver.graph.nodes)
        free = False
        for plan in self._plans():
            sizes = _search(partial(self.fits, plan), tried)
            if not isinstance(sizes, _Sizes):
                free = free or isinstance(sizes, _AnySize)
                continue
            opened = self._opened(plan, sizes.chosen)
            any_image = any(_channels(self.known(i)) and not _may_be_image(opened, i) for i in self.members)
            if any_image and not any(axis for _, axis in plan):
                continue
            self._require_channels(plan, opened, sizes.chosen)
            return _Chosen(sizes, opened)
        if free:
            return _AnySize()
        raise self._no_square_fits()

    def _plans(self) -> Iterator[Plan]:
        """Same size for all open axes; then with usual channels of images; then with a batch size of 1."""
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
        """Whether a size is consistent with the known shapes; None if any size is."""
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
        """The plan with every axis left open that can have any length, one after the other. An axis that must be a
        multiple of `size` is not left open; one that must be a multiple of a power of 2, as for poolings, is."""
        even = size & -size
        longer = 2 * size, size + (even if even < size else max(1, size // 2))
        for index in self.members:
            for axis, n in enumerate(self.known(index)):
                if axis and n is None:
                    open_, *others = ({**plan, (index, axis): length} for length in (None, *longer))
                    plan = open_ if all(self.fits(other, size) for other in (open_, *others)) else plan
        return plan

    def _require_channels(self, plan: Plan, opened: Plan, size: int) -> None:
        """Raises Undecided if another number of channels than that of the plan fits too."""
        for (index, axis), channels in plan.items():
            if channels is None or opened.get((index, axis), channels) is None:
                continue
            if self.fits({**opened, (index, axis): channels + 1}, size):
                shape = self.shapes(opened, size)[Edge(index)]
                raise Undecided(self.solver, index, "cannot be inferred", shape)

    def note(self, index: int, found: _Chosen, shape: Lengths) -> str:
        """A note on other sizes that fit an input, "" if no other fits. Raises Undecided if all larger ones do."""
        known = enumerate(self.known(index))
        taken = [axis for axis, n in known if axis and n is None and (index, axis) not in found.plan]
        if taken and found.sizes.most > LARGEST_TRIED:
            smallest = " x ".join([str(found.sizes.least)] * len(taken))
            raise Undecided(self.solver, index, f"cannot be inferred: all sizes from {smallest} fit", shape)
        return _other_sizes_note(self.solver.graph.nodes[index].name, shape, taken, found.sizes)

    def _no_square_fits(self) -> Undecided:
        """The error for an input that no square fits, with an example that is not square, if one fits. The parameters
        do not determine which of its sides is longer."""
        index, why = self.members[0], "cannot be inferred: no square size was found that fits the parameters"
        lengths = self.known(index)
        axes = [axis for axis, n in enumerate(lengths) if axis and n is None]

        def sized(sizes: Mapping[int, int]) -> Lengths:
            return tuple(sizes.get(axis, n) for axis, n in enumerate(lengths))

        @cache
        def fits_alone(axis: int, length: int) -> bool:
            return self._consistent({Edge(index): sized({axis: length})}) is not False

        each = (islice(filter(partial(fits_alone, axis), range(1, LARGEST_TRIED + 1)), MOST_LENGTHS) for axis in axes)
        for size in chain(_non_square_sizes(len(axes)), product(*each)) if len(self.members) == 1 < len(axes) else ():
            if self.solver.spent >= self.steps:
                break
            sizes = dict(zip(axes, size, strict=True))
            each_fits = all(fits_alone(axis, length) for axis, length in sizes.items())
            if each_fits and self._consistent({Edge(index): sized(sizes)}):
                return Undecided(self.solver, index, f"{why}, but {' x '.join(map(str, size))} does", sized(sizes))
        return Undecided(self.solver, index, why)


def _non_square_sizes(axes: int) -> Sequence[tuple[int, ...]]:
    """Sizes of images and videos that are not square, the most likely first."""
    sides = range(1, LARGEST_NON_SQUARE)
    if axes == 2:
        small = ((height, width) for height in sides for width in sides if height != width)
        return [*NON_SQUARE, *(size[::-1] for size in NON_SQUARE), *sorted(small, key=lambda s: (abs(s[0] - s[1]), s))]
    if axes == 3:
        return [(frames, side, side) for side in (*USUAL_SIZES, *sides) for frames in sides if frames != side]
    return []


def _channels(shape: Lengths) -> tuple[int, ...]:
    """The axes that may be the channels of an image whose lengths are all unknown."""
    return (1, len(shape) - 1) if len(shape) > 3 and not any(shape[1:]) else ()


def _may_be_image(opened: Plan, index: int) -> bool:
    """Whether the axes that are not `opened` may be rows and columns, and not channels."""
    return (index, 1) in opened or ((index, 2) not in opened and any(axis > 2 for i, axis in opened if i == index))


def _upstream(graph: Graph, inputs: list[int]) -> list[int]:
    """For each node a bit mask of the inputs that it depends on."""
    masks = [0] * len(graph.nodes)
    for bit, index in enumerate(inputs):
        masks[index] = 1 << bit
    for index, node in enumerate(graph.nodes):
        for edge in node.inputs:
            masks[index] |= masks[edge.node]
    return masks


def _search(fits: Callable[[int], bool | None], tried: list[int]) -> _Sizes | _AnySize | None:
    """The range of sizes that fit. The chosen one is in USUAL_SIZES, or the one that can be halved most often, as
    poolings do. None if none of `tried` fits."""
    for size in tried:
        fit = fits(size)
        if fit is None:
            return _AnySize()
        if fit:
            break
    else:
        return None
    least, most = _last_fitting(fits, size, -1), _last_fitting(fits, size, 1)
    halving = max(range(least, most + 1), key=lambda n: n & -n)
    return _Sizes(least, halving if size not in USUAL_SIZES and fits(halving) else size, most)


def _last_fitting(fits: Callable[[int], bool | None], size: int, sign: int) -> int:
    """The last size that fits, upward or downward from one that fits."""
    step = 1
    while step < LARGEST_TRIED and fits(size + sign * step):
        size, step = size + sign * step, 2 * step
    while step > 1:
        step //= 2
        if fits(size + sign * step):
            size += sign * step
    return size


def _other_sizes_note(name: str, shape: Lengths, taken: list[int], sizes: _Sizes) -> str:
    """A note on the other sizes that fit."""
    others = [n for n in (sizes.least, sizes.chosen - 1, sizes.chosen + 1, sizes.most) if n != sizes.chosen]
    others = [n for n in others if sizes.least <= n <= sizes.most]
    if not others or not taken:
        return ""
    least, most = (" x ".join([str(n)] * len(taken)) for n in (others[0], others[-1]))
    some = f"{least} fits" if least == most else f"sizes from {least} to {most} fit"
    other = tuple(others[0] if axis in taken else n for axis, n in enumerate(shape))
    return f" ({some} too; {option('input_shapes', {name: other})} takes {'it' if least == most else 'one'})"


def _likely_shape(solver: ShapeSolver, index: int) -> Lengths:
    """A likely shape for an input of unknown rank: of images if a node with a kernel depends on it, otherwise of
    features."""
    for node, mask in enumerate(_upstream(solver.graph, [index])):
        rule = solver.rules[node]
        if mask and rule and (kernel := getattr(rule.attributes, "kernel", ())):
            return (None, 3, *(None,) * len(kernel))
    return (None, None)
