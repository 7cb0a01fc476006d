"""Shapes: reshaping, axes, joining and cutting, padding."""

from . import case, forward, free, outputs, roaming, w, x

RESHAPES = [
    ((2, 3, 4), "(0, -1)"), ((2, 3, 4), "(-1, 12)"), ((2, 3, 4), "(2, 12)"), ((2, 3, 4), "(-1,)"), ((2, 3, 4), "-1"),
    ((2, 3, 4), "(0, 0, 2, 2)"), ((2, 3, 4), "(0, 4, 3)"), ((2, 3, 4), "(-1, 4, 3)"), ((2, 3, 4), "(0, 0, 0)"),
    ((2, 3, 4, 5), "(0, -3, 0)"), ((2, 3, 4, 5), "(-3, -2)"), ((2, 3, 4, 5), "(-3, -3)"), ((2, 3, 4, 5), "(0, 0, -3)"),
    ((2, 3, 4, 5), "(0, -1, 1, 1)"), ((2, 3, 4, 5), "(0, -2)"), ((2, 3, 4, 5), "(-2, 1)"), ((2, 3, 4, 5), "(0, 0, -1)"),
    ((2, 12, 3), "(0, -4, 3, -1, 0)"), ((2, 12, 3), "(0, -4, -1, 4, -2)"), ((2, 12, 3), "(0, -4, 3, 4, 0)"),
    ((2, 8, 3, 3), "(0, -4, 2, -1, 0, 0)"), ((2, 3, 1, 1), "(0, 3)"), ((2, 6), "(-1, 3, 2)"), ((2, 6), "(0, 1, 2, 3)"),
    ((4, 6), "(-4, 2, -1, 0)"), ((2, 3, 4, 3), "(0, 0, -4, -1, 2, 0)"),
]  # fmt: skip
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
    *(
        free(case("transpose", x(*shape), axes=axes))
        for shape, axes in [
            ((2, 3, 4), (0, 2, 1)),
            ((2, 3, 4, 5), (0, 2, 3, 1)),
            ((2, 3, 4, 5), (0, 3, 1, 2)),
            ((2, 3, 4, 5), (0, 1, 3, 2)),
            ((2, 3, 4), (0, 1, 2)),
            ((2, 3, 2, 2, 2, 2), (0, 1, 4, 2, 5, 3)),
        ]
    ),
    *(
        case("transpose", x(*shape), **attrs)
        for shape, attrs in [
            ((2, 3), {}),
            ((2, 3, 4), {}),
            ((2, 3, 4), {"axes": "()"}),
            ((2, 3, 4), {"axes": (1, 0, 2)}),
            ((2, 3, 4), {"axes": (1, 2, 0)}),
            ((2, 3, 4, 5), {"axes": "[3,1,0,2]"}),
        ]
    ),
    *(
        case(op, x(2, 3, 4), **attrs)
        for op in ("SwapAxis", "swapaxes")
        for attrs in [
            {"dim1": 0, "dim2": 1},
            {"dim1": 1, "dim2": 2},
            {"dim1": -1, "dim2": 1},
            {"dim1": 2, "dim2": 0},
            {},
        ]
    ),
    free(case("SwapAxis", x(2, 3, 4, 5), dim1=1, dim2=3)),
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
    *(free(case(op, x(2, 3, 4), x(2, 2, 4), num_args=2)) for op in ("Concat", "concat")),
    free(case("Concat", x(2, 3, 4, 4), x(2, 2, 4, 4), x(2, 1, 4, 4), num_args=3, dim=1)),
    free(case("Concat", x(2, 3, 4, 2), x(2, 3, 4, 3), num_args=2, dim=3)),
    free(case("concat", x(2, 3, 4), x(2, 3, 5), num_args=2, dim=2)),
    free(case("concat", x(2, 3, 4), x(2, 3, 5), num_args=2, dim=-1)),
    free(case("Concat", x(2, 3, 4), num_args=1)),
    case("Concat", x(2, 3), x(4, 3), num_args=2, dim=0),
    case("Concat", x(2, 3), w(2, 4), num_args=2, dim=1),
    case("_rnn_param_concat", x(6), x(4), num_args=2, dim=0),
    *(
        case("stack", x(2, 3), x(2, 3), num_args=2, **attrs)
        for attrs in [{}, {"axis": 0}, {"axis": 1}, {"axis": 2}, {"axis": -1}]
    ),
    free(case("stack", x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), num_args=3, axis=1)),
    *(outputs(3, case(op, x(2, 6, 4), num_outputs=3)) for op in ("SliceChannel", "split")),
    outputs(2, case("SliceChannel", x(2, 6, 4), num_outputs=2, axis=2)),
    outputs(2, case("SliceChannel", x(2, 6, 4), num_outputs=2, axis=-1)),
    outputs(2, case("SliceChannel", x(2, 6, 4), num_outputs=2, axis=0, squeeze_axis=1)),
    outputs(3, free(case("SliceChannel", x(2, 3, 4), num_outputs=3, axis=1, squeeze_axis="True"))),
    outputs(4, free(case("split", x(2, 3, 4), num_outputs=4, axis=2, squeeze_axis="true"))),
    outputs(2, free(case("SliceChannel", x(2, 4, 3, 3), num_outputs=2))),
    free(case("SliceChannel", x(2, 4, 3), num_outputs=1)),
    outputs(3, case("_split_v2", x(2, 6, 4), indices="()", axis=1, sections=3)),
    outputs(3, case("_split_v2", x(2, 6, 4), indices="(0, 2, 5)", axis=1)),
    outputs(2, case("_split_v2", x(2, 2, 4), indices="()", axis=1, sections=2, squeeze_axis=True)),
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
    *(case(op, x(2, 3, 4), axis=axis) for op in ("flip", "reverse") for axis in ["(1,)", "(1, 2)", "2", "0"]),
    case("depth_to_space", x(2, 8, 3, 2), block_size=2),
    case("space_to_depth", x(2, 2, 4, 6), block_size=2),
    *(
        case("diag", x(*shape), **attrs)
        for shape, attrs in [
            ((4, 5), {}),
            ((4, 5), {"k": -1}),
            ((4, 5), {"k": 2}),
            ((4,), {}),
            ((3,), {"k": 1}),
            ((2, 4, 4), {"axis1": 1, "axis2": 2}),
            ((2, 4, 3), {"k": 1, "axis1": -2, "axis2": -1}),
        ]
    ),
    forward(case("shape_array", x(3, 5, 2))),
    forward(case("size_array", x(3, 5, 2))),
    forward(outputs(2, case("amp_multicast", x(2, 3), x(2, 3), num_outputs=2))),
    *(forward(case(f"_image_flip_{way}", x(4, 6, 3))) for way in ("left_right", "top_bottom")),
    *(
        forward(case("_image_resize", x(*shape), **attrs))
        for shape, attrs in [
            ((5, 6, 3), {"size": "(9, 7)"}),
            ((5, 6, 3), {"size": "(3, 4)"}),
            ((2, 5, 6, 3), {"size": "8"}),
            ((5, 8, 3), {"size": "10", "keep_ratio": True}),
            ((5, 6, 3), {"size": "(9, 7)", "interp": 0}),
            ((5, 6, 3), {"size": "(10, 3)", "interp": 1}),
        ]
    ),
    forward(case("_image_adjust_lighting", x(4, 5, 3), alpha=(0.1, -0.2, 0.3))),
    forward(case("_image_crop", x(6, 7, 3), x=1, y=2, width=4, height=3)),
    forward(case("_image_crop", x(2, 6, 7, 3), x=0, y=1, width=5, height=4)),
    forward(case("_image_to_tensor", x(4, 5, 3, draw="unit"))),
    forward(case("_image_to_tensor", x(2, 4, 5, 3, draw="unit"))),
    forward(case("_image_normalize", x(3, 4, 5), mean="(0.1, 0.2, 0.3)", std="(0.5, 0.6, 0.7)")),
    forward(case("_image_normalize", x(2, 3, 4, 5), mean="(0.1, 0.2, 0.3)", std="(0.5,)")),
    case("reshape_like", x(2, 3, 3), x(3, 3, 2)),
    free(case("reshape_like", x(2, 5, 3), x(2, 3, 5))),
    case("reshape_like", x(2, 3), x(1, 6, 2, 3), lhs_begin=-2, lhs_end=2, rhs_begin=-4, rhs_end=-2),
    free(case("SliceChannel", x(6, 3), num_outputs=1, axis=0)),
    *(roaming(free(case(op, x(2, 8, 4, 6), block_size=2))) for op in ("depth_to_space", "space_to_depth")),
    # a stored array of which only the shape counts
    *(forward(case(op, x(2, 4, 4), w(2, 4, 4))) for op in ("reshape_like", "slice_like", "broadcast_like")),
]
