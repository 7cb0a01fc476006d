"""Rewrites a model with `keras.ops` operations as one of layers alone, which Keras 2 has too. Knows no file.

The operations become layers here, when a `.h5` file is written, and not when the net is converted: an operation is one
step where its layers can be three, so in Keras 3 the operation is the better choice. A layer stands for an operation
only where it computes the same numbers; any other operation is a LayerError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import LayerError
from ..keras_api.lazy import keras, layers

FUNCTIONS = {
    "Elu": "elu", "Exp": "exponential", "Gelu": "gelu", "Relu": "relu", "Selu": "selu", "Sigmoid": "sigmoid",
    "Silu": "silu", "Softplus": "softplus", "Softsign": "softsign", "Tanh": "tanh",
}  # fmt: skip
"""The activations that are defined alike in Keras 2 and 3, by the class of the operation."""
MERGES = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
POOLS = {"Mean": "Average", "Max": "Max"}
MOST_SLICES = 64
"""The most slices of an axis that become a layer each."""


def as_layers(model, inputs: list):
    """A functional model on these inputs that has layers in place of the operations of `model`, and the other layers of
    `model` itself. Raises LayerError."""
    bare = keras.Model(model.inputs, model.outputs, name=model.name)  # a compiled one would get an optimizer with slots
    return keras.models.clone_model(
        bare, inputs, clone_function=lambda layer: layer, call_function=_Rewriter(bare, inputs)
    )


class _Rewriter:
    """Calls the layers that stand for an operation of `model`."""

    def __init__(self, model, inputs: list):
        kept = [operation for operation in model.operations if isinstance(operation, keras.layers.Layer)]
        self.names = {each.name.lower() for each in (*kept, *inputs)}
        self.readers: dict[int, list] = {}
        for operation in model.operations:
            for node in operation._inbound_nodes:
                for tensor in node.input_tensors:
                    self.readers.setdefault(id(tensor), []).append(operation)

    def __call__(self, operation, *args, **kwargs):
        if isinstance(operation, keras.layers.Layer):
            return operation(*args, **kwargs)
        kind = type(operation).__name__
        made = RULES[kind](_Maker(self, operation), *args, **kwargs) if kind in RULES else None
        if made is None:
            raise LayerError(f"operation {kind}", operation.name, "has no layer in Keras 2 that computes the same")
        return made


class _Maker:
    """Makes the layers that stand for one operation, with names made from its own."""

    def __init__(self, rewriter: _Rewriter, operation):
        self.rewriter, self.operation = rewriter, operation

    def layer(self, kind: str, *tensors, **config):
        """The result of a new layer."""
        name, n = self.operation.name, 1
        while name.lower() in self.rewriter.names:
            name, n = f"{self.operation.name}_{n}", n + 1
        self.rewriter.names.add(name.lower())
        dtype = str(tensors[0].dtype)
        if "float" in dtype and dtype != "float32":  # layers do not cast integers
            config["dtype"] = dtype
        return getattr(layers, kind)(name=name, **config)(tensors[0] if len(tensors) == 1 else list(tensors))

    def affine(self, x, scale=1.0, offset=0.0):
        """x * scale + offset, exact because one of them changes nothing."""
        factors = [np.asarray(number, str(x.dtype)) for number in (scale, offset)]
        if "float" not in str(x.dtype) or any(not _fits(factor.shape, x.shape) for factor in factors):
            return None
        return self.layer("Rescaling", x, **dict(zip(("scale", "offset"), (f.tolist() for f in factors), strict=True)))

    def reshape(self, x, shape: Sequence[int | None]):
        """A tensor of this shape, whose first axis is the batch axis of x."""
        before, after = tuple(x.shape[1:]), tuple(shape[1:])
        if before == after and x.shape[0] == shape[0]:
            return x
        unknown = before.count(None)
        if x.shape[0] != shape[0] or after.count(None) != unknown or unknown > 1 or _size(before) != _size(after):
            return None
        return self.layer("Reshape", x, target_shape=tuple(-1 if n is None else n for n in after))

    def _along(self, x, axis: int, kind: str, **arguments):
        """x with one axis changed by a layer for sequences or images. `arguments` have the value for that axis, and
        that for an axis that stays."""
        rank = len(x.shape)
        if rank == 3 and axis == 1:
            return self.layer(f"{kind}1D", x, **{name: value for name, (value, _) in arguments.items()})
        before, after = x.shape[1:axis], x.shape[axis + 1 :]
        first = rank == 4 and axis == 1
        image = x if first else self.reshape(x, (x.shape[0], _size(before), x.shape[axis], _size(after)))
        if image is None:
            return None
        pairs = {name: pair if first else pair[::-1] for name, pair in arguments.items()}
        image = self.layer(f"{kind}2D", image, **pairs, data_format="channels_last")
        return image if first else self.reshape(image, (x.shape[0], *before, image.shape[2], *after))

    def pad(self, x, edges: list[tuple[int, int]], value: float):
        """x with elements of this value before and after its axes."""
        padded, ones = x, None
        if value and any(x.shape[axis] is None and any(change) for axis, change in enumerate(edges)):
            ones = self.affine(self.layer("ReLU", x, max_value=0.0), offset=1.0)
        for axis, change in enumerate(edges):
            if any(change):
                padded = self._padded(padded, axis, change, 0.0 if ones is not None else value)
                ones = None if ones is None else self._padded(ones, axis, change, 0.0)
            if padded is None:
                return None
        return padded if ones is None else self.layer("Add", padded, self._outside(ones, value))

    def _padded(self, x, axis: int, change: tuple[int, int], value: float):
        """x with elements before and after one axis, which has a known length unless the value is 0."""
        if axis == 0 or min(change) < 0:
            return None
        x = self._along(x, axis, "ZeroPadding", padding=(change, (0, 0)))
        if x is None or not value:
            return x
        added = np.full(x.shape[axis], value)
        added[change[0] : x.shape[axis] - change[1]] = 0
        return self.affine(x, offset=added.reshape(-1, *(1,) * (len(x.shape) - axis - 1)))

    def _outside(self, ones, value: float):
        """0 where the tensor is 1, and the value where it is 0."""
        if math.isinf(value):  # 0 times infinity is not a number, but the square of the largest number is infinite
            largest = float(np.finfo(str(ones.dtype)).max)
            below = self.layer("Rescaling", ones, scale=largest, offset=-largest)
            return self.affine(below, math.copysign(largest, -value))
        return self.layer("Rescaling", ones, scale=-value, offset=value)

    def slice(self, x, axis: int, start: int, stop: int):
        """x[start:stop] along an axis of known length."""
        if axis == 0 or start >= stop:
            return None
        change = start, x.shape[axis] - stop
        return self._along(x, axis, "Cropping", cropping=(change, (0, 0))) if any(change) else x

    def every(self, x, axis: int, step: int):
        """x[::step] along an axis, as the means of single elements (their maximum would not be minus infinity)."""
        return x if step == 1 else self._along(x, axis, "AveragePooling", pool_size=(1, 1), strides=(step, 1))

    def index(self, x, axis: int, start: int):
        """x[start] along an axis of known length."""
        one = self.slice(x, axis, start, start + 1)
        return None if one is None else self.reshape(one, (*x.shape[:axis], *x.shape[axis + 1 :]))


def _size(shape: Sequence[int | None]) -> int | None:
    known = [n for n in shape if n is not None]
    return math.prod(known) if len(known) == len(shape) else None


def _fits(shape: Sequence[int], target: Sequence[int | None]) -> bool:
    """Whether an array of this shape is broadcast to a tensor of the shape `target`, which is not broadcast itself."""
    aligned = target[len(target) - len(shape) :]
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(shape, aligned, strict=True))


def _is_tensor(x) -> bool:
    return keras.backend.is_keras_tensor(x)


def _activation(maker: _Maker, x, *_):
    if type(maker.operation).__name__ == "Gelu" and maker.operation.approximate:
        return None
    if type(maker.operation).__name__ == "Elu" and maker.operation.alpha != 1:
        return maker.layer("ELU", x, alpha=maker.operation.alpha)
    return maker.layer("Activation", x, activation=FUNCTIONS[type(maker.operation).__name__])


def _merge(maker: _Maker, x1, x2):
    """Of tensors with the same axes, or one with a constant."""
    kind = type(maker.operation).__name__
    if _is_tensor(x1) and _is_tensor(x2):
        same = len(x1.shape) == len(x2.shape) and x1.shape[:1] == x2.shape[:1] and x1.dtype == x2.dtype
        # Keras 3 takes a second summand with a single long axis for a bias, whichever axis that is
        last = x1.shape[-1] if x1.shape[-1] == x2.shape[-1] else 1
        bias = kind == "Add" and tuple(x1.shape) != tuple(x2.shape) and last == 1
        return maker.layer(kind, x1, x2) if same and not bias else None
    tensor, constant = (x1, x2) if _is_tensor(x1) else (x2, x1)
    if kind == "Add":
        return maker.affine(tensor, offset=constant)
    if kind == "Multiply":
        return maker.affine(tensor, constant)
    if kind == "Subtract":
        minus = -np.asarray(constant)
        return maker.affine(tensor, offset=minus) if tensor is x1 else maker.affine(tensor, -1.0, constant)
    if kind == "Maximum" and np.all(np.asarray(constant) == 0) and _fits(np.shape(constant), tensor.shape):
        return maker.layer("ReLU", tensor)
    return None


def _divide(maker: _Maker, x1, x2):
    """By powers of two, of which the reciprocals are exact."""
    if _is_tensor(x2) or not np.all(np.frexp(np.asarray(x2, "float64"))[0] == 0.5):
        return None
    return maker.affine(x1, 1 / np.asarray(x2, "float64"))


def _clip(maker: _Maker, x):
    lowest, highest = maker.operation.x_min, maker.operation.x_max
    if _is_tensor(highest) or np.ndim(highest) or np.ndim(lowest) or lowest != 0 or not highest > 0:
        return None
    return maker.layer("ReLU", x, max_value=float(highest)) if "float" in str(x.dtype) else None


def _cast(maker: _Maker, x):
    """To integers, for an Embedding, which casts its input itself."""
    readers = maker.rewriter.readers.get(id(maker.operation.output), ())
    whole = str(maker.operation.dtype) == "int32" and str(x.dtype) == "float32"
    return x if whole and readers and all(isinstance(r, keras.layers.Embedding) for r in readers) else None


def _reshape(maker: _Maker, x, *_):
    return maker.reshape(x, maker.operation.output.shape)


def _permute(maker: _Maker, x, *_):
    operation, rank = maker.operation, len(x.shape)
    if type(operation).__name__ == "Swapaxes":
        axes = list(range(rank))
        first, second = operation.axis1 % rank, operation.axis2 % rank
        axes[first], axes[second] = second, first
    else:
        axes = list(range(rank))[::-1] if operation.axes is None else [axis % rank for axis in operation.axes]
    return maker.layer("Permute", x, dims=tuple(axes[1:])) if axes[0] == 0 else None


def _pad(maker: _Maker, x, constant_values=None):
    if maker.operation.mode != "constant" or "float" not in str(x.dtype):
        return None
    return maker.pad(x, [tuple(change) for change in maker.operation.pad_width], float(constant_values or 0))


def _split(maker: _Maker, x):
    parts, axis = maker.operation.indices_or_sections, maker.operation.axis % len(x.shape)
    length = x.shape[axis]
    if axis == 0 or length is None:
        return None
    places = [length * i // parts for i in range(1, parts)] if isinstance(parts, int) else list(parts)
    bounds = list(zip([0, *places], [*places, length], strict=True))
    return _all(maker.slice(x, axis, start, stop) for start, stop in bounds) if len(bounds) <= MOST_SLICES else None


def _unstack(maker: _Maker, x):
    axis = maker.operation.axis % len(x.shape)
    if axis == 0 or x.shape[axis] is None or x.shape[axis] > MOST_SLICES:
        return None
    return _all(maker.index(x, axis, i) for i in range(x.shape[axis]))


def _all(tensors) -> list | None:
    made = list(tensors)
    return None if any(each is None for each in made) else made


def _get_item(maker: _Maker, x, key):
    """Of ranges and single elements of the axes after the batch axis."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if not all(isinstance(each, int | slice) or each is Ellipsis for each in keys):
        return None
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(x.shape) - len(keys) + 1)
    if not keys or keys[0] != slice(None):
        return None
    for axis, each in reversed(list(enumerate(keys))):  # from the last, so that an index does not move those before it
        x = x if each == slice(None) else _item(maker, x, axis, each)
        if x is None:
            return None
    return x


def _item(maker: _Maker, x, axis: int, key):
    length = x.shape[axis]
    step = key.step or 1 if isinstance(key, slice) else 1
    if isinstance(key, slice) and (key.start, key.stop) == (None, None) and step > 0:
        return maker.every(x, axis, step)
    if length is None or step < 0:
        return None
    if isinstance(key, int):
        return maker.index(x, axis, key % length)
    part = maker.slice(x, axis, *key.indices(length)[:2])
    return None if part is None else maker.every(part, axis, step)


def _concatenate(maker: _Maker, tensors):
    axis = maker.operation.axis % len(tensors[0].shape)
    if axis == 0 or not all(map(_is_tensor, tensors)):
        return None
    return maker.layer("Concatenate", *tensors, axis=axis) if len(tensors) > 1 else tensors[0]


def _stack(maker: _Maker, tensors):
    shape = maker.operation.output.shape
    axis = maker.operation.axis % len(shape)
    if axis == 0 or not all(map(_is_tensor, tensors)) or len(tensors) > MOST_SLICES:
        return None
    parts = _all(maker.reshape(each, (*shape[:axis], 1, *shape[axis + 1 :])) for each in tensors)
    return maker.layer("Concatenate", *parts, axis=axis) if parts and len(parts) > 1 else parts and parts[0]


def _repeat(maker: _Maker, x):
    """Each row is repeated by UpSampling1D, as the middle axis of three."""
    axis, repeats = maker.operation.axis, maker.operation.repeats
    if axis is None or axis % len(x.shape) == 0 or not isinstance(repeats, int):
        return None
    axis %= len(x.shape)
    rows = maker.reshape(x, (x.shape[0], _size(x.shape[1 : axis + 1]), _size(x.shape[axis + 1 :])))
    if rows is None:
        return None
    return maker.reshape(maker.layer("UpSampling1D", rows, size=repeats), maker.operation.output.shape)


def _reduce(maker: _Maker, x):
    """Mean and maximum over neighbouring axes, and sums of a few elements."""
    kind, rank = type(maker.operation).__name__, len(x.shape)
    given = maker.operation.axis
    axes = sorted(a % rank for a in (range(rank) if given is None else [given] if isinstance(given, int) else given))
    first, last = axes[0], axes[-1]
    if first == 0 or axes != list(range(first, last + 1)) or "float" not in str(x.dtype):
        return None
    before, count, after = (_size(x.shape[i:j]) for i, j in ((1, first), (first, last + 1), (last + 1, rank)))
    if kind == "Sum":
        if count is None or count > MOST_SLICES:
            return None
        whole = maker.reshape(x, (x.shape[0], before, count, after))
        parts = whole is not None and _all(maker.slice(whole, 2, i, i + 1) for i in range(count))
        out = parts and (maker.layer("Add", *parts) if count > 1 else parts[0])
    else:
        turned = x
        if first > 1:  # the axes that stay come after those that go
            kept = [i for i in range(1, rank) if i not in axes]
            turned = maker.layer("Permute", x, dims=(*axes, *kept))
        rows = maker.reshape(turned, (x.shape[0], count, _size((before, after))))
        out = rows if rows is None else maker.layer(f"Global{POOLS[kind]}Pooling1D", rows)
    return None if out is None or out is False else maker.reshape(out, maker.operation.output.shape)


def _leaky_relu(maker: _Maker, x):
    return maker.layer("LeakyReLU", x, negative_slope=maker.operation.negative_slope)


def _softmax(maker: _Maker, x):
    axis = maker.operation.axis
    return maker.layer("Softmax", x, axis=axis) if isinstance(axis, int) and axis % len(x.shape) else None


def _matmul(maker: _Maker, x1, x2):
    if (
        not (_is_tensor(x1) and _is_tensor(x2))
        or len(x1.shape) != 3
        or len(x2.shape) != 3
        or x1.shape[0] != x2.shape[0]
    ):
        return None
    return maker.layer("Dot", x1, x2, axes=(2, 1))


RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(FUNCTIONS, _activation),
    **dict.fromkeys(MERGES, _merge),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims"), _reshape),
    **dict.fromkeys(("Transpose", "Swapaxes"), _permute),
    **dict.fromkeys(("Mean", "Max", "Sum"), _reduce),
    "Cast": _cast,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Divide": _divide,
    "GetItem": _get_item,
    "LeakyRelu": _leaky_relu,
    "Matmul": _matmul,
    "Negative": lambda maker, x: maker.affine(x, -1.0),
    "Pad": _pad,
    "Relu6": lambda maker, x: maker.layer("ReLU", x, max_value=6.0),
    "Repeat": _repeat,
    "Softmax": _softmax,
    "Split": _split,
    "Square": lambda maker, x: maker.layer("Multiply", x, x),
    "Stack": _stack,
    "Unstack": _unstack,
}
"""The layers of an operation, by its class, for a _Maker and the arguments of the operation; None if it has none."""
