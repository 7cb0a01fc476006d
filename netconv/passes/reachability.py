"""What the heads of a graph depend on: for their values, and for training. Knows op names, not Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..graph.graph import Edge, Graph, Node
from ..ops import registry

MOVING = frozenset({"moving_mean", "moving_var"})
"""The names of moving statistics in the schemas of ops."""


def _reached(graph: Graph, reads: Callable[[Node], Iterable[Edge]]) -> set[int]:
    """The nodes that the heads depend on, where a node depends on what it `reads`."""
    reached: set[int] = set()
    todo = [edge.node for edge in graph.heads]
    while todo:
        index = todo.pop()
        if index not in reached:
            reached.add(index)
            todo.extend(edge.node for edge in reads(graph.nodes[index]))
    return reached


def computed_with(graph: Graph) -> set[int]:
    """The nodes whose values, not only their shapes, the heads depend on."""
    return _reached(graph, registry.value_inputs)


def frozen(graph: Graph) -> Graph:
    """With the arrays frozen that the heads reach only through a BlockGrad, but moving statistics: a BatchNorm behind
    a BlockGrad normalizes by batch in training and updates them all the same, as in MXNet."""
    reached = _reached(graph, lambda node: () if node.op == "BlockGrad" else node.inputs)
    reached.update(edge.node for node in graph.nodes for edge in registry.named_inputs(node, MOVING))
    arrays = {i: array if i in reached else array.frozen() for i, array in graph.arrays.items()}
    return replace(graph, arrays=arrays)
