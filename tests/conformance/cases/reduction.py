"""Reductions, ordering, and sums along an axis."""

from . import case, forward, free, outputs, x

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
    *(
        outputs(2, case("moments", x(3, 4, 5), **attrs))
        for attrs in [{"axes": "(2,)", "keepdims": True}, {"axes": "(0, 1)"}]
    ),
    *(forward(case(op, x(5), axis=0)) for op in ("argmax", "argmin")),
    case("norm", x(5), axis=0),
    outputs(2, case("moments", x(3, 4), axes=(0, 1))),
    *(forward(case("topk", x(3, 4), axis="None", k=5, ret_typ=kind)) for kind in ("mask", "value")),
    forward(free(case("topk", x(4, 3), axis=0, k=2, ret_typ="mask"))),
    *(forward(case(op, x(2, 3, draw=ZEROS), axis=1)) for op in ("argmax", "argmin")),
    forward(case("argmax_channel", x(2, 3, draw=ZEROS))),
]
