"""The command line: options, pipes, exit codes. Knows click, `netconv`'s public functions, and that messages are for a
shell; nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

import netconv

from ..errors import spelled_for_shell
from .commands import unknown_command


class Commands(click.Group):
    """A group whose commands are imported when asked for, and whose errors are one line and an exit code:
    1 invalid input, 2 wrong usage, 130 interrupted."""

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
        return getattr(import_module(f".{self.MODULES[cmd_name]}", __name__), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.MODULES and not args[0].startswith("-"):
            raise unknown_command(args[0], list(self.MODULES), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with spelled_for_shell():
                result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except netconv.NetconvError as error:
            fail(str(error))
        except BrokenPipeError:
            # The reader has closed the pipe: nothing more is to be written, not at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            ctx.exit(0)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            fail(f"{where}{error.strerror or error}")
        except MemoryError:
            fail("not enough memory")
        except KeyboardInterrupt:
            click.echo(err=True)
            ctx.exit(130)


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


def run() -> NoReturn:
    """The program: `main`, then the end of the process without TensorFlow's own cleanup, which takes half a second."""
    code: str | int | None = 0
    try:
        main(prog_name="netconv")
    except SystemExit as end:
        code = end.code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
