"""The nodes of a net as boxes of a diagram: its ops, inputs and outputs, without its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import NetconvError
from ..graph.graph import Edge, Node
from ..graph.partial_shape import Shape
from ..keras_files.layer_rows import shape_text
from ..ops import registry
from ..preparation import Net, node_shapes
from ..reports.diagram import Box, GroupName, output_box
from ..shapes import parameter_roles

FAMILIES = {
    "convolution": "convolution", "deconvolution": "convolution", "deformable": "convolution",
    "linear": "dense", "linalg": "dense", "numpy_linalg": "dense",
    "recurrent": "recurrent", "pooling": "pooling", "roi_pooling": "pooling", "norm": "normalization",
    "activation": "activation", "loss_heads": "activation", "random": "dropout, noise",
    "attention": "embedding, attention", "indexing": "embedding, attention",
    "elementwise": "arithmetic, merging", "numpy_elementwise": "arithmetic, merging",
    "reduction": "arithmetic, merging", "numpy_reduction": "arithmetic, merging",
    "reshape": "shape", "axes": "shape", "slicing": "shape", "numpy_shape": "shape",
}  # fmt: skip
"""The families of ops, by the names of their files, to categories of boxes."""
OPTIONS = (
    "num_hidden", "num_filter", "state_size", "output_dim", "act_type", "pool_type", "mode", "kernel", "stride",
    "shape", "axes", "axis", "dim", "scalar", "p",
)  # fmt: skip
"""The attributes that are shown."""


def boxes_of(net: Net, given: Mapping[str, tuple]) -> tuple[list[Box], str]:
    """The boxes of the nodes and outputs of a net, and why their shapes are not known, "" if they are. `given` are
    shapes of inputs by name."""
    graph, problem = net.graph, ""
    shapes: dict[Edge, Shape] = {}
    try:
        shapes = node_shapes(net, given)
    except NetconvError as error:
        problem = str(error)
    stored = {**dict.fromkeys(graph.arrays), **dict.fromkeys(parameter_roles.parameters(graph, given))}
    counted: set[int] = set()
    boxes = []
    for index, node in enumerate(graph.nodes):
        if index in stored:
            continue
        parameters = {edge.node for edge in node.inputs if edge.node in stored} - counted
        counted |= parameters
        taken = [edge for edge in node.inputs if edge.node not in stored]
        path = node.name.split(".") if node.op != "null" else [node.name]
        boxes.append(
            Box(
                str(index), "input" if node.op == "null" else node.op, _category(node), node.name, _detail(node),
                shape_text(shapes.get(Edge(index))), sum(_size(net, shapes, each) for each in parameters),
                tuple((str(edge.node), shape_text(shapes.get(edge))) for edge in taken),
                tuple(map(GroupName, path[:-1])),
            )
        )  # fmt: skip
    boxes += [
        output_box(
            f"output {number}", graph.nodes[edge.node].name, edge.output, str(edge.node), shape_text(shapes.get(edge))
        )
        for number, edge in enumerate(graph.heads)
    ]
    return boxes, problem


def _size(net: Net, shapes: Mapping[Edge, Shape], index: int) -> int:
    """The number of elements of a parameter; 0 if it is not known."""
    array = net.graph.arrays.get(index)
    shape = shapes.get(Edge(index)) if array is None else array.shape
    return 0 if shape is None or None in shape else math.prod(length or 0 for length in shape)


def _category(node: Node) -> str:
    if node.op == "null":
        return "input"
    declared = registry.load().get(node.op)
    if declared is None:
        return "not supported"
    return FAMILIES.get(declared.function.__module__.rpartition(".")[2], "other")


def _detail(node: Node) -> str:
    return ", ".join(node.attrs[name].strip("()[]").replace(", ", " x ") for name in OPTIONS if node.attrs.get(name))
