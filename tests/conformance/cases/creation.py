"""Arrays created from attributes, where a length of 0 is the batch size; shapes as values."""

from . import case, forward, free, source, x

CASES = [
    forward(case("shape_array", x(3, 5, 2))),
    forward(case("size_array", x(3, 5, 2))),
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
    source(case("_npi_zeros", x(2, 3), shape="(2, 3)")),
    source(case("_npi_ones", x(2, 3), shape="(2, 3)", dtype="float32")),
    source(case("_npi_identity", x(3, 3), shape="(3, 3)")),
    source(case("_npi_eye", x(3, 4), N=3, M=4, k=-1)),
    source(case("_npi_eye", x(3, 3), N=3)),
    source(case("_npi_arange", x(5), start=0, stop=5)),
    source(case("_npi_arange", x(4), start=2.5, stop=0.5, step=-0.5)),
    source(case("_npi_logspace", x(4), start=0, stop=2, num=4)),
    source(case("_npi_logspace", x(4), start=0, stop=2, num=4, endpoint=False, base=2)),
    source(case("_npi_indices", x(2, 2, 3), dimensions="(2, 3)", dtype="float32")),
    *(source(case(f"_npi_{name}", x(5), M=5)) for name in ("blackman", "hamming", "hanning")),
    forward(case("_npi_full_like", x(2, 3), fill_value=1.5)),
    source(case("_eye", x(1, 4), N=1, M=4, k=2)),
    forward(free(case("_contrib_arange_like", x(5, 3), step=0.5))),
    # other types than float32
    *(
        source(case(op, x(n, dtype="int32"), dtype="int32", **attrs))
        for op, n, attrs in [
            ("_arange", 4, {"start": -2.5, "stop": 7, "step": 3}),
            ("_full", 2, {"shape": "(2,)", "value": -2.7}),
        ]
    ),
    *(
        source(case(op, x(3, dtype="float16"), dtype="float16", start=6.25, stop=5, step=-0.5))
        for op in ("_arange", "_npi_arange")
    ),
    source(case("_zeros_without_dtype", x(2, dtype="int32"), shape="(2,)", dtype=4)),
]
