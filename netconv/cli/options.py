"""Options that several commands have, and what they stand for."""

from __future__ import annotations

import glob
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import PurePath
from typing import Any, BinaryIO

import click

import netconv

from ..features.option_checks import split_named
from ..reports.figures import FORMATS
from ..reports.page import ENDINGS
from . import completion
from .commands import under
from .completion import TABLES, suffixed
from .quiet import quiet_keras


class Rescale(click.ParamType):
    """SCALE,OFFSET: x becomes x * SCALE + OFFSET; fractions such as 1/255 are numbers."""

    name = "SCALE,OFFSET"
    NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?(e[+-]?\d{1,2})?(/\d{1,20}(\.\d{0,20})?)?", re.IGNORECASE)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        parts = [part.strip() for part in value.split(",")]
        try:
            if len(parts) != 2 or not all(map(self.NUMBER.fullmatch, parts)):
                raise ValueError
            return tuple(float(self._number(part)) for part in parts)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is not two numbers such as 1/255,0", param, ctx)

    @staticmethod
    def _number(text: str) -> Fraction:
        above, _, below = text.partition("/")
        return Fraction(above) / Fraction(below or "1")


class Shape(click.ParamType):
    """NAME=?,3,224,224: the shape of an input in MXNet's axis order, `?` for an unknown size."""

    name = "NAME=?,3,224,224"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int | None, ...]]:
        name, _, sizes = value.rpartition("=")
        if not name:
            self.fail(f"{value!r} does not name the input; write for example data=?,24", param, ctx)
        try:
            shape = tuple(None if n.strip() == "?" else int(n) for n in sizes.strip("()").split(",") if n.strip())
        except ValueError:
            shape = ()
        if not shape or any(n is not None and n < 1 for n in shape):
            self.fail(f"{value!r} is not a shape such as data=?,3,224,224", param, ctx)
        return name, shape


class ColumnCoding(click.ParamType):
    """COLUMNS=onehot, COLUMNS=codes or COLUMNS=numbers."""

    name = "COLUMNS=onehot|codes|numbers"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        columns, _, coding = value.rpartition("=")
        if not columns or coding not in ("onehot", "codes", "numbers"):
            self.fail(f"{value!r} is not columns and onehot, codes or numbers, such as color=onehot", param, ctx)
        return columns, coding


class VocabularyFile(click.ParamType):
    """[COLUMN=]FILE; a `=` in the name of an existing file is part of it."""

    name = "[COLUMN=]FILE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        column, _, file = value.partition("=")
        if not value or value.endswith("="):
            self.fail(f"{value!r} does not name a file, such as words.txt or text=words.txt", param, ctx)
        return ("", value) if not file or os.path.exists(value) else (column, file)


class InputColumns(click.ParamType):
    """NAME=COLUMNS, such as image=pixel*."""

    name = "NAME=COLUMNS"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, _, columns = value.partition("=")
        if not name or not columns:
            self.fail(f"{value!r} is not an input and its columns, such as image=pixel*", param, ctx)
        return name, columns


def _by_name(_ctx: click.Context, _param: click.Parameter, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The columns of each input or output; those of a repeated option follow each other."""
    named: dict[str, str] = {}
    for name, columns in pairs:
        named[name] = f"{named[name]},{columns}" if name in named else columns
    return named


def by_output(values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The outputs and what is chosen for them, NAME=VALUE; none if the values are for all outputs. A `=` within
    parentheses is part of the value. Raises click.BadParameter for both at once."""
    named = tuple((name, chosen) for name, chosen in map(split_named, values) if name)
    if named and len(named) < len(values):
        raise click.BadParameter("some values name an output (NAME=VALUE) and others do not")
    return named


def _targets(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | dict[str, str]:
    """The target columns, of each output by its name where the values name outputs."""
    named = by_output(values)
    return _by_name(ctx, param, named) if named else values


model_group, data_option, output_option = map(under, ("Model", "Data", "Output"))


def as_dictionary(
    _ctx: click.Context | None, _param: click.Parameter | None, pairs: tuple[tuple[str, Any], ...]
) -> dict[str, Any]:
    """The pairs of a repeated option. Raises click.BadParameter for a name that is given twice."""
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise click.BadParameter(f"{name!r} is given twice")
        given[name] = value
    return given


def net_options(group: Callable[..., Callable[[Any], Any]]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The options that say what is not in a net: its parameter file and the shapes of its inputs."""
    params = group(
        "-p",
        "--params",
        metavar="FILE",
        show_default="beside the net",
        shell_complete=suffixed(".params"),
        help="Parameter file (net.params).",
    )
    shapes = group(
        "--input-shape",
        "shapes",
        type=Shape(),
        multiple=True,
        callback=as_dictionary,
        show_default="inferred",
        help="Shape of the input NAME in MXNet's axis order, batch axis first, ? for an unknown size; once per input.",
    )
    return params, shapes


def _tables(_ctx: click.Context, _param: click.Parameter, files: tuple[str, ...]) -> tuple[str, ...]:
    """Raises click.BadParameter for a net or a model in place of a table."""
    for file in files:
        if PurePath(file).suffix in (".json", ".wlnet", ".keras"):
            raise click.BadParameter(f"{file!r} is not a table; a net or a model is given with -m")
    return files


def data_argument(metavar: str, required: bool) -> Callable[[Any], Any]:
    """The files of a table."""
    return click.argument(
        "data", metavar=metavar, nargs=-1, required=required, callback=_tables, shell_complete=suffixed(*TABLES)
    )


class Positive(click.FloatRange):
    """A number above 0, neither infinite nor NaN."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not number < math.inf:
            self.fail(f"{value!r} is not a number above 0", param, ctx)
        return number


POSITIVE = Positive()
model_option = model_group(
    "-m",
    "--model",
    metavar="FILE",
    shell_complete=suffixed(".keras", ".wlnet", ".json"),
    show_default="the only one in the folder of the data or in the current folder; a net, net.keras and "
    "net-trained.keras count as one, of which train takes net.keras, and evaluate and predict take net-trained.keras",
    help="Keras model (.keras) or net (net.wlnet, net.json); - is a Keras model or a net.wlnet on stdin.",
)
params_option, shape_option = net_options(model_group)
errors_option = data_option(
    "--errors",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="For a bad row (wrong number of cells, text in a numeric column): stop with its error, or skip the row.",
)
HISTORIES = (".csv", ".jsonl")
"""Endings of histories."""
report_option = output_option(
    "--report",
    metavar="FILE",
    shell_complete=suffixed(*ENDINGS),
    help="Write a page on the data, the model and the results, with plots (.html).",
)
quiet_option = output_option("--quiet", is_flag=True, help="Print no messages on stderr.")


def table_options(training: bool) -> Callable[[Any], Any]:
    """The options for reading a table: the fields of `netconv.TableOptions`."""
    untrained = "" if training else " Not for a model that `netconv train` saved."
    options = [
        data_option(
            "-t",
            "--target",
            metavar="[NAME=]COLUMNS",
            multiple=True,
            shell_complete=completion.columns,
            callback=_targets,
            show_default="inferred",
            help="Columns that hold the target; not used as features. Names, numbers (from 1; -1 is the last), ranges "
            "(2-5) or patterns (out*), separated by commas. For a model with several outputs once for each, NAME.",
        ),
        data_option(
            "--columns",
            metavar="COLUMNS",
            multiple=True,
            shell_complete=completion.columns,
            show_default="all but the target",
            help=f"Feature columns, in the order of the model's input.{untrained}",
        ),
        data_option(
            "--drop",
            metavar="COLUMNS",
            multiple=True,
            shell_complete=completion.columns,
            help="Columns that are not features.",
        ),
        data_option(
            "--input",
            type=InputColumns(),
            multiple=True,
            callback=_by_name,
            help="Columns that go to the model input NAME, for a model with several inputs (`netconv inspect` lists "
            f"them); may be repeated.{untrained}",
        ),
        # Only training computes categories and means. Hidden elsewhere, and not absent: an error says what to do.
        data_option(
            "--encode",
            type=ColumnCoding(),
            multiple=True,
            callback=as_dictionary,
            hidden=not training,
            show_default="numbers where all cells are, otherwise onehot, or codes if the model's width needs them",
            help="How COLUMNS become numbers: onehot, a 0 or 1 for each distinct cell; codes, the index of the cell "
            "among the sorted distinct cells; numbers, with any other text a missing cell. May be repeated.",
        ),
        data_option(
            "--vocabulary",
            type=VocabularyFile(),
            multiple=True,
            callback=as_dictionary,
            show_default="that of the text encoder of a .wlnet file"
            + (", otherwise the words of the training rows if the net is untrained" if training else ""),
            help="File with the tokens that are ids of an Embedding, one on each line in the order of the ids, for the "
            f"texts of COLUMN.{untrained}",
        ),
        data_option(
            "--rescale",
            type=Rescale(),
            help="Replace each numeric feature value x by x * SCALE + OFFSET, e.g. 1/255,0 for pixels of a table; "
            "text columns are not scaled. Pixels of image files are rescaled to 0 to 1, or as the image encoder of a "
            ".wlnet file does; 1,0 leaves them 0 to 255.",
        ),
        data_option(
            "--resize",
            type=click.Choice(["stretch", "fit", "fill"]),
            show_default="that of the image encoder of a .wlnet file, otherwise stretch",
            help="How images get the size that the model takes: change their proportions (stretch), pad them with "
            f"black (fit), or crop them at the center (fill).{untrained}",
        ),
        data_option(
            "--standardize/--no-standardize",
            default=None,
            show_default="for an untrained net whose features differ much in size",
            hidden=not training,
            help="Scale each numeric feature column to mean 0 and standard deviation 1.",
        ),
        data_option(
            "--standardize-target/--no-standardize-target",
            default=None,
            show_default="for an untrained net whose target is far from unit size",
            hidden=not training,
            help="Scale numeric target columns to mean 0 and standard deviation 1 while training; the trained model "
            "predicts in the units of the table.",
        ),
        data_option(
            "--header/--no-header",
            default=None,
            show_default="inferred",
            help="The first row is / is not a header with column names.",
        ),
        data_option(
            "--delimiter",
            metavar="CHARACTER",
            show_default="inferred",
            help="Character between the cells of delimited text; ' ' for any number of blanks.",
        ),
        data_option(
            "--encoding",
            metavar="NAME",
            show_default="UTF-8, else Windows-1252",
            help="Encoding of delimited text, e.g. utf-16, latin-1 or gbk.",
        ),
        data_option(
            "--skip-lines",
            type=click.IntRange(min=0),
            metavar="N",
            show_default="inferred",
            help="Number of lines before the table in delimited text.",
        ),
        data_option(
            "--labels",
            metavar="FILE",
            show_default="the file beside the images",
            help="File of labels for a file of images (IDX or .npy).",
        ),
    ]

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def check_ending(file: str | None, endings: tuple[str, ...], what: str, stdout: bool = False) -> None:
    """Raises click.UsageError if the name of a file to write does not end as it must, or is `-`, unless it may be
    written to `stdout`."""
    if file == "-" and not stdout:
        raise click.UsageError(f"{what} is written to a file, whose ending names its format")
    if file and file != "-" and not file.lower().endswith(endings):
        listed = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise click.UsageError(f"{file}: {what} is a {listed} file")


def check_not_read(written: Iterable[Any], data: tuple[str, ...], *more: Any) -> None:
    """Raises click.UsageError if a file to write is one that the command reads: one of the data, or of `more`, each
    None if there is not one."""
    read = [name for pattern in data for name in glob.glob(pattern, recursive=True) or [pattern]]
    read = [file for file in (*read, *more) if file and os.path.exists(file)]
    for file in written:
        if file and os.path.exists(file) and any(os.path.samefile(file, each) for each in read):
            raise click.UsageError(f"{file}: the command reads this file, and would write over it; choose another name")


def check_pictures(plot: str | None, report: str | None) -> None:
    """Raises click.UsageError or NetconvError, before any work, if a plot or a report could not be drawn after it."""
    check_ending(plot, FORMATS, "a plot")
    check_ending(report, ENDINGS, "a report")
    if plot:
        netconv.check_picture(plot)
    if report:
        netconv.check_report(report)


def source(name: str) -> str | BinaryIO:
    """The file, or standard input for -."""
    return sys.stdin.buffer if name == "-" else name


def table(data: tuple[str, ...]) -> tuple[str | BinaryIO, ...]:
    """The files of a table."""
    return tuple(map(source, data))


def open_model(
    model: str | None,
    data: tuple[str, ...],
    training: bool,
    notify: Callable[[str], None],
    seed: int = 0,
    init: str | None = None,
    params: str | None = None,
    shapes: dict[str, tuple[int | None, ...]] | None = None,
    more: tuple[str | None, ...] = (),
) -> Any:
    """The model that `-m` names, or the only one beside the data. The files of the data, and `more` files that belong
    to them, are checked first."""
    if model == "-" and "-" in data:
        raise click.UsageError("the model and the data cannot both be standard input")
    if data.count("-") > 1:
        raise click.UsageError("standard input can be read once")
    netconv.check_table(table((*data, *(file for file in more if file and file != "-"))))
    file: Any = sys.stdin.buffer.read() if model == "-" else model
    if file is None:
        file = netconv.find_model(None if "-" in data else data[0], training, notify)
    with quiet_keras():
        return netconv.open_model(file, seed, init, training, notify, params=params, input_shapes=shapes)
