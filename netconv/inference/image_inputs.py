"""The inputs of a model that take images."""

from __future__ import annotations

import math
from typing import Any

from ..features.image_format import COLORS, DataFormat, ImageSpec
from ..keras_api.lazy import keras
from .embedding_inputs import input_names

Shape = tuple[int | None, ...]


def image_specs(model) -> dict[str, ImageSpec]:
    """The images that the inputs of a model can take, by the name of the input."""
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    specs = (_spec(model, number, shape) for number, shape in enumerate(shapes))
    return {name: spec for name, spec in zip(input_names(model), specs, strict=True) if spec}


def image_spec_of(shape: Shape | None) -> ImageSpec | None:
    """The images that the input of a net can take whose `shape`, in MXNet's axis order with the batch axis, has open
    sizes; None as a whole stands for an unknown rank."""
    match shape:
        case None:
            return ImageSpec(None, None, None, "channels_first", 3)
        case (_, channels, height, width) if channels is None or channels in COLORS:
            return ImageSpec(height, width, channels, "channels_first", 3)
        case (_, height, width):
            return ImageSpec(height, width, 1, "channels_last", 2)
        case (_, None):
            return ImageSpec(None, None, 1, "channels_last", 1)
    return None


def _spec(model, number: int, shape: Shape) -> ImageSpec | None:
    """Of a single row of pixels, images can be square only."""
    rescales = any(isinstance(layer, _rescaling_layers()) for layer in _first_operations(model, number))
    match shape:
        case (int(length),) if (side := math.isqrt(length)) ** 2 == length and side > 1:
            return ImageSpec(side, side, 1, "channels_last", 1, rescales)
        case (height, width):
            return ImageSpec(height, width, 1, "channels_last", 2, rescales)
        case (_, _, _):
            data_format = _data_format(model, number, shape)
            channels = shape[0] if data_format == "channels_first" else shape[2]
            height, width = shape[1:] if data_format == "channels_first" else shape[:2]
            if channels is None or channels in COLORS:
                return ImageSpec(height, width, channels, data_format, 3, rescales)
    return None


def _data_format(model, number: int, shape: Shape) -> DataFormat:
    """The order of the axes of an input: the one in which it has as many channels as images have; if both have, that
    of MXNet if the model moves the channels to the end, and otherwise that of Keras's layers."""
    first, last = shape[0] in COLORS, shape[2] in COLORS
    if first != last:
        return "channels_first" if first else "channels_last"
    moved = any(_moves_channels(each, shape) for each in _first_operations(model, number))
    return "channels_first" if moved else "channels_last"


def _rescaling_layers() -> tuple[Any, ...]:
    return keras.layers.Rescaling, keras.layers.Normalization


def _first_operations(model, number: int) -> list:
    """The layers and operations that take an input of a model, or that take what a layer makes of it which scales."""
    inner = getattr(model, "_functional", None) or model  # of a Sequential, whose first layer is behind the input
    found = _readers(inner, inner.inputs[number])
    outputs = [each.output for each in found if isinstance(each, _rescaling_layers())]
    return [*found, *(reader for output in outputs for reader in _readers(inner, output))]


def _readers(model, tensor) -> list:
    operations = getattr(model, "operations", model.layers)
    return [each for each in operations if any(tensor is given for given in _inputs(each))]


def _inputs(operation) -> list:
    if isinstance(operation, keras.layers.InputLayer):
        return []
    try:
        return keras.tree.flatten(operation.input)
    except (AttributeError, ValueError):  # it is called several times, or never
        return []


def _moves_channels(operation, shape: Shape) -> bool:
    """Whether an operation makes (rows, channels, height, width) (rows, height, width, channels)."""
    axes = getattr(operation, "axes", None) or (0, *getattr(operation, "dims", ()))
    target = getattr(operation, "target_shape", None) or getattr(operation, "newshape", (None,))[1:]
    moved = (*shape[1:], shape[0])
    return tuple(axes) == (0, 2, 3, 1) or (None not in moved and tuple(target) == moved and moved != shape)
