"""Fourier transforms and sketches of rows, which MXNet computes on a GPU only."""

from ..keras_api.lazy import ops
from .registry import translates


def _lengths(shape) -> list[int]:
    return [-1 if d is None else d for d in shape]


def _fft_shape(a, ins, outs):
    return ins, [ins[0] and (*ins[0][:-1], ins[0][-1] and 2 * ins[0][-1])]


@translates("_contrib_fft", ignores="compute_size", shape=_fft_shape)
def fft(at, data):
    """Real rows (..., d) to (..., 2 d): real and imaginary parts alternate."""
    parts = ops.fft((data, ops.zeros_like(data)))
    return ops.reshape(ops.stack(parts, -1), [*_lengths(data.shape[:-1]), 2 * data.shape[-1]])


def _ifft_shape(a, ins, outs):
    return ins, [ins[0] and (*ins[0][:-1], ins[0][-1] and ins[0][-1] // 2)]


@translates("_contrib_ifft", ignores="compute_size", shape=_ifft_shape)
def ifft(at, data):
    """The inverse, without the division by d: only the real part."""
    if data.shape[-1] % 2:
        raise at.error("needs rows of real and imaginary parts in turn", tuple(data.shape))
    pairs = ops.reshape(data, [*_lengths(data.shape[:-1]), data.shape[-1] // 2, 2])
    return ops.fft((pairs[..., 0], ops.negative(pairs[..., 1])))[0]


def _sketch_shape(a, ins, outs):
    return ins[:1], [ins[0] and (*ins[0][:-1], a.out_dim)]


@translates("_contrib_count_sketch", ignores="processing_batch_size", shape=_sketch_shape)
def count_sketch(at, data, h, s, *, out_dim: int):
    """Adds column j of the data times s_j to column h_j. h and s have no gradient."""
    if not 0 < out_dim <= 2**16:
        raise at.error("attribute 'out_dim' must be 1 to 65536", out_dim)
    h, s = (ops.reshape(ops.stop_gradient(x), (1, -1)) for x in (h, s))
    matches = ops.cast(ops.equal(ops.transpose(ops.cast(h, "int32")), ops.arange(out_dim, dtype="int32")), "float32")
    return ops.matmul(ops.multiply(data, s), matches)
