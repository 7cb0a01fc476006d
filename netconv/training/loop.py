"""The epochs of a training: order of the rows, validation, the best weights, checkpoints. Knows no table.

An epoch follows from the seed, its number and the state that the one before left: a training that goes on from a
checkpoint ends with the weights of one that was never broken off.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import NetconvError
from ..keras_api.lazy import keras
from . import batches, checkpoints
from .batches import TrainingData
from .callbacks import MONITOR, Callbacks
from .checkpoints import Checkpoint
from .distribution import is_chief
from .steps import Steps

VALIDATION_BATCH = 1024
PACE = 0.25
"""Seconds of learning between two looks at the clock, at the figures, and at who may want to stop."""


@dataclass(frozen=True)
class Plan:
    """At most `epochs` epochs of batches of `batch_size` rows. `monitor` is the figure that tells the best epoch, and
    training ends after `patience` epochs (0: never) without a better one; `plateau` is (patience, factor): the learning
    rate is multiplied by the factor after so many epochs without a better one. After each epoch `checkpoint`, a folder,
    gets a checkpoint, and `resume` goes on from it; `tensorboard`, a folder, gets the figures. `told` is what else the
    weights depend on, for the checkpoint.
    """

    epochs: int
    batch_size: int
    seed: int = 0
    monitor: str = MONITOR
    patience: int = 0
    plateau: tuple[int, float] | None = None
    checkpoint: Path | str | None = None
    resume: bool = False
    tensorboard: Path | str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Where training is: epoch `epoch` of at most `epochs`, `done` of it (0 to 1), its figures so far, how many `rows`
    were learnt from since training began, or went on, and how many are `left` at most."""

    epoch: int
    epochs: int
    done: float
    figures: dict[str, float]
    rows: int
    left: int


@dataclass(frozen=True)
class LoopResult:
    """The figures of each epoch, the number of the epoch whose weights the model has, and whether training was stopped
    from outside, in the midst of the last epoch."""

    history: tuple[dict[str, float], ...]
    best: int
    stopped: bool


def fit(
    model,
    training: TrainingData,
    validation: TrainingData | None,
    plan: Plan,
    strategy,
    *,
    notify: Callable[[str], object],
    progress: Callable[[Progress], object],
    stop: Callable[[], bool],
) -> LoopResult:
    """Trains a compiled model, which ends up with the best weights by the monitored figure, or the last ones.

    Once `stop()` is true the running epoch is cut short, and ends as any other but for its checkpoint. Raises
    NetconvError: a loss that is no number, no such figure, a checkpoint of another training.
    """
    import tensorflow as tf

    steps = Steps(model, strategy, plan.epochs * math.ceil(len(training) / plan.batch_size))
    run = _Run(model, training, validation, plan, steps, progress, stop)
    try:
        run.callbacks.begin()
        run.resume(notify)
        run.epochs()
        run.callbacks.end()
    except tf.errors.ResourceExhaustedError:
        raise NetconvError(f"not enough memory for batches of {plan.batch_size}: try a smaller --batch-size") from None
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError):
        if steps.replicas == 1:
            raise
        raise NetconvError(
            "training broke off, as another worker has gone; start all of them again, with --resume if there are "
            "checkpoints"
        ) from None
    best = run.callbacks.best_epoch
    return LoopResult(tuple(run.history), len(run.history) if best is None else best + 1, run.stopped)


class _Run:
    """A training while it runs."""

    def __init__(self, model, training, validation, plan, steps, progress, stop):
        self.model, self.training, self.validation, self.plan, self.steps = model, training, validation, plan, steps
        self.progress, self.stop = progress, stop
        self.variables = [*model.variables, *model.optimizer.variables]
        self.told = json.loads(json.dumps({"seed": plan.seed, "batch size": plan.batch_size, **plan.told}, default=str))
        self.history: list[dict[str, float]] = []
        self.chief = is_chief(steps.strategy)
        self.callbacks = Callbacks(
            model, plan.monitor, plan.patience, plan.plateau, plan.tensorboard if self.chief else None,
            validation is not None,
        )  # fmt: skip
        self.rows, self.many, self.stopped = 0, 4, False

    def resume(self, notify: Callable[[str], object]) -> None:
        if not self.plan.resume:
            return
        found = checkpoints.read(self.plan.checkpoint, self.variables, self.model.weights, self.told)
        epochs = len(found.history) if found else 0
        if self.steps.replicas > 1 and self.steps.total(epochs) != epochs * self.steps.replicas:
            raise NetconvError(f"{self.plan.checkpoint}: the workers do not see the same checkpoint; share the folder")
        if not found:
            notify(f"no checkpoint in {self.plan.checkpoint} yet: training starts")
            return
        notify(f"going on after epoch {epochs}, from {Path(self.plan.checkpoint) / checkpoints.NAME}")
        self.history = [dict(figures) for figures in found.history]
        self.callbacks.resume(self.history, found.best)
        for variable, array in zip(self.variables, found.arrays, strict=True):
            variable.assign(array)

    def epochs(self) -> None:
        while len(self.history) < self.plan.epochs and not self.stopped and not self.callbacks.stop:
            epoch = len(self.history)
            figures = self._epoch(epoch)
            self.history.append({"epoch": epoch + 1, **figures})
            self.callbacks.epoch_end(epoch, figures)
            if self.plan.checkpoint and self.chief and not self.stopped:
                best = self.callbacks.best_weights
                checkpoints.write(
                    self.plan.checkpoint, Checkpoint(_arrays(self.variables), best, self.history, self.told)
                )
            self._tell(1.0, figures)

    def _epoch(self, epoch: int) -> dict[str, float]:
        import numpy as np

        self._tell(0.0, {})
        index = batches.order(self.training, self.plan.seed, epoch)
        ends = batches.bounds(len(index), self.plan.batch_size)
        self.steps.reset()
        done, looked, alone = 0, time.monotonic(), self.steps.replicas == 1
        for placed, steps in self._chunks(self.training, index, ends):
            self.steps.learn(placed, steps)
            done += steps
            self.rows += int(ends[done] - ends[done - steps])
            looked, took = time.monotonic(), time.monotonic() - looked
            self.many = max(1, min(2 * self.many, int(self.many * PACE / max(took, 1e-3))))
            if alone:  # with several workers, a figure is a matter of all of them
                if done < len(ends) - 1:
                    self._tell(done / (len(ends) - 1), self._checked(self.steps.figures()))
                if self.stop():
                    self.stopped = True
                    break
        figures = self._checked(self.steps.figures())
        if not alone:
            self.stopped = self.steps.total(self.stop()) > 0
        if self.validation:
            self.steps.reset()
            ends = batches.bounds(len(self.validation), VALIDATION_BATCH, even=True)
            for placed, steps in self._chunks(self.validation, np.arange(len(self.validation)), ends):
                self.steps.judge(placed, steps)
            figures |= {f"val_{name}": value for name, value in self.steps.figures().items()}
        if self.plan.plateau:
            figures["learning_rate"] = self._rate()
        return figures

    def _rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def _chunks(self, feed: TrainingData, index, ends):
        def made(rows, ends):
            replicas = self.steps.replicas
            chunk_of = lambda replica: batches.share(feed, rows, ends, replica, replicas)  # noqa: E731
            return self.steps.placed(chunk_of), len(ends) - 1

        return batches.chunks(feed, index, ends, lambda: self.many, made)

    def _checked(self, figures: dict[str, float]) -> dict[str, float]:
        if not math.isfinite(figures["loss"]):
            epoch = len(self.history) + 1
            raise NetconvError(
                f"the loss became {figures['loss']} in epoch {epoch}: try a smaller --learning-rate, or --rescale"
            )
        known = [*figures, *(f"val_{name}" for name in figures if self.validation)]
        if self.plan.monitor not in [MONITOR, *known]:
            raise NetconvError(f"there is no figure {self.plan.monitor!r} to monitor; there are {', '.join(known)}")
        return figures

    def _tell(self, done: float, figures: dict[str, float]) -> None:
        epoch = len(self.history) + (done < 1)
        left = round((self.plan.epochs - epoch + 1 - done) * len(self.training))
        self.progress(Progress(epoch, self.plan.epochs, done, figures, self.rows, left))


def _arrays(variables) -> list[Any]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]
