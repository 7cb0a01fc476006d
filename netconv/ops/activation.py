"""Activation functions, the softmax family and dropout."""

from typing import Literal

from ..graph.attributes import ElementType, Ints
from ..graph.partial_shape import first_known, merge, normalize_axis, of_rank
from ..graph.tracked_array import TrackedArray
from ..keras_api.lazy import layers, ops
from ..kernels.elementwise import gelu
from ..kernels.fusion_safe import safe_leaky_relu, tanh
from ..kernels.layout import along, anywhere, as_they_are, channels_last, natural
from ..kernels.positions import index_grid
from ..kernels.rounding import in_operand_dtype, is_integer
from .registry import translates
from .shape_rules import as_first, two_axes
from .traits import HeadLoss, Keeps

CLASSES, YES_OR_NO = "sparse_categorical_crossentropy", HeadLoss("binary_crossentropy")
_ACTIVATIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "softrelu": "softplus", "softsign": "softsign"}


@translates("Activation", layout=anywhere, loss=lambda a: YES_OR_NO if a.act_type == "sigmoid" else None)
def activation(at, data, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]):
    if act_type == "relu":
        return at.layer(layers.ReLU)(data)
    layer = at.layer(layers.Activation, _ACTIVATIONS[act_type])
    return tanh(at, layer)(data) if act_type == "tanh" else layer(data)


@translates("relu", layout=anywhere, exact=True)
@translates("_npx_relu", layout=anywhere, exact=True)
def relu(at, data):
    return at.layer(layers.ReLU)(data)


def _register_activations(*names: str, loss=None):
    def translate(at, data):
        if is_integer(data):
            return in_operand_dtype(getattr(ops, names[0]))(data)
        return at.layer(layers.Activation, names[0])(data)

    for name in names:
        translates(name, layout=anywhere, loss=loss)(translate)


_register_activations("sigmoid", "_npx_sigmoid", loss=lambda a: YES_OR_NO)
_register_activations("softsign")


@translates("tanh", layout=anywhere)
def tanh_(at, data):
    if is_integer(data):
        return in_operand_dtype(ops.tanh)(data)
    return tanh(at, at.layer(layers.Activation, "tanh"))(data)


@translates("hard_sigmoid", layout=anywhere)
def hard_sigmoid(at, data, *, alpha: float = 0.2, beta: float = 0.5):
    """clip(alpha x + beta, 0, 1); Keras's has a slope of 1/6."""
    return ops.clip(ops.add(ops.multiply(data, alpha), beta), 0.0, 1.0)


def _leaky(site, values, attributes):
    """Elementwise in any layout; the gamma of prelu is along axis 1."""
    if attributes["act_type"] != "prelu":
        if len(values) > 1:
            raise site.error("only act_type 'prelu' has the input gamma", attributes["act_type"])
        return anywhere(site, values, attributes)
    data = values[0]
    order = channels_last(data.rank) if data.rank > 1 else natural(data.rank)
    return [data.to(order), *(v and v.natural() for v in values[1:])], attributes, order


def _leaky_shape(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if a.act_type != "prelu" or len(ins) < 2 or shape is None or len(shape) < 2 or ins[1] in ((1,), shape):
        return [shape], [shape]
    slopes = first_known(shape[1], *of_rank(ins[1], 1))
    shape = (shape[0], slopes, *shape[2:])
    return [shape, (slopes,)], [shape]


def _leaky_guess(a, ins, outs):
    return two_axes(a, ins, outs) if ins[1:] not in ([], [(1,)]) else [None]


@translates("LeakyReLU", layout=_leaky, shape=_leaky_shape, likely=_leaky_guess)
def leaky_relu(
    at,
    data,
    gamma: TrackedArray | None = None,
    *,
    act_type: Literal["elu", "gelu", "leaky", "prelu", "rrelu", "selu"] = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
):
    """rrelu uses its mean slope, as at inference; the gamma of prelu has one slope for each channel, or one for all."""
    if act_type == "rrelu":
        slope = (lower_bound + upper_bound) / 2
    if act_type in ("leaky", "rrelu"):
        return safe_leaky_relu(at, data, slope)
    if act_type == "elu":
        return at.layer(layers.ELU, alpha=slope)(data)
    if act_type == "selu":
        return _selu(at, data)
    if act_type == "gelu":
        return gelu(data)
    if gamma is None:
        raise at.error("act_type 'prelu' needs the input gamma")
    rank, channels = len(data.shape), data.shape[-1]
    if at.can_own(gamma) and gamma.size in (1, channels) and rank > 1:
        shared = tuple(range(1, rank - 1 if gamma.size == channels else rank))
        alpha = gamma.reshape((*(1,) * (rank - 2), gamma.size))
        return at.layer(layers.PReLU, shared_axes=shared or None, weights={"alpha": alpha})(data)
    slopes = at.tensor(gamma)
    if len(slopes.shape) == rank and rank > 2:
        slopes = ops.transpose(slopes, channels_last(rank))
    return ops.where(ops.greater(data, 0), data, ops.multiply(data, slopes))


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
"""The constants of selu (Klambauer et al. 2017)."""


def _selu(at, data):
    """MXNet's gradient below 0 is scale (alpha + selu(x)), although the derivative is scale alpha + selu(x). The
    trainable part here is x times MXNet's slope; the difference to the value has no gradient."""
    out = at.layer(layers.Activation, "selu")(data)
    slope = ops.where(ops.greater(data, 0), ops.full_like(data, SCALE), ops.multiply(ops.add(out, ALPHA), SCALE))
    line = ops.multiply(ops.subtract(data, ops.stop_gradient(data)), ops.stop_gradient(slope))
    return ops.add(ops.stop_gradient(out), line)


def _softmax_layout(site, values, attributes):
    """With a length, rows are masked in MXNet's order of axes."""
    if len(values) > 1:
        return [v.natural() for v in values], attributes, None
    return along("axis")(site, values, attributes)


def _masked(at, data, length, axis):
    """Adds minus infinity at indices from `length` on; returns the mask too."""
    mask = ops.less(index_grid(data, axis), ops.expand_dims(ops.cast(length, "int32"), axis))
    return ops.where(mask, data, ops.full_like(data, -1e30)), mask


def _softmax(at, data, length, axis, temperature, use_length, dtype):
    axis = at.axis(axis, len(data.shape))
    if temperature not in (None, 1.0):
        data = ops.divide(data, temperature)
    mask = None
    if use_length:
        if length is None:
            raise at.error("use_length needs the input length")
        data, mask = _masked(at, data, length, axis)
    if dtype not in (None, "None", str(data.dtype)):
        data = ops.cast(data, dtype)
    return data, axis if axis < len(data.shape) - 1 else -1, mask


def _dtype_config(dtype) -> dict[str, str]:
    return {} if dtype is None else {"dtype": dtype}


def _softmax_shape(a, ins, outs):
    """A length, if given, is for each row along the axis."""
    shape = merge(ins[0], outs[0])
    if shape is None:
        return ins, [None]
    axis = normalize_axis(a.axis, len(shape))
    if len(ins) < 2:
        return [shape], [shape]
    rows = merge((*shape[:axis], *shape[axis + 1 :]), ins[1])
    shape = (*rows[:axis], shape[axis], *rows[axis:])
    return [shape, rows], [shape]


@translates("softmax", layout=_softmax_layout, shape=_softmax_shape, loss=lambda a: HeadLoss(CLASSES, a.axis))
def softmax(
    at,
    data,
    length=None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: ElementType | None = None,
):
    data, axis, mask = _softmax(at, data, length, axis, temperature, use_length, dtype)
    out = at.layer(layers.Softmax, axis=axis, **_dtype_config(dtype))(data)
    return out if mask is None else ops.where(mask, out, ops.zeros_like(out))


@translates(
    "log_softmax",
    layout=_softmax_layout,
    shape=_softmax_shape,
    loss=lambda a: HeadLoss(CLASSES, a.axis, from_logits=True),
)
def log_softmax(
    at,
    data,
    length=None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: ElementType | None = None,
):
    data, axis, mask = _softmax(at, data, length, axis, temperature, use_length, dtype)
    out = ops.log_softmax(data, axis)
    return out if mask is None else ops.where(mask, out, ops.zeros_like(out))


@translates("softmin", layout=_softmax_layout, shape=_softmax_shape)
def softmin(
    at,
    data,
    length=None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: ElementType | None = None,
):
    data, axis, mask = _softmax(at, ops.negative(data), length, axis, temperature, use_length, dtype)
    out = at.layer(layers.Softmax, axis=axis, **_dtype_config(dtype))(data)
    return out if mask is None else ops.where(mask, out, ops.zeros_like(out))


@translates(
    "SoftmaxActivation",
    layout=as_they_are,
    shape=as_first,
    loss=lambda a: HeadLoss(CLASSES, 1 if a.mode == "channel" else -1),
)
def softmax_activation(at, data, *, mode: Literal["channel", "instance"] = "instance"):
    """`channel` is along axis 1; `instance` along the last axis (MXNet flattens all axes before it to rows), but its
    gradient is summed along axis 1 in that case too."""
    rank = data.rank
    axis = 1 if mode == "channel" else rank - 1
    order = data.order if isinstance(data.order, tuple) else natural(rank)
    tensor, position = data.to(order), order.index(axis)
    out = at.layer(layers.Softmax, axis=position if position < rank - 1 else -1)(tensor)
    if mode == "instance" and rank > 2:
        fixed = ops.stop_gradient(out)
        total = ops.sum(ops.multiply(fixed, tensor), order.index(1), keepdims=True)
        line = ops.multiply(fixed, ops.subtract(tensor, total))
        out = ops.add(ops.stop_gradient(ops.subtract(out, line)), line)
    return at.ordered(out, order)


@translates("Dropout", layout=anywhere, keeps=Keeps.ORDER, outputs=2)
def dropout(at, data, *, p: float = 0.5, mode: Literal["always", "training"] = "training", axes: Ints = ()):
    """Mathematica writes every dropout with mode `always`; here it is active in training only. Axes in `axes` share one
    mask. Output 1 is what the data are multiplied with."""
    if not 0 <= p < 1:
        raise at.error("attribute 'p' must be in [0, 1)", p)
    if mode == "always":
        at.note("Dropout with mode 'always' drops in training only, as Mathematica's layer does")
    shape = None
    if axes:
        order = at.values[0].order if at.values[0].tensor is data else tuple(range(len(data.shape)))
        shared = {order.index(a % len(order)) for a in axes}
        shape = tuple(1 if i in shared else None for i in range(len(data.shape)))
    layer = at.layer(layers.Dropout, p, noise_shape=shape, seed=at.index)
    if 1 not in at.used:
        return layer(data)
    mask = layer(ops.ones_like(data))
    return ops.multiply(data, mask), mask
