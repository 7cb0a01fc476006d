"""The bugs of TensorFlow and Keras in docs/workarounds.md, each in a short program without netconv. If a test fails,
its bug is fixed, and the workaround can be removed."""

import importlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

ROWS = [
    tuple(cell.strip() for cell in line.split("|")[1:-1])
    for line in (Path(__file__).parent.parent / "docs" / "workarounds.md").read_text().splitlines()
    if line.startswith("| ") and "`test_" in line
]
onednn = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN is for x86")


def test_each_row_has_a_test_and_each_test_a_row():
    tested = re.findall(r"^def (test_\w+)\(", Path(__file__).read_text(), re.MULTILINE)
    named = {test.strip("`") for *_, test in ROWS}
    assert named == set(tested) - {n for n in tested if n.startswith("test_each_row")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[-1])
def test_each_row_names_existing_code(row):
    module, name = row[2].strip("`").split(":")
    assert hasattr(importlib.import_module(f"netconv.{module}"), name)
    assert re.fullmatch(r"(TensorFlow|Keras) \d+\.\d+\.\d+", row[1])


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def difference(function, *shape):
    """The difference of the outputs of a model, called and compiled, relative to the largest output."""
    keras.utils.set_random_seed(0)
    data = keras.Input(shape)
    model = keras.Model(data, function(data))
    given = drawn(3, *shape)
    called = np.asarray(model(given))
    return np.abs(model.predict(given, verbose=0) - called).max() / np.abs(called).max()


def added(data):
    return layers.Add()([layers.Conv2D(4, 3, padding="same", bias_initializer="normal")(data), data])


def dense(data):
    return layers.Dense(4, bias_initializer="normal")(data)


@onednn
def test_leaky_relu_of_a_sum():
    assert difference(lambda x: layers.LeakyReLU(negative_slope=0.1)(added(x)), 6, 6, 4) > 0.01


@onednn
def test_mish_of_a_sum():
    with pytest.raises(tf.errors.UnimplementedError, match=r"Fusion is not implemented: \[BiasAdd,Add,Mish\]"):
        difference(lambda x: layers.Activation("mish")(added(x)), 6, 6, 4)


@onednn
def test_gelu_by_erf():
    def gelu(x):
        return (ops.erf(x * 0.7092) + 1.0) * 0.5 * x

    assert difference(lambda x: gelu(dense(x)), 4) > 1e-4


@onednn
def test_gelu_by_tanh():
    def gelu(x):
        return (ops.tanh((x + x * x * x * 0.05) * 0.79788456) + 1.0) * 0.5 * x

    assert difference(lambda x: gelu(dense(x)), 4) > 1e-4


@onednn
def test_maximum_of_a_multiple():
    assert difference(lambda x: ops.maximum(x, x * 1.5), 4) > 0.1


@onednn
def test_maximum_of_two_outputs():
    def halves(x):
        one, two = ops.split(x, 2, -1)
        return ops.maximum(one, two * 0.1)

    assert difference(halves, 4) > 0.1


def test_padded_channels():
    with pytest.raises(tf.errors.InvalidArgumentError):
        difference(lambda x: layers.Conv2D(2, 3)(ops.pad(x, ((0, 0), (1, 1), (1, 1), (1, 1)))), 4, 4, 2)


@onednn
def test_a_padding_before_a_padded_convolution():
    data = keras.Input((3, 4, 4, 2))
    model = keras.Model(data, layers.Conv3D(3, 3, padding="same")(layers.ZeroPadding3D(1)(data)))
    given = drawn(1, 3, 4, 4, 2)
    assert model(given).shape == (1, 5, 6, 6, 3)
    assert model.predict(given, verbose=0).shape == (1, 3, 4, 4, 3)


def test_a_power_of_one_half():
    def root(x):
        return tf.pow(x, 0.5)

    least = tf.constant(-np.inf)
    assert root(least) == np.inf
    assert np.isnan(tf.function(root)(least))


def test_division_by_a_constant():
    def one(x):
        return x / 41.0

    assert one(tf.constant(41.0)) == 1
    assert tf.function(one)(tf.constant(41.0)) < 1


def test_zero_minus_bytes():
    def less(x):
        return tf.subtract(tf.constant(0, "uint8"), x)

    assert less(tf.constant([1], "uint8")) == 255
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.function(less)(tf.constant([1], "uint8"))


def test_index_of_the_largest_of_equal_numbers():
    place = tf.function(lambda x: tf.argmax(tf.nn.relu(x), -1), [tf.TensorSpec((None, 2))], autograph=False)
    assert place([[-2.0, -1.0]]).numpy() == 1 != tf.argmax(tf.nn.relu([[-2.0, -1.0]]), -1).numpy()


def test_negative_bytes():
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.negative(tf.constant([1], "uint8"))


def stderr_without_onednn(program):
    """The stderr of a program with TensorFlow as `tf`, which fails, in a new process without oneDNN."""
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    script = f"import tensorflow as tf\n{program}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.returncode
    return done.stderr


def test_gradient_of_a_convolution_in_groups():
    program = """
data, kernel = tf.ones((8, 28, 28, 64)), tf.Variable(tf.ones((3, 3, 2, 64)))
@tf.function
def gradient():
    with tf.GradientTape() as tape:
        out = tf.nn.conv2d(data, kernel, 1, "SAME")
    return tape.gradient(out, kernel)
gradient()"""
    assert "Conv2DBackpropFilter" in stderr_without_onednn(program)


def test_strides_of_a_depthwise_convolution():
    program = "tf.nn.depthwise_conv2d(tf.ones((1, 8, 8, 1)), tf.ones((3, 3, 1, 1)), [1, 1, 2, 1], 'VALID')"
    assert "only supports equal length strides" in stderr_without_onednn(program)


def test_gradient_of_equal_numbers():
    data = tf.Variable(tf.zeros((1, 2, 2, 2, 1)))
    with tf.GradientTape() as tape:
        out = tf.nn.max_pool3d(data, 2, 2, "VALID")
    assert tf.reduce_sum(tape.gradient(out, data)) == 8


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_pooling_of_other_types(dtype):
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.NotFoundError)):
        tf.nn.max_pool3d(tf.zeros((1, 2, 2, 2, 1), dtype), 2, 2, "VALID")


def test_names_that_begin_with_a_dash(tmp_path):
    data = keras.Input((2,))
    model = keras.Model(data, layers.Dense(1, name="_dense")(data))
    with pytest.raises(ValueError, match="not a valid root scope name"):
        model.export(tmp_path / "exported", verbose=False)


def test_erf_of_infinity():
    assert np.isnan(tf.math.erf(tf.constant(np.inf, "float64")))


def test_addition_of_a_column():
    total = ops.add(np.zeros((2, 2), "float32"), np.array([[1.0], [2.0]], "float32"))
    assert ops.convert_to_numpy(total).tolist() == [[1, 2], [1, 2]]


def test_index_of_the_larger_of_two_zeros():
    assert ops.argmax(np.array([-0.0, 0.0])) == 1 != np.argmax([-0.0, 0.0])


def test_strides_and_dilation():
    with pytest.raises(ValueError, match="not supported in conjunction"):
        layers.Conv2D(1, 3, strides=2, dilation_rate=2)(keras.Input((8, 8, 1)))


def test_transposed_strides_and_dilation():
    with pytest.raises(ValueError, match="not supported in conjunction"):
        layers.Conv2DTranspose(1, 3, strides=2, dilation_rate=2)(keras.Input((8, 8, 1)))


def test_strides_read_from_a_file(tmp_path):
    data = keras.Input((4, 4, 2))
    out = ops.depthwise_conv(data, np.ones((3, 3, 2, 1), "float32"), strides=(1, 1), data_format="channels_last")
    keras.Model(data, out).save(tmp_path / "net.keras")
    with pytest.raises(TypeError):
        keras.models.load_model(tmp_path / "net.keras")(np.ones((1, 4, 4, 2), "float32"))


def test_a_slope_below_zero():
    with pytest.raises(ValueError, match="negative"):
        layers.LeakyReLU(negative_slope=-0.1)


def test_quantile_in_a_model():
    def least(x):
        return ops.quantile(x, 0.3, axis=-1, method="lower")

    numbers, data = np.array([[0.0, 1.0, 2.0, 3.0]], "float32"), keras.Input((4,))
    assert least(numbers) == 0
    assert keras.Model(data, least(data))(numbers) > 0.5


def test_shape_of_bits():
    column, row = keras.KerasTensor((2, 1), "int32"), keras.KerasTensor((1, 3), "int32")
    assert ops.bitwise_and(column, row).shape == (2, 1)


def test_two_unknown_lengths():
    with pytest.raises(ValueError, match="at most one unknown dimension"):
        ops.reshape(keras.KerasTensor((None, None, 4)), (-1, -1, 2, 2))


def test_unknown_features():
    with pytest.raises(ValueError, match="must be fully-defined"):
        layers.Dense(2)(keras.KerasTensor((2, None)))


def test_an_embedding_of_bytes():
    with pytest.raises(ValueError, match="QuantizedDTypePolicy"):
        layers.Embedding(2, 3, dtype="int8")


def test_compiled_again_without_metrics():
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert len(model.train_on_batch(np.zeros((4, 3), "float32"), np.zeros(4, "int32"))) == 2


def test_lamb_by_name():
    with pytest.raises(ValueError, match="lamb"):
        keras.optimizers.get("lamb")


def test_python_without_ssl():
    program = "import sys; sys.modules['ssl'] = None; import tensorflow"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Traceback") and "Failed to load ssl module" in done.stdout


def test_fit_on_two_workers():
    program = """
import numpy as np, tensorflow as tf, keras
with tf.distribute.MultiWorkerMirroredStrategy().scope():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
model.fit(np.zeros((8, 2), "float32"), np.zeros((8, 1), "float32"), verbose=0)
"""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    workers = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    started = []
    for index in range(2):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", program], env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
    try:
        failures = [process.communicate(timeout=120)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert all("PerReplica" in failure for failure in failures), failures


class Interruption(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        if epoch == 2:
            raise InterruptedError


def fitted(backup, *callbacks, rate=0.1):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), layers.Dropout(0.5), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    callbacks = [keras.callbacks.BackupAndRestore(backup), *callbacks]
    data = drawn(40, 3), drawn(40, 2)
    return model, model.fit(*data, 8, epochs=9, validation_data=data, callbacks=callbacks, verbose=0).epoch


def test_weights_of_an_interrupted_fit(tmp_path):
    whole, _ = fitted(tmp_path / "whole")
    with pytest.raises(InterruptedError):
        fitted(tmp_path / "interrupted", Interruption())
    resumed, epochs = fitted(tmp_path / "interrupted")
    assert epochs == [2, 3, 4, 5, 6, 7, 8]
    assert (whole.get_weights()[0] != resumed.get_weights()[0]).any()


def test_patience_of_an_interrupted_fit(tmp_path):
    patience = keras.callbacks.EarlyStopping(patience=3)
    assert fitted(tmp_path / "whole", patience, rate=0.0)[1] == [0, 1, 2, 3]
    with pytest.raises(InterruptedError):
        fitted(tmp_path / "interrupted", patience, Interruption(), rate=0.0)
    assert fitted(tmp_path / "interrupted", patience, rate=0.0)[1] == [2, 3, 4, 5]


def test_tensorboard_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    callback, model = keras.callbacks.TensorBoard(tmp_path), keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    callback.set_model(model)
    with pytest.raises(Exception, match="TensorBoard is not installed"):
        callback.on_epoch_end(0, {"loss": 1.0})
