"""The options of a training. Knows neither models nor tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import NetconvError
from ..features.table_options import as_texts

MONITOR = "val_loss"
"""The metric that is monitored unless another is chosen; without validation, none is."""


def _require(name: str, value: object, fits: bool, wanted: str) -> None:
    if not fits:
        raise NetconvError(f"{name} must be {wanted}; received {value!r}")


@dataclass(frozen=True)
class OptimizerOptions:
    """The optimizer and its arguments, in Keras's terms.

    Attributes:
        optimizer: its name, with arguments where needed: `adam`, `sgd(momentum=0.9)`. None is the optimizer that the
            model was compiled with, or Adam.
        learning_rate: None is the optimizer's own.
        schedule: of the learning rate, by name: `cosine`, `exponential(decay_rate=0.9, decay_epochs=1)`. Lengths are in
            steps, by Keras's names, or in epochs: `decay_epochs`, `warmup_epochs`, `first_decay_epochs`, `epochs`.
        clipnorm: the largest norm of each gradient.
        clipvalue: the largest absolute value in a gradient.
        global_clipnorm: the largest norm of all gradients together.
        weight_decay: per step.
    """

    optimizer: str | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        for name in ("learning_rate", "clipnorm", "clipvalue", "global_clipnorm"):
            value = getattr(self, name)
            _require(name, value, value is None or 0 < value < math.inf, "above 0")
        decay = self.weight_decay
        _require("weight_decay", decay, decay is None or 0 <= decay < math.inf, "at least 0")

    @property
    def shared_arguments(self) -> dict[str, float]:
        """The arguments that are given and that every optimizer has."""
        names = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class TrainingOptions(OptimizerOptions):
    """How a model is trained: keyword arguments of `netconv.train`, with those of OptimizerOptions and TableOptions.

    Attributes:
        validation_split: the share of the rows held out for validation, the same share of each class. Unused if there
            is another table to validate on.
        epochs: the largest number of epochs.
        batch_size: rows in a batch, on all devices together. None is 32, or 128 from 10,000 rows on.
        loss: its name, with arguments where needed: `Huber(delta=2.0)`. None is the loss that the model was compiled
            with.
        metrics: their names. None given are those that the model was compiled with, or accuracy for a classifier and
            mean absolute error for other nets.
        class_weight: "balanced", or the weight of each class by name, 1 if not given.
        monitor: the metric that decides which epoch is best.
        early_stopping: training stops after so many epochs without improvement; 0: it does not.
        reduce_on_plateau: (patience, factor): the learning rate is multiplied by the factor after so many epochs
            without improvement.
        freeze: names of layers that are not trained, or patterns such as `conv*`.
        init: the initializer of a net without parameters: xavier, he, uniform, normal, ...
        mixed_precision: "mixed_float16" or "mixed_bfloat16".
        checkpoint: a folder, to which a checkpoint is written after each epoch.
        resume: whether training continues from the checkpoint.
        tensorboard: a folder, to which the metrics are written for TensorBoard.
        seed: for the held-out rows, the order of the rows, dropout and initial weights.

    Raises NetconvError for options that are out of range or exclude each other.
    """

    validation_split: float = 0.2
    epochs: int = 200
    batch_size: int | None = None
    loss: str | None = None
    metrics: Sequence[str] = ()
    class_weight: str | Mapping[str, float] | None = None
    monitor: str = MONITOR
    early_stopping: int = 15
    reduce_on_plateau: tuple[int, float] | None = None
    freeze: Sequence[str] = ()
    init: str | None = None
    mixed_precision: str | None = None
    checkpoint: Path | str | None = None
    resume: bool = False
    tensorboard: Path | str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("metrics", "freeze"):
            object.__setattr__(self, name, as_texts(name, getattr(self, name)))
        _require("epochs", self.epochs, self.epochs >= 1, "at least 1")
        _require("batch_size", self.batch_size, self.batch_size is None or self.batch_size >= 1, "at least 1")
        _require("validation_split", self.validation_split, 0 <= self.validation_split < 1, "from 0 to below 1")
        _require("early_stopping", self.early_stopping, self.early_stopping >= 0, "at least 0")
        if isinstance(self.class_weight, Mapping):
            for name, weight in self.class_weight.items():
                _require(f"the class weight of {name!r}", weight, 0 <= weight < math.inf, "a number from 0 on")
        if self.resume and not self.checkpoint:
            raise NetconvError("--resume needs --checkpoint, which names the folder")
        if self.reduce_on_plateau and self.schedule:
            raise NetconvError("--schedule and --reduce-on-plateau would both set the learning rate: choose one")
