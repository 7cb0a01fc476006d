"""`netconv plot`."""

from __future__ import annotations

import sys

import click

import netconv

from .options import source


@click.command()
@click.argument("history", metavar="HISTORY.csv|HISTORY.jsonl|-")
@click.option("-o", "--output", metavar="FILE", required=True, help="A .png or .svg file; - is SVG on stdout.")
def plot(history, output):
    """Draws the learning curves of a training, from the history that `train --history` wrote, and prints the path."""
    figures = netconv.read_history(source(history))
    netconv.learning_curves(figures, sys.stdout.buffer if output == "-" else output)
    if output != "-":
        click.echo(output)
