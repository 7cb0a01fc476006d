"""Propagates partial shapes along the edges of a graph, both ways, to a fixed point. Knows the registry, no single
op."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import repeat
from types import SimpleNamespace
from typing import NamedTuple

from ..errors import NodeError
from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import LARGEST, Rule, Shape, ShapeMismatch, count_elements, format_shape, merge
from ..ops import registry
from ..ops.registry import Translation
from ..ops.shape_rules import broadcast

BATCHES = (1, 2)
"""Batch sizes for which guessed and chosen shapes must be consistent."""
MOST_AXES, MOST_OUTPUTS, MOST_GUESSES, DEEPEST = 32, 2**16, 3, 4


class NodeRule(NamedTuple):
    """The declaration of a node's op, its shape rule and the attributes that the rule is called with."""

    declared: Translation
    apply: Rule
    attributes: SimpleNamespace


class ShapeSolver:
    """The shapes in one graph as far as they are known, and the rules that refine them."""

    def __init__(self, graph: Graph, seeds: Mapping[int, Shape], depth: int = 0, parameters: Collection[int] = ()):
        self.graph, self.depth = graph, depth
        self.stored = _stored(graph, parameters)
        self.readers = [sorted({reader for reader, _ in readers}) for readers in graph.consumers()]
        self.outputs = [1] * len(graph.nodes)
        for edge in [*graph.heads, *(edge for node in graph.nodes for edge in node.inputs)]:
            if edge.output >= MOST_OUTPUTS:
                node = graph.nodes[edge.node]
                raise NodeError(node.op, node.name, f"has no output {edge.output}")
            if edge.output and graph.nodes[edge.node].op == "null":
                raise self.no_output(edge.node, edge.output, 1)
            self.outputs[edge.node] = max(self.outputs[edge.node], edge.output + 1)
        known = {**registry.load(), **registry.PATTERNS}
        self.rules = [self._rule(known.get(node.op), node) for node in graph.nodes]
        self.shapes: dict[Edge, Shape] = {Edge(i): tuple(array.shape) for i, array in graph.arrays.items()}
        self.shapes.update({Edge(i): shape for i, shape in seeds.items() if shape is not None})
        self.undo: list[tuple[Edge, Shape]] = []
        self.spent = 0

    def _rule(self, declared: Translation | None, node: Node) -> NodeRule | None:
        if declared is None or declared.shape_rule is None:
            return None
        stored = tuple(bool(self.stored[edge.node]) for edge in node.inputs)
        values = registry.typed_attributes(node)
        attributes = SimpleNamespace(**values, _node=node, _stored=stored, _inner=self._inner)
        return NodeRule(declared, declared.shape_rule, attributes)

    def _inner(self, subgraph: Graph, seeds: Mapping[int, Shape]) -> ShapeSolver | None:
        """The solver of a subgraph, for the rule of its node; None where subgraphs are nested too deep."""
        return ShapeSolver(subgraph, seeds, self.depth + 1) if self.depth < DEEPEST else None

    def error(self, index: int, what: str, received=None) -> NodeError:
        node = self.graph.nodes[index]
        return NodeError(node.op, node.name, what, received)

    def no_output(self, index: int, asked: int, count: int) -> NodeError:
        return self.error(index, f"has {count} outputs; output {asked} is requested")

    def shape(self, edge: Edge) -> Shape:
        return self.shapes.get(edge)

    def known_shapes(self, index: int, look: Callable[[Edge], Shape]) -> tuple[list[Shape], list[Shape]]:
        node = self.graph.nodes[index]
        return [look(e) for e in node.inputs], [look(Edge(index, k)) for k in range(self.outputs[index])]

    def step(self, index: int, rule: NodeRule, look: Callable[[Edge], Shape]) -> list[tuple[Edge, Shape]]:
        """The shapes that a rule refines at a node, where `look` returns the shapes known so far. Raises NodeError for
        a contradiction."""
        node = self.graph.nodes[index]
        ins, outs = self.known_shapes(index, look)
        try:
            claimed_ins, claimed_outs = rule.apply(rule.attributes, ins, outs)
        except ShapeMismatch as mismatch:
            raise self.error(index, mismatch.what, mismatch.received) from None
        count = max(len(claimed_outs), rule.declared.outputs)
        if count < len(outs):
            raise self.no_output(index, len(outs) - 1, count)
        news = []
        inputs = rule.declared.inputs
        for position, (edge, known, claim) in enumerate(zip(node.inputs, ins, claimed_ins, strict=False)):
            name, data = inputs[min(position, len(inputs) - 1)].name, ins[0] if position else None
            news.append((edge, self._merged(index, name, known, claim, data)))
        for output, (known, claim) in enumerate(zip(outs, claimed_outs, strict=False)):
            news.append((Edge(index, output), self._merged(index, None, known, claim, None)))
        return [(edge, new) for edge, new in news if new is not None and new != look(edge)]

    def _merged(self, index: int, name: str | None, known: Shape, claim: Shape, data: Shape) -> Shape:
        """A known shape refined by a claim, of the input `name` or of an output of a node."""
        if claim is None or claim == known:
            return known
        if len(claim) > MOST_AXES:
            raise self.error(index, f"has more than {MOST_AXES} axes")
        if any(n is not None and not 0 <= n < LARGEST for n in claim):
            raise self.error(index, "makes an impossible shape", format_shape(claim))
        try:
            return merge(known, claim)
        except ShapeMismatch:
            pass
        if name is None:
            raise self.error(index, f"gives shape {format_shape(claim)} where {format_shape(known)} is expected")
        origin = "" if data is None else f" for data of shape {format_shape(data)}"
        raise self.error(index, f"{name} must have shape {format_shape(claim)}{origin}", format_shape(known))

    def refine(self, news: Iterable[tuple[Edge, Shape]], by: int | None = None) -> set[int]:
        """Merges shapes into the known ones; returns the nodes, other than `by`, of which an input or output was
        refined."""
        touched: set[int] = set()
        for edge, new in news:
            known = self.shapes.get(edge)
            try:
                new = merge(known, new)
            except ShapeMismatch as mismatch:
                raise self.error(edge.node if by is None else by, mismatch.what) from None
            if new != known:
                self.undo.append((edge, known))
                self.shapes[edge] = new
                touched.update((edge.node, *self.readers[edge.node]))
        return touched - {by}

    def propagate(self, dirty: Iterable[int]) -> None:
        """Runs the rules of the nodes `dirty` and of all they affect, forward and back in turn, to a fixed point."""
        todo, sign = set(dirty), 1
        while todo:
            heap, queued, todo = sorted(sign * index for index in todo), todo, set()
            while heap:
                index = sign * heapq.heappop(heap)
                queued.discard(index)
                rule = self.rules[index]
                if not rule:
                    continue
                for other in self.refine(self.step(index, rule, self.shape), index):
                    if sign * other < sign * index:
                        todo.add(other)
                    elif other not in queued:
                        queued.add(other)
                        heapq.heappush(heap, sign * other)
            sign = -sign

    def guess(self) -> None:
        """Guesses the most likely shapes where rules leave a rank open, first that operands have the same rank, and
        keeps the guesses that are consistent."""
        guesses = [
            (index, rule, rule.declared.likely_shapes)
            for index, rule in enumerate(self.rules)
            if rule and rule.declared.likely_shapes
        ]
        guesses.sort(key=lambda guess: guess[1].apply is not broadcast)
        for _ in range(MOST_GUESSES):
            progress = False
            for index, rule, likely in guesses:
                ins, outs = self.known_shapes(index, self.shape)
                self.undo.clear()
                try:
                    inputs = self.graph.nodes[index].inputs
                    claims = zip(inputs, likely(rule.attributes, ins, outs), strict=False)
                    self.propagate(self.refine((edge, claim) for edge, claim in claims if claim is not None))
                    if any(self._batch_gone(edge, known) for edge, known in self.undo):
                        raise ShapeMismatch("a guess must leave the batch size open")
                    if self.undo and not self._runs():
                        raise ShapeMismatch("a guess must hold for any batch size")
                    progress = progress or bool(self.undo)
                except (ShapeMismatch, NodeError):
                    for edge, known in reversed(self.undo):
                        self.shapes[edge] = known
            if not progress:
                break

    def _batch_gone(self, edge: Edge, known: Shape) -> bool:
        """Whether an input that had no shape has one now with a known batch size and an open length."""
        shape = self.shape(edge)
        if known is not None or shape is None or self.graph.nodes[edge.node].op != "null":
            return False
        return shape[1:] == (None,) != shape[:1]

    def _runs(self) -> bool:
        """Whether batches of BATCHES examples are consistent."""
        inputs = {i: self.shape(Edge(i)) for i in self.graph.inputs() if not self.stored[i]}
        order = [i for i, node in enumerate(self.graph.nodes) if node.op != "null"]
        return all(
            self.is_consistent({Edge(i): (batch, *s[1:]) for i, s in inputs.items() if s and s[0] is None}, order, {})
            is not False
            for batch in BATCHES
        )

    def features(self, index: int) -> int | None:
        """The number of features to which a node flattens each example, None unless lengths of its data are open."""
        rule = self.rules[index]
        if not rule or not rule.declared.features:
            return None
        ins, _ = self.known_shapes(index, self.shape)
        open_ = ins and ins[0] is not None and None in ins[0][1:]
        return rule.declared.features(rule.attributes, ins) if open_ else None

    def unexplained(self, index: int, look: Callable[[Edge], Shape]) -> bool:
        """Whether more is known of the outputs of a node than follows from its inputs."""
        rule = self.rules[index]
        if not rule:
            return False
        ins, outs = self.known_shapes(index, look)
        try:
            claims = rule.apply(rule.attributes, ins, [None] * len(outs))[1]
        except ShapeMismatch:
            return False
        return any(
            k is not None and c is None
            for known, claim in zip(outs, claims, strict=False)
            for k, c in zip(known or (), claim or repeat(None), strict=False)
        )

    def is_consistent(
        self, sizes: Mapping[Edge, Shape], order: list[int], watched: Mapping[int, int | None]
    ) -> bool | None:
        """Whether inputs of these `sizes` are consistent with the known shapes; None if `watched` nodes stay open.

        `order` are the nodes that depend on the inputs. `watched` are those whose outputs are known better than their
        inputs imply, with the number of features that they require, if any.
        """
        tried, made = dict(sizes), {}

        def look(edge):
            return tried[edge] if edge in tried else self.shapes.get(edge)

        try:
            for index in order:
                if watched.get(index) is not None:  # before its rule refines its input
                    made[index] = count_elements((look(self.graph.nodes[index].inputs[0]) or ())[1:])
                if rule := self.rules[index]:
                    tried.update(self.step(index, rule, look))
        except NodeError:
            return False
        consistent: bool | None = True
        for index, required in watched.items():
            if made.get(index) not in (None, required):
                return False
            if made.get(index) is None and (required is not None or self.unexplained(index, look)):
                consistent = None
        return consistent


def _stored(graph: Graph, parameters: Collection[int]) -> list[bool | None]:
    """For each node whether it depends on parameters only; None if it has no inputs."""
    stored: list[bool | None] = []
    for index, node in enumerate(graph.nodes):
        if node.op == "null":
            stored.append(index in graph.arrays or index in parameters)
        else:
            read = {stored[edge.node] for edge in node.inputs} - {None}
            stored.append(None if not read else False not in read)
    return stored
