"""The layers of a `.keras` file as rows, by its config and the shapes of its variables, without Keras."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from ..errors import FormatError
from .layer_rows import LayerRow, Lengths, Tensor, detail, heads_of, shape_text
from .output_shapes import output_shape
from .stored_weights import StoredWeight
from .zip_members import WEIGHTS

MODELS = ("Functional", "Sequential")
SIZES = ("units", "filters")
"""Options whose value is the length of an axis of a variable of the layer."""
DEEPEST = 20
"""How deep models may be nested whose layers are listed."""


class Reference(NamedTuple):
    """An output of a call of a layer, and its shape, if the file has it."""

    layer: str
    call: int
    output: int
    shape: Lengths | None


def list_layers(config: Mapping[str, Any], variables: Mapping[str, StoredWeight]) -> tuple[LayerRow, ...]:
    """The layers of a model, in the order of its config.

    Args:
        config: The content of `config.json`.
        variables: Those of `model.weights.h5` by their paths in it.

    Returns:
        The rows; `trainable` counts the parameters of layers that are trainable. A model that is neither Sequential nor
        Functional has none.

    Raises:
        FormatError: a layer has other numbers of units or filters than its variables; without the name of the file.
        ValueError, TypeError, LookupError, AttributeError: the config is damaged.
    """
    return _rows(config, variables, "layers", 0)[0]


def weights(config: Mapping[str, Any], variables: Mapping[str, StoredWeight]) -> dict[str, list[int]]:
    """The shapes of the variables by the names of their layers, `conv/0`, `lstm/cell/1`; those of random generators are
    left out. Raises as `list_layers`."""
    entries = config["config"]["layers"] if config["class_name"] in MODELS else []
    groups = {group: name for name, group in group_names(entries, variables, "layers").items()}
    found = {}
    for path, variable in variables.items():
        folder, group, *inside = path.split("/")
        if "seed_generator" not in inside:
            name = groups.get(f"{folder}/{group}", group)
            found["/".join([name, *(part for part in inside if part != "vars")])] = list(variable.shape)
    return found


def _rows(
    model: Mapping[str, Any], variables: Mapping[str, StoredWeight], folder: str, depth: int
) -> tuple[tuple[LayerRow, ...], tuple[Tensor, ...], tuple[Lengths | None, ...]]:
    """The layers of a model, its outputs and their shapes."""
    if model["class_name"] not in MODELS or depth > DEEPEST:
        return (), (), ()
    entries: dict[str, Mapping[str, Any]] = {}
    for entry in model["config"]["layers"]:
        entries.setdefault(_name(entry), entry)  # a layer that is called several times may be listed again
    groups = group_names(list(entries.values()), variables, folder)
    calls = _calls(entries) if model["class_name"] == "Functional" else _chain(entries)
    known = {(each.layer, each.output): each.shape for taken in calls.values() for each in taken if each.call == 0}
    rows = []
    for name, entry in entries.items():
        kind, options, taken = entry["class_name"], entry["config"], calls[name]
        group = groups.get(name, "")
        inner, ends, end_shapes = _rows(entry, variables, f"{group}/layers", depth + 1)
        ends = ends if len({each.call for each in taken}) < 2 and _times(entry) < 2 else ()
        if kind == "InputLayer":
            known[name, 0] = tuple(options.get("batch_shape") or options["batch_input_shape"])
        elif end_shapes:
            known |= {(name, number): shape for number, shape in enumerate(end_shapes) if shape is not None}
        elif known.get((name, 0)) is None:
            given = [known.get((each.layer, each.output)) for each in taken]
            known[name, 0] = output_shape(kind, options, given)
        shapes = [each.shape for path, each in variables.items() if group and _is_in(path, group)]
        _check_sizes(name, options, shapes)
        count = sum(map(math.prod, shapes))
        outputs = sorted(number for layer, number in known if layer == name)
        rows.append(
            LayerRow(
                name, kind, "; ".join(shape_text(known[name, number]) for number in outputs),
                count, count - _untrained(entry, count),
                tuple(dict.fromkeys(
                    Tensor(each.layer, each.output, shape_text(known.get((each.layer, each.output)))) for each in taken
                )),
                detail(options), inner if ends else (), _entries(entry) if ends else (), ends,
            )
        )  # fmt: skip
    heads = _heads(model["config"]["output_layers"]) if model["class_name"] == "Functional" else [(rows[-1].name, 0)]
    head_shapes = tuple(known.get(head) for head in heads)
    tensors = tuple(Tensor(*head, shape_text(shape)) for head, shape in zip(heads, head_shapes, strict=True))
    return tuple(replace(row, heads=heads_of(row.name, tensors)) for row in rows), tensors, head_shapes


def _check_sizes(layer: str, options: Mapping[str, Any], shapes: list[tuple[int, ...]]) -> None:
    """Raises FormatError if a layer is to have more units or filters than its variables."""
    for option in SIZES:
        size = options.get(option)
        if shapes and isinstance(size, int) and not any(size in shape for shape in shapes):
            raise FormatError(
                f"has {option} {size} in layer {layer!r}, and none of its arrays in {WEIGHTS} has an axis of this size"
            )


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry["config"]["name"])


def _times(entry: Mapping[str, Any]) -> int:
    return len(entry.get("inbound_nodes") or ())


def _is_in(path: str, group: str) -> bool:
    return path.startswith(f"{group}/") and "seed_generator" not in path.split("/")


def _untrained(entry: Mapping[str, Any], count: int) -> int:
    """How many of the parameters of a layer are not trained, as far as its config says so."""
    if entry["config"].get("trainable") is False:
        return count
    if entry["class_name"] != "BatchNormalization":
        return 0
    arrays = 2 + bool(entry["config"].get("scale", True)) + bool(entry["config"].get("center", True))
    return 2 * count // arrays  # the moving mean and variance


def group_names(entries: list[Mapping[str, Any]], variables: Mapping[str, StoredWeight], folder: str) -> dict[str, str]:
    """The paths of the groups of layers in the file of the weights, by name of the layer.

    Keras names the group of a layer after its class, `lstm`, `lstm_1`, in the order of the layers; the group of the
    layer's own variables has its name.
    """
    taken: dict[str, int] = {}
    found = {}
    for entry in entries:
        if str(entry.get("module", "")).startswith("keras.src.ops") or entry.get("module") == "keras.ops":
            continue  # an operation, which has no variables
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", entry["class_name"]).lower()
        number = taken[kind] = taken.get(kind, -1) + 1
        found[_name(entry)] = f"{folder}/{kind}_{number}" if number else f"{folder}/{kind}"
    names = set(found)
    for path, variable in variables.items():
        group, _, rest = path[len(folder) + 1 :].partition("/")
        if path.startswith(f"{folder}/") and rest.startswith("vars/") and variable.layer in names:
            found[variable.layer] = f"{folder}/{group}"
    return found


def _chain(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Reference]]:
    """What the layers of a Sequential model take: the output of the layer before."""
    names = list(entries)
    calls: dict[str, list[Reference]] = {name: [] for name in names[:1]}
    for before, name in pairwise(names):
        built = (entries[name].get("build_config") or {}).get("input_shape")
        calls[name] = [Reference(before, 0, 0, tuple(built) if built else None)]
    return calls


def _calls(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Reference]]:
    return {name: list(_references(entry.get("inbound_nodes") or [])) for name, entry in entries.items()}


def _references(value: Any) -> Iterator[Reference]:
    """The tensors in the calls of a layer, in the way of Keras 3 or of Keras 2."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            config = value["config"]
            layer, call, output = config["keras_history"]
            yield Reference(layer, call, output, tuple(config["shape"]))
            return
        value = list(value.values())
    if isinstance(value, list):
        if len(value) > 2 and isinstance(value[0], str) and all(type(each) is int for each in value[1:3]):
            yield Reference(value[0], value[1], value[2], None)
            value = value[3:]
        for each in value:
            yield from _references(each)


def _entries(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the input layers of a model."""
    if model["class_name"] == "Functional":
        return tuple(name for name, _ in _heads(model["config"]["input_layers"]))
    return tuple(_name(entry) for entry in model["config"]["layers"][:1] if entry["class_name"] == "InputLayer")


def _heads(outputs: Any) -> list[tuple[str, int]]:
    """The layers and numbers of outputs: of one output, of a list or of a dictionary of them."""
    return [(each.layer, each.output) for each in _references(outputs)]
