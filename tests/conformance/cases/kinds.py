"""Other number types than float32: what comes out has the type that MXNet gives it."""

import math

from . import Input, case, forward, free, given, outputs, source, x

FRACTIONS = ("float16", "float64")
WHOLE = ("int32", "int64", "uint8", "int8")


def stored(*shape: int, dtype: str) -> Input:
    return Input("arg", shape, dtype)


CASES = [
    # layers of Keras do not make float32 of it
    *(
        forward(free(case(op, x(2, 3, 4, draw="away", dtype=kind), **attrs)))
        for kind in FRACTIONS
        for op, attrs in [
            ("relu", {}),
            ("LeakyReLU", {}),
            ("transpose", {"axes": (0, 2, 1)}),
            ("Reshape", {"shape": (0, -1)}),
            ("Flatten", {}),
            ("Dropout", {}),
            ("Pooling", {"pool_type": "max", "kernel": 2}),
        ]
    ),
    *(
        forward(free(case(op, x(2, 3, 4, draw="away", dtype="float64"), **attrs)))
        for op, attrs in [
            ("sigmoid", {}),
            ("Activation", {"act_type": "softrelu"}),
            ("LeakyReLU", {"act_type": "elu"}),
            ("LeakyReLU", {"act_type": "selu"}),
            ("softmax", {}),
            ("Pooling", {"pool_type": "avg", "kernel": 2}),
            ("_hypot_scalar", {"scalar": 1.5}),
        ]
    ),
    *(
        forward(free(case(op, x(2, 3, dtype=kind), x(2, 3, dtype=kind))))
        for kind in (*FRACTIONS, "int32", "uint8")
        for op in ("elemwise_add", "elemwise_sub", "_maximum")
    ),
    forward(
        free(
            case(
                "Convolution",
                x(2, 3, 4, 5, dtype="float64"),
                stored(4, 3, 2, 2, dtype="float64"),
                stored(4, dtype="float64"),
                kernel=(2, 2),
                num_filter=4,
                pad=(1, 1),
            )
        )
    ),
    *(
        forward(case("broadcast_add", x(2, 3, 2, dtype=kind), stored(1, 3, 1, dtype=kind)))
        for kind in (*FRACTIONS, "int32", "uint8", "int8")
    ),
    forward(case("softmax", x(2, 3), dtype="float64")),
    forward(outputs(2, case("amp_multicast", x(2, 3, dtype="float16"), x(2, 3, dtype="float16"), num_outputs=2))),
    # functions of whole numbers are cut to whole numbers
    *(
        forward(free(case(op, given(1, 2, 3, 4, 5, 6, shape=(2, 3), dtype="int32"))))
        for op in "exp sqrt log sin cbrt arctan erf degrees square abs negative round rint floor relu".split()
    ),
    *(
        forward(free(case(op, given(1, 2, 3, 40, 5, 6, shape=(2, 3), dtype=kind), scalar=scalar)))
        for op in ("_plus_scalar", "_mul_scalar", "_div_scalar", "_rdiv_scalar", "_hypot_scalar", "_greater_scalar")
        for kind, scalar in zip(WHOLE, ("1.7", "2", "3.5", "1"), strict=True)
    ),
    *(
        forward(free(case(op, given(1, -2, 3, dtype="int32"), scalar="1.5", is_int=False)))
        for op in ("_plus_scalar", "_greater_scalar", "_rdiv_scalar")
    ),
    forward(case("_greater_equal_scalar", given(0, 100, 255, dtype="uint8"), scalar=-1)),
    forward(case("elemwise_div", given(7, -7, 5, 2, dtype="int32"), given(2, 2, -3, 5, dtype="int32"))),
    forward(case("_mod", given(7, -7, 5, 2, dtype="int64"), given(2, 2, -3, 5, dtype="int64"))),
    forward(case("_power", given(2, 3, 5, dtype="int32"), given(2, 3, 1, dtype="int32"))),
    forward(case("broadcast_add", given(1, 200, 3, dtype="uint8"), given(100, shape=(1,), dtype="uint8"))),
    forward(case("broadcast_add", x(2, 3, 4, draw="whole", dtype="int8"), x(1, 3, 1, draw="whole", dtype="int8"))),
    forward(case("smooth_l1", given(-3, -1, 0, 1, 3, dtype="int32"), scalar=1)),
    forward(case("_contrib_quadratic", given(-3, -1, 0, 1, 3, dtype="int64"), a=1.5, b=-2, c=0.5)),
    *(
        forward(case(op, x(2, 3, draw="whole", dtype=kind), axis=1))
        for op in ("argmax", "sum", "max", "prod")
        for kind in ("int32", "int8", "float64")
    ),
    *(forward(case("mean", given(250, 100, 7, dtype=kind))) for kind in ("uint8", "int8")),
    forward(free(case("mean", x(2, 3, 4, 5, draw="whole", dtype="uint8"), axis=(2, 3)))),
    forward(free(case("nanprod", x(2, 3, draw="whole", dtype="int8"), axis=1))),
    forward(case("one_hot", given(0, 2, 1, dtype="int32"), depth=3, dtype="uint8")),
    forward(case("clip", given(-3, 0, 1, 3, dtype="int32"), a_min="-1.5", a_max="1e37")),
    *(forward(case("argsort", given(3, 100, 0, 7, dtype=kind), is_ascend=False)) for kind in ("uint8", "int8")),
    forward(case("topk", given(3, -128, 0, 7, dtype="int8"), k=4)),
    *(
        forward(
            case("Pooling", x(2, 2, 4, 5, 3, dtype=kind), kernel=(2, 3, 2), stride=(1, 2, 1), pad=(1, 1, 0), **attrs)
        )
        for kind, attrs in [
            ("float16", {}),
            ("float64", {}),
            ("float64", {"pool_type": "avg"}),
            ("float64", {"pool_type": "avg", "count_include_pad": False}),
        ]
    ),
    # of the numpy front end too
    *(
        forward(free(case(f"_npi_{op}", given(1, 2, 3, 64, 5, 8, shape=(2, 3), dtype=kind))))
        for op in "sqrt cbrt log2 tanh reciprocal negative floor rint arccosh".split()
        for kind in ("int32", "uint8")
    ),
    *(
        forward(case(op, given(1, 2, 3, 20, dtype=kind)))
        for op in ("sigmoid", "tanh", "softsign", "gamma", "_contrib_div_sqrt_dim", "norm", "mean")
        for kind in ("int32", "int8")
    ),
    *(
        forward(free(case(f"_npi_{op}_scalar", given(1, 0, 3, dtype=kind), scalar="2.5", **attrs)))
        for op in "add rsubtract mod rmod power copysign ldexp arctan2 true_divide maximum equal".split()
        for kind in ("int32", "uint8", "bool")
        for attrs in ({}, {"is_int": False})
        if not (op in ("true_divide", "equal") and attrs)
    ),
    *(
        forward(case(f"_npi_{op}", given(1, 0, 1, dtype="bool"), given(1, 1, 0, dtype="bool")))
        for op in "add multiply bitwise_and bitwise_xor less".split()
    ),
    *(forward(case(f"_npi_{op}", given(1, 0, 1, dtype="bool"))) for op in ("bitwise_not", "logical_not")),
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
    forward(case("gammaln", given(-1e4, -1e3, -2.5, 0.5, 1e3, dtype="float16"))),
    forward(case("erf", given(math.inf, -math.inf, 0.5, dtype="float64"))),
    *(forward(case("norm", given(-3, 2, 5, dtype=kind), ord=1)) for kind in ("int8", "uint8")),
    forward(case("_np_max", given(1, 0, 1, dtype="bool"))),
    *(
        forward(case("amp_cast", given(1, 2, 3, dtype=kind), dtype=dtype))
        for kind, dtype in [("float64", "float16"), ("int32", "float32"), ("float16", "float32"), ("float32", "int32")]
    ),
    forward(
        outputs(2, case("amp_multicast", given(1, 2, dtype="float16"), given(1, 2, dtype="float64"), num_outputs=2))
    ),
    forward(
        outputs(2, case("amp_multicast", given(1, 2, dtype="float64"), given(1, 2, dtype="float16"), num_outputs=2))
    ),
    forward(case("clip", given(0, 1, 2, 3, dtype="int8"), a_min="1", a_max="0.001")),
    forward(case("smooth_l1", given(0, 1, 2, 3, dtype="uint8"), scalar=7)),
    *(
        source(case(op, x(n, dtype="int32"), dtype="int32", **attrs))
        for op, n, attrs in [
            ("_arange", 4, {"start": -2.5, "stop": 7, "step": 3}),
            ("_full", 2, {"shape": "(2,)", "value": -2.7}),
        ]
    ),
    *(
        source(case(op, x(3, dtype="float16"), dtype="float16", start=6.25, stop=5, step=-0.5))
        for op in ("_arange", "_npi_arange")
    ),
    *(
        forward(free(case(op, given(1, 0, 255, dtype="uint8"), scalar=0)))
        for op in ("_rminus_scalar", "_npi_rsubtract_scalar")
    ),
    source(case("_zeros_without_dtype", x(2, dtype="int32"), shape="(2,)", dtype=4)),
]
