"""The epochs of a training: order of the rows, validation, callbacks, checkpoints. Knows no table.

An epoch depends on the seed, its number and the state after the epoch before: a training that is resumed from a
checkpoint ends with the weights of an uninterrupted one.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError, option, option_name
from ..keras_api.lazy import keras
from . import batches, checkpoints
from .batches import TrainingData
from .callbacks import Callbacks
from .checkpoints import Checkpoint
from .distribution import is_chief, vary_seeds
from .options import MONITOR, TrainingOptions
from .steps import Steps

if TYPE_CHECKING:
    import numpy as np

VALIDATION_BATCH = 1024
SECONDS_PER_GROUP = 0.25
"""How long a group of batches is trained on at most, after which `stop` is asked, and the time between reports of the
progress: the metrics take a millisecond."""


@dataclass(frozen=True)
class Plan:
    """The options of a training, the number of rows in a batch, and whether the largest value of the monitored metric
    is the best. `fingerprint` is what else the weights depend on: a checkpoint is resumed only if it is the same.
    `remedy` says why the loss may become infinite or NaN, and what to do then."""

    options: TrainingOptions
    batch_size: int
    maximize: bool
    fingerprint: Mapping[str, Any]
    remedy: str


@dataclass(frozen=True)
class Progress:
    """How far training is.

    Attributes:
        epoch: the number of the running epoch, from 1.
        epochs: the largest number of epochs.
        done: the fraction of the running epoch that is done, from 0 to 1.
        metrics: the metrics of the running epoch so far, by name.
        rows: how many rows were trained on since training began, or was resumed.
        left: how many rows are left at most.
        monitor: the metric that decides which epoch is best; None if the last one is kept.
        best: the best of the finished epochs, as its number and its value of this metric; None if there is none.
    """

    epoch: int
    epochs: int
    done: float
    metrics: dict[str, float]
    rows: int
    left: int
    monitor: str | None = None
    best: tuple[int, float] | None = None


@dataclass(frozen=True)
class LoopResult:
    """The metrics of each epoch; the number of the epoch whose weights the model has; the metric by which it is the
    best, None if it is the last; whether training was stopped from outside, during the last epoch."""

    history: tuple[dict[str, float], ...]
    best_epoch: int
    monitor: str | None
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
    """Trains a compiled model. Its weights are then the best by the monitored metric, or the last if there is none.

    Once `stop()` is true the running epoch is cut short; it ends as any other, but without a checkpoint. Raises
    NetconvError: the loss is infinite or NaN, there is no such metric, the checkpoint is of another training.
    """
    import tensorflow as tf

    planned = plan.options.epochs * batches.batch_count(len(training), training.lengths, plan.batch_size)
    steps = Steps(model, strategy, planned, training.lengths is not None)
    loop = _Loop(model, training, validation, plan, steps, progress, stop)
    try:
        loop.callbacks.begin()
        if plan.options.resume:
            loop.resume(notify)
        vary_seeds(strategy, loop.variables)
        loop.run()
        loop.callbacks.end()
    except tf.errors.ResourceExhaustedError:
        smaller = f"try a smaller {option_name('batch_size')}"
        raise NetconvError(f"not enough memory for batches of {plan.batch_size}: {smaller}") from None
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError):
        if steps.replicas == 1:
            raise
        raise NetconvError(
            f"training was interrupted, as another worker has ended; start all of them again, with "
            f"{option('resume', True)} if there are checkpoints"
        ) from None
    return LoopResult(tuple(loop.history), loop.best_epoch, loop.callbacks.keeps_best_by, loop.stopped)


class _Loop:
    """A running training."""

    def __init__(
        self,
        model,
        training: TrainingData,
        validation: TrainingData | None,
        plan: Plan,
        steps: Steps,
        progress: Callable[[Progress], object],
        stop: Callable[[], bool],
    ):
        self.model, self.training, self.validation, self.steps = model, training, validation, steps
        self.options, self.batch_size, self.progress, self.stop = plan.options, plan.batch_size, progress, stop
        self.remedy = plan.remedy
        self.variables = [*model.variables, *model.optimizer.variables]
        fingerprint = {"seed": plan.options.seed, "batch size": plan.batch_size, **plan.fingerprint}
        self.fingerprint = json.loads(json.dumps(fingerprint, default=str))
        self.chief = is_chief(steps.strategy)
        self.callbacks = Callbacks(
            model, self.options.monitor, self.options.early_stopping, self.options.reduce_on_plateau,
            self.options.tensorboard if self.chief else None, validation is not None, plan.maximize,
        )  # fmt: skip
        self.history: list[dict[str, float]] = []
        self.rows, self.group_size, self.stopped = 0, 4, False

    @property
    def best_epoch(self) -> int:
        best = self.callbacks.best_epoch
        return len(self.history) if best is None else best + 1

    def resume(self, notify: Callable[[str], object]) -> None:
        """Restores the state of a checkpoint, if there is one."""
        folder = Path(self.options.checkpoint or "")
        found = checkpoints.read(folder, self.variables, self.model.weights, self.fingerprint, self.callbacks.monitor)
        epochs = len(found.history) if found else 0
        if self.steps.replicas > 1 and self.steps.sum_over_replicas(epochs) != epochs * self.steps.replicas:
            raise NetconvError(f"{folder}: the workers do not see the same checkpoint; share the folder")
        if not found:
            notify(f"no checkpoint in {folder} yet: training starts")
            return
        notify(f"continuing after epoch {epochs}, from {folder / checkpoints.NAME}")
        self.history = [dict(metrics) for metrics in found.history]
        self.callbacks.resume(self.history, found.best)
        for variable, array in zip(self.variables, found.arrays, strict=True):
            variable.assign(array)

    def run(self) -> None:
        while len(self.history) < self.options.epochs and not self.stopped and not self.callbacks.stop:
            epoch = len(self.history)
            metrics = self._epoch(epoch)
            self.history.append({"epoch": epoch + 1, **metrics})
            self.callbacks.epoch_end(epoch, metrics)
            if self.options.checkpoint and self.chief and not self.stopped:
                arrays = [keras.ops.convert_to_numpy(variable) for variable in self.variables]
                checkpoint = Checkpoint(arrays, self.callbacks.best_weights, self.history, self.fingerprint)
                checkpoints.write(self.options.checkpoint, checkpoint)
            self._report(1.0, metrics)

    def _epoch(self, epoch: int) -> dict[str, float]:
        self._report(0.0, {})
        metrics = self._train(epoch)
        if self.steps.replicas > 1:
            self.stopped = self.steps.sum_over_replicas(self.stop()) > 0
        if self.validation:
            metrics |= {f"val_{name}": value for name, value in self._validate(self.validation).items()}
        if self.options.reduce_on_plateau:
            metrics["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        return metrics

    def _train(self, epoch: int) -> dict[str, float]:
        order, ends = batches.epoch_batches(self.training, self.batch_size, self.options.seed, epoch)
        self.steps.reset_metrics()
        done, total, clock = 0, len(ends) - 1, time.monotonic()
        reported = clock
        for group, steps in self._groups(self.training, order, ends):
            self.steps.train(group, steps)
            done += steps
            self.rows += int(ends[done] - ends[done - steps])
            clock, seconds = time.monotonic(), time.monotonic() - clock
            fitting = int(steps * SECONDS_PER_GROUP / max(seconds, 1e-3))
            self.group_size = max(1, min(2 * self.group_size, fitting))
            if self.steps.replicas == 1:  # several workers would have to compute the metrics together
                if done < total and clock - reported >= SECONDS_PER_GROUP:
                    reported = clock
                    self._report(done / total, self._checked(self.steps.metrics()))
                if self.stop():
                    self.stopped = True
                    break
        return self._checked(self.steps.metrics())

    def _validate(self, data: TrainingData) -> dict[str, float]:
        self.steps.reset_metrics()
        for group, steps in self._groups(data, *batches.validation_batches(data, VALIDATION_BATCH)):
            self.steps.validate(group, steps)
        return self.steps.metrics()

    def _groups(self, data: TrainingData, order: np.ndarray, ends: np.ndarray) -> Iterator[tuple[tuple, int]]:
        """Groups of batches on the devices, and the number of batches in each."""

        def to_device(rows: np.ndarray, ends: np.ndarray) -> tuple[tuple, int]:
            replicas = self.steps.replicas
            group = self.steps.to_device(lambda replica: batches.replica_share(data, rows, ends, replica, replicas))
            return group, len(ends) - 1

        return batches.batch_groups(data, order, ends, lambda: self.group_size, to_device)

    def _checked(self, metrics: dict[str, float]) -> dict[str, float]:
        if not math.isfinite(metrics["loss"]):
            epoch = len(self.history) + 1
            raise NetconvError(f"the loss became {metrics['loss']} in epoch {epoch}, probably because {self.remedy}")
        names = [*metrics, *(f"val_{name}" for name in metrics if self.validation)]
        if self.options.monitor not in [MONITOR, *names]:
            raise NetconvError(f"there is no metric {self.options.monitor!r} to monitor; there are {', '.join(names)}")
        return metrics

    def _report(self, done: float, metrics: dict[str, float]) -> None:
        epoch = len(self.history) + (done < 1)
        left = round((self.options.epochs - epoch + 1 - done) * len(self.training))
        monitor = self.callbacks.keeps_best_by
        best = (self.best_epoch, self.history[self.best_epoch - 1][monitor]) if monitor and self.history else None
        self.progress(Progress(epoch, self.options.epochs, done, metrics, self.rows, left, monitor, best))
