"""Reductions and statistics of MXNet's numpy front end."""

from . import case, forward, free, given, outputs, x

AXES: list[dict] = [{}, {"axis": 1}, {"axis": (0, -1)}, {"axis": -1, "keepdims": True}]
EXTREMES = "_np_max _np_min"
SUMS = "_np_sum _np_prod"
METHODS = "higher linear lower midpoint nearest"

CASES = [
    *(
        case(op, x(2, 3, 4, draw="away"), **attrs)
        for op in f"{SUMS} {EXTREMES} _npi_mean _npi_std _npi_var".split()
        for attrs in AXES
    ),
    *(
        free(case(op, x(2, 3, 4, 5, draw="away"), axis=(2, 3)))
        for op in f"{SUMS} {EXTREMES} _npi_mean _npi_std _npi_var".split()
    ),
    forward(case("_np_sum", x(2, 3, draw=5, dtype="int32"), axis=1, dtype="float32")),
    *(case(op, x(2, 3, 4), axis=1, ddof=1) for op in ("_npi_std", "_npi_var")),
    *(
        forward(case(op, x(2, 3, 4, draw=2), **attrs))
        for op in ("_np_all", "_np_any", "_np_sometrue")
        for attrs in AXES
    ),
    *(
        forward(case(op, x(2, 3, 4), **attrs))
        for op in ("_npi_argmax", "_npi_argmin")
        for attrs in [{}, {"axis": 1}, {"axis": -1, "keepdims": True}]
    ),
    *(
        outputs(1 + returned, case("_npi_average", x(2, 3, 4), *weights, returned=bool(returned), **attrs))
        for returned in (0, 1)
        for weights, attrs in [
            ((), {"weighted": False}),
            ((), {"weighted": False, "axis": 1}),
            ((x(2, 3, 4, draw="positive"),), {}),
            ((x(2, 3, 4, draw="positive"),), {"axis": (0, 2)}),
            ((x(3, draw="positive"),), {"axis": 1}),
        ]
    ),
    *(
        case("_np_trace", x(3, 4, 5), **attrs)
        for attrs in [{}, {"offset": 1}, {"offset": -1, "axis1": 2, "axis2": 0}, {"axis1": 1, "axis2": -1}]
    ),
    *(forward(case("_npi_percentile", x(5, 4), q_scalar=40, interpolation=m)) for m in METHODS.split()),
    *(forward(case("_npi_percentile", x(5, 4), q_scalar=40, interpolation=m, axis=0)) for m in METHODS.split()),
    forward(case("_npi_percentile", x(2, 5, 4), given(10, 50, 90), axis=1, keepdims=True)),
    forward(case("_npi_percentile", x(2, 5, 4), given(10, 50, 90), axis=(0, 2))),
    *(case("_npi_diff", x(3, 5, 4), n=n, axis=axis) for n, axis in [(1, -1), (2, 1), (0, 0)]),
    case("_npi_ediff1d", x(2, 3)),
    case("_npi_ediff1d", x(2, 3), to_begin_scalar=1.5, to_end_scalar=-2),
    case("_npi_ediff1d", x(2, 3), x(2), x(3), to_begin_arr_given=True, to_end_arr_given=True),
    case("_npi_ediff1d", x(2, 3), x(2), to_end_arr_given=True),
    *(outputs(2, forward(case("_histogram", x(4, 5), bin_cnt=n, range=(-1, 1.5)))) for n in (1, 4)),
    outputs(2, forward(case("_histogram", given(0, 1, 0.3, 2, 2.5, -1), given(0, 0.3, 1, 2)))),
    case("_npi_percentile", x(4), q_scalar=30),
    case("_np_trace", x(2, 3), offset=-3),
    # other types than float32
    *(
        forward(case(op, given(1, 2, 5, 9, dtype=kind), **attrs))
        for op in ("_np_sum", "_npi_mean", "_npi_var", "_npi_std")
        for kind, attrs in [("int32", {}), ("uint8", {}), ("int32", {"dtype": "float64"})]
    ),
    forward(case("_np_sum", given(1.5, 2.5, 1.5), dtype="int32")),
    *(
        forward(case(op, given(0, 30, 90, 120, 7, 100, dtype=kind), **attrs))
        for op in ("_npi_var", "_npi_std")
        for kind in ("uint8", "int8")
        for attrs in ({}, {"dtype": "float64"})
    ),
    forward(case("_npi_percentile", given(1.1, 2.2, 5.7, dtype="float16"), q_scalar=30)),
    forward(case("_np_max", given(1, 0, 1, dtype="bool"))),
]
