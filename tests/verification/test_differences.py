"""How arrays are compared."""

import numpy as np
import pytest

from netconv.verification.differences import difference

NAN, INF = np.nan, np.inf


def test_errors_are_relative_to_the_largest_value():
    found = difference(np.array([1.0, 4.1]), np.array([1.0, 4.0]))
    assert (found.absolute, found.relative) == (pytest.approx(0.1), pytest.approx(0.025))
    assert found.within(0.03) and not found.within(0.02)
    assert str(found) == "0.1 absolute, 0.025 relative"


def test_small_outputs_are_not_equal_because_they_are_small():
    assert not difference(np.array([1e-6]), np.array([2e-6])).within(1e-5)


@pytest.mark.parametrize("expected", [[NAN, 1.0], [INF, 1.0], [-INF, 1.0]])
def test_values_that_are_not_finite_must_be_the_same(expected):
    assert difference(np.array(expected), np.array(expected)).relative == 0
    for other in ([0.0, 1.0], [1.0, expected[0]]):
        found = difference(np.array(other), np.array(expected))
        assert not found.within(1e9) and str(found) == "infinite or not a number at other places"


def test_shapes_must_be_the_same_but_for_scalars():
    found = difference(np.zeros((2, 3)), np.zeros((3, 2)))
    assert not found.within(1e9) and str(found) == "shape 2 x 3 in place of 3 x 2"
    assert difference(np.float32(1), np.ones(1)).within(0)


def test_numbers_of_16_bits_agree_to_some_roundings():
    one, other = np.array([1, 1 + 2**-9], "float16"), np.array([1, 1], "float16")
    assert difference(one, other).within(1e-5)
    assert not difference(one.astype("float32"), other.astype("float32")).within(1e-5)
    assert not difference(np.array([1.01], "float16"), np.array([1], "float16")).within(1e-5)


def test_nothing_differs_in_empty_arrays():
    assert difference(np.zeros((0, 2)), np.zeros((0, 2))).within(0)
