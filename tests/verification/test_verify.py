"""A model is compared with the net that it was converted from, by the definitions in numpy, recorded samples, or a
module that stands for MXNet."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from models import fails
from nets import draw, graph, null, op, write

import netconv
from netconv import conversion
from netconv.builder import submodels
from netconv.cli import main
from netconv.features.scaling import Moments, Scaling
from netconv.keras_files import scaling_layers
from netconv.verification import given_inputs

FAKE = Path(__file__).parent / "fake"
ROOT = Path(__file__).parents[2]


def small(act_type="tanh", units=4, output="SoftmaxOutput"):
    """Two dense layers with a dropout between them."""
    return graph(
        null("data"), null("w1"), null("b1"), op("FullyConnected", "fc1", [0, 1, 2], num_hidden=units),
        op("Activation", "act", [3], act_type=act_type), op("Dropout", "drop", [4], p=0.5), null("w2"), null("b2"),
        op("FullyConnected", "fc2", [5, 6, 7], num_hidden=2), null("out_label"),
        op(output, "out", [8, 9] if output == "SoftmaxOutput" else [8]),
    )  # fmt: skip


ARRAYS = {"w1": draw(4, 3), "b1": draw(4, seed=1), "w2": draw(2, 4, seed=2), "b2": draw(2, seed=3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """`net.json` and its model; `other.json`, in which the activation is another, and its model; a Python with the
    module that stands for MXNet."""
    path = tmp_path_factory.mktemp("verify")
    for name, act_type in (("net", "tanh"), ("other", "sigmoid")):
        write(path, small(act_type), name, **ARRAYS)
        netconv.convert_file(path / f"{name}.json")
    program = path / "python"
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{FAKE}' exec {sys.executable} \"$@\"\n")
    program.chmod(0o755)
    return path


CHANGED = (
    "the first node that differs is Activation node 'act', number 4: {}; what it depends on agrees ('fc1': at most {} "
    "relative); in the net that the model was converted from, act_type is sigmoid and not tanh"
)


def check_fault(result):
    assert not result.agrees
    before = result.fault.before[0][1].relative
    assert str(result.fault) == CHANGED.format(result.fault.difference, f"{before:.2g}")
    assert result.fault.difference.relative > 0.1 and before < 1e-6
    assert str(result.fault) in result.text.splitlines()


def test_the_reloaded_file_and_numpy(folder):
    result = netconv.verify(folder / "net.json")
    assert result.agrees and (result.reference, result.computed, result.nodes) == ("numpy", 5, 5)
    lines = result.text.splitlines()
    assert lines[0] == f"{folder}/net.json: 5 nodes, compared with their definitions in numpy"
    assert lines[1] == "file   the reloaded model equals the one that was saved"
    assert lines[2] == f"output 'out': largest error {result.outputs[0].difference}, agrees" and len(lines) == 3
    assert json.loads(json.dumps(result.facts))["outputs"][0]["agrees"] is True


def test_a_model_of_another_version_of_the_net(folder):
    check_fault(netconv.verify(folder / "net.json", folder / "other.keras"))


def test_a_deep_net_which_is_a_chain_of_models(folder, tmp_path, monkeypatch):
    """The node is in the second of three models, whose names depend on that of the file."""
    monkeypatch.setattr(submodels, "FLAT", 2)
    monkeypatch.setattr(submodels, "DEEPEST", 2)
    model = tmp_path / "parts.keras"
    netconv.convert_file(folder / "other.json", output=model)
    parts = [layer for layer in netconv.open_model(model).model.layers if layer.name.startswith("other_part")]
    assert len(parts) == 3
    check_fault(netconv.verify(folder / "net.json", model))


def clipped(**limits):
    """Two nodes that each become an operation, of which the second has the name that Keras gives the first."""
    highest = {"first": 0.5, "clip": 0.25, **limits}
    return graph(
        null("data"), null("w"), null("b"), op("FullyConnected", "fc", [0, 1, 2], num_hidden=4),
        op("clip", "first", [3], a_min=-3, a_max=highest["first"]),
        op("clip", "clip", [4], a_min=-1, a_max=highest["clip"]),
        op("Activation", "act", [5], act_type="tanh" if "act" in limits else "relu"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"first": 0.125}, ("clip node 'first', number 4", "'fc'", "a_max is 0.5 and not 0.125")),
        ({"act": True}, ("Activation node 'act', number 6", "'clip'", "act_type is relu and not tanh")),
    ],
    ids=["the operation", "behind them"],
)
def test_operations_that_keras_does_not_name_as_their_nodes(changed, what, tmp_path):
    arrays = {"w": ARRAYS["w1"], "b": ARRAYS["b1"]}
    netconv.convert_file(write(tmp_path, clipped(), "net", **arrays))
    result = netconv.verify(write(tmp_path, clipped(**changed), "changed", **arrays), tmp_path / "net.keras")
    assert not result.agrees
    node, before, attribute = what
    most = f"{result.fault.before[0][1].relative:.2g}"
    assert str(result.fault) == (
        f"the first node that differs is {node}: {result.fault.difference}; what it depends on agrees "
        f"({before}: at most {most} relative); in the net that the model was converted from, {attribute}"
    )


def sliced(end=3, units=4, outputs=1):
    """A dense layer, of whose outputs a second one reads some; the first one's are an output, too, for 2 `outputs`."""
    net = graph(
        null("data"), null("w1"), null("b1"), op("FullyConnected", "fc1", [0, 1, 2], num_hidden=units),
        op("slice_axis", "part", [3], axis=1, begin=0, end=end), null("w2"), null("b2"),
        op("FullyConnected", "fc2", [4, 5, 6], num_hidden=2), heads=[7, 3][:outputs],
    )  # fmt: skip
    return net, ARRAYS | {"w2": draw(2, 3, seed=2)}


def changed(folder, net, other, arrays, shapes=None, **options):
    """What `verify` says of the second net and the model of the first."""
    netconv.convert_file(write(folder, net, "net", **arrays), input_shapes=shapes)
    path = write(folder, other, "changed", **arrays)
    return netconv.verify(path, folder / "net.keras", input_shapes=shapes, **options)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("against", [True, False])
def test_a_changed_node_after_which_the_net_cannot_be_run(folder, tmp_path, against, outputs):
    """Another output, which does not depend on the node, is compared."""
    (net, arrays), (other, _) = sliced(outputs=outputs), sliced(end=2, outputs=outputs)
    result = changed(tmp_path, net, other, arrays, against=folder / "python" if against else None)
    why = (
        "MXNet cannot run FullyConnected node 'fc2', number 7: matmul: Input operand 1 has a mismatch in its core "
        "dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 3 is different from 2)"
        if against
        else "numpy cannot run FullyConnected node 'fc2', number 7: weight must have shape (2, 2) for data of shape "
        "(2, 2); received (2, 3)"
    )
    most = f"{result.fault.before[0][1].relative:.2g}"
    fault = (
        f"the first node that differs is slice_axis node 'part', number 4: shape 2 x 3 in place of 2 x 2; what it "
        f"depends on agrees ('fc1': at most {most} relative); in the net that the model was converted from, end is 3 "
        "and not 2"
    )
    lines = result.text.splitlines()
    assert not result.agrees and lines[1] == f"output 'fc2': not compared: {why}" and lines[-1] == fault
    assert [line.endswith(", agrees") for line in lines[2:-1]] == [True] * (outputs - 1)
    assert result.facts["first_difference"]["absolute"] is None and result.facts["first_difference"]["refused"] is None


def test_a_changed_node_that_numpy_cannot_run(tmp_path):
    (net, arrays), (other, _) = sliced(), sliced(units=5)
    result = changed(tmp_path, net, other, arrays)
    why = "weight must have shape (5, 3) for data of shape (2, 3); received (4, 3)"
    assert not result.agrees and result.text.splitlines()[1:] == [
        f"output 'fc2': not compared: numpy cannot run FullyConnected node 'fc1', number 3: {why}",
        f"the first node that differs is FullyConnected node 'fc1', number 3: numpy cannot run it: {why}; nothing "
        "before it can be compared; in the net that the model was converted from, num_hidden is 4 and not 5",
    ]
    assert result.facts["first_difference"]["refused"] == f"numpy cannot run it: {why}"


def test_a_changed_node_that_mxnet_cannot_run(folder, tmp_path):
    net, other = (graph(null("data"), op("relu", "r", [0]), op(name, "t", [1])) for name in ("sin", "arctan"))
    options = {"against": folder / "python", "gradients": True, "train_steps": 1}
    result = changed(tmp_path, net, other, {}, {"data": (None, 3)}, **options)
    assert not result.agrees and result.text.splitlines()[1:] == [
        "output 't': not compared: MXNet cannot run arctan node 't', number 2: Check failed: no op arctan",
        "the first node that differs is arctan node 't', number 2: MXNet cannot run it: Check failed: no op arctan; "
        "what it depends on agrees ('r': at most 0 relative); the model was converted from a net in which the node is "
        "sin",
    ]


def test_a_node_that_mxnet_cannot_run_before_the_changed_one(folder, tmp_path):
    """MXNet infers shapes backward, too."""
    net, other = (graph(null("data"), op("arctan", "a", [0]), op(name, "t", [1])) for name in ("relu", "sin"))
    result = changed(tmp_path, net, other, {}, {"data": (None, 3)}, against=folder / "python")
    assert not result.agrees and str(result.fault) == (
        "the first node that differs is sin node 't', number 2: MXNet cannot run arctan node 'a', number 1: Check "
        "failed: no op arctan; nothing before it can be compared; the model was converted from a net in which the node "
        "is relu"
    )


def test_a_changed_node_that_became_one_layer_with_others(folder):
    """The node after the layer is the first that can be compared; a note names the one that was changed."""
    result = netconv.verify(folder / "net.json", folder / "other.keras")
    later = replace(result, fault=replace(result.fault, name="fc2", changed=""))
    assert later.text.splitlines()[-2:] == [
        str(later.fault),
        "note: node 'act': in the net that the model was converted from, act_type is sigmoid and not tanh",
    ]
    assert result.text.splitlines()[-1] == str(result.fault)


def test_a_changed_node_that_numpy_does_not_define(tmp_path):
    """It is no change if only the text of an attribute is another one."""

    def net(stride):
        return graph(
            null("data"), null("w"),
            op("Deconvolution", "d", [0, 1], kernel="(2, 2)", stride=stride, num_filter=1, no_bias=True),
        )  # fmt: skip

    shapes = {"data": (None, 1, 4, 4)}
    result = changed(tmp_path, net("(2, 2)"), net("(1, 1)"), {"w": draw(1, 1, 2, 2)}, shapes)
    assert not result.agrees and result.text.splitlines()[-1] == (
        "the first node that differs is Deconvolution node 'd', number 2: numpy does not compute it; against= compares "
        "it; nothing before it can be compared; in the net that the model was converted from, stride is (2, 2) and not "
        "(1, 1)"
    )
    assert changed(tmp_path, net("(2, 2)"), net("(2,2)"), {"w": draw(1, 1, 2, 2)}, shapes).agrees


def test_a_changed_node_that_gives_its_output_another_shape(folder, tmp_path):
    """Gradients are not compared then."""
    net, other = (
        graph(null("data"), op("relu", "r", [0]), op("slice_axis", "s", [1], axis=1, begin=0, end=end))
        for end in (3, 2)
    )
    options = {"against": folder / "python", "gradients": True}
    result = changed(tmp_path, net, other, {}, {"data": (None, 4)}, **options)
    assert not result.agrees and result.comparisons == ()
    assert result.text.splitlines()[1:] == [
        "output 's': largest error shape 2 x 3 in place of 2 x 2, DIFFERS",
        "the first node that differs is slice_axis node 's', number 2: shape 2 x 3 in place of 2 x 2; what it depends "
        "on agrees ('r': at most 0 relative); in the net that the model was converted from, end is 3 and not 2",
    ]


def transposed(axes="(0, 2, 1)", shape="(0, 0, -1)"):
    return graph(
        null("data"), op("relu", "r", [0]), op("transpose", "swap", [1], axes=axes),
        op("Reshape", "fold", [2], shape=shape), op("tanh", "t", [3]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "node", "before", "change"),
    [
        ({"axes": "(0, 1, 2)"}, "transpose node 'swap', number 2: shape 2 x 4 x 3 in place of 2 x 3 x 4", "r",
         "axes is (0, 2, 1) and not (0, 1, 2)"),
        ({"shape": "(0, -1)"}, "Reshape node 'fold', number 3: shape 2 x 4 x 3 in place of 2 x 12", "swap",
         "shape is (0, 0, -1) and not (0, -1)"),
    ],
)  # fmt: skip
def test_a_changed_order_or_number_of_axes(tmp_path, attributes, node, before, change):
    result = changed(tmp_path, transposed(), transposed(**attributes), {}, {"data": (None, 3, 4)})
    assert str(result.fault) == (
        f"the first node that differs is {node}; what it depends on agrees ({before!r}: at most 0 relative); in the "
        f"net that the model was converted from, {change}"
    )


def test_a_model_without_its_net_has_tensors_with_other_axes(tmp_path):
    shapes = {"data": (None, 3, 4)}
    netconv.convert_file(write(tmp_path, transposed(), "net"), input_shapes=shapes)
    netconv.save(netconv.open_model(tmp_path / "net.keras").model, tmp_path / "bare.keras", {})
    path = write(tmp_path, transposed(shape="(0, -1)"), "changed")
    result = netconv.verify(path, tmp_path / "bare.keras", input_shapes=shapes)
    assert not result.agrees and str(result.fault) == (
        "the first node that differs is tanh node 't', number 4: shape 2 x 3 x 4 in place of 2 x 12; what it depends "
        "on agrees ('swap': at most 0 relative)"
    )


def test_against_mxnet(folder):
    result = netconv.verify(folder / "net.json", against=folder / "python", gradients=True, train_steps=2)
    assert result.agrees and result.reference == "MXNet"
    assert result.text.splitlines()[0] == f"{folder}/net.json: 5 nodes, compared with MXNet"
    compared = [each.what for each in result.comparisons]
    assert compared == [
        "gradient of input 'data'", "gradient of 'w1'", "gradient of 'b1'", "gradient of 'w2'", "gradient of 'b2'",
        "'out' after 2 steps", "'w1' after 2 steps", "'b1' after 2 steps", "'w2' after 2 steps", "'b2' after 2 steps",
    ]  # fmt: skip
    assert result.text.splitlines()[-1] == "5 more with smaller errors; 0 of 10 differ"


def test_against_mxnet_a_model_of_another_version(folder):
    result = netconv.verify(folder / "net.json", folder / "other.keras", against=folder / "python", gradients=True)
    check_fault(result)
    assert not all(each.difference.within(1e-5) for each in result.comparisons)


def test_a_changed_node_that_no_output_shows(tmp_path):
    net, other = (graph(null("data"), op("relu", "r", [0]), op("sum", "s", [1], axis=axis)) for axis in (1, -1))
    result = changed(tmp_path, net, other, {}, {"data": (None, 3)})
    change = "node 's': in the net that the model was converted from, axis is 1 and not -1"
    assert result.agrees and result.changes == (change,) and result.facts["changes"] == [change]
    assert result.text.splitlines()[-1] == f"note: {change}: no output shows it for these inputs"


@pytest.mark.parametrize("with_samples", [False, True])
@pytest.mark.parametrize("scale", [0, 1])
def test_a_changed_node_that_only_its_own_output_shows(tmp_path, scale, with_samples):
    """Its output is multiplied by 0 then. Recorded outputs are those of the model, whether or not the net has others,
    and those of another net if the model has others."""
    net, other = (
        graph(null("data"), op("relu", "r", [0]), op(name, "a", [1]), op("_mul_scalar", "m", [2], scalar=scale))
        for name in ("tanh", "exp")
    )
    samples = tmp_path / "io.npz" if with_samples else None
    data = draw(2, 3)
    np.savez(tmp_path / "io.npz", data=data, output0=scale * np.tanh(np.maximum(data, 0)))
    result = changed(tmp_path, net, other, {}, {"data": (None, 3)}, samples=samples)
    assert result.outputs[0].difference.within(1e-5) is (scale == 0 or with_samples)
    assert not result.agrees and result.text.splitlines()[-1] == (
        f"the first node that differs is exp node 'a', number 2: {result.fault.difference}; what it depends on agrees "
        "('r': at most 0 relative); the model was converted from a net in which the node is tanh"
    )
    assert netconv.verify(tmp_path / "net.json", tmp_path / "net.keras", samples=samples,
                          input_shapes={"data": (None, 3)}).agrees  # fmt: skip


def test_recorded_outputs_and_a_changed_net_that_cannot_be_run(tmp_path):
    (net, arrays), (other, _) = sliced(), sliced(end=2)
    netconv.convert_file(write(tmp_path, net, "net", **arrays))
    data = draw(2, 3)
    np.savez(tmp_path / "io.npz", data=data, output0=netconv.open_model(tmp_path / "net.keras").model(data).numpy())
    result = changed(tmp_path, net, other, arrays, samples=tmp_path / "io.npz")
    assert not result.agrees and result.outputs[0].difference.within(1e-5)
    assert result.text.splitlines()[-1].startswith(
        "the first node that differs is slice_axis node 'part', number 4: shape 2 x 3 in place of 2 x 2; "
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [("elemwise_sub", "{}; what it depends on agrees ('r', 't': at most {} relative)"),
     ("_npi_true_divide", "numpy does not compute it; against= compares it; nothing before it can be compared")],
)  # fmt: skip
def test_a_node_that_reads_other_inputs(tmp_path, name, why):
    def net(first, second):
        return graph(null("data"), op("relu", "r", [0]), op("tanh", "t", [0]), op(name, "two", [first, second]))

    result = changed(tmp_path, net(1, 2), net(2, 1), {}, {"data": (None, 3)})
    most = [f"{max(its.relative for _, its in result.fault.before):.2g}"] if result.fault.before else []
    assert not result.agrees and result.text.splitlines()[-1] == (
        f"the first node that differs is {name} node 'two', number 3: {why.format(result.fault.difference, *most)}; in "
        "the net that the model was converted from, its inputs are 'r', 't' and not 't', 'r'"
    )
    np.savez(tmp_path / "io.npz", data=draw(2, 3), output0=draw(2, 3))
    fault = netconv.verify(tmp_path / "changed.json", tmp_path / "net.keras", samples=tmp_path / "io.npz").fault
    assert (fault.name, fault.refused, fault.changed) == ("two", result.fault.refused, result.fault.changed)


def test_a_node_that_reads_another_output(tmp_path):
    net, other = (
        graph(null("data"), op("SliceChannel", "s", [0], num_outputs=2), op("tanh", "t", [(1, k)])) for k in (0, 1)
    )
    result = changed(tmp_path, net, other, {}, {"data": (None, 4)})
    change = "in the net that the model was converted from, its inputs are 's' and not output 1 of 's'"
    assert not result.agrees and (result.fault.name, result.fault.changed) == ("t", change)


def test_texts_of_the_net_of_a_model_are_escaped(folder, tmp_path):
    """Its ops and attributes are not known to fit, as those of the net are."""
    loaded = netconv.open_model(folder / "net.keras")
    text = "tanh\r\n\x1b[31mred"
    net = loaded.members["graph.json"].replace(b'"tanh"', json.dumps(text).encode())
    assert net != loaded.members["graph.json"]
    netconv.save(loaded.model, tmp_path / "net.keras", {**loaded.members, "graph.json": net})
    result = netconv.verify(folder / "net.json", tmp_path / "net.keras")
    assert result.text.splitlines()[-1] == (
        "note: node 'act': in the net that the model was converted from, act_type is tanh\\r\\n\\x1b[31mred and not "
        "tanh: no output shows it for these inputs"
    )


def test_a_changed_subgraph(tmp_path):
    source = ROOT / "fixtures/conformance/nets/foreach"
    shapes = {"data": (2, 4, 3)}
    netconv.convert_file(source / "net.json", output=tmp_path / "net.keras", input_shapes=shapes)
    net = json.loads((source / "net.json").read_text())
    [part] = next(node["subgraphs"] for node in net["nodes"] if "subgraphs" in node)
    next(node for node in part["nodes"] if node["op"] == "tanh")["op"] = "relu"
    path = write(tmp_path, net)
    result = netconv.verify(path, tmp_path / "net.keras", source / "net.params", input_shapes=shapes)
    assert not result.agrees and result.fault.changed == (
        "in the net that the model was converted from, its subgraph is another"
    )
    assert netconv.verify(source / "net.json", tmp_path / "net.keras", input_shapes=shapes).changes == ()


def test_attributes_of_the_same_value_are_no_change(tmp_path):
    """Their texts differ, or one is not given; those that do not matter are not compared."""

    def net(scalar, **attributes):
        return graph(
            null("data"), null("gamma"), null("beta"), null("mean"), null("var"),
            op("BatchNorm", "n", [0, 1, 2, 3, 4], **attributes), op("_mul_scalar", "m", [5], scalar=scalar),
        )  # fmt: skip

    arrays = {"gamma": draw(3), "beta": draw(3), "mean": draw(3), "var": draw(3) ** 2}
    one = net("2", fix_gamma="False")
    other = net("2.0", fix_gamma="false", use_global_stats="False", eps="1e-3", cudnn_off="1")
    result = changed(tmp_path, one, other, arrays, {"data": (None, 3)})
    assert result.agrees and result.changes == ()
    result = changed(tmp_path, one, net("2", fix_gamma="0", axis="1", eps="1"), arrays, {"data": (None, 3)})
    assert not result.agrees and result.fault.changed == (
        "in the net that the model was converted from, eps is not given and not 1"
    )


def test_mxnet_rounds_more_than_the_model(folder, tmp_path):
    def verified(name):
        path = write(tmp_path, graph(null("data"), op(name, "t", [0])))
        return netconv.verify(path, against=folder / "python", input_shapes={"data": (None, 3)})

    result = verified("sin")
    assert result.agrees and result.fault is None
    [check] = result.outputs
    assert check.difference.relative < 1e-6 and 2.9e-5 < check.rounding.relative < 3.1e-5
    assert result.facts["outputs"][0]["rounding"]["agrees"] is False
    assert result.text.splitlines()[-1] == (
        f"output 't': largest error {check.difference} from the definitions in float64, from which MXNet is "
        f"{check.rounding}, agrees"
    )
    result = verified("cos")
    assert not result.agrees and result.fault.name == "t" and result.outputs[0].rounding is None


def test_mxnet_does_not_repeat_what_it_computes(folder, tmp_path):
    path = write(tmp_path, graph(null("data"), op("tan", "t", [0])))
    result = netconv.verify(path, against=folder / "python", input_shapes={"data": (None, 3)})
    assert not result.agrees and result.fault is None and result.facts["repeats"] is False
    assert result.text.splitlines()[-1] == (
        "MXNet computes another output when it is run again: it is not defined for these inputs; seed=1 draws others"
    )


@pytest.mark.parametrize("seed", range(4))
def test_labels_that_are_drawn_fit_their_sequences(seed):
    """The loss of a label that is longer than its sequence would be hundreds."""
    converted = conversion.convert(ROOT / "fixtures/conformance/nets/mathematica-contrasted-12/net.json")
    drawn = given_inputs.draw(converted.model, converted.prepared.net.graph, seed)
    lengths, of_labels = drawn["seq_1"], drawn["seq_2"]
    assert lengths.shape == of_labels.shape == (2,) and set(lengths) <= {1, 2} and set(of_labels) == {1}
    assert (np.asarray(converted.model(list(drawn.values()))[1]) < 20).all()


def test_trained_weights_are_refused_or_replaced(folder, tmp_path):
    model = tmp_path / "net-trained.keras"
    loaded = netconv.open_model(folder / "net.keras")
    loaded.model.layers[1].kernel.assign(loaded.model.layers[1].kernel * 2)
    netconv.save(loaded.model, model, loaded.members)
    expected = (
        f"{model}: the weights of 1 of 2 layers are not those of {folder}/net.json, 'fc1' first; was it trained? "
        "{} puts the parameters of the net in"
    )
    assert fails(netconv.verify, folder / "net.json", model) == expected.format("weights='source'")
    assert netconv.verify(folder / "net.json", model, weights="source").agrees
    done = CliRunner().invoke(main, ["verify", str(folder / "net.json"), str(model)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"netconv: {expected.format('--weights source')}\n"


def test_a_net_without_its_parameter_file(folder, tmp_path):
    """An untrained model has the initial weights, which are drawn again."""
    path = Path(shutil.copy(folder / "net.json", tmp_path / "alone.json"))
    expected = (
        f"{path}: it has no parameters to compare those of {folder}/net.keras with: no parameter file was found beside "
        "it; give one with {}"
    )
    for options in ({}, {"weights": "source"}):
        assert fails(netconv.verify, path, folder / "net.keras", **options) == expected.format("params")
    done = CliRunner().invoke(main, ["verify", str(path), str(folder / "net.keras")])
    assert (done.exit_code, done.stderr) == (1, f"netconv: {expected.format('--params')}\n")
    assert netconv.verify(path, folder / "net.keras", folder / "net.params").agrees
    netconv.convert_file(path, input_shapes={"data": (None, 3)})
    assert netconv.verify(path, tmp_path / "alone.keras", input_shapes={"data": (None, 3)}).agrees


def test_errors_of_nodes_name_the_net(folder, tmp_path):
    path = write(tmp_path, small("swish"), "net", **ARRAYS)
    for net in (path, path.open("rb")):
        assert fails(netconv.verify, net, folder / "net.keras", tmp_path / "net.params").startswith(
            f"{path}: Activation node 'act': "
        )


def test_samples(folder, tmp_path):
    x = draw(5, 3)
    outputs = netconv.open_model(folder / "net.keras").model(x).numpy()
    for inputs, names in (("data", "output0"), ("in:data", "out:0"), ("data", "out")):
        np.savez(tmp_path / "io.npz", **{inputs: x, names: outputs})
        result = netconv.verify(folder / "net.json", samples=tmp_path / "io.npz")
        assert result.agrees and result.outputs[0].difference.absolute < 1e-6 and result.reference == "samples"
    assert result.text.splitlines()[0] == f"{folder}/net.json: 5 nodes, compared with recorded outputs"
    check_fault(netconv.verify(folder / "net.json", folder / "other.keras", samples=tmp_path / "io.npz"))
    np.savez(tmp_path / "io.npz", data=x, output0=outputs + 1)
    wrong = netconv.verify(folder / "net.json", samples=tmp_path / "io.npz")
    assert not wrong.agrees and wrong.text.splitlines()[-1] == (
        "no node differs from its definition: the net computes other outputs than those recorded"
    )


def test_samples_that_do_not_fit(folder, tmp_path):
    path = tmp_path / "io.npz"

    def message(**arrays):
        np.savez(path, **arrays)
        return fails(netconv.verify, folder / "net.json", samples=path).removeprefix(f"{path}: ")

    assert message(x=draw(2, 3)) == "no array of numbers for input 'data': it has x"
    assert message(data=draw(2, 3)) == "no array of numbers for output 'output0': it has data"
    assert message(data=draw(2, 4)) == "input 'data' has shape (2, 4), and the model takes (None, 3)"
    np.savez(path, data=np.array([{}], object))
    assert fails(netconv.verify, folder / "net.json", samples=path).startswith(f"{path}: not a readable .npz file: ")
    path.write_text("x,y")
    assert fails(netconv.verify, folder / "net.json", samples=path).startswith(f"{path}: not a readable .npz file: ")
    np.save(tmp_path / "x.npy", draw(2))
    text = fails(netconv.verify, folder / "net.json", samples=tmp_path / "x.npy")
    assert text == f"{tmp_path}/x.npy: not an .npz file of named arrays"


def test_a_model_of_another_net(folder, tmp_path):
    write(tmp_path, small(units=5), "wide", **ARRAYS | {"w1": draw(5, 3), "b1": draw(5), "w2": draw(2, 5)})
    model = tmp_path / "wide.keras"
    netconv.convert_file(tmp_path / "wide.json")
    assert fails(netconv.verify, folder / "net.json", model) == (
        f"{model}: the weights of layer 'fc1' have the shapes (3, 5), (5,), and (3, 4), (4,) in {folder}/net.json: it "
        "was converted from another net"
    )
    ckd = ROOT / "fixtures/ckd/net.json"
    assert fails(netconv.verify, ckd, model) == (
        f"{model}: its inputs are data, and those of {ckd} Input: it was converted from another net"
    )


def test_layers_that_scale_are_left_out(folder, tmp_path):
    loaded = netconv.open_model(folder / "net.keras")
    scaling = Scaling(None, Moments(np.full(3, 5.0), np.full(3, 2.0)))
    scaled = scaling_layers.scaled(loaded.model, [scaling], [(3,)])
    netconv.save(scaled, tmp_path / "net-trained.keras", loaded.members)
    assert netconv.verify(folder / "net.json", tmp_path / "net-trained.keras").agrees


def test_a_model_with_its_states_as_inputs(tmp_path):
    count = 4 * 4 * (3 + 4 + 2)
    net = graph(null("data"), null("p"), null("begin_state"), null("begin_cell"),
                op("RNN", "r", [0, 1, 2, 3], mode="lstm", state_size=4, num_layers=1))  # fmt: skip
    path, model = write(tmp_path, net, p=draw(count)), tmp_path / "net.keras"
    shapes = {"data": (5, None, 3)}
    netconv.convert_file(path, states=True, input_shapes=shapes)
    result = netconv.verify(path, model, input_shapes=shapes)
    assert result.agrees and [*result.inputs] == ["data", "begin_state", "begin_cell"]
    assert (result.computed, result.undefined) == (1, {})


def test_inputs_that_the_model_cannot_take(tmp_path):
    net = graph(null("data"), null("the more"), op("Concat", "both", [0, 1], dim=1))
    path = write(tmp_path, net)
    shapes = {"data": (None, 3, None), "the more": (None, 2, None)}
    netconv.convert_file(path, input_shapes=shapes)
    assert netconv.verify(path, tmp_path / "net.keras", input_shapes=shapes).agrees
    np.savez(tmp_path / "io.npz", data=draw(2, 3, 4), the_more=draw(2, 2, 5), output0=draw(2, 5, 4))
    text = fails(netconv.verify, path, tmp_path / "net.keras", input_shapes=shapes, samples=tmp_path / "io.npz")
    assert text == (
        f"{tmp_path}/net.keras cannot be run on inputs of shape data (2, 3, 4), the_more (2, 2, 5): ConcatOp : "
        "Dimension 2 in both shapes must be equal: shape[0] = [2,3,4] vs. shape[1] = [2,2,5]; give other sizes for the "
        "open axes after the batch: input_shapes={'data': (None, 3, None), 'the more': (None, 2, None)}"
    )


def test_shapes_that_cannot_be_inferred(tmp_path):
    """They are those of the model, if one is given, and asked for otherwise."""
    path = write(tmp_path, graph(null("my data"), op("relu", "r", [0])))
    asked = f"{path}: the shape of input 'my data' cannot be inferred; give for example "
    assert fails(netconv.verify, path) == f"{asked}input_shapes={{'my data': (None, 10)}}"
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert (result.exit_code, result.stderr) == (1, f"netconv: {asked}--input-shape 'my data=?,10'\n")
    netconv.convert_file(path, input_shapes={"my data": (None, 3)})
    result = netconv.verify(path, tmp_path / "net.keras")
    assert result.agrees and result.inputs == {"my_data": (2, 3)}
    message = fails(netconv.verify, path, tmp_path / "net.keras", input_shapes={"my data": (None, 4)})
    assert message.startswith(f"{tmp_path}/net.keras cannot be run on inputs of shape my_data (2, 4): ")
    assert message.endswith("; the model takes input_shapes={'my data': (None, 3)}")


def test_sizes_that_the_net_leaves_open_are_those_of_the_model(tmp_path):
    net = graph(null("data"), null("w"), op("Convolution", "c", [0, 1], kernel="(3, 3)", num_filter=2, no_bias=True))
    path = write(tmp_path, net, w=draw(2, 3, 3, 3))
    netconv.convert_file(path, input_shapes={"data": (None, 3, 9, 8)})
    result = netconv.verify(path, tmp_path / "net.keras")
    assert result.agrees and result.inputs == {"data": (2, 3, 9, 8)}


def test_drawn_inputs_that_the_model_cannot_take(tmp_path):
    path = write(tmp_path, graph(null("data"), op("Reshape", "fives", [0], shape="(0, -1, 5)")))
    result = CliRunner().invoke(main, ["verify", str(path), "--input-shape", "data=?,?"])
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "netconv: the converted model cannot be run on inputs of shape data (2, 6): The total size of the tensor "
    )
    assert result.stderr.endswith("; give other sizes for the open axes after the batch: --input-shape data=?,?\n")
    assert CliRunner().invoke(main, ["verify", str(path), "--input-shape", "data=?,10"]).exit_code == 0


def test_what_numpy_does_not_define_is_said(tmp_path):
    net = graph(null("data"), op("arctan", "a", [0]), op("tanh", "t", [1]), heads=[1, 2])
    path = write(tmp_path, net)
    result = netconv.verify(path, input_shapes={"data": (None, 3)})
    assert result.agrees and (result.computed, result.undefined) == (1, {"arctan": 1})
    assert result.text.splitlines()[0].endswith("compared with their definitions in numpy (1 of 2)")
    assert result.text.splitlines()[2:] == [
        "output 'a': not compared: numpy does not define its op",
        f"output 't': largest error {result.outputs[1].difference}, agrees",
        "note: not defined in numpy, and therefore not checked: arctan (1)",
    ]
    alone = netconv.verify(
        write(tmp_path, graph(null("data"), op("arctan", "a", [0]))), input_shapes={"data": (None, 3)}
    )
    assert alone.text.splitlines()[-1] == "note: only the file was checked, not the translation"


def test_a_node_before_one_that_numpy_does_not_define(tmp_path):
    def net(scalar):
        return graph(null("data"), op("_mul_scalar", "twice", [0], scalar=scalar), op("arctan", "a", [1]))

    netconv.convert_file(write(tmp_path, net(2), "net"), input_shapes={"data": (None, 3)})
    netconv.save(netconv.open_model(tmp_path / "net.keras").model, tmp_path / "bare.keras", {})
    assert netconv.verify(tmp_path / "net.json", tmp_path / "bare.keras").agrees
    result = netconv.verify(write(tmp_path, net(3), "changed"), tmp_path / "bare.keras")
    assert not result.agrees and str(result.fault) == (
        f"the first node that differs is _mul_scalar node 'twice', number 1: {result.fault.difference}; nothing before "
        "it can be compared"
    )


def test_random_outputs_are_left_out(folder, tmp_path):
    net = graph(null("data"), op("_random_uniform", "r", [], shape="(2, 3)"), op("elemwise_add", "sum", [0, 1]))
    path = write(tmp_path, net)
    result = netconv.verify(path, input_shapes={"data": (2, 3)})
    assert result.text.splitlines()[2] == "output 'sum': not compared: it is random"
    text = fails(netconv.verify, path, input_shapes={"data": (2, 3)}, against=folder / "python", gradients=True)
    assert text == f"{path}: output 'sum' is random: its gradients cannot be compared"


def test_options_that_do_not_fit(folder):
    net = folder / "net.json"
    assert fails(netconv.verify, net, gradients=True) == (
        "gradients=True needs a Python with MXNet; name it with against="
    )
    assert fails(netconv.verify, net, train_steps=2) == "train_steps=2 needs a Python with MXNet; name it with against="
    assert fails(netconv.verify, net, weights="source") == (
        "weights='source' is for a .keras file that is given; leave it out"
    )
    assert fails(netconv.verify, net, weights="model") == "weights must be 'source'; received 'model'"
    assert fails(netconv.verify, net, tolerance=-1) == "tolerance must be a number of at least 0; received -1"
    assert fails(netconv.verify, net, train_steps=-1) == "train_steps must be an integer of at least 0; received -1"
    for seed in (-1, "a"):
        expected = f"seed must be an integer from 0 to 4,294,967,295; received {seed!r}"
        assert fails(netconv.verify, net, seed=seed) == expected
    assert fails(netconv.verify, net, input_shapes=[1]) == (
        "input_shapes must be a dictionary of shapes, such as {'data': (None, 24)}; received [1]"
    )
    assert fails(netconv.verify, net, 3) == "the model must be a .keras file, by its path or its bytes; received 3"
    assert fails(netconv.verify, net, net) == f"{net}: the model that is verified must be a .keras file"


def test_the_command(folder, tmp_path):
    for name in ("net.json", "net.params", "other.keras"):
        shutil.copy(folder / name, tmp_path)

    def run(*arguments, **options):
        return CliRunner().invoke(main, ["verify", *arguments], **options)

    done = run(str(tmp_path / "net.json"))
    assert done.exit_code == 0 and done.stdout.splitlines()[-1].endswith("agrees")
    done = run(str(tmp_path / "net.json"), str(tmp_path / "other.keras"), "--json")
    facts = json.loads(done.stdout)
    assert done.exit_code == 1 and facts["agrees"] is False
    first = facts["first_difference"]
    assert (first["op"], first["name"], first["index"], first["before"][0]["name"]) == ("Activation", "act", 4, "fc1")
    done = run(str(tmp_path / "net.json"), "-", input=(tmp_path / "other.keras").read_bytes())
    assert done.exit_code == 1 and "act_type is sigmoid and not tanh" in done.stdout
    assert run(str(tmp_path / "net.json"), str(tmp_path / "other.keras"), "--tolerance", "10").exit_code == 0
    done = run(str(tmp_path / "net.json"), "--seed", "-1")
    assert done.exit_code == 2 and "'--seed': -1 is not in the range 0<=x<=4294967295" in done.stderr
    done = run("-", "-")
    assert done.exit_code == 2 and "the net and the model cannot both come from stdin" in done.stderr
