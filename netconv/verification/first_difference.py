"""Finds the first node of a graph whose output differs between two ways to compute it. Knows no op and no Keras."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ..graph.graph import Edge, Graph
from .differences import Difference
from .mxnet_process import Refused

PROBES = 48
"""How many outputs are compared at once: two rounds for a chain of 2,000 nodes, three for one of 100,000."""
CLEAR = 10
"""How many times the tolerance a difference is that does not come of rounding in the nodes before."""

Compare = Callable[[Sequence[Edge]], Mapping[Edge, Difference]]
"""Computes outputs of nodes in both ways."""


def first_difference(
    graph: Graph, head: Edge, comparable: Collection[Edge], compare: Compare, tolerance: float
) -> tuple[Edge, Difference | None, dict[Edge, Difference]]:
    """The output of a node that differs though the outputs before it agree, found by bisection.

    `head` is an output that differs, `comparable` are the outputs that can be compared. Each round compares some of the
    outputs that `head` depends on, in equal distances: the first one that differs takes the place of `head`, and what
    the agreeing ones depend on is left out, although an error there might have vanished on the way.

    Outputs that `compare` leaves out cannot be compared.

    Returns:
        The output, its difference (None if it is `head`, and could not be compared), and the differences of the outputs
        nearest before it that can be compared, which agree.
    """
    comparable = set(comparable)
    known: dict[Edge, Difference] = {}
    agreeing: set[int] = set()
    if head in comparable:
        known |= compare([head])
    while True:
        nearest = _nearest(graph, head, comparable)
        candidates = _ancestors(graph, head.node) - agreeing
        left = sorted(edge for edge in comparable if edge.node in candidates and edge not in known)
        left = left or [edge for edge in nearest if edge not in known]
        if not left:
            return head, known.get(head), {edge: known[edge] for edge in nearest}
        asked = _spread(left, PROBES)
        found = compare(asked)
        comparable -= {*asked} - found.keys()
        known |= found
        head = min((edge for edge, its in found.items() if not its.within(tolerance)), default=head)
        for edge, its in found.items():
            if its.within(tolerance):
                agreeing |= {edge.node} | _ancestors(graph, edge.node)


def first_clear_difference(
    graph: Graph, head: Edge, comparable: Collection[Edge], compare: Compare, tolerance: float, most: float,
    changed: Collection[int],
) -> tuple[Edge, Difference | None, dict[Edge, Difference]]:  # fmt: skip
    """As `first_difference`, but not a node at which the rounding errors of many nodes exceed the tolerance.

    The `first_changed` of the nodes `changed` is returned, if there is one. Otherwise the node that is found is
    returned if its difference is more than CLEAR times the tolerance. If it is not, a tolerance so many times larger is
    tried, unless that is more than `most`, the relative difference of `head`; then the node that was found first
    counts.
    """
    known: dict[Edge, Difference] = {}

    def remembered(edges: Sequence[Edge]) -> dict[Edge, Difference]:
        new = [edge for edge in edges if edge not in known]
        known.update(compare(new) if new else {})
        return {edge: known[edge] for edge in edges if edge in known}

    if own := first_changed(graph, [head], comparable, remembered, tolerance, changed):
        return own
    found = first = first_difference(graph, head, comparable, remembered, tolerance)
    while found[1] and not found[1].within(tolerance) and found[1].relative <= CLEAR * tolerance:
        tolerance *= CLEAR
        if most <= tolerance:
            return first
        found = first_difference(graph, head, comparable, remembered, tolerance)
    return first if found[1] and found[1].within(tolerance) else found


def first_changed(
    graph: Graph, heads: Collection[Edge], comparable: Collection[Edge], compare: Compare, tolerance: float,
    changed: Collection[int],
) -> tuple[Edge, Difference, dict[Edge, Difference]] | None:  # fmt: skip
    """Of the nodes `changed` that heads depend on, the first one whose output differs CLEAR times more than what it
    depends on, as `first_difference` returns it; None if none does."""
    needed = graph.needs(*(edge.node for edge in heads))
    own = sorted(edge for edge in comparable if edge.node in changed and edge.node in needed)
    for start in range(0, len(own), PROBES):
        for edge, its in compare(own[start : start + PROBES]).items():
            if not its.within(tolerance):
                nearest = _nearest(graph, edge, comparable)
                before = dict(compare(nearest)) if nearest else {}
                if its.relative > CLEAR * max((each.relative for each in before.values()), default=0.0):
                    return edge, its, before
    return None


def first_refused(
    graph: Graph, heads: Sequence[Edge], compute: Callable[[Sequence[Edge]], object], refused: Refused
) -> tuple[int, str]:
    """The first node whose output cannot be computed, and why; `refused` is what `compute` raises for the `heads`.

    It is found by bisection: that of the first nodes all can be computed is tried with those that none of them reads.
    """
    nodes = [index for index in sorted(graph.needs(*(edge.node for edge in heads))) if graph.nodes[index].op != "null"]
    low, high = 0, len(nodes)
    while high - low > 1:
        middle = (low + high) // 2
        read = {edge.node for index in nodes[:middle] for edge in graph.nodes[index].inputs}
        try:
            compute([Edge(index) for index in nodes[:middle] if index not in read])
            low = middle
        except Refused as error:
            high, refused = middle, error
    return nodes[high - 1], refused.reason


def _ancestors(graph: Graph, index: int) -> set[int]:
    return graph.needs(index) - {index}


def _spread(edges: Sequence[Edge], most: int) -> list[Edge]:
    """At most so many of the edges, the last one among them, in equal distances."""
    if len(edges) <= most:
        return list(edges)
    return [edges[(number + 1) * len(edges) // most - 1] for number in range(most)]


def _nearest(graph: Graph, head: Edge, comparable: Collection[Edge]) -> list[Edge]:
    """The outputs that can be compared from which a node is computed, through others that cannot."""
    found, seen = set(), set()
    todo = list(graph.nodes[head.node].inputs)
    while todo:
        edge = todo.pop()
        if edge in seen:
            continue
        seen.add(edge)
        if edge in comparable:
            found.add(edge)
        else:
            todo.extend(graph.nodes[edge.node].inputs)
    return sorted(found)
