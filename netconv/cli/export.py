"""`netconv export`."""

from __future__ import annotations

import sys

import click

import netconv

from .commands import Command, under
from .completion import suffixed
from .options import quiet_option, source
from .progress import Terminal
from .quiet import quiet_keras

output_option = under("Output")


@click.command(
    cls=Command,
    example="netconv export net-trained.keras --to wlnet",
    short_help="Writes a model as the net that it was converted from.",
)
@click.argument("model", metavar="MODEL.keras", shell_complete=suffixed(".keras"))
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
@quiet_option
def export(model: str, to: str, output: str | None, quiet: bool) -> None:
    """Writes a model that netconv converted as the net that it was converted from, with the values that its weights
    have now, and prints the paths.

    A .wlnet file is byte for byte the one that was converted, except for the values of its arrays, so that Mathematica
    reads it with Import.
    """
    terminal = Terminal(quiet)
    given, target = source(model), sys.stdout.buffer if output == "-" else output
    with terminal.working(f"exporting {model}"), quiet_keras():
        paths = netconv.export(given if isinstance(given, str) else given.read(), to, target, terminal.echo)
    for path in paths:
        click.echo(path)
