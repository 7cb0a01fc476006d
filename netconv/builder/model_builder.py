"""Graph to keras.Model: one pass over the nodes, each translated at its Site. Knows the registry, no single op."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from ..errors import FormatError, NodeError
from ..graph.attributes import TYPES
from ..graph.graph import Edge, Graph
from ..graph.tracked_array import TrackedArray, sources
from ..keras_api.lazy import keras, layers, ops
from ..kernels import layout
from ..kernels.layout import LaidOutTensor, StoredOperand
from ..ops import registry
from .site import BuildState, Site, keras_name, precision, wrap
from .submodels import starts
from .weights import duplicated_parameters, name_operations, restore_initializers, unused_parameters

DTYPES = {str(number): kind for number, kind in TYPES.items()}
"""Types by what `__dtype__` says; where it says nothing known they are float32."""


@dataclass(frozen=True)
class Account:
    """What was done: `names` maps node index to layer name, `weights` each Keras variable's path to its origin
    (`arrays.py`), `notes` what a user should know."""

    nodes: int
    layers: int
    parameters: int
    transposes: int
    names: dict[int, str]
    weights: dict[str, tuple]
    notes: tuple[str, ...] = ()


def build(graph: Graph, shapes: dict[int, tuple], zeros: set[int] = frozenset()) -> tuple[Any, Account]:
    """The keras.Model of a normalised graph.

    `shapes` gives the shape of every input (and state) by node index, batch axis included, None for an unknown size;
    `zeros` are the inputs that are no inputs of the model but start at zero. Raises NodeError, FormatError.
    """
    state = BuildState(translate)
    while True:
        model, account = _built(graph, shapes, zeros, state)
        doubled = duplicated_parameters(account.weights)
        if not doubled:
            return model, account
        for name, paths in doubled.items():
            if name in state.tied:
                where = ", ".join(paths)
                raise FormatError(
                    f"{graph.source}: Keras layers cannot share parameter {name!r} as these nodes do: {where}"
                )
        state = BuildState(translate, tied=state.tied | doubled.keys())


def _built(graph: Graph, shapes: dict[int, tuple], zeros: set[int], state: BuildState) -> tuple[Any, Account]:
    values: dict[int, Any] = {}
    inputs = []
    for index in graph.inputs():
        if index in zeros:
            continue
        node = graph.nodes[index]
        tensor = keras.Input(
            batch_shape=tuple(d or None for d in shapes[index]),
            name=state.unique(keras_name(node.name) or "input"),
            dtype=DTYPES.get(node.hints.get("dtype"), "float32"),
        )
        inputs.append(tensor)
        site = Site(state, graph, index)
        values[index] = LaidOutTensor(tensor, None, site)
        if state.first is None:
            state.first = tensor
    if not inputs:
        raise FormatError(f"{graph.source}: the graph has no input")
    for index in zeros:
        site = Site(state, graph, index)
        values[index] = wrap(site, site.zeros(shapes[index]), None)
    outputs = []
    for edge, (value, home) in zip(graph.heads, translate(state, graph, values, zeros, starts(graph)), strict=True):
        home = home if isinstance(value, LaidOutTensor) else state.parts.number
        outputs.append((_head(state, graph, edge, value.natural()), home))
    name = state.unique(keras_name(re.split(r"[\\/]", graph.source)[-1].partition(".")[0]) or "net")
    outputs, parts = state.parts.joined(outputs, lambda: state.unique(f"{name}.part"))
    try:
        model = _model(inputs, outputs, name)
    except ValueError:  # Keras before 3.13 wants every input to lead somewhere, one of which only the shape counts too
        ends = [Site(BuildState(translate, first=tensor), graph, 0).nothing(str(outputs[0].dtype)) for tensor in inputs]
        outputs[0] = ops.add(outputs[0], ops.reshape(sum(ends[1:], ends[0]), (1,) * max(1, len(outputs[0].shape))))
        model = _model(inputs, outputs, name)
    made = [operation for part in (*parts, model) for operation in name_operations(state, part)]
    weights = restore_initializers(state)
    kept = {variable.path for variable in model.variables}
    weights = {path: origin for path, origin in weights.items() if path in kept}
    used = {name for origin in weights.values() for name in sources(origin)}
    if unused := unused_parameters(graph, used | state.discarded):
        state.notes.append(f"{', '.join(unused)}: only its shape is used")
    account = Account(
        nodes=sum(node.op != "null" for node in graph.nodes),
        layers=len(made),
        parameters=len(used),
        transposes=sum(type(o).__name__ in ("Permute", "Transpose") for o in made),
        names=dict(state.made.values()),
        weights=weights,
        notes=tuple(state.notes),
    )
    return model, account


def _model(inputs: list, outputs: list, name: str):
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0], name=name)


def translate(state: BuildState, graph: Graph, values: dict[int, Any], zeros, begins: list[int] = ()) -> list[tuple]:
    """The values of the heads of a graph, given those of its inputs by node index; each with the part that it lies in,
    which begin at the nodes `begins`."""
    readers = graph.consumers()
    used: dict[int, set[int]] = {}
    for node in graph.nodes:
        for edge in node.inputs:
            used.setdefault(edge.node, set()).add(edge.output)
    for edge in graph.heads:
        used.setdefault(edge.node, set()).add(edge.output)
    stored = set(graph.arrays) | {index for index, value in values.items() if isinstance(value, StoredOperand)}
    found: dict[Edge, Any] = {Edge(index): value for index, value in values.items()}
    home = dict.fromkeys(range(len(graph.nodes)), state.parts.number)

    starting = set(begins)

    def here(edge: Edge):
        value = _found(graph, found, edge)
        if home[edge.node] == state.parts.number or isinstance(value, StoredOperand):
            return value
        return LaidOutTensor(state.parts.here(value.tensor, home[edge.node]), value.order, value.site)

    for index, node in enumerate(graph.nodes):
        if index in starting:
            state.parts.number += 1
        site = Site(state, graph, index, frozenset(used.get(index, ())), zeros)
        if index in graph.arrays:
            alone = len(readers[index]) == 1 and not site.tied(graph.arrays[index])
            found[Edge(index)] = StoredOperand(graph.arrays[index], alone, site.tensor, site)
        if index in stored:
            array = found[Edge(index)].array
            spread = len({bisect_right(begins, reader) for reader, _ in readers[index]}) > 1
            if spread:
                state.spread.add(id(array))
            if spread or not _owned(graph, readers[index], stored):
                state.loose[id(array)] = array
        if Edge(index) in found:
            continue
        home[index] = state.parts.number
        results = _translate(
            site, registry.translation(node.op), [here(e) for e in node.inputs], registry.typed_attributes(node)
        )
        for output, result in enumerate(results):
            if isinstance(result, StoredOperand) and len(readers[index]) > 1:
                result.alone = False
                state.loose[id(result.array)] = result.array
            found[Edge(index, output)] = result
    return [(_found(graph, found, edge), home[edge.node]) for edge in graph.heads]


def _found(graph: Graph, found: dict[Edge, Any], edge: Edge):
    if found.get(edge) is None:
        node = graph.nodes[edge.node]
        count = sum(e.node == edge.node and v is not None for e, v in found.items())
        raise NodeError(node.op, node.name, f"has {count} outputs; output {edge.output} is requested")
    return found[edge]


def _translate(site: Site, translation, given: list, attributes: dict) -> list:
    policy = translation.layout or layout.plain
    declared = list(translation.inputs)
    if declared and declared[-1].variadic:
        declared[-1:] = [declared[-1]] * (len(given) - len(declared) + 1)
    values: list[Any] = list(given)
    arrays: dict[int, TrackedArray] = {}
    for position, (value, kind) in enumerate(zip(given, declared, strict=False)):
        if kind.stored and isinstance(value, StoredOperand):
            arrays[position], values[position] = value.array, None
    site.values = given
    try:
        tensors, attributes, order = policy(site, values, attributes)
        if arrays:
            _keep_alive(site, tensors)
        for position, value in enumerate(given):
            if position in arrays:
                tensors[position] = arrays[position]
            elif (
                isinstance(value, StoredOperand)
                and site.precision()
                and not isinstance(tensors[position], StoredOperand)
            ):
                tensors[position] = ops.cast(tensors[position], **site.precision())  # float16 is read as float32
        result = translation.function(site, *tensors, **attributes)
    except (NodeError, FormatError):
        raise
    except Exception as error:  # Keras, TensorFlow and numpy raise what they like
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        shapes = ", ".join(str(v.shape) for v in given)
        raise site.error(f"cannot be built: {said}", f"inputs of shape {shapes}") from error
    if isinstance(result, (LaidOutTensor, StoredOperand)):
        return [result]
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    return [
        r if isinstance(r, (LaidOutTensor, StoredOperand)) else wrap(site, _with_axis(site, r), order) for r in results
    ]


def _keep_alive(site: Site, tensors: list) -> None:
    """Makes constants that stored arrays are applied to part of the model: what a layer gives for constants would be
    one too, and its weights would train no more."""
    plain = [i for i, t in enumerate(tensors) if t is not None and not isinstance(t, (LaidOutTensor, StoredOperand))]
    if plain and not any(keras.backend.is_keras_tensor(tensors[i]) for i in plain):
        first = tensors[plain[0]]
        tensors[plain[0]] = ops.add(first, site.nothing(str(first.dtype)))


def _with_axis(site: Site, tensor):
    """Outside its numpy names MXNet has no tensor without an axis: one number has shape (1,)."""
    numpy = site.node.op.startswith("_np") or any(value is not None and not value.shape for value in site.values)
    if tensor is None or tensor.shape or numpy:
        return tensor
    return ops.reshape(tensor, (1,))


def _owned(graph: Graph, readers: list[tuple[int, int]], stored: set[int]) -> bool:
    """Whether one layer can own a stored array: all that read it are the same op with the same arrays."""

    def signature(reader):
        node = graph.nodes[reader[0]]
        arrays = tuple(edge.node if edge.node in stored else None for edge in node.inputs)
        return node.op, tuple(sorted(node.attrs.items())), arrays, reader[1]

    return len({signature(reader) for reader in readers}) <= 1


def _head(state: BuildState, graph: Graph, edge: Edge, tensor):
    """An output of the model must be made by something: an input or a constant that is one is copied."""
    if keras.backend.is_keras_tensor(tensor) and not any(tensor is i for i in (state.first,)):
        return tensor
    node = graph.nodes[edge.node]
    site = Site(state, graph, edge.node)
    if not keras.backend.is_keras_tensor(tensor):
        return ops.reshape(ops.add(tensor.reshape(-1), site.nothing(str(tensor.dtype))), tensor.shape)
    part = "output" if node.op == "null" else None
    return site.layer(layers.Identity, part=part, **precision(tensor))(tensor)
