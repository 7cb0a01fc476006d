"""Evaluations as figures: their numbers are those that are printed, and everything is legible."""

import io
from dataclasses import replace

import numpy as np
import pytest
from evaluations import evaluate_blocks

from netconv.features.encoding import HeadSpec
from netconv.reports import figures
from netconv.reports.confusion_matrix import panel
from netconv.reports.evaluation_panels import panels
from netconv.reports.evaluation_report import ValueSample


def confusion(names, counts):
    figures.write([[panel(names, counts)]], io.BytesIO())


def evaluated(outputs, y, names, classes):
    loss = "sparse_categorical_crossentropy" if classes else "mse"
    return evaluate_blocks([(outputs, y)], HeadSpec("out", outputs.shape[1], classes), loss, names)


# Confusion matrices


@pytest.mark.parametrize(
    "number, name",
    [(1, "{}"), (2, "类 {}"), (10, "a rather long name of a class, $x_1$ {}"), (30, "{}"), (120, "kind {}")],
)
def test_confusion_of_any_number_of_classes(number, name, drawn):
    counts = np.diag(np.arange(number) * 99) + np.eye(number, k=1, dtype=int)
    confusion([name.format(n) for n in range(number)], counts)
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert ("99" in texts, any("%" in text for text in texts)) == (2 <= number <= 30, 2 <= number <= 10)


def test_a_confusion_matrix_has_counts_and_shares(drawn):
    confusion(["ckd", "not\nckd"], ((2489, 1), (0, 0)))
    panel = drawn[0].axes[0]
    assert [text.get_text() for text in panel.texts] == ["2,489", ">99.9%", "1", "<0.1%"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["ckd", "not ckd"]
    assert panel.get_title("left") == "2,490 rows, accuracy 0.9996"
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("predicted class", "true class")


def test_names_are_cut_where_they_do_not_differ(drawn):
    confusion([f"a long name of a class, number {n}, with a long end" for n in range(3)], np.eye(3, dtype=int))
    labels = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert labels == [f"…number {n}, w…a long end" for n in range(3)]


def test_of_many_classes_those_with_the_most_mistakes_are_drawn(drawn):
    counts = np.diag(np.full(1000, 7))
    counts[500, :30] = 2  # class 500 is taken for 30 others
    counts[700, 800] = 9
    confusion([f"kind {n}" for n in range(1000)], counts)
    axes = drawn[0].axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == 40 and labels[-1] == "961 others"
    assert {"kind 500", "kind 700", "kind 800", *(f"kind {n}" for n in range(30))} <= set(labels)
    numbers = [int(text.get_text().replace(",", "")) for text in axes.texts if "%" not in text.get_text()]
    assert sum(numbers) == counts.sum()
    assert axes.get_title("left").splitlines() == [
        f"{counts.sum():,} rows, accuracy {counts.trace() / counts.sum():.4f}",
        "the 39 of 1,000 classes with the most mistakes; the others are in the last row and column",
    ]


def test_without_a_matrix_the_recall_of_the_classes_is_drawn(drawn):
    y = np.arange(8) % 4
    found = replace(evaluated(np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1, 0, 0]], y, "abcd", 4), confusion=())
    found.plot(io.BytesIO())
    axes = drawn[0].axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0] * 10 + [2] + [0] * 8 + [2]
    assert axes.get_title("left") == "8 rows, accuracy 0.7500" and axes.get_ylabel() == "number of classes, of 4"


# Two classes


def test_two_classes_have_their_curves_beside_the_matrix(drawn, tmp_path):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 300)
    score = generator.normal(size=300) + y
    found = evaluated(np.stack([0 * score, score], 1).astype(np.float32), y, ("healthy", "<ill>"), 2)
    found.plot(tmp_path / "two.png")
    matrix, _bar, roc, curve = sorted(drawn[0].axes, key=lambda axes: axes.get_position().x0)
    assert matrix.get_title("left").startswith("300 rows, accuracy ")
    assert roc.get_title("left") == f"ROC curve, auc {found.metrics['auc']:.4f}"
    x, y = roc.lines[1].get_data()
    assert np.trapezoid(y, x) == pytest.approx(found.metrics["auc"], abs=1e-9)
    assert roc.get_xlabel() == "false positive rate (positive: <ill>)"
    assert curve.get_title("left") == f"PR curve, average precision {found.metrics['average_precision']:.4f}"
    recall, precision = curve.lines[0].get_data()
    area = np.sum(np.diff(recall) * precision[1:])  # a step as high as its right end
    assert area == pytest.approx(found.metrics["average_precision"], abs=1e-9)
    assert curve.lines[0].get_drawstyle() == "steps-pre" and curve.get_ylabel() == "precision of <ill>"


def test_rows_of_one_class_have_no_curves():
    found = evaluated(np.eye(2, dtype=np.float32)[[0, 1]], np.array([0, 0]), "ab", 2)
    assert found.curves is None and [[each.title for each in row] for row in panels(found)] == [["confusion matrix"]]


# Values


def test_values_are_drawn_against_the_true_ones(drawn, tmp_path):
    true = np.arange(50, dtype=np.float32)[:, None]
    found = evaluated(true + 1, true, ("price",), 0)
    found.plot(tmp_path / "values.svg")
    against, residuals = drawn[0].axes
    points = against.collections[0].get_offsets()
    assert points[:, 0].tolist() == list(range(50)) and points[:, 1].tolist() == list(range(1, 51))
    assert residuals.collections[0].get_offsets()[:, 1].tolist() == [-1] * 50
    metrics = found.metrics
    assert against.get_title("left") == f"r2 {metrics['r2']:.4f}, rmse {metrics['rmse']:.4f}"
    assert residuals.get_title("left") == "50 rows"
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in (against, residuals)]
    assert labels == [("true price", "predicted price"), ("predicted price", "residual: true − predicted")]


def test_each_of_several_targets_has_a_row(drawn):
    true = np.random.default_rng(0).normal(size=(30, 10)).astype(np.float32)
    found = evaluated(true, true, tuple(f"t{n}" for n in range(10)), 0)
    found.plot(io.BytesIO())
    titles = [axes.get_title("left") for axes in drawn[0].axes]
    assert titles[0::2] == [f"t{n}" for n in range(8)]
    assert titles[1::2] == ["30 rows, 8 of 10 targets", *["30 rows"] * 7]


def test_a_long_table_is_drawn_by_some_of_its_rows(drawn):
    true = np.arange(5000, dtype=np.float32)[:, None]
    found = evaluated(true, true, ("y",), 0)
    found.plot(content := io.BytesIO())
    assert drawn[0].axes[1].get_title("left") == "2,000 of 5,000 rows"
    assert len(content.getvalue()) < 300_000 and b"data:image/png" in content.getvalue()


def test_values_that_cannot_be_drawn_are_left_out(drawn):
    true = np.array([[0.0], [1.0], [2.0], [3.0]])
    predicted = np.array([[0.0], [np.nan], [1e300], [-np.inf]])
    found = replace(evaluated(true.astype(np.float32), true.astype(np.float32), ("y",), 0),
                    sample=ValueSample(("y",), 1, true, predicted))  # fmt: skip
    found.plot(io.BytesIO())
    assert drawn[0].axes[0].collections[0].get_offsets().tolist() == [[0, 0]]
    replace(found, sample=ValueSample(("y",), 1, true, predicted * np.nan)).plot(io.BytesIO())
    assert len(drawn[1].axes[0].collections[0].get_offsets()) == 0
