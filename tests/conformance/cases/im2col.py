"""im2col and col2im: from an image to the patches that a kernel reads, as columns, and back."""

from . import case, x

CASES = [
    case("im2col", x(2, 3, 6, 6), kernel=(3, 3), stride=(2, 2), dilate=(1, 1), pad=(1, 1)),
    case("im2col", x(2, 3, 6, 5), kernel=(2, 3)),
    case("col2im", x(2, 27, 9), output_size=(6, 6), kernel=(3, 3), stride=(2, 2), dilate=(1, 1), pad=(1, 1)),
    case("col2im", x(2, 12, 20), output_size=(5, 6), kernel=(2, 2)),
]
