"""Folds the layers that scale numbers into the first and the last layer of a net, where a net with other arrays
computes the same: a linear layer, or a convolution without padding, of numbers that are scaled and shifted is one of
the numbers themselves. Knows these ops, no file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..errors import FormatError
from ..features.image_encoder import ImageEncoder
from ..features.scaling import Affine, Moments
from ..graph.graph import Edge, Graph, Node, Parameter
from ..inference.embedding_inputs import input_names
from ..inference.loading import LoadedModel
from ..keras_api.names import keras_name
from ..keras_files import scaling_layers
from ..keras_files.scaling_layers import INPUTS, OUTPUTS, numbered
from ..ops import registry
from ..ops.traits import Keeps
from ..passes.canonicalize import canonicalize

MOST_SHIFT = 1000
"""How many standard deviations a mean may be: float32 has seven digits, and the folded layer loses as many of them."""
NOTICED_SHIFT = 16
"""From this many on, the loss is told."""
DTYPES = ("float32", "float64")
"""Of the parameters that can be changed."""


@dataclass(frozen=True)
class Folded:
    """A net whose parameters do what layers of a model do: `lines` say so for the user; `left` are the layers that the
    net cannot have, with the reason, and `fills` is whether the model replaces missing numbers, which no net does."""

    graph: Graph
    lines: tuple[str, ...]
    left: dict[str, str]
    fills: bool


class _NotExact(Exception):
    """The reason why a layer cannot be folded."""


def fold(graph: Graph, loaded: LoadedModel, encoders: Mapping[str, ImageEncoder] = {}) -> Folded:
    """Folds what a model does with the numbers of its training data into the parameters of its net.

    `graph` is the net as it was read, with the values of its parameters; `encoders` are the Image encoders of its file
    by the name of the model's input: what one of them does itself is not folded. Raises FormatError if a layer that
    scales is damaged.
    """
    model = loaded.model
    widths = [math.prod(size or 1 for size in tensor.shape[1:]) for tensor in model.inputs]
    try:
        scaling = scaling_layers.scaling_of(scaling_layers.configs_of(model), widths, len(model.outputs))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise FormatError(f"{loaded.name}: its layers that scale do not fit its inputs") from None
    layers = _Layers(graph)
    lines, left, start = [], {}, 0
    names = input_names(model)
    for number, (name, width) in enumerate(zip(names, widths, strict=True)):
        affine, start = _affine(scaling.part(start, start + width).inputs), start + width
        layer = numbered(INPUTS, number, len(names))
        if affine is None or (name in encoders and _does(encoders[name], affine, width)):
            continue
        try:
            if name in encoders:
                raise _NotExact("the image encoder of the net does something else")
            lines.append(f"{layer} is folded into {layers.fold_input(name, affine)}: the net takes the numbers of the "
                         f"training data{_loss_of_digits(affine)}")  # fmt: skip
        except _NotExact as error:
            left[layer] = str(error)
    for number, moments in enumerate(scaling.outputs):
        if moments is None:
            continue
        layer = numbered(OUTPUTS, number, len(model.outputs))
        try:
            into = layers.fold_output(number, len(model.outputs), moments)
            lines.append(f"{layer} is folded into {into}: the net returns values in the units of the training data")
        except _NotExact as error:
            left[layer] = str(error)
    return Folded(layers.changed(), tuple(lines), left, scaling_layers.fills(model))


def _affine(inputs: Affine | Moments | None) -> Affine | None:
    return Affine(1 / inputs.std, -inputs.mean / inputs.std) if isinstance(inputs, Moments) else inputs


def _does(encoder: ImageEncoder, affine: Affine, width: int) -> bool:
    """Whether an encoder does the same with the pixels of an image."""
    channels = encoder.shape[0] if encoder.channels_first else encoder.shape[-1]
    for numbers, own in zip(affine, (encoder.scale, encoder.offset), strict=True):
        values = np.broadcast_to(own, channels)
        each = np.repeat(values, width // channels) if encoder.channels_first else np.tile(values, width // channels)
        if each.shape != numbers.shape or not np.allclose(numbers, each, rtol=1e-6, atol=1e-9):
            return False
    return True


def _loss_of_digits(affine: Affine) -> str:
    most = np.abs(affine.offset).max()
    return f", rounded to about {most * 2.0**-24:.0e} of a standard deviation" if most > NOTICED_SHIFT else ""


class _Layers:
    """The first and the last layers of a net, and new values of their parameters."""

    def __init__(self, raw: Graph) -> None:
        self.raw, self.graph = raw, canonicalize(raw)
        self.readers = self.graph.consumers()
        self.stored: dict[int | None, tuple[int, Parameter]] = {
            parameter.node: (number, parameter) for number, parameter in enumerate(raw.parameters)
        }
        self.values: dict[int, np.ndarray] = {}

    def changed(self) -> Graph:
        """The net with the new values."""
        parameters = list(self.raw.parameters)
        for number, value in self.values.items():
            own = value.astype(parameters[number].dtype)
            parameters[number] = replace(parameters[number], read=partial(np.asarray, own))
        return replace(self.raw, parameters=tuple(parameters))

    def fold_input(self, name: str, affine: Affine) -> str:
        """Folds the scaling of an input into all layers that read it; returns their names. Raises _NotExact."""
        entries = [i for i in self.graph.inputs() if keras_name(self.graph.nodes[i].name) == name]
        if len(entries) != 1:
            raise _NotExact(f"the net has no input {name!r}")
        found = list(self._first_layers(entries[0]))
        changes = [self._folded(node, affine) for node in found]
        for change in changes:
            self.values |= change
        return _listed(found)

    def _first_layers(self, index: int):
        """The nodes that read a node, the ones behind those that keep all numbers in their order."""
        if any(edge.node == index for edge in self.graph.heads):
            raise _NotExact("an output of the net depends on it without a layer")
        for reader, position in self.readers[index]:
            node = self.graph.nodes[reader]
            if position == 0 and _keeps_order(node):
                yield from self._first_layers(reader)
            elif position or node.op not in FOLDS:
                raise _NotExact(f"its first layer {node.name!r} is not linear")
            else:
                yield node

    def _folded(self, node: Node, affine: Affine) -> dict[int, np.ndarray]:
        if np.abs(affine.offset).max() > MOST_SHIFT:
            raise _NotExact(f"a mean is over {MOST_SHIFT:,} standard deviations, and float32 would lose its digits")
        number, weights = self._parameter(node, 1)
        scale, offset, axis = FOLDS[node.op](node, weights, affine)
        changed = {number: weights * scale}
        shift = (weights * offset).sum(axis=axis)
        if shift.any():
            if not _has_biases(node):
                raise _NotExact(f"its first layer {node.name!r} has no biases")
            place, biases = self._parameter(node, 2)
            changed[place] = biases + shift
        return changed

    def fold_output(self, number: int, count: int, moments: Moments) -> str:
        """Folds the scaling of an output into the layer that computes it; returns its name. Raises _NotExact."""
        if len(self.graph.heads) != count:
            raise _NotExact("the net has other outputs")
        edge = self.graph.heads[number]
        if self.graph.heads.count(edge) > 1 or self.readers[edge.node]:
            raise _NotExact("other layers of the net read its output")
        node = self._last_layer(edge, moments)
        place, weights = self._parameter(node, 1)
        std = np.broadcast_to(moments.std, len(weights))
        changed = {place: weights * std.reshape(-1, 1)}
        if _has_biases(node):
            place, biases = self._parameter(node, 2)
            changed[place] = biases * std + moments.mean
        elif moments.mean.any():
            raise _NotExact(f"its last layer {node.name!r} has no biases")
        self.values |= changed
        return _listed([node])

    def _last_layer(self, edge: Edge, moments: Moments) -> Node:
        node = self.graph.nodes[edge.node]
        while _keeps_order(node) and moments.std.size == 1:
            edge = node.inputs[0]
            node = self.graph.nodes[edge.node]
            if len(self.readers[edge.node]) > 1 or edge in self.graph.heads:
                raise _NotExact("other layers of the net read its output")
        if node.op != LINEAR:
            raise _NotExact(f"its last layer {node.name!r} is not linear")
        if moments.std.size not in (1, registry.typed_attributes(node)["num_hidden"]):
            raise _NotExact(f"its last layer {node.name!r} has other outputs")
        return node

    def _parameter(self, node: Node, position: int) -> tuple[int, np.ndarray]:
        """The number of a stored array that only this node reads, and its present values in double precision."""
        index = node.inputs[position].node
        number, parameter = self.stored.get(self.graph.nodes[index].index, (0, None))
        if parameter is None or index not in self.graph.arrays or parameter.dtype not in DTYPES:
            raise _NotExact(f"the arrays of {node.name!r} are not stored as float32")
        if len(self.readers[index]) > 1:
            raise _NotExact(f"{node.name!r} shares its arrays")
        values = self.values.get(number)
        return number, np.asarray(parameter.read() if values is None else values, np.float64)


def _keeps_order(node: Node) -> bool:
    """Whether a node passes all numbers on, in their order."""
    keeps = node.op in PLAIN_HEADS or registry.keeps(node) >= Keeps.ORDER
    return keeps and "dtype" not in registry.typed_attributes(node)


def _has_biases(node: Node) -> bool:
    return len(node.inputs) > 2 and not registry.typed_attributes(node)["no_bias"]


def _listed(nodes: list[Node]) -> str:
    return f"layer{'s' * (len(nodes) > 1)} {', '.join(repr(node.name) for node in nodes)}"


def _linear(node: Node, weights: np.ndarray, affine: Affine) -> tuple[np.ndarray, np.ndarray, int]:
    """The scale and the offset of each column of the weights, (out, in), and the axis to sum over."""
    size, flattens = weights.shape[1], registry.typed_attributes(node)["flatten"]
    rows = [_repeated(numbers, size) for numbers in affine]
    if flattens and affine.scale.size not in (1, size):
        raise _NotExact(f"its first layer {node.name!r} takes another number of numbers")
    return rows[0], rows[1], 1


def _repeated(numbers: np.ndarray, size: int) -> np.ndarray:
    """The numbers of the last axis, of `size`, if they are the same along all others."""
    if numbers.size == 1:
        return np.broadcast_to(numbers, size)
    if numbers.size % size or (numbers.reshape(-1, size) != numbers[:size]).any():
        raise _NotExact("the numbers along its axes are scaled differently")
    return numbers[:size]


def _convolution(node: Node, weights: np.ndarray, affine: Affine) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """The same for the weights of a convolution, (out, in / groups, *kernel)."""
    attributes = registry.typed_attributes(node)
    if affine.offset.any() and any(attributes["pad"]):
        raise _NotExact(f"its first layer {node.name!r} pads with zeros, which are not shifted")
    groups, share = attributes["num_group"], weights.shape[1]
    shaped = []
    for numbers in affine:
        each = numbers if numbers.size > 1 else np.repeat(numbers, groups * share)
        if each.size % (groups * share):
            raise _NotExact(f"its first layer {node.name!r} takes other channels")
        each = each.reshape(groups * share, -1)
        if (each != each[:, :1]).any():
            raise _NotExact("the numbers along its axes are scaled differently")
        of_groups = np.repeat(each[:, 0].reshape(groups, share), len(weights) // groups, axis=0)
        shaped.append(of_groups.reshape(len(weights), share, *(1,) * (weights.ndim - 2)))
    return shaped[0], shaped[1], tuple(range(1, weights.ndim))


LINEAR = "FullyConnected"
PLAIN_HEADS = ("LinearRegressionOutput", "MAERegressionOutput")
"""Losses whose output is the prediction."""
FOLDS = {LINEAR: _linear, "Convolution": _convolution}
"""For each op that numbers can be folded into: the factor and the shift of each weight, and the axes to sum over."""
