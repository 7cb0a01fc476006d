"""Moving, joining and splitting axes."""

from . import any_size, case, forward, free, outputs, w, x

FRACTIONS = ("float16", "float64")

CASES = [
    *(outputs(2, case("_npi_hsplit", x(*shape), indices="()", sections=2)) for shape in [(4,), (3, 4), (3, 4, 2)]),
    outputs(3, case("_npi_hsplit", x(3, 6), indices=(0, 1, 4))),
    outputs(2, case("_npi_dsplit", x(3, 2, 4), indices="()", axis=2, sections=2)),
    outputs(3, case("_npi_dsplit", x(3, 2, 6), indices=(0, 1, 4), axis=2)),
    case("_npi_hsplit", x(2, 7), indices=(0,), sections=2),
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
    free(case("SliceChannel", x(6, 3), num_outputs=1, axis=0)),
    *(any_size(free(case(op, x(2, 8, 4, 6), block_size=2))) for op in ("depth_to_space", "space_to_depth")),
    # other types than float32
    *(forward(free(case("transpose", x(2, 3, 4, draw="away", dtype=kind), axes=(0, 2, 1)))) for kind in FRACTIONS),
]
