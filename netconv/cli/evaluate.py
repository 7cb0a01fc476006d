"""`netconv evaluate`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

import netconv

from .commands import COMMAND_LINE, Command, under
from .options import (
    as_dictionary,
    check_not_read,
    check_pictures,
    data_argument,
    data_option,
    errors_option,
    model_option,
    open_model,
    output_option,
    params_option,
    quiet_option,
    report_option,
    shape_option,
    table,
    table_options,
)
from .progress import Terminal

metric_option = under("Metrics")


class Limit(click.ParamType):
    """METRIC=VALUE, such as accuracy=0.95."""

    name = "METRIC=VALUE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        name, _, number = value.rpartition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{value!r} is not a limit such as accuracy=0.95", param, ctx)


@click.command(
    cls=Command,
    example="netconv evaluate test.csv -m net-trained.keras --min accuracy=0.95",
    short_help="Evaluates a model on a table.",
)
@data_argument("DATA...", required=True)
@model_option
@params_option
@shape_option
@table_options(training=False)
@data_option(
    "--held-out",
    is_flag=True,
    help="Evaluate only the rows of the training table that `netconv train` held out for validation.",
)
@errors_option
@metric_option(
    "--top",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="K",
    help="Also compute the top-K accuracy: how often the true class is among the K most likely ones; may be repeated.",
)
@metric_option(
    "--min",
    "minimum",
    type=Limit(),
    multiple=True,
    callback=as_dictionary,
    help="Exit with 1 if METRIC is below VALUE; may be repeated.",
)
@metric_option(
    "--max",
    "maximum",
    type=Limit(),
    multiple=True,
    callback=as_dictionary,
    help="Exit with 1 if METRIC is above VALUE; may be repeated.",
)
@output_option(
    "--plot",
    metavar="FILE",
    help="Plot the confusion matrix, for two classes with ROC and precision-recall curves; for predicted values, these "
    "against the true ones, and residuals (.png or .svg).",
)
@report_option
@output_option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@quiet_option
def evaluate(
    data: tuple[str, ...],
    model: str | None,
    params: str | None,
    shapes: dict[str, tuple[int | None, ...]],
    minimum: dict[str, float],
    maximum: dict[str, float],
    plot: str | None,
    report: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Evaluates a model on a table. For a classifier it prints loss, accuracy, precision, recall and F1 of each class,
    and the confusion matrix; for other models loss, mse, mae, rmse and r2.

    DATA is one file or several that make up a table: CSV, Parquet, NumPy or IDX, also compressed. For a net
    that takes images it may be a folder with a folder of image files for each class, or a table with a column of file
    names.
    """
    terminal = Terminal(quiet)
    check_pictures(plot, report)
    for file in filter(None, (plot, report)):
        netconv.check_writable(file)
    with terminal.working("evaluating"):
        opened = open_model(model, data, False, terminal.echo, params=params, shapes=shapes, more=(options["labels"],))
        check_not_read((plot, report), data, opened.path, params, options["labels"], *options["vocabulary"].values())
        evaluation = netconv.evaluate(opened, table(data), notify=terminal.echo, **options)
    click.echo(json.dumps(evaluation.facts, ensure_ascii=False) if as_json else evaluation.text)
    sys.stdout.flush()
    if plot:
        evaluation.plot(plot)
    if report:
        command_line = click.get_current_context().meta[COMMAND_LINE]
        evaluation.report(report, commands=[command_line], messages=terminal.lines)
    evaluation.check(minimum, maximum)
