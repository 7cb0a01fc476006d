"""A model trained on a table."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import archive, dataset, finish
from .dataset import Data, Dataset, Reading
from .encoding import Needs, silent
from .errors import NetconvError
from .evaluation import Evaluation, assess
from .figures import figure, finite
from .files import replacing
from .lazy import keras
from .models import (
    TABLE,
    Opened,
    Say,
    as_targets,
    loss_of,
    needs_of,
    open_model,
    outputs_of,
    structure,
)
from .table import counted

if TYPE_CHECKING:
    import numpy as np

EPOCHS = 200
"""The cap: training mostly stops earlier."""
PATIENCE = 15
"""Epochs without a smaller validation loss after which training stops."""


@dataclass(frozen=True)
class Trained:
    """A trained model, and how it came to be: the `history` has the figures of each epoch, `best` is the number of the
    epoch whose weights it has, `evaluation` is on the rows for validation (on those for training if there are none)."""

    opened: Opened
    history: tuple[dict[str, float], ...]
    best: int
    rows: int
    validation_rows: int
    evaluation: Evaluation

    def save(self, target: Path | str | Any) -> None:
        """Writes the model as `.keras` to a path or a binary stream. Raises OSError."""
        archive.save(self.opened.model, target, self.opened.members)

    def save_history(self, target: Path | str) -> None:
        """Writes the figures of each epoch as JSON lines (`.jsonl`) or CSV. Raises OSError."""
        with replacing(target) as name, name.open("w", newline="", encoding="utf-8") as stream:
            if Path(target).suffix == ".jsonl":
                stream.writelines(json.dumps(finite(figures)) + "\n" for figures in self.history)
            else:
                writer = csv.DictWriter(stream, list(self.history[0]))
                writer.writeheader()
                writer.writerows(self.history)

    @property
    def facts(self) -> dict[str, Any]:
        known = self.opened.encoding
        return finite(
            {
                "rows": self.rows, "validation_rows": self.validation_rows, "epochs": len(self.history),
                "best_epoch": self.best, "target": list(known.targets), "classes": list(known.classes),
                "metrics": self.evaluation.metrics,
            }
        )  # fmt: skip

    @property
    def text(self) -> str:
        figures = ", ".join(f"{name} {figure(value)}" for name, value in self.evaluation.metrics.items())
        kind = f"validation ({counted(self.validation_rows, 'row')})" if self.validation_rows else "training rows"
        return f"{counted(len(self.history), 'epoch')}, the best {self.best}; {kind}: {figures}"


@dataclass(frozen=True)
class Progress:
    """Where training is: epoch `epoch` of at most `epochs`, `done` of it (0 to 1), and its figures so far."""

    epoch: int
    epochs: int
    done: float
    figures: dict[str, float]


def train(
    model,
    data: Data,
    *,
    validation_data: Data | None = None,
    validation_split: float = 0.2,
    epochs: int = EPOCHS,
    batch_size: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    class_weight: str | dict[str, float] | None = None,
    early_stopping: int = PATIENCE,
    seed: int = 0,
    say: Say = silent,
    progress: Callable[[Progress], object] = silent,
    **reading,
) -> Trained:
    """Trains a model on a table.

    `model` is what `open_model` takes, `data` a path or a binary stream, `reading` the fields of `Reading`.
    `validation_split` is the share of the rows
    held out, the same of each class, unless there is `validation_data`; what stands for missing cells is learnt from
    the other rows only. Training stops after `early_stopping` epochs (0: never) without a smaller validation
    loss, and the best epoch's weights are kept.
    `optimizer`, `learning_rate` and `loss` are Keras's, those of the model if None. `class_weight` is "balanced" or
    weights by class. Sets Keras's random seed to `seed`: the same call gives the same weights. Raises NetconvError.
    """
    import numpy as np

    opened, training, validation = dataset.for_training(
        open_model(model, seed, training=True), data, Reading(**reading), loss=loss, validation_data=validation_data,
        validation_split=validation_split, seed=seed, say=say,
    )  # fmt: skip
    loss = loss or loss_of(opened)
    needs = needs_of(opened, loss)
    _say_rows(say, training, validation)

    keras.utils.set_random_seed(seed)
    for index, variable in enumerate(opened.model.variables):
        if variable.name == "seed_generator_state":  # of dropout: not what the file happened to hold
            variable.assign([seed, index])
    batch = batch_size or (32 if len(training) < 10_000 else 128)
    steps = math.ceil(len(training) / batch)
    metrics = _compile(opened.model, loss, optimizer, learning_rate, needs, steps)
    history = _fit(
        opened.model,
        _batches(training.inputs, as_targets(training.targets, needs, loss), batch, seed),
        _batches(validation.inputs, as_targets(validation.targets, needs, loss), 1024, None) if validation else None,
        epochs, early_stopping, weights_of_classes(class_weight, training), steps, progress,
    )  # fmt: skip
    best = 1 + int(np.argmin([figures["val_loss"] for figures in history])) if validation else len(history)
    opened.model.compile(optimizer=opened.model.optimizer, loss=loss, metrics=metrics)
    on = validation or training
    evaluation = assess(outputs_of(opened.model, on.inputs), on.targets, needs, loss, on.names)
    members = {**opened.members, TABLE: training.encoding.dump()}
    return Trained(replace(opened, members=members), history, best, len(training), len(validation), evaluation)


def _say_rows(say: Say, training: Dataset, validation: Dataset) -> None:
    counts = [sum(both) for both in zip(training.counts, validation.counts, strict=True)]
    listed = [f"{name} {count}" for name, count in zip(training.names, counts, strict=True) if count]
    classes = f"; classes: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}" if listed else ""
    held = f"{len(validation):,} for validation" if validation else "none for validation"
    say(f"rows: {len(training):,} to train on, {held}{classes}")
    if len(listed) == 1:
        say("warning: all rows are of one class")


def weights_of_classes(class_weight, training: Dataset) -> dict[int, float] | None:
    if class_weight is None:
        return None
    names = training.names
    if not names:
        raise NetconvError("class weights are for classes, and this net gives values")
    if class_weight == "balanced":
        present = sum(map(bool, training.counts))
        return {k: len(training) / (present * count) if count else 1.0 for k, count in enumerate(training.counts)}
    strange = [name for name in class_weight if name not in names]
    if strange:
        raise NetconvError(f"class weight for unknown class {strange[0]!r}; the classes are {', '.join(names)}")
    return {k: float(class_weight.get(name, 1.0)) for k, name in enumerate(names)}


def _compile(model, loss, optimizer, learning_rate, needs: Needs, steps: int):
    """Compiles a model for training; returns the metrics it is to be saved with."""
    metrics = ["accuracy"] if needs.classes else ["mean_absolute_error"]
    config = model.get_compile_config() if model.compiled else None
    kept = keras.saving.deserialize_keras_object(config["metrics"]) if config and config.get("metrics") else metrics
    chosen = finish.optimizer_for(optimizer or getattr(model, "optimizer", None) or "adam", learning_rate)
    # XLA made the first epochs of small nets several times slower, and later ones no faster
    model.compile(optimizer=chosen, loss=loss, metrics=metrics, jit_compile=False, steps_per_execution=min(32, steps))
    return kept


def _batches(inputs: tuple[np.ndarray, ...], y: np.ndarray, batch: int, seed: int | None):
    """A tf.data pipeline: an epoch of a small table takes a fifth of the time it takes from arrays."""
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((structure(inputs), y))
    if seed is not None:
        data = data.shuffle(len(y), seed=seed, reshuffle_each_iteration=True)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    return data.batch(batch).prefetch(2).with_options(options)


def _fit(model, batches, validation, epochs, patience, weights, steps, progress) -> tuple[dict[str, float], ...]:
    figures: list[dict[str, float]] = []

    def batch_end(batch, logs):
        progress(Progress(len(figures) + 1, epochs, min(1.0, (batch + 1) / steps), logs or {}))

    def epoch_end(epoch, logs):
        if not math.isfinite(logs["loss"]):
            raise NetconvError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}: try a smaller --learning-rate, or --rescale"
            )
        figures.append({"epoch": epoch + 1, **logs})
        progress(Progress(epoch + 1, epochs, 1.0, logs))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=batch_end, on_epoch_end=epoch_end)]
    if validation is not None:
        stop = keras.callbacks.EarlyStopping("val_loss", patience=patience or epochs, restore_best_weights=True)
        callbacks.append(stop)
    model.fit(
        batches, epochs=epochs, validation_data=validation, class_weight=weights, callbacks=callbacks, verbose=0,
        shuffle=False,
    )  # fmt: skip
    return tuple(figures)
