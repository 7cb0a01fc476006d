"""A model trained on a table."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import archive, encoding, finish, table
from .encoding import Needs, silent
from .errors import DataError, NetconvError
from .evaluation import Evaluation, assess
from .figures import figure, finite
from .files import replacing
from .lazy import keras
from .models import (
    TABLE,
    Opened,
    Say,
    as_targets,
    check_trainable,
    class_names,
    full_rows,
    inputs_of,
    known_encoding,
    loss_of,
    needs_of,
    open_model,
    outputs_of,
    structure,
    tell_unseen,
)
from .table import Source, counted

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
    data: Source | Path | str | BinaryIO,
    *,
    target: tuple[str, ...] = (),
    validation_data: Source | Path | str | BinaryIO | None = None,
    validation_split: float = 0.2,
    epochs: int = EPOCHS,
    batch_size: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    class_weight: str | dict[str, float] | None = None,
    early_stopping: int = PATIENCE,
    rescale: tuple[float, float] | None = None,
    header: bool | None = None,
    seed: int = 0,
    say: Say = silent,
    progress: Callable[[Progress], object] = silent,
) -> Trained:
    """Trains a model on a table.

    `model` is what `open_model` takes, `data` a path or a binary stream. `validation_split` is the share of the rows
    held out, the same of each class, unless there is `validation_data`; what stands for missing cells is learnt from
    the other rows only. Training stops after `early_stopping` epochs (0: never) without a smaller validation
    loss, and the best epoch's weights are kept.
    `optimizer`, `learning_rate` and `loss` are Keras's, those of the model if None. `class_weight` is "balanced" or
    weights by class. Sets Keras's random seed to `seed`: the same call gives the same weights. Raises NetconvError.
    """
    import numpy as np

    opened, data = open_model(model, seed), table.source(data)
    check_trainable(opened)
    needs = needs_of(opened, loss or loss_of(opened))
    known = None if target or rescale or loss else known_encoding(opened, needs)
    if known:
        say("columns, categories and classes are those of the table that the model was trained on")
        rows = encoding.read(data, known, header)
    else:
        rows = table.read(data, header)
        known = encoding.fit(rows, needs, target, opened.classes, rescale or (1.0, 0.0), say=say)
    loss = loss or loss_of(opened)
    y = encoding.targets(rows, known)
    full = full_rows(y)
    if len(full) < len(y):
        say(f"{counted(len(y) - len(full), 'row')} without a target left out")
    if not len(full):
        raise DataError("no row has a target", data.name)
    held = np.empty(0, int) if validation_data else held_out(y[full], validation_split, seed)
    inside, outside = np.delete(full, held), full[held]
    if any(feature.fill is None for feature in known.features):
        known = encoding.fills(known, rows, inside)
    unseen: Counter[str] = Counter()
    x = encoding.features(rows, known, unseen)
    if validation_data:
        others = encoding.read(table.source(validation_data), known, header)
        vx, vy = encoding.features(others, known, unseen), encoding.targets(others, known)
        vx, vy = vx[full_rows(vy)], vy[full_rows(vy)]
    else:
        vx, vy = x[outside], y[outside]
    tell_unseen(unseen, say)
    x, y = x[inside], y[inside]
    names = class_names(known.classes, needs.classes)
    _say_rows(say, y, vy, names if needs.classes else ())

    keras.utils.set_random_seed(seed)
    for index, variable in enumerate(opened.model.variables):
        if variable.name == "seed_generator_state":  # of dropout: not what the file happened to hold
            variable.assign([seed, index])
    batch = batch_size or (32 if len(y) < 10_000 else 128)
    steps = math.ceil(len(y) / batch)
    metrics = _compile(opened.model, loss, optimizer, learning_rate, needs, steps)
    history = _fit(
        opened.model,
        _batches(inputs_of(opened.model, x), as_targets(y, needs, loss), batch, seed),
        _batches(inputs_of(opened.model, vx), as_targets(vy, needs, loss), 1024, None) if len(vy) else None,
        epochs, early_stopping, weights_of_classes(class_weight, y, names), steps, progress,
    )  # fmt: skip
    best = 1 + int(np.argmin([figures["val_loss"] for figures in history])) if len(vy) else len(history)
    opened.model.compile(optimizer=opened.model.optimizer, loss=loss, metrics=metrics)
    on_x, on_y = (vx, vy) if len(vy) else (x, y)
    evaluation = assess(outputs_of(opened.model, inputs_of(opened.model, on_x)), on_y, needs, loss, names)
    members = {**opened.members, TABLE: known.dump()}
    return Trained(replace(opened, members=members), history, best, len(y), len(vy), evaluation)


def held_out(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Indices of the rows for validation: of each class the share, but never all of it."""
    import numpy as np

    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in np.unique(y)] if y.ndim == 1 else [np.arange(len(y))]
    counts = [min(round(share * len(group)), len(group) - 1) for group in groups]
    picked = [generator.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def _say_rows(say: Say, y: np.ndarray, vy: np.ndarray, names: tuple[str, ...]) -> None:
    import numpy as np

    counts = np.bincount(np.concatenate([y, vy]), minlength=len(names)) if names else ()
    listed = [f"{name} {count}" for name, count in zip(names, counts, strict=True) if count]
    classes = f"; classes: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}" if listed else ""
    held = f"{len(vy):,} for validation" if len(vy) else "none for validation"
    say(f"rows: {len(y):,} to train on, {held}{classes}")
    if len(listed) == 1:
        say("warning: all rows are of one class")


def weights_of_classes(class_weight, y: np.ndarray, names: tuple[str, ...]) -> dict[int, float] | None:
    import numpy as np

    if class_weight is None:
        return None
    if not names:
        raise NetconvError("class weights are for classes, and this net gives values")
    if class_weight == "balanced":
        counts = np.bincount(y, minlength=len(names))
        present = np.count_nonzero(counts)
        return {k: len(y) / (present * count) if count else 1.0 for k, count in enumerate(counts.tolist())}
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


def _batches(inputs: list[np.ndarray], y: np.ndarray, batch: int, seed: int | None):
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
