"""Mixed precision and low-bit training."""

from . import case, forward, given, outputs, x

INFINITE, NONE = (given(1, bad, -2) for bad in (float("inf"), float("nan")))
HALVES = given(-2.5, -1.5, -1.2, -0.5, 0.0, 0.3, 0.5, 1.5, 2.5, 2.7)

CASES = [
    forward(case("_contrib_allclose", x(2, 3), x(2, 3))),
    *(forward(case("all_finite", data)) for data in (x(2, 3), INFINITE, NONE)),
    *(forward(case("multi_all_finite", x(2, 3), data, x(1), num_arrays=3)) for data in (x(4), INFINITE, NONE)),
    forward(case("multi_sum_sq", x(2, 3), x(4), num_arrays=2)),
    *(case(op, data) for op in ("_contrib_round_ste", "_contrib_sign_ste") for data in (HALVES, x(2, 3, 4))),
    forward(outputs(2, case("amp_multicast", x(2, 3), x(2, 3), num_outputs=2))),
    # other types than float32
    forward(outputs(2, case("amp_multicast", x(2, 3, dtype="float16"), x(2, 3, dtype="float16"), num_outputs=2))),
    forward(
        outputs(2, case("amp_multicast", given(1, 2, dtype="float16"), given(1, 2, dtype="float64"), num_outputs=2))
    ),
    forward(
        outputs(2, case("amp_multicast", given(1, 2, dtype="float64"), given(1, 2, dtype="float16"), num_outputs=2))
    ),
]
