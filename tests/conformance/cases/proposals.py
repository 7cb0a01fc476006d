"""Boxes that a region proposal network predicts."""

from . import case, forward, given, outputs, x

CASES = [
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
]
