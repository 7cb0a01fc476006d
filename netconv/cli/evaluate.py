"""`netconv evaluate`."""

from __future__ import annotations

import json

import click

import netconv

from .options import HEADER, JSON, MODEL, QUIET, RESCALE, TARGET, opened_model, saying, source


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
    say = saying(quiet)
    opened = opened_model(model, data, False, say)
    found = netconv.evaluate(opened, source(data), target=targets, rescale=rescale, header=header, say=say)
    click.echo(json.dumps(found.facts, ensure_ascii=False) if as_json else found.text)
