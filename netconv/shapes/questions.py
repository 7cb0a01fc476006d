"""Messages that ask the user for the shape of an input, with an example that fits. Knows graphs, no single op."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from ..errors import option
from ..graph.graph import Graph
from ..graph.partial_shape import Lengths, format_shape
from .size_search import CHANNELS, Undecided

SIDES = {
    4: (224, 300, 512, 416, 299, 256, 128, 112, 96, 64, 48, 32, 28, 227, 225, 33, 24, 20, 640, 800, 16, 15, 8, 4, 2, 1),
    5: (64, 112, 32, 16, 28, 224, 8, 4, 2, 1),
}
"""Lengths for the open axes of examples of images and videos, by rank; other ranks use SHORT."""
SHORT = (10, *range(2, 10), 1, 12, 16, 20, 24, 28, 32, 50, 64, 100, 128, 256, 512, 784, 1000, 1024)
RANKS = (2, 3, 4, 5, 1)
"""Ranks of examples for an input of unknown rank."""
MOST_OF_A_RANK = 6
"""How many examples of each rank are tried."""
MOST_EXAMPLES, MOST_NODES, FEWER_STEPS = 100, 50_000, 10_000
"""Limits: examples for an input, nodes of the graph in all of them, and steps of trying sizes in each."""


def examples(asked: Undecided) -> Iterator[Lengths]:
    """Shapes that an input may have, the most likely first."""
    if asked.fitting is not None:
        yield asked.fitting
    likely: list[Lengths] = [asked.likely, *((None,) * rank for rank in RANKS if asked.known is None)]
    each = [fill_open_axes(shape) for shape in dict.fromkeys(likely)]
    yield from (shape for shapes in zip_longest(*each) for shape in shapes if shape is not None)


def fill_open_axes(shape: Lengths) -> Iterator[Lengths]:
    """Fills the open axes of a shape, all with the same length, except the channels of images with their usual
    number."""
    open_ = [axis for axis, n in enumerate(shape) if axis and n is None]
    first = [axis for axis in (1, len(shape) - 1) if axis in open_ and (1 in open_ or len(open_) == 1)]
    fixed = [{axis: n} for axis in first for n in CHANNELS] if len(shape) > 3 and first else [{}]
    for channels in fixed:
        for size in SIDES.get(len(shape), SHORT) if len(open_) > len(channels) else SHORT[:1]:
            yield tuple(channels.get(axis, size) if axis in open_ else n for axis, n in enumerate(shape))


def question(graph: Graph, asked: Undecided, shapes: Mapping[str, Lengths]) -> str:
    """The message that asks for the shape of an input, with `shapes` of it and of others as an example, if any were
    found."""
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
        given = option("input_shapes", {name: "..."})
        return f"{graph.source}: {what} {asked.why}; {given} gives it; no shape that was tried fits"
    return f"{graph.source}: {what} {asked.why}; give for example {option('input_shapes', dict(shapes))}"
