"""Nets of layers: a single layer, a chain or a graph, and nets within them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ...errors import FormatError, NodeError, UnsupportedOps
from ...graph.graph import Edge
from .builder import GraphBuilder, Layer, is_net, joined
from .expressions import Expression, Symbol, shortened
from .layers.registry import IMPLIED, UNSUPPORTED, translations
from .ports import ports
from .versions import upgraded

DEEPEST = 40
"""The most levels of nets within nets."""
CONTAINERS = ("Chain", "Graph")
INNER_NETS = ("Net", "ForwardNet", "BackwardNet", "ScoringNet")
"""Parameters that are nets."""
Path = tuple[str, ...]


def layers(net: Mapping[str, Any], name: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every layer of a net with its name, from the first to the last, those of nets within layers included."""
    if depth > DEEPEST:
        raise FormatError(f"the nets in layer {name!r} are nested more than {DEEPEST} levels deep")
    if net["Type"] in CONTAINERS:
        for key, inner in nodes_of(net).items():
            if is_net(inner):
                yield from layers(inner, joined(name, key), depth + 1)
        return
    yield name, net
    for key, inner in net.get("Parameters", {}).items():
        if key in INNER_NETS and is_net(inner):
            yield from layers(inner, joined(name, "" if key == "Net" else key), depth + 1)


def nodes_of(net: Mapping[str, Any]) -> dict[str, Any]:
    """The layers of a chain or a graph by name; those of a list have their numbers."""
    nodes = net.get("Nodes")
    if isinstance(nodes, tuple):
        nodes = {str(number): node for number, node in enumerate(nodes, 1)}
    if not isinstance(nodes, Mapping) or not all(isinstance(key, str) for key in nodes):
        raise FormatError(f"the {net['Type']} has no layers (Nodes)")
    return dict(nodes)


def all_upgraded(net: Any, version: tuple[int, ...], depth: int = 0) -> Any:
    """A net with all its layers as the newest version would store them."""
    if not is_net(net):
        return net
    if depth > DEEPEST:
        raise FormatError(f"nets are nested more than {DEEPEST} levels deep")
    parts = {"Parameters": net.get("Parameters") or {}, "Arrays": net.get("Arrays") or {}}  # {} is also an empty list
    if not all(isinstance(part, Mapping) for part in parts.values()):
        raise FormatError(f"a layer {net['Type']} has no Parameters or Arrays")
    found = upgraded({**net, **parts}, version)
    if found["Type"] in CONTAINERS:
        nodes = nodes_of(found)
        found["Nodes"] = {key: all_upgraded(inner, version, depth + 1) for key, inner in nodes.items()}
    parameters = found["Parameters"]
    inner = {key: all_upgraded(parameters[key], version, depth + 1) for key in INNER_NETS if key in parameters}
    return {**found, "Parameters": {**parameters, **inner}}


def check_types(net: Mapping[str, Any], source: str) -> None:
    """Raises UnsupportedOps for the layers of all types that are not known, at once."""
    unknown: dict[str, list[str]] = {}
    known = translations()
    for name, each in layers(net):
        if each["Type"] not in known and each["Type"] != "Function":
            unknown.setdefault(each["Type"], []).append(name or "Layer")
    if unknown:
        listed = "; ".join(
            f"{kind} ({', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
            f"{f': {UNSUPPORTED[kind]}' if kind in UNSUPPORTED else ''})"
            for kind, names in unknown.items()
        )
        raise UnsupportedOps(
            f"{source}: layers that are not supported: {listed}; exported with Export[\"net.json\", net, \"MXNet\"] "
            "the net may be", unknown,
        )  # fmt: skip


def translate(
    graph: GraphBuilder,
    net: Mapping[str, Any],
    inputs: dict[str, Edge],
    name: str = "",
    states: Mapping[str, Edge] = {},
    reference: Edge | None = None,
) -> tuple[dict[str, Edge], dict[str, Edge]]:
    """Adds the nodes of a net that is applied to `inputs`, by port. Returns its outputs and its final states by
    name."""
    if reference is None or inputs:
        reference = next(iter(inputs.values()), reference)
    if net["Type"] in CONTAINERS:
        return _translate_graph(graph, net, inputs, name, states, reference), {}
    if net["Type"] == "Function":
        inner = net["Parameters"].get("Net")
        if not is_net(inner):
            raise NodeError("Function", name, "has no net in the file")
        given = dict(zip(ports(inner, "Inputs"), inputs.values(), strict=False))
        found, _ = translate(graph, inner, given, name, {}, reference)
        return dict(zip(ports(net, "Outputs"), found.values(), strict=False)), {}
    known = ports(net, "Inputs")
    if set(known) != set(inputs):
        missing = ", ".join(sorted(set(known) ^ set(inputs)))
        raise NodeError(net["Type"], name, f"its inputs are not all connected: {missing}")
    at = Layer(graph, net["Type"], name or "Layer", net, {key: inputs[key] for key in known}, known,
               ports(net, "Outputs"), reference, dict(states))  # fmt: skip
    before = len(graph.nodes)
    try:
        result = translations()[net["Type"]](at)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        # a parameter that a translation does not expect at all
        raise at.error("its parameters are not those of such a layer", net["Parameters"]) from error
    graph.name_only_operation(before, at.name)
    for key in net["Parameters"]:
        if isinstance(key, str) and not key.startswith("$") and key not in at.asked | IMPLIED[at.kind]:
            graph.ignored.setdefault(at.kind, {})[key] = None
    if isinstance(result, Edge):
        result = {next(iter(at.outputs), "Output"): result}
    return result, at.final_states


def _translate_graph(
    graph: GraphBuilder,
    net: Mapping[str, Any],
    inputs: dict[str, Edge],
    name: str,
    given_states: Mapping[str, Edge],
    reference: Edge | None,
) -> dict[str, Edge]:
    source, nodes = graph.container.source, nodes_of(net)
    sources = _sources(net, nodes, name)
    values: dict[Path, Edge] = {("Inputs", each): edge for each, edge in inputs.items()}
    values |= {("States", state): edge for state, edge in given_states.items()}
    before: dict[str, set[str]] = {key: set() for key in nodes}
    into: dict[str, list[tuple[Path, Path]]] = {key: [] for key in nodes}
    for target, origin in sources.items():
        if target[0] == "Nodes":
            into[target[1]].append((target, origin))
            before[target[1]].update({origin[1]} if origin[0] == "Nodes" else ())
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise FormatError(f"{source}: the net has a cycle through layer {error.args[1][0]!r}") from None

    def value(origin: Path, target: Path) -> Edge:
        if origin not in values:
            raise FormatError(f"{source}: {'/'.join(target)} is connected to {'/'.join(origin)}, which there is not")
        return values[origin]

    for key in order:
        inner = nodes[key]
        if not is_net(inner):
            raise FormatError(f"{source}: layer {joined(name, key)!r} is {shortened(inner)}, and not a layer")
        given: dict[str, dict[str, Edge]] = {"Inputs": {}, "States": {}}
        for target, origin in into[key]:
            given.setdefault(target[2], {})[target[3]] = value(origin, target)
        fed, states = given["Inputs"], given["States"]
        fed = {port: fed[port] for port in (*ports(inner, "Inputs"), *fed) if port in fed}
        outputs, finals = translate(graph, inner, fed, joined(name, key), states, reference)
        values |= {("Nodes", key, "Outputs", each): edge for each, edge in outputs.items()}
        values |= {("Nodes", key, "States", state): edge for state, edge in finals.items()}
    found = {}
    for each in ports(net, "Outputs"):
        target = ("Outputs", each)
        if target not in sources:
            raise FormatError(f"{source}: output {joined(name, each)!r} of the net is not connected")
        found[each] = value(sources[target], target)
    return found


def _sources(net: Mapping[str, Any], nodes: Mapping[str, Any], name: str) -> dict[Path, Path]:
    """What each port is connected to: edges run from the destination to the source.

    Before 11.3.2 an edge could have a list of sources, for the inputs 1, 2 and so on.
    """
    found: dict[Path, Path] = {}
    edges = net.get("Edges", ())
    for edge in edges if isinstance(edges, tuple) else (edges,):
        match edge:
            case Expression(Symbol("Rule"), (target, tuple(origins))):
                *place, _ = _path(target, nodes, name)
                pairs = [((*place, str(number)), origin) for number, origin in enumerate(origins, 1)]
            case Expression(Symbol("Rule"), (target, origin)):
                pairs = [(_path(target, nodes, name), origin)]
            case _:
                raise FormatError(f"the net {name!r} has {shortened(edge)} where an edge is expected")
        for path, origin in pairs:
            if path in found:
                raise FormatError(f"the net {name!r} has more than one edge to {'/'.join(path)}")
            found[path] = _path(origin, nodes, name)
    return found


def _path(value: Any, nodes: Mapping[str, Any], name: str) -> Path:
    match value:
        case Expression(Symbol("NetPath" | "NetPort"), parts):
            if len(parts) == 1 and isinstance(parts[0], tuple):
                parts = parts[0]
            path = tuple(str(part) for part in parts if isinstance(part, str | int))
            if len(path) == len(parts) and (
                (len(path) == 2 and path[0] in ("Inputs", "Outputs", "States"))
                or (len(path) == 4 and path[0] == "Nodes" and path[1] in nodes)
            ):
                return path
    raise FormatError(f"the net {name!r} has an edge at {shortened(value)}, which is not a port of it")
