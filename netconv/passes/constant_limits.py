"""Limits the size of constants that are computed from constants when the model is built. Knows the registry, not
Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import NodeError
from ..graph.graph import Edge, Graph
from ..graph.partial_shape import Shape, format_shape
from ..ops import registry
from ..shapes import shape_inference

LARGEST_ARRAY = 2**26
"""The most elements of a constant."""


def check(graph: Graph, known: Mapping[int, Shape]) -> None:
    """Raises NodeError for a node that computes a constant of more than LARGEST_ARRAY elements from others.

    `known` are the shapes of the inputs. A constant depends on no input and no stored array.
    """
    constant = [False] * len(graph.nodes)
    sources: dict[int, Shape] = {}
    for index, node in enumerate(graph.nodes):
        constant[index] = node.op != "null" and all(constant[edge.node] for edge in node.inputs)
        if constant[index] and not node.inputs:
            shape = registry.typed_attributes(node).get("shape")
            if isinstance(shape, tuple) and shape:  # the shape parameter of a gamma distribution is a number
                sources[index] = tuple(n or 1 for n in shape)  # the shape rules leave the first length open
    made = [index for index, node in enumerate(graph.nodes) if constant[index] and node.inputs]
    if not made:
        return
    found = shape_inference.forward(graph, {**known, **sources})
    for index in made:
        shape = found[Edge(index)]
        if shape is not None and math.prod(n or 1 for n in shape) > LARGEST_ARRAY:
            node = graph.nodes[index]
            raise NodeError(
                node.op, node.name, f"makes a constant of more than {LARGEST_ARRAY} elements", format_shape(shape)
            )
