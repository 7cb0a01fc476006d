"""The loss, optimizer and metrics of a model, chosen by the outputs of its graph. Knows traits of ops, no
translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..graph.graph import Edge, Graph
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from ..ops import registry
from ..ops.traits import Keeps

LOSS_NETS = ("Loss",)
"""The names of output ports of Mathematica's loss layers."""


@dataclass(frozen=True)
class LossChoice:
    """The `loss` and `metrics` of one output, as `compile` takes them, and the reason for the user (`why`)."""

    loss: Any
    metrics: tuple[str, ...]
    why: str


def loss_choices(graph: Graph, ranks: list[int]) -> list[LossChoice]:
    """The loss of each head of a graph; `ranks` are the ranks of the model's outputs."""
    return [_loss_choice(graph, edge, rank) for edge, rank in zip(graph.heads, ranks, strict=True)]


def _loss_choice(graph: Graph, edge: Edge, rank: int) -> LossChoice:
    node = head = graph.nodes[edge.node]
    while registry.head_loss(node) is None and registry.keeps(node) >= Keeps.ORDER:
        node = graph.nodes[node.inputs[0].node]
    head_loss = registry.head_loss(node)
    mean_or_loss = node.op == "mean" or registry.compared_inputs(node)
    if head_loss is None and (head.name in LOSS_NETS or (graph.mathematica and mean_or_loss)):
        why = "the net ends in a loss layer of Mathematica: the model's output is the loss itself"
        return LossChoice("mean_absolute_error", (), why)
    if head_loss is None or not head_loss.name.endswith("crossentropy"):
        return LossChoice(head_loss.name if head_loss else "mean_squared_error", (), f"the net ends in {node.op}")
    if head_loss.name == "binary_crossentropy":
        return LossChoice(head_loss.name, ("accuracy",), f"the net ends in {node.op}")
    if rank > 2 and head_loss.class_axis % rank != rank - 1:
        why = f"the classes of the {node.op} are on axis 1 and Keras's cross-entropy expects them last"
        return LossChoice("mean_squared_error", (), why)
    options: dict[str, bool | int] = {"from_logits": True} if head_loss.from_logits else {}
    ignores = ""
    if head_loss.ignore_class is not None:
        options["ignore_class"] = head_loss.ignore_class
        ignores = f" that ignores {head_loss.ignore_class}"
    loss = keras.losses.SparseCategoricalCrossentropy(**options) if options else head_loss.name
    return LossChoice(loss, ("accuracy",), f"the net ends in {node.op}{ignores}; targets are class numbers from 0")


def of_named_classes(choice: LossChoice) -> LossChoice:
    """The loss of a head whose values are those of classes with names: cross-entropy, also without a softmax."""
    if choice.loss != "mean_squared_error":
        return choice
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    why = "the output has a decoder of classes, and no softmax before it; targets are class numbers from 0"
    return LossChoice(loss, ("accuracy",), why)


def compile_model(
    model, chosen: list[LossChoice], loss=None, optimizer=None, learning_rate: float | None = None, metrics="auto"
) -> None:
    """Compiles a model. The loss is that of `chosen` if None, and so are the metrics if "auto", the default; the
    optimizer is Adam if None. Raises NetconvError for a name that Keras does not know."""
    if loss is None:
        loss = [choice.loss for choice in chosen] if len(chosen) > 1 else chosen[0].loss
    if metrics == "auto":
        metrics = [list(c.metrics) for c in chosen] if len(chosen) > 1 else list(chosen[0].metrics)
    if not any(metrics or ()):
        metrics = None
    optimizer = named_objects.optimizer_for(optimizer or "adam", learning_rate)
    for name in keras.tree.flatten(loss):
        named_objects.find(keras.losses, name, "loss")
    for name in keras.tree.flatten(metrics or []):
        if name not in named_objects.INFERRED_METRICS:
            named_objects.find(keras.metrics, name, "metric")
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    model.compile = _compile_anew(model)


def _compile_anew(model):
    """`model.compile`, which in Keras keeps the metrics of before if none are given."""

    def compile(*args, **options):
        model._compile_metrics = None
        type(model).compile(model, *args, **options)

    return compile
