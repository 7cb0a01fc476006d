"""What a model takes and outputs per row, by its shapes and its loss."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ..errors import NetconvError
from ..features.encoding import InputSpec, ModelSpec
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from .calling import format_shape
from .embedding_inputs import id_ranges, input_names
from .image_inputs import image_specs
from .loading import LoadedModel

if TYPE_CHECKING:
    import numpy as np

_CLASS_LOSSES = frozenset({"sparse_categorical_crossentropy", "categorical_crossentropy"})
_ACTIVATION_LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}


def loss_name(loss) -> str:
    """The snake-case name of a loss, given as Keras takes it: a name, a function, an instance, or a list of one."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    loss = named_objects.find(keras.losses, loss, "loss")
    name = type(loss).__name__ if isinstance(loss, keras.losses.Loss) else loss.__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def loss_of(loaded: LoadedModel):
    """The loss that a model was compiled with, or the usual one for its last activation."""
    if loaded.model.loss is not None:
        return loaded.model.loss
    last = loaded.model.layers[-1]
    activation = last.get_config().get("activation") or type(last).__name__.lower()
    return _ACTIVATION_LOSSES.get(activation, "mean_squared_error")


def spec_of(loaded: LoadedModel, loss) -> ModelSpec:
    """What a model takes and outputs per row, if it is trained with this loss."""
    shapes = [tensor.shape[1:] for tensor in loaded.model.inputs]
    output_shapes = [tensor.shape[1:] for tensor in loaded.model.outputs]
    complete = all(None not in shape for shape in shapes)
    features = sum(map(math.prod, shapes)) if complete else None
    outputs = sum(math.prod(size or 1 for size in shape) for shape in output_shapes)
    classes = 0
    if len(output_shapes) == 1 and len(output_shapes[0]) < 2:
        name = loss_name(loss)
        if name == "binary_crossentropy" and outputs == 1:
            classes = 2
        elif name in _CLASS_LOSSES:
            classes = outputs
    ids, images = id_ranges(loaded.model), image_specs(loaded.model)
    inputs = tuple(
        InputSpec(name, None if None in shape else math.prod(shape), ids.get(name), images.get(name))
        for name, shape in zip(input_names(loaded.model), shapes, strict=True)
    )
    return ModelSpec(features, outputs, classes, inputs)


def check_trainable(loaded: LoadedModel) -> None:
    """Raises NetconvError unless the model has one output, of a vector per row."""
    shapes = [tuple(tensor.shape[1:]) for tensor in loaded.model.outputs]
    if len(shapes) > 1:
        raise NetconvError(f"{loaded.name}: the net has {len(shapes)} outputs, and a table can train only one")
    if len(shapes[0]) > 1:
        raise NetconvError(
            f"{loaded.name}: the net outputs {format_shape(shapes[0])} per row, and a table can train only a vector"
        )


def probabilities(y: np.ndarray, loss) -> np.ndarray:
    """The probabilities of the classes, (rows, classes), of the outputs of a model."""
    import numpy as np

    if getattr(loss, "from_logits", False):
        y = 1 / (1 + np.exp(-y)) if y.shape[1] == 1 else np.exp(y - y.max(axis=1, keepdims=True))
        y = y if y.shape[1] == 1 else y / y.sum(axis=1, keepdims=True)
    return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 else y


def class_names(known: tuple[str, ...], count: int) -> tuple[str, ...]:
    """`count` names of classes: the known ones, then numbers."""
    return known + tuple(map(str, range(len(known), count)))


def as_targets(y: np.ndarray, spec: ModelSpec, loss) -> np.ndarray:
    """Targets as the loss takes them."""
    import numpy as np

    if not spec.classes:
        return y
    if spec.outputs == 1:
        return y[:, None].astype(np.float32)
    return np.eye(spec.classes, dtype=np.float32)[y] if loss_name(loss) == "categorical_crossentropy" else y
