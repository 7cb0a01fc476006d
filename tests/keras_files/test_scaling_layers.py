"""The layers that scale, in a model and in its file."""

import keras
import numpy as np
import pytest
from models import fails, layers

import netconv
from netconv import FormatError
from netconv.features.scaling import UNSCALED, Affine, Moments, Scaling
from netconv.keras_files import archive
from netconv.keras_files.scaling_layers import configs_of, fills, scaled, scaling_of

MEAN, STD = np.arange(5.0), np.array([1, 2, 3, 1e-9, 1e20])
FIRST = Scaling(np.arange(5.0), Moments(MEAN, STD))
SECOND = Scaling(None, Affine(np.full(6, 0.5), np.arange(6.0)))
OUTPUTS = Moments(np.array([1.0, 2]), np.array([10.0, 1e-9]))
ROWS = [(5,), (2, 3)]


def net(function=keras.ops.abs):
    """A model of two inputs, with an operation and a layer that is called twice."""
    keras.utils.set_random_seed(0)
    one, two = keras.Input((5,), name="a"), keras.Input((2, 3), name="b")
    twice = layers.Dense(5, name="twice")
    x = layers.Concatenate()([twice(twice(one)), layers.Flatten()(two)])
    return keras.Model([one, two], layers.Dense(2)(layers.Dropout(0.5)(function(x))))


def arrays():
    generator = np.random.default_rng(0)
    x = (generator.normal(size=(4, 5)) * STD + MEAN).astype(np.float32)
    x[1, 2] = 2
    return x, generator.normal(size=(4, 2, 3)).astype(np.float32)


def expected(made):
    x, z = arrays()
    values = made.predict([(x - MEAN.astype(np.float32)) / STD, z * 0.5 + np.arange(6).reshape(2, 3)], verbose=0)
    return values * OUTPUTS.std + OUTPUTS.mean


def test_a_model_with_scaling_layers_computes_the_same_from_numbers_as_they_are(tmp_path):
    made = net()
    model = scaled(made, [FIRST, SECOND], ROWS, (OUTPUTS,))
    x, z = arrays()
    x[1, 2] = np.nan  # its fill value
    np.testing.assert_allclose(model.predict([x, z], verbose=0), expected(made), rtol=1e-5, atol=1e-12)
    netconv.save(model, tmp_path / "t.keras")
    loaded = keras.models.load_model(tmp_path / "t.keras")
    np.testing.assert_array_equal(loaded.predict([x, z], verbose=0), model.predict([x, z], verbose=0))
    assert fills(loaded) and not fills(made)


def test_the_layers_of_the_net_keep_their_names_and_stand_beside_the_others():
    made = net()
    model = scaled(made, [FIRST, SECOND], ROWS, (OUTPUTS,))
    names = [operation.name for operation in model.operations]
    assert {operation.name for operation in made.operations} < set(names)
    assert sorted(set(names) - {operation.name for operation in made.operations}) == [
        "scale_inputs_1", "scale_inputs_1_filled", "scale_inputs_1_missing", "scale_inputs_1_units", "scale_inputs_2",
        "scale_outputs",
    ]  # fmt: skip
    assert len(model.get_layer("twice")._inbound_nodes) == 2
    for one, two in zip(model.get_weights(), made.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_scaling_is_read_from_the_layers(tmp_path):
    model = scaled(net(), [FIRST, SECOND], ROWS, (OUTPUTS,))
    archive.save(model, tmp_path / "t.keras")
    for each in (model, archive.load(tmp_path / "t.keras")):
        found = scaling_of(configs_of(each), [5, 6], 1)
        np.testing.assert_allclose(found.inputs.mean, [*MEAN, *np.zeros(6)])
        np.testing.assert_allclose(found.inputs.std, [*STD, *np.ones(6)])
        np.testing.assert_allclose(found.outputs, [OUTPUTS])
    found = scaling_of(configs_of(scaled(net(), [UNSCALED, SECOND], ROWS)), [5, 6], 1)
    np.testing.assert_allclose(found.inputs, [[1] * 5 + [0.5] * 6, [0] * 5 + [*range(6)]])
    assert scaling_of(configs_of(net()), [5, 6], 1) == UNSCALED
    with pytest.raises(ValueError, match="reshape"):
        scaling_of(configs_of(model), [4, 6], 1)


def test_the_layers_are_replaced(tmp_path):
    made = net()
    archive.save(scaled(made, [FIRST, SECOND], ROWS, (OUTPUTS,)), tmp_path / "t.keras")
    loaded = archive.load(tmp_path / "t.keras")
    bare = scaled(loaded, [UNSCALED, UNSCALED], ROWS)
    assert [each.name for each in bare.layers] == [each.name for each in made.layers]
    np.testing.assert_array_equal(bare.predict(arrays(), verbose=0), made.predict(arrays(), verbose=0))
    again = scaled(loaded, [FIRST, SECOND], ROWS, (OUTPUTS,))
    np.testing.assert_array_equal(again.predict(arrays(), verbose=0), loaded.predict(arrays(), verbose=0))
    assert [each.name for each in again.operations] == [
        each.name for each in scaled(made, [FIRST, SECOND], ROWS, (OUTPUTS,)).operations
    ]


def test_inputs_of_any_length_stay_open_if_all_numbers_are_scaled_alike():
    entry = keras.Input((None, 1))
    made = keras.Model(entry, layers.Dense(1)(layers.GlobalAveragePooling1D()(entry)))
    alike = Scaling(inputs=Affine(np.full(3, 2.0), np.full(3, 1.0)))
    assert scaled(made, [alike], [(3, 1)]).input_shape == (None, None, 1)
    assert scaled(made, [Scaling(np.zeros(3))], [(3, 1)]).input_shape == (None, 3, 1)


def test_scaling_is_in_single_precision():
    entry = keras.Input((2,), dtype="float16")
    made = keras.Model(entry, layers.Dense(1, dtype="float16")(entry))
    model = scaled(made, [Scaling(inputs=Moments(np.full(2, 1e5), np.ones(2)))], [(2,)])
    near = model.predict(np.array([[100001, 99999]], np.float32), verbose=0)
    np.testing.assert_allclose(near, made.predict(np.array([[1, -1]], np.float16), verbose=0))


def test_models_in_the_model_share_their_layers_as_before():
    """Also one that is compiled, as a net that was trained before and is built on."""
    keras.utils.set_random_seed(0)
    shared = layers.Dense(3, name="shared")
    parts = []
    for number in range(2):
        inside = keras.Input((3,))
        parts.append(keras.Model(inside, layers.Dropout(0.5)(shared(inside)), name=f"part{number}"))
    parts[0].compile("adam", "mse")
    parts[0].fit(np.ones((2, 3)), np.ones((2, 3)), verbose=0)
    entry = keras.Input((3,))
    made = keras.Model(entry, parts[1](parts[0](entry)))
    model = scaled(made, [Scaling(inputs=Affine(np.full(3, 2.0), np.zeros(3)))], [(3,)])
    first, second = (model.get_layer(f"part{number}").get_layer("shared") for number in range(2))
    assert first is second and first is not shared
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_allclose(model.predict(x, verbose=0), made.predict(2 * x, verbose=0), rtol=1e-6)


def test_a_layer_of_the_net_with_the_name_of_a_scaling_layer():
    entry = keras.Input((2,))
    made = keras.Model(entry, layers.Dense(1, name="scale_inputs")(entry))
    assert fails(scaled, made, [Scaling(np.zeros(2))], [(2,)], kind=FormatError) == (
        "the net has a layer called 'scale_inputs', as netconv calls those that scale; rename it"
    )


def test_keras_2_has_the_layers_but_for_fill_values(tmp_path):
    model = scaled(net(keras.ops.relu), [Scaling(None, FIRST.inputs), SECOND], ROWS, (OUTPUTS,))
    netconv.save(model, tmp_path / "t.h5")
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "t.h5").predict(arrays(), verbose=0), model.predict(arrays(), verbose=0)
    )
    message = (
        "operation Isnan 'scale_inputs_1_missing': has no layer in Keras 2 that computes the same; write a .keras file "
        "instead of .h5"
    )
    assert fails(netconv.save, scaled(net(keras.ops.relu), [FIRST, SECOND], ROWS), tmp_path / "f.h5") == message
    assert not (tmp_path / "f.h5").exists()
