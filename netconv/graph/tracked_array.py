"""Arrays that record how they were derived from stored arrays. Knows numpy only, and imports it when it is used.

A translation assigns MXNet's arrays, transposed or sliced, to Keras's variables. Each step is recorded in
`TrackedArray.origin`, a nested tuple that can be written as JSON, so that the steps can be inverted:

    ("param", name, shape)           the array `name` of the parameter file
    ("constant", shape)              not from the parameter file
    ("transpose", origin, axes)      numpy.transpose
    ("reshape", origin, shape)       numpy.reshape
    ("flip", origin, axes)           numpy.flip
    ("slice", origin, bounds)        bounds are (start, stop) for each axis
    ("concat", origins, axis)        numpy.concatenate
    ("cast", origin)                 another dtype
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class TrackedArray:
    """A stored array: `value` (numpy, often memory-mapped), its `origin`, and whether training may change it."""

    value: np.ndarray
    origin: tuple[Any, ...]
    trainable: bool = True

    @staticmethod
    def parameter(name: str, value: np.ndarray) -> TrackedArray:
        """The array `name` of the parameter file."""
        return TrackedArray(value, ("param", name, tuple(value.shape)))

    @staticmethod
    def constant(value: np.ndarray) -> TrackedArray:
        """An array that is not from the parameter file and is not trainable."""
        return TrackedArray(value, ("constant", tuple(value.shape)), trainable=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self):
        return self.value.dtype

    @property
    def T(self) -> TrackedArray:
        return self.transpose(tuple(reversed(range(self.ndim))))

    def transpose(self, axes) -> TrackedArray:
        axes = tuple(int(a) for a in axes)
        if axes == tuple(range(self.ndim)):
            return self
        return TrackedArray(self.value.transpose(axes), ("transpose", self.origin, axes), self.trainable)

    def reshape(self, shape) -> TrackedArray:
        shape = tuple(int(d) for d in shape)
        if -1 in shape:
            known = math.prod(d for d in shape if d != -1)
            shape = tuple(self.size // known if d == -1 else d for d in shape)
        if shape == self.shape:
            return self
        return TrackedArray(self.value.reshape(shape), ("reshape", self.origin, shape), self.trainable)

    def flip(self, axes) -> TrackedArray:
        import numpy as np

        axes = tuple(int(a) for a in axes)
        return TrackedArray(np.flip(self.value, axes), ("flip", self.origin, axes), self.trainable)

    def __getitem__(self, key) -> TrackedArray:
        """Slices without steps, one for each axis; axes left out are not sliced."""
        key = key if isinstance(key, tuple) else (key,)
        bounds = tuple(
            (k.indices(n)[0], k.indices(n)[1])
            for k, n in zip(key + (slice(None),) * (self.ndim - len(key)), self.shape, strict=True)
        )
        if all(b == (0, n) for b, n in zip(bounds, self.shape, strict=True)):
            return self
        value = self.value[tuple(slice(*b) for b in bounds)]
        return TrackedArray(value, ("slice", self.origin, bounds), self.trainable)

    def astype(self, dtype) -> TrackedArray:
        if self.value.dtype == dtype:
            return self
        return TrackedArray(self.value.astype(dtype), ("cast", self.origin), self.trainable)

    def frozen(self) -> TrackedArray:
        return TrackedArray(self.value, self.origin, False)

    @staticmethod
    def concatenate(arrays: list[TrackedArray], axis: int = 0) -> TrackedArray:
        import numpy as np

        value = np.concatenate([a.value for a in arrays], axis)
        origin = ("concat", tuple(a.origin for a in arrays), axis % value.ndim)
        return TrackedArray(value, origin, all(a.trainable for a in arrays))


def sources(origin) -> dict[str, tuple[int, ...]]:
    """The parameters that an array was derived from, in order: name to shape."""
    match origin:
        case ("param", name, shape):
            return {name: tuple(shape)}
        case ("constant", _):
            return {}
        case ("concat", parts, _):
            return {name: shape for part in parts for name, shape in sources(part).items()}
        case (_, inner, *_):
            return sources(inner)
    raise ValueError(f"no origin: {origin!r}")


def has_constants(origin) -> bool:
    """Whether part of an array is not from the file, so that its origin does not determine its values."""
    match origin:
        case ("constant", _):
            return True
        case ("concat", parts, _):
            return any(map(has_constants, parts))
        case ("param", *_):
            return False
        case (_, inner, *_):
            return has_constants(inner)
    raise ValueError(f"no origin: {origin!r}")


def pieces(origin) -> set[tuple[str, str]]:
    """The parameters that an array was derived from, each with its part; "" is the whole parameter."""
    match origin:
        case ("param", name, _):
            return {(name, "")}
        case ("constant", _):
            return set()
        case ("concat", parts, _):
            return {piece for part in parts for piece in pieces(part)}
        case ("slice", inner, bounds):
            return {(name, f"{piece}{bounds}") for name, piece in pieces(inner)}
        case (_, inner, *_):
            return pieces(inner)
    raise ValueError(f"no origin: {origin!r}")


def scatter(value: np.ndarray, origin, into: Mapping[str, np.ndarray]) -> None:
    """The inverse: writes `value`, which was derived by `origin`, into the parameters that it was derived from."""
    import numpy as np

    starts, total = {}, 0
    for name, shape in sources(origin).items():
        starts[name] = total
        total += math.prod(shape)
    flat = np.zeros(total, value.dtype)

    def indices(origin) -> np.ndarray:
        """For each element of the derived array its index in `flat`; -1 for a constant."""
        match origin:
            case ("param", name, shape):
                return starts[name] + np.arange(math.prod(shape)).reshape(shape)
            case ("constant", shape):
                return np.full(shape, -1)
            case ("transpose", inner, axes):
                return indices(inner).transpose(axes)
            case ("reshape", inner, shape):
                return indices(inner).reshape(shape)
            case ("flip", inner, axes):
                return np.flip(indices(inner), axes)
            case ("slice", inner, bounds):
                return indices(inner)[tuple(slice(*b) for b in bounds)]
            case ("concat", parts, axis):
                return np.concatenate([indices(part) for part in parts], axis)
            case ("cast", inner):
                return indices(inner)
        raise ValueError(f"no origin: {origin!r}")

    where = indices(origin)
    flat[where[where >= 0]] = value[where >= 0]
    touched = np.zeros(total, bool)
    touched[where[where >= 0]] = True
    for name, start in starts.items():
        size = into[name].size
        part, mask = flat[start : start + size], touched[start : start + size]
        into[name].reshape(-1)[mask] = part[mask]
