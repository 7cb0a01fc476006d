"""Ops on matrices, which lie along the last two axes."""

from __future__ import annotations

from ...graph.partial_shape import ShapeMismatch, first, format_shape, merge, of_rank, rule


def _square(shape):
    """A shape whose last two lengths are one, found of either."""
    if shape is None:
        return None
    if len(shape) < 2:
        raise ShapeMismatch("needs matrices", format_shape(shape))
    one, two = shape[-2:]
    if one is not None and two is not None and one != two:
        raise ShapeMismatch("needs square matrices", format_shape(shape))
    return (*shape[:-2], *(first(one, two),) * 2)


@rule("_linalg_potrf", "_linalg_potri", "_linalg_inverse", "_npi_cholesky")
def square(a, ins, outs):
    shape = _square(merge(ins[0], outs[0]))
    return [shape], [shape]


@rule("_linalg_det", "_linalg_slogdet", "_linalg_sumlogdiag")
def number(a, ins, outs):
    """A number, or two, for each matrix."""
    shape = _square(ins[0])
    return [shape], [None if shape is None else shape[:-2] or (1,)] * len(outs)


@rule("_linalg_trmm", "_linalg_trsm")
def triangular(a, ins, outs):
    """A square matrix times, or divided into, another of as many rows; or columns, from the right."""
    matrix, other = _square(ins[0]), merge(ins[1], outs[0])
    if matrix is None or other is None:
        return [matrix, other], [other]
    rows, columns = of_rank(other, len(matrix))[-2:]
    side = columns if a.rightside else rows
    if None not in (side, matrix[-1]) and side != matrix[-1]:
        raise ShapeMismatch(f"inputs of shapes {format_shape(ins[0])} and {format_shape(other)} have no product")
    batch, side = merge(matrix[:-2], other[:-2]), first(side, matrix[-1])
    shape = (*batch, rows, side) if a.rightside else (*batch, side, columns)
    return [(*batch, side, side), shape], [shape]


@rule("_linalg_gemm2", "batch_dot")
def product(a, ins, outs):
    if getattr(a, "axis", -2) != -2:  # rows that lie elsewhere
        return ins, outs
    rank = next((len(x) for x in [*ins[:2], *outs] if x is not None), 0)
    if rank < 2:
        return ins, outs
    one, two, out = of_rank(ins[0], rank), of_rank(ins[1], rank), of_rank(outs[0], rank)
    batch = merge(merge(one[:-2], two[:-2]), out[:-2])
    (k, m) = one[-2:] if a.transpose_a else one[:-3:-1]
    (n, q) = two[-2:] if a.transpose_b else two[:-3:-1]
    if k is not None and q is not None and k != q:
        raise ShapeMismatch(f"inputs of shapes {format_shape(one)} and {format_shape(two)} have no product")
    k, m, n = first(k, q), first(m, out[-2]), first(n, out[-1])
    claims = [(*batch, k, m) if a.transpose_a else (*batch, m, k), (*batch, n, k) if a.transpose_b else (*batch, k, n)]
    return claims, [(*batch, m, n)]


@rule("_linalg_gemm")
def product_and_sum(a, ins, outs):
    """The third input is shaped as the product."""
    claims, (shape,) = product(a, ins[:2], [merge(ins[2], outs[0])])
    return [*claims, shape], [shape]


@rule("_linalg_syrk")
def gram(a, ins, outs):
    if ins[0] is None or len(ins[0]) < 2:
        return ins, outs
    side = ins[0][-1 if a.transpose else -2]
    return ins, [(*ins[0][:-2], side, side)]


@rule("khatri_rao")
def khatri_rao(a, ins, outs):
    """As many columns, and a row for each combination of rows."""
    rows, columns = 1, of_rank(outs[0], 2)[1]
    for x in ins:
        n, m = of_rank(x, 2)
        columns = merge((columns,), (m,))[0]
        rows = None if None in (rows, n) else rows * n
    return [(of_rank(x, 2)[0], columns) for x in ins], [(rows, columns)]
