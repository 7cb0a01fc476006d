"""A graph that is being rewritten, with matchers for patterns. Knows op names, not Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import Shape
from ..graph.tracked_array import TrackedArray
from ..ops.registry import typed_attributes
from ..shapes import shape_inference


@dataclass
class GraphRewriter:
    """A graph that is being rewritten: nodes are replaced in place, and new ones are appended."""

    graph: Graph
    known: Mapping[int, Shape]
    nodes: list[Node] = field(init=False)
    arrays: dict[int, TrackedArray] = field(init=False)
    replacements: dict[Edge, Edge] = field(default_factory=dict)  # by output: the output that replaces it

    def __post_init__(self):
        self.nodes, self.arrays = list(self.graph.nodes), dict(self.graph.arrays)

    @cached_property
    def _shapes(self) -> dict[Edge, Shape]:
        return shape_inference.forward(self.graph, self.known)

    @cached_property
    def readers(self) -> list[list[tuple[int, int]]]:
        """For each node of the original graph, the (node, input position) pairs that read it."""
        return self.graph.consumers()

    def shape(self, edge: Edge) -> Shape:
        return self._shapes.get(edge)

    def add(self, node: Node, array: TrackedArray | None = None) -> Edge:
        self.nodes.append(node)
        if array is not None:
            self.arrays[len(self.nodes) - 1] = array
        return Edge(len(self.nodes) - 1)

    def array(self, name: str, array: TrackedArray) -> Edge:
        return self.add(Node("null", name), array)

    def __getitem__(self, edge: Edge) -> Node:
        return self.nodes[edge.node]

    # Matchers of the node with the output `edge`; None matches no pattern.

    def match(self, edge: Edge | None, *ops: str, **attributes) -> tuple[Edge, ...]:
        """The inputs of the node of an edge if it is one of these ops with these attributes, else ()."""
        if edge is None or self[edge].op not in ops or edge.output:
            return ()
        if attributes:
            values = typed_attributes(self[edge])
            if any(values[name] != value for name, value in attributes.items()):
                return ()
        return self[edge].inputs

    def pair(self, edge: Edge | None, *ops: str) -> tuple[Edge, Edge] | tuple[()]:
        """The two inputs of the node of an edge if it is one of these ops, else ()."""
        inputs = self.match(edge, *ops)
        return (inputs[0], inputs[1]) if len(inputs) == 2 else ()

    def single(self, edge: Edge | None, *ops: str, **attributes) -> Edge | None:
        """The first input of the node of an edge if it is one of these ops with these attributes."""
        return next(iter(self.match(edge, *ops, **attributes)), None)

    def scalar(self, edge: Edge | None, *ops: str) -> tuple[Edge, float] | None:
        """x and s of x op s."""
        data = self.single(edge, *ops)
        return (data, typed_attributes(self[edge])["scalar"]) if edge and data else None

    def relu(self, edge: Edge | None) -> Edge | None:
        return self.single(edge, "relu") or self.single(edge, "Activation", act_type="relu")

    def sigmoid(self, edge: Edge | None) -> Edge | None:
        return self.single(edge, "sigmoid") or self.single(edge, "Activation", act_type="sigmoid")

    def tanh(self, edge: Edge | None) -> Edge | None:
        return self.single(edge, "tanh") or self.single(edge, "Activation", act_type="tanh")

    def negative(self, edge: Edge | None) -> Edge | None:
        for op, scalar in (("_rminus_scalar", 0), ("_mul_scalar", -1)):
            if data := self.single(edge, op, scalar=scalar):
                return data
        return self.single(edge, "negative")

    def plus(self, edge: Edge | None) -> tuple[Edge, float] | None:
        """x and s of x + s."""
        if found := self.scalar(edge, "_plus_scalar"):
            return found
        found = self.scalar(edge, "_minus_scalar")
        return (found[0], -found[1]) if found else None

    def times(self, edge: Edge | None) -> tuple[Edge, float] | None:
        """x and s of s x."""
        if found := self.scalar(edge, "_mul_scalar"):
            return found
        found = self.scalar(edge, "_div_scalar")
        return (found[0], 1 / found[1]) if found and found[1] else None

    def product(self, edge: Edge | None) -> tuple[Edge, Edge] | tuple[()]:
        return self.pair(edge, "elemwise_mul", "broadcast_mul")

    def sum(self, edge: Edge | None) -> tuple[Edge, Edge] | tuple[()]:
        return self.pair(edge, "elemwise_add", "broadcast_add")

    def difference(self, edge: Edge | None) -> tuple[Edge, Edge] | tuple[()]:
        return self.pair(edge, "elemwise_sub", "broadcast_sub")

    def finished(self) -> tuple[Graph, list[int]]:
        """The rewritten graph, and for each of its nodes the index before."""
        nodes = tuple(
            replace(node, inputs=tuple(self._replaced(e) for e in node.inputs)) if node.inputs else node
            for node in self.nodes
        )
        heads = tuple(self._replaced(edge) for edge in self.graph.heads)
        return replace(self.graph, nodes=nodes, heads=heads, arrays=self.arrays).pruned()

    def moved(self, before: list[int]) -> dict[Edge, Edge]:
        """Where the outputs of the original nodes are in the rewritten graph, those that it still has; `before` is what
        `finished` returned."""
        now = {old: index for index, old in enumerate(before)}
        found = {}
        for index, outputs in enumerate(self.graph.used_outputs):
            for edge in (Edge(index, output) for output in outputs):
                replaced = self._replaced(edge)
                if replaced.node in now:
                    found[edge] = Edge(now[replaced.node], replaced.output)
        return found

    def _replaced(self, edge: Edge) -> Edge:
        while edge in self.replacements:
            edge = self.replacements[edge]
        return edge


def both_orders(pair: tuple[Edge, Edge] | tuple[()]) -> Iterator[tuple[Edge, Edge]]:
    """The pair in both orders; empty for ()."""
    if pair:
        yield pair
        yield pair[1], pair[0]
