"""Metrics of classifiers in training. Imports Keras: it is imported when a model is trained."""

from __future__ import annotations

from typing import Any

import keras

from ..features.encoding import HeadSpec
from ..inference.model_spec import loss_name

OF_INDICES = frozenset({"Accuracy", "IoU", "MeanIoU"})
"""Keras's metrics, beside those called Sparse..., that take indices of classes."""
OF_POSITIVES = frozenset({
    "AUC", "Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity",
    "SpecificityAtSensitivity", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "BinaryAccuracy",
    "BinaryCrossentropy", "BinaryIoU",
})  # fmt: skip
"""Keras's metrics that take one probability, of the positive class, if there are two classes."""


class ClassMetric(keras.metrics.Metric):
    """A metric that takes one-hot targets, or the probability of the positive class, for a model of which Keras takes
    neither. It is for training only: a file with it could not be loaded without netconv.

    Of two classes, the second is positive.
    """

    def __init__(self, metric, classes: int, positive: bool, from_logits: bool):
        super().__init__(name=metric.name)
        self.metric, self.classes, self.positive, self.from_logits = metric, classes, positive, from_logits

    def update_state(self, y_true, y_pred, sample_weight=None):
        ops = keras.ops
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred) if y_pred.shape[-1] == 1 else ops.softmax(y_pred)
        if y_pred.shape[-1] == 1:
            y_pred = ops.concatenate([1 - y_pred, y_pred], axis=-1)
        if y_true.shape[-1:] != (self.classes,):
            y_true = ops.one_hot(ops.cast(ops.reshape(y_true, [-1]), "int32"), self.classes)
        if self.positive:
            y_true, y_pred = y_true[:, 1], y_pred[:, 1]
        self.metric.update_state(y_true, y_pred, sample_weight)

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()


def for_classes(metric: Any, head: HeadSpec, loss: Any) -> Any:
    """A metric, as `compile` takes it, for a head with classes: itself if it takes the targets and the outputs of the
    model, otherwise a ClassMetric."""
    kind = type(metric).__name__
    if not isinstance(metric, keras.metrics.Metric) or kind in OF_INDICES or kind.startswith("Sparse"):
        return metric
    options = [getattr(metric, option, None) for option in ("class_id", "top_k", "multi_label")]
    by_class = any(option is not None and option is not False for option in options)
    positive = head.classes == 2 and kind in OF_POSITIVES and not by_class
    from_logits = bool(getattr(loss, "from_logits", False))
    fits = positive if head.width == 1 else loss_name(loss) == "categorical_crossentropy" and not positive
    return metric if fits and not from_logits else ClassMetric(metric, head.classes, positive, from_logits)
