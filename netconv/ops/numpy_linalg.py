"""Linear algebra of MXNet's numpy front end."""

import math
from typing import Literal

from ..graph.attributes import Ints
from ..keras_api.lazy import ops
from ..kernels.positions import index_grid
from .registry import shaped_as, translates


@translates("_npi_cholesky", shape=shaped_as("_linalg_potrf"))
def cholesky(at, A):
    return ops.cholesky(A)


def _turned(matrix):
    return ops.swapaxes(matrix, -1, -2)


def _symmetric(A, UPLO: str):
    """The matrix that one triangle tells."""
    compare = ops.greater_equal if UPLO == "L" else ops.less_equal
    return ops.where(compare(index_grid(A, -2), index_grid(A, -1)), A, _turned(A))


@translates("_npi_eigvalsh")
def eigvalsh(at, A, *, UPLO: Literal["L", "U"] = "L"):
    """MXNet has no gradient for it."""
    return ops.eigh(_symmetric(ops.stop_gradient(A), UPLO))[0]


@translates("_npi_eigh")
def eigh(at, A, *, UPLO: Literal["L", "U"] = "L"):
    """Eigenvalues and, in columns, eigenvectors, each with its largest component positive. MXNet has no gradient for
    it."""
    values, vectors = ops.eigh(_symmetric(ops.stop_gradient(A), UPLO))
    largest = ops.take_along_axis(vectors, ops.expand_dims(ops.argmax(ops.absolute(vectors), -2), -2), -2)
    return values, ops.multiply(vectors, ops.sign(largest))


@translates("_npi_solve")
def solve(at, A, B):
    if len(B.shape) == len(A.shape) - 1:
        return ops.squeeze(ops.solve(A, ops.expand_dims(B, -1)), -1)
    return ops.solve(A, B)


def _pseudo_inverse(at, A, rcond):
    """Singular values below `rcond` times the largest count as 0. MXNet has no gradient for it."""
    if None in A.shape[-2:]:
        raise at.open("needs the size of its matrices", tuple(A.shape))
    u, s, v = ops.svd(ops.stop_gradient(A), full_matrices=False)
    small = ops.less_equal(s, ops.multiply(ops.max(s, -1, keepdims=True), rcond))
    inverse = ops.where(small, ops.zeros_like(s), ops.reciprocal(ops.where(small, ops.ones_like(s), s)))
    return ops.matmul(ops.multiply(_turned(v), ops.expand_dims(inverse, -2)), _turned(u))


@translates("_npi_pinv", ignores="hermitian")
def pinv(at, A, rcond):
    return _pseudo_inverse(at, A, ops.expand_dims(rcond, -1))


@translates("_npi_pinv_scalar_rcond", ignores="hermitian")
def pinv_scalar_rcond(at, A, *, rcond: float = 1e-15):
    return _pseudo_inverse(at, A, rcond)


@translates("_npi_tensorinv")
def tensorinv(at, a, *, ind: int = 2):
    rows, columns = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    return ops.reshape(ops.inv(ops.reshape(a, (math.prod(rows), -1))), (*columns, *rows))


@translates("_npi_tensorsolve")
def tensorsolve(at, a, b, *, a_axes: Ints = ()):
    """x with tensordot(a, x) = b; the axes `a_axes` of `a` are put last before."""
    moved = [at.axis(axis, len(a.shape)) for axis in a_axes]
    a = ops.transpose(a, [*(i for i in range(len(a.shape)) if i not in moved), *moved])
    shape = tuple(a.shape[len(b.shape) :])
    size = math.prod(b.shape)
    return ops.reshape(ops.solve(ops.reshape(a, (size, size)), ops.reshape(b, (size, 1))), shape)


@translates("_npi_tensordot")
def tensordot(at, a, b, *, a_axes_summed: Ints, b_axes_summed: Ints):
    return ops.tensordot(a, b, axes=[list(a_axes_summed), list(b_axes_summed)])


@translates("_npi_tensordot_int_axes")
def tensordot_int_axes(at, a, b, *, axes: int):
    """The last axes of `a` with as many first ones of `b`."""
    return ops.tensordot(a, b, axes=axes)


@translates("_npi_einsum", ignores="optimize")
def einsum(at, *data, subscripts: str = ""):
    return ops.einsum(subscripts, *data)


@translates("_npi_norm")
def norm(at, data, *, ord: float = 2.0, axis: Ints | None = None, keepdims: bool = False, flag: int = -1):
    """`flag` says which: -2 and 1 the root of the sum of squares, -1 of vectors with any `ord`, 0 the largest singular
    value (`ord` 2) or the smallest, 2 the sum of the singular values."""
    rank = len(data.shape)
    if flag in (-2, 1):
        return ops.sqrt(ops.sum(ops.square(data), axis=axis, keepdims=keepdims))
    if flag == -1:
        powers = ops.power(ops.absolute(data), ord)
        return ops.power(ops.sum(powers, axis=axis, keepdims=keepdims), 1 / ord)
    if flag not in (0, 2):
        raise at.error("attribute 'flag' must be -2 to 2", flag)
    rows, columns = (at.axis(a, rank) for a in axis or (rank - 2, rank - 1))
    if None in (data.shape[rows], data.shape[columns]):
        raise at.open("needs the size of its matrices", tuple(data.shape))
    values = ops.svd(ops.moveaxis(data, (rows, columns), (-2, -1)), full_matrices=False, compute_uv=False)
    out = ops.sum(values, -1) if flag == 2 else ops.max(values, -1) if ord > 0 else ops.min(values, -1)
    for place in sorted((rows, columns)) if keepdims else ():
        out = ops.expand_dims(out, place)
    return out


@translates("_np_dot")
def dot(at, a, b):
    return ops.dot(a, b) if a.shape and b.shape else ops.multiply(a, b)


@translates("_npi_matmul")
def matmul(at, a, b):
    return ops.matmul(a, b)
