"""Layers of positions, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import call, classes, layer, tensor
from wolfram_layers import Cases, check, drawn

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


def _ordering(name, elements, take, length=6):
    def made(_file):
        x = drawn(4, 6)
        order = x.argsort(1)[:, take] + 1
        net = layer("Ordering", tensor(length), tensor(order.shape[1], inner=classes(6)),
                    {"Elements": call("ValidatedParameter", elements)})  # fmt: skip
        return net, [x], [order]

    LAYERS[f"ordering_{name}"] = made


_ordering("of_all", Symbol("All"), slice(None))
_ordering("of_the_least", 1, slice(1))
_ordering("of_the_greatest", -1, slice(-1, None))
_ordering("of_the_three_least", 3, slice(3))
_ordering("of_the_three_greatest", -3, slice(-3, None))
_ordering("of_an_open_length", Symbol("All"), slice(None), length=None)
_ordering("of_the_two_greatest_of_an_open_length", -2, slice(-2, None), length=None)


def _indices(name, shape, maximum, most):
    def made(_file):
        known = tuple(n or 5 for n in shape)
        x = drawn(3, *known)
        net = layer("SequenceIndices", tensor(*shape), tensor(shape[0], inner=classes(9)), {"Maximum": maximum})
        return net, [x], [np.tile(np.minimum(np.arange(1, known[0] + 1), most), (3, 1))]

    LAYERS[f"sequence_indices_{name}"] = made


INFINITY = call("DirectedInfinity", 1)
_indices("of_vectors", (5, 2), INFINITY, 99)
_indices("of_numbers", (5,), 3, 3)
_indices("of_an_open_length", (None, 2), INFINITY, 99)
_indices("of_an_open_length_with_a_maximum", (None,), 2, 2)


def _extract(name, shape, form, position, is_open=False):
    """`position` has the indices of two examples."""

    def made(_file):
        x, at = drawn(2, *shape), np.array(position, "float32")
        lists = at.astype(int).reshape(2, *(form[:-1] or ()), form[-1] if form else 1)
        zero = np.where(lists > 0, lists - 1, lists)
        if len(form) == 2:
            out = np.stack([[one[tuple(index)] for index in each] for one, each in zip(x, zero, strict=True)])
        else:
            out = np.stack([one[tuple(index)] for one, index in zip(x, zero, strict=True)])
        stored = (None, *shape[1:]) if is_open else shape
        ports = {"Input": tensor(*stored), "Position": tensor(*form, inner=call("IndexIntegerT", Symbol("All")))}
        return layer("Extract", ports, tensor(*out.shape[1:])), [x, at], [out]

    LAYERS[f"extract_{name}"] = made


_extract("an_element", (5,), (), [2, -1])
_extract("a_row", (5, 3), (), [2, -2])
_extract("a_row_by_a_list", (5, 3), (1,), [[1], [-5]])
_extract("an_element_by_a_list", (5, 3), (2,), [[1, 3], [-1, -3]])
_extract("rows", (5, 3), (4, 1), [[[1], [2], [-1], [5]], [[3], [3], [-5], [-2]]])
_extract("elements", (2, 3, 4), (2, 3), [[[1, 2, 3], [2, -1, -4]], [[-1, -2, 1], [1, 1, 1]]])
_extract("rows_of_arrays", (2, 3, 4), (2, 2), [[[1, 2], [2, -1]], [[-1, -2], [1, 1]]])
_extract("of_an_open_length", (5, 3), (2, 2), [[[1, 3], [-1, -3]], [[-5, 1], [4, 2]]], is_open=True)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
