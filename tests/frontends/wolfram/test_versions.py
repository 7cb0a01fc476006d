"""Layers of older versions, as those brought them to the newest one."""

import numpy as np
import pytest
from wolfram_files import NONE, File, call, chain, elementwise, graph, layer, path, rule, softmax, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp

from netconv.frontends.wolfram import nets, reader
from netconv.frontends.wolfram.expressions import Symbol
from netconv.frontends.wolfram.ports import Port, port
from netconv.frontends.wolfram.versions import upgraded

LAYERS = case = Cases()


def _joined(name, inputs):
    """A layer with one port for a list of inputs, fed by an edge with a list of sources."""

    def made(file):
        file.version = "11.3.0"
        nodes = {"a": elementwise(Symbol("Tanh"), 3), "c": layer("Catenate", inputs, tensor(7), {"Level": 1}),
                 "b": layer("Part", tensor(3), tensor(1), {"PartSpecification": call("Span", 2, 2)}),
                 "d": elementwise(Symbol("Cos"), 3)}  # fmt: skip
        feeds = [".Input -> a", ".Input -> b", ".Input -> d", "c -> .Output"]
        net = graph(nodes, feeds, {"Input": tensor(3)}, {"Output": tensor(7)})
        sources = tuple(path("Nodes", each, "Outputs", "Output") for each in "abd")
        net["Edges"] += (rule(path("Nodes", "c", "Inputs", "Input"), sources),)
        x = drawn(4, 3)
        return net, [x], [np.concatenate([np.tanh(x), x[:, 1:2], np.cos(x)], 1)]

    LAYERS[f"version_{name}"] = made


_joined("of_inputs_with_types_of_their_own", {"Input": (tensor(3), tensor(1), tensor(3))})


@case
def version_of_a_total_with_a_list_of_inputs(file):
    file.version = "11.2.0"
    x, y = drawn(4, 3), drawn(4, 3, seed=6)
    return layer("Total", {"Input": call("ListT", 2, tensor(3))}, tensor(3)), [x, y], [x + y]


@case
def version_of_a_transpose_by_a_rule(file):
    file.version = "11.3.1"
    x = drawn(4, 2, 3, 5)
    parameters = {"Specification": call("ValidatedParameter", (rule(1, 3),))}
    return layer("Transpose", tensor(2, 3, 5), tensor(5, 3, 2), parameters), [x], [x.transpose(0, 3, 2, 1)]


@case
def version_of_11_0_types_and_layers(file):
    """TensorT[number of axes, lengths], an encoded type, ScalarTimes and Upsample."""
    file.version = "11.0"

    def old(*shape):
        return call("TensorT", len(shape), shape)

    encoder = call("NetEncoder", "Function", {}, tensor(2, 3, 3))
    net = chain(
        layer("ScalarTimes", old(2, 3, 3), old(2, 3, 3), {"Scalar": 0.5, "$Dimensions": (2, 3, 3)}),
        layer("ScalarPlus", old(2, 3, 3), old(2, 3, 3), {"Scalar": 2}),
        layer("Upsample", old(2, 3, 3), old(2, 5, 5), {"Scale": 1.6}),
        inputs={"Input": call("EncodedType", encoder, old(2, 3, 3))},
    )
    x = drawn(2, 2, 3, 3)
    y = 0.5 * x.astype("float64") + 2
    for axis in (2, 3):
        near = np.insert(y, [1, 2], (y.take([0, 1], axis) + y.take([1, 2], axis)) / 2, axis)
        y = near
    return net, [x], [y]


@case
def version_of_an_instance_normalization_in_a_chain(file):
    file.version = "11.3.5"
    arrays = {"Gamma": file.array(2), "Beta": file.array(2)}
    net = layer("InstanceNormalization", tensor(2, 6), tensor(2, 6), {"Epsilon": 0.01, "$Channels": 2}, arrays)
    x = drawn(3, 2, 6)
    gamma, beta = (a[:, None] for a in arrays_of(file))
    out = gamma * (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 0.01) + beta
    return chain(net, elementwise(Symbol("Tanh"), 2, 6)), [x], [np.tanh(out)]


@case
def version_of_a_softmax_without_level(file):
    file.version = "11.2.0"
    x = drawn(3, 2, 4)
    return {**softmax(2, 4), "Parameters": {}}, [x], [normalized_exp(x, 2)]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)


UPGRADED = [
    ("Convolution", (11, 1), {"InputChannels": 3, "PaddingSize": (1, 0)},
     {"InputChannels": 3, "Dimensionality": 2, "PaddingSize": ((1, 1), (0, 0))}),
    ("Convolution", (11, 3, 6), {"$GroupNumber": 2, "Dimensionality": 1, "PaddingSize": ((1, 2),)},
     {"ChannelGroups": 2, "Dimensionality": 1, "PaddingSize": ((1, 2),)}),
    ("Deconvolution", (11, 3, 6), {"$GroupNumber": 2}, {"ChannelGroups": 2, "Dimensionality": 2}),
    ("Pooling", (11, 1), {"PaddingSize": (1, 0)}, {"Dimensionality": 2, "PaddingSize": ((1, 1), (0, 0))}),
    ("Pooling", (11, 3, 7), {"PaddingSize": (1, 0)}, {"PaddingSize": ((1, 1), (0, 0))}),
    ("Softmax", (11, 2, 0), {}, {"Level": -1}),
    ("Resize", (11, 1, 1), {"Specification": (3, 3)}, {"Specification": (3, 3), "Resampling": "Linear"}),
    ("Dropout", (11, 1, 1), {}, {"Method": "Dropout"}),
    ("Aggregation", (11, 1, 1), {"Function": Symbol("Max")},
     {"Function": Symbol("Max"), "Levels": call("Span", 2, Symbol("All"))}),
    ("Part", (11, 3, 0), {"PartSpecification": 2}, {"Specification": 2}),
    ("Transpose", (11, 3, 1), {"Specification": rule(1, 2)}, {"Specification": call("TwoWayRule", 1, 2)}),
]  # fmt: skip


@pytest.mark.parametrize("kind, version, before, after", UPGRADED)
def test_parameters(kind, version, before, after):
    assert upgraded(layer(kind, tensor(3), tensor(3), before), version)["Parameters"] == after
    assert upgraded(layer(kind, tensor(3), tensor(3), after), (14, 3))["Parameters"] == after


ARRAYS = {"Gamma": 1, "Beta": 2}


@pytest.mark.parametrize(
    "kind, version, new",
    [("BatchNormalization", (11, 3, 6), "BatchNormalization"), ("InstanceNormalization", (11, 3, 5), "Normalization")],
)
def test_arrays(kind, version, new):
    found = upgraded(layer(kind, tensor(3), tensor(3), {}, ARRAYS), version)
    assert found["Type"] == new and found["Arrays"] == {"Scaling": 1, "Biases": 2}


@pytest.mark.parametrize(
    "kind, version, new",
    [
        ("DotPlus", (11, 0), "Linear"),
        ("Upsample", (11, 0), "Resize"),
        ("ScalarPlus", (11, 0), "Elementwise"),
        ("SequenceAttention", (11, 3, 5), "Attention"),
    ],
)
def test_types(kind, version, new):
    assert upgraded(layer(kind, tensor(3), tensor(3), {"Scalar": 1}), version)["Type"] == new


def test_types_of_11_0():
    assert port(call("TensorT", 2, (3, 4))) == port(tensor(3, 4)) == Port((3, 4))
    assert port(call("TensorT", Symbol("SizeT"), (3, Symbol("SizeT")))) == Port((3, None))
    assert port(call("DecodedType", call("NetDecoder", "Class", {"Labels": ("a",)}), call("TensorT", 1, (1,)))).coder


@pytest.mark.parametrize(
    "kind, parameters",
    [
        ("Flatten", {"Level": call("DirectedInfinity", 1), "OutputSize": 3}),
        ("Summation", {"Dimensions": (3,)}),
        ("Part", {"PartSpecification": 2}),
    ],
)
def test_parameters_of_older_versions_are_known(kind, parameters, tmp_path):
    out = tensor(3) if kind == "Flatten" else tensor()
    source = File("11.2.0").write(tmp_path / "net.wlnet", layer(kind, tensor(3), out, parameters))
    assert reader.read(source, "net.wlnet").ignored == {}


def test_two_edges_to_a_port(tmp_path):
    net = chain(elementwise(Symbol("Tanh"), 3))
    with pytest.raises(reader.FormatError) as error:
        reader.read(File().write(tmp_path / "net.wlnet", {**net, "Edges": net["Edges"] * 2}), "net.wlnet")
    assert str(error.value) == "net.wlnet: the net '' has more than one edge to Nodes/1/Inputs/Input"


def test_layers_that_a_version_left_out_are_refused(tmp_path):
    file = File("11.0")
    net = chain(
        layer("Split", tensor(3), tensor(3)), layer("BroadcastPlus", tensor(3), tensor(3), {}, {"Biases": NONE})
    )
    with pytest.raises(nets.UnsupportedOps) as error:
        reader.read(file.write(tmp_path / "net.wlnet", net), "net.wlnet")
    assert "layers that are not supported: Split (1); BroadcastPlus (2)" in str(error.value)
