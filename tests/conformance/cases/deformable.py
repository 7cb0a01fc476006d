"""Deformable convolution, whose kernel points are moved by offsets."""

from . import case, forward, w, x

CASES = [
    forward(
        case(
            "_contrib_DeformableConvolution",
            x(1, 3, 6, 6),
            x(1, 18, 6, 6),
            w(4, 3, 3, 3),
            w(4),
            kernel=(3, 3),
            pad=(1, 1),
            num_filter=4,
        )
    ),
    forward(
        case(
            "_contrib_DeformableConvolution",
            x(1, 4, 6, 6),
            x(1, 18, 4, 4),
            w(4, 4, 3, 3),
            kernel=(3, 3),
            num_filter=4,
            no_bias=True,
        )
    ),
    forward(
        case(
            "_contrib_ModulatedDeformableConvolution",
            x(1, 3, 6, 6),
            x(1, 18, 6, 6),
            x(1, 9, 6, 6, draw="unit"),
            w(4, 3, 3, 3),
            w(4),
            kernel=(3, 3),
            pad=(1, 1),
            num_filter=4,
        )
    ),
]
