"""8-bit nets: error messages of nodes, a note about the net; none of their weights is trained."""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import graph, null, op, write

import netconv

TYPES = {"float32": 0, "uint8": 3, "int32": 4, "int8": 5}
BYTES, SIGNLESS, FLOATS = ("int8", (2, 3)), ("uint8", (2, 3)), ("float32", (2, 3))
IMAGE, END = ("uint8", (1, 2, 4, 4)), ("float32", (1,))
CONVOLVED, RANGES = {"kernel": (2, 2), "num_filter": 3, "no_bias": True}, (END,) * 4

FAULTS = [
    ("_contrib_dequantize", {}, (FLOATS, END, END), "data must be int8 or uint8; received float32"),
    ("_contrib_requantize", {}, (BYTES, END, END), "data must be int32; received int8"),
    (
        "_contrib_quantized_conv",
        CONVOLVED | {"no_bias": False},
        (IMAGE, ("int8", (3, 2, 2, 2)), *RANGES),
        "needs 9 inputs; received 6",
    ),
    (
        "_contrib_quantized_conv",
        CONVOLVED,
        (("int8", (1, 2, 4, 4)), ("int8", (3, 2, 2, 2)), *RANGES),
        "data must be uint8; received int8",
    ),
    (
        "_contrib_quantized_conv",
        CONVOLVED | {"layout": "NHWC"},
        (IMAGE, ("int8", (3, 2, 2, 2)), *RANGES),
        "attribute 'layout' must be NCHW or NCDHW; received 'NHWC'",
    ),
    (
        "_contrib_quantized_conv",
        CONVOLVED | {"layout": "NCHW"},
        (IMAGE, ("int8", (3, 2, 2, 2)), *RANGES),
        "weight must be stored in the parameter file, not computed",
    ),
    (
        "_contrib_quantized_fully_connected",
        {"num_hidden": 2, "no_bias": True},
        (FLOATS, BYTES, *RANGES),
        "data must be int8 or uint8; received float32",
    ),
    (
        "_contrib_quantized_pooling",
        {"pool_type": "sum"},
        (IMAGE, END, END),
        "pool_type must be avg or max; received sum",
    ),
    (
        "_contrib_quantized_pooling",
        {"kernel": (2, 2), "layout": "NHWC"},
        (IMAGE, END, END),
        "attribute 'layout' must be NCHW or NCDHW; received 'NHWC'",
    ),
    ("_contrib_quantized_act", {"act_type": "tanh"}, (BYTES, END, END), "act_type must be relu; received tanh"),
    ("_contrib_quantized_concat", {}, (BYTES, END), "needs two ends of a range for each of the data; received 2"),
    ("_contrib_quantized_elemwise_add", {}, (BYTES, FLOATS, *RANGES), "rhs must be int8 or uint8; received float32"),
    ("_contrib_quantized_elemwise_mul", {}, (SIGNLESS, BYTES, *RANGES), "lhs must be int8; received uint8"),
    (
        "_contrib_quantized_batch_norm",
        {},
        (BYTES, *(("float32", (3,)),) * 4, END, END),
        "needs min_calib_range and max_calib_range",
    ),
    (
        "_contrib_quantized_batch_norm",
        {"min_calib_range": 0, "max_calib_range": 1, "output_mean_var": True},
        (BYTES, *(("float32", (3,)),) * 4, END, END),
        "attribute 'output_mean_var' must be false",
    ),
]


@pytest.mark.parametrize(("kind", "attrs", "inputs", "message"), FAULTS)
def test_node_error(tmp_path, kind, attrs, inputs, message):
    nulls = [null(f"x{n}", __dtype__=str(TYPES[dtype])) for n, (dtype, _) in enumerate(inputs)]
    path = write(tmp_path, graph(*nulls, op(kind, "node", list(range(len(inputs))), **attrs)))
    with pytest.raises(netconv.NodeError) as caught:
        netconv.convert(path, False, input_shapes={f"x{n}": shape for n, (_, shape) in enumerate(inputs)})
    assert str(caught.value) == f"{kind} node 'node': {message}"


INNER = graph(
    null("x"), null("w"), op("Convolution", "c", [0, 1], **CONVOLVED), op("Activation", "a", [2], act_type="tanh")
)
PLAIN = graph(null("x"), null("w"), op("Convolution", "c", [0, 1], **CONVOLVED))
BIASED = graph(null("x"), null("w"), null("b"), op("Convolution", "c", [0, 1, 2], kernel=(2, 2), num_filter=3))
DENSE = graph(null("x"), null("w"), null("b"), op("FullyConnected", "d", [0, 1, 2], num_hidden=2))
FUSED = [
    ("_sg_mkldnn_conv", {"quantized": True}, None, (IMAGE, END, END), "needs a subgraph with a Convolution"),
    ("_sg_mkldnn_fully_connected", {}, None, (FLOATS, END, END), "needs a subgraph with a FullyConnected"),
    (
        "_sg_mkldnn_conv",
        {"quantized": True, "with_act": True},
        INNER,
        (IMAGE, ("float32", (3, 2, 2, 2)), END, END),
        "is supported with relu or a clip at 0 only; convert the float net; received tanh",
    ),
    (
        "_sg_mkldnn_conv",
        {"quantized": True},
        PLAIN,
        (IMAGE, ("float32", (3, 2, 2, 2)), END, END),
        "weights must be stored in the parameter file, not computed",
    ),
    (
        "_sg_mkldnn_conv",
        {"quantized": True, "with_sum": True},
        PLAIN,
        (IMAGE, ("float32", (3, 2, 2, 2)), END, END),
        "needs 7 inputs; received 4",
    ),
    (
        "_sg_mkldnn_fully_connected",
        {"quantized": True},
        DENSE,
        (BYTES, BYTES, ("float32", (2,))),
        "needs 9 inputs; received 3",
    ),
    ("_sg_mkldnn_selfatt_qk", {"heads": 2}, None, (FLOATS,), "needs a subgraph"),
    ("_sg_mkldnn_conv", {}, PLAIN, (FLOATS,), "needs 2 inputs, as its subgraph has; received 1"),
    (
        "_sg_mkldnn_selfatt_valatt",
        {"heads": 2, "quantized": True},
        None,
        (BYTES, SIGNLESS),
        "needs the range of its input",
    ),
    (
        "_sg_mkldnn_selfatt_qk",
        {"heads": 2, "quantized": True},
        None,
        (SIGNLESS, END, END),
        "queries_keys_values must be int8; received uint8",
    ),
]


@pytest.mark.parametrize(("kind", "attrs", "inner", "inputs", "message"), FUSED)
def test_fused_node_error(tmp_path, kind, attrs, inner, inputs, message):
    nulls = [null(f"x{n}", __dtype__=str(TYPES[dtype])) for n, (dtype, _) in enumerate(inputs)]
    node = op(kind, "node", list(range(len(inputs))), **attrs) | ({"subgraphs": [inner]} if inner else {})
    with pytest.raises(netconv.NodeError) as caught:
        shapes = {f"x{n}": shape for n, (_, shape) in enumerate(inputs)}
        netconv.convert(write(tmp_path, graph(*nulls, node)), False, input_shapes=shapes)
    assert str(caught.value) == f"{kind} node 'node': {message}"


def test_a_bias_beside_data_without_a_range(tmp_path):
    node = op(
        "_sg_mkldnn_conv", "node", [3, 1, 2, (3, 1), (3, 2)], quantized=True, min_calib_range=0, max_calib_range=1
    )
    nodes = [null("data"), null("w"), null("b"), op("_contrib_quantize_v2", "q", [0]), node | {"subgraphs": [BIASED]}]
    path = write(tmp_path, graph(*nodes), w=np.ones((3, 2, 2, 2), "float32"), b=np.ones(3, "float32"))
    with pytest.raises(netconv.NodeError) as caught:
        netconv.convert(path, input_shapes={"data": (1, 2, 4, 4)})
    message = "needs the range of its data; quantize the net with calibrated ranges"
    assert str(caught.value) == f"_sg_mkldnn_conv node 'node': {message}"


RENAMED = {"with_act": "with_relu", "with_postsum_act": "with_postsum_relu", "with_eltwise": "with_relu"}


def test_older_names_of_attributes(tmp_path):
    """They have MXNet's meaning."""
    folder = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets" / "quantised-residual-calibrated"
    net = json.loads((folder / "net.json").read_text())
    for node in net["nodes"]:
        node["attrs"] = {RENAMED.get(name, name): text for name, text in node.get("attrs", {}).items()}
    (tmp_path / "net.json").write_text(json.dumps(net))
    with np.load(folder / "io.npz") as recorded:
        data, expected = recorded["a/in:data"], recorded["a/out:0"]
    model = netconv.convert(
        tmp_path / "net.json", folder / "net.params", input_shapes={"data": (None, *data.shape[1:])}
    )
    np.testing.assert_array_equal(model(data), expected)


def test_layers_with_other_constants_are_not_shared(tmp_path):
    """Each of the two convolutions of the same data has its own kernel, computed from its own weight."""
    nodes = [
        null("data"),
        null("v"),
        null("w"),
        op("_contrib_quantize_v2", "q", [0], min_calib_range=0, max_calib_range=1),
    ]
    nodes += [
        op("_sg_mkldnn_conv", f"conv{n}", [3, n, (3, 1), (3, 2)], quantized=True) | {"subgraphs": [PLAIN]}
        for n in (1, 2)
    ]
    v, w = (np.full((3, 2, 2, 2), value, "float32") for value in (1, -1))
    path = write(tmp_path, graph(*nodes, heads=[4, 5]), v=v, w=w)
    one, two = netconv.convert(path, input_shapes={"data": (1, 2, 4, 4)})(np.ones((1, 2, 4, 4), "float32"))
    np.testing.assert_array_equal(128 * np.array(one), -127 * np.array(two))  # bytes from -128 to 127


@pytest.mark.parametrize(
    ("attrs", "low"),
    [
        ({"count_include_pad": False, "kernel": (3, 3), "pad": (1, 1)}, -128),
        ({"global_pool": True, "kernel": (1, 1)}, 0),
    ],
)
def test_compiled_averages_equal_eager_ones(tmp_path, attrs, low):
    """A division by a known number would be compiled to a product with its reciprocal, and a half would be rounded
    differently."""
    shape, dtype = (1, 40, 6, 10), "int8" if low else "uint8"
    nulls = [null("data", __dtype__=str(TYPES[dtype])), null("low"), null("high")]
    node = op("_contrib_quantized_pooling", "node", [0, 1, 2], pool_type="avg", **attrs)
    shapes = {"data": shape, "low": (1,), "high": (1,)}
    model = netconv.convert(write(tmp_path, graph(*nulls, node)), False, input_shapes=shapes)
    data = np.random.default_rng(0).integers(low, low + 256, shape).astype(dtype)
    fed = [data, np.float32([-1]), np.float32([1])]
    np.testing.assert_array_equal(model.predict_on_batch(fed), model(fed))


def quantized_dense():
    nodes = [null("data"), null("w"), *(null(f"end{n}") for n in range(2))]
    quantize = op("_contrib_quantize_v2", "q", [0], min_calib_range=-1, max_calib_range=1)
    dense = op("_contrib_quantized_fully_connected", "fc", [4, 1, (4, 1), (4, 2), 2, 3], num_hidden=2, no_bias=True)
    return graph(*nodes, quantize, dense, op("_contrib_requantize", "r", [5, (5, 1), (5, 2)]),
                 op("_contrib_dequantize", "d", [6, (6, 1), (6, 2)]))  # fmt: skip


ARRAYS = {"w": np.int8([[1, 2, 3], [-100, 0, 127]]), "end0": np.float32([-0.5]), "end1": np.float32([0.7])}


def test_a_wrong_weight(tmp_path):
    path = write(tmp_path, quantized_dense(), **ARRAYS | {"w": np.int8([[1, 2, 3]])})
    with pytest.raises(netconv.NodeError) as caught:
        netconv.convert(path, input_shapes={"data": (None, 3)})
    message = "weight must have shape (2, 3); received (1, 3)"
    assert str(caught.value) == f"_contrib_quantized_fully_connected node 'fc': {message}"


def test_nothing_is_trained(tmp_path):
    converted = netconv.conversion.convert(write(tmp_path, quantized_dense(), **ARRAYS))
    assert [tuple(tensor.shape) for tensor in converted.model.inputs] == [(None, 3)]
    assert converted.model.trainable_variables == []
    np.testing.assert_array_equal(converted.model.get_layer("fc").kernel, ARRAYS["w"].T)
    assert converted.build_report.notes[-1] == (
        "the net is quantized: its integers cannot be trained; to train, convert the float net that it was made from"
    )
