"""Recognizes one step of an unrolled LSTM, GRU or simple recurrent layer. Knows op names, not Keras.

Mathematica before 12 writes a FullyConnected for each gate; MXNet's cells have one for all gates, which is split after
or before the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..graph.graph import Edge
from ..ops.registry import typed_attributes
from .rewriter import GraphRewriter, both_orders


@dataclass(frozen=True)
class Term:
    """A summand of a gate: the FullyConnected `node` of `data`, by part `part` of `parts` of its weight and bias."""

    data: Edge
    node: int
    weight: int
    bias: int | None
    part: int = 0
    parts: int = 1

    @property
    def arrays(self) -> tuple:
        return self.weight, self.bias, self.part, self.parts


@dataclass(frozen=True)
class Step:
    """One step of a cell: its state and, for an LSTM, the cell state; `gates` in Keras's order, the two terms of each
    in any order. `carried` is the previous cell state, or the previous state of a GRU."""

    mode: str
    state: Edge
    gates: tuple[tuple[Term, Term], ...]
    cell: Edge | None = None
    carried: Edge | None = None

    def sides(self) -> dict[Edge, tuple]:
        """For each of the two operands, input and state, the arrays that it is multiplied with, gate by gate."""
        read = {term.data for gate in self.gates for term in gate}
        sides = {e: tuple(term.arrays for gate in self.gates for term in gate if term.data == e) for e in read}
        return sides if len(sides) == 2 and all(len(s) == len(self.gates) for s in sides.values()) else {}


def _whole(rewriter: GraphRewriter, edge: Edge) -> tuple[Edge, int, int]:
    """The whole that an edge is a part of, the index of the part, and the number of parts."""
    node = rewriter[edge]
    values = typed_attributes(node) if node.op == "SliceChannel" else {}
    if values and values["axis"] in (1, -1) and not values["squeeze_axis"]:
        return node.inputs[0], edge.output, values["num_outputs"]
    return edge, 0, 1


def _term(rewriter: GraphRewriter, edge: Edge) -> Term | None:
    edge, part, parts = _whole(rewriter, edge)
    inputs = rewriter.match(edge, "FullyConnected")
    if (
        not inputs
        or len(rewriter.shape(inputs[0]) or ()) != 2
        or any(e.node not in rewriter.arrays for e in inputs[1:])
    ):
        return None
    bias = inputs[2].node if len(inputs) > 2 and not typed_attributes(rewriter[edge])["no_bias"] else None
    return Term(inputs[0], edge.node, inputs[1].node, bias, part, parts)


def _gate(rewriter: GraphRewriter, edge: Edge | None) -> tuple[Term, Term] | None:
    """The two terms of a gate: parts of two products, or a part of the sum of two products."""
    if edge is None:
        return None
    whole, part, parts = _whole(rewriter, edge)
    if not rewriter.sum(whole):
        whole, parts = edge, 1
    terms = [term for e in rewriter.sum(whole) if (term := _term(rewriter, e))]
    if len(terms) != 2 or (parts > 1 and any(term.parts > 1 for term in terms)):
        return None
    if parts > 1:
        terms = [replace(term, part=part, parts=parts) for term in terms]
    return terms[0], terms[1]


def _lstm(rewriter: GraphRewriter, edge: Edge) -> Iterator[Step]:
    """h = o tanh(c), c = f c' + i g."""
    for output_gate, squashed in both_orders(rewriter.product(edge)):
        cell = rewriter.tanh(squashed)
        for kept, taken in both_orders(rewriter.sum(cell)):
            for forget_gate, carried in both_orders(rewriter.product(kept)):
                for input_gate, memory in both_orders(rewriter.product(taken)):
                    before = [rewriter.sigmoid(input_gate), rewriter.sigmoid(forget_gate)]
                    before += [rewriter.tanh(memory), rewriter.sigmoid(output_gate)]
                    gates = [gate for e in before if (gate := _gate(rewriter, e))]
                    if len(gates) == 4:
                        yield Step("lstm", edge, tuple(gates), cell, carried)


def _gru(rewriter: GraphRewriter, edge: Edge) -> Iterator[Step]:
    """h = z h' + (1 - z) n, n = tanh(W x + r (U h'))."""
    for kept, new in both_orders(rewriter.sum(edge)):
        for keeps, carried in both_orders(rewriter.product(kept)):
            for rest, squashed in both_orders(rewriter.product(new)):
                if rewriter.match(rest, "_rminus_scalar", scalar=1) != (keeps,):
                    continue
                memory = rewriter.tanh(squashed)
                for given, reset in both_orders(rewriter.sum(memory)):
                    for resets, before in both_orders(rewriter.product(reset)):
                        one, other = _term(rewriter, given), _term(rewriter, before)
                        update, forget = (_gate(rewriter, rewriter.sigmoid(e)) for e in (keeps, resets))
                        if one and other and update and forget and other.data == carried:
                            yield Step("gru", edge, (update, forget, (one, other)), None, carried)


def _simple(rewriter: GraphRewriter, edge: Edge) -> Iterator[Step]:
    """h = f(W x + U h')."""
    for mode, function in (("rnn_tanh", rewriter.tanh), ("rnn_relu", rewriter.relu)):
        gate = _gate(rewriter, function(edge))
        if gate:
            yield Step(mode, edge, (gate,))


CELLS = {"elemwise_mul": _lstm, "broadcast_mul": _lstm, "elemwise_add": _gru, "broadcast_add": _gru,
         "Activation": _simple, "tanh": _simple, "relu": _simple}  # fmt: skip


def steps(rewriter: GraphRewriter) -> dict[Edge, Step]:
    """All nodes that match a step, by their state, in the order of the graph."""
    found = {}
    for index, node in enumerate(rewriter.graph.nodes):
        cell = CELLS.get(node.op)
        step = next(cell(rewriter, Edge(index)), None) if cell else None
        if step and step.sides():
            found[step.state] = step
    return found
