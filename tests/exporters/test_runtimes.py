"""What is written for other programs computes what the Keras model does, or is not written."""

import errno
import importlib.util
import io
import os
import re
import resource
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from models import fails

import netconv
from netconv.errors import NetconvError
from netconv.exporters import onnx, runtimes, savedmodel
from netconv.exporters.drawn_inputs import drawn_samples
from netconv.exporters.runtimes import RUNTIMES
from netconv.exporters.served_model import served
from netconv.exporters.targets import export
from netconv.inference.loading import open_model

layers = keras.layers
ENDINGS = {to: runtime.ending for to, runtime in RUNTIMES.items()}


def perceptron():
    scaling = layers.Normalization(-1, [3.0, -2.0, 0.5, 1.0], [4.0, 0.25, 1.0, 2.0], name="scale_inputs")
    return keras.Sequential([keras.Input((4,), name="x"), scaling, layers.Dense(5, "tanh"), layers.Dropout(0.5),
                             layers.Dense(3, "softmax", name="kind")])  # fmt: skip


def convolutional():
    entry = keras.Input((8, 8, 3), name="image")
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", use_bias=False)(entry))
    return keras.Model(entry, layers.Dense(3, name="scores")(layers.Flatten()(layers.ReLU()(x))))


def recurrent():
    entry = keras.Input((6, 4), name="series")
    return keras.Model(entry, layers.Dense(2, name="next")(layers.Bidirectional(layers.LSTM(5))(entry)))


def embedded():
    entry = keras.Input((6,), name="ids", dtype="int32")
    return keras.Model(entry, layers.Dense(2, name="score")(layers.Flatten()(layers.Embedding(9, 3)(entry))))


def two_ended():
    one, other = keras.Input((3,), name="b-side"), keras.Input((2,), name="a")
    both = layers.Concatenate()([one, other])
    return keras.Model([one, other], {"z.first": layers.Dense(2)(both), "a": layers.Dense(3)(both)})


MODELS = {made.__name__: made for made in (perceptron, convolutional, recurrent, embedded, two_ended)}
INPUTS = {"embedded": np.array([[0, 8, 3, 1, 7, 2], [5, 5, 4, 6, 8, 0]])}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The path, the notes and the model of a net in the format of a runtime, each written once."""
    made, done = {}, {}

    def of(name, to, **options):
        if name not in made:
            keras.utils.set_random_seed(1)
            made[name] = MODELS[name]()
        key = (name, to, *options.items())
        if key not in done:
            path, notes = tmp_path_factory.mktemp(name) / f"net{ENDINGS[to]}", []
            assert export(made[name], to, path, notes.append, **options) == [path]
            done[key] = path, notes
        return *done[key], made[name]

    return of


def run(to, path, inputs):
    """The outputs by name that the runtime itself computes of inputs by name."""
    if to == "savedmodel":
        loaded = tf.saved_model.load(str(path))
        found = loaded.signatures["serving_default"](**{name: tf.constant(each) for name, each in inputs.items()})
        return {name: each.numpy() for name, each in found.items()}
    if to == "litert":
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter(str(path)).get_signature_runner("serving_default")(**inputs)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip((each.name for each in session.get_outputs()), session.run(None, inputs), strict=True))


NAMES = {"two_ended": (["b_side", "a"], ["a_1", "z_first"])}
"""Of inputs and outputs, where they are not the model's."""


@pytest.mark.parametrize("to", ["savedmodel", "litert", "onnx"])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_computes_the_same(written, name, to):
    path, notes, model = written(name, to)
    fixed = to == "litert" and name == "recurrent"
    rows = 1 if fixed else 2
    generator = np.random.default_rng(3)
    inputs = [
        INPUTS[name][:rows].astype(tensor.dtype)
        if name in INPUTS
        else generator.normal(size=(rows, *tensor.shape[1:])).astype("float32")
        for tensor in model.inputs
    ]
    expected = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    names, outputs = NAMES.get(name, ([tensor.name for tensor in model.inputs], [model.layers[-1].name]))
    found = run(to, path, dict(zip(names, inputs, strict=True)))
    assert sorted(found) == sorted(outputs)
    for one, other in zip(outputs, keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(found[one], other, atol=1e-5 * np.abs(other).max())
    sizes = "1" if fixed else "1, 2 and 5"
    pattern = (
        r"differs from the Keras model by at most (\S+) of the largest output, on drawn inputs, in batches of (.*)"
    )
    match = re.fullmatch(pattern, notes[-1])
    assert float(match[1]) <= 1e-5 and match[2] == sizes
    only = "a batch of 1, as LiteRT cannot leave its size open for this model (batch=8)"
    assert notes[:-1] == ([only] if fixed else [])


def test_a_fixed_batch(written):
    path, notes, model = written("recurrent", "litert", batch=3)
    x = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    np.testing.assert_allclose(run("litert", path, {"series": x})["next"], model(x), atol=1e-6)
    assert len(notes) == 1 and notes[0].endswith("in batches of 3")


@pytest.mark.parametrize("to", ["savedmodel", "litert", "onnx"])
def test_for_inference(written, to):
    path, notes, model = written("convolutional", to, inference=True)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(run(to, path, {"image": x})["scores"], model(x), atol=1e-5)
    assert notes[0] == "for inference: 1 layer is left out of 6"


@pytest.mark.parametrize("name", ["recurrent", "two_ended"])
def test_a_saved_model_for_inference_has_its_weights_as_constants(written, name):
    path, _, model = written(name, "savedmodel", inference=True)
    loaded = tf.saved_model.load(str(path))
    assert set(loaded.signatures) == {"serve", "serving_default"}
    assert not loaded.signatures["serving_default"].variables
    inputs = [np.random.default_rng(0).normal(size=(2, *each.shape[1:])).astype("float32") for each in model.inputs]
    found = loaded.serve(*inputs)
    if len(inputs) == 1:
        assert set(layers.TFSMLayer(str(path))(inputs[0])) == set(found)
    expected = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0]))
    outputs = NAMES.get(name, ([], [model.layers[-1].name]))[1]
    for one, other in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(found[one], other, atol=1e-6)


def test_large_weights_stay_variables(tmp_path, monkeypatch):
    monkeypatch.setattr(savedmodel, "LARGEST_CONSTANTS", 4 * (5 * 3 + 3) - 1)
    for units in (2, 3):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(units)])
        export(model, "savedmodel", tmp_path / "net.savedmodel", inference=True)
        loaded = tf.saved_model.load(str(tmp_path / "net.savedmodel"))
        assert len(loaded.signatures["serving_default"].variables) == (2 if units == 3 else 0)


def test_a_keras_file_for_inference(tmp_path, written):
    table = "a,b,c,d\n1,2,3,4\n0,-1,0,2\n"
    (tmp_path / "t.csv").write_text(table)
    path, notes, model = written("perceptron", "keras", inference=True)
    assert notes[0] == "for inference: 2 layers are left out of 5"
    loaded = keras.saving.load_model(path)
    assert [type(layer).__name__ for layer in loaded.layers] == ["InputLayer", "Dense", "Dense"]
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)
    one, other = (netconv.predict(each, tmp_path / "t.csv").to_pandas() for each in (str(path), model))
    assert one.equals(other) or np.allclose(one.iloc[:, -1], other.iloc[:, -1])


def test_smaller_weights(tmp_path, written):
    rows = np.random.default_rng(0).normal([3, -2, 0.5, 1], [2, 0.5, 1, 1.4], (50, 4))
    np.savetxt(tmp_path / "t.csv", rows, fmt="%.3f", delimiter=",", header="a,b,c,d", comments="")
    _, notes, _ = written("perceptron", "litert", quantize="float16")
    assert re.fullmatch(r"differs from the Keras model by at most \S+ of the largest output, on drawn.*", notes[0])
    path, notes = tmp_path / "net.tflite", []
    export(MODELS["perceptron"](), "litert", path, notes.append, quantize="int8", calibrate=tmp_path / "t.csv")
    match = re.fullmatch(r"differs from the Keras model by at most (\S+) of .*, on the rows of the table", notes[-1])
    assert 0 < float(match[1]) < 0.2


def test_streams():
    stream = io.BytesIO()
    assert export(MODELS["embedded"](), "onnx", stream) == []
    assert b"tf2onnx" in stream.getvalue()
    message = "a SavedModel is a folder, which cannot be written to a stream"
    assert fails(export, MODELS["embedded"](), "savedmodel", stream) == message


def test_a_folder_is_replaced_if_it_is_a_saved_model(tmp_path):
    path = tmp_path / "served"
    path.mkdir()
    (path / "mine.txt").write_text("")
    message = f"{path}: it is there, and is not a SavedModel that may be replaced; choose another output"
    assert fails(export, MODELS["embedded"](), "savedmodel", path) == message
    (path / "mine.txt").unlink()
    (path / "saved_model.pb").write_text("old")
    export(MODELS["embedded"](), "savedmodel", path)
    assert (path / "saved_model.pb").stat().st_size > 1000 and os.listdir(tmp_path) == ["served"]


def test_what_computes_something_else_is_not_left(tmp_path, monkeypatch):
    def off(served, path):
        assert path.stat().st_size
        runner = onnx.runner(served, path)
        return lambda inputs: [np.asarray(each) + 0.5 for each in runner(inputs)]

    monkeypatch.setitem(runtimes.RUNTIMES, "onnx", replace(RUNTIMES["onnx"], runner=off))
    monkeypatch.setitem(runtimes.RUNTIMES, "litert", replace(RUNTIMES["litert"], runner=lambda *_: lambda _: [[1.0]]))
    (tmp_path / "net.onnx").write_text("old")
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_initializer="ones", name="sum")])
    message = fails(export, model, "onnx", tmp_path / "net.onnx")
    figure = re.search(r"by (\S+) of|$", message)[1]
    assert message == (
        "the model: the ONNX file computes something else than the Keras model: output 'sum' differs by "
        f"{figure} of its largest value, and 1e-05 is allowed; nothing was written"
    )
    message = "the LiteRT file computes something else than the Keras model: output {} differs by inf of its largest "
    message += "value, and 1e-05 is allowed; nothing was written"
    path = tmp_path / "net.tflite"
    assert fails(export, model, "litert", path) == "the model: " + message.format("'sum'")
    fixed = "; this is for a batch of 1, as its size cannot stay open"
    assert fails(export, MODELS["recurrent"](), "litert", path) == "the model: " + message.format("'next'") + fixed
    assert os.listdir(tmp_path) == ["net.onnx"] and (tmp_path / "net.onnx").read_text() == "old"


@keras.saving.register_keras_serializable("tests")
class Noise(layers.Layer):
    """Adds noise, also in inference."""

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))


def test_random_numbers_cannot_be_compared(tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), Noise(name="noise"), layers.Dense(2)])
    assert fails(export, model, "onnx", tmp_path / "net.onnx") == (
        "the model: layer 'noise' draws random numbers, or keeps a state, in inference: two runs differ, so that what "
        "is written cannot be compared with it"
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("to", ["litert", "onnx"])
def test_exact_gelu(tmp_path, to):
    entry = keras.Input((9,), name="x")
    model = keras.Model(entry, layers.Activation("gelu", name="y")(layers.Dense(9)(entry)))
    path = tmp_path / f"net{ENDINGS[to]}"
    export(model, to, path)
    x = np.random.default_rng(0).normal(0, 5, (20, 9)).astype("float32")
    np.testing.assert_allclose(run(to, path, {"x": x})["y"], model(x), atol=1e-6)


def test_a_state_in_a_sequential_model_from_a_file(tmp_path):
    recurrent = layers.GRU(3, stateful=True, name="gru")
    keras.Sequential([keras.Input((5, 4), batch_size=2), layers.Dense(3), recurrent, layers.Dense(2)]).save(
        tmp_path / "net.keras"
    )
    assert fails(export, tmp_path / "net.keras", "savedmodel") == (
        f"{tmp_path}/net.keras: layer 'gru' draws random numbers, or keeps a state, in inference: two runs differ, so "
        "that what is written cannot be compared with it"
    )


def test_a_batch_that_the_model_fixes(tmp_path):
    model = keras.Sequential([keras.Input((4,), batch_size=3), layers.Dense(2)])
    message = "batch=5: the model takes batches of 3; leave it out"
    assert fails(export, model, "litert", tmp_path / "net.tflite", batch=5) == message
    assert export(model, "litert", tmp_path / "net.tflite", batch=3)


@pytest.mark.parametrize("policy", ["bfloat16", "mixed_bfloat16", "float16", "mixed_float16"])
def test_layers_that_compute_in_16_bits(tmp_path, policy):
    keras.utils.set_random_seed(0)
    parts = [layers.Dense(64, "gelu", dtype=policy), layers.Dense(3, dtype=policy, name="out")]
    model = keras.Sequential([keras.Input((20,), dtype=policy.removeprefix("mixed_"), name="x"), *parts])
    notes = []
    export(model, "savedmodel", tmp_path / "net.savedmodel", notes.append, inference=True)
    assert float(re.search(r"at most (\S+) of", notes[-1])[1]) <= 4 * (2**-7 if "bfloat16" in policy else 2**-10)
    kind = policy.removeprefix("mixed_")
    assert fails(export, model, "litert", tmp_path / "net.tflite").endswith(
        f"; layers of the model compute in {kind}, for which it has few"
    )


def test_ops_that_a_runtime_has_not(tmp_path):
    entry = keras.Input((3, 3))
    model = keras.Model(entry, keras.ops.cholesky(keras.ops.eye(3) + 0 * entry))
    for to, path in ((to, tmp_path / f"net{ENDINGS[to]}") for to in ("litert", "onnx")):
        assert fails(export, model, to, path) == REFUSED[to]
    assert os.listdir(tmp_path) == []


REFUSED = {
    "litert": "the model: it cannot be written for LiteRT: it has no operator for Cholesky",
    "onnx": "the model: it cannot be written as ONNX: it has no operator for Cholesky",
}


class Outside(layers.Layer):
    """Computes with numpy, which TensorFlow cannot put into a graph."""

    def call(self, x):
        return np.asarray(x) * 2

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


@pytest.mark.parametrize("to", ["savedmodel", "litert", "onnx"])
def test_a_layer_that_no_graph_can_have(tmp_path, to):
    entry = keras.Input((3,), name="x")
    line = fails(export, keras.Model(entry, Outside()(entry)), to, tmp_path / f"net{ENDINGS[to]}")
    written = {"savedmodel": "for SavedModel", "litert": "for LiteRT", "onnx": "as ONNX"}[to]
    reason = "Cannot convert a symbolic tf.Tensor (x:0) to a numpy array."
    assert line.startswith(f"the model: it cannot be written {written}: {reason}") and "\n" not in line
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("to", ["savedmodel", "litert", "onnx"])
def test_a_full_disk(tmp_path, to, inference):
    model = keras.Sequential([keras.Input((300,)), layers.Dense(300)])
    path = tmp_path / f"net{ENDINGS[to]}"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError) as raised:
            export(model, to, path, inference=inference)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (raised.value.errno, raised.value.filename) == (errno.EFBIG, str(path))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("to", ["litert", "onnx"])
def test_a_missing_package(tmp_path, monkeypatch, to):
    find = importlib.util.find_spec
    gone = RUNTIMES[to].modules[-1]
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None if name == gone else find(name))
    messages = {
        "litert": "LiteRT files need ai-edge-litert: pip install '.[litert]' in a clone of netconv",
        "onnx": "ONNX files need onnx, onnxruntime and tf2onnx: pip install '.[onnx]' in a clone of netconv",
    }
    assert fails(export, MODELS["embedded"](), to, tmp_path / f"net{ENDINGS[to]}") == messages[to]


WRONG = [
    ("onnx", "net.json", {}, "net.json: the file for onnx ends in .onnx; choose another output"),
    ("litert", None, {"batch": 0}, "batch must be an integer of at least 1; received 0"),
    ("litert", None, {"quantize": "int4"}, "quantize must be 'float16' or 'int8'; received 'int4'"),
    ("onnx", None, {"input_shapes": [1]},
     "input_shapes must be a dictionary of shapes, such as {'data': (None, 24)}; received [1]"),
    ("onnx", None, {"quantize": "int8"}, "quantize is for to='litert'; leave it out"),
    ("litert", None, {"quantize": "int8"}, "quantize='int8' needs calibrate: a table of what the model will be given, "
     "which says how large the numbers within it are"),
    ("litert", None, {"calibrate": "t.csv"}, "calibrate is for quantize='int8'; leave it out"),
    ("keras", None, {}, "the model is a Keras model already; inference=True writes one for inference alone"),
    ("keras", None, {"inference": True, "batch": 2}, "batch is for the files of other programs; leave it out"),
    ("wlnet", None, {"inference": True}, "inference is not for to='wlnet'; leave it out"),
    ("onnx", None, {"input_shapes": {"id": (None, 6)}},
     "input_shapes: the model has no input 'id'; did you mean 'ids'? Its inputs are 'ids'"),
    ("onnx", None, {"input_shapes": {"ids": (None, 7)}},
     "input_shapes={'ids': (None, 7)}: the model takes ? x 6; give sizes for the open ones alone"),
    ("tflite", None, {},
     "'tflite' is not a target; choose one of wlnet, mxnet, savedmodel, litert, onnx, keras, python, r"),
    ("python", None, {"inference": True}, "inference is not for to='python'; leave it out"),
]  # fmt: skip


@pytest.mark.parametrize(("to", "output", "options", "message"), WRONG)
def test_options_that_do_not_fit(tmp_path, monkeypatch, to, output, options, message):
    monkeypatch.chdir(tmp_path)
    assert fails(export, MODELS["embedded"](), to, output, **options) == message
    assert os.listdir(tmp_path) == []


def test_an_unknown_option():
    with pytest.raises(TypeError, match=re.escape("export() has no option 'bach'; did you mean 'batch'?")):
        export(MODELS["embedded"](), "onnx", bach=3)


def test_sizes_that_are_open(tmp_path):
    entry = keras.Input((None, 3), name="steps")
    model = keras.Model(entry, layers.Dense(2, name="out")(layers.GRU(4)(entry)))
    notes = []
    export(model, "litert", tmp_path / "net.tflite", notes.append, input_shapes={"steps": (None, 9, 3)})
    x = np.random.default_rng(0).normal(size=(1, 9, 3)).astype("float32")
    np.testing.assert_allclose(run("litert", tmp_path / "net.tflite", {"steps": x})["out"], model(x), atol=1e-6)


@pytest.mark.parametrize("to", ["savedmodel", "keras", "python"])
def test_sizes_that_are_open_and_have_to_be_certain_ones(tmp_path, to):
    entry = keras.Input((None,), name="data")
    keras.Model(entry, layers.Reshape((3, 3))(entry)).save(tmp_path / "net.keras")
    options = {"inference": True} if to == "keras" else {}
    assert fails(export, tmp_path / "net.keras", to, **options) == (
        f"{tmp_path}/net.keras: Keras cannot run the model on drawn inputs: The total size of the tensor must be "
        "unchanged. Received: input_shape=(7,), target_shape=(3, 3); convert the net with sizes for its open axes, for "
        "example input_shapes={'data': (None, 32)}"
    )
    assert os.listdir(tmp_path) == ["net.keras"]


def test_a_model_that_cannot_be_run(tmp_path):
    entry = keras.Input((2,))
    model = keras.Model(entry, Refusing()(entry))
    message = "the model: Keras cannot run the model on drawn inputs: it takes none"
    assert fails(export, model, "onnx", tmp_path / "net.onnx") == message


@keras.saving.register_keras_serializable("tests")
class Refusing(layers.Layer):
    """Takes no numbers."""

    def compute_output_shape(self, shape):
        return shape

    def call(self, *_):
        raise ValueError("it takes none")


def test_the_file_is_beside_the_model(tmp_path):
    path = tmp_path / "net.keras"
    MODELS["embedded"]().save(path)
    assert export(path, "onnx") == [tmp_path / "net.onnx"]
    assert export(path, "keras", inference=True) == [tmp_path / "net-inference.keras"]
    assert Path(tmp_path / "net.onnx").exists() and issubclass(NetconvError, Exception)


def test_open_sizes_may_have_to_be_odd():
    entry = keras.Input((None, None, 1), name="image")
    x = layers.Conv2D(1, 9)(entry)
    both = layers.Concatenate()([layers.Conv2D(1, 2, strides=2)(x), layers.Conv2D(1, 3, strides=2)(x)])
    loaded = open_model(keras.Model(entry, both))
    samples = drawn_samples(served(loaded, loaded.model))
    assert {sample.inputs[0].shape for sample in samples} == {
        (batch, size, size, 1) for batch, size in ((1, 17), (1, 33), (2, 17), (5, 33))
    }
