"""Quantised ops are shaped as those that they stand for; the ranges follow what has a shape, and say nothing."""

from __future__ import annotations

from ...graph.partial_shape import rule
from .axes import concat
from .elementwise import elementwise
from .layers import batch_norm, convolution, fully_connected


def _shaped_as(float_rule, shaped: int | None):
    """The rule of the op in floats, for the first output and the first `shaped` inputs: where it is None, for a third
    of them."""

    def apply(a, ins, outs):
        many = shaped or len(ins) // 3
        claims, made = float_rule(a, ins[:many], outs[:1])
        return claims[:many], made[:1]

    return apply


rule("_contrib_quantized_conv")(_shaped_as(convolution, 2))
rule("_contrib_quantized_fully_connected")(_shaped_as(fully_connected, 2))
rule("_contrib_quantized_batch_norm")(_shaped_as(batch_norm, 5))
rule("_contrib_quantized_elemwise_add", "_contrib_quantized_elemwise_mul")(_shaped_as(elementwise, 2))
rule("_contrib_quantized_concat")(_shaped_as(concat, None))
