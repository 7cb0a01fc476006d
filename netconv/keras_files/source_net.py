"""The net that a model was converted from, in members of its `.keras` file: its graph, and all of its parameters that
the model's variables do not hold. Knows no op.

`docs/loading.md` describes the members.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import FormatError, option
from ..frontends.mxnet import symbol_json
from ..frontends.mxnet.params_file import DIMENSIONS, FLAGS, VERSIONS, as_stored, in_numpy_dtype, stored_dtype
from ..graph.graph import VERSION, Graph, Parameter, origin_name
from ..graph.tracked_array import TrackedArray, gather, scatter, shape_of, sources, steps
from ..keras_api.lazy import keras
from ..keras_api.weighted_layers import weighted_layers

GRAPH, PARAMETERS, VALUES, WEIGHTS = "graph.json", "parameters.json", "values.bin", "weights.json"
ALL, REST = "all", "rest"
DEEPEST = 64
"""The most steps from a variable to a parameter."""
COPIES = 100
"""How many times the elements of the model may be copied to rearrange them."""

Origin = tuple[Any, ...]


def members_of(graph: Graph, weights: Mapping[str, Sequence[Origin | None]], model) -> dict[str, bytes]:
    """The members for a model that was built from a graph. `weights` are the origins of its variables by layer."""
    layers = weighted_layers(model)
    typed = [
        (origin, str(variable.dtype))
        for layer, origins in weights.items()
        for origin, variable in zip(origins, layers[layer].weights, strict=True)
        if origin is not None
    ]
    held = _held(origin for origin, _ in typed)
    dtypes = {parameter.origin_name: _numpy_dtype(parameter.dtype) for parameter in graph.parameters}
    rounded = {name for origin, dtype in typed for name in sources(origin) if not np.can_cast(dtypes[name], dtype)}
    entries, values = [], []
    for parameter in graph.parameters:
        entry: dict[str, Any] = {"name": parameter.name, "node": parameter.node, "dtype": parameter.dtype}
        entry["shape"] = list(parameter.shape)
        if parameter.version != VERSION:
            entry["version"] = parameter.version
        mask = held.get(parameter.origin_name, np.False_)
        if mask is np.False_ or parameter.origin_name in rounded:
            entry["values"] = ALL
            values.append(as_stored(parameter.read(), parameter.dtype))
        elif mask is not None:
            entry["values"] = REST
            values.append(as_stored(parameter.read()[~mask], parameter.dtype))
        entries.append(entry)
    positions = {parameter.origin_name: number for number, parameter in enumerate(graph.parameters)}
    encoded = {layer: [each and _encoded(each, positions) for each in origins] for layer, origins in weights.items()}
    members = {GRAPH: graph.text, PARAMETERS: _as_line(entries), WEIGHTS: _as_line(encoded)}
    return members | ({VALUES: b"".join(each.tobytes() for each in values)} if values else {})


def _as_line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _encoded(origin: Origin, positions: Mapping[str | None, int]) -> Origin:
    """The origin for the member: with the position of a parameter instead of its name and shape."""
    match origin:
        case ("param", name, _):
            return "param", positions[name]
        case ("constant", _):
            return origin
        case ("concat", parts, axis):
            return "concat", tuple(_encoded(part, positions) for part in parts), axis
        case (kind, inner, argument):
            return kind, _encoded(inner, positions), argument
    raise ValueError(f"no origin: {origin!r}")


def _held(origins: Iterable[Origin]) -> dict[Any, np.ndarray | None]:
    """The elements of parameters that variables of these origins hold, by parameter: a mask, None for all elements.
    Parameters of which no element is held are left out."""
    masks: dict[Any, np.ndarray] = {}
    whole: set[Any] = set()
    for origin in origins:
        if "slice" not in steps(origin):
            whole.update(sources(origin))
            continue
        for name, shape in sources(origin).items():
            if name not in masks:
                masks[name] = np.zeros(shape, bool)
        scatter(np.broadcast_to(True, shape_of(origin)), origin, masks)
    return {name: None if mask.all() else mask for name, mask in masks.items()} | dict.fromkeys(whole)


def _numpy_dtype(dtype: str) -> str:
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def read(members: Mapping[str, bytes], model, name: str) -> Graph:
    """The net that a model was converted from, with the present values of the model's variables.

    `members` are netconv's members of the model's file, `name` is its name for messages. `text` of the graph is the
    `net.json`, and its `parameters` are the arrays of the parameter file. Raises FormatError if the model was not
    converted from a net, if a member is damaged, and if the model does not have the layers that the members name.
    """
    if not {GRAPH, PARAMETERS, WEIGHTS} <= members.keys():
        raise FormatError(
            f"{name}: it does not have the net that it was converted from, as it was saved with Keras; "
            f"{option('like', 'net.wlnet')} gives the file of the net"
        )
    stream = io.BytesIO(members[GRAPH])
    stream.name = f"{name}: its member netconv/{GRAPH}"  # type: ignore[attr-defined]
    graph = symbol_json.read(stream)
    owners = weighted_layers(model)
    variables = [variable for layer in owners.values() for variable in layer.weights]
    most = sum(math.prod(variable.shape) for variable in variables) + len(members.get(VALUES, b""))
    with _checked(name, PARAMETERS):
        entries = json.loads(members[PARAMETERS])
        _check(isinstance(entries, list))
        parameters = [_parameter(entry, graph) for entry in entries]
        kept = [entry.get("values") for entry in entries]
        nodes = [parameter.node for parameter in parameters if parameter.node is not None]
        _check(len(set(nodes)) == len(nodes) and all(each in (None, ALL, REST) for each in kept))
        _check(sum(math.prod(parameter.shape) for parameter in parameters) <= most)
    with _checked(name, WEIGHTS):
        decode = _decoder([parameter.shape for parameter in parameters], most)
        found = json.loads(members[WEIGHTS])
        origins = {layer: [None if each is None else decode(each) for each in made] for layer, made in found.items()}
    pairs = list(_matched(origins, owners, name))
    with _checked(name, VALUES):
        arrays = _kept_arrays(parameters, kept, _held(origin for origin, _ in pairs), members.get(VALUES, b""))
    exact = {number for number, each in enumerate(kept) if each == ALL}
    for origin, variable in pairs:
        _put(keras.ops.convert_to_numpy(variable), origin, arrays, exact)
    return _with_arrays(graph, parameters, arrays)


@contextmanager
def _checked(name: str, member: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise FormatError(f"{name}: its member netconv/{member} is damaged") from None


def _check(fits: bool) -> None:
    if not fits:
        raise ValueError


def _parameter(entry: dict[str, Any], graph: Graph) -> Parameter:
    name, node, dtype, shape = entry["name"], entry["node"], entry["dtype"], entry["shape"]
    name.encode()  # a name with half a surrogate pair cannot be written
    _check(dtype in FLAGS and len(shape) <= DIMENSIONS)
    _check(all(type(n) is int and n >= 0 for n in shape) and math.prod(max(n, 1) for n in shape) < 1 << 60)
    if node is not None:
        _check(type(node) is int and 0 <= node < len(graph.nodes) and graph.nodes[node].op == "null")
    version = entry.get("version", VERSION)
    _check(type(version) is int and 0 <= version < len(VERSIONS))
    return Parameter(name, node, dtype, tuple(shape), None, lambda: np.zeros(shape), version)


def _decoder(shapes: list[tuple[int, ...]], most: int) -> Callable[[list], Origin]:
    """Makes origins of JSON. Raises ValueError for one that is no origin, or that needs more than a few copies of
    `most` elements."""
    left = COPIES * most + (1 << 20)

    def decoded(found, depth: int = 0) -> Origin:
        nonlocal left
        _check(depth < DEEPEST)
        match found:
            case ["param", int(number)]:
                _check(number >= 0)
                return "param", number, shapes[number]
            case ["constant", shape]:
                origin: Origin = ("constant", _integers(shape))
            case ["transpose" | "reshape" | "flip" as kind, inner, argument]:
                origin = (kind, decoded(inner, depth + 1), _integers(argument))
            case ["slice", inner, bounds]:
                origin = ("slice", decoded(inner, depth + 1), tuple(_integers(pair) for pair in bounds))
            case ["concat", parts, int(axis)]:
                _check(axis >= 0)
                origin = ("concat", tuple(decoded(part, depth + 1) for part in parts), axis)
            case _:
                raise ValueError
        size = math.prod(shape_of(origin))
        left -= 1 + (size if origin[0] in ("constant", "reshape", "concat") else 0)  # the others make views
        _check(left >= 0)
        return origin

    return decoded


def _integers(found) -> tuple[int, ...]:
    _check(isinstance(found, list) and len(found) <= DIMENSIONS and all(type(n) is int and n >= 0 for n in found))
    return tuple(found)


def _matched(origins: Mapping[str, list], owners: Mapping[str, Any], name: str) -> Iterator[tuple[Origin, Any]]:
    """Each variable of the model that holds parameters, with its origin."""
    for layer, made in origins.items():
        if layer not in owners:
            raise FormatError(f"{name}: netconv/{WEIGHTS} has a layer {layer!r}, and the model does not have it")
        if len(made) != len(owners[layer].weights):
            raise FormatError(
                f"{name}: netconv/{WEIGHTS} has {len(made)} weights of layer {layer!r}, and the model "
                f"{len(owners[layer].weights)}"
            )
    for layer, its in owners.items():
        for position, variable in enumerate(its.weights):
            origin = origins[layer][position] if layer in origins else None
            if variable.trainable and (origin is None or "constant" in steps(origin)):
                raise FormatError(
                    f"{name}: weight {position} of layer {layer!r} is trainable, and netconv/{WEIGHTS} does not have "
                    "the parameters for it"
                )
            if origin is None:
                continue
            if shape_of(origin) != tuple(variable.shape):
                raise FormatError(
                    f"{name}: weight {position} of layer {layer!r} has shape {tuple(variable.shape)}, and "
                    f"{shape_of(origin)} in netconv/{WEIGHTS}"
                )
            yield origin, variable


def _kept_arrays(parameters, kept, held, data: bytes) -> dict[int, np.ndarray]:
    """The parameters with their values in the file, zero where variables hold the values."""
    arrays, start = {}, 0
    for number, (parameter, each) in enumerate(zip(parameters, kept, strict=True)):
        arrays[number] = array = np.zeros(parameter.shape, _numpy_dtype(parameter.dtype))
        if each is None:
            _check(number in held and held[number] is None)
            continue
        chosen = np.True_ if each == ALL else ~held[number]
        dtype = stored_dtype(parameter.dtype)
        count = array[chosen].size
        values = np.frombuffer(data, dtype, count, start)
        array[chosen] = in_numpy_dtype(values, parameter.dtype).reshape(array[chosen].shape)
        start += count * dtype.itemsize
    _check(start == len(data))
    return arrays


def _put(value: np.ndarray, origin: Origin, arrays: dict[int, np.ndarray], exact: set[int]) -> None:
    """Writes a variable into the parameters that it holds. A value that the variable has rounded, and that was not
    trained, stays as it was in the parameter file."""
    concerned = {number: arrays[number] for number in sources(origin)}
    if exact.isdisjoint(concerned):
        scatter(value, origin, concerned)
        return
    before = np.ascontiguousarray(gather(origin, concerned).astype(value.dtype))
    bits = f"u{value.dtype.itemsize}"
    trained = before.view(bits) != np.ascontiguousarray(value).view(bits)
    masks = {number: np.zeros(array.shape, bool) for number, array in concerned.items()}
    after = {number: array.copy() for number, array in concerned.items()}
    scatter(trained, origin, masks)
    scatter(value, origin, after)
    for number, array in concerned.items():
        array[masks[number]] = after[number][masks[number]]


def _with_arrays(graph: Graph, parameters: list[Parameter], values: Mapping[int, np.ndarray]) -> Graph:
    """The graph as if it had been read from its files."""
    needed = graph.needs(*(edge.node for edge in graph.heads))
    arrays: dict[int, TrackedArray] = {}
    done: list[Parameter] = []
    names: set[str] = set()
    for number, parameter in enumerate(parameters):
        value, name = values[number], None
        if parameter.node in needed:
            name = origin_name(parameter.name, parameter.node, names)
            names.add(name)
            arrays[parameter.node] = TrackedArray.parameter(name, value)
        done.append(replace(parameter, origin_name=name, read=partial(np.asarray, value)))
    return replace(graph, arrays=dict(sorted(arrays.items())), parameters=tuple(done))
