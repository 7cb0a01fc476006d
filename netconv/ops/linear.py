"""Dense layers, embeddings and matrix products."""

from ..graph.partial_shape import (
    ShapeMismatch,
    count_elements,
    first_known,
    format_shape,
    merge,
    normalize_axis,
    of_rank,
    solve_features,
)
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.layout import features, plain
from .registry import translates, translates_pattern
from .shape_rules import columns_of_weight, two_axes


def _dense_shape(a, ins, outs):
    """weight (num_hidden, fan-in); with `flatten` the fan-in is the product of all axes but the first, else the last
    axis."""
    data, fan, out = ins[0], of_rank(ins[1], 2)[1], outs[0]
    if data == ():
        raise ShapeMismatch("needs data with axes", data)
    if not a.flatten:
        if data is None and out is not None:
            data = (*out[:-1], None)
        if data:
            fan = first_known(data[-1], fan)
            data = (*data[:-1], fan)
            out = (*data[:-1], a.num_hidden)
        return [data, (a.num_hidden, fan), (a.num_hidden,)], [out]
    out = of_rank(out, 2)
    batch = out[0]
    if data:
        batch, fan = first_known(data[0], batch), first_known(count_elements(data[1:]), fan)
        data = (batch, *solve_features(data[1:], fan))
    return [data, (a.num_hidden, fan), (a.num_hidden,)], [(batch, a.num_hidden)]


@translates("FullyConnected", layout=features, shape=_dense_shape, likely=two_axes, features=columns_of_weight)
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
    """MXNet's weight is (out, in), Keras's kernel (in, out). MXNet flattens (C, H, W); channels-last data are flattened
    in their own order, and the rows of the kernel are permuted to match."""
    bias = None if no_bias else bias
    if isinstance(weight, TrackedArray) and (weight.ndim != 2 or weight.shape[0] != num_hidden):
        raise at.error(f"weight must have shape ({num_hidden}, ...)", weight.shape)
    if len(data.shape) == 1 and not flatten:  # one row of features
        out = ops.matmul(at.tensor(weight), data)
        return out if bias is None else ops.add(out, at.tensor(bias))
    unknown = not flatten and data.shape[-1] is None  # a Keras layer does not accept it
    if unknown or not at.can_own(weight, bias):
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
    """Data of two axes may have been flattened in channels-last order."""
    return (features if values[0].rank == 2 else plain)(site, values, attributes)


def _matrix_shape(a, ins, outs):
    """weight (in, out), or (out, in) if `transposed`; data (..., in)."""
    data, (rows, columns) = ins[0], of_rank(ins[1], 2)
    if data is None:
        return ins, [None]
    features, units = (columns, rows) if a.transposed else (rows, columns)
    return [(*data[:-1], first_known(data[-1], features)), ins[1]], [(*data[:-1], units)]


@translates_pattern("dense", layout=_flattened_before, shape=_matrix_shape)
def dense(at, data, weight: TrackedArray, bias: TrackedArray | None = None, *, transposed: bool = False):
    """Data along the last axis times a stored matrix (in, out), or (out, in) if `transposed`."""
    if data.shape[-1] is None or not at.can_own(weight, bias):
        matrix = at.tensor(weight)
        return _product(at, at.values[0].natural(), ops.transpose(matrix) if transposed else matrix, bias)
    return _layer(at, data, weight if transposed else weight.T, bias)


def _embedding_shape(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = out[:-1]
    return [data, (a.input_dim, a.output_dim)], [None if data is None else (*data, a.output_dim)]


def _ids_guess(a, ins, outs):
    return [(None, None) if ins[0] is None else None]


@translates("Embedding", ignores="dtype", shape=_embedding_shape, likely=_ids_guess, discontinuous=True)
def embedding(at, data, weight: TrackedArray, *, input_dim: int, output_dim: int):
    """Ids are truncated to integers and clipped to the range of the table, as in MXNet."""
    ids = ops.cast(ops.clip(data, 0, input_dim - 1), "int32")
    if not isinstance(weight, TrackedArray):
        return ops.take(weight, ids, axis=0)
    if weight.shape != (input_dim, output_dim):
        raise at.error(f"weight must have shape {(input_dim, output_dim)}", weight.shape)
    return at.rows(weight, ids)


def _swap_last_axes(x, yes: bool):
    """Swaps the last two axes."""
    return ops.swapaxes(x, -1, -2) if yes else x


def _product_shape(a, ins, outs):
    rank = next((len(x) for x in [*ins[:2], *outs] if x is not None), 0)
    if rank < 2:
        return ins, outs
    one, two, out = of_rank(ins[0], rank), of_rank(ins[1], rank), of_rank(outs[0], rank)
    batch = merge(merge(one[:-2], two[:-2]), out[:-2])
    (k, m) = one[-2:] if a.transpose_a else one[:-3:-1]
    (n, q) = two[-2:] if a.transpose_b else two[:-3:-1]
    if k is not None and q is not None and k != q:
        raise ShapeMismatch(f"inputs of shapes {format_shape(one)} and {format_shape(two)} have no product")
    k, m, n = first_known(k, q), first_known(m, out[-2]), first_known(n, out[-1])
    claims = [(*batch, k, m) if a.transpose_a else (*batch, m, k), (*batch, n, k) if a.transpose_b else (*batch, k, n)]
    return claims, [(*batch, m, n)]


def _gemm2_shape(a, ins, outs):
    """Rows are along `axis`, columns along the last axis."""
    rank = next((len(x) for x in [*ins, *outs] if x is not None), 0)
    if rank < 2:
        return ins, outs
    rows = normalize_axis(a.axis, rank)
    order = [*(i for i in range(rank - 1) if i != rows), rows, rank - 1]
    moved = ([tuple(x[i] for i in order) for x in (of_rank(x, rank) for x in shapes)] for shapes in (ins, outs))
    claims = _product_shape(a, *moved)
    return tuple([tuple(x[order.index(i)] for i in range(rank)) for x in shapes] for shapes in claims)


def _matrices(a, ins, outs):
    return [(None,) * 3 if x is None else None for x in ins]


@translates("batch_dot", ignores="forward_stype", shape=_product_shape, likely=_matrices)
def batch_dot(at, lhs, rhs, *, transpose_a: bool = False, transpose_b: bool = False):
    return ops.matmul(_swap_last_axes(lhs, transpose_a), _swap_last_axes(rhs, transpose_b))


def _dot_shape(a, ins, outs):
    """The last axis of the first input with the first axis of the second, unlike numpy."""
    one, two = ins
    if () in (one, two):
        raise ShapeMismatch("needs inputs with axes", (one, two))
    if one is None or two is None:
        return ins, [None]
    left, p = (one[1:], one[0]) if a.transpose_a else (one[:-1], one[-1])
    right, q = (two[:-1], two[-1]) if a.transpose_b else (two[1:], two[0])
    if p is not None and q is not None and p != q:
        raise ShapeMismatch(f"inputs of shapes {format_shape(one)} and {format_shape(two)} have no product")
    n = first_known(p, q)
    claims = [(n, *left) if a.transpose_a else (*left, n), (*right, n) if a.transpose_b else (n, *right)]
    return claims, [(*left, *right) or (1,)]


def _rows(a, ins, outs):
    """The data as rows whose length is that of the matrix they are multiplied with."""
    return [(None, ins[1][-1 if a.transpose_b else 0]) if ins[0] is None and ins[1] and not a.transpose_a else None]


@translates("dot", ignores="forward_stype", shape=_dot_shape, likely=_rows)
def dot(at, lhs, rhs, *, transpose_a: bool = False, transpose_b: bool = False):
    """The last axis of `lhs` with the first of `rhs`, unlike numpy; a transpose flag moves that axis to the other
    end."""
    rank_a, rank_b = len(lhs.shape), len(rhs.shape)
    a = ops.tensordot(lhs, rhs, axes=[[0 if transpose_a else rank_a - 1], [rank_b - 1 if transpose_b else 0]])
    return ops.reshape(a, (1,)) if rank_a == rank_b == 1 else a


@translates("_linalg_gemm2", "linalg_gemm2", shape=_gemm2_shape)
def gemm2(at, A, B, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2):
    if at.axis(axis, len(A.shape)) != len(A.shape) - 2:  # the axis of the rows
        A, B = ops.moveaxis(A, axis, -2), ops.moveaxis(B, axis, -2)
    product = ops.matmul(_swap_last_axes(A, transpose_a), _swap_last_axes(B, transpose_b))
    if at.axis(axis, len(A.shape)) != len(A.shape) - 2:
        product = ops.moveaxis(product, -2, axis)
    return product if alpha == 1 else ops.multiply(product, alpha)
