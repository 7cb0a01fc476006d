"""Matrix products of attention on interleaved projections: (time, batch, heads x parts x depth), heads first."""

from ..graph.attributes import Count
from ..keras_api.lazy import ops
from ..kernels.attention import heads_of, joined, weighted
from .registry import translates


def _scores(queries, keys):
    scaled = ops.divide(queries, float(queries.shape[-1]) ** 0.5)
    return joined(ops.matmul(scaled, ops.swapaxes(keys, -1, -2)))


@translates("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_qk(at, queries_keys_values, *, heads: Count):
    """Scores (batch x heads, time, time): queries by keys, over the root of the depth."""
    queries, keys, _ = heads_of(at, queries_keys_values, heads, 3)
    return _scores(queries, keys)


@translates("_contrib_interleaved_matmul_selfatt_valatt")
def selfatt_valatt(at, queries_keys_values, attention, *, heads: Count):
    return weighted(attention, heads_of(at, queries_keys_values, heads, 3)[2], heads)


@translates("_contrib_interleaved_matmul_encdec_qk")
def encdec_qk(at, queries, keys_values, *, heads: Count):
    return _scores(heads_of(at, queries, heads, 1)[0], heads_of(at, keys_values, heads, 2)[0])


@translates("_contrib_interleaved_matmul_encdec_valatt")
def encdec_valatt(at, keys_values, attention, *, heads: Count):
    return weighted(attention, heads_of(at, keys_values, heads, 2)[1], heads)
