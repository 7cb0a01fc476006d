"""Replaces each unrolled recurrent layer by one node `recurrent`. Knows op names, not Keras.

A layer stays unrolled if its steps are more than a cell (dropout within, an attention over earlier steps, a state that
another node reads).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from ..graph.graph import Edge, Node
from ..graph.tracked_array import TrackedArray
from ..ops.registry import typed_attributes
from . import rnn_cells
from .rewriter import GraphRewriter
from .rnn_cells import Step

Made = dict[Edge, tuple[Edge, int, int]]
"""By the output of a step: the sequence (batch, time, units) that contains it, its position in it, and the length."""
LIFTED: dict[str, dict[str, str]] = {
    "Concat": {"dim": "2"},
    "FullyConnected": {"flatten": "False"},
    **{op: {} for op in ("Dropout", "elemwise_add", "elemwise_mul", "Activation", "relu", "tanh", "sigmoid")},
}
"""Ops on each step (batch, units) that can be applied to the sequence instead, and the attributes that change."""


@dataclass(frozen=True)
class Layer:
    """A chain of steps, with the input and the previous state of each."""

    steps: tuple[Step, ...]
    inputs: tuple[Edge, ...]
    states: tuple[Edge, ...]

    @property
    def key(self) -> tuple:
        sides = self.steps[0].sides()
        return self.steps[0].mode, sides[self.inputs[0]], sides[self.states[0]]

    def products(self) -> set[int]:
        return {term.node for step in self.steps for gate in step.gates for term in gate}


def _layers(rewriter: GraphRewriter) -> list[Layer]:
    steps = rnn_cells.steps(rewriter)
    after: dict[Edge, tuple[Step, Edge]] = {}  # by the state of a step: the next step and its input
    followers = set()
    for step in steps.values():
        sides = step.sides()
        for state, given in (tuple(sides), tuple(sides)[::-1]):
            before = steps.get(state)
            if before is None or before.mode != step.mode or step.carried not in (before.cell, state):
                continue
            if set(before.sides().values()) == set(sides.values()) and state not in after:
                after[state] = step, given
                followers.add(step.state)
    found = []
    for step in steps.values():
        if step.state in followers or step.state not in after:
            continue
        follower, given = after[step.state]
        sides, arrays_of_state = step.sides(), follower.sides()[step.state]
        state = next(edge for edge, arrays in sides.items() if arrays == arrays_of_state)
        inputs, states, chain = [next(e for e in sides if e != state)], [state], [step]
        while chain[-1].state in after:
            follower, given = after[chain[-1].state]
            states.append(chain[-1].state)
            chain.append(follower)
            inputs.append(given)
        found.append(Layer(tuple(chain), tuple(inputs), tuple(states)))
    return found


def _inside(rewriter: GraphRewriter, layer: Layer) -> set[int]:
    """The nodes that compute the steps."""
    inside: set[int] = set()
    for step, *ends in zip(layer.steps, layer.inputs, layer.states, strict=True):
        todo = [step.state]
        while todo:
            edge = todo.pop()
            if edge.node not in inside and edge not in (*ends, step.carried) and rewriter[edge].op != "null":
                inside.add(edge.node)
                todo.extend(rewriter[edge].inputs)
    return inside


def _is_self_contained(rewriter: GraphRewriter, layer: Layer) -> bool:
    """Whether no other node reads intermediate results of the steps, and no input depends on them."""
    inside = _inside(rewriter, layer)
    shown = {step.state.node for step in layer.steps}
    if layer.steps[-1].cell:
        shown.add(layer.steps[-1].cell.node)
    heads = {edge.node for edge in rewriter.graph.heads}
    if any(n in heads or any(r not in inside for r, _ in rewriter.readers[n]) for n in inside - shown):
        return False
    first, seen = min(inside), set()
    before = [edge.node for edge in layer.inputs]
    while before:
        index = before.pop()
        if index in inside:
            return False
        if index not in seen and index > first:
            seen.add(index)
            before.extend(edge.node for edge in rewriter.nodes[index].inputs)
    return True


def _can_merge_arrays(rewriter: GraphRewriter, layer: Layer, products: set[int]) -> bool:
    """Whether the arrays of a layer can become those of one node: each step reads each of them once, only the
    `products` read them, and all or none of them are trainable."""
    mode, *sides = layer.key
    parts: dict[int, list[int]] = {}  # by array: the parts that are read
    counts: dict[int, int] = {}  # by array: the number of its parts
    for weight, bias, part, count in (arrays for side in sides for arrays in side):
        for array in (weight, bias):
            if array is not None:
                parts.setdefault(array, []).append(part)
                counts[array] = count
    if any(sorted(parts[array]) != list(range(count)) for array, count in counts.items()):
        return False
    if len({rewriter.arrays[array].trainable for array in parts}) > 1 or not _biases_match(mode, *sides):
        return False
    return all(reader in products for array in parts for reader, _ in rewriter.readers[array])


def _biases_match(mode: str, given: tuple, carried: tuple) -> bool:
    """Whether on each side all gates have a bias or none has; a GRU with a bias for its state needs one for its
    input."""
    missing, partial = [], False
    for side in (given, carried):
        none = [bias is None for _, bias, *_ in side]
        missing.append(all(none))
        partial = partial or (any(none) and not all(none))
    return not partial and not (mode == "gru" and missing == [True, False])


def _merged(rewriter: GraphRewriter, side: tuple, which: int) -> TrackedArray:
    """The weights (0) or biases (1) of all gates, concatenated; zeros without biases."""
    rows = [rewriter.arrays[arrays[0]].shape[0] // arrays[3] for arrays in side]
    if side[0][which] is None:
        import numpy as np

        return TrackedArray.constant(np.zeros(sum(rows), rewriter.arrays[side[0][0]].dtype))
    whole = rewriter.arrays[side[0][which]]
    if [part for *_, part, parts in side if parts == len(side)] == list(range(len(side))):
        return whole
    pieces = [
        rewriter.arrays[arrays[which]][arrays[2] * n : (arrays[2] + 1) * n]
        for arrays, n in zip(side, rows, strict=True)
    ]
    return pieces[0] if len(pieces) == 1 else TrackedArray.concatenate(pieces)


def _sequence(rewriter: GraphRewriter, edges: tuple[Edge, ...], made: Made, name: str) -> tuple[Edge, bool]:
    """The inputs of the steps as (batch, time, features), and whether they are in reverse order."""
    positions = list(range(len(edges)))
    known = [made.get(edge) or (Edge(edge.node), edge.output, len(edges)) for edge in edges]
    sources, taken = {(source, length) for source, _, length in known}, [position for _, position, _ in known]
    source, length = next(iter(sources))
    if len(sources) == 1 and length == len(edges) and taken in (positions, positions[::-1]):
        if edges[0] in made:
            return source, taken != positions
        values = typed_attributes(rewriter[source]) if rewriter[source].op == "SliceChannel" else {}
        if values and values["num_outputs"] == length and values["squeeze_axis"] and values["axis"] in (0, 1):
            (data,) = rewriter[source].inputs
            if values["axis"] == 0:
                data = rewriter.add(Node("SwapAxis", f"{name}.batch", {"dim1": "0", "dim2": "1"}, (data,)))
            return data, taken != positions
    return rewriter.add(Node("stack", f"{name}.steps", {"axis": "1", "num_args": str(len(edges))}, edges)), False


def _concatenations(rewriter: GraphRewriter, states: tuple[Edge, ...]) -> Iterator[tuple[int, bool, int, bool]]:
    """The nodes that concatenate or stack all states: the index, whether the states are in reverse order, the axis, and
    whether the axis is new."""
    candidates: list[tuple[tuple[Edge, ...], int | None]] = [(states, None)]
    for axis in (0, 1):  # states with an axis of length 1 added
        widened = [
            [Edge(r) for r, _ in rewriter.readers[state.node] if rewriter.match(Edge(r), "expand_dims", axis=axis)]
            for state in states
        ]
        if all(widened):
            candidates.append((tuple(edges[0] for edges in widened), axis))
    for parts, new_axis in candidates:
        for index in {reader for reader, _ in rewriter.readers[parts[0].node]}:
            node = rewriter.nodes[index]
            if node.op not in ("Concat", "stack") or node.inputs not in (parts, parts[::-1]):
                continue
            position = typed_attributes(node)["dim" if node.op == "Concat" else "axis"]
            own = node.op == "stack" or new_axis is not None
            if (
                position in (0, 1)
                and new_axis in (None, position)
                and not (node.op == "stack" and new_axis is not None)
            ):
                yield index, node.inputs != parts, position, own


def _reversed(rewriter: GraphRewriter, whole: Edge, name: str) -> Edge:
    return rewriter.add(Node("reverse", f"{name}.reversed", {"axis": "(1,)"}, (whole,)))


def _replace_concatenations(rewriter: GraphRewriter, states: tuple[Edge, ...], whole: Edge, name: str) -> None:
    """Replaces the nodes that concatenate or stack all states by the sequence (batch, time, units)."""
    swap = {"dim1": "0", "dim2": "1"}
    for index, against, axis, own in _concatenations(rewriter, states):
        source = _reversed(rewriter, whole, name) if against else whole
        if axis == 0:
            source = rewriter.add(Node("SwapAxis", f"{name}.time", swap, (source,)))
        if not own:
            steps = (len(states), *(rewriter.shape(states[0]) or ())[1:2])
            for reader, _ in rewriter.readers[index] if axis == 1 else ():
                if rewriter.nodes[reader].op == "Reshape" and (rewriter.shape(Edge(reader)) or ())[1:] == steps:
                    rewriter.replacements[Edge(reader)] = source
            shape = "(-3, -2)" if axis == 0 else "(0, -1)"
            source = rewriter.add(Node("Reshape", rewriter.nodes[index].name, {"shape": shape}, (source,)))
        rewriter.replacements[Edge(index)] = source


def _replace_states(rewriter: GraphRewriter, states: tuple[Edge, ...], whole: Edge, made: Made, name: str) -> None:
    """Replaces the state of each step by a part of the sequence, and nodes on each state by one on the sequence."""
    cut = {"axis": "1", "num_outputs": str(len(states)), "squeeze_axis": "True"}
    steps = rewriter.add(Node("SliceChannel", f"{name}.steps", cut, (whole,))).node
    for position, state in enumerate(states):
        made[state] = whole, position, len(states)
        rewriter.replacements[state] = Edge(steps, position)
    _replace_concatenations(rewriter, states, whole, name)
    for nodes in _parallel_nodes(rewriter, states, made):
        first = rewriter[nodes[0]]
        inputs = []
        for edge in first.inputs:
            source, position, _ = made.get(edge, (edge, 0, 1))
            inputs.append(source if position == 0 else _reversed(rewriter, source, first.name))
        attributes = {**first.attrs, **LIFTED[first.op]}
        _replace_states(
            rewriter, nodes, rewriter.add(Node(first.op, first.name, attributes, tuple(inputs))), made, first.name
        )


def _parallel_nodes(rewriter: GraphRewriter, states: tuple[Edge, ...], made: Made) -> list[tuple[Edge, ...]]:
    """Groups of nodes, one per step, that apply the same op to the state of each step, possibly in reverse order."""
    groups: dict[tuple, dict[int, Edge]] = {}
    for state in states:
        for reader, _ in rewriter.readers[state.node]:
            node = rewriter.nodes[reader]
            if node.op not in LIFTED or Edge(reader) in made:
                continue
            known = [made.get(edge) or (edge, None, len(states)) for edge in node.inputs]
            stored = all(position is not None or source.node in rewriter.arrays for source, position, _ in known)
            if not stored or any(length != len(states) for *_, length in known) or known[0][1] is None:
                continue
            values = typed_attributes(node)
            if values.get("dim", 1) != 1 or values.get("axes"):
                continue
            key = node.op, tuple(sorted(node.attrs.items())), tuple(source for source, *_ in known)
            groups.setdefault(key, {})[known[0][1]] = Edge(reader)
    found = []
    for nodes in groups.values():
        steps = tuple(nodes[position] for position in sorted(nodes))
        orders = zip(*([made[e][1] for e in rewriter[step].inputs if e in made] for step in steps), strict=True)
        forward = list(range(len(states)))
        if len(steps) == len(states) and all(list(order) in (forward, forward[::-1]) for order in orders):
            found.append(steps)
    return found


def _reroll_layer(rewriter: GraphRewriter, layer: Layer, made: Made) -> None:
    mode, given, carried = layer.key
    names = [rewriter.nodes[weight].name for weight, *_ in (*given, *carried)]
    common = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    name = "".join(letters[0] for letters in common).rstrip("._-") or mode
    data, backwards = _sequence(rewriter, layer.inputs, made, name)
    weights = [
        rewriter.array(f"{name}.{role}", _merged(rewriter, side, which))
        for role, side, which in (
            ("input_weights", given, 0),
            ("state_weights", carried, 0),
            ("input_biases", given, 1),
            ("state_biases", carried, 1),
        )
    ]
    carry = layer.steps[0].carried if mode == "lstm" else None
    starts = [layer.states[0], *([carry] if carry else [])]
    attributes = {"mode": mode, "backwards": str(backwards)}
    rolled = rewriter.add(Node("recurrent", name, attributes, (data, *weights, *starts))).node
    states = tuple(step.state for step in layer.steps)
    _replace_states(rewriter, states, Edge(rolled), made, name)
    rewriter.replacements[states[-1]] = Edge(rolled, 1)
    if cell := layer.steps[-1].cell:
        rewriter.replacements[cell] = Edge(rolled, 2)


def _has_valid_initial_state(rewriter: GraphRewriter, layer: Layer) -> bool:
    """Whether each example has its own initial state, or all states start at zero."""
    first = layer.steps[0]
    data, starts = rewriter.shape(layer.inputs[0]), [layer.states[0]]
    if first.cell and first.carried:
        starts.append(first.carried)
    shapes = [rewriter.shape(edge) for edge in starts if rewriter[edge].op != "_zeros"]
    return all(shape and data and shape[0] == data[0] for shape in shapes)


def reroll(rewriter: GraphRewriter) -> None:
    """Replaces each unrolled recurrent layer by one node, if that has the same results and is trained in the same
    way."""
    layers = [
        layer
        for layer in _layers(rewriter)
        if _has_valid_initial_state(rewriter, layer) and _is_self_contained(rewriter, layer)
    ]
    products: dict[tuple, set[int]] = {}
    for layer in layers:
        products.setdefault(layer.key, set()).update(layer.products())
    made: Made = {}
    for layer in layers:
        if _can_merge_arrays(rewriter, layer, products[layer.key]):
            _reroll_layer(rewriter, layer, made)
