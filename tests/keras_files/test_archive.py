import keras
import pytest

import netconv


def small():
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, name="fc")])


def test_a_model_that_was_never_compiled(tmp_path):
    model = small()
    netconv.save(model, tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    assert (loaded.get_layer("fc").get_weights()[0] == model.get_layer("fc").get_weights()[0]).all()
    assert not loaded.compiled


@pytest.mark.parametrize("name", ["net.txt", "net"])
def test_other_endings(tmp_path, name):
    with pytest.raises(netconv.FormatError) as error:
        netconv.save(small(), tmp_path / name)
    assert str(error.value) == f"{tmp_path / name}: a model is a .keras or .h5 file; choose another output"
    assert not list(tmp_path.iterdir())


def test_what_is_not_a_model(tmp_path):
    with pytest.raises(netconv.FormatError) as error:
        netconv.save("net.json", tmp_path / "net.keras")
    assert str(error.value) == "a Keras model is saved, not str"


def test_the_keras_that_a_file_needs(tmp_path):
    lines = []
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.RMSNormalization()])
    netconv.save(model, tmp_path / "net.keras", notify=lines.append)
    assert lines == ["the file needs Keras 3.9 or newer: older ones lack RMSNormalization"]
    assert netconv.inspect(tmp_path / "net.keras").facts["needs_keras"] == "3.9"
