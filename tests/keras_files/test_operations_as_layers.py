"""Operations of Keras 3 as layers that Keras 2 has too: the same numbers, or an error."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from netconv.errors import LayerError
from netconv.keras_files.operations_as_layers import as_layers


def rewritten(function, shape=(4, 6), batch=None, count=1):
    """The model of a function of `count` inputs, and the same of layers."""
    entries = [keras.Input(batch_shape=(batch, *shape), name=f"x{i}") for i in range(count)]
    model = keras.Model(entries, keras.tree.flatten(function(*entries)))
    again = [keras.Input(batch_shape=(batch, *shape), name=f"x{i}") for i in range(count)]
    return model, as_layers(model, again)


def drawn(shape, count=1, batch=3):
    return [np.random.default_rng(i).normal(size=(batch, *shape)).astype("float32") for i in range(count)]


SAME = {
    "add a number": lambda x: ops.add(x, 0.3),
    "add an array": lambda x: ops.add(x, np.arange(6, dtype="float32")),
    "subtract": lambda x: ops.subtract(x, 0.3),
    "subtract from": lambda x: ops.subtract(0.3, x),
    "multiply": lambda x: ops.multiply(x, 0.3),
    "multiply by an array": lambda x: ops.multiply(x, np.arange(24, dtype="float32").reshape(1, 4, 6)),
    "divide by 8": lambda x: ops.divide(x, 8.0),
    "negative": ops.negative,
    "square": ops.square,
    "maximum with 0": lambda x: ops.maximum(x, 0.0),
    "clip": lambda x: ops.clip(x, 0, 0.5),
    "relu6": ops.relu6,
    "relu": ops.relu,
    "tanh": ops.tanh,
    "exp": ops.exp,
    "elu": lambda x: ops.elu(x, alpha=0.3),
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "leaky relu": lambda x: ops.leaky_relu(x, negative_slope=0.3),
    "softmax": lambda x: ops.softmax(x, axis=1),
    "reshape": lambda x: ops.reshape(x, (-1, 3, 8)),
    "squeeze and expand": lambda x: ops.squeeze(ops.expand_dims(x, 2), 2),
    "transpose": lambda x: ops.transpose(x, (0, 2, 1)),
    "swapaxes": lambda x: ops.swapaxes(x, -1, 1),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 0))),
    "pad with ones": lambda x: ops.pad(x, ((0, 0), (0, 0), (0, 1)), constant_values=1),
    "pad with the least": lambda x: ops.pad(x, ((0, 0), (1, 0), (2, 1)), constant_values=-np.inf),
    "concatenate": lambda x: ops.concatenate([x, x], -1),
    "stack": lambda x: ops.stack([x, x], 1),
    "split": lambda x: ops.split(x, 3, -1),
    "split at": lambda x: ops.split(x, [1, 4], -1),
    "unstack": lambda x: ops.unstack(x, axis=1),
    "a range": lambda x: x[:, 1:3],
    "one element": lambda x: x[:, -1],
    "of the last axis": lambda x: x[..., 2:],
    "every second": lambda x: x[:, ::2, 1::3],
    "an element and a range": lambda x: x[:, 2, 1:5],
    "repeat": lambda x: ops.repeat(x, 2, axis=1),
    "mean": lambda x: ops.mean(x, axis=(1, 2)),
    "mean of the last axis": lambda x: ops.mean(x, axis=-1, keepdims=True),
    "max": lambda x: ops.max(x, axis=1),
    "sum": lambda x: ops.sum(x, axis=2, keepdims=True),
}


@pytest.mark.parametrize("name", SAME)
def test_a_layer_computes_the_same(name):
    model, layered = rewritten(SAME[name])
    assert all(isinstance(each, layers.Layer) for each in layered.operations)
    (x,) = drawn((4, 6))
    expected, found = model([x]), layered([x])
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "maximum", "minimum"])
def test_two_tensors_are_merged(kind):
    model, layered = rewritten(getattr(ops, kind), count=2)
    assert [type(each).__name__ for each in layered.layers] == ["InputLayer", "InputLayer", kind.capitalize()]
    given = drawn((4, 6), 2)
    np.testing.assert_array_equal(layered(given)[0], model(given)[0])


def test_matrices_are_multiplied():
    model, layered = rewritten(lambda x, y: ops.matmul(x, ops.swapaxes(y, 1, 2)), count=2)
    given = drawn((4, 6), 2)
    np.testing.assert_allclose(layered(given)[0], model(given)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [0, 1.5, -np.inf, np.inf])
def test_an_image_of_any_size(value):
    edges = ((0, 0), (1, 0), (1, 2), (0, 0))
    model, layered = rewritten(lambda x: ops.pad(x, edges, constant_values=value)[:, ::2], (None, None, 2))
    (x,) = drawn((7, 5, 2))
    assert layered.output_shape == (None, None, None, 2)
    np.testing.assert_array_equal(layered([x])[0], model([x])[0])


def test_indices_are_cast_by_the_layer_that_looks_them_up():
    table = layers.Embedding(6, 2)
    model, layered = rewritten(lambda x: table(ops.cast(ops.clip(x, 0, 5), "int32")), (3,))
    assert [type(each).__name__ for each in layered.layers] == ["InputLayer", "ReLU", "Embedding"]
    x = np.array([[0.5, 7, -2]], "float32")
    np.testing.assert_array_equal(layered([x])[0], model([x])[0])


def test_layers_keep_their_weights_and_get_other_names():
    dense = layers.Dense(3, name="fc")
    model, layered = rewritten(lambda x: ops.pad(dense(x), ((0, 0), (0, 0), (1, 1)), constant_values=2))
    pad = next(each.name for each in model.operations if not isinstance(each, layers.Layer))
    assert layered.get_layer("fc") is dense
    assert [each.name for each in layered.layers[2:]] == [pad, f"{pad}_1", f"{pad}_2", f"{pad}_3"]


REFUSED = {
    "Add": lambda x: ops.add(x, x[:, 0]),
    "Subtract": lambda x: ops.subtract(np.ones((2, 1, 1, 1), "float32"), x),
    "Divide": lambda x: ops.divide(x, 3.0),
    "Maximum": lambda x: ops.maximum(x, 1.0),
    "Clip": lambda x: ops.clip(x, -1, 1),
    "Gelu": lambda x: ops.gelu(x, approximate=True),
    "Reshape": lambda x: ops.reshape(x, (-1, 6)),
    "Transpose": lambda x: ops.transpose(x, (1, 0, 2)),
    "Pad": lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0)), mode="reflect"),
    "Concatenate": lambda x: ops.concatenate([x, x], 0),
    "Stack": lambda x: ops.stack([x, x], 0),
    "GetItem": lambda x: x[:, ::-1],
    "Sum": lambda x: ops.sum(x, axis=0),
    "Cast": lambda x: ops.cast(x, "int32"),
    "Erf": ops.erf,
    "Where": lambda x: ops.where(x, x, x),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_layers_do_not_compute_is_an_error(kind):
    with pytest.raises(LayerError) as caught:
        rewritten(REFUSED[kind])
    assert caught.value.kind == f"operation {kind}"
    assert str(caught.value).endswith(
        ": has no layer in Keras 2 that computes the same; write a .keras file instead of .h5"
    )
