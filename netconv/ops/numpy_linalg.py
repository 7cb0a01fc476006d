"""Linear algebra of MXNet's numpy front end."""

import math
from typing import Literal

from ..graph.attributes import Ints
from ..graph.partial_shape import merge, normalize_axes
from ..keras_api.lazy import ops
from ..kernels.positions import index_grid
from .registry import shaped_as, translates
from .shape_rules import broadcast


@translates("_npi_cholesky", shape=shaped_as("_linalg_potrf"))
def cholesky(at, A):
    return ops.cholesky(A)


def _transposed(matrix):
    return ops.swapaxes(matrix, -1, -2)


def _symmetric(A, UPLO: str):
    """The symmetric matrix that one of its triangles defines."""
    compare = ops.greater_equal if UPLO == "L" else ops.less_equal
    return ops.where(compare(index_grid(A, -2), index_grid(A, -1)), A, _transposed(A))


def _eigenvalues_shape(a, ins, outs):
    return ins, [ins[0] and ins[0][:-1]]


@translates("_npi_eigvalsh", shape=_eigenvalues_shape)
def eigvalsh(at, A, *, UPLO: Literal["L", "U"] = "L"):
    """MXNet has no gradient for it."""
    return ops.eigh(_symmetric(ops.stop_gradient(A), UPLO))[0]


def _eigen_shape(a, ins, outs):
    return ins, [ins[0] and ins[0][:-1], ins[0]]


@translates("_npi_eigh", shape=_eigen_shape)
def eigh(at, A, *, UPLO: Literal["L", "U"] = "L"):
    """Eigenvalues and, as columns, eigenvectors, each with its largest component positive. MXNet has no gradient for
    it."""
    values, vectors = ops.eigh(_symmetric(ops.stop_gradient(A), UPLO))
    largest = ops.take_along_axis(vectors, ops.expand_dims(ops.argmax(ops.absolute(vectors), -2), -2), -2)
    return values, ops.multiply(vectors, ops.sign(largest))


def _solve_shape(a, ins, outs):
    shape = merge(ins[1], outs[0])
    return [ins[0], shape], [shape]


@translates("_npi_solve", shape=_solve_shape)
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
    return ops.matmul(ops.multiply(_transposed(v), ops.expand_dims(inverse, -2)), _transposed(u))


def _pinv_shape(a, ins, outs):
    return ins, [ins[0] and (*ins[0][:-2], ins[0][-1], ins[0][-2])]


@translates("_npi_pinv", ignores="hermitian", shape=_pinv_shape)
def pinv(at, A, rcond):
    return _pseudo_inverse(at, A, ops.expand_dims(rcond, -1))


@translates("_npi_pinv_scalar_rcond", ignores="hermitian", shape=_pinv_shape)
def pinv_scalar_rcond(at, A, *, rcond: float = 1e-15):
    return _pseudo_inverse(at, A, rcond)


def _tensorinv_shape(a, ins, outs):
    return ins, [ins[0] and (*ins[0][a.ind :], *ins[0][: a.ind])]


@translates("_npi_tensorinv", shape=_tensorinv_shape)
def tensorinv(at, a, *, ind: int = 2):
    rows, columns = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    return ops.reshape(ops.inv(ops.reshape(a, (math.prod(rows), -1))), (*columns, *rows))


def _tensorsolve_shape(a, ins, outs):
    if None in ins:
        return ins, outs
    rank = len(ins[0])
    last = normalize_axes(a.a_axes, rank)
    axes = [*(i for i in range(rank) if i not in last), *last]
    return ins, [tuple(ins[0][i] for i in axes[len(ins[1]) :])]


@translates("_npi_tensorsolve", shape=_tensorsolve_shape)
def tensorsolve(at, a, b, *, a_axes: Ints = ()):
    """x with tensordot(a, x) = b; the axes `a_axes` of `a` are moved to the end first."""
    moved = [at.axis(axis, len(a.shape)) for axis in a_axes]
    a = ops.transpose(a, [*(i for i in range(len(a.shape)) if i not in moved), *moved])
    shape = tuple(a.shape[len(b.shape) :])
    size = math.prod(b.shape)
    return ops.reshape(ops.solve(ops.reshape(a, (size, size)), ops.reshape(b, (size, 1))), shape)


def _summed_shape(ins, outs, ours, theirs):
    """The shapes for a product that sums over these axes of its two operands."""
    one, two = ins
    if one is None or two is None:
        return ins, outs
    ours, theirs = normalize_axes(ours, len(one)), normalize_axes(theirs, len(two))
    left = [n for i, n in enumerate(one) if i not in ours]
    return ins, [(*left, *(n for i, n in enumerate(two) if i not in theirs))]


def _tensordot_shape(a, ins, outs):
    return _summed_shape(ins, outs, a.a_axes_summed, a.b_axes_summed)


@translates("_npi_tensordot", shape=_tensordot_shape)
def tensordot(at, a, b, *, a_axes_summed: Ints, b_axes_summed: Ints):
    return ops.tensordot(a, b, axes=[list(a_axes_summed), list(b_axes_summed)])


def _tensordot_of_last_shape(a, ins, outs):
    return _summed_shape(ins, outs, range(-a.axes, 0), range(a.axes))


@translates("_npi_tensordot_int_axes", shape=_tensordot_of_last_shape)
def tensordot_int_axes(at, a, b, *, axes: int):
    """Sums over the last axes of `a` and the same number of first axes of `b`."""
    return ops.tensordot(a, b, axes=axes)


@translates("_npi_einsum", ignores="optimize", shape="its subscripts are parsed when it is built")
def einsum(at, *data, subscripts: str = ""):
    return ops.einsum(subscripts, *data)


def _norm_shape(a, ins, outs):
    """Without `axis`, a vector norm reduces all axes, a matrix norm the last two."""
    if ins[0] is None:
        return ins, outs
    rank = len(ins[0])
    axis = a.axis or (tuple(range(rank)) if a.flag in (-2, -1, 1) else (rank - 2, rank - 1))
    gone = normalize_axes(axis, rank)
    shape = [1 if i in gone else n for i, n in enumerate(ins[0]) if a.keepdims or i not in gone]
    return ins, [tuple(shape)]


@translates("_npi_norm", shape=_norm_shape)
def norm(at, data, *, ord: float = 2.0, axis: Ints | None = None, keepdims: bool = False, flag: int = -1):
    """`flag` selects the norm: -2 and 1 the root of the sum of squares, -1 a vector norm with any `ord`, 0 the largest
    (`ord` 2) or smallest singular value, 2 the sum of the singular values."""
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


def _np_dot_shape(a, ins, outs):
    """The last axis of the first input with the second to last of the second; a scalar multiplies."""
    one, two = ins
    if () in ins:
        return ins, [two if one == () else one]
    return _summed_shape(ins, outs, (-1,), (-1 if two is not None and len(two) == 1 else -2,))


@translates("_np_dot", shape=_np_dot_shape)
def dot(at, a, b):
    return ops.dot(a, b) if a.shape and b.shape else ops.multiply(a, b)


def _matmul_shape(a, ins, outs):
    """Axes before the last two are broadcast; a vector is a row on the left and a column on the right, and that axis is
    removed from the product."""
    one, two = ins
    if None in ins or () in ins:
        return ins, outs
    rows, columns = one[-2:-1], two[-1:] if len(two) > 1 else ()
    _, (batch,) = broadcast(a, [one[:-2], two[:-2]], [None])
    return ins, [(*batch, *rows, *columns)]


@translates("_npi_matmul", shape=_matmul_shape)
def matmul(at, a, b):
    return ops.matmul(a, b)
