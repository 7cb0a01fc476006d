"""A model trained on a table."""

from __future__ import annotations

import csv
import json
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import replacing
from ..errors import NetconvError
from ..features.encoding import ModelSpec
from ..features.notices import Notify, ignore
from ..features.table_options import TableOptions
from ..inference import dataset
from ..inference.dataset import Dataset
from ..inference.evaluation import evaluate_dataset
from ..inference.loading import TABLE, LoadedModel, open_model
from ..inference.model_spec import as_targets, loss_of, spec_of
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from ..keras_files import archive
from ..reports.evaluation_report import Evaluation
from ..tables.number_format import finite
from ..tables.sources import Data
from . import distribution
from .batches import TrainingData
from .freezing import frozen
from .loop import MONITOR, Plan, Progress, fit
from .optimizers import Learning, optimizer_for, renewed

if TYPE_CHECKING:
    import numpy as np

EPOCHS = 200
"""The cap: training mostly stops earlier."""
PATIENCE = 15
"""Epochs without a smaller validation loss after which training stops."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained model, and how it came to be: the `history` has the figures of each epoch, `best` is the number of the
    epoch whose weights it has, `evaluation` is on the rows for validation (on those for training if there are none).

    `classes` counts the rows of each class, `left_out` those that were not used, by reason. `stopped` tells that
    training was stopped from outside; `chief`, that this process is the one that writes files.
    """

    opened: LoadedModel
    history: tuple[dict[str, float], ...]
    best: int
    rows: int
    validation_rows: int
    evaluation: Evaluation
    classes: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    stopped: bool = False
    chief: bool = True

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
                "rows": self.rows, "validation_rows": self.validation_rows, "left_out": self.left_out,
                "epochs": len(self.history), "best_epoch": self.best, "stopped": self.stopped,
                "target": list(known.targets), "classes": list(known.classes), "class_rows": self.classes,
                "metrics": self.evaluation.metrics,
            }
        )  # fmt: skip

    @property
    def text(self) -> str:
        left_out = ", ".join(f"{count:,} {why}" for why, count in self.left_out.items())
        held = f"{self.validation_rows:,} to validate on" if self.validation_rows else "none to validate on"
        lines = [("rows", f"{self.rows:,} to train on, {held}" + (f"; left out: {left_out}" if left_out else ""))]
        if self.classes:
            listed = [f"{name} {count:,}" for name, count in self.classes.items()]
            lines.append(("classes", ", ".join(listed[:20]) + (", ..." if len(listed) > 20 else "")))
        stopped = "; stopped in the last one" if self.stopped else ""
        lines.append(("epochs", f"{len(self.history)}, the best {self.best}{stopped}"))
        lines.append(("validation" if self.validation_rows else "training", self.evaluation.summary))
        return "\n".join(f"{name:11} {what}" for name, what in lines)


def train(
    model,
    data: Data,
    *,
    validation_data: Data | None = None,
    validation_split: float = 0.2,
    epochs: int = EPOCHS,
    batch_size: int | None = None,
    loss: str | None = None,
    metrics: Sequence[str] = (),
    class_weight: str | dict[str, float] | None = None,
    monitor: str = MONITOR,
    early_stopping: int = PATIENCE,
    reduce_on_plateau: tuple[int, float] | None = None,
    freeze: Sequence[str] = (),
    init: str | None = None,
    mixed_precision: str | None = None,
    strategy=None,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    tensorboard: Path | str | None = None,
    seed: int = 0,
    notify: Notify = ignore,
    progress: Callable[[Progress], object] = ignore,
    stop: Callable[[], bool] = bool,
    **options,
) -> TrainingResult:
    """Trains a model on a table.

    `model` is what `open_model` takes, `data` a path or a binary stream; `options` are the fields of `TableOptions`,
    how the table is read, and of `Learning`, how the optimizer learns. `init` is an initialiser for a net without
    parameters.

    `validation_split` is the share of the rows held out, the same of each class, unless there is `validation_data`;
    what stands for missing cells is learnt from the other rows only. `monitor` is the figure that tells the best epoch,
    whose weights are kept; training stops after `early_stopping` epochs (0: never) without a better one.
    `reduce_on_plateau` is (patience, factor): what the learning rate is multiplied by, after so many. `loss` and
    `metrics` are Keras's, those of the model if not given. `class_weight` is "balanced" or weights by class. Layers
    whose names match a pattern of `freeze` do not learn. `mixed_precision` is "mixed_float16" or "mixed_bfloat16".

    `strategy` is what `strategy_for` gives. Each epoch leaves a checkpoint in the folder `checkpoint`, from which
    `resume` goes on, to the weights that a training never broken off has; `tensorboard` is a folder for its figures.
    Training ends early once `stop()` is true. The same call gives the same weights: `seed` is Keras's random seed, too.
    Raises NetconvError, and OSError when a checkpoint cannot be written.
    """
    reading, learning = _divided(options)
    if resume and not checkpoint:
        raise NetconvError("--resume goes with --checkpoint, which names the folder")
    if reduce_on_plateau and learning.schedule:
        raise NetconvError("--schedule and --reduce-on-plateau would both set the learning rate: choose one")
    strategy = strategy or distribution.strategy_for()
    if loss is not None:
        loss = named_objects.loss_for(loss)
    opened, training, validation = dataset.for_training(
        open_model(model, seed, init, training=True, notify=notify), data, reading, loss=loss,
        validation_data=validation_data, validation_split=validation_split, seed=seed, notify=notify,
    )  # fmt: skip
    loss = loss or loss_of(opened)
    needs = spec_of(opened, loss)
    batch_size = batch_size or (32 if len(training) < 10_000 else 128)
    weights = weights_of_classes(class_weight, training)
    steps = math.ceil(len(training) / batch_size)

    keras.utils.set_random_seed(seed)
    optimizer = optimizer_for(learning, getattr(opened.model, "optimizer", None), steps, epochs)
    kept = _metrics(opened.model, metrics, needs)
    with frozen(opened.model, freeze, notify):
        working = distribution.working_copy(opened.model, strategy, mixed_precision)
        own = working is opened.model and not freeze
        with strategy.scope():
            learner = optimizer if own else renewed(optimizer)
            if mixed_precision == "mixed_float16":
                learner = keras.optimizers.LossScaleOptimizer(learner)
            working.compile(learner, loss, metrics=_metrics(None, metrics, needs), jit_compile=False)
        for index, variable in enumerate(working.variables):
            if variable.name == "seed_generator_state":  # of dropout: not what the file happened to hold
                variable.assign([seed, index])
        told = {
            "rows": len(training), "checksum of the targets": zlib.crc32(training.targets[:].tobytes()),
            "rows for validation": len(validation), "loss": named_objects.loss_config(loss),
            "optimizer": type(optimizer).__name__, "optimizer's": _unnamed(optimizer.get_config()),
            "class weights": class_weight, "monitor": monitor, "plateau": reduce_on_plateau,
            "frozen layers": list(freeze), "precision": mixed_precision,
        }  # fmt: skip
        plan = Plan(
            epochs, batch_size, seed, monitor, early_stopping, reduce_on_plateau, checkpoint, resume, tensorboard, told
        )
        encoded = partial(as_targets, spec=needs, loss=loss)
        feed = TrainingData(training.inputs, training.targets, encoded, weights)
        held = TrainingData(validation.inputs, validation.targets, encoded) if validation else None
        done = fit(working, feed, held, plan, strategy, notify=notify, progress=progress, stop=stop)
    if not own:
        opened.model.set_weights(working.get_weights())
        if reduce_on_plateau:
            optimizer.learning_rate = renewed(learner).learning_rate
    opened.model.compile(optimizer, loss, metrics=kept)
    on = validation or training
    evaluation = evaluate_dataset(opened.model, on, needs, loss)
    return TrainingResult(
        replace(opened, members={**opened.members, TABLE: training.encoding.dump()}), done.history, done.best,
        len(training), len(validation), evaluation, _counts(training, validation), training.left_out, done.stopped,
        distribution.is_chief(strategy),
    )  # fmt: skip


def _divided(options: dict[str, Any]) -> tuple[TableOptions, Learning]:
    """Raises TypeError for an option that there is not."""
    learns = {f.name for f in fields(Learning)}
    return (
        TableOptions(**{name: value for name, value in options.items() if name not in learns}),
        Learning(**{name: value for name, value in options.items() if name in learns}),
    )


def _unnamed(config: dict[str, Any]) -> dict[str, Any]:
    """Without the name, which Keras numbers."""
    return {key: value for key, value in config.items() if key != "name"}


def _counts(training: Dataset, validation: Dataset) -> dict[str, int]:
    counts = [sum(both) for both in zip(training.counts, validation.counts, strict=True)]
    return {name: count for name, count in zip(training.names, counts, strict=True) if count}


def weights_of_classes(class_weight, training: Dataset) -> np.ndarray | None:
    """What each class counts, (classes,) of float32; "balanced" lets all count alike. Raises NetconvError."""
    import numpy as np

    if class_weight is None:
        return None
    names, counts = training.names, np.array(training.counts)
    if not names:
        raise NetconvError("class weights are for classes, and this net gives values")
    if class_weight == "balanced":
        present = np.count_nonzero(counts)
        return np.where(counts, len(training) / (present * np.maximum(counts, 1)), 1).astype(np.float32)
    strange = [name for name in class_weight if name not in names]
    if strange:
        raise NetconvError(f"class weight for unknown class {strange[0]!r}; the classes are {', '.join(names)}")
    return np.array([class_weight.get(name, 1.0) for name in names], np.float32)


def _metrics(model, chosen: Sequence[str], needs: ModelSpec) -> list[Any]:
    """The metrics that a user chose, or those that a model was compiled with, or the customary ones; made anew."""
    if chosen:
        return [named_objects.metric_for(name) for name in chosen]
    config = model.get_compile_config() if model is not None and model.compiled else None
    if config and config.get("metrics"):
        return keras.saving.deserialize_keras_object(config["metrics"])
    return ["accuracy"] if needs.classes else ["mean_absolute_error"]
