"""What a model wants of a table: by its shapes and its loss, numbers or classes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ..builder import compile_model
from ..errors import NetconvError
from ..features.encoding import InputSpec, ModelSpec
from ..keras_api.lazy import keras
from .calling import shape_text
from .embedding_inputs import ids_of, input_names
from .loading import LoadedModel

if TYPE_CHECKING:
    import numpy as np

_CLASS_LOSSES = frozenset({"sparse_categorical_crossentropy", "categorical_crossentropy"})
_ACTIVATION_LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}


def loss_name(loss) -> str:
    """Keras's snake-case name of a loss, whatever it was given as."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    loss = compile_model.known(keras.losses, loss, "loss")
    name = type(loss).__name__ if isinstance(loss, keras.losses.Loss) else loss.__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def loss_of(opened: LoadedModel):
    """The loss that a model was compiled with, or the one its last activation goes with."""
    if opened.model.loss is not None:
        return opened.model.loss
    last = opened.model.layers[-1]
    activation = last.get_config().get("activation") or type(last).__name__.lower()
    return _ACTIVATION_LOSSES.get(activation, "mean_squared_error")


def spec_of(opened: LoadedModel, loss) -> ModelSpec:
    shapes = [tensor.shape[1:] for tensor in opened.model.inputs]
    outputs = [tensor.shape[1:] for tensor in opened.model.outputs]
    known = all(None not in shape for shape in shapes)
    features = sum(map(math.prod, shapes)) if known else None
    gives = sum(math.prod(d or 1 for d in shape) for shape in outputs)
    classes = 0
    if len(outputs) == 1 and len(outputs[0]) < 2:
        name = loss_name(loss)
        if name == "binary_crossentropy" and gives == 1:
            classes = 2
        elif name in _CLASS_LOSSES:
            classes = gives
    ids = ids_of(opened.model)
    inputs = tuple(
        InputSpec(name, None if None in shape else math.prod(shape), ids.get(name))
        for name, shape in zip(input_names(opened.model), shapes, strict=True)
    )
    return ModelSpec(features, gives, classes, inputs)


def check_trainable(opened: LoadedModel) -> None:
    shapes = [tuple(tensor.shape[1:]) for tensor in opened.model.outputs]
    if len(shapes) > 1:
        raise NetconvError(f"{opened.name}: the net has {len(shapes)} outputs, and a table trains one")
    if len(shapes[0]) > 1:
        raise NetconvError(
            f"{opened.name}: the net gives {shape_text(shapes[0])} a row, and a table trains one row of values"
        )


def probabilities(y: np.ndarray, loss) -> np.ndarray:
    """The probabilities of the classes, (rows, classes), of what a net gives."""
    import numpy as np

    if getattr(loss, "from_logits", False):
        y = 1 / (1 + np.exp(-y)) if y.shape[1] == 1 else np.exp(y - y.max(axis=1, keepdims=True))
        y = y if y.shape[1] == 1 else y / y.sum(axis=1, keepdims=True)
    return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 else y


def class_names(known: tuple[str, ...], count: int) -> tuple[str, ...]:
    return known + tuple(map(str, range(len(known), count)))


def as_targets(y: np.ndarray, needs: ModelSpec, loss) -> np.ndarray:
    """Targets in the form that the loss takes."""
    import numpy as np

    if not needs.classes:
        return y
    if needs.outputs == 1:
        return y[:, None].astype(np.float32)
    return np.eye(needs.classes, dtype=np.float32)[y] if loss_name(loss) == "categorical_crossentropy" else y
