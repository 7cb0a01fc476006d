"""`netconv convert` and `netconv inspect`."""

from __future__ import annotations

import json
import sys

import click

import netconv

from .quiet import quiet_keras


class Shape(click.ParamType):
    """NAME=?,3,224,224: MXNet's shape of an input, `?` for a length that is not known."""

    name = "NAME=?,3,224,224"

    def convert(self, value, param, ctx):
        name, equals, lengths = value.rpartition("=")
        try:
            shape = tuple(None if n.strip() == "?" else int(n) for n in lengths.strip("()").split(",") if n.strip())
        except ValueError:
            shape = ()
        if not equals or not name or not shape or any(n is not None and n < 1 for n in shape):
            self.fail(f"{value!r} is no shape such as data=?,3,224,224", param, ctx)
        return name, shape


@click.command()
@click.argument("nets", metavar="NET.json...", nargs=-1, required=True)
@click.option("-p", "--params", metavar="FILE", help="The parameter file; else found beside the net.")
@click.option(
    "-o", "--output", metavar="FILE", help="Where the model goes (.keras, .h5, or - for stdout); else beside the net."
)
@click.option(
    "--input-shape", "shapes", type=Shape(), multiple=True, help="An input's shape in MXNet's order, batch included."
)
@click.option("--loss", metavar="NAME", help="A loss of Keras; else chosen by the head.")
@click.option("--optimizer", metavar="NAME", default="adam", show_default=True, help="An optimizer of Keras.")
@click.option("--learning-rate", type=float, metavar="RATE", help="[default: the optimizer's own]")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="A metric of Keras; else accuracy for classes."
)
@click.option("--classes", metavar="A,B,...", help="The names of the classes, which the export does not have.")
@click.option("--states", is_flag=True, help="Keep recurrent states as inputs and outputs.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="For the initial values of a net without parameters."
)
@click.option("--quiet", is_flag=True, help="No account on stderr.")
@click.option("--json", "as_json", is_flag=True, help="The account as JSON on stdout, instead of the path.")
def convert(
    nets, params, output, shapes, loss, optimizer, learning_rate, metrics, classes, states, seed, quiet, as_json
):
    """Converts each NET.json to a compiled Keras model and prints its path."""
    if len(nets) > 1 and (params or output):
        raise click.UsageError("-p and -o go with one net")
    if as_json and output == "-":
        raise click.UsageError("--json and -o - both want stdout")
    for net in nets:
        symbol = sys.stdin.buffer if net == "-" else net
        if net == "-" and output is None:
            raise click.UsageError("a net from stdin needs -o")
        target = sys.stdout.buffer if output == "-" else output
        with quiet_keras():
            account = netconv.convert_file(
                symbol, params, output=target, input_shapes=dict(shapes), loss=loss, optimizer=optimizer,
                learning_rate=learning_rate, metrics=list(metrics) or "auto", states=states, seed=seed,
                classes=[c.strip() for c in classes.split(",")] if classes else None,
            )  # fmt: skip
        if not quiet:
            click.echo(account.text, err=True)
        if as_json:
            click.echo(json.dumps(account.facts))
        elif output != "-":
            click.echo(account.facts["path"])


@click.command()
@click.argument("file", metavar="NET.json|MODEL.keras")
@click.option("-p", "--params", metavar="FILE", help="The parameter file; else found beside the net.")
@click.option(
    "--input-shape", "shapes", type=Shape(), multiple=True, help="An input's shape in MXNet's order, batch included."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(file, params, shapes, as_json):
    """Says what is in a net or a model: ops, shapes, parameters, and what would not translate.

    Imports no TensorFlow. Exits with 1 when something would not translate.
    """
    source = sys.stdin.buffer if file == "-" else file
    found = netconv.inspect(source, params, input_shapes=dict(shapes))
    click.echo(json.dumps(found.facts) if as_json else found.text)
    sys.exit(0 if found.translates else 1)
