"""The conformance table: one `case` is one op with its attributes and inputs.

Imports neither MXNet nor netconv: `tests/mxnet/record` runs the table through MXNet, `test_conformance.py` through
netconv. Each family of ops has a module with a list `CASES`. To add a row, write it and run `make record`.
"""

from __future__ import annotations

import importlib
import json
import math
import pkgutil
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

TYPES = {"float64": 1, "float16": 2, "uint8": 3, "int32": 4, "int8": 5, "int64": 6, "bool": 7}
"""MXNet's type codes."""
CORNERS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.5, 3.0, -7.0, 1e-3, 88.0, -1e4, 1e30, math.inf, -math.inf, math.nan]
WHOLE_CORNERS = [0, 1, 2, 3, 7, 100, -1, -2, -3, -100]
"""Special values of functions and types."""


@dataclass(frozen=True)
class Input:
    """One input of the op: `role` is `in` (model input), `arg` (stored, trainable) or `aux` (stored, a moving
    statistic).

    `draw` names how its values are drawn (`values`), or holds the values themselves.
    """

    role: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    draw: Any = "normal"


@dataclass(frozen=True)
class Case:
    op: str
    attrs: Mapping[str, str]
    inputs: tuple[Input, ...]
    outputs: int = 1
    training: bool = False
    gradient: bool = True
    free: bool = False
    any_size: bool = False
    source: bool = False
    channels_last: bool = False
    tolerance: float = 1e-4

    @property
    def name(self) -> str:
        """The op and a checksum of the row: a changed row must be recorded again. `free`, `any_size` and `tolerance`
        affect only the test."""
        row = asdict(self)
        for own in ("free", "any_size", "tolerance", *(() if self.channels_last else ("channels_last",))):
            del row[own]
        return f"{self.op}-{zlib.crc32(json.dumps(row, sort_keys=True).encode()):08x}"

    def names(self) -> list[str]:
        """The names of the inputs: the letter of the role and the position."""
        letters = {"in": "x", "arg": "w", "aux": "s"}
        return [f"{letters[given.role]}{n}" for n, given in enumerate(self.inputs)]


def x(*shape: int, draw: Any = "normal", dtype: str = "float32") -> Input:
    """A model input."""
    return Input("in", shape, dtype, draw)


def w(*shape: int, draw: Any = "normal") -> Input:
    """A stored parameter."""
    return Input("arg", shape, "float32", draw)


def s(*shape: int, draw: Any = "normal") -> Input:
    """A stored moving statistic."""
    return Input("aux", shape, "float32", draw)


def given(*numbers: float, shape: tuple[int, ...] | None = None, dtype: str = "float32") -> Input:
    """A model input with these values."""
    return Input("in", shape or (len(numbers),), dtype, list(numbers))


def case(op: str, *inputs: Input, **attrs: Any) -> Case:
    """A row; attributes are written as in MXNet, `(3, 3)` as "(3, 3)"."""
    return Case(op, {key: str(value) for key, value in attrs.items()}, inputs)


def training(row: Case) -> Case:
    """Computed as in a training step, with the moving statistics after it."""
    return replace(row, training=True)


def forward(row: Case) -> Case:
    """Outputs only: MXNet's gradient is that of a loss, or there is no useful one."""
    return replace(row, gradient=False)


def free(row: Case) -> Case:
    """Converted with the first axis of every input unknown."""
    return replace(row, free=True)


def any_size(row: Case) -> Case:
    """Converted with the spatial axes of the first input unknown."""
    return replace(row, any_size=True)


def outputs(count: int, row: Case) -> Case:
    """All outputs of the op are heads."""
    return replace(row, outputs=count)


def source(row: Case) -> Case:
    """The op has no input: its result is added to the one input of the row."""
    return replace(row, source=True)


def channels_last(row: Case) -> Case:
    """Inputs that may have spatial axes first pass through a pooling of one element, so that they are channels-last."""
    return replace(row, channels_last=True)


def with_tolerance(tolerance: float, row: Case) -> Case:
    return replace(row, tolerance=tolerance)


def symbol(row: Case) -> str:
    """The row as the text of a `net.json`."""
    nodes: list[dict] = [{"op": "null", "name": name, "inputs": []} for name in row.names()]
    for node, given in zip(nodes, row.inputs, strict=True):
        if given.role == "in" and given.dtype != "float32":
            node["attrs"] = {"__dtype__": str(TYPES[given.dtype])}
    stored = len(nodes)
    operands = [] if row.source else [[n, 0, 0] for n in range(stored)]
    for n, given in enumerate(row.inputs if row.channels_last else ()):
        if given.role == "in" and given.dtype == "float32" and 3 <= len(given.shape) <= 5:
            attrs = {"kernel": str((1,) * (len(given.shape) - 2)), "pool_type": "avg"}
            operands[n] = [len(nodes), 0, 0]
            nodes.append({"op": "Pooling", "name": f"channels_last{n}", "attrs": attrs, "inputs": [[n, 0, 0]]})
    node = len(nodes)
    nodes.append({"op": row.op, "name": "node", "attrs": dict(row.attrs), "inputs": operands})
    heads = [[node, n, 0] for n in range(row.outputs)]
    if row.source:
        nodes.append({"op": "elemwise_add", "name": "sum", "attrs": {}, "inputs": [[0, 0, 0], [node, 0, 0]]})
        heads = [[node + 1, 0, 0]]
    graph = {"nodes": nodes, "arg_nodes": list(range(stored)), "heads": heads}
    return json.dumps(graph | {"attrs": {"mxnet_version": ["int", 10901]}})


def values(row: Case) -> dict:
    """The values of the inputs by name, drawn from a seed that depends on the row; numpy arrays."""
    import numpy as np

    drawn = {}
    for name, given in zip(row.names(), row.inputs, strict=True):
        rng = np.random.default_rng(zlib.crc32(f"{row.name} {name}".encode()))
        normal, uniform = rng.standard_normal(given.shape), rng.random(given.shape)
        match given.draw:
            case "normal":
                value = normal
            case "positive":
                value = 0.3 + 1.7 * uniform
            case "away":  # away from zero
                value = np.where(uniform < 0.5, -1, 1) * (0.4 + np.abs(normal))
            case "inside":  # inside (-1, 1)
                value = 1.8 * uniform - 0.9
            case "unit":
                value = uniform
            case "above":  # above 1
                value = 1.1 + 2 * uniform
            case "whole":  # many equal ones, and zeros
                value = np.floor(5 * uniform) - 2
            case "bytes":  # all values
                value = np.floor(256 * uniform) - (128 if given.dtype == "int8" else 0)
            case "definite":  # a positive definite matrix
                value = normal @ np.swapaxes(normal, -1, -2) + given.shape[-1] * np.eye(given.shape[-1])
            case "lower":  # a triangular matrix, well conditioned
                value = np.tril(normal) + 3 * np.eye(given.shape[-1])
            case "corners":
                corners = CORNERS if given.dtype.startswith("float") else WHOLE_CORNERS
                if given.dtype in ("float16", "uint8", "bool"):  # these hold only some of them
                    corners = [c for c in corners if abs(c) != 1e30 and not (c < 0 and given.dtype[0] != "f")]
                value = rng.choice(corners, given.shape)
            case int():  # ids below this number
                value = np.floor(uniform * given.draw)
            case _:
                value = np.array(given.draw)
        drawn[name] = value.reshape(given.shape).astype(given.dtype)
    return drawn


def cotangent(shape: tuple[int, ...], output: int):
    """The gradient from above for an output: not random, so that it need not be stored."""
    import numpy as np

    return np.cos(1.7 * np.arange(math.prod(shape)) + output).reshape(shape).astype("float32")


def families() -> dict[str, list[Case]]:
    """All rows, by the name of their module."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").CASES for name in modules}
