"""Ops that work element by element: every output is as the inputs are, or as they are broadcast."""

from __future__ import annotations

from ...graph.partial_shape import ShapeMismatch, first, format_shape, merge, of_rank, rule

SAME = (
    "Activation BlockGrad Cast Dropout IdentityAttachKLSparseReg L2Normalization LRN LinearRegressionOutput "
    "LogisticRegressionOutput MAERegressionOutput MakeLoss SVMOutput SoftmaxActivation SoftmaxOutput _copy "
    "_contrib_div_sqrt_dim _contrib_gradientmultiplier _contrib_quadratic _identity_with_attr_like_rhs abs amp_cast "
    "arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil clip cos cosh degrees erf erfinv exp expm1 fix floor gamma "
    "gammaln hard_sigmoid log log10 log1p log2 logical_not make_loss negative ones_like radians rcbrt "
    "reciprocal relu rint round rsqrt sigmoid sign sin sinh smooth_l1 softsign sqrt square tan "
    "tanh trunc zeros_like "
    "_plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar _rdiv_scalar _mod_scalar _rmod_scalar "
    "_power_scalar _rpower_scalar _maximum_scalar _minimum_scalar _hypot_scalar _equal_scalar _not_equal_scalar "
    "_greater_scalar _greater_equal_scalar _lesser_scalar _lesser_equal_scalar _logical_and_scalar _logical_or_scalar "
    "_logical_xor_scalar _npx_relu _npx_sigmoid "
    "_contrib_quantize _contrib_quantize_v2 _contrib_dequantize _contrib_requantize _contrib_quantized_act"
).split()
NUMPY_SAME = (
    "absolute add_scalar arccos arccosh arcsin arcsinh arctan arctan2_scalar arctanh around cbrt ceil "
    "copysign_scalar cos cosh equal_scalar exp expm1 fix floor greater_equal_scalar greater_scalar isfinite "
    "isinf isnan less_equal_scalar less_scalar log log10 log1p log2 logical_not mod_scalar multiply_scalar "
    "nan_to_num negative not_equal_scalar power_scalar reciprocal rint rmod_scalar rpower_scalar rsubtract_scalar "
    "rtrue_divide_scalar sign sin sinh sqrt square subtract_scalar tan tanh true_divide_scalar trunc"
).split()
NUMPY_BROADCAST = (
    "add arctan2 copysign equal greater greater_equal hypot less less_equal mod multiply not_equal power subtract "
    "true_divide"
).split()
"""Of the numpy front end, without `_npi_`."""
ELEMENTWISE = (
    "elemwise_add elemwise_sub elemwise_mul elemwise_div add_n _maximum _minimum _mod _power _hypot _equal "
    "_not_equal _greater _greater_equal _lesser _lesser_equal _logical_and _logical_or _logical_xor"
).split()
BROADCAST = (
    "broadcast_add broadcast_sub broadcast_mul broadcast_div broadcast_mod broadcast_power broadcast_maximum "
    "broadcast_minimum broadcast_hypot broadcast_equal broadcast_not_equal broadcast_greater broadcast_greater_equal "
    "broadcast_lesser broadcast_lesser_equal broadcast_logical_and broadcast_logical_or broadcast_logical_xor"
).split() + [f"_npi_{name}" for name in NUMPY_BROADCAST]


@rule(*SAME, *(f"_npi_{name}" for name in NUMPY_SAME))
def same(a, ins, outs):
    """Output 0 is shaped as input 0; other inputs (labels, lengths) and outputs (masks) are free."""
    shape = merge(ins[0], outs[0])
    return [shape], [shape]


@rule(*ELEMENTWISE)
def elementwise(a, ins, outs):
    shape = outs[0]
    for other in ins:
        shape = merge(shape, other)
    return [shape] * len(ins), [shape]


@rule(*BROADCAST)
def broadcast(a, ins, outs):
    """A length of 1 says nothing of the other operand's; an operand of fewer axes leaves all of them to the other."""
    if None in ins:
        known, out = first(*ins), outs[0]
        if known is None or out is None or len(known) > len(out):
            return ins, outs
        wide = (1,) * (len(out) - len(known)) + known
        out = merge(out, tuple(None if n == 1 else n for n in wide))
        left = None if len(known) == len(out) else tuple(n if w == 1 else None for n, w in zip(out, wide, strict=True))
        return [left if x is None else x for x in ins], [out]
    one, two = ins
    rank = max(len(one), len(two))
    out = of_rank(outs[0], rank)
    wide = [(1,) * (rank - len(x)) + x for x in (one, two)]
    both, back = [], ([], [])
    for p, q, r in zip(*wide, out, strict=True):
        if p != q and None not in (p, q) and 1 not in (p, q):
            raise ShapeMismatch(f"inputs of shapes {format_shape(one)} and {format_shape(two)} do not broadcast")
        both.append(q if p == 1 else p if q == 1 else first(p, q))
        back[0].append(r if q == 1 else p)
        back[1].append(r if p == 1 else q)
    claims = [tuple(b[rank - len(x) :]) for b, x in zip(back, (one, two), strict=True)]
    return claims, [tuple(both)]


@rule("where")
def where(a, ins, outs):
    """The condition is shaped as the data, or says which rows."""
    shape = merge(merge(ins[1], ins[2]), outs[0])
    rows = ins[0] is not None and shape is not None and len(ins[0]) == 1
    return [shape[:1] if rows else shape if ins[0] is not None else None, shape, shape], [shape]


@rule("LeakyReLU")
def leaky_relu(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if a.act_type != "prelu" or len(ins) < 2 or shape is None or len(shape) < 2 or ins[1] in ((1,), shape):
        return [shape], [shape]
    slopes = first(shape[1], *of_rank(ins[1], 1))
    shape = (shape[0], slopes, *shape[2:])
    return [shape, (slopes,)], [shape]
