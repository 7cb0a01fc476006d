"""Plots: their content, and cases without a plot."""

import io
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from models import fails

from netconv.cli import main
from netconv.reports import history, plots

FIGURES = ({"epoch": 1, "loss": 2.0, "val_loss": 2.5, "accuracy": 0.5},
           {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.7},
           {"epoch": 3, "loss": 0.5, "val_loss": 1.6, "accuracy": 0.9})  # fmt: skip
CSV = "epoch,loss,val_loss,accuracy\n1,2.0,2.5,0.5\n2,1.0,1.5,0.7\n3,0.5,1.6,0.9\n"


@pytest.fixture
def drawn(monkeypatch):
    """The figures, as matplotlib objects; everything in them must be inside the picture."""
    from matplotlib.figure import Figure

    figures, saved = [], Figure.savefig

    def kept(figure, *arguments, **options):
        figures.append(figure)
        saved(figure, *arguments, **options)
        box, (wide, high) = figure.get_tightbbox(), figure.get_size_inches()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= wide and box.y1 <= high

    monkeypatch.setattr(Figure, "savefig", kept)
    return figures


def test_curves_have_every_metric_and_the_best_epoch(tmp_path, drawn):
    plots.learning_curves(FIGURES, tmp_path / "curves.png")
    (figure,) = drawn
    loss, accuracy = figure.axes
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("loss", "accuracy")
    assert loss.get_title("right") == "validation 1.5000 at epoch 2" and accuracy.get_title("right") == ""
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation", "best epoch: 2"]
    assert loss.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    assert loss.lines[1].get_ydata().tolist() == [2.5, 1.5, 1.6]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["curves.png"]
    plots.learning_curves(FIGURES, io.BytesIO(), 3)
    assert drawn[1].axes[0].get_title("right") == "validation 1.6000 at epoch 3"


@pytest.mark.parametrize("epochs", [1, 2, 200])
@pytest.mark.parametrize("validated", [True, False])
def test_curves_of_any_length(epochs, validated, drawn):
    figures = [
        {"loss": 1e3 / (n + 1) ** 2, "a_metric_with_a_long_name_of_$x$": n, "c": 1}
        | ({"val_loss": float("nan") if n else 1.0} if validated else {})
        for n in range(epochs)
    ]
    plots.learning_curves(figures, io.BytesIO())
    assert len(drawn[0].axes) == 3
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels == (["training", "validation", "best epoch: 1"] if validated else ["training"])


def test_nan_epochs_are_counted(drawn):
    plots.learning_curves([{"epoch": float("nan"), "loss": 1.0}, {"epoch": 1e99, "loss": 0.5}], io.BytesIO())
    assert drawn[0].axes[0].lines[0].get_xdata().tolist() == [1, 2]


def test_more_metrics_than_there_is_room_for(tmp_path):
    for nothing in ((), [{"epoch": 1}]):
        assert fails(plots.learning_curves, nothing, tmp_path / "c.png") == "there are no metrics to plot"
    message = "40 metrics are too many for a plot, which has room for 24"
    assert fails(plots.learning_curves, [{f"m{n}": 1.0 for n in range(40)}], tmp_path / "c.png") == message


def test_metrics_that_are_not_numbers_leave_a_gap(drawn):
    plots.learning_curves(
        [{"loss": float("nan")}, {"loss": float("inf")}, {"loss": 1e300}, {"loss": 1.0}], io.BytesIO()
    )
    assert np.isnan(drawn[0].axes[0].lines[0].get_ydata()).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    "number, name",
    [(1, "{}"), (2, "类 {}"), (10, "a rather long name of a class, $x_1$ {}"), (30, "{}"), (120, "kind {}")],
)
def test_confusion_of_any_number_of_classes(number, name, drawn):
    counts = np.diag(np.arange(number) * 99) + np.eye(number, k=1, dtype=int)
    plots.confusion_matrix([name.format(n) for n in range(number)], counts, io.BytesIO())
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert ("99" in texts, any("%" in text for text in texts)) == (2 <= number <= 30, 2 <= number <= 10)


def test_a_confusion_matrix_has_counts_and_shares(tmp_path, drawn):
    plots.confusion_matrix(["ckd", "not\nckd"], ((2489, 1), (0, 0)), tmp_path / "m.svg")
    panel = drawn[0].axes[0]
    assert [text.get_text() for text in panel.texts] == ["2,489", ">99.9%", "1", "<0.1%"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["ckd", "not ckd"]
    assert panel.get_title("left") == "2,490 rows, accuracy 0.9996"
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("predicted class", "true class")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_same_numbers_give_the_same_bytes(tmp_path, ending):
    for name in ("a", "b"):
        plots.learning_curves(FIGURES, tmp_path / f"{name}.{ending}")
        plots.confusion_matrix("xy", ((3, 1), (0, 4)), tmp_path / f"m{name}.{ending}")
    files = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert files[f"a.{ending}"] == files[f"b.{ending}"] and files[f"ma.{ending}"] == files[f"mb.{ending}"]
    assert b"Date" not in files[f"a.{ending}"] and b"date" not in files[f"ma.{ending}"]


def test_a_plot_that_fails(tmp_path, monkeypatch):
    assert fails(plots.learning_curves, FIGURES, "c.pdf") == "c.pdf: a plot is a .png or .svg file"
    message = "there is no confusion matrix: the net predicts values, or more than 2,000 classes"
    assert fails(plots.confusion_matrix, (), (), tmp_path / "c.png") == message
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = "plots need matplotlib: pip install 'netconv[plot]'"
    assert fails(plots.learning_curves, FIGURES, tmp_path / "c.png") == message
    assert fails(plots.confusion_matrix, "xy", ((3, 1), (0, 4)), tmp_path / "c.png") == message
    assert fails(plots.check_picture, "c.png") == message
    assert not list(tmp_path.iterdir())


# Histories


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "\ufeff" + CSV.replace("\n", "\r\n\r\n"),
        '{"epoch": 1, "loss": 2.0, "val_loss": 2.5, "accuracy": 0.5, "note": "x"}\n\n'
        '{"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.7}\n'
        '{"epoch": 3, "loss": 0.5, "val_loss": 1.6, "accuracy": 0.9}\n{"path": "m.keras"}\n',
    ],
)
def test_a_history_is_read_from_csv_and_json_lines(text):
    assert history.read(io.BytesIO(text.encode())) == FIGURES


def test_a_missing_metric():
    (figures,) = history.read(io.BytesIO(b'{"loss": null}'))
    assert np.isnan(figures["loss"])
    (figures,) = history.read(io.BytesIO(b"loss,val_loss\n,2\n"))
    assert np.isnan(figures["loss"]) and figures["val_loss"] == 2
    assert history.read(io.BytesIO(b'{"loss": 1' + b"0" * 400 + b"}")) == ({"loss": float("inf")},)


@pytest.mark.parametrize(
    "text, message",
    [
        (b"", "is not a history: it has no column 'loss'"),
        (b"a,b\n1,2\n", "is not a history: it has no column 'loss'"),
        (b"epoch,loss\n", "is not a history: it has no epoch with a loss"),
        (b'{"a": 1}\n', "is not a history: it has no epoch with a loss"),
        (b'{"loss": "low"}\n', "is not a history: it has no epoch with a loss"),
        (b"\xff\xfe", "is not a history: it is not UTF-8"),
        (b"epoch,loss\n1,2\n2,low\n", "'low' is not a number"),
        (b"epoch,loss\n1,2\n2\n", "1 cells, and the header has 2"),
        (b'{"loss": 1}\n{"loss"\n', "is not JSON"),
        (b"loss\n" + b"1" * 200_000, "cannot be read: field larger than field limit (131072)"),
    ],
)
def test_a_file_that_is_not_a_history(tmp_path, text, message):
    (tmp_path / "h.csv").write_bytes(text)
    where = {"'low'": ", line 3, column 'loss'", "1 cells": ", line 3", "is not JSON": ", line 2", "cannot": ", line 2"}
    place = next((place for start, place in where.items() if message.startswith(start)), "")
    assert fails(history.read, tmp_path / "h.csv") == f"{tmp_path}/h.csv{place}: {message}"


def test_a_history_without_end(monkeypatch):
    monkeypatch.setattr(history, "LARGEST", 1 << 20)
    assert fails(history.read, io.BytesIO(b"x" * (2 << 20))) == "standard input: a history of more than 1 MB"


# The command


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.csv").write_text(CSV)
    done = CliRunner().invoke(main, ["plot", "h.csv", "-o", "c.svg"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, "c.svg\n", "")
    piped = CliRunner().invoke(main, ["plot", "-", "-o", "-"], input=CSV)
    assert piped.stdout_bytes == (tmp_path / "c.svg").read_bytes()
    for arguments, message in (
        (["no.csv", "-o", "c.png"], "no.csv: cannot be read: No such file or directory"),
        (["h.csv", "-o", "no/c.png"], "no/c.png: No such file or directory"),
    ):
        done = CliRunner().invoke(main, ["plot", *arguments])
        assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"netconv: {message}\n")
