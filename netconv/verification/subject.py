"""The model that is verified: reloaded from its file, or given. Knows no MXNet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_files import scratch_folder
from ..builder import places
from ..builder.places import Place
from ..conversion import Conversion
from ..errors import FormatError, NetconvError, first_line, option, option_name
from ..graph.graph import Edge
from ..inference.calling import traced
from ..inference.embedding_inputs import input_names
from ..inference.loading import LoadedModel, open_model
from ..keras_api.lazy import keras
from ..keras_api.names import keras_name
from ..keras_api.weighted_layers import weighted_layers
from ..keras_files import archive, scaling_layers
from ..kernels.layout import Flat


@dataclass(frozen=True)
class Subject:
    """A model with its `name`, and where it computes the outputs of the nodes of the graph as it was read: `tensors`,
    (part of the model, tensor), and the `order` of their axes. `members` are those of its file, and `net_names` the
    names that its inputs have in the net, where they are others."""

    model: Any
    name: str
    tensors: Mapping[Edge, tuple[Any, Any]]
    places: Mapping[Edge, Place]
    members: Mapping[str, bytes]
    net_names: Mapping[str, str] = field(default_factory=dict)

    def call(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs, in inference. Raises NetconvError if the model cannot take inputs of these shapes."""
        values = [inputs[name] for name in input_names(self.model)]
        try:
            return _arrays(self.model(values if len(values) > 1 else values[0], training=False))
        except Exception as error:  # Keras and TensorFlow raise any exception
            shapes = ", ".join(f"{name} {value.shape}" for name, value in inputs.items())
            raise NetconvError(
                f"{self.name} cannot be run on inputs of shape {shapes}: {first_line(error)}; {self._other_sizes()}"
            ) from None

    def _other_sizes(self) -> str:
        inputs = zip(input_names(self.model), self.model.inputs, strict=True)
        shapes = {self.net_names.get(name, name): tuple(tensor.shape) for name, tensor in inputs}
        open_ones = {name: shape for name, shape in shapes.items() if None in shape[1:]}
        if not open_ones:
            return f"the model takes {option('input_shapes', shapes)}"
        return f"give other sizes for the open axes after the batch: {option('input_shapes', open_ones)}"

    def predict(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs as `predict` computes them: compiled."""
        values = [inputs[name] for name in input_names(self.model)]
        return _arrays(traced(self.model, [value.shape for value in values], values)(values))

    def nodes(self, inputs: Mapping[str, np.ndarray], edges: Sequence[Edge]) -> dict[Edge, np.ndarray]:
        """Outputs of nodes in MXNet's axis order, those that the model has."""
        known = [edge for edge in edges if edge in self.tensors]
        if not known:
            return {}
        given = [inputs[name] for name in input_names(self.model)]
        found = places.values_at(self.model, given, [self.tensors[edge] for edge in known])
        return {edge: _natural(value, self.places[edge]) for edge, value in zip(known, found, strict=True)}


def _natural(value: np.ndarray, place: Place) -> np.ndarray:
    """A value in MXNet's axis order; as it is, if it has other axes than the net's node."""
    order = place.order
    fits = value.shape[1:] == (math.prod(order.shape),) if isinstance(order, Flat) else value.ndim == len(order)
    return places.natural(value, order) if fits else value


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]


def places_in_source(converted: Conversion) -> dict[Edge, Place]:
    """Where the model computes the outputs of the nodes of the graph as it was read."""
    prepared = converted.prepared
    found = {}
    for edge, moved in prepared.moved.items():
        node = prepared.canonical.nodes[edge.node]
        if node.op != "null" and node.index is not None and moved in converted.build_report.places:
            found[Edge(node.index, edge.output)] = converted.build_report.places[moved]
    return found


def reloaded(converted: Conversion) -> Subject:
    """The converted model, loaded from a file that is written for it."""
    with scratch_folder() as folder:
        path = folder / "net.keras"
        archive.save(converted.model, path, converted.members)
        model = archive.load(path)
    return _subject(converted, model, "the converted model", converted.members)


def open_keras(given: Path | str | bytes) -> LoadedModel:
    """The model of a `.keras` file, by its path or its bytes. Raises FormatError."""
    if not isinstance(given, bytes) and Path(given).suffix != ".keras":
        raise FormatError(f"{given}: the model that is verified must be a .keras file")
    return open_model(given)


def prepared(loaded: LoadedModel, converted: Conversion, weights: str | None) -> Subject:
    """A model that is given, without the layers that scale the numbers of a table. Raises NetconvError if its inputs or
    outputs are not those of the net, or its weights are not, and `weights` is not "source"."""
    model = _without_scaling(loaded)
    _check_ports(model, converted, loaded.name)
    _check_weights(model, converted, loaded, weights)
    return _subject(converted, model, loaded.name, loaded.members)


def _subject(converted: Conversion, model: Any, name: str, members: Mapping[str, bytes]) -> Subject:
    known = places_in_source(converted)
    graph = converted.prepared.net.graph
    names = {keras_name(graph.nodes[index].name): graph.nodes[index].name for index in graph.inputs()}
    return Subject(model, name, places.tensors_at(model, known), known, members, names)


def _without_scaling(loaded: LoadedModel) -> Any:
    model = loaded.model
    if not scaling_layers.names_of(model):
        return model
    bare = scaling_layers.unscaled(model)
    ins, outs = (tensors if len(tensors) > 1 else tensors[0] for tensors in (bare.inputs, bare.outputs))
    return keras.Model(ins, outs, name=model.name)


def _check_ports(model: Any, converted: Conversion, name: str) -> None:
    net = converted.prepared.net.graph.source
    for what, own, expected in (
        ("inputs", sorted(input_names(model)), sorted(input_names(converted.model))),
        ("outputs", [str(len(model.outputs))], [str(len(converted.model.outputs))]),
    ):
        if own != expected:
            raise NetconvError(
                f"{name}: its {what} are {', '.join(own)}, and those of {net} {', '.join(expected)}: it was converted "
                "from another net"
            )


def _check_weights(model: Any, converted: Conversion, loaded: LoadedModel, weights: str | None) -> None:
    """Compares the weights with those of the converted net, and puts these in for `weights` "source". Those of a net
    without parameters are drawn, and only an untrained model can have them."""
    read, name = converted.prepared.net, loaded.name
    net = read.graph.source
    own, source = weighted_layers(model), weighted_layers(converted.model)
    changed = []
    for layer, its in source.items():
        variables = own[layer].weights if layer in own else []
        shapes = [tuple(variable.shape) for variable in variables]
        expected = [tuple(variable.shape) for variable in its.weights]
        if shapes != expected:
            raise NetconvError(
                f"{name}: the weights of layer {layer!r} have the shapes {_shapes(shapes)}, and {_shapes(expected)} in "
                f"{net}: it was converted from another net"
            )
        for variable, other in zip(variables, its.weights, strict=True):
            value = keras.ops.convert_to_numpy(other)
            if not np.array_equal(keras.ops.convert_to_numpy(variable), value, equal_nan=value.dtype.kind in "fc"):
                changed.append(layer)
                if weights == "source":
                    variable.assign(value)
    if changed and read.parameters is None and not loaded.untrained:
        remedy = f": no parameter file was found beside it; give one with {option_name('params')}"
        without = f"{net}: it has no parameters to compare those of {name} with"
        raise FormatError(without if read.is_wlnet else f"{without}{remedy}")
    if changed and weights != "source":
        layers = list(dict.fromkeys(changed))
        raise NetconvError(
            f"{name}: the weights of {len(layers)} of {len(source)} layers are not those of {net}, {layers[0]!r} first"
            f"; was it trained? {option('weights', 'source')} puts the parameters of the net in"
        )


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"
