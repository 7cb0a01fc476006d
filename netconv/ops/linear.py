"""Dense layers, embeddings and matrix products."""

from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.layout import features, plain
from .registry import translates, translates_pattern


@translates("FullyConnected", layout=features)
def fully_connected(
    at,
    data,
    weight: TrackedArray,
    bias: TrackedArray | None = None,
    *,
    num_hidden: int,
    no_bias: bool = False,
    flatten: bool = True,
):
    """MXNet's weight is (out, in), Keras's kernel (in, out). MXNet flattens (C, H, W); channels-last data is flattened
    as it lies and the kernel's rows follow."""
    bias = None if no_bias else bias
    if not no_bias and bias is None:
        raise at.error("needs a bias, or no_bias true")
    if isinstance(weight, TrackedArray) and (weight.ndim != 2 or weight.shape[0] != num_hidden):
        raise at.error(f"weight must have shape ({num_hidden}, ...)", weight.shape)
    if len(data.shape) == 1 and not flatten:  # one row of features
        out = ops.matmul(at.tensor(weight), data)
        return out if bias is None else ops.add(out, at.tensor(bias))
    unknown = not flatten and data.shape[-1] is None  # which a layer refuses
    if unknown or not at.owns(weight, bias):
        data = at.values[0].natural()
        data = at.flattened(data) if flatten else data
        return _product(at, data, ops.transpose(at.tensor(weight)), bias)
    if flatten:
        data = at.flattened(data, weight.shape[1])
    if data.shape[-1] is not None and data.shape[-1] != weight.shape[1]:
        raise at.error(f"weight must have shape {(num_hidden, data.shape[-1])} for this data", weight.shape)
    return _layer(at, data, weight, bias)


def _product(at, data, matrix, bias):
    product = ops.matmul(data, matrix)
    return product if bias is None else ops.add(product, at.tensor(bias))


def _layer(at, data, weight: TrackedArray, bias: TrackedArray | None):
    weights = {"kernel": at.kernel(weight), "bias": bias}
    return at.layer(layers.Dense, weight.shape[0], use_bias=bias is not None, weights=weights)(data)


def _flattened_before(site, values, attributes):
    """Data of two axes may have been flattened as they lay."""
    return (features if values[0].rank == 2 else plain)(site, values, attributes)


@translates_pattern("dense", layout=_flattened_before)
def dense(at, data, weight: TrackedArray, bias: TrackedArray | None = None, *, transposed: bool = False):
    """Data along the last axis times a stored matrix (in, out), or (out, in) where it is `transposed`."""
    if data.shape[-1] is None or not at.owns(weight, bias):
        matrix = at.tensor(weight)
        return _product(at, at.values[0].natural(), ops.transpose(matrix) if transposed else matrix, bias)
    return _layer(at, data, weight if transposed else weight.T, bias)


@translates("Embedding", ignores="dtype")
def embedding(at, data, weight: TrackedArray, *, input_dim: int, output_dim: int):
    """Ids are cut to whole numbers and clipped into the table, as MXNet does."""
    ids = ops.cast(ops.clip(data, 0, input_dim - 1), "int32")
    if not isinstance(weight, TrackedArray):
        return ops.take(weight, ids, axis=0)
    if weight.shape != (input_dim, output_dim):
        raise at.error(f"weight must have shape {(input_dim, output_dim)}", weight.shape)
    return at.rows(weight, ids)


def _flip(x, yes: bool):
    """Swaps the last two axes."""
    return ops.swapaxes(x, -1, -2) if yes else x


@translates("batch_dot", ignores="forward_stype")
def batch_dot(at, lhs, rhs, *, transpose_a: bool = False, transpose_b: bool = False):
    return ops.matmul(_flip(lhs, transpose_a), _flip(rhs, transpose_b))


@translates("dot", ignores="forward_stype")
def dot(at, lhs, rhs, *, transpose_a: bool = False, transpose_b: bool = False):
    """The last axis of `lhs` with the first of `rhs`, unlike numpy; a transpose flag moves that one axis about."""
    rank_a, rank_b = len(lhs.shape), len(rhs.shape)
    a = ops.tensordot(lhs, rhs, axes=[[0 if transpose_a else rank_a - 1], [rank_b - 1 if transpose_b else 0]])
    return ops.reshape(a, (1,)) if rank_a == rank_b == 1 else a


@translates("_linalg_gemm2", "linalg_gemm2")
def gemm2(at, A, B, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2):
    if at.axis(axis, len(A.shape)) != len(A.shape) - 2:  # the axis of the rows
        A, B = ops.moveaxis(A, axis, -2), ops.moveaxis(B, axis, -2)
    product = ops.matmul(_flip(A, transpose_a), _flip(B, transpose_b))
    if at.axis(axis, len(A.shape)) != len(A.shape) - 2:
        product = ops.moveaxis(product, -2, axis)
    return product if alpha == 1 else ops.multiply(product, alpha)
