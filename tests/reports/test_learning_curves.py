"""Learning curves: their content, and cases without a plot."""

import io

import numpy as np
import pytest
from click.testing import CliRunner
from models import fails

from netconv.cli import main
from netconv.reports.learning_curves import learning_curves

FIGURES = ({"epoch": 1, "loss": 2.0, "val_loss": 2.5, "accuracy": 0.5},
           {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.7},
           {"epoch": 3, "loss": 0.5, "val_loss": 1.6, "accuracy": 0.9})  # fmt: skip
CSV = "epoch,loss,val_loss,accuracy\n1,2.0,2.5,0.5\n2,1.0,1.5,0.7\n3,0.5,1.6,0.9\n"


def test_curves_have_every_metric_and_the_best_epoch(tmp_path, drawn):
    learning_curves(FIGURES, tmp_path / "curves.png")
    (figure,) = drawn
    loss, accuracy = figure.axes
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("loss", "accuracy")
    assert loss.get_title("right") == "validation 1.5000 at epoch 2" and accuracy.get_title("right") == ""
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation", "best epoch: 2"]
    assert loss.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    assert loss.lines[1].get_ydata().tolist() == [2.5, 1.5, 1.6]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["curves.png"]
    learning_curves(FIGURES, io.BytesIO(), 3)
    assert drawn[1].axes[0].get_title("right") == "validation 1.6000 at epoch 3"


@pytest.mark.parametrize("epochs", [1, 2, 200])
@pytest.mark.parametrize("validated", [True, False])
def test_curves_of_any_length(epochs, validated, drawn):
    figures = [
        {"loss": 1e3 / (n + 1) ** 2, "a_metric_with_a_long_name_of_$x$": n, "c": 1}
        | ({"val_loss": float("nan") if n else 1.0} if validated else {})
        for n in range(epochs)
    ]
    learning_curves(figures, io.BytesIO())
    assert len(drawn[0].axes) == 3
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels == (["training", "validation", "best epoch: 1"] if validated else ["training"])


def test_nan_epochs_are_counted(drawn):
    learning_curves([{"epoch": float("nan"), "loss": 1.0}, {"epoch": 1e99, "loss": 0.5}], io.BytesIO())
    assert drawn[0].axes[0].lines[0].get_xdata().tolist() == [1, 2]


def test_more_metrics_than_there_is_room_for(tmp_path):
    for nothing in ((), [{"epoch": 1}]):
        assert fails(learning_curves, nothing, tmp_path / "c.png") == "there are no metrics to plot"
    message = "40 metrics are too many for a plot, which has room for 24"
    assert fails(learning_curves, [{f"m{n}": 1.0 for n in range(40)}], tmp_path / "c.png") == message


def test_metrics_that_are_not_numbers_leave_a_gap(drawn):
    learning_curves([{"loss": float("nan")}, {"loss": float("inf")}, {"loss": 1e300}, {"loss": 1.0}], io.BytesIO())
    assert np.isnan(drawn[0].axes[0].lines[0].get_ydata()).tolist() == [True, True, True, False]


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
