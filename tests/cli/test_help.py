"""The texts of --help, and suggestions for mistyped commands and options."""

import shlex

import click
import pytest
from click.testing import CliRunner

from netconv.cli import main

COMMANDS = main.list_commands(None)


def printed(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments), terminal_width=80, prog_name="netconv")
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr.splitlines()[-1]


def command(name):
    return main.get_command(None, name)


def headings(text):
    return [line[:-1] for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]


def test_the_commands_on_one_line_each():
    assert (
        printed("--help")
        == """\
Usage: netconv [OPTIONS] COMMAND [ARGS]...

  Converts neural networks from Mathematica and MXNet to Keras models, trains
  them on tables, predicts with them, and writes them back.

  `-` as a file name means standard input or output. `netconv COMMAND --help`
  explains a command.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
  convert   Converts nets to Keras models.
  inspect   Shows what a net or a Keras model contains.
  train     Trains a model on a table.
  evaluate  Evaluates a model on a table.
  predict   Predicts the target for every row of a table.
  export    Writes a model for another program.
  verify    Compares a model with the net that it was converted from.
  plot      Draws a net, or plots the learning curves of a training run.
  ops       Lists the supported and the unsupported ops of MXNet.
"""
    )


def test_options_under_headings_and_an_example():
    assert (
        printed("ops", "--help")
        == """\
Usage: netconv ops [OPTIONS] [PART]

  Lists the ops of MXNet that can be converted, each with its largest error
  compared with MXNet and its other names, and those that cannot, each with the
  reason. With PART it lists only ops with that text in a name.

  Errors are relative to the largest value of the array, or absolute if that is
  below 1. `-` means that no error was measured, as for an op without gradients.

Output:
  --json  Print the list as JSON.

Help:
  -h, --help  Show this message and exit.

Example:
  netconv ops conv
"""
    )


@pytest.mark.parametrize(
    "name, expected",
    [
        ("convert", "Net Model Output"),
        ("inspect", "Net Output"),
        ("train", "Model Data Training Optimizer Output Hardware"),
        ("evaluate", "Model Data Metrics Output"),
        ("predict", "Model Data Output"),
        ("plot", "Net Output"),
        ("ops", "Output"),
    ],
)
def test_headings(name, expected):
    assert headings(printed(name, "--help")) == [*expected.split(), "Help", "Example"]


def test_a_default_is_a_word_or_a_sentence():
    text = " ".join(printed("train", "--help").split())
    assert "Maximum number of epochs. [default: 200; at least 1]" in text
    assert "[default: the only one in the folder of the data or in the current folder; a net," in text
    assert "Learning rate. [default: that of the optimizer; above 0]" in text
    assert "held out for validation. [default: 0.2; from 0 to below 1]" in text
    assert (
        "Random seed for the held-out rows, the order of the rows, dropout and initial weights. [default: 0; from "
        "0 to 4294967295]" in text
    )


@pytest.mark.parametrize("name", ["evaluate", "predict"])
def test_options_that_a_trained_model_does_not_take(name):
    text = " ".join(printed(name, "--help").split())
    assert text.count("Not for a model that `netconv train` saved.") == 4
    assert "--standardize" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    for option in command(name).params:
        if isinstance(option, click.Option):
            assert option.help and option.help.endswith((".", "...", "'")), option.name
            assert option.help[0].isupper() or option.name == "device", option.name


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_command_lines(name):
    program, first, *arguments = shlex.split(command(name).example)
    assert (program, first) == ("netconv", name)
    command(name).make_context(name, arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["trian"], "Error: No such command 'trian'. Did you mean 'train'?"),
        (["translate"], "Error: No such command 'translate'. The commands are convert, inspect, train, evaluate, "
         "predict, export, verify, plot, ops."),
        (["net.json"], "Error: No such command 'net.json'. 'net.json' looks like a file; did you mean 'netconv convert "
         "net.json'?"),
        (["a/b.keras"], "Error: No such command 'a/b.keras'. 'a/b.keras' looks like a file; did you mean 'netconv "
         "inspect a/b.keras'?"),
        (["data.csv", "--epochs", "3"], "Error: No such command 'data.csv'. 'data.csv' looks like a file; did you mean "
         "'netconv train data.csv'?"),
    ],
)  # fmt: skip
def test_an_unknown_command(arguments, message):
    assert printed(*arguments, code=2) == message


@pytest.mark.parametrize("arguments", [["train", "t.csv", "--epohcs", "3"], ["--versoin"]])
def test_an_unknown_option(arguments):
    """The suggestion is click's own; its words differ between versions."""
    line = printed(*arguments, code=2)
    assert "--epochs" in line or "--version" in line
