"""Ops on images (batch, channels, height, width), boxes and anchors."""

from __future__ import annotations

from ...graph.partial_shape import ShapeMismatch, first, merge, of_rank, rule


@rule("BilinearSampler")
def bilinear_sampler(a, ins, outs):
    data, grid, out = of_rank(ins[0], 4), of_rank(ins[1], 4), of_rank(outs[0], 4)
    batch = merge(merge(data[:1], grid[:1]), out[:1])
    sizes, channels = merge(grid[2:], out[2:]), merge(data[1:2], out[1:2])
    return [(*batch, *channels, *data[2:]), (*batch, 2, *sizes)], [(*batch, *channels, *sizes)]


@rule("SpatialTransformer")
def spatial_transformer(a, ins, outs):
    data, out = of_rank(ins[0], 4), of_rank(outs[0], 4)
    data = merge(data, (out[0], out[1], None, None))
    return [data, (data[0], 6)], [(*data[:2], *(n or None for n in a.target_shape))]


@rule("GridGenerator")
def grid_generator(a, ins, outs):
    if a.transform_type == "affine":
        data, sizes = of_rank(ins[0], 2), a.target_shape if len(a.target_shape) == 2 else (None, None)
        return [(data[0], 6)], [(data[0], 2, *(n or None for n in sizes))]
    flow = of_rank(ins[0], 4)
    flow = (flow[0], 2, *flow[2:])
    return [flow], [flow]


@rule("Correlation")
def correlation(a, ins, outs):
    shape = merge(of_rank(ins[0], 4), of_rank(ins[1], 4))
    return [shape, shape], outs


@rule("_contrib_BilinearResize2D")
def bilinear_resize(a, ins, outs):
    data, out = of_rank(ins[0], 4), of_rank(outs[0], 4)
    data = merge(data, (*out[:2], None, None))
    sizes = (a.height, a.width) if a.mode == "size" and a.scale_height is a.scale_width is None else (None, None)
    return [data, *ins[1:]], [(*data[:2], *sizes)]


@rule("ROIPooling", "_contrib_ROIAlign")
def regions(a, ins, outs):
    """A row of `rois` is the number of the image and a box."""
    data, rois, out = of_rank(ins[0], 4), of_rank(ins[1], 2), of_rank(outs[0], 4)
    channels = None if getattr(a, "position_sensitive", False) else first(data[1], out[1])
    size = tuple(a.pooled_size) if len(a.pooled_size) == 2 else (None, None)
    return [(data[0], first(data[1], channels), *data[2:]), (rois[0], 5)], [(first(rois[0], out[0]), channels, *size)]


@rule("_contrib_MultiBoxPrior")
def multibox_prior(a, ins, outs):
    data = of_rank(ins[0], 4)
    height, width = data[2:]
    count = None if None in (height, width) else height * width * (len(a.sizes) + len(a.ratios) - 1)
    return [data], [(1, count, 4)]


@rule("_contrib_MultiBoxDetection")
def multibox_detection(a, ins, outs):
    """Of probabilities (batch, classes, anchors), offsets (batch, 4 x anchors) and anchors: a row of 6 an anchor."""
    scores, offsets, anchors = of_rank(ins[0], 3), of_rank(ins[1], 2), of_rank(ins[2], 3)
    batch = merge(scores[:1], offsets[:1])
    if offsets[1] is not None and offsets[1] % 4:
        raise ShapeMismatch("needs four offsets an anchor", offsets[1])
    count = merge(merge(scores[2:], anchors[1:2]), (offsets[1] and offsets[1] // 4,))
    return [
        (*batch, scores[1], *count),
        (*batch, count[0] and 4 * count[0]),
        (1, *count, 4),
    ], [(*batch, *count, 6)]


@rule("_contrib_box_iou")
def box_iou(a, ins, outs):
    one, two = ins
    claims = [shape and (*shape[:-1], 4) for shape in ins]
    return claims, [None if one is None or two is None else (*one[:-1], *two[:-1])]


@rule("_contrib_box_nms")
def box_nms(a, ins, outs):
    shape = merge(ins[0], outs[0])
    if shape is not None and len(shape) < 2:
        raise ShapeMismatch("needs rows of boxes (..., boxes, numbers)", shape)
    return [shape], [shape]


@rule("im2col")
def im2col(a, ins, outs):
    return [of_rank(ins[0], len(a.kernel) + 2)], outs


@rule("col2im")
def col2im(a, ins, outs):
    return [of_rank(ins[0], 3)], outs


@rule("_image_to_tensor")
def to_tensor(a, ins, outs):
    """Channels last to channels first, with a batch or without."""
    if ins[0] is None:
        return ins, outs
    if len(ins[0]) not in (3, 4):
        raise ShapeMismatch("needs an image (height, width, channels) or a batch of them", ins[0])
    *batch, height, width, channels = ins[0]
    return ins, [(*batch, channels, height, width)]
