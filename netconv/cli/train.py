"""`netconv train`."""

from __future__ import annotations

import json
import sys
import time

import click

import netconv

from .options import JSON, MODEL, QUIET, Weights, opened_model, reading, saying, source


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
@reading
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
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="For the split, the order of the rows and dropout.")  # fmt: skip
@click.option("--history", metavar="FILE", help="Writes the figures of each epoch (.csv or .jsonl).")
@JSON
@QUIET
def train(data, model, output, history, as_json, quiet, validation_data, seed, **options):
    """Trains a model on the rows of a table and prints the path of the trained one.

    The best weights by validation loss are kept. What was learnt of the table (columns, categories, classes) goes into
    the .keras file, for `evaluate` and `predict`.
    """
    if output == "-" and as_json:
        raise click.UsageError("--json and -o - both want stdout")
    if history and not history.endswith((".csv", ".jsonl")):
        raise click.UsageError("--history writes .csv or .jsonl")
    say = saying(quiet)
    opened = opened_model(model, data, True, say, seed)
    target = sys.stdout.buffer if output == "-" else opened.trained_path(output)
    given = {name: value for name, value in options.items() if value is not None}
    line = _Line() if sys.stderr.isatty() and not quiet else None
    try:
        trained = netconv.train(
            opened, source(data), seed=seed, say=say, **({"progress": line} if line else {}),
            validation_data=source(validation_data) if validation_data else None, **given,
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
