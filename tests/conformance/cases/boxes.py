"""Boxes of object detectors: overlaps, encodings, matching, non-maximum suppression."""

from . import case, forward, free, outputs, x

SCORED = [
    0, 0.9, 0.10, 0.10, 0.40, 0.50, 1, 0.8, 0.20, 0.20, 0.60, 0.70, 0, 0.7, 0.12, 0.10, 0.42, 0.48,
    1, 0.05, 0.0, 0.3, 0.3, 0.9, 0, 0.6, 0.5, 0.5, 0.9, 0.8, 1, 0.55, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
UNNAMED = [
    -1, 0.9, 0.10, 0.10, 0.40, 0.50, 0, 0.8, 0.20, 0.20, 0.60, 0.70, -0.5, 0.7, 0.12, 0.10, 0.42, 0.48,
    -1, 0.95, 0.0, 0.3, 0.3, 0.9, 0, 0.6, 0.5, 0.5, 0.9, 0.8, 0, 0.55, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip
CORNERS = [
    0.10, 0.10, 0.40, 0.50, 0.20, 0.20, 0.60, 0.70, 0.50, 0.50, 0.90, 0.80,
    0.00, 0.30, 0.30, 0.90, 0.12, 0.10, 0.42, 0.48, 0.45, 0.55, 0.95, 0.85,
]  # fmt: skip

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
    forward(outputs(2, case("_contrib_bipartite_matching", x(4, 3, draw="unit"), threshold=0.1))),
]
