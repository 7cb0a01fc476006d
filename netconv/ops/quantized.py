"""Quantized ops on 8-bit integers, as MXNet computes them on a CPU with oneDNN. None has a gradient.

Most return three tensors: integers, and the lower and upper end of the range that they represent.
"""

import math
from typing import Literal

import numpy as np

from ..graph.attributes import Ints
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.layout import as_they_are, features, spatial
from ..kernels.pooling import pooled
from ..kernels.quantization import (
    HIGHEST,
    STEPS,
    WORDS,
    calibrated,
    convolved_bytes,
    each,
    fixed,
    floats,
    limits,
    multiplied_bytes,
    nearest,
    number,
    product_range,
    reach,
    remark,
    steps,
    stored,
    together,
    type_of,
)
from ..kernels.rounding import c_cast, divide_exact, is_integer, kind
from .registry import shaped_as, translates
from .shape_rules import as_first, columns_of_weight, two_axes


def _as_floats(op: str, shaped: int | None = None):
    """The rule of the float op for the first output and the first `shaped` inputs, by default a third of them; the
    other inputs are ranges, whose shapes follow and imply nothing."""
    rule = shaped_as(op)

    def apply(a, ins, outs):
        count = shaped or len(ins) // 3
        claims, made = rule(a, ins[:count], outs[:1])
        return claims[:count], [made[0], None, None]

    return apply


@translates("_contrib_quantize", layout=as_they_are, shape=as_first, outputs=3)
def quantize(at, data, min_range, max_range, *, out_type: Literal["int8", "uint8"] = "uint8"):
    low, high = min_range.natural(), max_range.natural()
    scale = ops.divide(float(HIGHEST[out_type]), reach(low, high))
    return _quantize_to_range(at, data, scale, out_type, low, high)


@translates("_contrib_quantize_v2", layout=as_they_are, shape=as_first, outputs=3)
def quantize_v2(
    at,
    data,
    *,
    out_type: Literal["auto", "int8", "uint8"] = "int8",
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """The range is that of the data unless it was calibrated. Integers are passed through."""
    tensor, found = data.to(data.order), calibrated(min_calib_range, max_calib_range)
    if out_type == "auto":
        out_type = "uint8" if found and (min_calib_range or 0.0) >= 0 else "int8"
    if is_integer(tensor):
        known = found or limits(-STEPS["int8"] if kind(tensor) == "int8" else 0.0, STEPS[kind(tensor)])
        return [each(at, data, lambda x: ops.cast(x, out_type)), *known]
    low, high = found or (ops.reshape(ops.min(tensor), (1,)), ops.reshape(ops.max(tensor), (1,)))
    return _quantize_to_range(at, data, steps(out_type, low, high), out_type, low, high)


def _quantize_to_range(at, data, scale, dtype: str, low, high):
    remark(at)
    far = reach(low, high)
    out = each(at, data, lambda x: nearest(ops.multiply(x, scale), dtype))
    return [out, *((low, high) if dtype == "uint8" else (ops.negative(far), far))]


@translates("_contrib_dequantize", layout=as_they_are, shape=as_first)
def dequantize(at, data, min_range, max_range, *, out_type: Literal["float32"] = "float32"):
    dtype = type_of(at, "data", data.to(data.order), "int8", "uint8")
    scale = divide_exact(reach(min_range.natural(), max_range.natural()), STEPS[dtype])
    return each(at, data, lambda x: ops.multiply(ops.cast(x, out_type), scale))


@translates("_contrib_requantize", layout=as_they_are, shape=as_first, outputs=3)
def requantize(
    at,
    data,
    min_range,
    max_range,
    *,
    out_type: Literal["auto", "int8", "uint8"] = "int8",
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """From 32 bits to 8. The new range is that of the data unless it was calibrated."""
    tensor, found = data.to(data.order), calibrated(min_calib_range, max_calib_range)
    type_of(at, "data", tensor, "int32")
    if out_type == "auto":
        out_type = "uint8" if found and (min_calib_range or 0.0) >= 0 else "int8"
    old = reach(min_range.natural(), max_range.natural())
    if found:
        new = reach(*found)
    else:
        most = ops.maximum(ops.absolute(ops.min(tensor)), ops.absolute(ops.max(tensor)))
        new = ops.divide(ops.multiply(ops.reshape(floats(most), (1,)), old), WORDS)
    scale = ops.multiply(ops.divide(old, WORDS), ops.divide(float(HIGHEST[out_type]), new))
    low = ops.zeros_like(new) if out_type == "uint8" else ops.negative(new)
    return [each(at, data, lambda x: nearest(ops.multiply(floats(x), scale), out_type)), low, new]


@translates("_contrib_quantized_conv", layout=spatial, shape=_as_floats("Convolution", 2))
def quantized_conv(
    at,
    data,
    weight: TrackedArray,
    bias: TrackedArray,
    min_data: TrackedArray,
    max_data: TrackedArray,
    min_weight: TrackedArray,
    max_weight: TrackedArray | None = None,
    min_bias: TrackedArray | None = None,
    max_bias: TrackedArray | None = None,
    *,
    kernel: Ints,
    num_filter: int,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    no_bias: bool = False,
    layout: str | None = None,
):
    """Sums of 32 bits. MXNet adds the bias without rescaling it, in steps of its own range, and computes the range of
    the sums as if the data were signed."""
    rest = (bias, min_data, max_data, min_weight, max_weight, min_bias, max_bias)
    bias, ranges = _bias_and_ranges(at, rest, no_bias)
    if layout not in (None, "None", "NCHW", "NCDHW"):
        raise at.error("attribute 'layout' must be NCHW or NCDHW", repr(layout))
    type_of(at, "data", data, "uint8")
    channels = data.shape[-1]
    weight = stored(at, weight, num_filter, channels and channels // num_group, *kernel)
    sums = ops.cast(convolved_bytes(at, data, weight, num_group, kernel, stride, dilate, pad), "int32")
    if bias is not None:
        sums = ops.add(sums, ops.cast(fixed(at, bias), "int32"))
    return [sums, *map(at.ordered, product_range("int8", *ranges[:4]))]


def _bias_and_ranges(at, rest, no_bias: bool):
    """The bias or None, and the ends of the ranges of data, weight and bias, from the inputs after the weight."""
    given, wanted = [one for one in rest if one is not None], 4 if no_bias else 7
    if len(given) != wanted:
        raise at.error(f"needs {wanted + 2} inputs", len(given) + 2)
    bias, *ranges = [None, *given] if no_bias else given
    return bias, [number(at, one) for one in ranges]


@translates(
    "_contrib_quantized_fully_connected",
    layout=features,
    shape=_as_floats("FullyConnected", 2),
    likely=two_axes,
    features=columns_of_weight,
)
def quantized_fully_connected(
    at,
    data,
    weight: TrackedArray,
    bias: TrackedArray,
    min_data: TrackedArray,
    max_data: TrackedArray,
    min_weight: TrackedArray,
    max_weight: TrackedArray | None = None,
    min_bias: TrackedArray | None = None,
    max_bias: TrackedArray | None = None,
    *,
    num_hidden: int,
    no_bias: bool = False,
    flatten: bool = True,
):
    """Sums of 32 bits. The bias is rescaled to their steps and truncated."""
    rest = (bias, min_data, max_data, min_weight, max_weight, min_bias, max_bias)
    bias, ranges = _bias_and_ranges(at, rest, no_bias)
    signed = type_of(at, "data", data, "int8", "uint8")
    weight = stored(at, weight, num_hidden, None)
    data = at.flattened(data, weight.shape[1]) if flatten else data
    sums = ops.cast(multiplied_bytes(at, data, weight), "int32")
    if bias is not None:
        scale = ops.multiply(steps(signed, *ranges[:2]), steps("int8", *ranges[2:4]))
        scale = divide_exact(ops.multiply(scale, reach(*ranges[4:])), STEPS["int8"])
        sums = ops.add(sums, ops.cast(ops.multiply(fixed(at, bias), scale), "int32"))
    return [sums, *product_range(signed, *ranges[:4])]


@translates("_contrib_quantized_pooling", layout=spatial, ignores="p_value", shape=_as_floats("Pooling_v1", 1))
def quantized_pooling(
    at,
    data,
    min_data,
    max_data,
    *,
    kernel: Ints = (),
    pool_type: Literal["avg", "lp", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Ints = (),
    pad: Ints = (),
    count_include_pad: bool | None = None,
    layout: str | None = None,
):
    """An average that includes the padding is divided by the size of the whole kernel, also where the kernel extends
    past the padding."""
    if pool_type not in ("avg", "max"):
        raise at.error("pool_type must be avg or max", pool_type)
    if layout not in (None, "None", "NCHW", "NCDHW"):
        raise at.error("attribute 'layout' must be NCHW or NCDHW", repr(layout))
    dtype, rank = type_of(at, "data", data, "int8", "uint8"), len(data.shape) - 2
    windows = {"global_pool": global_pool, "convention": pooling_convention, "stride": stride, "pad": pad}

    def counted(tensor):
        return ops.round(pooled(at, tensor, kernel, "sum", **windows))

    if pool_type == "max":
        out = pooled(at, floats(data), kernel, "max", **windows)
    elif global_pool or count_include_pad is False:
        out = divide_exact(counted(floats(data)), ops.maximum(counted(floats(ops.ones_like(data[:1, ..., :1]))), 1))
    else:
        out = divide_exact(counted(floats(data)), float(math.prod(kernel[:rank])))
    return [nearest(out, dtype), at.ordered(min_data), at.ordered(max_data)]


@translates("_contrib_quantized_act", layout=as_they_are, shape=as_first, outputs=3)
def quantized_act(
    at, data, min_data, max_data, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]
):
    """Bytes of unsigned data are passed through and read as if they were signed."""
    if act_type != "relu":
        raise at.error("act_type must be relu", act_type)
    return [each(at, data, lambda x: ops.cast(ops.maximum(x, 0), "int8")), min_data, max_data]


@translates("_contrib_quantized_flatten", layout=as_they_are, shape=_as_floats("Flatten", 1))
def quantized_flatten(at, data, min_data, max_data):
    return [at.flattened(data.natural()), min_data, max_data]


@translates("_contrib_quantized_concat", layout=as_they_are, ignores="num_args", shape=_as_floats("Concat"))
def quantized_concat(at, *data, dim: int = 1):
    """All inputs are rescaled to the widest range; the ranges are the inputs after the data."""
    if not data or len(data) % 3:
        raise at.error("needs two ends of a range for each of the data", len(data))
    many = len(data) // 3
    tensors, order = together(data[:many])
    ends = [value.natural() for value in data[many:]]
    lows, highs = ends[::2], ends[1::2]
    kinds = [type_of(at, "data", tensor, "int8", "uint8") for tensor in tensors]
    dtype = "int8" if "int8" in kinds else "uint8"
    low = ops.minimum(ops.min(ops.stack(lows), 0), 0)
    high = ops.maximum(ops.max(ops.stack(highs), 0), 0)
    scale = steps(dtype, low, high)
    scaled = [
        nearest(ops.multiply(floats(tensor), divide_exact(scale, steps(one, *ends))), dtype)
        for tensor, one, *ends in zip(tensors, kinds, lows, highs, strict=True)
    ]
    out = ops.concatenate(scaled, order.index(at.axis(dim, len(order))))
    return [at.ordered(out, order), low, high]


@translates("_contrib_quantized_elemwise_add", layout=as_they_are, shape=_as_floats("elemwise_add", 2))
def quantized_elemwise_add(
    at,
    lhs,
    rhs,
    lhs_min,
    lhs_max,
    rhs_min,
    rhs_max,
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """The result has 32 bits unless its range was calibrated. If only one operand is signed, the other is converted to
    signed 8 bits first."""
    tensors, order = together([lhs, rhs])
    kinds = [type_of(at, name, x, "int8", "uint8") for name, x in zip(("lhs", "rhs"), tensors, strict=True)]
    ranges = [(lhs_min.natural(), lhs_max.natural()), (rhs_min.natural(), rhs_max.natural())]
    found = calibrated(min_calib_range, max_calib_range)
    if found:
        dtype, (low, high) = "int8" if "int8" in kinds else "uint8", found
        scale = steps(dtype, low, high)
        scales = [divide_exact(scale, steps(one, *ends)) for one, ends in zip(kinds, ranges, strict=True)]
    else:
        dtype, reaches = "int32", [reach(*ends) for ends in ranges]
        high = ops.add(*reaches)
        low = ops.negative(high)
        scales = [
            divide_exact(ops.multiply(far, WORDS), ops.multiply(high, STEPS[one]))
            for one, far in zip(kinds, reaches, strict=True)
        ]
    mixed = kinds[0] != kinds[1]
    scaled = [ops.multiply(floats(x), scale) for x, scale in zip(tensors, scales, strict=True)]
    scaled = [
        floats(nearest(x, "int8")) if mixed and one == "uint8" else x for x, one in zip(scaled, kinds, strict=True)
    ]
    return [at.ordered(nearest(ops.add(*scaled), dtype), order), low, high]


@translates("_contrib_quantized_elemwise_mul", layout=as_they_are, shape=_as_floats("elemwise_mul", 2))
def quantized_elemwise_mul(
    at,
    lhs,
    rhs,
    lhs_min,
    lhs_max,
    rhs_min,
    rhs_max,
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    enable_float_output: bool = False,
):
    """Products of 32 bits; or rescaled to 8 bits and truncated, without clipping; or as floats."""
    tensors, order = together([lhs, rhs])
    for name, tensor in zip(("lhs", "rhs"), tensors, strict=True):
        type_of(at, name, tensor, "int8")
    ranges = [value.natural() for value in (lhs_min, lhs_max, rhs_min, rhs_max)]
    product = ops.multiply(*(ops.cast(tensor, "int32") for tensor in tensors))
    found = calibrated(min_calib_range, max_calib_range)
    if enable_float_output:
        return at.ordered(ops.multiply(floats(product), _divided_by_steps(1.0, ranges, "float64")), order)
    if not found:
        return [at.ordered(product, order), *product_range("int8", *ranges)]
    scale = _divided_by_steps(steps("int8", *found), ranges, "float32")
    return [at.ordered(c_cast(ops.multiply(floats(product), scale), "int8"), order), *found]


def _divided_by_steps(dividend, ranges, dtype: str):
    """A number divided by the steps of both ranges."""
    units = [ops.cast(steps("int8", *ends), dtype) for ends in (ranges[:2], ranges[2:])]
    return floats(divide_exact(divide_exact(ops.cast(dividend, dtype), units[0]), units[1]))


@translates(
    "_contrib_quantized_batch_norm",
    layout=spatial,
    ignores="momentum fix_gamma use_global_stats axis",
    shape=_as_floats("BatchNorm", 5),
)
def quantized_batch_norm(
    at,
    data,
    gamma: TrackedArray,
    beta: TrackedArray,
    moving_mean: TrackedArray,
    moving_var: TrackedArray,
    min_data,
    max_data,
    *,
    eps: float = 1e-3,
    output_mean_var: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """By moving statistics, along axis 1, and with the stored gamma even if `fix_gamma` is true. MXNet computes one
    scale and one shift for all channels and then divides by the root of 1 + eps."""
    found = calibrated(min_calib_range, max_calib_range)
    if not found:
        raise at.error("needs min_calib_range and max_calib_range")
    if output_mean_var:
        raise at.error("attribute 'output_mean_var' must be false")
    if type_of(at, "data", data, "int8", "uint8") == "uint8":
        data = nearest(ops.multiply(floats(data), STEPS["int8"] / STEPS["uint8"]), "int8")
    gamma, beta, mean, variance = (fixed(at, array) for array in (gamma, beta, moving_mean, moving_var))
    spread = floats(ops.reciprocal(ops.sqrt(ops.add(ops.cast(variance, "float64"), eps))))
    far = reach(*found)
    slope = ops.multiply(gamma, spread)
    shift = ops.subtract(beta, ops.multiply(ops.multiply(mean, gamma), spread))
    shift = divide_exact(ops.multiply(shift, STEPS["int8"]), far)
    slope = divide_exact(ops.multiply(slope, reach(min_data, max_data)), far)
    slope = divide_exact(slope, float(np.sqrt(np.float32(1) + np.float32(eps))))
    out = nearest(ops.add(ops.multiply(floats(data), slope), shift), "int8")
    return [out, *map(at.ordered, found)]


@translates("_contrib_quantized_embedding", layout=as_they_are, ignores="dtype", shape=_as_floats("Embedding", 2))
def quantized_embedding(at, data, weight: TrackedArray, min_weight, max_weight, *, input_dim: int, output_dim: int):
    remark(at)
    weight = stored(at, weight, input_dim, output_dim)
    ids = ops.cast(ops.clip(data.natural(), 0, input_dim - 1), "int32")
    return [ops.cast(at.rows(weight, ids), "int8"), min_weight, max_weight]
