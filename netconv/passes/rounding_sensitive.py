"""Where the last bit of a number counts: what is rounded to an integer or compared further on may change by more."""

from __future__ import annotations

from ..graph.graph import Graph
from ..ops import registry


def rounding_sensitive(graph: Graph) -> frozenset[int]:
    """The nodes whose results reach a discontinuous op with their last bit."""
    found: set[int] = set()
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if registry.is_discontinuous(node) or (index in found and registry.is_exact(node)):
            found.update(edge.node for edge in node.inputs)
    return frozenset(found)
