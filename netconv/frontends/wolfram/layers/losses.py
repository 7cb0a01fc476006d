"""Layers that compare a prediction with a target: one number for each example."""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from .registry import layer

SMALLEST = 1e-37
"""Probabilities are not smaller before their logarithm is taken."""


def _pair(at: Layer) -> tuple[Edge, Edge]:
    if set(at.inputs) != {"Input", "Target"}:
        raise at.error("has the inputs Input and Target", ", ".join(at.inputs))
    return at.inputs["Input"], at.inputs["Target"]


def _mean(at: Layer, loss: Edge, rank: int) -> Edge:
    return at.main("mean", loss, axis=0, exclude=True) if rank else loss


@layer("MeanSquaredLoss")
def mean_squared_loss(at: Layer) -> Edge:
    return _mean(at, at("square", at("_Minus", *_pair(at))), len(at.shape_of("Input")))


@layer("MeanAbsoluteLoss")
def mean_absolute_loss(at: Layer) -> Edge:
    return _mean(at, at("abs", at("_Minus", *_pair(at))), len(at.shape_of("Input")))


@layer("CrossEntropyLoss")
def cross_entropy_loss(at: Layer) -> Edge:
    """The target is a class from 1, the probabilities of all classes, or one probability (Binary). Of a softmax over
    the classes, the logarithm is taken with it, which is exact for the smallest probabilities, too."""
    (data, target), form, rank = _pair(at), at.symbol("TargetForm"), len(at.shape_of("Input"))

    def log(probability: Edge) -> Edge:
        node = at.graph.nodes[probability.node]
        if node.op == "softmax" and node.attrs["axis"] in ("-1", str(rank)) and form != "Binary":
            return at("log_softmax", *node.inputs, axis=-1)
        return at("log", at("_maximum_scalar", probability, scalar=SMALLEST))

    match form:
        case "Binary":
            likelihood = at(
                "_Plus",
                at("_Mul", target, log(data)),
                at("_Mul", at("_RMinusScalar", target, scalar=1.0), log(at("_RMinusScalar", data, scalar=1.0))),
            )
        case "Index":
            likelihood = at("pick", log(data), at("_MinusScalar", target, scalar=1.0), axis=-1)
            rank -= 1
        case "Probabilities":
            likelihood = at("sum", at("_Mul", target, log(data)), axis=-1)
            rank -= 1
        case _:
            raise at.error("parameter TargetForm must be Index, Probabilities or Binary", form)
    return _mean(at, at("_RMinusScalar", likelihood, scalar=0.0), rank)
