"""Shapes, axes and positions in MXNet's numpy front end."""

from . import Input, case, forward, free, outputs, x

CASES = [
    *(case("_npi_concatenate", x(2, 3, 4), x(2, 3, 4), num_args=2, axis=axis) for axis in (0, 1, -1, None)),
    *(free(case("_npi_concatenate", x(2, n, 3, 4), x(2, 3, 3, 4), num_args=2, axis=1)) for n in (1, 2)),
    *(case("_npi_stack", x(2, 3, 4), x(2, 3, 4), num_args=2, axis=axis) for axis in (0, 1, -1)),
    case("_np_transpose", x(2, 3, 4)),
    case("_np_transpose", x(2, 3, 4), axes=(1, 2, 0)),
    case("_np_transpose", x(2, 3, 4, 5), axes=(0, 2, 3, 1)),
    case("_np_transpose", x(2, 3, 4), axes=(1, 0, 2)),
    case("_np_squeeze", x(2, 1, 4, 1)),
    case("_np_squeeze", x(2, 1, 4, 1), axis=1),
    case("_np_squeeze", x(2, 1, 4, 1), axis=(1, -1)),
    free(case("_np_squeeze", x(1, 3), axis=(0,))),
    *(case(f"_np_atleast_{n}d", x(*shape), num_args=1) for n in (1, 2, 3) for shape in [(3,), (2, 3), (2, 3, 4)]),
    outputs(2, case("_np_atleast_2d", x(3), x(2, 2), num_args=2)),
    *(case("_np_diag", x(*shape), k=k) for shape in [(3,), (3, 4)] for k in (0, 1, -1)),
    *(case("_np_diagflat", x(*shape), k=k) for shape in [(3,), (2, 2)] for k in (0, -1)),
    *(
        case("_np_diagonal", x(3, 4, 5), **attrs)
        for attrs in [{}, {"offset": 1}, {"offset": -1, "axis1": 2, "axis2": 0}, {"axis1": 1, "axis2": -1}]
    ),
    *(
        case("_np_moveaxis", x(2, 3, 4, 5), source=one, destination=two)
        for one, two in [("(1,)", "(3,)"), ("(0, -1)", "(2, 0)"), ("(-1,)", "(0,)")]
    ),
    *(
        case("_np_roll", x(3, 4, 5), **attrs)
        for attrs in [
            {"shift": "(2,)"},
            {"shift": "(-1,)", "axis": "(1,)"},
            {"shift": (1, 2), "axis": (0, 2)},
            {"shift": "(1,)", "axis": (0, 1)},
        ]
    ),
    *(case("_npi_broadcast_to", x(3, 1), shape=shape) for shape in [(3, 4), (2, 3, 4), (2, -2, 4)]),
    *(
        case(op, x(*shape), x(*shape), num_args=2)
        for op in ("_npi_hstack", "_npi_vstack", "_npi_dstack", "_npi_column_stack")
        for shape in [(3,), (3, 2)]
    ),
    case("_npi_hstack", x(2, 3, 4), x(2, 1, 4), num_args=2),
    case("_npi_dstack", x(2, 3, 4), x(2, 3, 1), num_args=2),
    case("_npi_column_stack", x(3), x(3, 2), num_args=2),
    *(case("_npi_flip", x(2, 3, 4), axis=axis) for axis in ["(0,)", "(2,)", (0, 2)]),
    # MXNet rotates the gradient further by a quarter turn instead of back
    *(forward(case("_npi_rot90", x(2, 3, 4), k=k, axes=(0, 1))) for k in (1, 3, -1)),
    *(case("_npi_rot90", x(2, 3, 4), k=k, axes=(2, 1)) for k in (0, 2)),
    forward(case("_npi_rot90", x(2, 3, 4), k=1, axes=(2, 1))),
    *(case("_npi_tril", x(*shape), k=k) for shape in [(3,), (3, 4), (2, 3, 3)] for k in (0, 1, -1)),
    case("_npi_pad", x(3, 4), pad_width="((1, 2), (0, 3))", mode="constant"),
    # MXNet has a gradient for constant padding only
    *(
        forward(case("_npi_pad", x(3, 4), pad_width="((1, 2), (0, 3))", mode=mode))
        for mode in ("edge", "reflect", "symmetric", "maximum", "minimum")
    ),
    case("_npi_pad", x(2, 3, 4), pad_width="((0, 0), (1, 0), (2, 1))", constant_value=1.5),
    *(
        forward(case("_npi_insert_scalar", x(4, 3), *values, **attrs))
        for values, attrs in [
            ((x(1),), {"int_ind": -1, "axis": 1}),
            ((x(3),), {"int_ind": 2, "axis": 0}),
            ((x(2, 3),), {"int_ind": 4, "axis": 0}),
            ((x(1),), {"int_ind": 5}),
        ]
    ),
    *(
        forward(case("_npi_insert_slice", x(4, 3), *values, **attrs))
        for values, attrs in [
            ((x(1, 1),), {"start": 0, "stop": 4, "step": 2, "axis": 0}),
            ((x(2, 3),), {"start": 1, "stop": 3, "step": 1, "axis": 0}),
            ((x(4, 1),), {"start": 0, "stop": 2, "step": 1, "axis": 1}),
        ]
    ),
    *(
        forward(case("_npi_insert_tensor", x(4, 3), values, Input("arg", (len(places),), "int64", places), **attrs))
        for values, places, attrs in [
            (x(2, 3), [3, 1], {"axis": 0}),
            (x(1, 3), [0, 2, 2], {"axis": 0}),
            (x(2, 3), [-1], {"axis": 0}),
            (x(4, 2), [3], {"axis": 1}),
            (x(2), [1, -2], {}),
            (x(1), [3], {"axis": -1}),
        ]
    ),
    free(forward(case("_npi_insert_slice", x(4, 3), x(4, 1), start=1, stop=3, step=1, axis=1))),
    free(forward(case("_npi_insert_scalar", x(4, 3), x(4), int_ind=1, axis=1))),
    forward(case("_npi_diag_indices_from", x(3, 3))),
    forward(case("_npi_insert_scalar", x(3), int_ind=1, axis=0, val=9)),
    free(case("_npi_broadcast_to", x(3, 1), shape=(-2, 4))),
    case("_npi_tril", x(2, 3), k=4),
]
