"""A model for inference alone, which computes the same with fewer layers: normalizations and scalings become a part of
the convolutions and dense layers beside them, and what only acts in training is left out. Knows models, no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..keras_api.lazy import keras, no_collection
from ..keras_api.model_calls import calls_of
from ..keras_files.layer_copies import LayerCopies, structured_like, without_compiling
from . import affine as affines
from .kernels import Weights, fold_behind, fold_in_front, weights_of

TRAINING_ONLY = frozenset({
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
})  # fmt: skip
"""Layers that return their input in inference."""
MOVES = ("Flatten", "Reshape", "Squeeze", "ExpandDims", "Permute", "Transpose", "ZeroPadding1D", "ZeroPadding2D",
         "ZeroPadding3D")  # fmt: skip
"""Layers that a scale and an offset pass through."""


def inference_model(model) -> tuple[Any, int]:
    """A copy of a model for inference, not compiled, with the same inputs, and the number of layers that it lacks.

    Layers that are called several times, and tensors that several layers read, stay as they are. Products are computed
    in double precision.
    """
    with no_collection():
        rebuilder = _Rebuilder(Counter(_uses(without_compiling(model))))
        copy = rebuilder.rebuilt(model)
        rebuilder.copies.copy_values()
        for weights, layer in rebuilder.folded:
            weights.assign(layer)
    return copy, rebuilder.removed


def _uses(model) -> Iterator[int]:
    """The id of each layer, once for each time that it is called, in a functional model and those within it."""
    within: dict[int, Any] = {}
    calls = calls_of(model)
    for operation in model.operations:
        yield from (id(operation) for _ in calls[id(operation)])
        if isinstance(operation, keras.Model):
            within[id(operation)] = operation
        elif isinstance(operation, keras.layers.Layer):
            yield from (id(layer) for layer in operation._flatten_layers(include_self=False))
    for inner in within.values():
        if _has_calls(inner):
            yield from _uses(without_compiling(inner))


def _has_calls(model) -> bool:
    """Whether a model is made of calls of layers, and not a class with code of its own."""
    return isinstance(model, keras.Sequential) or hasattr(model, "operations")


class _Rebuilder:
    """Copies models without the layers that inference does not need."""

    def __init__(self, uses: Counter[int]):
        self.uses = uses
        self.copies = LayerCopies(of_model=self._of_model)
        self.folded: list[tuple[Weights, Any]] = []
        """Weights and the layers that get them."""
        self.removed = 0

    def rebuilt(self, model):
        """The copy of a model and those within it, with inputs and outputs in the same structure."""
        bare = without_compiling(model)
        plan = _Plan(bare, self.uses)
        self.removed += len(plan.removed)
        originals: dict[int, Any] = {}

        def copied(operation):
            weights = plan.weights.get(id(operation))
            copy = self.copies.of(operation) if weights is None else self._folded(weights)
            originals[id(copy)] = operation
            return copy

        def called(copy, *args, **kwargs):
            return args[0] if id(originals[id(copy)]) in plan.removed else copy(*args, **kwargs)

        copy = keras.models.clone_model(bare, clone_function=copied, call_function=called)
        return structured_like(model, copy.inputs, copy.outputs)

    def _of_model(self, model):
        return self.rebuilt(model) if _has_calls(model) else _as_is(model)

    def _folded(self, weights: Weights):
        layer = type(weights.layer).from_config(weights.config())
        self.folded.append((weights, layer))
        return layer


def _as_is(model):
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


class _Plan:
    """Which operations of a model are `removed`, by id, and the `weights` of the layers that take them in, by id."""

    def __init__(self, model, uses: Counter[int]):
        self.removed: set[int] = set()
        self.weights: dict[int, Weights] = {}
        self._calls: dict[int, Any] = {}
        self._makers: dict[int, Any] = {}
        self._readers: dict[int, list] = {}
        self._outputs = {id(tensor) for tensor in model.outputs}
        calls = calls_of(model)
        once = [each for each in model.operations if uses[id(each)] == 1 and _are_simple(calls[id(each)])]
        for operation in model.operations:
            for call in calls[id(operation)]:
                for tensor in call.input_tensors:
                    self._readers.setdefault(id(tensor), []).append(operation)
        for operation in once:
            [self._calls[id(operation)]] = calls[id(operation)]
            self._makers[id(self._output(operation))] = operation
            if _only_trains(operation):
                self.removed.add(id(operation))
        found = [(operation, affine) for operation in once if (affine := affines.of_layer(operation))]
        left = [each for each in found if not self._fold_behind(*each)]
        for operation, affine in reversed(left):  # from the last, as each is in front of what the next one passes
            self._fold_in_front(operation, affine)

    def _fold_behind(self, operation, affine) -> bool:
        """Folds an operation into the layer whose result it alone reads."""
        tensor = self._input(operation)
        while id(tensor) in self._makers and self._is_read_once(tensor):
            maker = self._makers[id(tensor)]
            if id(maker) not in self.removed:
                weights = self._weights(maker)
                return weights is not None and fold_behind(weights, affine) and self._remove(operation, weights)
            tensor = self._input(maker)
        return False

    def _fold_in_front(self, operation, affine) -> bool:
        """Folds an operation into the layer that alone reads its result, also past layers that move elements."""
        tensor = self._output(operation)
        while self._is_read_once(tensor):
            (reader,) = self._readers[id(tensor)]
            if id(reader) not in self._calls:
                return False
            if id(reader) not in self.removed:
                if (weights := self._weights(reader)) is not None:
                    return fold_in_front(weights, affine) and self._remove(operation, weights)
                affine = affines.passed_back(affine, reader) if type(reader).__name__ in MOVES else None
                if affine is None:
                    return False
            tensor = self._output(reader)
        return False

    def _input(self, operation):
        return self._calls[id(operation)].input_tensors[0]

    def _output(self, operation):
        return self._calls[id(operation)].outputs[0]

    def _is_read_once(self, tensor) -> bool:
        return len(self._readers.get(id(tensor), ())) == 1 and id(tensor) not in self._outputs

    def _weights(self, layer) -> Weights | None:
        return self.weights.get(id(layer)) or weights_of(layer)

    def _remove(self, operation, weights: Weights) -> bool:
        self.weights[id(weights.layer)] = weights
        self.removed.add(id(operation))
        return True


def _are_simple(calls: list) -> bool:
    """Whether an operation was called once, with one tensor, and returned one."""
    return (
        len(calls) == 1 and len(calls[0].input_tensors) == 1 and len(calls[0].outputs) == 1
        and bool(calls[0].arguments.args)
    )  # fmt: skip


def _only_trains(operation) -> bool:
    kind = type(operation).__name__
    if kind == "Activation":
        return getattr(operation.activation, "__name__", "") == "linear"
    return kind in TRAINING_ONLY
