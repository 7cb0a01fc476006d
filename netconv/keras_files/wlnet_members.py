"""What a `.wlnet` file has besides its graph, as members of a `.keras` file and as notes for the user.

`wlnet.bin` has all bytes of the file but those of its arrays, `wlnet.json` where the arrays were and what the encoders
and decoders do, `classes.json` the names of the classes. `docs/wlnet.md` describes them.
"""

from __future__ import annotations

import json
import math
from typing import Any

from ..frontends.wolfram import coders
from ..frontends.wolfram.container import ITEM_SIZES, StoredArray
from ..frontends.wolfram.reader import WolframNet
from .archive import CLASSES, WLNET

FILE = "wlnet.bin"


def members(found: WolframNet, baked: bool) -> dict[str, bytes]:
    """The members for a model of the net; `baked` says that the arithmetic of its Image encoders is a part of it."""
    arrays = [[a.number, a.dtype, list(a.shape), a.offset, a.size] for a in found.container.arrays.values()]
    sides: dict[str, dict[str, Any]] = {}
    for side, ports in (("inputs", found.inputs), ("outputs", found.outputs)):
        sides[side] = {name: facts for name, port in ports.items() if (facts := coders.facts(port, baked))}
    inline = [parameter.name for parameter in found.graph.parameters[len(arrays) :]]
    version = ".".join(map(str, found.container.version))
    described = {"version": version, "arrays": arrays, "inline": inline, **sides}
    made = {FILE: found.container.without_arrays(), WLNET: json.dumps(described).encode()}
    names = class_names(found)
    return made | ({CLASSES: json.dumps(names).encode()} if names else {})


def class_names(found: WolframNet) -> list[str] | None:
    """The names of the classes, if the only output has a Class or Boolean decoder."""
    if len(found.outputs) != 1:
        return None
    (port,) = found.outputs.values()
    names = coders.labels(port.coder) if port.coder else None
    width = port.shape[-1] if port.shape else 1
    fits = names is not None and len(set(names)) == len(names) and width in (len(names), 1 if len(names) == 2 else 0)
    return names if fits else None


def stored_arrays(facts: bytes, rest: bytes) -> list[StoredArray]:
    """The arrays in `wlnet.json` for the `rest` of the file. Raises ValueError, TypeError or LookupError if they do not
    fit it."""
    entries = json.loads(facts)["arrays"]
    found = [StoredArray(n, dtype, tuple(shape), offset, size) for n, dtype, shape, offset, size in entries]
    end = len(rest)
    start = 0
    for array in sorted(found, key=lambda array: array.offset):
        numbers = (array.number, array.offset, array.size, *array.shape)
        if not all(type(n) is int and n >= 0 for n in numbers) or array.dtype not in ITEM_SIZES:
            raise ValueError
        if array.size != math.prod(array.shape) * ITEM_SIZES[array.dtype]:
            raise ValueError
        if array.size and not start <= array.offset <= end:
            raise ValueError
        start, end = max(start, array.offset + array.size), end + array.size
    return found


def inline_arrays(facts: bytes) -> list[str]:
    """The names of the arrays that are in the expression of the file, from `wlnet.json`. Raises ValueError or
    LookupError."""
    names = json.loads(facts)["inline"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError
    return names


def notes(found: WolframNet, baked: bool) -> tuple[str, ...]:
    """What a person must know who used the net in Mathematica."""
    lines = [coders.described(name, port, True, baked) for name, port in found.inputs.items()]
    lines += [coders.described(name, port, False, baked) for name, port in found.outputs.items()]
    if names := class_names(found):
        lines.append(f"classes {', '.join(names[:10])}{f' and {len(names) - 10} more' if len(names) > 10 else ''}")
    for kind, ignored in found.ignored.items():
        lines.append(f"{kind}: parameters that are not known are ignored: {', '.join(ignored)}")
    return tuple(line for line in lines if line)
