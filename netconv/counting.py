"""Places along an axis as tensors that lie along it, its length known or not. Knows no op of MXNet."""

from .lazy import ops
from .regroup import counted


def places(tensor, axis: int):
    """0, 1, 2 ... along an axis, the other axes of the tensor at length 1."""
    rank = len(tensor.shape)
    return ops.reshape(counted(tensor, axis % rank), [-1 if i == axis % rank else 1 for i in range(rank)])


def spread(tensor, axis: int, step: int):
    """Puts `step` - 1 zeros between the points along an axis."""
    if step == 1:
        return tensor
    wide = ops.repeat(tensor, step, axis)
    points = ops.equal(ops.mod(places(wide, axis), step), 0)
    return ops.where(points, wide, ops.zeros_like(wide))[(*(slice(None),) * axis, slice(0, 1 - step))]
