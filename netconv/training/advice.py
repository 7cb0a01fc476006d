"""Advice on a training, a line each where it is due: what would probably make the result better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import option, option_name
from ..features.encoding import Encoding, ModelSpec
from ..inference.dataset import Dataset
from ..inference.model_spec import loss_name
from ..keras_api.lazy import keras
from ..keras_api.weighted_layers import weighted_layers
from ..reports.evaluation_report import Evaluation
from ..tables.number_format import figure, shortened
from .loop import LoopResult
from .options import TrainingOptions

if TYPE_CHECKING:
    import numpy as np

SAMPLE = 8192
"""Rows of which the scale of the numbers is taken."""
MOST_RATIO = 100.0
"""The largest ratio between the scales of two features, and the largest size of a number, that is no problem."""
LEAST_STD = 0.01
"""The smallest standard deviation of a target that is no problem."""


def advice(text: str) -> str:
    return f"advice      {text}"


@dataclass(frozen=True)
class Scales:
    """How large the numbers are that a net is trained on.

    Attributes:
        small: A numeric feature and its largest absolute value; nine of ten features have larger ones. ("", 0) if there
            are no such features.
        large: The feature with the largest absolute value, and this value.
        normalized: Whether the net normalizes its features itself.
        vectors: Whether the inputs are vectors, and not images.
        target: The mean and the standard deviation of a numeric target, of the largest one if there are several; None
            where standardizing it is of no use.
    """

    small: tuple[str, float]
    large: tuple[str, float]
    normalized: bool
    vectors: bool
    target: tuple[float, float] | None

    @property
    def features_differ(self) -> bool:
        return self.vectors and not self.normalized and self.large[1] >= MOST_RATIO * self.small[1] > 0

    @property
    def target_is_unusual(self) -> bool:
        return self.target is not None and (max(map(abs, self.target)) >= MOST_RATIO or 0 < self.target[1] <= LEAST_STD)

    def lines(self) -> Iterator[str]:
        """The advice before training."""
        if self.features_differ:
            (name, least), (other, most) = self.small, self.large
            yield advice(
                f"features differ in scale, from {shortened(name)} up to {least:,.6g} to {shortened(other)} up to "
                f"{most:,.6g}: {option('standardize', True)} usually helps"
            )
        if self.target_is_unusual and self.target:
            mean, std = self.target
            yield advice(
                f"the target has mean {mean:,.6g} and standard deviation {std:,.6g}: "
                f"{option('standardize_target', True)} usually helps"
            )

    def remedy(self, options: TrainingOptions, rate: float) -> str:
        """The likely reason why a loss becomes infinite or NaN, and what to do. `rate` is the learning rate."""
        if rate < 1 and self.large[1] >= MOST_RATIO and not self.normalized:
            scale = option("standardize", True) if self.vectors else option("rescale")
            return f"{shortened(self.large[0])} is as large as {self.large[1]:,.6g}; try {scale}"
        if rate < 1 and self.target_is_unusual and self.target:
            return f"the target is {self.target[0]:,.6g} on average; try {option('standardize_target', True)}"
        if options.mixed_precision == "mixed_float16":
            return f"16-bit numbers overflow; try {option('mixed_precision', 'mixed_bfloat16')}"
        less = float(f"{min(rate / 10, 0.01):.6g}")
        return f"the learning rate {rate:.6g} is too large; try {option('learning_rate', less)}"


def scales_of(model, scaled: bool, training: Dataset, spec: ModelSpec, losses: Sequence[Any]) -> Scales:
    """The scales of the numbers that a model is trained on; `scaled` is whether it scales its features itself."""
    import numpy as np

    columns, start = [], 0
    parts = [np.asarray(part[:SAMPLE]) for part in training.inputs]
    flat = np.concatenate([np.abs(part.reshape(len(part), -1)) for part in parts], axis=1)
    longest = {
        id(form): part.size // max(1, len(part)) for form, part in zip(training.encoding.sequences, parts, strict=True)
    }
    for feature in training.encoding.features:
        if feature.is_number:
            columns.append((start, feature.name))
        start += longest[id(feature.sequence)] if feature.sequence else feature.width
    found = [(name, float(flat[:, column].max())) for column, name in columns]
    found = sorted([each for each in found if each[1] > 0], key=lambda each: each[1]) or [("", 0.0)]
    first = next(iter(weighted_layers(model).values()), None)
    normalized = scaled or isinstance(first, keras.layers.BatchNormalization | keras.layers.Normalization)
    vectors = all(part.ndim == 2 for part in parts)
    heads = zip(spec.heads, training.targets, model.outputs, losses, strict=True)
    targets = [_largest(y) for head, y, tensor, loss in heads if not head.classes and _takes_any_target(tensor, loss)]
    target = max(targets, key=lambda moments: max(map(abs, moments)), default=None)
    return Scales(found[len(found) // 10], found[-1], normalized, vectors, target)


def _largest(y: np.ndarray) -> tuple[float, float]:
    import numpy as np

    y = y.reshape(len(y), -1)
    mean, std = y.mean(axis=0, dtype=np.float64), y.std(axis=0, dtype=np.float64)
    index = int(np.argmax(np.maximum(np.abs(mean), std)))
    return float(mean[index]), float(std[index])


def _takes_any_target(tensor, loss) -> bool:
    """Whether an output may be any numbers, and the loss is one of their differences from the targets."""
    last = tensor._keras_history.operation
    linear = isinstance(last, keras.layers.Dense) and last.get_config()["activation"] == "linear"
    return linear and loss_name(loss) in ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def after_training(
    result: LoopResult, evaluation: Evaluation, encoding: Encoding, options: TrainingOptions
) -> Iterator[str]:
    """The advice after training. `evaluation` is of the model on the rows for validation, which are read by the
    `encoding`."""
    epochs = len(result.history)
    numeric = any(feature.is_number for feature in encoding.features)
    standardizing = [option("standardize", True)] if numeric else []
    if result.stopped:  # too early to tell
        return
    if result.monitor and 1 < result.best_epoch == epochs == options.epochs:
        more = option("epochs", 2 * epochs)
        yield advice(f"the best epoch is the last: more may be better still, such as {more}")
    for name, each in evaluation.by_head.items():
        label = f"{name}: " if name else ""
        if each.classes:
            yield from _of_classes(each, standardizing, options, label)
        elif each.metrics["r2"] <= 0:
            remedy = " and ".join([*standardizing, option("standardize_target", True)])
            yield advice(
                f"{label}always predicting the mean would be as good (r2 {figure(each.metrics['r2'])}): try {remedy}, "
                f"or another {option_name('learning_rate')}"
            )


def _of_classes(
    evaluation: Evaluation, standardizing: list[str], options: TrainingOptions, label: str
) -> Iterator[str]:
    most = max(evaluation.classes, key=lambda report: report.count)
    present = sum(report.count > 0 for report in evaluation.classes)
    share = most.count / evaluation.rows
    if options.class_weight is None:
        useless = evaluation.metrics["accuracy"] <= share
    else:
        recalls = [report.recall for report in evaluation.classes if report.count]
        useless = sum(recalls) <= 1 + 1e-9  # as for a net that predicts the same class for every row
    if useless and present > 1:
        rare = share * present >= 1.5 and options.class_weight is None and not label
        other = ", or ".join([*standardizing, f"another {option_name('learning_rate')}"])
        remedy = option("class_weight", "balanced") if rare else other
        yield advice(
            f"{label}always predicting {shortened(most.name)!r} would be right as often, for {share:.1%} of the rows: "
            f"try {remedy}"
        )
