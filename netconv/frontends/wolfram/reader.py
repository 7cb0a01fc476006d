"""Reads Mathematica's own file of a net (`net.wlnet`) to a Graph. Knows no type of layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import FormatError, first_line
from ...graph.graph import Edge, Graph, Parameter, origin_name
from ...graph.tracked_array import TrackedArray
from . import container, nets
from .builder import GraphBuilder, is_net
from .coders import bake
from .container import Container
from .expressions import shortened
from .ports import Port, ports


@dataclass(frozen=True)
class WolframNet:
    """A net as Mathematica stores it: its layers, its types of inputs and outputs by port, the graph that it becomes,
    and the names of the arrays that are not initialized.

    The first parameters of the graph are the arrays of the file, in the order of their numbers; then come those that
    are in its expression.
    """

    container: Container
    net: Mapping[str, Any]
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    graph: Graph
    uninitialized: tuple[str, ...]
    ignored: Mapping[str, tuple[str, ...]]
    """Parameters that are not known, by the type of their layer."""


def read(source: Path | str | bytes, name: str, bake_encoder: bool = False) -> WolframNet:
    """Reads a `.wlnet` file, given by its path or its bytes; `name` is its name in messages. With `bake_encoder` the
    graph takes images of values 0 to 255, and does the arithmetic of their encoders.

    Raises FormatError for a damaged file, UnsupportedOps for layers that are not known, NodeError for a layer that
    cannot be converted.
    """
    with located(name):
        return translated(open_net(source, name), bake_encoder)


@contextmanager
def located(name: str) -> Iterator[None]:
    """Adds the name of the file to the errors that do not have it."""
    try:
        yield
    except FormatError as error:
        raise error if str(error).startswith(name) else FormatError(f"{name}: {error}") from None
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        # whatever a file has in the place of a number, a name or a list
        raise FormatError(f"{name}: its net is damaged: {first_line(error)}") from error


def open_net(source: Path | str | bytes, name: str) -> tuple[Container, Mapping[str, Any]]:
    """The content of a file, and its net as the newest version would store it."""
    found = container.read(source, name)
    net = nets.all_upgraded(found.network, found.version)
    if not is_net(net):
        raise FormatError(f"{name}: its member {container.NETWORK} is {shortened(found.network)}, and not a net")
    return found, net


def translated(opened: tuple[Container, Mapping[str, Any]], bake_encoder: bool = False) -> WolframNet:
    """The net as a graph."""
    found, net = opened
    nets.check_types(net, found.source)
    shared = net.get("SharedArrays", {})
    graph = GraphBuilder(found, shared if isinstance(shared, Mapping) else {}, nets.translate)
    inputs, outputs = ports(net, "Inputs"), ports(net, "Outputs")
    if not inputs:
        raise FormatError(f"{found.source}: the net has no input")
    edges = {name: graph.input(name, port) for name, port in inputs.items()}
    fed = {name: bake(graph, name, inputs[name], edges[name]) for name in inputs} if bake_encoder else edges
    results, _ = nets.translate(graph, net, fed)
    if missing := [name for name in outputs if name not in results]:
        raise FormatError(f"{found.source}: the {net['Type']} does not give its output {missing[0]!r}")
    heads = [graph.add("identity", name, (results[name],)) for name in outputs]
    ignored = {kind: tuple(names) for kind, names in graph.ignored.items()}
    return WolframNet(found, net, inputs, outputs, _graph(graph, heads), tuple(graph.uninitialized), ignored)


def _graph(built: GraphBuilder, heads: list[Edge]) -> Graph:
    """The graph with its arrays, and all arrays of the file as its parameters."""
    import numpy as np

    source = built.container.source
    graph = Graph(tuple(built.nodes), (*heads, *built.final_states), {}, source, mathematica=True)
    needed = graph.needs(*(edge.node for edge in graph.heads))
    arrays: dict[int, TrackedArray] = {}
    parameters: list[Parameter] = []
    names: set[str] = set()
    for number, stored in built.container.arrays.items():
        node = built.arrays.get(number)
        name = f"{container.ARRAYS}/{number}" if node is None else graph.nodes[node].name
        values, origin = partial(_values, built.container, number), None
        if node is not None and node in needed:
            origin = origin_name(name, node, names)
            names.add(origin)
            arrays[node] = TrackedArray.parameter(origin, values())
        parameters.append(Parameter(name, node, stored.dtype, stored.shape, origin, values))
    for node, found in built.inline.items():
        name, origin = graph.nodes[node].name, None
        if node in needed:
            origin = origin_name(name, node, names)
            names.add(origin)
            arrays[node] = TrackedArray.parameter(origin, found)
        read = partial(np.asarray, found)
        parameters.append(Parameter(name, node, str(found.dtype), found.shape, origin, read))
    return replace(graph, arrays=dict(sorted(arrays.items())), parameters=tuple(parameters))


def _values(found: Container, number: int) -> Any:
    """The values of an array, those of float16 as float32."""
    import numpy as np

    values = found.values(found.arrays[number])
    return values.astype(np.float32) if values.dtype == np.float16 else values
