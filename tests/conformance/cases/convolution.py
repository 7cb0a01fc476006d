"""Convolutions."""

from . import Input, any_size, case, forward, free, w, x


def stored(*shape: int, dtype: str) -> Input:
    return Input("arg", shape, dtype)


CASES = [
    # two-dimensional: strides, pads, dilation, kernels of even and odd size, with and without bias
    *(
        free(case("Convolution", x(2, 3, 7, 8), w(4, 3, *kernel), w(4), kernel=kernel, num_filter=4, **attrs))
        for kernel, attrs in [
            ((3, 3), {}),
            ((3, 3), {"stride": (1, 1), "pad": (1, 1), "dilate": (1, 1), "num_group": 1, "no_bias": False}),
            ((3, 3), {"stride": (2, 2), "pad": (1, 1)}),
            ((3, 3), {"stride": (2, 2)}),
            ((1, 1), {}),
            ((1, 1), {"stride": (2, 2)}),
            ((2, 2), {"pad": (1, 1)}),
            ((5, 5), {"pad": (2, 2)}),
            ((2, 3), {"stride": (2, 1), "pad": (0, 1)}),
            ((3, 1), {"stride": (1, 3), "pad": (2, 0)}),
            ((3, 3), {"dilate": (2, 2), "pad": (2, 2)}),
            ((3, 2), {"dilate": (1, 3)}),
            ((3, 3), {"stride": (3, 2), "pad": (3, 2)}),
            ((3, 3), {"layout": "NCHW", "cudnn_off": False, "cudnn_tune": "off", "workspace": 1024}),
            ((3, 3), {"layout": None, "cudnn_off": 0}),
        ]
    ),
    free(case("Convolution", x(2, 3, 7, 8), w(4, 3, 3, 3), kernel="(3,3)", num_filter=4, no_bias="True", pad="[1,1]")),
    free(case("Convolution", x(2, 3, 6, 6), w(4, 3, 3, 3), w(4), kernel="(3L, 3L)", num_filter=4)),
    free(
        case(
            "Convolution", x(2, 3, 6, 7), w(4, 3, 3, 3), w(4), kernel=(3, 3), num_filter=4, dilate=(2, 2), stride=(1, 1)
        )
    ),
    free(case("Convolution", x(2, 4, 6, 7), w(6, 2, 3, 3), w(6), kernel=(3, 3), num_filter=6, num_group=2, pad=(1, 1))),
    free(case("Convolution", x(2, 6, 6, 7), w(9, 2, 3, 3), kernel=(3, 3), num_filter=9, num_group=3, no_bias=True)),
    free(case("Convolution", x(2, 4, 6, 7), w(4, 1, 3, 3), w(4), kernel=(3, 3), num_filter=4, num_group=4, pad=(1, 1))),
    free(
        case(
            "Convolution",
            x(2, 4, 7, 7),
            w(4, 1, 3, 3),
            kernel=(3, 3),
            num_filter=4,
            num_group=4,
            stride=(2, 2),
            pad=(1, 1),
            no_bias=True,
        )
    ),
    free(case("Convolution", x(2, 3, 6, 7), w(6, 1, 3, 3), w(6), kernel=(3, 3), num_filter=6, num_group=3)),
    free(
        case("Convolution", x(2, 3, 8, 8), w(3, 1, 3, 3), w(3), kernel=(3, 3), num_filter=3, num_group=3, dilate=(2, 2))
    ),
    free(
        case(
            "Convolution",
            x(2, 4, 8, 9),
            w(4, 2, 3, 3),
            w(4),
            kernel=(3, 3),
            num_filter=4,
            num_group=2,
            stride=(2, 1),
            dilate=(1, 2),
        )
    ),
    free(case("Convolution", x(2, 1, 6, 7), w(2, 1, 3, 3), w(2), kernel=(3, 3), num_filter=2)),
    free(case("Convolution", x(2, 3, 6, 7), w(1, 3, 3, 3), w(1), kernel=(3, 3), num_filter=1)),
    # one-dimensional
    *(
        free(case("Convolution", x(2, 3, 9), w(4, 3, *kernel), w(4), kernel=kernel, num_filter=4, **attrs))
        for kernel, attrs in [
            ((3,), {}),
            ((5,), {"stride": (2,), "pad": (2,)}),
            ((2,), {"dilate": (3,)}),
            ((1,), {"layout": "NCW"}),
            ((4,), {"pad": (2,), "stride": (3,)}),
        ]
    ),
    free(
        case(
            "Convolution",
            x(2, 3, 9),
            w(4, 3, 3),
            kernel="(3)",
            stride="(1)",
            pad="(1)",
            dilate="(1)",
            num_filter=4,
            num_group=1,
            no_bias="True",
            layout="None",
        )
    ),
    free(case("Convolution", x(2, 4, 9), w(6, 2, 3), w(6), kernel=(3,), num_filter=6, num_group=2)),
    free(case("Convolution", x(2, 4, 9), w(4, 1, 3), w(4), kernel=(3,), num_filter=4, num_group=4, pad=(1,))),
    # three-dimensional
    free(case("Convolution", x(2, 2, 4, 5, 6), w(3, 2, 2, 3, 2), w(3), kernel=(2, 3, 2), num_filter=3)),
    free(
        case(
            "Convolution",
            x(2, 2, 4, 5, 4),
            w(3, 2, 3, 3, 3),
            w(3),
            kernel=(3, 3, 3),
            num_filter=3,
            pad=(1, 1, 1),
            stride=(2, 2, 1),
            layout="NCDHW",
        )
    ),
    free(
        case(
            "Convolution",
            x(1, 2, 5, 5, 5),
            w(3, 2, 2, 2, 2),
            kernel=(2, 2, 2),
            num_filter=3,
            dilate=(2, 1, 2),
            no_bias=True,
        )
    ),
    free(
        case(
            "Convolution_v1", x(2, 3, 7, 8), w(4, 3, 3, 3), w(4), kernel=(3, 3), num_filter=4, stride=(2, 2), pad=(1, 1)
        )
    ),
    free(case("Convolution_v1", x(2, 3, 7, 8), w(4, 3, 3, 3), kernel=(3, 3), num_filter=4, no_bias=True)),
    # the weights are inputs
    case("Convolution", x(2, 3, 6, 7), x(4, 3, 3, 3), kernel=(3, 3), num_filter=4, no_bias=True),
    *(
        case(
            "Convolution",
            x(2, 4, *(5,) * n),
            x(6, 2, *(2,) * n),
            kernel=(2,) * n,
            num_filter=6,
            num_group=2,
            no_bias=True,
        )
        for n in (1, 2)
    ),
    free(
        case(
            "Convolution",
            x(2, 4, 7, 8),
            w(6, 2, 2, 3),
            w(6),
            kernel=(2, 3),
            num_filter=6,
            num_group=2,
            stride=(2, 1),
            dilate=(1, 2),
        )
    ),
    free(
        case(
            "Convolution",
            x(2, 4, 7, 8),
            w(8, 1, 2, 3),
            w(8),
            kernel=(2, 3),
            num_filter=8,
            num_group=4,
            stride=(2, 1),
            pad=(1, 1),
        )
    ),
    free(
        case(
            "Convolution",
            x(2, 4, 4, 5, 4),
            w(6, 2, 2, 3, 2),
            w(6),
            kernel=(2, 3, 2),
            num_filter=6,
            num_group=2,
            stride=(2, 1, 1),
        )
    ),
    # a kernel of one element, different strides
    free(
        case("Convolution", x(2, 3, 5, 8), w(4, 3, 1, 1), w(4), kernel=(1, 1), num_filter=4, stride=(2, 3), pad=(1, 0))
    ),
    free(case("Convolution", x(2, 3, 8), w(4, 3, 1), kernel=(1,), num_filter=4, stride=(3,), no_bias=True)),
    # one channel, and a single window along the last axis
    *(
        free(case("Convolution", x(3, 1, *size), w(2, 1, *kernel), w(2), kernel=kernel, num_filter=2, stride=stride))
        for size, kernel, stride in [
            ((4, 5), (2, 3), (1, 3)),
            ((5, 3), (1, 2), (1, 2)),
            ((3, 2, 3), (1, 1, 2), (2, 1, 2)),
        ]
    ),
    any_size(
        free(case("Convolution", x(3, 1, 4, 5), w(1, 1, 2, 3), w(1), kernel=(2, 3), num_filter=1, stride=(1, 3))),
    ),
    # other types than float32
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
]
