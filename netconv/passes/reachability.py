"""Which nodes the heads of a graph depend on: for their values, and for training. Knows op names, not Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..graph.graph import Edge, Graph, Node
from ..ops import registry

MOVING = frozenset({"moving_mean", "moving_var"})
"""The names of moving statistics in the schemas of ops."""


def _dependencies(graph: Graph, reads: Callable[[Node], Iterable[Edge]]) -> set[int]:
    """The nodes that the heads depend on; `reads` returns the inputs of a node to follow."""
    needed: set[int] = set()
    todo = [edge.node for edge in graph.heads]
    while todo:
        index = todo.pop()
        if index not in needed:
            needed.add(index)
            todo.extend(edge.node for edge in reads(graph.nodes[index]))
    return needed


def computed_with(graph: Graph) -> set[int]:
    """The nodes whose values, not only their shapes, the heads depend on."""
    return _dependencies(graph, registry.value_inputs)


def frozen(graph: Graph) -> Graph:
    """Freezes the arrays that the heads depend on only through a BlockGrad, except moving statistics: a BatchNorm
    before a BlockGrad still normalizes by batch in training and updates them, as in MXNet."""
    needed = _dependencies(graph, lambda node: () if node.op == "BlockGrad" else node.inputs)
    needed.update(edge.node for node in graph.nodes for edge in registry.named_inputs(node, MOVING))
    arrays = {i: array if i in needed else array.frozen() for i, array in graph.arrays.items()}
    return replace(graph, arrays=arrays)
