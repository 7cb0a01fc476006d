"""What a terminal shows while a command runs, and what a log gets."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
import time
from types import SimpleNamespace

import pytest

from netconv.cli import progress
from netconv.cli.progress import Terminal, TrainingRate, finished_epoch


class Screen:
    """A pseudo terminal of some columns in place of stderr."""

    def __init__(self, columns):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stderr = os.fdopen(slave, "w")
        self.read = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                self.read += os.read(self.master, 4096)
            except OSError:  # the other end is closed
                return

    def close(self):
        """All that was written."""
        self.stderr.close()
        self.reader.join(20)
        os.close(self.master)
        return self.read.decode()


@pytest.fixture
def screen(monkeypatch, request):
    columns, term = request.param
    monkeypatch.setenv("TERM", term)
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    if term == "xterm":
        monkeypatch.setenv("NO_COLOR", "1")
    made = Screen(columns)
    monkeypatch.setattr(progress, "SECONDS_UNTIL_SHOWN", 0)
    return made


def at(epoch, done, best=None, **metrics):
    return SimpleNamespace(
        epoch=epoch, done=done, epochs=200, rows=1000 * epoch, left=8000, monitor="val_loss", best=best, metrics=metrics
    )


METRICS = {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.3, "val_accuracy": 0.45}


def train(screen, monkeypatch, **options):
    monkeypatch.setattr(sys, "stderr", screen.stderr)
    terminal = Terminal(**options)
    with terminal.working("reading the table"):
        terminal.echo("a line of text that is longer than forty columns [bold] :smile:")
        terminal.training(at(1, 0.0))
        terminal.training(at(1, 1.0, (1, 0.3), **METRICS))
        terminal.training(at(2, 0.5, (1, 0.3), loss=0.2))
        time.sleep(0.3 if terminal._console else 0)  # it is redrawn five times a second
        terminal.training(at(2, 1.0, (1, 0.3), **METRICS | {"val_loss": 0.4}))
    terminal.echo("the end")


def shown(text):
    """The lines that a terminal shows at the end, and all that were ever on it."""
    lines, row, ever = [""], 0, []
    for part in re.split(r"(\r|\n|\x1b\[[0-9;?]*[A-Za-z])", text):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part and part != "\r" and part[0] != "\x1b":
            lines[row] = part
            ever.append(part)
    return lines, ever


@pytest.mark.parametrize("screen", [(80, "xterm")], indirect=True)
def test_a_terminal_of_80_columns(screen, monkeypatch):
    train(screen, monkeypatch)
    lines, ever = shown(screen.close())
    assert lines == [
        "a line of text that is longer than forty columns [bold] :smile:",
        "epoch   1/200  loss 0.2500  val_loss 0.3000  val_accuracy 0.4500  best",
        "epoch   2/200  loss 0.2500  val_loss 0.4000  val_accuracy 0.4500",
        "the end", "",
    ]  # fmt: skip
    assert any(line.startswith("epoch   2/200   50%  loss 0.2000  best val_loss 0.3000 (1)  at most ") for line in ever)
    assert max(map(len, ever)) <= 80


@pytest.mark.parametrize("screen", [(40, "xterm-256color")], indirect=True)
def test_a_terminal_of_40_columns(screen, monkeypatch):
    train(screen, monkeypatch)
    text = screen.close()
    assert shown(text)[0][:4] == [
        "a line of text that is longer than forty",
        "columns [bold] :smile:",
        "epoch   1/200  val_loss 0.3000  best",
        "epoch   2/200  val_loss 0.4000",
    ]
    assert "epoch   2/200   50%  loss 0.2000" in shown(text)[1] and max(map(len, shown(text)[1][1:])) <= 40
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is shown again


@pytest.mark.parametrize("screen", [(80, "dumb")], indirect=True)
def test_a_terminal_that_cannot_erase(screen, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    train(screen, monkeypatch)
    assert screen.close().splitlines()[1:] == [
        "epoch   1/200  loss 0.2500  accuracy 0.5000  val_loss 0.3000  val_accuracy 0.4500  best",
        "epoch   2/200  loss 0.2500  accuracy 0.5000  val_loss 0.4000  val_accuracy 0.4500",
        "the end",
    ]


@pytest.mark.parametrize("screen", [(80, "xterm")], indirect=True)
def test_what_is_quiet_or_not_to_be_shown(screen, monkeypatch):
    train(screen, monkeypatch, quiet=True)
    with Terminal().working("predicting", show=False):
        pass
    assert screen.close() == ""


@pytest.mark.parametrize("screen", [(80, "xterm")], indirect=True)
def test_work_that_takes_long(screen, monkeypatch):
    monkeypatch.setattr(sys, "stderr", screen.stderr)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(__version__="3"))
    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt), terminal.working("predicting"):
        terminal.count(12_000)
        terminal.count(345)
        time.sleep(0.3)
        raise KeyboardInterrupt
    terminal.echo("after")
    lines, ever = shown(screen.close())
    assert lines == ["after", ""]
    assert "predicting  12,345 rows  0:00" in ever


def test_a_log_has_a_line_every_few_seconds(capsys, monkeypatch):
    times = iter([0.0, 1.0, 4.0, 6.0, 7.0, 13.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    terminal = Terminal()
    for epoch in range(1, 6):
        terminal.training(at(epoch, 1.0, (3, 0.3), **METRICS))
    assert capsys.readouterr().err.splitlines() == [
        "epoch   3/200  loss 0.2500  accuracy 0.5000  val_loss 0.3000  val_accuracy 0.4500  best",
        "epoch   5/200  loss 0.2500  accuracy 0.5000  val_loss 0.3000  val_accuracy 0.4500",
    ]


def test_the_monitored_metric_is_kept_longest():
    metrics = {"loss": 1.0, "a_metric_of_a_long_name": 2.0, "val_loss": 3.0, "val_a_metric_of_a_long_name": 4.0}
    finished = at(7, 1.0, **metrics)
    finished.monitor = "val_a_metric_of_a_long_name"
    assert finished_epoch(finished, 60) == "epoch   7/200  val_a_metric_of_a_long_name 4.0000"
    assert finished_epoch(finished, 76) == "epoch   7/200  val_loss 3.0000  val_a_metric_of_a_long_name 4.0000"
    assert finished_epoch(finished, 20) == "epoch   7/200"


def test_the_time_left(monkeypatch):
    times = iter([1.0, 2.0, 4.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    rate = TrainingRate()
    rate.update(SimpleNamespace(epoch=1, epochs=5, done=0.1, rows=200, left=9800, metrics={"loss": 0.25}, best=None))
    assert rate.line(80) == "epoch 1/5   10%  loss 0.2500"
    rate.update(SimpleNamespace(epoch=1, epochs=5, done=0.6, rows=1200, left=9000, metrics={"loss": 0.25}, best=None))
    assert rate.line(80) == "epoch 1/5   60%  loss 0.2500  at most 0:18 left  500 rows/s"
    assert progress.duration(3723) == "1:02:03"
