"""Loss, optimizer and metrics from the heads of the graph; compile. Knows models and op names, translates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..graph.graph import Edge, Graph
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from ..ops import registry
from ..ops.traits import Keeps

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
        why = "the net ends in a loss layer of Mathematica: the model's output is the loss itself"
        return Choice("mean_absolute_error", (), why)
    if found is None or not found.name.endswith("crossentropy"):
        return Choice(found.name if found else "mean_squared_error", (), f"the net ends in {node.op}")
    if found.name == "binary_crossentropy":
        return Choice(found.name, ("accuracy",), f"the net ends in {node.op}")
    if rank > 2 and found.class_axis % rank != rank - 1:
        why = f"the classes of the {node.op} are on axis 1 and Keras's cross-entropy expects them last"
        return Choice("mean_squared_error", (), why)
    options: dict[str, bool | int] = {"from_logits": True} if found.from_logits else {}
    ignores = ""
    if found.ignore_class is not None:
        options["ignore_class"] = found.ignore_class
        ignores = f" that ignores {found.ignore_class}"
    loss = keras.losses.SparseCategoricalCrossentropy(**options) if options else found.name
    return Choice(loss, ("accuracy",), f"the net ends in {node.op}{ignores}; targets are class numbers from 0")


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
    optimizer = named_objects.optimizer_for(optimizer or "adam", learning_rate)
    for name in keras.tree.flatten(loss):
        named_objects.find(keras.losses, name, "loss")
    for name in keras.tree.flatten(metrics or []):
        if name not in named_objects.INFERRED_METRICS:
            named_objects.find(keras.metrics, name, "metric")
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
