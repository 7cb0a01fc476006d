"""Decides which null nodes of a graph are parameters and which are inputs, by the ops that read them. Knows no
shapes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..graph.graph import Edge, Graph, Node
from ..ops import registry
from ..ops.control_flow import subgraph_inputs
from ..ops.traits import Keeps

TRAINING_HINTS = frozenset({"init", "lr_mult", "wd_mult"})
"""Hints that only parameters have."""
ENDS = ("weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "running_mean", "running_var")
"""Ends of names by which MXNet's initializers recognize parameters."""


@dataclass(frozen=True)
class Role:
    """How a parameter is read: as input `name` of a node of `op`; `direct` if there is no node between them."""

    op: str
    name: str
    direct: bool


def parameters(graph: Graph, given: Collection[str] = ()) -> dict[int, Role]:
    """The null nodes without a stored array that are parameters, not inputs, by index. They are read as an input that
    the op declares stored, as in Mathematica's own importer; or such an input is computed from them and they have a
    hint of their shape; or they have a hint that only parameters have. Those in `given`, by name, are inputs."""
    data = {e.node for node in graph.nodes if node.op == "UpSampling" and not _weighted(node) for e in node.inputs}
    roles = {i: Role("null", "", True) for i in graph.inputs() if i not in data and _hinted(graph.nodes[i])}
    for edge, role in _stored_inputs(graph):
        todo, seen = [(edge.node, role, False)], set()
        while todo:
            index, role, computed = todo.pop()
            node = graph.nodes[index]
            if node.op == "null":
                if index not in graph.arrays and ("shape" in node.hints or not computed):
                    roles[index] = role
            elif (index, computed) not in seen and not owns(node):
                seen.add((index, computed))
                # Gluon's recurrent layers concatenate their parameters
                computed = computed or registry.keeps(node) == Keeps.NOTHING
                todo.extend((e.node, Role(role.op, role.name, False), computed) for e in registry.value_inputs(node))
    return {i: role for i, role in sorted(roles.items()) if graph.nodes[i].name not in given}


def _hinted(node: Node) -> bool:
    """Whether a null node has a hint for initialization or training, or a hint of its shape and the name of a
    parameter."""
    return not TRAINING_HINTS.isdisjoint(node.hints) or ("shape" in node.hints and node.name.endswith(ENDS))


def _weighted(node: Node) -> bool:
    """Whether the second input of an UpSampling is a weight; MXNet writes hints of a weight even if it is data."""
    return node.op == "UpSampling" and node.attrs.get("sample_type") == "bilinear"


def owns(node: Node) -> bool:
    """Whether a node has parameters."""
    ops = registry.load()
    return node.op in ops and any(
        declared_input.stored and not declared_input.variadic for declared_input in ops[node.op].inputs
    )


def _stored_inputs(graph: Graph) -> Iterable[tuple[Edge, Role]]:
    ops = registry.load()
    for node in graph.nodes:
        declared = ops[node.op].inputs if node.op in ops else ()
        for edge, declared_input in zip(node.inputs, declared, strict=False):
            if declared_input.stored and not declared_input.variadic:
                yield edge, Role(node.op, declared_input.name, True)
        if _weighted(node):
            yield from ((edge, Role(node.op, "weight", True)) for edge in node.inputs[1:])
        for number, inputs in enumerate(subgraph_inputs(node)):
            inner = parameters(node.subgraphs[number])
            yield from ((edge, inner[null]) for edge, null in inputs if null in inner)
