"""Records what MXNet computes for the graphs that Mathematica's layers become, into
`fixtures/conformance/layers/FAMILY.npz`.

The cases are those of `tests/frontends/wolfram`, which `tests/wolfram_layers.py` collects: each is written as a
`.wlnet` file, read by netconv's front end, and its graph is run. Needs what `.venv-mxnet` has:
`python tests/mxnet/record/layers.py [FAMILY ...]`; exit code 1 if MXNet rejects a graph or crashes on it. An array is
named CASE/NAME, with names as in `net.py` where there are steps of training, and

    CASE/a/in:PORT               inputs, by the names of the graph
    CASE/a/out:0                 outputs, in inference
    CASE/a/grad:PORT, grad:KEY   gradients of sum_k <out:k, cotangent(k)>, KEY being a parameter
    CASE/dropped                 for a graph with dropout: its least and greatest output in training for inputs of ones

MXNet leaves the mask of a dropout undefined in inference: graphs that use it, those of alpha dropout, have only the
last of these.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "fixtures" / "conformance" / "layers"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from guarded import guarded  # noqa: E402
from net import Fed, Net, Running, Training, is_recurrent, steps, trained  # noqa: E402
from wolfram_files import File  # noqa: E402
from wolfram_layers import families  # noqa: E402

from netconv.frontends.mxnet import symbol_json  # noqa: E402
from netconv.frontends.wolfram import reader  # noqa: E402

MANY = 200
"""Rows of ones for a graph with dropout: enough that some of each kind are dropped."""


def graph_of(function, training: Training | None) -> tuple[Net, dict[str, np.ndarray]]:
    """The graph that a case becomes, and its inputs by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = File()
        net, given, *_ = function(file)
        found = reader.read(file.write(Path(folder, "net.wlnet"), net), "net.wlnet")
        stored = [(p.node, p.origin_name, p.read()) for p in found.graph.parameters if p.origin_name is not None]
    graph = json.loads(symbol_json.written(found.graph))
    named = dict(zip(found.inputs, given, strict=True))
    inputs = {
        name: Fed((None, *value.shape[1:]), ids=found.inputs[name].classes, first=1) for name, value in named.items()
    }
    for index in found.graph.inputs():
        node = found.graph.nodes[index]
        if node.name not in inputs:
            inputs[node.name] = Fed((None, *json.loads(f"[{node.hints['shape'][1:-1]}]")[1:]), unseen=True)
    return Net(
        graph,
        arrays={node: values for node, _, values in stored},
        keys={node: name for node, name, _ in stored},
        inputs=inputs,
        heads=tuple(range(len(found.outputs))),
        training=training,
    ), named


def answers(net: Net, given: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """What MXNet computes for a graph."""
    run = Running(net)
    batch = len(next(iter(given.values())))
    states = {name: one.draw(np.random.default_rng(), batch) for name, one in net.inputs.items() if one.unseen}
    found = {f"a/in:{name}": value for name, value in given.items()}
    dropouts = {index for index, node in enumerate(net.graph["nodes"]) if node["op"] == "Dropout"}
    if not any(node in dropouts and output == 1 for each in net.graph["nodes"] for node, output, _ in each["inputs"]):
        values, gradients = run(given | states, is_recurrent(net), run.cotangents)
        found |= {f"a/out:{k}": values[head] for k, head in enumerate(net.heads)}
        found |= {f"a/grad:{run.called[name]}": gradient for name, gradient in gradients.items()}
    if dropouts:
        ones = {name: np.ones((MANY, *value.shape[1:]), "float32") for name, value in given.items()}
        (dropped,), _ = run(ones, True)
        found["dropped"] = np.array([dropped.min(), dropped.max()])
    if net.training:
        drawn = list(steps(net, run, np.random.default_rng(seed)))
        found |= {f"train/{what}": value for what, value in trained(run, drawn, given | states).items()}
        how = {"loss": net.training.loss, "rate": net.training.rate}
        found["meta"] = np.array(json.dumps({"training": how}))
    return found


def record(family: str, cases) -> int:
    """Writes one family; returns the number of cases that failed."""
    members, failed = {}, 0
    for name, function in cases.items():
        loss = cases.losses.get(name)
        training = loss and Training(loss, steps=3)
        net, given = graph_of(function, training)
        seed = zlib.crc32(name.encode())
        found = guarded(lambda net=net, given=given, seed=seed: answers(net, given, seed), onednn=is_recurrent(net))
        if isinstance(found, str):
            failed += 1
            print(f"{family} {name}: {found[:300]}", file=sys.stderr)
        else:
            members |= {f"{name}/{what}": value for what, value in found.items()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(FOLDER / f"{family}.npz", **members)
    return failed


if __name__ == "__main__":
    os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"  # oneDNN's makes no sense of two dropouts, one after the other
    wanted = sys.argv[1:]
    failed = [record(family, cases) for family, cases in families().items() if not wanted or family in wanted]
    sys.exit(any(failed))
