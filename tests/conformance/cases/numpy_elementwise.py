"""Elementwise ops of MXNet's numpy front end."""

from . import case, forward, free, given, w, x

UNARY = {
    "normal": "arcsinh arctan cbrt cos cosh exp expm1 negative sin sinh square tan tanh",
    "away": "absolute abs reciprocal",
    "positive": "log log10 log1p log2 sqrt",
    "inside": "arccos arcsin arctanh",
    "above": "arccosh",
}
STEPS = "ceil floor sign trunc fix rint"
HALVES = given(-2.5, -1.5, -1.2, -0.5, 0.0, 0.3, 0.5, 1.5, 2.5, 2.7)
NOT_NUMBERS = given(-1.5, 0, float("inf"), float("-inf"), float("nan"), 2)
ARITHMETIC = {
    "normal": "add subtract multiply",
    "away": "true_divide hypot arctan2",
    "positive": "power",
}
COMPARISONS = "equal not_equal less less_equal greater greater_equal"
SCALAR = {
    "away": "add subtract rsubtract multiply true_divide rtrue_divide arctan2",
    "positive": "power rpower",
}

CASES = [
    *(free(case(f"_npi_{op}", x(2, 3, 4, draw=draw))) for draw, names in UNARY.items() for op in names.split()),
    *(free(case(f"_npi_{op}", HALVES)) for op in STEPS.split()),
    *(forward(free(case(f"_npi_{op}", NOT_NUMBERS))) for op in ("isfinite", "isinf", "isnan")),
    forward(free(case("_npi_logical_not", HALVES))),
    *(
        case(f"_npi_{op}", x(*left, draw=draw), x(*right, draw=draw))
        for draw, names in ARITHMETIC.items()
        for op in names.split()
        for left, right in [((2, 3), (2, 3)), ((2, 3, 4, 5), (3, 1, 1)), ((2, 1, 4), (3, 1))]
    ),
    free(case("_npi_add", x(3, 4), w(4))),
    forward(case("_npi_mod", x(2, 6), x(2, 6, draw="away"))),
    forward(case("_npi_true_divide", x(2, 6, draw=9, dtype="int32"), x(2, 6, draw="above"))),
    *(forward(case(f"_npi_{op}", x(3, 4, draw="whole"), x(4, draw="whole"))) for op in COMPARISONS.split()),
    *(
        free(case(f"_npi_{op}_scalar", x(2, 3, 4, draw=draw), scalar=number, is_int=False))
        for draw, names in SCALAR.items()
        for op in names.split()
        for number in (["1.7", "-0.25e1"] if draw == "away" else ["1.5"])
    ),
    *(
        forward(free(case(f"_npi_{op}_scalar", x(2, 6, draw="away"), scalar=number, is_int=False)))
        for op in ("mod", "rmod")
        for number in ("2.3", "-2.3")
    ),
    *(forward(free(case(f"_npi_{op}_scalar", x(3, 4, draw="whole"), scalar=1))) for op in COMPARISONS.split()),
    case("_npi_where", x(2, 3, draw=2), x(2, 3), x(2, 3)),
    case("_npi_where", x(2, 3, draw=2), x(3), x(2, 1)),
    # halves, bits, signs, infinities, selection by a scalar
    *(free(case("_npi_around", HALVES, decimals=d)) for d in (0, 1)),
    free(case("_npi_around", given(12.34, -15.0, 25.0, 0.126), decimals=-1)),
    *(
        forward(case(f"_npi_{op}", x(3, 4, draw=9, dtype="int32"), x(4, draw=9, dtype="int32")))
        for op in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ),
    *(
        forward(free(case(f"_npi_{op}_scalar", x(3, 4, draw=9, dtype="int32"), scalar=6)))
        for op in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ),
    forward(free(case("_npi_bitwise_not", x(3, 4, draw=9, dtype="int32")))),
    case("_npi_copysign", x(2, 3, 4, draw="away"), x(3, 1, draw="away")),
    *(
        forward(free(case(f"_npi_{op}_scalar", x(2, 6, draw="away"), scalar=-1.5, is_int=False)))
        for op in ("copysign", "rcopysign")
    ),
    free(case("_npi_ldexp_scalar", x(2, 6), scalar=1.5, is_int=False)),
    free(case("_npi_rldexp_scalar", x(2, 6), scalar=1.5, is_int=False)),
    # MXNet's gradients of these three are those of the other operand
    forward(free(case("_npi_rarctan2_scalar", x(2, 6), scalar=1.5, is_int=False))),
    case("_npi_ldexp", x(2, 3, 4), x(3, 1)),
    *(forward(free(case(f"_npi_{op}", NOT_NUMBERS))) for op in ("isposinf", "isneginf")),
    case("_npi_nan_to_num", NOT_NUMBERS),
    case("_npi_nan_to_num", NOT_NUMBERS, nan=1.5, posinf=7, neginf=-8),
    forward(case("_npi_where_lscalar", x(2, 3, draw=2), x(2, 3), scalar=1.5)),
    forward(case("_npi_where_lscalar", x(3, draw=2), x(2, 1), scalar=1.5)),
    forward(case("_npi_where_rscalar", x(2, 3, draw=2), x(2, 3), scalar=1.5)),
    forward(case("_npi_where_scalar2", x(2, 3, draw=2), x=1.5, y=-2)),
    case("_npi_polyval", x(4), x(2, 3)),
    *(forward(free(case(f"_npi_{op}", x(2, 3, draw=9, dtype="int64")))) for op in ("isfinite", "isinf", "isnan")),
    forward(case("_npi_rcopysign_scalar", given(-0.0, 0.0, -2.0, float("nan")), scalar=100, is_int=False)),
    case("_npi_copysign", given(1.0, -1.0, 0.0, 2.0), given(1.0, 1.0, -1.0, -2.0)),
    forward(case("_npi_mod", given(1.0, -7.0, 3.0), given(0.0, 3.0, 0.0))),
    case("_npi_hypot", given(3.0, 1.0, 2.0), given(4.0, 1.0, 2.0)),
    *(
        forward(case("_npi_lcm", x(2, 4, draw="bytes", dtype=dtype), x(4, draw="bytes", dtype=dtype)))
        for dtype in ("int32", "int64", "int8", "uint8")
    ),
    *(
        forward(free(case("_npi_lcm_scalar", x(2, 4, draw="bytes", dtype=dtype), scalar=scalar)))
        for dtype in ("int32", "int64", "int8", "uint8")
        for scalar in (0, 6, -6)
    ),
    # other types than float32
    # of the numpy front end too
    *(
        forward(free(case(f"_npi_{op}", given(1, 2, 3, 64, 5, 8, shape=(2, 3), dtype=kind))))
        for op in "sqrt cbrt log2 tanh reciprocal negative floor rint arccosh".split()
        for kind in ("int32", "uint8")
    ),
    *(
        forward(free(case(f"_npi_{op}_scalar", given(1, 0, 3, dtype=kind), scalar="2.5", **attrs)))
        for op in "add rsubtract mod rmod power copysign ldexp arctan2 true_divide equal".split()
        for kind in ("int32", "uint8", "bool")
        for attrs in ({}, {"is_int": False})
        if not (op in ("true_divide", "equal") and attrs)
    ),
    *(
        forward(case(f"_npi_{op}", given(1, 0, 1, dtype="bool"), given(1, 1, 0, dtype="bool")))
        for op in "add multiply bitwise_and bitwise_xor less".split()
    ),
    *(forward(case(f"_npi_{op}", given(1, 0, 1, dtype="bool"))) for op in ("bitwise_not", "logical_not")),
    forward(free(case("_npi_rsubtract_scalar", given(1, 0, 255, dtype="uint8"), scalar=0))),
]
