"""Layers that move, join and reduce elements, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import call, graph, layer, rule, tensor
from wolfram_layers import Cases, check, drawn, two

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()
SPAN = call("Span", 2, Symbol("All"))


def _shaped(name, kind, shape, parameters, function):
    """A layer that only moves or reduces elements."""

    def made(_file):
        x = drawn(3, *shape)
        out = np.stack([function(each) for each in x])
        return layer(kind, tensor(*shape), tensor(*out.shape[1:]), parameters), [x], [out]

    LAYERS[f"{kind}_{name}"] = made


ALL = Symbol("All")
_shaped("all", "Flatten", (3, 4, 2), {"Level": call("DirectedInfinity", 1)}, np.ravel)
_shaped("level_1", "Flatten", (3, 4, 2), {"Level": 1}, lambda x: x.reshape(12, 2))
_shaped("level_2", "Flatten", (3, 4, 2), {"Level": 2}, np.ravel)
_shaped("level_minus_1", "Flatten", (3, 3, 3), {"Level": -1}, lambda x: x.reshape(3, 9))
_shaped("to_a_matrix", "Reshape", (3, 4), {"Dimensions": (2, 6)}, lambda x: x.reshape(2, 6))
_shaped("at_the_front", "Replicate", (3, 4), {"Specification": (2,), "Level": 1}, lambda x: np.stack([x] * 2))
_shaped("at_the_end", "Replicate", (3,), {"Specification": (2,), "Level": -1}, lambda x: np.stack([x] * 2, 1))
_shaped("twice", "Replicate", (3,), {"Specification": (2, 4)}, lambda x: np.broadcast_to(x, (2, 4, 3)))
_shaped(
    "pairs",
    "Transpose",
    (2, 3, 4),
    {"Specification": call("ValidatedParameter", call("TwoWayRule", 1, 3))},
    lambda x: x.transpose(2, 1, 0),
)
_shaped("default", "Transpose", (2, 3), {}, np.transpose)
_shaped("a_move_back", "Transpose", (2, 3, 4, 5), {"Specification": (rule(2, 4),)}, lambda x: x.transpose(0, 2, 3, 1))
_shaped("a_move_ahead", "Transpose", (2, 3, 4, 5), {"Specification": rule(3, 1)}, lambda x: x.transpose(2, 0, 1, 3))
_shaped("a_list", "Transpose", (2, 3, 4), {"Specification": (2, 3, 1)}, lambda x: x.transpose(2, 0, 1))
_shaped("a_position", "Part", (3, 4), {"Specification": call("ValidatedParameter", 2)}, lambda x: x[1])
_shaped("from_the_end", "Part", (3, 4), {"Specification": (-1, -2)}, lambda x: x[-1, -2])
_shaped("a_span", "Part", (5, 4), {"Specification": (call("Span", 2, -2), call("Span", 1, 3))}, lambda x: x[1:4, :3])
_shaped("a_span_to_the_end", "Part", (5, 4), {"Specification": (ALL, call("Span", -2, ALL))}, lambda x: x[:, 2:])
_shaped("all_elements", "Summation", (3, 4), {}, np.sum)
for _name, _of in {"Max": np.max, "Min": np.min, "Total": np.sum, "Times": np.prod, "Mean": np.mean}.items():
    _shaped(
        f"{_name}_of_default_levels",
        "Aggregation",
        (3, 4, 2),
        {"Function": Symbol(_name), "Levels": call("ValidatedParameter", SPAN)},
        lambda x, of=_of: of(x, (1, 2)),
    )
_shaped("of_one_level", "Aggregation", (3, 4, 2), {"Function": Symbol("Max"), "Levels": 1}, lambda x: x.max(0))
_shaped("of_all_levels", "Aggregation", (3, 4), {"Function": Symbol("Mean"), "Levels": ALL}, np.mean)
_shaped(
    "of_levels", "Aggregation", (3, 4, 2), {"Function": Symbol("Total"), "Levels": (1, -1)}, lambda x: x.sum((0, 2))
)
_shaped("last", "SequenceLast", (3, 4), {}, lambda x: x[-1])
_shaped("most", "SequenceMost", (3, 4), {"$Length": 3}, lambda x: x[:-1])
_shaped("rest", "SequenceRest", (3, 4), {"$Length": 3}, lambda x: x[1:])
_shaped("reversed", "SequenceReverse", (3, 4), {}, lambda x: x[::-1])


@case
def catenate(_file):
    x, y = drawn(3, 2, 4), drawn(3, 2, 5, seed=6)
    net = layer("Catenate", two((2, 4), (2, 5)), tensor(2, 9), {"Level": 2})
    return net, [x, y], [np.concatenate([x, y], 2)]


@case
def catenate_of_different_ranks(_file):
    x, y = drawn(3, 2, 4), drawn(3, 4, seed=6)
    net = layer("Catenate", two((2, 4), (4,)), tensor(2, 8), {"Level": -1})
    return net, [x, y], [np.concatenate([x, np.repeat(y[:, None], 2, 1)], 2)]


@case
def catenate_of_different_ranks_along_the_first_level_of_both(_file):
    x, y = drawn(3, 4, 4), drawn(3, 4, seed=6)
    net = layer("Catenate", two((4, 4), (4,)), tensor(4, 8), {"Level": 1})
    return net, [x, y], [np.concatenate([x, np.repeat(y[:, None], 4, 1)], 2)]


@case
def append_and_prepend(_file):
    x, y = drawn(3, 2, 4), drawn(3, 4, seed=6)
    ports = {"Input": tensor(2, 4), "Element": tensor(4)}
    nodes = {
        "a": layer("Append", ports, tensor(3, 4)),
        "p": layer("Prepend", {"Input": tensor(3, 4), "Element": tensor(4)}, tensor(4, 4)),
    }
    edges = [".Input -> a.Input", ".Element -> a.Element", "a -> p.Input", ".Element -> p.Element", "p -> .Output"]
    net = graph(nodes, edges, ports, {"Output": tensor(4, 4)})
    return net, [x, y], [np.concatenate([y[:, None], x, y[:, None]], 1)]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
