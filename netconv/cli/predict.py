"""`netconv predict`."""

from __future__ import annotations

import sys

import click

import netconv

from .options import MODEL, QUIET, opened_model, reading, saying, table


@click.command()
@click.argument("data", metavar="[DATA...]", nargs=-1)
@MODEL
@reading
@click.option("--proba", is_flag=True, help="The probabilities of all classes.")
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="The K likeliest classes.")
@click.option("--raw", is_flag=True, help="What the model gives, instead of classes.")
@click.option("--keep", metavar="COLS", multiple=True, help="Columns that are passed on as they stand.")
@click.option("--errors", type=click.Choice(["stop", "skip", "null"]), default="stop", show_default=True,
              help="A row at fault ends all, is left out, or has no prediction.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", default="-", help="A file, written when all is done. [default: stdout]")
@click.option("--json", "as_json", is_flag=True, help="JSON lines instead of CSV.")
@QUIET
def predict(data, model, proba, top, output, as_json, quiet, **options):
    """Says what a model makes of each row of a table: a line for each row, in order, as they come."""
    if proba + (top is not None) + options["raw"] > 1:
        raise click.UsageError("--proba, --top and --raw exclude each other")
    notify = saying(quiet)
    data = data or ("-",)
    opened = opened_model(model, data, False, notify)
    found = netconv.predict(opened, table(data), notify=notify, **options)
    found.write(sys.stdout.buffer if output == "-" else output, as_json, proba, top)
