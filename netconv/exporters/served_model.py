"""A model as a function of named arrays, in inference, as other programs run it. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..inference.embedding_inputs import input_names
from ..inference.loading import LoadedModel
from ..inference.model_spec import head_names
from ..keras_files.layer_copies import without_compiling

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ServedModel:
    """A model with the names of its inputs and outputs in other programs.

    `loaded` is where the model comes from; `shapes` are those of the inputs with the batch axis, None for an open size.
    """

    model: Any
    loaded: LoadedModel
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int | None, ...], ...]

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes of the inputs."""
        return tuple(str(tensor.dtype) for tensor in self.model.inputs)

    @property
    def name(self) -> str:
        """The name of the model for messages."""
        return self.loaded.name

    @property
    def has_open_batch(self) -> bool:
        """Whether the size of the batch is open."""
        return any(shape[:1] == (None,) for shape in self.shapes)

    def with_batch(self, batch: int) -> ServedModel:
        """With a batch of a fixed size, where it is open."""
        return replace(self, shapes=tuple((shape[0] or batch, *shape[1:]) if shape else () for shape in self.shapes))

    @property
    def signature(self) -> list:
        """The inputs as tf.TensorSpec."""
        import tensorflow as tf

        return [
            tf.TensorSpec(shape, dtype, name)
            for shape, dtype, name in zip(self.shapes, self.dtypes, self.inputs, strict=True)
        ]

    @cached_property
    def function(self):
        """The tf.function from the inputs in their order to the outputs by name."""
        import tensorflow as tf

        return tf.function(self._outputs, input_signature=self.signature, autograph=False)

    def _outputs(self, *inputs) -> dict[str, Any]:
        import tensorflow as tf

        found = self.model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        found = found if isinstance(found, list | tuple) else [found]
        # an output that is an input or another output needs a name of its own
        return {name: tf.identity(tensor) for name, tensor in zip(self.outputs, found, strict=True)}

    def __call__(self, inputs: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The outputs that Keras computes."""
        import numpy as np
        import tensorflow as tf

        found = self._outputs(*(tf.convert_to_tensor(array) for array in inputs))
        return [np.asarray(found[name]) for name in self.outputs]


def served(loaded: LoadedModel, model: Any) -> ServedModel:
    """A model that was loaded, or `model`, which computes the same, with the names of the loaded one. All inputs are
    arguments of a list, in order."""
    names = _distinct(input_names(loaded.model))
    outputs = _distinct(head_names(loaded.model), taken=names)
    shapes = tuple(tuple(tensor.shape) for tensor in loaded.model.inputs)
    return ServedModel(without_compiling(model), loaded, names, outputs, shapes)


def _distinct(names: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of letters, digits and underscores, which begin with a letter, and are distinct in any case."""
    used = {name.lower() for name in taken}
    distinct: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"tensor_{plain}"
        number, one = 1, plain
        while one.lower() in used:
            number, one = number + 1, f"{plain}_{number}"
        used.add(one.lower())
        distinct.append(one)
    return tuple(distinct)
