"""Operations that are no layers keep their names in a file, also where Keras gives them others when it loads it."""

from copy import deepcopy

import keras
import pytest
from keras import layers, ops

import netconv
from netconv.keras_files.operation_names import restore_names
from netconv.keras_files.portable_config import portable


def named(tensor, name):
    tensor._keras_history.operation.name = name
    return tensor


def chain():
    """One has the name that Keras gives the first of its kind."""
    data = keras.Input((4,), name="data")
    first = named(ops.clip(data, -3, 3), "first")
    return keras.Model(data, named(ops.clip(layers.Dense(4, name="fc")(first), -1, 1), "clip"))


def branches():
    """The two outputs of an operation, operations with tensors by keyword, and two outputs of the model."""
    data = keras.Input((4,), name="data")
    left, right = ops.split(data, 2, axis=1)
    named(left, "halves")
    left, right = named(ops.clip(left, 0, 1), "left"), named(ops.clip(right, 0, 1), "right")
    steps = [layers.Reshape((1, 2), name=f"row_{n}")(x) for n, x in enumerate((left, right))]
    attended = layers.MultiHeadAttention(1, 2, name="attention")(value=steps[1], query=steps[0])
    return keras.Model(data, {"b": named(ops.clip(attended, 2, 3), "b"), "a": named(ops.clip(steps[1], 4, 5), "a")})


def shared():
    """A layer that is listed twice for Keras 3.6, as it is called on results of its own."""
    data = keras.Input((4,), name="data")
    dense = layers.Dense(4, name="fc")
    x = dense(named(ops.clip(data, -1, 1), "before"))
    x = dense(named(ops.clip(x, -2, 2), "between"))
    return keras.Model(data, named(ops.clip(x, -3, 3), "behind"))


def nested():
    inner = keras.Input((4,), name="inner")
    part = keras.Model(inner, named(ops.clip(inner, -1, 1), "within"), name="part")
    data = keras.Input((4,), name="data")
    return keras.Model(data, named(ops.clip(part(data), -2, 2), "outside"))


def names(model):
    """The limits of each clip by its name."""
    parts = [part for part in model.operations if isinstance(part, keras.Model)]
    operations = [operation for part in [model, *parts] for operation in part.operations]
    return {each.name: (each.x_min, each.x_max) for each in operations if type(each).__name__ == "Clip"}


@pytest.mark.parametrize("make", [chain, branches, shared, nested], ids=lambda make: make.__name__)
def test_a_loaded_model_has_the_names_of_the_saved_one(make, tmp_path):
    model = make()
    netconv.save(model, tmp_path / "net.keras")
    loaded = netconv.open_model(tmp_path / "net.keras").model
    assert names(loaded) == names(model)
    assert [each.name for each in loaded.operations] == [each.name for each in model.operations]


def test_calls_after_loading_do_not_matter():
    """Keras keeps them at the operation, as those of another model."""
    model = chain()
    config, _ = portable(keras.saving.serialize_keras_object(model))
    loaded = keras.saving.deserialize_keras_object(deepcopy(config))
    clip = loaded.operations[1]
    clip(ops.abs(loaded.input))
    restore_names(loaded, config)
    assert names(loaded) == {"first": (-3, 3), "clip": (-1, 1)}


def test_code_has_the_names_of_the_net(tmp_path):
    netconv.save(branches(), tmp_path / "net.keras")
    netconv.export(tmp_path / "net.keras", "python", tmp_path / "net.py")
    lines = [line.strip().partition("  #")[0] for line in (tmp_path / "net.py").read_text().splitlines()]
    assert [line for line in lines if "ops." in line] == [
        "halves_0, halves_1 = ops.split(data, indices_or_sections=2, axis=1)",
        "x = ops.clip(halves_1, x_min=0, x_max=1)",
        "a = ops.clip(row_1, x_min=4, x_max=5)",
        "x = ops.clip(halves_0, x_min=0, x_max=1)",
        "b = ops.clip(x, x_min=2, x_max=3)",
    ]
