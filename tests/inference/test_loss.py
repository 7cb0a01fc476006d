"""The loss of an evaluation is that of Keras."""

import keras
import numpy as np
import pytest
from models import fails, layers, model, separable, source, two_headed, two_targets

import netconv

TABLE = separable(60, ("0", "1"))
X = np.array([line.split(",")[:2] for line in TABLE.splitlines()[1:]], np.float32)
Y = np.array([line.split(",")[2] for line in TABLE.splitlines()[1:]], np.float32)


def saturated(classes, loss, activation):
    """A model whose probabilities are 0 and 1 in 32-bit floating point, and often wrong."""
    made = model(2, classes, loss, activation)
    made.set_weights([np.array([[-200.0] * (classes - 1) + [300.0]] * 2), np.full(classes, 7.0)])
    return made


@pytest.mark.parametrize(
    "classes, loss, activation",
    [
        (2, "sparse_categorical_crossentropy", "softmax"), (1, "binary_crossentropy", "sigmoid"),
        (2, keras.losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax"),
    ],
)  # fmt: skip
def test_of_probabilities_near_0_and_1(tmp_path, classes, loss, activation):
    made = saturated(classes, loss, activation)
    made.optimizer.build(made.trainable_variables)  # Keras warns when it loads a model saved without
    made.save(tmp_path / "m.keras")
    y = np.stack([1 - Y, Y], axis=1) if isinstance(loss, keras.losses.Loss) else Y
    wanted = keras.models.load_model(tmp_path / "m.keras").evaluate(X, y, verbose=0)
    assert wanted > 20  # 16 is the most that a probability of 32 bits gives
    found = netconv.evaluate(tmp_path / "m.keras", source(TABLE))
    assert found.metrics["loss"] == pytest.approx(wanted, rel=1e-5)
    done = netconv.train(made, source(TABLE), validation_data=source(TABLE), epochs=1, learning_rate=1e-12)
    assert done.history[0]["val_loss"] == pytest.approx(wanted, rel=1e-5)
    assert done.evaluation.metrics["loss"] == pytest.approx(wanted, rel=1e-5)


def test_with_what_layers_add_and_the_weight_of_the_loss():
    made = model(2, 1, "mse", None, hidden=[layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l1")])
    made.compile("adam", "mse", loss_weights=[0.5])
    found = netconv.evaluate(made, source(TABLE.replace("class", "y")), target="y").metrics
    assert found["loss"] == pytest.approx(made.evaluate(X, Y, batch_size=len(Y), verbose=0), rel=1e-5)
    assert found["loss"] > 0.5 * found["mse"]


def test_of_several_outputs():
    made = two_headed(compiled=True)
    made.get_layer("kind").set_weights([np.eye(16, 3) * 500, np.zeros(3)])
    text = two_targets().replace("low", "0").replace("mid", "1").replace("top", "2")
    rows = np.array([line.split(",") for line in text.splitlines()[1:]], np.float32)
    # Keras counts the losses of the outputs of a small batch as those of a large one, the whole loss not.
    wanted = made.evaluate(rows[:, :2], [rows[:, 2], rows[:, 3]], batch_size=len(rows), verbose=0, return_dict=True)
    found = netconv.evaluate(made, source(text)).metrics
    assert {name: found[name] for name in ("loss", "kind_loss", "price_loss")} == pytest.approx(
        {name: wanted[name] for name in ("loss", "kind_loss", "price_loss")}, rel=1e-5
    )


def test_of_a_model_that_runs_eagerly_or_takes_one_row_at_a_time():
    made = saturated(2, "sparse_categorical_crossentropy", "softmax")
    eager = saturated(2, "sparse_categorical_crossentropy", "softmax")
    eager.run_eagerly = True
    entry = keras.Input(batch_shape=(1, 2))
    single = keras.Model(entry, made.layers[-1](entry))
    single.compile("adam", "sparse_categorical_crossentropy")
    wanted = netconv.evaluate(made, source(TABLE)).metrics["loss"]
    for each in (eager, single):
        assert netconv.evaluate(each, source(TABLE)).metrics["loss"] == pytest.approx(wanted, rel=1e-5)


def test_of_a_loss_that_does_not_fit():
    made = model(2, 3, "binary_crossentropy", "sigmoid")
    assert fails(netconv.evaluate, made, source("a,b,y\n1,2,3\n"), target="y").startswith("t.csv: ")
