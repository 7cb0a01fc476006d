"""The weights that a `.keras` file stores, by their shapes alone; and Keras kept from making others. Knows no config.

An HDF5 file can name other files, and arrays of any size that it does not hold. Only arrays that are completely in the
file are weights here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from typing import IO, Any, NamedTuple

from ..errors import FormatError
from ..graph.partial_shape import format_shape
from ..keras_api.lazy import keras
from . import hdf5_arrays
from .zip_members import CONFIG, DAMAGED, WEIGHTS

SMALL = 1 << 16
"""The most elements of an array of the optimizer, unless a weight of a layer has more."""
COPIES = 2
"""How many times the elements of a file may be made: Bidirectional makes a layer from which it copies two."""


class StoredWeight(NamedTuple):
    """An array of the file: its `path` there, the name of its layer, and its shape."""

    path: str
    layer: str
    shape: tuple[int, ...]


def stored_weights(stream: IO[bytes], name: str) -> list[StoredWeight]:
    """The arrays of the HDF5 file, without their values, all of which are in the file. Raises FormatError."""
    try:
        found = [_weight(array) for array in hdf5_arrays.arrays(stream)]
    except hdf5_arrays.UnlikeKeras as error:
        raise _error(name, error.path, error.what) from None
    except (*DAMAGED, LookupError):
        raise FormatError(f"{name}: its {WEIGHTS} is damaged") from None
    largest = max((math.prod(each.shape) for each in found if is_of_layer(each)), default=0)
    for each in found:
        if not is_of_layer(each) and math.prod(each.shape) > max(largest, SMALL):
            raise _error(name, each.path, f"has shape {format_shape(each.shape)}, which is larger than any weight")
    return found


def _weight(array: hdf5_arrays.Array) -> StoredWeight:
    """The array; the name of the layer of `layers/<class>/vars/<n>` is an attribute of its group."""
    path = array.path
    layer = array.of_group.get("name") or path.split("/")[1 if "/" in path else 0]
    found, size = StoredWeight(path, layer, array.shape), math.prod(array.shape) * array.dtype.itemsize
    if is_of_layer(found) and array.stored < size:
        what = f"has {array.stored:,} bytes of the {size:,} of shape {format_shape(array.shape)}"
        raise hdf5_arrays.UnlikeKeras(path, what)
    return found


def is_of_layer(weight: StoredWeight) -> bool:
    """Whether an array is of a layer, and not of the optimizer."""
    return weight.path.split("/")[0] not in ("optimizer", "vars")


def _error(name: str, path: str, what: str) -> FormatError:
    shown = path if path.isascii() and path.isprintable() else ascii(path)
    return FormatError(f"{name}: {shown[:200]} in its {WEIGHTS} {what}")


@dataclass
class _Allowed:
    """The shapes that weights may have, how many elements may still be made, the name of the file, and why a weight was
    refused."""

    shapes: frozenset[tuple[int, ...]]
    left: int
    name: str
    refusal: str = ""


_allowed: ContextVar[_Allowed | None] = ContextVar("allowed", default=None)


@contextmanager
def only_weights_of(stored: Iterable[StoredWeight], name: str) -> Iterator[None]:
    """While Keras makes the layers of a model, each of their weights must have the shape of a stored one, and all of
    them together not many more elements.

    The number of units in a config is only a number: a weight that is not stored is refused before Keras allocates it.
    Raises FormatError.
    """
    _check_new_weights()
    shapes = [each.shape for each in stored if is_of_layer(each)]
    allowed = _Allowed(frozenset(shapes), COPIES * sum(map(math.prod, shapes)) + SMALL, name)
    token = _allowed.set(allowed)
    try:
        yield
    except Exception:  # Keras raises an error of its own with the text of another
        if allowed.refusal:
            raise FormatError(allowed.refusal) from None
        raise
    finally:
        _allowed.reset(token)


@cache
def _check_new_weights() -> None:
    """Makes Keras ask for every weight of a layer. It has no other way to know the shape of a weight before its values
    exist: `build` of each class of layers computes it."""
    add_weight = keras.layers.Layer.add_weight

    @wraps(add_weight)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        allowed = _allowed.get()
        if allowed:
            _count(allowed, self.name, options.get("shape", args[0] if args else None), options.get("name"))
        return add_weight(self, *args, **options)

    keras.layers.Layer.add_weight = checked


def _count(allowed: _Allowed, layer: str, shape: Any, weight: str | None) -> None:
    sizes = tuple(shape) if isinstance(shape, tuple | list) else ()
    allowed.left -= math.prod(sizes)
    if sizes not in allowed.shapes or allowed.left < 0:
        called = f" {weight!r}" if weight else ""
        allowed.refusal = (
            f"{allowed.name}: its {CONFIG} has a weight{called} of shape {format_shape(sizes)} in layer {layer!r}, and "
            f"its {WEIGHTS} does not"
        )
        raise FormatError(allowed.refusal)
