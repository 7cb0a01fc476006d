"""Random numbers, drawn anew at each call, in inference too.

The only layers of Keras that draw numbers without a custom class and keep their seed in the saved model add normal
noise; every distribution here is made of that: uniform numbers are what the normal distribution function makes of them.
Distributions that need rejection or counts without a bound (gamma, Poisson, binomial) are refused in `refused.py`.
"""

import math
from typing import Literal

import numpy as np

from ..attributes import Ints
from ..lazy import layers, ops
from ..registry import translates

Kind = Literal["float16", "float32", "float64"] | None


def _normal(at, zeros, part: str | None = None):
    """Standard normal numbers in the shape of `zeros`."""
    return at.layer(layers.GaussianNoise, 1.0, seed=at.index, part=part)(zeros, training=True)


def _uniform(at, zeros, part: str | None = None):
    """Numbers from 0 to 1."""
    return ops.multiply(ops.add(ops.erf(ops.multiply(_normal(at, zeros, part), math.sqrt(0.5))), 1.0), 0.5)


def _exponential(at, zeros):
    return ops.negative(ops.log(ops.maximum(_uniform(at, zeros), 1e-30)))


def _zeros(at, shape: Ints | None):
    zeros = at.zeros(shape or (1,))
    return ops.add(zeros, at.nothing("float32")) if at.constant(zeros) else zeros


def _kind(tensor, dtype: Kind):
    return tensor if dtype in (None, "float32") else ops.cast(tensor, dtype)


def _between(numbers, low, high):
    return ops.add(ops.multiply(numbers, ops.subtract(high, low)), low)


@translates("_random_uniform", "random_uniform", "uniform")
def random_uniform(at, *, low: float = 0.0, high: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _kind(_between(_uniform(at, _zeros(at, shape)), low, high), dtype)


@translates("_random_normal", "random_normal", "normal")
def random_normal(at, *, loc: float = 0.0, scale: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _kind(ops.add(ops.multiply(_normal(at, _zeros(at, shape)), scale), loc), dtype)


@translates("_random_exponential", "random_exponential")
def random_exponential(at, *, lam: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _kind(ops.divide(_exponential(at, _zeros(at, shape)), lam), dtype)


@translates("_random_randint", "random_randint", "_npi_random_randint")
def random_randint(
    at, *, low: int, high: int, shape: Ints | None = None, dtype: Literal["int32", "int64"] | None = None
):
    """Whole numbers from `low` to `high` - 1."""
    numbers = ops.floor(_between(_uniform(at, _zeros(at, shape)), float(low), float(high)))
    return ops.cast(ops.clip(numbers, low, high - 1), dtype or "int32")


@translates("_random_uniform_like")
def random_uniform_like(at, data, *, low: float = 0.0, high: float = 1.0):
    return _between(_uniform(at, ops.zeros_like(data)), low, high)


@translates("_random_normal_like")
def random_normal_like(at, data, *, loc: float = 0.0, scale: float = 1.0):
    return ops.add(ops.multiply(_normal(at, ops.zeros_like(data)), scale), loc)


@translates("_random_exponential_like")
def random_exponential_like(at, data, *, lam: float = 1.0):
    return ops.divide(_exponential(at, ops.zeros_like(data)), lam)


def _for_each(at, parameters, shape: Ints):
    """Parameters as columns and zeros of their shape, both followed by the axes of `shape`."""
    columns = [ops.reshape(p, [*(-1 if d is None else d for d in p.shape), *(1,) * len(shape)]) for p in parameters]
    zeros = ops.multiply(columns[0], 0.0)
    return columns, ops.multiply(zeros, np.ones(shape, "float32")) if shape else zeros


@translates("_sample_uniform", "sample_uniform")
def sample_uniform(at, low, high, *, shape: Ints = (), dtype: Kind = None):
    (low, high), zeros = _for_each(at, (low, high), shape)
    return _kind(_between(_uniform(at, zeros), low, high), dtype)


@translates("_sample_normal", "sample_normal")
def sample_normal(at, mu, sigma, *, shape: Ints = (), dtype: Kind = None):
    (mu, sigma), zeros = _for_each(at, (mu, sigma), shape)
    return _kind(ops.add(ops.multiply(_normal(at, zeros), sigma), mu), dtype)


@translates("_sample_exponential", "sample_exponential")
def sample_exponential(at, lam, *, shape: Ints = (), dtype: Kind = None):
    (lam,), zeros = _for_each(at, (lam,), shape)
    return _kind(ops.divide(_exponential(at, zeros), lam), dtype)


@translates("_sample_multinomial", "sample_multinomial")
def sample_multinomial(
    at,
    data,
    *,
    shape: Ints = (),
    get_prob: bool = False,
    dtype: Literal["float16", "float32", "float64", "int32", "uint8"] = "int32",
):
    """Classes drawn by rows of probabilities, and the logarithm of the probability of each (Gumbel's maximum)."""
    count = math.prod(shape)
    scores = ops.log(ops.expand_dims(data, -2))
    zeros = ops.multiply(ops.expand_dims(ops.zeros_like(data), -2), np.ones((count, 1), "float32"))
    noise = ops.negative(ops.log(ops.maximum(_exponential(at, zeros), 1e-30)))
    drawn = ops.argmax(ops.add(noise, scores), -1)
    lengths = [-1 if d is None else d for d in data.shape[:-1]]
    out = ops.reshape(ops.cast(drawn, dtype), (*lengths, *shape) or (1,))
    if not get_prob:
        return out
    chosen = ops.take_along_axis(ops.add(ops.zeros_like(noise), scores), drawn[..., None], -1)
    return out, ops.reshape(chosen, (*lengths, *shape) or (1,))


@translates("_shuffle", "shuffle", "_npi_shuffle")
def shuffle(at, data):
    """The rows in a random order."""
    first = data[(slice(None), *(0,) * (len(data.shape) - 1))]
    return ops.take(data, ops.argsort(_normal(at, ops.zeros_like(first, dtype="float32"))), axis=0)
