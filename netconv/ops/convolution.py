"""Convolutions, channels-last."""

from ..graph.attributes import Ints
from ..graph.partial_shape import NATURAL_LAYOUTS, convolution_length, equal_part, first_known, of_rank, window
from ..graph.tracked_array import TrackedArray
from ..kernels.convolution import check_layout, convolve, layers_or_tensors, per_axis, same_or_padded
from ..kernels.layout import spatial
from .registry import translates


def _convolution_shape(a, ins, outs):
    """weight (num_filter, channels / num_group, *kernel)."""
    if a.layout not in NATURAL_LAYOUTS:
        return ins, outs
    data, out, kernel, stride, dilate, pad = window(a, ins[0], outs[0])
    share = of_rank(ins[1], len(kernel) + 2)[1]
    channels = first_known(data[1], None if share is None else share * a.num_group)
    batch = first_known(data[0], out[0])
    sizes, back = [], []
    for n, m, k, s, d, p in zip(data[2:], out[2:], kernel, stride, dilate, pad, strict=True):
        back.append(m - 1 + d * (k - 1) + 1 - 2 * p if n is None and m is not None and s == 1 else n)
        sizes.append(convolution_length(back[-1], k, s, p, d))
    equal_part(a.num_filter, a.num_group, "filters")
    weight = (a.num_filter, equal_part(channels, a.num_group, "channels"), *kernel)
    return [(batch, channels, *back), weight, (a.num_filter,)], [(batch, a.num_filter, *sizes)]


@translates("Convolution", "Convolution_v1", layout=spatial, shape=_convolution_shape)
def convolution(
    at,
    data,
    weight: TrackedArray,
    bias: TrackedArray | None = None,
    *,
    kernel: Ints,
    num_filter: int,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    no_bias: bool = False,
    layout: str | None = None,
):
    """MXNet's weight is (out, in / groups, *kernel), Keras's kernel (*kernel, in / groups, out)."""
    check_layout(at, layout)
    rank = len(kernel)
    if len(data.shape) != rank + 2:
        raise at.error(f"data must have {rank + 2} axes for a kernel of {rank}", len(data.shape))
    stride, dilate = per_axis(at, "stride", stride, rank, 1), per_axis(at, "dilate", dilate, rank, 1)
    pad = per_axis(at, "pad", pad, rank, 0)
    bias = None if no_bias else bias
    channels = data.shape[-1]
    if isinstance(weight, TrackedArray):
        wanted = (num_filter, (channels or weight.shape[1] * num_group) // num_group, *kernel)
        if weight.shape != wanted:
            raise at.error(f"weight must have shape {wanted}", weight.shape)
    data, padding = same_or_padded(at, data, kernel, stride, dilate, pad)
    weight, bias = layers_or_tensors(at, weight, bias)
    return convolve(at, data, weight, bias, num_group, stride, dilate, padding)
