"""Pattern layers: layers of Keras that MXNet has no op for; `passes/fuse_layers.py` replaces the nodes that compose
them."""

from ..graph.attributes import Ints
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers
from ..kernels.layout import along, anywhere
from .registry import translates_pattern
from .shape_rules import as_first

LARGEST = 3.4028234663852886e38
"""Largest float32. Keras's ReLU with both a slope and a bound is built from two ramps, and its slope at 0 is 0."""


@translates_pattern("silu", layout=anywhere, shape=as_first)
def silu(at, data):
    return at.layer(layers.Activation, "silu")(data)


@translates_pattern("ramp", layout=anywhere, shape=as_first)
def ramp(at, data, *, negative_slope: float = 0.0, max_value: float = LARGEST):
    return at.layer(layers.ReLU, max_value, negative_slope)(data)


@translates_pattern("alpha_dropout", layout=anywhere, shape=as_first)
def alpha_dropout(at, data, *, p: float):
    return at.layer(layers.AlphaDropout, p, seed=at.index)(data)


@translates_pattern("normalization", layout=along("axes", "scaled", first_only=True), shape=as_first)
def normalization(
    at,
    data,
    gamma: TrackedArray | None = None,
    beta: TrackedArray | None = None,
    *,
    axes: Ints,
    scaled: Ints = (),
    eps: float,
):
    """(data - mean) / sqrt(variance + eps) over `axes`; gamma and beta have the lengths of the axes `scaled`, which are
    the same axes, or only the channels."""
    weights = {"gamma": gamma, "beta": beta}
    config = {"epsilon": eps, "scale": gamma is not None, "center": beta is not None}
    rank = len(data.shape)
    others = tuple(axis for axis in range(rank) if axis not in axes)
    moved = (*others, *sorted(axes))  # on PyTorch, Keras takes any axes of a LayerNormalization for the last ones
    is_last = moved == tuple(range(rank))
    if not (scaled or is_last) and len(others) == 2 and others[0] == 0 and data.shape[others[1]]:
        scaled = others[1:]
    elif not scaled or sorted(scaled) == sorted(axes):
        order = sorted(range(len(axes)), key=lambda i: axes[i])  # in the current order of the axes
        weights = {role: array and array.transpose(order) for role, array in weights.items()}
        axis = -1 if len(axes) == 1 else list(range(len(others), rank))
        layer = at.layer(layers.LayerNormalization, axis=axis, weights=weights, **config)
        back = tuple(moved.index(axis) for axis in range(rank))
        return at.permute(layer(at.permute(data, moved)), back)
    (channels,) = scaled
    groups = 1 if channels in axes else data.shape[channels]
    axis = -1 if channels == rank - 1 else channels
    return at.layer(layers.GroupNormalization, groups=groups, axis=axis, weights=weights, **config)(data)
