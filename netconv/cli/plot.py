"""`netconv plot`."""

from __future__ import annotations

import sys

import click

import netconv

from ..reports.figures import FORMATS
from .commands import Command, under
from .options import check_ending, check_not_read, source

output_option = under("Output")


@click.command(
    cls=Command,
    example="netconv plot history.csv -o curves.svg",
    short_help="Plots the learning curves of a training run.",
)
@click.argument("history", metavar="HISTORY.csv|HISTORY.jsonl|-")
@output_option("-o", "--output", metavar="FILE", required=True, help="Plot (.png or .svg); - is SVG on stdout.")
def plot(history: str, output: str) -> None:
    """Plots the learning curves of a training run and prints the path of the plot. HISTORY is a file that `netconv
    train --history` or Keras's CSVLogger wrote.
    """
    check_ending(output, FORMATS, "a plot", stdout=True)
    check_not_read([output], (), history)
    if output != "-":
        netconv.check_picture(output)
    epochs = netconv.read_history(source(history))
    netconv.learning_curves(epochs, sys.stdout.buffer if output == "-" else output)
    if output != "-":
        click.echo(output)
