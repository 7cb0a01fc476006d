"""Runs graphs in another Python that has MXNet. Knows no Keras, and no op but those that need a switch of MXNet.

Arrays go there and back in `.npz` files without pickles, in a temporary folder. The process imports MXNet within
`START` seconds and answers each task within `LIMIT` seconds, or it is ended.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_files import scratch_folder
from ..errors import NetconvError, first_line, option, option_name
from ..features.notices import Notify, ignore
from ..graph.graph import Edge, Graph, Node

START = 120
"""Seconds that the import of MXNet may take."""
SILENT = 5
"""Seconds of the import after which a line says that it takes long."""
LIMIT = 600
"""Seconds that MXNet may take for a task."""
PROGRAM = Path(__file__).with_name("mxnet_program.py")
MXNET_VERSION = 10901
ONEDNN = re.compile(r"RNN$|quantize|_mkldnn_")
"""Ops that MXNet's own code for a CPU does not compute, or wrongly: it leaves memory uninitialized in recurrent layers.
The others run without oneDNN, whose results are less accurate."""
ENVIRONMENT = {"MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0", "MXNET_SUBGRAPH_VERBOSE": "0", "CUDA_VISIBLE_DEVICES": ""}
LONGEST = 300
"""The most characters of a message of MXNet."""


@dataclass(frozen=True)
class Source:
    """A graph with the `arrays` of its null nodes by node index, inputs and states among them, and the `types` of those
    whose dtype is another one in MXNet."""

    graph: Graph
    arrays: Mapping[int, np.ndarray]
    types: Mapping[int, str]


@dataclass(frozen=True)
class Training:
    """`steps` of plain SGD with a learning `rate` and the gradients of sum_k <output k, `cotangents` k> for the null
    nodes `differentiated`; a rate of 0 computes gradients only. `training` is the mode."""

    cotangents: Sequence[np.ndarray] = ()
    differentiated: Sequence[int] = ()
    steps: int = 0
    rate: float = 0.0
    training: bool = False


NOTHING = Training()


@dataclass(frozen=True)
class Answer:
    """The `outputs` that were requested, and, by node index, the `gradients` and the arrays `after` training."""

    outputs: list[np.ndarray]
    gradients: dict[int, np.ndarray]
    after: dict[int, np.ndarray]


class Refused(NetconvError):
    """Outputs of nodes cannot be computed; `reason` says why."""

    def __init__(self, reason: str, message: str = ""):
        super().__init__(message or reason)
        self.reason = reason


@dataclass
class MXNet:
    """A process of a Python with MXNet, and the file that its stderr goes to. `notify` is called with a line if MXNet
    takes long to import; it is `ready` then."""

    python: str
    process: subprocess.Popen[bytes]
    messages: Path
    notify: Notify = ignore
    ready: bool = False

    def run(self, source: Source, heads: Sequence[Edge], training: Training = NOTHING) -> Answer:
        """Computes outputs of nodes, after training if that is requested. Raises NetconvError, in one line, if the
        Python does not have MXNet 1.x, or MXNet crashes or takes longer than LIMIT seconds, and Refused if it fails."""
        with scratch_folder() as folder:
            _write_task(folder, source, heads, training)
            self._answer(folder)
            return self._results(folder, len(heads))

    def _answer(self, folder: Path) -> None:
        """Waits until the process has answered. Raises NetconvError if it ends."""
        if not self.ready:
            waits = f"{option('against', self.python)}: waiting for it to import MXNet"
            notice = threading.Timer(SILENT, self.notify, [waits])
            notice.start()
            try:
                self._wait("", "ready", START, "is it a Python with MXNet?")
            finally:
                notice.cancel()
            self.ready = True
        self._wait(f"{folder}\n", "done", LIMIT, f"give smaller shapes with {option_name('input_shapes')}")

    def _wait(self, given: str, expected: str, limit: float, hint: str) -> None:
        """Writes to the process, and waits for a line. Raises NetconvError, with a hint if the limit is reached."""
        assert self.process.stdin and self.process.stdout
        began = time.monotonic()
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(given.encode())
            self.process.stdin.flush()
            while (line := self.process.stdout.readline()) != f"{expected}\n".encode():
                if not line:
                    raise BrokenPipeError
        except BrokenPipeError:
            if time.monotonic() - began >= limit:
                raise self._error(f"did not answer within {limit} seconds; {hint}") from None
            code = self.process.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            lines = self.messages.read_bytes()[-10 * LONGEST :].decode(errors="replace").strip().splitlines()
            last = f": {_shortened(lines[-1])}" if lines else ""
            raise self._error(f"ended without results ({how}){last}") from None
        finally:
            timer.cancel()

    def _results(self, folder: Path, heads: int) -> Answer:
        try:
            if (folder / "error.json").exists():
                kind, what = map(str, json.loads((folder / "error.json").read_text(errors="replace")))
                if kind == "run":
                    reason = _shortened(_message(what))
                    raise Refused(reason, str(self._error(f"cannot run the net: {reason}")))
                raise self._error(_problem(kind, what))
            with np.load(folder / "results.npz", allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            by_kind = {kind: {int(name.removeprefix(kind)): value for name, value in found.items()
                              if name.startswith(kind)} for kind in ("gradient:n", "after:n")}  # fmt: skip
            return Answer([found[str(number)] for number in range(heads)], *by_kind.values())
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._error(f"wrote no valid results: {first_line(error)}") from None

    def _error(self, what: str) -> NetconvError:
        return NetconvError(f"{option('against', self.python)} {what}")


@contextmanager
def started(python: str, graph: Graph, notify: Notify = ignore) -> Iterator[MXNet]:
    """A process for tasks with a graph, which is ended with the block; `notify` is called with a line if it takes long
    to start. Raises NetconvError if it cannot be started."""
    onednn = any(ONEDNN.search(node.op) for node in graph.nodes)
    environment = json.dumps({**ENVIRONMENT, "MXNET_MKLDNN_ENABLED": str(int(onednn))})
    program = str(Path(python).expanduser().absolute()) if "/" in python else python  # it runs in another folder
    command = [program, "-W", "ignore", "-c", PROGRAM.read_text(encoding="utf-8"), environment]
    pipe = subprocess.PIPE
    with scratch_folder() as folder, (folder / "stderr").open("wb") as messages:
        try:
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=messages, cwd=folder)
        except OSError as error:
            raise NetconvError(f"{option('against', python)} cannot be started: {error.strerror or error}") from None
        try:
            yield MXNet(python, process, folder / "stderr", notify)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    stream.close()  # type: ignore[union-attr]


def _write_task(folder: Path, source: Source, heads: Sequence[Edge], training: Training) -> None:
    needed = source.graph.needs(*(edge.node for edge in heads))
    nulls = [index for index in sorted(needed) if index in source.arrays]
    task = {
        "graph": _graph(source.graph, heads),
        "types": {f"n{index}": source.types[index] for index in nulls if index in source.types},
        "cotangents": len(training.cotangents), "steps": training.steps, "rate": training.rate,
        "training": training.training, "differentiated": [f"n{index}" for index in training.differentiated],
    }  # fmt: skip
    arrays = {f"n{index}": source.arrays[index] for index in nulls}
    arrays |= {f"cotangent:{k}": value for k, value in enumerate(training.cotangents)}
    (folder / "task.json").write_text(json.dumps(task))
    np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]


def _problem(kind: str, what: str) -> str:
    what = _shortened(what)
    if kind == "import":
        return f"does not have MXNet ({what}); install it there: pip install 'mxnet==1.9.1' 'numpy==1.23.5'"
    return f"has MXNet {what}, and 1.x is needed"


def _message(text: str) -> str:
    """The message in the text of an error of MXNet, which is followed and preceded by a stack trace, without the name
    that a node has in the process, and the line of MXNet's source."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "Check failed" in line]
    if not errors:
        return (lines or [text])[0]
    own = re.sub(r"^.*Error in operator n\d+: |^MXNetError: ", "", errors[-1])
    return re.sub(r"^.*?(?=Check failed|\b\w*Error)", "", own, count=1).removesuffix(" :")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _graph(graph: Graph, heads: Sequence[Edge]) -> dict[str, Any]:
    """The JSON of the nodes that heads need, with unique names; Dropout drops in training only, whatever its mode
    is. MXNet reads no node that is not needed, as it may refuse it."""
    needed = sorted(graph.needs(*(edge.node for edge in heads)))
    part = replace(graph, heads=tuple(heads)).keep(needed)
    nodes = [_node(node, f"n{index}") for index, node in zip(needed, part.nodes, strict=True)]
    return _written(nodes, part, part.heads) | {"attrs": {"mxnet_version": ["int", MXNET_VERSION]}}


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
