"""A `.wlnet` file in words: its layers as Mathematica names them, its ports with their encoders and decoders, its
arrays. Knows which types of layers are known, and nothing of what they compute."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import nets, reader
from .builder import joined
from .container import Container
from .layers.registry import translations
from .ports import Port, ports


@dataclass(frozen=True)
class Description:
    """`head` and `arrays` are lines for a person, `facts` is for a program (plain JSON)."""

    head: tuple[str, ...]
    arrays: tuple[str, ...]
    facts: dict[str, Any]


def describe(source: Path | str | bytes, name: str) -> Description:
    """Describes a file, also one with layers that cannot be converted. Raises FormatError for a damaged one."""
    with reader.located(name):
        return _described_net(*reader.open_net(source, name), name)


def _described_net(found: Container, net: Mapping[str, Any], name: str) -> Description:
    layers = list(nets.layers(net))
    version = ".".join(map(str, found.version))
    known = {*translations(), "Function"}
    count = Counter(each["Type"] for _, each in layers)
    sides = {side: ports(net, side) for side in ("Inputs", "Outputs")}
    names = _array_names(layers)
    arrays = {names.get(number, f"Arrays/{number}"): array for number, array in found.arrays.items()}
    elements = sum(math.prod(array.shape) for array in arrays.values())
    facts = {
        "net": name,
        "version": version,
        "layers": [{"name": layer or "Layer", "type": each["Type"]} for layer, each in layers],
        "untranslated": sorted(kind for kind in count if kind not in known),
        **{
            side.lower(): {port: _port_facts(each) for port, each in found_ports.items()}
            for side, found_ports in sides.items()
        },
        "parameters": {key: {"shape": list(array.shape), "dtype": array.dtype} for key, array in arrays.items()},
        "elements": elements,
    }
    head = (
        f"{name}: {len(layers)} layers, written by Mathematica {version}",
        *(
            f"  {layer or 'Layer'}: {_title(each['Type'])}{_output(each)}"
            f"{'' if each['Type'] in known else '  (not supported)'}"
            for layer, each in layers
        ),
        *(f"input  {port} {_described(each)}" for port, each in sides["Inputs"].items()),
        *(f"output {port} {_described(each)}" for port, each in sides["Outputs"].items()),
    )
    listed = (
        f"parameters: {len(arrays)} arrays, {elements} numbers",
        *(f"  {key} {array.shape} {array.dtype}" for key, array in arrays.items()),
    )
    return Description(head, listed, facts)


OPERATORS = ("NetMap", "NetMapThread", "NetNest", "NetFold", "NetBidirectional", "NetPairEmbedding")


def _title(kind: str) -> str:
    """The name of a type of layer in the Wolfram Language."""
    return f"{kind}Operator" if kind in OPERATORS else kind if kind.endswith("Layer") else f"{kind}Layer"


def _output(net: Any) -> str:
    shapes = [_shape(each) for each in ports(net, "Outputs").values()]
    return f" {', '.join(shapes)}" if shapes else ""


def _shape(port: Port) -> str:
    if port.shape is None:
        return "(...)"
    return f"({', '.join('?' if n is None else str(n) for n in port.shape)}{',' if len(port.shape) == 1 else ''})"


def _described(port: Port) -> str:
    classes = "" if port.classes is None else f" of classes 1 to {port.classes}"
    return f"{_shape(port)}{classes}{f', {port.coder.kind}' if port.coder else ''}"


def _port_facts(port: Port) -> dict[str, Any]:
    shape = None if port.shape is None else list(port.shape)
    return {"shape": shape, "classes": port.classes, "coder": port.coder.kind if port.coder else None}


def _array_names(layers: list[tuple[str, Any]]) -> dict[int, str]:
    """The names of the arrays by number: those of the first layers that use them."""
    names: dict[int, str] = {}
    for layer, each in layers:
        for key, value in each.get("Arrays", {}).items():
            if getattr(value, "name", "") == "ExportedArray" and value.args and type(value.args[0]) is int:
                names.setdefault(value.args[0], joined(layer, str(key)))
    return names
