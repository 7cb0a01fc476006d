"""Reads the JSON of a net of MXNet or Mathematica to a Graph without arrays. Knows no shapes, and of ops only the few
whose JSON differs in older MXNets.

The JSON is that of nnvm's SaveJSON; older forms are upgraded as MXNet's own loader does (src/nnvm/legacy_json_util.cc).
"""

from __future__ import annotations

import codecs
import json
import reprlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import BinaryIO

from ...errors import FormatError, spelled, stream_name
from ...graph.graph import Edge, Graph, Node

LARGEST = 64 << 20
"""The most bytes of JSON that are read: enough for some 400,000 nodes, and a limit to memory for malicious files."""
DEEPEST = 16
"""The most levels of subgraphs."""
HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
"""Hints that older MXNets wrote without underscores, alone or after the name of an argument: `weight_lr_mult`."""
AUXILIARY = {"BatchNorm": (3, ("moving_mean", "moving_var")), "CuDNNBatchNorm": (3, ("moving_mean", "moving_var"))}
"""Inputs that JSON from before 0.9 leaves out: how many inputs it lists, and which follow."""
BEFORE_VERSIONS = 800
"""The version that is assumed for JSON without a version; 0.9 was the first to write it."""
MOST_NAMES = 20
"""How many names a message lists."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def read(symbol: Path | str | BinaryIO) -> Graph:
    """The graph of a `net.json`, given by its path or as a binary stream, without arrays. Raises FormatError."""
    source, data = _bytes(symbol)
    graph = _graph(_json(source, data), source, f"{source}: ", 0)
    nodes = tuple(replace(node, index=index) for index, node in enumerate(graph.nodes))
    return replace(graph, nodes=nodes, text=data)


def _bytes(symbol: Path | str | BinaryIO) -> tuple[str, bytes]:
    if hasattr(symbol, "read"):
        source, data = stream_name(symbol), symbol.read(LARGEST + 1)
    else:
        source = str(symbol)
        try:
            with open(symbol, "rb") as stream:
                data = stream.read(LARGEST + 1)
        except OSError as error:
            raise FormatError(f"{source}: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise FormatError(f"{source}: more than {LARGEST >> 20} MiB, too much for the graph of a net")
    if data.startswith(b"\x12\x01\0\0\0\0\0\0"):
        raise FormatError(f"{source}: a parameter file, where the graph is expected (net.json)")
    if data.startswith(b"PK\3\4"):
        taken = spelled("with -m", "as their model")
        raise FormatError(f"{source}: a Keras model already; train, evaluate and predict take it {taken}")
    if not data.strip():
        raise FormatError(f"{source}: the file is empty")
    return source, data


def _json(source: str, data: bytes):
    """Parses the text; each key of an object must be unique."""

    def once(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise FormatError(f"{source}: the key {abbreviate(twice)} occurs twice in one object")
        return found

    def whole(digits):
        if len(digits) > 20:  # int() is slow on many digits, and refuses still more
            raise FormatError(f"{source}: a number of {len(digits)} digits")
        return int(digits)

    def constant(name):
        raise FormatError(f"{source}: not JSON: {name} is not a JSON number")

    if data.startswith(b"\x89HDF"):
        raise FormatError(f"{source}: an HDF5 file, which Keras loads; netconv takes the .keras file or the net.json")
    if not data.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
        raise FormatError(f"{source}: not a net: it is not JSON; a net is the net.json that Mathematica or MXNet wrote")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=once, parse_int=whole, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise FormatError(f"{source}: not JSON from line {error.lineno}, column {error.colno} on") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{source}: not JSON: byte {error.start} is not UTF-8 text") from None
    except RecursionError:
        raise FormatError(f"{source}: not a graph: nested too deeply") from None


def _graph(found, source: str, where: str, depth: int) -> Graph:
    """The graph of a JSON object; `where` is the beginning of its messages, `depth` the number of graphs around it."""
    if not isinstance(found, dict) or not isinstance(found.get("nodes"), list):
        raise FormatError(f'{where}not a graph: it has no list "nodes"')
    if not found["nodes"]:
        raise FormatError(f"{where}the graph has no nodes")
    count = len(found["nodes"])
    nodes = tuple(_node(entry, source, where, depth, index) for index, entry in enumerate(found["nodes"]))
    for index, node in enumerate(nodes):
        for position, edge in enumerate(node.inputs):
            if edge.node >= count:
                raise FormatError(
                    f"{where}{_label(index, node)}: input {position} is node {edge.node}, and the last is {count - 1}"
                )
    _check_order(where, nodes)
    heads = found.get("heads", [[count - 1, 0]])
    if not isinstance(heads, list) or not heads:
        raise FormatError(f"{where}heads must be a list of outputs, not {abbreviate(heads)}")
    heads = tuple(_edge(f"{where}head {position}", head) for position, head in enumerate(heads))
    for position, head in enumerate(heads):
        if head.node >= count:
            raise FormatError(f"{where}head {position} is node {head.node}, and the last is {count - 1}")
    version = _version(where, found)
    if not depth:
        nodes, heads = _upgrade(nodes, heads, BEFORE_VERSIONS if version is None else version)
    # every MXNet that writes its version writes node_row_ptr, and Mathematica does not
    return Graph(nodes, heads, {}, source, mathematica=version is not None and "node_row_ptr" not in found)


def _node(entry, source: str, where: str, depth: int, index: int) -> Node:
    if not isinstance(entry, dict):
        raise FormatError(f"{where}node {index} must be an object, not {abbreviate(entry)}")
    for key in ("op", "name"):
        if not isinstance(entry.get(key), str):
            raise FormatError(f"{where}node {index} has no {key}")
        if not _is_encodable(entry[key]):
            raise FormatError(f"{where}node {index}: its {key} {abbreviate(entry[key])} is not valid text")
    op, name = entry["op"], entry["name"]
    where = f"{where}node {index} {abbreviate(name)}"
    attrs, hints = {}, {}
    for field in ("param", "attr", "attrs"):
        given = entry.get(field, {})
        if not isinstance(given, dict):
            raise FormatError(f"{where}: {field} must be an object, not {abbreviate(given)}")
        for key, value in given.items():
            value = _attribute(f"{where}: attribute {abbreviate(key)}", value)
            if not _is_encodable(key + value):
                raise FormatError(f"{where}: attribute {abbreviate(key)} is not valid text")
            hidden = _hint(key)
            if hidden:
                hints[hidden] = value
            # attributes that a null node copied from its reader, or a user added next to `param`, have no meaning
            elif op != "null" and not (field == "attr" and "param" in entry):
                attrs[key] = value
    inputs = entry.get("inputs", [])
    if not isinstance(inputs, list):
        raise FormatError(f"{where}: inputs must be a list, not {abbreviate(inputs)}")
    inputs = tuple(_edge(f"{where}: input {position}", edge) for position, edge in enumerate(inputs))
    subgraphs = entry.get("subgraphs", [])
    if not isinstance(subgraphs, list) or (subgraphs and depth == DEEPEST):
        raise FormatError(f"{where}: subgraphs must be a list, and no more than {DEEPEST} levels deep")
    subgraphs = tuple(_graph(found, source, f"{where}, subgraph {i}: ", depth + 1) for i, found in enumerate(subgraphs))
    return Node(op, name, attrs, inputs, hints, subgraphs)


def _label(index: int, node: Node) -> str:
    return f"node {index} {abbreviate(node.name)}"


def _is_encodable(text: str) -> bool:
    """Whether a text can be encoded: JSON can escape half a surrogate pair, which no file name or terminal accepts."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _hint(key: str) -> str | None:
    """The name of a hidden attribute, without its underscores; None for an attribute of the op."""
    if key.startswith("__") and key.endswith("__") and len(key) > 4:
        return key[2:-2]
    return key if key.endswith(HIDDEN) else None


def _attribute(where: str, value) -> str:
    """The value as the text that MXNet would have written."""
    match value:
        case str():
            return value
        case bool() | int() | float() | None:
            return str(value)
        case list() if all(isinstance(item, str | int | float | None) for item in value):
            return f"({', '.join(str(item) for item in value)})"
    raise FormatError(f"{where} must be text, a number or a list of these, not {abbreviate(value)}")


def _edge(where: str, edge) -> Edge:
    if (
        not isinstance(edge, list)
        or len(edge) not in (2, 3)
        or any(type(number) is not int or not 0 <= number < 1 << 31 for number in edge)
    ):
        raise FormatError(f"{where} must be [node, output, version], not {abbreviate(edge)}")
    return Edge(edge[0], edge[1])


def _version(where: str, found: dict) -> int | None:
    attrs = found.get("attrs", {})
    match attrs:
        case {"mxnet_version": ["int", int(version)]}:
            return version
        case {"mxnet_version": _}:
            pass
        case dict():
            return None
    raise FormatError(f'{where}attrs must be {{"mxnet_version": ["int", NUMBER]}}, not {abbreviate(attrs)}')


def _check_order(where: str, nodes: tuple[Node, ...]) -> None:
    """Raises FormatError if an input of a node is not before the node."""
    ahead = next(((i, p, e.node) for i, n in enumerate(nodes) for p, e in enumerate(n.inputs) if e.node >= i), None)
    if ahead is None:
        return
    cycle = _cycle(nodes)
    if cycle:
        path = " -> ".join(_label(index, nodes[index]) for index in cycle[:MOST_NAMES])
        more = f" -> {len(cycle) - MOST_NAMES} more" if len(cycle) > MOST_NAMES else ""
        raise FormatError(f"{where}the graph has a cycle: {path}{more} -> {_label(cycle[0], nodes[cycle[0]])}")
    index, position, source = ahead
    raise FormatError(
        f"{where}{_label(index, nodes[index])}: input {position} is {_label(source, nodes[source])}, which comes "
        "after it; a node must follow its inputs"
    )


def _cycle(nodes: tuple[Node, ...]) -> list[int]:
    """The nodes of a cycle, each before its reader; [] if there is not a cycle."""
    try:
        TopologicalSorter({i: {edge.node for edge in node.inputs} for i, node in enumerate(nodes)}).prepare()
    except CycleError as error:
        return error.args[1][:-1]
    return []


def _upgrade(nodes: tuple[Node, ...], heads: tuple[Edge, ...], version: int):
    """Upgrades older JSON as MXNet's loader does: adds auxiliary inputs, and removes an axis of -1 that meant None."""
    if version < 905:
        nodes = tuple(
            replace(node, attrs={k: v for k, v in node.attrs.items() if k != "axis"})
            if node.op in ("argmax", "argmin") and node.attrs.get("axis") == "-1"
            else node
            for node in nodes
        )
    if version >= 900:
        return nodes, heads
    upgraded: list[Node] = []
    now: list[int] = []
    for node in nodes:
        inputs = [Edge(now[edge.node], edge.output) for edge in node.inputs]
        given, states = AUXILIARY.get(node.op, (0, ()))
        for state in states if len(inputs) == given else ():
            inputs.append(Edge(len(upgraded)))
            upgraded.append(Node("null", f"{node.name}_{state}" if node.name else state, hints=node.hints))
        now.append(len(upgraded))
        upgraded.append(replace(node, inputs=tuple(inputs)))
    return tuple(upgraded), tuple(Edge(now[head.node], head.output) for head in heads)


MXNET_VERSION = 10901


def written(graph: Graph) -> bytes:
    """The JSON of a graph of Mathematica: `read` is the inverse."""
    nodes = []
    for node in graph.nodes:
        attrs = {**node.attrs, **{f"__{hint}__": text for hint, text in node.hints.items()}}
        entry = {"op": node.op, "name": node.name, **({"attrs": attrs} if attrs else {})}
        nodes.append({**entry, "inputs": [[edge.node, edge.output, 0] for edge in node.inputs]})
    found = {
        "nodes": nodes,
        "arg_nodes": [index for index, node in enumerate(graph.nodes) if node.op == "null"],
        "heads": [[edge.node, edge.output, 0] for edge in graph.heads],
        "attrs": {"mxnet_version": ["int", MXNET_VERSION]},
    }
    return json.dumps(found).encode()


def abbreviate(value) -> str:
    """A value for a message, abbreviated if it is long."""
    return _SHORT.repr(value)


def format_names(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names for a message: the first of them, and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(abbreviate(name) for name in names[:most]) + more
