"""Loss, optimizer and metrics from the heads of the graph; compile. Knows models and op names, translates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import NetconvError
from ..graph.graph import Edge, Graph
from ..keras_api import call_expressions
from ..keras_api.lazy import keras
from ..ops import registry
from ..ops.traits import Keeps

SHORT = frozenset({"accuracy", "acc"})
"""Metrics that Keras chooses by what a model gives."""
SOME = {
    "optimizer": "adam, sgd, rmsprop", "loss": "mean_squared_error, binary_crossentropy",
    "metric": "accuracy, top_k_categorical_accuracy",
}  # fmt: skip
EXAMPLES = {"optimizer": "sgd(momentum=0.9)", "loss": "Huber(delta=2.0)", "metric": "TopKCategoricalAccuracy(k=3)"}
LOSS_NETS = ("Loss",)
"""The output port of a loss layer of Mathematica."""


@dataclass(frozen=True)
class Choice:
    """The loss of one head: Keras's `loss` and `metrics`, and `why` in words."""

    loss: Any
    metrics: tuple[str, ...]
    why: str


def choices(graph: Graph, ranks: list[int]) -> list[Choice]:
    """For each head of a graph what it is trained on; `ranks` are the ranks of the model's outputs."""
    return [_choice(graph, edge, rank) for edge, rank in zip(graph.heads, ranks, strict=True)]


def _choice(graph: Graph, edge: Edge, rank: int) -> Choice:
    node = head = graph.nodes[edge.node]
    while registry.head_loss(node) is None and registry.keeps(node) >= Keeps.ORDER:
        node = graph.nodes[node.inputs[0].node]
    found = registry.head_loss(node)
    mean_or_loss = node.op == "mean" or registry.compared_inputs(node)
    if found is None and (head.name in LOSS_NETS or (graph.mathematica and mean_or_loss)):
        why = "the head is a loss layer of Mathematica: the model's output is the loss itself"
        return Choice("mean_absolute_error", (), why)
    if found is None or not found.name.endswith("crossentropy"):
        return Choice(found.name if found else "mean_squared_error", (), f"the head is a {node.op}")
    if found.name == "binary_crossentropy":
        return Choice(found.name, ("accuracy",), f"the head is a {node.op}")
    if rank > 2 and found.class_axis % rank != rank - 1:
        why = f"the classes of the {node.op} lie along axis 1 and Keras's cross-entropy wants them last"
        return Choice("mean_squared_error", (), why)
    options: dict[str, bool | int] = {"from_logits": True} if found.from_logits else {}
    ignores = ""
    if found.ignore_class is not None:
        options["ignore_class"] = found.ignore_class
        ignores = f" that ignores {found.ignore_class}"
    loss = keras.losses.SparseCategoricalCrossentropy(**options) if options else found.name
    return Choice(loss, ("accuracy",), f"the head is a {node.op}{ignores}; targets are class numbers from 0")


def compile_model(
    model, chosen: list[Choice], loss=None, optimizer=None, learning_rate: float | None = None, metrics=None
) -> None:
    """Compiles a model; a loss of None is taken from `chosen`, metrics are too if "auto", the optimizer is Adam. Raises
    NetconvError for a name that Keras does not know."""
    if loss is None:
        loss = [choice.loss for choice in chosen] if len(chosen) > 1 else chosen[0].loss
    if metrics == "auto":
        metrics = [list(c.metrics) for c in chosen] if len(chosen) > 1 else list(chosen[0].metrics)
        if not any(metrics):
            metrics = None
    optimizer = optimizer_for(optimizer or "adam", learning_rate)
    for name in keras.tree.flatten(loss):
        known(keras.losses, name, "loss")
    for name in keras.tree.flatten(metrics or []):
        if name not in SHORT:
            known(keras.metrics, name, "metric")
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)


def optimizer_for(given, learning_rate: float | None = None):
    """An optimizer of Keras, given by itself or by name, with a learning rate if not its own. Raises NetconvError."""
    optimizer = known(keras.optimizers, given, "optimizer")
    if isinstance(given, str):  # Keras numbers what it names itself
        optimizer.name = type(optimizer).__name__.lower()
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    return optimizer


def loss_for(text: str):
    """A loss by its name, as Keras takes it, or made with its options: `Huber(delta=2.0)`. Raises NetconvError."""
    found = known(keras.losses, text, "loss")
    return found if "(" in text else text


def metric_for(text: str):
    """A metric by its name, as Keras takes it, or made with its options. Raises NetconvError."""
    return text if text in SHORT else known(keras.metrics, text, "metric")


def loss_config(loss):
    """What there is to say of a loss, in JSON."""
    return (
        loss
        if isinstance(loss, str)
        else keras.tree.map_structure(lambda one: one if isinstance(one, str) else keras.losses.serialize(one), loss)
    )


def known(module, name, kind: str):
    """Keras's `kind` called `name`, which may have options: `sgd(momentum=0.9)`. Raises NetconvError for a name that
    Keras does not know, and for options that it does not take."""
    try:
        if isinstance(name, str) and (kind == "optimizer" or "(" in name):  # Keras's own search leaves Lamb out
            return _made(module, *call_expressions.parse(name, EXAMPLES[kind]))
        return module.get(name)
    except (ValueError, KeyError):
        name = name.partition("(")[0]
        raise NetconvError(f"Keras has no {kind} called {name!r}; it has {SOME[kind]} and others") from None


def _made(module, name: str, options: dict[str, Any]):
    kinds = {n.lower(): getattr(module, n) for n in dir(module) if n[0].isupper()}
    make = kinds[name.replace("_", "").lower()]
    call_expressions.check(make, name, options)
    try:
        return make(**options)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NetconvError(f"{name}: {' '.join(str(error).split())}") from None
