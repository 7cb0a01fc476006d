"""`netconv ops`."""

from __future__ import annotations

import json

import click

import netconv


@click.command()
@click.argument("part", default="")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def ops(part, as_json):
    """Lists the ops of MXNet that are translated, each with its largest error against MXNet and its other names, and
    those that are refused, each with the reason; with PART only those that have it in a name.

    Imports no TensorFlow.
    """
    found = netconv.list_ops(part)
    click.echo(json.dumps(found.facts) if as_json else found.text)
