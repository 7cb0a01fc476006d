"""Probability densities, and their gradients for the sample and the parameters."""

import math

from . import case, forward, free, given, outputs, with_tolerance, x

FAR = [-40.3, -7.7, -3.4, -0.6, -1e-3, 1e-3, 0.5, 1.5, 4.4, 7.9, 8.1, 33]
PROCESSES = (
    x(3, 2, draw="positive"),
    x(2, draw="unit"),
    x(2, draw="positive"),
    x(3, 2, draw=3),
    x(3, 4, draw=3),
    x(3, 4, dtype="int32", draw=2),
    x(3, draw=5),
    x(3, draw=12),
)
"""Background, branching, decay, states, lags, marks, lengths and ends: the first three have a gradient."""
ONE = {"exponential": "positive", "poisson": "positive"}
COUNTED = "poisson negative_binomial generalized_negative_binomial"
TWO = {"normal": ("normal", "positive"), "gamma": ("positive", "positive"), "negative_binomial": ("above", "unit"),
       "generalized_negative_binomial": ("positive", "positive")}  # fmt: skip

CASES = [
    with_tolerance(1e-3, free(case("gamma", x(2, 6, draw=FAR)))),
    free(case("gammaln", x(2, 6, draw=FAR))),
    case("gammaln", x(2, 2, draw=[1.0001, 1.9999, 500, 1e5])),
    case("_contrib_hawkesll", *PROCESSES),
    forward(outputs(2, case("_contrib_hawkesll", *PROCESSES))),
    *(
        case(f"_random_pdf_{name}", sample, *(x(*shape, draw=draw) for draw in draws), is_log=is_log)
        for name, draws in ({name: (draw,) for name, draw in ONE.items()} | TWO).items()
        for is_log in (False, True)
        for shape, size in [((2,), (2, 5)), ((2, 3), (2, 3, 4))]
        for sample in [x(*size, draw=6) if name in COUNTED.split() else x(*size, draw="positive")]
    ),
    *(
        case("_random_pdf_uniform", x(2, 5, draw="unit"), x(2, draw="inside"), x(2, draw="above"), is_log=is_log)
        for is_log in (False, True)
    ),
    *(
        case("_random_pdf_dirichlet", x(*size, draw="positive"), x(*shape, draw="positive"), is_log=is_log)
        for shape, size in [((2, 3), (2, 4, 3)), ((3,), (5, 3))]
        for is_log in (False, True)
    ),
    case("random_pdf_normal", x(3, 4), x(3), x(3, draw="positive")),
    *(free(case(op, x(2, 3, 4, draw="positive"))) for op in ("gammaln", "gamma")),
    case("gamma", given(-2.5, -1.3, -0.4, 0.6, 3.2)),
    case("gammaln", given(-2.5, -1.3, -0.4, 0.6, 3.2, 20)),
    *(forward(case(op, given(-0.0, 0.0, -math.inf, math.inf))) for op in ("gamma", "gammaln")),
    # other types than float32
    *(forward(case("gamma", given(1, 2, 3, 20, dtype=kind))) for kind in ("int32", "int8")),
    forward(case("gammaln", given(-1e4, -1e3, -2.5, 0.5, 1e3, dtype="float16"))),
]
