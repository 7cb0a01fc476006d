"""`netconv train`."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import netconv

from .options import DATA, JSON, MODEL, QUIET, Weights, opened_model, reading, saying, source, table
from .quiet import quiet_keras


class Plateau(click.ParamType):
    """PATIENCE or PATIENCE,FACTOR."""

    name = "PATIENCE[,FACTOR]"

    def convert(self, value, param, ctx):
        patience, _, factor = value.partition(",")
        try:
            found = int(patience), float(factor or 0.1)
            if found[0] < 1 or not 0 < found[1] < 1:
                raise ValueError
            return found
        except ValueError:
            self.fail(f"{value!r} is not a number of epochs and a factor below 1, such as 5,0.1", param, ctx)


class _Line:
    """The progress of training on one line of a terminal."""

    def __init__(self):
        self.began, self.shown = None, 0.0

    def __call__(self, at):
        now = time.monotonic()
        if self.began is None and at.rows:  # the first rows take as long as TensorFlow's preparations
            self.began = now, at.rows
        if now - self.shown < 0.1 and at.done < 1:
            return
        self.shown = now
        parts = [f"epoch {at.epoch}/{at.epochs} {at.done:4.0%}"]
        if self.began and at.rows > self.began[1]:
            rate = (at.rows - self.began[1]) / max(now - self.began[0], 1e-3)
            parts += [f"{rate:,.0f} rows/s", f"at most {_duration(at.left / rate)} left"]
        parts += [f"{name} {value:.4f}" for name, value in at.metrics.items()]
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\x1b[K{'  '.join(parts)[:width]}", err=True, nl=False)

    @staticmethod
    def end():
        click.echo("\r\x1b[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class _Stop:
    """Whether Ctrl-C was pressed, or the process told to end, since training began: it ends the epoch, and what was
    learnt is kept. Before, and the second time, it ends the command at once."""

    def __init__(self):
        self.training, self.signal = False, 0

    def __call__(self) -> bool:
        return bool(self.signal)

    @contextmanager
    def watching(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(each, self._heard) for each in signals]
        try:
            yield
        finally:
            for each, handler in zip(signals, before, strict=True):
                signal.signal(each, handler)

    def _heard(self, number, _frame):
        if not self.training or self.signal:
            self.signal = number
            raise KeyboardInterrupt
        self.signal = number
        click.echo("\nstopping; what was learnt is kept", err=True)


@click.command()
@DATA
@MODEL
@reading
@click.option("-o", "--output", metavar="FILE", help="Where the trained model goes (- for stdout). "
              "[default: <model>-trained.keras]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="The most epochs. [default: 200]")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="[default: 32, or 128 from 10,000 rows on]")
@click.option("--validation-split", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True,
              metavar="SHARE", help="The share of the rows held out to validate on.")  # fmt: skip
@click.option("--validation-data", metavar="FILE", help="Another table to validate on.")
@click.option("--monitor", metavar="FIGURE", help="The figure that tells the best epoch. [default: val_loss]")
@click.option("--early-stopping", type=click.IntRange(min=0), metavar="PATIENCE",
              help="Epochs without a better figure that end training; 0: none do. [default: 15]")  # fmt: skip
@click.option("--optimizer", metavar="NAME[(...)]",
              help="An optimizer of Keras, such as 'sgd(momentum=0.9)'. [default: the model's]")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), metavar="RATE",
              help="[default: the optimizer's]")  # fmt: skip
@click.option("--schedule", metavar="NAME[(...)]", help="The learning rate over time: cosine, exponential, step ..., "
              "such as 'exponential(decay_rate=0.9, decay_epochs=1)'.")  # fmt: skip
@click.option("--reduce-on-plateau", type=Plateau(),
              help="Lowers the learning rate after so many epochs without a better figure.")  # fmt: skip
@click.option("--clipnorm", type=click.FloatRange(min=0, min_open=True), metavar="NORM",
              help="The most that the norm of each gradient may be.")  # fmt: skip
@click.option("--clipvalue", type=click.FloatRange(min=0, min_open=True), metavar="VALUE",
              help="The most that each value of a gradient may be.")  # fmt: skip
@click.option("--global-clipnorm", type=click.FloatRange(min=0, min_open=True), metavar="NORM",
              help="The most that the norm of all gradients may be.")  # fmt: skip
@click.option("--weight-decay", type=click.FloatRange(min=0, min_open=True), metavar="RATE",
              help="How fast weights decay.")  # fmt: skip
@click.option("--loss", metavar="NAME[(...)]", help="A loss of Keras. [default: the model's]")
@click.option("--metric", "metrics", metavar="NAME[(...)]", multiple=True, help="A metric of Keras.")
@click.option("--class-weight", type=Weights(), help="How much each class counts.")
@click.option("--freeze", metavar="PATTERN", multiple=True,
              help="Layers whose names match, such as 'conv*', do not learn.")  # fmt: skip
@click.option("--init", metavar="NAME[(...)]",
              help="Initial weights of a net without parameters: xavier, he, uniform, normal ...")  # fmt: skip
@click.option("--mixed-precision", type=click.Choice(["mixed_float16", "mixed_bfloat16"]),
              help="Computes in 16 bits what may be.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="For the split, the order of the rows, dropout and initial weights.")  # fmt: skip
@click.option("--checkpoint", metavar="FOLDER", help="Keeps there, after each epoch, what --resume needs.")
@click.option("--resume", is_flag=True, help="Goes on from the checkpoint as if training had not been broken off.")
@click.option("--history", metavar="FILE", help="Writes the figures of each epoch (.csv or .jsonl).")
@click.option("--plot", metavar="FILE", help="Draws the learning curves (.png or .svg).")
@click.option("--tensorboard", metavar="FOLDER", help="Writes the figures of each epoch for TensorBoard.")
@click.option("--strategy", type=click.Choice(["mirrored", "multiworker"]),
              help="Trains on every GPU, or on the machines that TF_CONFIG names.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu"]), default="auto", show_default=True,
              help="cpu keeps off the GPUs.")  # fmt: skip
@JSON
@QUIET
def train(data, model, output, history, plot, as_json, quiet, validation_data, seed, init, strategy, device,
          **options):  # fmt: skip
    """Trains a model on the rows of a table, of one file or several, and prints the path of the trained one.

    The weights of the best epoch are kept. What was learnt of the table (columns, categories, classes) goes into
    the .keras file, for `evaluate` and `predict`. Ctrl-C ends training and keeps what was learnt. With --json a line
    tells each epoch, and the last the account.
    """
    if output == "-" and as_json:
        raise click.UsageError("--json and -o - both want stdout")
    if history and not history.endswith((".csv", ".jsonl")):
        raise click.UsageError("--history writes .csv or .jsonl")
    if options["resume"] and not options["checkpoint"]:
        raise click.UsageError("--resume goes with --checkpoint, which names the folder")
    if strategy == "multiworker" and not os.environ.get("TF_CONFIG"):
        raise click.UsageError("--strategy multiworker wants TF_CONFIG in the environment, which names the workers")
    notify = saying(quiet)
    with quiet_keras():
        chosen = netconv.strategy_for(strategy, device)
    opened = opened_model(model, data, True, notify, seed, init)
    target = sys.stdout.buffer if output == "-" else opened.trained_path(output)
    for file in filter(None, (None if output == "-" else target, history, plot)):
        netconv.check_writable(file, opened.size)
    if plot:
        netconv.check_picture(plot)
    for folder in filter(None, (options["checkpoint"], options["tensorboard"])):
        Path(folder).mkdir(parents=True, exist_ok=True)
        netconv.check_writable(Path(folder) / "checkpoint.npz", opened.size)
    given = {name: value for name, value in options.items() if value is not None}
    line = _Line() if sys.stderr.isatty() and not quiet else None
    stop = _Stop()

    def progress(at):
        stop.training = True
        if line:
            line(at)
        if as_json and at.done == 1:
            figures = {name: value if math.isfinite(value) else None for name, value in at.metrics.items()}
            click.echo(json.dumps({"epoch": at.epoch, **figures}))
            sys.stdout.flush()

    with stop.watching():
        try:
            trained = netconv.train(
                opened, table(data), seed=seed, notify=notify, progress=progress, stop=stop, strategy=chosen,
                validation_data=source(validation_data) if validation_data else None, **given,
            )  # fmt: skip
        except KeyboardInterrupt:
            if stop.signal == signal.SIGTERM:
                sys.exit(128 + signal.SIGTERM)
            raise
        finally:
            if line:
                line.end()
    notify(trained.text)
    if not trained.chief:
        notify("the first worker writes the model")
    else:
        trained.save(target)
        if history:
            trained.save_history(history)
        if plot:
            netconv.learning_curves(trained.history, plot, trained.best_epoch if trained.validation_rows else None)
        notify(f"{'model':11} {'standard output' if output == '-' else target}")
        if as_json:
            click.echo(json.dumps({"path": str(target), **trained.facts}))
        elif output != "-":
            click.echo(target)
    sys.stdout.flush()
    sys.exit(
        128 + (stop.signal or signal.SIGINT) if trained.stopped else 0
    )  # another worker may have been told to stop
