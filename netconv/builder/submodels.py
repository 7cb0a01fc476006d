"""Splits a deep graph into a chain of models of consecutive nodes. Knows graphs, not ops.

Keras traverses a model by recursion, at most about a thousand operations deep.
"""

from __future__ import annotations

from typing import Any

from ..graph.graph import Graph
from ..keras_api.lazy import keras
from ..keras_api.model_calls import set_names_aside

FLAT, DEEPEST = 850, 300
"""The depth in nodes up to which a graph is one model, and the depth of each part of a deeper one."""
WHOLE = -1
"""The number of the whole model, which has the inputs, and all nodes of a graph that is not deep."""


def part_starts(graph: Graph) -> list[int]:
    """The index of the first node of each part; [] for a graph that becomes one model."""
    return _starts(graph, DEEPEST) if len(_starts(graph, FLAT)) > 1 else []


def _starts(graph: Graph, deepest: int) -> list[int]:
    """A part begins at a node that would be more than `deepest` nodes deep in the part before."""
    begins, depth = [0], [0] * len(graph.nodes)
    for index, node in enumerate(graph.nodes):
        before = [depth[edge.node] for edge in node.inputs if edge.node >= begins[-1]]
        depth[index] = (node.op != "null") + max(before, default=0)
        if depth[index] > deepest:
            begins.append(index)
            depth[index] = 1
    return begins


class Parts:
    """The parts of a model that is being built: `number` is the current one."""

    def __init__(self):
        self.number = WHOLE
        self._taken: dict[tuple[int, int], tuple[int, Any, Any]] = {}
        self._inside: dict[int, list[tuple[int, Any, Any]]] = {}

    def here(self, tensor, home: int):
        """A tensor of the part `home` as a tensor of the current part, which gets an input for it."""
        if home == self.number:
            return tensor
        key = self.number, id(tensor)
        if key not in self._taken:
            inside = self._inside.setdefault(self.number, [])
            entry = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"from_before_{len(inside)}")
            self._taken[key] = home, tensor, entry
            inside.append(self._taken[key])
        return self._taken[key][2]

    def joined(self, heads: list[tuple[Any, int]], name) -> tuple[list, list]:
        """The tensors of `heads`, (tensor, its part), as tensors of the whole model, and the models of the parts, each
        with a name that `name` returns."""
        requested = [(home, tensor) for home, tensor, _ in self._taken.values()] + [(home, t) for t, home in heads]
        whole = {id(tensor): tensor for home, tensor in requested if home == WHOLE}
        models = []
        for number in range(self.number + 1):
            outputs = list({id(tensor): tensor for home, tensor in requested if home == number}.values())
            inside = self._inside.get(number, [])
            if not outputs:
                continue
            entries, before = [entry for *_, entry in inside], [whole[id(tensor)] for _, tensor, _ in inside]
            if len(inside) == 1:  # Keras before 3.7 loads a list of one as the tensor itself, and warns of a list then
                (entries,), (before,) = entries, before
            set_names_aside(outputs)
            models.append(keras.Model(entries, outputs, name=name()))
            given = models[-1](before)
            given = given if isinstance(given, (list, tuple)) else [given]
            whole |= {id(tensor): made for tensor, made in zip(outputs, given, strict=True)}
        return [whole[id(tensor)] for tensor, _ in heads], models
