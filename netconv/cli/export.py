"""`netconv export`."""

from __future__ import annotations

import sys
from typing import Any

import click

import netconv

from .commands import Command, under
from .completion import suffixed
from .options import check_not_read, net_options, quiet_option, source
from .progress import Terminal
from .quiet import quiet_keras

output_option, runtime_option = under("Output"), under("SavedModel, LiteRT, ONNX and Keras")
_, shape_option = net_options(runtime_option)


@click.command(
    cls=Command,
    example="netconv export net-trained.keras --to wlnet",
    short_help="Writes a model for another program.",
)
@click.argument("model", metavar="MODEL.keras", shell_complete=suffixed(".keras"))
@output_option(
    "--to",
    type=click.Choice(["wlnet", "mxnet", "savedmodel", "litert", "onnx", "keras", "python", "r"]),
    required=True,
    help="Mathematica's own file (net.wlnet), MXNet's files (net.json and net.params), TensorFlow's folder "
    "(SavedModel), the file of LiteRT, formerly TensorFlow Lite (net.tflite), an ONNX file (net.onnx), with "
    "--inference a .keras file, or code that builds the model (net.py, net.R).",
)
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    show_default="beside the model",
    help="File to write, or folder of a SavedModel; net.params is beside net.json; - is stdout, for a single file.",
)
@runtime_option(
    "--inference",
    is_flag=True,
    help="For inference alone: normalizations and scalings become part of the layers beside them, dropout is left out.",
)
@runtime_option(
    "--batch",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="any size; 1 for LiteRT if the model is recurrent",
    help="Write the model for batches of N rows.",
)
@shape_option
@runtime_option(
    "--quantize",
    type=click.Choice(["float16", "int8"]),
    help="Store smaller weights for LiteRT; int8 needs --calibrate.",
)
@runtime_option(
    "--calibrate", metavar="TABLE", help="Table that says how large the numbers in the net are, for --quantize int8."
)
@output_option(
    "--like",
    type=click.Path(exists=True, dir_okay=False),
    metavar="NET",
    help="The file of the net (.wlnet, or .json with its .params beside it), for a model that was saved with Keras and "
    "does not have it.",
)
@quiet_option
def export(
    model: str,
    to: str,
    output: str | None,
    like: str | None,
    quiet: bool,
    shapes: dict[str, tuple[int | None, ...]],
    **options: Any,
) -> None:
    """Writes a model for another program, with the values that its weights have now, and prints the paths.

    wlnet and mxnet write the net that netconv converted. A .wlnet file is byte for byte the one that was converted,
    except for the values of its arrays, so that Mathematica reads it with Import. Layers that scale the numbers of a
    table are folded into the arrays where that is exact, and new class names become the labels of the decoder.

    savedmodel, litert, onnx and keras take any Keras model or net. What was written is run on drawn inputs, and
    compared with the model: on a difference nothing is left, and the exit code is 1.

    python and r write code that builds the model of a .keras file, a line for each layer, and loads the weights from
    that file beside it. The code is run, too, and computes the same to the last bit.
    """
    check_not_read([output], (), model, like, options["calibrate"])
    terminal = Terminal(quiet)
    given, target = source(model), sys.stdout.buffer if output == "-" else output
    with terminal.working(f"exporting {model}"), quiet_keras():
        data = given if isinstance(given, str) else given.read()
        paths = netconv.export(data, to, target, terminal.echo, like=like, input_shapes=shapes, **options)
    for path in paths:
        click.echo(path)
