"""Keras's callbacks, driven by the training loop, and their state when a training is resumed. Knows metrics by name
only, neither rows nor steps."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..keras_api.lazy import keras
from .options import MONITOR


class Callbacks:
    """The callbacks of one training: EarlyStopping, which also keeps the best weights, if there is a value to monitor;
    ReduceLROnPlateau for a `plateau` (patience, factor), which watches the training loss if there is none; and the
    values for TensorBoard, if `tensorboard` is a folder. A `patience` of 0 never stops the training. The best value is
    the largest if `maximize`, otherwise the smallest."""

    def __init__(
        self,
        model,
        monitor: str = MONITOR,
        patience: int = 0,
        plateau: tuple[int, float] | None = None,
        tensorboard: Path | str | None = None,
        validated: bool = True,
        maximize: bool = False,
    ):
        monitored = validated or monitor != MONITOR
        self.model, self.monitor = model, monitor if monitored else "loss"
        self.maximize = maximize
        options: dict[str, Any] = {"monitor": self.monitor, "mode": "max" if maximize else "min"}
        monitors: list[Any] = []
        if plateau:
            monitors.append(keras.callbacks.ReduceLROnPlateau(patience=plateau[0], factor=plateau[1], **options))
        self.stopping = None
        if monitored:
            self.stopping = keras.callbacks.EarlyStopping(
                patience=patience or sys.maxsize, restore_best_weights=True, **options
            )
            monitors.append(self.stopping)
        self._monitors = keras.callbacks.CallbackList(monitors, model=model)
        self._writers = keras.callbacks.CallbackList([_tensorboard(tensorboard)] if tensorboard else [], model=model)

    def begin(self) -> None:
        self.model.stop_training = False
        self._monitors.on_train_begin()
        self._writers.on_train_begin()

    def resume(self, history: Sequence[Mapping[str, float]], best: Sequence[Any]) -> None:
        """Brings the callbacks to the state that they had after the epochs of a history, with the weights of the best
        of them. Changes the learning rate, as it was changed then; the variables of the optimizer are to be restored
        afterwards."""
        for epoch, metrics in enumerate(history):
            self.model.stop_training = False
            self._monitors.on_epoch_end(epoch, self._logs(metrics))
        if self.stopping:
            self.stopping.best_weights = list(best)

    def epoch_end(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """`epoch` counts from 0, as in Keras."""
        self._monitors.on_epoch_end(epoch, self._logs(metrics))
        self._writers.on_epoch_end(epoch, metrics)

    def end(self) -> None:
        """Restores the best weights, if there are any, and closes files."""
        self._monitors.on_train_end()
        self._writers.on_train_end()

    @property
    def stop(self) -> bool:
        return self.model.stop_training

    @property
    def best_epoch(self) -> int | None:
        """Counted from 0; None if no value is monitored."""
        return self.stopping.best_epoch if self.stopping else None

    @property
    def keeps_best_by(self) -> str | None:
        """The metric of which the best epoch is kept; None if the last one is."""
        return self.monitor if self.stopping else None

    @property
    def best_weights(self) -> Sequence[Any]:
        return (self.stopping and self.stopping.best_weights) or ()

    def _logs(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """With a monitored NaN as the worst value: Keras finds nothing better than a NaN of the first epoch."""
        logs = dict(metrics)
        if math.isnan(logs[self.monitor]):
            logs[self.monitor] = -math.inf if self.maximize else math.inf
        return logs


def _tensorboard(folder: Path | str):
    """Writes the metrics of each epoch where Keras's TensorBoard callback writes them: to `train` and `validation`, as
    `epoch_loss` and so on. Keras's own needs the package tensorboard, which TensorFlow does not install."""
    import tensorflow as tf

    writers = {name: tf.summary.create_file_writer(str(Path(folder) / name)) for name in ("train", "validation")}
    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    metadata = tf.compat.v1.SummaryMetadata(plugin_data=plugin)  # as the package's summary.scalar has it

    def write(epoch: int, logs: Mapping[str, float]) -> None:
        for name, value in logs.items():
            writer = writers["validation" if name.startswith("val_") else "train"]
            with writer.as_default(step=epoch):
                tf.summary.write(f"epoch_{name.removeprefix('val_')}", tf.constant(value), metadata=metadata)
        for writer in writers.values():
            writer.flush()

    def close(_logs) -> None:
        for writer in writers.values():
            writer.close()

    return keras.callbacks.LambdaCallback(on_epoch_end=write, on_train_end=close)
