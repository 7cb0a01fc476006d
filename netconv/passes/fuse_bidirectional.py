"""A recurrent layer forwards and one backwards, found together. Knows op names, no Keras."""

from __future__ import annotations

from dataclasses import replace

from ..graph.graph import Edge, Node
from ..graph.tracked_array import TrackedArray
from ..ops.recurrent import GATES
from ..ops.registry import typed_attributes
from .rewriter import GraphRewriter


def _swapped(rewriter: GraphRewriter, edge: Edge) -> Edge | None:
    inner = rewriter.match(edge, "SwapAxis")
    return (
        inner[0] if inner and {typed_attributes(rewriter[edge])[name] for name in ("dim1", "dim2")} == {0, 1} else None
    )


def both_directions(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """A recurrent layer and one that runs backwards between two reversals, their states side by side, as
    NetBidirectionalOperator has them: an RNN of two directions."""
    parts = rewriter.match(edge, "Concat", dim=2) or ()
    ends = [_swapped(rewriter, part) for part in parts]
    swapped = None not in ends
    ahead, turned = (ends if swapped else parts) if len(parts) == 2 else (None, None)
    if ahead is None or (not swapped and ends != [None, None]):
        return None
    reverse = {"use_sequence_length": False, "axis": 0}
    (behind,) = rewriter.match(turned, "SequenceReverse", **reverse) or (turned,)
    one, other = rewriter[ahead], rewriter[behind]
    if behind == turned or one.op != "RNN" or other.op != "RNN" or ahead.output or behind.output:
        return None
    values, arrays = typed_attributes(one), [rewriter.arrays.get(node.inputs[1].node) for node in (one, other)]
    if typed_attributes(other) != values or values["num_layers"] != 1 or values["bidirectional"] or None in arrays:
        return None
    if rewriter.match(other.inputs[0], "SequenceReverse", **reverse) != one.inputs[:1]:
        return None
    once = (ahead.node, behind.node, one.inputs[1].node, other.inputs[1].node)
    if any(len(rewriter.readers[index]) > 1 for index in once) or {ahead, behind} & set(rewriter.graph.heads):
        return None
    if arrays[0].size != arrays[1].size or arrays[0].trainable != arrays[1].trainable:
        return None
    biases = 2 * GATES[values["mode"]] * values["state_size"]
    flat = [array.reshape((-1,)) for array in arrays]
    joined = [a[: a.size - biases] for a in flat] + [a[a.size - biases :] for a in flat]
    name = rewriter[edge].name
    states = [
        rewriter.add(Node("Concat", f"{name}.state", {"dim": "0", "num_args": "2"}, pair))
        for pair in zip(one.inputs[2:], other.inputs[2:], strict=True)
    ]
    inputs = (one.inputs[0], rewriter.array(f"{name}.weights", TrackedArray.concatenate(joined)), *states)
    rnn = replace(one, name=name, attrs={**one.attrs, "bidirectional": "True"}, inputs=inputs)
    return Node("SwapAxis", name, rewriter[parts[0]].attrs, (rewriter.add(rnn),)) if swapped else rnn
