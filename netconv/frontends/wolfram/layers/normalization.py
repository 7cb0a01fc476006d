"""Layers that normalize."""

from __future__ import annotations

import math

from ....graph.graph import Edge
from ..builder import Layer
from ..levels import levels
from .registry import layer


@layer("BatchNormalization", implied="Channels")
def batch_normalization(at: Layer) -> Edge:
    """Momentum is the part of the moving statistics that stays; Epsilon stands inside the root."""
    arrays = [at.required(name) for name in ("Scaling", "Biases", "MovingMean", "MovingVariance")]
    return at.main(
        "BatchNorm", at.input, *arrays,
        eps=at.number("Epsilon", 0.001), momentum=at.number("Momentum", 0.9), fix_gamma=False,
        axis=-1 if at.boolean("Interleaving", False) else 1,
    )  # fmt: skip


@layer("Normalization", "NormalizationLayer")
def normalization(at: Layer) -> Edge:
    """Over the aggregation levels of each example; scaled and shifted along the scaling levels."""
    rank = len(at.shape)
    over = levels(at, "AggregationLevels", rank)
    scaling = at.parameter("ScalingLevels", "Complement")
    if scaling == "Complement":
        along = tuple(n for n in range(1, rank + 1) if n not in over)
    else:
        along = over if scaling == "Same" else levels(at, "ScalingLevels", rank)
    gamma, beta = (at.array(name, optional=True) for name in ("Scaling", "Biases"))
    eps = at.number("Epsilon", 0.001)
    if over == tuple(range(2, rank + 1)) and along == (1,) and gamma is not None and beta is not None:
        return at.main("InstanceNorm", at.input, gamma, beta, eps=eps)
    data = _standardized(at, at.input, over, eps) if over else at.input
    for op, array in (("broadcast_mul", gamma), ("broadcast_plus", beta)):
        if array is not None:
            data = at(op, data, at("Reshape", array, shape=_only(at, along)))
    return data


def _only(at: Layer, along: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the input with the batch axis, 1 for the axes that are not `along`."""
    lengths = [length if n in along else 1 for n, length in enumerate(at.shape, 1)]
    if None in lengths:
        raise at.error("cannot scale along an axis whose length is not known")
    return (1, *(length or 1 for length in lengths))


def _standardized(at: Layer, data: Edge, over: tuple[int, ...], eps: float) -> Edge:
    centered = at("broadcast_minus", data, _mean(at, data, over))
    variance = _mean(at, at("square", centered), over)
    return at("broadcast_div", centered, at("sqrt", at("_PlusScalar", variance, scalar=eps)))


def _mean(at: Layer, data: Edge, over: tuple[int, ...]) -> Edge:
    """The mean, with the axes kept."""
    lengths = [at.shape[n - 1] for n in over]
    if None in lengths:
        return at("mean", data, axis=over, keepdims=True)
    total = at("sum", data, axis=over)
    mean = at("_DivScalar", total, scalar=float(math.prod(n or 1 for n in lengths)))
    rest = tuple(n for i, n in enumerate(at.shape, 1) if i not in over)
    return at.reshape(mean, rest, tuple(1 if i in over else n for i, n in enumerate(at.shape, 1)))
