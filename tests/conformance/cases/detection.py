"""Detectors: anchors, targets, suppression, proposals, in more detail than `vision.py`."""

from . import case, forward, free, outputs, x

CORNERS = [
    0.10, 0.10, 0.40, 0.50, 0.20, 0.20, 0.60, 0.70, 0.50, 0.50, 0.90, 0.80,
    0.00, 0.30, 0.30, 0.90, 0.12, 0.10, 0.42, 0.48, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
SCORED = [
    0, 0.9, 0.10, 0.10, 0.40, 0.50, 1, 0.8, 0.20, 0.20, 0.60, 0.70, 0, 0.7, 0.12, 0.10, 0.42, 0.48,
    1, 0.05, 0.0, 0.3, 0.3, 0.9, 0, 0.6, 0.5, 0.5, 0.9, 0.8, 1, 0.55, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
LABELS = [0, 0.12, 0.1, 0.4, 0.52, 2, 0.5, 0.45, 0.9, 0.9, *[-1] * 5, 1, 0.0, 0.2, 0.35, 0.8, *[-1] * 10]
UNNAMED = [
    -1, 0.9, 0.10, 0.10, 0.40, 0.50, 0, 0.8, 0.20, 0.20, 0.60, 0.70, -0.5, 0.7, 0.12, 0.10, 0.42, 0.48,
    -1, 0.95, 0.0, 0.3, 0.3, 0.9, 0, 0.6, 0.5, 0.5, 0.9, 0.8, 0, 0.55, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
BEYOND = [0, -3, -2, 5, 6, 1, 2, 3, 20, 18, 0, 6, 5, 1, 2]

CASES = [
    *(
        free(case("_contrib_box_nms", x(2, 6, 6, draw=SCORED * 2), coord_start=2, score_index=1, **attrs))
        for attrs in [
            {"overlap_thresh": 0.3, "topk": 3},
            {"overlap_thresh": 0.3, "id_index": 0, "background_id": 1},
            {"overlap_thresh": 0.3, "out_format": "center"},
            {"overlap_thresh": 0.3, "in_format": "center", "out_format": "corner"},
            {"valid_thresh": 2.0},
        ]
    ),
    *(
        free(case("_contrib_box_nms", x(1, 6, 6, draw=UNNAMED), overlap_thresh=0.3, id_index=0, **attrs))
        for attrs in [{}, {"background_id": 0}, {"background_id": -1, "force_suppress": True}]
    ),
    *(
        case("_contrib_box_decode", x(2, 6, 4), x(1, 6, 4, draw=CORNERS), std0=0.1, std2=0.2, **attrs)
        for attrs in [{"format": "corner"}, {"format": "center"}, {"format": "corner", "clip": 0.1}]
    ),
    outputs(
        2,
        case(
            "_contrib_box_encode",
            x(1, 6, draw=[1, -1, 0, 1, 1, 0]),
            x(1, 6, draw=[0, 1, 2, 2, 1, 0]),
            x(1, 6, 4, draw=CORNERS),
            x(1, 3, 4, draw=CORNERS[12:]),
            x(4, draw=[0.1, 0.2, 0, 0]),
            x(4, draw=[0.1, 0.1, 0.2, 0.2]),
        ),
    ),
    *(
        forward(outputs(2, case("_contrib_bipartite_matching", x(2, 4, 3, draw="unit"), **attrs)))
        for attrs in [{"threshold": 0.6, "is_ascend": True}, {"threshold": 0.1, "topk": 1}]
    ),
    *(
        forward(
            case(
                "_contrib_MultiBoxDetection",
                x(2, 3, 6, draw="unit"),
                x(2, 24),
                x(1, 6, 4, draw=CORNERS),
                **attrs,
            )
        )
        for attrs in [{"nms_topk": 3, "nms_threshold": 0.2}, {"nms_threshold": 0}, {"threshold": 0.6}]
    ),
    *(
        forward(
            outputs(
                3,
                case(
                    "_contrib_MultiBoxTarget",
                    x(1, 6, 4, draw=CORNERS),
                    x(2, 3, 5, draw=LABELS),
                    x(2, 4, 6),
                    **attrs,
                ),
            )
        )
        for attrs in [
            {},
            {"overlap_threshold": 0.2, "variances": "(0.1, 0.2, 0.3, 0.4)"},
            {"overlap_threshold": 0.3, "negative_mining_ratio": 1.5, "negative_mining_thresh": 0.4},
        ]
    ),
    *(
        forward(
            outputs(
                2,
                case(
                    "_contrib_MultiProposal",
                    x(2, 8, 4, 5, draw="unit"),
                    x(2, 16, 4, 5, draw="inside"),
                    x(2, 3, draw=[64, 80, 1, 60, 70, 1.5]),
                    scales="(1, 2)",
                    ratios="(0.5, 1)",
                    output_score=True,
                    **attrs,
                ),
            )
        )
        for attrs in [
            {"rpn_post_nms_top_n": 12, "threshold": 0.5, "rpn_min_size": 6},
            {"rpn_post_nms_top_n": 60, "rpn_pre_nms_top_n": 30, "threshold": 0.3, "rpn_min_size": 4},
            {"rpn_post_nms_top_n": 9, "iou_loss": True, "rpn_min_size": 2},
        ]
    ),
    case("ROIPooling", x(2, 3, 8, 8), x(3, 5, draw=BEYOND), pooled_size=(3, 2), spatial_scale=0.7),
    case("ROIPooling", x(2, 3, 1, 3), x(3, 5, draw=BEYOND), pooled_size=(2, 4), spatial_scale=0.7),
    *(
        forward(case("_contrib_ROIAlign", x(2, 12, 8, 8), x(3, 5, draw=BEYOND), pooled_size=(2, 3), **attrs))
        for attrs in [
            {"spatial_scale": 0.7},
            {"spatial_scale": 0.5, "sample_ratio": 2, "position_sensitive": True},
        ]
    ),
]
