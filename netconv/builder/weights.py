"""The variables and operations of a model that was built: where each came from, and what it is called."""

from __future__ import annotations

from ..errors import FormatError
from ..graph.graph import Graph
from ..graph.tracked_array import pieces, sources
from ..keras_api.lazy import keras
from ..passes.canonicalize import computed_with
from .site import BuildState, snake


def restore_initializers(state: BuildState) -> dict[str, tuple]:
    """Gives the layers back their own initializers; returns each variable's path and origin."""
    weights = {}
    for owner, variable, origin, attribute, initializer in state.placed:
        setattr(owner, attribute, initializer)
        made = getattr(owner, variable, None)
        if made is not None:
            weights[made.path] = origin
    return weights


def duplicated_parameters(weights: dict[str, tuple]) -> dict[str, list[str]]:
    """The parameters that are in more than one variable, and those variables: they would train apart."""
    places: dict[str, list[tuple[str, str]]] = {}
    for path, origin in weights.items():
        for name, piece in pieces(origin):
            places.setdefault(name, []).append((piece, path))
    found = {}
    for name, taken in places.items():
        parts = [piece for piece, _ in taken]
        if len(parts) > 1 and ("" in parts or len(set(parts)) < len(parts)):
            found[name] = list(dict.fromkeys(path for _, path in taken))
    return found


def unused_parameters(graph: Graph, used: set[str]) -> list[str]:
    """The parameters that are not in the model because only the shape of what is made with them counts. Raises
    FormatError if another that a head needs is neither there nor set aside by the op that reads it."""
    left = {name: i for i, array in graph.arrays.items() for name in sources(array.origin) if name not in used}
    needed = computed_with(graph) if left else ()
    for name, index in left.items():
        if index in needed:
            raise FormatError(f"{graph.source}: parameter {name!r} was not used: no layer took it")
    return list(left)


def name_operations(state: BuildState, model) -> list:
    """Gives the operations that are no layers names that do not depend on what was built before in the process; returns
    all but the inputs and the models within."""
    operations = [o for o in model.operations if not isinstance(o, (keras.layers.InputLayer, keras.Model))]
    made = {key: name for key, (_, name) in state.made.items()}
    node: dict[int, str] = {}  # the node that a tensor within a node is on the way to
    names: dict[int, str] = {}
    for operation in reversed(operations):
        produced = [id(t) for t in keras.tree.flatten(operation.output)]
        kind = snake(type(operation).__name__)
        whole = next((made[key] for key in produced if key in made), None)
        base = whole or next((node[key] for key in produced if key in node), None)
        names[id(operation)] = whole or (f"{base}.{kind}" if base else kind)
        for tensor in keras.tree.flatten(operation.input):
            node.setdefault(id(tensor), base or kind)
    for operation in operations:
        if not isinstance(operation, keras.layers.Layer):
            operation.name = state.unique(names[id(operation)])
    return operations
