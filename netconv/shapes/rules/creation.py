"""Values from nothing but attributes, and shapes as values."""

from __future__ import annotations

import math

from ...graph.partial_shape import rule


@rule("_zeros", "_ones", "_full", "_random_uniform", "_random_normal")
def constant(a, ins, outs):
    """The first length is left open: in a recurrent cell's begin state it is a batch size frozen into the graph."""
    return [], [tuple(n or None if i else None for i, n in enumerate(a.shape)) if a.shape else None]


@rule("_arange")
def arange(a, ins, outs):
    start, stop = (0.0, a.start) if a.stop is None else (a.start, a.stop)
    steps = (stop - start) / a.step if a.step else math.inf
    return [], [(max(0, math.ceil(steps)) * a.repeat,) if math.isfinite(steps) else None]


@rule("_linspace")
def linspace(a, ins, outs):
    return [], [(a.num,)]


@rule("_eye")
def eye(a, ins, outs):
    return [], [(a.N, a.M or a.N)]


@rule("shape_array")
def shape_array(a, ins, outs):
    return ins, [(None if ins[0] is None else len(ins[0]),)]


@rule("size_array")
def size_array(a, ins, outs):
    return ins, [(1,)]
