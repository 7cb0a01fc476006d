"""Pooling with all conventions."""

from . import case, forward, free, given, x

ROUNDING = [{}, {"pooling_convention": "valid"}, {"pooling_convention": "full"}]
WINDOWS = [
    {"kernel": (2, 2), "stride": (2, 2)},
    {"kernel": (3, 3), "stride": (2, 2)},
    {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)},
    {"kernel": (3, 2), "stride": (1, 3), "pad": (1, 0)},
]
KINDS = [
    {"pool_type": "max"},
    {"pool_type": "avg"},
    {"pool_type": "avg", "count_include_pad": False},
    {"pool_type": "avg", "count_include_pad": "true"},
    {"pool_type": "sum"},
    {"pool_type": "lp", "p_value": 2},
]
FRACTIONS = ("float16", "float64")

CASES = [
    *(
        free(case("Pooling", x(2, 3, 7, 8, draw="away"), **kind, **window, **rounding))
        for kind in KINDS
        for window in WINDOWS
        for rounding in ROUNDING[1:]
    ),
    free(case("Pooling", x(2, 3, 7, 8), kernel=(2, 2))),
    free(
        case(
            "Pooling",
            x(2, 3, 7, 8),
            kernel=(3, 3),
            pool_type="max",
            stride="(2,2)",
            global_pool="False",
            cudnn_off=False,
            layout="NCHW",
        )
    ),
    free(case("Pooling", x(2, 3, 7, 8), kernel=(3, 3), pool_type="avg", pad=(1, 1))),
    free(case("Pooling", x(2, 3, 9, 9), kernel=(2, 2), stride=(3, 3), pool_type="max", pooling_convention="full")),
    free(case("Pooling", x(2, 3, 9, 9), kernel=(2, 2), stride=(3, 3), pool_type="avg", pooling_convention="full")),
    free(case("Pooling", x(2, 3, 6, 6), kernel=(1, 1), stride=(2, 2), pool_type="avg")),
    free(case("Pooling", x(2, 3, 6, 6), kernel=(6, 6), pool_type="avg")),
    *(
        free(case("Pooling", x(2, 3, 5, 6, draw="away"), pool_type="lp", p_value=p, kernel=(2, 2), stride=(2, 2)))
        for p in (1, 3)
    ),
    # global: kernel, stride and pad are ignored
    *(
        free(case("Pooling", x(2, 3, *size, draw="away"), pool_type=kind, global_pool=True, **attrs))
        for size, attrs in [
            ((5, 6), {}),
            ((5, 6), {"kernel": (7, 7)}),
            ((5, 6), {"kernel": (2, 2), "stride": (2, 2), "pad": (1, 1), "pooling_convention": "full"}),
            ((7,), {"kernel": (1,)}),
            ((2, 3, 4), {"kernel": (1, 1, 1)}),
        ]
        for kind in ("max", "avg", "sum")
    ),
    free(case("Pooling", x(2, 3, 5, 6), pool_type="lp", p_value=2, global_pool=True)),
    # one- and three-dimensional
    *(
        free(case("Pooling", x(2, 3, 9), **kind, **window, **rounding))
        for kind in KINDS[:3]
        for window in [{"kernel": (2,), "stride": (2,)}, {"kernel": (3,), "stride": (2,), "pad": (1,)}]
        for rounding in ROUNDING[1:]
    ),
    free(case("Pooling", x(2, 3, 9), kernel="(3)", stride="(3)", pad="(0)", pool_type="max", layout="NCW")),
    free(case("Pooling", x(2, 3, 9), kernel=(3,), stride=(2,), pool_type="sum", pad=(1,))),
    *(
        free(case("Pooling", x(1, 2, 4, 5, 5), **kind, **window, **rounding))
        for kind in KINDS[:3]
        for window in [
            {"kernel": (2, 2, 2), "stride": (2, 2, 2)},
            {"kernel": (3, 3, 3), "stride": (1, 2, 2), "pad": (1, 1, 1)},
        ]
        for rounding in ROUNDING[1:]
    ),
    free(case("Pooling_v1", x(2, 3, 7, 8), pool_type="max", kernel=(2, 2), stride=(2, 2))),
    free(case("Pooling_v1", x(2, 3, 7, 8), pool_type="avg", kernel=(3, 3), stride=(2, 2), pad=(1, 1))),
    free(case("Pooling_v1", x(2, 3, 7, 8), pool_type="max", kernel=(3, 3), stride=(2, 2), pooling_convention="full")),
    free(case("Pooling_v1", x(2, 3, 7, 8), pool_type="avg", global_pool=True, kernel=(2, 2))),
    case("_contrib_AdaptiveAvgPooling2D", x(2, 3, 6, 7)),
    *(case("_contrib_AdaptiveAvgPooling2D", x(2, 3, 6, 7), output_size=size) for size in [(1,), (2, 3), (4, 5), (3,)]),
    *(
        free(
            case(
                "Pooling_v1",
                x(2, 3, 6, 7),
                pool_type=kind,
                kernel=(3, 2),
                stride=(2, 2),
                pad=(1, 1),
                pooling_convention=how,
            )
        )
        for kind in ("max", "avg", "sum")
        for how in ("valid", "full")
    ),
    *(  # a window of zeros: its gradient is 0
        case("Pooling", given(0, 0, 1, 2, 0, 0, shape=(1, 1, 6)), kernel=2, stride=2, pool_type="lp", p_value=p)
        for p in (2, 3)
    ),
    # equal numbers in a window: the first gets the gradient
    *(
        free(
            case(
                "Pooling",
                x(2, 2, *size, draw="whole"),
                kernel=(3,) * len(size),
                stride=(2,) * len(size),
                pad=(1,) * len(size),
            )
        )
        for size in ((7,), (5, 6), (4, 5, 5))
    ),
    # channels-last in MXNet too
    *(
        free(case("Pooling", x(2, *size, 3, draw="away"), layout=layout, **kind, **window))
        for size, layout, window in [
            ((9,), "NWC", {"kernel": (3,), "stride": (2,), "pad": (1,)}),
            ((7, 8), "NHWC", {"kernel": (3, 2), "stride": (2, 1), "pad": (0, 1), "pooling_convention": "full"}),
            ((4, 5, 6), "NDHWC", {"kernel": (2, 2, 3), "stride": (1, 2, 2)}),
            ((5, 6), "NHWC", {"global_pool": True}),
        ]
        for kind in (KINDS[0], KINDS[2])
    ),
    *(
        free(case("Pooling_v1", x(2, 3, 7, 5), kernel=kernel, stride=stride, pad=pad, pooling_convention="full"))
        for kernel, stride, pad in [((4, 2), (2, 2), (0, 0)), ((3, 2), (2, 1), (1, 1)), ((3, 3), (3, 3), (0, 0))]
    ),
    # other types than float32
    *(
        forward(free(case("Pooling", x(2, 3, 4, draw="away", dtype=kind), pool_type="max", kernel=2)))
        for kind in FRACTIONS
    ),
    forward(free(case("Pooling", x(2, 3, 4, draw="away", dtype="float64"), pool_type="avg", kernel=2))),
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
]
