"""Fuses several ops that compute what one layer of Keras does. Each rule is a function. Knows op names, not Keras.

A rule looks at a node and the nodes before it, and returns one node that computes the same, or None. The nodes before
it stay for other readers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from ..graph.graph import Edge, Node
from ..graph.partial_shape import Shape, count_elements
from ..graph.tracked_array import TrackedArray
from ..ops.registry import typed_attributes
from .fuse_bidirectional import fuse_bidirectional
from .rewriter import GraphRewriter, both_orders

TOLERANCE = 1e-6
"""The largest relative difference of a constant, which is a decimal in files, from the intended number."""
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""Klambauer et al. 2017; Mathematica writes 1.6732632423543 and 1.0507009873554."""


def is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE)


# Rules: the node that replaces the one with the output `edge`, or None.


def elu_with_added_axis(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """An ELU between adding an axis in front and removing it, as Mathematica 12 writes it."""
    merged = rewriter.single(edge, "Reshape", shape=(-3, -2), reverse=False)
    inner = rewriter.match(merged, "LeakyReLU")
    data = rewriter.match(inner[0], "expand_dims", axis=0) if len(inner) == 1 else ()
    return replace(rewriter[merged], name=rewriter[edge].name, inputs=data) if merged and data else None


def leaky(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Ramp[x] - s Ramp[-x]. Not a LeakyReLU, whose gradient at 0 is s instead of 0."""
    minus = rewriter.difference(edge)
    for above, other in (minus,) if minus else both_orders(rewriter.sum(edge)):
        data, scaled = rewriter.relu(above), rewriter.times(other)
        if data and scaled and rewriter.negative(rewriter.relu(scaled[0])) == data:
            slope = scaled[1] if minus else -scaled[1]
            return Node("ramp", rewriter[edge].name, {"negative_slope": repr(slope)}, (data,)) if slope >= 0 else None
    return None


def capped(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Ramp[x + 1] - Ramp[x - 1] of a HardTanh or HardSigmoid: x + 1 between 0 and 2. Not a clip, whose gradient at 0 is
    1."""
    inner = [rewriter.relu(ramp) for ramp in rewriter.difference(edge)]
    shifted = [found for found in map(rewriter.plus, inner) if found]
    same = len({data for data, _ in shifted}) == 1
    if inner and inner[0] and same and [scalar for _, scalar in shifted] == [1, -1]:
        return Node("ramp", rewriter[edge].name, {"max_value": "2.0"}, (inner[0],))
    return None


def softsign(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """x / (1 + |x|)."""
    parts = rewriter.pair(edge, "elemwise_div", "broadcast_div")
    shifted = rewriter.plus(parts[1]) if parts else None
    if shifted and shifted[1] == 1 and rewriter.match(shifted[0], "abs") == parts[:1]:
        return Node("softsign", rewriter[edge].name, {}, parts[:1])
    return None


def silu(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """x times the sigmoid of x, perhaps times a factor of 1, as Gluon writes it."""
    for data, gate in both_orders(rewriter.product(edge)):
        inner = rewriter.sigmoid(gate)
        scaled = rewriter.times(inner)
        if data == inner or (scaled and scaled == (data, 1)):
            return Node("silu", rewriter[edge].name, {}, (data,))
    return None


def alpha_dropout(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """s (x m + (m - 1) c) with a mask m of 0 or 1 / (1 - p): dropped elements get the least value of a selu, which
    keeps mean and variance (Klambauer et al. 2017). As in Mathematica, it has no effect in inference."""
    scaled = rewriter.times(edge)
    for dropped, shifted in both_orders(rewriter.sum(scaled[0])) if scaled else ():
        by = rewriter.times(shifted)
        node = rewriter[dropped]
        if not by or rewriter.plus(by[0]) != (Edge(dropped.node, 1), -1) or node.op != "Dropout" or dropped.output:
            continue
        rate, least = typed_attributes(node)["p"], SELU_ALPHA * SELU_SCALE
        scale = (1 - rate) / math.sqrt((1 - rate) * (1 + rate * least**2))
        if scaled and is_close(by[1], least) and is_close(scaled[1], scale) and not typed_attributes(node)["axes"]:
            return Node("alpha_dropout", rewriter[edge].name, {"p": repr(rate)}, node.inputs)
    return None


def _before_reshapes(rewriter: GraphRewriter, edge: Edge) -> Edge:
    """The input of a chain of Reshapes."""
    while inner := rewriter.single(edge, "Reshape"):
        edge = inner
    return edge


def _mean(rewriter: GraphRewriter, edge: Edge) -> tuple[Edge, tuple[int, ...], Shape] | None:
    """x, the axes, and the shape with these axes at length 1, for a mean or a sum divided by the number of elements."""
    scaled = rewriter.scalar(edge, "_div_scalar")
    total = scaled[0] if scaled else edge
    data = rewriter.single(total, "sum" if scaled else "mean", exclude=False)
    shape = rewriter.shape(data) if data else None
    if not data or not shape:
        return None
    axes = tuple(sorted(a % len(shape) for a in typed_attributes(rewriter[total])["axis"] or ()))
    if not axes or 0 in axes or None in shape[1:] or (scaled and scaled[1] != count_elements([shape[a] for a in axes])):
        return None
    return data, axes, tuple(1 if i in axes else n for i, n in enumerate(shape))


def _has_shape(rewriter: GraphRewriter, edge: Edge, shape: Shape) -> bool:
    """Whether an edge has this shape, except for the batch axis."""
    found = rewriter.shape(edge)
    return found is not None and shape is not None and len(found) == len(shape) and found[1:] == shape[1:]


def normalization(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """NormalizationLayer: x minus its mean, divided by its standard deviation."""
    parts = rewriter.pair(edge, "broadcast_div")
    centered = rewriter.difference(parts[0]) if parts else ()
    if not parts or not centered:
        return None
    mean = _mean(rewriter, _before_reshapes(rewriter, centered[1]))
    shifted = rewriter.plus(rewriter.single(_before_reshapes(rewriter, parts[1]), "sqrt"))
    variance = _mean(rewriter, _before_reshapes(rewriter, shifted[0])) if shifted else None
    if not mean or not shifted or not variance or rewriter.single(variance[0], "square") != parts[0]:
        return None
    data, axes, kept = mean
    if (
        data != centered[0]
        or variance[1] != axes
        or not all(_has_shape(rewriter, e, kept) for e in (centered[1], parts[1]))
    ):
        return None
    return Node("normalization", rewriter[edge].name, {"axes": repr(axes), "eps": repr(shifted[1])}, (data,))


def _scaled_axes(rewriter: GraphRewriter, edge: Edge, data: Edge) -> tuple[tuple[int, ...], TrackedArray] | None:
    """The axes of `data` along which a stored array is not broadcast, and the array with these axes only."""
    inner, shape = _before_reshapes(rewriter, edge), rewriter.shape(data)
    array, shown = rewriter.arrays.get(inner.node), rewriter.shape(edge)
    exclusive = all(len(rewriter.readers[e.node]) == 1 for e in (edge, inner))
    if array is None or not shape or not shown or not exclusive or len(shown) > len(shape):
        return None
    shown = (1,) * (len(shape) - len(shown)) + shown
    axes = tuple(i for i, n in enumerate(shown) if n != 1)
    if not axes or 0 in axes or any(shown[a] != shape[a] for a in axes):
        return None
    return axes, array.reshape(tuple(shown[a] for a in axes))


def _with_array(rewriter: GraphRewriter, one: Edge, other: Edge, role: str, name: str) -> Node | None:
    """A normalization with a gamma or beta for its axes or for the channels."""
    node = rewriter[one]
    if node.op != "normalization" or len(rewriter.readers[one.node]) != 1 or one in rewriter.graph.heads:
        return None
    found, values = _scaled_axes(rewriter, other, one), typed_attributes(node)
    if found is None or len(node.inputs) != (1 if role == "gamma" else 2):
        return None
    axes, array = found
    rank = len(rewriter.shape(one) or ())
    channels = axes == (1,) and rank > 2 and values["axes"] in (tuple(range(1, rank)), tuple(range(2, rank)))
    if axes != (values["scaled"] or axes) or not (axes == values["axes"] or channels):
        return None
    stored = rewriter.array(f"{name}.{role}", array)
    return replace(node, name=name, inputs=(*node.inputs, stored), attrs={**node.attrs, "scaled": repr(axes)})


def normalization_gamma(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    pairs = both_orders(rewriter.pair(edge, "broadcast_mul"))
    return next(filter(None, (_with_array(rewriter, *pair, "gamma", rewriter[edge].name) for pair in pairs)), None)


def normalization_beta(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    pairs = both_orders(rewriter.pair(edge, "broadcast_add"))
    return next(filter(None, (_with_array(rewriter, *pair, "beta", rewriter[edge].name) for pair in pairs)), None)


PRODUCTS = ("dot", "_np_dot", "_npi_matmul")
"""Ops that multiply along the last axis of data and the first of a matrix."""


def dense(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """Data times a stored matrix, transposed or not; not over the first axis of the data, which is the batch."""
    (data, matrix), values = rewriter[edge].inputs, typed_attributes(rewriter[edge])
    transposed = values.get("transpose_b", False)
    while turned := rewriter.single(matrix, "transpose", "_np_transpose"):
        if typed_attributes(rewriter[matrix])["axes"] not in (None, (), (1, 0)):
            return None
        matrix, transposed = turned, not transposed
    array = rewriter.arrays.get(matrix.node)
    if array is None or array.ndim != 2 or array.dtype.kind != "f" or data.node in rewriter.arrays:
        return None
    if values.get("transpose_a", False) or len(rewriter.shape(data) or ()) < 2:
        return None
    return Node("dense", rewriter[edge].name, {"transposed": repr(transposed)}, (data, matrix))


CHANNELS = {"FullyConnected": -1, "dense": -1, "Convolution": 1, "Deconvolution": 1}
"""Layers that may have a bias, and the axis of their output along which it is added."""


def _layer_shape(rewriter: GraphRewriter, edge: Edge) -> Shape:
    """The shape of the output of a layer."""
    node = rewriter[edge]
    if node.op != "dense":
        return rewriter.shape(edge)
    data, weight = rewriter.shape(node.inputs[0]), rewriter.arrays[node.inputs[1].node]
    units = weight.shape[0 if typed_attributes(node)["transposed"] else 1]
    return None if data is None else (*data[:-1], units)


def _read_only_by(rewriter: GraphRewriter, edge: Edge, reader: int) -> bool:
    """Whether an output is read only by the node `reader`, directly or through a chain of nodes."""
    while len(rewriter.readers[edge.node]) == 1 and edge not in rewriter.graph.heads:
        ((index, _),) = rewriter.readers[edge.node]
        if index == reader:
            return True
        edge = Edge(index)
    return False


def _is_per_channel(rewriter: GraphRewriter, edge: Edge, shape: Shape, axis: int) -> bool:
    """Whether an operand of data of this `shape` has one element for each index along an axis."""
    shown = rewriter.shape(edge)
    if not shape or not shown or len(shown) > len(shape):
        return False
    expected: list[int | None] = [1] * len(shape)
    expected[axis] = shape[axis]
    return [1] * (len(shape) - len(shown)) + list(shown) == expected


def bias(rewriter: GraphRewriter, edge: Edge) -> Node | None:
    """A stored array with one element per channel that is added to the output of a layer becomes its bias, unless other
    nodes read the summands or the weight: layers that share a weight would share the bias too."""
    for output, other in both_orders(rewriter.pair(edge, "elemwise_add", "broadcast_add", "_npi_add")):
        node, stored = rewriter[output], _before_reshapes(rewriter, other)
        if node.op not in CHANNELS or len(node.inputs) != 2:
            continue
        weight, array = (rewriter.arrays.get(each.node) for each in (node.inputs[1], stored))
        if weight is None or array is None:
            continue
        exclusive = _read_only_by(rewriter, node.inputs[1], output.node) and all(
            _read_only_by(rewriter, e, edge.node) for e in (output, stored)
        )
        same_type = (weight.dtype, weight.trainable) == (array.dtype, array.trainable)
        if (
            exclusive
            and same_type
            and _is_per_channel(rewriter, other, _layer_shape(rewriter, output), CHANNELS[node.op])
        ):
            attrs = {**node.attrs, "no_bias": "False"} if "no_bias" in typed_attributes(node) else node.attrs
            own = rewriter.array(rewriter[stored].name, array.reshape((array.size,)))
            return replace(node, attrs=attrs, inputs=(*node.inputs, own))
    return None


RULES: dict[str, tuple[Callable[[GraphRewriter, Edge], Node | None], ...]] = {
    "Concat": (fuse_bidirectional,),
    "Reshape": (elu_with_added_axis,),
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
"""The rules by the op of the last node of their pattern."""


def fuse(rewriter: GraphRewriter) -> None:
    """Applies every rule, from the inputs to the heads."""
    for index, node in enumerate(rewriter.graph.nodes):
        for rule in RULES.get(node.op, ()):
            if found := rule(rewriter, Edge(index)):
                rewriter.nodes[index] = found
                break
