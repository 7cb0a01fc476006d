"""The whole way from files to a compiled model. Knows the order of the steps, nothing of how they are done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import FormatError, OpenShape
from .frontends.mxnet import reader
from .graph.graph import Graph
from .graph.partial_shape import format_shape
from .keras_api.lazy import no_collection
from .keras_files import archive
from .ops import registry
from .passes import canonicalize, constant_limits, fuse_layers, initialize, reroll_rnn
from .passes.rewriter import GraphRewriter
from .shapes import shape_inference


@dataclass(frozen=True)
class Prepared:
    """A graph that is ready to be built: every op known, every input with a shape, every parameter with values.

    `shapes` are those of the inputs by node index; `zeros` the recurrent states that start at zero; `parameters` the
    parameter file, None for an untrained net; `notes` what was found out; `asked` the graph that shapes were found for.
    """

    graph: Graph
    shapes: dict[int, tuple]
    zeros: frozenset[int]
    parameters: Path | None
    notes: tuple[str, ...]
    asked: Graph


@dataclass(frozen=True)
class Conversion:
    """A compiled model with what is to be said of it: `account` (`build.Account`), `choices` (one a head), `members`
    for its archive."""

    model: Any
    account: Any
    choices: list
    prepared: Prepared
    members: dict[str, bytes]


def prepare(
    symbol,
    params=None,
    *,
    input_shapes: Mapping[str, tuple] | None = None,
    row: tuple[int, ...] | None = None,
    states: bool = False,
    seed: int = 0,
    init: str | None = None,
) -> Prepared:
    """Reads, checks and completes a graph, without Keras; `row` as in `shapes.infer`. Raises NetconvError."""
    if params is None and not hasattr(symbol, "read"):
        params = reader.find_params(symbol)
    raw = reader.read(symbol, False if params is None else params)
    registry.check(raw)
    known = {node.name for node in raw.nodes if node.op == "null"}
    given = dict(input_shapes or {})
    graph = canonicalize.normalise(raw, states or any(canonicalize.is_state(name) for name in given), given)
    zeros = canonicalize.zero_states(graph, given, states)
    asked = graph
    found = shape_inference.infer(
        graph, canonicalize.filler_shapes(graph, zeros) | given, ignored=known, zeros=zeros, row=row
    )
    if params is None or params is False:
        graph = initialize.initialise(graph, found.arrays, seed, given, init)
        notes = (f"no parameter file: untrained, initial weights drawn with seed {seed}",)
    elif init is not None:
        raise FormatError(
            f"{graph.source}: its parameters are in {params}; --init is for a net without a parameter file"
        )
    else:
        initialize.require(graph, given)
        notes = reader.said_unused(raw, params)
    if left_out := canonicalize.losses_left_out(raw, given):
        ports = ", ".join(dict.fromkeys(graph.ports))
        notes = (
            *notes,
            f"{', '.join(left_out)}: used by a loss layer only, which is left out; the outputs of the model are "
            f"{ports}",
        )
    starts = [graph.nodes[index].name for index in sorted(zeros) if not canonicalize.is_filler(graph.nodes[index].name)]
    if starts:
        names = ", ".join(starts)
        notes = (*notes, f"{names}: initial states are zero; --states makes them inputs")
    draft = GraphRewriter(canonicalize.frozen(graph), found.inputs)
    reroll_rnn.roll_up(draft)
    fuse_layers.simplify(draft)
    graph, before = draft.finished()
    inputs = {index: found.inputs[before[index]] for index in graph.inputs()}
    zeros = frozenset(index for index in inputs if before[index] in zeros)
    constant_limits.check(graph, inputs)
    return Prepared(graph, inputs, zeros, Path(params) if params else None, (*notes, *found.notes), asked)


def convert(
    symbol,
    params=None,
    *,
    input_shapes=None,
    row=None,
    loss=None,
    optimizer=None,
    learning_rate=None,
    metrics=None,
    states: bool = False,
    seed: int = 0,
    init: str | None = None,
) -> Conversion:
    """The compiled model of a graph. The optimizer has no slots yet: `archive.save` writes them without them."""
    prepared = prepare(symbol, params, input_shapes=input_shapes, row=row, states=states, seed=seed, init=init)
    from .builder import compile_model, model_builder

    with no_collection():
        try:
            model, account = model_builder.build(prepared.graph, prepared.shapes, prepared.zeros)
        except OpenShape as error:
            inputs = {prepared.graph.nodes[index].name: shape for index, shape in prepared.shapes.items()}
            raise shape_inference.opened(prepared.asked, input_shapes or {}, inputs, error) from error
    outputs = model.outputs
    chosen = compile_model.choices(prepared.graph, [len(output.shape) for output in outputs])
    compile_model.compile_model(model, chosen, loss, optimizer, learning_rate, metrics)
    facts = {"weights.json": json.dumps(dict(sorted(account.weights.items()))).encode()}
    return Conversion(model, account, chosen, prepared, facts)


@dataclass(frozen=True)
class Report:
    """What there is to say of a conversion: `text` for a person, `facts` for a program (plain JSON)."""

    text: str
    facts: dict[str, Any]


def keras_path(symbol: Path | str) -> Path:
    """Where the model of a net goes: `net.json` and `net-symbol.json` to `net.keras` beside it."""
    symbol = Path(symbol)
    return symbol.with_name(symbol.stem.removesuffix("-symbol") + ".keras")


def convert_file(symbol, params=None, *, output=None, classes: list[str] | None = None, **options) -> Report:
    """Converts a net and saves the model to `output`, a path or a binary stream; None is beside the net."""
    if output is None:
        output = keras_path(symbol)
    path = None if hasattr(output, "write") else Path(output)
    if path is not None and not hasattr(symbol, "read") and path.resolve() == Path(symbol).resolve():
        raise FormatError(f"{path}: the model would be written over the net; choose another output")
    done = convert(symbol, params, **options)
    members = dict(done.members)
    if classes is not None:
        width = done.model.outputs[0].shape[-1]
        if len(set(classes)) != len(classes) or (width or 1) not in (len(classes), 1 if len(classes) == 2 else 0):
            raise FormatError(
                f"{len(classes)} class names ({', '.join(classes)}) for an output of {width}: give one each"
            )
        members["classes.json"] = json.dumps(classes).encode()
    archive.save(done.model, output, members)
    return report(done, None if path is None else str(path))


def report(done: Conversion, path: str | None) -> Report:
    """The account of a conversion."""
    graph, account, model = done.prepared.graph, done.account, done.model
    facts = {
        "net": graph.source,
        "path": path,
        "parameter_file": str(done.prepared.parameters) if done.prepared.parameters else None,
        "unused": list(graph.unused),
        "nodes": account.nodes,
        "layers": account.layers,
        "parameters": account.parameters,
        "transposes": account.transposes,
        "inputs": {tensor.name: list(tensor.shape) for tensor in model.inputs},
        "outputs": [[name, list(t.shape)] for name, t in zip(graph.ports, model.outputs, strict=True)],
        "losses": [c.loss if isinstance(c.loss, str) else c.loss.name for c in done.choices],
        "why": [c.why for c in done.choices],
        "loss": _names(model.loss),
        "optimizer": model.optimizer.name,
        "learning_rate": float(f"{float(model.optimizer.learning_rate):.6g}"),
        "notes": [*done.prepared.notes, *account.notes],
    }
    source = facts["parameter_file"]
    lines = [
        f"{graph.source}: {account.nodes} nodes, {account.layers} layers, "
        + (f"{account.parameters} parameters copied from {source}" if source else "no parameters copied"),
        *(f"input  {name} {format_shape(shape)}" for name, shape in facts["inputs"].items()),
        *(f"output {name} {format_shape(shape)}" for name, shape in facts["outputs"]),
        *(
            f"loss   {name}, because {why}; --loss overrides it"
            if facts["loss"] == facts["losses"]
            else f"loss   {', '.join(facts['loss'])}, as given"
            for name, why in zip(facts["losses"], facts["why"], strict=True)
        ),
        f"optimizer {facts['optimizer']}, learning rate {facts['learning_rate']:g}",
        *(f"note: {note}" for note in facts["notes"]),
    ]
    if account.transposes:
        many = "transpose" if account.transposes == 1 else "transposes"
        lines.append(f"note: {account.transposes} {many} between MXNet's axis order and Keras's")
    return Report("\n".join(lines), facts)


def _names(loss) -> list[str]:
    losses = loss if isinstance(loss, list) else [loss]
    return [each if isinstance(each, str) else each.name for each in losses]
