"""Advice on a training, a line each where it is due: what would probably make the result better."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
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
) -> str | None:
    """The most useful advice after training, None if there is none. `evaluation` is of the model on the rows for
    validation, which are read by the `encoding`."""
    epochs = len(result.history)
    numeric = any(feature.is_number for feature in encoding.features)
    standardizing = [option("standardize", True)] if numeric else []
    if result.stopped:  # too early to tell
        return None
    heads = evaluation.by_head.items()
    rare = (_of_a_rare_class(name, each, options) for name, each in heads if each.classes)
    if found := next(filter(None, rare), None):
        return advice(found)
    last = result.monitor and 1 < result.best_epoch == epochs == options.epochs
    more = [option("epochs", 2 * epochs)] if last else []
    useless = (_of_a_useless_head(name, each, more, standardizing, options) for name, each in heads)
    if found := next(filter(None, useless), None):
        return advice(found)
    return advice(f"the best epoch is the last: more may be better still, such as {more[0]}") if more else None


def _of_a_rare_class(name: str, evaluation: Evaluation, options: TrainingOptions) -> str | None:
    """If a head does not find classes that are rarer than others, what gives them more weight."""
    text, share = _of_the_most_frequent_class(name, evaluation, options)
    present = sum(report.count > 0 for report in evaluation.classes)
    if not text or share * present < 1.5 or _weights_of(name, options):
        return None
    return f"{text}: try {option('class_weight', {name: 'balanced'} if name else 'balanced')}"


def _of_a_useless_head(
    name: str, evaluation: Evaluation, more: list[str], standardizing: list[str], options: TrainingOptions
) -> str | None:
    """If a head predicts no better than always the same, what may help: `more` epochs where they may, and so on."""
    rate = f"another {option_name('learning_rate')}"
    if evaluation.classes:
        text, _ = _of_the_most_frequent_class(name, evaluation, options)
        return f"{text}: try {_either(*more, *standardizing, rate)}" if text else None
    if evaluation.metrics["r2"] > 0 or math.isnan(evaluation.metrics["r2"]):
        return None
    remedy = " and ".join([*standardizing, option("standardize_target", True)])
    r2 = figure(evaluation.metrics["r2"])
    return f"{_label(name)}always predicting the mean would be as good (r2 {r2}): try {_either(*more, remedy, rate)}"


def _either(*remedies: str) -> str:
    return f"{', '.join(remedies[:-1])}, or {remedies[-1]}" if len(remedies) > 1 else remedies[0]


def _of_the_most_frequent_class(name: str, evaluation: Evaluation, options: TrainingOptions) -> tuple[str, float]:
    """That the most frequent class would be right as often, "" if it would not; and its share of the rows."""
    most = max(evaluation.classes, key=lambda report: report.count)
    recalls = [report.recall for report in evaluation.classes if report.count]
    share = most.count / evaluation.rows
    if _weights_of(name, options):
        useless = sum(recalls) <= 1 + 1e-9  # as for a net that predicts the same class for every row
    else:
        useless = evaluation.metrics["accuracy"] <= share
    if not useless or len(recalls) < 2:
        return "", share
    named = shortened(most.name)
    return f"{_label(name)}always predicting {named!r} would be right as often, for {share:.1%} of the rows", share


def _weights_of(name: str, options: TrainingOptions) -> bool:
    """Whether the classes of a head have weights; `name` is "" for a single one."""
    given = options.class_weight
    by_head = isinstance(given, Mapping) and any(isinstance(each, str | Mapping) for each in given.values())
    return bool(given) and (not by_head or not name or name in (given or {}))


def _label(name: str) -> str:
    return f"{name}: " if name else ""
