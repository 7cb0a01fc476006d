"""`netconv predict`."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any, TextIO

import click

import netconv

from ..tables.compression import ENDINGS as COMPRESSED
from .commands import Command
from .options import (
    check_not_read,
    data_argument,
    data_option,
    model_option,
    open_model,
    output_option,
    params_option,
    quiet_option,
    shape_option,
    table,
    table_options,
)
from .progress import Terminal

TEXTS, JSON_LINES = (".csv", ".txt"), (".jsonl", ".ndjson", ".json")
"""Endings of predictions."""


@click.command(
    cls=Command,
    example="netconv predict patients.csv -m net-trained.keras --keep id -o predictions.csv",
    short_help="Predicts the target for every row of a table.",
)
@data_argument("[DATA...]", required=False)
@model_option
@params_option
@shape_option
@table_options(training=False)
@data_option(
    "--errors",
    type=click.Choice(["stop", "skip", "null"]),
    default="stop",
    show_default=True,
    help="What to do with a bad row (wrong number of cells, text in a numeric column): stop with an error, after "
    "writing the rows before it to stdout (but no file with -o); skip the row; or write an empty prediction (null).",
)
@output_option("--proba", is_flag=True, help="Write the class and the probabilities of all classes.")
@output_option(
    "--top",
    type=click.IntRange(min=1),
    metavar="K",
    help="Write the K most likely classes and their probabilities.",
)
@output_option(
    "--raw", is_flag=True, help="Write the raw outputs (for a classifier: all probabilities) without the class."
)
@output_option("--keep", metavar="COLUMNS", multiple=True, help="Columns of the table to copy to the output.")
@output_option(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    show_default="stdout",
    help="Output file, compressed if it ends with .gz, .bz2, .xz or .zst; it appears only when complete.",
)
@output_option("--json", "as_json", is_flag=True, help="Write JSON lines instead of CSV.")
@quiet_option
def predict(
    data: tuple[str, ...],
    model: str | None,
    params: str | None,
    shapes: dict[str, tuple[int | None, ...]],
    proba: bool,
    top: int | None,
    output: str,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Predicts the target for every row of a table, in order, and writes the class and its probability, or the output
    values if the model is not a classifier.

    DATA is one file or several that make up a table: CSV, Parquet, NumPy or IDX, also compressed; without it the table
    is read from standard input. For a net that takes images it may be image files, or folders of them; the first column
    of the predictions then has their names. Predictions are written as the rows arrive.
    """
    if proba + (top is not None) + options["raw"] > 1:
        raise click.UsageError("--proba, --top and --raw exclude each other")
    _check_output(output, as_json)
    terminal = Terminal(quiet)
    data = data or ("-",)

    def counted(blocks: Iterator[netconv.Block]) -> Iterator[netconv.Block]:
        for block in blocks:
            yield block
            terminal.count(len(block.values))

    with terminal.working("predicting", show=output != "-" or _is_file(sys.stdout)):
        opened = open_model(model, data, False, terminal.echo, params=params, shapes=shapes, more=(options["labels"],))
        if output != "-":
            check_not_read([output], data, opened.path, params, options["labels"], *options["vocabulary"].values())
        predictions = netconv.predict(opened, table(data), notify=terminal.echo, **options)
        predictions = replace(predictions, blocks=counted(predictions.blocks))
        predictions.write(sys.stdout.buffer if output == "-" else output, as_json, proba, top)


def _check_output(output: str, as_json: bool) -> None:
    """Raises click.UsageError if the name of a file ends as that of another kind of file than what is written. A name
    without an ending is one of any kind."""
    name = PurePath(output)
    name = name.with_suffix("") if name.suffix in COMPRESSED else name
    endings = JSON_LINES if as_json else TEXTS
    if name.suffix and name.suffix.lower() not in endings:
        kind = "predictions in JSON are" if as_json else "predictions are"
        raise click.UsageError(f"{output}: {kind} a {' or '.join(endings)} file, which may be compressed (.gz)")


def _is_file(stream: TextIO) -> bool:
    """Whether what is written goes to a file, and neither to the terminal nor to a program that may use it."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:  # it has no descriptor
        return False
