"""Configs of models with layers that are called several times, so that Keras 3.6 reads them. Knows configs, no model.

Keras makes the calls of a model layer by layer, in the order of its config. From 3.7 on it postpones a call whose
inputs do not exist yet; 3.6 fails, unless the call is written in the way of Keras 2. A layer of which only some calls
can be made is therefore listed again where the others can be made, as the same object, and its calls are written in
that way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call of a layer: where its inputs come from, as (layer, number of its call, number of the output); and whether
    Keras 2 can express it: one tensor or a list of tensors, and arguments that are no tensors."""

    inputs: list[tuple[str, int, int]]
    is_plain: bool


def in_order(layers: list[dict[str, Any]], numbers: Iterator[int]) -> tuple[list[dict[str, Any]], bool]:
    """The entries of a model's layers in an order in which each call has its inputs, and whether Keras 3.6 reads them.
    Layers that are listed again are numbered by `numbers`."""
    calls = {entry["name"]: [_call(node) for node in entry["inbound_nodes"]] for entry in layers}
    order = _order(calls)
    repeated = {name: next(numbers) for name, times in Counter(order).items() if times > 1}
    if not order or not all(call.is_plain for name in repeated for call in calls[name]):
        return layers, not layers
    entries = {entry["name"]: entry for entry in layers}
    for name, number in repeated.items():
        nodes = [_keras2_node(node) for node in entries[name]["inbound_nodes"]]
        entries[name] = {**entries[name], "shared_object_id": number, "inbound_nodes": nodes}
    result = []
    for name in order:
        result.append(entries[name])
        if name in repeated:
            entries[name] = {**entries[name], "inbound_nodes": []}
    return result, True


def _order(calls: dict[str, list[Call]]) -> list[str]:
    """The layers in the order in which their calls can be made, those of which only some can be made several times;
    nothing if there is no such order."""
    made = {name: 0 if calls[name] else 1 for name in calls}  # an input has a result without a call
    waiting, order = list(calls), []
    while waiting:
        left = []
        for name in waiting:
            ready = _ready(calls[name], made, name)
            if ready >= len(calls[name]):
                made[name] = ready
                order.append(name)
            else:
                left.append(name)
        if len(left) == len(waiting):  # no layer can be finished: some calls of one
            begun = [name for name in left if _ready(calls[name], made, name) > made[name]]
            if not begun:
                return []
            made[begun[0]] = _ready(calls[begun[0]], made, begun[0])
            order.append(begun[0])
        waiting = left
    return order


def _ready(calls: list[Call], made: dict[str, int], name: str) -> int:
    """How many calls of the layer `name` can be made once `made` calls of each layer are made."""
    done = made[name]
    while done < len(calls):
        if any(number >= (done if source == name else made[source]) for source, number, _ in calls[done].inputs):
            break
        done += 1
    return done


def _call(node) -> Call:
    if not isinstance(node, dict):
        return Call([], False)
    inputs = tensors(node)
    args = node["args"]
    args = args[0] if len(args) == 1 and isinstance(args[0], list) else args
    one = len(node["args"]) == 1 and len(inputs) == len(args) and all(_is_tensor(each) for each in args)
    return Call(inputs, one)


def _is_tensor(value) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def tensors(value) -> list[tuple[str, int, int]]:
    """The histories of all tensors in a config, in the order in which Keras lists them."""
    if _is_tensor(value):
        return [tuple(value["config"]["keras_history"])]
    values = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        values = [value[key] for key in sorted(value)]
    return [history for each in values for history in tensors(each)]


def _keras2_node(node: dict[str, Any]) -> list:
    """A call in the way of Keras 2."""
    return [[*history, node["kwargs"]] for history in tensors(node["args"])]
