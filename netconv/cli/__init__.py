"""The command line: options, pipes, signals, exit codes. Knows click, `netconv`'s public functions, and that messages
are for a shell; nothing else."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from . import signals, streams

if TYPE_CHECKING:
    from .program import main as main


def __getattr__(name: str) -> Any:
    if name == "main":  # click is imported when signals are handled
        from .program import main

        return main
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def run() -> NoReturn:
    """The program: `main`, then the end of the process without TensorFlow's own cleanup, which takes half a second."""
    signals.handle()
    streams.prepare()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of libraries, which are for programmers
    from .program import main

    code: str | int | None = 0
    try:
        main(prog_name="netconv")
    except SystemExit as end:
        code = end.code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
