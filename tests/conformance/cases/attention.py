"""Attention: matrix products on interleaved projections, (time, batch, heads x parts x depth)."""

from . import case, x

CASES = [
    case("_contrib_interleaved_matmul_selfatt_qk", x(5, 2, 24), heads=2),
    case("_contrib_interleaved_matmul_selfatt_valatt", x(5, 2, 24), x(4, 5, 5), heads=2),
    case("_contrib_interleaved_matmul_encdec_qk", x(4, 2, 8), x(5, 2, 16), heads=2),
    case("_contrib_interleaved_matmul_encdec_valatt", x(5, 2, 16), x(4, 4, 5), heads=2),
]
