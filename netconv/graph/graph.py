"""The graph of a net as MXNet describes it: nodes, heads and stored arrays. Immutable. Knows no op and no Keras.

Nodes are identified by their index, because names in a file repeat and may be empty.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .tracked_array import TrackedArray

if TYPE_CHECKING:
    import numpy as np


class Edge(NamedTuple):
    """Output `output` of node `node`."""

    node: int
    output: int = 0


@dataclass(frozen=True)
class Node:
    """One op of the graph; `op` is `"null"` for an input or a stored array.

    `attrs` holds the op's attributes as text, `hints` the hidden attributes `__shape__`, `__dtype__`, `__init__` ...
    without their underscores. `index` is the node's index in the graph that was read, which passes keep.
    """

    op: str
    name: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Edge, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    subgraphs: tuple[Graph, ...] = ()
    index: int | None = field(default=None, compare=False)


VERSION = 2
"""Of the format of an array in a parameter file, as MXNet 1.x and Mathematica write it."""


@dataclass(frozen=True)
class Parameter:
    """An array of the parameter file: its `name` there, the index of its `node` in the graph that was read (None if it
    has none), its `dtype` and `shape` in the file, and the `version` of the format that it has there.

    `origin_name` is its name in the origins of tracked arrays, None if no head needs it. `read` returns its values,
    those of float16 and bfloat16 as float32.
    """

    name: str
    node: int | None
    dtype: str
    shape: tuple[int, ...]
    origin_name: str | None
    read: Callable[[], np.ndarray] = field(compare=False)
    version: int = VERSION


def origin_name(name: str, node: int, taken: Collection[str]) -> str:
    """The name of a parameter in origins: the index of its node is added to a name that another parameter has."""
    while not name or name in taken:
        name = f"{name}_{node}"
    return name


@dataclass(frozen=True)
class Graph:
    """`nodes` in topological order, `heads` the outputs, `arrays` the stored arrays by index of their null node.

    `source` names the file in messages. `mathematica` is true for a graph that Mathematica wrote. `ports` are the names
    of the heads, kept when identity nodes are removed. `parameters` are all arrays of the parameter file, in order.
    `text` is the file that the graph was read from.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Edge, ...]
    arrays: Mapping[int, TrackedArray] = field(default_factory=dict)
    source: str = "graph"
    mathematica: bool = False
    ports: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    text: bytes = field(default=b"", repr=False)

    @property
    def unused(self) -> tuple[str, ...]:
        """The names of the arrays of the parameter file that no head needs."""
        return tuple(parameter.name for parameter in self.parameters if parameter.origin_name is None)

    def inputs(self) -> list[int]:
        """Indices of the null nodes without a stored array, in order."""
        return [i for i, node in enumerate(self.nodes) if node.op == "null" and i not in self.arrays]

    def consumers(self) -> list[list[tuple[int, int]]]:
        """For each node, the (node, input position) pairs that read any of its outputs."""
        readers: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for position, edge in enumerate(node.inputs):
                readers[edge.node].append((index, position))
        return readers

    @cached_property
    def used_outputs(self) -> tuple[frozenset[int], ...]:
        """For each node, the outputs that are heads or that another node reads."""
        used: list[set[int]] = [set() for _ in self.nodes]
        for edge in [*self.heads, *(edge for node in self.nodes for edge in node.inputs)]:
            used[edge.node].add(edge.output)
        return tuple(map(frozenset, used))

    def needs(self, *indices: int) -> set[int]:
        """These nodes and all nodes that they depend on."""
        needed: set[int] = set()
        todo = list(indices)
        while todo:
            index = todo.pop()
            if index not in needed:
                needed.add(index)
                todo.extend(edge.node for edge in self.nodes[index].inputs)
        return needed

    def keep(self, kept: list[int]) -> Graph:
        """The graph of the nodes `kept`, in this order, renumbered; the inputs of a node must be kept before it."""
        new = {old: position for position, old in enumerate(kept)}
        nodes = tuple(
            replace(self.nodes[old], inputs=tuple(Edge(new[e.node], e.output) for e in self.nodes[old].inputs))
            for old in kept
        )
        heads = tuple(Edge(new[e.node], e.output) for e in self.heads)
        return replace(self, nodes=nodes, heads=heads, arrays={new[i]: a for i, a in self.arrays.items() if i in new})

    def pruned(self) -> tuple[Graph, list[int]]:
        """The graph of the nodes that a head depends on, in topological order, and for each of them its previous
        index."""
        needed = self.needs(*(edge.node for edge in self.heads))
        waits = {i: len({edge.node for edge in self.nodes[i].inputs}) for i in needed}
        readers: dict[int, list[int]] = {i: [] for i in needed}
        for i in needed:
            for node in {edge.node for edge in self.nodes[i].inputs}:
                readers[node].append(i)
        ready = [i for i, count in waits.items() if not count]
        heapq.heapify(ready)
        order = []
        while ready:
            order.append(heapq.heappop(ready))
            for reader in readers[order[-1]]:
                waits[reader] -= 1
                if not waits[reader]:
                    heapq.heappush(ready, reader)
        return self.keep(order), order
