"""`netconv train`."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import click

import netconv

from ..features.option_checks import LARGEST_SEED
from .commands import COMMAND_LINE, Command, under
from .completion import TABLES, keras_names, layers, suffixed
from .options import (
    HISTORIES,
    POSITIVE,
    as_dictionary,
    by_output,
    check_ending,
    check_not_read,
    check_pictures,
    data_argument,
    data_option,
    errors_option,
    model_group,
    model_option,
    open_model,
    output_option,
    params_option,
    quiet_option,
    report_option,
    shape_option,
    source,
    table,
    table_options,
)
from .progress import Interruption, Terminal
from .quiet import quiet_keras


class Plateau(click.ParamType):
    """PATIENCE or PATIENCE,FACTOR."""

    name = "PATIENCE[,FACTOR]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, float]:
        patience, _, factor = value.partition(",")
        try:
            plateau = int(patience), float(factor or 0.1)
            if plateau[0] < 1 or not 0 < plateau[1] < 1:
                raise ValueError
            return plateau
        except ValueError:
            self.fail(f"{value!r} is not a number of epochs and a factor below 1, such as 5,0.1", param, ctx)


class Weights(click.ParamType):
    """balanced, or CLASS=WEIGHT,...; of an output OUTPUT=balanced, or OUTPUT=CLASS:WEIGHT,..."""

    name = "weights"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str | dict[str, float]]:
        output, _, rest = value.partition("=")
        for name, text, sign in (("", value, "="), (output.strip(), rest.strip(), ":")):
            if text == "balanced":
                return name, text
            pairs = [part.rpartition(sign) for part in text.split(",")]
            with suppress(ValueError):
                weights = tuple((each.strip(), float(weight)) for each, _, weight in pairs)
                if all(each for each, _ in weights):
                    return name, as_dictionary(ctx, param, weights)
        self.fail(
            f"{value!r} is neither 'balanced' nor weights such as yes=2,no=1, nor, for an output, kind=balanced or "
            "kind=yes:2,no:1",
            param,
            ctx,
        )


def _class_weights(
    ctx: click.Context, param: click.Parameter, values: tuple[tuple[str, str | dict[str, float]], ...]
) -> str | dict[str, Any] | None:
    """The weights of the classes of all outputs, or of each output by its name."""
    if not all(name for name, _ in values):
        _check_single(values)
        return values[0][1]
    return as_dictionary(ctx, param, values) or None


def _check_single(values: tuple[Any, ...]) -> None:
    """Raises click.BadParameter for several values that do not all name an output."""
    if len(values) > 1:
        raise click.BadParameter("several without the names of outputs: give one, or OUTPUT=NAME for each")


class LossWeights(click.ParamType):
    """OUTPUT=WEIGHT,..."""

    name = "OUTPUT=WEIGHT,..."

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        try:
            pairs = [part.rpartition("=") for part in value.split(",")]
            if not all(name.strip() for name, _, _ in pairs):
                raise ValueError
            return as_dictionary(ctx, param, tuple((name.strip(), float(weight)) for name, _, weight in pairs))
        except ValueError:
            self.fail(f"{value!r} is not weights of outputs such as kind=1,price=0.5", param, ctx)


def _losses(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | dict[str, str] | None:
    """The loss of all outputs, or of each output by its name. Raises click.BadParameter for several of all."""
    if named := by_output(values):
        return as_dictionary(ctx, param, named)
    _check_single(values)
    return values[0] if values else None


training_option, optimizer_option, hardware_option = map(under, ("Training", "Optimizer", "Hardware"))


@click.command(
    cls=Command,
    example="netconv train patients.csv -m net.keras --target diagnosis --epochs 50",
    short_help="Trains a model on a table.",
)
@data_argument("DATA...", required=True)
@model_option
@params_option
@shape_option
@model_group(
    "--init",
    metavar="NAME[(...)]",
    help="Initializer of the weights of a net without a parameter file, one of MXNet's: xavier, he, msraprelu, "
    "orthogonal, uniform, normal or constant, e.g. 'xavier(magnitude=2)'.",
)
@model_group(
    "--freeze",
    metavar="PATTERN",
    multiple=True,
    shell_complete=layers,
    help="Do not train the layers whose names match, e.g. 'conv*'; may be repeated.",
)
@table_options(training=True)
@data_option(
    "--validation-split",
    type=click.FloatRange(0, 1, max_open=True),
    show_default="0.2",
    metavar="FRACTION",
    help="Fraction of the rows held out for validation.",
)
@data_option(
    "--validation-data",
    metavar="FILE",
    shell_complete=suffixed(*TABLES),
    help="Table to validate on, instead of held-out rows.",
)
@errors_option
@training_option(
    "--epochs",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="200",
    help="Maximum number of epochs.",
)
@training_option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="32, or 128 for 10,000 rows or more",
    help="Rows per training step.",
)
@training_option(
    "--loss",
    metavar="[OUTPUT=]NAME[(...)]",
    multiple=True,
    shell_complete=keras_names("loss"),
    callback=_losses,
    show_default="the model's",
    help="Keras loss; for a model with several outputs that of all, or once for each, OUTPUT.",
)
@training_option(
    "--loss-weights",
    type=LossWeights(),
    show_default="1 for each",
    help="Weight of the loss of each of several outputs in the whole loss.",
)
@training_option(
    "--metric",
    "metrics",
    metavar="[OUTPUT=]NAME[(...)]",
    multiple=True,
    shell_complete=keras_names("metric"),
    show_default="the model's",
    help="Keras metric to compute in each epoch; may be repeated. For a model with several outputs of those that it "
    "fits, or of one, OUTPUT.",
)
@training_option(
    "--class-weight",
    type=Weights(),
    metavar="balanced|CLASS=WEIGHT,...",
    multiple=True,
    callback=_class_weights,
    help="Weight of each class in the loss; balanced gives every class the same total weight. For a model with several "
    "outputs balanced is for all that predict classes; OUTPUT=balanced or OUTPUT=CLASS:WEIGHT,... is for one, and may "
    "be repeated.",
)
@training_option(
    "--monitor",
    metavar="METRIC",
    show_default="val_loss",
    help="Metric that decides which epoch is best: its weights are kept.",
)
@training_option(
    "--early-stopping",
    type=click.IntRange(min=0),
    metavar="PATIENCE",
    show_default="15",
    help="Stop after this number of epochs without improvement of the monitored metric; 0 never stops early.",
)
@training_option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed for the held-out rows, the order of the rows, dropout and initial weights.",
)
@training_option(
    "--checkpoint", metavar="FOLDER", help="Save weights, optimizer and random state in FOLDER after each epoch."
)
@training_option("--resume", is_flag=True, help="Continue from the state in --checkpoint.")
@optimizer_option(
    "--optimizer",
    metavar="NAME[(...)]",
    shell_complete=keras_names("optimizer"),
    show_default="the model's",
    help="Keras optimizer, e.g. 'sgd(momentum=0.9)'.",
)
@optimizer_option(
    "--learning-rate", type=POSITIVE, metavar="RATE", show_default="that of the optimizer", help="Learning rate."
)
@optimizer_option(
    "--schedule",
    metavar="NAME[(...)]",
    help="Keras learning rate schedule: cosine, cosine_restarts, exponential, inverse_time, polynomial or step; "
    "lengths in steps or epochs, e.g. 'exponential(decay_rate=0.9, decay_epochs=1)'.",
)
@optimizer_option(
    "--reduce-on-plateau",
    type=Plateau(),
    help="Multiply the learning rate by FACTOR (0.1 if not given) after PATIENCE epochs without improvement "
    "of the monitored metric.",
)
@optimizer_option("--clipnorm", type=POSITIVE, metavar="NORM", help="Clip the gradient of each weight to this norm.")
@optimizer_option(
    "--clipvalue", type=POSITIVE, metavar="VALUE", help="Clip each element of the gradients to [-VALUE, VALUE]."
)
@optimizer_option("--global-clipnorm", type=POSITIVE, metavar="NORM", help="Clip all gradients together to this norm.")
@optimizer_option("--weight-decay", type=POSITIVE, metavar="RATE", help="Weight decay of the optimizer.")
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    show_default="NAME-trained.keras beside the model",
    help="Trained model (.keras), or - for stdout.",
)
@output_option("--history", metavar="FILE", help="Write loss and metrics of each epoch (.csv or .jsonl).")
@output_option("--plot", metavar="FILE", help="Plot the learning curves (.png or .svg).")
@report_option
@output_option("--tensorboard", metavar="FOLDER", help="Write loss and metrics of each epoch for TensorBoard.")
@output_option("--json", "as_json", is_flag=True, help="Print each epoch and then the result as JSON lines on stdout.")
@quiet_option
@hardware_option(
    "--device",
    type=click.Choice(["auto", "cpu"]),
    default="auto",
    show_default=True,
    help="auto uses a GPU if there is one; cpu does not use GPUs.",
)
@hardware_option(
    "--strategy",
    type=click.Choice(["mirrored", "multiworker"]),
    help="Train on all GPUs of this machine (mirrored), or on the machines listed in the environment variable "
    "TF_CONFIG (multiworker).",
)
@hardware_option(
    "--mixed-precision",
    type=click.Choice(["mixed_float16", "mixed_bfloat16"]),
    help="Compute in 16-bit floating point where possible, as Keras's dtype policy of this name.",
)
def train(
    data: tuple[str, ...],
    model: str | None,
    params: str | None,
    shapes: dict[str, tuple[int | None, ...]],
    output: str | None,
    history: str | None,
    plot: str | None,
    report: str | None,
    as_json: bool,
    quiet: bool,
    validation_data: str | None,
    seed: int,
    init: str | None,
    strategy: str | None,
    device: str,
    **options: Any,
) -> None:
    """Trains a model on a table and prints the path of the trained model.

    DATA is one file or several that make up a table: CSV, Parquet, NumPy or IDX, also compressed. For a net
    that takes images it may be a folder with a folder of image files for each class, or a table with a column of file
    names.

    The trained model has the weights of the best epoch, and how the table was read (columns, categories, classes), for
    `evaluate` and `predict`. Ctrl-C ends training and keeps the weights trained so far.
    """
    _check_usage(output, history, validation_data, strategy, as_json, options)
    terminal = Terminal(quiet, show_epochs=not as_json)
    notify = terminal.echo
    check_pictures(plot, report)
    stop = Interruption()

    def progress(at: Any) -> None:
        stop.training = True
        terminal.training(at)
        if as_json and at.done == 1:
            metrics = {name: value if math.isfinite(value) else None for name, value in at.metrics.items()}
            click.echo(json.dumps({"epoch": at.epoch, **metrics}))
            sys.stdout.flush()

    with terminal.working("reading the table", show=not as_json):
        with quiet_keras():
            devices = netconv.strategy_for(strategy, device)
        opened = open_model(model, data, True, notify, seed, init, params, shapes, (validation_data, options["labels"]))
        target = sys.stdout.buffer if output == "-" else opened.trained_path(output)
        files: list[Any] = [file for file in (None if output == "-" else target, history, plot, report) if file]
        check_not_read(
            files, data, opened.path, params, validation_data, options["labels"], *options["vocabulary"].values()
        )
        for file in files:
            netconv.check_writable(file, opened.size)
        with stop.watching():
            result = netconv.train(
                opened, table(data), seed=seed, notify=notify, progress=progress, stop=stop, strategy=devices,
                validation_data=source(validation_data) if validation_data else None,
                **{name: value for name, value in options.items() if value is not None},
            )  # fmt: skip
    notify(result.text)
    if result.chief:
        result.save(target, lambda note: click.echo(f"note: {note}", err=True))
        if history:
            result.save_history(history)
        notify(f"{'model':11} {'standard output' if output == '-' else target}")
        if as_json:
            click.echo(json.dumps({"path": str(target), **result.facts}))
        elif output != "-":
            click.echo(target)
        sys.stdout.flush()
        if plot:
            netconv.learning_curves(result.history, plot, result.best_epoch if result.validation_rows else None)
        if report:
            command_line = click.get_current_context().meta[COMMAND_LINE]
            result.report(report, commands=[command_line], messages=terminal.lines)
    else:
        notify("the first worker writes the model")
    sys.stdout.flush()
    # Without a signal of its own, this worker stopped because another one was interrupted.
    sys.exit(128 + (stop.signal or signal.SIGINT) if result.stopped else 0)


def _check_usage(
    output: str | None,
    history: str | None,
    validation_data: str | None,
    strategy: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Raises click.UsageError for options that exclude each other or need another one."""
    if output == "-" and as_json:
        raise click.UsageError("--json and -o - both write to stdout")
    check_ending(output, (".keras",), "a trained model", stdout=True)
    check_ending(history, HISTORIES, "a history")
    if validation_data and options["validation_split"] is not None:
        raise click.UsageError("--validation-split and --validation-data exclude each other")
    if options["resume"] and not options["checkpoint"]:
        raise click.UsageError("--resume needs --checkpoint, which names the folder")
    if strategy == "multiworker" and not os.environ.get("TF_CONFIG"):
        raise click.UsageError(
            "--strategy multiworker needs the environment variable TF_CONFIG, which lists the workers"
        )
