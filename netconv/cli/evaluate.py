"""`netconv evaluate`."""

from __future__ import annotations

import json

import click

import netconv

from .options import DATA, JSON, MODEL, QUIET, opened_model, reading, saying, table


@click.command()
@DATA
@MODEL
@reading
@click.option("--plot", metavar="FILE", help="Draws the confusion matrix (.png or .svg).")
@JSON
@QUIET
def evaluate(data, model, plot, as_json, quiet, **options):
    """Says how well a model tells what a table says: loss, accuracy, each class, who is taken for whom."""
    say = saying(quiet)
    if plot:
        netconv.check_picture(plot)
    opened = opened_model(model, data, False, say)
    found = netconv.evaluate(opened, table(data), say=say, **options)
    if plot:
        netconv.confusion_matrix([report.name for report in found.classes], found.confusion, plot)
    click.echo(json.dumps(found.facts, ensure_ascii=False) if as_json else found.text)
