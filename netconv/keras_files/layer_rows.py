"""What is listed and drawn of a layer of a model. Knows names and configs of Keras's classes, no Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Lengths = tuple[int | None, ...]
"""A shape with the batch axis; None is an unknown length."""


class Tensor(NamedTuple):
    """An output of a layer: the name of the layer, the number of the output, and its shape for a person."""

    layer: str
    output: int
    shape: str


@dataclass(frozen=True)
class LayerRow:
    """A layer of a model.

    Attributes:
        name: its name.
        kind: its class.
        output: the shape of its output, without the batch axis; "?" if it is not known.
        parameters: the number of its parameters.
        trainable: how many of them are trained.
        tensors: what it takes: outputs of other layers.
        detail: its main options, such as "32, 3 x 3, relu".
        layers: the layers of a nested model, in the order of computation.
        entries: the names of the input layers of a nested model.
        outputs: the outputs of a nested model.
        heads: its outputs that are outputs of the model that it is in, with their numbers there.
    """

    name: str
    kind: str
    output: str
    parameters: int
    trainable: int
    tensors: tuple[Tensor, ...] = ()
    detail: str = ""
    layers: tuple[LayerRow, ...] = ()
    entries: tuple[str, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    heads: tuple[tuple[int, Tensor], ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the layers whose outputs it takes."""
        return tuple(dict.fromkeys(tensor.layer for tensor in self.tensors))


def heads_of(layer: str, outputs: Sequence[Tensor]) -> tuple[tuple[int, Tensor], ...]:
    """The outputs of a model that are outputs of a layer, with their numbers."""
    return tuple((number, output) for number, output in enumerate(outputs) if output.layer == layer)


def model_outputs(rows: Sequence[LayerRow]) -> list[Tensor]:
    """The outputs of the model that has these layers, in its order."""
    return [output for _, output in sorted(head for row in rows for head in row.heads)]


def shape_text(shape: Sequence[int | None] | None) -> str:
    """A shape for a person, without the batch axis if that is open: "28 x 28 x 1", "1" for one number a row, and "?"
    for an unknown shape."""
    if shape is None:
        return "?"
    lengths = shape[1:] if shape and shape[0] is None else shape
    return " x ".join("?" if length is None else str(length) for length in lengths) or "1"


def detail(config: Mapping[str, Any]) -> str:
    """The main options of a layer, by its config: size, kernel, strides, activation."""
    found = []
    for name in ("units", "filters", "output_dim", "num_heads", "rate", "equation", "target_shape", "dims"):
        if _is_plain(config.get(name)):
            found.append(_product(config[name]))
    for name in ("kernel_size", "pool_size", "size"):
        if _is_plain(config.get(name)):
            found.append(_product(config[name]))
    strides = config.get("strides")
    if _is_plain(strides) and strides != config.get("pool_size") and set(_listed(strides)) != {1}:
        found.append(f"/ {_product(strides)}")
    inner = config.get("layer")
    if isinstance(inner, Mapping) and isinstance(inner.get("class_name"), str):
        found.append(inner["class_name"])
        found += filter(None, [detail(inner["config"])] if isinstance(inner.get("config"), Mapping) else [])
    activation = config.get("activation")
    if isinstance(activation, str) and activation != "linear":
        found.append(activation)
    return ", ".join(found)


def _is_plain(value: Any) -> bool:
    plain = [isinstance(each, int | float | str) and not isinstance(each, bool) for each in _listed(value)]
    return bool(plain) and all(plain)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _product(value: Any) -> str:
    lengths = _listed(value)
    return " x ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in lengths)
