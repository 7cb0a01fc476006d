"""Pictures of nets and models: their layers or nodes with shapes and parameters, as SVG, PNG or a page."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from .. import conversion, preparation
from ..atomic_files import replacing
from ..errors import FormatError, NetconvError, net_option_error, option, stream_name
from ..features.notices import Notify, ignore
from ..frontends.mxnet import symbol_json
from ..graph.graph import Graph, Node
from ..keras_api.names import keras_name
from ..keras_files.layer_rows import LayerRow
from ..keras_files.model_layers import list_layers
from ..preparation import Net
from ..reports import diagram_page, figures, graphviz, layer_boxes, page
from ..reports.diagram import Box, GroupName, arrange
from . import model_file, node_boxes

FORMATS = (*figures.FORMATS, *page.ENDINGS)
"""The endings of pictures of a net."""
MANY = 6
"""So many layers that were made of one node are a group."""


def check_net_plot(target: Path | str) -> Path:
    """Checks that a picture of a net can be drawn; returns its path.

    Raises NetconvError if the suffix is not a supported format, or Graphviz is not installed."""
    path = Path(target)
    if path.suffix.lower() not in FORMATS:
        raise NetconvError(f"{target}: a picture of a net is a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file")
    graphviz.check_graphviz("a picture of a net needs")
    return path


def plot_net(
    source: Path | str | BinaryIO,
    target: Path | str | BinaryIO,
    params: Path | str | None = None,
    *,
    nodes: bool = False,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    notify: Notify | None = None,
) -> None:
    """Draws a net or a model; the arguments are those of `netconv.plot_net`."""
    path = None if hasattr(target, "write") else check_net_plot(target)
    if path is None:
        graphviz.check_graphviz("a picture of a net needs")
    notify = notify or ignore
    name, data = _opened(source)
    if data[:2] == b"PK":
        boxes = _of_model(data, name, params, input_shapes, nodes, notify)
    else:
        boxes = _of_net(data if hasattr(source, "read") else source, name, params, input_shapes or {}, nodes, notify)
    if not boxes:
        raise FormatError(f"{name}: it has no layers that can be drawn: it is neither Sequential nor Functional")
    diagram = arrange(boxes)
    if path is None:
        target.write(f"{graphviz.svg(diagram)}".encode())  # type: ignore[union-attr]
        return
    suffix = path.suffix.lower()
    if suffix == ".png":
        content = graphviz.png(diagram)
    elif suffix == ".svg":
        content = ('<?xml version="1.0" encoding="UTF-8"?>\n' + graphviz.svg(diagram)).encode()
    else:
        content = diagram_page.page(re.split(r"[\\/]", name)[-1], diagram, boxes, "node" if nodes else "layer").encode()
    with replacing(path) as file:
        file.write_bytes(content)


def _opened(source: Any) -> tuple[str, bytes]:
    """The name of a source, and the bytes of a stream or of a `.keras` file, or the first ones of another file."""
    if hasattr(source, "read"):
        return stream_name(source), source.read()
    try:
        with Path(source).open("rb") as stream:
            start = stream.read(2)
            return str(source), start + (stream.read() if start == b"PK" else b"")
    except OSError as error:
        raise FormatError(f"{source}: {error.strerror or error}") from None


def _of_model(data: bytes, name: str, params: Any, input_shapes: Any, nodes: bool, notify: Notify) -> list[Box]:
    """The boxes of a `.keras` file."""
    for given, value in (("params", params), ("input_shapes", input_shapes)):
        if value:
            raise net_option_error(given)
    file = model_file.read(io.BytesIO(data), name)
    if not nodes:
        source = () if file.graph is None else _graph(file.graph, name).nodes
        return layer_boxes.boxes_of(file.layers, _groups(file.layers, source))
    if file.graph is None:
        raise FormatError(
            f"{name}: it was not converted from a net, so that it has no nodes; leave out {option('nodes', True)}"
        )
    graph = _graph(file.graph, name)
    heads = {row.name: row.output for row in file.layers if row.kind == "InputLayer"}
    shapes = {node.name: _lengths(heads[keras_name(node.name)]) for node in graph.nodes
              if node.op == "null" and keras_name(node.name) in heads}  # fmt: skip
    return _with_problem(*node_boxes.boxes_of(Net(graph, None), shapes), notify)


def _lengths(shape: str) -> tuple[int | None, ...]:
    return (None, *(None if length == "?" else int(length) for length in shape.split(" x ")))


def _graph(member: bytes, name: str) -> Graph:
    stream = io.BytesIO(member)
    stream.name = f"{name}: its member {model_file.GRAPH}"  # type: ignore[attr-defined]
    return symbol_json.read(stream)


def _of_net(
    source: Any, name: str, params: Any, shapes: Mapping[str, tuple[int | None, ...]], nodes: bool, notify: Notify
) -> list[Box]:
    """The boxes of a net."""
    if isinstance(source, bytes):
        stream = io.BytesIO(source)
        stream.name = name  # type: ignore[attr-defined]
        source = stream
    net = preparation.read(source, params)
    if nodes:
        return _with_problem(*node_boxes.boxes_of(net, shapes), notify)
    prepared = preparation.prepare(net, input_shapes=shapes)
    rows = list_layers(conversion.build(prepared, shapes).model)
    return layer_boxes.boxes_of(rows, _groups(rows, prepared.graph.nodes))


def _with_problem(boxes: list[Box], problem: str, notify: Notify) -> list[Box]:
    if problem:
        notify(f"note: drawn without shapes: {problem}")
    return boxes


def _groups(rows: Sequence[LayerRow], nodes: Sequence[Node]) -> dict[str, tuple[GroupName, ...]]:
    """The groups of layers by name: the nested nets that they come from, as `block.conv` is in `block`; and the node
    that they were made of, if these are many. The name of a layer begins with that of its node."""
    origins = _origins(rows, {keras_name(node.name): node for node in nodes if node.op != "null" and node.name})
    count = Counter(id(node) for node in origins.values() if node)
    groups = {}
    for name, node in origins.items():
        if node:
            nested = tuple(map(GroupName, node.name.split(".")[:-1]))
            groups[name] = (*nested, GroupName(node.name, node.op)) if count[id(node)] >= MANY else nested
    return groups


def _origins(rows: Sequence[LayerRow], nodes: Mapping[str, Node]) -> dict[str, Node | None]:
    """The nodes that layers were made of. A layer without a name of its own belongs to that of all its readers."""
    inner = {name: node for row in rows for name, node in _origins(row.layers, nodes).items()}
    origins = {row.name: _origin(row.name, nodes) for row in rows}
    readers: dict[str, list[str]] = {}
    for row in rows:
        for name in row.inputs:
            readers.setdefault(name, []).append(row.name)
    todo = [name for name, node in origins.items() if node is None and name in readers]
    while todo:  # in an order of the rows, a layer that is called several times may precede its inputs
        left = [name for name in reversed(todo) if not _joins(name, readers[name], origins)]
        if len(left) == len(todo):
            break
        todo = left[::-1]
    return inner | origins


def _joins(name: str, readers: Sequence[str], origins: dict[str, Node | None]) -> bool:
    """Whether the readers of a layer all belong to one node, to which it then belongs, too."""
    found = {id(origins[reader]) for reader in readers}
    if len(found) == 1:
        origins[name] = origins[readers[0]]
    return origins[name] is not None


def _origin(name: str, nodes: Mapping[str, Node]) -> Node | None:
    """The node whose name is the longest that the name of a layer begins with."""
    parts = re.split(r"(?<=[A-Za-z0-9])(?=[_-])", name)
    return next((nodes[begin] for end in range(len(parts), 0, -1) if (begin := "".join(parts[:end])) in nodes), None)
