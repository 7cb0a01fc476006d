"""The layers of a file, compared with those of its model."""

import json
import zipfile
from pathlib import Path

import keras
import pytest

from netconv import FormatError, conversion
from netconv.inspection import model_file
from netconv.keras_files import archive
from netconv.keras_files.model_layers import list_layers

layers = keras.layers
FIXTURES = Path(__file__).parents[2] / "fixtures"


def nested():
    entry = keras.Input((8, 8, 3), name="entry")
    x = layers.BatchNormalization(scale=False, name="norm")(layers.Conv2D(4, 3, name="conv")(entry))
    inner = keras.Sequential([keras.Input((6, 6, 4)), layers.Conv2D(2, 1), layers.ReLU()], name="inner")
    x = layers.Reshape((2, 36), name="rows")(keras.ops.transpose(inner(x), (0, 3, 1, 2)) + 1)
    x = layers.LSTM(3, name="one", return_sequences=True)(x)
    x = layers.Bidirectional(layers.LSTM(2), name="two")(x)
    return keras.Model(entry, [x, layers.Dense(1, name="out", trainable=False)(x)])


def shared():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    dense = layers.Dense(5, name="dense")
    return keras.Model([left, right], layers.Add(name="sum")([dense(left), dense(right)]))


def sequential():
    stack = [keras.Input((6,)), layers.Dense(3, activation="tanh"), layers.Dropout(0.1), layers.Dense(2)]
    return keras.Sequential(stack)


def converted(name):
    def make():
        return conversion.convert(FIXTURES / "conformance" / "nets" / name / "net.json").model

    return make


@pytest.mark.parametrize(
    "make",
    [nested, shared, sequential, *map(converted, ("resnet", "lstm-cells", "two-heads", "densenet", "tied-dense"))],
    ids="nested shared sequential resnet lstm-cells two-heads densenet tied-dense".split(),
)
@pytest.mark.parametrize("by", ["netconv", "keras"])
def test_the_rows_of_a_file_are_those_of_the_model(tmp_path, make, by):
    made, path = make(), tmp_path / "net.keras"
    archive.save(made, path) if by == "netconv" else made.save(path)
    found = {row.name: row for row in model_file.read(path, "net.keras").layers}
    for row in list_layers(made):
        other = found.pop(row.name)
        assert (other.kind, other.parameters, other.trainable) == (row.kind, row.parameters, row.trainable), row.name
        assert (other.detail, other.inputs) == (row.detail, row.inputs), row.name
        if "?" not in (other.output, *(each.shape for each in other.tensors)):
            assert (other.output, other.tensors) == (row.output, row.tensors), row.name
        assert [each.name for each in other.layers] == [each.name for each in row.layers]
        assert [each.parameters for each in other.layers] == [each.parameters for each in row.layers]
        assert (other.entries, other.outputs, other.heads) == (row.entries, row.outputs, row.heads)
    assert not found


def test_the_shapes_of_common_models_are_known(tmp_path):
    for number, make in enumerate((nested, sequential, converted("resnet"), converted("two-heads"))):
        archive.save(make(), tmp_path / f"{number}.keras")
        rows = model_file.read(tmp_path / f"{number}.keras", "net.keras").layers
        assert "?" not in {row.output for row in rows}


def test_weights_have_the_names_of_their_layers(tmp_path):
    archive.save(nested(), tmp_path / "net.keras")
    weights = model_file.read(tmp_path / "net.keras", "net.keras").weights
    assert weights["one/cell/0"] == [36, 12] and weights["two/forward_layer/cell/1"] == [2, 8]
    assert weights["inner/layers/conv2d/1"] == [2] and weights["out/0"] == [4, 1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda config: config["config"].pop("layers"),
        lambda config: config["config"]["layers"].append(3),
        lambda config: config["config"]["layers"][1].pop("config"),
        lambda config: config["config"]["layers"][0]["config"].update(batch_shape=3),
        lambda config: config["config"]["layers"][-1]["inbound_nodes"][0].update(
            args=[{"class_name": "__keras_tensor__"}]
        ),
    ],
    ids="layers number config shape tensor".split(),
)
def test_a_damaged_config_is_one_error(tmp_path, damage):
    archive.save(shared(), tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as source, zipfile.ZipFile(tmp_path / "bad.keras", "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "config.json":
                config = json.loads(data)
                damage(config)
                data = json.dumps(config).encode()
            target.writestr(info.filename, data)
    with pytest.raises(FormatError, match=r"^bad\.keras: its config\.json "):
        model_file.read(tmp_path / "bad.keras", "bad.keras")
