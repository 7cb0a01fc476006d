"""The place of one node in a model under construction, and what grows while a graph is built. Knows no translation."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import NodeError, OpenShape
from ..frontends.mxnet.params_file import release
from ..graph.graph import Edge, Graph
from ..graph.tracked_array import TrackedArray, has_constants, sources
from ..keras_api.lazy import keras, layers, ops
from ..kernels.layout import Flat, LaidOutTensor, StoredOperand
from ..ops import registry
from ..ops.traits import Keeps
from ..passes.constant_limits import LARGEST_ARRAY
from ..passes.rounding_sensitive import rounding_sensitive
from .submodels import WHOLE, Parts

LARGEST_CONSTANT = 4096
"""Elements of a constant that may be written into the model's config; a larger one becomes a frozen variable."""


def keras_name(name: str) -> str:
    """A node name as a layer name: what Keras or TensorFlow refuses becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def layer_name(name: str) -> str:
    """A node name as that of a layer, whose variables TensorFlow exports only if it begins with a letter, digit or
    point."""
    return keras_name(name).lstrip("_-")


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@dataclass
class BuildState:
    """What grows while a graph is built; shared with the builds of its subgraphs."""

    translate: Callable[..., list[tuple]]  # `build.translate`, for the subgraphs of a node
    first: Any = None  # the first input: it has the batch axis first
    names: set[str] = field(default_factory=set)
    shared: dict[Any, Any] = field(default_factory=dict)
    placed: list[tuple[Any, str, tuple, str, Any]] = field(default_factory=list)
    made: dict[int, tuple[Any, str]] = field(default_factory=dict)
    loose: dict[int, TrackedArray] = field(default_factory=dict)  # stored arrays that no one layer can own, by id
    discarded: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    parts: Parts = field(default_factory=Parts)
    spread: set[int] = field(default_factory=set)  # stored arrays that several parts read, by id
    tied: frozenset[str] = frozenset()  # parameters that layers of different kinds would have to share
    rounding_sensitive: dict[int, frozenset[int]] = field(default_factory=dict)  # nodes by id of their graph

    @property
    def batch(self):
        """A tensor with the batch axis first."""
        return self.parts.here(self.first, WHOLE)

    def unique(self, name: str) -> str:
        candidate, n = name, 1
        while candidate.lower() in self.names:
            candidate, n = f"{name}_{n}", n + 1
        self.names.add(candidate.lower())
        return candidate


class Site:
    """The place of one node in the model under construction: what a translation is given as `at`.

    Makes layers, named after the node and shared between nodes that share parameters; sets their weights; turns stored
    arrays into trainable tensors; blames the node.
    """

    def __init__(
        self, build: BuildState, graph: Graph, index: int, used: frozenset[int] = frozenset({0}), zeros=frozenset()
    ):
        self.build, self.graph, self.index, self.node = build, graph, index, graph.nodes[index]
        self.used = used
        self.flat: Flat | None = None
        self.values: list = []
        self._zeros = zeros

    def error(self, what: str, received=None) -> NodeError:
        return NodeError(self.node.op, self.node.name, what, received)

    def open(self, what: str, received=None) -> OpenShape:
        """That a length must be known which is open."""
        return OpenShape(self.node.op, self.node.name, what, received)

    def note(self, text: str) -> None:
        """Something the user should know, said once."""
        if text not in self.build.notes:
            self.build.notes.append(text)

    def discard(self, *arrays) -> None:
        """Says that arrays have no part in what is computed (the gamma that `fix_gamma` overrides)."""
        for array in arrays:
            array = array.array if isinstance(array, StoredOperand) else array
            if isinstance(array, TrackedArray):
                self.build.discarded.update(sources(array.origin))

    def name(self, part: str | None = None) -> str:
        base = layer_name(self.node.name) or layer_name(snake(self.node.op))
        return f"{base}.{part}" if part else base

    @property
    def last_bit(self) -> bool:
        """Whether the last bit of what is computed here counts further on (`passes/rounding_sensitive.py`)."""
        key = id(self.graph)
        if key not in self.build.rounding_sensitive:
            self.build.rounding_sensitive[key] = rounding_sensitive(self.graph)
        return self.index in self.build.rounding_sensitive[key]

    @property
    def keeps_elements(self) -> bool:
        """Whether the outputs of the node consist of elements of its inputs."""
        return registry.keeps(self.node) > Keeps.NOTHING

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from either end, as a place."""
        if not -rank <= axis < rank:
            raise self.error(f"axis must be in [{-rank}, {rank})", axis)
        return axis % rank

    def owns(self, *arrays) -> bool:
        """Whether these are stored arrays that a layer here may own: nothing that is no such layer reads them."""
        return not self.tied(*arrays) and all(
            a is None or (isinstance(a, TrackedArray) and id(a) not in self.build.loose) for a in arrays
        )

    def tied(self, *arrays) -> bool:
        """Whether other nodes share these arrays that not every layer here could share with them."""
        return any(isinstance(a, TrackedArray) and self.build.tied & sources(a.origin).keys() for a in arrays)

    def kernel(self, weight: TrackedArray) -> TrackedArray:
        """A dense layer's weight (out, in) as a kernel (in, out), with its rows as the flattened data lies."""
        return weight.T if self.flat is None else self.flat.kernel(weight)

    def layer(
        self, cls, *args, weights: dict[str, TrackedArray | None] | None = None, part: str | None = None, **config
    ):
        """A Keras layer named after the node (and `part` of it), with the weights given by attribute of the layer
        (`kernel`, or `cell.kernel`) instead of initial values. Nodes with the same arrays get the same layer."""
        weights = {role: array for role, array in (weights or {}).items() if array is not None}
        key = None
        if weights and not any(has_constants(array.origin) for array in weights.values()):
            origins = tuple((role, _key(array)) for role, array in weights.items())
            settings = {name: _settings(value) for name, value in sorted(config.items())}
            key = (cls, repr([_settings(value) for value in args]), repr(settings), origins)
            if key in self.build.shared:
                return self.build.shared[key]
        if any(not array.trainable for array in weights.values()):
            config["trainable"] = False
        config = self.precision(*weights.values()) | config
        layer = cls(*args, name=self.build.unique(self.name(part)), **config)
        for role, array in weights.items():
            self._preset(layer, role, array)
        if key is not None:
            self.build.shared[key] = layer
        return layer

    def precision(self, *weights: TrackedArray) -> dict[str, str]:
        """The `dtype` of a layer for the node's data, where these are not float32; float32 weights stay what they are
        beside float16 data."""
        kinds = [
            kind
            for value in self.values
            if isinstance(value, LaidOutTensor)
            for kind in precision(value.tensor).values()
        ]
        if not kinds:
            return {}
        mixed = kinds[0] == "float16" and any(array.dtype == "float32" for array in weights)
        return {"dtype": "mixed_float16" if mixed else kinds[0]}

    def _preset(self, layer, role: str, array: TrackedArray) -> None:
        """Has the variable `role` made with the array's values: no random numbers are drawn only to be thrown away."""
        *path, variable = role.split(".")
        owner = layer
        for step in path:
            owner = getattr(owner, step)
        # of recurrent_kernel: recurrent_initializer; of the kernel of a depthwise layer: depthwise_initializer
        names = (variable, variable.removesuffix("_kernel"), "depthwise")
        attribute = next(name for name in (f"{n}_initializer" for n in names) if hasattr(owner, name))

        held = [array]  # until it is placed: it may be a rearranged copy, which does not know the map that all share
        read = next((self.graph.arrays[e.node] for e in self.node.inputs if e.node in self.graph.arrays), array)

        def given(shape, dtype=None):
            array = held.pop()
            if tuple(shape) != array.shape:
                raise self.error(f"{variable} must have shape {tuple(shape)}", f"{array.shape} from {_said(array)}")
            release(read.value)  # a rearranged copy was made of it, or little was read yet
            tensor = ops.convert_to_tensor(array.value, dtype)
            release(read.value)
            return tensor

        self.build.placed.append((owner, variable, array.origin, attribute, getattr(owner, attribute)))
        setattr(owner, attribute, given)

    def tensor(self, array):
        """A stored array as a trainable tensor of its shape; a tensor is returned as it is.

        No layer of Keras only holds an array, so an Embedding does, all of whose rows are looked up: one weight,
        trainable, saved, exact.
        """
        if not isinstance(array, TrackedArray):
            return array
        if array.origin[0] == "constant" and array.size <= LARGEST_CONSTANT:
            return array.value
        rows = array.shape[0] if array.ndim > 1 else 1
        table = array.reshape((rows, -1)) if array.size else array
        key = ("tensor", _key(array))
        if key not in self.build.shared:
            layer = self.embedding(table)
            index = self.nothing("int32")
            if rows > 1:
                index = ops.add(index, ops.arange(rows, dtype="int32"))
            self.build.shared[key] = ops.reshape(layer(index), array.shape), self.build.parts.number
        tensor, kind = self.build.parts.here(*self.build.shared[key]), str(array.dtype)
        return tensor if str(tensor.dtype) == kind else ops.cast(tensor, kind)

    def rows(self, table: TrackedArray, ids):
        """The rows `ids` of a stored array (rows, columns)."""
        return ops.take(self.tensor(table), ids, 0) if id(table) in self.build.spread else self.embedding(table)(ids)

    def embedding(self, table: TrackedArray):
        """The Embedding that holds a stored array (rows, columns), named after the array."""
        names = list(sources(table.origin))
        kind = str(table.dtype) if table.dtype.itemsize > 1 else "int32"  # Keras takes int8 for a quantised layer
        config = {} if kind == "float32" else {"dtype": kind}
        if "int" in kind:
            config |= {"trainable": False, "embeddings_initializer": "zeros"}
        key = ("embedding", _key(table))
        if key not in self.build.shared:
            name = layer_name(names[0].rpartition(":")[2]) if names else self.name("constant")
            config = {"trainable": table.trainable} | config
            layer = layers.Embedding(*table.shape, name=self.build.unique(name or "array"), **config)
            self._preset(layer, "embeddings", table)
            self.build.shared[key] = layer
        return self.build.shared[key]

    def constant(self, *tensors) -> bool:
        """Whether any of these is no tensor of the graph but a plain array."""
        return not all(keras.backend.is_keras_tensor(t) for t in tensors)

    def ordered(self, tensor, order=None):
        """A result whose axes lie in `order` (MXNet's order where None), whatever the op's layout says."""
        return wrap(self, tensor, order)

    def stored(self, array: TrackedArray) -> StoredOperand:
        """A result that is a stored array still, rearranged."""
        return StoredOperand(array, True, self.tensor, self)

    def permute(self, tensor, axes):
        """numpy.transpose. Axes of length 1 move for nothing, in a reshape."""
        shape = tuple(tensor.shape)
        long = [a for a in axes if shape[a] != 1]
        target = tuple(shape[a] for a in axes)
        if long == sorted(long) and axes[0] == 0 and None not in target[1:]:
            return self.reshape(tensor, (-1, *target[1:]))
        if axes[0] == 0:
            return self.layer(layers.Permute, tuple(axes[1:]), part="permute", **precision(tensor))(tensor)
        return ops.transpose(tensor, axes)

    def widened(self, tensor, rank: int):
        """With axes of length 1 in front."""
        while len(tensor.shape) < rank:
            tensor = ops.expand_dims(tensor, 0)
        return tensor

    def reshape(self, tensor, shape):
        """A reshape that keeps the batch axis, given as -1."""
        if tuple(tensor.shape[1:]) == tuple(shape[1:]):
            return tensor
        return self.layer(layers.Reshape, tuple(shape[1:]), part="reshape", **precision(tensor))(tensor)

    def flattened(self, tensor, features: int | None = None):
        """(batch, features). `features` says how many where the shape does not."""
        if None in tensor.shape[1:] and features is not None:
            return self.layer(layers.Reshape, (features,), part="flatten")(tensor)
        if len(tensor.shape) == 2:
            return tensor
        return self.layer(layers.Flatten, part=None if self.node.op == "Flatten" else "flatten")(tensor)

    def zeros(self, shape, dtype="float32"):
        """Zeros of a shape in which one axis, None or 0, is as long as the batch."""
        if math.prod(d or 1 for d in shape) > LARGEST_ARRAY:
            raise self.error(f"a constant of more than {LARGEST_ARRAY} elements", tuple(shape))
        if any(d is not None and d < 0 for d in shape):
            raise self.error("a shape has no negative sizes", tuple(shape))
        if all(shape):
            return ops.convert_to_numpy(ops.zeros(shape, dtype))
        if sum(not d for d in shape) > 1:
            raise self.error("only one axis can be as long as the batch", tuple(shape))
        axis = next(i for i, d in enumerate(shape) if not d)
        lengths = self.build.batch.shape
        open_ = [i for i, n in enumerate(lengths) if n is None]
        along = open_[0] if len(open_) == 1 else 0  # time may lie before the batch
        first = self.build.batch[tuple(slice(None) if i == along else 0 for i in range(len(lengths)))]
        zeros = ops.reshape(ops.zeros_like(first, dtype=dtype), [-1 if i == axis else 1 for i in range(len(shape))])
        return ops.add(zeros, ops.zeros([1 if i == axis else d for i, d in enumerate(shape)], dtype))

    def nothing(self, dtype: str):
        """A zero, of shape (1,), that hangs on an input: what makes a constant part of the model."""
        first = self.build.batch[(0,) * len(self.build.batch.shape)]
        return ops.reshape(ops.zeros_like(first, dtype=dtype), (1,))

    def is_zero(self, position: int) -> bool:
        """Whether an input is a state that starts at zero."""
        if position >= len(self.node.inputs):
            return True
        return is_zero(self.graph, self.node.inputs[position], self._zeros)

    def subgraph(self, number: int, values: list[LaidOutTensor]) -> list[LaidOutTensor]:
        """The outputs of a subgraph of this node, given values for its null nodes in order."""
        inner = self.node.subgraphs[number]
        nulls = [i for i, node in enumerate(inner.nodes) if node.op == "null"]
        return [
            value for value, _ in self.build.translate(self.build, inner, dict(zip(nulls, values, strict=True)), set())
        ]


def _settings(value):
    """What tells layers apart that are arguments of layers: all but their names."""
    return {**value.get_config(), "name": None} if isinstance(value, keras.layers.Layer) else value


def precision(tensor) -> dict[str, str]:
    """The `dtype` that a layer needs so as not to cast a tensor to float32; layers leave whole numbers as they are."""
    kind = str(tensor.dtype)
    return {"dtype": kind} if kind in ("float16", "bfloat16", "float64") else {}


def _key(array: TrackedArray):
    return repr(array.origin) if array.origin[0] != "constant" else id(array)


def _said(array: TrackedArray) -> str:
    return ", ".join(map(repr, sources(array.origin))) or "a constant"


def is_zero(graph: Graph, edge: Edge, zeros) -> bool:
    """Whether an edge carries zeros: a state without data, or `_zeros`, moved or reshaped at most."""
    node = graph.nodes[edge.node]
    if node.op == "null":
        return edge.node in zeros
    kept = registry.kept_inputs(node)
    return node.op == "_zeros" or (bool(kept) and all(is_zero(graph, e, zeros) for e in kept))


def wrap(site: Site, tensor, order):
    if tensor is None:
        return None
    if not keras.backend.is_keras_tensor(tensor):
        array = TrackedArray.constant(ops.convert_to_numpy(tensor))
        return StoredOperand(array, True, site.tensor, site)
    site.build.made.setdefault(id(tensor), (site.index, site.name()))
    if order is not None and not isinstance(order, Flat) and len(order) != len(tensor.shape):
        raise TypeError(f"{site.node.op} returned rank {len(tensor.shape)} for order {order}")
    return LaidOutTensor(tensor, order, site)
