"""Graph to Graph: what nets compose of several ops and Keras has one layer for. Small rules, each a function.

A rule looks at a node and at what it reads, and says what one node computes the same, or None. What it looks at stays
for whoever else reads it. Knows op names, no Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from ..graph.graph import Edge, Node
from ..graph.partial_shape import Shape
from ..graph.tracked_array import TrackedArray
from ..ops.registry import typed_attributes
from .fuse_bidirectional import both_directions
from .rewriter import GraphRewriter, both_orders

TOLERANCE = 1e-6
"""How far a constant that a file has as a decimal may be from the number that it stands for, relatively."""
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""Klambauer et al. 2017; Mathematica writes 1.6732632423543 and 1.0507009873554."""


def near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE)


# Rules: what may stand for the node that `edge` is the output of.


def through_an_axis(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """An axis in front that comes and goes round an ELU, as Mathematica 12 writes it."""
    merged = rewriter.match(edge, "Reshape", shape=(-3, -2), reverse=False)
    inner = merged and rewriter.match(merged[0], "LeakyReLU")
    data = inner and len(inner) == 1 and rewriter.match(inner[0], "expand_dims", axis=0)
    return replace(rewriter[merged[0]], name=rewriter[edge].name, inputs=data) if data else None


def leaky(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Ramp[x] - s Ramp[-x], which at 0 trains with a slope of 0: LeakyReLU would not do, with its slope of s there."""
    minus = rewriter.difference(edge)
    for above, other in (minus,) if minus else both_orders(rewriter.sum(edge)):
        data, scaled = rewriter.relu(above), rewriter.times(other)
        below = scaled and rewriter.relu(scaled[0])
        if data and below and rewriter.negative(below) == data:
            slope = scaled[1] if minus else -scaled[1]
            return Node("ramp", rewriter[edge].name, {"negative_slope": repr(slope)}, (data,)) if slope >= 0 else None
    return None


def capped(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Ramp[x + 1] - Ramp[x - 1] of a HardTanh or HardSigmoid: x + 1 between 0 and 2. A clip would not do: at 0 it
    trains."""
    ramps = rewriter.difference(edge)
    inner = ramps and [rewriter.relu(ramp) for ramp in ramps]
    shifted = inner and all(inner) and [rewriter.plus(each) for each in inner]
    if shifted and all(shifted) and shifted[0][0] == shifted[1][0] and [s for _, s in shifted] == [1, -1]:
        return Node("ramp", rewriter[edge].name, {"max_value": "2.0"}, inner[:1])
    return None


def softsign(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """x / (1 + |x|)."""
    parts = rewriter.match(edge, "elemwise_div", "broadcast_div")
    shifted = parts and rewriter.plus(parts[1])
    if shifted and shifted[1] == 1 and rewriter.match(shifted[0], "abs") == parts[:1]:
        return Node("softsign", rewriter[edge].name, {}, parts[:1])
    return None


def silu(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """x times its sigmoid, behind a factor of 1 as Gluon writes it."""
    for data, gate in both_orders(rewriter.product(edge)):
        inner = rewriter.sigmoid(gate)
        scaled = inner and rewriter.times(inner)
        if data in (inner, scaled and scaled[1] == 1 and scaled[0]):
            return Node("silu", rewriter[edge].name, {}, (data,))
    return None


def alpha_dropout(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """s (x m + (m - 1) c) of a mask m that is 0 or 1 / (1 - p): what is dropped becomes the least that a selu gives,
    and mean and variance stay (Klambauer et al. 2017). As Mathematica's layer, nothing is done at inference."""
    scaled = rewriter.times(edge)
    for dropped, shifted in both_orders(scaled and rewriter.sum(scaled[0])):
        by = rewriter.times(shifted)
        mask = by and rewriter.plus(by[0])
        node = rewriter[dropped]
        if not mask or mask != (Edge(dropped.node, 1), -1) or node.op != "Dropout" or dropped.output:
            continue
        rate, least = typed_attributes(node)["p"], SELU_ALPHA * SELU_SCALE
        keeps = (1 - rate) / math.sqrt((1 - rate) * (1 + rate * least**2))
        if near(by[1], least) and near(scaled[1], keeps) and not typed_attributes(node)["axes"]:
            return Node("alpha_dropout", rewriter[edge].name, {"p": repr(rate)}, node.inputs)
    return None


def _behind(rewriter: GraphRewriter, edge: Edge) -> Edge:
    """What was reshaped."""
    while inner := rewriter.match(edge, "Reshape"):
        edge = inner[0]
    return edge


def _mean(rewriter: GraphRewriter, edge: Edge) -> tuple[Edge, tuple[int, ...], Shape] | None:
    """x, the axes, and the shape with 1 for each of them, of a mean or of a sum over their lengths."""
    scaled = rewriter.scalar(edge, "_div_scalar")
    total = scaled[0] if scaled else edge
    data = rewriter.match(total, "sum" if scaled else "mean", exclude=False)
    shape = rewriter.shape(data[0]) if data else None
    if not shape:
        return None
    axes = tuple(sorted(a % len(shape) for a in typed_attributes(rewriter[total])["axis"] or ()))
    lengths = [shape[a] for a in axes]
    if not axes or 0 in axes or None in shape[1:] or (scaled and scaled[1] != math.prod(lengths)):
        return None
    return data[0], axes, tuple(1 if i in axes else n for i, n in enumerate(shape))


def _shown(rewriter: GraphRewriter, edge: Edge, shape: Shape) -> bool:
    """Whether an edge has a shape, the batch aside."""
    have = rewriter.shape(edge)
    return have is not None and len(have) == len(shape) and have[1:] == shape[1:]


def normalization(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """NormalizationLayer: what is left of x without its mean, over the root of the mean of its square."""
    parts = rewriter.match(edge, "broadcast_div")
    centred = parts and rewriter.difference(parts[0])
    mean = centred and _mean(rewriter, _behind(rewriter, centred[1]))
    root = mean and rewriter.match(_behind(rewriter, parts[1]), "sqrt")
    shifted = root and rewriter.plus(root[0])
    variance = shifted and _mean(rewriter, _behind(rewriter, shifted[0]))
    if not variance or rewriter.match(variance[0], "square") != parts[:1]:
        return None
    data, axes, kept = mean
    if data != centred[0] or variance[1] != axes or not all(_shown(rewriter, e, kept) for e in (centred[1], parts[1])):
        return None
    return Node("normalization", rewriter[edge].name, {"axes": repr(axes), "eps": repr(shifted[1])}, (data,))


def _along(rewriter: GraphRewriter, edge: Edge, data: Edge) -> tuple[tuple[int, ...], TrackedArray] | None:
    """The axes of `data` that a stored array has a length along, and the array of those lengths."""
    inner, shape = _behind(rewriter, edge), rewriter.shape(data)
    array, shown = rewriter.arrays.get(inner.node), rewriter.shape(edge)
    alone = all(len(rewriter.readers[e.node]) == 1 for e in (edge, inner))
    if array is None or not shape or not shown or not alone or len(shown) > len(shape):
        return None
    shown = (1,) * (len(shape) - len(shown)) + shown
    axes = tuple(i for i, n in enumerate(shown) if n != 1)
    if not axes or 0 in axes or any(shown[a] != shape[a] for a in axes):
        return None
    return axes, array.reshape(tuple(shown[a] for a in axes))


def _with_array(rewriter: GraphRewriter, one: Edge, other: Edge, role: str, name: str) -> Node | None:
    """A normalization that has a gamma or beta of its own: for each of its axes, or for each channel."""
    node = rewriter[one]
    if node.op != "normalization" or len(rewriter.readers[one.node]) != 1 or one in rewriter.graph.heads:
        return None
    found, values = _along(rewriter, other, one), typed_attributes(node)
    if found is None or len(node.inputs) != (1 if role == "gamma" else 2):
        return None
    axes, array = found
    channels = axes == (1,) and values["axes"][-1] == len(rewriter.shape(one)) - 1 and len(rewriter.shape(one)) > 2
    channels = channels and values["axes"] in (tuple(range(n, len(rewriter.shape(one)))) for n in (1, 2))
    if axes != (values["scaled"] or axes) or not (axes == values["axes"] or channels):
        return None
    stored = rewriter.array(f"{name}.{role}", array)
    return replace(node, name=name, inputs=(*node.inputs, stored), attrs={**node.attrs, "scaled": repr(axes)})


def normalization_gamma(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    pairs = both_orders(rewriter.match(edge, "broadcast_mul"))
    return next(filter(None, (_with_array(rewriter, *pair, "gamma", rewriter[edge].name) for pair in pairs)), None)


def normalization_beta(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    pairs = both_orders(rewriter.match(edge, "broadcast_add"))
    return next(filter(None, (_with_array(rewriter, *pair, "beta", rewriter[edge].name) for pair in pairs)), None)


PRODUCTS = ("dot", "_np_dot", "_npi_matmul")
"""Ops that multiply along the last axis of data and the first of a matrix."""


def dense(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Data times a stored matrix, as it is or transposed. A product over the first axis of the data is none of each
    example."""
    (data, matrix), values = rewriter[edge].inputs, typed_attributes(rewriter[edge])
    transposed = values.get("transpose_b", False)
    while turned := rewriter.match(matrix, "transpose", "_np_transpose"):
        if typed_attributes(rewriter[matrix])["axes"] not in (None, (), (1, 0)):
            return None
        (matrix,), transposed = turned, not transposed
    array = rewriter.arrays.get(matrix.node)
    if array is None or array.ndim != 2 or array.dtype.kind != "f" or data.node in rewriter.arrays:
        return None
    if values.get("transpose_a", False) or len(rewriter.shape(data) or ()) < 2:
        return None
    return Node("dense", rewriter[edge].name, {"transposed": repr(transposed)}, (data, matrix))


CHANNELS = {"FullyConnected": -1, "dense": -1, "Convolution": 1, "Deconvolution": 1}
"""Layers that may have a bias, and the axis of what they give that it lies along."""


def _given(rewriter: GraphRewriter, edge: Edge) -> Shape:
    """The shape of what a layer gives."""
    node = rewriter[edge]
    if node.op != "dense":
        return rewriter.shape(edge)
    data, weight = rewriter.shape(node.inputs[0]), rewriter.arrays[node.inputs[1].node]
    return (*data[:-1], weight.shape[0 if typed_attributes(node)["transposed"] else 1])


def _only(rewriter: GraphRewriter, edge: Edge, reader: int) -> bool:
    """Whether all that comes of an output is read by one node, and by it once."""
    while len(rewriter.readers[edge.node]) == 1 and edge not in rewriter.graph.heads:
        ((index, _),) = rewriter.readers[edge.node]
        if index == reader:
            return True
        edge = Edge(index)
    return False


def _for_each(rewriter: GraphRewriter, edge: Edge, shape: Shape, axis: int) -> bool:
    """Whether an operand has one number for each place along an axis of what has `shape`."""
    shown = rewriter.shape(edge)
    if not shape or not shown or len(shown) > len(shape):
        return False
    wanted = [1] * len(shape)
    wanted[axis] = shape[axis]
    return (*[1] * (len(shape) - len(shown)), *shown) == tuple(wanted)


def bias(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """A stored array added to what a layer gives for each of its channels is the layer's bias, unless something else
    reads the sum's parts, or the weight: layers that share one share both."""
    for given, other in both_orders(rewriter.match(edge, "elemwise_add", "broadcast_add", "_npi_add")):
        node, stored = rewriter[given], _behind(rewriter, other)
        if node.op not in CHANNELS or len(node.inputs) != 2:
            continue
        weight, array = (rewriter.arrays.get(each.node) for each in (node.inputs[1], stored))
        if weight is None or array is None:
            continue
        alone = _only(rewriter, node.inputs[1], given.node) and all(
            _only(rewriter, e, edge.node) for e in (given, stored)
        )
        alike = (weight.dtype, weight.trainable) == (array.dtype, array.trainable)
        if alone and alike and _for_each(rewriter, other, _given(rewriter, given), CHANNELS[node.op]):
            attrs = {**node.attrs, "no_bias": "False"} if "no_bias" in typed_attributes(node) else node.attrs
            own = rewriter.array(rewriter[stored].name, array.reshape((array.size,)))
            return replace(node, attrs=attrs, inputs=(*node.inputs, own))
    return None


RULES: dict[str, tuple[Callable[[GraphRewriter, Edge], Node | None], ...]] = {
    "Concat": (both_directions,),
    "Reshape": (through_an_axis,),
    "_mul_scalar": (alpha_dropout,),
    "elemwise_sub": (leaky, capped),
    "broadcast_sub": (leaky, capped),
    "elemwise_add": (leaky, bias),
    "broadcast_add": (normalization_beta, bias),
    "_npi_add": (bias,),
    **dict.fromkeys(PRODUCTS, (dense,)),
    "elemwise_div": (softsign,),
    "broadcast_div": (softsign, normalization),
    "elemwise_mul": (silu,),
    "broadcast_mul": (silu, normalization_gamma),
}
"""By the op that ends what is looked for."""


def fuse(rewriter: GraphRewriter) -> None:
    """Applies every rule, from the inputs to the heads."""
    for index, node in enumerate(rewriter.graph.nodes):
        for rule in RULES.get(node.op, ()):
            if found := rule(rewriter, Edge(index)):
                rewriter.nodes[index] = found
                break
