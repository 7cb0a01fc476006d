"""Plans which parameters a layer may own, before any layer is made. Knows the registry and layouts, not Keras.

A parameter stays one variable however many nodes read it. Nodes that read it in the same way get one layer, which owns
it; if they read it in different ways, an Embedding owns it and all of them use it as a tensor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import Shape
from ..graph.tracked_array import sources
from ..kernels import layout
from ..ops import registry
from ..ops.control_flow import subgraph_inputs
from ..shapes import shape_inference

HEAD = 1 << 62
"""The index used for the heads of the graph, which come after all nodes."""
NATURAL, CHANNELS_LAST = "natural", "channels last"
FIXED_LAYOUTS = {
    None: NATURAL,
    layout.plain: NATURAL,
    layout.spatial: CHANNELS_LAST,
    layout.spatial_all: CHANNELS_LAST,
}
"""The axis order of the results of ops that bring their data to a fixed order, by their layout."""


@dataclass(frozen=True)
class Ownership:
    """Names of parameters: `shared` are read by several nodes, `unsafe` are those that one layer cannot own, `divided`
    those that several parts of a deep model read."""

    shared: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()
    divided: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Stored:
    """A stored array, or one computed from stored arrays only: the names of its parameters, and a key that equal arrays
    share."""

    names: frozenset[str]
    key: Hashable


def plan(graph: Graph, shapes: Mapping[int, Shape], begins: Sequence[int] = ()) -> Ownership:
    """The ownership of the parameters of a graph.

    `shapes` are the shapes of the inputs by node index; the parts of a deep model begin at the nodes `begins`.
    """
    arrays = {i: _Stored(frozenset(sources(a.origin)), a.origin) for i, a in graph.arrays.items()}
    scopes = [_Scope(graph, arrays, shapes, {})]
    readers: dict[str, list[tuple[_Scope, int]]] = {}
    for scope in scopes:  # grows in the loop
        for index, name in scope.reads():
            readers.setdefault(name, []).append((scope, index))
        scopes.extend(scope.subgraphs())
    shared = {name: found for name, found in readers.items() if len(found) > 1}
    divided = {
        name
        for name, found in shared.items()
        if len({bisect_right(begins, scope.whole_index(index)) for scope, index in found}) > 1
    }
    unsafe = {name for name, found in shared.items() if len({scope.manner(index) for scope, index in found}) > 1}
    return Ownership(frozenset(shared), frozenset(unsafe | divided), frozenset(divided))


class _Scope:
    """A graph, or a subgraph of the node `position` of the whole graph, with its stored arrays by node index."""

    def __init__(
        self,
        graph: Graph,
        stored: Mapping[int, _Stored],
        shapes: Mapping[int, Shape],
        layouts: dict[Hashable, int],
        position: int | None = None,
    ):
        self.graph, self.position = graph, position
        self._shapes, self._seen = shapes, layouts
        self._key = object()
        self.stored = dict(stored)
        for index, node in enumerate(graph.nodes):
            if node.inputs and not node.subgraphs and all(edge.node in self.stored for edge in node.inputs):
                names = frozenset[str]().union(*(self.stored[edge.node].names for edge in node.inputs))
                self.stored[index] = _Stored(names, (self._key, index))

    def whole_index(self, index: int) -> int:
        """The index in the whole graph of a node, or of the node whose subgraph it is in."""
        return index if self.position is None else self.position

    def reads(self) -> Iterator[tuple[int, str]]:
        """The nodes that read parameters, once for each parameter; `HEAD` for a head that is a parameter. Nodes that
        pass a parameter to a subgraph do not count."""
        for index, node in enumerate(self.graph.nodes):
            if index not in self.stored and not subgraph_inputs(node):
                yield from ((index, name) for name in self._names(node.inputs))
        yield from ((HEAD, name) for name in self._names(self.graph.heads))

    def _names(self, edges: Iterable[Edge]) -> set[str]:
        return {name for edge in edges if edge.node in self.stored for name in self.stored[edge.node].names}

    def subgraphs(self) -> Iterator[_Scope]:
        for index, node in enumerate(self.graph.nodes):
            for number, inputs in enumerate(subgraph_inputs(node)):
                stored = {null: self.stored[edge.node] for edge, null in inputs if edge.node in self.stored}
                yield _Scope(node.subgraphs[number], stored, {}, self._seen, self.whole_index(index))

    def manner(self, index: int) -> Hashable:
        """How a node reads its parameters: nodes with the same manner get the same layer."""
        if index == HEAD:
            return HEAD
        node = self.graph.nodes[index]
        free = registry.translation(node.op).layout not in FIXED_LAYOUTS
        inputs = tuple(
            self.stored[edge.node].key if edge.node in self.stored else self._form(edge, free) for edge in node.inputs
        )
        return node.op, tuple(sorted(node.attrs.items())), inputs, self.graph.used_outputs[index]

    def _form(self, edge: Edge, free: bool) -> Hashable:
        """The rank of data, which of its lengths are open, its dtype, and its axis order if the op leaves it `free`."""
        shape = self._forward.get(edge)
        known = None if shape is None else tuple(n is None for n in shape)
        return known, self._types[edge.node], self._layouts[edge.node] if free else None

    @cached_property
    def _forward(self) -> dict[Edge, Shape]:
        return shape_inference.forward(self.graph, self._shapes) if self.position is None else {}

    @cached_property
    def _types(self) -> list[str | None]:
        """The dtype that each node specifies, or that of its first data; None for float32."""
        found: list[str | None] = []
        for node in self.graph.nodes:
            data = [edge for edge in node.inputs if edge.node not in self.stored]
            own = node.hints.get("dtype") if node.op == "null" else node.attrs.get("dtype")
            kind = own or (found[data[0].node] if data else None)
            found.append(None if kind in ("float32", "0") else kind)
        return found

    @cached_property
    def _layouts(self) -> list[Hashable]:
        """For each node a value that differs wherever the axis order of its result may."""
        found: list[Hashable] = []
        for index, node in enumerate(self.graph.nodes):
            found.append(NATURAL if node.op == "null" else self._layout(index, node, found))
        return found

    def _layout(self, index: int, node: Node, found: Sequence[Hashable]) -> Hashable:
        policy = registry.translation(node.op).layout
        if policy in FIXED_LAYOUTS:
            return FIXED_LAYOUTS[policy]
        data = [edge for edge in node.inputs if edge.node not in self.stored]
        shapes = [self._forward.get(edge) or () for edge in data]
        moved = [found[edge.node] for edge in data if found[edge.node] != NATURAL]
        keeps = isinstance(policy, layout.Along) or policy in (layout.anywhere, layout.features)
        if not moved and (keeps or all(len(shape) < 3 for shape in shapes)):
            return NATURAL
        if policy is layout.anywhere:
            return moved[0]
        result = self._forward.get(Edge(index))
        if result and len(result) < 3 and all(len(shape) > 2 and result[-1] in shape for shape in shapes):
            return NATURAL  # the features were an axis before, so no axes were flattened
        key = node.op, tuple(sorted(node.attrs.items())), tuple(found[edge.node] for edge in data), tuple(shapes)
        return self._seen.setdefault(key, len(self._seen))
