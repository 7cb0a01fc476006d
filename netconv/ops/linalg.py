"""Linear algebra on the last two axes. Ops on triangular matrices read only one triangle, so the other one gets no
gradient."""

import math

import numpy as np

from ..graph.partial_shape import ShapeMismatch, first_known, format_shape, merge, of_rank
from ..keras_api.lazy import ops
from ..kernels.reshape import arange_along
from .registry import shaped_as, translates
from .traits import Keeps


def _transposed(matrix):
    return ops.swapaxes(matrix, -1, -2)


def _triangle(matrix, lower: bool):
    return ops.tril(matrix) if lower else ops.triu(matrix)


def _scaled(tensor, alpha: float):
    return tensor if alpha == 1 else ops.multiply(tensor, alpha)


_PRODUCT = shaped_as("_linalg_gemm2")


def _gemm_shape(a, ins, outs):
    """The third input has the shape of the product."""
    claims, (shape,) = _PRODUCT(a, ins[:2], [merge(ins[2], outs[0])])
    return [*claims, shape], [shape]


@translates("_linalg_gemm", "linalg_gemm", shape=_gemm_shape)
def gemm(
    at,
    A,
    B,
    C,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
):
    """alpha A B + beta C. Rows are along `axis`, columns along the last axis."""
    rows = at.axis(axis, len(A.shape))
    A, B, C = (ops.moveaxis(x, rows, -2) for x in (A, B, C))
    product = ops.matmul(_transposed(A) if transpose_a else A, _transposed(B) if transpose_b else B)
    return ops.moveaxis(ops.add(_scaled(product, alpha), _scaled(C, beta)), -2, rows)


def _gram_shape(a, ins, outs):
    if ins[0] is None or len(ins[0]) < 2:
        return ins, outs
    side = ins[0][-1 if a.transpose else -2]
    return ins, [(*ins[0][:-2], side, side)]


@translates("_linalg_syrk", "linalg_syrk", shape=_gram_shape)
def syrk(at, A, *, transpose: bool = False, alpha: float = 1.0):
    """alpha A A^T, or alpha A^T A."""
    return _scaled(ops.matmul(_transposed(A), A) if transpose else ops.matmul(A, _transposed(A)), alpha)


def _triangular_shape(a, ins, outs):
    """A square matrix, multiplied by or solved for another one: with as many rows, or, from the right, as many
    columns."""
    matrix, other = _square(ins[0]), merge(ins[1], outs[0])
    if matrix is None or other is None:
        return [matrix, other], [other]
    rows, columns = of_rank(other, len(matrix))[-2:]
    side = columns if a.rightside else rows
    if None not in (side, matrix[-1]) and side != matrix[-1]:
        raise ShapeMismatch(f"inputs of shapes {format_shape(ins[0])} and {format_shape(other)} have no product")
    batch, side = merge(matrix[:-2], other[:-2]), first_known(side, matrix[-1])
    shape = (*batch, rows, side) if a.rightside else (*batch, side, columns)
    return [(*batch, side, side), shape], [shape]


@translates("_linalg_trmm", "linalg_trmm", shape=_triangular_shape)
def trmm(at, A, B, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0):
    A = _triangle(A, lower)
    A = _transposed(A) if transpose else A
    return _scaled(ops.matmul(B, A) if rightside else ops.matmul(A, B), alpha)


@translates("_linalg_trsm", "linalg_trsm", shape=_triangular_shape)
def trsm(at, A, B, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0):
    """X with A X = alpha B, or X A = alpha B."""
    A = _triangle(A, lower)
    if transpose != rightside:  # X A = B is A^T X^T = B^T
        A, lower = _transposed(A), not lower
    out = ops.solve_triangular(A, _transposed(B) if rightside else B, lower=lower)
    return _scaled(_transposed(out) if rightside else out, alpha)


def _square(shape):
    """A shape whose last two lengths are equal, each inferred from the other."""
    if shape is None:
        return None
    if len(shape) < 2:
        raise ShapeMismatch("needs matrices", format_shape(shape))
    one, two = shape[-2:]
    if one is not None and two is not None and one != two:
        raise ShapeMismatch("needs square matrices", format_shape(shape))
    return (*shape[:-2], *(first_known(one, two),) * 2)


def _square_shape(a, ins, outs):
    shape = _square(merge(ins[0], outs[0]))
    return [shape], [shape]


@translates("_linalg_potrf", "linalg_potrf", shape=_square_shape)
def potrf(at, A, *, lower: bool = True):
    """The Cholesky factor L of A = L L^T, or U of A = U^T U."""
    factor = ops.cholesky(A)
    return factor if lower else _transposed(factor)


@translates("_linalg_potri", "linalg_potri", shape=_square_shape)
def potri(at, A, *, lower: bool = True):
    """The inverse of the matrix whose Cholesky factor is A."""
    one = ops.add(ops.zeros_like(A), np.eye(A.shape[-1], dtype=str(A.dtype)))
    inverse = ops.solve_triangular(_triangle(A, lower), one, lower=lower)
    return ops.matmul(_transposed(inverse), inverse) if lower else ops.matmul(inverse, _transposed(inverse))


def _gelqf_shape(a, ins, outs):
    if ins[0] is None:
        return ins, outs
    return ins, [ins[0], (*ins[0][:-1], ins[0][-2])]


@translates("_linalg_gelqf", "linalg_gelqf", shape=_gelqf_shape)
def gelqf(at, A):
    """Q, L of A = L Q: the transposed QR factors of A^T."""
    if None in A.shape[-2:]:
        raise at.open("needs the size of its matrices", tuple(A.shape))
    q, r = ops.qr(_transposed(A))
    return _transposed(q), _transposed(r)


def _syevd_shape(a, ins, outs):
    shape = _square(merge(ins[0], outs[0]))
    return [shape], [shape, shape and shape[:-1]]


@translates("_linalg_syevd", shape=_syevd_shape)
def syevd(at, A):
    """U, L of A = U^T diag(L) U: rows of U are eigenvectors, each with its largest component positive."""
    values, vectors = ops.eigh(ops.multiply(ops.add(A, _transposed(A)), 0.5))  # the gradient is symmetric, as in MXNet
    rows = _transposed(vectors)
    largest = ops.take_along_axis(rows, ops.expand_dims(ops.argmax(ops.absolute(rows), -1), -1), -1)
    return ops.multiply(rows, ops.stop_gradient(ops.sign(largest))), values


@translates("_linalg_inverse", "linalg_inverse", shape=_square_shape)
def inverse(at, A):
    return ops.inv(A)


def _scalar_shape(a, ins, outs):
    """One number, or two, for each matrix."""
    shape = _square(ins[0])
    return [shape], [None if shape is None else shape[:-2] or (1,)] * len(outs)


def _np_scalar_shape(a, ins, outs):
    shape = _square(ins[0])
    return [shape], [None if shape is None else shape[:-2]] * len(outs)


@translates("_linalg_det", "linalg_det", shape=_scalar_shape)
@translates("_npi_det", shape=_np_scalar_shape)
def det(at, A):
    return ops.det(A)


@translates("_linalg_slogdet", "linalg_slogdet", shape=_scalar_shape)
@translates("_npi_slogdet", shape=_np_scalar_shape)
def slogdet(at, A):
    """The sign of the determinant and the logarithm of its absolute value."""
    sign, size = ops.slogdet(A)
    zero = ops.zeros_like(A[..., 0, 0])  # Keras infers the shape () for both
    return ops.add(zero, ops.stop_gradient(sign)), ops.add(zero, size)


@translates("_linalg_sumlogdiag", "linalg_sumlogdiag", shape=_scalar_shape)
def sumlogdiag(at, A):
    return ops.sum(ops.log(ops.diagonal(A, 0, -2, -1)), -1)


def _diagonal_shape(a, ins, outs):
    shape = _square(ins[0])
    return [shape], [shape and (*shape[:-2], shape[-1] and shape[-1] - abs(a.offset))]


@translates("_linalg_extractdiag", "linalg_extractdiag", shape=_diagonal_shape, keeps=Keeps.ELEMENTS)
def extractdiag(at, A, *, offset: int = 0):
    return ops.diagonal(A, offset, -2, -1)


def _from_diagonal_shape(a, ins, outs):
    side = ins[0] and ins[0][-1] and ins[0][-1] + abs(a.offset)
    return ins, [ins[0] and (*ins[0][:-1], side, side)]


@translates("_linalg_makediag", "linalg_makediag", shape=_from_diagonal_shape)
def makediag(at, A, *, offset: int = 0):
    """Each row of A becomes the diagonal `offset` of a square matrix of zeros."""
    row, column = max(0, -offset), max(0, offset)
    positions = arange_along(A, len(A.shape) - 1)
    eye = ops.cast(ops.equal(ops.expand_dims(positions, -1), positions), A.dtype)
    square = ops.multiply(ops.expand_dims(A, -1), eye)
    edges = ((row, abs(offset) - row), (column, abs(offset) - column))
    return ops.pad(square, ((0, 0),) * (len(A.shape) - 1) + edges)


def _triangle_indices(size: int, offset: int, lower: bool) -> np.ndarray:
    """The indices, in a flattened square matrix, of a triangle that starts at the diagonal `offset`.

    As in MXNet, an offset above 0 selects the upper triangle and one below 0 the lower triangle, whatever `lower` is;
    the lower one is read row by row, the upper one column by column.
    """
    lower = lower if offset == 0 else offset < 0
    long, short = np.nonzero(np.tri(size, k=-abs(offset), dtype=bool))
    return (long * size + short if lower else short * size + long).astype("int32")


def _triangle_shape(a, ins, outs):
    shape = _square(ins[0])
    side = shape and shape[-1] and shape[-1] - abs(a.offset)
    return [shape], [shape and (*shape[:-2], side and side * (side + 1) // 2)]


@translates("_linalg_extracttrian", "linalg_extracttrian", shape=_triangle_shape)
def extracttrian(at, A, *, offset: int = 0, lower: bool = True):
    size = A.shape[-1]
    flat = ops.reshape(A, (*_reshape_target(A.shape[:-2]), size * size))
    return ops.take(flat, _triangle_indices(size, offset, lower), axis=-1)


def _from_triangle_shape(a, ins, outs):
    count = ins[0] and ins[0][-1]
    side = count and (math.isqrt(8 * count + 1) - 1) // 2 + abs(a.offset)
    return ins, [ins[0] and (*ins[0][:-1], side, side)]


@translates("_linalg_maketrian", "linalg_maketrian", shape=_from_triangle_shape)
def maketrian(at, A, *, offset: int = 0, lower: bool = True):
    length = A.shape[-1]
    if length is None:
        raise at.open("needs the size of its triangles", tuple(A.shape))
    side = int(((8 * length + 1) ** 0.5 - 1) / 2 + 0.5)
    if side * (side + 1) // 2 != length:
        raise at.error("the last axis must hold the triangle of a matrix", length)
    size = side + abs(offset)
    positions = _triangle_indices(size, offset, lower)
    source = np.full(size * size, length, "int32")  # elements outside the triangle read a zero appended to the data
    source[positions] = np.arange(length)
    padded = ops.pad(A, ((0, 0),) * (len(A.shape) - 1) + ((0, 1),))
    return ops.reshape(ops.take(padded, source, axis=-1), (*_reshape_target(A.shape[:-1]), size, size))


def _reshape_target(shape) -> tuple[int, ...]:
    """A shape for a reshape, which can have one unknown length."""
    return tuple(-1 if d is None else d for d in shape)


def _khatri_rao_shape(a, ins, outs):
    """The columns of the inputs, and a row for each combination of their rows."""
    rows, columns = 1, of_rank(outs[0], 2)[1]
    for x in ins:
        n, m = of_rank(x, 2)
        columns = merge((columns,), (m,))[0]
        rows = None if None in (rows, n) else rows * n
    return [(of_rank(x, 2)[0], columns) for x in ins], [(rows, columns)]


@translates("khatri_rao", shape=_khatri_rao_shape)
def khatri_rao(at, *args):
    """The Kronecker product of matrices, column by column; all have the same number of columns."""
    out = args[0]
    for other in args[1:]:
        product = ops.multiply(ops.expand_dims(out, 1), ops.expand_dims(other, 0))
        out = ops.reshape(product, (-1, out.shape[-1]))
    return out
