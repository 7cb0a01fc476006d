"""The gamma function and its logarithm, which Keras lacks, by functions that it has. Knows no op of MXNet.

Chosen for accuracy in single precision: near 1 and 2, where the logarithm is zero, a power series; for large x
Stirling's series; in between the recurrence; below 1/2 the reflection formula. Gradients follow from the same
expressions. Formulas: NIST Digital Library of Mathematical Functions, 5.5.1, 5.5.3, 5.7.3, 5.11.1.
"""

import math

from ..keras_api.lazy import ops

FAR = 8.0
"""From here on Stirling's series is exact to double precision with the terms below."""
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
EULER = 0.57721566490153286
TERMS = 28


def _zeta_less_one(k: int) -> float:
    """zeta(k) - 1, by Euler and Maclaurin's formula from 20 on."""
    tail = 20.0 ** (1 - k) / (k - 1) - 20.0**-k / 2 + k * 20.0 ** (-k - 1) / 12
    tail -= k * (k + 1) * (k + 2) * 20.0 ** (-k - 3) / 720
    return sum(float(n) ** -k for n in range(2, 21)) + tail


def _polynomial(x, coefficients):
    """Horner's rule; the constant term first."""
    total = ops.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = ops.add(ops.multiply(total, x), c)
    return total


def _near_two(z):
    """log gamma(2 + z) for |z| <= 1/2."""
    series = [1 - EULER] + [(-1) ** k * _zeta_less_one(k) / k for k in range(2, TERMS)]
    return ops.multiply(z, _polynomial(z, series))


def _stirling(x):
    """log gamma(x) - ((x - 1/2) log x - x)."""
    inverse = ops.reciprocal(x)
    series = ops.multiply(inverse, _polynomial(ops.square(inverse), STIRLING))
    return ops.add(series, math.log(2 * math.pi) / 2)


def _near(x):
    """log gamma(2 + z) and the product p with gamma(x) = gamma(2 + z) p, for x in [1/2, FAR)."""
    nearest = ops.maximum(ops.round(x), 1.0)
    product = ops.where(ops.less(nearest, 2), ops.reciprocal(x), ops.ones_like(x))
    for j in range(1, int(FAR) - 1):
        product = ops.where(
            ops.greater_equal(nearest, j + 2), ops.multiply(product, ops.subtract(x, float(j))), product
        )
    return _near_two(ops.subtract(x, nearest)), product


def _split(x):
    """Where x is below FAR, and x for each of the two formulas, replaced where the formula does not hold, so that the
    gradient of the formula that is not used is finite."""
    near = ops.less(x, FAR)
    return near, ops.where(near, x, 2.0), ops.where(near, FAR, x)


def _right(x, sign: int):
    """gamma(x), or its reciprocal with a `sign` of -1, for x >= 1/2."""
    is_near, near, far = _split(x)
    log, product = _near(near)
    near = ops.multiply(ops.exp(ops.multiply(log, sign)), product if sign > 0 else ops.reciprocal(product))
    # The square of a square root: neither it nor the power of e overflows before their product does.
    half = ops.power(ops.divide(far, math.e), ops.multiply(ops.subtract(ops.divide(far, 2), 0.25), sign))
    rest = ops.exp(ops.multiply(ops.subtract(_stirling(far), 0.5), sign))
    return ops.where(is_near, near, ops.multiply(ops.multiply(half, rest), half))


def _log_right(x):
    """log gamma(x) for x >= 1/2."""
    is_near, near, far = _split(x)
    log, product = _near(near)
    near = ops.add(log, ops.log(product))
    power = ops.multiply(ops.subtract(far, 0.5), ops.subtract(ops.log(far), 1.0))
    return ops.where(is_near, near, ops.add(power, ops.subtract(_stirling(far), 0.5)))


def _sine(x):
    """sin(pi x), exactly 0 at integers."""
    whole = ops.round(x)
    odd = ops.subtract(whole, ops.multiply(ops.floor(ops.multiply(whole, 0.5)), 2.0))
    sine = ops.sin(ops.multiply(ops.subtract(x, whole), math.pi))
    return ops.multiply(sine, ops.subtract(1.0, ops.multiply(odd, 2.0)))


def _reflect(x):
    """Where x is below 1/2, x with 1 - x in place of these, and x for the sine."""
    left = ops.less(x, 0.5)
    return left, ops.where(left, ops.subtract(1.0, x), x), ops.where(left, x, 0.5)


def gamma(data):
    """The gamma function; NaN at its poles but 0, where it is infinite."""
    left, right, turned = _reflect(data)
    far_left = ops.divide(ops.multiply(_right(ops.where(left, right, 1.0), -1), math.pi), _sine(turned))
    pole = ops.logical_and(ops.less(turned, 0), ops.equal(turned, ops.round(turned)))
    far_left = ops.where(pole, float("nan"), far_left)
    far_left = ops.where(ops.equal(turned, 0), ops.reciprocal(turned), far_left)  # of -0 too
    return ops.where(left, far_left, _right(ops.where(left, 1.0, right), 1))


def gammaln(data):
    """log |gamma|."""
    left, right, turned = _reflect(data)
    whole = _log_right(right)
    mirrored = ops.subtract(math.log(math.pi), ops.add(ops.log(ops.absolute(_sine(turned))), whole))
    mirrored = ops.where(ops.isinf(turned), float("inf"), mirrored)
    return ops.where(left, mirrored, whole)
