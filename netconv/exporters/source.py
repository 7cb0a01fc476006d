"""The net that the arrays of a model are written into: the one that it was converted from, or another file of it. Knows
no format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import preparation
from ..errors import FormatError, first_line
from ..graph.graph import Graph
from ..inference.calling import predict_rows
from ..inference.converted_alike import converted_alike
from ..inference.loading import LoadedModel
from ..keras_api.weighted_layers import weighted_layers
from ..keras_files import scaling_layers, source_net

OPEN_LENGTHS = (16, 256)
"""The sizes of axes of any size that are tried, where two models are compared."""
ROWS = 2
TOLERANCE = 1e-4
"""How much the outputs of the same net may differ, relative to the largest."""


def source_of(loaded: LoadedModel, like: Path | str | None) -> tuple[Graph, Mapping[str, bytes]]:
    """The net that a model was converted from, or the net in the file `like`, with the values that the weights of the
    model have now, and the members that a model of it has. Raises NetconvError."""
    if like is None:
        return source_net.read(loaded.members, loaded.model, loaded.name), loaded.members
    done = converted_alike(preparation.read(like), loaded.model)
    if done.prepared.net.parameters is None:
        raise FormatError(f"{like}: it has no arrays, whose places those of the model could take")
    _copy_weights(loaded, done.model, str(like))
    return source_net.read(done.members, done.model, str(like)), done.members


def _copy_weights(loaded: LoadedModel, target: Any, like: str) -> None:
    """Gives a model of the net the weights of another one of the same net. Raises FormatError if it is not the same."""
    own, others = weighted_layers(loaded.model), weighted_layers(target)
    pairs = [(own[name], layer) for name, layer in others.items() if name in own]
    if len(pairs) < max(len(own), len(others)):  # the layers have other names: those of the same position
        pairs = list(zip(own.values(), others.values(), strict=False))
    if len(own) != len(others):
        raise FormatError(
            f"{loaded.name}: it has {len(own)} layers with weights, and the net in {like} has {len(others)}"
        )
    for layer, other in pairs:
        shapes, wanted = ([tuple(weight.shape) for weight in each.weights] for each in (layer, other))
        if shapes != wanted:
            raise FormatError(
                f"{loaded.name}: layer {layer.name!r} has weights of shapes {_listed(shapes)}, and {other.name!r} of "
                f"the net in {like} has {_listed(wanted)}"
            )
    for layer, other in pairs:
        other.set_weights(layer.get_weights())
    _check_same(loaded, target, like)


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


def _check_same(loaded: LoadedModel, target: Any, like: str) -> None:
    """Raises FormatError unless two models compute the same of some numbers."""
    shapes, others = ([tuple(tensor.shape[1:]) for tensor in each.inputs] for each in (loaded.model, target))
    if list(map(len, shapes)) != list(map(len, others)):
        raise FormatError(f"{loaded.name}: it has other inputs than the net in {like}")
    sizes = [list(zip(*pair, strict=True)) for pair in zip(shapes, others, strict=True)]
    model = scaling_layers.unscaled(loaded.model)
    for length in OPEN_LENGTHS:
        rng = np.random.default_rng(0)
        rows = [tuple(own or other or length for own, other in each) for each in sizes]
        x = [rng.uniform(1, 2, (ROWS, *row)).astype("float32") for row in rows]  # indices count from 1
        try:
            found, wanted = (predict_rows(each, x) for each in (model, target))
            break
        except Exception as error:  # whatever a layer raises for data that it cannot take, such as a short sequence
            problem = first_line(error)
    else:
        raise FormatError(f"{loaded.name}: cannot be compared with the net in {like}: {problem}")
    if found.shape != wanted.shape or not np.allclose(found, wanted, atol=_tolerance(wanted), equal_nan=True):
        raise FormatError(f"{loaded.name}: its weights fit the net in {like}, but it computes something else with them")


def _tolerance(values: np.ndarray) -> float:
    return TOLERANCE * float(np.nanmax(np.abs(values), initial=0))
