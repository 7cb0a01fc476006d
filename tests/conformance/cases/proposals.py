"""Regions that are proposed or pooled, and targets of anchors, in more detail than `detection.py`."""

from . import case, forward, given, outputs, x

ANCHORS = given(
    *[0.1, 0.1, 0.5, 0.4, 0.3, 0.2, 0.8, 0.9, 0.0, 0.5, 0.4, 1.0, 0.55, 0.05, 0.95, 0.45, 0.2, 0.3, 0.6, 0.7],
    shape=(1, 5, 4),
)
LABELS = given(
    *[1, 0.12, 0.08, 0.55, 0.42, 0, 0.25, 0.22, 0.8, 0.85, -1, -1, -1, -1, -1],
    *[2, 0.5, 0.1, 0.9, 0.5, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    shape=(2, 3, 5),
)

CASES = [
    *(
        outputs(3, forward(case("_contrib_MultiBoxTarget", ANCHORS, LABELS, x(2, 4, 5), **attrs)))
        for attrs in [
            {"overlap_threshold": 0.2},
            {"variances": (0.2, 0.1, 0.3, 0.1), "overlap_threshold": 0.7},
            {"negative_mining_ratio": 1, "negative_mining_thresh": 0.3, "ignore_label": -2},
        ]
    ),
    *(
        forward(
            case(
                "_contrib_Proposal",
                x(1, 2 * shapes, 3, 4, draw="unit"),
                x(1, 4 * shapes, 3, 4, draw="inside"),
                given(40, 56, 1, shape=(1, 3)),
                scales=scales,
                ratios=ratios,
                **attrs,
            )
        )
        for shapes, scales, ratios, attrs in [
            (1, "(2,)", "(1,)", {"rpn_post_nms_top_n": 4}),
            (4, (1, 2), (0.5, 2), {"rpn_post_nms_top_n": 8, "rpn_min_size": 4}),
            (4, (1, 2), (0.5, 2), {"rpn_pre_nms_top_n": 12, "rpn_post_nms_top_n": 6, "threshold": 0.3}),
            (2, (1, 2), "(1,)", {"rpn_post_nms_top_n": 40, "rpn_min_size": 2, "threshold": 0.9}),
            (2, (1, 2), "(1,)", {"rpn_post_nms_top_n": 6, "iou_loss": True, "rpn_min_size": 0}),
        ]
    ),
    *(
        forward(
            case(
                "_contrib_PSROIPooling",
                x(2, 2 * group * group, 6, 7),
                given(0, 0, 0, 11, 9, 1, 2, 3, 8, 11, 0, 4, 4, 5, 5, shape=(3, 5)),
                spatial_scale=0.5,
                output_dim=2,
                pooled_size=pooled,
                group_size=group,
            )
        )
        for pooled, group in [(2, 2), (3, 3), (4, 2)]
    ),
]
