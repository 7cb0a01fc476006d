"""Builds a keras.Model in one pass over the nodes of a graph, each translated at its Site. Knows the registry, no
single op."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FormatError, NodeError, first_line
from ..graph.attributes import TYPES
from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import Shape
from ..graph.tracked_array import TrackedArray, sources
from ..keras_api.lazy import keras, layers, ops
from ..keras_api.model_calls import set_names_aside
from ..keras_api.names import keras_name
from ..kernels import layout
from ..kernels.layout import LaidOutTensor, Operand, StoredOperand
from ..ops import registry
from ..ops.registry import Translation
from . import stored_values
from .ownership import plan
from .places import Place, places_of
from .site import BuildState, Scope, Site, as_operand, connected_zero, precision
from .submodels import part_starts
from .weights import (
    Origins,
    by_layer,
    duplicated_parameters,
    name_operations,
    restore_initializers,
    unused_parameters,
)

DTYPES = {str(number): kind for number, kind in TYPES.items()}
"""Dtypes by the value of the hint `__dtype__`; others are float32."""


@dataclass(frozen=True)
class BuildReport:
    """Facts about a built model: `names` maps node indices to layer names, `weights` has the origins of the variables
    by layer, `places` says where the model computes the outputs of nodes, `notes` are for the user."""

    layers: int
    parameters: int
    transposes: int
    names: dict[int, str]
    weights: Origins
    places: dict[Edge, Place]
    notes: tuple[str, ...] = ()


def build(graph: Graph, shapes: Mapping[int, Shape], zeros: Collection[int] = ()) -> tuple[Any, BuildReport]:
    """The keras.Model of a prepared graph.

    `shapes` are the shapes of all inputs (and states) by node index, batch axis included, None for an open length;
    `zeros` are the inputs that are not inputs of the model but start at zero. Raises NodeError, FormatError.
    """
    begins = part_starts(graph)
    state = BuildState(_translate_subgraph, plan(graph, shapes, begins))
    scope = Scope(graph, zeros)
    inputs = {index: _input(state, graph.nodes[index], shapes[index]) for index in graph.inputs() if index not in zeros}
    state.first_input = next(iter(inputs.values()))
    values: dict[int, Operand] = {
        index: LaidOutTensor(tensor, None, Site(state, scope, index)) for index, tensor in inputs.items()
    }
    for index in zeros:
        site = Site(state, scope, index)
        values[index] = as_operand(site, site.zeros(shapes[index]), None)
    heads = []
    translator = _Translator(state, scope, values, begins)
    for edge, (value, home) in zip(graph.heads, translator.heads(), strict=True):
        home = home if isinstance(value, LaidOutTensor) else state.parts.number
        heads.append((_as_output(state, scope, edge, value.natural()), home))
    name = state.unique(keras_name(re.split(r"[\\/]", graph.source)[-1].partition(".")[0]) or "net")
    outputs, parts = state.parts.joined(heads, lambda: state.unique(f"{name}_part"))
    model = _model(list(inputs.values()), outputs, name)
    operations = [operation for part in (*parts, model) for operation in name_operations(state, part)]
    return model, _report(graph, state, model, operations, places_of(model, translator.values))


def _input(state: BuildState, node: Node, shape: Shape):
    return keras.Input(
        batch_shape=tuple(n or None for n in shape or ()),
        name=state.unique(keras_name(node.name) or "input"),
        dtype=DTYPES.get(node.hints.get("dtype", ""), "float32"),
    )


def _model(inputs: list, outputs: list, name: str):
    def made(outputs: list):
        set_names_aside(outputs)
        ins, outs = (tensors if len(tensors) > 1 else tensors[0] for tensors in (inputs, outputs))
        return keras.Model(ins, outs, name=name)

    try:
        return made(outputs)
    except ValueError:  # Keras before 3.13 requires that every input is connected, also if only its shape is used
        zeros = [connected_zero(tensor, str(outputs[0].dtype)) for tensor in inputs]
        zero = ops.reshape(sum(zeros[1:], zeros[0]), (1,) * max(1, len(outputs[0].shape)))
        return made([ops.add(outputs[0], zero), *outputs[1:]])


def _report(graph: Graph, state: BuildState, model, operations: list, places: dict[Edge, Place]) -> BuildReport:
    weights = by_layer(model, restore_initializers(state))
    for name, where in duplicated_parameters(weights).items():
        raise FormatError(
            f"{graph.source}: Keras layers cannot share parameter {name!r} as these layers do: {', '.join(where)}"
        )
    used = {name for origins in weights.values() for origin in origins if origin for name in sources(origin)}
    if unused := unused_parameters(graph, used | state.discarded):
        state.notes.append(f"{', '.join(unused)}: only its shape is used")
    return BuildReport(
        layers=len(operations),
        parameters=len(used),
        transposes=sum(type(operation).__name__ in ("Permute", "Transpose") for operation in operations),
        names=dict(state.made_by.values()),
        weights=weights,
        places=places,
        notes=(*state.notes, *stored_values.notes(state.remarks)),
    )


def _translate_subgraph(state: BuildState, graph: Graph, values: dict[int, Operand]) -> list[Operand]:
    """The values of the heads of a subgraph for the values of its null nodes."""
    return [value for value, _ in _Translator(state, Scope(graph), values).heads()]


class _Translator:
    """One pass over the nodes of a graph, whose inputs have `values`; parts begin at the nodes `begins`."""

    def __init__(self, state: BuildState, scope: Scope, values: Mapping[int, Operand], begins: Collection[int] = ()):
        self.state, self.scope, self.graph = state, scope, scope.graph
        self.readers = self.graph.consumers()
        self.values: dict[Edge, Operand | None] = {Edge(index): value for index, value in values.items()}
        self.homes = dict.fromkeys(range(len(self.graph.nodes)), state.parts.number)
        self.begins = frozenset(begins)

    def heads(self) -> list[tuple[Operand, int]]:
        """The values of the heads, each with the number of its part."""
        for index, node in enumerate(self.graph.nodes):
            if index in self.begins:
                self.state.parts.number += 1
            site = Site(self.state, self.scope, index)
            if index in self.graph.arrays:
                self.values[Edge(index)] = self._stored(site, self.graph.arrays[index])
            elif Edge(index) not in self.values:
                self.homes[index] = self.state.parts.number
                for output, result in enumerate(_translate(site, [self._operand(edge) for edge in node.inputs])):
                    if isinstance(result, StoredOperand) and len(self.readers[index]) > 1:
                        result.unshared = False
                    self.values[Edge(index, output)] = result
        return [(self._value(edge), self.homes[edge.node]) for edge in self.graph.heads]

    def _stored(self, site: Site, array: TrackedArray) -> StoredOperand:
        shared = not self.state.ownership.shared.isdisjoint(sources(array.origin))
        return StoredOperand(array, len(self.readers[site.index]) == 1 and not shared, site.tensor, site)

    def _operand(self, edge: Edge) -> Operand:
        """The value of an edge in the part that is being built."""
        value = self._value(edge)
        if isinstance(value, StoredOperand) or self.homes[edge.node] == self.state.parts.number:
            return value
        return LaidOutTensor(self.state.parts.here(value.tensor, self.homes[edge.node]), value.order, value.site)

    def _value(self, edge: Edge) -> Operand:
        value = self.values.get(edge)
        if value is None:
            node = self.graph.nodes[edge.node]
            count = sum(other.node == edge.node and found is not None for other, found in self.values.items())
            raise NodeError(node.op, node.name, f"has {count} outputs; output {edge.output} is requested")
        return value


def _translate(site: Site, given: list[Operand]) -> list[Operand | None]:
    """The outputs of a node for its inputs."""
    translation = registry.translation(site.node.op)
    attributes = registry.typed_attributes(site.node)
    site.values = given
    try:
        tensors, attributes, order = _arguments(site, translation, attributes)
        result = translation.function(site, *tensors, **attributes)
    except (NodeError, FormatError):
        raise
    except Exception as error:  # Keras, TensorFlow and numpy raise any exception
        shapes = ", ".join(str(value.shape) for value in given)
        raise site.error(f"cannot be built: {first_line(error)}", f"inputs of shape {shapes}") from error
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    return [None if each is None else _operand(site, each, order) for each in results]


def _operand(site: Site, result, order) -> Operand:
    if isinstance(result, (LaidOutTensor, StoredOperand)):
        return result
    return as_operand(site, _at_least_1d(site, result), order)


def _arguments(site: Site, translation: Translation, attributes: dict[str, Any]) -> tuple[list, dict[str, Any], Any]:
    """The inputs and attributes that a translation is called with, by the layout that it declares, and the axis order
    of its results. Inputs are stored arrays where the op declares them so, tensors otherwise."""
    given = site.values
    inputs = list(translation.inputs)
    if inputs and inputs[-1].variadic:
        inputs[-1:] = [inputs[-1]] * (len(given) - len(inputs) + 1)
    arrays = {
        position: value.array
        for position, (value, declared) in enumerate(zip(given, inputs, strict=False))
        if declared.stored and isinstance(value, StoredOperand)
    }
    values = [None if position in arrays else value for position, value in enumerate(given)]
    tensors, attributes, order = (translation.layout or layout.plain)(site, values, attributes)
    if arrays:
        _keep_alive(site, tensors)
    for position, value in enumerate(given):
        if position in arrays:
            tensors[position] = arrays[position]
        elif isinstance(value, StoredOperand) and site.precision() and not isinstance(tensors[position], StoredOperand):
            tensors[position] = ops.cast(tensors[position], **site.precision())  # float16 is read as float32
    return tensors, attributes, order


def _keep_alive(site: Site, tensors: list) -> None:
    """Connects constants to the model if stored arrays are applied to them: otherwise the result of the layer would be
    a constant, and its weights would not be trained."""
    plain = [i for i, t in enumerate(tensors) if t is not None and not isinstance(t, (LaidOutTensor, StoredOperand))]
    if plain and not any(keras.backend.is_keras_tensor(tensors[i]) for i in plain):
        first = tensors[plain[0]]
        tensors[plain[0]] = ops.add(first, site.connected_zero(str(first.dtype)))


def _at_least_1d(site: Site, tensor):
    """A scalar gets shape (1,): only MXNet's numpy ops have tensors without axes."""
    numpy = site.node.op.startswith("_np") or any(value is not None and not value.shape for value in site.values)
    if tensor.shape or numpy:
        return tensor
    return ops.reshape(tensor, (1,))


def _as_output(state: BuildState, scope: Scope, edge: Edge, tensor):
    """An output of the model, which must be the result of an operation: an input or a constant is copied."""
    if keras.backend.is_keras_tensor(tensor) and tensor is not state.first_input:
        return tensor
    site = Site(state, scope, edge.node)
    if not keras.backend.is_keras_tensor(tensor):
        return ops.reshape(ops.add(tensor.reshape(-1), site.connected_zero(str(tensor.dtype))), tensor.shape)
    part = "output" if site.node.op == "null" else None
    return site.layer(layers.Identity, part=part, **precision(tensor))(tensor)
