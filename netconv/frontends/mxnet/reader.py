"""Reads a net of MXNet or Mathematica (`net.json`, `net.params`) to a Graph: finds the parameter file of a graph, and
the node of each of its arrays. Knows no shapes and no ops."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from ...errors import FormatError, option
from ...graph.graph import Graph, Parameter, origin_name
from ...graph.tracked_array import TrackedArray
from . import symbol_json
from .symbol_json import AUXILIARY, abbreviate, format_names

FEW = 5
"""How many unused parameters a note lists."""


def read(symbol: Path | str | BinaryIO, params: Path | str | Literal[False] | None = None) -> Graph:
    """The graph of a `net.json`, given by its path or as a binary stream, with its parameters.

    `params` is the parameter file; None looks for it (`find_params`), False reads none. Without a parameter file the
    graph has no arrays. Raises FormatError.
    """
    graph = symbol_json.read(symbol)
    if params is None and not hasattr(symbol, "read"):
        params = find_params(symbol)
    return graph if params is None or params is False else with_params(graph, params)


def find_params(symbol: Path | str) -> Path | None:
    """The parameter file that belongs to a `net.json`, None if there is not one.

    It is in the same folder and called `net.params`; or `net-NNNN.params` with the highest number; or it is the only
    `net*.params`. For `net-symbol.json` the names are the same. Files that belong to another net of the folder are
    ignored. Raises FormatError if several remain.
    """
    symbol = Path(symbol)
    if not symbol.name:
        return None
    prefix = symbol.stem.removesuffix("-symbol")
    for name in (symbol.stem, prefix):
        if symbol.with_name(name + ".params").is_file():
            return symbol.with_name(name + ".params")
    try:
        files = sorted(p.name for p in symbol.parent.iterdir() if p.suffix in (".params", ".json") and p.is_file())
    except OSError:
        return None  # reading the net raises the better error for the folder
    nets = {name.removesuffix(".json").removesuffix("-symbol") for name in files if name.endswith(".json")} - {prefix}
    epochs, others = {}, []
    for name in files:
        stem = name.removesuffix(".params")
        net, dash, epoch = stem.rpartition("-")
        if not name.endswith(".params") or not stem.startswith(prefix):
            continue
        if dash and net == prefix and re.fullmatch(r"[0-9]{4,9}", epoch):
            epochs[int(epoch)] = name
        elif stem not in nets and net not in nets:
            others.append(name)
    if epochs:
        return symbol.with_name(epochs[max(epochs)])
    if len(others) > 1:
        which = f"name one with {option('params')}"
        raise FormatError(f"{symbol}: several parameter files could belong to it: {format_names(others)}; {which}")
    return symbol.with_name(others[0]) if others else None


def with_params(graph: Graph, path: Path | str) -> Graph:
    """The graph with the arrays of a parameter file, each at its null node. Raises FormatError.

    An array has the name of its node, or this name after `arg:` or `aux:`, or the long name from which Mathematica
    derived it; arrays of the same name belong to the nodes of that name in order. An array without a node, or of a node
    that no head depends on, is not read now: its name is in `unused` of the graph.
    """
    from . import params_file

    entries = params_file.entries(path)
    keys = [entry.name for entry in entries]
    by_name: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        if node.op == "null":
            by_name.setdefault(node.name, []).append(index)
    indices: Sequence[int | None]
    if keys and keys == [str(i) for i in range(len(keys))] and "0" not in by_name:
        indices = _match_by_order(graph, path, len(keys))
    else:
        indices = _match_by_name(graph, path, by_name, keys)
    needed = graph.needs(*(edge.node for edge in graph.heads))
    arrays: dict[int, TrackedArray] = {}
    parameters: list[Parameter] = []
    names: set[str] = set()
    for found, entry in zip(indices, entries, strict=True):
        name, read = None, entry.read
        if found is not None and found in needed:
            name = origin_name(entry.name, found, names)
            names.add(name)
            arrays[found] = TrackedArray.parameter(name, entry.read())
            read = partial(getattr, arrays[found], "value")
        parameters.append(Parameter(entry.name, found, entry.dtype, entry.shape, name, read, entry.version))
    return replace(graph, arrays=dict(sorted(arrays.items())), parameters=tuple(parameters))


def unused_note(graph: Graph, path: Path | str) -> tuple[str, ...]:
    """A note on parameters that the graph does not use, () if all are used."""
    if not graph.unused:
        return ()
    some = "a parameter" if len(graph.unused) == 1 else f"{len(graph.unused)} parameters"
    return (f"{path}: {some} that the graph does not use: {format_names(graph.unused, FEW)}",)


def _match_by_name(graph: Graph, path, by_name: dict[str, list[int]], keys: list[str]) -> list[int | None]:
    """For each parameter the index of its node, None for a parameter without a node."""
    names = [next((name for name in _possible_node_names(key) if name in by_name), None) for key in keys]
    for name, count in Counter(name for name in names if name is not None).items():
        if count != len(by_name[name]):
            raise FormatError(
                f"{path}: {count} parameters for the {len(by_name[name])} nodes named {abbreviate(name)} "
                f"in {graph.source}; each node must have its own"
            )
    remaining = {name: iter(indices) for name, indices in by_name.items()}
    return [None if name is None else next(remaining[name]) for name in names]


def _possible_node_names(key: str) -> Iterator[str]:
    """The node names that a parameter's name may refer to, the most likely first."""
    yield key
    bare = key[4:] if key.startswith(("arg:", "aux:")) else key
    yield bare
    if bare.startswith("fixedarray:"):
        yield mathematica_node_name(bare)


def mathematica_node_name(name: str) -> str:
    """The node name that Mathematica derives from its internal name: every second of the parts between dots."""
    if name == ".":
        return "Layer"
    return ".".join(name.strip(".").split(".")[1::2]) if "." in name else name


def _match_by_order(graph: Graph, path, count: int) -> list[int]:
    """The nodes for a list without names, in order: the null nodes that are neither a first input of an op nor a
    label."""
    first = {node.inputs[0].node for node in graph.nodes if node.inputs}
    nodes = [
        index
        for index, node in enumerate(graph.nodes)
        if node.op == "null" and index not in first and not node.name.endswith("label")
    ]
    if count != len(nodes):
        raise FormatError(
            f"{path}: {count} arrays without names, and {graph.source} has {len(nodes)} nodes that could take them; "
            "save them with names"
        )
    if any(node.op in AUXILIARY for node in graph.nodes):
        raise FormatError(
            f"{path}: arrays without names, and {graph.source} has moving statistics, whose position among them is "
            "not certain; save them with names"
        )
    return nodes
