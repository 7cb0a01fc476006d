"""The command line: options, pipes, exit codes. Knows click and `netconv`'s public functions, nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

import netconv


class Commands(click.Group):
    """A group whose commands are imported when asked for, and whose errors are one line and an exit code:
    1 the input is at fault, 2 misuse, 130 interrupted."""

    NAMES = {
        "convert": "convert",
        "inspect": "convert",
        "train": "train",
        "evaluate": "evaluate",
        "predict": "predict",
        "plot": "plot",
        "ops": "ops",
    }

    def list_commands(self, ctx):
        return list(self.NAMES)

    def get_command(self, ctx, name):
        if name not in self.NAMES:
            return None
        module = __import__(f"{__name__}.{self.NAMES[name]}", fromlist=[name])
        return getattr(module, name)

    def invoke(self, ctx):
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except netconv.NetconvError as error:
            fail(str(error))
        except BrokenPipeError:
            # Who reads has had enough. Nothing is left to say, and nothing may be said at exit either.
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


def fail(message: str) -> None:
    """Says one line on stderr and exits with 1."""
    click.echo(f"netconv: {' '.join(message.split())}", err=True)
    sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(netconv.__version__, prog_name="netconv")
def main():
    """A net from Mathematica or MXNet as an ordinary, trainable Keras model.

    `-` is standard input or output wherever a file is read or written.
    """


def run():
    """The program: `main`, and the end of the process without TensorFlow's own, which takes half a second."""
    try:
        main(prog_name="netconv")
    except SystemExit as end:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
