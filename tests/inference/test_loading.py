"""Loading: which model is found, and the shapes of its inputs."""

import io
from pathlib import Path

import keras
import numpy as np
import pytest
from models import fails, layers, model, source

import netconv
from netconv.inference import calling, loading

# Shapes


def test_rows_fill_the_inputs_of_a_model():
    one, two = keras.Input((1, 2), name="one"), keras.Input((2,), dtype="int32", name="two")
    made = keras.Model([one, two], layers.Concatenate()([layers.Flatten()(one), layers.Embedding(9, 1)(two)[..., 0]]))
    first, second = calling.split_inputs(made, np.array([[1, 2, 3, 4]], np.float32))
    assert first.tolist() == [[[1, 2]]] and second.tolist() == [[3, 4]] and second.dtype == np.int32


def test_a_model_with_a_batch_size_of_1_gets_rows_one_by_one():
    entry = keras.Input((2,))
    made = keras.Model(entry, keras.ops.reshape(entry, (1, 2)) * 2)
    np.testing.assert_array_equal(calling.predict_rows(made, [np.ones((3, 2), np.float32)]), np.full((3, 2), 2))


def test_unknown_lengths_are_inferred():
    entry = keras.Input((1, None, None))
    made = keras.Model(entry, layers.GlobalAveragePooling2D(data_format="channels_first")(entry))
    [image] = calling.split_inputs(made, np.zeros((3, 49), np.float32))
    assert image.shape == (3, 1, 7, 7)
    assert fails(calling.split_inputs, made, np.zeros((3, 50), np.float32)) == (
        "50 features do not fit the net's input of 1 x ? x ?"
    )


# Finding the model


def touch(folder, *names):
    for name in names:
        (folder / name).write_text('{"nodes": []}' if name.endswith(".json") else "")


@pytest.mark.parametrize(
    "names, training, evaluating",
    [
        (["net.json", "net.params"], "net.json", "net.json"),
        (["net.json", "net.keras"], "net.keras", "net.keras"),
        (["net.json", "net.keras", "net-trained.keras"], "net.keras", "net-trained.keras"),
        (["x-symbol.json", "x-trained.keras"], "x-symbol.json", "x-trained.keras"),
        (["net.json", "net.params", "net.wlnet"], "net.wlnet", "net.wlnet"),
        (["net.wlnet", "net.keras", "net-trained.keras", "net-trained.wlnet"], "net.keras", "net-trained.keras"),
        (["net.wlnet", "net-trained.wlnet"], "net.wlnet", "net.wlnet"),
    ],
)
def test_the_only_model_is_found(tmp_path, monkeypatch, names, training, evaluating):
    touch(tmp_path, *names)
    (tmp_path / "package.json").write_text('{"name": "no net"}')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder, data, prefix in ((tmp_path, None, Path()), (elsewhere, tmp_path / "t.csv", tmp_path)):
        monkeypatch.chdir(folder)
        assert netconv.find_model(data, True) == prefix / training
        assert netconv.find_model(data, False) == prefix / evaluating


def test_several_models_or_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fails(netconv.find_model, None, True) == (
        f"no .keras file, no .wlnet file and no net.json in {tmp_path}: give one with model="
    )
    touch(tmp_path, "a.keras", "b.json")
    assert fails(netconv.find_model, None, True) == "several models: a.keras, b.json; choose one with model="
    (tmp_path / "data").mkdir()
    touch(tmp_path / "data", "c.keras")
    assert netconv.find_model(tmp_path / "data" / "t.csv", True) == Path("data/c.keras")


def test_hidden_files_are_not_models(tmp_path):
    """What macOS writes beside a file on some disks, editors while they save, and killed programs leave."""
    touch(tmp_path, "net.keras", "._net.keras", ".net.keras.Ab3.keras", "._net-trained.keras", ".x.wlnet", ".x.json")
    assert netconv.find_model(tmp_path / "t.csv", False) == tmp_path / "net.keras"


def test_where_the_trained_model_goes(tmp_path):
    def path(name, output=None):
        return loading.LoadedModel(None, name, tmp_path / name).trained_path(output)

    assert path("net.keras") == tmp_path / "net-trained.keras"
    assert path("x-symbol.json") == tmp_path / "x-trained.keras"
    assert loading.LoadedModel(None).trained_path() == Path("model-trained.keras")
    assert fails(path, "x-trained.keras") == (
        f"{tmp_path / 'x-trained.keras'}: the trained model would be written over its input; choose another with "
        "output="
    )
    assert fails(path, "net.keras", "x.h5") == (
        "x.h5: a trained model must be a .keras file, which can store how the table was read"
    )
    assert fails(path, "net.keras", "no/x.keras") == "no/x.keras: there is no folder no"


# Nets


@pytest.mark.parametrize(
    "model, options, message",
    [
        (3, {}, "the model must be a .keras file, a .wlnet file or a net.json, by its path, a keras.Model, or the "
         "result of a training; received 3"),
        (keras.Sequential([keras.layers.Dense(2)], name="open"), {},
         "the model 'open' has no input layer: its shapes are not known; add a keras.Input"),
        ("net.json", {"params": io.BytesIO()}, "params must be the path of a parameter file; received {}"),
        ("net.json", {"input_shapes": [(None, 2)]},
         "input_shapes must be a dictionary of shapes, such as {{'data': (None, 24)}}; received [(None, 2)]"),
    ],
)  # fmt: skip
def test_what_is_not_a_model(model, options, message):
    assert fails(loading.open_model, model, **options) == message.format(options.get("params"))


def test_parameters_and_shapes_are_for_nets():
    for options, name in (({"params": "x.params"}, "params="), ({"input_shapes": {"x": (None, 2)}}, "input_shapes=")):
        for call in (netconv.evaluate, netconv.predict, netconv.train):
            assert fails(call, model(), source("a,b,class\n1,2,0\n"), **options) == (
                f"{name} is for a net (net.json), and a Keras model has its shapes and weights; leave it out"
            )


def test_a_misspelt_table_is_named_before_the_model():
    for call in (netconv.evaluate, netconv.predict, netconv.train):
        assert fails(call, "no.keras", "no.csv") == "no.csv: cannot be read: No such file or directory"
    message = fails(netconv.train, "no.keras", source("a,b,class\n1,2,0\n"), validation_data="no.csv")
    assert message == "no.csv: cannot be read: No such file or directory"


def test_texts_in_place_of_tuples():
    text = "a,b,kind,class\n" + "".join(f"{n / 7},{n % 3},x,{n % 2}\n" for n in range(30))
    done = netconv.train(model(), source(text), target="class", drop="kind", epochs=1, metrics="accuracy")
    assert netconv.TrainingOptions(freeze="conv*").freeze == ("conv*",)
    assert done.encoding.targets == ("class",)
    assert "top_1_accuracy" in netconv.evaluate(done.loaded, source(text), top=1).metrics
    assert netconv.predict(done.loaded, source(text), keep="kind").kept == ("kind",)
    message = "metrics must be a text or a tuple of texts; received 1"
    assert fails(netconv.train, model(), source(text), metrics=1) == message
