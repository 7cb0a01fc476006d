"""The first node that differs is found by comparing few outputs, in chains and where branches meet."""

import pytest

from netconv.graph.graph import Edge, Graph, Node
from netconv.verification.differences import Difference
from netconv.verification.first_difference import PROBES, first_difference

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
