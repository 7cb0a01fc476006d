"""What a net or a Keras model contains. A net is also converted, so that it is known whether `convert` accepts it."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import conversion, preparation
from ..errors import FormatError, NetconvError, net_option_error, stream_name
from ..features.description import describe
from ..features.encoding import Encoding
from ..features.scaling import UNSCALED, Scaling
from ..frontends.mxnet import reader
from ..frontends.wolfram.container import is_wlnet
from ..graph.partial_shape import format_shape
from ..keras_files.layer_rows import LayerRow, model_outputs
from ..keras_files.model_layers import list_layers
from ..ops import registry
from . import layer_table, model_file
from .layer_table import printable


@dataclass(frozen=True, repr=False)
class Inspection:
    """`text` for a person, `facts` for a program (plain JSON), and whether the net would translate."""

    text: str
    facts: dict[str, Any]
    translates: bool

    def __repr__(self) -> str:
        return self.text


def inspect(source, params=None, *, input_shapes=None) -> Inspection:
    """A `net.json`, a `.wlnet` or a `.keras` file, by path or as a binary stream. Raises FormatError."""
    name = stream_name(source) if hasattr(source, "read") else str(source)
    if hasattr(source, "read"):
        data = source.read()
        if data[:2] == b"PK":
            return _model(io.BytesIO(data), name, params, input_shapes)
        if is_wlnet(data):
            return _wolfram(data, name, params, input_shapes)
        source = io.BytesIO(data)
    else:
        try:
            with Path(source).open("rb") as stream:
                if stream.read(2) == b"PK":
                    return _model(source, name, params, input_shapes)
        except OSError as error:
            raise FormatError(f"{name}: {error.strerror or error}") from None
        if is_wlnet(source):
            return _wolfram(source, name, params, input_shapes)
    return _net(source, params, input_shapes)


def _net(symbol, params, input_shapes) -> Inspection:
    net = preparation.read(symbol, params)
    graph, params = net.graph, net.parameters
    problems: list[str] = []
    inputs: dict[str, Any] = {}
    layers: tuple[LayerRow, ...] = ()
    notes: tuple[str, ...] = () if params is None else tuple(reader.unused_note(graph, params))
    try:
        prepared = preparation.prepare(net, input_shapes=input_shapes)
        notes = prepared.notes
        inputs = {name: _plain(shape) for name, shape in prepared.input_shapes.items()}
        # Some errors are only found by building the model: Keras's own, and sizes that a single op must know.
        built = conversion.build(prepared, input_shapes)
        notes, layers = (*notes, *built.build_report.notes), list_layers(built.model)
    except NetconvError as error:
        problems.append(str(error))
    ops = Counter(node.op for node in graph.nodes if node.op != "null")
    known = registry.load()
    arrays = {array.origin[1]: (list(array.shape), str(array.dtype)) for array in graph.arrays.values()}
    heads = [graph.nodes[edge.node].name for edge in graph.heads]
    facts = {
        "net": graph.source,
        "mathematica": graph.mathematica,
        "nodes": sum(ops.values()),
        "ops": dict(ops.most_common()),
        "untranslated": sorted(op for op in ops if op not in known),
        "inputs": inputs,
        "heads": heads,
        "layers": layer_table.facts(layers),
        "parameter_file": str(params) if params else None,
        "parameters": {name: {"shape": shape, "dtype": dtype} for name, (shape, dtype) in arrays.items()},
        "elements": sum(math.prod(shape) for shape, _ in arrays.values()),
        "unused": list(graph.unused),
        "notes": list(notes),
        "problems": problems,
    }
    lines = [
        f"{graph.source}: {facts['nodes']} nodes, written by {'Mathematica' if graph.mathematica else 'MXNet'}",
        *(f"  {count:5} {op}{'' if op in known else '  (not supported)'}" for op, count in ops.most_common()),
        *(f"input  {name} {format_shape(shape)}" for name, shape in inputs.items()),
        *(f"output {name}" for name in heads),
        *layer_table.lines(layers),
        f"parameters: {len(arrays)} arrays, {facts['elements']} numbers, from {params}"
        if params
        else "no parameter file",
        *(f"  {name} {format_shape(tuple(shape))} {dtype}" for name, (shape, dtype) in arrays.items()),
        *(f"note: {note}" for note in notes),
        *(f"cannot be converted: {problem}" for problem in problems),
    ]
    return Inspection("\n".join(lines), facts, not problems)


def _wolfram(source, name: str, params, input_shapes) -> Inspection:
    from ..frontends.wolfram import description

    described = description.describe(source, name)
    problems: list[str] = []
    notes: tuple[str, ...] = ()
    try:
        net = preparation.read(_stream(source, name) if isinstance(source, bytes) else source, params)
        prepared = preparation.prepare(net, input_shapes=input_shapes)
        notes = (*prepared.notes, *conversion.build(prepared, input_shapes).build_report.notes)
    except NetconvError as error:
        problems.append(str(error))
    lines = [
        *described.head,
        *described.arrays,
        *(f"note: {note}" for note in notes),
        *(f"cannot be converted: {problem}" for problem in problems),
    ]
    return Inspection("\n".join(lines), described.facts | {"notes": list(notes), "problems": problems}, not problems)


def _stream(data: bytes, name: str) -> io.BytesIO:
    stream = io.BytesIO(data)
    stream.name = name  # type: ignore[attr-defined]
    return stream


def _model(source, name: str, params, input_shapes) -> Inspection:
    for given, value in (("params", params), ("input_shapes", input_shapes)):
        if value:
            raise net_option_error(given)
    file = model_file.read(source, name)
    encoding = Encoding.load(file.table, name) if file.table is not None else None
    scaling = _scaling(file.config, encoding, name) if encoding else UNSCALED
    compiled = file.config.get("compile_config") or {}
    optimizer = compiled.get("optimizer")
    heads = [printable(output.layer) for output in model_outputs(file.layers)]
    facts = {
        "model": name,
        "keras_version": printable(file.metadata.get("keras_version")),
        "needs_keras": printable(file.metadata.get("needs_keras")),
        "heads": heads,
        "layers": layer_table.facts(file.layers),
        "weights": file.weights,
        "elements": sum(math.prod(shape) for shape in file.weights.values()),
        "loss": compiled.get("loss"),
        "optimizer": optimizer.get("class_name") if isinstance(optimizer, dict) else optimizer,
        "table": json.loads(encoding.dump()) if encoding else None,
        "scaling": _plain_scaling(scaling, encoding),
        "netconv": sorted(m.removeprefix("netconv/") for m in file.members if m.startswith("netconv/")),
    }
    lines = [
        f"{name}: saved by Keras {facts['keras_version']}, "
        + (f"for Keras {facts['needs_keras']} or newer, " if facts["needs_keras"] else "")
        + f"{len(file.layers)} layers, {facts['elements']} numbers",
        *(f"output {head}" for head in heads),
        *layer_table.lines(file.layers),
        *(f"weight {printable(path)} {format_shape(tuple(shape))}" for path, shape in file.weights.items()),
        f"loss   {_named(facts['loss'])}",
        f"optimizer {facts['optimizer']}",
        *(describe(encoding, scaling=scaling) if encoding else ()),
    ]
    return Inspection("\n".join(lines), facts, True)


def _scaling(config: Mapping[str, Any], encoding: Encoding, name: str) -> Scaling:
    """How a trained model scales the numbers of its table."""
    from ..keras_files.scaling_layers import scaling_of

    try:
        layers = [(layer["name"], layer["class_name"], layer["config"]) for layer in config["config"]["layers"]]
        return scaling_of(layers, encoding.widths, len(encoding.heads))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        raise FormatError(f"{name}: its layers that scale do not fit {encoding.width:,} numbers a row") from None


def _plain_scaling(scaling: Scaling, encoding: Encoding | None) -> dict[str, Any]:
    """The scaling as JSON, as far as there is any: of each number of a row, but once of the pixels of an image; that of
    targets by the name of the output."""
    widths = [(feature.width, feature.image) for feature in encoding.features] if encoding else []
    shown = [not image or number == 0 for width, image in widths for number in range(width)]
    found: dict[str, Any] = {}
    if scaling.inputs is not None:
        found["features"] = {name: numbers[shown].tolist() for name, numbers in scaling.inputs._asdict().items()}
    if scaling.outputs and encoding:
        found["targets"] = {
            head.name: {name: numbers.tolist() for name, numbers in moments._asdict().items()}
            for head, moments in zip(encoding.heads, scaling.outputs, strict=True)
            if moments
        }
    return found


def _named(loss) -> str:
    if isinstance(loss, dict) and "class_name" not in loss:
        loss = list(loss.values())
    if isinstance(loss, list):
        return ", ".join(map(_named, loss))
    return loss.get("class_name", "?") if isinstance(loss, dict) else str(loss)


def _plain(shape):
    return None if shape is None else [None if d is None else int(d) for d in shape]
