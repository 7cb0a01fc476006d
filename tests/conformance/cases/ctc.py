"""Connectionist temporal classification loss."""

from . import case, given, x

FIRST = given(1, 2, 0, 3, 3, 1, shape=(2, 3))
LAST = given(1, 2, -1, 0, 0, 3, shape=(2, 3))
LENGTHS = given(5, 6), given(2, 1)

CASES = [
    case("CTCLoss", x(6, 2, 5), FIRST),
    case("CTCLoss", x(6, 2, 5), LAST, blank_label="last"),
    case("ctc_loss", x(6, 2, 5), FIRST, LENGTHS[0], use_data_lengths=True),
    case("ctc_loss", x(6, 2, 5), FIRST, LENGTHS[1], use_label_lengths=True),
    case("_contrib_ctc_loss", x(6, 2, 5), FIRST, *LENGTHS, use_data_lengths=True, use_label_lengths=True),
]
