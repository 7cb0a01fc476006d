"""The first pass: canonical op names, and no identities, labels or losses. Each rule is a function. Knows op names, not
shapes or Keras."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..errors import NodeError
from ..graph.graph import Edge, Graph, Node
from ..graph.tracked_array import TrackedArray
from ..ops import registry
from ..ops.traits import Keeps
from .losses import loss_labels, remove_ignored_inputs, remove_losses
from .recurrent_states import is_state

ARITHMETIC = frozenset({"elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div"})


def rename_aliases(graph: Graph) -> Graph:
    """Op names as MXNet 1.9.1 writes them."""
    ops = registry.load()
    nodes = tuple(
        replace(
            node,
            op=ops[node.op].op if node.op in ops else node.op,
            subgraphs=tuple(rename_aliases(subgraph) for subgraph in node.subgraphs),
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def inline_fused_subgraphs(graph: Graph) -> Graph:
    """Replaces ops that oneDNN fused by their subgraphs, except those that compute with integers."""
    nodes: list[Node] = []
    arrays: dict[int, TrackedArray] = {}
    moved: dict[Edge, Edge] = {}

    def now(edge: Edge) -> Edge:
        return moved.get(edge) or Edge(moved[Edge(edge.node)].node, edge.output)

    for index, node in enumerate(graph.nodes):
        inputs = tuple(map(now, node.inputs))
        if node.op in registry.FUSED and node.subgraphs and not registry.typed_attributes(node)["quantized"]:
            for output, head in enumerate(_inlined(node, inputs, nodes)):
                moved[Edge(index, output)] = head
            continue
        moved[Edge(index)] = Edge(len(nodes))
        if index in graph.arrays:
            arrays[len(nodes)] = graph.arrays[index]
        nodes.append(replace(node, inputs=inputs))
    return replace(graph, nodes=tuple(nodes), heads=tuple(map(now, graph.heads)), arrays=arrays)


def _inlined(node: Node, inputs: tuple[Edge, ...], nodes: list[Node]) -> list[Edge]:
    """Appends the nodes of a node's subgraph to `nodes`; returns the heads of the subgraph."""
    (subgraph,) = node.subgraphs
    nulls = [index for index, part in enumerate(subgraph.nodes) if part.op == "null"]
    if len(nulls) != len(inputs):
        raise NodeError(node.op, node.name, f"needs {len(nulls)} inputs, as its subgraph has", len(inputs))
    moved = dict(zip(nulls, inputs, strict=True))
    for index, part in enumerate(subgraph.nodes):
        if part.op != "null":
            moved[index] = Edge(len(nodes))
            nodes.append(replace(part, inputs=tuple(moved[edge.node] for edge in part.inputs)))
    return [moved[head.node] for head in subgraph.heads]


def remove_identities(graph: Graph) -> Graph:
    """Removes nodes that return their input; heads keep their names (`ports`)."""
    replaced: dict[Edge, Edge] = {}
    nodes: list[Node] = []
    for index, node in enumerate(graph.nodes):
        node = replace(node, inputs=tuple(replaced.get(edge, edge) for edge in node.inputs))
        if registry.keeps(node) == Keeps.INPUT:
            replaced[Edge(index)] = node.inputs[0]
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes), heads=tuple(replaced.get(edge, edge) for edge in graph.heads))


def infer_ranges(graph: Graph) -> Graph:
    """Replaces a range whose length is inferred (`infer_range`) by an arange_like of the data that it is combined
    with."""
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
    return replace(graph, nodes=tuple(nodes)).pruned()[0]


def remove_weight_dropout(graph: Graph) -> Graph:
    """Recurrent layers read their stored weights instead of their products with a random mask, which Mathematica 12
    writes for "VariationalWeights"; the hint `undropped` records this."""
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


def remove_unused(graph: Graph) -> Graph:
    """Removes the nodes that no head depends on."""
    return graph.keep(sorted(graph.needs(*(edge.node for edge in graph.heads))))


def remove_hidden_heads(graph: Graph) -> Graph:
    """Removes the heads that Mathematica adds for the final states of recurrent layers: BlockGrads with the name of an
    initial state."""
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


def read_inputs_only(graph: Graph) -> Graph:
    """Canonical ops without fused subgraphs, and without the inputs that they ignore."""
    return remove_ignored_inputs(inline_fused_subgraphs(rename_aliases(graph)))


def losses_left_out(raw: Graph, given: Collection[str] = ()) -> list[str]:
    """The names of the labels whose heads are left out."""
    graph = read_inputs_only(raw)
    needed = graph.needs(*(edge.node for edge in graph.heads))
    return [graph.nodes[i].name for i in sorted(loss_labels(graph, given) & needed)]


def canonicalize(graph: Graph, states: bool = False, given: Collection[str] = ()) -> Graph:
    """Applies all rules in order. With `states` the states of recurrent layers stay inputs and outputs; labels that are
    `given` stay inputs."""
    graph = remove_losses(read_inputs_only(graph), given)
    if not states:
        graph = remove_hidden_heads(graph)
    graph = replace(graph, ports=tuple(graph.nodes[edge.node].name for edge in graph.heads))
    return infer_ranges(remove_weight_dropout(remove_identities(remove_unused(graph))))
