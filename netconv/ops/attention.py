"""Matrix products of attention on interleaved projections: (time, batch, heads x parts x depth), heads first."""

from fractions import Fraction

from ..attributes import Count
from ..lazy import ops
from ..registry import translates
from ..regroup import lengths, reshape, times


def _heads(at, tensor, heads: int, parts: int):
    """`parts` tensors of shape (batch, heads, time, depth)."""
    if tensor.shape[-1] is None or tensor.shape[-1] % (heads * parts):
        raise at.error(f"the last axis must hold {parts} projections of {heads} heads", tensor.shape[-1])
    depth = tensor.shape[-1] // (heads * parts)
    tensor = reshape(tensor, [*lengths(tensor.shape[:2]), *lengths((heads, parts, depth))])
    return [ops.transpose(tensor[:, :, :, part], (1, 2, 0, 3)) for part in range(parts)]


def _joined(scores):
    """(batch, heads, ...) to (batch x heads, ...)."""
    batch, heads, *rest = lengths(scores.shape)
    return reshape(scores, [times([batch, heads]), *rest])


def _apart(attention, heads: int):
    (known, unknown), *rest = lengths(attention.shape)
    batch = Fraction(known, heads) if unknown else known // heads
    return reshape(attention, [(batch, unknown), *lengths([heads]), *rest])


def _times_values(attention, values, heads: int):
    """(time, batch, heads x depth)."""
    out = ops.transpose(ops.matmul(_apart(attention, heads), values), (2, 0, 1, 3))
    time, batch, *both = lengths(out.shape)
    return reshape(out, [time, batch, times(both)])


def _scores(queries, keys):
    scaled = ops.divide(queries, float(queries.shape[-1]) ** 0.5)
    return _joined(ops.matmul(scaled, ops.swapaxes(keys, -1, -2)))


@translates("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_qk(at, queries_keys_values, *, heads: Count):
    """Scores (batch x heads, time, time): queries by keys, over the root of the depth."""
    queries, keys, _ = _heads(at, queries_keys_values, heads, 3)
    return _scores(queries, keys)


@translates("_contrib_interleaved_matmul_selfatt_valatt")
def selfatt_valatt(at, queries_keys_values, attention, *, heads: Count):
    return _times_values(attention, _heads(at, queries_keys_values, heads, 3)[2], heads)


@translates("_contrib_interleaved_matmul_encdec_qk")
def encdec_qk(at, queries, keys_values, *, heads: Count):
    return _scores(_heads(at, queries, heads, 1)[0], _heads(at, keys_values, heads, 2)[0])


@translates("_contrib_interleaved_matmul_encdec_valatt")
def encdec_valatt(at, keys_values, attention, *, heads: Count):
    return _times_values(attention, _heads(at, keys_values, heads, 2)[1], heads)
