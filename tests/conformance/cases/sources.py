"""Ops that make an array out of nothing; the row's one input is added to it."""

from . import case, forward, source, x

CASES = [
    source(case("_zeros", x(2, 3), shape="(2, 3)")),
    source(case("_zeros", x(2, 3), shape="(2, 3)", dtype="float32", ctx="cpu(0)")),
    source(case("_zeros_without_dtype", x(2, 3), shape="(2, 3)")),
    source(case("_ones", x(2, 3), shape="(2, 3)")),
    source(case("_ones", x(4), shape="4", dtype="float32")),
    source(case("_full", x(2, 3), shape="(2, 3)", value=1.5)),
    source(case("_eye", x(3, 4), N=3, M=4, k=1)),
    source(case("_eye", x(3, 3), N=3)),
    source(case("_arange", x(5), start=0, stop=5)),
    source(case("_arange", x(3), start=1, stop=7, step=2)),
    source(case("_arange", x(3), start=3)),
    source(case("_arange", x(4), start=1, stop=3, repeat=2)),
    source(case("_arange", x(4), start=2.5, stop=0.5, step=-0.5)),
    source(case("_linspace", x(5), start=0, stop=1, num=5)),
    source(case("_linspace", x(4), start=0, stop=1, num=4, endpoint=False)),
    forward(case("_contrib_arange_like", x(2, 3))),
    forward(case("_contrib_arange_like", x(2, 3), start=1, step=2, axis=1)),
    forward(case("_contrib_arange_like", x(2, 3), axis=-1, repeat=1)),
    forward(case("_contrib_index_array", x(2, 3))),
    forward(case("_contrib_index_array", x(2, 3, 2), axes="(1, 2)")),
]
