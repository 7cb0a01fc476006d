"""Layers that multiply by a kernel and add a bias, and how a scale and an offset in front of them or behind them
become a part of these. Knows single layers, no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .affine import FLOAT, Affine, along

MOST_SHIFT = 16.0
"""The largest `Affine.shift` that is folded into the layer behind: that layer adds numbers so many times larger than
their sum, and loses as much of its precision."""


@dataclass
class Weights:
    """The weights of a layer as float64: `kernels`, one or the two of a separable convolution, and `bias`."""

    layer: Any
    kernels: list[np.ndarray]
    bias: np.ndarray

    @property
    def kind(self) -> str:
        """The class of the layer without its number of axes: "Conv", "DepthwiseConv", "ConvTranspose"."""
        return kind_of(self.layer)

    def config(self) -> dict:
        """The config of the layer with these weights."""
        return {**self.layer.get_config(), "use_bias": True}

    def assign(self, layer) -> None:
        """Gives a layer of this config these weights."""
        layer.set_weights([each.astype(FLOAT) for each in (*self.kernels, self.bias)])


def kind_of(layer) -> str:
    """The class of a layer without its number of axes."""
    name = type(layer).__name__
    for axes in ("1D", "2D", "3D"):
        name = name.replace(axes, "")
    return name


KINDS = ("Dense", "Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose")


def weights_of(layer) -> Weights | None:
    """The weights of a layer that something can be folded into, None of another."""
    if kind_of(layer) not in KINDS or getattr(layer, "compute_dtype", None) != FLOAT:
        return None
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        return None
    arrays = [np.asarray(weight, "float64") for weight in layer.get_weights()]
    if not layer.use_bias:
        arrays.append(np.zeros(layer.output.shape[_channel_axis(layer)]))
    return Weights(layer, arrays[:-1], arrays[-1])


def _channel_axis(layer) -> int:
    return 1 if getattr(layer, "data_format", "channels_last") == "channels_first" else -1


def fold_behind(weights: Weights, affine: Affine) -> bool:
    """Makes what follows a layer a part of its weights; False if that is not possible."""
    layer = weights.layer
    if not _is_linear(layer):
        return False
    found = _along_channels(layer, layer.output.shape, affine)
    if found is None:
        return False
    scale, offset = found
    last = weights.kernels[-1]
    if weights.kind == "ConvTranspose":
        weights.kernels[-1] = last * scale[:, None]
    elif weights.kind == "DepthwiseConv":
        weights.kernels[-1] = last * scale.reshape(last.shape[-2:])
    else:
        weights.kernels[-1] = last * scale
    weights.bias = weights.bias * scale + offset
    return True


def fold_in_front(weights: Weights, affine: Affine) -> bool:
    """Makes what comes before a layer a part of its weights; False if that is not possible: at the borders, an offset
    is not added to what a convolution pads with zeros."""
    layer = weights.layer
    found = _along_channels(layer, layer.input.shape, affine) if affine.shift <= MOST_SHIFT else None
    if found is None:
        return False
    scale, offset = found
    if offset.any() and not _sees_all(weights):
        return False
    first = weights.kernels[0]
    groups = getattr(layer, "groups", 1)
    if weights.kind == "ConvTranspose":
        weights.kernels[0] = first * scale
        return True
    if weights.kind in ("DepthwiseConv", "SeparableConv"):
        scaled, added = scale[:, None], np.sum(first * offset[:, None], axis=tuple(range(first.ndim - 2)))
        added = added.reshape(-1)
        if weights.kind == "SeparableConv":
            added = added @ weights.kernels[1].reshape(weights.kernels[1].shape[-2:])
    elif groups > 1:
        scaled, by_group = (
            np.repeat(part.reshape(groups, -1).T, first.shape[-1] // groups, axis=1) for part in (scale, offset)
        )
        added = np.sum(first * by_group, axis=tuple(range(first.ndim - 1)))
    else:
        scaled, added = scale[:, None], np.sum(first * offset[:, None], axis=tuple(range(first.ndim - 1)))
    weights.kernels[0] = first * scaled
    weights.bias = weights.bias + added
    return True


def _along_channels(layer, shape, affine: Affine) -> tuple[np.ndarray, np.ndarray] | None:
    """The scale and the offset of each channel of a tensor of this shape, if they are the same at all positions."""
    axis = _channel_axis(layer) % len(shape)
    parts = [along(part, axis - 1, shape[axis]) for part in affine[:2]]
    return None if parts[0] is None or parts[1] is None else (parts[0], parts[1])


def _is_linear(layer) -> bool:
    activation = getattr(layer, "activation", None)
    return activation is None or getattr(activation, "__name__", "") == "linear"


def _sees_all(weights: Weights) -> bool:
    """Whether every output of a layer is computed from as many inputs: nothing is padded."""
    if weights.kind == "Dense":
        return True
    if weights.kind == "ConvTranspose":
        return False
    return weights.layer.padding == "valid" or all(size == 1 for size in weights.layer.kernel_size)
