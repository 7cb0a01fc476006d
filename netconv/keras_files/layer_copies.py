"""Copies of the layers and operations of a model, so that a changed model can be made of them. Knows no file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..keras_api.lazy import keras


def without_compiling(model):
    """A model of the same layers that is not compiled: a copy of a compiled one would get an optimizer with slots."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def structured_like(model, inputs: list, outputs: list):
    """A functional model, not compiled, whose inputs and outputs are in the structure of those of a model."""
    if isinstance(model, keras.Sequential):
        return keras.Model(*(each[0] if len(each) == 1 else each for each in (inputs, outputs)), name=model.name)
    inputs, outputs = (keras.tree.pack_sequence_as(*each) for each in ((model.input, inputs), (model.output, outputs)))
    return keras.Model(inputs, outputs, name=model.name)


class LayerCopies:
    """Copies of operations and layers, one of each, also where models in the model share them.

    `of_model` copies a model within the model; None copies all its layers.
    """

    def __init__(self, of_model: Callable[[Any], Any] | None = None) -> None:
        self.originals: dict[int, Any] = {}
        """The original of a copy, by the copy's id."""
        self._copies: dict[int, Any] = {}
        self._of_model = of_model or self._copy_model

    def of(self, operation):
        """The copy of an operation, with initial values."""
        if id(operation) not in self._copies:
            if isinstance(operation, keras.Model):
                copy = self._of_model(operation)
            else:
                copy = type(operation).from_config(operation.get_config())
            if copy.name != operation.name:  # of operations, Keras numbers the names
                copy.name = operation.name
            self._copies[id(operation)] = copy
            self.originals[id(copy)] = operation
        return self._copies[id(operation)]

    def copy_values(self) -> None:
        """Gives the copies the values of the originals, also of the states of random numbers. A copy that is not part
        of a model has no variables, and gets none."""
        for copy in self._copies.values():
            original = self.originals[id(copy)]
            if isinstance(original, keras.layers.Layer) and not isinstance(original, keras.Model) and copy.built:
                for variable, value in zip(copy.variables, original.variables, strict=True):
                    variable.assign(value)
                if isinstance(copy, keras.layers.Normalization):
                    copy.finalize_state()  # it computes with other tensors, made of its variables

    def _copy_model(self, model):
        return keras.models.clone_model(without_compiling(model), clone_function=self.of)
