"""Graph to keras.Model: one pass over the nodes, each translated at its Site. Knows the registry, no single op."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from . import layout, registry
from .arrays import Array, pieces, sources
from .errors import FormatError, NodeError
from .graph import Edge, Graph
from .layout import Flat, Stored, Value
from .lazy import keras, layers, ops
from .ndarray import release
from .parts import WHOLE, Parts, starts

LARGEST_CONSTANT = 4096
"""Elements of a constant that may be written into the model's config; a larger one becomes a frozen variable."""
LARGEST_ARRAY = 2**26
"""Elements of a constant that a graph may ask for."""


@dataclass(frozen=True)
class Account:
    """What was done: `names` maps node index to layer name, `weights` each Keras variable's path to its origin
    (`arrays.py`), `frozen` the parameters that do not train, `notes` what a user should know."""

    nodes: int
    layers: int
    parameters: int
    transposes: int
    names: dict[int, str]
    weights: dict[str, tuple]
    notes: tuple[str, ...] = ()


def keras_name(name: str) -> str:
    """A node name as a layer name: what Keras or TensorFlow refuses becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@dataclass
class Build:
    """What grows while a graph is built; shared with the builds of its subgraphs."""

    first: Any = None  # the first input: it has the batch axis first
    names: set[str] = field(default_factory=set)
    shared: dict[Any, Any] = field(default_factory=dict)
    placed: list[tuple[Any, str, tuple, str, Any]] = field(default_factory=list)
    made: dict[int, tuple[Any, str]] = field(default_factory=dict)
    loose: dict[int, Array] = field(default_factory=dict)  # stored arrays that no one layer can own, by id
    discarded: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    parts: Parts = field(default_factory=Parts)
    spread: set[int] = field(default_factory=set)  # stored arrays that several parts read, by id
    tied: frozenset[str] = frozenset()  # parameters that layers of different kinds would have to share

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
        self, build: Build, graph: Graph, index: int, used: frozenset[int] = frozenset({0}), zeros=frozenset()
    ):
        self.build, self.graph, self.index, self.node = build, graph, index, graph.nodes[index]
        self.used = used
        self.flat: Flat | None = None
        self.values: list = []
        self._zeros = zeros

    def error(self, what: str, received=None) -> NodeError:
        return NodeError(self.node.op, self.node.name, what, received)

    def note(self, text: str) -> None:
        """Something the user should know, said once."""
        if text not in self.build.notes:
            self.build.notes.append(text)

    def discard(self, *arrays) -> None:
        """Says that arrays have no part in what is computed (the gamma that `fix_gamma` overrides)."""
        for array in arrays:
            array = array.array if isinstance(array, Stored) else array
            if isinstance(array, Array):
                self.build.discarded.update(sources(array.origin))

    def name(self, part: str | None = None) -> str:
        base = keras_name(self.node.name) or snake(self.node.op)
        return f"{base}.{part}" if part else base

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from either end, as a place."""
        if not -rank <= axis < rank:
            raise self.error(f"axis must be in [{-rank}, {rank})", axis)
        return axis % rank

    def owns(self, *arrays) -> bool:
        """Whether these are stored arrays that a layer here may own: nothing that is no such layer reads them."""
        return not self.tied(*arrays) and all(
            a is None or (isinstance(a, Array) and id(a) not in self.build.loose) for a in arrays
        )

    def tied(self, *arrays) -> bool:
        """Whether other nodes share these arrays that not every layer here could share with them."""
        return any(isinstance(a, Array) and self.build.tied & sources(a.origin).keys() for a in arrays)

    def kernel(self, weight: Array) -> Array:
        """A dense layer's weight (out, in) as a kernel (in, out), with its rows as the flattened data lies."""
        return weight.T if self.flat is None else self.flat.kernel(weight)

    def layer(self, cls, *args, weights: dict[str, Array | None] | None = None, part: str | None = None, **config):
        """A Keras layer named after the node (and `part` of it), with the weights given by attribute of the layer
        (`kernel`, or `cell.kernel`) instead of initial values. Nodes with the same arrays get the same layer."""
        weights = {role: array for role, array in (weights or {}).items() if array is not None}
        key = None
        if weights:
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

    def precision(self, *weights: Array) -> dict[str, str]:
        """The `dtype` of a layer for the node's data, where these are not float32; float32 weights stay what they are
        beside float16 data."""
        kinds = [
            kind for value in self.values if isinstance(value, Value) for kind in _precision(value.tensor).values()
        ]
        if not kinds:
            return {}
        mixed = kinds[0] == "float16" and any(array.dtype == "float32" for array in weights)
        return {"dtype": "mixed_float16" if mixed else kinds[0]}

    def _preset(self, layer, role: str, array: Array) -> None:
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
        if not isinstance(array, Array):
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

    def rows(self, table: Array, ids):
        """The rows `ids` of a stored array (rows, columns)."""
        return ops.take(self.tensor(table), ids, 0) if id(table) in self.build.spread else self.embedding(table)(ids)

    def embedding(self, table: Array):
        """The Embedding that holds a stored array (rows, columns), named after the array."""
        names = list(sources(table.origin))
        kind = str(table.dtype) if table.dtype.itemsize > 1 else "int32"  # Keras takes int8 for a quantised layer
        config = {} if kind == "float32" else {"dtype": kind}
        if "int" in kind:
            config |= {"trainable": False, "embeddings_initializer": "zeros"}
        key = ("embedding", _key(table))
        if key not in self.build.shared:
            name = keras_name(names[0].rpartition(":")[2]) if names else self.name("constant")
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
        return _wrap(self, tensor, order)

    def stored(self, array: Array) -> Stored:
        """A result that is a stored array still, rearranged."""
        return Stored(array, True, self.tensor, self)

    def permute(self, tensor, axes):
        """numpy.transpose. Axes of length 1 move for nothing, in a reshape."""
        shape = tuple(tensor.shape)
        long = [a for a in axes if shape[a] != 1]
        target = tuple(shape[a] for a in axes)
        if long == sorted(long) and axes[0] == 0 and None not in target[1:]:
            return self.reshape(tensor, (-1, *target[1:]))
        if axes[0] == 0:
            return self.layer(layers.Permute, tuple(axes[1:]), part="permute", **_precision(tensor))(tensor)
        return ops.transpose(tensor, axes)

    def reshape(self, tensor, shape):
        """A reshape that keeps the batch axis, given as -1."""
        if tuple(tensor.shape[1:]) == tuple(shape[1:]):
            return tensor
        return self.layer(layers.Reshape, tuple(shape[1:]), part="reshape", **_precision(tensor))(tensor)

    def flattened(self, tensor, features: int | None = None):
        """(batch, features). `features` says how many where the shape does not."""
        if len(tensor.shape) == 2:
            return tensor
        if None in tensor.shape[1:] and features is not None:
            return self.layer(layers.Reshape, (features,), part="flatten")(tensor)
        return self.layer(layers.Flatten, part=None if self.node.op == "Flatten" else "flatten")(tensor)

    def zeros(self, shape, dtype="float32"):
        """Zeros of a shape in which one axis, None or 0, is as long as the batch."""
        if math.prod(d or 1 for d in shape) > LARGEST_ARRAY:
            raise self.error(f"a constant of more than {LARGEST_ARRAY} elements", tuple(shape))
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

    def subgraph(self, number: int, values: list[Value]) -> list[Value]:
        """The outputs of a subgraph of this node, given values for its null nodes in order."""
        inner = self.node.subgraphs[number]
        nulls = [i for i, node in enumerate(inner.nodes) if node.op == "null"]
        return [value for value, _ in translate(self.build, inner, dict(zip(nulls, values, strict=True)), set())]


def _settings(value):
    """What tells layers apart that are arguments of layers: all but their names."""
    return {**value.get_config(), "name": None} if isinstance(value, keras.layers.Layer) else value


def _precision(tensor) -> dict[str, str]:
    """The `dtype` that a layer needs so as not to cast a tensor to float32; layers leave whole numbers as they are."""
    kind = str(tensor.dtype)
    return {"dtype": kind} if kind in ("float16", "bfloat16", "float64") else {}


def _key(array: Array):
    return repr(array.origin) if array.origin[0] != "constant" else id(array)


def _said(array: Array) -> str:
    return ", ".join(map(repr, sources(array.origin))) or "a constant"


def is_zero(graph: Graph, edge: Edge, zeros) -> bool:
    """Whether an edge carries zeros: a state without data, or `_zeros`, moved or reshaped at most."""
    node = graph.nodes[edge.node]
    if node.op == "null":
        return edge.node in zeros
    if node.op in ("expand_dims", "Reshape", "SwapAxis", "transpose", "BlockGrad", "squeeze", "slice_axis", "Flatten"):
        return is_zero(graph, node.inputs[0], zeros)
    if node.op == "Concat":
        return all(is_zero(graph, e, zeros) for e in node.inputs)
    return node.op == "_zeros"


def build(graph: Graph, shapes: dict[int, tuple], zeros: set[int] = frozenset()) -> tuple[Any, Account]:
    """The keras.Model of a normalised graph.

    `shapes` gives the shape of every input (and state) by node index, batch axis included, None for an unknown size;
    `zeros` are the inputs that are no inputs of the model but start at zero. Raises NodeError, FormatError.
    """
    state = Build()
    while True:
        model, account = _built(graph, shapes, zeros, state)
        twice = _twice(account.weights)
        if not twice:
            return model, account
        for name, paths in twice.items():
            if name in state.tied:
                where = ", ".join(paths)
                raise FormatError(f"{graph.source}: no layers of Keras share parameter {name!r} as these do: {where}")
        state = Build(tied=state.tied | twice.keys())


def _built(graph: Graph, shapes: dict[int, tuple], zeros: set[int], state: Build) -> tuple[Any, Account]:
    values: dict[int, Any] = {}
    inputs = []
    for index in graph.inputs():
        if index in zeros:
            continue
        node = graph.nodes[index]
        tensor = keras.Input(
            batch_shape=tuple(d or None for d in shapes[index]),
            name=state.unique(keras_name(node.name) or "input"),
            dtype=DTYPES.get(node.hints.get("dtype"), "float32"),
        )
        inputs.append(tensor)
        site = Site(state, graph, index)
        values[index] = Value(tensor, None, site)
        if state.first is None:
            state.first = tensor
    if not inputs:
        raise FormatError(f"{graph.source}: the graph has no input")
    for index in zeros:
        site = Site(state, graph, index)
        values[index] = _wrap(site, site.zeros(shapes[index]), None)
    outputs = []
    for edge, (value, home) in zip(graph.heads, translate(state, graph, values, zeros, starts(graph)), strict=True):
        home = home if isinstance(value, Value) else state.parts.number
        outputs.append((_head(state, graph, edge, value.natural()), home))
    name = state.unique(keras_name(re.split(r"[\\/]", graph.source)[-1].partition(".")[0]) or "net")
    outputs, parts = state.parts.joined(outputs, lambda: state.unique(f"{name}.part"))
    try:
        model = _model(inputs, outputs, name)
    except ValueError:  # Keras before 3.13 wants every input to lead somewhere, one of which only the shape counts too
        ends = [Site(Build(first=tensor), graph, 0).nothing(str(outputs[0].dtype)) for tensor in inputs]
        outputs[0] = ops.add(outputs[0], ops.reshape(sum(ends[1:], ends[0]), (1,) * max(1, len(outputs[0].shape))))
        model = _model(inputs, outputs, name)
    made = [operation for part in (*parts, model) for operation in _name_operations(state, part)]
    weights = _settle(state)
    kept = {variable.path for variable in model.variables}
    weights = {path: origin for path, origin in weights.items() if path in kept}
    used = {name for origin in weights.values() for name in sources(origin)}
    _all_used(graph, used | state.discarded)
    account = Account(
        nodes=sum(node.op != "null" for node in graph.nodes),
        layers=len(made),
        parameters=len(used),
        transposes=sum(type(o).__name__ in ("Permute", "Transpose") for o in made),
        names=dict(state.made.values()),
        weights=weights,
        notes=tuple(state.notes),
    )
    return model, account


def _model(inputs: list, outputs: list, name: str):
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0], name=name)


DTYPES = {"1": "float64", "2": "float16", "4": "int32", "6": "int64", "3": "uint8", "5": "int8"}
"""MXNet's type numbers, as `__dtype__` has them, to Keras's names; the others are float32."""


def translate(state: Build, graph: Graph, values: dict[int, Any], zeros, begins: list[int] = ()) -> list[tuple]:
    """The values of the heads of a graph, given those of its inputs by node index; each with the part that it lies in,
    which begin at the nodes `begins`."""
    readers = graph.consumers()
    used: dict[int, set[int]] = {}
    for node in graph.nodes:
        for edge in node.inputs:
            used.setdefault(edge.node, set()).add(edge.output)
    for edge in graph.heads:
        used.setdefault(edge.node, set()).add(edge.output)
    stored = set(graph.arrays) | {index for index, value in values.items() if isinstance(value, Stored)}
    found: dict[Edge, Any] = {Edge(index): value for index, value in values.items()}
    home = dict.fromkeys(range(len(graph.nodes)), state.parts.number)

    starting = set(begins)

    def here(edge: Edge):
        value = _found(graph, found, edge)
        if home[edge.node] == state.parts.number or isinstance(value, Stored):
            return value
        return Value(state.parts.here(value.tensor, home[edge.node]), value.order, value.site)

    for index, node in enumerate(graph.nodes):
        if index in starting:
            state.parts.number += 1
        site = Site(state, graph, index, frozenset(used.get(index, ())), zeros)
        if index in graph.arrays:
            alone = len(readers[index]) == 1 and not site.tied(graph.arrays[index])
            found[Edge(index)] = Stored(graph.arrays[index], alone, site.tensor, site)
        if index in stored:
            array = found[Edge(index)].array
            spread = len({bisect_right(begins, reader) for reader, _ in readers[index]}) > 1
            if spread:
                state.spread.add(id(array))
            if spread or not _owned(graph, readers[index], stored):
                state.loose[id(array)] = array
        if Edge(index) in found:
            continue
        home[index] = state.parts.number
        results = _translate(site, registry.translation(node.op), [here(e) for e in node.inputs], registry.parsed(node))
        for output, result in enumerate(results):
            if isinstance(result, Stored) and len(readers[index]) > 1:
                result.alone = False
                state.loose[id(result.array)] = result.array
            found[Edge(index, output)] = result
    return [(_found(graph, found, edge), home[edge.node]) for edge in graph.heads]


def _found(graph: Graph, found: dict[Edge, Any], edge: Edge):
    if found.get(edge) is None:
        node = graph.nodes[edge.node]
        count = sum(e.node == edge.node and v is not None for e, v in found.items())
        raise NodeError(node.op, node.name, f"has {count} outputs; output {edge.output} is asked for")
    return found[edge]


def _translate(site: Site, translation, given: list, attributes: dict) -> list:
    policy = translation.layout or layout.plain
    declared = list(translation.inputs)
    if declared and declared[-1].variadic:
        declared[-1:] = [declared[-1]] * (len(given) - len(declared) + 1)
    values: list[Any] = list(given)
    arrays: dict[int, Array] = {}
    for position, (value, kind) in enumerate(zip(given, declared, strict=False)):
        if kind.stored and isinstance(value, Stored):
            arrays[position], values[position] = value.array, None
    site.values = given
    try:
        tensors, attributes, order = policy(site, values, attributes)
        for position, value in enumerate(given):
            if position in arrays:
                tensors[position] = arrays[position]
            elif isinstance(value, Stored) and site.precision() and not isinstance(tensors[position], Stored):
                tensors[position] = ops.cast(tensors[position], **site.precision())  # float16 is read as float32
        result = translation.function(site, *tensors, **attributes)
    except (NodeError, FormatError):
        raise
    except (ValueError, TypeError, IndexError, ZeroDivisionError, NotImplementedError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        shapes = ", ".join(str(v.shape) for v in given)
        raise site.error(f"cannot be built: {said}", f"inputs of shape {shapes}") from error
    if isinstance(result, (Value, Stored)):
        return [result]
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    return [r if isinstance(r, (Value, Stored)) else _wrap(site, _with_axis(site, r), order) for r in results]


def _with_axis(site: Site, tensor):
    """Outside its numpy names MXNet has no tensor without an axis: one number has shape (1,)."""
    if tensor is None or tensor.shape or site.node.op.startswith("_np"):
        return tensor
    return ops.reshape(tensor, (1,))


def _wrap(site: Site, tensor, order):
    if tensor is None:
        return None
    if not keras.backend.is_keras_tensor(tensor):
        array = Array.constant(ops.convert_to_numpy(tensor))
        return Stored(array, True, site.tensor, site)
    site.build.made.setdefault(id(tensor), (site.index, site.name()))
    if order is not None and not isinstance(order, Flat) and len(order) != len(tensor.shape):
        raise TypeError(f"{site.node.op} returned rank {len(tensor.shape)} for order {order}")
    return Value(tensor, order, site)


def _owned(graph: Graph, readers: list[tuple[int, int]], stored: set[int]) -> bool:
    """Whether one layer can own a stored array: all that read it are the same op with the same arrays."""

    def signature(reader):
        node = graph.nodes[reader[0]]
        arrays = tuple(edge.node if edge.node in stored else None for edge in node.inputs)
        return node.op, tuple(sorted(node.attrs.items())), arrays, reader[1]

    return len({signature(reader) for reader in readers}) <= 1


def _head(state: Build, graph: Graph, edge: Edge, tensor):
    """An output of the model must be made by something: an input or a constant that is one is copied."""
    if keras.backend.is_keras_tensor(tensor) and not any(tensor is i for i in (state.first,)):
        return tensor
    node = graph.nodes[edge.node]
    site = Site(state, graph, edge.node)
    if not keras.backend.is_keras_tensor(tensor):
        return ops.reshape(ops.add(tensor.reshape(-1), site.nothing(str(tensor.dtype))), tensor.shape)
    part = "output" if node.op == "null" else None
    return site.layer(layers.Identity, part=part, **_precision(tensor))(tensor)


def _name_operations(state: Build, model) -> list:
    """Gives the operations that are no layers names that do not depend on what was built before in the process; returns
    all but the inputs and the models within."""
    operations = [o for o in model.operations if not isinstance(o, (keras.layers.InputLayer, keras.Model))]
    made = {key: name for key, (_, name) in state.made.items()}
    node: dict[int, str] = {}  # the node that a tensor within a node is on the way to
    names: dict[int, str] = {}
    for operation in reversed(operations):
        produced = [id(t) for t in keras.tree.flatten(operation.output)]
        kind = snake(type(operation).__name__)
        whole = next((made[key] for key in produced if key in made), None)
        base = whole or next((node[key] for key in produced if key in node), None)
        names[id(operation)] = whole or (f"{base}.{kind}" if base else kind)
        for tensor in keras.tree.flatten(operation.input):
            node.setdefault(id(tensor), base or kind)
    for operation in operations:
        if not isinstance(operation, keras.layers.Layer):
            operation.name = state.unique(names[id(operation)])
    return operations


def _settle(state: Build) -> dict[str, tuple]:
    """Gives the layers back their own initializers; returns each variable's path and origin."""
    weights = {}
    for owner, variable, origin, attribute, initializer in state.placed:
        setattr(owner, attribute, initializer)
        made = getattr(owner, variable, None)
        if made is not None:
            weights[made.path] = origin
    return weights


def _twice(weights: dict[str, tuple]) -> dict[str, list[str]]:
    """The parameters that are in more than one variable, and those variables: they would train apart."""
    places: dict[str, list[tuple[str, str]]] = {}
    for path, origin in weights.items():
        for name, piece in pieces(origin):
            places.setdefault(name, []).append((piece, path))
    found = {}
    for name, taken in places.items():
        parts = [piece for piece, _ in taken]
        if len(parts) > 1 and ("" in parts or len(set(parts)) < len(parts)):
            found[name] = list(dict.fromkeys(path for _, path in taken))
    return found


def _all_used(graph: Graph, used: set[str]) -> None:
    """Every stored array that a head needs is in the model, or was set aside by the op that reads it."""
    for array in graph.arrays.values():
        for name in sources(array.origin):
            if name not in used:
                raise FormatError(f"{graph.source}: parameter {name!r} was not used: no layer took it")
