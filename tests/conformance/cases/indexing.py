"""Gathering elements and one-hot encoding."""

from . import case, forward, free, given, w, x

CASES = [
    *(
        case("take", x(4, 5, 6), x(2, 3, draw=4), **attrs)
        for attrs in [{}, {"axis": 0}, {"axis": 1, "mode": "clip"}, {"axis": -1}, {"axis": 2, "mode": "wrap"}]
    ),
    case("take", w(7, 5), x(2, 3, draw=7)),
    case("take", w(7, 5), x(2, 3, draw=7, dtype="float64"), axis=1),
    case("gather_nd", w(4, 5), given(0, 3, 1, shape=(1, 3), dtype="float64")),
    forward(case("take", x(4, 5), given(-1, 3, 4, 9), mode="clip")),
    forward(case("take", x(4, 5), given(-1, 3, 4, 9), mode="wrap")),
    forward(case("take", x(4, 5), given(1.7, 2.2, 0.0))),
    *(
        case("pick", x(4, 5), x(4, draw=5), **attrs)
        for attrs in [{}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": 1, "mode": "wrap"}]
    ),
    case("pick", x(4, 5), x(5, draw=4), axis=0),
    case("pick", x(2, 3, 4), x(2, 4, draw=3), axis=1),
    forward(case("pick", x(4, 5), given(-1, 7, 2, 5), axis=1)),
    forward(case("pick", x(4, 5), given(-1, 7, 2, 5), axis=1, mode="wrap")),
    forward(case("choose_element_0index", x(4, 5), x(4, draw=5))),
    forward(case("batch_take", x(4, 5), given(0, 4, 2, 3, dtype="int32"))),
    *(
        forward(case("one_hot", given(0, 2, 5, 7, -1), depth=6, **attrs))
        for attrs in [{}, {"on_value": 2, "off_value": -1}, {"dtype": "int32"}]
    ),
    forward(case("one_hot", x(2, 3, draw=4), depth=4)),
    forward(case("one_hot", x(2, 3, draw=4), depth=4, off_value=-2, dtype="uint8")),
    case("gather_nd", x(4, 5, 3), given(0, 3, 1, 2, 4, 0, shape=(2, 3))),
    case("gather_nd", x(4, 5), given(0, 3, 1, shape=(1, 3))),
    *(free(case("take", x(4, 5), given(-1, 3, 1, 5), mode=mode)) for mode in ("clip", "wrap")),
    free(case("pick", x(4, 3), x(3, draw=4), axis=0)),
    # other types than float32
    forward(case("one_hot", given(0, 2, 1, dtype="int32"), depth=3, dtype="uint8")),
]
