"""What is most likely of the shapes of inputs where the rules leave a rank open."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...graph.partial_shape import Shape, of_rank, solve
from .axes import reshape_codes
from .elementwise import BROADCAST


def _rank_two(a, ins, outs):
    """(batch, features), as many as the weight has columns or the other arrays elements."""
    lengths = [x[-1] for x in ins[1:] if x]
    return [(None, next(iter(lengths), None)) if ins[0] is None else None]


def _product(a, ins, outs):
    """Rows, as long as the matrix that they are multiplied with wants them."""
    return [(None, ins[1][-1 if a.transpose_b else 0]) if ins[0] is None and ins[1] and not a.transpose_a else None]


def _flat_already(a, ins, outs):
    return [of_rank(outs[0], 2) if ins[0] is None and of_rank(outs[0], 2)[1] is not None else None]


def _reshaped(a, ins, outs):
    codes, data = reshape_codes(a), ins[0]
    if a.reverse or codes[:1] not in ((0,), (-1,)) or len(codes) < 2 or min(codes[1:]) < 1:
        return [None]
    if data is None:
        return [(None, math.prod(codes[1:]))]
    return [(data[0], *solve(data[1:], math.prod(codes[1:])))] if len(data) > 1 and data[-1] is None else [None]


def _as_the_other(a, ins, outs):
    """Operands are shaped alike but where one has a single element; where neither is known, the first is shaped as
    what they give."""
    if ins[0] is ins[1] is None and outs[0] is not None:
        return [outs[0], None]

    def like(one: Shape, other: Shape, stored: bool) -> Shape:
        if other is None or (one is None and other in ((), (1,))):
            return one
        if one is None:  # what is stored has no batch
            one = (None,) * (len(other) + (stored and other[0] != 1))
        if len(other) > len(one):
            return one
        other = (None,) * (len(one) - len(other)) + other
        return tuple(o if i and n is None and o != 1 else n for i, (n, o) in enumerate(zip(one, other, strict=True)))

    return [like(ins[0], ins[1], a._stored[1]), like(ins[1], ins[0], a._stored[0])]


GUESSES: dict[str, Callable] = {
    "FullyConnected": _rank_two,
    "_contrib_quantized_fully_connected": _rank_two,
    "BatchNorm": _rank_two,
    "LayerNorm": _rank_two,
    "LeakyReLU": lambda a, ins, outs: _rank_two(a, ins, outs) if ins[1:] not in ([], [(1,)]) else [None],
    "Embedding": lambda a, ins, outs: [(None, None) if ins[0] is None else None],
    "Flatten": _flat_already,
    "Reshape": _reshaped,
    "dot": _product,
    "batch_dot": lambda a, ins, outs: [(None,) * 3 if x is None else None for x in ins],
    **dict.fromkeys(BROADCAST, _as_the_other),
}
"""By op: what is most likely of each input, None where nothing is; given what a rule is given."""
