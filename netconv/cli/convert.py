"""`netconv convert` and `netconv inspect`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

import netconv

from .commands import Command, under
from .completion import keras_names, suffixed
from .folding import folded
from .options import POSITIVE, check_ending, check_not_read, net_options, output_option, quiet_option, source
from .progress import Terminal, columns
from .quiet import quiet_keras

net_option, model_group = under("Net"), under("Model")
params_option, shape_option = net_options(net_option)


@click.command(
    cls=Command, example="netconv convert net.wlnet -o net.keras", short_help="Converts nets to Keras models."
)
@click.argument("nets", metavar="NET...", nargs=-1, required=True, shell_complete=suffixed(".wlnet", ".json"))
@params_option
@shape_option
@net_option(
    "--states",
    is_flag=True,
    help="Add inputs for the initial states and outputs for the final states of recurrent layers.",
)
@net_option(
    "--seed",
    type=int,
    metavar="N",
    default=0,
    show_default=True,
    help="Random seed for the initial weights of a net without a parameter file.",
)
@net_option(
    "--bake-encoder",
    is_flag=True,
    help="Make the arithmetic of an image encoder of a .wlnet file (scale, mean, variance) a part of the model, which "
    "then takes images of values from 0 to 255.",
)
@model_group(
    "--loss",
    metavar="NAME",
    show_default="inferred from the last layer",
    shell_complete=keras_names("loss"),
    help="Keras loss to compile with.",
)
@model_group(
    "--optimizer",
    metavar="NAME",
    default="adam",
    show_default=True,
    shell_complete=keras_names("optimizer"),
    help="Keras optimizer to compile with.",
)
@model_group(
    "--learning-rate", type=POSITIVE, metavar="RATE", show_default="that of the optimizer", help="Learning rate."
)
@model_group(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=keras_names("metric"),
    metavar="NAME",
    show_default="accuracy for a classifier",
    help="Keras metric to compile with; may be repeated.",
)
@model_group("--classes", metavar="A,B,...", help="Class names in the order of the outputs, stored in the model.")
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    show_default="net.keras beside the net",
    help="Model file (.keras, or .h5 for Keras 2), or - for stdout.",
)
@output_option("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout, instead of the path.")
@quiet_option
def convert(
    nets: tuple[str, ...],
    params: str | None,
    output: str | None,
    shapes: dict[str, tuple[int | None, ...]],
    loss: str | None,
    optimizer: str,
    learning_rate: float | None,
    metrics: tuple[str, ...],
    classes: str | None,
    states: bool,
    seed: int,
    bake_encoder: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Converts each NET, Mathematica's own file (.wlnet) or the net.json that Mathematica or MXNet wrote, to a compiled
    Keras model, and prints the path of the model. A report on stderr says what was inferred.
    """
    if len(nets) > 1 and (params or output):
        raise click.UsageError(f"-p and -o need exactly one net; {len(nets)} were given")
    check_ending(output, (".keras", ".h5"), "a model", stdout=True)
    check_not_read([output], nets, params)
    if as_json and output == "-":
        raise click.UsageError("--json and -o - both write to stdout")
    if "-" in nets and output is None:
        raise click.UsageError("a net from stdin needs -o")
    _check_apart(nets)
    terminal = Terminal(quiet)
    target = sys.stdout.buffer if output == "-" else output
    for net in nets:
        with terminal.working(f"converting {net}"), quiet_keras():
            report = netconv.convert_file(
                source(net), params, output=target, input_shapes=shapes, loss=loss, optimizer=optimizer,
                learning_rate=learning_rate, metrics=list(metrics) or "auto", states=states, seed=seed,
                bake_encoder=bake_encoder,
                classes=[name.strip() for name in classes.split(",")] if classes else None,
            )  # fmt: skip
        terminal.echo(report.text)
        if as_json:
            click.echo(json.dumps(report.facts))
        elif output != "-":
            click.echo(report.facts["path"])


def _check_apart(nets: tuple[str, ...]) -> None:
    """Raises click.UsageError, before any work, if two nets would be converted to the same file."""
    from ..conversion import keras_path

    first: dict[Path, str] = {}
    for net in nets if len(nets) > 1 else ():
        path = keras_path(net)
        if other := first.get(path.resolve()):
            raise click.UsageError(f"{other} and {net} would both be converted to {path}; convert each with its own -o")
        first[path.resolve()] = net


@click.command(
    cls=Command, example="netconv inspect net.wlnet", short_help="Shows what a net or a Keras model contains."
)
@click.argument("file", metavar="NET.wlnet|NET.json|MODEL.keras", shell_complete=suffixed(".wlnet", ".json", ".keras"))
@params_option
@shape_option
@output_option("--json", "as_json", is_flag=True, help="Print the description as JSON.")
def inspect(file: str, params: str | None, shapes: dict[str, tuple[int | None, ...]], as_json: bool) -> None:
    """Shows the layers or ops, shapes and parameters of a net and what cannot be converted, or the layers and weights
    of a Keras model, and how it reads a table if `netconv train` saved it.

    A net is converted too, without writing a file: the exit code is 1 if `convert` would fail.
    """
    with Terminal().working(f"inspecting {file}"), quiet_keras():
        inspection = netconv.inspect(source(file), params, input_shapes=shapes)
    text = folded(inspection.text, columns(sys.stdout)) if sys.stdout.isatty() else inspection.text
    click.echo(json.dumps(inspection.facts) if as_json else text)
    sys.exit(0 if inspection.translates else 1)
