"""Attention: matrix products on interleaved projections, (time, batch, heads x parts x depth)."""

from ..graph.attributes import Count
from ..graph.partial_shape import ShapeMismatch, first_known, of_rank
from ..keras_api.lazy import ops
from ..kernels.attention import fold_heads, split_heads, weighted_values
from .registry import translates


def _scores(queries, keys):
    scaled = ops.divide(queries, float(queries.shape[-1]) ** 0.5)
    return fold_heads(ops.matmul(scaled, ops.swapaxes(keys, -1, -2)))


def _interleaved(heads: int, data, projections: int) -> tuple:
    """Shapes of data (time, batch, heads x projections x depth): returns time, and batch x heads."""
    time, batch, width = of_rank(data, 3)
    if width is not None and width % (heads * projections):
        raise ShapeMismatch(f"the last axis must hold {projections} projections of {heads} heads", width)
    return time, None if batch is None else batch * heads


def _self_attention_scores_shape(a, ins, outs):
    time, many = _interleaved(a.heads, ins[0], 3)
    return [of_rank(ins[0], 3)], [(many, time, time)]


@translates("_contrib_interleaved_matmul_selfatt_qk", shape=_self_attention_scores_shape)
def selfatt_qk(at, queries_keys_values, *, heads: Count):
    """Scores (batch x heads, time, time): queries times keys, divided by the square root of the depth."""
    queries, keys, _ = split_heads(at, queries_keys_values, heads, 3)
    return _scores(queries, keys)


def _attended_shape(a, ins, outs):
    projections = 3 if a._node.op.endswith("selfatt_valatt") else 2
    data, (_, rows, _) = of_rank(ins[0], 3), of_rank(ins[1], 3)
    time, many = _interleaved(a.heads, data, projections)
    width = data[2] and data[2] // projections
    return [data, (many, rows, time)], [(rows, data[1], width)]


@translates("_contrib_interleaved_matmul_selfatt_valatt", shape=_attended_shape)
def selfatt_valatt(at, queries_keys_values, attention, *, heads: Count):
    return weighted_values(attention, split_heads(at, queries_keys_values, heads, 3)[2], heads)


def _attention_scores_shape(a, ins, outs):
    (rows, many), (columns, too) = _interleaved(a.heads, ins[0], 1), _interleaved(a.heads, ins[1], 2)
    return [of_rank(x, 3) for x in ins], [(first_known(many, too), rows, columns)]


@translates("_contrib_interleaved_matmul_encdec_qk", shape=_attention_scores_shape)
def encdec_qk(at, queries, keys_values, *, heads: Count):
    return _scores(split_heads(at, queries, heads, 1)[0], split_heads(at, keys_values, heads, 2)[0])


@translates("_contrib_interleaved_matmul_encdec_valatt", shape=_attended_shape)
def encdec_valatt(at, keys_values, attention, *, heads: Count):
    return weighted_values(attention, split_heads(at, keys_values, heads, 2)[1], heads)
