"""The site of one node in a model that is being built (`at` in translations), and the state of the build. Knows no
translation."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ..errors import NodeError, OpenShape
from ..frontends.mxnet.params_file import release
from ..graph.graph import Graph
from ..graph.tracked_array import TrackedArray, sources, steps
from ..keras_api.lazy import keras, layers, ops
from ..keras_api.names import keras_name
from ..kernels.layout import Flat, LaidOutTensor, Operand, StoredOperand
from ..ops import registry
from ..ops.traits import Keeps
from ..passes.constant_limits import LARGEST_ARRAY
from ..passes.recurrent_states import is_zero
from ..passes.rounding_sensitive import rounding_sensitive
from . import stored_values
from .ownership import Ownership
from .submodels import WHOLE, Parts

LARGEST_CONSTANT = 4096
"""The most elements of a constant that is written into the model's config; a larger one becomes a frozen variable."""


def layer_name(name: str) -> str:
    """A node name as the name of a layer with variables: TensorFlow exports these only if it begins with a letter or a
    digit."""
    return keras_name(name).lstrip("_-")


def to_snake_case(name: str) -> str:
    """CamelCase to snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class PendingWeight(NamedTuple):
    """A `variable` of `owner` that is initialized with an array of this `origin`: until the variable is made, the
    owner's `attribute` returns the array, in place of its own `initializer`."""

    owner: Any
    variable: str
    origin: tuple[Any, ...]
    attribute: str
    initializer: Any


@dataclass
class BuildState:
    """The state of a build, which a graph and its subgraphs share."""

    translate_subgraph: Callable[[BuildState, Graph, dict[int, Operand]], list[Operand]]
    ownership: Ownership
    first_input: Any = None  # has the batch axis first
    names: set[str] = field(default_factory=set)
    shared_layers: dict[Any, Any] = field(default_factory=dict)
    pending_weights: list[PendingWeight] = field(default_factory=list)
    made_by: dict[int, tuple[int, str]] = field(default_factory=dict)  # node index and name, by id of a tensor
    discarded: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=dict)  # on numbers of arrays, with the names of these
    parts: Parts = field(default_factory=Parts)

    @property
    def batch(self):
        """A tensor with the batch axis first."""
        return self.parts.here(self.first_input, WHOLE)

    def unique(self, name: str) -> str:
        """The name, with a number added if it is taken."""
        candidate, n = name, 1
        while candidate.lower() in self.names:
            candidate, n = f"{name}_{n}", n + 1
        self.names.add(candidate.lower())
        return candidate


@dataclass
class Scope:
    """A graph that is being built, or a subgraph of one; `zeros` are the inputs that start at zero."""

    graph: Graph
    zeros: Collection[int] = ()

    @cached_property
    def rounding_sensitive(self) -> frozenset[int]:
        """The nodes whose results matter to their last bit."""
        return rounding_sensitive(self.graph)


class Site:
    """One node of the model that is being built: the argument `at` of a translation.

    Makes layers, named after the node and shared between nodes that share parameters; sets their weights; turns stored
    arrays into trainable tensors; makes errors that name the node.
    """

    def __init__(self, build: BuildState, scope: Scope, index: int):
        self.build, self.scope, self.index = build, scope, index
        self.node, self.used = scope.graph.nodes[index], scope.graph.used_outputs[index]
        self.flat: Flat | None = None
        self.values: list[Operand] = []

    def error(self, what: str, received=None) -> NodeError:
        return NodeError(self.node.op, self.node.name, what, received)

    def open(self, what: str, received=None) -> OpenShape:
        """The error for an open length that must be known; `what` is the message."""
        return OpenShape(self.node.op, self.node.name, what, received)

    def note(self, text: str) -> None:
        """Adds a note for the user, once."""
        if text not in self.build.notes:
            self.build.notes.append(text)

    def discard(self, *arrays) -> None:
        """Records that arrays are not used to compute anything (the gamma that `fix_gamma` overrides)."""
        for array in arrays:
            array = array.array if isinstance(array, StoredOperand) else array
            if isinstance(array, TrackedArray):
                self.build.discarded.update(sources(array.origin))

    def name(self, part: str | None = None) -> str:
        base = layer_name(self.node.name) or layer_name(to_snake_case(self.node.op))
        return f"{base}_{part}" if part else base

    @property
    def is_rounding_sensitive(self) -> bool:
        """Whether the last bit of the result matters to a later op (`rounding_sensitive.py`)."""
        return self.index in self.scope.rounding_sensitive

    @property
    def keeps_elements(self) -> bool:
        """Whether the outputs of the node consist of elements of its inputs."""
        return registry.keeps(self.node) > Keeps.NOTHING

    def axis(self, axis: int, rank: int) -> int:
        """An axis, which may be negative, as a non-negative number. Raises NodeError if it is out of range."""
        if not -rank <= axis < rank:
            raise self.error(f"axis must be in [{-rank}, {rank})", axis)
        return axis % rank

    def can_own(self, *arrays) -> bool:
        """Whether a layer may own these: stored arrays that no node reads in a different way, or None."""
        stored = all(array is None or isinstance(array, TrackedArray) for array in arrays)
        return stored and not self.is_shared_unsafely(*arrays)

    def is_shared_unsafely(self, *arrays) -> bool:
        """Whether other nodes read parameters of these arrays in different ways."""
        unsafe = self.build.ownership.unsafe
        return any(isinstance(a, TrackedArray) and not unsafe.isdisjoint(sources(a.origin)) for a in arrays)

    def kernel(self, weight: TrackedArray) -> TrackedArray:
        """A dense layer's weight (out, in) as a kernel (in, out), its rows in the order of the flattened data."""
        return weight.T if self.flat is None else self.flat.kernel(weight)

    def layer(
        self, cls, *args, weights: dict[str, TrackedArray | None] | None = None, part: str | None = None, **config
    ):
        """A Keras layer named after the node (and `part` of it), with the weights given by attribute of the layer
        (`kernel`, or `cell.kernel`) instead of initial values. Nodes with the same arrays get the same layer."""
        arrays = {role: array for role, array in (weights or {}).items() if array is not None}
        key = None
        if arrays and not any("constant" in steps(array.origin) for array in arrays.values()):
            origins = tuple((role, _key(array)) for role, array in arrays.items())
            settings = {name: _settings(value) for name, value in sorted(config.items())}
            key = (cls, repr([_settings(value) for value in args]), repr(settings), origins)
            if key in self.build.shared_layers:
                return self.build.shared_layers[key]
        if any(not array.trainable for array in arrays.values()):
            config["trainable"] = False
        config = self.precision(*arrays.values()) | config
        layer = cls(*args, name=self.build.unique(self.name(part)), **config)
        for role, array in arrays.items():
            self._initialize_with(layer, role, array)
        if key is not None:
            self.build.shared_layers[key] = layer
        return layer

    def precision(self, *weights: TrackedArray) -> dict[str, Any]:
        """The `dtype` of a layer for the node's data if these are not float32; float32 weights of float16 data stay
        float32."""
        dtypes = [
            dtype
            for value in self.values
            if isinstance(value, LaidOutTensor)
            for dtype in precision(value.tensor).values()
        ]
        if not dtypes:
            return {}
        mixed = dtypes[0] == "float16" and any(array.dtype == "float32" for array in weights)
        return {"dtype": "mixed_float16" if mixed else dtypes[0]}

    def _initialize_with(self, layer, role: str, array: TrackedArray) -> None:
        """Has the variable `role` initialized with the array's values, so that no random numbers are drawn for it."""
        *path, variable = role.split(".")
        owner = layer
        for step in path:
            owner = getattr(owner, step)
        # recurrent_kernel has recurrent_initializer, the kernel of a depthwise layer has depthwise_initializer
        names = (variable, variable.removesuffix("_kernel"), "depthwise")
        attribute = next(name for name in (f"{n}_initializer" for n in names) if hasattr(owner, name))

        held = [array]  # dropped once used: it may be a transposed copy, not backed by the mapped file
        arrays = self.scope.graph.arrays
        read = next((arrays[edge.node] for edge in self.node.inputs if edge.node in arrays), array)

        def given(shape, dtype=None):
            array = held.pop()
            if tuple(shape) != array.shape:
                raise self.error(
                    f"{variable} must have shape {tuple(shape)}", f"{array.shape} from {_source_names(array)}"
                )
            release(read.value)  # its pages were read to make a transposed copy
            names = _source_names(array)
            for remark in stored_values.remarks(array.value, str(dtype), names, self.scope.graph.source):
                self.build.remarks.setdefault(remark, []).append(names)
            tensor = ops.convert_to_tensor(array.value, dtype)
            release(read.value)
            return tensor

        self.build.pending_weights.append(
            PendingWeight(owner, variable, array.origin, attribute, getattr(owner, attribute))
        )
        setattr(owner, attribute, given)

    def tensor(self, array):
        """A stored array as a trainable tensor of its shape; a tensor is returned as it is.

        Keras has no layer that only holds an array, so it becomes an Embedding of which all rows are looked up: one
        weight that is trainable and saved, and an exact result.
        """
        if not isinstance(array, TrackedArray):
            return array
        if array.origin[0] == "constant" and array.size <= LARGEST_CONSTANT:
            return array.value
        rows = array.shape[0] if array.ndim > 1 else 1
        table = array.reshape((rows, -1)) if array.size else array
        key = ("tensor", _key(array))
        if key not in self.build.shared_layers:
            layer = self.embedding(table)
            index = self.connected_zero("int32")
            if rows > 1:
                index = ops.add(index, ops.arange(rows, dtype="int32"))
            self.build.shared_layers[key] = ops.reshape(layer(index), array.shape), self.build.parts.number
        return _as_dtype(self.build.parts.here(*self.build.shared_layers[key]), array)

    def rows(self, table: TrackedArray, ids):
        """The rows `ids` of a stored array (rows, columns)."""
        divided = not self.build.ownership.divided.isdisjoint(sources(table.origin))
        return ops.take(self.tensor(table), ids, 0) if divided else _as_dtype(self.embedding(table)(ids), table)

    def embedding(self, table: TrackedArray):
        """The Embedding that holds a stored array (rows, columns), named after the array.

        Integers are held as float32 where that is exact: Keras treats int8 as a request for quantization, and PyTorch
        cannot load an Embedding of integers.
        """
        names = list(sources(table.origin))
        whole = table.dtype.kind in "iub"
        dtype = "float32" if whole and _is_exact(table) else str(table.dtype)
        config: dict[str, Any] = {} if dtype == "float32" else {"dtype": dtype}
        if whole:
            config |= {"trainable": False, "embeddings_initializer": "zeros"}
        key = ("embedding", _key(table))
        if key not in self.build.shared_layers:
            name = layer_name(names[0].rpartition(":")[2]) if names else self.name("constant")
            config = {"trainable": table.trainable} | config
            layer = layers.Embedding(*table.shape, name=self.build.unique(name or "array"), **config)
            self._initialize_with(layer, "embeddings", table)
            self.build.shared_layers[key] = layer
        return self.build.shared_layers[key]

    def constant(self, *tensors) -> bool:
        """Whether any of these is a plain array and not a tensor of the graph."""
        return not all(keras.backend.is_keras_tensor(t) for t in tensors)

    def ordered(self, tensor, order=None):
        """A result whose axes are in `order` (MXNet's order if None), whatever the op's layout is."""
        return as_operand(self, tensor, order)

    def stored(self, array: TrackedArray) -> StoredOperand:
        """A result that is still a stored array, such as a transposed one."""
        return StoredOperand(array, True, self.tensor, self)

    def permute(self, tensor, axes):
        """numpy.transpose, by a reshape where only axes of length 1 move."""
        shape = tuple(tensor.shape)
        if tuple(axes) == tuple(range(len(shape))):
            return tensor
        long = [a for a in axes if shape[a] != 1]
        target = tuple(shape[a] for a in axes)
        if long == sorted(long) and axes[0] == 0 and None not in target[1:]:
            return self.reshape(tensor, (-1, *target[1:]))
        if axes[0] == 0:
            return self.layer(layers.Permute, tuple(axes[1:]), part="permute", **precision(tensor))(tensor)
        return ops.transpose(tensor, axes)

    def with_leading_axes(self, tensor, rank: int):
        """The tensor with leading axes of length 1 added, up to a rank."""
        while len(tensor.shape) < rank:
            tensor = ops.expand_dims(tensor, 0)
        return tensor

    def reshape(self, tensor, shape):
        """A reshape that keeps the batch axis, given as -1."""
        if tuple(tensor.shape[1:]) == tuple(shape[1:]):
            return tensor
        return self.layer(layers.Reshape, tuple(shape[1:]), part="reshape", **precision(tensor))(tensor)

    def flattened(self, tensor, features: int | None = None):
        """A tensor of shape (batch, features); `features` is their number, for data with open lengths."""
        if None in tensor.shape[1:] and features is not None:
            return self.layer(layers.Reshape, (features,), part="flatten")(tensor)
        if len(tensor.shape) == 2:
            return tensor
        return self.layer(layers.Flatten, part=None if self.node.op == "Flatten" else "flatten")(tensor)

    def zeros(self, shape, dtype="float32"):
        """Zeros. One axis of the shape may be None or 0, and gets the length of the batch."""
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
        along = open_[0] if len(open_) == 1 else 0  # the time axis may come before the batch axis
        first = self.build.batch[tuple(slice(None) if i == along else 0 for i in range(len(lengths)))]
        zeros = ops.reshape(ops.zeros_like(first, dtype=dtype), [-1 if i == axis else 1 for i in range(len(shape))])
        return ops.add(zeros, ops.zeros([1 if i == axis else d for i, d in enumerate(shape)], dtype))

    def connected_zero(self, dtype: str):
        """A zero of shape (1,) that depends on an input: added to a constant, it makes that part of the model."""
        return connected_zero(self.build.batch, dtype)

    def is_zero(self, position: int) -> bool:
        """Whether an input, by its position, is a state that starts at zero."""
        if position >= len(self.node.inputs):
            return True
        return is_zero(self.scope.graph, self.node.inputs[position], self.scope.zeros)

    def subgraph(self, number: int, values: list[Operand]) -> list[Operand]:
        """The outputs of a subgraph of this node, for values of its null nodes in order."""
        inner = self.node.subgraphs[number]
        nulls = [i for i, node in enumerate(inner.nodes) if node.op == "null"]
        return self.build.translate_subgraph(self.build, inner, dict(zip(nulls, values, strict=True)))


def _settings(value):
    """The config, without the name, of an argument that is a layer; other arguments as they are."""
    return {**value.get_config(), "name": None} if isinstance(value, keras.layers.Layer) else value


def precision(tensor) -> dict[str, Any]:
    """The `dtype` that a layer needs so as not to cast a tensor to float32; layers do not cast integers."""
    dtype = str(tensor.dtype)
    return {"dtype": dtype} if dtype in ("float16", "bfloat16", "float64") else {}


def _is_exact(array: TrackedArray) -> bool:
    """Whether float32 holds all values of an array of integers."""
    most = 2**24
    return array.dtype.itemsize < 3 or not array.size or (array.value.min() >= -most and array.value.max() <= most)


def _as_dtype(tensor, array: TrackedArray):
    """The tensor in the dtype of the array whose values it has."""
    dtype = str(array.dtype)
    return tensor if str(tensor.dtype) == dtype else ops.cast(tensor, dtype)


def _key(array: TrackedArray):
    """Equal for arrays with the same values of the same parameters."""
    return repr(array.origin) if array.origin[0] != "constant" else id(array)


def _source_names(array: TrackedArray) -> str:
    return ", ".join(map(repr, sources(array.origin))) or "a constant"


def connected_zero(tensor, dtype: str):
    """A zero of shape (1,) that depends on a tensor."""
    return ops.reshape(ops.zeros_like(tensor[(0,) * len(tensor.shape)], dtype=dtype), (1,))


def as_operand(site: Site, tensor, order) -> Operand:
    """A result of a translation, whose axes are in `order`, as an operand; plain arrays become constants."""
    if not keras.backend.is_keras_tensor(tensor):
        array = TrackedArray.constant(ops.convert_to_numpy(tensor))
        return StoredOperand(array, True, site.tensor, site)
    site.build.made_by.setdefault(id(tensor), (site.index, site.name()))
    if order is not None and not isinstance(order, Flat) and len(order) != len(tensor.shape):
        raise TypeError(f"{site.node.op} returned rank {len(tensor.shape)} for order {order}")
    return LaidOutTensor(tensor, order, site)
