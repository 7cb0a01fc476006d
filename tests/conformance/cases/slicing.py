"""Slicing, padding and repeating."""

from . import case, forward, free, w, x

SLICES = [
    ((2, 3, 4), {"begin": (0, 1), "end": (2, 3)}),
    ((2, 3, 4), {"begin": "(None, 1)", "end": "(None, 3)"}),
    ((2, 3, 4), {"begin": "(None, -2)", "end": "(None, None)"}),
    ((2, 3, 4), {"begin": "(None, None, None)", "end": "(None, None, None)", "step": "(None, -1, 2)"}),
    ((2, 3, 4), {"begin": "(0, 2, 3)", "end": "(2, 0, 0)", "step": "(1, -1, -2)"}),
    ((2, 3, 6), {"begin": "(None, 0, 1)", "end": "(None, 3, -1)", "step": "(1, 2, 3)"}),
    ((2, 3, 4, 5), {"begin": "(None, 1, 1, 0)", "end": "(None, 3, 3, 2)"}),
    ((2, 6), {"begin": "(0, 0)", "end": "(None, 4)"}),
    ((5,), {"begin": "(1,)", "end": "(4,)"}),
]

CASES = [
    *(
        case(op, x(*shape), **attrs)
        for op in ("slice", "crop")
        for shape, attrs in (SLICES if op == "slice" else SLICES[:2])
    ),
    *(
        case("slice_axis", x(2, 3, 4), axis=axis, begin=begin, end=end)
        for axis, begin, end in [
            (1, 1, 3),
            (2, 0, -1),
            (-1, 1, "None"),
            (0, 0, 1),
            (2, -3, -1),
            (1, 0, 1),
            (1, -1, "None"),
        ]
    ),
    free(case("slice_axis", x(2, 3, 4, 5), axis=3, begin=1, end=4)),
    case("slice_like", x(2, 5, 6), x(2, 3, 4)),
    case("slice_like", x(2, 5, 6), x(1, 3, 4), axes="(1, 2)"),
    case("slice_like", x(2, 5, 6), x(1, 3, 4), axes="(-1,)"),
    case("slice_like", x(2, 3, 6, 7), x(2, 5, 4, 4), axes="(2, 3)"),
    *(
        free(case(op, x(2, 3, 4, 5), mode=mode, pad_width="(0, 0, 0, 0, 1, 2, 2, 1)", **attrs))
        for op in ("Pad", "pad")
        for mode, attrs in [("constant", {}), ("constant", {"constant_value": "0.5"}), ("edge", {}), ("reflect", {})]
    ),
    free(case("Pad", x(2, 3, 4, 5), mode="constant", pad_width="(0,0,0,0,0,0,0,0)")),
    free(case("Pad", x(2, 3, 4, 5), mode="constant", pad_width="(0,0,0,0,0,0,3,0)", constant_value="0.")),
    free(case("Pad", x(1, 2, 3, 4, 3), mode="constant", pad_width="(0,0,0,0,1,1,0,2,1,0)", constant_value=-1)),
    free(case("Pad", x(1, 2, 3, 4, 3), mode="edge", pad_width="(0,0,0,0,1,1,0,2,1,0)")),
    free(case("Pad", x(1, 2, 3, 4, 3), mode="reflect", pad_width="(0,0,0,0,1,1,0,2,1,0)")),
    *(
        free(case("Crop", x(2, 3, 7, 8), num_args=1, **attrs))
        for attrs in [
            {"offset": (1, 2), "h_w": (4, 5)},
            {"h_w": (3, 3), "center_crop": True},
            {"h_w": (4, 4)},
            {"h_w": (4, 5), "center_crop": "true"},
        ]
    ),
    case("Crop", x(2, 3, 7, 8), x(2, 2, 4, 5), num_args=2, offset=(2, 1)),
    case("Crop", x(2, 3, 7, 8), x(2, 2, 4, 5), num_args=2, center_crop=True),
    *(case(op, x(2, 1, 1, 4), axis="(1, 2)", size="(3, 2)") for op in ("broadcast_axis", "broadcast_axes")),
    case("broadcast_axis", x(2, 1, 4), axis=1, size=3),
    case("broadcast_to", x(2, 1, 4), shape="(0, 3, 0)"),
    case("broadcast_to", x(2, 1, 4), shape="(2, 3, 4)"),
    case("broadcast_to", x(1, 3, 1), shape="(2, 3, 4)"),
    case("broadcast_like", x(2, 1, 4), x(2, 3, 4)),
    case("broadcast_like", x(2, 1, 4), x(5, 3), lhs_axes="(1,)", rhs_axes="(-1,)"),
    case("broadcast_like", x(1, 3), x(4, 3), lhs_axes="(0,)", rhs_axes="(0,)"),
    case("broadcast_like", w(1, 3), x(4, 5), lhs_axes="(0,)", rhs_axes="(0,)"),
    *(case("repeat", x(2, 3, 4), repeats=2, **attrs) for attrs in [{"axis": 1}, {"axis": -1}, {"axis": 0}, {}]),
    *(case("tile", x(2, 3, 4), reps=reps) for reps in ["(1, 2, 1)", "(2, 1)", "(2, 1, 1, 3)"]),
    *(forward(case(op, x(2, 4, 4), w(2, 4, 4))) for op in ("slice_like", "broadcast_like")),
]
