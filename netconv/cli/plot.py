"""`netconv plot`."""

from __future__ import annotations

import sys

import click

import netconv

from .commands import Command, under
from .options import PLOTS, check_ending, source

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
    check_ending(output, PLOTS, "a plot", stdout=True)
    if output != "-":
        netconv.check_picture(output)
    epochs = netconv.read_history(source(history))
    netconv.learning_curves(epochs, sys.stdout.buffer if output == "-" else output)
    if output != "-":
        click.echo(output)
