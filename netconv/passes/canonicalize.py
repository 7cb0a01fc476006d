"""Graph to Graph, before anything is translated: small rules, each a function. Knows op names, no shapes, no Keras."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from ..errors import NodeError
from ..graph.graph import Edge, Graph, Node
from ..ops import registry
from ..ops.traits import Keeps
from ..shapes.parameter_roles import owns

ARITHMETIC = frozenset({"elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div"})
MOVING = frozenset({"moving_mean", "moving_var"})
"""How the schemas of ops call moving statistics."""
STATES = ("State", "CellState")
"""Last part of the names Mathematica gives to initial states."""
SUFFIXES = ("_init_h", "_init_c", "_init_state")
"""Ends of the names that MXNet's examples give them."""
ZEROS, BATCH = "zeroarray", "batch_ref_node"
"""How Mathematica calls, with a number behind, zeros that it feeds a net itself, and what only has the batch size."""


def canonical(graph: Graph) -> Graph:
    """Op names as MXNet 1.9.1 writes them."""
    ops = registry.load()
    nodes = tuple(
        replace(
            node,
            op=ops[node.op].op if node.op in ops else node.op,
            subgraphs=tuple(canonical(subgraph) for subgraph in node.subgraphs),
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def unfused(graph: Graph) -> Graph:
    """What oneDNN fused, as the ops that it is made of; but what it computes with whole numbers of 8 bits, it computes
    as one."""
    nodes: list[Node] = []
    arrays, stands = {}, {}
    for index, node in enumerate(graph.nodes):
        inputs = tuple(stands.get(edge, Edge(stands[Edge(edge.node)].node, edge.output)) for edge in node.inputs)
        if node.op in registry.FUSED and node.subgraphs and not registry.typed_attributes(node)["quantized"]:
            nulls = sum(part.op == "null" for part in node.subgraphs[0].nodes)
            if nulls != len(inputs):
                raise NodeError(node.op, node.name, f"needs {nulls} inputs, as its subgraph has", len(inputs))
            feeds, inner = list(inputs), {}
            for place, part in enumerate(node.subgraphs[0].nodes):
                if part.op == "null":
                    inner[Edge(place)] = feeds.pop(0)
                else:
                    inner[Edge(place)] = Edge(len(nodes))
                    nodes.append(replace(part, inputs=tuple(inner[edge] for edge in part.inputs)))
            stands |= {Edge(index, k): inner[head] for k, head in enumerate(node.subgraphs[0].heads)}
        else:
            stands[Edge(index)] = Edge(len(nodes))
            if index in graph.arrays:
                arrays[len(nodes)] = graph.arrays[index]
            nodes.append(replace(node, inputs=inputs))
    heads = tuple(stands.get(edge, Edge(stands[Edge(edge.node)].node, edge.output)) for edge in graph.heads)
    return replace(graph, nodes=tuple(nodes), heads=heads, arrays=arrays)


def without_labels(graph: Graph) -> Graph:
    """Nodes lose the inputs that their ops ignore, such as the label of an output head."""
    nodes = tuple(replace(node, inputs=node.inputs[: registry.inputs_used(node)]) for node in graph.nodes)
    return replace(graph, nodes=nodes)


def labels(graph: Graph, given: Collection[str] = ()) -> frozenset[int]:
    """The inputs, none of them `given`, that only a loss compares a prediction with: by their place or by their name,
    and nothing that is computed with one reads parameters. Of a graph of Mathematica's the loss is an output."""
    if graph.mathematica:
        return frozenset()
    read = [edge.node for node in graph.nodes for edge in registry.compared_inputs(node)]
    compared = {_origin(graph, index) for index in read}
    return frozenset(
        index
        for index in graph.inputs()
        if graph.nodes[index].name not in given
        and (index in compared or graph.nodes[index].name.endswith("label"))
        and not any(owns(graph.nodes[i]) for i in _depending(graph, {index}))
    )


def _origin(graph: Graph, index: int) -> int:
    """The node that one is made of, if of nothing else."""
    while len(graph.nodes[index].inputs) == 1:
        index = graph.nodes[index].inputs[0].node
    return index


def losses_left_out(raw: Graph, given: Collection[str] = ()) -> list[str]:
    """The labels that heads are left out for, by name."""
    graph = without_labels(unfused(canonical(raw)))
    needed = graph.needs(*(edge.node for edge in graph.heads))
    return [graph.nodes[i].name for i in sorted(labels(graph, given) & needed)]


def _depending(graph: Graph, sources: Collection[int]) -> set[int]:
    reached = set(sources)
    for index, node in enumerate(graph.nodes):
        if any(edge.node in reached for edge in node.inputs):
            reached.add(index)
    return reached


def without_losses(graph: Graph, given: Collection[str] = ()) -> Graph:
    """Heads that need a label are left out; where all do, what they compare with it is given instead."""
    found = labels(graph, given)
    reached = _depending(graph, found)
    heads = tuple(edge for edge in graph.heads if edge.node not in reached)
    if len(heads) == len(graph.heads):
        return graph
    if not heads:
        heads = tuple(dict.fromkeys(p for edge in graph.heads for p in _predictions(graph, edge, found, reached)))
    return replace(graph, heads=heads) if heads else graph


def _predictions(graph: Graph, head: Edge, found: Collection[int], reached: Collection[int]) -> list[Edge]:
    """What a loss is computed of: the last value that all data pass on their way to it, or else all that it reads."""
    needed, data = graph.needs(head.node), set(graph.inputs()) - set(found)
    read = {edge for i in needed & set(reached) for edge in graph.nodes[i].inputs if edge.node not in reached}
    read = [edge for edge in sorted(read) if graph.needs(edge.node) & data]
    before = {edge for i in needed - set(reached) for edge in graph.nodes[i].inputs} | set(read)
    for gate in sorted(before, reverse=True):
        if gate.node not in data and all(_passes(graph, edge, gate, data) for edge in read):
            return [gate]
    return read


def _passes(graph: Graph, edge: Edge, gate: Edge, data: Collection[int]) -> bool:
    """Whether all data come to `edge` through `gate`."""
    todo, seen = [edge], set()
    while todo:
        edge = todo.pop()
        if edge == gate or edge in seen:
            continue
        seen.add(edge)
        if edge.node in data:
            return False
        todo.extend(graph.nodes[edge.node].inputs)
    return True


def without_identity(graph: Graph) -> Graph:
    """Nodes that change nothing are passed by; the heads keep pointing at what they copied."""
    stands: dict[Edge, Edge] = {}

    def settled(edge: Edge) -> Edge:
        return stands.get(edge, edge)

    nodes: list[Node] = []
    for index, node in enumerate(graph.nodes):
        node = replace(node, inputs=tuple(settled(e) for e in node.inputs))
        if registry.keeps(node) == Keeps.INPUT:
            stands[Edge(index)] = node.inputs[0]
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes), heads=tuple(settled(e) for e in graph.heads))


def with_ranges(graph: Graph) -> Graph:
    """A range that is as long as what it is added to or multiplied with counts along that."""
    nodes = list(graph.nodes)
    for node in graph.nodes:
        for edge, other in zip(node.inputs, node.inputs[::-1], strict=True) if node.op in ARITHMETIC else ():
            found = nodes[edge.node]
            if (
                found.op != "_arange"
                or not registry.typed_attributes(found)["infer_range"]
                or edge.node in graph.needs(other.node)
            ):
                continue
            attrs = {key: text for key, text in found.attrs.items() if key in ("start", "step", "repeat")}
            nodes[edge.node] = replace(found, op="_contrib_arange_like", attrs={**attrs, "axis": "0"}, inputs=(other,))
    return replace(graph, nodes=tuple(nodes)).settled()[0]


def without_weight_dropout(graph: Graph) -> Graph:
    """Recurrent layers read their stored weights, not the product with a mask drawn at random that Mathematica 12
    writes for "VariationalWeights"; the hint `undropped` tells of it."""
    drawn: set[int] = set()
    nodes = list(graph.nodes)
    for index, node in enumerate(graph.nodes):
        if node.op == "_random_uniform" or any(edge.node in drawn for edge in node.inputs):
            drawn.add(index)
        if node.op == "RNN" and len(node.inputs) > 1 and node.inputs[1].node in drawn:
            product = graph.nodes[node.inputs[1].node]
            stored = [edge for edge in product.inputs if graph.nodes[edge.node].op == "null"]
            if product.op in ("elemwise_mul", "broadcast_mul") and len(stored) == 1:
                inputs = (node.inputs[0], stored[0], *node.inputs[2:])
                nodes[index] = replace(node, inputs=inputs, hints={**node.hints, "undropped": "1"})
    return replace(graph, nodes=tuple(nodes))


def without_unused(graph: Graph) -> Graph:
    """Only what a head needs."""
    return graph.keep(sorted(graph.needs(*(edge.node for edge in graph.heads))))


def without_hidden_heads(graph: Graph) -> Graph:
    """Heads that Mathematica adds for the final states of recurrent layers (BlockGrad, named as the initial state)."""
    names = {graph.nodes[i].name for i in graph.inputs()}
    hidden = [
        graph.nodes[e.node].op == "BlockGrad"
        and graph.nodes[e.node].name in names
        and is_state(graph.nodes[e.node].name)
        for e in graph.heads
    ]
    if all(hidden):
        return graph
    return replace(graph, heads=tuple(e for e, h in zip(graph.heads, hidden, strict=True) if not h))


def is_state(name: str) -> bool:
    """Whether a null node is called as the initial states of recurrent layers are."""
    return name.rpartition(".")[2] in STATES or name.endswith(SUFFIXES) or "begin_state" in name


def zero_states(graph: Graph, given, states: bool = False) -> frozenset[int]:
    """The inputs that are no inputs of the model but zeros: fillers, and unless `states`, initial states; none that is
    in `given`."""
    readers = graph.consumers()
    free = [i for i in graph.inputs() if graph.nodes[i].name not in given]
    fillers = {i for i in free if graph.mathematica and is_filler(graph.nodes[i].name)}
    if len(fillers) == len(graph.inputs()):
        return frozenset()
    starts = {
        i
        for i in free
        if is_state(graph.nodes[i].name) or any(_is_state_input(graph, readers, reader) for reader in readers[i])
    }
    return frozenset(fillers if states else fillers | starts)


def is_filler(name: str) -> bool:
    """Whether a null node is called as Mathematica calls what it feeds itself: zeros, and what has the batch size."""
    return name == BATCH or (name.startswith(ZEROS) and name.removeprefix(ZEROS).isdigit())


def filler_shapes(graph: Graph, zeros) -> dict[str, tuple]:
    """The shapes of fillers, where only that of the batch counts."""
    names = {graph.nodes[index].name for index in zeros}
    return dict.fromkeys(names & {BATCH}, (None,))


def _is_state_input(graph: Graph, readers, reader: tuple[int, int]) -> bool:
    """Whether a node is read as the state of an RNN, moved or reshaped at most."""
    index, position = reader
    node = graph.nodes[index]
    if node.op == "RNN":
        return position in (2, 3)
    return registry.keeps(node) >= Keeps.VALUES and any(_is_state_input(graph, readers, r) for r in readers[index])


def canonicalize(graph: Graph, states: bool = False, given: Collection[str] = ()) -> Graph:
    """All rules in order. With `states`, initial and final recurrent states stay inputs and outputs; labels that are
    `given` stay inputs."""
    graph = without_losses(without_labels(unfused(canonical(graph))), given)
    if not states:
        graph = without_hidden_heads(graph)
    graph = replace(graph, ports=tuple(graph.nodes[edge.node].name for edge in graph.heads))
    return with_ranges(without_weight_dropout(without_identity(without_unused(graph))))


def _reached(graph: Graph, reads: Callable[[Node], Iterable[Edge]]) -> set[int]:
    """The heads, and all that a reached node `reads`."""
    reached: set[int] = set()
    todo = [edge.node for edge in graph.heads]
    while todo:
        index = todo.pop()
        if index not in reached:
            reached.add(index)
            todo.extend(edge.node for edge in reads(graph.nodes[index]))
    return reached


def computed_with(graph: Graph) -> set[int]:
    """The nodes of which more than the shape has a part in what the heads give."""
    return _reached(graph, registry.value_inputs)


def frozen(graph: Graph) -> Graph:
    """What only a BlockGrad leads to does not train. A BatchNorm there normalises by batch in training all the same,
    and moves its statistics, as MXNet's does."""
    reached = _reached(graph, lambda node: () if node.op == "BlockGrad" else node.inputs)
    reached.update(edge.node for node in graph.nodes for edge in registry.named_inputs(node, MOVING))
    arrays = {i: array if i in reached else array.frozen() for i, array in graph.arrays.items()}
    return replace(graph, arrays=arrays)
