"""`netconv verify`."""

from __future__ import annotations

import json
import sys

import click

import netconv

from ..features.option_checks import LARGEST_SEED
from .commands import Command, under
from .options import net_options, output_option, quiet_option, source
from .progress import Terminal
from .quiet import quiet_keras

net_option, reference_option, comparison_option = under("Net"), under("Reference"), under("Comparison")
params_option, shape_option = net_options(net_option)


@click.command(
    cls=Command,
    example="netconv verify net.json --against ~/mxnet/bin/python",
    short_help="Compares a model with the net that it was converted from.",
)
@click.argument("net", metavar="NET.wlnet|NET.json")
@click.argument("model", metavar="[MODEL.keras]", required=False)
@params_option
@shape_option
@reference_option(
    "--samples",
    metavar="IO.npz",
    help="Recorded inputs and outputs: an array for each input, by its name, and output0, output1 ...",
)
@reference_option(
    "--against",
    metavar="PYTHON",
    show_default="definitions of the common ops in numpy",
    help="A Python with MXNet 1.x, which runs the net.",
)
@comparison_option(
    "--weights",
    type=click.Choice(["source"]),
    help="Put the parameters of the net into a model that was trained since.",
)
@comparison_option("--gradients", is_flag=True, help="Compare gradients, too; needs --against.")
@comparison_option(
    "--train-steps",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Compare outputs and parameters after N steps of SGD, too; needs --against.",
)
@comparison_option(
    "--tolerance",
    type=click.FloatRange(min=0),
    metavar="ERROR",
    default=1e-5,
    show_default=True,
    help="Largest error that is accepted, relative to the largest value of the output.",
)
@comparison_option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    metavar="N",
    default=0,
    show_default=True,
    help="Random seed of the inputs that are drawn, and of the initial weights of an untrained net.",
)
@output_option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@quiet_option
def verify(
    net: str,
    model: str | None,
    params: str | None,
    shapes: dict[str, tuple[int | None, ...]],
    samples: str | None,
    against: str | None,
    weights: str | None,
    gradients: bool,
    train_steps: int,
    tolerance: float,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compares a model with the net that it was converted from: the MODEL, or the one that NET is converted to, saved
    and loaded again. The exit code is 1 if an output differs; the first node that differs is named then.

    Expected outputs are those recorded, or those that MXNet computes for inputs that are drawn. Without either, the
    ops that are defined in numpy are compared, and the result says which are not.
    """
    if net == "-" and model == "-":
        raise click.UsageError("the net and the model cannot both come from stdin")
    terminal = Terminal(quiet)
    with terminal.working(f"verifying {model or net}"), quiet_keras():
        given = sys.stdin.buffer.read() if model == "-" else model
        result = netconv.verify(
            source(net), given, params, samples=samples,
            against=against, input_shapes=shapes, weights=weights, gradients=gradients, train_steps=train_steps,
            tolerance=tolerance, seed=seed, notify=terminal.echo,
        )  # fmt: skip
    click.echo(json.dumps(result.facts) if as_json else result.text)
    sys.exit(0 if result.agrees else 1)
