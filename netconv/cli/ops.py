"""`netconv ops`."""

from __future__ import annotations

import json

import click

import netconv

from .commands import Command, under

output = under("Output")


@click.command(
    cls=Command, example="netconv ops conv", short_help="Lists the supported and the unsupported ops of MXNet."
)
@click.argument("part", default="")
@output("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def ops(part: str, as_json: bool) -> None:
    """Lists the ops of MXNet that can be converted, each with its largest error compared with MXNet and its other
    names, and those that cannot, each with the reason. With PART it lists only ops with that text in a name.

    Errors are relative to the largest value of the array, or absolute if that is below 1. `-` means that no error was
    measured, as for an op without gradients.
    """
    coverage = netconv.list_ops(part)
    click.echo(json.dumps(coverage.facts) if as_json else coverage.text)
