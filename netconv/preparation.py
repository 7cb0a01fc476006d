"""From files to a graph that is ready to be built: the pipeline shared by convert, inspect, train and all others. Knows
the order of the steps, not how they work, and no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from .errors import FormatError, option, spelled
from .frontends.mxnet import reader
from .graph.graph import Graph
from .graph.partial_shape import Lengths, Shape
from .ops import registry
from .passes import canonicalize, constant_limits, fuse_layers, initialize, reachability, recurrent_states, reroll_rnn
from .passes.rewriter import GraphRewriter
from .shapes import shape_inference


@dataclass(frozen=True)
class Net:
    """A net as read from its files: `graph` has the arrays of the parameter file `parameters`, None if there is not
    one."""

    graph: Graph
    parameters: Path | None


@dataclass(frozen=True)
class Prepared:
    """A graph that is ready to be built: every op known, every input with a shape, every parameter with values.

    `shapes` are the shapes of the inputs by node index, in MXNet's axis order, None for an open length; `zeros` the
    recurrent states that start at zero, by node index; `parameters` the parameter file, None for an untrained net;
    `notes` are for the user; `canonical` the graph before layers were fused; `nodes` how many ops the file has.
    """

    graph: Graph
    shapes: dict[int, Lengths]
    zeros: frozenset[int]
    parameters: Path | None
    notes: tuple[str, ...]
    canonical: Graph
    nodes: int

    @property
    def input_shapes(self) -> dict[str, Lengths]:
        """The shapes of the model's inputs by name."""
        return {self.graph.nodes[i].name: shape for i, shape in self.shapes.items() if i not in self.zeros}


def read(symbol: Path | str | BinaryIO, params: Path | str | Literal[False] | None = None) -> Net:
    """Reads a net: `symbol` is a path or a binary stream, `params` the parameter file, None for the one next to
    `symbol`, False for none. Raises FormatError."""
    if params is None and not hasattr(symbol, "read"):
        params = reader.find_params(symbol)
    found = Path(params) if params else None
    return Net(reader.read(symbol, False if found is None else found), found)


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
    raw, given = net.graph, dict(input_shapes or {})
    registry.check(raw)
    graph = canonicalize.canonicalize(raw, states or any(recurrent_states.is_state(name) for name in given), given)
    zeros = recurrent_states.zero_states(graph, given, states)
    inferred = shape_inference.infer(
        graph,
        recurrent_states.filler_shapes(graph, zeros) | given,
        ignored={node.name for node in raw.nodes if node.op == "null"},
        zeros=zeros,
        row=row,
        rows=rows,
    )
    completed = _with_parameters(net, graph, inferred.arrays, given, seed, init)
    notes = (*_parameter_notes(net, seed), *_graph_notes(raw, graph, zeros, given), *inferred.notes)
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
    return Prepared(fused, shapes, zeros, net.parameters, notes, graph, nodes)


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
        return (f"no parameter file: untrained, initial weights drawn with seed {seed}",)
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
