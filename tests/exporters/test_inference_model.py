"""A model for inference has fewer layers and computes the same, wherever a layer is shared, read twice or padded."""

import keras
import numpy as np
import pytest

from netconv.exporters.inference_model import inference_model

layers = keras.layers


def filled(model):
    """The model with random values, those of the variances above 0."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        values = generator.normal(size=weight.shape) * 0.5
        weight.assign(np.abs(values) + 0.3 if "variance" in weight.path else values)
    return model


def stack(shape, *parts):
    """A model of layers one after the other."""
    entry = x = keras.Input(shape)
    for part in parts:
        x = part(x)
    return filled(keras.Model(entry, x))


def kinds(model):
    return [type(each).__name__ for each in model.operations if type(each).__name__ != "InputLayer"]


def folded(model):
    """The kinds of the layers that are left, after a comparison of what both models compute."""
    copy, removed = inference_model(model)
    assert removed == len(model.operations) - len(copy.operations)
    generator = np.random.default_rng(1)
    inputs = [generator.normal(size=(3, *tensor.shape[1:])).astype("float32") for tensor in model.inputs]
    before, after = (keras.tree.flatten(each(inputs if len(inputs) > 1 else inputs[0])) for each in (model, copy))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())
    return kinds(copy)


def normalized():
    return layers.BatchNormalization()


MADE = {
    "Dense": ((4,), lambda: layers.Dense(3)),
    "Dense without bias": ((5, 4), lambda: layers.Dense(3, use_bias=False)),
    "Conv1D": ((9, 4), lambda: layers.Conv1D(3, 2, padding="same")),
    "Conv2D": ((8, 7, 4), lambda: layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False)),
    "Conv2D in groups": ((8, 7, 4), lambda: layers.Conv2D(6, 3, groups=2)),
    "Conv3D": ((4, 4, 4, 2), lambda: layers.Conv3D(3, 2)),
    "DepthwiseConv1D": ((9, 4), lambda: layers.DepthwiseConv1D(2)),
    "DepthwiseConv2D": ((8, 7, 4), lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "SeparableConv2D": ((8, 7, 4), lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2)),
    "Conv2DTranspose": ((5, 6, 4), lambda: layers.Conv2DTranspose(3, 3, strides=2)),
}


@pytest.mark.parametrize("name", MADE)
def test_a_normalization_behind_is_folded(name):
    shape, made = MADE[name]
    assert len(folded(stack(shape, made(), normalized(), layers.Dropout(0.5)))) == 1


@pytest.mark.parametrize("name", MADE)
def test_a_normalization_in_front_is_folded_unless_it_is_padded(name):
    shape, made = MADE[name]
    part = made()
    whole = getattr(part, "padding", "valid") == "valid" and "Transpose" not in name
    assert len(folded(stack(shape, normalized(), part))) == (1 if whole else 2)


@pytest.mark.parametrize("name", ["Conv1D", "Conv2D", "Conv2DTranspose"])
def test_a_scale_without_an_offset_is_folded_into_a_padded_convolution(name):
    shape, made = MADE[name]
    assert len(folded(stack(shape, layers.Rescaling(1 / 255), made()))) == 1


def test_several_are_folded_on_both_sides():
    parts = [layers.Rescaling(2.0, 1.0), normalized(), layers.Conv2D(3, 3), normalized(), layers.Identity(),
             layers.Rescaling(0.5, -1.0), layers.Activation("linear"), layers.ReLU()]  # fmt: skip
    assert folded(stack((6, 6, 2), *parts)) == ["Conv2D", "ReLU"]


def test_what_follows_an_activation_goes_into_the_next_layer():
    assert folded(stack((4,), layers.Dense(5, "tanh"), normalized(), layers.Dense(2))) == ["Dense", "Dense"]
    assert folded(stack((4,), layers.Dense(5, "tanh"), normalized())) == ["Dense", "BatchNormalization"]


def test_the_scaling_of_a_table():
    mean, variance = [3.0, -2.0, 0.5, 1.0], [4.0, 0.25, 1.0, 2.0]
    parts = layers.Normalization(-1, mean, variance), layers.Dense(3), layers.Rescaling([10.0, 2.0, 1.0], [1, 2, 3])
    assert folded(stack((4,), *parts)) == ["Dense"]
    assert folded(stack((4,), layers.Normalization(-1, mean, variance, invert=True), layers.Dense(3))) == [
        "Normalization", "Dense"
    ]  # fmt: skip


def test_a_scaling_that_would_lose_precision_stays():
    years = layers.Normalization(-1, [2000.0, 0.0], [9.0, 1.0])
    assert folded(stack((2,), years, layers.Dense(3))) == ["Normalization", "Dense"]


def test_a_scaling_passes_what_moves_elements():
    pixels = layers.Normalization((1, 2), np.arange(12.0).reshape(3, 4).tolist(), np.ones((3, 4)).tolist())
    assert folded(stack((3, 4), pixels, layers.Flatten(), layers.Dense(2))) == ["Flatten", "Dense"]
    turned = layers.Permute((2, 3, 1)), layers.Conv2D(2, 3)
    assert folded(stack((3, 8, 8), layers.BatchNormalization(axis=1), *turned)) == ["Permute", "Conv2D"]
    assert folded(stack((3, 8), layers.BatchNormalization(axis=1), layers.Dense(2))) == ["BatchNormalization", "Dense"]
    padded = layers.ZeroPadding2D(1), layers.Conv2D(2, 3)
    assert folded(stack((6, 6, 2), layers.Rescaling(3.0), *padded)) == ["ZeroPadding2D", "Conv2D"]
    assert folded(stack((6, 6, 2), layers.Rescaling(3.0, 1.0), *padded)) == ["Rescaling", "ZeroPadding2D", "Conv2D"]


def test_a_layer_that_is_called_twice_stays():
    entry, shared = keras.Input((4,)), layers.Dense(4)
    model = filled(keras.Model(entry, normalized()(shared(normalized()(shared(entry))))))
    assert folded(model) == ["Dense", "BatchNormalization", "BatchNormalization"]


def test_a_tensor_that_is_read_twice_stays():
    entry = keras.Input((4,))
    hidden = layers.Dense(4)(entry)
    model = filled(keras.Model(entry, layers.Add()([normalized()(hidden), hidden])))
    assert folded(model) == ["Dense", "BatchNormalization", "Add"]
    model = filled(keras.Model(entry, [hidden, normalized()(hidden)]))
    assert folded(model) == ["Dense", "BatchNormalization"]


def test_models_within_a_model():
    inner = stack((4,), layers.Dense(4), normalized(), layers.Dropout(0.5))
    entry = keras.Input((4,))
    model = keras.Model(entry, layers.Add()([inner(entry), inner(layers.ReLU()(entry))]))
    copy, removed = inference_model(model)
    assert removed == 2 and kinds(copy.get_layer(inner.name)) == ["Dense"]
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_allclose(copy(x), model(x), rtol=1e-5, atol=1e-6)


def test_a_layer_that_a_model_within_has_too_stays():
    shared = layers.Dense(4)
    inner_entry, entry = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model(inner_entry, layers.ReLU()(shared(inner_entry)))
    model = filled(keras.Model(entry, inner(normalized()(shared(entry)))))
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    copy, removed = inference_model(model)
    assert removed == 0
    np.testing.assert_allclose(copy(x), model(x), rtol=1e-5, atol=1e-6)


def test_half_precision_stays():
    made = (layers.Dense(4, dtype="mixed_float16"), layers.BatchNormalization(dtype="mixed_float16"))
    _, removed = inference_model(stack((4,), *made))
    assert removed == 0


def test_the_model_is_not_changed():
    model = stack((4,), layers.Dense(4), normalized())
    before = [weight.numpy() for weight in model.weights]
    inference_model(model)
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
    assert all(len(layer._inbound_nodes) == 1 for layer in model.layers)


def test_a_sequential_model_from_a_file(tmp_path):
    inner = keras.Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)], name="inner")
    parts = [keras.Input((5,)), layers.Dense(6), layers.BatchNormalization(), layers.ReLU(), inner, layers.Dense(2)]
    filled(keras.Sequential(parts)).save(tmp_path / "net.keras")
    model = keras.models.load_model(tmp_path / "net.keras")
    copy, removed = inference_model(model)
    assert removed == 3 and kinds(copy) == ["Dense", "ReLU", "Functional", "Dense"]
    x = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(copy(x), model(x), atol=1e-5)


def test_a_normalization_that_stays():
    entry = keras.Input((4,))
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(7, 3, (50, 4)))
    scaled = normalization(entry)
    model = keras.Model(entry, layers.Concatenate()([scaled, layers.Dense(2)(scaled)]))
    assert folded(model) == ["Normalization", "Dense", "Concatenate"]
