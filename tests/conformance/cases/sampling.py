"""Sampling of images between pixels: grids, samplers, resizing, correlation."""

from . import any_size, case, forward, x

TURN = [0.9, 0.1, 0.05, -0.2, 0.8, 0.1, 1, 0, 0, 0, 1, 0]

CASES = [
    *(
        case("_contrib_BilinearResize2D", x(2, 3, 5, 7), height=h, width=w, align_corners=corners)
        for h, w in [(8, 3), (1, 9)]
        for corners in (0, 1)
    ),
    *(
        any_size(case("_contrib_BilinearResize2D", x(2, 3, 5, 7), x(2, 1, 8, 4), mode="like", align_corners=corners))
        for corners in (0, 1)
    ),
    forward(
        case(
            "Correlation",
            x(1, 3, 6, 6),
            x(1, 3, 6, 6),
            kernel_size=1,
            max_displacement=2,
            stride1=1,
            stride2=1,
            pad_size=2,
            is_multiply=True,
        )
    ),
    forward(
        case(
            "Correlation",
            x(1, 2, 8, 8),
            x(1, 2, 8, 8),
            kernel_size=3,
            max_displacement=2,
            stride1=1,
            stride2=2,
            pad_size=3,
            is_multiply=False,
        )
    ),
    *(
        forward(case("_contrib_BilinearResize2D", x(2, 3, 4, 5), **attrs))
        for attrs in [
            {"height": 7, "width": 9},
            {"height": 8, "width": 10, "align_corners": False},
            {"height": 2, "width": 3},
            {"scale_height": 2, "scale_width": 2, "mode": "odd_scale"},
            {"height": 1, "width": 1, "scale_height": 1.5, "scale_width": 2.0, "mode": "to_even_up"},
            {"scale_height": 1.5, "scale_width": 2.0},
        ]
    ),
    *(
        case("GridGenerator", x(2, 6, draw=TURN), transform_type="affine", target_shape=size)
        for size in [(4, 5), (3, 3)]
    ),
    case("GridGenerator", x(2, 2, 4, 5), transform_type="warp"),
    case("BilinearSampler", x(2, 3, 5, 6), x(2, 2, 4, 4, draw="inside")),
    forward(case("BilinearSampler", x(2, 3, 5, 6), x(2, 2, 3, 4))),
    case(
        "SpatialTransformer",
        x(2, 3, 5, 6),
        x(2, 6, draw=TURN),
        transform_type="affine",
        sampler_type="bilinear",
        target_shape=(4, 4),
    ),
    case(
        "SpatialTransformer",
        x(2, 3, 5, 6),
        x(2, 6, draw=TURN),
        transform_type="affine",
        sampler_type="bilinear",
        target_shape=(7, 8),
    ),
]
