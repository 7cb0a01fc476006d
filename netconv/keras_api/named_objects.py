"""Losses, metrics and optimizers of Keras by name: `adam`, `sgd(momentum=0.9)`. Knows no model."""

from __future__ import annotations

import math
import re
from typing import Any

from ..errors import NetconvError, did_you_mean
from . import call_expressions
from .lazy import keras

INFERRED_METRICS = frozenset({"accuracy", "acc"})
"""Metrics that Keras chooses by the shape of a model's output and its loss, when it compiles the model."""
SUGGESTIONS = {
    "optimizer": "adam, sgd, rmsprop", "loss": "mean_squared_error, binary_crossentropy",
    "metric": "accuracy, top_k_categorical_accuracy",
}  # fmt: skip
EXAMPLES = {"optimizer": "sgd(momentum=0.9)", "loss": "Huber(delta=2.0)", "metric": "TopKCategoricalAccuracy(k=3)"}
"""For error messages."""
GENERAL = ("get", "serialize", "deserialize", "Loss", "Metric", "Optimizer", "LossScaleOptimizer")
"""Names of a module of Keras that are not of single losses, metrics or optimizers, or take another one."""


def optimizer_for(given, learning_rate: float | None = None):
    """An optimizer, given as an object or by name, with its learning rate replaced if one is given. Raises
    NetconvError."""
    optimizer = find(keras.optimizers, given, "optimizer")
    if isinstance(given, str):  # Keras adds numbers to its default names
        optimizer.name = type(optimizer).__name__.lower()
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    check_learning_rate(optimizer)
    return optimizer


def check_learning_rate(optimizer) -> None:
    """Raises NetconvError if the learning rate of an optimizer is not a number above 0; a schedule may be anything."""
    rate = optimizer.get_config().get("learning_rate")
    if isinstance(rate, float) and not 0 < rate < math.inf:
        raise NetconvError(f"the learning rate must be a number above 0; received {rate:g}")


def loss_for(loss):
    """A loss as `compile` takes it: a plain name as it is, one with arguments (`Huber(delta=2.0)`) as an object, an
    object as it is. Raises NetconvError."""
    made = find(keras.losses, loss, "loss")
    return loss if isinstance(loss, str) and "(" not in loss else made


def metric_for(text: str):
    """A metric as `compile` takes it, by name. Raises NetconvError."""
    if text in INFERRED_METRICS:
        return text
    metric = find(keras.metrics, text, "metric")
    if isinstance(metric, keras.metrics.Metric) and "name=" not in text:
        metric.name = re.sub(r"_\d+$", "", metric.name)  # Keras numbers the metrics of a process
    return metric


def loss_config(loss):
    """A loss as JSON: its name, or its serialized configuration."""
    return (
        loss
        if isinstance(loss, str)
        else keras.tree.map_structure(lambda one: one if isinstance(one, str) else keras.losses.serialize(one), loss)
    )


def find(module, name, kind: str):
    """The object of a module of Keras, such as `keras.optimizers`, by its name, with arguments or without:
    `sgd(momentum=0.9)`. `kind` is "optimizer", "loss" or "metric". Raises NetconvError for a name that Keras does not
    have, and for arguments that it does not take."""
    try:
        if isinstance(name, str) and (kind == "optimizer" or "(" in name):  # `keras.optimizers.get` does not know Lamb
            return _make(module, *call_expressions.parse(name, EXAMPLES[kind]))
        return module.get(name)
    except TypeError:  # it requires arguments
        return _make(module, name, {})
    except (ValueError, KeyError):
        name = name.partition("(")[0]
        hint = did_you_mean(name, _names(module, kind)) or f"it has {SUGGESTIONS[kind]} and others"
        raise NetconvError(f"Keras has no {kind} called {name!r}; {hint}") from None


def _names(module, kind: str) -> list[str]:
    """The names of the objects of a module, each once, as a function if there is one of the same name as a class."""
    public = [n for n in dir(module) if n[0] != "_" and callable(getattr(module, n)) and n not in GENERAL]
    spelled = {n.replace("_", "").lower(): n.lower() if kind == "optimizer" else n for n in sorted(public)}
    return [*spelled.values(), *(INFERRED_METRICS if kind == "metric" else ())]


def _make(module, name: str, options: dict[str, Any]):
    classes = {n.lower(): getattr(module, n) for n in dir(module) if n[0].isupper() and n not in GENERAL}
    make = classes[name.replace("_", "").lower()]
    call_expressions.check(make, name, options)
    try:
        return make(**options)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NetconvError(f"{name}: {' '.join(str(error).split())}") from None
