"""Region of interest (ROI) pooling: rows (image, x1, y1, x2, y2) of a feature map (N, H, W, C)."""

from . import case, forward, given, x

BEYOND = [0, -3, -2, 5, 6, 1, 2, 3, 20, 18, 0, 6, 5, 1, 2]
REGIONS = [0, 0, 0, 3, 3, 1, 1, 2, 6, 7, 0, 2, 1, 5, 4]
ROTATED = [0, 4, 3, 4, 2, 30, 1, 3, 5, 3, 6, -45, 1, 1, 7, 5, 4, 100]

CASES = [
    case("ROIPooling", x(2, 3, 8, 8), x(3, 5, draw=BEYOND), pooled_size=(3, 2), spatial_scale=0.7),
    case("ROIPooling", x(2, 3, 1, 3), x(3, 5, draw=BEYOND), pooled_size=(2, 4), spatial_scale=0.7),
    *(
        forward(case("_contrib_ROIAlign", x(2, 12, 8, 8), x(3, 5, draw=BEYOND), pooled_size=(2, 3), **attrs))
        for attrs in [
            {"spatial_scale": 0.7},
            {"spatial_scale": 0.5, "sample_ratio": 2, "position_sensitive": True},
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
]
