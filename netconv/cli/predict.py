"""`netconv predict`."""

from __future__ import annotations

import click

import netconv

from .options import HEADER, MODEL, QUIET, RESCALE, TARGET, opened_model, saying, source


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
    say = saying(quiet)
    opened = opened_model(model, data, False, say)
    found = netconv.predict(opened, source(data), target=targets, rescale=rescale, header=header, say=say)
    for text in found.json(proba) if as_json else found.csv(proba):
        click.echo(text, nl=False)
