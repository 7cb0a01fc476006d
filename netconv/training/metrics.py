"""The metrics of a training: which are computed, and whether a larger value of one is better. Knows no rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..errors import NetconvError
from ..features.encoding import HeadSpec, ModelSpec
from ..features.option_checks import split_named
from ..inference.model_spec import by_head, check_heads
from ..keras_api import named_objects
from ..keras_api.lazy import keras

LARGER_IS_BETTER = re.compile(
    r"acc|auc|precision|recall|sensitivity|specificity|score|io_?u|similarity|correlation|true_?(positives|negatives)",
    re.IGNORECASE,
)
"""In the names of Keras's metrics. Keras infers the direction of some of its metrics only, and fails for the others."""

OF_VALUES = frozenset({
    "meansquarederror", "rootmeansquarederror", "meanabsoluteerror", "meanabsolutepercentageerror",
    "meansquaredlogarithmicerror", "cosinesimilarity", "logcosherror", "logcosh", "r2score", "huber", "mse", "mae",
    "mape", "msle", "concordancecorrelation", "pearsoncorrelation",
})  # fmt: skip
"""Keras's metrics of predicted values, in lower case and without `_`; the others are of classes."""


def metrics_for(model, chosen: Sequence[str], monitor: str, spec: ModelSpec) -> list[list[Any]]:
    """New metrics of each head: those chosen, or those that a model was compiled with, or the default ones; and the
    monitored one. Raises NetconvError."""
    names = tuple(head.name for head in spec.heads)
    config = model.get_compile_config() if model.compiled else None
    if chosen:
        metrics = _chosen(chosen, spec)
    elif config and config.get("metrics"):
        compiled = keras.saving.deserialize_keras_object(config["metrics"])
        parts = by_head(compiled, names) if len(names) > 1 else [compiled]
        metrics = [[] if part is None else keras.tree.flatten(part) for part in parts]
    else:
        metrics = [["accuracy"] if head.classes else ["mean_absolute_error"] for head in spec.heads]
    for name, of_head in zip(names, metrics, strict=True):
        monitored = _within_head(monitor, name, names)
        if monitored is not None and monitored not in ("loss", *map(name_of, of_head)):
            with suppress(NetconvError):  # the loop has an error that lists the metrics
                of_head.append(named_objects.metric_for(monitored))
        _number_equal_names(of_head)
    return metrics


def _chosen(chosen: Sequence[str], spec: ModelSpec) -> list[list[Any]]:
    """The chosen metrics for each head: of several those that it fits, or those that are chosen for it alone."""
    names = tuple(head.name for head in spec.heads)
    metrics: list[list[Any]] = [[] for _ in spec.heads]
    for text in chosen:
        name, metric = split_named(text)
        if name:
            check_heads("metrics", [name], names)
        fitting = [
            index
            for index, head in enumerate(spec.heads)
            if name == head.name or (not name and (len(names) == 1 or _fits(named_objects.metric_for(metric), head)))
        ]
        if not fitting:
            only = "values" if spec.heads[0].classes else "classes"
            raise NetconvError(f"the metric {metric} is for {only}, and no output of the net predicts these")
        for index in fitting:
            metrics[index].append(named_objects.metric_for(metric))
    return metrics


def _fits(metric: Any, head: HeadSpec) -> bool:
    """Whether a metric of classes or of values is for a head that predicts these."""
    kind = type(metric).__name__ if isinstance(metric, keras.metrics.Metric) else name_of(metric)
    return (kind.replace("_", "").lower() in OF_VALUES) != bool(head.classes)


def _within_head(monitor: str, name: str, names: tuple[str, ...]) -> str | None:
    """The name of the monitored metric within a head; None if it is one of another head, or of the whole model."""
    monitored = monitor.removeprefix("val_")
    if len(names) == 1:
        return monitored
    return monitored.removeprefix(f"{name}_") if monitored.startswith(f"{name}_") else None


def _number_equal_names(metrics: Sequence[Any]) -> None:
    names: list[str] = []
    for metric in metrics:
        if isinstance(metric, keras.metrics.Metric):  # two of a kind, which Keras distinguishes by their options only
            first, count = metric.name, 1
            while metric.name in names:
                metric.name, count = f"{first}_{count}", count + 1
        names.append(name_of(metric))


def split_by_fit(metrics: Sequence[Any], head: HeadSpec, loss) -> tuple[list[Any], list[Any]]:
    """The metrics of a head as they are computed in training, and those among them that Keras can compute without
    netconv."""
    if not head.classes:
        return list(metrics), list(metrics)
    from .class_metrics import for_classes

    computed = [for_classes(metric, head, loss) for metric in metrics]
    return computed, [metric for metric, own in zip(metrics, computed, strict=True) if own is metric]


def name_of(metric) -> str:
    """The name under which Keras reports a metric, as `compile` takes it."""
    return metric if isinstance(metric, str) else str(getattr(metric, "name", getattr(metric, "__name__", "")))


def maximizes(monitor: str, metrics: Sequence[Sequence[Any]], spec: ModelSpec) -> bool:
    """Whether a larger value of the monitored metric is better: by the kind of the metric of that name."""
    names = tuple(head.name for head in spec.heads)
    for name, of_head in zip(names, metrics, strict=True):
        monitored = _within_head(monitor, name, names)
        if monitored is not None:
            kinds = [type(m).__name__ for m in of_head if isinstance(m, keras.metrics.Metric) and m.name == monitored]
            return LARGER_IS_BETTER.search(kinds[0] if kinds else monitored) is not None
    return LARGER_IS_BETTER.search(monitor.removeprefix("val_")) is not None
