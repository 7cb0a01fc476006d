"""Computes the outputs of the nodes of a graph in numpy, as far as their ops are defined there. Knows no Keras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from ..graph.graph import Edge, Graph
from ..ops import registry
from ..passes.canonicalize import rename_aliases
from .numpy_ops import Undefined
from .numpy_structure import DEFINITIONS

Adopt = Callable[[Sequence[Edge]], Mapping[Edge, np.ndarray]]
"""Returns the outputs of nodes as the model computes them."""


@dataclass(frozen=True)
class Evaluation:
    """The `values` of the requested outputs that numpy computed; how many nodes it `computed`, and how many of each op
    are `undefined`."""

    values: dict[Edge, np.ndarray]
    computed: int
    undefined: Counter[str]


def covers(op: str) -> bool:
    """Whether numpy defines an op, at least for some of its attributes."""
    ops = registry.load()
    return op in ops and ops[op].op in DEFINITIONS


def evaluate(
    raw: Graph, arrays: Mapping[int, np.ndarray], edges: Iterable[Edge], adopt: Adopt, adopted: Iterable[Edge]
) -> Evaluation:
    """Computes outputs of nodes, from those of the model where numpy cannot.

    Args:
        raw: The graph as it was read.
        arrays: The values of null nodes by index, those of the inputs among them.
        edges: The outputs that are requested.
        adopt: Is asked for the outputs of nodes that numpy does not define.
        adopted: The outputs that it can be asked for.
    """
    graph, requested = rename_aliases(raw), set(edges)
    needed = sorted(graph.needs(*(edge.node for edge in requested)))
    available: dict[int, list[Edge]] = {}
    for edge in adopted:
        available.setdefault(edge.node, []).append(edge)
    without = [i for i in needed if graph.nodes[i].op != "null" and graph.nodes[i].op not in DEFINITIONS]
    from_model = adopt([edge for index in without for edge in available.get(index, ())])
    last = {edge.node: index for index in needed for edge in graph.nodes[index].inputs}
    done: dict[int, list[int]] = {}
    for used, index in last.items():
        done.setdefault(index, []).append(used)
    values: dict[int, dict[int, np.ndarray]] = {}
    found: dict[Edge, np.ndarray] = {}
    computed, undefined = 0, Counter[str]()
    for index in needed:
        node = graph.nodes[index]
        if node.op == "null":
            if index in arrays:
                values[index] = {0: np.asarray(arrays[index], "float64")}
            continue
        outputs = _outputs(graph, index, [values.get(edge.node, {}).get(edge.output) for edge in node.inputs])
        if outputs is None:
            undefined[node.op] += 1
            own = available.get(index, [])
            model = from_model if node.op not in DEFINITIONS else adopt(own)
            values[index] = {edge.output: np.asarray(model[edge], "float64") for edge in own if edge in model}
        else:
            computed += 1
            values[index] = dict(enumerate(outputs))
            found |= {edge: outputs[edge.output] for edge in requested if edge.node == index}
        for used in done.get(index, ()):
            values.pop(used, None)
    return Evaluation(found, computed, undefined)


def _outputs(graph: Graph, index: int, inputs: Sequence[np.ndarray | None]) -> list[np.ndarray] | None:
    """The outputs of a node, None if they cannot be computed. The label of a loss is left out."""
    node = graph.nodes[index]
    inputs = inputs[: registry.inputs_used(node)]
    if node.op not in DEFINITIONS or any(value is None for value in inputs):
        return None
    try:
        with np.errstate(all="ignore"):
            result = DEFINITIONS[node.op](SimpleNamespace(**registry.typed_attributes(node)), *inputs)
    except (Undefined, TypeError, ValueError, LookupError, AttributeError):
        return None
    return list(result) if isinstance(result, list) else [result]
