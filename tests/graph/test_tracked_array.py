"""Tracked arrays remember how they were rearranged, which is used to write trained values back."""

import json

import numpy as np
import pytest

from netconv.graph.tracked_array import TrackedArray, scatter, sources


def parameter(name, *shape):
    return TrackedArray.parameter(name, np.arange(np.prod(shape), dtype="float32").reshape(shape))


def back(array, value=None):
    """The values that `scatter` writes if the rearranged array has the values `value` (its own if None)."""
    into = {name: np.full(shape, -1.0, "float32") for name, shape in sources(array.origin).items()}
    scatter(array.value if value is None else value, array.origin, into)
    return into


WAYS = {
    "as it is": lambda w: w,
    "transposed": lambda w: w.T,
    "axes": lambda w: w.transpose((2, 0, 1)),
    "turned round": lambda w: w.flip((0, 2)),
    "reshaped": lambda w: w.reshape((4, -1)),
    "flattened for channels-last": lambda w: w.reshape((2, 3, 4)).transpose((0, 2, 1)).reshape((2, 12)).T,
    "frozen": lambda w: w.frozen(),
}


@pytest.mark.parametrize("way", WAYS)
def test_rearranged_values_are_written_back(way):
    weight = parameter("w", 2, 3, 4)
    there = WAYS[way](weight)
    np.testing.assert_array_equal(back(there)["w"], weight.value)
    json.dumps(there.origin)


def test_a_slice_is_written_back_to_its_indices_only():
    weight = parameter("w", 10)
    into = back(weight[4:8].reshape((2, 2)).T)
    np.testing.assert_array_equal(into["w"], [-1, -1, -1, -1, 4, 5, 6, 7, -1, -1])


def test_reordered_gates_are_written_back():
    weight = parameter("w", 6, 2)
    gates = TrackedArray.concatenate([weight[2:4], weight[0:2], weight[4:6]])
    np.testing.assert_array_equal(gates.value[:2], weight.value[2:4])
    np.testing.assert_array_equal(back(gates.T)["w"], weight.value)


def test_a_slice_of_a_concatenation_is_written_back():
    one, two = parameter("one", 3), parameter("two", 4)
    middle = TrackedArray.concatenate([one, two])[2:5]
    into = back(middle, np.array([7, 8, 9], "float32"))
    np.testing.assert_array_equal(into["one"], [-1, -1, 7])
    np.testing.assert_array_equal(into["two"], [8, 9, -1, -1])


def test_constants_are_not_written_back():
    whole = TrackedArray.concatenate([parameter("w", 2), TrackedArray.constant(np.ones(2, "float32"))])
    np.testing.assert_array_equal(back(whole, np.array([5, 6, 7, 8], "float32"))["w"], [5, 6])
    assert not whole.trainable


def test_operations_without_effect_are_not_remembered():
    weight = parameter("w", 2, 3)
    assert weight.transpose((0, 1)) is weight
    assert weight.reshape((2, 3)) is weight
    assert weight[:, 0:3] is weight
