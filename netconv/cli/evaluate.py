"""`netconv evaluate`."""

from __future__ import annotations

import json

import click

import netconv

from .options import JSON, MODEL, QUIET, opened_model, reading, saying, source


@click.command()
@click.argument("data", metavar="DATA.csv|-")
@MODEL
@reading
@JSON
@QUIET
def evaluate(data, model, as_json, quiet, **options):
    """Says how well a model tells what a table says: loss, accuracy, each class, who is taken for whom."""
    say = saying(quiet)
    opened = opened_model(model, data, False, say)
    found = netconv.evaluate(opened, source(data), say=say, **options)
    click.echo(json.dumps(found.facts, ensure_ascii=False) if as_json else found.text)
