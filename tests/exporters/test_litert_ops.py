"""What LiteRT has no operator for is computed with operators that it has, and computes the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from models import fails

from netconv.exporters import tf_graphs
from netconv.exporters.targets import export

layers, ops = keras.layers, keras.ops
LARGEST = 2**31 - 1
SMALL = np.float32([0, 1e-20, 3e-5, 0.01, 0.3, 0.7, 0.99, 1])
UNIT = np.concatenate([-SMALL, SMALL])
WIDE = np.concatenate([UNIT, *(sign * np.float32([1.4, 2, 3, 3.7, 4, 20, 60, 88, 89]) for sign in (1, -1))])
FUNCTIONS = {
    "erf": (WIDE, tf.math.erf),
    "tan": (np.linspace(-1.5, 1.5, 40, dtype="float32"), np.tan),
    "arcsin": (UNIT, np.arcsin),
    "arccos": (UNIT, np.arccos),
    "arctan": (np.concatenate([WIDE, np.float32([1e30, -1e30, np.inf, -np.inf])]), np.arctan),
    "sinh": (WIDE, np.sinh),
    "cosh": (WIDE, np.cosh),
    "arcsinh": (np.concatenate([WIDE, np.float32([1e30, -1e30, 1e38, np.inf, -np.inf])]), np.arcsinh),
    "arccosh": (np.concatenate([1 + SMALL, np.float32([5, 1e10, 1e30, np.inf])]), np.arccosh),
    "arctanh": (UNIT, np.arctanh),
}


def litert(path, model, **inputs):
    """The outputs by name that LiteRT computes with a file that is written of a model."""
    export(model, "litert", path / "net.tflite", inference=False)
    return Interpreter(str(path / "net.tflite")).get_signature_runner("serving_default")(**inputs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(tmp_path, name):
    x, exact = FUNCTIONS[name]
    entry = keras.Input((), name="x")
    model = keras.Model(entry, layers.Identity(name="y")(getattr(ops, name)(entry)))
    with np.errstate(divide="ignore"):
        expected = np.asarray(exact(x.astype("float64")))
    np.testing.assert_allclose(litert(tmp_path, model, x=x)["y"], expected, rtol=1e-5, atol=3e-7)


def test_bits_are_exact(tmp_path):
    numbers = np.int32([0, 1, 2, 3, 5, 255, 2**30, LARGEST, -1, -2, -3, -256, -(2**30), -LARGEST, -LARGEST - 1])
    x, y = (each.ravel() for each in np.meshgrid(numbers, numbers))
    entries = [keras.Input((), name=name, dtype="int32") for name in "xy"]
    model = keras.Model(entries, layers.Identity(name="both")(ops.bitwise_and(*entries)))
    np.testing.assert_array_equal(litert(tmp_path, model, x=x, y=y)["both"], x & y)


def test_integers(tmp_path):
    entry = keras.Input((4,), name="x", dtype="int32")
    bytes_ = ops.maximum(ops.cast(entry, "int8"), np.int8(0))
    sums = ops.add(ops.maximum(entry, np.int32([-2, 0, 2, 9])), np.int32([1, -7, LARGEST - 9, 0]))
    model = keras.Model(entry, {"bytes": bytes_, "sums": sums})
    x = np.int32([[-128, -1, 1, 127], [0, 5, 9, -LARGEST]])
    found = litert(tmp_path, model, x=x)
    np.testing.assert_array_equal(found["bytes"], np.maximum(x.astype("int8"), 0))
    larger = np.maximum(x, [-2, 0, 2, 9])
    np.testing.assert_array_equal(found["sums"], larger + np.int32([1, -7, LARGEST - 9, 0]))


def test_double_precision_becomes_single(tmp_path):
    one, other = keras.Input((3,), name="one", dtype="float64"), keras.Input((3,), name="other")
    dense = layers.Dense(4, dtype="float64")(ops.maximum(one, -1.7e308))
    both = ops.concatenate([dense, ops.cast(other, "float64")], 1)
    model = keras.Model([one, other], {"sum": ops.sum(both * 0.1, 1), "single": ops.cast(both, "float32")})
    generator = np.random.default_rng(0)
    inputs = {"one": generator.normal(size=(2, 3)), "other": generator.normal(size=(2, 3)).astype("float32")}
    found = litert(tmp_path, model, **inputs)
    expected = model([inputs["one"], inputs["other"]])
    for name, dtype in (("sum", "float64"), ("single", "float32")):
        assert found[name].dtype == dtype
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


def test_sizes_of_images_are_known(tmp_path):
    entry = keras.Input((4, 4, 2), name="x")
    twice = layers.UpSampling2D()(layers.Conv2D(2, 3, padding="same")(layers.UpSampling2D()(ops.erf(entry))))
    model = keras.Model(entry, layers.Conv2D(3, 3, padding="same", name="y")(twice))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(litert(tmp_path, model, x=x)["y"], model(x), atol=1e-5)


def test_operators_for_patterns_are_kept(tmp_path, capfd):
    entry = keras.Input((3,), name="x")
    litert(tmp_path, keras.Model(entry, layers.Dense(4, "gelu", name="y")(entry)), x=np.zeros((1, 3), "float32"))
    tf.lite.experimental.Analyzer.analyze(model_path=str(tmp_path / "net.tflite"))
    assert "GELU" in capfd.readouterr().out


@keras.saving.register_keras_serializable("tests")
class Repeated(layers.Layer):
    """Computes erf of float64 three times."""

    def call(self, x):
        return ops.while_loop(lambda n, _: n < 3, lambda n, x: (n + 1, ops.erf(x)), (0, ops.cast(x, "float64")))[1]


def test_loops_stay_as_they_are(tmp_path):
    entry = keras.Input((3,))
    model = keras.Model(entry, Repeated(name="repeated")(entry))
    message = "the model: it cannot be written for LiteRT: it has no operator for Erf (repeated_1/while/Erf)"
    assert fails(export, model, "litert", tmp_path / "net.tflite") == message


@keras.saving.register_keras_serializable("tests")
class Listed(layers.Layer):
    """Keeps tensors of unknown size in a list."""

    def call(self, x):
        def body(n, kept):
            return n + 1, kept.write(n, tf.boolean_mask(x, x[:, 0] < 1e9))

        kept = tf.while_loop(lambda n, _: n < 3, body, (0, tf.TensorArray("float32", 3)))[1]
        return tf.transpose(kept.stack()[:, :, 0])

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], 3), "float32")


def test_the_op_is_named_whose_place_is_known(tmp_path):
    entry = keras.Input((3,))
    model = keras.Model(entry, Listed(name="listed")(entry))
    message = "it cannot be written for LiteRT: it has no operator for TensorListReserve (listed_1/TensorArrayV2)"
    assert fails(export, model, "litert", tmp_path / "net.tflite") == f"the model: {message}"


def test_weights_that_no_graph_can_have(tmp_path, monkeypatch):
    def too_large(*_, **__):
        raise ValueError("the graph exceeds 2 GB")

    monkeypatch.setattr(tf_graphs, "convert_variables_to_constants_v2", too_large)
    entry = keras.Input((3,))
    message = "the model: it cannot be written for LiteRT: it has no operator for Erf"
    assert fails(export, keras.Model(entry, ops.erf(entry)), "litert", tmp_path / "net.tflite") == message


@pytest.mark.parametrize("quantize", ["float16", "int8"])
def test_smaller_weights(tmp_path, quantize):
    entry = keras.Input((3,), name="x")
    model = keras.Model(entry, layers.Dense(2, name="y")(ops.erf(layers.Dense(8)(entry))))
    rows = np.random.default_rng(0).normal(size=(40, 3))
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c", comments="")
    options = {"calibrate": tmp_path / "t.csv"} if quantize == "int8" else {}
    assert export(model, "litert", tmp_path / "net.tflite", quantize=quantize, **options)[0].exists()
