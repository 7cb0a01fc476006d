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
from ..kernels.pooling import pool
from ..kernels.quantization import (
    HIGHEST,
    INT32_STEPS,
    STEPS,
    absolute_max,
    calibrated_range,
    check_dtype,
    constant_range,
    constant_value,
    exact_convolution,
    exact_dense,
    frozen_tensor,
    in_common_order,
    map_elements,
    note_quantized,
    product_range,
    quantization_scale,
    saturating_round,
    stored_weight,
    to_float32,
)
from ..kernels.rounding import c_cast, divide_exact, dtype_of, is_integer
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
    scale = ops.divide(float(HIGHEST[out_type]), absolute_max(low, high))
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
    tensor, found = data.to(data.order), calibrated_range(min_calib_range, max_calib_range)
    if out_type == "auto":
        out_type = "uint8" if found and (min_calib_range or 0.0) >= 0 else "int8"
    if is_integer(tensor):
        known = found or constant_range(-STEPS["int8"] if dtype_of(tensor) == "int8" else 0.0, STEPS[dtype_of(tensor)])
        return [map_elements(at, data, lambda x: ops.cast(x, out_type)), *known]
    low, high = found or (ops.reshape(ops.min(tensor), (1,)), ops.reshape(ops.max(tensor), (1,)))
    return _quantize_to_range(at, data, quantization_scale(out_type, low, high), out_type, low, high)


def _quantize_to_range(at, data, scale, dtype: str, low, high):
    note_quantized(at)
    far = absolute_max(low, high)
    out = map_elements(at, data, lambda x: saturating_round(ops.multiply(x, scale), dtype))
    return [out, *((low, high) if dtype == "uint8" else (ops.negative(far), far))]


@translates("_contrib_dequantize", layout=as_they_are, shape=as_first)
def dequantize(at, data, min_range, max_range, *, out_type: Literal["float32"] = "float32"):
    dtype = check_dtype(at, "data", data.to(data.order), "int8", "uint8")
    scale = divide_exact(absolute_max(min_range.natural(), max_range.natural()), STEPS[dtype])
    return map_elements(at, data, lambda x: ops.multiply(ops.cast(x, out_type), scale))


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
    tensor, found = data.to(data.order), calibrated_range(min_calib_range, max_calib_range)
    check_dtype(at, "data", tensor, "int32")
    if out_type == "auto":
        out_type = "uint8" if found and (min_calib_range or 0.0) >= 0 else "int8"
    old = absolute_max(min_range.natural(), max_range.natural())
    if found:
        new = absolute_max(*found)
    else:
        most = ops.maximum(ops.absolute(ops.min(tensor)), ops.absolute(ops.max(tensor)))
        new = ops.divide(ops.multiply(ops.reshape(to_float32(most), (1,)), old), INT32_STEPS)
    scale = ops.multiply(ops.divide(old, INT32_STEPS), ops.divide(float(HIGHEST[out_type]), new))
    low = ops.zeros_like(new) if out_type == "uint8" else ops.negative(new)
    return [map_elements(at, data, lambda x: saturating_round(ops.multiply(to_float32(x), scale), out_type)), low, new]


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
    check_dtype(at, "data", data, "uint8")
    channels = data.shape[-1]
    weight = stored_weight(at, weight, num_filter, channels and channels // num_group, *kernel)
    sums = ops.cast(exact_convolution(at, data, weight, num_group, kernel, stride, dilate, pad), "int32")
    if bias is not None:
        sums = ops.add(sums, ops.cast(frozen_tensor(at, bias), "int32"))
    return [sums, *map(at.ordered, product_range("int8", *ranges[:4]))]


def _bias_and_ranges(at, rest, no_bias: bool):
    """The bias or None, and the ends of the ranges of data, weight and bias, from the inputs after the weight."""
    given, wanted = [one for one in rest if one is not None], 4 if no_bias else 7
    if len(given) != wanted:
        raise at.error(f"needs {wanted + 2} inputs", len(given) + 2)
    bias, *ranges = [None, *given] if no_bias else given
    return bias, [constant_value(at, one) for one in ranges]


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
    signed = check_dtype(at, "data", data, "int8", "uint8")
    weight = stored_weight(at, weight, num_hidden, None)
    data = at.flattened(data, weight.shape[1]) if flatten else data
    sums = ops.cast(exact_dense(at, data, weight), "int32")
    if bias is not None:
        scale = ops.multiply(quantization_scale(signed, *ranges[:2]), quantization_scale("int8", *ranges[2:4]))
        scale = divide_exact(ops.multiply(scale, absolute_max(*ranges[4:])), STEPS["int8"])
        sums = ops.add(sums, ops.cast(ops.multiply(frozen_tensor(at, bias), scale), "int32"))
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
    dtype, rank = check_dtype(at, "data", data, "int8", "uint8"), len(data.shape) - 2
    windows = {"global_pool": global_pool, "convention": pooling_convention, "stride": stride, "pad": pad}

    def counted(tensor):
        return ops.round(pool(at, tensor, kernel, "sum", **windows))

    if pool_type == "max":
        out = pool(at, to_float32(data), kernel, "max", **windows)
    elif global_pool or count_include_pad is False:
        out = divide_exact(
            counted(to_float32(data)), ops.maximum(counted(to_float32(ops.ones_like(data[:1, ..., :1]))), 1)
        )
    else:
        out = divide_exact(counted(to_float32(data)), float(math.prod(kernel[:rank])))
    return [saturating_round(out, dtype), at.ordered(min_data), at.ordered(max_data)]


@translates("_contrib_quantized_act", layout=as_they_are, shape=as_first, outputs=3)
def quantized_act(
    at, data, min_data, max_data, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]
):
    """Bytes of unsigned data are passed through and read as if they were signed."""
    if act_type != "relu":
        raise at.error("act_type must be relu", act_type)
    return [map_elements(at, data, lambda x: ops.cast(ops.maximum(x, 0), "int8")), min_data, max_data]


@translates("_contrib_quantized_flatten", layout=as_they_are, shape=_as_floats("Flatten", 1))
def quantized_flatten(at, data, min_data, max_data):
    return [at.flattened(data.natural()), min_data, max_data]


@translates("_contrib_quantized_concat", layout=as_they_are, ignores="num_args", shape=_as_floats("Concat"))
def quantized_concat(at, *data, dim: int = 1):
    """All inputs are rescaled to the widest range; the ranges are the inputs after the data."""
    if not data or len(data) % 3:
        raise at.error("needs two ends of a range for each of the data", len(data))
    many = len(data) // 3
    tensors, order = in_common_order(data[:many])
    ends = [value.natural() for value in data[many:]]
    lows, highs = ends[::2], ends[1::2]
    kinds = [check_dtype(at, "data", tensor, "int8", "uint8") for tensor in tensors]
    dtype = "int8" if "int8" in kinds else "uint8"
    low = ops.minimum(ops.min(ops.stack(lows), 0), 0)
    high = ops.maximum(ops.max(ops.stack(highs), 0), 0)
    scale = quantization_scale(dtype, low, high)
    scaled = [
        saturating_round(ops.multiply(to_float32(tensor), divide_exact(scale, quantization_scale(one, *ends))), dtype)
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
    tensors, order = in_common_order([lhs, rhs])
    kinds = [check_dtype(at, name, x, "int8", "uint8") for name, x in zip(("lhs", "rhs"), tensors, strict=True)]
    ranges = [(lhs_min.natural(), lhs_max.natural()), (rhs_min.natural(), rhs_max.natural())]
    found = calibrated_range(min_calib_range, max_calib_range)
    if found:
        dtype, (low, high) = "int8" if "int8" in kinds else "uint8", found
        scale = quantization_scale(dtype, low, high)
        scales = [divide_exact(scale, quantization_scale(one, *ends)) for one, ends in zip(kinds, ranges, strict=True)]
    else:
        dtype, reaches = "int32", [absolute_max(*ends) for ends in ranges]
        high = ops.add(*reaches)
        low = ops.negative(high)
        scales = [
            divide_exact(ops.multiply(far, INT32_STEPS), ops.multiply(high, STEPS[one]))
            for one, far in zip(kinds, reaches, strict=True)
        ]
    mixed = kinds[0] != kinds[1]
    scaled = [ops.multiply(to_float32(x), scale) for x, scale in zip(tensors, scales, strict=True)]
    scaled = [
        to_float32(saturating_round(x, "int8")) if mixed and one == "uint8" else x
        for x, one in zip(scaled, kinds, strict=True)
    ]
    return [at.ordered(saturating_round(ops.add(*scaled), dtype), order), low, high]


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
    tensors, order = in_common_order([lhs, rhs])
    for name, tensor in zip(("lhs", "rhs"), tensors, strict=True):
        check_dtype(at, name, tensor, "int8")
    ranges = [value.natural() for value in (lhs_min, lhs_max, rhs_min, rhs_max)]
    product = ops.multiply(*(ops.cast(tensor, "int32") for tensor in tensors))
    found = calibrated_range(min_calib_range, max_calib_range)
    if enable_float_output:
        return at.ordered(ops.multiply(to_float32(product), _divided_by_steps(1.0, ranges, "float64")), order)
    if not found:
        return [at.ordered(product, order), *product_range("int8", *ranges)]
    scale = _divided_by_steps(quantization_scale("int8", *found), ranges, "float32")
    return [at.ordered(c_cast(ops.multiply(to_float32(product), scale), "int8"), order), *found]


def _divided_by_steps(dividend, ranges, dtype: str):
    """A number divided by the steps of both ranges."""
    units = [ops.cast(quantization_scale("int8", *ends), dtype) for ends in (ranges[:2], ranges[2:])]
    return to_float32(divide_exact(divide_exact(ops.cast(dividend, dtype), units[0]), units[1]))


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
    found = calibrated_range(min_calib_range, max_calib_range)
    if not found:
        raise at.error("needs min_calib_range and max_calib_range")
    if output_mean_var:
        raise at.error("attribute 'output_mean_var' must be false")
    if check_dtype(at, "data", data, "int8", "uint8") == "uint8":
        data = saturating_round(ops.multiply(to_float32(data), STEPS["int8"] / STEPS["uint8"]), "int8")
    gamma, beta, mean, variance = (frozen_tensor(at, array) for array in (gamma, beta, moving_mean, moving_var))
    spread = to_float32(ops.reciprocal(ops.sqrt(ops.add(ops.cast(variance, "float64"), eps))))
    far = absolute_max(*found)
    slope = ops.multiply(gamma, spread)
    shift = ops.subtract(beta, ops.multiply(ops.multiply(mean, gamma), spread))
    shift = divide_exact(ops.multiply(shift, STEPS["int8"]), far)
    slope = divide_exact(ops.multiply(slope, absolute_max(min_data, max_data)), far)
    slope = divide_exact(slope, float(np.sqrt(np.float32(1) + np.float32(eps))))
    out = saturating_round(ops.add(ops.multiply(to_float32(data), slope), shift), "int8")
    return [out, *map(at.ordered, found)]


@translates("_contrib_quantized_embedding", layout=as_they_are, ignores="dtype", shape=_as_floats("Embedding", 2))
def quantized_embedding(at, data, weight: TrackedArray, min_weight, max_weight, *, input_dim: int, output_dim: int):
    note_quantized(at)
    weight = stored_weight(at, weight, input_dim, output_dim)
    ids = ops.cast(ops.clip(data.natural(), 0, input_dim - 1), "int32")
    return [ops.cast(at.rows(weight, ids), "int8"), min_weight, max_weight]
