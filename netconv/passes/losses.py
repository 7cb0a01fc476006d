"""Removes losses that a graph computes itself, with their labels. Knows op names, not Keras."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..graph.graph import Edge, Graph
from ..ops import registry
from ..shapes.parameter_roles import owns


def without_labels(graph: Graph) -> Graph:
    """Removes the inputs that ops ignore, such as the label of a loss head."""
    nodes = tuple(replace(node, inputs=node.inputs[: registry.inputs_used(node)]) for node in graph.nodes)
    return replace(graph, nodes=nodes)


def labels(graph: Graph, given: Collection[str] = ()) -> frozenset[int]:
    """The inputs that only a loss compares with a prediction, except those `given`: recognized by their position or
    name, if no node that depends on them reads parameters. None in a graph of Mathematica, where the loss is an
    output."""
    if graph.mathematica:
        return frozenset()
    read = [edge.node for node in graph.nodes for edge in registry.compared_inputs(node)]
    compared = {_chain_start(graph, index) for index in read}
    return frozenset(
        index
        for index in graph.inputs()
        if graph.nodes[index].name not in given
        and (index in compared or graph.nodes[index].name.endswith("label"))
        and not any(owns(graph.nodes[i]) for i in _depending(graph, {index}))
    )


def _chain_start(graph: Graph, index: int) -> int:
    """The first node of the chain of nodes with one input that ends in a node."""
    while len(graph.nodes[index].inputs) == 1:
        index = graph.nodes[index].inputs[0].node
    return index


def _depending(graph: Graph, sources: Collection[int]) -> set[int]:
    """The nodes that depend on `sources`, these included."""
    dependent = set(sources)
    for index, node in enumerate(graph.nodes):
        if any(edge.node in dependent for edge in node.inputs):
            dependent.add(index)
    return dependent


def without_losses(graph: Graph, given: Collection[str] = ()) -> Graph:
    """Removes the heads that depend on a label; if all do, their predictions become the heads."""
    left_out = labels(graph, given)
    dependent = _depending(graph, left_out)
    heads = tuple(edge for edge in graph.heads if edge.node not in dependent)
    if len(heads) == len(graph.heads):
        return graph
    if not heads:
        heads = tuple(dict.fromkeys(p for edge in graph.heads for p in _predictions(graph, edge, left_out, dependent)))
    return replace(graph, heads=heads) if heads else graph


def _predictions(graph: Graph, head: Edge, left_out: Collection[int], dependent: Collection[int]) -> list[Edge]:
    """The predictions that a loss reads: the last value through which the loss depends on all data, or else every value
    that it reads."""
    needed, data = graph.needs(head.node), set(graph.inputs()) - set(left_out)
    inputs = {edge for i in needed & set(dependent) for edge in graph.nodes[i].inputs if edge.node not in dependent}
    read = [edge for edge in sorted(inputs) if graph.needs(edge.node) & data]
    before = {edge for i in needed - set(dependent) for edge in graph.nodes[i].inputs} | set(read)
    for gate in sorted(before, reverse=True):
        if gate.node not in data and all(_passes(graph, edge, gate, data) for edge in read):
            return [gate]
    return read


def _passes(graph: Graph, edge: Edge, gate: Edge, data: Collection[int]) -> bool:
    """Whether `edge` depends on data only through `gate`."""
    todo, seen = [edge], set()
    while todo:
        edge = todo.pop()
        if edge == gate or edge in seen:
            continue
        seen.add(edge)
        if edge.node in data:
            return False
        todo.extend(graph.nodes[edge.node].inputs)
    return True
