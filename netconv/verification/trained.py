"""Compares gradients, and what some steps of training do, with MXNet. Knows the few ops that act differently then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..conversion import Conversion
from ..errors import NodeError
from ..graph.graph import Edge, Graph, Node
from ..graph.tracked_array import add_gradient, scatter, sources
from ..inference.embedding_inputs import id_ranges, input_names
from ..keras_api.weighted_layers import weighted_layers
from ..ops import registry
from .differences import difference
from .mxnet_process import MXNet, Source, Training
from .report import Comparison
from .subject import Subject

RATE = 0.01
"""The learning rate of the steps."""


def compare_gradients(
    converted: Conversion, subject: Subject, source: Source, heads: Sequence[Edge], mxnet: MXNet,
    inputs: Mapping[str, np.ndarray], seed: int,
) -> list[Comparison]:  # fmt: skip
    """Compares the gradients of sum_k <output k, cotangent k> in inference, with drawn cotangents, with respect to all
    inputs but ids and to all parameters of floating point."""
    ids, names = id_ranges(converted.model), list(inputs)
    watched = [name for name in names if inputs[name].dtype.kind == "f" and name not in ids]
    cotangents = _cotangents(subject.call(inputs), seed)
    found, by_parameter = _gradients(subject.model, inputs, watched, cotangents, training=False)
    indices = {_input_index(converted, name): name for name in watched}
    graph = _without_losses(source.graph, subject)
    recurrent = any(graph.nodes[i].op == "RNN" for i in graph.needs(*(edge.node for edge in heads)))
    if recurrent:  # MXNet keeps what their gradients need in training mode only
        graph = _inferring_in_training(graph)
    parameters = _floating(converted)
    asked = Training(cotangents, [*indices, *parameters.values()], 1, training=recurrent)
    answer = mxnet.run(replace(source, graph=graph), heads, asked)
    gradients = _by_parameter(converted, subject, by_parameter)
    expected = answer.gradients
    compared = [
        Comparison(f"gradient of input {name!r}", difference(found[name], expected[index]))
        for index, name in indices.items()
        if index in expected
    ]
    for name, index in parameters.items():
        if index in expected:
            own = gradients.get(name, np.zeros(expected[index].shape))
            compared.append(Comparison(f"gradient of {_label(converted, index)!r}", difference(own, expected[index])))
    return compared


def compare_steps(
    converted: Conversion, subject: Subject, source: Source, heads: Sequence[Edge], mxnet: MXNet,
    inputs: Mapping[str, np.ndarray], steps: int, seed: int,
) -> list[Comparison]:  # fmt: skip
    """Compares the outputs and the parameters after steps of plain SGD, in training mode without dropout. Changes the
    weights of the model."""
    cotangents = _cotangents(subject.call(inputs), seed)
    graph = _without_dropout(_without_losses(source.graph, subject))
    parameters = _floating(converted)
    asked = Training(cotangents, list(parameters.values()), steps, RATE, training=True)
    answer = mxnet.run(replace(source, graph=graph), heads, asked)
    with _dropping_nothing(subject.model):
        for _ in range(steps):
            _, gradients = _gradients(subject.model, inputs, [], cotangents, training=True)
            for variable, gradient in gradients:
                variable.assign(variable.numpy() - RATE * gradient)
    arrays = _parameters_now(converted, subject)
    after = f"after {steps} step" + "s" * (steps > 1)
    compared = [
        Comparison(f"{name!r} {after}", difference(own, expected))
        for name, own, expected in zip(
            converted.prepared.graph.ports, subject.call(inputs), answer.outputs, strict=True
        )
    ]
    for name, index in _all_parameters(converted).items():
        if index in answer.after and name in arrays:
            its = difference(arrays[name], answer.after[index])
            compared.append(Comparison(f"{_label(converted, index)!r} {after}", its))
    return compared


def _cotangents(outputs: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng([seed % 2**63, 1])
    return [(rng.standard_normal(value.shape) / max(1, len(np.atleast_1d(value)))).astype(
        value.dtype if value.dtype.kind == "f" else "float32") for value in outputs]  # fmt: skip


def _gradients(
    model: Any,
    inputs: Mapping[str, np.ndarray],
    watched: Sequence[str],
    cotangents: Sequence[np.ndarray],
    training: bool,
) -> tuple[dict[str, np.ndarray], list[tuple[Any, np.ndarray]]]:  # fmt: skip
    """The gradients with respect to inputs by name, and to trainable variables."""
    import tensorflow as tf

    tensors = {name: tf.convert_to_tensor(inputs[name]) for name in input_names(model)}
    variables = list(model.trainable_variables)
    with tf.GradientTape() as tape:
        tape.watch([tensors[name] for name in watched])
        given = list(tensors.values())
        outputs = tf.nest.flatten(model(given if len(given) > 1 else given[0], training=training))
        total = tf.add_n([
            tf.reduce_sum(tf.cast(output, "float64") * cotangent)
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ])  # fmt: skip
    targets = [*(tensors[name] for name in watched), *(variable.value for variable in variables)]
    dense = [
        np.zeros(target.shape) if gradient is None else tf.convert_to_tensor(gradient).numpy()
        for target, gradient in zip(targets, tape.gradient(total, targets), strict=True)
    ]
    return dict(zip(watched, dense, strict=False)), list(zip(variables, dense[len(watched) :], strict=True))


def _origins(converted: Conversion, subject: Subject) -> Iterator[tuple[Any, tuple]]:
    """The variables of the model that hold parameters, with their origins."""
    layers = weighted_layers(subject.model)
    for layer, origins in converted.build_report.weights.items():
        for variable, origin in zip(layers[layer].weights, origins, strict=True):
            if origin is not None:
                yield variable, origin


def _by_parameter(
    converted: Conversion, subject: Subject, gradients: Sequence[tuple[Any, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The gradients of the parameters, by their names in origins, of those of the variables made from them."""
    known = {id(variable): gradient for variable, gradient in gradients}
    into: dict[str, np.ndarray] = {}
    for variable, origin in _origins(converted, subject):
        for name, shape in sources(origin).items():
            into.setdefault(name, np.zeros(shape))
        if id(variable) in known:
            add_gradient(known[id(variable)], origin, into)
    return into


def _parameters_now(converted: Conversion, subject: Subject) -> dict[str, np.ndarray]:
    """The values of the parameters that the variables of the model hold, by their names in origins."""
    arrays: dict[str, np.ndarray] = {}
    for variable, origin in _origins(converted, subject):
        for name, shape in sources(origin).items():
            arrays.setdefault(name, _value(converted, name, shape))
        scatter(variable.numpy(), origin, arrays)
    return arrays


def _value(converted: Conversion, name: str, shape: tuple[int, ...]) -> np.ndarray:
    (parameter,) = (each for each in converted.prepared.graph.parameters if each.origin_name == name)
    return np.array(parameter.read()).reshape(shape)


def _all_parameters(converted: Conversion) -> dict[str, int]:
    """The nodes of the parameters that the net needs, by their names in origins."""
    parameters = converted.prepared.graph.parameters
    return {p.origin_name: p.node for p in parameters if p.origin_name is not None and p.node is not None}


def _floating(converted: Conversion) -> dict[str, int]:
    kinds = {p.origin_name: p.dtype for p in converted.prepared.graph.parameters}
    return {name: index for name, index in _all_parameters(converted).items() if "float" in kinds[name]}


def _label(converted: Conversion, index: int) -> str:
    return converted.prepared.net.graph.nodes[index].name


def _input_index(converted: Conversion, name: str) -> int:
    graph, zeros = converted.prepared.graph, converted.prepared.zeros
    own = [graph.nodes[index].index or 0 for index in graph.inputs() if index not in zeros]
    return own[input_names(converted.model).index(name)]


# MXNet's graph. Gradients of its losses do not depend on what follows them, and dropout is random.


def _with_nodes(graph: Graph, change: Any) -> Graph:
    return replace(graph, nodes=tuple(change(node) for node in graph.nodes))


def _without_losses(graph: Graph, subject: Subject) -> Graph:
    """The graph with the predictions of loss heads in their place. Raises NodeError for a softmax that flattens."""

    def change(node: Node) -> Node:
        op = registry.load()[node.op].op if node.op != "null" else ""
        if op == "SoftmaxOutput":
            a = registry.typed_attributes(node)
            tensor = subject.tensors.get(Edge(graph.nodes.index(node)))
            flattens = not (a["multi_output"] or a["preserve_shape"]) and tensor and len(tensor[1].shape) > 2
            if flattens:
                raise NodeError(node.op, node.name, "is over several axes, and its gradient cannot be compared")
            axis = {"axis": "1" if a["multi_output"] else "-1"}
            return replace(node, op="softmax", attrs=axis, inputs=node.inputs[:1])
        if op == "LogisticRegressionOutput":
            return replace(node, op="sigmoid", attrs={}, inputs=node.inputs[:1])
        if op.endswith("RegressionOutput") or op == "SVMOutput" or op.lower() in ("makeloss", "make_loss"):
            return replace(node, op="_copy", attrs={}, inputs=node.inputs[:1])
        return node

    return _with_nodes(graph, change)


def _without_dropout(graph: Graph) -> Graph:
    def change(node: Node) -> Node:
        if node.op == "Dropout" or node.op == "RNN":
            return replace(node, attrs={**node.attrs, "p": "0"})
        return node

    return _with_nodes(graph, change)


def _inferring_in_training(graph: Graph) -> Graph:
    """The graph that computes in training mode what it otherwise computes in inference."""

    def change(node: Node) -> Node:
        statistics = node.op.startswith("BatchNorm")
        return replace(node, attrs={**node.attrs, "use_global_stats": "True"}) if statistics else node

    return _without_dropout(_with_nodes(graph, change))


@contextmanager
def _dropping_nothing(model: Any) -> Iterator[None]:
    """While the block runs, the layers of the model drop nothing."""
    layers = [layer for layer in model._flatten_layers() if isinstance(getattr(layer, "rate", None), float)]
    rates = [layer.rate for layer in layers]
    for layer in layers:
        layer.rate = 0.0
    try:
        yield
    finally:
        for layer, rate in zip(layers, rates, strict=True):
            layer.rate = rate
