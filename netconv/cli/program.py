"""The group of commands, and how a command ends: exit codes, and errors of one line."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

import netconv

from ..atomic_files import temporary_files
from ..errors import spelled_for_shell
from . import signals
from .commands import unknown_command


class Commands(click.Group):
    """A group whose commands are imported when asked for, and whose errors are one line and an exit code:
    1 invalid input, 2 wrong usage, 130 interrupted, 143 terminated."""

    MODULES = {
        "convert": "convert",
        "inspect": "convert",
        "train": "train",
        "evaluate": "evaluate",
        "predict": "predict",
        "export": "export",
        "verify": "verify",
        "plot": "plot",
        "ops": "ops",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.MODULES:
            return None
        return getattr(import_module(f".{self.MODULES[cmd_name]}", __package__), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.MODULES and not args[0].startswith("-"):
            raise unknown_command(args[0], list(self.MODULES), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with spelled_for_shell(), signals.raising(), temporary_files():
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
        except BrokenPipeError:
            # The reader has closed the pipe: nothing more is to be written, not at exit either.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (Exception, KeyboardInterrupt) as error:
            if number := signals.of(error):
                click.echo(signals.message(number), nl=False, err=True)
                ctx.exit(128 + number)
            if isinstance(error, (netconv.NetconvError, OSError, MemoryError)):
                fail(_line(error))
            raise


def _line(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError):
        return (f"{error.filename}: " if error.filename else "") + (error.strerror or str(error))
    return str(error)


def fail(message: str) -> NoReturn:
    """Prints one line on stderr and exits with 1."""
    click.echo(f"netconv: {' '.join(message.split())}", err=True)
    sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(netconv.__version__, prog_name="netconv")
def main() -> None:
    """Converts neural networks from Mathematica and MXNet to Keras models, trains them on tables, predicts with them,
    and writes them back.

    `-` as a file name means standard input or output. `netconv COMMAND --help` explains a command.
    """
