"""Commands of netconv that are started, killed and waited for.

Most of the time of a command goes into importing Keras. The commands here are forks of this process, which has imported
it: what a kill hits is reading, training and writing.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras  # noqa: F401 - before the forks

from netconv import cli
from netconv.cli import signals

BLOCKED = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Ended:
    """How a command ended: the exit code, or the number of the signal that killed it below 0; what it printed."""

    code: int
    out: str
    messages: str
    seconds: float


class Command:
    """A running command. `limit` is the most bytes that a file may have."""

    def __init__(self, arguments: Sequence[str], folder: Path, logs: Path, limit: int | None = None):
        self._out, self._messages = (logs / f"{name}-{time.monotonic_ns()}" for name in ("out", "messages"))
        self._began = time.monotonic()
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)  # until the fork handles them
        self.process = os.fork()
        if not self.process:
            self._run(arguments, folder, limit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED)

    def _run(self, arguments: Sequence[str], folder: Path, limit: int | None) -> None:
        try:
            os.chdir(folder)
            for number, name in ((1, self._out), (2, self._messages)):
                os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            sys.argv[1:] = arguments
            signals.handle()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED)
            cli.run()
        finally:
            os._exit(99)

    def kill(self, number: int) -> None:
        os.kill(self.process, number)

    def wait(self) -> Ended:
        _, status = os.waitpid(self.process, 0)
        seconds = time.monotonic() - self._began
        texts = [name.read_text(errors="replace") if name.exists() else "" for name in (self._out, self._messages)]
        for name in (self._out, self._messages):
            name.unlink(missing_ok=True)
        return Ended(os.waitstatus_to_exitcode(status), *texts, seconds)
