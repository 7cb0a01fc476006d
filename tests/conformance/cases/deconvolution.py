"""Deconvolution (transposed convolution) and upsampling."""

from . import any_size, case, free, w, x

CASES = [
    # transposed; MXNet's default is no bias
    *(
        free(case("Deconvolution", x(2, 3, 4, 5), w(3, 4, *kernel), kernel=kernel, num_filter=4, **attrs))
        for kernel, attrs in [
            ((3, 3), {}),
            ((4, 4), {"stride": (2, 2), "pad": (1, 1)}),
            ((3, 3), {"stride": (2, 2), "pad": (1, 1), "adj": (1, 1)}),
            ((3, 3), {"stride": (2, 2), "adj": (1, 0)}),
            ((3, 3), {"stride": (3, 2), "pad": (1, 0), "adj": (2, 1)}),
            ((2, 3), {"stride": (2, 1), "pad": (0, 1)}),
            ((3, 3), {"stride": (2, 2), "target_shape": (8, 10)}),
            ((4, 4), {"stride": (2, 2), "target_shape": (7, 9)}),
            ((3, 3), {"dilate": (2, 2)}),
            ((3, 3), {"dilate": (2, 1), "pad": (1, 1)}),
            ((2, 2), {"stride": (3, 3)}),
            ((1, 1), {"stride": (2, 2)}),
            ((3, 3), {"layout": "NCHW", "workspace": 512, "num_group": 1, "dilate": (1, 1), "adj": (0, 0)}),
        ]
    ),
    free(case("Deconvolution", x(2, 3, 4, 5), w(3, 4, 3, 3), w(4), kernel=(3, 3), num_filter=4, no_bias=False)),
    free(
        case(
            "Deconvolution",
            x(2, 3, 4, 5),
            w(3, 4, 4, 4),
            w(4),
            kernel=(4, 4),
            num_filter=4,
            no_bias="false",
            stride=(2, 2),
            pad=(1, 1),
        )
    ),
    free(case("Deconvolution", x(2, 4, 4, 5), w(4, 3, 3, 3), kernel=(3, 3), num_filter=6, num_group=2, stride=(2, 2))),
    free(
        case(
            "Deconvolution",
            x(2, 4, 4, 5),
            w(4, 1, 4, 4),
            kernel=(4, 4),
            num_filter=4,
            num_group=4,
            stride=(2, 2),
            pad=(1, 1),
        )
    ),
    free(
        case(
            "Deconvolution",
            x(2, 4, 4, 5),
            w(4, 3, 3, 3),
            w(6),
            kernel=(3, 3),
            num_filter=6,
            num_group=2,
            no_bias=False,
            adj=(1, 1),
            stride=(2, 2),
            pad=(1, 1),
        )
    ),
    free(case("Deconvolution", x(2, 3, 6), w(3, 4, 3), w(4), kernel=(3,), num_filter=4, stride=(2,), no_bias=False)),
    free(case("Deconvolution", x(2, 3, 6), w(3, 4, 4), kernel=(4,), num_filter=4, stride=(2,), pad=(1,), adj=(1,))),
    free(
        case(
            "Deconvolution",
            x(2, 2, 3, 4, 3),
            w(2, 3, 3, 3, 3),
            w(3),
            kernel=(3, 3, 3),
            num_filter=3,
            stride=(2, 2, 2),
            pad=(1, 1, 1),
            no_bias=False,
        )
    ),
    free(
        case(
            "Deconvolution",
            x(2, 2, 3, 3, 3),
            w(2, 3, 2, 2, 2),
            kernel=(2, 2, 2),
            num_filter=3,
            stride=(2, 1, 2),
            adj=(1, 0, 1),
        )
    ),
    *(
        any_size(
            free(
                case(
                    "Deconvolution",
                    x(2, 4, 3, 5),
                    w(4, 3, *kernel),
                    kernel=kernel,
                    num_filter=3 * groups,
                    num_group=groups,
                    **attrs,
                )
            )
        )
        for groups in (1, 2)
        for kernel, attrs in [
            ((2, 3), {"stride": (3, 2)}),
            ((3, 2), {"stride": (2, 1), "pad": (1, 0), "adj": (1, 0)}),
            ((1, 2), {"stride": (2, 2)}),
        ]
    ),
    case("Deconvolution", x(2, 3, 4, 4), x(3, 2, 3, 3), kernel=(3, 3), num_filter=2, stride=(2, 2)),
    # one group for each channel; the stride divides the kernel or not
    *(
        free(
            case(
                "Deconvolution",
                x(2, 3, *(4, 5, 3)[: len(kernel)]),
                w(3, filters, *kernel),
                w(3 * filters),
                kernel=kernel,
                num_filter=3 * filters,
                num_group=3,
                no_bias=False,
                **attrs,
            )
        )
        for kernel, filters, attrs in [
            ((4, 6), 2, {"stride": (2, 3), "pad": (1, 2)}),
            ((4, 4), 1, {"stride": (4, 2), "adj": (2, 1)}),
            ((2, 2), 1, {"stride": (2, 2), "pad": (1, 0), "adj": (1, 1)}),
            ((3, 4), 2, {"stride": (2, 2), "pad": (1, 1)}),
            ((2, 4), 1, {"stride": (1, 2), "dilate": (2, 1)}),
            ((4,), 2, {"stride": (2,), "pad": (1,)}),
            ((3,), 1, {"stride": (3,), "adj": (2,)}),
            ((2, 2, 3), 1, {"stride": (2, 1, 2)}),
        ]
    ),
    free(
        case(
            "Deconvolution",
            x(2, 4, 3, 4),
            w(4, 2, 2, 3),
            kernel=(2, 3),
            num_filter=4,
            num_group=2,
            stride=(2, 2),
            dilate=(2, 2),
        )
    ),
    free(case("UpSampling", x(2, 3, 4, 5), scale=2, sample_type="nearest", num_args=1)),
    free(case("UpSampling", x(2, 3, 3, 2), scale=3, sample_type="nearest", num_args=1)),
    case("UpSampling", x(2, 3, 4, 4), x(2, 2, 2, 2), scale=2, sample_type="nearest", num_args=2),
    case(
        "UpSampling",
        x(2, 3, 4, 4),
        x(2, 2, 2, 2),
        scale=2,
        sample_type="nearest",
        num_args=2,
        multi_input_mode="concat",
    ),
    case(
        "UpSampling", x(2, 3, 4, 4), x(2, 3, 2, 2), scale=2, sample_type="nearest", num_args=2, multi_input_mode="sum"
    ),
    free(case("UpSampling", x(2, 3, 4, 5), w(3, 1, 4, 4), scale=2, sample_type="bilinear", num_filter=3, num_args=2)),
    any_size(
        free(
            case("UpSampling", x(2, 2, 3, 3), w(2, 1, 5, 5), scale=3, sample_type="bilinear", num_filter=2, num_args=2)
        )
    ),
    # two channels of the data for each output channel
    case("Deconvolution", x(2, 4, 3), w(4, 1, 2), kernel=(2,), stride=(2,), num_filter=2, num_group=2),
    free(case("Deconvolution", x(2, 4, 3, 3), w(4, 1, 2, 4), kernel=(2, 4), stride=(2, 2), num_filter=2, num_group=2)),
]
