"""What a command does when a signal asks it to end: it removes its temporary files, prints one line, and exits with 128
and the number of the signal. Imports nothing that takes long, as Ctrl-C may come early."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

WORDS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    **({signal.SIGHUP: "terminated, as its terminal was closed"} if sys.platform != "win32" else {}),
}
"""The signals, and what the line says."""
SECONDS_UNTIL_REPEATED = 0.05

_raising, _received = False, 0


class Ended(KeyboardInterrupt):
    """A signal has come; `number` is its number."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def handle() -> None:
    """Handles the signals from now on, except those that the process was started to ignore, as by `nohup`. Until a
    command runs there is nothing to remove, and the process ends at once."""
    for number in WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _receive)
    sys.unraisablehook = _unraisable


def _receive(number: int, _frame: FrameType | None) -> None:
    global _received
    _received = number
    if _raising:
        raise Ended(number)
    with suppress(OSError):
        os.write(2, message(number).encode())
    os._exit(128 + number)


@contextmanager
def raising() -> Iterator[None]:
    """While the block runs, a signal raises Ended, so that what the block has begun is undone."""
    global _raising
    _raising = True
    try:
        yield
    finally:
        _raising = False


def of(error: BaseException) -> int:
    """The number of the signal that caused an error, 0 if none did. A library may raise an error of its own for it."""
    if isinstance(error, KeyboardInterrupt):
        return error.number if isinstance(error, Ended) else signal.SIGINT
    return _received


def message(number: int) -> str:
    """The line for a signal, on a terminal below the `^C` that it shows."""
    return "\n" * os.isatty(2) + f"netconv: {WORDS[signal.Signals(number)]}\n"


def _unraisable(error: Any) -> None:
    """Repeats a signal whose exception was raised where it cannot spread, as in a destructor."""
    if isinstance(error.exc_value, Ended):
        threading.Timer(SECONDS_UNTIL_REPEATED, _repeat, [error.exc_value.number]).start()
    elif not _received:
        sys.__unraisablehook__(error)


def _repeat(number: int) -> None:
    main = threading.main_thread().ident
    if main and hasattr(signal, "pthread_kill"):  # which ends a wait of the main thread, too
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(signal.Signals(number))
