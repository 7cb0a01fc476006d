"""What a person at a terminal sees while a command runs: messages, progress, and what Ctrl-C does. Knows no option."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

import click

from . import streams
from .folding import folded
from .signals import WORDS, Ended

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

SECONDS_UNTIL_SHOWN = 2.0
"""How long a command works before it shows what it does."""
SECONDS_BETWEEN_LINES = 5.0
"""The shortest time between the lines of two epochs where stderr is not a terminal."""


class Terminal:
    """Messages and progress on stderr.

    On a terminal, the last line says what the command is doing; it is redrawn, and erased at the end; messages are
    folded to its width. Elsewhere there are plain lines only, each as long as it is. `quiet` prints nothing at all,
    `show_epochs=False` no progress of training. The messages are kept as `lines`, for a report.
    """

    def __init__(self, quiet: bool = False, show_epochs: bool = True):
        self.quiet, self.show_epochs = quiet, show_epochs and not quiet
        self.lines: list[str] = []
        self.animated = not quiet and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._console: Console | None = None
        self._text, self._began, self._rows = "", 0.0, 0
        self._training: TrainingRate | None = None

    def echo(self, line: str) -> None:
        """Prints a message, above the line that is redrawn."""
        self.lines.append(line)
        stream = self._console.file if self._console else sys.stderr
        self._print(folded(line, columns(stream)) if stream.isatty() else line)

    def _print(self, line: str) -> None:
        if self._console:
            self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
        elif not self.quiet:
            click.echo(line, err=True)

    @contextmanager
    def working(self, text: str, show: bool = True) -> Iterator[None]:
        """Shows on a terminal, while the block runs, that TensorFlow is being started, and after a while `text`."""
        if not (self.animated and show):
            yield
            return
        from rich.live import Live

        self._text, self._began = text, time.monotonic()
        self._console = console = _console()
        live = Live(
            console=console, get_renderable=self._line, transient=True, refresh_per_second=5, redirect_stdout=False,
            redirect_stderr=False,
        )  # fmt: skip
        try:
            with live:
                yield
        finally:
            self._console = self._training = None
            console.file.close()

    def count(self, rows: int) -> None:
        """Adds to the number of rows that are shown."""
        self._rows += rows

    def training(self, at: Any) -> None:
        """Shows a `Progress` of training: a line that stays for each epoch that is finished."""
        if not self.show_epochs:
            return
        self._training = self._training or TrainingRate()
        due = self._training.update(at)
        if at.done == 1 and (self._console or due):
            self._print(finished_epoch(at, _width(self._console) if self._console else None))

    def _line(self) -> Text:
        """The line that is redrawn."""
        from rich.text import Text

        seconds, width = time.monotonic() - self._began, _width(self._console)
        if self._training:
            text = self._training.line(width)
        elif not hasattr(sys.modules.get("keras"), "__version__"):  # the last that it defines when it is imported
            text = "starting TensorFlow"
        else:
            counted = f"{self._rows:,} rows" if self._rows else ""
            parts = [self._text, counted, duration(seconds)] if seconds >= SECONDS_UNTIL_SHOWN else []
            text = "  ".join(filter(None, parts))
        return Text(text, no_wrap=True, overflow="crop")


def _console() -> Console:
    """Standard error as it is now: it is redirected while TensorFlow starts."""
    from rich.console import Console

    return Console(file=streams.messages(os.dup(sys.stderr.fileno())), force_terminal=True)


def _width(console: Console | None) -> int:
    """The columns of the terminal, of which Rich sees none where all streams but this one are redirected."""
    assert console
    console.width = columns(console.file)
    return console.width


def columns(terminal: IO[str]) -> int:
    """The width of a terminal."""
    return os.get_terminal_size(terminal.fileno()).columns or 80


class TrainingRate:
    """How far training is, and how fast it is."""

    def __init__(self) -> None:
        self.at: Any = None
        self.began: tuple[float, int] | None = None
        self.now = self.printed = time.monotonic()

    def update(self, at: Any) -> bool:
        """Whether it is time for a line where stderr is not a terminal."""
        self.at, self.now = at, time.monotonic()
        if self.began is None and at.rows:  # the first rows take as long as TensorFlow's preparations
            self.began = self.now, at.rows
        due = at.done == 1 and self.now - self.printed >= SECONDS_BETWEEN_LINES
        self.printed = self.now if due else self.printed
        return due

    def line(self, width: int) -> str:
        """The running epoch."""
        at = self.at
        first = f"{_epoch(at)}  {at.done:4.0%}"
        parts = [f"loss {at.metrics['loss']:.4f}"] if "loss" in at.metrics else []
        if at.best:
            parts.append(f"best {at.monitor} {at.best[1]:.4f} ({at.best[0]})")
        if self.began and at.rows > self.began[1]:
            rate = (at.rows - self.began[1]) / max(self.now - self.began[0], 1e-3)
            parts += [f"at most {duration(at.left / rate)} left", f"{rate:,.0f} rows/s"]
        return "  ".join([first, *_fitting(parts, parts, width - len(first))])


def finished_epoch(at: Any, width: int | None) -> str:
    """The line of a finished epoch. Where it is too long, what matters least is left out: the monitored metric is kept
    first, then the losses, then other metrics of the validation."""
    parts = {name: f"{name} {value:.4f}" for name, value in at.metrics.items()}
    first, mark = _epoch(at), ["best"] if at.best and at.best[0] == at.epoch else []
    if width is None:
        return "  ".join([first, *parts.values(), *mark])
    order = sorted(parts, key=lambda name: (name != at.monitor, "loss" not in name, not name.startswith("val_")))
    kept = _fitting(list(parts.values()), [parts[name] for name in order], width - len(first) - len("  best"))
    return "  ".join([first, *kept, *mark])


def _epoch(at: Any) -> str:
    return f"epoch {at.epoch:{len(str(at.epochs))}}/{at.epochs}"


def _fitting(parts: list[str], by_importance: Iterable[str], width: int) -> list[str]:
    """Those of the parts that fit into `width`, each after two blanks: the most important ones."""
    kept = set()
    for part in by_importance:
        width -= len(part) + 2
        if width < 0:
            break
        kept.add(part)
    return [part for part in parts if part in kept]


def duration(seconds: float) -> str:
    """Such as 4:05, or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Interruption:
    """Whether training is to stop: true once Ctrl-C was pressed, or the process received another signal to end.

    The epoch then ends, and the weights trained so far are kept. Before training, and the second time, the command
    ends at once.
    """

    def __init__(self) -> None:
        self.training, self.signal = False, 0

    def __call__(self) -> bool:
        return bool(self.signal)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Handles the signals while the block runs."""
        before = {each: handler for each in WORDS if (handler := signal.getsignal(each)) is not signal.SIG_IGN}
        for each in before:
            signal.signal(each, self._receive)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if not self.training or self.signal:
            raise Ended(number)
        self.signal = number
        click.echo("\nstopping; the weights trained so far are kept", err=True)
