"""Results in a notebook: tables and curves as HTML, which is well-formed."""

import math
import xml.etree.ElementTree as ET

import pytest

from netconv.reports import notebook
from netconv.reports.evaluation_report import ClassReport, Evaluation

HISTORY = [{"epoch": n, "loss": 1 / n, "val_loss": 1.5 / n, "auc": 0.5 + n / 20} for n in range(1, 11)]
TEXT = "rows        8 to train on, 2 to validate on\nepochs      10, the best 10"


def parsed(html):
    return ET.fromstring(html.replace("&#9644;", "-").replace("&#8942;", "|"))


def tables(html):
    return [[[cell.text for cell in row] for row in table.iter("tr")] for table in parsed(html).iter("table")]


def evaluation(names=("no", "yes <b>")):
    count = len(names)
    reports = tuple(ClassReport(name, 0.5, 0.25, 0.375, 1000, 10) for name in names)
    return Evaluation(1000 * count, {"loss": 0.5, "auc": math.nan}, reports, ((1000,) * count,) * count)


def test_an_evaluation_is_three_tables():
    shown = evaluation()._repr_html_()
    assert tables(shown) == [
        [["rows", "2,000"], ["loss", "0.5000"], ["auc", "nan"]],
        [["class", "precision", "recall", "f1", "count"], ["no", "0.5000", "0.2500", "0.3750", "1,000"],
         ["yes <b>", "0.5000", "0.2500", "0.3750", "1,000"]],
        [["true \\ predicted", "no", "yes <b>"], ["no", "1,000", "1,000"], ["yes <b>", "1,000", "1,000"]],
    ]  # fmt: skip


def test_many_classes_are_shortened():
    shown = evaluation(tuple(f"c{n}" for n in range(30)))._repr_html_()
    assert [len(table) for table in tables(shown)] == [3, 21] and "and 10 classes with a larger f1" in shown


def test_an_evaluation_of_values_is_its_metrics():
    assert len(tables(Evaluation(3, {"loss": 1.0, "mse": 1.0})._repr_html_())) == 1


def test_curves():
    shown = parsed(notebook.training(TEXT, HISTORY, 10, evaluation()))
    panels = list(shown.iter("svg"))
    assert [panel.get("aria-label") for panel in panels] == ["loss: 0.1000 to 1.5000", "auc: 0.5500 to 1.0000"]
    training, validation = panels[0].iter("polyline")
    assert [len(line.get("points").split()) for line in (training, validation)] == [10, 10]
    assert validation.get("points").startswith("6.0,6.0 ") and training.get("points").endswith("254.0,114.0")
    assert [line.get("x1") for line in panels[0].iter("line")] == ["254.0"]
    assert tables(notebook.training(TEXT, HISTORY, 10, evaluation()))[0] == [
        ["rows", "8 to train on, 2 to validate on"], ["epochs", "10, the best 10"],
    ]  # fmt: skip


@pytest.mark.parametrize("epochs", [1, 3000])
def test_histories_of_any_length(epochs):
    history = [{"loss": float(n), "val_loss": math.nan, "bad": math.inf} for n in range(epochs)]
    [panel] = parsed(notebook.training(TEXT, history, epochs, evaluation())).iter("svg")
    assert len(list(panel.iter("circle"))) == (epochs == 1)
    for line in panel.iter("polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        assert len(points) <= 500 and all(0 <= x <= 260 and 0 <= y <= 120 for x, y in points)
    [mark] = panel.iter("line")
    assert 0 <= float(mark.get("x1")) <= 260


def test_no_history_is_no_picture():
    assert "<svg" not in notebook.training(TEXT, [{"epoch": 1, "loss": math.nan}], None, evaluation())
