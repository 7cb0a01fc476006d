"""Layers that multiply and add numbers, x * scale + offset, and how that passes through layers that move elements.

Knows single layers, no model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FLOAT = "float32"
"""The dtype of the layers that are folded: in half precision, folding would change the results."""


class Affine(NamedTuple):
    """x * scale + offset, arrays of float64 that broadcast to a row, with as many axes. `shift` is the largest offset
    before the scale, in units of the result: how much larger the numbers may be than the results are."""

    scale: np.ndarray
    offset: np.ndarray
    shift: float = 0.0


def of_layer(layer) -> Affine | None:
    """What a layer computes in inference, if it is an Affine."""
    kind = type(layer).__name__
    if kind not in RULES or getattr(layer, "compute_dtype", None) != FLOAT:
        return None
    rank = len(layer.output.shape) - 1
    affine = RULES[kind](layer, rank)
    finite = affine is not None and all(np.isfinite(part).all() for part in affine)
    return affine if finite else None


def _batch_normalization(layer, rank: int) -> Affine | None:
    axis = layer.axis if isinstance(layer.axis, int) else None
    if axis is None or axis % (rank + 1) == 0:
        return None
    mean, variance = (np.asarray(part, "float64") for part in (layer.moving_mean, layer.moving_variance))
    deviation = np.sqrt(variance + layer.epsilon)
    scale = (np.asarray(layer.gamma, "float64") if layer.scale else 1.0) / deviation
    offset = (np.asarray(layer.beta, "float64") if layer.center else 0.0) - mean * scale
    shape = [1] * rank
    shape[axis % (rank + 1) - 1] = len(mean)
    return Affine(scale.reshape(shape), offset.reshape(shape), float(np.abs(mean / deviation).max(initial=0)))


def _normalization(layer, rank: int) -> Affine | None:
    if layer.invert:
        return None
    mean, variance = (_as_row(part, rank) for part in (layer.mean, layer.variance))
    if mean is None or variance is None:
        return None
    deviation = np.maximum(np.sqrt(variance), 1e-7)  # Keras divides by at least its epsilon
    return Affine(1 / deviation, -mean / deviation, float(np.abs(mean / deviation).max(initial=0)))


def _rescaling(layer, rank: int) -> Affine | None:
    scale, offset = (_as_row(part, rank) for part in (layer.scale, layer.offset))
    return None if scale is None or offset is None else Affine(scale, offset)


def _as_row(numbers, rank: int) -> np.ndarray | None:
    """Numbers that broadcast to a batch as an array with the axes of a row; None if they differ between rows."""
    array = np.asarray(numbers, "float64")
    if array.ndim > rank:
        if array.ndim > rank + 1 or array.shape[0] != 1:
            return None
        array = array[0]
    return array.reshape((1,) * (rank - array.ndim) + array.shape)


RULES = {"BatchNormalization": _batch_normalization, "Normalization": _normalization, "Rescaling": _rescaling}
"""What computes the Affine of a layer, by its class."""


def along(numbers: np.ndarray, axis: int, size: int) -> np.ndarray | None:
    """The `size` numbers along an axis of a row, if they are the same along all the others."""
    for other in set(range(numbers.ndim)) - {axis}:
        first = numbers.take([0], other)
        if not (numbers == first).all():
            return None
        numbers = first
    return np.broadcast_to(numbers.reshape(-1), (size,))


def passed_back(affine: Affine, layer) -> Affine | None:
    """The Affine behind a layer that only moves elements or adds zeros, for one in front of it; None if there is
    none."""
    kind = type(layer).__name__
    before, after = (tuple(tensor.shape[1:]) for tensor in (layer.input, layer.output))
    if kind in ("Flatten", "Reshape", "Squeeze", "ExpandDims"):
        if layer.input.shape[0] != layer.output.shape[0]:
            return None
        parts = [_reshaped(part, before, after) for part in affine[:2]]
    elif kind in ("Permute", "Transpose"):
        axes = layer.dims if kind == "Permute" else [axis % (len(before) + 1) for axis in layer.axes or ()]
        axes = [0, *axes] if kind == "Permute" else axes
        if not axes or axes[0] != 0:
            return None
        parts = [part.transpose([axis - 1 for axis in axes[1:]]) for part in affine[:2]]
    elif kind in ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"):
        uniform = all((affine.scale == affine.scale.take([0], axis)).all() for axis in _spatial(layer, len(before)))
        parts = [affine.scale, affine.offset] if uniform and not affine.offset.any() else [None, None]
    else:
        return None
    scale, offset = parts
    return None if scale is None or offset is None else Affine(scale, offset, affine.shift)


def _spatial(layer, rank: int) -> range:
    """The axes of a row that a layer of images pads."""
    return range(1, rank) if getattr(layer, "data_format", "") == "channels_first" else range(rank - 1)


def _reshaped(numbers: np.ndarray, before: tuple, after: tuple) -> np.ndarray | None:
    if numbers.size == 1:
        return numbers.reshape((1,) * len(after))
    if None in before or None in after:
        return None
    return np.broadcast_to(numbers, before).reshape(after)
