"""Shapes inferred for whole nets without given input shapes."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import draw, graph, null, op, write

import netconv
from netconv import conversion, preparation
from netconv.errors import ShapeError

NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"
FOUND = {
    "whole-mtcnn-pnet": ["data: shape (?, 3, ?, ?)"],
    "whole-mtcnn-onet": ["data: shape (?, 3, 48, 48)"],
    "whole-retinaface": ["data: shape (?, 3, ?, ?)"],
    "whole-super-resolution": ["data: shape (?, 1, ?, ?)"],
    "whole-ssr-net": ["data: shape (?, 3, 20, 20)"],
    "whole-bilinear-head": ["data: shape (?, 3, ?, ?)"],
    "whole-gru-11": ["Input: shape (?, 5, 3)"],
    "whole-text-11": ["Input: shape (?, 6)"],
    "whole-lstm-11": ["Input: shape (?, 4, 2)"],
    "whole-pggan-11": ["Input: shape (?, 6)"],
    "whole-counter-11": ["Input: shape (?, 3, 12, 12)"],
    "gluon-lstm": ["data: shape (?, ?, 3)"],
    "mathematica-lenet-11": ["Input: shape (?, 1, 28, 28)"],
    "mathematica-attention-12": ["Input: shape (?, 5, 3)"],
    "mathematica-dots-12": "the shape of input 'Input#2' cannot be inferred; give for example "
    "input_shapes={'Input#2': ",
    "mathematica-resized-12": "the sizes of axes 2 and 3 of input 'Input' of shape (?, 3, ?, ?) cannot be inferred",
    "whole-autoencoder-12": "the sizes of axes 2 and 3 of input 'Input' of shape (?, 1, ?, ?) cannot be inferred: "
    "no square size was found that fits the parameters, but 7 x 8 does; give for example "
    "input_shapes={'Input': (None, 1, 7, 8)}",
}


@pytest.mark.parametrize(("net", "expected"), FOUND.items(), ids=FOUND)
def test_whole_nets(net, expected):
    try:
        notes = preparation.prepare(preparation.read(NETS / net / "net.json")).notes
    except ShapeError as error:
        assert expected in str(error)
    else:
        assert [n.partition(" inferred")[0] for n in notes if " inferred" in n] == expected


@pytest.mark.parametrize("net", ["mathematica-mapped-12", "whole-bilinear-head", "whole-retinaface"])
def test_a_net_of_any_size_needs_no_shapes(net):
    """Unknown lengths are computed when the model runs."""
    model = netconv.convert(NETS / net / "net.json")
    with np.load(NETS / net / "io.npz") as recorded:
        for size in "ab":
            outputs = model(recorded[f"{size}/in:{model.input.name}"])
            for k, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
                np.testing.assert_allclose(output, recorded[f"{size}/out:{k}"], 1e-4, 1e-5)


def detector(*, boxes=(), hints=None):
    """A convolution, and ROI pooling of its output."""
    return graph(
        null("data", **(hints or {})), null("w"), null("b"), null("rois"), null("v"), null("c"),
        op("Convolution", "conv", [0, 1, 2], kernel=(3, 3), num_filter=4, pad=(1, 1)),
        op(boxes[0], "roi", [6, 3], **boxes[1]),
        op("FullyConnected", "fc", [7, 4, 5], num_hidden=2),
    ), {"w": draw(4, 3, 3, 3), "b": draw(4), "v": draw(2, 4 * 9), "c": draw(2)}  # fmt: skip


REGIONS = [
    ("_contrib_ROIAlign", {"pooled_size": (3, 3), "spatial_scale": 1.0}),
    ("ROIPooling", {"pooled_size": (3, 3), "spatial_scale": 1.0}),
    ("_contrib_RROIAlign", {"pooled_size": (3, 3), "spatial_scale": 1.0, "sampling_ratio": 2}),
]


@pytest.mark.parametrize("regions", REGIONS, ids=[name for name, _ in REGIONS])
def test_a_size_that_a_node_needs_is_a_question_about_the_input(tmp_path, regions):
    net, arrays = detector(boxes=regions)
    path = write(tmp_path, net, **arrays)
    given = {"rois": (None, 6 if "RROI" in regions[0] else 5)}
    with pytest.raises(ShapeError) as caught:
        netconv.convert(path, input_shapes=given)
    assert str(caught.value) == (
        f"{path}: the sizes of axes 2 and 3 of input 'data' of shape (?, 3, ?, ?) must be known: {regions[0]} node "
        "'roi': needs the size of its data; give for example "
        "input_shapes={'data': (None, 3, 224, 224)}"
    )
    model = netconv.convert(path, input_shapes={**given, "data": (None, 3, 16, 16)})
    for batch in (1, 2):
        assert model([np.zeros((batch, 3, 16, 16)), np.zeros((5, given["rois"][1]))]).shape == (5, 2)


def test_all_inputs_whose_sizes_may_be_needed_are_named(tmp_path):
    name, attributes = REGIONS[0]
    filters = {"kernel": (3, 3), "num_filter": 4, "no_bias": True}
    net = graph(
        null("left"), null("w"), null("rois"), op("Convolution", "c", [0, 1], **filters),
        op(name, "roi", [3, 2], **attributes),
        null("right"), null("v"), op("Convolution", "d", [5, 6], **filters),
        op(name, "region", [7, 2], **attributes), op("elemwise_add", "sum", [4, 8]),
    )  # fmt: skip
    path = write(tmp_path, net, w=draw(4, 3, 3, 3), v=draw(4, 1, 3, 3))
    with pytest.raises(ShapeError) as caught:
        netconv.convert(path, input_shapes={"rois": (None, 5)})
    assert str(caught.value).endswith(
        "give for example input_shapes={'left': (None, 3, 224, 224), 'right': (None, 1, 224, 224)}"
    )


def dense_before(*rows, heads=None, units=3):
    """A dense layer (node 3, of inputs 0 to 2), a label (node 4), and `rows` of ops after them."""
    net = graph(null("data"), null("w"), null("b"),
                op("FullyConnected", "fc", [0, 1, 2], num_hidden=units), null("label"), *rows, heads=heads)  # fmt: skip
    return net, {"w": draw(units, 6), "b": draw(units)}


LOSSES = {
    "cross-entropy": ([op("softmax_cross_entropy", "l", [3, 4])], "fc"),
    "square": ([op("elemwise_sub", "d", [3, 4]), op("square", "s", [5]), op("MakeLoss", "l", [6])], "fc"),
    "abs": ([op("broadcast_sub", "d", [3, 4]), op("abs", "s", [5]), op("mean", "m", [6], axis=1),
             op("make_loss", "l", [7])], "fc"),
    "pick": ([op("log_softmax", "p", [3]), op("pick", "q", [5, 4]), op("negative", "n", [6]),
              op("MakeLoss", "l", [7])], "p"),
    "one-hot": ([op("softmax", "p", [3]), op("one_hot", "o", [4], depth=3), op("elemwise_mul", "m", [5, 6]),
                 op("sum", "s", [7], axis=1), op("log", "g", [8]), op("MakeLoss", "l", [9])], "p"),
    "sigmoid": ([op("relu", "r", [3]), op("elemwise_mul", "m", [3, 4]), op("elemwise_sub", "s", [5, 6]),
                 op("abs", "a", [3]), op("elemwise_add", "t", [7, 8]), op("mean", "l", [9], axis=1)], "fc"),
    "smooth": ([op("elemwise_sub", "d", [3, 4]), op("smooth_l1", "s", [5], scalar=1.0),
                op("MakeLoss", "l", [6])], "fc"),
    "hinge": ([op("elemwise_mul", "d", [3, 4]), op("_rminus_scalar", "s", [5], scalar=1.0), op("relu", "r", [6]),
               op("MakeLoss", "l", [7])], "fc"),
    "shaped": ([op("Reshape", "r", [4], shape="(-1, 3)"), op("elemwise_sub", "d", [3, 5]),
                op("MakeLoss", "l", [6])], "fc"),
    "cast": ([op("Cast", "k", [4], dtype="float32"), op("softmax_cross_entropy", "l", [3, 5])], "fc"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "gives"), LOSSES.values(), ids=LOSSES)
def test_a_label_of_a_loss_is_not_an_input(tmp_path, rows, gives):
    net, arrays = dense_before(*rows)
    done = conversion.convert(write(tmp_path, net, **arrays))
    assert [i.name for i in done.model.inputs] == ["data"]
    assert done.prepared.graph.ports == (gives,)
    assert (
        done.prepared.notes[0]
        == f"label: used by a loss layer only, which is left out; the outputs of the model are {gives}"
    )
    for batch in (1, 2):
        assert done.model(draw(batch, 6)).shape == (batch, 3)


def test_heads_without_labels_do_not_change(tmp_path):
    rows = [op("softmax_cross_entropy", "l", [3, 4]), op("BlockGrad", "g", [3]), op("softmax", "p", [6])]
    net, arrays = dense_before(*rows, heads=[5, 7])
    path = write(tmp_path, net, **arrays)
    assert preparation.prepare(preparation.read(path)).graph.ports == ("p",)
    both = preparation.prepare(preparation.read(path), input_shapes={"label": (None,)})
    assert both.graph.ports == ("l", "p") and [both.graph.nodes[i].name for i in both.graph.inputs()] == [
        "data",
        "label",
    ]


def test_an_input_of_layers_is_not_a_label(tmp_path):
    net = graph(null("label"), null("t"), op("Embedding", "e", [0, 1], input_dim=5, output_dim=2))
    assert preparation.prepare(preparation.read(write(tmp_path, net, t=draw(5, 2)))).graph.ports == ("e",)


def test_the_labels_of_ctc_are_not_an_input(tmp_path):
    net, arrays = dense_before(op("_contrib_CTCLoss", "c", [3, 4]), op("MakeLoss", "l", [5]))
    net["nodes"][3]["attrs"]["flatten"] = "False"
    path = write(tmp_path, net, **arrays)
    done = conversion.convert(path, input_shapes={"data": (None, None, 6)})
    assert [i.name for i in done.model.inputs] == ["data"] and done.prepared.graph.ports == ("fc",)


def test_the_labels_of_a_detector_in_training_are_not_an_input(tmp_path):
    net = graph(
        null("data", __shape__="(8, 3, 16, 16)"), null("w"), null("b"),
        op("Convolution", "scores", [0, 1, 2], kernel=(3, 3), num_filter=6, pad=(1, 1)),
        op("transpose", "st", [3], axes=(0, 2, 3, 1)), op("Reshape", "sr", [4], shape="(0, -1, 3)"),
        op("transpose", "sc", [5], axes=(0, 2, 1)),
        null("v"), null("c"),
        op("Convolution", "places", [0, 7, 8], kernel=(3, 3), num_filter=8, pad=(1, 1)),
        op("transpose", "pt", [9], axes=(0, 2, 3, 1)), op("Flatten", "pf", [10]),
        op("_contrib_MultiBoxPrior", "anchors", [3], sizes="(0.2, 0.3)", ratios="(1,)"),
        null("truth"),
        op("_contrib_MultiBoxTarget", "target", [12, 13, 6]),
        op("SoftmaxOutput", "classes", [6, (14, 2)], multi_output=True),
        op("elemwise_sub", "d", [11, (14, 0)]), op("elemwise_mul", "m", [16, (14, 1)]),
        op("smooth_l1", "s", [17], scalar=1.0), op("MakeLoss", "loss", [18]),
        op("MakeLoss", "which", [(14, 2)]),
        op("_contrib_MultiBoxDetection", "found", [15, 11, 12]),
        heads=[15, 19, 20, 21],
    )  # fmt: skip
    arrays = {"w": draw(6, 3, 3, 3), "b": draw(6), "v": draw(8, 3, 3, 3), "c": draw(8)}
    done = conversion.convert(write(tmp_path, net, **arrays))
    assert done.prepared.graph.ports == ("classes", "found")
    assert done.prepared.notes == (
        "truth: used by a loss layer only, which is left out; the outputs of the model are classes, found",
        "data: shape (?, 3, 16, 16) inferred from the graph",
    )
    for batch in (1, 2):
        assert [tuple(y.shape) for y in done.model(draw(batch, 3, 16, 16))] == [(batch, 3, 512), (batch, 512, 6)]
    only = preparation.prepare(preparation.read(write(tmp_path, net | {"heads": [[19, 0, 0]]}, **arrays)))
    assert only.graph.ports == ("sc", "pf", "anchors")
