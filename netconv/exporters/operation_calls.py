"""Operations of `keras.ops` in a model as calls of the functions that make them. Knows no dialect."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from ..errors import NetconvError
from ..keras_api.lazy import keras
from .dialects import Array, Call, Item

FOLDERS = ("", "image.", "linalg.", "nn.", "numpy.")
"""Where functions are within `keras.ops`, in the order in which they are looked for."""
FEWEST, RANGED, EXACT = 5, ("int32", "int64", "float32", "float64"), 2**24
"""What is written as a range: at least how many numbers, of which dtypes, and up to which size: these dtypes have each
integer below it."""


def operation_call(node: Any) -> Any:
    """The expression that makes an operation again, with the tensors of the model in it. Raises NetconvError if there
    is none that makes the same one."""
    operation, given = node.operation, node.arguments
    kind = type(operation).__name__
    if kind == "GetItem":
        return Item(given.args[0], _key(given.args[1] if len(given.args) > 1 else given.kwargs["key"]))
    name = _functions().get(kind.lower())
    for call in _candidates(operation, given, name) if name else ():
        if _makes(call, node):
            return call
    raise NetconvError(f"operation {operation.name!r}: no function of keras.ops makes {kind} with its arguments again")


def _key(key: Any) -> Any:
    """A key as it was written: Keras loads a tuple as a list, and means the same by an integer and a tuple of it."""
    key = tuple(key) if isinstance(key, list) else key
    return key[0] if isinstance(key, tuple) and len(key) == 1 and isinstance(key[0], int) else key


@cache
def _functions() -> dict[str, str]:
    """The functions of `keras.ops`, with their folder, by the class of the operation that they make, in small
    letters."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        part = getattr(keras.ops, folder[:-1]) if folder else keras.ops
        for name in dir(part):
            if not name.startswith("_") and callable(getattr(part, name)):
                found.setdefault(name.replace("_", "").lower(), folder + name)
    return found


def _function(name: str) -> Any:
    found: Any = keras.ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _candidates(operation: Any, given: Any, name: str):
    """Calls of a function with the arguments of an operation: without those at their defaults, and with all."""
    parameters = inspect.signature(_function(name)).parameters
    variadic = any(each.kind is each.VAR_POSITIONAL for each in parameters.values())
    called = list(inspect.signature(operation.call).parameters)
    config = {key: each for key, each in _config(operation).items() if key != "name"}
    by_name = {**dict(zip(called, given.args, strict=False)), **given.kwargs, **config}
    if variadic:
        yield Call(f"ops.{name}", (*config.values(), *given.args))
        return
    names = list(parameters)
    unknown = [key for key in by_name if key not in parameters]
    free = [key for key in names if key not in by_name]
    by_name = {**by_name, **{new: by_name.pop(old) for old, new in zip(unknown, free, strict=False)}}
    ordered = {key: by_name[key] for key in names if key in by_name}
    short = {key: each for key, each in ordered.items() if not _is_default(each, parameters[key].default)}
    for chosen in (short, ordered):
        leading = _leading(chosen, names)
        named = {key: each for key, each in chosen.items() if key not in leading}
        yield Call(f"ops.{name}", tuple(chosen[key] for key in leading), named)


def _config(operation: Any) -> Mapping[str, Any]:
    try:
        return {key: _plain(each) for key, each in operation.get_config().items()}
    except NotImplementedError:  # Keras keeps no config of arguments that are lists of arrays, or functions
        names = list(inspect.signature(type(operation).__init__).parameters)[1:]
        return {key: _plain(getattr(operation, key)) for key in names if hasattr(operation, key) and key != "name"}


def _plain(value: Any) -> Any:
    return (
        keras.saving.deserialize_keras_object(value) if isinstance(value, Mapping) and "class_name" in value else value
    )


def _is_default(value: Any, default: Any) -> bool:
    return default is not inspect.Parameter.empty and type(value) is type(default) and value == default


def _leading(chosen: Mapping[str, Any], names: list[str]) -> list[str]:
    """The arguments that need no name: the first ones, if they have tensors or arrays."""
    leading = []
    for key, name in zip(chosen, names, strict=False):
        if key != name or not any(hasattr(each, "shape") for each in keras.tree.flatten(chosen[key])):
            break
        leading.append(key)
    return leading


def _makes(call: Call, node: Any) -> bool:
    """Whether a call makes an operation of the same class and config, called in the same way."""
    stand_ins: dict[int, Any] = {}

    def stand_in(value: Any) -> Any:
        if not keras.backend.is_keras_tensor(value):
            return value
        return stand_ins.setdefault(id(value), keras.KerasTensor(value.shape, value.dtype))

    arguments = keras.tree.map_structure(stand_in, list(call.arguments))
    named = {key: keras.tree.map_structure(stand_in, each) for key, each in call.named.items()}
    try:
        made = keras.tree.flatten(_function(str(call.function).removeprefix("ops."))(*arguments, **named))
    except Exception:  # a function raises any exception for arguments that do not fit
        return False
    history = getattr(made[0], "_keras_history", None) if made else None
    if history is None:
        return False
    operation = history.operation
    other = operation._inbound_nodes[history.node_index]
    same_class = type(operation) is type(node.operation)
    return (
        same_class
        and _comparable(_config(operation)) == _comparable(_config(node.operation))
        and [(tuple(t.shape), t.dtype) for t in made] == [(tuple(t.shape), t.dtype) for t in node.outputs]
        and [id(t) for t in other.input_tensors] == [id(stand_ins[id(t)]) for t in node.input_tensors]
    )


def _comparable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _comparable(each) for key, each in value.items() if key != "name"}
    if isinstance(value, list | tuple):
        return [_comparable(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else str(value) if hasattr(value, "name") else value


def constant(value: Any) -> Any:
    """A value among the arguments of a call: arrays and tensors of the backend become an Array."""
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        array = np.asarray(keras.ops.convert_to_numpy(value))
        values = _range(array) or _shortest(array.tolist(), array.dtype)
        return Array(values, array.shape, str(array.dtype))
    return value


def _range(array: np.ndarray) -> range | None:
    """The range of the numbers of an array, if they are one to the last bit, and not few."""
    if array.size < FEWEST or array.dtype.name not in RANGED or not (np.abs(array) < EXACT).all():
        return None
    first, second = array.flat[:2]
    start, step = int(first), int(second) - int(first)
    if not step:
        return None
    found = range(start, start + step * array.size, step)
    same = np.arange(found.start, found.stop, found.step, dtype=array.dtype).tobytes() == array.tobytes()
    return found if same else None


def _shortest(values: Any, dtype: np.dtype) -> Any:
    """The shortest decimals that become the same numbers: 0.1 for 0.10000000149011612, which is a float32."""
    if isinstance(values, list):
        return [_shortest(each, dtype) for each in values]
    if dtype.kind != "f":
        return values
    short = float(str(dtype.type(values)))
    return short if dtype.type(short) == values else values
