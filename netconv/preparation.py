"""From files to a graph that is ready to be built: the pipeline shared by convert, inspect, train and all others. Knows
the order of the steps, not how they work, and no Keras."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from .errors import FormatError, option, spelled, stream_name
from .frontends.mxnet import reader, symbol_json
from .frontends.wolfram.container import is_wlnet
from .graph.graph import Edge, Graph
from .graph.partial_shape import Lengths, Shape
from .ops import registry
from .ops.traits import Keeps
from .passes import canonicalize, constant_limits, fuse_layers, initialize, reachability, recurrent_states, reroll_rnn
from .passes.rewriter import GraphRewriter
from .shapes import shape_inference


@dataclass(frozen=True)
class Net:
    """A net as read from its files: `graph` has the arrays of the file `parameters`, None if there is not one.

    A `.wlnet` file also has the `shapes` of its inputs and the `output_shapes` by name, with the batch axis; `members`
    for the model's archive, and `notes` for the user.
    """

    graph: Graph
    parameters: Path | str | None
    members: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    output_shapes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    is_wlnet: bool = False


@dataclass(frozen=True)
class Prepared:
    """A graph that is ready to be built: every op known, every input with a shape, every parameter with values.

    `shapes` are the shapes of the inputs by node index, in MXNet's axis order, None for an open length; `zeros` the
    recurrent states that start at zero, by node index; `net` is what was read; `notes` are for the user; `canonical` is
    the graph before layers were fused, and `moved` says where its outputs are in `graph`; `nodes` says how many ops the
    file has.
    """

    graph: Graph
    shapes: dict[int, Lengths]
    zeros: frozenset[int]
    net: Net
    notes: tuple[str, ...]
    canonical: Graph
    moved: Mapping[Edge, Edge]
    nodes: int

    @property
    def input_shapes(self) -> dict[str, Lengths]:
        """The shapes of the model's inputs by name."""
        return {self.graph.nodes[i].name: shape for i, shape in self.shapes.items() if i not in self.zeros}


def read(
    symbol: Path | str | BinaryIO,
    params: Path | str | Literal[False] | None = None,
    *,
    bake_encoder: bool = False,
) -> Net:
    """Reads a net: `symbol` is a path or a binary stream of a `net.json` or a `.wlnet` file, told apart by their
    content; `params` the parameter file of a `net.json`, None for the one next to `symbol`, False for none. With
    `bake_encoder` the arithmetic of the image encoders of a `.wlnet` file is a part of the graph.

    Raises FormatError for a damaged file, and UnsupportedOps or NodeError for a layer of a `.wlnet` file."""
    source: Any = symbol
    name = str(symbol)
    if hasattr(symbol, "read"):
        source, name = _held(source), stream_name(symbol)
    if isinstance(source, bytes) or (not hasattr(source, "read") and is_wlnet(source)):
        return _read_wolfram(source, name, params, bake_encoder)
    if bake_encoder:
        bake = option("bake_encoder", True)
        raise FormatError(f"{name}: a net.json has no encoder; {bake} is for the .wlnet file of the net")
    if params is None and not hasattr(source, "read"):
        params = reader.find_params(source)
    found = Path(params) if params else None
    return Net(reader.read(source, False if found is None else found), found)


def _held(stream: BinaryIO) -> BinaryIO | bytes:
    """The bytes of a `.wlnet` file, or a stream of any other file from its beginning."""
    start = stream.read(8)
    if is_wlnet(start):
        return start + stream.read()
    held = io.BytesIO(start + stream.read(symbol_json.LARGEST))
    held.name = getattr(stream, "name", None)  # type: ignore[attr-defined]
    return held


def _read_wolfram(source: Any, name: str, params: Any, bake_encoder: bool) -> Net:
    from .frontends.wolfram import reader as wolfram  # only for these files: it imports all their layers
    from .keras_files import wlnet_members

    found = wolfram.read(source, name, bake_encoder)
    if params:
        raise FormatError(f"{found.graph.source}: a .wlnet file has its arrays; leave out {params}")
    graph = replace(found.graph, text=symbol_json.written(found.graph))
    shapes, output_shapes = (
        {name: (None, *port.shape) for name, port in ports.items() if port.shape is not None}
        for ports in (found.inputs, found.outputs)
    )
    with wolfram.located(graph.source):
        members, notes = wlnet_members.members(found, bake_encoder), wlnet_members.notes(found, bake_encoder)
    if params is False or not found.graph.parameters:
        return Net(replace(graph, arrays={}, parameters=()), None, members, notes, shapes, output_shapes, is_wlnet=True)
    if found.uninitialized:
        raise FormatError(
            f"{graph.source}: some arrays are not initialized: {symbol_json.format_names(found.uninitialized, 5)}; "
            "initialize the net with NetInitialize before Export"
        )
    return Net(graph, graph.source, members, notes, shapes, output_shapes, is_wlnet=True)


def prepare(
    net: Net,
    *,
    input_shapes: Mapping[str, tuple] | None = None,
    row: tuple[int, ...] | None = None,
    rows: Mapping[str, tuple[int, ...]] | None = None,
    states: bool = False,
    seed: int = 0,
    init: str | None = None,
) -> Prepared:
    """Checks and completes a net.

    `input_shapes` are shapes by input name, `row` and `rows` are shapes of rows of data, as in `shape_inference.infer`;
    with `states` the states of recurrent layers are inputs and outputs. A net without a parameter file gets initial
    values drawn with `seed`, those of weights by the initializer `init`. Raises NetconvError for every fault of a net
    that can be detected before Keras makes layers.
    """
    raw, given = net.graph, {**net.shapes, **(input_shapes or {})}
    registry.check(raw)
    graph, zeros, inferred = infer(net, input_shapes or {}, row=row, rows=rows, states=states)
    completed = _with_parameters(net, graph, inferred.arrays, given, seed, init)
    notes = (*net.notes, *_parameter_notes(net, seed), *_graph_notes(raw, graph, zeros, given), *inferred.notes)
    rewriter = GraphRewriter(reachability.freeze_blocked(completed), inferred.inputs)
    reroll_rnn.reroll(rewriter)
    fuse_layers.fuse(rewriter)
    fused, before = rewriter.finished()
    shapes = {index: inferred.inputs[before[index]] for index in fused.inputs()}
    zeros = frozenset(index for index in shapes if before[index] in zeros)
    if zeros == shapes.keys():
        raise FormatError(f"{raw.source}: the graph has no input")
    constant_limits.check(fused, shapes)
    nodes = sum(node.op != "null" for node in raw.nodes)
    return Prepared(fused, shapes, zeros, net, notes, graph, rewriter.moved(before), nodes)


def infer(
    net: Net,
    input_shapes: Mapping[str, tuple],
    *,
    row: tuple[int, ...] | None = None,
    rows: Mapping[str, tuple[int, ...]] | None = None,
    states: bool = False,
) -> tuple[Graph, frozenset[int], shape_inference.Inferred]:
    """The canonical graph of a net, its inputs that start at zero, and the shapes of its inputs and parameters.
    The arguments are as for `prepare`. Raises NetconvError."""
    raw, given = net.graph, {**net.shapes, **input_shapes}
    states_given = any(recurrent_states.is_state(name) for name in input_shapes)
    graph = canonicalize.canonicalize(raw, states or states_given, given)
    zeros = recurrent_states.zero_states(graph, given, states)
    inferred = shape_inference.infer(
        graph,
        {**recurrent_states.filler_shapes(graph, zeros), **given},
        ignored={node.name for node in raw.nodes if node.op == "null"},
        zeros=zeros,
        row=row,
        rows=rows,
    )
    return graph, zeros, inferred


def node_shapes(net: Net, input_shapes: Mapping[str, tuple]) -> dict[Edge, Shape]:
    """The shapes of the outputs of the nodes of a net as it was read, as far as its canonical graph has them. The
    arguments are as for `prepare`. Raises NetconvError."""
    registry.check(net.graph)
    graph, _, inferred = infer(net, input_shapes)
    shapes = shape_inference.forward(graph, {**inferred.inputs, **inferred.arrays})
    indices = [node.index for node in graph.nodes]
    found = {
        Edge(index, edge.output): shape for edge, shape in shapes.items() if (index := indices[edge.node]) is not None
    }
    for index, node in enumerate(net.graph.nodes):  # those that the canonical graph leaves out
        if Edge(index) not in found and node.inputs and registry.keeps(node) == Keeps.INPUT:
            found[Edge(index)] = found.get(node.inputs[0])
    return found


def _with_parameters(
    net: Net, graph: Graph, shapes: Mapping[int, Shape], given: Mapping[str, tuple], seed: int, init: str | None
) -> Graph:
    """The graph with an array for each parameter."""
    if net.parameters is None:
        return initialize.initialize(graph, shapes, seed, given, init)
    if init is not None:
        raise FormatError(
            f"{graph.source}: its parameters are in {net.parameters}; {option('init')} is for a net without a "
            "parameter file"
        )
    initialize.require_arrays(graph, given)
    return graph


def _parameter_notes(net: Net, seed: int) -> tuple[str, ...]:
    if net.parameters is None:
        why = "the net has no values of its arrays" if net.is_wlnet else "no parameter file"
        return (f"{why}: untrained, initial weights drawn with seed {seed}",)
    return reader.unused_note(net.graph, net.parameters)


def _graph_notes(raw: Graph, graph: Graph, zeros: frozenset[int], given: Mapping[str, tuple]) -> tuple[str, ...]:
    """Which losses are left out, and which states start at zero."""
    notes = []
    if left_out := canonicalize.losses_left_out(raw, given):
        ports = ", ".join(dict.fromkeys(graph.ports))
        notes.append(
            f"{', '.join(left_out)}: used by a loss layer only, which is left out; the outputs of the model are {ports}"
        )
    names = [graph.nodes[index].name for index in sorted(zeros)]
    if starts := [name for name in names if not recurrent_states.is_filler(name)]:
        states = spelled("`convert --states`", "convert(..., states=True)")
        notes.append(f"{', '.join(starts)}: initial states are zero; {states} makes them inputs")
    return tuple(notes)
