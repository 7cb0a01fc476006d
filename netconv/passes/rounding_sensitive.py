"""Finds nodes whose last bit matters, as their results are rounded to integers or compared later. Knows traits of
ops."""

from __future__ import annotations

from ..graph.graph import Graph
from ..ops import registry


def rounding_sensitive(graph: Graph) -> frozenset[int]:
    """The nodes whose results a discontinuous op reads, directly or through exact ops."""
    found: set[int] = set()
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if registry.is_discontinuous(node) or (index in found and registry.is_exact(node)):
            found.update(edge.node for edge in node.inputs)
    return frozenset(found)
