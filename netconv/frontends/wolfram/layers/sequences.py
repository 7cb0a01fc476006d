"""Layers of sequences, whose first axis is time."""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from .registry import layer


def swapped(at: Layer, data: Edge) -> Edge:
    """Data with its first two axes exchanged, batch and time. Exchanging them again gives the data itself."""
    node = at.graph.nodes[data.node]
    if node.op == "SwapAxis" and node.attrs == {"dim1": "0", "dim2": "1"}:
        return node.inputs[0]
    if data not in at.graph.swapped:
        at.graph.swapped[data] = at("SwapAxis", data, dim1=0, dim2=1)
    return at.graph.swapped[data]


def reversed_in_time(at: Layer, data: Edge) -> Edge:
    return swapped(at, at("SequenceReverse", swapped(at, data), use_sequence_length=False))


def positions(at: Layer, data: Edge, axis: int, length: int | None) -> Edge:
    """1, 2, 3 and so on: a vector with a number for every element of an axis of `data`, whose `length` may be None."""
    if length is not None:
        return at("_arange", start=1.0, stop=float(length + 1))
    return at("_contrib_arange_like", data, start=1.0, axis=axis)


@layer("SequenceLast")
def sequence_last(at: Layer) -> Edge:
    return at.main("SequenceLast", at.input, axis=1)


@layer("SequenceMost")
def sequence_most(at: Layer) -> Edge:
    return at.main("slice_axis", at.input, axis=1, begin=0, end=-1)


@layer("SequenceRest")
def sequence_rest(at: Layer) -> Edge:
    return at.main("slice_axis", at.input, axis=1, begin=1, end=None)


@layer("SequenceReverse")
def sequence_reverse(at: Layer) -> Edge:
    return reversed_in_time(at, at.input)
