"""Ops on 8-bit integers. In MXNet they have no gradient, or 0."""

from . import Input, case, forward, free, given, outputs, x

KINDS = ("int8", "uint8")
RANGES = [{}, {"min_calib_range": -1.5, "max_calib_range": 1.0}, {"min_calib_range": 0, "max_calib_range": 2.3}]


def ends(low: float, high: float) -> tuple[Input, Input]:
    """The range of an input."""
    return given(low), given(high)


def row(op: str, *inputs: Input, **attrs):
    return forward(outputs(3, case(op, *inputs, **attrs)))


def whole(*shape: int, dtype: str = "int8") -> Input:
    return x(*shape, dtype=dtype, draw="bytes")


def weight(*shape: int) -> Input:
    return Input("arg", shape, "int8", "bytes")


def number(value: float) -> Input:
    return Input("arg", (1,), "float32", [value])


def stored_ends(low: float, high: float) -> tuple[Input, Input]:
    return number(low), number(high)


CASES = [
    *(
        row(f"_contrib_{op}", x(3, 4, 5), *(ends(-1.2, 0.9) if op == "quantize" else ()), out_type=kind, **found)
        for op in ("quantize", "quantize_v2")
        for kind in (*KINDS, "auto")
        for found in RANGES
        if op == "quantize_v2" or (not found and kind != "auto")
    ),
    row("_contrib_quantize", x(3, 4), *ends(0, 0.9)),
    row("_contrib_quantize_v2", x(3, 4)),
    row("_contrib_quantize_v2", x(3, 4, draw="positive"), out_type="uint8", min_calib_range=0.5, max_calib_range=1.5),
    row("_contrib_quantize_v2", whole(3, 4)),
    row("_contrib_quantize_v2", whole(3, 4, dtype="uint8"), out_type="uint8"),
    row("_contrib_quantize_v2", whole(3, 4), out_type="uint8", **RANGES[1]),
    *(forward(free(case("_contrib_dequantize", whole(3, 4, dtype=kind), *ends(-1.3, 0.7)))) for kind in KINDS),
    *(
        row("_contrib_requantize", x(3, 40, dtype="int32", draw=size), *ends(-50, 60), out_type=kind, **found)
        for size in (2**23, 2**30)
        for kind in (*KINDS, "auto")
        for found in (RANGES[0], {"min_calib_range": -2, "max_calib_range": 1.5}, RANGES[2])
    ),
    *(
        row(
            "_contrib_quantized_conv",
            whole(2, 3, *(6,) * len(window["kernel"]), dtype="uint8"),
            weight(4, 3, *window["kernel"]),
            *((weight(4),) if biased else ()),
            *ends(0, 1.7),
            *stored_ends(-0.6, 0.5),
            *(stored_ends(-0.3, 0.2) if biased else ()),
            num_filter=4,
            no_bias=not biased,
            **window,
        )
        for biased in (True, False)
        for window in (
            {"kernel": (3, 3)},
            {"kernel": (3, 3), "pad": (1, 1)},
            {"kernel": (3, 2), "pad": (1, 0), "stride": (2, 1)},
            {"kernel": (2, 2), "dilate": (2, 2)},
            {"kernel": (2, 2, 2)},
        )
    ),
    row(  # sums that are not exact in single precision
        "_contrib_quantized_conv",
        whole(1, 200, 6, 6, dtype="uint8"),
        weight(2, 200, 5, 5),
        *ends(0, 1.7),
        *stored_ends(-0.6, 0.5),
        kernel=(5, 5),
        num_filter=2,
        no_bias=True,
    ),
    *(
        row(
            "_contrib_quantized_fully_connected",
            whole(*shape, dtype=kind),
            weight(6, size),
            *((weight(6),) if biased else ()),
            *ends(-1.1, 1.7),
            *stored_ends(-0.6, 0.5),
            *(stored_ends(-0.3, 0.2) if biased else ()),
            num_hidden=6,
            **({} if biased else {"no_bias": True}),
            **({} if flatten else {"flatten": False}),
        )
        for kind in KINDS
        for biased in (True, False)
        for shape, size, flatten in (((5, 12), 12, True), ((5, 3, 4), 12, True), ((5, 3, 12), 12, False))
    ),
    *(
        row(
            "_contrib_quantized_fully_connected",
            whole(2, 5000, dtype=kind),
            weight(3, 5000),
            *ends(-1.1, 1.7),
            *stored_ends(-0.6, 0.5),
            num_hidden=3,
            no_bias=True,
        )
        for kind in KINDS
    ),
    *(
        row("_contrib_quantized_pooling", whole(2, 3, 7, 8, dtype=kind), *ends(-1.5, 1.2), **window)
        for kind in KINDS
        for window in (
            {"kernel": (2, 2), "stride": (2, 2)},
            {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "pool_type": "max", "pooling_convention": "full"},
            {"kernel": (2, 2), "pool_type": "avg"},
            {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "pool_type": "avg"},
            {"kernel": (2, 2), "stride": (2, 2), "pool_type": "avg", "pooling_convention": "full"},
            {
                "kernel": (2, 2),
                "stride": (2, 2),
                "pool_type": "avg",
                "pooling_convention": "full",
                "count_include_pad": False,
            },
            {"kernel": (4, 3), "pad": (2, 1), "pool_type": "avg", "count_include_pad": False},
            {"kernel": (1, 1), "global_pool": True, "pool_type": "avg"},
            {"kernel": (1, 1), "global_pool": True, "pool_type": "max"},
        )
    ),
    row("_contrib_quantized_pooling", whole(2, 3, 4, 5, 4), *ends(-1.5, 1.2), kernel=(2, 2, 2), pool_type="avg"),
    *(row("_contrib_quantized_act", whole(3, 4, dtype=kind), *ends(-1, 2), act_type="relu") for kind in KINDS),
    *(row("_contrib_quantized_flatten", whole(2, 3, 4, dtype=kind), *ends(-1, 2)) for kind in KINDS),
    *(
        row(
            "_contrib_quantized_concat",
            *(whole(2, 3, 4, dtype=kind) for kind in kinds),
            *(end for pair in pairs for end in ends(*pair)),
            num_args=len(kinds),
            **attrs,
        )
        for kinds, pairs, attrs in (
            (("int8", "int8"), ((-1, 2), (-0.5, 0.7)), {}),
            (("int8", "int8"), ((-1, 2), (-2, 1)), {"dim": 2}),
            (("uint8", "uint8"), ((0, 2), (0, 0.7)), {"dim": 1}),
            (("uint8", "int8", "int8"), ((0, 2), (-0.3, 0.7), (-3, 1)), {"dim": 1}),
        )
    ),
    *(
        row(
            "_contrib_quantized_elemwise_add",
            whole(3, 40, dtype=one),
            whole(3, 40, dtype=two),
            *ends(-1, 1.3),
            *ends(-0.7, 0.2),
            **found,
        )
        for one in KINDS
        for two in KINDS
        for found in RANGES
    ),
    *(
        row("_contrib_quantized_elemwise_mul", whole(3, 40), whole(3, 40), *ends(-1, 0.5), *ends(-0.3, 2), **found)
        for found in (*RANGES, {"min_calib_range": 0, "max_calib_range": 0.1})
    ),
    forward(
        case(
            "_contrib_quantized_elemwise_mul",
            whole(3, 40),
            whole(3, 40),
            *ends(-1, 0.5),
            *ends(-0.3, 2),
            enable_float_output=True,
        )
    ),
    *(
        row(
            "_contrib_quantized_batch_norm",
            whole(2, 3, 5, 4, dtype=kind),
            Input("arg", (3,)),
            Input("arg", (3,)),
            Input("aux", (3,)),
            Input("aux", (3,), draw="positive"),
            *ends(-2, 1),
            min_calib_range=-1.5,
            max_calib_range=1.7,
            **attrs,
        )
        for kind in KINDS
        for attrs in ({}, {"fix_gamma": False}, {"eps": 0.01, "fix_gamma": False})
    ),
    row(
        "_contrib_quantized_embedding",
        given(0, 4, 7, -1, 1.7, 2),
        weight(5, 3),
        *stored_ends(-1, 2),
        input_dim=5,
        output_dim=3,
    ),
]
