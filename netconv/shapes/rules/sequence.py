"""Ops on sequences: time and batch are their first two axes."""

from __future__ import annotations

from ...graph.partial_shape import ShapeMismatch, first, merge, of_rank, place, rule


@rule("SequenceMask", "SequenceReverse")
def sequence(a, ins, outs):
    claims = _sequence(a, merge(ins[0], outs[0]), ins[1:])
    return claims, claims[:1]


@rule("SequenceLast")
def sequence_last(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = (*out[: a.axis], None, *out[a.axis :])
    data, *lengths = _sequence(a, data, ins[1:])
    return [data, *lengths], [None if data is None else (*data[: a.axis], *data[a.axis + 1 :])]


def _sequence(a, data, lengths) -> list:
    """Data, and a length for each example."""
    if a.axis not in (0, 1):
        raise ShapeMismatch("attribute 'axis' must be 0 or 1", a.axis)
    if data is None or len(data) < 2:
        return [data, *lengths]
    (batch,) = (
        merge(data[1 - a.axis : 2 - a.axis], of_rank(lengths[0], 1)) if lengths else data[1 - a.axis : 2 - a.axis]
    )
    data = (data[0], batch, *data[2:]) if a.axis == 0 else (batch, *data[1:])
    return [data, *[(batch,)] * len(lengths)]


@rule("softmax", "softmin", "log_softmax")
def softmax(a, ins, outs):
    """A length, if there is one, is for each row along the axis."""
    shape = merge(ins[0], outs[0])
    if shape is None:
        return ins, [None]
    axis = place(a.axis, len(shape))
    if len(ins) < 2:
        return [shape], [shape]
    rows = merge((*shape[:axis], *shape[axis + 1 :]), ins[1])
    shape = (*rows[:axis], shape[axis], *rows[axis:])
    return [shape, rows], [shape]


def _interleaved(heads: int, data, projections: int) -> tuple:
    """(time, batch, heads x projections x depth): time, and batch x heads."""
    time, batch, width = of_rank(data, 3)
    if width is not None and width % (heads * projections):
        raise ShapeMismatch(f"the last axis must hold {projections} projections of {heads} heads", width)
    return time, None if batch is None else batch * heads


@rule("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_scores(a, ins, outs):
    time, many = _interleaved(a.heads, ins[0], 3)
    return [of_rank(ins[0], 3)], [(many, time, time)]


@rule("_contrib_interleaved_matmul_encdec_qk")
def encdec_scores(a, ins, outs):
    (rows, many), (columns, too) = _interleaved(a.heads, ins[0], 1), _interleaved(a.heads, ins[1], 2)
    return [of_rank(x, 3) for x in ins], [(first(many, too), rows, columns)]


@rule("_contrib_interleaved_matmul_selfatt_valatt", "_contrib_interleaved_matmul_encdec_valatt")
def attended(a, ins, outs):
    projections = 3 if a._node.op.endswith("selfatt_valatt") else 2
    data, (_, rows, _) = of_rank(ins[0], 3), of_rank(ins[1], 3)
    time, many = _interleaved(a.heads, data, projections)
    width = data[2] and data[2] // projections
    return [data, (many, rows, time)], [(rows, data[1], width)]
