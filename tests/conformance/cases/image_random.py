"""Random image ops with a range of a single value. MXNet passes their gradients through unchanged."""

from . import case, forward, x

COLOR = [x(5, 6, 3, draw=256), x(5, 6, 3, dtype="uint8", draw=256), x(4, 4, 3, draw=3)]
"""The last one has many grays."""
GRAY = x(5, 6, 1, draw=256)


def changed(name: str, factor: float, image):
    return forward(case(f"_image_random_{name}", image, min_factor=factor, max_factor=factor))


CASES = [
    *(
        changed(name, factor, image)
        for name in ("brightness", "contrast", "saturation")
        for factor in (0, 0.4, 1.7)
        for image in (*COLOR, GRAY)
    ),
    *(changed("hue", turn, image) for turn in (0, 0.1, 0.45, 0.9) for image in COLOR),
    *(forward(case("_image_random_lighting", image, alpha_std=0)) for image in COLOR),
    *(
        forward(case("_image_random_color_jitter", image, brightness=1e-9, contrast=0, saturation=0, hue=0))
        for image in COLOR
    ),
]
