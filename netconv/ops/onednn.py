"""oneDNN: fused ops of 8-bit nets, a convolution or dense layer with the ops around it. Fused ops on floats are split
by `passes/canonicalize.py`."""

import numpy as np

from ..graph.attributes import Count
from ..graph.graph import Edge
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import ops
from ..kernels.attention import fold_heads, split_heads, weighted_values
from ..kernels.layout import StoredOperand, as_they_are, channels_last
from ..kernels.quantization import (
    HIGHEST,
    LARGEST_EXACT_INTEGER,
    LOWEST,
    STEPS,
    absolute_max,
    calibrated_range,
    check_dtype,
    constant_range,
    exact_convolution,
    exact_dense,
    note_quantized,
    product_range,
    saturating_round,
    to_float32,
)
from ..kernels.rounding import divide_exact, round_half_away
from .registry import translates, typed_attributes

MOST = np.float32(2**31 - 1)
"""The number of steps of a unit for an empty range."""


def _fused_shape(a, ins, outs):
    """The first inputs are those of the subgraph; a range of two numbers for each quantized one follows."""
    if not a._node.subgraphs:
        return ins, outs
    (subgraph, *_) = a._node.subgraphs
    nulls = [i for i, inner in enumerate(subgraph.nodes) if inner.op == "null"]
    inner = a._inner(subgraph, dict(zip(nulls, ins, strict=False)))
    if inner is None:
        return ins, outs
    if outs[0] is not None:
        inner.refine([(subgraph.heads[0], outs[0])])
    inner.propagate(range(len(inner.rules)))
    return [inner.shape(Edge(null)) for null in nulls], [inner.shape(subgraph.heads[0])]


@translates("_sg_mkldnn_conv", layout=as_they_are, shape=_fused_shape, outputs=3)
def fused_convolution(
    at,
    *inputs,
    quantized: bool = False,
    with_bn: bool = False,
    with_act: bool = False,
    with_sum: bool = False,
    with_postsum_act: bool = False,
    with_relu: bool = False,
    with_postsum_relu: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """The statistics of a normalization are folded into the stored weight before it is quantized: with one scale for
    each filter if the range of the result is known, else with one for all. `with_relu` and `with_postsum_relu` are
    older names."""
    with_act, with_postsum_act = with_act or with_relu, with_postsum_act or with_postsum_relu
    parts = _fused_attributes(at, quantized, "Convolution")
    conv, limit = parts["Convolution"], _upper_bound(at, parts)
    _check_count(at, inputs, 4 + (not conv["no_bias"]) + 4 * with_bn + 3 * with_sum)
    data, weight, *rest = inputs
    weight, bias = _stored_value(at, weight), None if conv["no_bias"] else _stored_value(at, rest.pop(0))
    if with_bn:
        weight, bias = _fold_normalization(
            parts["BatchNorm"], weight, bias, [_stored_value(at, rest.pop(0)) for _ in range(4)]
        )
    added = rest.pop(0) if with_sum else None
    ends = [_stored_value(at, end) if isinstance(end, StoredOperand) else end.natural() for end in rest]
    order = channels_last(data.rank)
    tensor = data.to(order)
    kind, found = check_dtype(at, "data", tensor, "int8", "uint8"), calibrated_range(min_calib_range, max_calib_range)
    scale = _steps(kind, *ends[:2])
    weight_scale = (
        _filter_steps(at, weight, bias, scale) if found else np.array([_scale_of(STEPS["int8"], weight)], "float32")
    )
    sums = _convolution(at, tensor, _as_int8(weight, _scales_by_group(weight_scale, conv["num_group"])), conv)
    sums = _add_bias(sums, bias, ops.multiply(weight_scale, scale))
    unsigned = found and (with_postsum_act or (with_act and not with_sum))
    out_kind = "int32" if not found else "uint8" if unsigned else "int8"
    if found:
        out_scale = _steps(out_kind, *found)
        sums = ops.multiply(sums, divide_exact(divide_exact(out_scale, scale), weight_scale))
    else:
        out_scale = ops.multiply(scale, weight_scale)
        found = product_range(kind, ends[0], ends[1], weight.min()[None], weight.max()[None])
    if with_act and limit is None:
        sums = ops.relu(sums)
    if added is not None:
        other = added.to(order)
        sums = _add_scaled(
            sums, other, divide_exact(out_scale, _steps(check_dtype(at, "sum", other, "int8", "uint8"), *ends[2:]))
        )
    if with_postsum_act:
        sums = ops.relu(sums)
    return [at.ordered(saturating_round(sums, out_kind), order), *found]


@translates("_sg_mkldnn_fully_connected", layout=as_they_are, shape=_fused_shape, outputs=3)
def fused_dense(
    at,
    *inputs,
    quantized: bool = False,
    with_eltwise: bool = False,
    with_relu: bool = False,
    enable_float_output: bool = False,
    channel_wise_quantize: bool | None = None,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """With `channel_wise_quantize` weight and bias are stored as floats, else as int8. `with_relu` is an older name."""
    with_eltwise = with_eltwise or with_relu
    parts = _fused_attributes(at, quantized, "FullyConnected")
    dense, limit = parts["FullyConnected"], _upper_bound(at, parts)
    arrays = 3 - dense["no_bias"]
    _check_count(at, inputs, arrays + 2 if channel_wise_quantize else 3 * arrays)
    data, weight, *rest = inputs
    weight, bias = _stored_value(at, weight), None if dense["no_bias"] else _stored_value(at, rest.pop(0))
    ends = [_stored_value(at, end) if isinstance(end, StoredOperand) else end.natural() for end in rest]
    data = data.natural()
    data = at.flattened(data, weight.shape[1]) if dense["flatten"] else data
    kind, found = check_dtype(at, "data", data, "int8", "uint8"), calibrated_range(min_calib_range, max_calib_range)
    scale = _steps(kind, *ends[:2])
    if channel_wise_quantize:
        weight_scale = _filter_steps(at, weight, bias, scale)
        sums = _add_bias(_dense(at, data, _as_int8(weight, weight_scale)), bias, ops.multiply(weight_scale, scale))
    else:
        weight_scale, sums = _steps("int8", *ends[2:4]), _dense(at, data, weight)
        if bias is not None:
            share = divide_exact(ops.multiply(scale, weight_scale), _steps("int8", *ends[4:]))
            sums = ops.add(sums, round_half_away(ops.multiply(bias.astype("float32"), share)))
    out_kind = "int32" if not found else "uint8" if with_eltwise else "int8"
    after = found and with_eltwise
    if found or enable_float_output:
        one = 1.0 if after or not found else _steps(out_kind, *found)
        sums = ops.multiply(sums, divide_exact(ops.divide(one, scale), weight_scale))
    if with_eltwise:
        sums = ops.relu(sums) if limit is None else ops.clip(sums, 0, limit)
    if after:
        sums = ops.multiply(sums, _steps(out_kind, *found))
    if enable_float_output:
        return sums
    return [saturating_round(sums, out_kind), *(found or product_range(kind, *ends[:4]))]


@translates("_sg_mkldnn_selfatt_qk", shape=_fused_shape, outputs=3)
def fused_scores(
    at,
    queries_keys_values,
    min_qkv=None,
    max_qkv=None,
    *,
    heads: Count,
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """MXNet returns an empty range for sums of 32 bits."""
    _check_inputs(at, quantized, max_qkv)
    check_dtype(at, "queries_keys_values", queries_keys_values, "int8")
    queries, keys, _ = split_heads(at, queries_keys_values, heads, 3)
    queries, keys = (ops.cast(x, _exact_type(queries.shape[-1])) for x in (queries, keys))
    sums = to_float32(fold_heads(ops.matmul(queries, ops.swapaxes(keys, -1, -2))))
    scale, found = _steps("int8", min_qkv, max_qkv), calibrated_range(min_calib_range, max_calib_range)
    unit, root = ops.multiply(scale, scale), np.sqrt(np.float64(queries.shape[-1]))
    share = _rescaling(unit, found, enable_float_output)
    sums = ops.multiply(sums, to_float32(divide_exact(ops.cast(share, "float64"), root)))
    if enable_float_output:
        return sums
    return [saturating_round(sums, "int8" if found else "int32"), *(found or constant_range(-0.0, 0.0))]


@translates("_sg_mkldnn_selfatt_valatt", shape=_fused_shape, outputs=3)
def fused_weighting(
    at,
    queries_keys_values,
    attention,
    min_qkv=None,
    max_qkv=None,
    min_attention=None,
    max_attention=None,
    *,
    heads: Count,
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    _check_inputs(at, quantized, max_attention)
    check_dtype(at, "queries_keys_values", queries_keys_values, "int8")
    check_dtype(at, "attention", attention, "uint8")
    values = split_heads(at, queries_keys_values, heads, 3)[2]
    attention, values = (ops.cast(x, _exact_type(attention.shape[-1])) for x in (attention, values))
    sums = to_float32(weighted_values(attention, values, heads))
    found = calibrated_range(min_calib_range, max_calib_range)
    unit = ops.multiply(_steps("int8", min_qkv, max_qkv), _steps("uint8", min_attention, max_attention))
    sums = ops.multiply(sums, _rescaling(unit, found, enable_float_output))
    if enable_float_output:
        return sums
    ranges = found or product_range("uint8", min_attention, max_attention, min_qkv, max_qkv)
    return [saturating_round(sums, "int8" if found else "int32"), *ranges]


def _check_inputs(at, quantized: bool, last_input) -> None:
    if not quantized:
        raise at.error("needs a subgraph")
    if last_input is None:
        raise at.error("needs the range of its input")
    note_quantized(at)


def _exact_type(terms: int | None) -> str:
    """The float type in which sums of this many products of 8-bit integers are exact."""
    return "float32" if terms and 255 * 128 * terms <= LARGEST_EXACT_INTEGER else "float64"


def _rescaling(unit, found, float_output: bool):
    """The factor from a product of two quantized numbers, whose steps per unit this is, to the result."""
    if found:
        return divide_exact(_steps("int8", *found), unit)
    return ops.divide(1.0, unit) if float_output else np.array([1], "float32")


def _fused_attributes(at, quantized: bool, wanted: str) -> dict[str, dict]:
    """The attributes of the fused ops, by op."""
    note_quantized(at)
    nodes = [node for subgraph in at.node.subgraphs for node in subgraph.nodes if node.op != "null"]
    if not quantized or wanted not in [node.op for node in nodes]:
        raise at.error(f"needs a subgraph with a {wanted}")
    return {node.op: typed_attributes(node) for node in nodes}


def _check_count(at, inputs, wanted: int) -> None:
    if len(inputs) != wanted:
        raise at.error(f"needs {wanted} inputs", len(inputs))


def _upper_bound(at, parts) -> float | None:
    """The upper bound of a clip at 0 and that bound; oneDNN fuses only a clip or relu before 8-bit outputs."""
    for op, attributes in parts.items():
        if op == "clip" and attributes["a_min"] == 0:
            return attributes["a_max"]
        if op in ("clip", "LeakyReLU", "square", "sqrt", "exp", "abs") or attributes.get("act_type", "relu") != "relu":
            found = attributes["act_type"] if op == "Activation" else op
            raise at.error("is supported with relu or a clip at 0 only; convert the float net", found)
    return None


def _stored_value(at, value) -> np.ndarray:
    if not isinstance(value, StoredOperand):
        raise at.error("weights must be stored in the parameter file, not computed")
    at.discard(value)
    return value.array.value


def _scale_of(dividend: float, weight: np.ndarray) -> np.float32:
    most = np.abs(weight).max(initial=0)
    return np.float32(dividend) / most if most else MOST


def _steps(kind: str, low, high):
    """The number of steps of a unit; finite for an empty range too."""
    far = absolute_max(low, high)
    nothing = ops.equal(far, 0)
    return ops.where(nothing, MOST, ops.divide(STEPS[kind], ops.where(nothing, ops.ones_like(far), far)))


def _filter_steps(at, weight, bias, scale) -> np.ndarray:
    """Steps of a unit for each filter, small enough that no bias exceeds half the range of int32."""
    steps = np.array([_scale_of(STEPS["int8"], one) for one in weight], "float32")
    if bias is None:
        return steps
    if not at.constant(scale):
        raise at.error("needs the range of its data; quantize the net with calibrated ranges")
    with np.errstate(divide="ignore"):
        side = np.where(bias > 0, MOST, np.float32(LOWEST["int32"]))
        most = side / np.float32(2) / bias.astype("float32") / ops.convert_to_numpy(scale)
    return np.where(bias == 0, steps, np.minimum(steps, most))


def _as_int8(weight: np.ndarray, scale: np.ndarray) -> np.ndarray:
    scaled = np.rint(weight * scale.reshape(-1, *(1,) * (weight.ndim - 1)))
    return scaled.clip(LOWEST["int8"], HIGHEST["int8"]).astype("int8")


def _scales_by_group(scale: np.ndarray, groups: int) -> np.ndarray:
    """MXNet quantizes all filters of group n with the scale of filter n, but rescales their sums by their own
    scales."""
    return scale if len(scale) == 1 or groups == 1 else np.repeat(scale[:groups], len(scale) // groups)


def _fold_normalization(norm: dict, weight, bias, arrays):
    """Weight and bias with the normalization after them folded in."""
    gamma, beta, mean, variance = arrays
    gamma = np.ones_like(gamma) if norm["fix_gamma"] else gamma
    slope = (gamma / np.sqrt(variance.astype("float64") + norm["eps"])).astype("float32")
    shift = beta - slope * mean if bias is None else beta + slope * (bias - mean)
    return weight * slope.reshape(-1, *(1,) * (weight.ndim - 1)), shift


def _add_bias(sums, bias, scale):
    return sums if bias is None else ops.add(sums, to_float32(saturating_round(ops.multiply(bias, scale), "int32")))


def _add_scaled(sums, other, share):
    """sums + other x share, rounded once."""
    return to_float32(
        ops.add(ops.cast(sums, "float64"), ops.multiply(*(ops.cast(x, "float64") for x in (other, share))))
    )


def _dense(at, data, weight: np.ndarray):
    return to_float32(exact_dense(at, data, TrackedArray.constant(weight)))


def _convolution(at, data, weight: np.ndarray, conv: dict):
    window = (conv[name] for name in ("kernel", "stride", "dilate", "pad"))
    return to_float32(exact_convolution(at, data, TrackedArray.constant(weight), conv["num_group"], *window))
