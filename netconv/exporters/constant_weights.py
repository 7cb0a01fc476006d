"""A tf.function whose variables are constants in its graph. Imports TensorFlow; knows its graphs, no model and no
file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def with_constant_weights(function: Any, definition: Callable[[Any], Any] = tf.Graph.as_graph_def) -> Any:
    """A tf.function of the same inputs and outputs, of a dictionary, without variables. Loops stay as they are.

    `definition` makes the GraphDef of a graph, and may change ops and dtypes in it. TensorFlow raises any exception for
    weights beyond the 2 GB that a graph may have.
    """
    concrete = function.get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    graph = definition(frozen.graph)
    dtypes = {node.name: node.attr["dtype"].type for node in graph.node if node.op == "Placeholder"}
    inputs = {tensor.name: dtypes[tensor.op.name] for tensor in frozen.inputs}
    specs = sorted(concrete.structured_outputs.items())  # TensorFlow sorts the outputs by name
    outputs = [tensor.name for tensor in frozen.outputs]

    def computed(*tensors: Any) -> dict[str, Any]:
        given = {name: tf.cast(each, inputs[name]) for name, each in zip(inputs, tensors, strict=True)}
        found = tf.graph_util.import_graph_def(graph, given, outputs, name="")
        return {name: tf.cast(each, spec.dtype) for (name, spec), each in zip(specs, found, strict=True)}

    return tf.function(computed, input_signature=function.input_signature, autograph=False)
