"""Runs a graph in another Python that has MXNet. Knows no Keras, and no op but those that need a switch of MXNet.

Arrays go there and back in `.npz` files without pickles, in a temporary folder. The process is stopped after `LIMIT`
seconds.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import NetconvError, first_line, option
from ..graph.graph import Edge, Graph, Node

LIMIT = 600
"""Seconds that MXNet may run."""
PROGRAM = Path(__file__).with_name("mxnet_program.py")
MXNET_VERSION = 10901
ONEDNN = re.compile(r"RNN$|quantize|_mkldnn_")
"""Ops that MXNet's own code computes wrongly or not at all on a CPU: it leaves memory uninitialized in recurrent layers.
The others run without oneDNN, whose results are less accurate."""

ENVIRONMENT = {"MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0", "MXNET_SUBGRAPH_VERBOSE": "0", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Source:
    """A graph with the `arrays` of its null nodes, inputs and states among them, by node index, and the `types` of those
    whose dtype numpy does not have."""

    graph: Graph
    arrays: Mapping[int, np.ndarray]
    types: Mapping[int, str]


@dataclass(frozen=True)
class Training:
    """`steps` of plain SGD with a learning `rate`, with the gradients of sum_k <output k, `cotangents` k> for the null
    nodes `differentiated`; a rate of 0 computes the gradients only. `training` is the mode."""

    cotangents: Sequence[np.ndarray]
    differentiated: Sequence[int]
    steps: int = 1
    rate: float = 0.0
    training: bool = False


@dataclass(frozen=True)
class Answer:
    """The `outputs` that were requested, the `gradients`, and the arrays `after` training, both by node index."""

    outputs: list[np.ndarray]
    gradients: dict[int, np.ndarray]
    after: dict[int, np.ndarray]


def run(python: str, source: Source, heads: Sequence[Edge], training: Training | None = None) -> Answer:
    """Computes outputs of nodes in MXNet, after training if that is requested. Raises NetconvError, in one line, if the
    Python has no MXNet 1.x, or MXNet fails, crashes or takes longer than LIMIT seconds."""
    needed = source.graph.needs(*(edge.node for edge in heads))
    nulls = [index for index in sorted(needed) if index in source.arrays]
    onednn = any(ONEDNN.search(source.graph.nodes[index].op) for index in needed)
    arrays = {f"n{index}": source.arrays[index] for index in nulls}
    task: dict[str, Any] = {
        "graph": _graph(source.graph, heads),
        "types": {f"n{index}": source.types[index] for index in nulls if index in source.types},
        "environment": {**ENVIRONMENT, "MXNET_MKLDNN_ENABLED": str(int(onednn))},
        "cotangents": 0, "differentiated": [], "steps": 0, "rate": 0.0, "training": False,
    }  # fmt: skip
    if training is not None:
        arrays |= {f"cotangent:{k}": value for k, value in enumerate(training.cotangents)}
        task |= {
            "cotangents": len(training.cotangents), "steps": training.steps, "rate": training.rate,
            "training": training.training, "differentiated": [f"n{index}" for index in training.differentiated],
        }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="netconv-") as name:
        folder = Path(name)
        (folder / "task.json").write_text(json.dumps(task))
        np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
        _start(python, folder)
        return _answer(python, folder, len(heads))


def _start(python: str, folder: Path) -> None:
    command = [python, "-W", "ignore", "-c", PROGRAM.read_text(), str(folder)]
    where = f"{option('against')}: {python}"
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    except OSError as error:
        raise NetconvError(f"{where} cannot be run: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise NetconvError(f"{where} was stopped after {LIMIT} seconds; give smaller shapes of the inputs with "
                           f"{option('input_shapes')}") from None  # fmt: skip
    error = folder / "error.txt"
    if error.exists():
        kind, what = json.loads(error.read_text(errors="replace"))
        raise NetconvError(f"{where} {_problem(kind, what)}")
    if done.returncode or not (folder / "results.npz").exists():
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise NetconvError(f"{where} ended without results ({how})" + (f": {_shortened(lines[-1])}" if lines else ""))


def _problem(kind: str, what: str) -> str:
    what = _shortened(_message(what))
    if kind == "import":
        return f"cannot import MXNet ({what}); it needs mxnet 1.x, such as pip install 'mxnet==1.9.1' 'numpy==1.23.5'"
    if kind == "version":
        return f"has MXNet {what}; it must be 1.x"
    return f"cannot run the net: {what}"


def _message(text: str) -> str:
    """The message in what MXNet raises: the last line of it that says what failed."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "Check failed" in line]
    return re.sub(r"^.*?(?=Check failed|\w*Error)", "", errors[-1]) if errors else (lines or [text])[0]


def _shortened(text: str, most: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}..."


def _answer(python: str, folder: Path, heads: int) -> Answer:
    try:
        with np.load(folder / "results.npz", allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        by_kind = {
            kind: {int(name.partition(":n")[2]): value for name, value in found.items() if name.startswith(f"{kind}:")}
            for kind in ("gradient", "after")
        }
        return Answer([found[str(number)] for number in range(heads)], by_kind["gradient"], by_kind["after"])
    except (OSError, ValueError, KeyError) as error:
        raise NetconvError(f"{option('against')}: {python} wrote no valid results: {first_line(error)}") from None


def _graph(graph: Graph, heads: Sequence[Edge]) -> dict[str, Any]:
    """The JSON of a graph with unique names of its nodes, and dropout in training only, whatever its mode is."""
    nodes = [_node(node, f"n{index}") for index, node in enumerate(graph.nodes)]
    return _written(nodes, graph, heads) | {"attrs": {"mxnet_version": ["int", MXNET_VERSION]}}


def _written(nodes: list[dict[str, Any]], graph: Graph, heads: Sequence[Edge]) -> dict[str, Any]:
    return {
        "nodes": nodes,
        "arg_nodes": [index for index, node in enumerate(graph.nodes) if node.op == "null"],
        "heads": [[edge.node, edge.output, 0] for edge in heads],
    }


def _node(node: Node, name: str) -> dict[str, Any]:
    attributes = {**node.attrs}
    if node.op == "Dropout":
        attributes.pop("mode", None)
    entry: dict[str, Any] = {"op": node.op, "name": name, "attrs": attributes}
    entry["inputs"] = [[edge.node, edge.output, 0] for edge in node.inputs]
    if node.subgraphs:
        entry["subgraphs"] = [
            _written([_node(inner, inner.name) for inner in part.nodes], part, part.heads) for part in node.subgraphs
        ]
    return entry
