"""The options of a training. Knows neither models nor tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import NetconvError, option, option_name
from ..features.option_checks import as_texts, is_integer, is_number, is_path, require, require_seed

MONITOR = "val_loss"
"""The metric that is monitored unless another is chosen; without validation, none is."""


PRECISIONS = (None, "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class OptimizerOptions:
    """The optimizer and its arguments, in Keras's terms.

    Attributes:
        optimizer: its name, with arguments where needed: `adam`, `sgd(momentum=0.9)`; or an optimizer of Keras. None is
            the optimizer that the model was compiled with, or Adam.
        learning_rate: None is the optimizer's own.
        schedule: of the learning rate, by name: `cosine`, `exponential(decay_rate=0.9, decay_epochs=1)`. Lengths are in
            steps, by Keras's names, or in epochs: `decay_epochs`, `warmup_epochs`, `first_decay_epochs`, `epochs`.
        clipnorm: the largest norm of each gradient.
        clipvalue: the largest absolute value in a gradient.
        global_clipnorm: the largest norm of all gradients together.
        weight_decay: per step.
    """

    optimizer: Any = None
    learning_rate: float | None = None
    schedule: str | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        for name in ("learning_rate", "clipnorm", "clipvalue", "global_clipnorm"):
            value = getattr(self, name)
            require(name, value, value is None or (is_number(value) and 0 < value < math.inf), "a number above 0")
        decay = self.weight_decay
        fits = decay is None or (is_number(decay) and 0 <= decay < math.inf)
        require("weight_decay", decay, fits, "a number of at least 0")
        known = self.optimizer is None or isinstance(self.optimizer, str) or hasattr(self.optimizer, "apply_gradients")
        require("optimizer", self.optimizer, known, "an optimizer of Keras or its name")
        text = self.schedule is None or isinstance(self.schedule, str)
        require("schedule", self.schedule, text, "the name of a schedule of Keras")

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
        loss: its name, with arguments where needed: `Huber(delta=2.0)`; or a loss of Keras; for a model with several
            outputs also a dictionary, by the output's name. None is the loss that the model was compiled with.
        loss_weights: the weight of the loss of each output in the whole loss, by the output's name, 1 if not given.
        metrics: their names. None given are those that the model was compiled with, or accuracy for a classifier and
            mean absolute error for other nets. A model with several outputs has each for those that it fits, or for
            one: `kind=AUC`.
        class_weight: "balanced", which gives every class the same total weight, or the weight of each class by name, 1
            if not given. For a model with several outputs "balanced" is for all that predict classes; otherwise either
            of each by the output's name.
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
    loss: Any = None
    loss_weights: Mapping[str, float] | None = None
    metrics: Sequence[str] = ()
    class_weight: str | Mapping[str, Any] | None = None
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
        require("epochs", self.epochs, is_integer(self.epochs, 1), "an integer of at least 1")
        rows = self.batch_size is None or is_integer(self.batch_size, 1)
        require("batch_size", self.batch_size, rows, "an integer of at least 1")
        share = is_number(self.validation_split) and 0 <= self.validation_split < 1
        require("validation_split", self.validation_split, share, "a number from 0 to below 1")
        require("early_stopping", self.early_stopping, is_integer(self.early_stopping), "an integer of at least 0")
        require_seed(self.seed)
        require("monitor", self.monitor, isinstance(self.monitor, str), "the name of a metric")
        losses = self.loss.values() if isinstance(self.loss, Mapping) else [self.loss]
        known = all(loss is None or isinstance(loss, str) or callable(loss) for loss in losses)
        require("loss", self.loss, known, "a loss of Keras or its name")
        by_output = self.loss_weights
        fits = by_output is None or (isinstance(by_output, Mapping) and all(map(_is_weight, by_output.values())))
        example = "a dictionary of numbers from 0 on, such as {'kind': 1, 'price': 0.5}"
        require("loss_weights", by_output, fits, example)
        require("loss_weights", by_output, not by_output or any(by_output.values()), "above 0 for at least one output")
        text = self.init is None or isinstance(self.init, str)
        require("init", self.init, text, "the name of an initializer of MXNet")
        for name in ("checkpoint", "tensorboard"):
            value = getattr(self, name)
            require(name, value, value is None or is_path(value), "the path of a folder")
        require("resume", self.resume, self.resume in (False, True), "True or False")
        if self.class_weight is not None:
            object.__setattr__(self, "class_weight", _class_weights(self.class_weight))
        fits = self.reduce_on_plateau is None or _is_plateau(self.reduce_on_plateau)
        require("reduce_on_plateau", self.reduce_on_plateau, fits, "a number of epochs and a factor, such as (5, 0.1)")
        require(
            "mixed_precision", self.mixed_precision, self.mixed_precision in PRECISIONS,
            "'mixed_float16' or 'mixed_bfloat16'",
        )  # fmt: skip
        if self.resume and not self.checkpoint:
            raise NetconvError(f"{option('resume', True)} needs {option('checkpoint')}, which names the folder")
        if self.reduce_on_plateau and self.schedule:
            both = f"{option('schedule')} and {option('reduce_on_plateau')}"
            raise NetconvError(f"{both} would both set the learning rate: choose one")


def _class_weights(given: Any) -> Any:
    """Weights of classes, also by output, as floats by names. Raises NetconvError."""
    if isinstance(given, Mapping) and given and all(isinstance(each, str | Mapping) for each in given.values()):
        return {str(name): _weights_of_classes(each) for name, each in given.items()}
    return _weights_of_classes(given)


def _weights_of_classes(given: Any) -> Any:
    fits = given == "balanced" or (isinstance(given, Mapping) and all(map(is_number, given.values())))
    require("class_weight", given, fits, "'balanced' or a dictionary of numbers, such as {'yes': 2, 'no': 1}")
    if given == "balanced":
        return given
    for each, weight in given.items():
        if not 0 <= weight < math.inf:
            at = f"{option_name('class_weight')}: the weight of {each!r}"
            raise NetconvError(f"{at} must be a number from 0 on; received {weight!r}")
    return {str(each): float(weight) for each, weight in given.items()}


def _is_weight(value: Any) -> bool:
    return is_number(value) and 0 <= value < math.inf


def _is_plateau(value: object) -> bool:
    """Whether a value is (patience, factor)."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    patience, factor = value
    return is_integer(patience, 1) and is_number(factor) and 0 < factor < 1
