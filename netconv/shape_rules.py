"""What each op says of shapes, in both directions: as MXNet infers them, and back from what is stored.

A Shape is a tuple of lengths, None for an unknown length, or None where not even the rank is known. A rule is given
the attributes of a node and what is known of the shapes of its inputs and outputs, and returns what follows for each:
a claim, which may be less than was known. A rule that cannot hold raises Misfit. Knows no graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import islice
from types import SimpleNamespace

Shape = tuple[int | None, ...] | None
Claims = tuple[Sequence[Shape], Sequence[Shape]]
Rule = Callable[[SimpleNamespace, list[Shape], list[Shape]], Claims]

NATURAL_LAYOUTS = (None, "None", "NCW", "NCHW", "NCDHW")
LARGEST = 2**63

RULES: dict[str, Rule] = {}
"""The rules by the op's name as MXNet 1.9.1 writes it; an op without one says nothing of its shapes."""


class Misfit(ValueError):
    """Shapes or attributes that cannot go together; says what, and `received` where a value is at fault."""

    def __init__(self, what: str, received=None):
        super().__init__(what)
        self.what, self.received = what, received


def rule(*names: str):
    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


# Arithmetic of shapes that are known in part.


def merge(one: Shape, two: Shape) -> Shape:
    """All that two shapes of the same thing say together. Raises Misfit where they differ."""
    if one is None or one == two:
        return two
    if two is None:
        return one
    if len(one) != len(two) or any(a != b and a is not None and b is not None for a, b in zip(one, two, strict=True)):
        raise Misfit(f"shapes {said(one)} and {said(two)} differ")
    return tuple(b if a is None else a for a, b in zip(one, two, strict=True))


def said(shape: Shape) -> str:
    """A shape in a message: (?, 3, 224, 224)."""
    return "unknown" if shape is None else str(tuple("?" if d is None else d for d in shape)).replace("'", "")


def first(*lengths: int | None) -> int | None:
    return next((n for n in lengths if n is not None), None)


def product(lengths) -> int | None:
    return None if None in lengths else math.prod(lengths)


def of_rank(shape: Shape, rank: int) -> tuple[int | None, ...]:
    """The shape if it has that rank, else one of that rank: the claim that shows the difference."""
    return shape if shape is not None and len(shape) == rank else (None,) * rank


def solve(lengths: Sequence[int | None], total: int | None) -> tuple[int | None, ...]:
    """Lengths whose product is `total`, with the one unknown length found."""
    lengths = tuple(lengths)
    if total is None:
        return lengths
    known = math.prod(n for n in lengths if n is not None)
    unknown = lengths.count(None)
    if (total % known if known else total) or (not unknown and known != total):
        raise Misfit(f"lengths {said(lengths)} do not make {total} elements")
    if unknown != 1 or not known:
        return lengths
    return tuple(total // known if n is None else n for n in lengths)


def place(axis: int, rank: int) -> int:
    """An axis counted from either end."""
    if not -rank <= axis < rank:
        raise Misfit(f"axis must be in [{-rank}, {rank})", axis)
    return axis % rank


def per_axis(name: str, value: Sequence[int], rank: int, default: int, least: int = 1) -> tuple[int, ...]:
    """An attribute with one number a spatial axis; empty means the default."""
    value = tuple(value) or (default,) * rank
    if len(value) != rank or min(value, default=least) < least:
        raise Misfit(f"attribute {name!r} must have {rank} numbers of at least {least}", value)
    return value


def conv_length(length: int | None, kernel: int, stride: int, pad: int, dilate: int = 1) -> int | None:
    """Length of a convolution's output along one axis: floor((n + 2 pad - reach) / stride) + 1."""
    return None if length is None else _fits(length + 2 * pad - dilate * (kernel - 1) - 1, length, kernel) // stride + 1


def pool_length(length: int | None, kernel: int, stride: int, pad: int, convention: str) -> int | None:
    """Length of a pooling's output along one axis: `valid` rounds down, `full` up, `same` is ceil(n / stride)."""
    if length is None:
        return None
    if convention == "same":
        return -(-length // stride)
    spare = _fits(length + 2 * pad - kernel, length, kernel)
    return (-(-spare // stride) if convention == "full" else spare // stride) + 1


def _fits(spare: int, length: int, kernel: int) -> int:
    if spare < 0:
        raise Misfit(f"the kernel of {kernel} is longer than the data", length)
    return spare


def reshape(shape: Shape, codes: Sequence[int], reverse: bool = False) -> Shape:
    """The shape that MXNet's Reshape gives: 0 copies a length, -1 infers one, -2 copies the rest, -3 merges two, -4
    splits one in the two numbers that follow; `reverse` matches from the right. Unknown lengths stay unknown. Source:
    InferReshapeShape in MXNet's src/operator/tensor/matrix_op-inl.h. Raises Misfit."""
    if reverse:
        turned = reshape(None if shape is None else shape[::-1], codes[::-1])
        return None if turned is None else turned[::-1]
    if shape is None and -2 in codes:
        return None
    source = iter(shape if shape is not None else [None] * (2 * len(codes)))
    out: list[int | None] = []
    free: list[int | None] = []  # lengths that no code copies: -1 and plain numbers share them out
    plain: list[int] = []
    infer = None
    todo = iter(codes)

    def take() -> int | None:
        try:
            return next(source)
        except StopIteration:
            raise Misfit(f"attribute 'shape' asks for more axes than {said(shape)} has", tuple(codes)) from None

    for code in todo:
        if code > 0:
            out.append(code)
            plain.append(code)
            free.extend(islice(source, 1))
        elif code == 0:
            out.append(take())
        elif code == -1:
            if infer is not None:
                raise Misfit("attribute 'shape' may have one -1", tuple(codes))
            infer = len(out)
            out.append(None)
            free.extend(islice(source, 1))
        elif code == -2:
            out.extend(source)
        elif code == -3:
            one, two = take(), take()
            out.append(product((one, two)))
        elif code == -4:
            whole, parts = take(), (next(todo, 0), next(todo, 0))
            if min(parts) < -1 or 0 in parts or parts == (-1, -1):
                raise Misfit("-4 in attribute 'shape' must be followed by two lengths", tuple(codes))
            out.extend(solve([None if p == -1 else p for p in parts], whole))
        else:
            raise Misfit("attribute 'shape' has an unknown code", code)
    if shape is not None:
        free.extend(source)
        total, fixed = product(free), math.prod(plain)
        if total is not None:
            left_over = total != fixed if infer is None else total % fixed if fixed else total
            if left_over:
                raise Misfit(f"data of shape {said(shape)} do not fit attribute 'shape'", tuple(codes))
            if infer is not None and fixed:
                out[infer] = total // fixed
    return tuple(out)


# Element by element.

SAME = (
    "Activation BlockGrad Cast Dropout IdentityAttachKLSparseReg L2Normalization LRN LinearRegressionOutput "
    "LogisticRegressionOutput MAERegressionOutput MakeLoss SVMOutput SoftmaxActivation SoftmaxOutput _copy "
    "_contrib_div_sqrt_dim _contrib_gradientmultiplier _contrib_quadratic _identity_with_attr_like_rhs abs amp_cast "
    "arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil clip cos cosh degrees erf erfinv exp expm1 fix floor gamma "
    "gammaln hard_sigmoid log log10 log1p log2 log_softmax logical_not make_loss negative ones_like radians rcbrt "
    "reciprocal relu reverse rint round rsqrt sigmoid sign sin sinh smooth_l1 softmax softmin softsign sqrt square tan "
    "tanh trunc zeros_like SequenceMask SequenceReverse "
    "_plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar _rdiv_scalar _mod_scalar _rmod_scalar "
    "_power_scalar _rpower_scalar _maximum_scalar _minimum_scalar _hypot_scalar _equal_scalar _not_equal_scalar "
    "_greater_scalar _greater_equal_scalar _lesser_scalar _lesser_equal_scalar _logical_and_scalar _logical_or_scalar "
    "_logical_xor_scalar _npx_relu _npx_sigmoid"
).split()
NUMPY_SAME = (
    "absolute add_scalar arccos arccosh arcsin arcsinh arctan arctan2_scalar arctanh around cbrt ceil "
    "copysign_scalar cos cosh equal_scalar exp expm1 fix flip floor greater_equal_scalar greater_scalar isfinite "
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
).split()


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


@rule(*BROADCAST, *(f"_npi_{name}" for name in NUMPY_BROADCAST))
def broadcast(a, ins, outs):
    one, two = ins
    if one is None or two is None:
        return ins, [None]
    rank = max(len(one), len(two))
    out = outs[0] if outs[0] is not None and len(outs[0]) == rank else (None,) * rank
    wide = [(1,) * (rank - len(x)) + x for x in (one, two)]
    both, back = [], ([], [])
    for p, q, r in zip(*wide, out, strict=True):
        if p != q and None not in (p, q) and 1 not in (p, q):
            raise Misfit(f"inputs of shapes {said(one)} and {said(two)} do not broadcast")
        both.append(q if p == 1 else p if q == 1 else first(p, q))
        back[0].append(r if q == 1 else p)
        back[1].append(r if p == 1 else q)
    claims = [tuple(b[rank - len(x) :]) for b, x in zip(back, (one, two), strict=True)]
    return claims, [tuple(both)]


@rule("where")
def where(a, ins, outs):
    shape = merge(merge(ins[1], ins[2]), outs[0])
    return [None, shape, shape], [shape]


@rule("LeakyReLU")
def leaky_relu(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if a.act_type != "prelu" or len(ins) < 2 or shape is None or len(shape) < 2 or ins[1] in ((1,), shape):
        return [shape], [shape]
    slopes = first(shape[1], *of_rank(ins[1], 1))
    shape = (shape[0], slopes, *shape[2:])
    return [shape, (slopes,)], [shape]


# Layers with parameters.


@rule("FullyConnected")
def fully_connected(a, ins, outs):
    """weight (num_hidden, fan-in); with `flatten` all axes but the first are the fan-in, else the last one is."""
    data, fan, out = ins[0], of_rank(ins[1], 2)[1], outs[0]
    if not a.flatten:
        if data is None and out is not None:
            data = (*out[:-1], None)
        if data:
            fan = first(data[-1], fan)
            data = (*data[:-1], fan)
            out = (*data[:-1], a.num_hidden)
        return [data, (a.num_hidden, fan), (a.num_hidden,)], [out]
    out = of_rank(out, 2)
    batch = out[0]
    if data:
        batch, fan = first(data[0], batch), first(product(data[1:]), fan)
        data = (batch, *_flattened(data[1:], fan))
    return [data, (a.num_hidden, fan), (a.num_hidden,)], [(batch, a.num_hidden)]


def _flattened(lengths, total):
    try:
        return solve(lengths, total)
    except Misfit:
        raise Misfit(f"{total} features cannot come of data of shape {said((None, *lengths))}") from None


@rule("Embedding")
def embedding(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = out[:-1]
    return [data, (a.input_dim, a.output_dim)], [None if data is None else (*data, a.output_dim)]


def _spatial(a, ins, outs):
    """Data, output and the attributes of a convolution, one number an axis."""
    rank = len(a.kernel)
    kernel = per_axis("kernel", a.kernel, rank, 1)
    stride, dilate = per_axis("stride", a.stride, rank, 1), per_axis("dilate", a.dilate, rank, 1)
    pad = per_axis("pad", a.pad, rank, 0, 0)
    if a.num_group < 1:
        raise Misfit("attribute 'num_group' must be at least 1", a.num_group)
    return of_rank(ins[0], rank + 2), of_rank(outs[0], rank + 2), kernel, stride, dilate, pad


def _share(number: int | None, groups: int, what: str) -> int | None:
    if number is not None and number % groups:
        raise Misfit(f"attribute 'num_group' must divide {number} {what}", groups)
    return None if number is None else number // groups


@rule("Convolution")
def convolution(a, ins, outs):
    """weight (num_filter, channels / num_group, *kernel)."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = _spatial(a, ins, outs)
    share = of_rank(ins[1], len(kernel) + 2)[1]
    channels = first(data[1], None if share is None else share * a.num_group)
    batch = first(data[0], out[0])
    sizes, back = [], []
    for n, m, k, s, d, p in zip(data[2:], out[2:], kernel, stride, dilate, pad, strict=True):
        back.append(m - 1 + d * (k - 1) + 1 - 2 * p if n is None and m is not None and s == 1 else n)
        sizes.append(conv_length(back[-1], k, s, p, d))
    weight = (a.num_filter, _share(channels, a.num_group, "channels"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@rule("Deconvolution")
def deconvolution(a, ins, outs):
    """weight (channels, num_filter / num_group, *kernel); length s (n - 1) + reach - 2 pad + adj, or target_shape."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = _spatial(a, ins, outs)
    adj = per_axis("adj", a.adj, len(kernel), 0, 0)
    batch, channels = first(data[0], out[0]), first(data[1], of_rank(ins[1], len(kernel) + 2)[0])
    sizes, back = [], []
    for n, m, k, s, d, p, e in zip(data[2:], out[2:], kernel, stride, dilate, pad, adj, strict=True):
        extra = d * (k - 1) + 1 - 2 * p + e
        if n is None and m is not None and not any(a.target_shape) and (m - extra) % s == 0:
            n = (m - extra) // s + 1
        back.append(n)
        sizes.append(None if n is None else s * (n - 1) + extra)
    if any(a.target_shape):
        sizes = per_axis("target_shape", a.target_shape, len(kernel), 0)
    if any(n is not None and n < 1 for n in sizes):
        raise Misfit(f"nothing is left of data of shape {said(data)}")
    weight = (channels, _share(a.num_filter, a.num_group, "filters"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@rule("Pooling", "Pooling_v1")
def pooling(a, ins, outs):
    if getattr(a, "layout", None) not in NATURAL_LAYOUTS:
        return ins, outs
    known = ins[0] if ins[0] is not None else outs[0]
    if not a.kernel and (not a.global_pool or known is None):
        return ins, outs
    rank = len(a.kernel) or len(known) - 2
    data, out = of_rank(ins[0], rank + 2), of_rank(outs[0], rank + 2)
    head = (first(data[0], out[0]), first(data[1], out[1]))
    if a.global_pool:
        return [(*head, *data[2:])], [(*head, *(1,) * rank)]
    kernel, stride = per_axis("kernel", a.kernel, rank, 1), per_axis("stride", a.stride, rank, 1)
    pad = per_axis("pad", a.pad, rank, 0, 0)
    sizes, back = [], []
    for n, m, k, s, p in zip(data[2:], out[2:], kernel, stride, pad, strict=True):
        if n is None and m is not None and s == 1:
            n = m if a.pooling_convention == "same" else m - 1 + k - 2 * p
        back.append(n)
        sizes.append(pool_length(n, k, s, p, a.pooling_convention))
    return [(*head, *back)], [(*head, *sizes)]


@rule("_contrib_AdaptiveAvgPooling2D")
def adaptive_pooling(a, ins, outs):
    data = of_rank(ins[0], 4)
    size = tuple(a.output_size) or (1,)
    return [data], [(*data[:2], *(size if len(size) == 2 else size[:1] * 2))]


@rule("UpSampling")
def upsampling(a, ins, outs):
    data = of_rank(ins[0], 4)
    sizes = [None if n is None else n * a.scale for n in data[2:]]
    if a.sample_type == "bilinear":
        k = 2 * a.scale - a.scale % 2
        return [data, (data[1], 1, k, k)], [(*data[:2], *sizes)]
    parts = [of_rank(x, 4) for x in ins]
    channels = [x[1] for x in parts]
    many = data[1] if a.multi_input_mode == "sum" else None if None in channels else sum(channels)
    return parts, [(data[0], many, *sizes)]


@rule("_contrib_arange_like")
def arange_like(a, ins, outs):
    if a.axis is None:
        return ins, [ins[0]]
    return ins, [(None if ins[0] is None else ins[0][place(a.axis, len(ins[0]))],)]


@rule("SpatialTransformer")
def spatial_transformer(a, ins, outs):
    data, out = of_rank(ins[0], 4), of_rank(outs[0], 4)
    data = merge(data, (out[0], out[1], None, None))
    return [data, (data[0], 6)], [(*data[:2], *(n or None for n in a.target_shape))]


@rule("BatchNorm", "_contrib_SyncBatchNorm")
def batch_norm(a, ins, outs):
    return _normalised(ins, outs, getattr(a, "axis", 1))


@rule("InstanceNorm")
def instance_norm(a, ins, outs):
    return _normalised(ins, outs, 1)


@rule("LayerNorm")
def layer_norm(a, ins, outs):
    claims, (shape, *_) = _normalised(ins, outs, a.axis)
    if shape is None:
        return claims, [None]
    axis = place(a.axis, len(shape))
    moments = (*shape[:axis], 1, *shape[axis + 1 :])
    return claims, [shape, moments, moments]


def _normalised(ins, outs, axis):
    """Every array is as long as the axis; so are the outputs after the first, mean and variance."""
    shape = merge(ins[0], outs[0])
    length = first(*(x[0] for x in ins[1:] if x is not None and len(x) == 1))
    if shape is not None:
        axis = place(axis, len(shape))
        length = first(shape[axis], length)
        shape = (*shape[:axis], length, *shape[axis + 1 :])
    return [shape, *[(length,)] * (len(ins) - 1)], [shape, (length,), (length,)]


@rule("GroupNorm")
def group_norm(a, ins, outs):
    shape = merge(ins[0], outs[0])
    moments = None if shape is None else (shape[0], a.num_groups)
    return [shape, (a.num_groups,), (a.num_groups,)], [shape, moments, moments]


GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}


@rule("RNN")
def rnn(a, ins, outs):
    """Time first. The flat vector's length is linear in the input size. Source: GetRnnParamSize in MXNet's
    src/operator/rnn-inl.h."""
    (time, batch, size), out = of_rank(ins[0], 3), of_rank(outs[0], 3)
    directions = 2 if a.bidirectional else 1
    units = a.state_size if a.projection_size is None else a.projection_size
    rows = GATES[a.mode] * a.state_size * directions
    later = rows * (units * directions + units + 2) * (a.num_layers - 1) + rows * (units + 2)
    if a.projection_size is not None:
        later += a.projection_size * a.state_size * a.num_layers * directions
    (flat,) = of_rank(ins[1], 1)
    if flat is not None and size is None and rows:
        if flat <= later or (flat - later) % rows:
            raise Misfit(f"parameters cannot have {flat} elements: they are {rows} for each input and {later} more")
        size = (flat - later) // rows
    time, batch = first(time, out[0]), first(batch, out[1])
    state, cell = ((a.num_layers * directions, batch, n) for n in (units, a.state_size))
    claims = [(time, batch, size), (None if size is None else rows * size + later,), state]
    if a.mode == "lstm":
        claims.append(cell)
    return claims, [(time, batch, units * directions), state, cell]


# Axes.


@rule("Flatten")
def flatten(a, ins, outs):
    data, (batch, features) = ins[0], of_rank(outs[0], 2)
    if data:
        batch, features = first(data[0], batch), first(product(data[1:]), features)
        data = (batch, *_flattened(data[1:], features))
    return [data], [(batch, features)]


def reshape_codes(a) -> tuple[int, ...]:
    """The codes of a Reshape, the old `target_shape` (0 infers a length) put in the same words."""
    if a.shape or not a.target_shape:
        return tuple(a.shape or ())
    codes = tuple(-1 if n == 0 else n for n in a.target_shape)
    return (0, *codes[1:]) if a.keep_highest else codes


@rule("Reshape")
def reshape_node(a, ins, outs):
    codes, data, out = reshape_codes(a), ins[0], outs[0]
    if not codes:
        return ins, outs
    claim = reshape(data, codes, a.reverse)
    if not a.reverse:
        data = merge(data, _unreshaped(out, codes))
    if data is not None and out is not None:
        if None not in out:
            data = solve(data, math.prod(out))
        elif codes[:1] == (0,) and not a.reverse and data:
            data = (data[0], *solve(data[1:], product(out[1:])))
    return [data], [claim]


def _unreshaped(out: Shape, codes) -> Shape:
    """What Reshape was given, if its codes only copy, merge and split."""
    if out is None:
        return None
    data, rest, todo = [], list(out), iter(codes)
    for code in todo:
        if code == 0 and rest:
            data.append(rest.pop(0))
        elif code == -2 and -2 not in todo:
            data, rest = data + rest, []
        elif code == -3 and rest:
            rest.pop(0)
            data += [None, None]
        elif code == -4 and len(rest) > 1:
            next(todo, None), next(todo, None)
            data.append(product((rest.pop(0), rest.pop(0))))
        else:
            return None
    return tuple(data)


@rule("_np_reshape", "_npx_reshape")
def numpy_reshape(a, ins, outs):
    """The codes of the numpy front end as Reshape's; nothing is said of its -3, which drops an axis."""
    if -3 in a.newshape or 0 in a.newshape:
        return ins, [None]
    codes = tuple({-2: 0, -4: -2, -5: -3, -6: -4}.get(code, code) for code in a.newshape)
    same = SimpleNamespace(shape=codes, reverse=getattr(a, "reverse", False), target_shape=(), keep_highest=False)
    return reshape_node(same, ins, outs)


@rule("reshape_like")
def reshape_like(a, ins, outs):
    """Axes [lhs_begin, lhs_end) of the first become axes [rhs_begin, rhs_end) of the second."""
    one, two = ins
    if one is None or two is None:
        return ins, [two if one is None and a.lhs_begin is a.lhs_end is a.rhs_begin is a.rhs_end is None else None]
    p, q = slice(a.lhs_begin, a.lhs_end).indices(len(one))[:2]
    r, s = slice(a.rhs_begin, a.rhs_end).indices(len(two))[:2]
    return ins, [(*one[:p], *two[r:s], *one[q:])]


@rule("transpose", "_np_transpose")
def transpose(a, ins, outs):
    data, out = ins[0], outs[0]
    if not a.axes and data is None and out is None:
        return ins, outs
    rank = len(a.axes or ()) or len(data if data is not None else out)
    axes = [place(axis, rank) for axis in a.axes or ()] or list(reversed(range(rank)))
    if sorted(axes) != list(range(rank)):
        raise Misfit(f"attribute 'axes' must be a permutation of 0 to {rank - 1}", a.axes)
    data = merge(of_rank(data, rank), tuple(of_rank(out, rank)[axes.index(i)] for i in range(rank)))
    return [data], [tuple(data[axis] for axis in axes)]


@rule("SwapAxis")
def swap_axis(a, ins, outs):
    def swapped(shape):
        if shape is None:
            return None
        one, two = place(a.dim1, len(shape)), place(a.dim2, len(shape))
        lengths = list(shape)
        lengths[one], lengths[two] = lengths[two], lengths[one]
        return tuple(lengths)

    data = merge(ins[0], swapped(outs[0]))
    return [data], [swapped(data)]


@rule("expand_dims")
def expand_dims(a, ins, outs):
    data, out = ins[0], outs[0]
    if out:
        axis = place(a.axis, len(out))
        data = merge(data, (*out[:axis], *out[axis + 1 :]))
    if data is None:
        return [None], [None]
    axis = place(a.axis, len(data) + 1)
    return [data], [(*data[:axis], 1, *data[axis:])]


@rule("squeeze")
def squeeze(a, ins, outs):
    data, out = ins[0], outs[0]
    if a.axis is not None and data is None and out is not None:
        rank = len(out) + len(a.axis)
        axes, left = {place(axis, rank) for axis in a.axis}, iter(out)
        data = tuple(1 if i in axes else next(left, None) for i in range(rank))
    if data is None or (a.axis is None and None in data):
        return [data], [None]
    axes = {i for i, n in enumerate(data) if n == 1} if a.axis is None else {place(i, len(data)) for i in a.axis}
    data = tuple(1 if i in axes else n for i, n in enumerate(data))
    return [data], [tuple(n for i, n in enumerate(data) if i not in axes) or (1,)]


@rule("Concat")
def concat(a, ins, outs):
    known = next((x for x in [*ins, *outs] if x is not None), None)
    if not known:
        return ins, outs
    rank = len(known)
    dim = place(a.dim, rank)
    shape = of_rank(outs[0], rank)
    for x in ins:
        x = of_rank(x, rank)
        shape = merge(shape, (*x[:dim], shape[dim], *x[dim + 1 :]))
    lengths = [of_rank(x, rank)[dim] for x in ins]
    left = lengths.count(None)
    total = sum(n for n in lengths if n is not None)
    if left and shape[dim] is not None:
        # Weights of the two directions of a layer are equally long, so several unknown lengths share what is left.
        if shape[dim] - total < left or (left > 1 and rank > 1) or (shape[dim] - total) % left:
            share = None
        else:
            share = (shape[dim] - total) // left
        lengths = [share if n is None else n for n in lengths]
    whole = None if left else total
    return [(*shape[:dim], n, *shape[dim + 1 :]) for n in lengths], [(*shape[:dim], whole, *shape[dim + 1 :])]


@rule("_npi_concatenate")
def concatenate(a, ins, outs):
    if a.axis is None:
        return ins, [of_rank(outs[0], 1)]
    return concat(SimpleNamespace(dim=a.axis), ins, outs)


@rule("stack", "_npi_stack")
def stack(a, ins, outs):
    shape, out = None, outs[0]
    if out:
        axis = place(a.axis, len(out))
        shape = (*out[:axis], *out[axis + 1 :])
    for x in ins:
        shape = merge(shape, x)
    if shape is None:
        return ins, outs
    axis = place(a.axis, len(shape) + 1)
    return [shape] * len(ins), [(*shape[:axis], len(ins), *shape[axis:])]


@rule("SliceChannel")
def slice_channel(a, ins, outs):
    """An axis in `num_outputs` equal parts; with `squeeze_axis` the axis is that long and is gone."""
    if a.num_outputs < 1:
        raise Misfit("attribute 'num_outputs' must be at least 1", a.num_outputs)
    part = None
    for out in outs:
        part = merge(part, out)
    data = ins[0]
    if data is None and part is None:
        return ins, outs
    rank = len(data) if data is not None else len(part) + a.squeeze_axis
    axis = place(a.axis, rank)
    whole = of_rank(data, rank)[axis]
    if a.squeeze_axis:
        whole = a.num_outputs
    elif whole is None and part is not None and part[axis] is not None:
        whole = part[axis] * a.num_outputs
    if whole is not None and whole % a.num_outputs:
        raise Misfit(f"attribute 'num_outputs' must divide the length {whole}", a.num_outputs)
    if part is not None:
        middle = () if a.squeeze_axis else (None,)
        data = merge(data, (*part[:axis], None, *part[axis + len(middle) :]))
    each = () if a.squeeze_axis else (None if whole is None else whole // a.num_outputs,)
    claim = (*data[:axis], *each, *data[axis + 1 :])
    return [(*data[:axis], whole, *data[axis + 1 :])], [claim] * min(len(outs), a.num_outputs)


@rule("_split_v2")
def split_v2(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    axis = place(a.axis, len(data))
    if a.sections:
        sizes = [_share(data[axis], a.sections, "elements")] * min(len(outs), a.sections)
    else:
        starts = [0, *(i for i in a.indices if i)]
        ends = [*starts[1:], data[axis]]
        sizes = [None if end is None else end - start for start, end in zip(starts, ends, strict=True)]
    middles = [() if a.squeeze_axis else (n,) for n in sizes]
    return ins, [(*data[:axis], *middle, *data[axis + 1 :]) for middle in middles]


# Cutting, padding, repeating.


@rule("slice")
def slice_node(a, ins, outs):
    data = ins[0]
    if data is None or not len(a.begin) == len(a.end) <= len(data):
        return ins, outs
    steps = (*a.step, *(None,) * (len(a.begin) - len(a.step)))
    cut = [_cut(n, b, e, s) for n, b, e, s in zip(data, a.begin, a.end, steps, strict=False)]
    return ins, [(*cut, *data[len(cut) :])]


@rule("slice_axis")
def slice_axis(a, ins, outs):
    shape = ins[0] if ins[0] is not None else outs[0]
    if shape is None:
        return ins, outs
    axis = place(a.axis, len(shape))
    out = of_rank(outs[0], len(shape))
    data = merge(of_rank(ins[0], len(shape)), (*out[:axis], None, *out[axis + 1 :]))
    length = _cut(data[axis], a.begin, a.end, None)
    if data[axis] is None and a.begin < 0 and a.end is None:
        length = -a.begin
    elif data[axis] is None and a.end is not None and (a.begin < 0) == (a.end < 0):
        length = a.end - a.begin
    return [data], [(*data[:axis], length, *data[axis + 1 :])]


def _cut(length, begin, end, step) -> int | None:
    if length is None:
        return None
    if step == 0:
        raise Misfit("attribute 'step' must not be 0", step)
    return len(range(*slice(begin, end, step).indices(length)))


@rule("slice_like")
def slice_like(a, ins, outs):
    one, two = ins
    if one is None or two is None:
        return ins, outs
    axes = {place(i, len(one)) for i in a.axes} or set(range(min(len(one), len(two))))
    return ins, [tuple(two[i] if i in axes and i < len(two) else n for i, n in enumerate(one))]


@rule("Crop")
def crop(a, ins, outs):
    data = of_rank(ins[0], 4)
    like = of_rank(ins[1], 4)[2:] if len(ins) > 1 else tuple(a.h_w)
    return [data], [(*data[:2], *like)]


@rule("Pad")
def pad(a, ins, outs):
    if len(a.pad_width) % 2:
        raise Misfit("attribute 'pad_width' must have two numbers an axis", a.pad_width)
    more = [before + after for before, after in zip(a.pad_width[::2], a.pad_width[1::2], strict=True)]
    data, out = of_rank(ins[0], len(more)), of_rank(outs[0], len(more))
    data = merge(data, tuple(None if n is None else n - m for n, m in zip(out, more, strict=True)))
    return [data], [tuple(None if n is None else n + m for n, m in zip(data, more, strict=True))]


@rule("tile")
def tile(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, outs
    rank = max(len(data), len(a.reps))
    lengths, reps = ((1,) * (rank - len(x)) + tuple(x) for x in (data, a.reps))
    return ins, [tuple(None if n is None else n * r for n, r in zip(lengths, reps, strict=True))]


@rule("repeat")
def repeat(a, ins, outs):
    data = ins[0]
    if data is None:
        return ins, [None if a.axis is not None else (None,)]
    if a.axis is None:
        total = product(data)
        return ins, [(None if total is None else total * a.repeats,)]
    axis = place(a.axis, len(data))
    return ins, [tuple(n * a.repeats if i == axis and n is not None else n for i, n in enumerate(data))]


@rule("broadcast_axis")
def broadcast_axis(a, ins, outs):
    if ins[0] is None or len(a.axis) != len(a.size):
        return ins, outs
    out = list(ins[0])
    for axis, size in zip(a.axis, a.size, strict=True):
        out[place(axis, len(out))] = size
    return ins, [tuple(out)]


@rule("broadcast_to")
def broadcast_to(a, ins, outs):
    data = of_rank(ins[0], len(a.shape))
    return ins, [tuple(n or have for n, have in zip(a.shape, data, strict=True))]


@rule("broadcast_like")
def broadcast_like(a, ins, outs):
    one, two = ins
    if a.lhs_axes is None or one is None or two is None:
        return ins, [two if a.lhs_axes is None else None]
    out = list(one)
    for p, q in zip(a.lhs_axes, a.rhs_axes or (), strict=False):
        out[place(p, len(one))] = two[place(q, len(two))]
    return ins, [tuple(out)]


@rule("depth_to_space")
def depth_to_space(a, ins, outs):
    n, c, *sizes = of_rank(ins[0], 4)
    b = max(a.block_size, 1)
    if c is not None and c % (b * b):
        raise Misfit(f"attribute 'block_size' squared must divide {c} channels", a.block_size)
    return [(n, c, *sizes)], [(n, c and c // (b * b), *(s and s * b for s in sizes))]


@rule("space_to_depth")
def space_to_depth(a, ins, outs):
    n, c, *sizes = of_rank(ins[0], 4)
    b = max(a.block_size, 1)
    return [(n, c, *sizes)], [(n, c and c * b * b, *(s and s // b for s in sizes))]


# Reductions, looking up, products.


@rule("sum", "mean", "prod", "max", "min", "nansum", "nanprod", "norm", "argmax", "argmin")
def reduction(a, ins, outs):
    """Without an axis everything is reduced to shape (1,)."""
    data, out = ins[0], outs[0]
    axes = (a.axis,) if isinstance(a.axis, int) else tuple(a.axis or ())
    exclude = getattr(a, "exclude", False) and bool(axes)
    if data is None and out is not None and axes and not exclude:
        rank = len(out) + (0 if a.keepdims else len(axes))
        gone = {place(axis, rank) for axis in axes}
        left = iter(out)
        data = tuple((a.keepdims and next(left), None)[1] if i in gone else next(left, None) for i in range(rank))
    if data is None:
        return [None], [None if a.keepdims or axes else (1,)]
    gone = {place(axis, len(data)) for axis in axes} or set(range(len(data)))
    if exclude:
        gone = set(range(len(data))) - gone
    if a.keepdims:
        return [data], [tuple(1 if i in gone else n for i, n in enumerate(data))]
    return [data], [tuple(n for i, n in enumerate(data) if i not in gone) or (1,)]


@rule("_np_sum", "_np_prod", "_np_max", "_np_min", "_npi_mean", "_npi_std", "_npi_var", "_np_all", "_np_any")
def numpy_reduction(a, ins, outs):
    """Without an axis no axis is left."""
    if a.axis is None and not a.keepdims:
        return ins, [()]
    if a.axis is not None and len(a.axis) == len(ins[0] or ()) and not a.keepdims:
        return ins, [()]
    return reduction(a, ins, outs)


@rule("moments")
def moments(a, ins, outs):
    claims, (shape,) = reduction(SimpleNamespace(axis=a.axes, keepdims=a.keepdims), ins, outs)
    return claims, [shape, shape]


@rule("softmax_cross_entropy")
def total_loss(a, ins, outs):
    return ins, [(1,)]


@rule("argmax_channel")
def argmax_channel(a, ins, outs):
    return ins, [None if ins[0] is None else (*ins[0][:1], *ins[0][2:])]


@rule("sort", "argsort", "cumsum")
def sort(a, ins, outs):
    if a.axis is None:
        return ins, [(None if ins[0] is None else product(ins[0]),)]
    return same(a, ins, outs)


@rule("topk")
def topk(a, ins, outs):
    data = ins[0]
    if a.axis is None or data is None:
        return ins, outs
    axis = place(a.axis, len(data))
    k = data[axis] if a.k < 1 or a.ret_typ == "mask" else a.k
    return ins, [(*data[:axis], k, *data[axis + 1 :])] * len(outs)


@rule("SequenceLast")
def sequence_last(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = (*out[: a.axis], None, *out[a.axis :])
    if data is None:
        return [None], [None]
    axis = place(a.axis, len(data))
    return [data], [(*data[:axis], *data[axis + 1 :])]


@rule("one_hot")
def one_hot(a, ins, outs):
    data = ins[0] if ins[0] is not None or not outs[0] else outs[0][:-1]
    return [data], [None if data is None else (*data, a.depth)]


@rule("take")
def take(a, ins, outs):
    table, index = ins
    if table is None or index is None:
        return ins, outs
    axis = place(a.axis, len(table))
    return ins, [(*table[:axis], *index, *table[axis + 1 :])]


@rule("pick")
def pick(a, ins, outs):
    data = ins[0]
    if data is None or a.axis is None:
        return ins, outs
    axis = place(a.axis, len(data))
    return ins, [(*data[:axis], *((1,) if a.keepdims else ()), *data[axis + 1 :])]


@rule("batch_take")
def batch_take(a, ins, outs):
    return ins, [ins[1]]


@rule("gather_nd")
def gather_nd(a, ins, outs):
    data, index = ins
    if data is None or not index or index[0] is None:
        return ins, outs
    return ins, [(*index[1:], *data[index[0] :])]


@rule("dot")
def dot(a, ins, outs):
    """The last axis of the first with the first axis of the second, unlike numpy."""
    one, two = ins
    if not one or not two:
        return ins, [None]
    left, p = (one[1:], one[0]) if a.transpose_a else (one[:-1], one[-1])
    right, q = (two[:-1], two[-1]) if a.transpose_b else (two[1:], two[0])
    if p is not None and q is not None and p != q:
        raise Misfit(f"inputs of shapes {said(one)} and {said(two)} have no product")
    n = first(p, q)
    claims = [(n, *left) if a.transpose_a else (*left, n), (*right, n) if a.transpose_b else (n, *right)]
    return claims, [(*left, *right) or (1,)]


@rule("batch_dot", "_linalg_gemm2")
def batch_dot(a, ins, outs):
    if getattr(a, "axis", -2) != -2:  # rows that lie elsewhere
        return ins, outs
    rank = next((len(x) for x in [*ins, *outs] if x is not None), 0)
    if rank < 2:
        return ins, outs
    one, two, out = of_rank(ins[0], rank), of_rank(ins[1], rank), of_rank(outs[0], rank)
    batch = merge(merge(one[:-2], two[:-2]), out[:-2])
    (k, m) = one[-2:] if a.transpose_a else one[:-3:-1]
    (n, q) = two[-2:] if a.transpose_b else two[:-3:-1]
    if k is not None and q is not None and k != q:
        raise Misfit(f"inputs of shapes {said(one)} and {said(two)} have no product")
    k, m, n = first(k, q), first(m, out[-2]), first(n, out[-1])
    claims = [(*batch, k, m) if a.transpose_a else (*batch, m, k), (*batch, n, k) if a.transpose_b else (*batch, k, n)]
    return claims, [(*batch, m, n)]


# Values from nothing but attributes.


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
