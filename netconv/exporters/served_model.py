"""A model as a function of named arrays, in inference, as other programs run it. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError, option, option_name, there_are
from ..inference.calling import format_shape
from ..inference.embedding_inputs import input_names
from ..inference.loading import LoadedModel
from ..inference.model_spec import head_names
from ..keras_api.lazy import keras
from ..keras_files.layer_copies import structured_like

if TYPE_CHECKING:
    import numpy as np

EXAMPLE_SIZE = 32


@dataclass(frozen=True)
class ServedModel:
    """A model with the names of its inputs and outputs in other programs.

    `loaded` is where the model comes from; `shapes` are those of the inputs with the batch axis, None for an open size;
    `is_final` says that its weights do not change any more.
    """

    model: Any
    loaded: LoadedModel
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int | None, ...], ...]
    is_final: bool = False

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes of the inputs."""
        return tuple(str(tensor.dtype) for tensor in self.model.inputs)

    @property
    def compute_dtypes(self) -> frozenset[str]:
        """The dtypes in which layers compute."""
        layers = (each for each in self.model.operations if isinstance(each, keras.layers.Layer))
        return frozenset(layer.compute_dtype for layer in layers)

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

    def with_shapes(self, given: Mapping[str, tuple[int | None, ...]]) -> ServedModel:
        """With the sizes of the inputs of these names, by their names in the model or here. Raises NetconvError for an
        input that there is not, and for sizes that do not fit it."""
        known = dict(zip(input_names(self.loaded.model), self.shapes, strict=True))
        names = dict(zip(self.inputs, known, strict=True))
        for name, shape in given.items():
            own = names.get(name, name)
            if own not in known:
                listed = f"{there_are(name, known, 'its inputs')} {', '.join(map(repr, known))}"
                raise NetconvError(f"{option_name('input_shapes')}: the model has no input {name!r}; {listed}")
            before = known[own]
            fits = len(shape) == len(before) and all(b in (None, a) for a, b in zip(shape, before, strict=True))
            if not fits:
                raise NetconvError(
                    f"{option('input_shapes', {name: shape})}: the model takes {format_shape(before)}; give sizes "
                    "for the open ones alone"
                )
            known[own] = tuple(shape)
        return replace(self, shapes=tuple(known.values()))

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

        given = keras.tree.pack_sequence_as(self.model.input, list(inputs))
        found = keras.tree.flatten(self.model(given, training=False))
        # an output that is an input or another output needs a name of its own
        return {name: tf.identity(tensor) for name, tensor in zip(self.outputs, found, strict=True)}

    def __call__(self, inputs: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The outputs that Keras computes."""
        import numpy as np
        import tensorflow as tf

        found = self._outputs(*(tf.convert_to_tensor(array) for array in inputs))
        return [np.asarray(found[name]) for name in self.outputs]


def served(loaded: LoadedModel, model: Any) -> ServedModel:
    """A model that was loaded, or `model`, which computes the same, with the names of the loaded one."""
    names = _distinct(input_names(loaded.model))
    outputs = _distinct(head_names(loaded.model), taken=names)
    shapes = tuple(tuple(tensor.shape) for tensor in loaded.model.inputs)
    return ServedModel(structured_like(model, model.inputs, model.outputs), loaded, names, outputs, shapes)


def example_shape(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """A shape of an input with a size for each open axis, except the batch axis."""
    return shape[0], *(size or EXAMPLE_SIZE for size in shape[1:])


def no_operator(kind: str, path: str) -> str:
    """The words for an op of TensorFlow that a format does not have; `path` is its name, after those of the model and
    the layer that it is in."""
    _, _, within = path.partition("/")
    return f"it has no operator for {kind}" + (f" ({within})" if "/" in within else "")


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
