"""`netconv train`, `netconv evaluate` and `netconv predict`."""

from __future__ import annotations

import json
import re
import sys
import time
from fractions import Fraction

import click

import netconv

from .quiet import quiet_keras


class Rescale(click.ParamType):
    """SCALE,OFFSET: x becomes x * SCALE + OFFSET; fractions such as 1/255 are numbers."""

    name = "SCALE,OFFSET"
    NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?(e[+-]?\d{1,2})?(/\d{1,20}(\.\d{0,20})?)?", re.IGNORECASE)

    def convert(self, value, param, ctx):
        parts = [part.strip() for part in value.split(",")]
        try:
            if len(parts) != 2 or not all(map(self.NUMBER.fullmatch, parts)):
                raise ValueError
            return tuple(float(self._number(part)) for part in parts)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is not two numbers such as 1/255,0", param, ctx)

    @staticmethod
    def _number(text: str) -> Fraction:
        above, _, below = text.partition("/")
        return Fraction(above) / Fraction(below or "1")


class Weights(click.ParamType):
    """balanced, or NAME=WEIGHT,..."""

    name = "balanced|NAME=WEIGHT,..."

    def convert(self, value, param, ctx):
        if value == "balanced":
            return value
        try:
            pairs = [part.rpartition("=") for part in value.split(",")]
            return {name.strip(): float(weight) for name, _, weight in pairs}
        except ValueError:
            self.fail(f"{value!r} is neither 'balanced' nor weights such as yes=2,no=1", param, ctx)


MODEL = click.option("-m", "--model", metavar="FILE", help="A .keras file or a net.json; else the only one there is.")
TARGET = click.option("-t", "--target", "targets", metavar="COLUMN", multiple=True,
                      help="The column that is to be told, by name or number (from 1; -1 is the last).")  # fmt: skip
RESCALE = click.option("--rescale", type=Rescale(), help="Numbers x become x*SCALE+OFFSET, such as 1/255,0.")
HEADER = click.option(
    "--header/--no-header", default=None, help="Whether the first row has names. [default: found out]"
)
JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
QUIET = click.option("--quiet", is_flag=True, help="No account on stderr.")


def _say(quiet: bool):
    return lambda line: None if quiet else click.echo(line, err=True)


def _source(data: str):
    return sys.stdin.buffer if data == "-" else data


def _opened(model, data: str, training: bool, say, seed: int = 0):
    if model == "-" and data == "-":
        raise click.UsageError("the model and the data cannot both be standard input")
    if model is None:
        model = netconv.find_model(None if data == "-" else data, training, say)
    with quiet_keras():
        return netconv.open_model(sys.stdin.buffer.read() if model == "-" else model, seed)


class _Line:
    """The progress of training on one line of a terminal."""

    def __init__(self):
        self.began, self.shown = time.monotonic(), 0.0

    def __call__(self, at):
        now = time.monotonic()
        if now - self.shown < 0.2 and at.done < 1:
            return
        self.shown = now
        figures = "  ".join(f"{name} {value:.4f}" for name, value in at.figures.items())
        click.echo(f"\r\x1b[Kepoch {at.epoch}/{at.epochs} {at.done:4.0%}  {figures}  {now - self.began:.0f} s",
                   err=True, nl=False)  # fmt: skip

    @staticmethod
    def end():
        click.echo("\r\x1b[K", err=True, nl=False)


@click.command()
@click.argument("data", metavar="DATA.csv|-")
@MODEL
@TARGET
@click.option("-o", "--output", metavar="FILE", help="Where the trained model goes (- for stdout). "
              "[default: <model>-trained.keras]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="The most epochs. [default: 200]")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="[default: 32, or 128 from 10,000 rows on]")
@click.option("--validation-split", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True,
              metavar="SHARE", help="The share of the rows held out to validate on.")  # fmt: skip
@click.option("--validation-data", metavar="FILE", help="Another table to validate on.")
@click.option("--early-stopping", type=click.IntRange(min=0), metavar="PATIENCE",
              help="Epochs without a smaller validation loss that end training; 0: none do. [default: 15]")  # fmt: skip
@click.option("--optimizer", metavar="NAME", help="An optimizer of Keras. [default: the model's]")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), metavar="RATE",
              help="[default: the optimizer's]")  # fmt: skip
@click.option("--loss", metavar="NAME", help="A loss of Keras. [default: the model's]")
@click.option("--class-weight", type=Weights(), help="How much each class counts.")
@RESCALE
@HEADER
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="For the split, the order of the rows and dropout.")  # fmt: skip
@click.option("--history", metavar="FILE", help="Writes the figures of each epoch (.csv or .jsonl).")
@JSON
@QUIET
def train(data, model, targets, output, history, as_json, quiet, validation_data, seed, **options):
    """Trains a model on the rows of a table and prints the path of the trained one.

    The best weights by validation loss are kept. What was learnt of the table (columns, categories, classes) goes into
    the .keras file, for `evaluate` and `predict`.
    """
    if output == "-" and as_json:
        raise click.UsageError("--json and -o - both want stdout")
    if history and not history.endswith((".csv", ".jsonl")):
        raise click.UsageError("--history writes .csv or .jsonl")
    say = _say(quiet)
    opened = _opened(model, data, True, say, seed)
    target = sys.stdout.buffer if output == "-" else opened.trained_path(output)
    given = {name: value for name, value in options.items() if value is not None}
    line = _Line() if sys.stderr.isatty() and not quiet else None
    try:
        trained = netconv.train(
            opened, _source(data), target=targets, seed=seed, say=say, **({"progress": line} if line else {}),
            validation_data=_source(validation_data) if validation_data else None, **given,
        )  # fmt: skip
    finally:
        if line:
            line.end()
    say(trained.text)
    trained.save(target)
    if history:
        trained.save_history(history)
    if as_json:
        click.echo(json.dumps({"path": str(target), **trained.facts}))
    elif output != "-":
        click.echo(target)


@click.command()
@click.argument("data", metavar="DATA.csv|-")
@MODEL
@TARGET
@RESCALE
@HEADER
@JSON
@QUIET
def evaluate(data, model, targets, rescale, header, as_json, quiet):
    """Says how well a model tells what a table says: loss, accuracy, each class, who is taken for whom."""
    say = _say(quiet)
    opened = _opened(model, data, False, say)
    found = netconv.evaluate(opened, _source(data), target=targets, rescale=rescale, header=header, say=say)
    click.echo(json.dumps(found.facts, ensure_ascii=False) if as_json else found.text)


@click.command()
@click.argument("data", metavar="[DATA.csv|-]", default="-")
@MODEL
@TARGET
@RESCALE
@HEADER
@click.option("--proba", is_flag=True, help="The probabilities of all classes.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines instead of CSV.")
@QUIET
def predict(data, model, targets, rescale, header, proba, as_json, quiet):
    """Says what a model makes of each row of a table: a line for each row, in order, as they come."""
    say = _say(quiet)
    opened = _opened(model, data, False, say)
    found = netconv.predict(opened, _source(data), target=targets, rescale=rescale, header=header, say=say)
    for text in found.json(proba) if as_json else found.csv(proba):
        click.echo(text, nl=False)
