"""AttentionLayer: means of values, weighted by the scores of their keys for each query."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Symbol
from .operators import inner_net, merged, only
from .registry import layer

LOWEST = -1e37
"""The score of a key that a query does not see."""


@layer("Attention", implied="ScoringNet")
def attention(at: Layer) -> Edge:
    key, values = ("Key", "Value") if "Key" in at.inputs else ("Input", "Input")
    if not {key, values, "Query"} == set(at.inputs) or len(at.shape_of(key)) != 2 or len(at.shape_of(values)) != 2:
        raise at.error("must have a Query, and a Key and Value (or Input) that are sequences of vectors")
    if at.parameter("MultiHead", Symbol("False")) not in (Symbol("False"), Symbol("None")):
        raise at.error("MultiHead is not supported", at.parameter("MultiHead"))
    keys, queries, rank = at.inputs[key], at.inputs["Query"], len(at.shape_of("Query"))
    if rank not in (1, 2):
        raise at.error("its Query must be a vector or a sequence of vectors", str(at.shape_of("Query")))
    if rank == 1:
        queries = at("expand_dims", queries, axis=1)
    scores = _scores(at, queries, keys)
    causal, length = _is_causal(at), at.shape_of(key)[0]
    if at.parameter("ScoreRescaling", Symbol("None")) == "LengthSqrt":
        scores = _rescaled(at, scores, length, causal)
    elif at.parameter("ScoreRescaling", Symbol("None")) != Symbol("None"):
        raise at.error("parameter ScoreRescaling must be LengthSqrt or None", at.parameter("ScoreRescaling"))
    if causal:
        scores = _masked(at, scores, length)
    out = at.main("batch_dot", at("softmax", scores, axis=-1), at.inputs[values])
    return at("squeeze", out, axis=(1,)) if rank == 1 else out


def _is_causal(at: Layer) -> bool:
    mask = at.parameter("Mask", Symbol("None"))
    if mask not in (Symbol("None"), "Causal"):
        raise at.error("parameter Mask must be Causal or None", mask)
    return mask == "Causal"


def _scores(at: Layer, queries: Edge, keys: Edge) -> Edge:
    """(batch, queries, keys). A net that ends in a product is applied to the keys once, others to every pair."""
    net = at.net["Parameters"].get("ScoringNet")
    if net == "Dot" or _is_product(net):
        return at("batch_dot", queries, keys, transpose_b=True)
    pairs = at("expand_dims", keys, axis=1), at("expand_dims", queries, axis=2)
    like = at("broadcast_like", pairs[0], pairs[1], lhs_axes=(1,), rhs_axes=(1,))
    spread = at("broadcast_like", pairs[1], pairs[0], lhs_axes=(2,), rhs_axes=(2,))
    fed = {"Input": merged(at, like, 2), "Query": merged(at, spread, 2)}
    scores = only(at, inner_net(at, "ScoringNet", fed))
    return at("reshape_like", scores, like, lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=3)


def _is_product(net: Any) -> bool:
    """Whether a net is a Dot of its two inputs."""
    if not isinstance(net, Mapping) or net.get("Type") != "Graph":
        return isinstance(net, Mapping) and net.get("Type") == "Dot"
    nodes = net.get("Nodes", {})
    return isinstance(nodes, Mapping) and len(nodes) == 1 and next(iter(nodes.values())).get("Type") == "Dot"


def _rescaled(at: Layer, scores: Edge, length: int | None, causal: bool) -> Edge:
    """Divided by the root of the number of keys that a query sees."""
    if length is None:
        raise at.error("LengthSqrt needs keys of known number")
    if not causal:
        return at("_DivScalar", scores, scalar=math.sqrt(length))
    seen = at("sqrt", at("_arange", start=1.0, stop=float(length + 1)))
    return at("broadcast_div", scores, at("Reshape", seen, shape=(1, length, 1)))


def _masked(at: Layer, scores: Edge, length: int | None) -> Edge:
    """A query sees its own key and those before."""
    if length is None:
        raise at.error("the mask Causal needs keys of known number")
    scores = at("transpose", scores, axes=(1, 2, 0))
    seen = at("_arange", start=1.0, stop=float(length + 1))
    scores = at("SequenceMask", scores, seen, axis=1, use_sequence_length=True, value=LOWEST)
    return at("transpose", scores, axes=(2, 0, 1))
