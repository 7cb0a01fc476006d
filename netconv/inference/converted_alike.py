"""Nets that are converted as a model was whose inputs have known shapes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .. import conversion, preparation
from ..conversion import Conversion
from ..errors import NetconvError
from ..keras_api.names import keras_name
from ..preparation import Net
from .embedding_inputs import input_names


def converted_alike(net: Net, model: Any, **options: Any) -> Conversion:
    """A net, converted with the shapes that the inputs of a model have, unless these do not fit it; the options are
    those of `preparation.prepare`. Raises NetconvError."""
    with suppress(NetconvError):
        shapes = _shapes(model, net)
        return conversion.build(preparation.prepare(net, input_shapes=shapes, **options), shapes)
    return conversion.build(preparation.prepare(net, **options))


def _shapes(model: Any, net: Net) -> dict[str, tuple[int | None, ...]]:
    """The shapes of the inputs of a model, by their names in the net."""
    shapes = {name: tuple(tensor.shape) for name, tensor in zip(input_names(model), model.inputs, strict=True)}
    names = [net.graph.nodes[index].name for index in net.graph.inputs()]
    return {name: shapes[keras_name(name)] for name in names if keras_name(name) in shapes}
