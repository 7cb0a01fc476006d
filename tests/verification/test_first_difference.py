"""The first node that differs is found by comparing few outputs, in chains and where branches meet."""

import math

import pytest

from netconv.graph.graph import Edge, Graph, Node
from netconv.verification.differences import Difference
from netconv.verification.first_difference import (
    PROBES,
    first_changed,
    first_clear_difference,
    first_difference,
    first_refused,
)
from netconv.verification.mxnet_process import Refused

EQUAL, WRONG = Difference(1e-8, 1e-8), Difference(0.5, 0.5)


def chain(count):
    """An input and so many nodes, each of which reads the one before and, every third, the one three before."""
    nodes = [Node("null", "data")]
    for number in range(1, count + 1):
        before = (Edge(number - 1), *([Edge(number - 3)] if number % 3 == 0 and number > 3 else ()))
        nodes.append(Node("tanh", f"n{number}", {}, before))
    return Graph(tuple(nodes), (Edge(count),))


class Comparison:
    """Two computations that differ from node `first` on, at the nodes that depend on it; the outputs `vanishing` agree
    nevertheless, and those `unknown` cannot be compared."""

    def __init__(self, graph, first, vanishing=(), unknown=()):
        self.wrong = {first}
        for index, node in enumerate(graph.nodes):
            if any(edge.node in self.wrong for edge in node.inputs):
                self.wrong.add(index)
        self.wrong -= {*vanishing}
        self.unknown, self.rounds = {*unknown}, 0

    def __call__(self, edges):
        self.rounds += 1
        assert len(set(edges)) == len(edges) <= PROBES
        return {edge: WRONG if edge.node in self.wrong else EQUAL for edge in edges if edge.node not in self.unknown}


def found(graph, compare, comparable=None):
    comparable = comparable or [Edge(index) for index, node in enumerate(graph.nodes) if node.op != "null"]
    edge, its, before = first_difference(graph, graph.heads[0], comparable, compare, 1e-5)
    return edge.node, its, {each.node: known for each, known in before.items()}


@pytest.mark.parametrize(("count", "rounds"), [(10, 3), (200, 5), (2000, 6)])
def test_in_a_few_rounds(count, rounds):
    graph = chain(count)
    for first in (1, 2, count // 2, count - 1, count):
        compare = Comparison(graph, first)
        node, its, before = found(graph, compare)
        assert (node, its) == (first, WRONG)
        assert before == {edge.node: EQUAL for edge in graph.nodes[first].inputs if edge.node}
        assert compare.rounds <= rounds


def test_of_two_branches_the_wrong_one():
    """The nodes 2 to 4 and 5 to 7 are branches of node 1."""
    inputs = {1: (0,), 2: (1,), 3: (2,), 4: (3,), 5: (1,), 6: (5,), 7: (6,), 8: (4, 7), 9: (8,)}
    nodes = (Node("null", "data"), *(Node("x", f"n{i}", {}, tuple(map(Edge, its))) for i, its in inputs.items()))
    graph = Graph(nodes, (Edge(9),))
    for first in range(1, 10):
        assert found(graph, Comparison(graph, first))[0] == first


def test_an_error_that_vanishes_on_the_way():
    """Its effect is seen beside the nodes where it vanishes: node 6 reads node 3."""
    graph = chain(30)
    node, its, before = found(graph, Comparison(graph, 3, vanishing=(4, 5)))
    assert node in (3, 6) and its == WRONG
    assert all(known == EQUAL for known in before.values())


def test_outputs_that_cannot_be_compared():
    graph = chain(12)
    node, its, before = found(graph, Comparison(graph, 5, unknown=(5, 4)))
    assert (node, its, before) == (6, WRONG, {3: EQUAL})
    node, its, before = found(graph, Comparison(graph, 5), comparable=[Edge(i) for i in (2, 3, 8, 12)])
    assert (node, its, before) == (8, WRONG, {3: EQUAL})


def test_nothing_but_the_head_differs_and_it_is_not_comparable():
    graph = chain(3)
    node, its, before = found(graph, Comparison(graph, 3, unknown=(3,)))
    assert (node, its, before) == (3, None, {2: EQUAL})


def growing(errors):
    """Compares outputs with these errors by the index of the node, which stay until a node has another one."""

    def compare(edges):
        sizes = {edge: [error for index, error in errors.items() if index <= edge.node][-1] for edge in edges}
        return {edge: Difference(size, size) for edge, size in sizes.items()}

    return compare


@pytest.mark.parametrize(
    ("errors", "changed", "first"),
    [
        ({1: 0, 50: 2e-5, 80: 3e-5, 90: 0.1}, (), 90),  # the errors of 50 and 80 are those of many roundings
        ({1: 0, 50: 2e-5, 70: 3e-4, 90: 0.1}, (), 90),
        ({1: 0, 50: 2e-5, 90: 0.1}, (50,), 50),
        ({1: 0, 50: 2e-5, 70: 2e-4, 80: 1e-3, 90: 0.1}, (20, 80, 90), 90),  # what 80 depends on differs as much
        ({1: 0, 50: 2e-5, 90: 9e-5}, (), 50),  # nothing is clear
        ({1: 0, 50: 2e-5, 70: 2e-4, 90: 9e-4}, (), 50),
    ],
)
def test_rounding_errors_that_add_up_are_not_the_first_difference(errors, changed, first):
    graph = chain(100)
    comparable = [Edge(index) for index in range(1, 101)]
    for most in ([*errors.values()][-1], math.inf):
        edge, its, _ = first_clear_difference(graph, graph.heads[0], comparable, growing(errors), 1e-5, most, changed)
        assert edge.node == first and its.relative == errors[first]


@pytest.mark.parametrize(
    ("errors", "changed", "first"),
    [
        ({1: 0, 50: 0.1}, (20, 50, 80), 50),
        ({1: 0, 50: 0.1}, (20, 80), None),
        ({1: 9e-6, 50: 2e-5}, (50,), None),  # what it depends on has nearly such an error
        ({1: 0, 90: 0.1}, range(1, 101), 90),
    ],
)
def test_the_first_changed_node_whose_own_output_differs(errors, changed, first):
    graph = chain(100)
    found = first_changed(graph, graph.heads, [Edge(index) for index in range(1, 101)], growing(errors), 1e-5, changed)
    assert (found and found[0].node) == first


@pytest.mark.parametrize("first", [1, 2, 1000, 1999, 2000])
def test_the_first_node_that_cannot_be_computed(first):
    graph, runs = chain(2000), []

    def compute(edges):
        runs.append(edges)
        needed = graph.needs(*(edge.node for edge in edges))
        if first in needed:
            raise Refused(f"{len(runs)}")

    assert first_refused(graph, graph.heads, compute, Refused("0"))[0] == first
    assert len(runs) <= 11 and max(map(len, runs)) <= 3
