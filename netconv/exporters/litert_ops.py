"""Ops that LiteRT has no operator for, computed with operators that it has. Imports TensorFlow; knows its graphs, no
model and no file."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from .tf_graphs import Substitutes, substituted, with_constant_weights

DOUBLE, SINGLE, INTEGER = (dtype.as_datatype_enum for dtype in (tf.float64, tf.float32, tf.int32))


def with_known_ops(function: Any) -> Any:
    """A tf.function of the same inputs and outputs, in which the ops of `SUBSTITUTES` are computed by others, float64
    is computed in float32, and weights and known shapes are constants. Bodies of loops stay as they are."""
    return with_constant_weights(function, _rewritten)


def _rewritten(graph: Any) -> Any:
    """The GraphDef of a graph with these changes."""
    definition = graph.as_graph_def()
    arguments = [each.type for function in definition.library.function for each in function.signature.input_arg]
    for node in list(definition.node):
        if DOUBLE not in arguments:  # else it is passed into a loop
            _narrow(node)
        if node.op == "Reshape":
            _fix_shape(definition, node, graph.get_tensor_by_name(f"{node.name}:0").shape)
    return substituted(definition, SUBSTITUTES)


def _narrow(node: Any) -> None:
    """Makes float32 of float64 in a node."""
    for attribute in node.attr.values():
        kind = attribute.WhichOneof("value")
        if kind == "type" and attribute.type == DOUBLE:
            attribute.type = SINGLE
        elif kind == "list":
            attribute.list.type[:] = [SINGLE if each == DOUBLE else each for each in attribute.list.type]
        elif kind == "tensor" and attribute.tensor.dtype == DOUBLE:
            with np.errstate(over="ignore"):  # the lowest float64 becomes -infinity
                single = tf.make_ndarray(attribute.tensor).astype(np.float32)
            attribute.tensor.CopyFrom(tf.make_tensor_proto(single))


def _fix_shape(definition: Any, node: Any, shape: Any) -> None:
    """Writes the shape into a node that reshapes, if at most one size of it is open: the converter does not follow the
    computation of a shape as far as TensorFlow does, and needs the sizes of images."""
    sizes = shape.as_list() if shape.rank is not None else [None, None]
    if sizes.count(None) > 1 or 0 in sizes:
        return
    constant = definition.node.add(name=f"{node.name}/known_shape", op="Const")
    constant.attr["dtype"].type = node.attr["Tshape"].type = INTEGER
    constant.attr["value"].tensor.CopyFrom(
        tf.make_tensor_proto([-1 if size is None else size for size in sizes], tf.int32, [len(sizes)])
    )
    node.input[1] = constant.name


def _erf(x: Any) -> Any:
    """The rational approximation of XLA (`ErfImpl32`) and Eigen: x P(x^2) / Q(x^2)."""
    x = tf.clip_by_value(x, -ERF_ONE, ERF_ONE)
    return x * tf.math.polyval(list(ERF_P), x * x) / tf.math.polyval(list(ERF_Q), x * x)


ERF_ONE = 3.7439211627767994
"""From here on, erf is 1 in float32."""
ERF_P = (0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145, 1.128379143519084)
ERF_Q = (-1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667,
         0.11098505178285362, 0.49746925110067538, 1.0)  # fmt: skip
"""The coefficients of P and Q, from the highest power on."""


def _cosh(x: Any) -> Any:
    root = tf.exp(0.5 * tf.abs(x))  # e^x overflows where cosh x does not
    return 0.5 * root * root + 0.5 / root / root


def _asinh(x: Any) -> Any:
    size = tf.abs(x)
    root = tf.sqrt(tf.square(tf.minimum(size, 1e9)) + 1)  # the square of larger numbers overflows; their root is `size`
    return tf.sign(x) * tf.math.log(size + tf.maximum(size, root))


def _bitwise_and(x: Any, y: Any) -> Any:
    """By a + b = (a xor b) + 2 (a and b), of all bits but the last, whose sum does not overflow."""
    high_x, high_y = x // 2, y // 2
    high = (high_x + high_y - tf.bitwise.bitwise_xor(high_x, high_y)) // 2
    return 2 * high + (x - 2 * high_x) * (y - 2 * high_y)


def _maximum(x: Any, y: Any) -> Any:
    """Without the op that the converter makes Relu of if y is 0."""
    return tf.where(tf.cast(x, tf.int32) > tf.cast(y, tf.int32), x, y)


FLOAT = (tf.float32,)
SUBSTITUTES: Substitutes = {
    "Acos": (FLOAT, lambda x: 2 * tf.atan2(tf.sqrt(1 - x), tf.sqrt(1 + x))),
    "Acosh": (FLOAT, lambda x: tf.math.log(x + tf.sqrt(x - 1) * tf.sqrt(x + 1))),
    "Asin": (FLOAT, lambda x: tf.atan2(x, tf.sqrt((1 - x) * (1 + x)))),
    "Asinh": (FLOAT, _asinh),
    "Atan": (FLOAT, lambda x: tf.atan2(x, tf.ones_like(x))),
    "Atanh": (FLOAT, lambda x: 0.5 * tf.math.log((1 + x) / (1 - x))),
    "BiasAdd": ((tf.int32,), lambda x, bias: x + bias),
    "BitwiseAnd": ((tf.int32,), _bitwise_and),
    "Cosh": (FLOAT, _cosh),
    "Erf": (FLOAT, _erf),
    "Maximum": ((tf.int8, tf.uint8, tf.int32), _maximum),
    "Sinh": (FLOAT, lambda x: tf.tanh(0.5 * x) * (1 + _cosh(x))),
    "Tan": (FLOAT, lambda x: tf.sin(x) / tf.cos(x)),
}
