"""Linear algebra of MXNet's numpy front end."""

from . import case, forward, given, outputs, x

CASES = [
    *(case("_npi_cholesky", x(*shape, draw="definite")) for shape in [(3, 3), (2, 3, 3)]),
    *(outputs(2, forward(case("_npi_eigh", x(3, 3, draw="definite"), UPLO=part))) for part in "LU"),
    *(forward(case("_npi_eigvalsh", x(*shape, draw="definite"))) for shape in [(3, 3), (2, 3, 3)]),
    *(forward(case("_npi_eigvalsh", x(3, 3), UPLO=part)) for part in "LU"),
    forward(case("_npi_eigvalsh", x(1, 2, 1, 1))),
    *(case("_npi_solve", x(*a, draw="definite"), x(*b)) for a, b in [((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2))]),
    *(forward(case("_npi_pinv_scalar_rcond", x(*shape))) for shape in [(3, 4), (4, 3), (2, 3, 3)]),
    forward(case("_npi_pinv_scalar_rcond", x(4, 3), rcond=0.5)),
    forward(case("_npi_pinv", x(2, 3, 4), given(0.4, 0.1))),
    case("_npi_tensorinv", x(4, 6, 8, 3)),
    case("_npi_tensorinv", x(6, 2, 3), ind=1),
    case("_npi_tensorsolve", x(2, 3, 6), x(2, 3)),
    case("_npi_tensorsolve", x(2, 6, 3), x(2, 3), a_axes="(1,)"),
    *(
        case("_npi_tensordot", x(*a), x(*b), a_axes_summed=one, b_axes_summed=two)
        for a, b, one, two in [
            ((2, 3, 4), (4, 3, 5), (1, 2), (1, 0)),
            ((2, 3), (3, 4), "(1,)", "(0,)"),
            ((2, 3), (4, 3), "(-1,)", "(-1,)"),
        ]
    ),
    *(
        case("_npi_tensordot_int_axes", x(*a), x(*b), axes=axes)
        for a, b, axes in [((2, 3, 4), (3, 4, 5), 2), ((2, 3), (3, 4), 1), ((2,), (3,), 0)]
    ),
    *(
        case("_npi_einsum", *(x(*shape) for shape in shapes), num_args=len(shapes), subscripts=text)
        for text, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]),
            ("bij,bkj->bik", [(2, 3, 4), (2, 5, 4)]),
            ("ij,ij->", [(2, 3), (2, 3)]),
            ("ijk->kji", [(2, 3, 4)]),
            ("ij,jk,k->i", [(2, 3), (3, 4), (4,)]),
        ]
    ),
    *(
        case("_npi_norm", x(2, 3, 4), ord=ord, flag=flag, **attrs)
        for ord, flag, attrs in [
            (2, -2, {}),
            (2, 1, {"axis": "(1,)"}),
            (2, 1, {"axis": (0, 2), "keepdims": True}),
            (2, -1, {"axis": "(1,)"}),
            (3, -1, {"axis": "(-1,)"}),
            (1, -1, {"axis": "(0,)", "keepdims": True}),
        ]
    ),
    *(
        forward(case("_npi_norm", x(2, 3, 4), ord=ord, flag=flag, **attrs))
        for ord, flag, attrs in [
            (2, 0, {"axis": (1, 2)}),
            (-2, 0, {"axis": (0, 2)}),
            (2, 0, {"axis": (1, 2), "keepdims": True}),
            (2, 2, {"axis": (1, 2)}),
        ]
    ),
    *(case("_np_dot", x(*a), x(*b)) for a, b in [((2, 3), (3, 4)), ((2, 3, 4), (4,)), ((3,), (3,)), ((2, 3), (3,))]),
    *(case("_npi_matmul", x(*a), x(*b)) for a, b in [((2, 3), (3, 4)), ((2, 5, 3), (2, 3, 4)), ((2, 5, 3), (3, 4))]),
    # MXNet's gradient of an operand that is repeated along an inner axis sums the wrong parts
    forward(case("_npi_matmul", x(2, 1, 5, 3), x(4, 3, 2))),
    case("_np_dot", x(2, 3), x()),
]
