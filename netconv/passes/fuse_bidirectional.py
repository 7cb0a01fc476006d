"""Fuses a forward and a backward recurrent layer to a bidirectional layer. Knows op names, not Keras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..graph.graph import Edge, Node
from ..graph.tracked_array import TrackedArray
from ..ops.recurrent import GATES
from ..ops.registry import typed_attributes
from .rewriter import GraphRewriter

REVERSE = {"use_sequence_length": False, "axis": 0}


def _swapaxes_input(rewriter: GraphRewriter, edge: Edge) -> Edge | None:
    """The input of a SwapAxis of the first two axes."""
    data = rewriter.single(edge, "SwapAxis")
    swaps = data and {typed_attributes(rewriter[edge])[name] for name in ("dim1", "dim2")} == {0, 1}
    return data if swaps else None


def fuse_bidirectional(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """A recurrent layer and one between two reversals, their outputs concatenated, as NetBidirectionalOperator writes
    them: a bidirectional RNN."""
    parts = rewriter.match(edge, "Concat", dim=2)
    if len(parts) != 2:
        return None
    inner = [found for part in parts if (found := _swapaxes_input(rewriter, part))]
    if len(inner) == 1:
        return None
    forward, reversed_ = inner or parts
    backward = rewriter.single(reversed_, "SequenceReverse", **REVERSE)
    arrays = _merged_arrays(rewriter, forward, backward) if backward else None
    if not backward or arrays is None:
        return None
    one, other, name = rewriter[forward], rewriter[backward], rewriter[edge].name
    states = [
        rewriter.add(Node("Concat", f"{name}.state", {"dim": "0", "num_args": "2"}, pair))
        for pair in zip(one.inputs[2:], other.inputs[2:], strict=True)
    ]
    inputs = (one.inputs[0], rewriter.array(f"{name}.weights", arrays), *states)
    rnn = replace(one, name=name, attrs={**one.attrs, "bidirectional": "True"}, inputs=inputs)
    return Node("SwapAxis", name, rewriter[parts[0]].attrs, (rewriter.add(rnn),)) if inner else rnn


def _merged_arrays(rewriter: GraphRewriter, forward: Edge, backward: Edge) -> TrackedArray | None:
    """The parameters of a bidirectional RNN, if the two layers have the same attributes and no other node reads their
    parts."""
    one, other = rewriter[forward], rewriter[backward]
    if (one.op, other.op, forward.output, backward.output) != ("RNN", "RNN", 0, 0):
        return None
    values = typed_attributes(one)
    if typed_attributes(other) != values or values["num_layers"] != 1 or values["bidirectional"]:
        return None
    if rewriter.match(other.inputs[0], "SequenceReverse", **REVERSE) != one.inputs[:1]:
        return None
    if any(len(rewriter.readers[edge.node]) > 1 for edge in (forward, backward)):
        return None
    if {forward, backward} & set(rewriter.graph.heads):
        return None
    flat = [array for node in (one, other) if (array := _stored_vector(rewriter, node.inputs[1]))]
    if len({(array.size, array.trainable) for array in flat}) != 1 or len(flat) != 2:
        return None
    biases = 2 * GATES[values["mode"]] * values["state_size"]
    return TrackedArray.concatenate([a[: a.size - biases] for a in flat] + [a[a.size - biases :] for a in flat])


def _stored_vector(rewriter: GraphRewriter, edge: Edge) -> TrackedArray | None:
    """The vector of parameters of an RNN: a stored array, or the vector joined from stored arrays and zeros. None if it
    is something else, or if other nodes read a part of it."""
    if len(rewriter.readers[edge.node]) > 1:
        return None
    if edge.node in rewriter.arrays:
        return rewriter.arrays[edge.node].reshape((-1,))
    node = rewriter[edge]
    if node.op == "Reshape" and typed_attributes(node)["shape"] == (-1,):
        return _stored_vector(rewriter, node.inputs[0])
    if node.op == "_zeros":
        return TrackedArray.constant(np.zeros(typed_attributes(node)["shape"], "float32"))
    if node.op != "Concat":
        return None
    parts = [part for each in node.inputs if (part := _stored_vector(rewriter, each))]
    return TrackedArray.concatenate(parts) if len(parts) == len(node.inputs) else None
