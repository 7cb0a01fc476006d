"""Shapes of the outputs of common layers by their configs, without Keras. A file has the shape of every tensor that a
layer takes; what these rules are for is the outputs of a model, which no layer takes.

Knows the classes of Keras, no layer itself. Shapes have the batch axis.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .layer_rows import Lengths

Config = Mapping[str, Any]
KEEPING = re.compile(
    r"Activation|\w*Softmax|\w*Re[Ll][Uu]|\w*ELU|Elu|\w*Dropout|\w*Normalization|Gaussian\w+|Rescaling|Masking|Identity|"
    r"\w*Sigmoid|Tanh|Exp|Expm1|Log|Log1p|Sqrt|Square|Rsqrt|Reciprocal|Negative|Abs\w*|Sign|Sin|Cos|Softplus|Softsign|"
    r"Silu|Gelu|Clip|Round|Floor|Ceil|Cast|Erf|ActivityRegularization"
)
"""Classes whose outputs have the shape of their input."""
MERGING = re.compile(r"Add|Subtract|Multiply|TrueDivide|Divide|Maximum|Minimum|Average|Power")


def output_shape(kind: str, config: Config, inputs: Sequence[Lengths | None]) -> Lengths | None:
    """The shape of the output of a layer of the class `kind`; None if no rule has it, or a config is damaged."""
    if not inputs or any(shape is None for shape in inputs):
        return None
    shapes = [tuple(shape) for shape in inputs if shape is not None]
    if KEEPING.fullmatch(kind):
        return shapes[0]
    if MERGING.fullmatch(kind):
        return _broadcast(shapes)
    rule = next((rule for pattern, rule in RULES.items() if re.fullmatch(pattern, kind)), None)
    try:
        return None if rule is None else rule(config, shapes)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None


def _broadcast(shapes: list[Lengths]) -> Lengths | None:
    longest = max(shapes, key=len)
    aligned = [(1,) * (len(longest) - len(shape)) + shape for shape in shapes]
    axes = [set(lengths) - {1} for lengths in zip(*aligned, strict=True)]
    return None if any(len(axis) > 1 for axis in axes) else tuple(next(iter(axis), 1) for axis in axes)


def _flattened(_config: Config, shapes: list[Lengths]) -> Lengths:
    rest = shapes[0][1:]
    return shapes[0][0], None if None in rest else math.prod(length or 0 for length in rest)


def _reshaped(config: Config, shapes: list[Lengths]) -> Lengths:
    target, (batch, *rest) = list(config["target_shape"]), shapes[0]
    if -1 in target:
        known = math.prod(length for length in target if length != -1)
        total = None if None in rest else math.prod(length or 0 for length in rest)
        target[target.index(-1)] = None if total is None else total // known
    return batch, *target


def _concatenated(config: Config, shapes: list[Lengths]) -> Lengths:
    axis = range(len(shapes[0]))[config.get("axis", -1)]
    parts = [shape[axis] for shape in shapes]
    total = None if None in parts else sum(length or 0 for length in parts)
    return *shapes[0][:axis], total, *shapes[0][axis + 1 :]


def _recurrent(config: Config, shapes: list[Lengths]) -> Lengths | None:
    if config.get("return_state"):
        return None
    batch, steps = shapes[0][:2]
    return (batch, steps, config["units"]) if config.get("return_sequences") else (batch, config["units"])


def _both_directions(config: Config, shapes: list[Lengths]) -> Lengths | None:
    inner = output_shape(config["layer"]["class_name"], config["layer"]["config"], shapes[:1])
    mode = config.get("merge_mode", "concat")
    if inner is None or mode is None:
        return None
    return (*inner[:-1], 2 * (inner[-1] or 0)) if mode == "concat" else inner


def _at_each_step(config: Config, shapes: list[Lengths]) -> Lengths | None:
    batch, steps, *rest = shapes[0]
    inner = output_shape(config["layer"]["class_name"], config["layer"]["config"], [(batch, *rest)])
    return None if inner is None else (batch, steps, *inner[1:])


def _is_channels_first(config: Config) -> bool:
    return config.get("data_format") == "channels_first"


def _with_channels(config: Config, batch: int | None, space: Sequence[int | None], channels: int | None) -> Lengths:
    return (batch, channels, *space) if _is_channels_first(config) else (batch, *space, channels)


def _split(config: Config, shape: Lengths) -> tuple[int | None, Lengths, int | None]:
    """The batch, the lengths in space and the channels of a shape."""
    if _is_channels_first(config):
        return shape[0], shape[2:], shape[1]
    return shape[0], shape[1:-1], shape[-1]


def _slid(config: Config, shape: Lengths, window: str) -> tuple[int | None, list[int | None], int | None]:
    """The batch, the lengths in space after a window has slid along them, and the channels."""
    batch, space, channels = _split(config, shape)
    sizes, strides = _each(config[window], space), _each(config.get("strides") or config[window], space)
    gaps = _each(config.get("dilation_rate", 1), space)
    reach = [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]
    if config.get("padding") == "same":
        reach = [1] * len(space)
    elif config.get("padding") == "causal":
        reach = [1]
    lengths = [None if n is None else (n - r) // s + 1 for n, r, s in zip(space, reach, strides, strict=True)]
    return batch, lengths, channels


def _each(value: Any, space: Sequence[Any]) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value] * len(space)


def _convolved(config: Config, shapes: list[Lengths]) -> Lengths:
    batch, space, channels = _slid(config, shapes[0], "kernel_size")
    return _with_channels(config, batch, space, config.get("filters") or channels * config["depth_multiplier"])


def _pooled(config: Config, shapes: list[Lengths]) -> Lengths:
    return _with_channels(config, *_slid(config, shapes[0], "pool_size"))


def _pooled_whole(config: Config, shapes: list[Lengths]) -> Lengths:
    batch, space, channels = _split(config, shapes[0])
    ones: list[int | None] = [1] * len(space) if config.get("keepdims") else []
    return _with_channels(config, batch, ones, channels)


def _enlarged(config: Config, shapes: list[Lengths]) -> Lengths:
    batch, space, channels = _split(config, shapes[0])
    sizes = _each(config["size"], space)
    grown = [None if n is None else n * size for n, size in zip(space, sizes, strict=True)]
    return _with_channels(config, batch, grown, channels)


RULES: dict[str, Callable[[Config, list[Lengths]], Lengths | None]] = {
    "Dense": lambda config, shapes: (*shapes[0][:-1], config["units"]),
    "EinsumDense": lambda config, shapes: (shapes[0][0], *_each(config["output_shape"], [0])),
    "Embedding": lambda config, shapes: (*shapes[0], config["output_dim"]),
    "Flatten": _flattened,
    "Reshape": _reshaped,
    "Permute": lambda config, shapes: (shapes[0][0], *(shapes[0][axis] for axis in config["dims"])),
    "Transpose": lambda config, shapes: tuple(shapes[0][axis] for axis in config["axes"]),
    "RepeatVector": lambda config, shapes: (shapes[0][0], config["n"], *shapes[0][1:]),
    "Concatenate": _concatenated,
    "(Simple)?RNN|LSTM|GRU": _recurrent,
    "Bidirectional": _both_directions,
    "TimeDistributed": _at_each_step,
    r"(Depthwise|Separable)?Conv[123]D": _convolved,
    r"(Max|Average)Pooling[123]D": _pooled,
    r"Global(Max|Average)Pooling[123]D": _pooled_whole,
    r"UpSampling[123]D": _enlarged,
}
"""Patterns of classes to the rules of their outputs."""
