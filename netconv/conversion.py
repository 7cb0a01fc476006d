"""The whole way from files to a compiled model. Knows the order of the steps, not how they are done."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import preparation
from .errors import FormatError, LayerError, NodeError, OpenShape, option
from .graph.partial_shape import format_shape
from .keras_api.lazy import no_collection
from .keras_files import archive
from .preparation import Prepared
from .shapes import shape_inference


@dataclass(frozen=True)
class Conversion:
    """A compiled model: `build_report` (`model_builder.BuildReport`), `choices` (one LossChoice per head), `members`
    for its archive."""

    model: Any
    build_report: Any
    choices: list
    prepared: Prepared
    members: dict[str, bytes]


def convert(
    symbol,
    params=None,
    *,
    input_shapes=None,
    row=None,
    rows=None,
    loss=None,
    optimizer=None,
    learning_rate=None,
    metrics="auto",
    states: bool = False,
    seed: int = 0,
    init: str | None = None,
    bake_encoder: bool = False,
) -> Conversion:
    """The compiled model of a graph. The optimizer has no slots yet: `archive.save` writes them without them."""
    net = preparation.read(symbol, params, bake_encoder=bake_encoder)
    prepared = preparation.prepare(
        net, input_shapes=input_shapes, row=row, rows=rows, states=states, seed=seed, init=init
    )
    return build(prepared, input_shapes, loss=loss, optimizer=optimizer, learning_rate=learning_rate, metrics=metrics)


def build(
    prepared: Prepared, input_shapes=None, *, loss=None, optimizer=None, learning_rate=None, metrics="auto"
) -> Conversion:
    """The compiled model of a prepared graph. `input_shapes` are those that the user gave, for the question if the
    model needs a length that is not known. Raises NetconvError."""
    from .builder import compile_model, model_builder
    from .keras_files import source_net

    with no_collection():
        try:
            model, built = model_builder.build(prepared.graph, prepared.shapes, prepared.zeros)
        except OpenShape as error:
            inputs = {prepared.graph.nodes[index].name: shape for index, shape in prepared.shapes.items()}
            raise shape_inference.open_shape_error(prepared.canonical, input_shapes or {}, inputs, error) from error
    outputs = model.outputs
    if not input_shapes:
        _check_outputs(prepared, outputs)
    chosen = compile_model.loss_choices(prepared.graph, [len(output.shape) for output in outputs])
    if archive.CLASSES in prepared.net.members and outputs[0].shape[-1] != 1:
        chosen = [compile_model.of_named_classes(chosen[0])]
    compile_model.compile_model(model, chosen, loss, optimizer, learning_rate, metrics)
    members = source_net.members_of(prepared.graph, built.weights, model) | dict(prepared.net.members)
    if prepared.net.parameters is None:
        members[archive.UNTRAINED] = b"true\n"
    return Conversion(model, built, chosen, prepared, members)


def _check_outputs(prepared: Prepared, outputs: Sequence[Any]) -> None:
    """Raises FormatError if an output has another shape than the file says: its layers compute something else."""
    for name, output in zip(prepared.graph.ports, outputs, strict=False):
        expected, found = prepared.net.output_shapes.get(name), tuple(output.shape)
        if expected is None:
            continue
        if len(expected) != len(found) or any(
            None not in pair and pair[0] != pair[1] for pair in zip(expected, found, strict=True)
        ):
            raise FormatError(
                f"{prepared.net.graph.source}: its output {name!r} has the shape {format_shape(expected)}, and the "
                f"model's would have {format_shape(found)}: a layer of the net is not converted as Mathematica "
                f"computes it"
            )


@dataclass(frozen=True, repr=False)
class Report:
    """A conversion in words: `text` for a person, `facts` for a program (plain JSON)."""

    text: str
    facts: dict[str, Any]

    def __repr__(self) -> str:
        return self.text


def keras_path(symbol: Path | str) -> Path:
    """Where the model of a net goes: `net.json` and `net-symbol.json` to `net.keras` beside it."""
    symbol = Path(symbol)
    return symbol.with_name(symbol.stem.removesuffix("-symbol") + ".keras")


def convert_file(symbol, params=None, *, output=None, classes: list[str] | None = None, **options) -> Report:
    """Converts a net and saves the model to `output`, a path or a binary stream; None is beside the net."""
    if output is None:
        output = keras_path(symbol)
    path = None if hasattr(output, "write") else Path(output)
    if path is not None:
        archive.check_suffix(path)
    done = convert(symbol, params, **options)
    if path is not None and not hasattr(symbol, "read") and path.resolve() == Path(symbol).resolve():
        raise FormatError(f"{path}: the model would be written over the net; choose another output")
    members = dict(done.members)
    if classes is not None:
        width = done.model.outputs[0].shape[-1]
        if len(set(classes)) != len(classes) or (width or 1) not in (len(classes), 1 if len(classes) == 2 else 0):
            raise FormatError(
                f"{len(classes)} class names ({', '.join(classes)}) for an output of {width}: give one each"
            )
        members[archive.CLASSES] = json.dumps(classes).encode() + b"\n"
    notes: list[str] = []
    try:
        archive.save(done.model, output, members, notes.append)
    except LayerError as error:
        raise _node_error(done, error) from None
    return report(done, None if path is None else str(path), tuple(notes))


def _node_error(done: Conversion, error: LayerError) -> NodeError | LayerError:
    """The error with the node that the layer or operation was made for: the one whose name it begins with."""
    made = [
        i for i, name in done.build_report.names.items() if re.match(rf"{re.escape(name)}(?![A-Za-z0-9])", error.layer)
    ]
    if not made:
        return error
    node = done.prepared.graph.nodes[max(made, key=lambda index: len(done.build_report.names[index]))]
    return NodeError(node.op, node.name, f"{error.kind} {error.what}; {error.remedy}")


def report(done: Conversion, path: str | None, notes: tuple[str, ...] = ()) -> Report:
    """What was converted, for the user; `notes` are those of its file."""
    graph, built, model = done.prepared.graph, done.build_report, done.model
    facts = {
        "net": graph.source,
        "path": path,
        "parameter_file": str(done.prepared.net.parameters) if done.prepared.net.parameters else None,
        "unused": list(graph.unused),
        "nodes": done.prepared.nodes,
        "layers": built.layers,
        "parameters": built.parameters,
        "transposes": built.transposes,
        "inputs": {tensor.name: list(tensor.shape) for tensor in model.inputs},
        "outputs": [[name, list(t.shape)] for name, t in zip(graph.ports, model.outputs, strict=True)],
        "losses": [c.loss if isinstance(c.loss, str) else c.loss.name for c in done.choices],
        "why": [c.why for c in done.choices],
        "loss": _names(model.loss),
        "optimizer": model.optimizer.name,
        "learning_rate": float(f"{float(model.optimizer.learning_rate):.6g}"),
        "notes": [*done.prepared.notes, *built.notes, *notes],
    }
    source = facts["parameter_file"]
    lines = [
        f"{graph.source}: {built.layers} layers from {done.prepared.nodes} nodes, "
        + (f"{built.parameters} parameters copied from {source}" if source else "no parameters copied"),
        *(f"input  {name} {format_shape(shape)}" for name, shape in facts["inputs"].items()),
        *(f"output {name} {format_shape(shape)}" for name, shape in facts["outputs"]),
        *(
            f"loss   {name}, because {why}; {option('loss')} overrides it"
            if facts["loss"] == facts["losses"]
            else f"loss   {', '.join(facts['loss'])}, as given"
            for name, why in zip(facts["losses"], facts["why"], strict=True)
        ),
        f"optimizer {facts['optimizer']}, learning rate {facts['learning_rate']:g}",
        *(f"note: {note}" for note in facts["notes"]),
    ]
    if built.transposes:
        many = "transpose" if built.transposes == 1 else "transposes"
        lines.append(f"note: {built.transposes} {many} between MXNet's axis order and Keras's")
    return Report("\n".join(lines), facts)


def _names(loss) -> list[str]:
    losses = loss if isinstance(loss, list) else [loss]
    return [each if isinstance(each, str) else each.name for each in losses]
