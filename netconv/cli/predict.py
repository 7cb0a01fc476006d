"""`netconv predict`."""

from __future__ import annotations

import click

import netconv

from .options import MODEL, QUIET, opened_model, reading, saying, source


@click.command()
@click.argument("data", metavar="[DATA.csv|-]", default="-")
@MODEL
@reading
@click.option("--proba", is_flag=True, help="The probabilities of all classes.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines instead of CSV.")
@QUIET
def predict(data, model, proba, as_json, quiet, **options):
    """Says what a model makes of each row of a table: a line for each row, in order, as they come."""
    say = saying(quiet)
    opened = opened_model(model, data, False, say)
    found = netconv.predict(opened, source(data), say=say, **options)
    for text in found.json(proba) if as_json else found.csv(proba):
        click.echo(text, nl=False)
