"""Finds the inputs that are initial states of recurrent layers, and those that start at zero. Knows op names, not
Keras."""

from __future__ import annotations

from ..graph.graph import Edge, Graph
from ..ops import registry
from ..ops.traits import Keeps

STATES = ("State", "CellState")
"""The last parts of Mathematica's names of initial states."""
SUFFIXES = ("_init_h", "_init_c", "_init_state")
"""The ends of their names in MXNet's examples."""
ZEROS, BATCH = "zeroarray", "batch_ref_node"
"""Names in Mathematica's files, the first followed by a number: zeros, and an input that only has the batch size."""


def is_state(name: str) -> bool:
    """Whether a null node has a name that initial states of recurrent layers have."""
    return name.rpartition(".")[2] in STATES or name.endswith(SUFFIXES) or "begin_state" in name


def zero_states(graph: Graph, given, states: bool = False) -> frozenset[int]:
    """The inputs that are replaced by zeros: fillers, and initial states unless `states`, except those in `given`."""
    readers = graph.consumers()
    free = [i for i in graph.inputs() if graph.nodes[i].name not in given]
    fillers = {i for i in free if graph.mathematica and is_filler(graph.nodes[i].name)}
    if len(fillers) == len(graph.inputs()):
        return frozenset()
    starts = {
        i
        for i in free
        if is_state(graph.nodes[i].name) or any(_is_state_input(graph, readers, reader) for reader in readers[i])
    }
    return frozenset(fillers if states else fillers | starts)


def is_filler(name: str) -> bool:
    """Whether a null node has the name of an input that Mathematica fills itself: with zeros, or with the batch
    size."""
    return name == BATCH or (name.startswith(ZEROS) and name.removeprefix(ZEROS).isdigit())


def filler_shapes(graph: Graph, zeros) -> dict[str, tuple]:
    """The shapes of the fillers that only provide the batch size."""
    names = {graph.nodes[index].name for index in zeros}
    return dict.fromkeys(names & {BATCH}, (None,))


def _is_state_input(graph: Graph, readers, reader: tuple[int, int]) -> bool:
    """Whether a node is read as the state of an RNN, directly or transposed or reshaped."""
    index, position = reader
    node = graph.nodes[index]
    if node.op == "RNN":
        return position in (2, 3)
    return registry.keeps(node) >= Keeps.VALUES and any(_is_state_input(graph, readers, r) for r in readers[index])


def is_zero(graph: Graph, edge: Edge, zeros) -> bool:
    """Whether an edge is zero: a state that starts at zero or `_zeros`, possibly transposed or reshaped."""
    node = graph.nodes[edge.node]
    if node.op == "null":
        return edge.node in zeros
    kept = registry.kept_inputs(node)
    return node.op == "_zeros" or (bool(kept) and all(is_zero(graph, e, zeros) for e in kept))
