"""Random numbers, drawn at each call of the model. Knows no op of MXNet.

When the model is called with training=False, as predict and evaluate do, no layer of Keras draws, and each number is
the median of its distribution. The only built-in layers of Keras that draw numbers and save their seed add normal
noise; all distributions here are computed from it, uniform numbers by the normal distribution function. Rejection
methods draw so many candidates at once that all are rejected with a probability below 2^-50.
"""

import math
import zlib

import numpy as np

from ..keras_api.lazy import layers, ops
from .gamma import gammaln

GAMMA_TRIES, POISSON_TRIES = 12, 30
LARGE = 10.0
"""From this mean on, Poisson numbers are drawn by rejection."""


def normal(at, zeros, part: str | None = None):
    """Standard normal numbers in the shape of `zeros`; a node that draws twice names each `part`."""
    at.note("random numbers are drawn in training and when the model is called; predict and evaluate take their median")
    seed = at.index ^ zlib.crc32(part.encode()) if part else at.index
    return at.layer(layers.GaussianNoise, 1.0, seed=seed, part=part)(zeros, training=True)


def _normal_cdf(numbers):
    """Uniform numbers from normal ones."""
    return ops.multiply(ops.add(ops.erf(ops.multiply(numbers, math.sqrt(0.5))), 1.0), 0.5)


def uniform(at, zeros, part: str | None = None):
    """Numbers from 0 to 1."""
    return _normal_cdf(normal(at, zeros, part))


def exponential(at, zeros):
    """Exponential numbers of mean 1."""
    return ops.negative(ops.log(ops.maximum(uniform(at, zeros), 1e-30)))


def gumbel(at, zeros):
    """Gumbel noise: the largest of log p plus noise is at each position with a probability proportional to p."""
    return ops.negative(ops.log(ops.maximum(exponential(at, zeros), 1e-30)))


def symbolic_zeros(at, shape):
    """Zeros of a shape as a tensor that depends on an input of the model."""
    zeros = at.zeros(shape)
    return ops.add(zeros, ops.reshape(at.connected_zero("float32"), (1,) * len(shape))) if at.constant(zeros) else zeros


def rescale(numbers, low, high):
    """Numbers from 0 to 1, rescaled to `low` to `high`."""
    return ops.add(ops.multiply(numbers, ops.subtract(high, low)), low)


def _candidates(at, zeros, number: int, part: str):
    """Normal numbers of shape (number, *shape of zeros)."""
    return normal(at, ops.add(ops.expand_dims(zeros, 0), np.zeros((number, *(1,) * len(zeros.shape)), "float32")), part)


def _first_accepted(accepted, values):
    """The first accepted value along axis 0."""
    accepted = ops.cast(accepted, "int32")
    first = ops.equal(ops.multiply(ops.cumsum(accepted, 0), accepted), 1)
    return ops.sum(ops.where(first, values, ops.zeros_like(values)), 0)


def gamma(at, zeros, alpha):
    """Numbers of the gamma distribution of scale 1. Marsaglia and Tsang, ACM TOMS 26 (2000): below 1, those for alpha +
    1 times a power of a uniform one."""
    n = GAMMA_TRIES
    alpha = ops.add(zeros, alpha)
    rows = _candidates(at, zeros, 2 * n + 1, "gamma")
    x, chance, power = rows[(slice(0, n),)], _normal_cdf(rows[(slice(n, 2 * n),)]), _normal_cdf(rows[-1])
    below = ops.less(alpha, 1)
    d = ops.subtract(ops.where(below, ops.add(alpha, 1.0), alpha), 1 / 3)
    v = ops.power(ops.add(ops.multiply(x, ops.rsqrt(ops.multiply(d, 9.0))), 1.0), 3)
    right_way = ops.greater(v, 0)
    v = ops.where(right_way, v, ops.ones_like(v))
    limit = ops.add(ops.multiply(ops.square(x), 0.5), ops.multiply(d, ops.add(ops.subtract(1.0, v), ops.log(v))))
    drawn = ops.multiply(_first_accepted(ops.logical_and(right_way, ops.less(ops.log(chance), limit)), v), d)
    return ops.where(below, ops.multiply(drawn, ops.power(power, ops.reciprocal(alpha))), drawn)


def poisson(at, zeros, lam):
    """Poisson numbers as floats, computed in double precision. For a small mean: inversion of the distribution
    function; for a large one: Hörmann's transformed rejection (Insurance: Mathematics and Economics 12, 1993)."""
    n = POISSON_TRIES
    lam = ops.cast(ops.add(zeros, lam), "float64")
    rows = ops.cast(_normal_cdf(_candidates(at, zeros, 2 * n + 1, "poisson")), "float64")
    return ops.cast(
        ops.where(ops.less(lam, LARGE), _poisson_small_mean(rows[-1], lam), _poisson_large_mean(rows, lam)), "float32"
    )


def _poisson_small_mean(chance, lam):
    lam = ops.clip(lam, 1e-30, LARGE)
    count = np.arange(60.0).reshape(60, *(1,) * len(lam.shape))
    ways = np.array([math.lgamma(k + 1) for k in range(60)]).reshape(count.shape)
    mass = ops.exp(ops.subtract(ops.subtract(ops.multiply(count, ops.log(lam)), lam), ways))
    passed = ops.cast(ops.greater(chance, ops.cumsum(mass, 0)), "float64")
    return ops.minimum(ops.sum(passed, 0), 59.0)


def _poisson_large_mean(rows, lam):
    n = POISSON_TRIES
    lam = ops.maximum(lam, LARGE)
    b = ops.add(ops.multiply(ops.sqrt(lam), 2.53), 0.931)
    a = ops.subtract(ops.multiply(b, 0.02483), 0.059)
    inverse = ops.add(ops.divide(1.1328, ops.subtract(b, 3.4)), 1.1239)
    inner = ops.subtract(0.9277, ops.divide(3.6224, ops.subtract(b, 2.0)))
    u, v = ops.subtract(rows[(slice(0, n),)], 0.5), ops.maximum(rows[(slice(n, 2 * n),)], 1e-30)
    us = ops.maximum(ops.subtract(0.5, ops.absolute(u)), 1e-30)
    offset = ops.multiply(ops.add(ops.divide(ops.multiply(a, 2.0), us), b), u)
    k = ops.floor(ops.add(ops.add(offset, lam), 0.43))
    at_once = ops.logical_and(ops.greater_equal(us, 0.07), ops.less_equal(v, inner))
    outside = ops.logical_or(ops.less(k, 0), ops.logical_and(ops.less(us, 0.013), ops.greater(v, us)))
    whole = ops.maximum(k, 0.0)
    density = ops.subtract(ops.subtract(ops.multiply(whole, ops.log(lam)), lam), gammaln(ops.add(whole, 1.0)))
    hat = ops.log(ops.divide(ops.multiply(v, inverse), ops.add(ops.divide(a, ops.square(us)), b)))
    slowly = ops.logical_and(ops.logical_not(outside), ops.less_equal(hat, density))
    return _first_accepted(ops.logical_or(at_once, slowly), whole)


def negative_binomial(at, zeros, k, p):
    """Failures before the k-th success of probability p."""
    return poisson(at, zeros, ops.multiply(gamma(at, zeros, k), ops.divide(ops.subtract(1.0, p), p)))


def generalized_negative_binomial(at, zeros, mu, alpha):
    """Of mean `mu` and variance mu + alpha mu^2."""
    mu, alpha = ops.add(zeros, mu), ops.add(zeros, alpha)
    is_poisson = ops.equal(alpha, 0)
    scale = ops.where(is_poisson, ops.ones_like(alpha), alpha)
    drawn = ops.multiply(gamma(at, zeros, ops.reciprocal(scale)), ops.multiply(scale, mu))
    return poisson(at, zeros, ops.where(is_poisson, mu, drawn))
