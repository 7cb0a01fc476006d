"""Random numbers, drawn anew at each call, in inference too. Knows no op of MXNet.

The only layers of Keras that draw numbers without a custom class and keep their seed in the saved model add normal
noise; every distribution here is made of that: uniform numbers are what the normal distribution function makes of them.
"""

import math

from .lazy import layers, ops


def normal(at, zeros, part: str | None = None):
    """Standard normal numbers in the shape of `zeros`."""
    return at.layer(layers.GaussianNoise, 1.0, seed=at.index, part=part)(zeros, training=True)


def uniform(at, zeros, part: str | None = None):
    """Numbers from 0 to 1."""
    return ops.multiply(ops.add(ops.erf(ops.multiply(normal(at, zeros, part), math.sqrt(0.5))), 1.0), 0.5)


def exponential(at, zeros):
    """Numbers from 0 on, of mean 1."""
    return ops.negative(ops.log(ops.maximum(uniform(at, zeros), 1e-30)))


def blank(at, shape):
    """Zeros of a shape as a tensor of the model."""
    zeros = at.zeros(shape)
    return (
        ops.add(zeros, ops.reshape(at.nothing("float32"), (1,) * max(1, len(shape)))) if at.constant(zeros) else zeros
    )


def between(numbers, low, high):
    return ops.add(ops.multiply(numbers, ops.subtract(high, low)), low)
