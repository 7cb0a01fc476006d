"""Ops that tf2onnx has no operator for, computed with others. Imports TensorFlow; knows its graphs, no model and no
file."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .tf_graphs import Substitutes, substituted, with_constant_weights

SUBSTITUTES: Substitutes = {"Erfc": ((tf.float16, tf.float32, tf.float64), lambda x: 1 - tf.math.erf(x))}


def with_known_ops(function: Any) -> Any:
    """A tf.function of the same inputs and outputs, in which the ops of `SUBSTITUTES` are computed by others."""
    graph = function.get_concrete_function().graph
    if not any(operation.type in SUBSTITUTES for operation in graph.get_operations()):
        return function
    return with_constant_weights(function, lambda graph: substituted(graph.as_graph_def(), SUBSTITUTES))
