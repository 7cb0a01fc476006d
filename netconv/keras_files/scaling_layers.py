"""The layers of a trained model that take the numbers of its table as they are and return values in the table's units.

They stand in front of the net and behind it: what replaces a missing number (NaN), `scale_inputs`, and `scale_outputs`.
They have no weights: their numbers are in their configs. Knows models and configs, no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import FormatError
from ..features.scaling import UNSCALED, Affine, Moments, Scaling
from ..keras_api.lazy import keras, layers, no_collection, ops
from .layer_copies import LayerCopies, without_compiling

INPUTS, OUTPUTS = "scale_inputs", "scale_outputs"
"""The names of the layers; those of several inputs or outputs are numbered: `scale_inputs_1`."""
UNITS = "_units"
"""The end of the name of a layer in front of one that standardizes, which makes large and small numbers moderate."""
STANDARD = 1e-6, 1e18
"""Standard deviations of which Normalization can divide by the root of the variance: below 1e-7 it divides by that, and
the variance must be a number of float32."""

Config = tuple[str, str, dict[str, Any]]
"""The name of a layer, its class and its config."""


def unscaled(model):
    """A copy of a model without layers that scale the numbers of a table, as `scaled` makes one."""
    rows = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    return scaled(model, [UNSCALED] * len(rows), rows)


def scaled(
    model,
    inputs: Sequence[Scaling],
    rows: Sequence[tuple[int | None, ...]],
    outputs: Sequence[Moments | None] = (),
):
    """A copy of a model with these layers in place of those that it has; the net's own layers keep their names.

    Args:
        model: A functional or sequential model.
        inputs: The scaling of each input.
        rows: The shape of a row of each input.
        outputs: The moments of each output, if any: the output is their `mean` plus `std` times that of the net.

    Returns:
        A functional model, not compiled, with the values of the weights.
    """
    bare = without_compiling(model)
    passed = _passed_arguments(bare)
    _check_names(bare, passed)
    copies = LayerCopies()
    new: dict[int, Any] = {}

    def called(operation, *args, **kwargs):
        position = passed.get(id(copies.originals[id(operation)]))
        if position is not None:
            return args[position]
        args, kwargs = keras.tree.map_structure(lambda x: new.get(id(x), x), (args, kwargs))
        return operation(*args, **kwargs)

    with no_collection():
        entries = []
        for number, (tensor, each, row) in enumerate(zip(bare.inputs, inputs, rows, strict=True)):
            entry, new_tensor = _scaled_input(tensor, each, row, numbered(INPUTS, number, len(bare.inputs)))
            entries.append(entry)
            new[id(entry)] = new_tensor
        given = keras.tree.pack_sequence_as(bare.input, entries)
        copy = keras.models.clone_model(bare, given, clone_function=copies.of, call_function=called)
        results = [new.get(id(tensor), tensor) for tensor in copy.outputs]
        for number, moments in enumerate(outputs):
            if moments is not None:
                mean, std = (part.item() if part.size == 1 else part.tolist() for part in moments)
                name = numbered(OUTPUTS, number, len(outputs))
                results[number] = layers.Rescaling(std, mean, name=name, dtype="float32")(results[number])
        copies.copy_values()
        if len(results) > 1 and isinstance(model.output, dict):  # a Sequential may have no `output`
            results = keras.tree.pack_sequence_as(model.output, results)
        return keras.Model(entries, results, name=model.name)


def numbered(name: str, index: int, count: int) -> str:
    """The name of the layer for one of several inputs or outputs, numbered from 1."""
    return f"{name}_{index + 1}" if count > 1 else name


def before_scaling(operation):
    """The layer whose outputs a layer of this module scales; any other layer itself."""
    if operation.name.startswith(OUTPUTS) and type(operation).__name__ == "Rescaling":
        return operation._inbound_nodes[0].arguments.args[0]._keras_history.operation
    return operation


def _scaled_input(tensor, scaling: Scaling, row: tuple[int | None, ...], name: str) -> tuple[Any, Any]:
    """An input in place of a model's own, and what the net gets of it."""
    own = tensor._keras_history.operation.name
    if not scaling:
        entry = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=own)
        return entry, entry
    uniform = scaling.fill is None and _uniform(scaling.inputs)
    entry = keras.Input(batch_shape=tensor.shape if uniform else (tensor.shape[0], *row), dtype="float32", name=own)
    x = entry
    if scaling.fill is not None:
        missing = _named(ops.isnan(x), f"{name}_missing")
        x = _named(ops.where(missing, scaling.fill.reshape(1, *row).astype(np.float32), x), f"{name}_filled")
    if isinstance(scaling.inputs, Affine):
        scale, offset = (part[0].item() if uniform else _compact(part.reshape(row)).tolist() for part in scaling.inputs)
        x = layers.Rescaling(scale, offset, name=name, dtype="float32")(x)
    elif scaling.inputs is not None:
        x = _standardized(x, scaling.inputs, row, name)
    return entry, x if str(x.dtype) == str(tensor.dtype) else ops.cast(x, tensor.dtype)


def _compact(numbers: np.ndarray) -> np.ndarray:
    """The numbers of an image with one for each channel, if the pixels of each channel have the same, as an array that
    broadcasts: the configs of large images would be larger than their nets."""
    for axes in ((1, 2), (0, 1)):
        if numbers.ndim == 3 and (numbers == numbers.take([0], axes[0]).take([0], axes[1])).all():
            return numbers.take([0], axes[0]).take([0], axes[1])
    return numbers


def _named(tensor, name: str):
    """The result of an operation, which is then called so, and not by a number that counts those of this process."""
    tensor._keras_history.operation.name = name
    return tensor


def _uniform(inputs: Affine | Moments | None) -> bool:
    """Whether all numbers are changed alike, so that the shape of a row may stay open."""
    return not isinstance(inputs, Moments) and (inputs is None or all((part == part[0]).all() for part in inputs))


def _standardized(x, moments: Moments, row: tuple[int | None, ...], name: str):
    mean, std = (part.reshape(row) for part in moments)
    units = np.where((std < STANDARD[0]) | (std > STANDARD[1]), np.exp2(-np.round(np.log2(std))), 1.0)
    if (units != 1).any():
        x = layers.Rescaling(units.tolist(), name=name + UNITS, dtype="float32")(x)
    axes = tuple(range(1, len(row) + 1)) if len(row) > 1 else -1
    mean, variance = (mean * units).tolist(), ((std * units) ** 2).tolist()
    return layers.Normalization(axes, mean, variance, name=name, dtype="float32")(x)


def _passed_arguments(model) -> dict[int, int]:
    """The operations of a model that scale, by id, and the position of the argument that a model without them passes
    on."""
    entries = {id(tensor) for tensor in model.inputs}
    passed: dict[int, int] = {}
    for operation in model.operations:
        arguments = operation._inbound_nodes[0].arguments.args if operation._inbound_nodes else ()
        if not arguments or isinstance(arguments[0], list | tuple):
            continue
        kind, first = type(operation).__name__, id(arguments[0])
        if kind == "Isnan" and first in entries:
            readers = [each for each in model.operations if _fills(each, operation, arguments[0])]
            if readers:
                passed |= {id(operation): 0, id(readers[0]): 2}
                entries.add(id(readers[0]._inbound_nodes[0].outputs[0]))
        elif operation.name.startswith(INPUTS) and kind in ("Rescaling", "Normalization") and first in entries:
            passed[id(operation)] = 0
            entries.add(id(operation._inbound_nodes[0].outputs[0]))
        elif operation.name.startswith(OUTPUTS) and kind == "Rescaling":
            passed[id(operation)] = 0
    return passed


def _fills(operation, check, tensor) -> bool:
    """Whether an operation replaces the NaN of an input by stored numbers."""
    if type(operation).__name__ != "Where":
        return False
    condition, value, otherwise = operation._inbound_nodes[0].arguments.args
    checked = check._inbound_nodes[0].outputs[0]
    return condition is checked and otherwise is tensor and not keras.backend.is_keras_tensor(value)


def _check_names(model, known: dict[int, int]) -> None:
    """Raises FormatError for a layer of the net that has the name of one that is added."""
    for operation in model.operations:
        if operation.name.startswith((INPUTS, OUTPUTS)) and id(operation) not in known:
            raise FormatError(
                f"the net has a layer called {operation.name!r}, as netconv calls those that scale; rename it"
            )


def configs_of(model) -> list[Config]:
    """The configs of the layers that scale."""
    named = [layer for layer in model.layers if layer.name.startswith((INPUTS, OUTPUTS))]
    return [(layer.name, type(layer).__name__, layer.get_config()) for layer in named]


def names_of(model) -> list[str]:
    """The names of the layers and operations that scale, those that replace missing numbers included, in order."""
    bare = without_compiling(model)
    known = _passed_arguments(bare)
    return [operation.name for operation in bare.operations if id(operation) in known]


def fills(model) -> bool:
    """Whether a model replaces missing numbers (NaN) itself."""
    return 2 in _passed_arguments(without_compiling(model)).values()


def scaling_of(configs: Iterable[Config], widths: Sequence[int], heads: int) -> Scaling:
    """The scaling that layers of these configs do for inputs of `widths` numbers and for so many outputs, without the
    fill values.

    Raises ValueError, TypeError, LookupError or AttributeError: the config of a layer is damaged.
    """
    known = {name: (kind, config) for name, kind, config in configs if name.startswith((INPUTS, OUTPUTS))}
    means, stds, scales, offsets = [], [], [], []
    standardizes = False
    for number, width in enumerate(widths):
        name = numbered(INPUTS, number, len(widths))
        kind, config = known.get(name, ("Rescaling", {"scale": 1.0, "offset": 0.0}))
        units = _numbers(known[name + UNITS][1]["scale"], width) if name + UNITS in known else np.ones(width)
        if kind == "Normalization":
            standardizes = True
            means.append(_numbers(config["mean"], width) / units)
            stds.append(np.sqrt(_numbers(config["variance"], width)) / units)
        else:
            scales.append(_numbers(config["scale"], width))
            offsets.append(_numbers(config["offset"], width))
            means.append(np.zeros(width))
            stds.append(np.ones(width))
    inputs: Moments | Affine | None = None
    if standardizes:
        inputs = Moments(np.concatenate(means), np.concatenate(stds))
    elif any(name.startswith(INPUTS) for name in known):
        inputs = Affine(np.concatenate(scales), np.concatenate(offsets))
    outputs = [_moments_of(known.get(numbered(OUTPUTS, number, heads))) for number in range(heads)]
    return Scaling(inputs=inputs, outputs=tuple(outputs) if any(outputs) else ())


def _moments_of(known: tuple[str, dict[str, Any]] | None) -> Moments | None:
    """The moments in the config of a layer that scales an output."""
    if known is None:
        return None
    return Moments(*(np.atleast_1d(np.array(known[1][key], float)) for key in ("offset", "scale")))


def _numbers(value: Any, width: int) -> np.ndarray:
    if isinstance(value, dict):  # Keras writes a NumPy array so
        value = value["config"]["value"]
    numbers = np.array(value, float)
    if numbers.ndim == 3 and numbers.shape[1:] == (1, 1):  # for each channel, the first axis
        return np.repeat(numbers.ravel(), width // numbers.size).reshape(width)
    if numbers.ndim == 3 and numbers.shape[:2] == (1, 1):
        return np.tile(numbers.ravel(), width // numbers.size).reshape(width)
    numbers = numbers.reshape(-1)
    return np.full(width, numbers[0]) if len(numbers) == 1 else numbers.reshape(width)
