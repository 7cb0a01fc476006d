"""Arrays that record how they were derived from stored arrays. Knows numpy only, and imports it when it is used.

A translation assigns MXNet's arrays, transposed or sliced, to Keras's variables. Each step is recorded in
`TrackedArray.origin`, a nested tuple that can be written as JSON, so that the steps can be inverted:

    ("param", name, shape)           the parameter `name`, a name that no other parameter of the graph has
    ("constant", shape)              not from the parameter file
    ("transpose", origin, axes)      numpy.transpose
    ("reshape", origin, shape)       numpy.reshape
    ("flip", origin, axes)           numpy.flip
    ("slice", origin, bounds)        bounds are (start, stop) for each axis
    ("concat", origins, axis)        numpy.concatenate
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
    """A stored array: `value` (numpy, often memory-mapped), its `origin`, and whether training may change it. `parts`
    are the arrays that it was joined from."""

    value: np.ndarray
    origin: tuple[Any, ...]
    trainable: bool = True
    parts: tuple[TrackedArray, ...] = ()

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
        if parts := self._parts_within(bounds):
            return TrackedArray.concatenate(parts, self.origin[2])
        value = self.value[tuple(slice(*b) for b in bounds)]
        return TrackedArray(value, ("slice", self.origin, bounds), self.trainable)

    def _parts_within(self, bounds: tuple[tuple[int, int], ...]) -> list[TrackedArray]:
        """The parts that these bounds select, [] if they do not select whole parts."""
        if not self.parts:
            return []
        axis, start, chosen = self.origin[2], 0, []
        if any(b != (0, n) for i, (b, n) in enumerate(zip(bounds, self.shape, strict=True)) if i != axis):
            return []
        for part in self.parts:
            stop = start + part.shape[axis]
            if bounds[axis][0] <= start and stop <= bounds[axis][1]:
                chosen.append(part)
            start = stop
        return chosen if sum(part.shape[axis] for part in chosen) == bounds[axis][1] - bounds[axis][0] else []

    def frozen(self) -> TrackedArray:
        return TrackedArray(self.value, self.origin, False)

    @staticmethod
    def concatenate(arrays: list[TrackedArray], axis: int = 0) -> TrackedArray:
        """The arrays joined, one array itself. Slices at the joints are the arrays again."""
        import numpy as np

        if len(arrays) == 1:
            return arrays[0]
        axis = axis % arrays[0].ndim
        value = np.concatenate([a.value for a in arrays], axis)
        parts = [part for a in arrays for part in (a.parts if a.parts and a.origin[2] == axis else (a,))]
        origin = ("concat", tuple(part.origin for part in parts), axis)
        return TrackedArray(value, origin, all(a.trainable for a in arrays), tuple(parts))


def sources(origin) -> dict[Any, tuple[int, ...]]:
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


def steps(origin) -> set[str]:
    """The kinds of steps in an origin. Only without "constant" does it determine all values, and only without "slice"
    does the array have whole parameters."""
    match origin:
        case ("param" | "constant" as kind, *_):
            return {kind}
        case ("concat", parts, _):
            return {"concat"}.union(*map(steps, parts))
        case (kind, inner, *_):
            return {kind} | steps(inner)
    raise ValueError(f"no origin: {origin!r}")


def parameter_parts(origin) -> set[tuple[str, str]]:
    """The parameters that an array was derived from, each with its part; "" is the whole parameter."""
    match origin:
        case ("param", name, _):
            return {(name, "")}
        case ("constant", _):
            return set()
        case ("concat", parts, _):
            return {piece for part in parts for piece in parameter_parts(part)}
        case ("slice", inner, bounds):
            return {(name, f"{piece}{bounds}") for name, piece in parameter_parts(inner)}
        case (_, inner, *_):
            return parameter_parts(inner)
    raise ValueError(f"no origin: {origin!r}")


def shape_of(origin) -> tuple[int, ...]:
    """The shape of the array that an origin describes. Raises ValueError if no array has this origin."""
    match origin:
        case ("param", _, shape) | ("constant", shape):
            return tuple(shape)
        case ("transpose", inner, axes):
            shape = shape_of(inner)
            if sorted(axes) == list(range(len(shape))):
                return tuple(shape[axis] for axis in axes)
        case ("reshape", inner, shape):
            if math.prod(shape) == math.prod(shape_of(inner)):
                return tuple(shape)
        case ("flip", inner, axes):
            shape = shape_of(inner)
            if all(axis in range(len(shape)) for axis in axes):
                return shape
        case ("slice", inner, bounds):
            shape = shape_of(inner)
            if all(0 <= start <= stop <= n for (start, stop), n in zip(bounds, shape, strict=True)):
                return tuple(stop - start for start, stop in bounds)
        case ("concat", parts, axis):
            shapes = [shape_of(part) for part in parts]
            others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
            if len(others) == 1 and all(axis in range(len(shape)) for shape in shapes):
                return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
    raise ValueError(f"no origin: {origin!r}")


def gather(origin, values: Mapping[Any, np.ndarray]) -> np.ndarray:
    """The array that was derived by `origin` from these values of parameters, with zeros for constants; a view of them
    where numpy can make one."""
    import numpy as np

    match origin:
        case ("param", name, _):
            return values[name]
        case ("constant", shape):
            return np.zeros(shape, bool)
        case ("transpose", inner, axes):
            return gather(inner, values).transpose(axes)
        case ("reshape", inner, shape):
            return gather(inner, values).reshape(shape)
        case ("flip", inner, axes):
            return np.flip(gather(inner, values), axes)
        case ("slice", inner, bounds):
            return gather(inner, values)[tuple(slice(*b) for b in bounds)]
        case ("concat", parts, axis):
            return np.concatenate([gather(part, values) for part in parts], axis)
    raise ValueError(f"no origin: {origin!r}")


def scatter(value: np.ndarray, origin, into: Mapping[Any, np.ndarray]) -> None:
    """The inverse: writes `value`, which was derived by `origin`, into the parameters that it was derived from."""
    import numpy as np

    match origin:
        case ("param", name, _):
            into[name][...] = value
        case ("constant", _):
            pass
        case ("transpose", inner, axes):
            scatter(value.transpose(np.argsort(axes)), inner, into)
        case ("reshape", inner, _):
            scatter(value.reshape(shape_of(inner)), inner, into)
        case ("flip", inner, axes):
            scatter(np.flip(value, axes), inner, into)
        case ("slice", inner, bounds):
            whole = gather(inner, into)
            whole[tuple(slice(*b) for b in bounds)] = value
            if not any(np.may_share_memory(whole, into[name]) for name in sources(inner)):  # whole is not a view
                scatter(whole, inner, into)
        case ("concat", parts, axis):
            stops = np.cumsum([shape_of(part)[axis] for part in parts])
            for part, piece in zip(parts, np.split(value, stops[:-1], axis), strict=True):
                scatter(piece, part, into)
        case _:
            raise ValueError(f"no origin: {origin!r}")


def add_gradient(gradient: np.ndarray, origin, into: dict[Any, np.ndarray]) -> None:
    """Adds the gradient of an array, which was derived by `origin`, to those of the parameters that it was derived
    from. Constants have none."""
    import numpy as np

    match origin:
        case ("param", name, _):
            into[name] = into[name] + gradient
        case ("constant", _):
            pass
        case ("transpose", inner, axes):
            add_gradient(gradient.transpose(np.argsort(axes)), inner, into)
        case ("flip", inner, axes):
            add_gradient(np.flip(gradient, axes), inner, into)
        case ("reshape", inner, _):
            add_gradient(gradient.reshape(shape_of(inner)), inner, into)
        case ("slice", inner, bounds):
            whole = np.zeros(shape_of(inner))
            whole[tuple(slice(*b) for b in bounds)] = gradient
            add_gradient(whole, inner, into)
        case ("concat", parts, axis):
            stops = np.cumsum([shape_of(part)[axis] for part in parts])
            for part, piece in zip(parts, np.split(gradient, stops[:-1], axis), strict=True):
                add_gradient(piece, part, into)
        case _:
            raise ValueError(f"no origin: {origin!r}")
