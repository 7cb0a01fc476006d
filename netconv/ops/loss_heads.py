"""Loss heads: outputs computed without a label, and their losses."""

from ..graph.partial_shape import of_rank
from ..keras_api.lazy import layers, ops
from ..kernels.layout import anywhere
from .registry import translates
from .shape_rules import as_first
from .traits import HeadLoss, Keeps


def _softmax_loss(a) -> HeadLoss:
    ignored = int(a.ignore_label) if a.use_ignore else None
    return HeadLoss("sparse_categorical_crossentropy", 1 if a.multi_output else -1, ignore_class=ignored)


@translates(
    "SoftmaxOutput",
    "Softmax",
    ignores="grad_scale normalization out_grad",
    shape=as_first,
    loss=_softmax_loss,
)
def softmax_output(
    at,
    data,
    _label=None,
    *,
    multi_output: bool = False,
    use_ignore: bool = False,
    ignore_label: float = -1.0,
    preserve_shape: bool = False,
    smooth_alpha: float = 0.0,
):
    """Along axis 1 with `multi_output`, along the last axis with `preserve_shape`, else over all axes but the batch,
    flattened."""
    if use_ignore and ignore_label != int(ignore_label):
        raise at.error("attribute 'ignore_label' must be an integer", ignore_label)
    if smooth_alpha:
        at.note(f"smooth_alpha of {at.node.name!r} is not part of the loss chosen here")
    rank = len(data.shape)
    if multi_output:
        return at.layer(layers.Softmax, axis=1 if rank > 2 else -1)(data)
    if preserve_shape or rank <= 2:
        return at.layer(layers.Softmax, axis=-1)(data)
    if None in data.shape[1:]:
        return at.layer(layers.Softmax, axis=list(range(1, rank)))(data)
    out = at.layer(layers.Softmax, axis=-1)(at.flattened(data))
    return at.reshape(out, (-1, *data.shape[1:]))


def _loss(name: str):
    return lambda a: HeadLoss(name)


@translates(
    "LogisticRegressionOutput",
    layout=anywhere,
    ignores="grad_scale",
    shape=as_first,
    loss=_loss("binary_crossentropy"),
)
def logistic_regression_output(at, data, _label=None):
    return at.layer(layers.Activation, "sigmoid")(data)


def linear(at, data, _label=None):
    return data


for _name, _error in (("Linear", "mean_squared_error"), ("MAE", "mean_absolute_error")):
    _declare = translates(
        f"{_name}RegressionOutput", layout=anywhere, ignores="grad_scale", shape=as_first, loss=_loss(_error)
    )
    _declare(linear)
translates("SVMOutput", layout=anywhere, ignores="margin regularization_coefficient use_linear", shape=as_first)(linear)


@translates("MakeLoss", layout=anywhere, ignores="grad_scale valid_thresh normalization", keeps=Keeps.ORDER)
def make_loss_layer(at, data):
    return data


@translates("make_loss", layout=anywhere, keeps=Keeps.ORDER)
def make_loss(at, data):
    return data


def _total_loss_shape(a, ins, outs):
    data = of_rank(ins[0], 2)
    return [data, data[:1]], [(1,)]


@translates("softmax_cross_entropy", shape=_total_loss_shape, labels="label")
def softmax_cross_entropy(at, data, label):
    """The sum over the batch of -log softmax(data)[label], of shape (1,)."""
    picked = ops.take_along_axis(ops.log_softmax(data, -1), ops.expand_dims(ops.cast(label, "int32"), -1), axis=-1)
    return ops.reshape(ops.negative(ops.sum(picked)), (1,))
