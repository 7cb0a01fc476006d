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
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..errors import FormatError
from ..frontends import hdf5_heap
from ..graph.partial_shape import format_shape
from ..keras_api.lazy import keras
from .text_attributes import TextAttributes
from .zip_members import CONFIG, DAMAGED, WEIGHTS

if TYPE_CHECKING:
    import h5py

MOST, DEEPEST = 100_000, 32
"""Of groups and arrays, and of groups inside one another."""
SMALL = 1 << 16
"""The most elements of an array of the optimizer, unless a weight of a layer has more."""
COPIES = 2
"""How many times the elements of a file may be made: Bidirectional makes a layer from which it copies two."""
NAME, TYPE = "name", "dtype"
"""The attributes that Keras writes: of groups, the name of the layer; of arrays, a type that HDF5 has not."""
NUMBERS = "fiub"
"""The kinds of numpy's dtypes that are numbers."""


class StoredWeight(NamedTuple):
    """An array of the file: its `path` there, the name of its layer, and its shape."""

    path: str
    layer: str
    shape: tuple[int, ...]


def stored_weights(stream: IO[bytes], name: str) -> list[StoredWeight]:
    """The arrays of the HDF5 file, without their values, of which none needs another file or more memory than it has
    bytes in the file. Raises FormatError."""
    import h5py

    try:
        hdf5_heap.check(stream)
        with h5py.File(stream, "r") as file:
            properties = file.id.get_create_plist()
            if properties.get_sizes() != hdf5_heap.SIZES or properties.get_userblock():
                raise ValueError("a file with other addresses than those that were checked")
            found = list(_walk(file, "", [MOST], TextAttributes(stream, (NAME, TYPE)), name))
    except FormatError:
        raise
    except (*DAMAGED, LookupError, TypeError, AttributeError, MemoryError):
        raise FormatError(f"{name}: its {WEIGHTS} is damaged") from None
    largest = max((math.prod(each.shape) for each in found if is_of_layer(each)), default=0)
    for each in found:
        if not is_of_layer(each) and math.prod(each.shape) > max(largest, SMALL):
            raise _error(name, each.path, f"has shape {format_shape(each.shape)}, which is larger than any weight")
    return found


def is_of_layer(weight: StoredWeight) -> bool:
    """Whether an array is of a layer, and not of the optimizer."""
    return weight.path.split("/")[0] not in ("optimizer", "vars")


def _error(name: str, path: str, what: str) -> FormatError:
    shown = path if path.isascii() and path.isprintable() else ascii(path)
    return FormatError(f"{name}: {shown[:200]} in its {WEIGHTS} {what}")


def _walk(
    group: h5py.Group, path: str, left: list[int], attributes: TextAttributes, name: str
) -> Iterator[StoredWeight]:
    import h5py

    called = attributes.of(_address(group)).get(NAME)
    if path.count("/") >= DEEPEST:
        raise _error(name, path, "has too many groups inside one another")
    for key in group:
        left[0] -= 1
        if left[0] < 0:
            raise FormatError(f"{name}: its {WEIGHTS} has more than {MOST:,} groups and arrays")
        inner = f"{path}/{key}" if path else key
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise _error(name, inner, "is a link, and not an array")
        item = group[key]
        if isinstance(item, h5py.Group):
            yield from _walk(item, inner, left, attributes, name)
        elif isinstance(item, h5py.Dataset):
            attributes.of(_address(item))  # of which Keras reads the type
            yield _weight(item, inner, called or path.split("/")[1 if "/" in path else 0], name)
        else:
            raise _error(name, inner, "is not an array")


def _address(item: h5py.Group | h5py.Dataset) -> int:
    """The position of its header in the file."""
    import h5py

    return h5py.h5o.get_info(item.id).addr


def _weight(item: h5py.Dataset, path: str, layer: str, name: str) -> StoredWeight:
    """The array; `layer` is the name of the layer of `layers/<class>/vars/<n>`, an attribute of the group."""
    if item.shape is None or (item.dtype.kind not in NUMBERS and item.dtype.str != "|V2"):  # bfloat16 has no kind
        raise _error(name, path, "is not an array of numbers")
    if item.is_virtual or item.external:
        raise _error(name, path, "is in another file")
    found = StoredWeight(path, layer, tuple(item.shape))
    stored = item.id.get_storage_size()
    if is_of_layer(found) and stored < item.nbytes:
        raise _error(name, path, f"has {stored:,} bytes of the {item.nbytes:,} of shape {format_shape(item.shape)}")
    return found


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
