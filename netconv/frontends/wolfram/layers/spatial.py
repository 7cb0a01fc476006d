"""Layers of images and other data with channels: convolution, pooling, resizing.

The channels are the first axis, or the last with Interleaving.
"""

from __future__ import annotations

import math

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Expression, Symbol
from .registry import layer

Pads = tuple[tuple[int, int], ...]


def _rank(at: Layer) -> int:
    """The number of axes besides the channels."""
    rank = len(at.shape) - 1
    if not 1 <= rank <= 3 or at.integer("Dimensionality", rank) != rank:
        raise at.error(
            "its input must have one to three axes besides the channels, as its Dimensionality", str(at.shape)
        )
    return rank


def _paddings(at: Layer, rank: int) -> Pads:
    """The padding before and after each axis."""
    value = at.parameter("PaddingSize", 0)
    if type(value) is int:
        value = ((value, value),) * rank
    pairs = tuple((pair, pair) if type(pair) is int else pair for pair in value) if isinstance(value, tuple) else ()
    if len(pairs) != rank or not all(
        isinstance(pair, tuple) and len(pair) == 2 and all(type(n) is int and n >= 0 for n in pair) for pair in pairs
    ):
        raise at.error(f"parameter PaddingSize must have {rank} pairs of integers of at least 0", value)
    return pairs


def channels_first(at: Layer, data: Edge, rank: int) -> Edge:
    return at("transpose", data, axes=(0, rank + 1, *range(1, rank + 1)))


def channels_last(at: Layer, data: Edge, rank: int) -> Edge:
    return at("transpose", data, axes=(0, *range(2, rank + 2), 1))


def padded(at: Layer, data: Edge, pads: Pads, mode: str = "constant", value: float = 0.0) -> Edge:
    """Data (batch, channels, axes...) with padding. MXNet pads two or three axes only: one axis gets another beside
    it."""
    if len(pads) == 1:
        data = at("expand_dims", data, axis=2)
        data = padded(at, data, ((0, 0), *pads), mode, value)
        return at("Reshape", data, shape=(0, -3, -2))
    width = (0, 0, 0, 0, *(n for pair in pads for n in pair))
    return at("Pad", data, mode=mode, pad_width=width, constant_value=value)


def _with_padding(at: Layer, data: Edge, rank: int, always: bool = False) -> tuple[Edge, tuple[int, ...]]:
    """The data, and the padding that is left to the op: padding that differs before and after an axis is a node of its
    own, for all axes."""
    pads = _paddings(at, rank)
    if all(before == after for before, after in pads) and not always:
        return data, tuple(before for before, _ in pads)
    return padded(at, data, pads), (0,) * rank


@layer("Convolution", implied="InputChannels")
def convolution(at: Layer) -> Edge:
    """A correlation: the kernel is not flipped."""
    rank, interleaved = _rank(at), at.boolean("Interleaving", False)
    biases = at.array("Biases", optional=True)
    arrays = [at.required("Weights")] + ([] if biases is None else [biases])
    data = channels_first(at, at.input, rank) if interleaved else at.input
    data, pad = _with_padding(at, data, rank)
    data = at.main(
        "Convolution", data, *arrays,
        num_filter=at.integer("OutputChannels"), kernel=at.sizes("KernelSize", rank),
        stride=at.sizes("Stride", rank, 1), dilate=at.sizes("Dilation", rank, 1), pad=pad,
        num_group=at.integer("ChannelGroups", 1), no_bias=biases is None,
    )  # fmt: skip
    return channels_last(at, data, rank) if interleaved else data


@layer("Deconvolution", implied="InputChannels")
def deconvolution(at: Layer) -> Edge:
    """The output has stride * (input - 1) + kernel elements along an axis, less the padding."""
    rank, interleaved = _rank(at), at.boolean("Interleaving", False)
    pads = _paddings(at, rank)
    if any(before != after for before, after in pads):
        raise at.error("parameter PaddingSize must be the same before and after each axis", str(pads))
    if rank > 2:
        raise at.error("its input must have one or two axes besides the channels", str(at.shape))
    biases = at.array("Biases", optional=True)
    arrays = [at.required("Weights")] + ([] if biases is None else [biases])
    data = channels_first(at, at.input, rank) if interleaved else at.input
    data = at.main(
        "Deconvolution", data, *arrays,
        num_filter=at.integer("OutputChannels"), kernel=at.sizes("KernelSize", rank),
        stride=at.sizes("Stride", rank, 1), dilate=at.sizes("Dilation", rank, 1),
        pad=tuple(before for before, _ in pads), num_group=at.integer("ChannelGroups", 1), no_bias=biases is None,
    )  # fmt: skip
    return channels_last(at, data, rank) if interleaved else data


POOLING = {"Max": "max", "Mean": "avg", "Total": "sum"}


@layer("Pooling", implied="Channels")
def pooling(at: Layer) -> Edge:
    """A mean counts the padding. Padding that differs before and after an axis is zero, also for a maximum."""
    rank, interleaved = _rank(at), at.boolean("Interleaving", False)
    function = at.symbol("Function", "Max")
    if function not in POOLING:
        raise at.error(f"parameter Function must be {', '.join(POOLING)}", function)
    convention = at.symbol("MXPoolingConvention", "valid")
    if convention not in ("valid", "full"):
        raise at.error("parameter $MXPoolingConvention must be valid or full", convention)
    if at.boolean("IgnorePadding", False) and any(n for pair in _paddings(at, rank) for n in pair):
        raise at.error("padding with $IgnorePadding True is not supported")
    data = channels_first(at, at.input, rank) if interleaved else at.input
    data, pad = _with_padding(at, data, rank)
    data = at.main(
        "Pooling", data,
        kernel=at.sizes("KernelSize", rank), stride=at.sizes("Stride", rank, 1), pad=pad, pool_type=POOLING[function],
        global_pool=at.boolean("MXGlobalPool", False), pooling_convention=convention,
    )  # fmt: skip
    return channels_last(at, data, rank) if interleaved else data


@layer("Resize", implied="Specification Dimensionality Scale Channels")
def resize(at: Layer) -> Edge:
    """Linear resizing keeps the corners; nearest repeats each element."""
    interleaved, rank = at.boolean("Interleaving", False), len(at.shape) - 1
    method = at.symbol("Resampling", "Linear")
    if rank not in (1, 2) or method not in ("Linear", "Nearest"):
        raise at.error("must resize one or two axes, with Resampling Linear or Nearest", f"{rank} axes, {method}")
    old, new = (shape[:-1] if interleaved else shape[1:] for shape in (at.shape, at.output_shape))
    channels = at.shape[-1 if interleaved else 0]
    if None in old or None in new or len(old) != len(new):
        raise at.error("the lengths of its axes must be known", f"{old} and {new}")
    data = channels_first(at, at.input, rank) if interleaved else at.input
    if rank == 1:
        data = at.reshape(data, (channels, *old), (channels, *old, 1))
    if method == "Linear":
        height, width = (*new, 1)[:2]
        data = at.main("_contrib_BilinearResize2D", data, height=height, width=width)
    else:
        data = _repeated(at, data, rank)
    if rank == 1:
        data = at.reshape(data, (channels, *new, 1), (channels, *new))
    return channels_last(at, data, rank) if interleaved else data


def _repeated(at: Layer, data: Edge, rank: int) -> Edge:
    """Each element repeated along the axes, by the factors in the specification."""
    for axis, factor in enumerate(_factors(at, rank), 2):
        if factor > 1:
            data = at("repeat", data, repeats=factor, axis=axis)
    return data


def _factors(at: Layer, rank: int) -> tuple[int, ...]:
    match at.parameter("Specification"):
        case tuple(parts) if len(parts) == rank:
            scales = [part.args[0] for part in parts if isinstance(part, Expression) and part.name == "Scaled"]
            if len(scales) == rank and all(isinstance(s, int | float) and s >= 1 and s == int(s) for s in scales):
                return tuple(map(int, scales))
    raise at.error("Resampling Nearest needs a specification of Scaled[n] for each axis", at.parameter("Specification"))


@layer("SpatialTransformation", implied="OutputSize Specification")
def spatial_transformation(at: Layer) -> Edge:
    """Samples an image at an affine transformation of the grid of its output; outside it is zero."""
    if set(at.inputs) != {"Input", "Parameters"} or len(at.output_shape) != 3 or None in at.output_shape:
        raise at.error("must have an image Input and Parameters, and an output of known size")
    return at.main(
        "SpatialTransformer", at.inputs["Input"], at.inputs["Parameters"],
        target_shape=at.output_shape[1:], transform_type="affine", sampler_type="bilinear",
    )  # fmt: skip


@layer("Padding")
def padding(at: Layer) -> Edge:
    """Padding by a constant, by the outermost elements (Fixed), or by reflection."""
    spec, mode = at.parameter("Specification"), at.parameter("Padding", 0.0)
    rank = len(at.shape)
    if (
        not isinstance(spec, tuple)
        or len(spec) != rank
        or not all(
            isinstance(pair, tuple) and len(pair) == 2 and all(type(n) is int and n >= 0 for n in pair) for pair in spec
        )
    ):
        raise at.error(f"parameter Specification must have {rank} pairs of integers of at least 0", spec)
    if rank > 4 or None in at.shape:
        raise at.error("its input must have one to four axes of known lengths", str(at.shape))
    kinds = {"Fixed": "edge", "Reflected": "reflect"}
    if isinstance(mode, str | Symbol) and str(mode) not in kinds:
        raise at.error("parameter Padding must be a number, Fixed or Reflected", mode)
    kind, value = (kinds[str(mode)], 0.0) if isinstance(mode, str | Symbol) else ("constant", at.number("Padding", 0.0))
    data, shape = at.input, list(at.shape)
    # MXNet pads at most the last three of five axes, so an axis at a time is the middle of three
    for axis, (before, after) in enumerate(spec):
        if not (before or after):
            continue
        ahead, behind = math.prod(n or 1 for n in shape[:axis]), math.prod(n or 1 for n in shape[axis + 1 :])
        length = shape[axis] or 1
        data = at.reshape(data, shape, (ahead, length, behind))
        data = at("Pad", data, mode=kind, pad_width=(0, 0, 0, 0, before, after, 0, 0), constant_value=value)
        shape[axis] = length + before + after
        data = at.reshape(data, (ahead, shape[axis], behind), shape)
    return data


@layer("LocalResponseNormalization")
def local_response_normalization(at: Layer) -> Edge:
    """alpha is divided by the number of channels in the window."""
    size = 2 * at.integer("ChannelWindowSize", 2, 0) + 1
    alpha, beta, bias = at.number("Alpha", 1.0), at.number("Beta", 0.5), at.number("Bias", 1.0)
    return at.main("LRN", at.input, nsize=size, alpha=alpha, beta=beta, knorm=bias)
