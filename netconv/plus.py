"""Addition as numpy broadcasts it. Knows Keras's arithmetic and nothing else."""

from .lazy import ops


def plus(one, two):
    """one + two.

    On TensorFlow Keras's own add takes a second operand with a single axis longer than 1 for a bias: it adds it along
    the last axis, or axis 1, whichever has that length, wherever the operand's own axis lies; (8, 8) + (8, 1) adds to
    the columns. Lengths count when the model runs, so a batch as long as another axis is enough.
    """
    left, right = (tuple(getattr(x, "shape", ())) for x in (one, two))
    alike = left == right
    along_last = bool(left) and all(d == 1 for d in right[:-1]) and right[-1:] == left[-1:] and None not in right
    if alike or along_last or not right:
        return ops.add(one, two)
    return ops.subtract(one, ops.negative(two))
