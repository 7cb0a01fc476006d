"""Training in a terminal: progress on one line, and Ctrl-C. Knows no option."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click


class ProgressLine:
    """The progress of training on one line of a terminal, called with each `Progress` of the training loop."""

    def __init__(self) -> None:
        self.began: tuple[float, int] | None = None
        self.shown = 0.0

    def __call__(self, at: Any) -> None:
        now = time.monotonic()
        if self.began is None and at.rows:  # the first rows take as long as TensorFlow's preparations
            self.began = now, at.rows
        if now - self.shown < 0.1 and at.done < 1:
            return
        self.shown = now
        parts = [f"epoch {at.epoch}/{at.epochs} {at.done:4.0%}"]
        if self.began and at.rows > self.began[1]:
            rate = (at.rows - self.began[1]) / max(now - self.began[0], 1e-3)
            parts += [f"{rate:,.0f} rows/s", f"at most {duration(at.left / rate)} left"]
        parts += [f"{name} {value:.4f}" for name, value in at.metrics.items()]
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\x1b[K{'  '.join(parts)[:width]}", err=True, nl=False)

    def end(self) -> None:
        click.echo("\r\x1b[K", err=True, nl=False)


def duration(seconds: float) -> str:
    """Such as 4:05, or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Interruption:
    """Whether training is to stop: true once Ctrl-C was pressed, or the process received SIGTERM.

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
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(each, self._receive) for each in signals]
        try:
            yield
        finally:
            for each, handler in zip(signals, before, strict=True):
                signal.signal(each, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if not self.training or self.signal:
            self.signal = number
            raise KeyboardInterrupt
        self.signal = number
        click.echo("\nstopping; the weights trained so far are kept", err=True)
