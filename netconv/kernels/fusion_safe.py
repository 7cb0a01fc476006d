"""What TensorFlow makes one op of when it compiles a model, and then computes otherwise than when the model is called,
or not at all; and what is written instead, of the same values and gradients, where a node could become a part of that.

It looks at ops, not at names: what a node reads is followed to the nodes that made it, through what may be gone when
TensorFlow looks (Dropout, a reshape to the same shape, a sum with 0). docs/workarounds.md has all faults, these among
them. Knows ops of MXNet.
"""

from __future__ import annotations

import math

from ..keras_api.lazy import layers, ops

CONVOLVING = frozenset({"Convolution", "Deconvolution", "UpSampling"})
"""Ops that TensorFlow may see as a convolution, with a bias of its own at most."""
COMPUTING = frozenset(
    [
        *"null Activation relu sigmoid tanh softsign hard_sigmoid LeakyReLU _npx_relu _npx_sigmoid _npi_tanh".split(),
        *"silu ramp softmax log_softmax softmin SoftmaxActivation SoftmaxOutput exp log erf square sqrt rsqrt".split(),
        *"FullyConnected dot batch_dot Embedding RNN Pooling Pooling_v1 LRN L2Normalization normalization".split(),
        *"BatchNorm _contrib_SyncBatchNorm InstanceNorm LayerNorm GroupNorm _contrib_BatchNormWithReLU".split(),
        *"ROIPooling _contrib_ROIAlign _contrib_AdaptiveAvgPooling2D mean sum max min".split(),
    ]
)
"""Ops of which something is left in every model, and through which no convolution is fused."""
SUMS = frozenset("elemwise_add elemwise_sub broadcast_add broadcast_sub add_n _npi_add _npi_subtract".split())
SCALED = frozenset(
    "_mul_scalar _div_scalar _npi_multiply_scalar _npi_true_divide_scalar negative _npi_negative".split()
)
VANISHING = frozenset("_plus_scalar _minus_scalar _npi_add_scalar _npi_subtract_scalar clip".split())
"""Ops that compute and may change nothing all the same, beside those that keep elements."""
LINEAR = SUMS | SCALED
RESIZING = frozenset("mean sum max min Pooling Pooling_v1 _contrib_AdaptiveAvgPooling2D UpSampling".split())
"""Ops that may change nothing where there is nothing to reduce, or to enlarge."""


def _vanishing(value) -> bool:
    """Whether a value may be just what its node read."""
    op = value.site.node.op
    if op not in RESIZING:
        return op in VANISHING or value.site.keeps_elements
    before, after = value.site.values[0].shape[1:], value.shape[1:]
    if None in before:
        return True
    return math.prod(before) == math.prod(after) and (1 in before or op == "UpSampling")


def _linear(value) -> bool:
    return value.site.node.op in LINEAR or _vanishing(value)


def _changing(value) -> bool:
    """Whether a value may be made of additions to what its node read."""
    op = value.site.node.op
    return op not in CONVOLVING and (op not in COMPUTING or _vanishing(value))


def _makers(value, through) -> list:
    """The values that a value is made of, back to those of which `through` does not say that they are made of what
    their nodes read."""
    found, todo, seen = [], [value], set()
    while todo:
        value = todo.pop()
        if id(value.site) in seen:
            continue
        seen.add(id(value.site))
        if value.site.values and through(value):
            todo.extend(value.site.values)
        else:
            found.append(value)
    return found


def _adds_to_convolution(value) -> bool:
    """Whether a value may be the sum of a convolution and something else. Any op that is not known to come between
    the two may be such a sum."""
    sums = [total for total in _makers(value, _vanishing) if _changing(total)]
    terms = [maker for total in sums for term in total.site.values for maker in _makers(term, _changing)]
    return any(term.site.node.op in CONVOLVING for term in terms)


def leaky(at, data, slope: float):
    """x above 0 and `slope` x elsewhere. Of a sum with a convolution TensorFlow makes a leaky ReLU of slope 0.2; and
    Keras's layer refuses slopes below 0."""
    if slope < 0 or _adds_to_convolution(at.values[0]):
        return ops.where(ops.greater(data, 0), data, ops.multiply(data, slope))
    return at.layer(layers.LeakyReLU, negative_slope=slope)(data)


def mirrored(function):
    """-f(-x) of an odd function f, which is f(x) to the last bit."""
    return lambda x: ops.negative(function(ops.negative(x)))


def tanh(at, function):
    """The hyperbolic tangent `function`, mirrored where it may be that of a Mish of a sum with a convolution, which
    TensorFlow fuses and has no kernel for, or that of a GELU, whose constants TensorFlow takes for the usual ones if
    they are as near as 0.01."""
    for value in _makers(at.values[0], _vanishing):
        node, given = value.site.node, value.site.values
        softplus = node.op == "Activation" and node.attrs.get("act_type") == "softrelu"
        scaled = node.op in SCALED and _changing(given[0])
        if scaled or (softplus and _adds_to_convolution(given[0])):
            return mirrored(function)
    return function


def multiples(at) -> bool:
    """Whether one operand may be the other times a number: TensorFlow takes their maximum for a leaky ReLU with that
    slope, be it above 1, and any two outputs of one node for the same."""
    operands = [_makers(value, _vanishing) for value in at.values]
    first, second = (
        {id(v.site) for v in _makers(value, _linear) if v.site.values or v.site.node.op == "null"}
        for value in at.values
    )
    return first == second and any(maker.site.node.op in LINEAR for makers in operands for maker in makers)


def padded(at) -> bool:
    """Whether what a node reads first may be padded with zeros: TensorFlow merges them into a convolution in three
    dimensions, and forgets the zeros that the convolution itself puts around its data."""
    makers = _makers(at.values[0], _linear)
    return any(maker.site.node.op not in COMPUTING | {"Convolution"} for maker in makers)
