"""Writing values at indices, and arrays that MXNet stores sparsely."""

from . import case, forward, given, x

CASES = [
    *(
        forward(case("_slice_assign", x(4, 5, 3), x(*part), begin=begin, end=end, **attrs))
        for part, begin, end, attrs in [
            ((2, 5, 3), "(1,)", "(3,)", {}),
            ((4, 2, 3), "(None, 1)", "(None, 3)", {}),
            ((2, 2, 3), (0, 1), (4, 5), {"step": (2, 2)}),
            ((4, 5, 2), "(None, None, -2)", "(None, None, None)", {}),
            ((4, 5, 3), "(None,)", "(None,)", {}),
        ]
    ),
    *(
        forward(case("_slice_assign_scalar", x(4, 5, 3), scalar=1.5, begin=begin, end=end, **attrs))
        for begin, end, attrs in [
            ("(1,)", "(3,)", {}),
            ("(None, 1)", "(None, 3)", {}),
            ((0, 1), (4, 5), {"step": (2, 2)}),
            ((-3, -2), (-1, 5), {}),
        ]
    ),
    *(forward(case("cast_storage", x(3, 4, draw="whole"), stype=kind)) for kind in ("default", "row_sparse", "csr")),
    forward(case("scatter_nd", x(3), given(0, 3, 1, 2, 4, 0, shape=(2, 3)), shape="(4, 5)")),
    forward(case("_ravel_multi_index", given(0, 3, 1, 2, 4, 0, shape=(2, 3)), shape="(4, 5)")),
    forward(case("_unravel_index", given(0, 7, 19), shape="(4, 5)")),
    forward(case("_contrib_index_copy", x(5, 3), given(0, 4), x(2, 3))),
    forward(case("_contrib_index_array", x(2, 3))),
    forward(case("_contrib_index_array", x(2, 3, 2), axes="(1, 2)")),
]
