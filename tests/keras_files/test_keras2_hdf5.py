"""`.h5` files for Keras 2: their words and structure, and what Keras 3 makes of them. Keras 2 itself needs another
TensorFlow: `tests/compat/keras2.py`."""

import ast
import json
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from nets import graph, null, op, write

import netconv
from netconv.errors import LayerError, NodeError
from netconv.keras_files import archive, keras2_hdf5
from netconv.keras_files.keras2_config import LAYERS

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import compare

NETS = {folder.name: folder for folder in compare.NETS}
PACKAGE = Path(netconv.__file__).parent


def saved(model, folder):
    """The attributes of the file of a model, parsed, and the file."""
    archive.save(model, folder / "net.h5")
    file = h5py.File(folder / "net.h5")
    return {name: json.loads(file.attrs[name]) for name in file.attrs if name.endswith("_config")}, file


def functional(*stack, shape=(4,), name="net"):
    x = start = keras.Input(shape, name="x")
    for layer in stack:
        x = layer(x)
    model = keras.Model(start, x, name=name)
    model.compile("adam", "mse")
    return model


def refused(model, folder):
    with pytest.raises(LayerError) as caught:
        archive.save(model, folder / "net.h5")
    assert list(folder.iterdir()) == []
    return str(caught.value)


def test_the_kidney_net_in_the_words_of_keras_2(tmp_path):
    configs, file = saved(netconv.convert(NETS["ckd"] / "net.json", metrics="auto"), tmp_path)
    assert file.attrs["keras_version"] == file["model_weights"].attrs["keras_version"] == "2.15.0"
    assert file.attrs["backend"] == file["model_weights"].attrs["backend"] == "tensorflow"
    model = configs["model_config"]
    assert model["class_name"] == "Functional" and "module" not in json.dumps(model)
    parts = {entry["name"]: entry for entry in model["config"]["layers"]}
    assert [*parts] == ["Input", "1", "2", "3_0", "4_0", "5", "6_0"]
    assert parts["Input"]["config"] == {
        "batch_input_shape": [None, 24], "dtype": "float32", "name": "Input", "ragged": False, "sparse": False,
    }  # fmt: skip
    assert parts["Input"]["inbound_nodes"] == []
    assert parts["2"]["inbound_nodes"] == [[["1", 0, 0, {}]]]
    assert parts["2"]["config"]["dtype"] == "float32"
    assert parts["2"]["config"]["kernel_initializer"] == {"class_name": "GlorotUniform", "config": {}}
    assert "renorm" not in parts["1"]["config"] and "quantization_config" not in parts["2"]["config"]
    assert model["config"]["input_layers"] == [["Input", 0, 0]]
    assert model["config"]["output_layers"] == [["6_0", 0, 0]]
    training = configs["training_config"]
    assert training["loss"] == "sparse_categorical_crossentropy"
    accuracy = {"class_name": "SparseCategoricalAccuracy", "config": {"name": "accuracy", "dtype": "float32"}}
    assert training["metrics"] == [accuracy]
    assert training["optimizer_config"]["class_name"] == "Adam"
    assert sorted(training["optimizer_config"]["config"]) == [
        "amsgrad", "beta_1", "beta_2", "clipnorm", "clipvalue", "epsilon", "global_clipnorm", "learning_rate", "name",
    ]  # fmt: skip
    assert "optimizer_weights" not in file


def test_weights_are_stored_in_the_order_of_keras_2(tmp_path):
    _, file = saved(netconv.convert(NETS["ckd"] / "net.json"), tmp_path)
    weights = file["model_weights"]
    assert weights.attrs["layer_names"].tolist() == [b"Input", b"1", b"2", b"3_0", b"4_0", b"5", b"6_0"]
    assert weights["1"].attrs["weight_names"].tolist() == [
        b"1/gamma:0", b"1/beta:0", b"1/moving_mean:0", b"1/moving_variance:0",
    ]  # fmt: skip
    assert weights["2"]["2/kernel:0"].shape == (24, 20)
    assert weights["3_0"].attrs["weight_names"].shape == (0,)
    assert weights["top_level_model_weights"].attrs["weight_names"].shape == (0,)


def test_the_same_net_gives_the_same_bytes(tmp_path):
    for name in ("one.h5", "two.hdf5"):
        netconv.convert_file(NETS["resnet"] / "net.json", output=tmp_path / name)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.hdf5").read_bytes()


@pytest.mark.filterwarnings("ignore:Argument `alpha` is deprecated:UserWarning")
@pytest.mark.parametrize(
    "net",
    "ckd mathematica-lenet-11 gluon-mlp resnet mobilenet gluon-lstm lstm-bidirectional gluon-gru text-cnn two-heads "
    "whole-retinaface whole-mtcnn-onet split-attention".split(),
)
def test_keras_3_loads_predicts_evaluates_and_trains(net, tmp_path):
    converted, members = compare.converted_net(NETS[net])
    model = converted.model
    archive.save(model, tmp_path / "net.h5")
    loaded = keras.models.load_model(tmp_path / "net.h5")
    inputs = [compare.part(members, "a/in:")[tensor.name] for tensor in model.inputs]
    fed = inputs if len(inputs) > 1 else inputs[0]
    expected, found = (keras.tree.flatten(each.predict(fed, verbose=0)) for each in (model, loaded))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)
    sparse = [str(loss).startswith("sparse") for loss in keras.tree.flatten(model.loss)]
    targets = [y.argmax(-1) if classes else 2 * y for classes, y in zip(sparse, expected, strict=True)]
    target = targets if len(targets) > 1 else targets[0]
    scores = [each.evaluate(fed, target, verbose=0) for each in (model, loaded)]
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-5)
    history = loaded.fit(fed, target, epochs=2, verbose=0)
    assert np.all(np.isfinite(history.history["loss"]))


def test_layers_that_share_weights_and_several_calls(tmp_path):
    shared, x = layers.Dense(4, name="shared"), keras.Input((4,), name="x")
    model = keras.Model(x, layers.Add(name="sum")([shared(x), shared(shared(x))]))
    configs, file = saved(model, tmp_path)
    entry = next(each for each in configs["model_config"]["config"]["layers"] if each["name"] == "shared")
    assert entry["inbound_nodes"] == [[["x", 0, 0, {}]], [["x", 0, 0, {}]], [["shared", 1, 0, {}]]]
    assert list(file["model_weights"]["shared"]["shared"]) == ["bias:0", "kernel:0"]
    assert "training_config" not in configs
    data = np.ones((2, 4), "float32")
    loaded = keras.models.load_model(tmp_path / "net.h5", compile=False)
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_names_begin_as_tensorflow_requires(tmp_path):
    first, second = layers.Dense(4, name="_fc"), layers.Dense(4, name="fc")
    configs, _ = saved(functional(first, second, name="_net"), tmp_path)
    assert configs["model_config"]["config"]["name"] == "net"
    assert [each["name"] for each in configs["model_config"]["config"]["layers"]] == ["x", "fc_1", "fc"]


def test_names_too_long_for_one_attribute_are_stored_in_several(tmp_path):
    names = [f"layer_{i:06}" for i in range(10_000)]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        keras2_hdf5._write_names(file, "layer_names", names)
        parts = [file.attrs[f"layer_names{i}"] for i in range(2)]
        assert len(file.attrs) == 2 + (len(names) > sum(map(len, parts)))
        assert b"".join(map(b"".join, (each.tolist() for each in file.attrs.values()))).decode() == "".join(names)


def test_a_frozen_layer_keeps_its_order(tmp_path):
    _, file = saved(functional(layers.BatchNormalization(name="bn", trainable=False)), tmp_path)
    assert file["model_weights"]["bn"].attrs["weight_names"].tolist() == [
        b"bn/gamma:0", b"bn/beta:0", b"bn/moving_mean:0", b"bn/moving_variance:0",
    ]  # fmt: skip


def test_losses_and_metrics_with_arguments(tmp_path):
    model = functional(layers.Dense(3, name="fc"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)
    metrics = ["accuracy", "sparse_top_k_categorical_accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2)]
    model.compile(keras.optimizers.SGD(0.5, momentum=0.25), loss, metrics=metrics)
    training = saved(model, tmp_path)[0]["training_config"]
    assert training["loss"]["config"] == {
        "name": "sparse_categorical_crossentropy", "reduction": "sum_over_batch_size", "from_logits": True,
        "ignore_class": 2,
    }  # fmt: skip
    assert [each["class_name"] for each in training["metrics"]] == [
        "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy",
    ]  # fmt: skip
    assert [each["config"].get("k") for each in training["metrics"]] == [None, 5, 2]
    assert training["optimizer_config"]["config"]["momentum"] == 0.25


def test_short_names_are_written_in_full(tmp_path):
    """Keras 3 does not load them from a file."""
    assert saved(functional(layers.Dense(3, name="fc")), tmp_path)[0]["training_config"]["loss"] == "mean_squared_error"
    assert type(keras.models.load_model(tmp_path / "net.h5").optimizer).__name__ == "Adam"


def test_a_schedule_of_learning_rates_is_loaded(tmp_path):
    model = functional(layers.Dense(3, name="fc"))
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model.compile(keras.optimizers.SGD(schedule), "mean_squared_error")
    archive.save(model, tmp_path / "net.h5")
    assert keras.models.load_model(tmp_path / "net.h5").optimizer._learning_rate.decay_rate == 0.5


def test_arguments_that_keras_3_does_not_store(tmp_path):
    model = functional(layers.Dense(3, name="fc"))
    model.compile("adam", keras.losses.Huber(delta=2.0))
    assert saved(model, tmp_path)[0]["training_config"]["loss"]["config"]["delta"] == 2.0


def test_layers_that_translations_make_are_known():
    made = {
        node.attr
        for folder in ("ops", "kernels", "builder")
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "layers"
    }
    assert made - LAYERS.keys() == {"Bidirectional"}


END = "; write a .keras file instead of .h5"
ERRORS = {
    "layer": (
        lambda: functional(layers.EinsumDense("ab,bc->ac", 3, name="fc")),
        "layer EinsumDense 'fc': is not in Keras 2",
    ),
    "argument": (
        lambda: functional(layers.ZeroPadding1D(1, data_format="channels_first", name="pad"), shape=(4, 3)),
        "layer ZeroPadding1D 'pad': has data_format='channels_first', which Keras 2 does not know",
    ),
    "activation": (
        lambda: functional(layers.Activation("hard_sigmoid", name="act")),
        "layer Activation 'act': has activation 'hard_sigmoid', which Keras 2 does not have",
    ),
    "nested": (
        lambda: functional(keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="inner")),
        "layer Sequential 'inner': is a model in the model; a net of more than 850 layers in a row becomes several "
        "models",
    ),
    "states": (
        lambda: keras.Model(
            inputs := [keras.Input((5, 2)), keras.Input((3,))],
            layers.GRU(3, name="gru")(inputs[0], initial_state=inputs[1]),
        ),
        "layer GRU 'gru': has initial_state, which Keras 2 stores differently",
    ),
    "subclass": (lambda: type("Own", (keras.Model,), {})(name="own"), "Own 'own': is not a functional model"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_what_keras_2_does_not_have_is_an_error(kind, tmp_path):
    make, message = ERRORS[kind]
    assert refused(make(), tmp_path) == message + END


def test_a_model_that_is_too_deep_is_an_error(tmp_path):
    model = functional(*(layers.Activation("relu", name=f"relu_{i}") for i in range(855)))
    assert refused(model, tmp_path) == f"model 'net': is more than 850 layers deep{END}"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"optimizer": keras.optimizers.Lion}, "optimizer Lion 'lion': is none of Keras 2: Adadelta, Adagrad, Adam, "
         "Adamax, Ftrl, Nadam, RMSprop, SGD"),
        ({"optimizer": lambda: keras.optimizers.SGD(use_ema=True, name="s")}, "optimizer SGD 's': has use_ema=True, "
         "which Keras 2 does not know"),
        ({"loss": lambda: keras.losses.Dice()}, "loss Dice 'dice': is not in Keras 2"),
        ({"loss": lambda: "dice"}, "loss 'dice': is not in Keras 2"),
        ({"loss": lambda: keras.losses.Hinge(reduction="mean")}, "loss Hinge 'hinge': has reduction='mean', "
         "which Keras 2 does not know"),
        ({"metrics": lambda: [keras.metrics.PearsonCorrelation()]}, "metric PearsonCorrelation 'pearson_correlation': "
         "is not in Keras 2"),
    ],
)  # fmt: skip
def test_a_training_that_keras_2_does_not_have_is_an_error(options, message, tmp_path):
    model = functional(layers.Dense(3, name="fc"))
    model.compile(**{"optimizer": "adam", "loss": "mse"} | {key: make() for key, make in options.items()})
    assert refused(model, tmp_path) == message + END


def test_an_error_names_op_and_node(tmp_path):
    net = graph(null("data"), op("tanh", "first", [0]), op("erf", "second", [1]))
    with pytest.raises(NodeError) as caught:
        netconv.convert_file(write(tmp_path, net), output=tmp_path / "x.h5", input_shapes={"data": (None, 3)})
    assert str(caught.value) == (
        "erf node 'second': operation Erf has no layer in Keras 2 that computes the same; write a .keras file instead "
        "of .h5"
    )
    assert not (tmp_path / "x.h5").exists()


def test_the_error_names_the_node_of_the_second_call_of_a_layer(tmp_path):
    weight = np.zeros(4 * 4 * (3 + 4 + 2), "float32")
    names = ("x", "y", "p", "state", "cell")
    options = {"mode": "lstm", "state_size": 4, "num_layers": 1}
    one, two = (op("RNN", name, [entry, 2, 3, 4], **options) for name, entry in (("one", 0), ("two", 1)))
    path = write(tmp_path, graph(*map(null, names), one, two, op("elemwise_mul", "out", [5, 6])), p=weight)
    shapes = {"x": (5, None, 3), "y": (5, None, 3)}
    model = netconv.convert(path, input_shapes=shapes)
    assert "pad_transpose" not in [operation.name for operation in model.operations]
    with pytest.raises(NodeError) as caught:
        netconv.convert_file(path, input_shapes=shapes, output=tmp_path / "net.h5")
    message = "operation Transpose has no layer in Keras 2 that computes the same"
    assert str(caught.value) in [f"RNN node {name!r}: {message}{END}" for name in ("one", "two")]
