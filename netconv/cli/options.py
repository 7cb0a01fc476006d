"""Options that several commands have, and what they stand for."""

from __future__ import annotations

import re
import sys
from fractions import Fraction

import click

import netconv

from .quiet import quiet_keras


class Rescale(click.ParamType):
    """SCALE,OFFSET: x becomes x * SCALE + OFFSET; fractions such as 1/255 are numbers."""

    name = "SCALE,OFFSET"
    NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?(e[+-]?\d{1,2})?(/\d{1,20}(\.\d{0,20})?)?", re.IGNORECASE)

    def convert(self, value, param, ctx):
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


class Weights(click.ParamType):
    """balanced, or NAME=WEIGHT,..."""

    name = "balanced|NAME=WEIGHT,..."

    def convert(self, value, param, ctx):
        if value == "balanced":
            return value
        try:
            pairs = [part.rpartition("=") for part in value.split(",")]
            return {name.strip(): float(weight) for name, _, weight in pairs}
        except ValueError:
            self.fail(f"{value!r} is neither 'balanced' nor weights such as yes=2,no=1", param, ctx)


class InputColumns(click.ParamType):
    """NAME=COLS"""

    name = "NAME=COLS"

    def convert(self, value, param, ctx):
        name, _, columns = value.partition("=")
        if not name or not columns:
            self.fail(f"{value!r} is not an input and its columns, such as image=pixel*", param, ctx)
        return name, columns


def _together(_ctx, _param, pairs):
    found = {}
    for name, columns in pairs:
        found[name] = f"{found[name]},{columns}" if name in found else columns
    return found


MODEL = click.option("-m", "--model", metavar="FILE", help="A .keras file or a net.json; else the only one there is.")
DATA = click.argument("data", metavar="DATA...", nargs=-1, required=True)
READING = (
    click.option("-t", "--target", metavar="COLS", multiple=True,
                 help="The columns to be told: names, numbers (from 1; -1 is the last), ranges 2-5, patterns out*."),
    click.option("--columns", metavar="COLS", multiple=True,
                 help="The columns that the net takes. [default: the others]"),
    click.option("--drop", metavar="COLS", multiple=True, help="Columns that the net does not take."),
    click.option("--input", type=InputColumns(), metavar="NAME=COLS", multiple=True, callback=_together,
                 help="The columns of one of several inputs."),
    click.option("--rescale", type=Rescale(), help="Numbers x become x*SCALE+OFFSET, such as 1/255,0."),
    click.option("--standardize", is_flag=True, help="Makes the mean of each column of numbers 0, its deviation 1."),
    click.option("--standardize-target", is_flag=True, help="The same for targets; predictions are in their units."),
    click.option("--header/--no-header", default=None, help="Whether the first row has names. [default: found out]"),
    click.option("--labels", metavar="FILE", help="The labels of a file of images. [default: the one beside it]"),
)  # fmt: skip


def reading(command):
    """The options by which a user says how a table is to be read: the fields of `TableOptions`."""
    for option in reversed(READING):
        command = option(command)
    return command


JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
QUIET = click.option("--quiet", is_flag=True, help="No account on stderr.")


def saying(quiet: bool):
    return lambda line: None if quiet else click.echo(line, err=True)


def source(name: str):
    return sys.stdin.buffer if name == "-" else name


def table(data: tuple[str, ...]):
    """The files of a table."""
    return list(map(source, data))


def opened_model(model, data: tuple[str, ...], training: bool, notify, seed: int = 0, init: str | None = None):
    if model == "-" and "-" in data:
        raise click.UsageError("the model and the data cannot both be standard input")
    if data.count("-") > 1:
        raise click.UsageError("standard input can be read once")
    if model is None:
        model = netconv.find_model(None if "-" in data else data[0], training, notify)
    with quiet_keras():
        return netconv.open_model(sys.stdin.buffer.read() if model == "-" else model, seed, init, training, notify)
