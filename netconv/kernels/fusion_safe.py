"""Computations that TensorFlow would fuse wrongly when it compiles a model, written so that it does not fuse them.
Knows names of MXNet's ops, and no translation.

A fused op computes other values than the model does when it is called, or fails. So where a node could become part of
such an op, it is written differently, with the same values and gradients. The inputs of a node are followed back to the
nodes that computed them, through nodes that TensorFlow may have removed by then (Dropout, a reshape to the same shape,
a sum with 0). docs/workarounds.md lists these faults among others.
"""

from __future__ import annotations

import math

from ..keras_api.lazy import layers, ops

CONVOLUTIONS = frozenset({"Convolution", "Deconvolution", "UpSampling"})
"""Ops that TensorFlow may compute by a convolution, possibly followed by its bias."""
BARRIERS = frozenset(
    [
        *"null Activation relu sigmoid tanh softsign hard_sigmoid LeakyReLU _npx_relu _npx_sigmoid _npi_tanh".split(),
        *"silu ramp softmax log_softmax softmin SoftmaxActivation SoftmaxOutput exp log erf square sqrt rsqrt".split(),
        *"FullyConnected dot batch_dot Embedding RNN Pooling Pooling_v1 LRN L2Normalization normalization".split(),
        *"BatchNorm _contrib_SyncBatchNorm InstanceNorm LayerNorm GroupNorm _contrib_BatchNormWithReLU".split(),
        *"ROIPooling _contrib_ROIAlign _contrib_AdaptiveAvgPooling2D mean sum max min".split(),
    ]
)
"""Ops that TensorFlow never removes completely, and across which it fuses no convolution."""
SUMS = frozenset("elemwise_add elemwise_sub broadcast_add broadcast_sub add_n _npi_add _npi_subtract".split())
SCALED = frozenset(
    "_mul_scalar _div_scalar _npi_multiply_scalar _npi_true_divide_scalar negative _npi_negative".split()
)
POSSIBLE_IDENTITIES = frozenset("_plus_scalar _minus_scalar _npi_add_scalar _npi_subtract_scalar clip".split())
"""Ops that may return their input unchanged, besides those that keep elements."""
LINEAR = SUMS | SCALED
RESIZING = frozenset("mean sum max min Pooling Pooling_v1 _contrib_AdaptiveAvgPooling2D UpSampling".split())
"""Ops that return their input unchanged if all axes that they reduce have length 1, or if the scale is 1."""


def _may_be_identity(value) -> bool:
    """Whether a value may be equal to the input of its node."""
    op = value.site.node.op
    if op not in RESIZING:
        return op in POSSIBLE_IDENTITIES or value.site.keeps_elements
    before, after = value.site.values[0].shape[1:], value.shape[1:]
    if None in before:
        return True
    return math.prod(before) == math.prod(after) and (1 in before or op == "UpSampling")


def _may_be_linear(value) -> bool:
    return value.site.node.op in LINEAR or _may_be_identity(value)


def _may_be_sum(value) -> bool:
    """Whether a value may be the input of its node with something added."""
    op = value.site.node.op
    return op not in CONVOLUTIONS and (op not in BARRIERS or _may_be_identity(value))


def _producers(value, through) -> list:
    """The values that a value was computed from: its node's inputs are followed while `through(value)` is true."""
    producers, todo, seen = [], [value], set()
    while todo:
        value = todo.pop()
        if id(value.site) in seen:
            continue
        seen.add(id(value.site))
        if value.site.values and through(value):
            todo.extend(value.site.values)
        else:
            producers.append(value)
    return producers


def _adds_to_convolution(value) -> bool:
    """Whether a value may be the sum of a convolution and something else. Any op that is not in BARRIERS may be such a
    sum."""
    sums = [total for total in _producers(value, _may_be_identity) if _may_be_sum(total)]
    terms = [made for total in sums for term in total.site.values for made in _producers(term, _may_be_sum)]
    return any(term.site.node.op in CONVOLUTIONS for term in terms)


def safe_leaky_relu(at, data, slope: float):
    """A leaky ReLU: x above 0 and `slope` x elsewhere. TensorFlow replaces the slope by 0.2 if the data is a sum with a
    convolution; and Keras's layer does not accept slopes below 0."""
    if slope < 0 or _adds_to_convolution(at.values[0]):
        return ops.where(ops.greater(data, 0), data, ops.multiply(data, slope))
    return at.layer(layers.LeakyReLU, negative_slope=slope)(data)


def negated_twice(function):
    """-f(-x) for an odd function f: equal to f(x) in every bit, and not recognized as f by TensorFlow."""
    return lambda x: ops.negative(function(ops.negative(x)))


def tanh(at, function):
    """The hyperbolic tangent `function`, negated twice where it may be part of a Mish of a sum with a convolution, for
    which TensorFlow has no fused kernel, or of a GELU, whose constants TensorFlow replaces by the usual ones if they
    are within 0.01 of them."""
    for value in _producers(at.values[0], _may_be_identity):
        node, given = value.site.node, value.site.values
        softplus = node.op == "Activation" and node.attrs.get("act_type") == "softrelu"
        scaled = node.op in SCALED and _may_be_sum(given[0])
        if scaled or (softplus and _adds_to_convolution(given[0])):
            return negated_twice(function)
    return function


def may_be_multiples(at) -> bool:
    """Whether one operand may be a multiple of the other. TensorFlow compiles the maximum of the two into a leaky ReLU,
    even if the slope is above 1, or if the operands are different outputs of one node."""
    operands = [_producers(value, _may_be_identity) for value in at.values]
    first, second = (
        {id(v.site) for v in _producers(value, _may_be_linear) if v.site.values or v.site.node.op == "null"}
        for value in at.values
    )
    return first == second and any(maker.site.node.op in LINEAR for makers in operands for maker in makers)


def may_be_padded(at) -> bool:
    """Whether the first input of a node may be padded with zeros. TensorFlow merges this padding into a 3D convolution
    and then drops the convolution's own padding."""
    makers = _producers(at.values[0], _may_be_linear)
    return any(maker.site.node.op not in BARRIERS | {"Convolution"} for maker in makers)
