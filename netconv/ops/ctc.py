"""Connectionist temporal classification loss."""

from typing import Literal

from ..graph.partial_shape import merge, of_rank
from ..keras_api.lazy import ops
from .registry import translates


def _ctc_shape(a, ins, outs):
    """One loss for each example of data (time, batch, classes), as there is one length."""
    (_, batch, _), label = of_rank(ins[0], 3), of_rank(ins[1], 2)
    (batch,) = merge((batch,), label[:1])
    return [(None, batch, None), (batch, None), *([(batch,)] * len(ins[2:]))], [(batch,)]


@translates(
    "CTCLoss",
    "ctc_loss",
    "_contrib_CTCLoss",
    "_contrib_ctc_loss",
    shape=_ctc_shape,
    labels="label data_lengths label_lengths",
)
def ctc_loss(
    at,
    data,
    label,
    data_lengths=None,
    label_lengths=None,
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: Literal["first", "last"] = "first",
):
    """Losses (batch,) of scores (time, batch, classes) for labels (batch, length), padded with 0 if the blank is the
    first class and with -1 if it is the last."""
    given = iter(x for x in (data_lengths, label_lengths) if x is not None)
    data_lengths = next(given, None) if use_data_lengths else None
    label_lengths = next(given, None) if use_label_lengths else None
    if (use_data_lengths and data_lengths is None) or (use_label_lengths and label_lengths is None):
        raise at.error("needs an input for the lengths that its attributes ask for")
    time, classes = data.shape[0], data.shape[2]
    if time is None:
        raise at.open("needs a known number of steps", tuple(data.shape))
    label = ops.cast(label, "int32")
    if label_lengths is None:
        real = ops.cast(ops.not_equal(label, 0 if blank_label == "first" else -1), "int32")
        label_lengths = ops.sum(ops.cumprod(real, 1), 1)
    label_lengths = ops.cast(label_lengths, "int32")
    if data_lengths is None:
        data_lengths = ops.full_like(label_lengths, time)
    scores = ops.log_softmax(ops.transpose(data, (1, 0, 2)), -1)
    blank = 0 if blank_label == "first" else classes - 1
    label = ops.maximum(label, 0)
    return ops.ctc_loss(label, scores, label_lengths, ops.cast(data_lengths, "int32"), mask_index=blank)
