"""Sizes for the open axes of inputs: tried until they fit the parameters, or asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import chain, islice, product, zip_longest
from typing import NamedTuple

from ..graph.graph import Edge, Graph
from ..graph.partial_shape import Shape, format_shape
from .propagation import BATCHES, ShapeSolver

LARGEST_TRIED, MOST_STEPS = 1024, 500_000
"""Sizes that are tried for the open axes of an input, and rules that are run for it in all."""
CUSTOMARY = (28, 32, 64, 96, 112, 128, 224, 227, 256, 299, 384, 416, 512)
"""Sizes that image nets are made for: pooling rounds, so a few neighbouring sizes fit, and one of these is meant."""

LARGEST_OBLONG = 48
OBLONG = ((48, 64), (96, 128), (120, 160), (144, 176), (180, 320), (240, 320), (360, 640), (480, 640))
"""Sizes of images that are tried for an example where no square fits: up to the one, and those of the other."""
MOST_ALONE = 6
"""Lengths of an axis that nothing contradicts while the others are open: so many are tried with those of the others."""

CHANNELS = (3, 1)
"""Channels that images have."""

Plan = Mapping[tuple[int, int], int | None]
"""Lengths of open axes, by input and axis, that are not the size that is tried: None leaves them open. The batch stays
open but where it is in the plan."""


class Undecided(Exception):
    """Only the user can say the shape of the input `index`: `why`, and one that is `fitting`, where it is known."""

    def __init__(self, net: ShapeSolver, index: int, why: str = "cannot be inferred", fitting: Shape = None):
        super().__init__(why)
        self.net, self.index, self.known, self.why, self.fitting = net, index, net.shape(Edge(index)), why, fitting
        self.alike = _alike(net, index) if self.known is None else self.known


class _Sizes(NamedTuple):
    least: int
    chosen: int
    most: int


def try_sizes(net: ShapeSolver, inputs: list[int], steps: int = MOST_STEPS) -> dict[int, str]:
    """Settles open axes by trying sizes, all axes the same, until everything fits that is known further on; axes on
    which that does not depend stay open. Returns, by input, what is to be said of other sizes that fit. Raises
    Undecided where none fits, or any."""
    also: dict[int, str] = {}
    while net.spent < steps:
        undecided = [i for i in inputs if None in (net.shape(Edge(i)) or ())[1:] and i not in also]
        upstream = _upstream(net.graph, undecided)
        group, watched = 0, {}
        for index, mask in enumerate(upstream):
            if not mask or (group and mask | group != group):
                continue
            wanted = net.features(index)
            if wanted is not None or net.unexplained(index, net.shape):
                group = group or mask
                watched[index] = wanted
        if not group:
            break
        members = [i for bit, i in enumerate(undecided) if group >> bit & 1]
        order = [i for i, mask in enumerate(upstream) if mask & group and net.graph.nodes[i].op != "null"]
        tried = [*CUSTOMARY, *range(1, LARGEST_TRIED + 1)][: max(1, (steps - net.spent) // len(order))]
        net.spent += len(upstream)
        also.update(dict.fromkeys(members, ""))
        found = _settled(net, members, order, watched, tried)
        if found is False:
            raise _oblong(net, members, order, watched, steps)
        if found is None:
            continue
        sizes, plan = found
        shapes = _sized(net, members, plan, sizes.chosen)
        for index in members:
            known, shape = net.shape(Edge(index)), shapes[Edge(index)]
            taken = [axis for axis, n in enumerate(known) if axis and n is None and (index, axis) not in plan]
            if taken and sizes.most > LARGEST_TRIED:
                smallest = " x ".join([str(sizes.least)] * len(taken))
                raise Undecided(net, index, f"cannot be inferred: all sizes from {smallest} fit", shape)
            also[index] = _also(net.graph.nodes[index].name, shape, taken, sizes)
        net.settle(net.learn(shapes.items()))
    return also


def _settled(net: ShapeSolver, members: list[int], order: list[int], watched: Mapping[int, int | None],
             tried: list[int]) -> tuple[_Sizes, Plan] | bool | None:  # fmt: skip
    """Sizes that fit, and what of the open axes does not take them; False and None as of `_search`."""
    none = False
    for plan in _plans(net, members):
        sizes = _search(partial(_fits, net, members, order, watched, plan), tried)
        if not sizes:
            none = None if sizes is None else none
            continue
        opened = _opened(net, members, order, watched, plan, sizes.chosen)
        if not any(axis for _, axis in plan) and any(
            _channels(net.shape(Edge(i))) and not _of_image(opened, i) for i in members
        ):
            continue
        for (index, axis), channels in plan.items():
            if opened.get((index, axis), channels) is not None and _fits(
                net, members, order, watched, {**opened, (index, axis): channels + 1}, sizes.chosen
            ):
                shape = _sized(net, members, opened, sizes.chosen)[Edge(index)]
                raise Undecided(net, index, "cannot be inferred", shape)
        return sizes, opened
    return none


def _channels(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """The axes that may be the channels of an image, where nothing is known of it."""
    return (1, len(shape) - 1) if len(shape) > 3 and not any(shape[1:]) else ()


def _of_image(opened: Plan, index: int) -> bool:
    """Whether what is not `opened` may be rows and columns: no image has as many channels."""
    return (index, 1) in opened or ((index, 2) not in opened and any(axis > 2 for i, axis in opened if i == index))


def _plans(net: ShapeSolver, members: list[int]) -> Iterator[Plan]:
    """All open axes the same; then images with the channels that they have; then nets for one example at a time."""
    yield {}
    for place in (0, 1):
        for channels in CHANNELS:
            axes = {i: _channels(net.shape(Edge(i))) for i in members}
            plan = {(i, places[place]): channels for i, places in axes.items() if places}
            if plan:
                yield plan
    yield {(i, 0): 1 for i in members}


def _opened(net: ShapeSolver, members: list[int], order: list[int], watched: Mapping[int, int | None], plan: Plan,
            size: int) -> Plan:  # fmt: skip
    """The plan with every axis left open that nothing depends on, one after the other. An axis that must be a multiple
    of `size` is not open; one that must be a multiple of a power of 2, as poolings want it, is."""
    even = size & -size
    longer = 2 * size, size + (even if even < size else max(1, size // 2))
    for index in members:
        for axis, n in enumerate(net.shape(Edge(index))):
            if axis and n is None:
                less, *more = ({**plan, (index, axis): length} for length in (None, *longer))
                free = all(_fits(net, members, order, watched, other, size) for other in (less, *more))
                plan = less if free else plan
    return plan


def _upstream(graph: Graph, inputs: list[int]) -> list[int]:
    """For each node, which of the inputs it depends on, a bit each."""
    masks = [0] * len(graph.nodes)
    for bit, index in enumerate(inputs):
        masks[index] = 1 << bit
    for index, node in enumerate(graph.nodes):
        for edge in node.inputs:
            masks[index] |= masks[edge.node]
    return masks


def _sized(net: ShapeSolver, members: list[int], plan: Plan, size: int) -> dict[Edge, Shape]:
    shapes = {i: net.shape(Edge(i)) for i in members}
    return {
        Edge(i): tuple(plan.get((i, axis), size if axis else None) if n is None else n for axis, n in enumerate(s))
        for i, s in shapes.items()
    }


def _fits(net: ShapeSolver, members: list[int], order: list[int], watched: Mapping[int, int | None], plan: Plan,
          size: int) -> bool | None:  # fmt: skip
    return size > 0 and _run(net, _sized(net, members, plan, size), order, watched)


def _run(
    net: ShapeSolver, shapes: dict[Edge, Shape], order: list[int], watched: Mapping[int, int | None]
) -> bool | None:
    """Whether inputs of these shapes fit, for any number of examples and for those of BATCHES; None as of
    `Net.fits`."""
    net.spent += len(order)
    fit = net.fits(shapes, order, watched)
    if fit is False:
        return False
    net.spent += len(BATCHES) * len(order)
    batches = [{e: (batch if s[0] is None else s[0], *s[1:]) for e, s in shapes.items()} for batch in BATCHES]
    return fit if all(net.fits(batch, order, watched) is not False for batch in batches) else False


def _oblong(net: ShapeSolver, members: list[int], order: list[int], watched: Mapping[int, int | None],
            steps: int) -> Undecided:  # fmt: skip
    """Sizes that no square fits, with an image as an example that does, if one is found: which way round it lies, the
    parameters do not tell."""
    index, why = members[0], "cannot be inferred: no square size was found that fits the parameters"
    lengths = net.shape(Edge(index))
    open_ = [axis for axis, n in enumerate(lengths) if axis and n is None]

    def fits(sizes: Mapping[int, int]) -> bool | None:
        shape = tuple(sizes.get(axis, n) for axis, n in enumerate(lengths))
        return _run(net, {Edge(index): shape}, order, watched)

    @cache
    def alone(axis: int, length: int) -> bool:
        return fits({axis: length}) is not False

    sides = range(1, LARGEST_OBLONG)
    small = sorted(((h, w) for h in sides for w in sides if h != w), key=lambda size: (abs(size[0] - size[1]), size))
    known = [*OBLONG, *(size[::-1] for size in OBLONG), *small] if len(open_) == 2 else []
    if len(open_) == 3:  # videos
        known = [(frames, side, side) for side in (*CUSTOMARY, *sides) for frames in sides if frames != side]
    each = (islice(filter(partial(alone, axis), range(1, LARGEST_TRIED + 1)), MOST_ALONE) for axis in open_)
    for size in chain(known, product(*each)) if len(members) == 1 < len(open_) else ():
        if net.spent >= steps:
            break
        sizes = dict(zip(open_, size, strict=True))
        if all(alone(axis, length) for axis, length in sizes.items()) and fits(sizes):
            shape = tuple(sizes.get(axis, n) for axis, n in enumerate(lengths))
            return Undecided(net, index, f"{why}, but {' x '.join(map(str, size))} does", shape)
    return Undecided(net, index, why)


def _search(fits: Callable[[int], bool | None], tried: list[int]) -> _Sizes | bool | None:
    """The sizes that fit, which are neighbours: one that is customary, or that halves most often, as poolings do, is
    chosen. False if none of `tried` fits, None if fitting does not depend on the size."""
    for size in tried:
        fit = fits(size)
        if fit is None:
            return None
        if fit:
            break
    else:
        return False
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


def _also(name: str, shape: Shape, taken: list[int], sizes: _Sizes) -> str:
    others = [n for n in (sizes.least, sizes.chosen - 1, sizes.chosen + 1, sizes.most) if n != sizes.chosen]
    others = [n for n in others if sizes.least <= n <= sizes.most]
    if not others or not taken:
        return ""
    least, most = (" x ".join([str(n)] * len(taken)) for n in (others[0], others[-1]))
    some = f"{least} fits" if least == most else f"sizes from {least} to {most} fit"
    option = _option(tuple(others[0] if axis in taken else n for axis, n in enumerate(shape)))
    return f" ({some} too; --input-shape {name}={option} takes {'it' if least == most else 'one'})"


def _option(shape: Shape) -> str:
    """A shape as the command line takes it."""
    return ",".join("?" if n is None else str(n) for n in shape)


SIDES = {
    4: (224, 300, 512, 416, 299, 256, 128, 112, 96, 64, 48, 32, 28, 227, 225, 33, 24, 20, 640, 800, 16, 15, 8, 4, 2, 1),
    5: (64, 112, 32, 16, 28, 224, 8, 4, 2, 1),
}
"""Lengths for the open axes of an example of so many axes: images, videos; others have SHORT ones."""
SHORT = (10, *range(2, 10), 1, 12, 16, 20, 24, 28, 32, 50, 64, 100, 128, 256, 512, 784, 1000, 1024)
RANKS = (2, 3, 4, 5, 1)
"""Numbers of axes of an example, where nothing tells how many there are."""
MOST_OF_A_RANK = 6
"""Examples that are tried of each."""
MOST_EXAMPLES, MOST_NODES, FEWER_STEPS = 100, 50_000, 10_000
"""Examples that are tried for an input, nodes of the graph in all of them, and steps of trying sizes in each."""


def examples(asked: Undecided) -> Iterator[Shape]:
    """Shapes that an input may have, the likeliest first."""
    if asked.fitting is not None:
        yield asked.fitting
    likely = [asked.alike, *((None,) * rank for rank in RANKS if asked.known is None)]
    each = [filled(shape) for shape in dict.fromkeys(likely)]
    yield from (shape for shapes in zip_longest(*each) for shape in shapes if shape is not None)


def filled(shape: tuple[int | None, ...]) -> Iterator[Shape]:
    """The open axes filled: all with the same length, but the channels of images with those that they have."""
    open_ = [axis for axis, n in enumerate(shape) if axis and n is None]
    first = [axis for axis in (1, len(shape) - 1) if axis in open_ and (1 in open_ or len(open_) == 1)]
    places = [{axis: n} for axis in first for n in CHANNELS] if len(shape) > 3 and first else [{}]
    for channels in places:
        for size in SIDES.get(len(shape), SHORT) if len(open_) > len(channels) else SHORT[:1]:
            yield tuple(channels.get(axis, size) if axis in open_ else n for axis, n in enumerate(shape))


def question(graph: Graph, asked: Undecided, shapes: Mapping[str, Shape]) -> str:
    """What is to be said of an input, for instance the `shapes` of it and of others, if any were found that fit."""
    name, known = graph.nodes[asked.index].name, asked.known
    if known is None:
        what = f"the shape of input {name!r}"
    else:
        example = asked.fitting or shapes.get(name) or (0,) * len(known)
        lengths = enumerate(zip(known, example, strict=True))
        axes = [str(i) for i, (n, m) in lengths if i and n is None and m is not None]
        counted = (
            f"size of axis {axes[0]}" if len(axes) == 1 else f"sizes of axes {', '.join(axes[:-1])} and {axes[-1]}"
        )
        what = f"the {counted} of input {name!r} of shape {format_shape(known)}"
    if not shapes:
        return f"{graph.source}: {what} {asked.why}; --input-shape {name}=... gives it; nothing that was tried fits"
    options = " ".join(f"--input-shape {n}={_option(shape)}" for n, shape in shapes.items())
    return f"{graph.source}: {what} {asked.why}; give for example {options} (in Python input_shapes={dict(shapes)})"


def _alike(net: ShapeSolver, index: int) -> Shape:
    """What an input of unknown rank may be: shaped for the first window that its data come to, or features."""
    for node, mask in enumerate(_upstream(net.graph, [index])):
        if mask and net.rules[node] and (kernel := getattr(net.rules[node][1], "kernel", ())):
            return (None, 3, *(None,) * len(kernel))
    return (None, None)
