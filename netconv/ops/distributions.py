"""Distributions: the gamma function, its logarithm, and probability densities.

The parameters of a density are along the first axes of the sample: one set for all elements along the other axes.
"""

import math

from ..graph.partial_shape import merge, of_rank
from ..keras_api.lazy import ops
from ..kernels.gamma import gamma as gamma_of
from ..kernels.gamma import gammaln as gammaln_of
from ..kernels.layout import anywhere
from ..kernels.rounding import c_cast, dtype_of, in_operand_dtype
from .registry import translates
from .shape_rules import as_first


def _in_float32(function):
    """Computes in float32, because the range of float16 is too small for intermediate results."""
    return in_operand_dtype(
        lambda x: c_cast(function(ops.cast(x, "float32")), "float16") if dtype_of(x) == "float16" else function(x)
    )


@translates("gamma", "_npx_gamma", layout=anywhere)
def gamma(at, data):
    return _in_float32(gamma_of)(data)


@translates("gammaln", "_npx_gammaln", layout=anywhere)
def gammaln(at, data):
    """log |gamma|."""
    return _in_float32(gammaln_of)(data)


def _times_log(factor, x):
    return ops.multiply(factor, ops.log(x))


def _normal(x, mu, sigma):
    away = ops.divide(ops.subtract(x, mu), sigma)
    return ops.subtract(ops.multiply(ops.square(away), -0.5), ops.add(ops.log(sigma), math.log(2 * math.pi) / 2))


def _uniform(_x, low, high):
    return ops.negative(ops.log(ops.subtract(high, low)))


def _gamma(x, alpha, beta):
    """`beta` is a rate."""
    powers = ops.add(_times_log(alpha, beta), _times_log(ops.subtract(alpha, 1.0), x))
    return ops.subtract(ops.subtract(powers, ops.multiply(beta, x)), gammaln_of(alpha))


def _exponential(x, lam):
    return ops.subtract(ops.log(lam), ops.multiply(lam, x))


def _poisson(x, lam):
    return ops.subtract(ops.subtract(_times_log(x, lam), gammaln_of(ops.add(x, 1.0))), lam)


def _negative_binomial(x, k, p):
    """x failures before k successes, each with probability p."""
    ways = ops.subtract(gammaln_of(ops.add(x, k)), ops.add(gammaln_of(ops.add(x, 1.0)), gammaln_of(k)))
    return ops.add(ways, ops.add(_times_log(k, p), _times_log(x, ops.subtract(1.0, p))))


def _generalized_negative_binomial(x, mu, alpha):
    return _negative_binomial(x, ops.reciprocal(alpha), ops.reciprocal(ops.add(ops.multiply(mu, alpha), 1.0)))


def _density(at, logarithm, sample, parameters, is_log: bool):
    """MXNet has no gradient for a sample of counts."""
    rank = len(sample.shape)
    shapes = [[*(-1 if d is None else d for d in p.shape), *(1,) * (rank - len(p.shape))] for p in parameters]
    out = logarithm(sample, *(ops.reshape(p, shape) for p, shape in zip(parameters, shapes, strict=True)))
    out = ops.add(out, ops.zeros_like(sample))
    return out if is_log else ops.exp(out)


@translates("_random_pdf_normal", "random_pdf_normal", shape=as_first)
def pdf_normal(at, sample, mu, sigma, *, is_log: bool = False):
    return _density(at, _normal, sample, (mu, sigma), is_log)


@translates("_random_pdf_uniform", "random_pdf_uniform", shape=as_first)
def pdf_uniform(at, sample, low, high, *, is_log: bool = False):
    """The density does not depend on the sample."""
    return _density(at, _uniform, sample, (low, high), is_log)


@translates("_random_pdf_gamma", "random_pdf_gamma", shape=as_first)
def pdf_gamma(at, sample, alpha, beta, *, is_log: bool = False):
    return _density(at, _gamma, sample, (alpha, beta), is_log)


@translates("_random_pdf_exponential", "random_pdf_exponential", shape=as_first)
def pdf_exponential(at, sample, lam, *, is_log: bool = False):
    return _density(at, _exponential, sample, (lam,), is_log)


@translates("_random_pdf_poisson", "random_pdf_poisson", shape=as_first)
def pdf_poisson(at, sample, lam, *, is_log: bool = False):
    return _density(at, _poisson, ops.stop_gradient(sample), (lam,), is_log)


@translates("_random_pdf_negative_binomial", "random_pdf_negative_binomial", shape=as_first)
def pdf_negative_binomial(at, sample, k, p, *, is_log: bool = False):
    return _density(at, _negative_binomial, ops.stop_gradient(sample), (k, p), is_log)


@translates("_random_pdf_generalized_negative_binomial", "random_pdf_generalized_negative_binomial", shape=as_first)
def pdf_generalized_negative_binomial(at, sample, mu, alpha, *, is_log: bool = False):
    return _density(at, _generalized_negative_binomial, ops.stop_gradient(sample), (mu, alpha), is_log)


def _dirichlet_shape(a, ins, outs):
    return ins[:1], [ins[0] and ins[0][:-1]]


@translates("_random_pdf_dirichlet", "random_pdf_dirichlet", shape=_dirichlet_shape)
def pdf_dirichlet(at, sample, alpha, *, is_log: bool = False):
    """The last axis of both inputs is that of the components."""
    between = len(sample.shape) - len(alpha.shape)
    shape = [-1 if d is None else d for d in alpha.shape]
    alpha = ops.reshape(alpha, [*shape[:-1], *(1,) * between, shape[-1]])
    out = ops.sum(_times_log(ops.subtract(alpha, 1.0), sample), -1)
    ways = ops.subtract(gammaln_of(ops.sum(alpha, -1)), ops.sum(gammaln_of(alpha), -1))
    out = ops.add(out, ways)
    return out if is_log else ops.exp(out)


LONGEST = 10_000
"""Largest number of points of a process for which its likelihood is unrolled."""


def _hawkes_shape(a, ins, outs):
    rates = merge(of_rank(ins[0], 2), of_rank(ins[3], 2))
    return [rates, *ins[1:3], rates], [rates[:1], rates]


@translates("_contrib_hawkesll", shape=_hawkes_shape)
def hawkesll(at, lda, alpha, beta, state, lags, marks, valid_length, max_time):
    """Log likelihoods (batch,) of multivariate Hawkes processes, and their states (batch, marks) at `max_time`. As in
    MXNet, only the likelihood has a gradient, and only for `lda`, `alpha` and `beta`."""
    points = lags.shape[1]
    if points is None or points > LONGEST or lda.shape[1] is None:
        raise at.open(f"needs a known number of marks and of at most {LONGEST} points")
    state, lags, max_time = (ops.stop_gradient(tensor) for tensor in (state, lags, max_time))
    times = ops.cumsum(lags, 1)
    counted = ops.less(ops.arange(points, dtype=valid_length.dtype), valid_length[:, None])
    marked = ops.equal(ops.one_hot(marks, lda.shape[1]), 1)
    last, found = ops.zeros_like(state), 0.0
    for point in range(points):
        here = ops.logical_and(marked[:, point], counted[:, point, None])
        decay, gone = _decayed(times[:, point, None], last, lda, alpha, beta, state)
        rate = ops.add(lda, ops.multiply(ops.multiply(alpha, beta), ops.multiply(state, decay)))
        share = ops.subtract(ops.log(ops.where(here, rate, ops.ones_like(rate))), gone)
        found = ops.add(found, ops.sum(ops.where(here, share, ops.zeros_like(share)), -1))
        state = ops.where(here, ops.add(ops.multiply(state, decay), 1.0), state)
        last = ops.where(here, times[:, point, None], last)
    decay, gone = _decayed(max_time[:, None], last, lda, alpha, beta, state)
    return ops.subtract(found, ops.sum(gone, -1)), ops.stop_gradient(ops.multiply(state, decay))


def _decayed(time, last, lda, alpha, beta, state):
    """The state decayed over the time since the last point, and the expected number of points in that time."""
    passed = ops.subtract(time, last)
    decay = ops.exp(ops.negative(ops.multiply(beta, passed)))
    excited = ops.multiply(ops.multiply(alpha, state), ops.subtract(1.0, decay))
    return decay, ops.add(ops.multiply(lda, passed), excited)
