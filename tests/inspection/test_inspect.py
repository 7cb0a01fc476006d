"""The table of layers that `inspect` prints."""

from pathlib import Path

from models import model, two_headed

import netconv
from netconv.keras_files import archive

CKD = Path(__file__).parents[2] / "fixtures" / "ckd"


def test_the_layers_of_a_model_with_shapes_and_parameters(tmp_path):
    import keras

    made = model(3, 2, hidden=(keras.layers.Dense(1000, name="hidden"),))
    archive.save(made, tmp_path / "net.keras")
    inspection = netconv.inspect(tmp_path / "net.keras")
    last = made.layers[-1].name
    first = inspection.facts["layers"][0]["name"]
    width = max(map(len, (first, last, "hidden")))
    assert inspection.facts["heads"] == [last]
    assert inspection.text.splitlines()[1:6] == [
        f"output {last}",
        f"  {'layer':{width}}  class       output shape  parameters",
        f"  {first:{width}}  InputLayer  3                      0",
        f"  {'hidden':{width}}  Dense       1000               4,000",
        f"  {last:{width}}  Dense       2                  2,002",
    ]
    assert inspection.facts["layers"][1] == {
        "name": "hidden", "class": "Dense", "output": "1000", "parameters": 4000, "inputs": [first],
    }  # fmt: skip


def test_the_outputs_of_a_model_are_named(tmp_path):
    archive.save(two_headed(), tmp_path / "net.keras")
    inspection = netconv.inspect(tmp_path / "net.keras")
    assert inspection.text.splitlines()[1:3] == ["output kind", "output price"]
    assert inspection.facts["heads"] == ["kind", "price"]


def test_the_layers_that_a_net_becomes():
    inspection = netconv.inspect(CKD / "net.json")
    lines = [" ".join(line.split()) for line in inspection.text.splitlines()]
    assert "layer class output shape parameters" in lines and "Input InputLayer 24 0" in lines
    assert any(line.endswith("Dense 20 500") for line in lines)
    assert [layer["class"] for layer in inspection.facts["layers"]].count("Dense") == 2


def test_nested_models_are_indented(tmp_path):
    import keras

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="deep")], name="inner")
    archive.save(keras.Sequential([keras.Input((4,)), inner]), tmp_path / "net.keras")
    inspection = netconv.inspect(tmp_path / "net.keras")
    assert "    deep" in inspection.text
    assert [each["name"] for each in inspection.facts["layers"][1]["layers"]][-1] == "deep"
