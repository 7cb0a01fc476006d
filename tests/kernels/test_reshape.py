"""Reshapes of channels-last data: correct for all axes and sizes, with few transposes."""

import numpy as np
import pytest
from nets import draw, graph, null, op, write

import netconv
from netconv import conversion

CONV = {"kernel": "(1, 1)", "num_filter": 12, "no_bias": True}
SHUFFLE = [
    ("Reshape", {"shape": "(0, -4, 3, -1, -2)"}),
    ("SwapAxis", {"dim1": 1, "dim2": 2}),
    ("Reshape", {"shape": "(0, -3, -2)"}),
]
PIXELS = [
    ("Reshape", {"shape": "(0, -4, -1, 4, 0, 0)"}),
    ("Reshape", {"shape": "(0, 0, -4, 2, 2, 0, 0)"}),
    ("transpose", {"axes": "(0, 1, 4, 2, 5, 3)"}),
    ("Reshape", {"shape": "(0, 0, -3, -3)"}),
]
UNPIXELS = [
    ("Reshape", {"shape": "(0, 0, -4, -1, 2, -4, -1, 2)"}),
    ("transpose", {"axes": "(0, 1, 3, 5, 2, 4)"}),
    ("Reshape", {"shape": "(0, -3, 0, 0, 0)"}),
    ("Reshape", {"shape": "(0, -3, 0, 0)"}),
]


def net(steps):
    """A convolution, the steps, a convolution."""
    nodes = [null("data"), null("w"), op("Convolution", "c1", [0, 1], **CONV)]
    for number, (kind, attrs) in enumerate(steps):
        nodes.append(op(kind, f"s{number}", [len(nodes) - 1], **attrs))
    last = len(nodes) - 1
    nodes += [null("v"), op("Convolution", "c2", [last, last + 1], **CONV)]
    return graph(*nodes)


def expected(x, w, v, steps):
    """The result of numpy in MXNet's order."""
    y = np.einsum("nchw,oc->nohw", x, w[:, :, 0, 0])
    n, c, h, wide = y.shape
    if steps is SHUFFLE:
        y = y.reshape(n, 3, 4, h, wide).transpose(0, 2, 1, 3, 4).reshape(y.shape)
    if steps is PIXELS:
        y = y.reshape(n, 3, 2, 2, h, wide).transpose(0, 1, 4, 2, 5, 3).reshape(n, 3, 2 * h, 2 * wide)
    if steps is UNPIXELS:
        y = y.reshape(n, c, h // 2, 2, wide // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, wide // 2)
    return np.einsum("nchw,oc->nohw", y, v[:, :, 0, 0])


@pytest.mark.parametrize("size", [(6, 4), (None, None)], ids=["known", "open"])
@pytest.mark.parametrize(
    ("steps", "channels", "own"),
    [(SHUFFLE, 12, 1), (PIXELS, 3, 1), (UNPIXELS, 48, 2)],
    ids=["shuffle", "pixels", "unpixels"],
)
def test_axes_are_split_and_merged_without_transposes(tmp_path, steps, channels, own, size):
    w, v = draw(12, 5, 1, 1), draw(12, channels, 1, 1, seed=1)
    done = conversion.convert(write(tmp_path, net(steps), w=w, v=v), input_shapes={"data": (None, 5, *size)})
    assert done.build_report.transposes == 2 + own  # the transposes of the steps, and one at each boundary
    x = draw(2, 5, 6, 4, seed=2)
    np.testing.assert_allclose(done.model(x), expected(x, w, v, steps), rtol=1e-4, atol=1e-4)


def test_flattened_pixels_need_no_transpose(tmp_path):
    nodes = [
        null("data"), null("w"), op("Convolution", "c", [0, 1], **CONV),
        op("Reshape", "places", [2], shape="(0, 0, -1)"), op("transpose", "t", [3], axes="(0, 2, 1)"),
    ]  # fmt: skip
    w = draw(12, 5, 1, 1)
    done = conversion.convert(write(tmp_path, graph(*nodes), w=w), input_shapes={"data": (None, 5, None, None)})
    assert done.build_report.transposes == 1
    x = draw(2, 5, 6, 4)
    np.testing.assert_allclose(
        done.model(x), np.einsum("nchw,oc->nhwo", x, w[:, :, 0, 0]).reshape(2, 24, 12), rtol=1e-4, atol=1e-5
    )


def test_lengths_that_the_data_does_not_determine(tmp_path):
    net = graph(null("data"), null("like"), op("reshape_like", "r", [0, 1]))
    path = write(tmp_path, net)
    with pytest.raises(netconv.ShapeError) as error:
        netconv.convert(path, input_shapes={"data": (None, None), "like": (None, 2, None)})
    assert str(error.value) == (
        f"{path}: the size of axis 1 of input 'data' of shape (?, ?) must be known: reshape_like node 'r': more than "
        "one length is unknown; give for example input_shapes={'data': (None, 10), 'like': (None, 2, 5)}"
    )
    assert str(error.value.__cause__) == (
        "reshape_like node 'r': more than one length is unknown; give the input's shape; received (None, 2, None)"
    )


def test_unknown_lengths_are_divided_among_axes(tmp_path):
    path = write(tmp_path, graph(null("data"), op("Reshape", "r", [0], shape="(0, 2, -1, 0)")))
    model = netconv.convert(path, input_shapes={"data": (None, None, 5, None)})
    x = draw(2, 4, 5, 3)
    np.testing.assert_array_equal(model(x), x.reshape(2, 2, 10, 3))


def test_slice_like_cuts_to_a_length_that_is_not_known(tmp_path):
    net = graph(null("data"), null("like"), op("slice_like", "s", [0, 1], axes="(2, 3)"))
    model = netconv.convert(
        write(tmp_path, net), input_shapes={"data": (None, 2, None, None), "like": (None, 2, None, 3)}
    )
    x = draw(2, 2, 7, 5)
    np.testing.assert_array_equal(model([x, draw(2, 2, 4, 3)]), x[:, :, :4, :3])


@pytest.mark.parametrize(("kind", "expected"), [("shape_array", [2, 3, 5, 4]), ("size_array", [120])])
def test_unknown_shapes_are_computed_at_run_time(tmp_path, kind, expected):
    path = write(tmp_path, graph(null("data"), op(kind, "s", [0])))
    model = netconv.convert(path, input_shapes={"data": (None, 3, None, 4)})
    np.testing.assert_array_equal(model(draw(2, 3, 5, 4)), expected)


def test_adaptive_pooling_of_any_size(tmp_path):
    path = write(tmp_path, graph(null("data"), op("_contrib_AdaptiveAvgPooling2D", "p", [0], output_size="(3, 2)")))
    open_, known = (netconv.convert(path, input_shapes={"data": (None, 2, *size)}) for size in ((None, None), (7, 5)))
    x = draw(2, 2, 7, 5)
    np.testing.assert_allclose(open_(x), known(x), rtol=1e-5, atol=1e-6)


def test_one_group_for_each_channel_is_a_depthwise_layer(tmp_path):
    net = graph(
        null("data"), null("w"),
        op("Convolution", "c", [0, 1], kernel="(3, 3)", num_filter=8, num_group=4, no_bias=True),
    )  # fmt: skip
    done = conversion.convert(write(tmp_path, net, w=draw(8, 1, 3, 3)), input_shapes={"data": (None, 4, 6, 6)})
    layer = done.model.get_layer("c")
    assert type(layer).__name__ == "DepthwiseConv2D" and layer.depth_multiplier == 2
    assert type(layer.depthwise_initializer).__name__ == "GlorotUniform"  # its own again
