"""What a model takes and outputs per row, by its shapes and its losses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FormatError, NetconvError, option_name, there_are
from ..features.encoding import HeadSpec, InputSpec, ModelSpec
from ..features.image_format import ImageSpec
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from ..keras_files import scaling_layers
from ..tables.column_selection import list_names
from .calling import format_shape
from .embedding_inputs import id_ranges, input_names, masked_inputs
from .image_inputs import image_specs
from .loading import WLNET, LoadedModel
from .sequence_inputs import sequence_specs

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


def losses_of(loaded: LoadedModel, given: Any = None) -> tuple[Any, ...]:
    """The loss of each head: the one that is given, for all or by name; else the one that the model was compiled with;
    else the usual one for its last activation. Raises NetconvError for a loss of an output that it does not have."""
    model, names = loaded.model, head_names(loaded.model)
    if isinstance(given, Mapping):
        check_heads("loss", given, names)
    chosen = by_head(given, names) if isinstance(given, Mapping) else (given,) * len(names)
    compiled = by_head(model.loss, names)
    return tuple(
        loss or before or _usual_loss(tensor)
        for loss, before, tensor in zip(chosen, compiled, model.outputs, strict=True)
    )


def _usual_loss(tensor) -> str:
    last = source_of(tensor)
    activation = last.get_config().get("activation") if hasattr(last, "get_config") else None
    return _ACTIVATION_LOSSES.get(str(activation or type(last).__name__.lower()), "mean_squared_error")


def loss_weights_of(model, given: Mapping[str, float] | None = None) -> tuple[float, ...]:
    """The weight of the loss of each head: the given one; else the one that the model was compiled with, or 1. Raises
    NetconvError for a weight of an output that it does not have."""
    names = head_names(model)
    if given:
        if len(names) == 1:
            raise NetconvError(f"the net has one output: leave {option_name('loss_weights')} out")
        check_heads("loss_weights", given, names)
    compiled = model.get_compile_config() if model.compiled else None
    before = by_head((compiled or {}).get("loss_weights"), names)
    return tuple(
        (given or {}).get(name, 1.0 if weight is None else float(weight))
        for name, weight in zip(names, before, strict=True)
    )


def check_heads(name: str, given: Iterable[str], names: tuple[str, ...]) -> None:
    """Raises NetconvError if an option that is given by output names one that is not among `names`."""
    unknown = next((each for each in given if each not in names), None)
    if unknown is not None:
        known = f"{there_are(unknown, names, 'its outputs')} {list_names(names)}"
        raise NetconvError(f"{option_name(name)}: the net has no output {unknown!r}; {known}")


def by_head(value: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """An argument of `compile` for each head, None where there is none: of one head, by name or in order."""
    if isinstance(value, Mapping):
        return tuple(value.get(name) for name in names)
    if isinstance(value, list | tuple):
        return tuple(value) if len(value) == len(names) else (None,) * len(names)
    return (value,) * len(names)


def as_compiled(model, parts: Sequence[Any]) -> Any:
    """An argument of `compile`, or targets, with a part for each head, in the structure of the model's outputs."""
    return parts[0] if len(parts) == 1 else keras.tree.pack_sequence_as(model.output, list(parts))


def head_names(model) -> tuple[str, ...]:
    """The names of the outputs, as Keras reports their losses; of one that netconv scales, the name of the layer
    before."""
    if len(model.outputs) > 1 and isinstance(model.output, Mapping) and len(model.output) == len(model.outputs):
        return tuple(sorted(map(str, model.output)))
    return tuple(source_of(tensor).name for tensor in model.outputs)


def source_of(tensor):
    """The layer that computes an output, in front of netconv's own that scales it."""
    return scaling_layers.before_scaling(tensor._keras_history.operation)


def spec_of(loaded: LoadedModel, losses: Sequence[Any]) -> ModelSpec:
    """What a model takes and outputs per row, if it is trained with these losses."""
    shapes = [tensor.shape[1:] for tensor in loaded.model.inputs]
    complete = all(None not in shape for shape in shapes)
    features = sum(map(math.prod, shapes)) if complete else None
    heads = tuple(
        _head_spec(name, tensor.shape[1:], loss)
        for name, tensor, loss in zip(head_names(loaded.model), loaded.model.outputs, losses, strict=True)
    )
    ids, images = id_ranges(loaded.model), _image_specs(loaded)
    encoders = loaded.text_encoders
    sequences = sequence_specs(loaded.model, ids, masked_inputs(loaded.model), encoders)
    ids = {name: (1, each.count) for name, each in encoders.items() if each.count and not each.onehot} | ids
    classes = loaded.class_encoders
    inputs = tuple(
        InputSpec(
            name, None if None in shape else math.prod(shape), ids.get(name), images.get(name), sequences.get(name),
            classes.get(name, ()),
        )
        for name, shape in zip(input_names(loaded.model), shapes, strict=True)
    )  # fmt: skip
    return ModelSpec(features, heads, inputs)


def _head_spec(name: str, shape: Sequence[int | None], loss) -> HeadSpec:
    width, classes = math.prod(size or 1 for size in shape), 0
    if len(shape) < 2:
        kind = loss_name(loss)
        if kind == "binary_crossentropy" and width == 1:
            classes = 2
        elif kind in _CLASS_LOSSES:
            classes = width
    return HeadSpec(name, width, classes)


def _image_specs(loaded: LoadedModel) -> dict[str, ImageSpec]:
    """The images that the inputs of a model can take, by the name of the input. Raises FormatError."""
    encoders = loaded.image_encoders
    shapes = {
        name: tuple(tensor.shape[1:])
        for name, tensor in zip(input_names(loaded.model), loaded.model.inputs, strict=True)
    }
    if any(encoder.shape != shapes.get(name, encoder.shape) for name, encoder in encoders.items()):
        raise FormatError(f"{loaded.name}: its member netconv/{WLNET} does not fit the model")
    return image_specs(loaded.model, encoders)


def check_trainable(loaded: LoadedModel) -> None:
    """Raises NetconvError unless each output of the model is a vector per row, with a name of its own."""
    names = head_names(loaded.model)
    for name, tensor in zip(names, loaded.model.outputs, strict=True):
        shape = tuple(tensor.shape[1:])
        if len(shape) > 1:
            which = f" in {name!r}" if len(names) > 1 else ""
            raise NetconvError(
                f"{loaded.name}: the net outputs {format_shape(shape)} per row{which}, and a table can train only a "
                "vector"
            )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise NetconvError(f"{loaded.name}: two outputs of the net are called {twice!r}, and a table names them")


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


def as_targets(y: np.ndarray, head: HeadSpec, loss) -> np.ndarray:
    """Targets as the loss takes them."""
    import numpy as np

    if not head.classes:
        return y
    if head.width == 1:
        return y[:, None].astype(np.float32)
    return np.eye(head.classes, dtype=np.float32)[y] if loss_name(loss) == "categorical_crossentropy" else y
