"""Random numbers of MXNet's numpy front end: each parameter is an attribute or, if that is None, an input."""

import math
from types import SimpleNamespace
from typing import Literal

from ..graph.attributes import Floats, Ints
from ..keras_api.lazy import ops
from ..kernels.random import exponential, gamma, gumbel, normal, rescale, symbolic_zeros, uniform
from .registry import translates
from .shape_rules import broadcast

Kind = Literal["float16", "float32", "float64"]
LARGEST = 2**24
"""Largest number of random numbers for one draw."""


def _gumbel(at, zeros, loc, scale):
    return ops.add(loc, ops.multiply(gumbel(at, zeros), scale))


def _logistic(at, zeros, loc, scale):
    share = ops.clip(uniform(at, zeros), 1e-30, 1 - 1e-7)
    return ops.add(loc, ops.multiply(ops.log(ops.divide(share, ops.subtract(1.0, share))), scale))


def _normal(at, zeros, loc, scale):
    return ops.add(loc, ops.multiply(normal(at, zeros), scale))


def _uniform(at, zeros, low, high):
    return rescale(uniform(at, zeros), low, high)


def _exponential(at, zeros, scale):
    return ops.multiply(exponential(at, zeros), scale)


def _pareto(at, zeros, a):
    """Pareto distribution from 0 on (Lomax)."""
    return ops.expm1(ops.divide(exponential(at, zeros), a))


def _power(at, zeros, a):
    return ops.exp(ops.negative(ops.divide(exponential(at, zeros), a)))


def _rayleigh(at, zeros, scale):
    return ops.multiply(ops.sqrt(ops.multiply(exponential(at, zeros), 2.0)), scale)


def _weibull(at, zeros, a):
    return ops.power(exponential(at, zeros), ops.divide(1.0, a))


def _draw(at, distribution, inputs, numbers, size: Ints | None, dtype: str = "float32", in_front: bool = False):
    """Random numbers of the shape `size`, or of the shape of the parameters if it is None; with `in_front`, the axes of
    `size` are followed by those of the parameters."""
    tensors = [x for x in inputs if x is not None]
    left = list(tensors)
    parameters = [left.pop(0) if number is None and left else number for number in numbers]
    if None in parameters:
        raise at.error("needs each parameter as an attribute or as an input", numbers)
    behind = (1,) * max((len(x.shape) for x in tensors), default=0) if in_front else ()
    zeros = symbolic_zeros(at, () if size is None else (*size, *behind))
    for x in tensors:
        zeros = ops.add(zeros, ops.zeros_like(x))
    if len(zeros.shape) == 0:
        return ops.reshape(distribution(at, ops.reshape(zeros, (1,)), *parameters), ())
    out = distribution(at, zeros, *parameters)
    return out if dtype == "float32" else ops.cast(out, dtype)


def _drawn_shape(a, ins, outs):
    """The shape is `size` or the broadcast shape of those parameters that are inputs."""
    if a.size is not None:
        return ins, [tuple(a.size)]
    return ins, broadcast(a, ins, [None])[1] if ins and None not in ins else [None if ins else ()]


def _drawn_in_front_shape(a, ins, outs):
    """The axes of `size`, then those of the parameters."""
    _, (shape,) = _drawn_shape(SimpleNamespace(size=None), ins, outs)
    return ins, [None if shape is None else (*(a.size or ()), *shape)]


def _loc_scale_ops(names, distribution):
    @translates(*names, shape=_drawn_shape)
    def translate(at, input1=None, input2=None, *, loc: float | None, scale: float | None, size: Ints | None = None):
        return _draw(at, distribution, (input1, input2), (loc, scale), size)


_loc_scale_ops(("_npi_gumbel",), _gumbel)
_loc_scale_ops(("_npi_logistic",), _logistic)


def _normal_op(name, in_front: bool):
    @translates(name, shape=_drawn_in_front_shape if in_front else _drawn_shape)
    def translate(
        at,
        input1=None,
        input2=None,
        *,
        loc: float | None,
        scale: float | None,
        size: Ints | None = None,
        dtype: Kind = "float32",
    ):
        return _draw(at, _normal, (input1, input2), (loc, scale), size, dtype, in_front)


def _uniform_op(name, in_front: bool):
    @translates(name, shape=_drawn_in_front_shape if in_front else _drawn_shape)
    def translate(
        at,
        input1=None,
        input2=None,
        *,
        low: float | None,
        high: float | None,
        size: Ints | None = None,
        dtype: Kind = "float32",
    ):
        return _draw(at, _uniform, (input1, input2), (low, high), size, dtype, in_front)


for _suffix in ("", "_n"):
    _normal_op(f"_npi_normal{_suffix}", bool(_suffix))
    _uniform_op(f"_npi_uniform{_suffix}", bool(_suffix))


def _scale_op(name, distribution):
    @translates(name, shape=_drawn_shape)
    def translate(at, input1=None, *, scale: float | None = 1.0, size: Ints | None = None):
        return _draw(at, distribution, (input1,), (scale,), size)


def _shape_op(name, distribution):
    @translates(name, shape=_drawn_shape)
    def translate(at, input1=None, *, a: float | None = None, size: Ints | None = None):
        return _draw(at, distribution, (input1,), (a,), size)


_scale_op("_npi_exponential", _exponential)
_scale_op("_npi_rayleigh", _rayleigh)
_shape_op("_npi_pareto", _pareto)
_shape_op("_npi_powerd", _power)
_shape_op("_npi_weibull", _weibull)


@translates("_npi_gamma", shape=_drawn_shape)
def np_gamma(
    at,
    input1=None,
    input2=None,
    *,
    shape: float | None,
    scale: float | None,
    size: Ints | None = None,
    dtype: Kind = "float32",
):
    def drawn(at, zeros, shape, scale):
        return ops.multiply(gamma(at, zeros, shape), scale)

    return _draw(at, drawn, (input1, input2), (shape, scale), size, dtype)


@translates("_npi_bernoulli", shape=_drawn_shape)
def bernoulli(
    at,
    input1=None,
    *,
    prob: float | None,
    logit: float | None,
    size: Ints | None = None,
    dtype: Literal["bool", "float16", "float32", "float64", "int32", "uint8"] = "float32",
    is_logit: bool,
):
    def one_or_zero(at, zeros, chance):
        chance = ops.sigmoid(ops.cast(chance, "float32")) if is_logit else chance
        return ops.cast(ops.less(uniform(at, zeros), chance), dtype)

    return _draw(at, one_or_zero, (input1,), (logit if is_logit else prob,), size)


def _noisy_logits(at, weights, count: int, rows: int):
    """Logarithms of probabilities plus Gumbel noise: (rows, count)."""
    scores = gumbel(at, symbolic_zeros(at, (rows, count)))
    if weights is None:
        return scores
    return ops.add(scores, ops.log(ops.reshape(ops.cast(weights, "float32"), (1, count))))


def _choice_shape(a, ins, outs):
    return ins, [tuple(a.size or ())]


@translates("_npi_choice", shape=_choice_shape)
def choice(
    at, input1=None, input2=None, *, a: int | None, size: Ints | None, replace: bool = True, weighted: bool = False
):
    """Indices below `a`, or below the length of the first input; `weighted` by the last input."""
    inputs = [x for x in (input1, input2) if x is not None]
    weights = inputs.pop() if weighted and inputs else None
    count = inputs[0].shape[0] if a is None and inputs else a
    number = math.prod(size or ())
    if count is None or not 0 < count * number <= LARGEST:
        raise at.error("needs a known number of choices, and not too many", (count, size))
    if not replace and number > count:
        raise at.error(f"cannot draw {number} of {count} without replacement", size)
    if replace:
        drawn = ops.argmax(_noisy_logits(at, weights, count, number), -1)
    else:
        drawn = ops.argsort(ops.negative(_noisy_logits(at, weights, count, 1)[0]))[(slice(0, number),)]
    return ops.reshape(ops.cast(drawn, "int64"), size or ())


def _multinomial_shape(a, ins, outs):
    classes = len(a.pvals) if a.pvals is not None else ins[0] and ins[0][0]
    return ins, [(*(a.size or ()), classes or None)]


@translates("_npi_multinomial", shape=_multinomial_shape)
def multinomial(at, a=None, *, n: int, pvals: Floats | None = None, size: Ints | None = None):
    """How often each class is drawn in `n` draws: (*size, classes)."""
    weights = a if pvals is None else ops.array(pvals, "float32")
    count, number = weights.shape[0], math.prod(size or ())
    if count is None or not 0 < count * number * n <= LARGEST:
        raise at.error("needs a known number of classes, and not too many draws", (n, count, size))
    drawn = ops.argmax(_noisy_logits(at, weights, count, n * number), -1)
    hot = ops.cast(ops.equal(drawn[:, None], ops.arange(count, dtype=drawn.dtype)), "int64")
    return ops.sum(ops.reshape(hot, (*(size or ()), n, count)), -2)
