"""`netconv export`."""

from __future__ import annotations

import sys

import click

import netconv

from .commands import Command, under
from .options import check_not_read, quiet_option, source
from .progress import Terminal
from .quiet import quiet_keras

output_option = under("Output")


@click.command(
    cls=Command,
    example="netconv export net-trained.keras --to wlnet",
    short_help="Writes a model as the net that it was converted from.",
)
@click.argument("model", metavar="MODEL.keras")
@output_option(
    "--to",
    type=click.Choice(["wlnet", "mxnet"]),
    required=True,
    help="Mathematica's own file (net.wlnet), or MXNet's files (net.json and net.params).",
)
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    show_default="net-trained.wlnet or net-trained.json beside the model",
    help="File to write (.wlnet or .json); net.params is beside net.json; - is a .wlnet file on stdout.",
)
@output_option(
    "--like",
    type=click.Path(exists=True, dir_okay=False),
    metavar="NET",
    help="The file of the net (.wlnet, or .json with its .params beside it), for a model that was saved with Keras and "
    "does not have it.",
)
@quiet_option
def export(model: str, to: str, output: str | None, like: str | None, quiet: bool) -> None:
    """Writes a model that netconv converted as the net that it was converted from, with the values that its weights
    have now, and prints the paths.

    A .wlnet file is byte for byte the one that was converted, except for the values of its arrays, so that Mathematica
    reads it with Import. Layers that scale the numbers of a table are folded into the arrays where that is exact, and
    new class names become the labels of the decoder.
    """
    check_not_read([output], (), model)
    terminal = Terminal(quiet)
    given, target = source(model), sys.stdout.buffer if output == "-" else output
    with terminal.working(f"exporting {model}"), quiet_keras():
        paths = netconv.export(given if isinstance(given, str) else given.read(), to, target, terminal.echo, like=like)
    for path in paths:
        click.echo(path)
