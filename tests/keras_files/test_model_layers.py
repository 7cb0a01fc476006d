"""The table of layers, compared with what Keras counts."""

import keras
from models import model

from netconv.keras_files.layer_rows import LayerRow, Tensor, model_outputs
from netconv.keras_files.model_layers import list_layers

layers = keras.layers


def test_the_layers_of_a_sequential_model():
    made = model(3, 2, hidden=(layers.BatchNormalization(name="norm"), layers.Dense(4, name="hidden")))
    first, norm, hidden, last = list_layers(made)
    assert (first.kind, first.output, first.inputs) == ("InputLayer", "3", ())
    assert norm == LayerRow("norm", "BatchNormalization", "3", 12, 6, (Tensor(first.name, 0, "3"),))
    assert hidden == LayerRow("hidden", "Dense", "4", 16, 16, (Tensor("norm", 0, "3"),), "4")
    assert sum(row.parameters for row in (first, norm, hidden, last)) == made.count_params()


def test_the_layers_of_a_graph():
    left, right = keras.Input((None, 4), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(5, name="shared")
    joined = keras.ops.max(shared(left), axis=1) + shared(right)
    made = keras.Model([left, right], [joined, layers.Dense(1, name="out")(joined)])
    keras.Sequential([keras.Input((4,)), shared])  # another model that has the layer
    rows = {row.name: row for row in list_layers(made)}
    assert rows["left"].output == "? x 4" and rows["shared"].inputs == ("left", "right")
    assert rows["out"].inputs == (next(name for name, row in rows.items() if row.kind == "Add"),)
    assert sum(row.parameters for row in rows.values()) == made.count_params()


def test_the_outputs_of_a_model_are_in_its_order():
    entry = keras.Input((3, 4), name="entry")
    sequence, *states = layers.LSTM(2, return_sequences=True, return_state=True, name="lstm")(entry)
    first = layers.Dense(1, name="first")(sequence)
    last = layers.Dense(5, name="last")(first)
    rows = list_layers(keras.Model(entry, [last, states[1], first, entry]))
    assert model_outputs(rows) == [
        Tensor("last", 0, "3 x 5"), Tensor("lstm", 2, "2"), Tensor("first", 0, "3 x 1"), Tensor("entry", 0, "3 x 4"),
    ]  # fmt: skip
    assert {row.name: row.heads for row in rows}["lstm"] == ((1, Tensor("lstm", 2, "2")),)
