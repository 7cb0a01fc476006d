"""What the nodes of a net compute by another program: MXNet, or the definitions in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..conversion import Conversion
from ..errors import NodeError
from ..graph.graph import Edge
from ..passes import canonicalize
from ..shapes import shape_inference
from . import numpy_evaluation
from .mxnet_process import MXNet, Refused, Source
from .subject import Subject

Compute = Callable[[Sequence[Edge]], Mapping[Edge, np.ndarray]]


@dataclass(frozen=True)
class Reference:
    """`compute` returns outputs of nodes, those that it knows, or raises Refused; `covers` says of which ops it does.
    `mxnet` is the process of MXNet. `undefined` counts the nodes that numpy does not define by op; `computed` are the
    others."""

    name: str
    compute: Compute
    covers: Callable[[str], bool]
    mxnet: MXNet | None = None
    undefined: Mapping[str, int] = field(default_factory=dict)
    computed: int = 0


def source_arrays(converted: Conversion, inputs: Mapping[str, np.ndarray]) -> Source:
    """The graph as it was read, with values for its parameters, its inputs, and the states that start at zero."""
    prepared = converted.prepared
    raw = prepared.net.graph
    arrays: dict[int, np.ndarray] = {}
    types: dict[int, str] = {}
    for parameter in prepared.graph.parameters:
        if parameter.node is not None:
            arrays[parameter.node] = parameter.read()
            if parameter.dtype != str(arrays[parameter.node].dtype) and parameter.dtype != "bfloat16":
                types[parameter.node] = parameter.dtype
    names = iter(converted.model.inputs)
    batch = next(iter(inputs.values())).shape[0]
    for index in prepared.graph.inputs():
        node = prepared.graph.nodes[index]
        if index in prepared.zeros:
            shape = tuple(batch if size is None else size for size in prepared.shapes[index] or ())
            value = np.zeros(shape, "float32")
        else:
            value = inputs[next(names).name]
        if node.index is not None:
            arrays[node.index] = value
    return Source(raw, arrays, types)


def head_edges(converted: Conversion) -> list[Edge]:
    """The outputs of the model in the graph as it was read."""
    prepared = converted.prepared
    raw, canonical = prepared.net.graph, prepared.canonical
    edges = []
    for number, edge in enumerate(canonical.heads):
        index = canonical.nodes[edge.node].index
        edges.append(raw.heads[number] if index is None else Edge(index, edge.output))
    return edges


def mxnet_reference(mxnet: MXNet, source: Source) -> Reference:
    def compute(edges: Sequence[Edge]) -> dict[Edge, np.ndarray]:
        return dict(zip(edges, mxnet.run(source, edges).outputs, strict=True))

    return Reference("MXNet", compute, _everything, mxnet)


def misfit(source: Source) -> tuple[int, str] | None:
    """The first node that the shapes of its inputs do not fit, and why."""
    graph = canonicalize.canonicalize(source.graph)
    known = {i: source.arrays[node.index].shape for i, node in enumerate(graph.nodes)
             if node.op == "null" and node.index is not None and node.index in source.arrays}  # fmt: skip
    try:
        shape_inference.forward(graph, known)
    except NodeError as error:
        index = next(index for index, node in enumerate(source.graph.nodes) if node.name == error.node)
        return index, str(error).removeprefix(f"{error.op} node {error.node!r}: ")
    return None


def _everything(_op: str) -> bool:
    return True


def numpy_reference(
    source: Source, subject: Subject, inputs: Mapping[str, np.ndarray], heads: Sequence[Edge],
    misfit: tuple[int, str] | None = None,
) -> Reference:  # fmt: skip
    """The definitions in numpy. What these do not cover is taken from the model, so that the nodes after it can be
    compared; outputs of such nodes are not computed. `misfit` is the node whose inputs do not fit it, and why."""
    evaluate = partial(
        numpy_evaluation.evaluate, source.graph, source.arrays, adopt=partial(subject.nodes, inputs),
        adopted=list(subject.tensors),
    )  # fmt: skip

    def refused(edge: Edge) -> bool:
        return misfit is not None and misfit[0] in source.graph.needs(edge.node)

    requested = [edge for edge in heads if not refused(edge)]
    whole = evaluate(requested)

    def compute(edges: Sequence[Edge]) -> dict[Edge, np.ndarray]:
        if misfit and any(map(refused, edges)):
            raise Refused(misfit[1])
        return whole.values if list(edges) == requested else evaluate(edges).values

    return Reference("numpy", compute, numpy_evaluation.covers, None, whole.undefined, whole.computed)
