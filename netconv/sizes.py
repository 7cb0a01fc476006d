"""Sizes for the open axes of inputs: tried until they fit the parameters, or asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from .errors import UnknownShape
from .graph import Edge, Graph
from .shape_rules.lengths import Shape, said
from .spread import Net

LARGEST_TRIED, MOST_STEPS = 1024, 500_000
"""Sizes that are tried for the open axes of an input, and rules that are run for it in all."""
CUSTOMARY = (28, 32, 64, 96, 112, 128, 224, 227, 256, 299, 384, 416, 512)
"""Sizes that image nets are made for: pooling rounds, so a few neighbouring sizes fit, and one of these is meant."""

LARGEST_OBLONG = 48
OBLONG = ((48, 64), (96, 128), (120, 160), (144, 176), (180, 320), (240, 320), (360, 640), (480, 640))
"""Sizes of images that are tried for an example where no square fits: up to the one, and those of the other."""


class _Sizes(NamedTuple):
    least: int
    chosen: int
    most: int


def try_sizes(net: Net, inputs: list[int]) -> dict[int, str]:
    """Settles open axes by trying sizes, all axes the same, until everything fits that is known further on. Returns,
    by input, what is to be said of other sizes that fit. Raises ShapeError where none fits."""
    also: dict[int, str] = {}
    while net.spent < MOST_STEPS:
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
        tried = [*CUSTOMARY, *range(1, LARGEST_TRIED + 1)][: max(1, (MOST_STEPS - net.spent) // len(order))]
        net.spent += len(upstream)
        sizes = _search(partial(_fits, net, members, order, watched), tried)
        if sizes is False:
            raise _oblong_question(net, members, order, watched)
        for index in members:
            also[index] = _also(net.graph.nodes[index].name, net.shape(Edge(index)), sizes) if sizes else ""
        if sizes:
            net.settle(net.learn(_sized(net, members, sizes.chosen).items()))
    return also


def _upstream(graph: Graph, inputs: list[int]) -> list[int]:
    """For each node, which of the inputs it depends on, a bit each."""
    masks = [0] * len(graph.nodes)
    for bit, index in enumerate(inputs):
        masks[index] = 1 << bit
    for index, node in enumerate(graph.nodes):
        for edge in node.inputs:
            masks[index] |= masks[edge.node]
    return masks


def _sized(net: Net, members: list[int], size: int) -> dict[Edge, Shape]:
    shapes = {Edge(i): net.shape(Edge(i)) for i in members}
    return {e: (s[0], *(size if n is None else n for n in s[1:])) for e, s in shapes.items()}


def _fits(net: Net, members: list[int], order: list[int], watched: Mapping[int, int | None], size: int) -> bool | None:
    return size > 0 and net.fits(_sized(net, members, size), order, watched)


def _oblong_question(net: Net, members: list[int], order: list[int], watched: Mapping[int, int | None]):
    """The question for sizes that no square fits, with an image as an example that does, if one is found: which way
    round it lies, the parameters do not tell."""
    index, why = members[0], "cannot be found out: no square size was found that fits the parameters"
    batch, *lengths = net.shape(Edge(index))
    sides = range(1, LARGEST_OBLONG)
    small = sorted(((h, w) for h in sides for w in sides if h != w), key=lambda size: (abs(size[0] - size[1]), size))
    pairs = (
        [*OBLONG, *(size[::-1] for size in OBLONG), *small] if len(members) == 1 and lengths.count(None) == 2 else []
    )
    for size in pairs[: max(0, MOST_STEPS - net.spent) // max(1, len(order))]:
        open_ = iter(size)
        shape = (batch, *(next(open_) if n is None else n for n in lengths))
        if net.fits({Edge(index): shape}, order, watched):
            return question(net, index, f"{why}, but {size[0]} x {size[1]} does", shape)
    return question(net, index, why)


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


def _also(name: str, shape: Shape, sizes: _Sizes) -> str:
    others = [n for n in (sizes.least, sizes.chosen - 1, sizes.chosen + 1, sizes.most) if n != sizes.chosen]
    others = [n for n in others if sizes.least <= n <= sizes.most]
    if not others:
        return ""
    least, most = (" x ".join([str(n)] * shape[1:].count(None)) for n in (others[0], others[-1]))
    some = f"{least} fits" if least == most else f"sizes from {least} to {most} fit"
    return f" ({some} too; --input-shape {name}={_option(shape, others[0])} takes {'it' if least == most else 'one'})"


def _option(shape: Shape, size: int) -> str:
    """A shape as the command line takes it, open axes but the batch filled with a size, and open channels with 3."""
    if len(shape) > 3 and shape[1] is None:
        shape = (None, 3, *shape[2:])
    return ",".join(["?", *(str(size if n is None else n) for n in shape[1:])])


SIDES = {4: 224, 5: 64}
"""A length for each open axis of an example of so many axes: images, videos; others have 10."""


def question(net: Net, index: int, why: str = "cannot be found out", fitting: Shape = None) -> UnknownShape:
    name, shape = net.graph.nodes[index].name, net.shape(Edge(index))
    if shape is None:
        what, example = f"the shape of input {name!r}", _alike(net, index)
    else:
        axes = [str(i) for i, n in enumerate(shape) if n is None and i]
        counted = (
            f"size of axis {axes[0]}" if len(axes) == 1 else f"sizes of axes {', '.join(axes[:-1])} and {axes[-1]}"
        )
        what, example = f"the {counted} of input {name!r} of shape {said(shape)}", shape
    option = _option(fitting or example, SIDES.get(len(example), 10))
    python = tuple(None if n == "?" else int(n) for n in option.split(","))
    return UnknownShape(
        f"{net.graph.source}: {what} {why}; say for instance --input-shape {name}={option} (in Python "
        f"input_shapes={{{name!r}: {python}}})"
    )


def _alike(net: Net, index: int) -> Shape:
    """What an input of unknown rank may be: shaped for the first window that its data come to, or features."""
    for node, mask in enumerate(_upstream(net.graph, [index])):
        if mask and net.rules[node] and (kernel := getattr(net.rules[node][1], "kernel", ())):
            return (None, 3, *(None,) * len(kernel))
    return (None, None)
