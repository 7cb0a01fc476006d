"""Functions of numbers, as ElementwiseLayer and ThreadingLayer store them, as nodes. They are data: a table has every
function that is known, and nothing is evaluated but arithmetic with numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...graph.graph import Edge
from .builder import Layer
from .expressions import Expression, Symbol
from .function_names import ALIASES, BINARY, COMPARISONS, COMPOSED, CONSTANTS, FOLDED, KNOWN, UNARY, X
from .ports import unwrapped

Value = Edge | float | bool
"""A tensor, or what is the same for all its elements."""


def apply(at: Layer, function: Any, operands: Sequence[Edge], broadcasting: bool = False) -> Edge:
    """The node of a function of `operands`, of the same shape or, with `broadcasting`, with axes of length 1 that are
    repeated. Raises NodeError for a function that is not known."""
    found = _Evaluator(at, broadcasting).call(unwrapped(function), tuple(operands))
    if isinstance(found, Edge):
        return found
    return at("_MulScalar", at("ones_like", operands[0]), scalar=float(found))


class _Evaluator:
    def __init__(self, at: Layer, broadcasting: bool) -> None:
        self.at, self.broadcasting = at, broadcasting
        self.variables: dict[Any, Value] = {}

    def call(self, function: Any, args: tuple[Value, ...]) -> Value:
        """A function, by its name or as an expression, of values."""
        match function:
            case Symbol(name):
                return self.named(name, args)
            case str(name) if len(args) == 1:
                return self.activation(ALIASES.get(name, name), args[0])
            case Expression(Symbol("ScalarFunctionObject"), (tuple(variables), out, dict(steps))):
                return self.steps(variables, out, steps, args)
            case Expression(Symbol("Function"), (body,)):
                return self.body({Expression(Symbol("Slot"), (n + 1,)): arg for n, arg in enumerate(args)}, body)
            case Expression(Symbol("Function"), (tuple(variables), body)) if len(variables) == len(args):
                return self.body(dict(zip(variables, args, strict=True)), body)
            case Expression(Symbol("Function"), (Symbol() as variable, body)) if len(args) == 1:
                return self.body({variable: args[0]}, body)
            case Expression(Symbol("Composition"), functions):
                for each in functions[::-1]:
                    args = (self.call(unwrapped(each), args),)
                if len(args) == 1:
                    return args[0]
        raise self.at.error("its function is not supported", function)

    def body(self, variables: dict[Any, Value], body: Any) -> Value:
        before, self.variables = self.variables, {**self.variables, **variables}
        found = self.value(body)
        self.variables = before
        return found

    def steps(self, variables: tuple[Any, ...], out: Any, steps: dict[Any, Any], args: tuple[Value, ...]) -> Value:
        """A function that was compiled to steps, in order: each is a list of a function and its arguments."""
        if len(variables) != len(args):
            raise self.at.error(f"its function has {len(variables)} arguments, and the layer {len(args)} inputs")
        self.variables = dict(zip(variables, args, strict=True))
        for variable, step in steps.items():
            if not isinstance(step, tuple) or not step:
                raise self.at.error("its function has a step that is not supported", step)
            head, *rest = step
            if head == Symbol("Piecewise") and len(rest) == 2:
                self.variables[variable] = self.piecewise(rest[0], rest[1], conditions_first=True)
            elif head == Symbol("Clip"):
                self.variables[variable] = self.clip(rest)
            elif head == Symbol("Identity") and len(rest) == 1:
                self.variables[variable] = self.value(rest[0])
            else:
                self.variables[variable] = self.call(head, tuple(map(self.value, rest)))
        return self.value(out)

    def value(self, expression: Any) -> Value:
        if isinstance(expression, (Symbol, Expression)) and self._is_variable(expression):
            return self.variables[expression]
        match expression:
            case bool() | int() | float():
                return self.finite(expression)
            case Symbol(name) if name in CONSTANTS:
                return CONSTANTS[name]
            case Expression(Symbol("Rational"), (int(above), int(below))) if below:
                return self.finite(above / below)
            case Expression(Symbol("Clip"), args):
                return self.clip(args)
            case Expression(Symbol("Piecewise"), (clauses, *other)) if len(other) < 2:
                return self.piecewise(clauses, *other)
            case Expression(Symbol("Inequality"), args) if len(args) >= 3 and len(args) % 2:
                return self.inequality(args)
            case Expression(Symbol(name), args) if name not in KNOWN:
                raise self.at.error(f"its function {name} of {len(args)} arguments is not supported")
            case Expression(Symbol() | str() | Expression() as head, args):
                return self.call(head, tuple(map(self.value, args)))
        raise self.at.error("its function is not supported", expression)

    def _is_variable(self, expression: Any) -> bool:
        try:
            return expression in self.variables
        except TypeError:  # an association or an array within has no hash
            return False

    def finite(self, number: Any) -> float:
        try:
            number = float(number)
        except (OverflowError, TypeError):
            raise self.at.error("its function has a number that is too large") from None
        if not math.isfinite(number):
            raise self.at.error("its function has a number that is not finite", str(number))
        return number

    def named(self, name: str, args: tuple[Value, ...]) -> Value:
        match name, args:
            case ("Minus", (x,)):
                return self.binary("Subtract", 0.0, x)
            case ("Log", (base, x)):
                return self.binary("Divide", self.named("Log", (x,)), self.named("Log", (base,)))
            case ("Power", (x, 2.0)):
                return self.named("Square", (x,)) if isinstance(x, Edge) else self.binary("Power", x, 2.0)
            case ("Power", (x, 0.5)):
                return self.named("Sqrt", (x,))
            case ("Power", (x, y)) if x == math.e and isinstance(y, Edge):
                return self.named("Exp", (y,))
            case ("Identity" | "Boole" | "N", (x,)):
                return x
            case ("Not", (x,)):
                return self.at("logical_not", x) if isinstance(x, Edge) else not x
            case ("And" | "Or", (first, *rest)):
                for other in rest:
                    first = self.logical(name, first, other)
                return first
            case ("If", (condition, one, other)):
                return self.either(condition, one, other)
            case ("Which", clauses) if clauses and len(clauses) % 2 == 0:
                return self.which(clauses)
            case (_, (x,)) if name in UNARY:
                return self.unary(name, x)
            case (_, (x,)) if name in COMPOSED:
                return self.body({X: x}, COMPOSED[name])
            case ("Plus" | "Times" | "Min" | "Max", (first, *rest)):
                for other in rest:
                    first = self.binary(name, first, other)
                return first
            case (_, (one, other)) if name in BINARY:
                return self.binary(name, one, other)
            case (_, (_, _, *_)) if name in COMPARISONS:
                pairs = [self.binary(name, *pair) for pair in pairwise(args)]
                return self.named("And", tuple(pairs))
        raise self.at.error(f"its function {name} of {len(args)} arguments is not supported")

    def unary(self, name: str, x: Value) -> Value:
        if isinstance(x, Edge):
            return self.at(UNARY[name], x)
        if name == "Square":
            return self.finite(x * x)
        if name not in FOLDED:
            raise self.at.error(f"its function has {name} of a number")
        try:
            return self.finite(FOLDED[name](x))
        except (ValueError, OverflowError):
            raise self.at.error(f"its function has {name} of a number", str(x)) from None

    def binary(self, name: str, one: Value, other: Value) -> Value:
        same, fitting, right, left, number = BINARY[name]
        if isinstance(one, Edge):
            if isinstance(other, Edge):
                return self.at(fitting if self.broadcasting else same, one, other)
            return self.at(right, one, scalar=float(other))
        if isinstance(other, Edge):
            return self.at(left, other, scalar=float(one))
        try:
            found = number(one, other)
        except (ArithmeticError, ValueError):
            raise self.at.error(f"its function has {name} of numbers", f"{one} and {other}") from None
        return found if isinstance(found, bool) else self.finite(found)

    def logical(self, name: str, one: Value, other: Value) -> Value:
        neutral = name == "And"
        if not isinstance(one, Edge):
            return other if bool(one) == neutral else not neutral
        if not isinstance(other, Edge):
            return one if bool(other) == neutral else not neutral
        return self.at(f"broadcast_logical_{name.lower()}", one, other)

    def either(self, condition: Value, one: Value, other: Value) -> Value:
        """c a + (1 - c) b, as Mathematica computes it: NaN of either branch is in the result."""
        if not isinstance(condition, Edge):
            return one if condition else other
        rest = self.binary("Times", self.binary("Subtract", 1.0, condition), other)
        return self.binary("Plus", self.binary("Times", condition, one), rest)

    def which(self, clauses: Sequence[Value]) -> Value:
        """The value after the first condition that is true; Mathematica's nets need one that is."""
        *before, condition, found = clauses
        if condition is not True:
            raise self.at.error("its function Which must end with True and a value")
        for condition, value in zip(before[-2::-2], before[::-2], strict=True):
            found = self.either(condition, value, found)
        return found

    def piecewise(self, clauses: Any, other: Any = 0.0, conditions_first: bool = False) -> Value:
        """Clauses of a value and a condition, in compiled steps of a condition and a value."""
        if not isinstance(clauses, tuple) or not all(isinstance(each, tuple) and len(each) == 2 for each in clauses):
            raise self.at.error("its function Piecewise is not supported", clauses)
        pairs = clauses if conditions_first else tuple(pair[::-1] for pair in clauses)
        flat = [self.value(part) for pair in pairs for part in pair]
        return self.which((*flat, True, self.value(other)))

    def clip(self, args: Sequence[Any]) -> Value:
        data, bounds, *rest = (*args, (-1.0, 1.0)) if len(args) == 1 else (*args, None, None)[: max(len(args), 2)]
        found = self.value(data)
        if rest or not isinstance(bounds, tuple) or len(bounds) != 2:
            raise self.at.error("its function Clip must have a lower and an upper bound")
        low, high = map(self.value, bounds)
        if isinstance(low, Edge) or isinstance(high, Edge):
            raise self.at.error("its function Clip must have numbers as bounds")
        if isinstance(found, Edge):
            return self.at("clip", found, a_min=float(low), a_max=float(high))
        return min(max(found, low), high)

    def inequality(self, args: tuple[Any, ...]) -> Value:
        """Inequality[a, Less, b, LessEqual, c]."""
        values = [self.value(arg) for arg in args[::2]]
        parts = []
        for one, comparison, other in zip(values, args[1::2], values[1:], strict=False):
            if not isinstance(comparison, Symbol) or comparison.name not in COMPARISONS:
                raise self.at.error("its function Inequality is not supported", comparison)
            parts.append(self.binary(comparison.name, one, other))
        return self.named("And", tuple(parts))

    def activation(self, name: str, x: Value) -> Value:
        """A function that Mathematica knows by a string."""
        if not isinstance(x, Edge):
            raise self.at.error(f"its function has {name} of a number")
        at = self.at
        match name:
            case "RectifiedLinearUnit":
                return at("relu", x)
            case "Sigmoid":
                return at("sigmoid", x)
            case "SoftPlus":
                return at("Activation", x, act_type="softrelu")
            case "ExponentialLinearUnit":
                return at("LeakyReLU", x, act_type="elu", slope=1.0)
            case "ScaledExponentialLinearUnit":
                return at("LeakyReLU", x, act_type="selu")
            case "GaussianErrorLinearUnit":
                return at("LeakyReLU", x, act_type="gelu")
            case "SoftSign":
                return at("_Div", x, at("_PlusScalar", at("abs", x), scalar=1.0))
            case "HardTanh":
                return at("_PlusScalar", self._capped(x), scalar=-1.0)
            case "HardSigmoid":
                return at("_MulScalar", self._capped(x), scalar=0.5)
            case "Swish":
                return at("_Mul", x, at("sigmoid", x))
            case "HardSwish":
                inside = at("clip", at("_PlusScalar", x, scalar=3.0), a_min=0.0, a_max=6.0)
                return at("_Mul", x, at("_DivScalar", inside, scalar=6.0))
            case "Mish":
                return at("_Mul", x, at("tanh", at("Activation", x, act_type="softrelu")))
        raise at.error("its function is not supported", name)

    def _capped(self, x: Edge) -> Edge:
        """x + 1 between 0 and 2, with the gradient of Mathematica's layers at both ends."""
        ramps = [self.at("relu", self.at("_PlusScalar", x, scalar=shift)) for shift in (1.0, -1.0)]
        return self.at("_Minus", *ramps)
