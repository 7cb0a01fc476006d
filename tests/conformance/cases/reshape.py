"""Reshaping."""

from . import case, forward, free, w, x

RESHAPES = [
    ((2, 3, 4), "(0, -1)"), ((2, 3, 4), "(-1, 12)"), ((2, 3, 4), "(2, 12)"), ((2, 3, 4), "(-1,)"), ((2, 3, 4), "-1"),
    ((2, 3, 4), "(0, 0, 2, 2)"), ((2, 3, 4), "(0, 4, 3)"), ((2, 3, 4), "(-1, 4, 3)"), ((2, 3, 4), "(0, 0, 0)"),
    ((2, 3, 4, 5), "(0, -3, 0)"), ((2, 3, 4, 5), "(-3, -2)"), ((2, 3, 4, 5), "(-3, -3)"), ((2, 3, 4, 5), "(0, 0, -3)"),
    ((2, 3, 4, 5), "(0, -1, 1, 1)"), ((2, 3, 4, 5), "(0, -2)"), ((2, 3, 4, 5), "(-2, 1)"), ((2, 3, 4, 5), "(0, 0, -1)"),
    ((2, 12, 3), "(0, -4, 3, -1, 0)"), ((2, 12, 3), "(0, -4, -1, 4, -2)"), ((2, 12, 3), "(0, -4, 3, 4, 0)"),
    ((2, 8, 3, 3), "(0, -4, 2, -1, 0, 0)"), ((2, 3, 1, 1), "(0, 3)"), ((2, 6), "(-1, 3, 2)"), ((2, 6), "(0, 1, 2, 3)"),
    ((4, 6), "(-4, 2, -1, 0)"), ((2, 3, 4, 3), "(0, 0, -4, -1, 2, 0)"),
]  # fmt: skip
FRACTIONS = ("float16", "float64")

CASES = [
    *(case("_np_reshape", x(2, 3, 4), newshape=shape) for shape in [(6, 4), (2, -1), "(-1,)", (4, 3, 2)]),
    free(case("_np_reshape", x(2, 3, 4), newshape=(-1, 12))),
    *(
        case("_npx_reshape", x(*data), newshape=shape, reverse=reverse)
        for data, shape, reverse in [
            ((2, 3, 4), (-2, -1), False),
            ((2, 3, 4), (-1, 4), False),
            ((1, 3, 1, 4), (-3, -2, -3, -2), False),
            ((1, 3, 1, 4), (-3, -4), False),
            ((2, 3, 4), (-5, -4), False),
            ((2, 3, 4), (-2, -5), False),
            ((2, 12, 4), (-2, -6, 3, 4, -4), False),
            ((2, 12, 4), (-2, -6, 3, -1, -2), False),
            ((8, 3, 3, 3, 4, 4), (-6, 2, -1, -4), False),
            ((8, 3, 3, 3, 8), (-4, -5), True),
            ((3, 4, 5), (-1, -2), True),
        ]
    ),
    *(free(case("_npx_reshape", x(2, 3, 4), newshape=shape)) for shape in [(-2, -1), (-5, -2)]),
    *(
        (free if shape_text.startswith(("(0", "(-1", "-1")) else lambda row: row)(case(op, x(*shape), shape=shape_text))
        for op in ("Reshape", "reshape")
        for shape, shape_text in (RESHAPES if op == "Reshape" else RESHAPES[::4])
    ),
    *(
        case("Reshape", x(*shape), shape=text, reverse=True)
        for shape, text in [
            ((2, 3, 4), "(-1, 0)"),
            ((10, 5, 4), "(-1, 0)"),
            ((2, 3, 4), "(0, -1)"),
            ((2, 3, 4), "(-1, 0, 0)"),
        ]
    ),
    case("Reshape", x(2, 3, 4), target_shape="(2, 0)"),
    case("Reshape", x(2, 3, 4), target_shape="(0, 12)", keep_highest=True),
    *(free(case(op, x(*shape))) for op in ("Flatten", "flatten") for shape in [(2, 3), (2, 3, 4), (2, 3, 4, 5)]),
    case("reshape_like", x(2, 12), x(2, 3, 4)),
    case("reshape_like", x(6, 4), x(2, 3, 5), lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2),
    case("reshape_like", x(2, 12, 3), x(5, 3, 4), lhs_begin=1, lhs_end=2, rhs_begin=1, rhs_end=3),
    case("reshape_like", x(30, 4), x(15, 2, 4), lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2),
    *(case("expand_dims", x(2, 3, 4), axis=axis) for axis in (0, 1, 3, -1, -2)),
    free(case("expand_dims", x(2, 3, 4, 5), axis=1)),
    *(
        case("squeeze", x(2, 1, 3, 1), **attrs)
        for attrs in [
            {},
            {"axis": 1},
            {"axis": 3},
            {"axis": -1},
            {"axis": "(1, 3)"},
            {"axis": "(1)"},
            {"axis": "None"},
        ]
    ),
    case("squeeze", x(1, 2, 3), axis="(0)"),
    case("reshape_like", x(2, 3, 3), x(3, 3, 2)),
    free(case("reshape_like", x(2, 5, 3), x(2, 3, 5))),
    case("reshape_like", x(2, 3), x(1, 6, 2, 3), lhs_begin=-2, lhs_end=2, rhs_begin=-4, rhs_end=-2),
    # a stored array of which only the shape matters
    forward(case("reshape_like", x(2, 4, 4), w(2, 4, 4))),
    # other types than float32
    *(forward(free(case("Reshape", x(2, 3, 4, draw="away", dtype=kind), shape=(0, -1)))) for kind in FRACTIONS),
    *(forward(free(case("Flatten", x(2, 3, 4, draw="away", dtype=kind)))) for kind in FRACTIONS),
]
