"""Conversion through the library, from files to a compiled model."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from nets import dense, draw, graph, null, op, write

import netconv
from netconv import conversion
from netconv.cli import main
from netconv.frontends.mxnet import params_file
from netconv.keras_files import archive

FIXTURES = Path(__file__).parents[1] / "fixtures"
RESNET = Path(__file__).parents[1] / "fixtures" / "conformance" / "nets" / "resnet"
CKD = FIXTURES / "ckd" / "net.json"


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def convert(folder, net, shapes=None, **arrays):
    return netconv.convert(write(folder, net, **arrays), input_shapes=shapes)


def test_the_kidney_net_is_the_expected_chain():
    model = netconv.convert(CKD)
    assert kinds(model) == ["InputLayer", "BatchNormalization", "Dense", "ReLU", "Dropout", "Dense", "Softmax"]
    assert model.count_params() == 638
    assert model.input_shape == (None, 24)
    assert model.loss == "sparse_categorical_crossentropy"
    assert model.optimizer.name == "adam" and model.optimizer.built
    assert [layer.name for layer in model.layers] == ["Input", "1", "2", "3_0", "4_0", "5", "6_0"]


@pytest.mark.parametrize("steps", [None, 4])
def test_a_table_of_positions_is_trained(tmp_path, steps):
    """Also if the length is known, and every position with it."""
    nodes = [null("data"), null("table"), op("_contrib_arange_like", "places", [0], axis=1)]
    nodes.append(op("Embedding", "looked_up", [2, 1], input_dim=6, output_dim=3))
    nodes.append(op("broadcast_add", "sum", [0, 3]))
    table = np.arange(18, dtype="float32").reshape(6, 3)
    model = convert(tmp_path, graph(*nodes), {"data": (None, steps, 3)}, table=table)
    assert [weight.shape for weight in model.trainable_weights] == [(6, 3)]
    data = np.ones((2, 4, 3), "float32")
    np.testing.assert_array_equal(model(data), data + table[:4])


def test_a_layer_of_zeros_is_trained(tmp_path):
    """The state before the first step of an unrolled graph."""
    nodes = [null("data"), null("w"), null("b"), op("_zeros", "state", [], shape=(1, 2))]
    nodes.append(op("FullyConnected", "carried", [3, 1, 2], num_hidden=3))
    nodes.append(op("broadcast_add", "sum", [0, 4]))
    weight, bias = np.ones((3, 2), "float32"), np.array([1, 2, 3], "float32")
    model = convert(tmp_path, graph(*nodes), {"data": (None, 3)}, w=weight, b=bias)
    assert [each.shape for each in model.trainable_weights] == [(2, 3), (3,)]
    data = np.ones((4, 3), "float32")
    np.testing.assert_array_equal(model(data), data + bias)


def test_a_number_over_constants(tmp_path):
    nodes = [null("data"), op("_full", "two", [], shape=(1, 3), value=2)]
    nodes += [op("_rdiv_scalar", "over", [1], scalar=5), op("broadcast_add", "sum", [0, 2])]
    model = convert(tmp_path, graph(*nodes), {"data": (None, 3)})
    np.testing.assert_array_equal(model(np.ones((2, 3), "float32")), np.full((2, 3), 3.5))


PLAIN = """
import sys, warnings
warnings.simplefilter("error")
sys.modules["netconv"] = None  # as where it is not installed
import keras, numpy
model = keras.models.load_model(sys.argv[1])
x = numpy.linspace(-1, 1, 96, dtype="float32").reshape(4, 24)
before = model.predict(x, verbose=0)
model.fit(x, numpy.array([0, 1, 0, 1]), epochs=2, verbose=0)
print(len(model.optimizer.variables), before[0, 0] != model.predict(x, verbose=0)[0, 0])
"""


def test_the_file_loads_and_trains_without_netconv_and_without_a_warning(tmp_path):
    netconv.convert_file(CKD, output=tmp_path / "net.keras")
    done = subprocess.run([sys.executable, "-c", PLAIN, tmp_path / "net.keras"], capture_output=True, text=True)
    assert done.stdout.split() == ["14", "True"]
    assert "Warning" not in done.stderr


def test_the_same_net_gives_the_same_bytes_in_any_process(tmp_path):
    one, two = tmp_path / "one.keras", tmp_path / "two.keras"
    lenet = FIXTURES / "conformance" / "nets" / "mathematica-lenet-11" / "net.json"
    convert_ckd_too = f"import netconv; netconv.convert({str(CKD)!r}); "
    for path, before in ((one, ""), (two, convert_ckd_too)):
        code = f"{before}import netconv; netconv.convert_file({str(lenet)!r}, output={str(path)!r})"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert one.read_bytes() == two.read_bytes()


def test_the_file_records_the_origin_of_each_weight(tmp_path):
    path = tmp_path / "net.keras"
    netconv.convert_file(CKD, output=path, classes=["ckd", "notckd"])
    members = archive.members(path)
    origins = json.loads(members["weights.json"])
    parameters = json.loads(members["parameters.json"])
    assert parameters[2] == {"name": "2.Weights", "node": 6, "dtype": "float32", "shape": [20, 24]}
    assert origins["2"] == [["transpose", ["param", 2], [1, 0]], ["param", 3]]
    assert json.loads(members["classes.json"]) == ["ckd", "notckd"]
    assert {name: len(origins[name]) for name in origins} == {"1": 4, "2": 2, "5": 2}


def metrics_of(model):
    return model.get_compile_config()["metrics"]


def test_python_compiles_with_the_metrics_of_the_command(tmp_path):
    done = CliRunner().invoke(main, ["convert", str(CKD), "-o", str(tmp_path / "net.keras")])
    assert done.exit_code == 0
    by_command = metrics_of(archive.load(tmp_path / "net.keras"))
    assert metrics_of(netconv.convert(CKD)) == by_command == ["accuracy"]
    assert metrics_of(netconv.convert(CKD, metrics="auto")) == ["accuracy"]
    assert metrics_of(netconv.convert(CKD, metrics=["mae"])) == ["mae"]
    for none in ((), None):
        assert metrics_of(netconv.convert(CKD, metrics=none)) is None


def test_a_net_that_is_not_a_classifier_has_no_metrics(tmp_path):
    net, arrays = dense()
    assert metrics_of(netconv.convert(write(tmp_path, net, **arrays))) is None


def test_nodes_of_the_same_name_have_their_own_weights(tmp_path):
    nodes = [null("data"), null("w"), op("FullyConnected", "a", [0, 1], num_hidden=3, no_bias=True)]
    nodes += [null("w"), op("FullyConnected", "b", [2, 3], num_hidden=3, no_bias=True)]
    path, one, other = write(tmp_path, graph(*nodes)), draw(3, 3), draw(3, 3, seed=1)
    params_file.write(tmp_path / "net.params", [("w", one), ("w", other)])
    x = draw(5, 3)
    np.testing.assert_allclose(netconv.convert(path)(x), x @ one.T @ other.T, 1e-5, 1e-5)


def test_saving_a_model_that_keras_saved_needs_no_members(tmp_path):
    netconv.convert(CKD).save(tmp_path / "net.keras")
    assert archive.members(tmp_path / "net.keras") == {}


def test_optimizer_slots_are_not_saved(tmp_path):
    net, arrays = dense(1000, 1000)
    netconv.convert_file(write(tmp_path, net, **arrays))
    assert (tmp_path / "net.keras").stat().st_size < 1.1 * 4 * (1000 * 1000 + 1000)
    loaded = archive.load(tmp_path / "net.keras")
    assert loaded.optimizer.built and len(loaded.optimizer.variables) == 6


def test_inputs_and_outputs_keep_the_graph_s_axis_order(tmp_path):
    x = draw(2, 3, 6, 6)
    net = graph(
        null("image"), null("w"), op("Convolution", "conv", [0, 1], kernel="(3, 3)", num_filter=4, no_bias=True)
    )
    model = convert(tmp_path, net, w=draw(4, 3, 3, 3))
    assert model.inputs[0].name == "image" and model.input_shape == (None, 3, None, None)
    assert model(x).shape == (2, 4, 4, 4)


def test_a_convolutional_net_has_one_transpose_at_each_boundary(tmp_path):
    conv = {"kernel": "(3, 3)", "num_filter": 4, "no_bias": True, "pad": "(1, 1)"}
    net = graph(
        null("data"), null("w1"), op("Convolution", "c1", [0, 1], **conv), op("relu", "r", [2]),
        null("w2"), op("Convolution", "c2", [3, 4], **conv), op("elemwise_add", "sum", [3, 5]),
        op("Concat", "cat", [6, 3], dim=1), op("Pooling", "p", [7], kernel="(2, 2)", stride="(2, 2)"),
    )  # fmt: skip
    path = write(tmp_path, net, w1=draw(4, 3, 3, 3), w2=draw(4, 4, 3, 3))
    done = conversion.convert(path, input_shapes={"data": (None, 3, 8, 8)})
    assert done.build_report.transposes == 2


def test_flatten_before_a_dense_layer_is_folded_into_the_kernel(tmp_path):
    net = graph(
        null("data"), null("w"), op("Convolution", "c", [0, 1], kernel="(3, 3)", num_filter=4, no_bias=True),
        op("Flatten", "f", [2]), null("v"), op("FullyConnected", "d", [3, 4], num_hidden=2, no_bias=True),
    )  # fmt: skip
    path = write(tmp_path, net, w=draw(4, 1, 3, 3), v=draw(2, 64))
    done = conversion.convert(path, input_shapes={"data": (None, 1, 6, 6)})
    assert done.build_report.transposes == 0  # one channel: the input is reshaped, not transposed
    assert kinds(done.model) == ["InputLayer", "Reshape", "Conv2D", "Flatten", "Dense"]


def test_transposes_of_the_graph_cancel(tmp_path):
    """Mathematica's Interleaving writes one before and one after; the data are channels-last already."""
    net = graph(
        null("data"), op("transpose", "k$0", [0], axes="(0, 3, 1, 2)"), null("w"),
        op("Convolution", "k", [1, 2], kernel="(3, 3)", num_filter=4, no_bias=True),
        op("transpose", "k$1", [3], axes="(0, 2, 3, 1)"),
    )  # fmt: skip
    path = write(tmp_path, net, w=draw(4, 3, 3, 3))
    done = conversion.convert(path, input_shapes={"data": (None, 8, 8, 3)})
    assert kinds(done.model) == ["InputLayer", "Conv2D"]


def test_nodes_that_share_parameters_share_a_layer(tmp_path):
    net = graph(
        null("data"), null("w"), op("FullyConnected", "one", [0, 1], num_hidden=3, no_bias=True),
        op("FullyConnected", "two", [2, 1], num_hidden=3, no_bias=True),
    )  # fmt: skip
    model = convert(tmp_path, net, w=draw(3, 3))
    assert kinds(model) == ["InputLayer", "Dense"] and model.count_params() == 9


def test_parameters_shared_by_different_ops_are_one_variable(tmp_path):
    net = graph(
        null("ids"), null("w"), op("Embedding", "e", [0, 1], input_dim=5, output_dim=3),
        op("FullyConnected", "out", [2, 1], num_hidden=5, no_bias=True, flatten=False),
    )  # fmt: skip
    w = draw(5, 3)
    model = convert(tmp_path, net, {"ids": (None, 4)}, w=w)
    assert model.count_params() == 15
    ids = np.array([[0, 1, 4, 2]], "float32")
    np.testing.assert_allclose(model(ids), w[[[0, 1, 4, 2]]] @ w.T, rtol=1e-5, atol=1e-6)


def test_a_stored_array_that_no_layer_owns_trains(tmp_path):
    net = graph(null("data"), null("s"), op("broadcast_mul", "scaled", [0, 1]))
    model = convert(tmp_path, net, {"data": (None, 3)}, s=np.array([[1, 2, 3]], "float32"))
    assert [v.shape for v in model.trainable_variables] == [(1, 3)]
    np.testing.assert_array_equal(model(np.ones((2, 3), "float32")), [[1, 2, 3]] * 2)


def test_layers_before_block_grad_are_not_trained(tmp_path):
    net = graph(
        null("data"), null("w"), op("FullyConnected", "a", [0, 1], num_hidden=3, no_bias=True),
        op("BlockGrad", "stop", [2]), null("v"), op("FullyConnected", "b", [3, 4], num_hidden=2, no_bias=True),
    )  # fmt: skip
    model = convert(tmp_path, net, w=draw(3, 3), v=draw(2, 3))
    assert [v.path for v in model.trainable_variables] == ["b/kernel"]


def test_a_gamma_that_mxnet_fixes_at_one_is_not_a_weight(tmp_path):
    arrays = {"g": draw(3), "b": draw(3), "m": draw(3), "v": draw(3) ** 2}
    net = graph(null("data"), *map(null, "gbmv"), op("BatchNorm", "bn", [0, 1, 2, 3, 4]))
    model = convert(tmp_path, net, {"data": (None, 3)}, **arrays)
    assert model.layers[1].scale is False
    expected = (1 - arrays["m"]) / np.sqrt(arrays["v"] + 1e-3) + arrays["b"]
    np.testing.assert_allclose(model(np.ones((1, 3), "float32"))[0], expected, rtol=1e-5)


def test_recurrent_states_start_at_zero_by_default(tmp_path):
    nodes = (
        null("data"), null("p"), null("4.State"), op("expand_dims", "e", [2], axis=0),
        op("RNN", "rnn", [0, 1, 3], mode="gru", state_size=4, num_layers=1, state_outputs=True),
    )  # fmt: skip
    arrays = {"p": draw(3 * 4 * (2 + 4) + 2 * 3 * 4)}
    model = convert(tmp_path, graph(*nodes), {"data": (5, None, 2)}, **arrays)
    assert [t.name for t in model.inputs] == ["data"]
    with_states = netconv.convert(tmp_path / "net.json", input_shapes={"data": (5, None, 2)}, states=True)
    assert [t.name for t in with_states.inputs] == ["data", "4_State"]
    x = draw(5, 3, 2)
    np.testing.assert_allclose(model(x), with_states([x, np.zeros((3, 4), "float32")]), atol=1e-6)


@pytest.mark.parametrize(
    "scaled",
    [
        [op("_MulScalar", "a", [0], scalar=3.0), op("_Maximum", "m", [0, 1])],
        [op("_DivScalar", "a", [0], scalar=0.5), op("broadcast_maximum", "m", [1, 0])],
        [op("_Plus", "a", [0, 0]), op("_Plus", "b", [1, 0]), op("_Maximum", "m", [2, 0])],
    ],
)
def test_the_maximum_of_numbers_and_their_multiples_is_the_same_compiled(tmp_path, scaled):
    """TensorFlow treats it as a leaky ReLU, which is right for factors below 1 only."""
    model = convert(tmp_path, graph(null("data"), *scaled), {"data": (None, 4)})
    x = np.array([[-1, 2, -0.5, 0]], "float32")
    factor = 2 if scaled[0]["op"] == "_DivScalar" else 3
    np.testing.assert_array_equal(model.predict_on_batch(x), np.maximum(x, factor * x))


@pytest.mark.parametrize(("kernel", "stride"), [((3,), (2,)), ((2, 3), (2, 2)), ((2, 3), (1, 2))])
def test_a_depthwise_convolution_by_fed_weights_is_the_same_loaded(tmp_path, kernel, stride):
    import keras

    size = (7, 8)[: len(kernel)]
    node = op("Convolution", "c", [0, 1], kernel=kernel, stride=stride, num_filter=6, num_group=3, no_bias=True)
    shapes = {"data": (None, 3, *size), "w": (6, 1, *kernel)}
    model = convert(tmp_path, graph(null("data"), null("w"), node), shapes)
    model.save(tmp_path / "net.keras")
    fed = [draw(2, 3, *size), draw(6, 1, *kernel)]
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "net.keras")(fed), model(fed))


def test_a_dense_layer_of_features_whose_number_is_unknown(tmp_path):
    nodes = [
        null("data"), null("w"), null("b"), op("Pooling", "p", [0], kernel=(2,), stride=(2,)),
        op("FullyConnected", "fc", [3, 1, 2], num_hidden=5, flatten=False),
    ]  # fmt: skip
    net, arrays, x = graph(*nodes), {"w": draw(5, 4), "b": draw(5)}, draw(2, 3, 8)
    known, unknown = (convert(tmp_path, net, {"data": (None, 3, n)}, **arrays)(x) for n in (8, None))
    np.testing.assert_allclose(unknown, known, 1e-6)


def test_channels_that_are_padded_before_a_convolution_are_the_same_compiled(tmp_path):
    """TensorFlow merges padding into the convolution after it, which fails if channels are padded."""
    nodes = [
        null("data"), null("v"), null("w"),
        op("Convolution", "first", [0, 1], kernel=(1, 1), num_filter=2, no_bias=True),
        op("SwapAxis", "there", [3], dim1=1, dim2=2),
        op("pad", "p", [4], mode="constant", pad_width=(0, 0, 0, 0, 1, 2, 0, 1), constant_value=0.0),
        op("SwapAxis", "back", [5], dim1=1, dim2=2),
        op("Convolution", "second", [6, 2], kernel=(3, 3), num_filter=4, no_bias=True),
    ]  # fmt: skip
    model = convert(tmp_path, graph(*nodes), {"data": (None, 2, 7, 8)}, v=draw(2, 2, 1, 1), w=draw(4, 5, 3, 3))
    x = draw(3, 2, 7, 8)
    np.testing.assert_allclose(model.predict_on_batch(x), model(x), 1e-5, 1e-5)
    last = [
        null("data"), null("w"),
        op("pad", "p", [0], mode="constant", pad_width=(0, 0, 0, 0, 0, 1, 1, 2), constant_value=0.0),
        op("transpose", "t", [2], axes=(0, 3, 1, 2)),
        op("Convolution", "c", [3, 1], kernel=(3, 3), num_filter=4, no_bias=True),
    ]  # fmt: skip
    model, x = convert(tmp_path, graph(*last), {"data": (None, 7, 8, 2)}, w=draw(4, 5, 3, 3)), draw(3, 7, 8, 2)
    np.testing.assert_allclose(model.predict_on_batch(x), model(x), 1e-5, 1e-5)


def test_a_layer_of_which_only_the_shape_matters_is_not_in_the_model(tmp_path):
    nodes = [
        null("data"), null("w"), op("Convolution", "c", [0, 1], kernel="(2, 3)", num_filter=1, no_bias=True),
        op("relu", "r", [2]), op("Crop", "crop", [0, 3], num_args=2),
    ]  # fmt: skip
    path = write(tmp_path, graph(*nodes), w=draw(1, 2, 2, 3))
    done = conversion.convert(path, input_shapes={"data": (None, 2, 5, 6)})
    assert done.model.weights == []
    assert done.build_report.notes == ("w: only its shape is used",)
    x = draw(3, 2, 5, 6)
    np.testing.assert_array_equal(done.model(x), x[:, :, :4, :4])


def test_weights_that_mathematica_drops_are_the_stored_ones(tmp_path):
    """The mask is one where nothing is dropped, and random elsewhere."""
    nodes = [
        null("data"), null("p"), null("mask"), op("random_uniform", "4$0", [], low=0, high=1, shape="(60,)"),
        op("round", "4$1", [3]), op("_MulScalar", "4$2", [4], scalar=2.0), op("_maximum", "4$3", [5, 2]),
        op("_Mul", "4$4", [6, 1]), null("4.State"), op("expand_dims", "e", [8], axis=0),
        op("RNN", "4$5", [0, 7, 9], mode="gru", state_size=2, num_layers=1),
    ]  # fmt: skip
    arrays = {"p": draw(3 * 2 * (6 + 2) + 2 * 3 * 2), "mask": np.zeros(60, "float32")}
    path = write(tmp_path, graph(*nodes), **arrays)
    done = conversion.convert(path, input_shapes={"data": (5, None, 6)})
    assert "the weights of '4$5' are not dropped in training, as they are in Mathematica" in done.build_report.notes
    nodes[10] = op("RNN", "4$5", [0, 1, 9], mode="gru", state_size=2, num_layers=1)
    plain = convert(tmp_path, graph(*nodes), {"data": (5, None, 6)}, **arrays)
    x = draw(5, 3, 6)
    np.testing.assert_array_equal(done.model(x), plain(x))


@pytest.mark.parametrize(
    ("head", "loss"),
    [
        (("softmax", {"axis": 1}), "sparse_categorical_crossentropy"),
        (("SoftmaxActivation", {}), "sparse_categorical_crossentropy"),
        (("sigmoid", {}), "binary_crossentropy"),
        (("Activation", {"act_type": "sigmoid"}), "binary_crossentropy"),
        (("MAERegressionOutput", {}), "mean_absolute_error"),
        (("LinearRegressionOutput", {}), "mean_squared_error"),
        (("relu", {}), "mean_squared_error"),
    ],
)
def test_the_head_chooses_the_loss(tmp_path, head, loss):
    net, arrays = dense()
    net = graph(*net["nodes"], op(head[0], "head", [3], **head[1]))
    assert convert(tmp_path, net, **arrays).loss == loss


@pytest.mark.parametrize("ignored", [-1, 1])
def test_a_label_that_softmax_output_ignores_is_not_in_the_loss(tmp_path, ignored):
    """The loss is the mean over the others, as MXNet's `normalization="valid"` scales its gradient."""
    net, arrays = dense(3)
    net = graph(*net["nodes"], null("label"),
                op("SoftmaxOutput", "head", [3, 4], use_ignore=True, ignore_label=ignored))  # fmt: skip
    model = convert(tmp_path, net, **arrays)
    x, y = draw(4, 3), np.array([0, 2, ignored, 0])
    counted = np.array([0, 1, 3])
    expected = -np.log(model(x).numpy()[counted, y[counted]]).mean()
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0)[0], expected, 1e-5)


def test_several_heads_have_several_losses(tmp_path):
    net, arrays = dense()
    net = graph(*net["nodes"], op("softmax", "p", [3]), heads=[3, 4])
    model = convert(tmp_path, net, **arrays)
    assert model.loss == ["mean_squared_error", "sparse_categorical_crossentropy"]


def test_a_net_without_parameters_is_drawn_by_its_seed(tmp_path):
    path = write(tmp_path, dense()[0])
    draws = [netconv.convert(path, input_shapes={"data": (None, 3)}, seed=seed).get_weights()[0] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_inspect_shows_nets_and_models(tmp_path):
    net = netconv.inspect(CKD)
    assert net.translates and net.facts["inputs"] == {"Input": [None, 24]} and net.facts["elements"] == 638
    assert net.facts["ops"]["FullyConnected"] == 2
    netconv.convert_file(CKD, output=tmp_path / "net.keras")
    model = netconv.inspect(tmp_path / "net.keras")
    assert model.facts["elements"] == 638 and model.facts["optimizer"] == "Adam"
    assert model.facts["weights"]["2/0"] == [24, 20]


def test_a_net_cut_at_an_inner_layer_accepts_the_whole_parameter_file(tmp_path):
    """As `net.get_internals()["flatten0_output"]` is saved; the moving statistics of a later norm are ignored too."""
    net = json.loads((RESNET / "net.json").read_text())
    cut = next(i for i, node in enumerate(net["nodes"]) if node["op"] == "Flatten")
    net["nodes"], net["heads"] = net["nodes"][: cut + 1], [[cut, 0, 0]]
    net["arg_nodes"] = [i for i in net["arg_nodes"] if i <= cut]
    (tmp_path / "net.json").write_text(json.dumps(net))
    stored = dict(params_file.read(RESNET / "net.params"))
    params_file.write(tmp_path / "net.params", [*stored.items(), ("aux:bn2_moving_mean", np.zeros(3))])
    report = netconv.convert_file(tmp_path / "net.json")
    unused = ["arg:fc1_bias", "arg:fc1_weight", "aux:bn2_moving_mean"]
    assert sorted(report.facts["unused"]) == unused
    assert f"note: {tmp_path / 'net.params'}: 3 parameters that the graph does not use: " in report.text
    seen = netconv.inspect(tmp_path / "net.json")
    assert sorted(seen.facts["unused"]) == unused and not seen.facts["parameters"].keys() & set(unused)
    assert f"note: {tmp_path / 'net.params'}: 3 parameters that the graph does not use: " in seen.text
    whole, x = netconv.convert(RESNET / "net.json"), draw(2, 3, 16, 16)
    features = np.asarray(netconv.convert(tmp_path / "net.json")(x))
    scores = np.exp(features @ stored["arg:fc1_weight"].T + stored["arg:fc1_bias"])
    np.testing.assert_allclose(whole(x), scores / scores.sum(1, keepdims=True), 1e-5, 1e-6)


def test_inspect_reports_unsupported_ops(tmp_path):
    path = write(tmp_path, graph(null("data"), op("UserLoss", "loss", [0])))
    found = netconv.inspect(path)
    assert not found.translates and found.facts["untranslated"] == ["UserLoss"]
    assert found.facts["problems"] == [f"{path}: this op is not supported: UserLoss (1, first at node 'loss')"]


def failing(folder, net, shapes=None, **arrays):
    path = write(folder, net, **arrays)
    with pytest.raises(netconv.NetconvError) as error:
        netconv.convert(path, input_shapes=shapes)
    return type(error.value), str(error.value).replace(str(path), "net.json")


def test_unknown_ops_are_all_named_at_once(tmp_path):
    net = graph(null("data"), op("Warp", "a", [0]), op("Warp", "b", [1]), op("Fold", "c", [2]))
    assert failing(tmp_path, net) == (
        netconv.UnsupportedOps,
        "net.json: these ops are not supported: Warp (2, first at node 'a'), Fold (1, first at node 'c')",
    )


def test_an_unknown_attribute(tmp_path):
    net = graph(null("data"), op("clip", "c", [0], a_min=0, a_max=1, a_mid=2))
    assert failing(tmp_path, net) == (
        netconv.NodeError,
        "clip node 'c': unknown attribute 'a_mid' (known: a_max, a_min); received '2'",
    )


def test_an_attribute_that_cannot_be_read(tmp_path):
    net = graph(null("data"), op("clip", "c", [0], a_min="low", a_max=1))
    assert failing(tmp_path, net) == (
        netconv.NodeError,
        "clip node 'c': attribute 'a_min' must be a number; received 'low'",
    )


def test_a_missing_attribute(tmp_path):
    net = graph(null("data"), op("clip", "c", [0], a_min=0))
    assert failing(tmp_path, net) == (netconv.NodeError, "clip node 'c': required attribute 'a_max' is missing")


def test_a_wrong_number_of_inputs(tmp_path):
    net = graph(null("data"), op("elemwise_add", "sum", [0]))
    assert failing(tmp_path, net) == (netconv.NodeError, "elemwise_add node 'sum': needs 2 inputs; received 1")
    net = graph(null("data"), op("Concat", "all", []))
    assert failing(tmp_path, net) == (netconv.NodeError, "Concat node 'all': needs 1 or more inputs; received 0")


def test_an_output_that_a_node_does_not_have(tmp_path):
    net = graph(null("data"), op("relu", "r", [0]), op("tanh", "t", [(1, 3)]))
    assert failing(tmp_path, net, {"data": (None, 3)}) == (
        netconv.NodeError,
        "relu node 'r': has 1 outputs; output 3 is requested",
    )


def test_an_array_that_does_not_fit_its_node(tmp_path):
    net, arrays = dense(2, 3)
    assert failing(tmp_path, net, b=draw(5), w=arrays["w"]) == (
        netconv.NodeError,
        "FullyConnected node 'fc': bias must have shape (2,); received (5,)",
    )


def test_a_shape_that_cannot_be_inferred(tmp_path):
    net = graph(null("data"), op("relu", "r", [0]))
    kind, text = failing(tmp_path, net)
    assert issubclass(kind, netconv.ShapeError) and "'data'" in text and "input_shapes=" in text


def test_a_loss_that_keras_does_not_know(tmp_path):
    net, arrays = dense()
    with pytest.raises(netconv.NetconvError) as error:
        netconv.convert(write(tmp_path, net, **arrays), loss="squared")
    assert str(error.value) == "Keras has no loss called 'squared'; did you mean 'squared_hinge'?"


def test_class_names_must_fit_the_output(tmp_path):
    with pytest.raises(netconv.FormatError) as error:
        netconv.convert_file(CKD, output=tmp_path / "x.keras", classes=["a", "b", "c"])
    assert str(error.value) == "3 class names (a, b, c) for an output of 2: give one each"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError):
        netconv.convert_file(CKD, output=tmp_path / "nowhere" / "x.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"not a zip", "not a .keras file"),
        (b"", "not a .keras file"),
        ("zip", "not a .keras file (it has no config.json)"),
    ],
)
def test_a_file_that_is_not_a_keras_model(tmp_path, content, text):
    path = tmp_path / "x.keras"
    if content == "zip":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("a", "b")
    else:
        path.write_bytes(content)
    with pytest.raises(netconv.FormatError) as error:
        archive.load(path)
    assert str(error.value) == f"{path}: {text}"


def rnn(name, inputs, **attrs):
    return op("RNN", name, inputs, mode="gru", state_size=4, num_layers=1, state_outputs=True, **attrs)


@pytest.mark.parametrize("ways", [1, 2])
def test_recurrent_layers_share_their_weights_whichever_outputs_are_read(tmp_path, ways):
    nodes = [null("one"), null("other"), null("p"), null("s")]
    nodes += [rnn("r1", [0, 2, 3], bidirectional=ways > 1), rnn("r2", [1, 2, 3], bidirectional=ways > 1)]
    shapes = {"one": (5, None, 2), "other": (5, None, 2), "s": (ways, None, 4)}
    weights = draw(ways * (3 * 4 * (2 + 4) + 2 * 3 * 4))
    model = convert(tmp_path, graph(*nodes, heads=[(4, 0), (4, 1), (5, 0)]), shapes, p=weights)
    assert model.count_params() == weights.size
    x, s = draw(5, 3, 2), draw(ways, 3, 4)
    np.testing.assert_array_equal(model([x, x, s])[0], model([x, x, s])[2])


def test_a_slope_for_data_of_two_ranks_is_one_weight(tmp_path):
    nodes = [null("a"), null("b"), null("g")]
    nodes += [op("LeakyReLU", f"p{n}", [n, 2], act_type="prelu") for n in (0, 1)]
    model = convert(tmp_path, graph(*nodes, heads=[3, 4]), {"a": (None, 3), "b": (None, 3, 4, 4)}, g=draw(3))
    assert model.count_params() == 3
    found = model([-np.ones((1, 3), "float32"), -np.ones((1, 3, 4, 4), "float32")])
    np.testing.assert_array_equal(found[0], -draw(3)[None])
    np.testing.assert_array_equal(found[1][0, :, 0, 0], -draw(3))


def test_a_dense_weight_for_features_and_for_an_image_is_one(tmp_path):
    nodes = [null("a"), null("b"), null("w"), null("k")]
    nodes.append(op("Convolution", "c", [1, 3], num_filter=3, kernel=(1, 1), no_bias=True))
    nodes += [op("FullyConnected", f"f{n}", [edge, 2], num_hidden=4, no_bias=True) for n, edge in enumerate((0, 4))]
    arrays = {"w": draw(4, 12), "k": draw(3, 3, 1, 1)}
    model = convert(tmp_path, graph(*nodes, heads=[5, 6]), {"a": (None, 12), "b": (None, 3, 2, 2)}, **arrays)
    assert model.count_params() == 48 + 9
    a, b = draw(2, 12), draw(2, 3, 2, 2)
    image = np.einsum("oi,nihw->nohw", arrays["k"][:, :, 0, 0], b).reshape(2, 12)
    for found, data in zip(model([a, b]), (a, image), strict=True):
        np.testing.assert_allclose(found, data @ arrays["w"].T, 1e-4, 1e-5)


def test_weights_that_layers_cannot_share(tmp_path):
    nodes = [null("data"), null("p"), null("s"), rnn("r", [0, 1, 2]), op("broadcast_mul", "m", [1, 1])]
    arrays = {"p": draw(3 * 4 * (2 + 4) + 2 * 3 * 4)}
    kind, text = failing(tmp_path, graph(*nodes, heads=[3, 4]), {"data": (5, None, 2)}, **arrays)
    assert kind is netconv.FormatError
    assert text == "net.json: Keras layers cannot share parameter 'p' as these layers do: p, r"


def test_a_dilated_transposed_convolution_is_a_convolution(tmp_path):
    """Without oneDNN, TensorFlow supports no other on the CPU."""
    up = op("Deconvolution", "up", [0, 1], kernel=(3, 3), dilate=(2, 2), num_filter=2, no_bias=True)
    model = convert(tmp_path, graph(null("data"), null("w"), up), {"data": (None, 3, 5, 6)}, w=draw(3, 2, 3, 3))
    assert "Conv2D" in kinds(model) and "Conv2DTranspose" not in kinds(model)
    assert model.output_shape == (None, 2, 9, 10)


@pytest.mark.parametrize(("channels", "strides"), [(3, (1, 1)), (8, (2, 2))])
def test_strides_of_one_element_kernels_with_few_channels_become_slices(tmp_path, channels, strides):
    """oneDNN would write the gradient of the kernel outside its buffer."""
    conv = op("Convolution", "conv", [0, 1], kernel=(1, 1), stride=(2, 2), num_filter=2, no_bias=True)
    net, w = graph(null("data"), null("w"), conv), draw(2, channels, 1, 1)
    model, data = convert(tmp_path, net, {"data": (None, channels, 6, 6)}, w=w), draw(3, channels, 6, 6)
    assert model.get_layer("conv").strides == strides
    expected = np.einsum("nchw,oc->nohw", data[:, :, ::2, ::2], w[:, :, 0, 0])
    np.testing.assert_allclose(model(data), expected, 1e-5, 1e-5)


def test_a_model_can_be_compiled_again_without_metrics(tmp_path):
    net, arrays = dense()
    net["nodes"].append(op("softmax", "out", [3]))
    net["heads"] = [[4, 0, 0]]
    model = netconv.convert(write(tmp_path, net, **arrays), input_shapes={"data": (None, 3)})
    x, y = draw(4, 3), np.zeros(4, "int32")
    assert len(model.train_on_batch(x, y)) == 2
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert float(model.train_on_batch(x, y)) > 0
