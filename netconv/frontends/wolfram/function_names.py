"""The functions of numbers that are known, by their names in the Wolfram Language."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from .expressions import Expression, Symbol

UNARY = {
    "Ramp": "relu", "LogisticSigmoid": "sigmoid", "Tanh": "tanh", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "Log": "log", "Exp": "exp", "Sqrt": "sqrt", "Square": "square", "Abs": "abs", "Round": "round", "Ceiling": "ceil",
    "Floor": "floor", "Sign": "sign", "ArcCos": "arccos", "ArcSin": "arcsin", "ArcSinh": "arcsinh",
    "ArcTan": "arctan", "ArcTanh": "arctanh", "ArcCosh": "arccosh", "Cosh": "cosh", "Sinh": "sinh", "Gamma": "gamma",
    "LogGamma": "gammaln", "Erf": "erf", "InverseErf": "erfinv", "CubeRoot": "cbrt", "IntegerPart": "trunc",
}  # fmt: skip
"""Functions of one number, and the ops that compute them. Round takes halves away from zero, as in Mathematica's
nets, though not in Mathematica."""


def _of(name: str, *args: Any) -> Expression:
    return Expression(Symbol(name), args)


X = Symbol("x")
COMPOSED = {
    **{name: _of("Divide", 1, _of(of, X)) for name, of in {
        "Cot": "Tan", "Coth": "Tanh", "Csc": "Sin", "Csch": "Sinh", "Sec": "Cos", "Sech": "Cosh",
    }.items()},
    **{name: _of(of, _of("Divide", 1, X)) for name, of in {
        "ArcCot": "ArcTan", "ArcCoth": "ArcTanh", "ArcCsc": "ArcSin", "ArcCsch": "ArcSinh", "ArcSec": "ArcCos",
        "ArcSech": "ArcCosh",
    }.items()},
    "Haversine": _of("Square", _of("Sin", _of("Divide", X, 2))),
    "InverseHaversine": _of("Times", 2, _of("ArcSin", _of("Sqrt", X))),
    "Gudermannian": _of("Times", 2, _of("ArcTan", _of("Tanh", _of("Divide", X, 2)))),
    "InverseGudermannian": _of("Times", 2, _of("ArcTanh", _of("Tan", _of("Divide", X, 2)))),
    "Erfc": _of("Subtract", 1, _of("Erf", X)),
    "InverseErfc": _of("InverseErf", _of("Subtract", 1, X)),
    "FractionalPart": _of("Subtract", X, _of("IntegerPart", X)),
    **{name: _of(comparison, X, 0) for name, comparison in {
        "Unitize": "Unequal", "KroneckerDelta": "Equal", "PossibleZeroQ": "Equal", "Positive": "Greater",
        "Negative": "Less", "NonNegative": "GreaterEqual", "NonPositive": "LessEqual",
    }.items()},
}  # fmt: skip
"""Functions of one number x, as expressions of those that ops compute."""
CONSTANTS = {"Pi": math.pi, "E": math.e, "True": True, "False": False}
FOLDED: dict[str, Callable[[float], float]] = {
    "Log": math.log, "Exp": math.exp, "Sqrt": math.sqrt, "Abs": abs, "Sin": math.sin, "Cos": math.cos,
    "Tan": math.tan, "Tanh": math.tanh, "Cosh": math.cosh, "Sinh": math.sinh, "Ramp": lambda x: max(x, 0.0),
}  # fmt: skip
"""Functions of one number that are computed here if they are applied to a number."""
BINARY: dict[str, tuple[str, str, str, str, Callable[[Any, Any], Any]]] = {
    "Plus": ("_Plus", "broadcast_add", "_PlusScalar", "_PlusScalar", operator.add),
    "Subtract": ("_Minus", "broadcast_sub", "_MinusScalar", "_RMinusScalar", operator.sub),
    "Times": ("_Mul", "broadcast_mul", "_MulScalar", "_MulScalar", operator.mul),
    "Divide": ("_Div", "broadcast_div", "_DivScalar", "_RDivScalar", operator.truediv),
    "Power": ("_Power", "broadcast_power", "_PowerScalar", "_RPowerScalar", operator.pow),
    "Min": ("_Minimum", "broadcast_minimum", "_MinimumScalar", "_MinimumScalar", min),
    "Max": ("_Maximum", "broadcast_maximum", "_MaximumScalar", "_MaximumScalar", max),
    "Less": ("_lesser", "broadcast_lesser", "_lesser_scalar", "_greater_scalar", operator.lt),
    "LessEqual": (
        "_lesser_equal", "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar", operator.le,
    ),
    "Greater": ("_greater", "broadcast_greater", "_greater_scalar", "_lesser_scalar", operator.gt),
    "GreaterEqual": (
        "_greater_equal", "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar", operator.ge,
    ),
    "Equal": ("_equal", "broadcast_equal", "_equal_scalar", "_equal_scalar", operator.eq),
    "Unequal": ("_not_equal", "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar", operator.ne),
}  # fmt: skip
"""Functions of two numbers: the op for two tensors of the same shape, for two of shapes that fit each other, for a
tensor and a number, for a number and a tensor, and the function of two numbers."""
COMPARISONS = frozenset(["Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "Unequal"])
KNOWN = frozenset(
    [*UNARY, *COMPOSED, *BINARY, "Minus", "Identity", "Boole", "N", "Not", "And", "Or", "If", "Which", "Function"]
)
"""The functions that may be applied within another."""
ALIASES = {
    "ReLU": "RectifiedLinearUnit",
    "SELU": "ScaledExponentialLinearUnit",
    "ELU": "ExponentialLinearUnit",
    "GELU": "GaussianErrorLinearUnit",
    "SoftReLU": "SoftPlus",
}
