"""The variables of a built model with the parameters that they hold, and the names of its operations. Knows no op."""

from __future__ import annotations

from ..errors import FormatError
from ..graph.graph import Graph
from ..graph.tracked_array import parameter_parts, sources
from ..keras_api.lazy import keras
from ..keras_api.weighted_layers import weighted_layers
from ..passes.reachability import value_dependencies
from .site import BuildState, to_snake_case

Origins = dict[str, list[tuple | None]]
"""By the name of a layer, the origin of each of its weights (`tracked_array.py`), None for one without."""


def restore_initializers(state: BuildState) -> dict[int, tuple]:
    """Sets the layers' own initializers again; returns the origin of each variable by its id."""
    origins = {}
    for owner, variable, origin, attribute, initializer in state.pending_weights:
        setattr(owner, attribute, initializer)
        made = getattr(owner, variable, None)
        if made is not None:
            origins[id(made)] = origin
    return origins


def by_layer(model, origins: dict[int, tuple]) -> Origins:
    """The origins of the variables of a model."""
    return {
        name: [origins.get(id(variable)) for variable in layer.weights]
        for name, layer in weighted_layers(model).items()
    }


def duplicated_parameters(weights: Origins) -> dict[str, list[str]]:
    """The parameters that are in more than one variable, which would be trained separately, with the layers of these
    variables."""
    holders: dict[str, list[tuple[str, str]]] = {}
    for layer, origins in weights.items():
        for name, piece in (found for origin in origins if origin for found in parameter_parts(origin)):
            holders.setdefault(name, []).append((piece, layer))
    found = {}
    for name, taken in holders.items():
        parts = [piece for piece, _ in taken]
        if len(parts) > 1 and ("" in parts or len(set(parts)) < len(parts)):
            found[name] = list(dict.fromkeys(layer for _, layer in taken))
    return found


def unused_parameters(graph: Graph, used: set[str]) -> list[str]:
    """The parameters that are not in the model because only shapes depend on them. Raises FormatError if the values of
    the heads depend on one that is neither among those `used` nor discarded by the op that reads it."""
    left = {name: i for i, array in graph.arrays.items() for name in sources(array.origin) if name not in used}
    needed = value_dependencies(graph) if left else ()
    for name, index in left.items():
        if index in needed:
            raise FormatError(f"{graph.source}: parameter {name!r} was not used: no layer took it")
    return list(left)


def name_operations(state: BuildState, model) -> list:
    """Names the operations that are not layers, so that the names do not depend on what the process built before;
    returns all operations except inputs and submodels."""
    operations = [o for o in model.operations if not isinstance(o, (keras.layers.InputLayer, keras.Model))]
    made = {key: name for key, (_, name) in state.made_by.items()}
    node: dict[int, str] = {}  # the node that a tensor is an intermediate result of
    names: dict[int, str] = {}
    places = {id(operation): place for place, operation in enumerate(operations)}
    deep = [(depth, call) for depth, its in model._nodes_by_depth.items() for call in its]
    calls = [(depth, -places[id(call.operation)], call) for depth, call in deep if id(call.operation) in places]
    for *_, call in sorted(calls, key=lambda entry: entry[:2]):  # from the last; a shared layer has several calls
        operation = call.operation
        produced = [id(t) for t in call.output_tensors]
        kind = to_snake_case(type(operation).__name__)
        whole = next((made[key] for key in produced if key in made), None)
        base = whole or next((node[key] for key in produced if key in node), None)
        names[id(operation)] = whole or (f"{base}_{kind}" if base else kind)
        for tensor in call.input_tensors:
            node.setdefault(id(tensor), base or kind)
    for operation in operations:
        if not isinstance(operation, keras.layers.Layer):
            operation.name = state.unique(names[id(operation)])
    return operations
