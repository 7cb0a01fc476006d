"""Every form of a function of numbers, against numpy written from the definitions."""

import math

import numpy as np
import pytest
from wolfram_files import (
    call,
    elementwise,
)
from wolfram_layers import Cases, check, drawn, ramp, sigmoid

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


def _activation(name, function, inside=False):
    def made(_file):
        x = drawn(6, 5) * (0.2 if inside else 2)
        x = np.tanh(x) * 0.9 if inside else x
        return elementwise(Symbol(name), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


erf, gamma, lgamma = map(np.vectorize, (math.erf, math.gamma, math.lgamma))
for _name, _function in {
    "Ramp": ramp,
    "LogisticSigmoid": sigmoid,
    "Tanh": np.tanh,
    "Sin": np.sin,
    "Cos": np.cos,
    "Exp": np.exp,
    "Square": np.square,
    "Abs": np.abs,
    "Ceiling": np.ceil,
    "Floor": np.floor,
    "Sign": np.sign,
    "ArcSinh": np.arcsinh,
    "ArcTan": np.arctan,
    "Cosh": np.cosh,
    "Sinh": np.sinh,
    "Erf": erf,
    "Round": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
}.items():
    _activation(_name, _function)
for _name, _function in {"Tan": np.tan, "ArcSin": np.arcsin, "ArcCos": np.arccos, "ArcTanh": np.arctanh}.items():
    _activation(_name, _function, inside=True)


def _positive(name, function):
    def made(_file):
        x = np.abs(drawn(6, 5)) + 1.1
        return elementwise(Symbol(name), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


for _name, _function in {
    "Log": np.log,
    "Sqrt": np.sqrt,
    "ArcCosh": np.arccosh,
    "Gamma": gamma,
    "LogGamma": lgamma,
}.items():
    _positive(_name, _function)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def softplus(x):
    return np.log1p(np.exp(x))


NAMED = {
    "ReLU": ramp,
    "RectifiedLinearUnit": ramp,
    "Sigmoid": sigmoid,
    "SoftPlus": softplus,
    "ELU": elu,
    "ExponentialLinearUnit": elu,
    "GELU": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "ScaledExponentialLinearUnit": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "SoftSign": lambda x: x / (1 + np.abs(x)),
    "HardTanh": lambda x: np.clip(x, -1, 1),
    "HardSigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "Swish": lambda x: x * sigmoid(x),
    "HardSwish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "Mish": lambda x: x * np.tanh(softplus(x)),
}


def _named(name, function):
    def made(_file):
        x = drawn(6, 5) * 2
        return elementwise(name, 5), [x], [function(x.astype("float64"))]

    LAYERS[f"elementwise_{name}"] = made


for _name, _function in NAMED.items():
    _named(_name, _function)

INVERSES = {
    "Cot": np.tan, "Coth": np.tanh, "Csc": np.sin, "Csch": np.sinh, "Sec": np.cos, "Sech": np.cosh,
}  # fmt: skip
for _name, _function in INVERSES.items():
    _positive(_name, lambda x, of=_function: 1 / of(x))
OF_INVERSES = {
    "ArcCot": np.arctan, "ArcCoth": np.arctanh, "ArcCsc": np.arcsin, "ArcCsch": np.arcsinh, "ArcSec": np.arccos,
}  # fmt: skip
for _name, _function in OF_INVERSES.items():
    _positive(_name, lambda x, of=_function: of(1 / x))
for _name, _function in {
    "CubeRoot": np.cbrt,
    "IntegerPart": np.trunc,
    "FractionalPart": lambda x: x - np.trunc(x),
    "Haversine": lambda x: (1 - np.cos(x)) / 2,
    "Gudermannian": lambda x: np.arcsin(np.tanh(x)),
    "Erfc": lambda x: 1 - erf(x),
    "Unitize": lambda x: (x != 0).astype(float),
    "KroneckerDelta": lambda x: (x == 0).astype(float),
    "Positive": lambda x: (x > 0).astype(float),
    "NonPositive": lambda x: (x <= 0).astype(float),
}.items():
    _activation(_name, _function)
_activation("InverseGudermannian", lambda x: np.arctanh(np.sin(x)), inside=True)


def _of_its_inverse(name, inverse, lowest):
    """A function of values of its inverse, which give back the argument."""

    def made(_file):
        y = np.linspace(lowest, 0.9, 15).reshape(3, 5)
        return elementwise(Symbol(name), 5), [inverse(y).astype("float32")], [y]

    LAYERS[f"elementwise_{name}"] = made


_of_its_inverse("InverseErf", erf, -0.9)
_of_its_inverse("InverseErfc", lambda y: 1 - erf(y), -0.9)
_of_its_inverse("InverseHaversine", lambda y: np.sin(y / 2) ** 2, 0.1)
_of_its_inverse("ArcSech", lambda y: 1 / np.cosh(y), 0.1)

X, Y = call("Slot", 1), call("Slot", 2)


def pure(body):
    return call("Function", body)


FUNCTIONS = {
    "plus_a_number": (call("Plus", 0.001, X), lambda x: 0.001 + x),
    "a_power": (call("Power", X, 2), np.square),
    "a_root": (call("Power", call("Abs", X), call("Rational", 1, 2)), lambda x: np.sqrt(np.abs(x))),
    "a_reciprocal": (call("Times", 3, call("Power", call("Plus", 4, X), -1)), lambda x: 3 / (4 + x)),
    "powers_of_numbers": (call("Plus", call("Power", 2, X), call("Power", Symbol("E"), X)), lambda x: 2**x + np.exp(x)),
    "a_difference": (call("Subtract", call("Minus", X), call("Divide", X, 4)), lambda x: -x - x / 4),
    "bounds": (call("Clip", X, (-0.5, 1)), lambda x: np.clip(x, -0.5, 1)),
    "default_bounds": (call("Clip", X), lambda x: np.clip(x, -1, 1)),
    "extremes": (
        call("Max", call("Min", X, 0.5), -0.25, call("Times", 0.1, X)),
        lambda x: np.maximum(np.maximum(np.minimum(x, 0.5), -0.25), 0.1 * x),
    ),
    "constants": (call("Plus", call("Times", Symbol("Pi"), X), call("Sqrt", 2)), lambda x: np.pi * x + 2**0.5),
    "a_constant": (2.5, lambda x: np.full_like(x, 2.5)),
    "the_input": (X, lambda x: x),
    "if": (
        call("If", call("Greater", X, 0.3), call("Sin", X), call("Times", 2, X)),
        lambda x: np.where(x > 0.3, np.sin(x), 2 * x),
    ),
    "which": (
        call("Which", call("Less", X, -0.5), 1, call("LessEqual", X, 0.5), X, Symbol("True"), call("Minus", X)),
        lambda x: np.where(x < -0.5, 1, np.where(x <= 0.5, x, -x)),
    ),
    "piecewise": (
        call("Piecewise", ((1, call("Less", X, -0.5)), (X, call("Less", X, 0.5))), call("Square", X)),
        lambda x: np.where(x < -0.5, 1, np.where(x < 0.5, x, x * x)),
    ),
    "piecewise_or_zero": (call("Piecewise", ((X, call("Less", X, 0.5)),)), lambda x: np.where(x < 0.5, x, 0)),
    "logic": (
        call(
            "Boole",
            call(
                "Or", call("And", call("Greater", X, 0), call("Less", X, 1)), call("Not", call("GreaterEqual", X, -1))
            ),
        ),
        lambda x: (((x > 0) & (x < 1)) | ~(x >= -1)).astype(float),
    ),
    "an_inequality": (
        call("Boole", call("Inequality", -1, Symbol("Less"), X, Symbol("LessEqual"), 0.5)),
        lambda x: ((x > -1) & (x <= 0.5)).astype(float),
    ),
    "a_chained_comparison": (call("Boole", call("Less", -1, X, 1)), lambda x: ((x > -1) & (x < 1)).astype(float)),
    "equal": (
        call("Plus", call("Boole", call("Equal", X, X)), call("Boole", call("Unequal", 1, X))),
        lambda x: np.full_like(x, 2),
    ),
    "log_to_a_base": (call("Log", 2, call("Plus", 5, X)), lambda x: np.log2(5 + x)),
    "folded": (call("Plus", X, call("If", call("Less", 1, 2), call("Times", 2, 3), 0)), lambda x: x + 6),
}


def _function(name, body, function):
    def made(_file):
        x = drawn(6, 5)
        return elementwise(pure(body), 5), [x], [function(x.astype("float64"))]

    LAYERS[f"function_{name}"] = made


for _name, (_body, _function_of) in FUNCTIONS.items():
    _function(_name, _body, _function_of)


def scalar(n):
    return call("ScalarSymbol", n)


@case
def compiled_function(_file):
    """ELU[Max[0, x] * -2] + 1, and If, as steps: as up to 12."""
    steps = {
        scalar(2): (Symbol("Max"), 0.0, scalar(1)),
        scalar(3): (Symbol("Times"), scalar(2), -2.0),
        scalar(4): ("ExponentialLinearUnit", scalar(3)),
        scalar(5): (Symbol("Less"), scalar(1), 0.5),
        scalar(6): (Symbol("Identity"), 7.0),
        scalar(7): (Symbol("If"), scalar(5), scalar(4), scalar(6)),
        scalar(8): (Symbol("Clip"), scalar(7), (-0.5, 6.0)),
        scalar(9): (Symbol("Piecewise"), ((scalar(5), scalar(8)),), scalar(4)),
    }
    function = call("ScalarFunctionObject", (scalar(1),), scalar(9), steps)
    x = drawn(6, 5)
    one = elu(-2 * ramp(x.astype("float64")))
    return elementwise(function, 5), [x], [np.where(x < 0.5, np.clip(one, -0.5, 6), one)]


@case
def function_with_a_variable(_file):
    x = drawn(6, 5)
    function = call("Function", (Symbol("y"),), call("Times", Symbol("y"), call("Tanh", Symbol("y"))))
    return elementwise(function, 5), [x], [x * np.tanh(x)]


@case
def composition(_file):
    x = drawn(6, 5)
    return elementwise(call("Composition", Symbol("Tanh"), "Swish"), 5), [x], [np.tanh(x * sigmoid(x))]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
