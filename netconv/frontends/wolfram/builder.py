"""Builds the graph of a net, layer by layer. Knows no type of layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ...errors import FormatError, NodeError
from ...graph.graph import Edge, Node
from .container import Container
from .expressions import Expression, Symbol, shortened
from .ports import Port, unwrapped

MOST_NODES = 50_000
"""The most nodes of a graph: nets that apply others many times are small in the file."""
_MISSING: Any = object()


def is_net(value: Any) -> bool:
    """Whether a value is a layer or a net of layers."""
    return isinstance(value, Mapping) and isinstance(value.get("Type"), str)


def joined(name: str, part: str) -> str:
    """The name of a layer within another."""
    return ".".join(filter(None, (name, part)))


class GraphBuilder:
    """The nodes of a graph, in order, and the numbers of the stored arrays that null nodes stand for.

    `translate` adds the nodes of a net within a layer: `nets.translate`.
    """

    def __init__(self, container: Container, shared: Mapping[str, Any], translate: Callable[..., Any]) -> None:
        self.container, self.shared, self.translate = container, shared, translate
        self.nodes: list[Node] = []
        self.arrays: dict[int, int] = {}
        """The index of the null node of a stored array, by the number of the array."""
        self.uninitialized: list[str] = []
        """The names of the arrays without values."""
        self.final_states: list[Edge] = []
        self.swapped: dict[Edge, Edge] = {}
        """Data with its first two axes exchanged, by the data."""
        self.ignored: dict[str, dict[str, None]] = {}
        """Parameters that no translation asks for, by the type of their layer."""
        self._named: dict[str, Edge] = {}

    def add(
        self,
        op: str,
        name: str,
        inputs: Sequence[Edge] = (),
        attrs: Mapping[str, Any] = MappingProxyType({}),
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> Edge:
        if len(self.nodes) >= MOST_NODES:
            raise FormatError(f"{self.container.source}: the net has more than {MOST_NODES} operations")
        text = {key: written(value) for key, value in attrs.items()}
        self.nodes.append(Node(op, name, text, tuple(inputs), dict(hints), (), len(self.nodes)))
        return Edge(len(self.nodes) - 1)

    def name_only_operation(self, first: int, name: str) -> None:
        """Gives an operation the name of its layer if it is the only one from the node `first` on."""
        operations = [index for index, node in enumerate(self.nodes[first:], first) if node.op != "null"]
        if len(operations) == 1:
            self.nodes[operations[0]] = replace(self.nodes[operations[0]], name=name)

    def input(self, name: str, port: Port) -> Edge:
        """An input of the graph."""
        shape = "(0,)" if port.shape == () else written((0, *(n or 0 for n in port.shape or ())))
        return self.add("null", name, hints={"shape": shape} if port.shape is not None else {})

    def stored(self, value: Any, name: str) -> Edge | None:
        """The node of a stored array; None for a layer without the array. The same array is one node."""
        value = unwrapped(value)
        match value:
            case Symbol("None"):
                return None
            case Expression(Symbol("ExportedArray"), (int(number),)):
                return self._exported(number, name)
            case Expression(Symbol("NetSharedArray"), (str(key), *_)):
                return self._shared(key, name)
            case Expression(Symbol("NetArray"), ({"Name": str(key), **rest}, *_)):
                return self._shared(key, name, rest.get("Array", _MISSING))
            case Expression(Symbol("TensorT" | "Nullable")):
                self.uninitialized.append(name)
                if name not in self._named:
                    self._named[name] = self.add("null", name)
                return self._named[name]
        raise FormatError(
            f"{self.container.source}: array {name!r} is {shortened(value)}, and not an array of the file; "
            "initialize the net with NetInitialize before Export"
        )

    def _exported(self, number: int, name: str) -> Edge:
        if number not in self.container.arrays:
            raise FormatError(
                f"{self.container.source}: array {name!r} is number {number}, which the file does not have"
            )
        if number not in self.arrays:
            self.arrays[number] = self.add("null", name).node
        return Edge(self.arrays[number])

    def _shared(self, key: str, name: str, own: Any = _MISSING) -> Edge | None:
        """A shared array is found under its own name, whatever layer uses it."""
        value = self.shared.get(key, own)
        if value is _MISSING:
            raise FormatError(
                f"{self.container.source}: array {name!r} is the shared array {key!r}, which the net does not have"
            )
        if isinstance(unwrapped(value), Expression) and unwrapped(value).name in ("NetSharedArray", "NetArray"):
            raise FormatError(f"{self.container.source}: the shared array {key!r} refers to another shared array")
        return self.stored(value, key)


def written(value: Any) -> str:
    """An attribute as MXNet writes it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))}{',' if len(value) == 1 else ''})"
    return repr(value) if isinstance(value, float) else str(value)


def _rest(shape: Sequence[int | None]) -> tuple[int, int] | None:
    """How many elements an array with an open first length has for each of it, and how many more open lengths; None if
    the first length is known."""
    if not shape or shape[0] is not None:
        return None
    return math.prod(n for n in shape[1:] if n is not None), list(shape[1:]).count(None)


@dataclass
class Layer:
    """A layer to be translated: its `kind`, its `name`, its parameters and arrays as stored, the edges and types of its
    `inputs`, and the types of its `outputs`. `reference` is an edge with the batch axis of the net around it.

    Called, it adds a node: `at("relu", x)`. Inputs of the node are edges, attributes are numbers, tuples or text.
    """

    graph: GraphBuilder
    kind: str
    name: str
    net: Mapping[str, Any]
    inputs: dict[str, Edge]
    input_ports: dict[str, Port]
    outputs: dict[str, Port]
    reference: Edge | None = None
    states: dict[str, Edge] = field(default_factory=dict)
    """States that the net around it gives, and after the translation the final states."""
    final_states: dict[str, Edge] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """The parameters that were asked for."""
    _count: int = 0

    def __call__(self, op: str, *inputs: Edge, **attrs: Any) -> Edge:
        name = f"{self.name}${self._count}"
        self._count += 1
        return self.graph.add(op, name, inputs, attrs)

    def main(self, op: str, *inputs: Edge, hints: Mapping[str, str] = {}, **attrs: Any) -> Edge:
        """The node that computes what the layer is for; it has the layer's name."""
        return self.graph.add(op, self.name, inputs, attrs, hints)

    def error(self, what: str, received: Any = None) -> NodeError:
        """The error that the layer cannot be converted."""
        value = None if received is None else received if isinstance(received, str) else shortened(received)
        return NodeError(self.kind, self.name, what, value)

    @property
    def input(self) -> Edge:
        """The only input."""
        if len(self.inputs) != 1:
            raise self.error("has one input", f"{len(self.inputs)} inputs")
        return next(iter(self.inputs.values()))

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the only input, without the batch axis."""
        return self.shape_of(next(iter(self.input_ports), ""))

    def shape_of(self, port: str) -> tuple[int | None, ...]:
        found = self.input_ports[port].shape if port in self.input_ports else None
        if found is None:
            raise self.error(f"the shape of its input {port!r} is not in the file")
        return found

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the first output, without the batch axis."""
        found = next(iter(self.outputs.values()), Port(None)).shape
        if found is None:
            raise self.error("the shape of its output is not in the file")
        return found

    def parameter(self, name: str, default: Any = _MISSING) -> Any:
        """A parameter. The names of parameters that Mathematica derives from others begin with $."""
        parameters = self.net.get("Parameters", {})
        self.asked.add(name)
        for key in (name, f"${name}"):
            if key in parameters:
                return unwrapped(parameters[key])
        if default is _MISSING:
            raise self.error(f"it has no parameter {name}")
        return default

    def integer(self, name: str, default: Any = _MISSING, least: int = 1) -> int:
        value = self.parameter(name, default)
        if type(value) is not int or not least <= value < 1 << 31:
            raise self.error(f"parameter {name} must be an integer of at least {least}", value)
        return value

    def number(self, name: str, default: Any = _MISSING) -> float:
        value = self.parameter(name, default)
        match value:
            case int() | float():
                return float(value)
            case Expression(Symbol("Rational"), (int(above), int(below))) if below:
                return above / below
        raise self.error(f"parameter {name} must be a number", value)

    def boolean(self, name: str, default: bool) -> bool:
        value = self.parameter(name, Symbol(str(default)))
        if value not in (Symbol("True"), Symbol("False")):
            raise self.error(f"parameter {name} must be True or False", value)
        return value == Symbol("True")

    def symbol(self, name: str, default: Any = _MISSING) -> str:
        """A parameter that is a symbol or a string, as text."""
        value = self.parameter(name, default)
        if not isinstance(value, Symbol | str):
            raise self.error(f"parameter {name} must be a name", value)
        return str(value)

    def sizes(self, name: str, count: int, default: int | None = None, least: int = 1) -> tuple[int, ...]:
        """A parameter with one integer for each of `count` axes."""
        value = self.parameter(name, _MISSING if default is None else (default,) * count)
        if type(value) is int:
            value = (value,) * count
        if not isinstance(value, tuple) or len(value) != count or not all(type(n) is int and n >= least for n in value):
            raise self.error(f"parameter {name} must have {count} integers of at least {least}", value)
        return value

    def array(self, name: str, optional: bool = False) -> Edge | None:
        """The node of an array of the layer; None if it is `optional` and left out."""
        arrays = self.net.get("Arrays", {})
        found = self.graph.stored(arrays[name], self._array_name(name)) if name in arrays else None
        if found is None and not optional:
            raise self.error(f"it has no array {name}")
        return found

    def _array_name(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name != "Layer" else name

    def required(self, name: str) -> Edge:
        found = self.array(name)
        assert found is not None
        return found

    def reshape(self, data: Edge, old: Sequence[int | None], new: Sequence[int | None]) -> Edge:
        """Data of the shape `old` in the shape `new`, both without the batch axis. A length that is not known must be
        the first in both, or the only one in `new`."""
        if tuple(old) == tuple(new):
            return data
        kept = _rest(new) is not None and _rest(old) == _rest(new)
        lengths = [0 if kept and position == 0 else -1 if n is None else n for position, n in enumerate(new)]
        if lengths.count(-1) > 1:
            raise self.error("has more than one length that is not known")
        return self("Reshape", data, shape=(0, *lengths))
