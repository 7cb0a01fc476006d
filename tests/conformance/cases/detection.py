"""Anchors, targets and detections of single-shot detectors."""

from . import case, forward, given, outputs, x

CORNERS = [
    0.10, 0.10, 0.40, 0.50, 0.20, 0.20, 0.60, 0.70, 0.50, 0.50, 0.90, 0.80,
    0.00, 0.30, 0.30, 0.90, 0.12, 0.10, 0.42, 0.48, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
LABELS = [0, 0.12, 0.1, 0.4, 0.52, 2, 0.5, 0.45, 0.9, 0.9, *[-1] * 5, 1, 0.0, 0.2, 0.35, 0.8, *[-1] * 10]
ANCHORS = given(
    *[0.1, 0.1, 0.5, 0.4, 0.3, 0.2, 0.8, 0.9, 0.0, 0.5, 0.4, 1.0, 0.55, 0.05, 0.95, 0.45, 0.2, 0.3, 0.6, 0.7],
    shape=(1, 5, 4),
)
OBJECTS = given(
    *[1, 0.12, 0.08, 0.55, 0.42, 0, 0.25, 0.22, 0.8, 0.85, -1, -1, -1, -1, -1],
    *[2, 0.5, 0.1, 0.9, 0.5, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    shape=(2, 3, 5),
)

CASES = [
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
        outputs(3, forward(case("_contrib_MultiBoxTarget", ANCHORS, OBJECTS, x(2, 4, 5), **attrs)))
        for attrs in [
            {"overlap_threshold": 0.2},
            {"variances": (0.2, 0.1, 0.3, 0.1), "overlap_threshold": 0.7},
            {"negative_mining_ratio": 1, "negative_mining_thresh": 0.3, "ignore_label": -2},
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
]
