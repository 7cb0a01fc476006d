"""Searches for the first node of a net that a model computes in another way than a reference does."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import option
from ..graph.graph import Edge, Graph
from ..ops import registry
from .differences import Difference, difference
from .first_difference import first_changed, first_clear_difference, first_refused
from .mxnet_process import Refused
from .reference import Reference
from .report import Fault, located
from .subject import Subject


@dataclass(frozen=True)
class Search:
    """`graph` is the net as it was read, and `changes` says what was changed in its nodes, by their indices, since the
    model was converted."""

    graph: Graph
    subject: Subject
    reference: Reference
    inputs: Mapping[str, np.ndarray]
    tolerance: float
    changes: Mapping[int, str]

    def first_fault(self, head: Edge, output: Difference | None, refused: tuple[int, str] | None) -> Fault | None:
        """The first node whose output differs, None if no output of a node that leads to the head differs. `output` is
        the difference of the model's output for the head from the reference's. `refused` is the first node that the
        reference cannot run, and why, if the head depends on one."""
        comparable, needed = self._comparable(), self.graph.needs(head.node)
        if refused:
            head = Edge(refused[0])
            comparable = {edge for edge in comparable if edge.node != head.node}
        most = output.relative if output else math.inf
        edge, its, before = first_clear_difference(
            self.graph, head, comparable, self._compare, self.tolerance, most, self.changes
        )
        if refused and edge == head:
            own = [index for index in sorted(needed) if index in self.changes]
            if own and edge.node not in own:  # shapes are inferred backward, too: a change after it is the cause
                return self._fault(own[0], None, {}, cannot_run(self.reference, self.graph, *refused))
            return self._fault(edge.node, its or output, before, f"{self.reference.name} cannot run it: {refused[1]}")
        its = its or output
        if its is None or its.within(self.tolerance):
            return None
        return self._fault(edge.node, its, before)

    def changed_fault(self, heads: Collection[Edge]) -> Fault | None:
        """The first changed node that heads depend on whose own output differs, though the heads do not show it."""
        comparable = self._comparable()
        found = first_changed(self.graph, heads, comparable, self._compare, self.tolerance, self.changes)
        return self._fault(found[0].node, *found[1:]) if found else None

    def hidden_fault(self, heads: Collection[Edge]) -> Fault | None:
        """The first node that differs before one that numpy does not define: the output of that is the model's, which
        does not show it."""
        comparable, undefined = self._comparable(), self._undefined(heads)
        before = {edge for index in undefined for edge in self.graph.nodes[index].inputs}
        for edge, its in self._compare(sorted(before & comparable)).items() if before & comparable else ():
            if not its.within(self.tolerance):
                return self.first_fault(edge, its, None)
        return None

    def unchecked(self, heads: Collection[Edge]) -> Fault | None:
        """The first changed node that heads depend on and numpy does not define, so that no comparison shows the
        change."""
        for index in self._undefined(heads):
            if index in self.changes:
                return self._fault(index, None, {}, f"numpy does not compute it; {option('against')} compares it")
        return None

    def _undefined(self, heads: Collection[Edge]) -> list[int]:
        """The nodes that heads depend on and numpy does not define."""
        ops, nodes = registry.load(), self.graph.nodes
        needed = sorted(self.graph.needs(*(edge.node for edge in heads)))
        defined = (
            nodes[index].op == "null" or ops[nodes[index].op].op not in self.reference.undefined for index in needed
        )
        return [index for index, known in zip(needed, defined, strict=True) if not known]

    def _comparable(self) -> set[Edge]:
        return {edge for edge in self.subject.tensors if self.reference.covers(self.graph.nodes[edge.node].op)}

    def _compare(self, edges: Sequence[Edge]) -> dict[Edge, Difference]:
        expected = self.reference.compute(edges)
        found = self.subject.nodes(self.inputs, list(expected))
        return {edge: difference(value, expected[edge]) for edge, value in found.items()}

    def _fault(self, index: int, its: Difference | None, before: Mapping[Edge, Difference], refused: str = "") -> Fault:
        node = self.graph.nodes[index]
        names = tuple((self.graph.nodes[each.node].name, known) for each, known in before.items())
        rounded = not all(known.within(self.tolerance) for known in before.values())
        return Fault(node.op, node.name, index, its, names, self.changes.get(index, ""), refused, rounded)


def cannot_run(reference: Reference, graph: Graph, index: int, reason: str) -> str:
    node = graph.nodes[index]
    return f"{reference.name} cannot run {located(node.op, node.name, index)}: {reason}"


def computed_outputs(
    reference: Reference, graph: Graph, heads: Sequence[Edge]
) -> tuple[Mapping[Edge, np.ndarray], dict[Edge, tuple[int, str]]]:
    """The outputs that a reference computes, and for each of the others that it cannot, the first node that it cannot
    run, and why."""
    refused: dict[Edge, tuple[int, str]] = {}
    left = list(heads)
    while left:
        try:
            return reference.compute(left), refused
        except Refused as error:
            found = first_refused(graph, left, reference.compute, error)
            refused |= {edge: found for edge in left if found[0] in graph.needs(edge.node)}
            left = [edge for edge in left if edge not in refused]
    return {}, refused
