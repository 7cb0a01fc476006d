"""Changes of TensorFlow's graphs: constants in place of variables, and functions in place of ops. Imports TensorFlow;
knows no model and no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

Substitutes = Mapping[str, tuple[tuple[Any, ...], Callable[..., Any]]]
"""By the name of an op, the dtypes of its operands, and a function of them that computes the same."""


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


def substituted(definition: Any, substitutes: Substitutes) -> Any:
    """The GraphDef, whose nodes of these ops were made calls of functions. Bodies of loops stay as they are."""
    for node in definition.node:
        types, compute = substitutes.get(node.op, ((), None))
        if compute and (dtype := tf.as_dtype(node.attr["T"].type)) in types:
            _call(definition, node, compute, dtype)
    return definition


def _call(definition: Any, node: Any, compute: Callable[..., Any], dtype: Any) -> None:
    """Makes a node the call of a function."""
    signature = [tf.TensorSpec(None, dtype) for name in node.input if not name.startswith("^")]
    traced = tf.function(compute, input_signature=signature, autograph=False).get_concrete_function().function_def
    definition.library.function.add().CopyFrom(traced)
    node.op = traced.signature.name
    node.ClearField("attr")
