"""The metrics of a training: their names, their direction, and what they are for two classes and for several."""

import keras
import numpy as np
import pytest
from encoded import FREE
from models import layers, model, separable, source

import netconv
from netconv.training import metrics

ALL = [
    getattr(keras.metrics, name) for name in dir(keras.metrics)
    if isinstance(getattr(keras.metrics, name), type) and name not in ("Metric", "Mean", "Sum", "MeanMetricWrapper")
]  # fmt: skip
ARGUMENTS = {
    "IoU": {"num_classes": 2, "target_class_ids": [1]}, "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [1]}, "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5}, "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5}, "SpecificityAtSensitivity": {"sensitivity": 0.5},
}  # fmt: skip
LARGER = {"TruePositives", "TrueNegatives", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity",
          "SpecificityAtSensitivity"}  # fmt: skip
"""Metrics of which a larger value is better, though Keras does not know it."""


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_direction_of_every_metric(kind):
    made = kind(**ARGUMENTS.get(kind.__name__, {}), name="chosen")
    up = getattr(made, "_direction", "up" if kind.__name__ in LARGER else "down") == "up"
    assert metrics.maximizes("val_chosen", [[made]], FREE) is up
    assert metrics.maximizes(f"val_{kind(**ARGUMENTS.get(kind.__name__, {})).name}", [[]], FREE) is up


def unbalanced(rows=5000, seed=0):
    """20 numeric features, and a class of 3.4 % of the rows whose first eight are larger on average."""
    generator = np.random.default_rng(seed)
    rare = generator.permutation(rows) < 0.034 * rows
    x = generator.normal(size=(rows, 20))
    x[rare, :8] += 0.9
    names = ("common", "rare")
    lines = [",".join(f"{value:.4f}" for value in row) + f",{names[int(k)]}\n" for row, k in zip(x, rare, strict=True)]
    return ",".join(f"x{number}" for number in range(20)) + ",class\n" + "".join(lines)


def test_class_weights_find_a_rare_class():
    """The weights also count in the validation loss, which decides which epoch is kept."""
    table = source(unbalanced())
    made = model(20, hidden=[layers.Dense(32, activation="relu")])
    made.optimizer.learning_rate = 0.001
    done = netconv.train(made, table, class_weight="balanced", epochs=15)
    assert done.evaluation.classes[1].recall >= 0.8
    assert f"the best {done.best_epoch} by val_loss (" in done.text and done.facts["monitor"] == "val_loss"
    best = done.history[done.best_epoch - 1]
    assert best["val_loss"] == min(metrics["val_loss"] for metrics in done.history)
    # The evaluation counts all rows alike, as later ones do.
    assert abs(best["val_loss"] - done.evaluation.metrics["loss"]) > 1e-3


def test_class_weights_count_in_validation_data_too():
    def validation_loss(weight):
        options = {"class_weight": {"yes": weight}, "epochs": 1, "optimizer": "sgd(learning_rate=1e-9)"}
        done = netconv.train(model(), source(separable()), validation_data=source(separable(seed=1)), **options)
        return done.history[0]["val_loss"]

    one, two, three = map(validation_loss, (1, 2, 3))
    assert two - one == pytest.approx(three - two, rel=1e-3) and two - one > 0.1


@pytest.mark.parametrize("outputs, loss, activation", [
    (2, "sparse_categorical_crossentropy", "softmax"),
    (2, "categorical_crossentropy", "softmax"),
    (2, "SparseCategoricalCrossentropy(from_logits=True)", None),
    (1, "binary_crossentropy", "sigmoid"),
    (1, "BinaryCrossentropy(from_logits=True)", None),
])  # fmt: skip
def test_metrics_of_two_classes_are_those_of_the_second(tmp_path, outputs, loss, activation):
    table = source(separable(400) + "0.5,1,no\n-0.5,1,yes\n" * 20)
    chosen = ("AUC(num_thresholds=5000)", "Precision", "Recall", "Recall(class_id=0)", "F1Score(average='macro')")
    made = model(classes=outputs, activation=activation)
    for _ in range(2):  # also after Keras has numbered others of the same kind
        done = netconv.train(made, table, loss=loss, metrics=chosen, monitor="val_auc", epochs=3)
    last, truth = done.history[done.best_epoch - 1], done.evaluation
    assert done.monitor == "val_auc"
    assert last["val_auc"] == max(metrics["val_auc"] for metrics in done.history)
    assert last["val_auc"] == pytest.approx(truth.metrics["auc"], abs=2e-3)
    assert last["val_precision"] == pytest.approx(truth.classes[1].precision)
    assert last["val_recall"] == pytest.approx(truth.classes[1].recall)
    assert last["val_recall_1"] == pytest.approx(truth.classes[0].recall)
    assert last["val_f1_score"] == pytest.approx(truth.metrics["macro_f1"])
    done.save(tmp_path / "t.keras")
    loaded = keras.models.load_model(tmp_path / "t.keras")  # its metrics are those that Keras can compute
    x, y = np.zeros((4, 2), np.float32), np.array([0, 1, 1, 0])
    loaded.evaluate(x, np.eye(2)[y] if loss.startswith("cat") else y[:, None] if outputs == 1 else y, verbose=0)


def test_a_monitored_metric_is_computed_too():
    done = netconv.train(model(), source(separable()), monitor="val_auc", epochs=2)
    assert list(done.history[0]) == ["epoch", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc"]


def test_metrics_of_several_classes_are_of_one_hot_targets():
    lines = separable(150, names=("a", "b")).splitlines()
    table = "\n".join([lines[0], *(line[:-1] + "abc"[n % 3] for n, line in enumerate(lines[1:]))])
    chosen = ("CategoricalAccuracy", "accuracy", "TopKCategoricalAccuracy(k=3)")
    last = netconv.train(model(classes=3), source(table), metrics=chosen, epochs=2).history[-1]
    assert last["categorical_accuracy"] == last["accuracy"] and last["val_top_k_categorical_accuracy"] == 1
