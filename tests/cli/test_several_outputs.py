"""Models of several outputs on the command line."""

import json

import pytest
from click.testing import CliRunner
from models import two_headed, two_targets

from netconv.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    two_headed().save("net.keras")
    (tmp_path / "t.csv").write_text(two_targets(names=("species", "cost")))
    return tmp_path


def run(*arguments, code=0):
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done


BALANCED = "weights     kind=low 1.231, mid 0.6667, top 1.455; the validation loss is weighted alike"
TARGETS = ("--target", "kind=species", "--target", "price=cost")


def test_train_evaluate_and_predict(folder):
    done = run(
        "train", "t.csv", *TARGETS, "--loss", "price=Huber(delta=2.0)", "--loss-weights", "kind=2,price=0.5",
        "--metric", "accuracy", "--metric", "price=mae", "--epochs", "2", "--report", "r.html", "--plot", "c.png",
        "--history", "h.csv", "--json",
    )  # fmt: skip
    *epochs, facts = map(json.loads, done.stdout.splitlines())
    assert list(epochs[0])[:4] == ["epoch", "loss", "kind_loss", "price_loss"]
    assert [head["targets"] for head in facts["heads"]] == [["species"], ["cost"]]
    assert epochs[0]["loss"] == pytest.approx(2 * epochs[0]["kind_loss"] + 0.5 * epochs[0]["price_loss"])
    page = (folder / "r.html").read_text()
    assert "<dt>loss weights</dt><dd>kind=2, price=0.5</dd>" in page
    assert "<dt>metrics</dt><dd>kind=accuracy, price=mean_absolute_error</dd>" in page
    assert (folder / "h.csv").read_text().startswith("epoch,loss,kind_loss,price_loss,kind_accuracy,")
    done = run("evaluate", "t.csv", "--min", "kind_accuracy=0", "--plot", "e.svg")
    assert done.stdout.startswith("rows  120\nloss  ") and "\nprice:\n" in done.stdout
    assert run("predict", "t.csv", "--quiet").stdout.startswith("kind_class,kind_probability,cost\n")
    assert "target      kind=species" in run("inspect", "net-trained.keras").stdout
    done = run("evaluate", "t.csv", "--min", "kind_acc=0", code=1)
    assert "there is no metric 'kind_acc' here; there are loss, kind_loss, kind_accuracy" in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_repeated_option_adds_columns():
    done = run("train", "t.csv", *TARGETS, "--target", "price=a", "--epochs", "1", code=1)
    message = (
        "t.csv: 2 target columns, and the output 'price' of the net has 1 value per row: name as many with --target"
    )
    assert message in done.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "given, line",
    [
        (("kind=low:2,top:3",), "weights     kind=low 2, mid 1, top 3; the validation loss is weighted alike"),
        (("kind=balanced",), BALANCED), (("balanced",), BALANCED),
    ],
)  # fmt: skip
def test_class_weights_of_an_output(given, line):
    options = [part for each in given for part in ("--class-weight", each)]
    done = run("train", "t.csv", "--epochs", "1", *TARGETS, *options)
    assert line in done.stderr.splitlines()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "options, message, code",
    [
        (("--target", "species"),
         "t.csv: the net has 2 outputs, kind, price: name the target of each, as in --target kind=species", 1),
        (("--target", "kind=species", "--target", "cost"),
         "Invalid value for '-t' / '--target': some values name an output (NAME=VALUE) and others do not", 2),
        ((*TARGETS, "--loss", "mse", "--loss", "mae"),
         "Invalid value for '--loss': several without the names of outputs: give one, or OUTPUT=NAME for each", 2),
        ((*TARGETS, "--loss", "kind=mse", "--loss", "kind=mae"),
         "Invalid value for '--loss': 'kind' is given twice", 2),
        ((*TARGETS, "--loss-weights", "kind=1,kind=2"),
         "Invalid value for '--loss-weights': 'kind' is given twice", 2),
        ((*TARGETS, "--loss-weights", "0.5"),
         "Invalid value for '--loss-weights': '0.5' is not weights of outputs such as kind=1,price=0.5", 2),
        ((*TARGETS, "--loss-weights", "kind=x"),
         "Invalid value for '--loss-weights': 'kind=x' is not weights of outputs such as kind=1,price=0.5", 2),
        ((*TARGETS, "--class-weight", "low=2"), "the net has 2 outputs, kind, price: name the one of these classes, as "
         "in --class-weight kind=balanced", 1),
        ((*TARGETS, "--class-weight", "balanced", "--class-weight", "kind=balanced"), "Invalid value for "
         "'--class-weight': several without the names of outputs: give one, or OUTPUT=NAME for each", 2),
        ((*TARGETS, "--class-weight", "kind=balanced", "--class-weight", "kind=low:2"),
         "Invalid value for '--class-weight': 'kind' is given twice", 2),
        ((*TARGETS, "--class-weight", "kind=low:x"), "Invalid value for '--class-weight': 'kind=low:x' is neither "
         "'balanced' nor weights such as yes=2,no=1, nor, for an output, kind=balanced or kind=yes:2,no:1", 2),
        ((*TARGETS, "--metric", "cost=mae"), "--metric: the net has no output 'cost'; its outputs are kind, price", 1),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(options, message, code):
    assert message in run("train", "t.csv", "--epochs", "1", *options, code=code).stderr
