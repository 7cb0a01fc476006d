"""The metrics of a training: which are computed, and whether a larger value of one is better. Knows no rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..errors import NetconvError
from ..features.encoding import ModelSpec
from ..keras_api import named_objects
from ..keras_api.lazy import keras

LARGER_IS_BETTER = re.compile(
    r"acc|auc|precision|recall|sensitivity|specificity|score|io_?u|similarity|correlation|true_?(positives|negatives)",
    re.IGNORECASE,
)
"""In the names of Keras's metrics. Keras infers the direction of some of its metrics only, and fails for the others."""


def metrics_for(model, chosen: Sequence[str], monitor: str, spec: ModelSpec) -> list[Any]:
    """New metrics: those chosen, or those that a model was compiled with, or the default ones; and the monitored one.
    Raises NetconvError."""
    config = model.get_compile_config() if model.compiled else None
    if chosen:
        metrics = [named_objects.metric_for(name) for name in chosen]
    elif config and config.get("metrics"):
        metrics = keras.tree.flatten(keras.saving.deserialize_keras_object(config["metrics"]))
    else:
        metrics = ["accuracy"] if spec.classes else ["mean_absolute_error"]
    monitored = monitor.removeprefix("val_")
    if monitored not in ("loss", *map(name_of, metrics)):
        with suppress(NetconvError):  # the loop has an error that lists the metrics
            metrics.append(named_objects.metric_for(monitored))
    names: list[str] = []
    for metric in metrics:
        if isinstance(metric, keras.metrics.Metric):  # two of a kind, which Keras distinguishes by their options only
            first, count = metric.name, 1
            while metric.name in names:
                metric.name, count = f"{first}_{count}", count + 1
        names.append(name_of(metric))
    return metrics


def split_by_fit(metrics: Sequence[Any], spec: ModelSpec, loss) -> tuple[list[Any], list[Any]]:
    """Metrics as they are computed in training, and those among them that Keras can compute without netconv."""
    if not spec.classes:
        return list(metrics), list(metrics)
    from .class_metrics import for_classes

    computed = [for_classes(metric, spec, loss) for metric in metrics]
    return computed, [metric for metric, own in zip(metrics, computed, strict=True) if own is metric]


def name_of(metric) -> str:
    """The name under which Keras reports a metric, as `compile` takes it."""
    return metric if isinstance(metric, str) else str(getattr(metric, "name", getattr(metric, "__name__", "")))


def maximizes(monitor: str, metrics: Sequence[Any]) -> bool:
    """Whether a larger value of the monitored metric is better: by the kind of the metric of that name."""
    name = monitor.removeprefix("val_")
    kinds = [type(each).__name__ for each in metrics if isinstance(each, keras.metrics.Metric) and each.name == name]
    return LARGER_IS_BETTER.search(kinds[0] if kinds else name) is not None
