"""AttentionLayer: means of values, weighted by the scores of their keys for each query."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Symbol
from .operators import inner_net, merged, only, unmerged
from .registry import layer
from .sequences import positions

PRODUCTS = {1: "batch_dot", 2: "linalg_gemm2"}
"""The op that multiplies matrices for each example, and for each head of each example."""
LOWEST = -1e37
"""The score of a key that a query does not see."""
NONE = Symbol("None")


@layer("Attention", implied="ScoringNet")
def attention(at: Layer) -> Edge:
    """Keys (axes..., k), values (axes..., v) and queries (axes..., q) give (axes of the queries..., v). With MultiHead
    each has an axis of heads before its last one, and heads are independent of each other."""
    key, values = ("Key", "Value") if "Key" in at.inputs else ("Input", "Input")
    if not {key, values, "Query"} == set(at.inputs):
        raise at.error("must have a Query, and a Key and Value (or Input)", ", ".join(at.inputs))
    own = 2 if at.boolean("MultiHead", False) else 1
    axes = {port: len(at.shape_of(port)) - own for port in at.inputs}
    if min(axes[key], axes[values]) < 1 or axes["Query"] < 0:
        raise at.error(
            "its keys and values must be arrays of vectors, its query a vector or an array of vectors"
            f"{', each with an axis of heads before the last' if own == 2 else ''}",
            ", ".join(str(at.shape_of(port)) for port in at.inputs),
        )
    queries, keys = _by_heads(at, "Query", own), _by_heads(at, key, own)
    scores = _rescaled(at, _scores(at, queries, keys, own), key, own)
    if _is_causal(at):
        scores = _masked(at, scores, key, own)
    weights = at("softmax", scores, axis=-1)
    rate = at.number("Dropout", 0)
    if not 0 <= rate < 1:
        raise at.error("parameter Dropout must be at least 0 and less than 1", rate)
    if rate:
        weights = at("Dropout", weights, p=rate)
    out = at.main(PRODUCTS[own], weights, _by_heads(at, values, own))
    if own == 2:
        out = at("transpose", out, axes=(0, 2, 1, 3))
    return _with_axes(at, out, at.shape_of("Query")[:-own], at.shape_of(values)[-own:])


def _by_heads(at: Layer, port: str, own: int) -> Edge:
    """An input as (batch, vectors, size), or as (batch, heads, vectors, size)."""
    shape, data = at.shape_of(port), at.inputs[port]
    if len(shape) == own:
        data = at("expand_dims", data, axis=1)
    elif len(shape) > own + 1:
        if None in shape[-own:]:
            raise at.error(f"the lengths of the last axes of its input {port!r} must be known", str(shape))
        data = at("Reshape", data, shape=(0, -1, *shape[-own:]))
    return at("transpose", data, axes=(0, 2, 1, 3)) if own == 2 else data


def _with_axes(at: Layer, data: Edge, axes: tuple[int | None, ...], last: tuple[int | None, ...]) -> Edge:
    """(batch, vectors, last...) as (batch, axes..., last...)."""
    if not axes:
        return at("squeeze", data, axis=(1,))
    if len(axes) == 1:
        return data
    lengths = [-1 if n is None else n for n in (*axes, *last)]
    if lengths.count(-1) > 1:
        raise at.error("has more than one length that is not known")
    return at("Reshape", data, shape=(0, *lengths))


def _is_causal(at: Layer) -> bool:
    mask = at.parameter("Mask", NONE)
    if mask not in (NONE, "Causal"):
        raise at.error("parameter Mask must be Causal or None", mask)
    return mask == "Causal"


def _scores(at: Layer, queries: Edge, keys: Edge, own: int) -> Edge:
    """(batch, queries, keys), or (batch, heads, queries, keys). A net that is a product is applied at once, another to
    every pair of a query and a key."""
    net = at.parameter("ScoringNet")
    if net == "Dot" or _is_product(net):
        return at(PRODUCTS[own], queries, keys, transpose_b=True)
    pairs = at("expand_dims", keys, axis=own), at("expand_dims", queries, axis=own + 1)
    like = at("broadcast_like", pairs[0], pairs[1], lhs_axes=(own,), rhs_axes=(own,))
    spread = at("broadcast_like", pairs[1], pairs[0], lhs_axes=(own + 1,), rhs_axes=(own + 1,))
    fed = {"Input": merged(at, like, own + 1), "Query": merged(at, spread, own + 1)}
    return unmerged(at, only(at, inner_net(at, "ScoringNet", fed)), like, own + 1)


def _is_product(net: Any) -> bool:
    """Whether a net is a Dot of its two inputs."""
    if not isinstance(net, Mapping) or net.get("Type") != "Graph":
        return isinstance(net, Mapping) and net.get("Type") == "Dot"
    nodes = list(net["Nodes"].values())
    return len(nodes) == 1 and isinstance(nodes[0], Mapping) and nodes[0].get("Type") == "Dot"


def _rescaled(at: Layer, scores: Edge, key: str, own: int) -> Edge:
    """Scores divided by the root of the number of keys that a query sees, or of the length of its vectors."""
    rescaling = at.parameter("ScoreRescaling", NONE)
    length, size = _count(at, key, own), at.shape_of("Query")[-1]
    match rescaling:
        case Symbol("None"):
            return scores
        case "DimensionSqrt" if size is not None and size == at.shape_of(key)[-1]:
            return at("_DivScalar", scores, scalar=math.sqrt(size))
        case "DimensionSqrt":
            lengths = f"{size} and {at.shape_of(key)[-1]}"
            raise at.error("ScoreRescaling DimensionSqrt needs queries and keys of the same known length", lengths)
        case "LengthSqrt" if _is_causal(at):
            seen = at("sqrt", positions(at, scores, own, length))
            return at("broadcast_div", scores, at("Reshape", seen, shape=(*(1,) * own, -1, 1)))
        case "LengthSqrt" if length is not None:
            return at("_DivScalar", scores, scalar=math.sqrt(length))
        case "LengthSqrt":
            count = at("max", positions(at, scores, own + 1, None), axis=0, keepdims=True)
            return at("broadcast_div", scores, at("Reshape", at("sqrt", count), shape=(1,) * (own + 2)))
    raise at.error("parameter ScoreRescaling must be DimensionSqrt, LengthSqrt or None", rescaling)


def _count(at: Layer, key: str, own: int) -> int | None:
    """The number of keys; None if it is not known."""
    lengths = at.shape_of(key)[:-own]
    return None if None in lengths else math.prod(n or 1 for n in lengths)


def _masked(at: Layer, scores: Edge, key: str, own: int) -> Edge:
    """A query sees its own key and those before."""
    keys, queries = at.shape_of(key)[:-own], at.shape_of("Query")[:-own]
    if len(keys) != 1 or len(queries) != 1 or (None not in (*keys, *queries) and keys != queries):
        raise at.error("the mask Causal needs as many queries as keys, along one axis", f"{queries} and {keys}")
    examples = tuple(range(own))
    scores = at("transpose", scores, axes=(own, own + 1, *examples))
    seen = positions(at, scores, 0, queries[0])
    scores = at("SequenceMask", scores, seen, axis=1, use_sequence_length=True, value=LOWEST)
    return at("transpose", scores, axes=(*(n + 2 for n in examples), 0, 1))
