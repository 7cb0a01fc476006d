"""`netconv plot`."""

from __future__ import annotations

import io
import sys
from pathlib import PurePath
from typing import Any

import click

import netconv

from ..reports.figures import FORMATS
from ..reports.page import ENDINGS
from .commands import Command, under
from .completion import suffixed
from .options import check_ending, check_not_read, net_options, source
from .progress import Terminal
from .quiet import quiet_keras

NETS = (".wlnet", ".json", ".keras")
net_option, output_option = under("Net"), under("Output")
params_option, shape_option = net_options(net_option)


@click.command(
    cls=Command,
    example="netconv plot net.wlnet -o net.svg",
    short_help="Draws a net, or plots the learning curves of a training run.",
)
@click.argument("file", metavar="FILE|-", shell_complete=suffixed(*NETS, ".csv", ".jsonl"))
@params_option
@shape_option
@net_option(
    "--nodes", is_flag=True, help="Draw the nodes of the net, as its file has them, instead of the layers of the model."
)
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    shell_complete=suffixed(*FORMATS, *ENDINGS),
    help="Picture (.svg or .png), or page of a net (.html); - is SVG on stdout.",
)
def plot(file: str, params: str | None, shapes: dict[str, tuple[int | None, ...]], nodes: bool, output: str) -> None:
    """Draws FILE and prints the path of the picture. FILE is a net (.wlnet, .json) or a Keras model (.keras), or the
    history of a training run that `netconv train --history` or Keras's CSVLogger wrote.

    A net is drawn with the shapes between its layers and the numbers of their parameters. Straight chains are stacked,
    and blocks that repeat are drawn once. In a page, blocks and nested nets open when they are clicked.
    """
    check_not_read([output], (), file, params)
    given: Any = io.BytesIO(sys.stdin.buffer.read()) if file == "-" else source(file)
    target: Any = sys.stdout.buffer if output == "-" else output
    if _is_net(file, given):
        check_ending(output, (*FORMATS, *ENDINGS), "a picture of a net", stdout=True)
        if output != "-":
            netconv.check_net_plot(output)
        terminal = Terminal()
        with terminal.working(f"drawing {file}"), quiet_keras():
            netconv.plot_net(given, target, params, nodes=nodes, input_shapes=shapes, notify=terminal.echo)
    else:
        _check_history(params, shapes, nodes)
        check_ending(output, FORMATS, "a plot", stdout=True)
        if output != "-":
            netconv.check_picture(output)
        netconv.learning_curves(netconv.read_history(given), target)
    if output != "-":
        click.echo(output)


def _is_net(file: str, given: Any) -> bool:
    """Whether a file is a net or a model and not a history: by its ending, or by its content on standard input."""
    if file != "-":
        return PurePath(file).suffix in NETS
    data = given.getbuffer()
    return bytes(data[:2]) == b"PK" or bytes(data[:4]) == b"\x89HDF" or b'"nodes"' in bytes(data[: 1 << 20])


def _check_history(params: str | None, shapes: dict[str, Any], nodes: bool) -> None:
    """Raises click.UsageError for options of nets."""
    for name, value in (("-p", params), ("--input-shape", shapes), ("--nodes", nodes)):
        if value:
            raise click.UsageError(f"{name} is for a net (.wlnet, .json) or a model (.keras), and this is a history")
