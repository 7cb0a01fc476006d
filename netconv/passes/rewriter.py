"""A graph under revision, and the words in which to look for something in it. Knows op names, no Keras."""

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
    """A graph under revision: nodes are replaced where they stand, and new ones come at the end."""

    graph: Graph
    known: Mapping[int, Shape]
    nodes: list[Node] = field(init=False)
    arrays: dict[int, TrackedArray] = field(init=False)
    replacements: dict[Edge, Edge] = field(default_factory=dict)  # what is to be read instead of an output

    def __post_init__(self):
        self.nodes, self.arrays = list(self.graph.nodes), dict(self.graph.arrays)

    @cached_property
    def _shapes(self) -> dict[Edge, Shape]:
        return shape_inference.forward(self.graph, self.known)

    @cached_property
    def readers(self) -> list[list[tuple[int, int]]]:
        """Of the graph as it was."""
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

    def match(self, edge: Edge, *ops: str, **attributes) -> tuple[Edge, ...] | None:
        """What the node behind an edge reads, if it is one of these ops with these attributes."""
        node = self.nodes[edge.node]
        if node.op not in ops or edge.output:
            return None
        if attributes:
            values = typed_attributes(node)
            if any(values[name] != value for name, value in attributes.items()):
                return None
        return node.inputs

    def scalar(self, edge: Edge, *ops: str) -> tuple[Edge, float] | None:
        """x and s of x op s."""
        inputs = self.match(edge, *ops)
        return inputs and (inputs[0], typed_attributes(self[edge])["scalar"])

    def relu(self, edge: Edge) -> Edge | None:
        inputs = self.match(edge, "relu") or self.match(edge, "Activation", act_type="relu")
        return inputs and inputs[0]

    def sigmoid(self, edge: Edge) -> Edge | None:
        inputs = self.match(edge, "sigmoid") or self.match(edge, "Activation", act_type="sigmoid")
        return inputs and inputs[0]

    def tanh(self, edge: Edge) -> Edge | None:
        inputs = self.match(edge, "tanh") or self.match(edge, "Activation", act_type="tanh")
        return inputs and inputs[0]

    def negative(self, edge: Edge) -> Edge | None:
        for op, scalar in (("_rminus_scalar", 0), ("_mul_scalar", -1)):
            if inputs := self.match(edge, op, scalar=scalar):
                return inputs[0]
        inputs = self.match(edge, "negative")
        return inputs and inputs[0]

    def plus(self, edge: Edge) -> tuple[Edge, float] | None:
        """x and s of x + s."""
        if found := self.scalar(edge, "_plus_scalar"):
            return found
        found = self.scalar(edge, "_minus_scalar")
        return found and (found[0], -found[1])

    def times(self, edge: Edge) -> tuple[Edge, float] | None:
        """x and s of s x."""
        if found := self.scalar(edge, "_mul_scalar"):
            return found
        found = self.scalar(edge, "_div_scalar")
        return found and found[1] and (found[0], 1 / found[1])

    def product(self, edge: Edge) -> tuple[Edge, ...] | None:
        return self.match(edge, "elemwise_mul", "broadcast_mul")

    def sum(self, edge: Edge) -> tuple[Edge, ...] | None:
        return self.match(edge, "elemwise_add", "broadcast_add")

    def difference(self, edge: Edge) -> tuple[Edge, ...] | None:
        return self.match(edge, "elemwise_sub", "broadcast_sub")

    def finished(self) -> tuple[Graph, list[int]]:
        """The graph as revised, and for each of its nodes, which it was before."""
        nodes = tuple(
            replace(node, inputs=tuple(self._instead(e) for e in node.inputs)) if node.inputs else node
            for node in self.nodes
        )
        heads = tuple(self._instead(edge) for edge in self.graph.heads)
        return replace(self.graph, nodes=nodes, heads=heads, arrays=self.arrays).pruned()

    def _instead(self, edge: Edge) -> Edge:
        while edge in self.replacements:
            edge = self.replacements[edge]
        return edge


def both_orders(pair: tuple[Edge, ...] | None) -> Iterator[tuple[Edge, Edge]]:
    if pair:
        yield pair
        yield pair[::-1]
