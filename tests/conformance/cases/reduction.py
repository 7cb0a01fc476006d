"""Reductions, sorting, and sums along an axis."""

from . import case, forward, free, given, outputs, x

WAYS = [
    {},
    {"axis": 1},
    {"axis": "(1, 2)", "keepdims": True},
    {"axis": "[2,3]"},
    {"axis": "(-1,)"},
    {"axis": 1, "exclude": True},
    {"axis": 0, "exclude": "true", "keepdims": "false"},
    {"axis": "(0, 2)", "keepdims": "1"},
    {"axis": "()"},
    {"axis": "None"},
    {"axis": "(2, 3)"},
]
ORDER = [{}, {"axis": 1}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": "None"}]
ZEROS = ((-0.0, 0.0, -1.0), (0.0, -0.0, 1.0))

CASES = [
    *(case(op, x(2, 3, 4, 5), **way) for op in ("sum", "mean", "max", "min") for way in WAYS),
    *(case(op, x(2, 3, 4, 5), **way) for op in ("sum_axis", "max_axis", "min_axis") for way in WAYS[1:7]),
    *(case("prod", x(2, 3, 2, 2, draw="away"), **way) for way in WAYS),
    *(forward(case(op, x(2, 3, 4, 5), **way)) for op in ("nansum", "nanprod") for way in WAYS[:3]),
    *(case(op, x(3, 4), axis=1) for op in ("sum", "mean", "max", "min", "prod")),
    *(
        case("norm", x(2, 3, 4), **attrs)
        for attrs in [
            {},
            {"ord": 2, "axis": 1},
            {"ord": 1, "axis": -1},
            {"axis": "(1, 2)", "keepdims": True},
            {"ord": 1},
        ]
    ),
    *(forward(case(op, x(3, 4, 5), **way)) for op in ("argmax", "argmin") for way in ORDER),
    forward(case("argmax_channel", x(3, 6))),
    *(
        forward(case(op, x(4, 6), **attrs))
        for op in ("sort", "argsort")
        for attrs in [{}, {"axis": 0}, {"axis": 1, "is_ascend": False}, {"axis": "None"}]
    ),
    forward(case("argsort", x(4, 6), dtype="int32")),
    *(
        forward(case("topk", x(4, 6), **attrs))
        for attrs in [
            {},
            {"k": 2},
            {"k": 3, "axis": 0},
            {"k": 2, "ret_typ": "value"},
            {"k": 2, "ret_typ": "mask"},
            {"k": 2, "is_ascend": True},
            {"k": 3, "axis": "1", "ret_typ": "indices", "dtype": "int32"},
        ]
    ),
    forward(outputs(2, case("topk", x(4, 6), k=2, ret_typ="both"))),
    case("_np_cumsum", x(2, 3, 4), axis=1),
    *(
        forward(case(op, x(2, 5), axis=1, dtype=dtype))
        for op in ("cumsum", "_np_cumsum")
        for dtype in ("int32", "float64")
    ),
    *(case("cumsum", x(2, 3, 4), **attrs) for attrs in [{}, {"axis": 1}, {"axis": 2}, {"axis": 0}]),
    *(forward(case(op, x(5), axis=0)) for op in ("argmax", "argmin")),
    case("norm", x(5), axis=0),
    *(forward(case("topk", x(3, 4), axis="None", k=5, ret_typ=kind)) for kind in ("mask", "value")),
    forward(free(case("topk", x(4, 3), axis=0, k=2, ret_typ="mask"))),
    *(forward(case(op, x(2, 3, draw=ZEROS), axis=1)) for op in ("argmax", "argmin")),
    forward(case("argmax_channel", x(2, 3, draw=ZEROS))),
    # other types than float32
    *(
        forward(case(op, x(2, 3, draw="whole", dtype=kind), axis=1))
        for op in ("argmax", "sum", "max", "prod")
        for kind in ("int32", "int8", "float64")
    ),
    *(forward(case("mean", given(250, 100, 7, dtype=kind))) for kind in ("uint8", "int8")),
    forward(free(case("mean", x(2, 3, 4, 5, draw="whole", dtype="uint8"), axis=(2, 3)))),
    forward(free(case("nanprod", x(2, 3, draw="whole", dtype="int8"), axis=1))),
    *(forward(case("argsort", given(3, 100, 0, 7, dtype=kind), is_ascend=False)) for kind in ("uint8", "int8")),
    forward(case("topk", given(3, -128, 0, 7, dtype="int8"), k=4)),
    *(forward(case(op, given(1, 2, 3, 20, dtype=kind))) for op in ("norm", "mean") for kind in ("int32", "int8")),
    *(forward(case("norm", given(-3, 2, 5, dtype=kind), ord=1)) for kind in ("int8", "uint8")),
]
