"""How commands show themselves: options under headings, an example, suggestions for a mistyped name."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any

import click

from ..errors import did_you_mean


class Option(click.Option):
    """An option that the help lists under a heading, with its range in words; `show_default` may be a text."""

    def __init__(self, *args: Any, heading: str, **options: Any):
        super().__init__(*args, **options)
        self.heading = heading

    def get_help_extra(self, ctx: click.Context) -> Any:
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default  # click puts it in parentheses
        if "range" in extra:
            extra["range"] = _range_in_words(self.type)
        return extra


def _range_in_words(numbers: Any) -> str:
    """The range of a click.IntRange or click.FloatRange that has a minimum: "at least 1", "from 0 to below 1"."""
    if numbers.max is None:
        return f"{'above' if numbers.min_open else 'at least'} {numbers.min}"
    return f"from {numbers.min} to {'below ' if numbers.max_open else ''}{numbers.max}"


def under(heading: str) -> Callable[..., Callable[[Any], Any]]:
    """What declares options under a heading: `training = under("Training")`, then `@training("--epochs", ...)`."""
    return partial(click.option, cls=Option, heading=heading)


COMMAND_LINE = "netconv.command_line"
"""Of `click.Context.meta`: the command and its arguments as text."""


class Command(click.Command):
    """A command whose help groups the options by heading and ends with an example, a command line."""

    def __init__(self, *args: Any, example: str, **options: Any):
        super().__init__(*args, **options)
        self.example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[COMMAND_LINE] = shlex.join(["netconv", str(ctx.info_name), *args])
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        headings: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record:
                headings.setdefault(getattr(option, "heading", "Help"), []).append(record)
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Example"):
            formatter.write(f"{'':{formatter.current_indent}}{self.example}\n")


FIRST_COMMANDS = {
    ".json": "convert",
    ".wlnet": "convert",
    ".keras": "inspect",
    ".csv": "train",
    ".tsv": "train",
    ".parquet": "train",
    ".npy": "train",
    ".npz": "train",
}
"""Suffix of a file to the command that is probably wanted where a file is given in place of a command."""


def unknown_command(name: str, commands: list[str], ctx: click.Context) -> click.UsageError:
    """The error for a command that there is not, with the one that is probably wanted."""
    if command := FIRST_COMMANDS.get(PurePath(name).suffix):
        hint = f" {name!r} looks like a file; did you mean 'netconv {command} {name}'?"
    elif close := did_you_mean(name, commands):
        hint = f" D{close[1:]}"
    else:
        hint = f" The commands are {', '.join(commands)}."
    return click.UsageError(f"No such command {name!r}.{hint}", ctx)
