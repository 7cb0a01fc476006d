"""Boxes, regions and warps."""

from . import case, forward, outputs, x

CORNERS = [
    0.10, 0.10, 0.40, 0.50, 0.20, 0.20, 0.60, 0.70, 0.50, 0.50, 0.90, 0.80,
    0.00, 0.30, 0.30, 0.90, 0.12, 0.10, 0.42, 0.48, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
SCORED = [
    0, 0.9, 0.10, 0.10, 0.40, 0.50, 1, 0.8, 0.20, 0.20, 0.60, 0.70, 0, 0.7, 0.12, 0.10, 0.42, 0.48,
    1, 0.05, 0.0, 0.3, 0.3, 0.9, 0, 0.6, 0.5, 0.5, 0.9, 0.8, 1, 0.55, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
REGIONS = [0, 0, 0, 3, 3, 1, 1, 2, 6, 7, 0, 2, 1, 5, 4]
ROTATED = [0, 4, 3, 4, 2, 30, 1, 3, 5, 3, 6, -45, 1, 1, 7, 5, 4, 100]
TURN = [0.9, 0.1, 0.05, -0.2, 0.8, 0.1, 1, 0, 0, 0, 1, 0]

CASES = [
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
    forward(case("ROIPooling", x(2, 3, 8, 8), x(3, 5, draw=REGIONS), pooled_size=(2, 2), spatial_scale=1.0)),
    forward(case("ROIPooling", x(2, 3, 8, 8), x(3, 5, draw=REGIONS), pooled_size=(3, 2), spatial_scale=0.5)),
    *(
        forward(case("_contrib_ROIAlign", x(2, 3, 8, 8), x(3, 5, draw=REGIONS), **attrs))
        for attrs in [
            {"pooled_size": (2, 3), "spatial_scale": 0.5, "sample_ratio": 2},
            {"pooled_size": (2, 2), "spatial_scale": 1.0, "sample_ratio": 1},
        ]
    ),
    *(
        forward(case("_contrib_RROIAlign", x(2, 3, 8, 9), x(3, 6, draw=ROTATED), pooled_size=(2, 3), **attrs))
        for attrs in [{"spatial_scale": 1.0, "sampling_ratio": 2}, {"spatial_scale": 0.6, "sampling_ratio": 1}]
    ),
    forward(case("_contrib_box_iou", x(6, 4, draw=CORNERS), x(3, 4, draw=CORNERS[:12]), format="corner")),
    forward(case("_contrib_box_iou", x(6, 4, draw=CORNERS), x(3, 4, draw=CORNERS[12:]), format="center")),
    *(
        forward(case("_contrib_box_nms", x(1, 6, 6, draw=SCORED), coord_start=2, score_index=1, **attrs))
        for attrs in [
            {"overlap_thresh": 0.4, "valid_thresh": 0.1, "topk": 4, "id_index": 0},
            {"overlap_thresh": 0.5},
            {"overlap_thresh": 0.5, "id_index": 0, "force_suppress": True},
        ]
    ),
    *(
        forward(case("_contrib_MultiBoxPrior", x(1, 3, 4, 5), **attrs))
        for attrs in [
            {},
            {"sizes": "(0.3, 0.2)", "ratios": "(1, 2, 0.5)", "clip": True},
            {"sizes": "(0.5,)", "offsets": "(0.4, 0.6)"},
        ]
    ),
    forward(
        case(
            "_contrib_MultiBoxDetection", x(1, 3, 6, draw="unit"), x(1, 24), x(1, 6, 4, draw=CORNERS), nms_threshold=0.5
        )
    ),
    forward(
        case(
            "_contrib_MultiBoxDetection",
            x(1, 3, 6, draw="unit"),
            x(1, 24),
            x(1, 6, 4, draw=CORNERS),
            nms_threshold=0.3,
            threshold=0.2,
            force_suppress=True,
            clip=False,
        )
    ),
    forward(outputs(2, case("_contrib_bipartite_matching", x(4, 3, draw="unit"), threshold=0.1))),
]
