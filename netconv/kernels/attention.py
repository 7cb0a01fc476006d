"""Multi-head attention on interleaved projections (time, batch, heads x parts x depth). Knows no op."""

from fractions import Fraction

from ..keras_api.lazy import ops
from .reshape import lengths, product, reshape


def split_heads(at, tensor, heads: int, parts: int):
    """The interleaved projections as `parts` tensors of shape (batch, heads, time, depth)."""
    if tensor.shape[-1] is None or tensor.shape[-1] % (heads * parts):
        raise at.error(f"the last axis must hold {parts} projections of {heads} heads", tensor.shape[-1])
    depth = tensor.shape[-1] // (heads * parts)
    tensor = reshape(tensor, [*lengths(tensor.shape[:2]), *lengths((heads, parts, depth))])
    return [ops.transpose(tensor[:, :, :, part], (1, 2, 0, 3)) for part in range(parts)]


def fold_heads(scores):
    """(batch, heads, ...) to (batch x heads, ...)."""
    batch, heads, *rest = lengths(scores.shape)
    return reshape(scores, [product([batch, heads]), *rest])


def _unfold_heads(attention, heads: int):
    """(batch x heads, ...) to (batch, heads, ...)."""
    (known, unknown), *rest = lengths(attention.shape)
    batch = Fraction(known, heads) if unknown else known // heads
    return reshape(attention, [(batch, unknown), *lengths([heads]), *rest])


def weighted_values(attention, values, heads: int):
    """The values weighted by the attention: (time, batch, heads x depth)."""
    out = ops.transpose(ops.matmul(_unfold_heads(attention, heads), values), (2, 0, 1, 3))
    time, batch, *both = lengths(out.shape)
    return reshape(out, [time, batch, product(both)])
