"""Evaluation: metrics compared with direct counts."""

import json
import math

import keras
import numpy as np
import pytest
from evaluations import evaluate_blocks
from models import fails, model, separable, source

import netconv
from netconv.features.encoding import HeadSpec
from netconv.inference import evaluation

CROSSENTROPY = "sparse_categorical_crossentropy"


def evaluated(given, y, names, top=(), loss=CROSSENTROPY, blocks=1):
    """The evaluation of rows in this many blocks."""
    pairs = zip(np.array_split(given, blocks), np.array_split(y, blocks), strict=True)
    return evaluate_blocks(pairs, HeadSpec("out", given.shape[1], len(names)), loss, tuple(names), top)


def one_hot(classes, count):
    return np.eye(count, dtype=np.float32)[classes] * 0.9 + 0.05


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_an_evaluation_agrees_with_counting(blocks):
    y = np.array([0, 0, 0, 1, 2, 2])
    found = evaluated(one_hot([0, 0, 1, 1, 2, 0], 3), y, ("a", "b", "long name, c"), blocks=blocks)
    assert found.confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert found.metrics["accuracy"] == pytest.approx(4 / 6)
    a, b, c = found.classes
    assert (a.precision, a.recall, a.count) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall, b.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert found.metrics["macro_f1"] == pytest.approx((a.f1 + b.f1 + c.f1) / 3)
    assert found.metrics["loss"] == pytest.approx(-(4 * math.log(0.95) + 2 * math.log(0.05)) / 6 + math.log(1.05), 1e-3)
    assert found.text.splitlines() == [
        "rows             6",
        f"loss             {found.metrics['loss']:.4f}",
        "accuracy         0.6667",
        "macro_precision  0.7222",
        "macro_recall     0.7222",
        "macro_f1         0.6667",
        "",
        "class        precision    recall        f1     count",
        "a               0.6667    0.6667    0.6667         3",
        "b               0.5000    1.0000    0.6667         1",
        "long name, c    1.0000    0.5000    0.6667         2",
        "",
        "confusion: true classes down, predicted across",
        "                        a            b long name, c",
        "a                       2            1            .",
        "b                       .            1            .",
        "long name, c            1            .            1",
    ]
    assert json.dumps(found.facts)


def test_means_are_over_the_classes_that_occur():
    found = evaluated(one_hot([0, 1, 0], 4), np.array([0, 0, 0]), "abcd")
    assert found.metrics["macro_recall"] == pytest.approx((2 / 3 + 0) / 2)
    assert [line.split()[0] for line in found.text.splitlines()[8:10]] == ["a", "b"]


def test_the_k_most_likely_classes():
    chances = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2]], np.float32)
    found = evaluated(chances, np.array([0, 0, 1, 0]), "abc", top=(1, 2, 9))
    top = [found.metrics[f"top_{k}_accuracy"] for k in (1, 2, 9)]
    assert top == [0.5, 0.75, 1.0] and top[0] == found.metrics["accuracy"]
    chances[0, 1] = np.nan
    message = "the net outputs NaN: no class can be predicted"
    assert fails(evaluated, chances, np.array([0, 0, 1, 0]), "abc") == message


@pytest.mark.parametrize("activation, logits", [("sigmoid", False), (None, True)])
def test_two_classes_have_an_area_under_the_roc_curve(activation, logits):
    loss = keras.losses.BinaryCrossentropy(from_logits=logits)
    made = model(2, 1, loss, activation)
    found = netconv.evaluate(made, source(separable(100, ("0", "1"))))
    x = np.array([line.split(",")[:2] for line in separable(100).splitlines()[1:]], np.float32)
    given, truths = made.predict(x, verbose=0)[:, 0], x[:, 0] > 0
    pairs = given[truths][:, None] - given[~truths]
    assert found.metrics["auc"] == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert found.curves.positive == "1" and list(found.metrics)[-2:] == ["auc", "average_precision"]


@pytest.mark.parametrize("blocks", [1, 3, 7])
def test_values_agree_with_counting(blocks):
    generator = np.random.default_rng(0)
    y = (generator.normal(size=(50, 2)) * [1, 10] + 1e4).astype(np.float32)
    given = y + generator.normal(size=(50, 2)).astype(np.float32)
    pairs = zip(np.array_split(given, blocks), np.array_split(y, blocks), strict=True)
    found = evaluate_blocks(pairs, HeadSpec("out", 2, 0), "mae", ())
    error, y = given.astype(float) - y, y.astype(float)
    wanted = {"mse": np.mean(error**2), "mae": np.mean(abs(error)), "rmse": np.mean(error**2) ** 0.5,
              "r2": 1 - np.mean(error**2) / np.mean((y - y.mean(axis=0)) ** 2)}  # fmt: skip
    assert {name: found.metrics[name] for name in wanted} == pytest.approx(wanted, rel=1e-9)
    assert found.metrics["loss"] == pytest.approx(wanted["mae"], rel=1e-3)
    assert found.text.splitlines()[0] == "rows  50" and len(found.text.splitlines()) == 6


def test_constant_targets_have_no_r2():
    found = evaluate_blocks(
        [(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32))], HeadSpec("out", 1, 0), "mse", ()
    )
    assert math.isnan(found.metrics["r2"]) and found.facts["metrics"]["r2"] is None


def test_top_k_is_for_classes():
    message = "top-k accuracy is for classifiers, and this net predicts values"
    assert fails(netconv.evaluate, model(1, 1, "mse", None), source("a,y\n1,2\n"), top=(2,)) == message


def test_targets_that_cannot_be_evaluated():
    message = "t.csv: no row has a target"
    assert fails(netconv.evaluate, model(1, 1, "mse", None), source("a,y\n1,?\n2,\n"), target=("y",)) == message
    assert fails(netconv.evaluate, model(), source("a,b,class\n1,x,0\n2,3,1\n")) == (
        "t.csv, line 2, column 'b': 'x' is not a number, and this model has no encodings, as it was not trained by "
        "`netconv train`: it takes numbers only"
    )


# As text


def mistaken(names, rows=200):
    y = np.arange(rows) % len(names)
    return evaluated(one_hot(np.where(np.arange(rows) % 9 == 0, 0, y), len(names)), y, names)


def test_a_confusion_matrix_with_long_names_is_numbered():
    lines = mistaken([f"a name that is longer than any column number {n}" for n in range(4)], 8).text.splitlines()
    at = lines.index("confusion: true classes down, predicted across")
    assert lines[at + 1 :] == [
        "                                       0     1     2     3",
        "0 a name that is longe…mn number 0     2     .     .     .",
        "1 a name that is longe…mn number 1     .     2     .     .",
        "2 a name that is longe…mn number 2     .     .     2     .",
        "3 a name that is longe…mn number 3     .     .     .     2",
    ]


def test_long_names_are_cut_where_they_do_not_differ():
    names = [f"species of a kind, number {n} of all, living in trees" for n in range(4)]
    lines = mistaken(names, 8).text.splitlines()
    assert [line.split("  ")[0] for line in lines if "number" in line] == [
        *(f"…number {n} of all, li…ng in trees" for n in range(4)),
        *(f"{n} …number {n} of all, li…ng in trees" for n in range(4)),
    ]


def test_a_matrix_that_is_too_wide_becomes_a_list_of_mistakes():
    lines = mistaken([f"kind {n}" for n in range(40)], 400).text.splitlines()
    at = lines.index("true    predicted     count  of the true class")
    assert lines[at + 1] == "kind 9  kind 0            2  20.0%" and len(lines) == at + 22
    assert lines[-1] == "the 20 most frequent of 39 mistakes; .confusion has the matrix"
    assert max(map(len, lines)) < 120
    y = np.arange(80) % 40
    assert evaluated(one_hot(y, 40), y, [f"kind {n}" for n in range(40)]).text.endswith(
        "\nno class is mistaken for another"
    )


def test_with_very_many_classes_the_worst_are_shown():
    lines = mistaken([f"kind {n}" for n in range(120)], 1200).text.splitlines()
    at = lines.index("50 of 120 classes, those with the smallest f1; .classes has all")
    f1 = [float(line.split()[-2]) for line in lines[at - 50 : at]]
    assert f1 == sorted(f1) and lines[at - 51].startswith("class")


def test_with_too_many_classes_there_is_no_matrix(monkeypatch):
    y = np.arange(8) % 4
    whole = evaluated(one_hot([0, 1, 2, 3, 0, 0, 0, 0], 4), y, "abcd")
    monkeypatch.setattr(evaluation, "LARGEST", 3)
    found = evaluated(one_hot([0, 1, 2, 3, 0, 0, 0, 0], 4), y, "abcd")
    assert (found.metrics, found.classes, found.confusion) == (whole.metrics, whole.classes, ())
    assert whole.text.startswith(found.text)


# Limits


def test_limits():
    found = evaluated(one_hot([0, 0, 1, 1, 2, 0], 3), np.array([0, 0, 0, 1, 2, 2]), "abc")
    found.check({"accuracy": 0.6, "macro_f1": 0.6}, {"loss": 9})
    found.check({"accuracy": found.metrics["accuracy"]}, {"accuracy": found.metrics["accuracy"]})
    assert fails(found.check, {"accuracy": 0.95, "macro_f1": 0.1}, {"loss": 0.25}) == (
        f"accuracy is 0.6667, and must be at least 0.95; loss is {found.metrics['loss']:.4f}, and must be at most 0.25"
    )
    assert fails(found.check, {"acc": 0.95}) == (
        "there is no metric 'acc' here; there are loss, accuracy, macro_precision, macro_recall, macro_f1"
    )


def test_a_limit_on_an_undefined_metric_fails():
    found = evaluated(one_hot([0, 1], 2), np.array([0, 0]), "ab")
    assert fails(found.check, {"auc": 0}) == "auc is nan, and must be at least 0"
    assert fails(found.check, {}, {"auc": 1}) == "auc is nan, and must be at most 1"
