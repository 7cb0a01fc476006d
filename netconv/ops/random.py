"""Random numbers (`kernels/random.py`: when they are drawn)."""

import math
from typing import Literal

import numpy as np

from ..graph.attributes import Ints
from ..graph.partial_shape import merge
from ..keras_api.lazy import ops
from ..kernels.random import (
    exponential,
    gamma,
    generalized_negative_binomial,
    gumbel,
    negative_binomial,
    normal,
    poisson,
    rescale,
    symbolic_zeros,
    uniform,
)
from .registry import shaped_as, translates
from .shape_rules import as_first

Kind = Literal["float16", "float32", "float64"] | None


def _zeros(at, shape: Ints | None):
    return symbolic_zeros(at, shape or (1,))


def _cast(tensor, dtype: Kind):
    return tensor if dtype in (None, "float32") else ops.cast(tensor, dtype)


@translates("_random_uniform", "random_uniform", "uniform", shape=shaped_as("_zeros"))
def random_uniform(at, *, low: float = 0.0, high: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _cast(rescale(uniform(at, _zeros(at, shape)), low, high), dtype)


@translates("_random_normal", "random_normal", "normal", shape=shaped_as("_zeros"))
def random_normal(at, *, loc: float = 0.0, scale: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _cast(ops.add(ops.multiply(normal(at, _zeros(at, shape)), scale), loc), dtype)


@translates("_random_exponential", "random_exponential", shape=shaped_as("_zeros"))
def random_exponential(at, *, lam: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _cast(ops.divide(exponential(at, _zeros(at, shape)), lam), dtype)


@translates("_random_randint", "random_randint", "_npi_random_randint", shape=shaped_as("_zeros"))
def random_randint(
    at, *, low: int, high: int, shape: Ints | None = None, dtype: Literal["int32", "int64"] | None = None
):
    """Integers from `low` to `high` - 1."""
    numbers = ops.floor(rescale(uniform(at, _zeros(at, shape)), float(low), float(high)))
    return ops.cast(ops.clip(numbers, low, high - 1), dtype or "int32")


@translates("_random_gamma", "random_gamma", shape=shaped_as("_zeros"))
def random_gamma(at, *, alpha: float = 1.0, beta: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    """`beta` is a scale."""
    return _cast(ops.multiply(gamma(at, _zeros(at, shape), alpha), beta), dtype)


@translates("_random_poisson", "random_poisson", shape=shaped_as("_zeros"))
def random_poisson(at, *, lam: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _cast(poisson(at, _zeros(at, shape), lam), dtype)


@translates("_random_negative_binomial", "random_negative_binomial", shape=shaped_as("_zeros"))
def random_negative_binomial(at, *, k: int = 1, p: float = 1.0, shape: Ints | None = None, dtype: Kind = None):
    return _cast(negative_binomial(at, _zeros(at, shape), float(k), p), dtype)


@translates("_random_generalized_negative_binomial", "random_generalized_negative_binomial", shape=shaped_as("_zeros"))
def random_generalized_negative_binomial(
    at, *, mu: float = 1.0, alpha: float = 1.0, shape: Ints | None = None, dtype: Kind = None
):
    return _cast(generalized_negative_binomial(at, _zeros(at, shape), mu, alpha), dtype)


@translates("_random_gamma_like", shape=as_first, shape_only=0)
def random_gamma_like(at, data, *, alpha: float = 1.0, beta: float = 1.0):
    return ops.multiply(gamma(at, ops.zeros_like(data), alpha), beta)


@translates("_random_poisson_like", shape=as_first, shape_only=0)
def random_poisson_like(at, data, *, lam: float = 1.0):
    return poisson(at, ops.zeros_like(data), lam)


@translates("_random_negative_binomial_like", shape=as_first, shape_only=0)
def random_negative_binomial_like(at, data, *, k: int = 1, p: float = 1.0):
    return negative_binomial(at, ops.zeros_like(data), float(k), p)


@translates("_random_generalized_negative_binomial_like", shape=as_first, shape_only=0)
def random_generalized_negative_binomial_like(at, data, *, mu: float = 1.0, alpha: float = 1.0):
    return generalized_negative_binomial(at, ops.zeros_like(data), mu, alpha)


@translates("_random_uniform_like", shape=as_first, shape_only=0)
def random_uniform_like(at, data, *, low: float = 0.0, high: float = 1.0):
    return rescale(uniform(at, ops.zeros_like(data)), low, high)


@translates("_random_normal_like", shape=as_first, shape_only=0)
def random_normal_like(at, data, *, loc: float = 0.0, scale: float = 1.0):
    return ops.add(ops.multiply(normal(at, ops.zeros_like(data)), scale), loc)


@translates("_random_exponential_like", shape=as_first, shape_only=0)
def random_exponential_like(at, data, *, lam: float = 1.0):
    return ops.divide(exponential(at, ops.zeros_like(data)), lam)


def _for_each(at, parameters, shape: Ints):
    """Parameters and zeros of their shape, both with the axes of `shape` appended."""
    columns = [ops.reshape(p, [*(-1 if d is None else d for d in p.shape), *(1,) * len(shape)]) for p in parameters]
    zeros = ops.multiply(columns[0], 0.0)
    return columns, ops.multiply(zeros, np.ones(shape, "float32")) if shape else zeros


def _sample_shape(a, ins, outs):
    """The axes of the parameters, then the axes of `shape`."""
    shape = None
    for parameter in ins:
        shape = merge(shape, parameter)
    return [shape] * len(ins), [None if shape is None else (*shape, *a.shape)]


@translates("_sample_uniform", "sample_uniform", shape=_sample_shape)
def sample_uniform(at, low, high, *, shape: Ints = (), dtype: Kind = None):
    (low, high), zeros = _for_each(at, (low, high), shape)
    return _cast(rescale(uniform(at, zeros), low, high), dtype)


@translates("_sample_normal", "sample_normal", shape=_sample_shape)
def sample_normal(at, mu, sigma, *, shape: Ints = (), dtype: Kind = None):
    (mu, sigma), zeros = _for_each(at, (mu, sigma), shape)
    return _cast(ops.add(ops.multiply(normal(at, zeros), sigma), mu), dtype)


@translates("_sample_exponential", "sample_exponential", shape=_sample_shape)
def sample_exponential(at, lam, *, shape: Ints = (), dtype: Kind = None):
    (lam,), zeros = _for_each(at, (lam,), shape)
    return _cast(ops.divide(exponential(at, zeros), lam), dtype)


@translates("_sample_gamma", "sample_gamma", shape=_sample_shape)
def sample_gamma(at, alpha, beta, *, shape: Ints = (), dtype: Kind = None):
    (alpha, beta), zeros = _for_each(at, (alpha, beta), shape)
    return _cast(ops.multiply(gamma(at, zeros, alpha), beta), dtype)


@translates("_sample_poisson", "sample_poisson", shape=_sample_shape)
def sample_poisson(at, lam, *, shape: Ints = (), dtype: Kind = None):
    (lam,), zeros = _for_each(at, (lam,), shape)
    return _cast(poisson(at, zeros, lam), dtype)


@translates("_sample_negative_binomial", "sample_negative_binomial", shape=_sample_shape)
def sample_negative_binomial(at, k, p, *, shape: Ints = (), dtype: Kind = None):
    (k, p), zeros = _for_each(at, (k, p), shape)
    return _cast(negative_binomial(at, zeros, k, p), dtype)


@translates("_sample_generalized_negative_binomial", "sample_generalized_negative_binomial", shape=_sample_shape)
def sample_generalized_negative_binomial(at, mu, alpha, *, shape: Ints = (), dtype: Kind = None):
    (mu, alpha), zeros = _for_each(at, (mu, alpha), shape)
    return _cast(generalized_negative_binomial(at, zeros, mu, alpha), dtype)


def _classes_shape(a, ins, outs):
    return ins, [None if ins[0] is None else (*ins[0][:-1], *a.shape) or (1,)] * 2


@translates("_sample_multinomial", "sample_multinomial", shape=_classes_shape)
def sample_multinomial(
    at,
    data,
    *,
    shape: Ints = (),
    get_prob: bool = False,
    dtype: Literal["float16", "float32", "float64", "int32", "uint8"] = "int32",
):
    """Classes drawn from rows of probabilities, and the logarithm of the probability of each (Gumbel-max trick)."""
    count = math.prod(shape)
    scores = ops.log(ops.expand_dims(data, -2))
    zeros = ops.multiply(ops.expand_dims(ops.zeros_like(data), -2), np.ones((count, 1), "float32"))
    noise = gumbel(at, zeros)
    drawn = ops.argmax(ops.add(noise, scores), -1)
    lengths = [-1 if d is None else d for d in data.shape[:-1]]
    out = ops.reshape(ops.cast(drawn, dtype), (*lengths, *shape) or (1,))
    if not get_prob:
        return out
    chosen = ops.take_along_axis(ops.add(ops.zeros_like(noise), scores), drawn[..., None], -1)
    return out, ops.reshape(chosen, (*lengths, *shape) or (1,))


@translates("_shuffle", "shuffle", "_npi_shuffle", shape=as_first)
def shuffle(at, data):
    """Permutes the rows at random."""
    index = (slice(None), *(0,) * (len(data.shape) - 1))
    return ops.take(data, ops.argsort(normal(at, ops.zeros_like(data[index], dtype="float32"))), axis=0)
