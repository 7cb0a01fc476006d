"""Image ops of MXNet's image namespace."""

from . import case, forward, x

CASES = [
    forward(case("_image_resize", x(5, 9, 3), size=(7, 4), interp=0)),
    forward(case("_image_resize", x(5, 9, 3), size=7, keep_ratio=True)),
    *(forward(case(f"_image_flip_{way}", x(4, 6, 3))) for way in ("left_right", "top_bottom")),
    *(
        forward(case("_image_resize", x(*shape), **attrs))
        for shape, attrs in [
            ((5, 6, 3), {"size": "(9, 7)"}),
            ((5, 6, 3), {"size": "(3, 4)"}),
            ((2, 5, 6, 3), {"size": "8"}),
            ((5, 8, 3), {"size": "10", "keep_ratio": True}),
            ((5, 6, 3), {"size": "(9, 7)", "interp": 0}),
            ((5, 6, 3), {"size": "(10, 3)", "interp": 1}),
        ]
    ),
    forward(case("_image_adjust_lighting", x(4, 5, 3), alpha=(0.1, -0.2, 0.3))),
    forward(case("_image_crop", x(6, 7, 3), x=1, y=2, width=4, height=3)),
    forward(case("_image_crop", x(2, 6, 7, 3), x=0, y=1, width=5, height=4)),
    forward(case("_image_to_tensor", x(4, 5, 3, draw="unit"))),
    forward(case("_image_to_tensor", x(2, 4, 5, 3, draw="unit"))),
    forward(case("_image_normalize", x(3, 4, 5), mean="(0.1, 0.2, 0.3)", std="(0.5, 0.6, 0.7)")),
    forward(case("_image_normalize", x(2, 3, 4, 5), mean="(0.1, 0.2, 0.3)", std="(0.5,)")),
]
