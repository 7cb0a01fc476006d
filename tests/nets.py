"""Small graphs for tests, in MXNet's JSON."""

import json

import numpy as np

from netconv.frontends.mxnet import params_file


def null(name, **hints):
    return {"op": "null", "name": name, "inputs": [], **({"attrs": hints} if hints else {})}


def op(kind, name, inputs, **attrs):
    """Inputs are indices of nodes, or (index, output)."""
    edges = [[*(edge if isinstance(edge, tuple) else (edge, 0)), 0] for edge in inputs]
    return {"op": kind, "name": name, "attrs": {k: str(v) for k, v in attrs.items()}, "inputs": edges}


def graph(*nodes, heads=None):
    """The JSON of a graph; its head is the last node unless `heads` is given."""
    heads = heads or [len(nodes) - 1]
    return {
        "nodes": list(nodes),
        "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [[*(head if isinstance(head, tuple) else (head, 0)), 0] for head in heads],
        "node_row_ptr": list(range(len(nodes) + 1)),
        "attrs": {"mxnet_version": ["int", 10901]},
    }


def write(folder, net, stem="net", **arrays):
    """Writes net.json, and net.params if there are arrays (by name, with `__` for `.`)."""
    path = folder / f"{stem}.json"
    path.write_text(json.dumps(net))
    if arrays:
        params_file.write(folder / f"{stem}.params", [(n.replace("__", "."), a) for n, a in arrays.items()])
    return path


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def dense(units=2, features=3):
    """A net of one dense layer, and its arrays."""
    net = graph(null("data"), null("w"), null("b"), op("FullyConnected", "fc", [0, 1, 2], num_hidden=units))
    return net, {"w": draw(units, features), "b": draw(units)}
