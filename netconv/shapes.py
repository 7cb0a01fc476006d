"""Shapes of a whole graph: forward from its inputs, and back from what is stored to inputs that nobody gave.

Knows the rules of the ops (`shape_rules.py`) only as a table, and neither numpy nor Keras. Lengths are in MXNet's axis
order, batch axis included; None is an unknown length, and the whole shape is None where the rank is unknown.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from types import SimpleNamespace
from typing import NamedTuple

from . import registry
from .attributes import Ints, parse
from .errors import NodeError, ShapeError, UnknownShape
from .graph import Edge, Graph, Node
from .shape_rules import (
    BROADCAST,
    LARGEST,
    RULES,
    Misfit,
    Rule,
    Shape,
    merge,
    of_rank,
    product,
    reshape_codes,
    rule,
    said,
    solve,
)  # fmt: skip

MOST_AXES, MOST_OUTPUTS, MOST_GUESSES, DEEPEST = 32, 2**16, 3, 4
LARGEST_TRIED, MOST_STEPS = 1024, 500_000
"""Sizes that are tried for the open axes of an input, and rules that are run for it in all."""
CUSTOMARY = (28, 32, 64, 96, 112, 128, 224, 227, 256, 299, 384, 416, 512)
"""Sizes that image nets are made for: pooling rounds, so a few neighbouring sizes fit, and one of these is meant."""

LARGEST_OBLONG = 48
OBLONG = ((48, 64), (96, 128), (120, 160), (144, 176), (180, 320), (240, 320), (360, 640), (480, 640))
"""Sizes of images that are tried for an example where no square fits: up to the one, and those of the other."""

MOVES = frozenset({"Reshape", "transpose", "SwapAxis", "expand_dims", "squeeze", "Concat", "Cast", "BlockGrad"})
"""Ops that a parameter may pass on its way to the layer that owns it (Gluon's recurrent layers join theirs)."""


@dataclass(frozen=True)
class Inferred:
    """`inputs` and `arrays` are the shapes of the inputs and of the parameters without a stored array, by node index;
    `notes` says what was found out, one sentence an input."""

    inputs: dict[int, Shape]
    arrays: dict[int, Shape]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """Where a parameter is read: input `name` of a node of `op`; `direct` if it did not pass another node before."""

    op: str
    name: str
    direct: bool


def parameters(graph: Graph, given: Collection[str] = ()) -> dict[int, Role]:
    """The null nodes without a stored array that are parameters, not inputs: what a translation wants stored, as
    Mathematica's own importer has it, and what has a hint how to initialise it. What is in `given` is an input."""
    found = {i: Role("null", "", True) for i in graph.inputs() if "init" in graph.nodes[i].hints}
    for edge, role in _stored_inputs(graph):
        todo, seen = [(edge.node, role)], set()
        while todo:
            index, role = todo.pop()
            node = graph.nodes[index]
            if node.op == "null" and index not in graph.arrays:
                found[index] = role
            elif node.op in MOVES and index not in seen:
                seen.add(index)
                todo.extend((e.node, Role(role.op, role.name, False)) for e in node.inputs)
    return {i: role for i, role in sorted(found.items()) if graph.nodes[i].name not in given}


def _stored_inputs(graph: Graph) -> Iterable[tuple[Edge, Role]]:
    ops = registry.load()
    for node in graph.nodes:
        declared = ops[node.op].inputs if node.op in ops else ()
        for edge, wanted in zip(node.inputs, declared, strict=False):
            if wanted.stored:
                yield edge, Role(node.op, wanted.name, True)
        for subgraph in node.subgraphs if node.op == "_foreach" else ():
            inner = parameters(subgraph)
            for edge, null in _bound(node, registry.parsed(node), subgraph):
                if null in inner:
                    yield edge, inner[null]


class _Net:
    """What is known of the shapes of one graph, and the rules to find out more. Shapes only ever become more exact."""

    def __init__(self, graph: Graph, seeds: Mapping[int, Shape], depth: int = 0):
        self.graph, self.depth = graph, depth
        self.readers = [sorted({reader for reader, _ in readers}) for readers in graph.consumers()]
        self.outputs = [1] * len(graph.nodes)
        for edge in [*graph.heads, *(edge for node in graph.nodes for edge in node.inputs)]:
            if edge.output >= MOST_OUTPUTS:
                node = graph.nodes[edge.node]
                raise NodeError(node.op, node.name, f"has no output {edge.output}")
            self.outputs[edge.node] = max(self.outputs[edge.node], edge.output + 1)
        ops = registry.load()
        self.rules = [
            (RULES[node.op], self._attributes(node)) if node.op in RULES and node.op in ops else None
            for node in graph.nodes
        ]
        self.shapes: dict[Edge, Shape] = {Edge(i): tuple(array.shape) for i, array in graph.arrays.items()}
        self.shapes.update({Edge(i): shape for i, shape in seeds.items() if shape is not None})
        self.undo: list[tuple[Edge, Shape]] = []
        self.spent = 0

    def _attributes(self, node: Node) -> SimpleNamespace:
        return SimpleNamespace(**registry.parsed(node), _node=node, _depth=self.depth)

    def blame(self, index: int, what: str, received=None) -> NodeError:
        node = self.graph.nodes[index]
        return NodeError(node.op, node.name, what, received)

    def shape(self, edge: Edge) -> Shape:
        return self.shapes.get(edge)

    def around(self, index: int, look: Callable[[Edge], Shape]) -> tuple[list[Shape], list[Shape]]:
        node = self.graph.nodes[index]
        return [look(e) for e in node.inputs], [look(Edge(index, k)) for k in range(self.outputs[index])]

    def step(self, index: int, apply: Rule, attributes, look: Callable[[Edge], Shape]) -> list[tuple[Edge, Shape]]:
        """What a rule adds to what `look` knows round a node. Raises NodeError where it contradicts it."""
        node = self.graph.nodes[index]
        ins, outs = self.around(index, look)
        try:
            claimed_ins, claimed_outs = apply(attributes, ins, outs)
        except Misfit as misfit:
            raise self.blame(index, misfit.what, misfit.received) from None
        news = []
        for position, (edge, known, claim) in enumerate(zip(node.inputs, ins, claimed_ins, strict=False)):
            news.append((edge, self._joined(index, position, known, claim, ins)))
        for output, (known, claim) in enumerate(zip(outs, claimed_outs, strict=False)):
            news.append((Edge(index, output), self._joined(index, None, known, claim, ins)))
        return [(edge, new) for edge, new in news if new is not None and new != look(edge)]

    def _joined(self, index: int, position: int | None, known: Shape, claim: Shape, ins: list[Shape]) -> Shape:
        if claim is None or claim == known:
            return known
        if len(claim) > MOST_AXES:
            raise self.blame(index, f"has more than {MOST_AXES} axes")
        if any(n is not None and not 0 <= n < LARGEST for n in claim):
            raise self.blame(index, "makes an impossible shape", said(claim))
        try:
            return merge(known, claim)
        except Misfit:
            pass
        if position is None:
            raise self.blame(index, f"gives shape {said(claim)} where {said(known)} is wanted")
        declared = registry.load()[self.graph.nodes[index].op].inputs
        name = declared[min(position, len(declared) - 1)].name
        origin = f" for data of shape {said(ins[0])}" if position and ins[0] is not None else ""
        raise self.blame(index, f"{name} must have shape {said(claim)}{origin}", said(known))

    def learn(self, news: Iterable[tuple[Edge, Shape]], by: int | None = None) -> set[int]:
        """Takes in shapes that follow; returns the nodes, other than `by`, to which any is news."""
        touched: set[int] = set()
        for edge, new in news:
            known = self.shapes.get(edge)
            try:
                new = merge(known, new)
            except Misfit as misfit:
                raise self.blame(edge.node if by is None else by, misfit.what) from None
            if new != known:
                self.undo.append((edge, known))
                self.shapes[edge] = new
                touched.update((edge.node, *self.readers[edge.node]))
        return touched - {by}

    def settle(self, dirty: Iterable[int]) -> None:
        """Runs the rules of the nodes `dirty`, forward and back in turn, until nothing new follows."""
        todo, sign = set(dirty), 1
        while todo:
            heap, queued, todo = sorted(sign * index for index in todo), todo, set()
            while heap:
                index = sign * heapq.heappop(heap)
                queued.discard(index)
                if not self.rules[index]:
                    continue
                for other in self.learn(self.step(index, *self.rules[index], self.shape), index):
                    if sign * other < sign * index:
                        todo.add(other)
                    elif other not in queued:
                        queued.add(other)
                        heapq.heappush(heap, sign * other)
            sign = -sign

    def guess(self) -> None:
        """Where the rules leave a rank open, what is most likely, unless it contradicts what is known."""
        for _ in range(MOST_GUESSES):
            progress = False
            for index, node in enumerate(self.graph.nodes):
                if not self.rules[index] or node.op not in GUESSES:
                    continue
                ins, outs = self.around(index, self.shape)
                self.undo.clear()
                try:
                    claims = zip(node.inputs, GUESSES[node.op](self.rules[index][1], ins, outs), strict=False)
                    self.settle(self.learn((edge, claim) for edge, claim in claims if claim is not None))
                    progress = progress or bool(self.undo)
                except (Misfit, NodeError):
                    for edge, known in reversed(self.undo):
                        self.shapes[edge] = known
            if not progress:
                break

    def features(self, index: int) -> int | None:
        """How many features a node makes of each example by flattening, where its data leave that open."""
        if not self.rules[index]:
            return None
        ins, _ = self.around(index, self.shape)
        open_ = ins and ins[0] is not None and None in ins[0][1:]
        return _features(self.graph.nodes[index], self.rules[index][1], ins) if open_ else None

    def unexplained(self, index: int, look: Callable[[Edge], Shape]) -> bool:
        """Whether more is known of what a node gives than follows from what it is given."""
        if not self.rules[index]:
            return False
        apply, attributes = self.rules[index]
        ins, outs = self.around(index, look)
        try:
            claims = apply(attributes, ins, [None] * len(outs))[1]
        except Misfit:
            return False
        return any(
            k is not None and c is None
            for known, claim in zip(outs, claims, strict=False)
            for k, c in zip(known or (), claim or repeat(None), strict=False)
        )

    def fits(self, sizes: Mapping[Edge, Shape], order: list[int], watched: Mapping[int, int | None]) -> bool | None:
        """Whether inputs of these shapes contradict nothing; None if they leave open what is watched.

        `watched` are nodes that more is known of than follows, with the features that they want, if any.
        """
        tried = dict(sizes)
        self.spent += len(order)

        def look(edge):
            return tried[edge] if edge in tried else self.shapes.get(edge)

        try:
            for index in order:
                if self.rules[index]:
                    tried.update(self.step(index, *self.rules[index], look))
        except NodeError:
            return False
        settled = True
        for index, wanted in watched.items():
            made = None if wanted is None else product(look(self.graph.nodes[index].inputs[0])[1:])
            if made is not None and made != wanted:
                return False
            if made is None and (wanted is not None or self.unexplained(index, look)):
                settled = None
        return settled


def _features(node: Node, a, ins: list[Shape]) -> int | None:
    """The columns of a weight, or n of a Reshape to (-1, n): but where its last axis is known, steps that are no part
    of an example may be what it folds into the batch."""
    if node.op == "FullyConnected" and a.flatten:
        return of_rank(ins[1], 2)[1]
    if node.op == "Reshape" and not a.reverse and len(ins[0]) > 2 and ins[0][0] is ins[0][-1] is None:
        codes = reshape_codes(a)
        if codes[:1] == (-1,) and len(codes) > 1 and min(codes[1:]) > 0:
            return math.prod(codes[1:])
    return None


# Loops.


def _bound(node: Node, attributes: Mapping, subgraph: Graph) -> list[tuple[Edge, int]]:
    """The inputs of a `_foreach` node with the null nodes of its subgraph that they become: data, states, the rest."""
    nulls = [i for i, inner in enumerate(subgraph.nodes) if inner.op == "null"]
    places = (*attributes["in_data_locs"], *attributes["in_state_locs"], *attributes["remain_locs"])
    return [(edge, nulls[p]) for edge, p in zip(node.inputs, places, strict=False) if 0 <= p < len(nulls)]


def _foreach(a, ins, outs, guess=False):
    """Each step sees the data without their first axis; states keep their shapes from step to step."""
    (subgraph,) = a._node.subgraphs[:1] or (None,)
    if subgraph is None or a._depth >= DEEPEST:
        return ins, outs
    attributes = vars(a)
    nulls = [null for _, null in _bound(a._node, attributes, subgraph)]
    if len(nulls) != len(ins):
        raise Misfit("attributes 'in_data_locs', 'in_state_locs' and 'remain_locs' must name each input once")
    data, states = len(a.in_data_locs), len(a.in_state_locs)
    time = next((x[0] for x in [*ins[:data], *outs[: a.num_out_data]] if x and x[0] is not None), None)
    seeds = [x and x[1:] for x in ins[:data]] + ins[data:]
    inner = _Net(subgraph, dict(zip(nulls, seeds, strict=True)), a._depth + 1)
    heads, ends = subgraph.heads[: a.num_out_data], subgraph.heads[a.num_out_data : a.num_out_data + states]
    inner.learn((e, x[1:]) for e, x in zip(heads, outs, strict=False) if x)
    dirty: Iterable[int] = range(len(inner.rules))
    for _ in range(2):  # once more with the states as they leave the first step
        inner.settle(dirty)
        if guess:
            inner.guess()
        for null, end in zip(nulls[data : data + states], ends, strict=False):
            both = merge(inner.shape(Edge(null)), inner.shape(end))
            dirty = {*dirty, *inner.learn([(Edge(null), both), (end, both)] if both is not None else [])}
    found = [inner.shape(Edge(null)) for null in nulls]
    steps = [None if x is None else (time, *x) for x in (*found[:data], *(inner.shape(e) for e in heads))]
    return [*steps[:data], *found[data:]], [*steps[data:], *(inner.shape(e) for e in ends)]


rule("_foreach")(_foreach)


# What is most likely where the rules leave the rank open.


def _rank_two(a, ins, outs):
    """(batch, features), as many as the weight has columns or the other arrays elements."""
    lengths = [x[-1] for x in ins[1:] if x]
    return [(None, next(iter(lengths), None)) if ins[0] is None else None]


def _flat_already(a, ins, outs):
    return [of_rank(outs[0], 2) if ins[0] is None and of_rank(outs[0], 2)[1] is not None else None]


def _reshaped(a, ins, outs):
    codes, data = reshape_codes(a), ins[0]
    if a.reverse or codes[:1] not in ((0,), (-1,)) or len(codes) < 2 or min(codes[1:]) < 1:
        return [None]
    if data is None:
        return [(None, math.prod(codes[1:]))]
    return [(data[0], *solve(data[1:], math.prod(codes[1:])))] if len(data) > 1 and data[-1] is None else [None]


def _as_the_other(a, ins, outs):
    """Operands are shaped alike; where neither is known, the first is shaped as what they give."""
    if ins[0] is ins[1] is None and outs[0] is not None:
        return [outs[0], None]

    def like(one: Shape, other: Shape) -> Shape:
        if one is None:
            return other and (None if other[0] == 1 else other[0], *other[1:])
        rank = len(one)
        if other is None or len(other) > rank:
            return one
        other = (None,) * (rank - len(other)) + other
        return tuple(o if i and n is None and o != 1 else n for i, (n, o) in enumerate(zip(one, other, strict=True)))

    return [like(ins[0], ins[1]), like(ins[1], ins[0])]


GUESSES: dict[str, Callable] = {
    "FullyConnected": _rank_two,
    "BatchNorm": _rank_two,
    "LayerNorm": _rank_two,
    "LeakyReLU": lambda a, ins, outs: _rank_two(a, ins, outs) if ins[1:] not in ([], [(1,)]) else [None],
    "Embedding": lambda a, ins, outs: [(None, None) if ins[0] is None else None],
    "Flatten": _flat_already,
    "Reshape": _reshaped,
    "dot": lambda a, ins, outs: [(None, ins[1][0]) if ins[0] is None and ins[1] and not a.transpose_a else None],
    "batch_dot": lambda a, ins, outs: [(None,) * 3 if x is None else None for x in ins],
    "_foreach": lambda a, ins, outs: _foreach(a, ins, outs, guess=True)[0],
    **dict.fromkeys(BROADCAST, _as_the_other),
}


# The public functions.


def forward(graph: Graph, known: Mapping[int, Shape]) -> dict[Edge, Shape]:
    """The shapes that follow, in one pass over a normalised graph, from those of inputs by node index.

    For every output that something reads, and the first of each node; None where nothing is known. Parameters without
    a stored array get theirs too. Raises NodeError where a stored array or an input does not fit its node.
    """
    net = _Net(graph, known)
    for index, steps in enumerate(net.rules):
        if steps:
            net.learn(net.step(index, *steps, net.shape), index)
    return {Edge(i, k): net.shape(Edge(i, k)) for i, count in enumerate(net.outputs) for k in range(count)}


def infer(graph: Graph, given: Mapping[str, tuple] | None = None, *, ignored: Collection[str] = (),
          zeros: Collection[int] = (), row: tuple[int, ...] | None = None) -> Inferred:  # fmt: skip
    """The shapes of all inputs of a normalised graph, and of its parameters that have no stored array.

    `given` are shapes by input name, batch axis included, None (or 0 or -1) for an unknown length; names in `ignored`
    are passed over. `zeros` are the inputs that start at zero: their shapes are found, but no note tells of them. `row`
    is the shape of a row of data, for the one input whose axes would be left open. Axes that the net leaves free stay
    None, the batch among them. Raises UnknownShape where something is left that only the user can say, ShapeError
    where what was given does not fit, and NodeError where stored arrays do not fit their nodes.
    """
    roles = parameters(graph, given or ())
    inputs = [i for i in graph.inputs() if i not in roles]
    known = _given(graph, inputs, given or {}, ignored)
    try:
        net = _settled(graph, roles, known)
    except NodeError as error:
        if not known:
            raise
        _settled(graph, roles, {})  # a fault of the file itself is told as such
        shapes = ", ".join(f"{graph.nodes[i].name}={said(shape)}" for i, shape in known.items())
        raise ShapeError(f"{graph.source}: the input shapes given do not fit ({shapes}): {error}") from None
    net.guess()
    also = _try_sizes(net, inputs)
    told = None if row is None else _told(net, [i for i in inputs if i not in zeros], row)
    for index in inputs:
        if net.shape(Edge(index)) is None:
            raise _question(net, index)
    for index in roles:
        shape = net.shape(Edge(index))
        if shape is None or None in shape:
            undecided = [i for i in inputs if None in net.shape(Edge(i))[1:]]
            if undecided:
                raise _question(net, undecided[0])
            raise ShapeError(f"{graph.source}: the shape of parameter {graph.nodes[index].name!r} cannot be found out")
    notes = tuple(
        f"{graph.nodes[i].name}: shape {said(net.shape(Edge(i)))} found out from the "
        f"{'data' if i == told else 'parameters' if graph.arrays else 'graph'}{also.get(i, '')}"
        for i in inputs
        if i not in known and i not in zeros
    )
    return Inferred({i: net.shape(Edge(i)) for i in inputs}, {i: net.shape(Edge(i)) for i in roles}, notes)


def _given(graph: Graph, inputs: list[int], given: Mapping[str, tuple], ignored) -> dict[int, Shape]:
    names = {graph.nodes[i].name for i in inputs}
    for name, shape in given.items():
        if name not in names and name not in ignored:
            there = ", ".join(map(repr, sorted(names)))
            raise ShapeError(f"{graph.source}: there is no input {name!r}; the inputs are {there or 'none'}")
        try:
            wrong = any(n is not None and int(n) != n for n in shape)
        except (TypeError, ValueError):
            wrong = True
        if wrong:
            raise ShapeError(
                f"{graph.source}: the shape of input {name!r} must be whole numbers, and None where a size is open; "
                f"received {shape!r}"
            )
    return {
        i: tuple(int(n) if n is not None and n > 0 else None for n in given[graph.nodes[i].name])
        for i in inputs
        if graph.nodes[i].name in given
    }


def _settled(graph: Graph, roles: Mapping[int, Role], known: Mapping[int, Shape]) -> _Net:
    hinted = {i: _hint(graph.nodes[i], i in roles) for i in graph.inputs() if "shape" in graph.nodes[i].hints}
    net = _Net(graph, {**hinted, **known})
    net.settle(range(len(net.rules)))
    return net


def _hint(node: Node, parameter: bool) -> Shape:
    """The shape that `__shape__` tells, 0 for unknown; the batch size of an input is not the net's business."""
    try:
        shape = tuple(n if n > 0 else None for n in parse(node.hints["shape"], Ints))
    except ValueError as error:
        raise NodeError(node.op, node.name, f"hint '__shape__' must be {error}", repr(node.hints["shape"])) from None
    return shape if parameter else (None, *shape[1:]) if shape else None


def _told(net: _Net, inputs: list[int], row: tuple[int, ...]) -> int | None:
    """Settles the one input that has open axes by a row of data; returns which it was."""
    undecided = [i for i in inputs if None in (net.shape(Edge(i)) or (None, None))[1:]]
    if len(undecided) != 1:
        return None
    index = undecided[0]
    shape = of_row(net.shape(Edge(index)), row)
    if shape is None:
        known = said(net.shape(Edge(index)))
        what = f"input {net.graph.nodes[index].name!r} of shape {known} cannot be filled by rows of shape {said(row)}"
        raise ShapeError(f"{net.graph.source}: {what}; --input-shape of convert says what it is")
    net.settle(net.learn([(Edge(index), shape)]))
    return index


def of_row(shape: Shape, row: tuple[int, ...]) -> Shape:
    """The shape of an input with its open axes filled by a row of data of shape `row`, None if they cannot be: as the
    row has it, an image with one channel if the row has no axis for that; else its numbers in order, in a square."""
    if shape is None:
        return (None, *row)
    image = len(shape) > 3
    for axes in (row, (1, *row)) if image else (row,):
        try:
            return merge(shape, (None, *axes))
        except Misfit:
            pass
    for known in ((None, channels, *shape[2:]) for channels in (1, 3)) if image and shape[1] is None else (shape,):
        lengths = [n for n in known[1:] if n is not None]
        open_, numbers = len(known) - 1 - len(lengths), math.prod(row) / math.prod(lengths)
        side = round(numbers ** (1 / open_)) if open_ else 1
        if side and side**open_ == numbers:
            return (None, *(side if n is None else n for n in known[1:]))
    return None


class _Sizes(NamedTuple):
    least: int
    chosen: int
    most: int


def _try_sizes(net: _Net, inputs: list[int]) -> dict[int, str]:
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


def _sized(net: _Net, members: list[int], size: int) -> dict[Edge, Shape]:
    shapes = {Edge(i): net.shape(Edge(i)) for i in members}
    return {e: (s[0], *(size if n is None else n for n in s[1:])) for e, s in shapes.items()}


def _fits(net: _Net, members: list[int], order: list[int], watched: Mapping[int, int | None], size: int) -> bool | None:
    return size > 0 and net.fits(_sized(net, members, size), order, watched)


def _oblong_question(net: _Net, members: list[int], order: list[int], watched: Mapping[int, int | None]):
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
            return _question(net, index, f"{why}, but {size[0]} x {size[1]} does", shape)
    return _question(net, index, why)


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


def _question(net: _Net, index: int, why: str = "cannot be found out", fitting: Shape = None) -> UnknownShape:
    name, shape = net.graph.nodes[index].name, net.shape(Edge(index))
    if shape is None:
        what, example = f"the shape of input {name!r}", (None, 3, None, None)
    else:
        axes = [str(i) for i, n in enumerate(shape) if n is None and i]
        counted = (
            f"size of axis {axes[0]}" if len(axes) == 1 else f"sizes of axes {', '.join(axes[:-1])} and {axes[-1]}"
        )
        what, example = f"the {counted} of input {name!r} of shape {said(shape)}", shape
    option = _option(fitting or example, 224 if len(example) == 4 else 10)
    python = tuple(None if n == "?" else int(n) for n in option.split(","))
    return UnknownShape(
        f"{net.graph.source}: {what} {why}; say for instance --input-shape {name}={option} (in Python "
        f"input_shapes={{{name!r}: {python}}})"
    )
