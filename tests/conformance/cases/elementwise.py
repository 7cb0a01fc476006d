"""Elementwise functions, arithmetic and comparisons."""

import math

from . import Input, case, forward, free, given, s, w, x

UNARY = {
    "normal": "exp expm1 sin cos sinh cosh tan arctan arcsinh erf square negative degrees radians cbrt identity _copy",
    "away": "abs reciprocal rcbrt",
    "positive": "log log10 log2 log1p sqrt rsqrt",
    "inside": "arcsin arccos arctanh erfinv",
    "above": "arccosh",
}
STEPS = "sign ceil floor trunc fix round rint logical_not zeros_like ones_like"
"""Their gradients are zero."""
HALVES = given(-2.5, -1.5, -1.2, -0.5, 0.0, 0.3, 0.5, 1.5, 2.5, 2.7)
ARITHMETIC = {
    "normal": "elemwise_add _add _plus _Plus elemwise_sub _sub _minus _Minus elemwise_mul _mul _Mul",
    "away": "elemwise_div _div _Div _hypot _Hypot _maximum _Maximum _minimum _Minimum",
    "positive": "_power _Power",
}
COMPARISONS = (
    "_equal _Equal _not_equal _Not_Equal _greater _Greater _greater_equal _Greater_Equal _lesser _Lesser "
    "_lesser_equal _Lesser_Equal _logical_and _Logical_And _logical_or _Logical_Or _logical_xor _Logical_Xor"
)
BROADCAST = {
    "normal": "broadcast_add broadcast_plus broadcast_sub broadcast_minus broadcast_mul",
    "away": "broadcast_div broadcast_hypot broadcast_maximum broadcast_minimum",
    "positive": "broadcast_power",
}
PAIRS = [((2, 3), (2, 3)), ((2, 3, 4), (1, 3, 1)), ((2, 1, 4), (2, 3, 1)), ((2, 3, 4, 5), (2, 3, 1, 1))]


def broadcasts(op: str, draw: str) -> list:
    return [case(op, x(*left, draw=draw), x(*right, draw=draw)) for left, right in PAIRS]


BROADCAST_COMPARISONS = (
    "broadcast_equal broadcast_not_equal broadcast_greater broadcast_greater_equal broadcast_lesser "
    "broadcast_lesser_equal broadcast_logical_and broadcast_logical_or broadcast_logical_xor"
)


def stored(op: str, data: Input, *shape: int, draw: str = "away") -> list:
    """With a stored array on the right and on the left."""
    return [free(case(op, data, w(*shape, draw=draw))), free(case(op, w(*shape, draw=draw), data))]


SCALAR = {
    "away": "_plus_scalar _PlusScalar _minus_scalar _MinusScalar _rminus_scalar _RMinusScalar _mul_scalar _MulScalar "
    "_div_scalar _DivScalar _rdiv_scalar _RDivScalar _maximum_scalar _MaximumScalar _minimum_scalar _MinimumScalar "
    "_hypot_scalar _HypotScalar",
    "positive": "_power_scalar _PowerScalar _rpower_scalar _RPowerScalar",
}
SCALAR_COMPARISONS = (
    "_equal_scalar _EqualScalar _not_equal_scalar _NotEqualScalar _greater_scalar _GreaterScalar "
    "_greater_equal_scalar _GreaterEqualScalar _lesser_scalar _LesserScalar _lesser_equal_scalar _LesserEqualScalar "
    "_logical_and_scalar _LogicalAndScalar _logical_or_scalar _LogicalOrScalar _logical_xor_scalar _LogicalXorScalar"
)
FRACTIONS = ("float16", "float64")


def parameter(*shape: int, dtype: str) -> Input:
    return Input("arg", shape, dtype)


WHOLE = ("int32", "int64", "uint8", "int8")

CASES = [
    *(
        free(case("clip", x(3, 5), a_min=low, a_max=high))
        for low, high in [(-0.7, 1.1), ("-1e0", "0"), (0, 6), ("-0.5e0", "0.5e0")]
    ),
    *(
        free(case("smooth_l1", x(3, 5, draw="away"), **attrs))
        for attrs in [{}, {"scalar": 1}, {"scalar": 2.5}, {"scalar": "0.5e0"}]
    ),
    *(free(case(op, x(2, 3, 4, draw=draw))) for draw, names in UNARY.items() for op in names.split()),
    *(free(case(op, x(2, 3, 4, 2, draw=draw))) for draw, names in UNARY.items() for op in names.split()[:2]),
    case("cbrt", given(-8, -0.5, 0.7, 27)),
    *(free(case(op, x(3, 5))) for op in STEPS.split()),
    *(case(op, HALVES) for op in STEPS.split()),
    *(
        free(case(op, x(2, 3, 4, draw=draw), x(2, 3, 4, draw=draw)))
        for draw, names in ARITHMETIC.items()
        for op in names.split()
    ),
    *(
        free(case(op, x(2, 3, 4, 5, draw="away"), x(2, 3, 4, 5, draw="away")))
        for op in ("elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div", "_Plus", "_Mul")
    ),
    *(case(op, x(2, 3, 4), w(2, 3, 4, draw="away")) for op in ("elemwise_add", "_Mul", "_Div")),
    *(forward(free(case(op, x(3, 4, draw="whole"), x(3, 4, draw="whole")))) for op in COMPARISONS.split()),
    *(forward(case(op, x(2, 6), x(2, 6, draw="away"))) for op in ("_mod", "_Mod", "broadcast_mod")),
    forward(case("broadcast_mod", x(2, 3, 4), x(1, 3, 1, draw="away"))),
    *(row for draw, names in BROADCAST.items() for op in names.split() for row in broadcasts(op, draw)),
    *(forward(row) for op in BROADCAST_COMPARISONS.split() for row in broadcasts(op, "whole")),
    # stored arrays of every rank
    *(
        row
        for op in ("broadcast_add", "broadcast_mul", "broadcast_sub", "broadcast_div")
        for row in stored(op, x(2, 3, 4, 5, draw="away"), 1, 3, 1, 1)
    ),
    *(
        row
        for op in ("broadcast_plus", "broadcast_minus", "broadcast_mul", "broadcast_maximum")
        for row in stored(op, x(3, 4, draw="away"), 1, 4)
    ),
    *stored("broadcast_add", x(2, 3, 4), 1, 1, 4),
    *stored("broadcast_mul", x(2, 3, 4), 1, 3, 4),
    *stored("broadcast_add", x(2, 3, 4, 5), 1, 3, 4, 5),
    *stored("broadcast_mul", x(2, 3, 4, 5), 1, 1, 4, 1),
    *stored("broadcast_add", x(2, 3, 2, 2, 2), 1, 3, 1, 1, 1),
    *stored("broadcast_mul", x(3, 4), 1, 1),
    *stored("broadcast_add", x(3), 1),
    *stored("broadcast_power", x(3, 4, draw="positive"), 1, 4, draw="positive"),
    *(
        free(case(op, x(2, 3, 4, draw=draw), scalar=number))
        for draw, names in SCALAR.items()
        for op in names.split()
        for number in (["1.7", "-0.25e1"] if draw == "away" else ["1.5"])
    ),
    *(
        free(case(op, x(2, 3, 4, draw="away"), scalar=number))
        for op, number in [
            ("_PlusScalar", "-1.0"),
            ("_RMinusScalar", "0.0"),
            ("_MulScalar", "0.2e0"),
            ("_PlusScalar", "0."),
            ("_PowerScalar", "2"),
            ("_PowerScalar", "-1"),
            ("_rdiv_scalar", "1"),
            ("_div_scalar", "127.5"),
            ("_minus_scalar", "1e-3"),
        ]
    ),
    free(case("_plus_scalar", x(2, 3, 4, 5), scalar=1.5, is_int=False)),
    free(case("_mul_scalar", x(2, 3, 4, 5), scalar=2, is_int="True")),
    *(forward(free(case(op, x(3, 4, draw="whole"), scalar=1))) for op in SCALAR_COMPARISONS.split()),
    *(
        forward(free(case(op, x(2, 6, draw="away"), scalar=number)))
        for op in ("_mod_scalar", "_ModScalar", "_rmod_scalar", "_RModScalar")
        for number in ("2.3", "-2.3")
    ),
    *(
        free(case(op, *(x(2, 3) for _ in range(count)), num_args=count))
        for op in ("add_n", "ElementWiseSum")
        for count in (1, 2, 4)
    ),
    free(case("add_n", x(2, 3, 4, 5), x(2, 3, 4, 5), x(2, 3, 4, 5), num_args=3)),
    case("add_n", x(2, 3), w(2, 3), num_args=2),
    *(
        forward(free(case(op, HALVES, dtype=dtype)))
        for op in ("Cast", "cast")
        for dtype in ("int32", "int64", "float16", "float64", "float32")
    ),
    forward(case("Cast", given(0, 1.5, 2.7, 255), dtype="uint8")),
    forward(case("cast", given(-3.7, 1.5, 2.7, 100), dtype="int8")),
    forward(free(case("Cast", given(1, 2, 3, dtype="int32"), dtype="float32"))),
    free(case("Cast", x(2, 3), dtype="float32")),
    forward(case("amp_cast", x(3, 4), dtype="float16")),
    forward(case("where", x(3, 4, draw="whole"), x(3, 4), x(3, 4))),
    forward(case("where", x(3, draw="whole"), x(3, 4), x(3, 4))),
    case("where", x(2, 3, 4, draw="whole"), x(2, 3, 4), x(2, 3, 4)),
    forward(case("_identity_with_attr_like_rhs", x(2, 3), x(2, 3))),
    forward(free(case("_grad_add", x(2, 3), x(2, 3)))),
    # values on a bound or outside, and bounds in the wrong order
    case("clip", given(0.0, 1.2, 1.5, 3.0, -1.0), a_min=2, a_max=1),
    case("arccosh", given(-3.0, -1.5, 1.5, 3.0)),
    case("_contrib_gradientmultiplier", given(1e-4, 300.0, -2.0), scalar=255),
    case("broadcast_maximum", given(1.0, 2.0, -1.0), given(1.0, 3.0, -1.0)),
    case("broadcast_minimum", given(1.0, 2.0, -1.0), given(1.0, 3.0, -1.0)),
    *(case("_mod_scalar", given(41.0, 82.0, -41.0, 7.5), scalar=divisor) for divisor in (41, -3, 0.7)),
    case("smooth_l1", given(0.5, -2.0), scalar=0),
    case("_hypot", given(3.0, -1e30, 1e-30, 2.0), given(4.0, 1e30, 1e-30, 0.0)),
    forward(case("_hypot", given(math.inf, math.nan, 1e30), given(math.nan, -math.inf, 1.0))),
    forward(case("sign", given(math.nan, math.inf, -0.0))),
    forward(case("rcbrt", given(-0.0, 0.0, -math.inf, math.inf))),
    *(forward(case("_power_scalar", given(-math.inf, 0.0, 4.0), scalar=power)) for power in (0.5, -0.5)),
    forward(free(case("IdentityAttachKLSparseReg", x(4, 3, draw="unit"), s(3, draw="unit")))),
    *(free(case(op, x(3, 5))) for op in ("BlockGrad", "stop_gradient")),
    free(case("_contrib_gradientmultiplier", x(3, 5), scalar=-0.5)),
    free(case("_contrib_quadratic", x(3, 5), a=1.5, b=-2, c=0.5)),
    case("_contrib_div_sqrt_dim", x(3, 5)),
    *(free(case(f"_npi_{op}", x(2, 3, 4))) for op in ("degrees", "radians")),
    # other types than float32
    forward(free(case("_hypot_scalar", x(2, 3, 4, draw="away", dtype="float64"), scalar=1.5))),
    *(
        forward(free(case(op, x(2, 3, dtype=kind), x(2, 3, dtype=kind))))
        for kind in (*FRACTIONS, "int32", "uint8")
        for op in ("elemwise_add", "elemwise_sub", "_maximum")
    ),
    *(
        forward(case("broadcast_add", x(2, 3, 2, dtype=kind), parameter(1, 3, 1, dtype=kind)))
        for kind in (*FRACTIONS, "int32", "uint8", "int8")
    ),
    # functions of integers are truncated to integers
    *(
        forward(free(case(op, given(1, 2, 3, 4, 5, 6, shape=(2, 3), dtype="int32"))))
        for op in "exp sqrt log sin cbrt arctan erf degrees square abs negative round rint floor".split()
    ),
    *(
        forward(free(case(op, given(1, 2, 3, 40, 5, 6, shape=(2, 3), dtype=kind), scalar=scalar)))
        for op in ("_plus_scalar", "_mul_scalar", "_div_scalar", "_rdiv_scalar", "_hypot_scalar", "_greater_scalar")
        for kind, scalar in zip(WHOLE, ("1.7", "2", "3.5", "1"), strict=True)
    ),
    *(
        forward(free(case(op, given(1, -2, 3, dtype="int32"), scalar="1.5", is_int=False)))
        for op in ("_plus_scalar", "_greater_scalar", "_rdiv_scalar")
    ),
    forward(case("_greater_equal_scalar", given(0, 100, 255, dtype="uint8"), scalar=-1)),
    forward(case("elemwise_div", given(7, -7, 5, 2, dtype="int32"), given(2, 2, -3, 5, dtype="int32"))),
    forward(case("_mod", given(7, -7, 5, 2, dtype="int64"), given(2, 2, -3, 5, dtype="int64"))),
    forward(case("_power", given(2, 3, 5, dtype="int32"), given(2, 3, 1, dtype="int32"))),
    forward(case("broadcast_add", given(1, 200, 3, dtype="uint8"), given(100, shape=(1,), dtype="uint8"))),
    forward(case("broadcast_add", x(2, 3, 4, draw="whole", dtype="int8"), x(1, 3, 1, draw="whole", dtype="int8"))),
    forward(case("smooth_l1", given(-3, -1, 0, 1, 3, dtype="int32"), scalar=1)),
    forward(case("_contrib_quadratic", given(-3, -1, 0, 1, 3, dtype="int64"), a=1.5, b=-2, c=0.5)),
    forward(case("clip", given(-3, 0, 1, 3, dtype="int32"), a_min="-1.5", a_max="1e37")),
    *(forward(case("_contrib_div_sqrt_dim", given(1, 2, 3, 20, dtype=kind))) for kind in ("int32", "int8")),
    *(
        forward(free(case("_npi_maximum_scalar", given(1, 0, 3, dtype=kind), scalar="2.5", **attrs)))
        for kind in ("int32", "uint8", "bool")
        for attrs in ({}, {"is_int": False})
    ),
    forward(case("erf", given(math.inf, -math.inf, 0.5, dtype="float64"))),
    *(
        forward(case("amp_cast", given(1, 2, 3, dtype=kind), dtype=dtype))
        for kind, dtype in [("float64", "float16"), ("int32", "float32"), ("float16", "float32"), ("float32", "int32")]
    ),
    forward(case("clip", given(0, 1, 2, 3, dtype="int8"), a_min="1", a_max="0.001")),
    forward(case("smooth_l1", given(0, 1, 2, 3, dtype="uint8"), scalar=7)),
    forward(free(case("_rminus_scalar", given(1, 0, 255, dtype="uint8"), scalar=0))),
]
