"""Scales and fill values of tables, and when an untrained net needs them."""

from dataclasses import replace

import numpy as np
import pytest
from encoded import FREE, encoded, source

from netconv.features import scaling
from netconv.features.encoding import Encoding, Feature, Head
from netconv.features.table_options import TableOptions
from netconv.inference import reading

MIXED = "a,b,c,class\n0,p,u,0\n255,q,v,1\n,q,w,1\n51,?,w,0\n"


def fitted(text, **options):
    found = encoded(text, FREE, **options)[1]
    return found, reading.read_table(source(text), TableOptions(**options))


def test_texts_are_not_scaled():
    found, table = fitted(MIXED)
    assert [feature.width for feature in found.features] == [1, 1, 3]
    assert [part.tolist() for part in scaling.rescaled(found, 0.5, 2)] == [[0.5, 1, 1, 1, 1], [2, 0, 0, 0, 0]]
    mean, std = scaling.standardized(found, table, np.ones(4, bool))
    assert mean == pytest.approx([102, 0, 0, 0, 0]) and std == pytest.approx([np.std([0, 255, 51]), 1, 1, 1, 1])
    mean, std = scaling.standardized(found, table, np.array([True, False, True, True]))
    assert (mean[0], std[0]) == pytest.approx((25.5, 25.5))


def test_fill_values_are_those_of_each_number_of_a_row():
    found, _ = fitted(MIXED)
    assert scaling.fill_values(found).tolist() == [51, 1, 0, 0, 1]
    ids = Encoding(("a", "w"), True, (Feature("a", fill=2.0), Feature("w", ids=(0, 9))), (Head("out"),))
    np.testing.assert_array_equal(scaling.fill_values(ids), [2, np.nan])


@pytest.mark.parametrize("block", [1 << 20, 256])
def test_moments_are_those_of_double_precision(monkeypatch, block):
    monkeypatch.setattr("netconv.tables.table.BLOCK", block)
    text = "a,b,class\n" + "".join(f"{n},{5 if n % 7 else ''},{n % 2}\n" for n in range(2000, 2100))
    found, table = fitted(text)
    mean, std = scaling.standardized(found, table, np.ones(100, bool))
    assert mean == pytest.approx([2049.5, 5], rel=1e-12)
    assert std == pytest.approx([np.std(np.arange(2000, 2100)), 1], rel=1e-9)  # one that does not vary is left alone


def test_texts_among_numbers_are_missing_in_the_moments():
    found, table = fitted("a,b,class\n1,1,0\n2,1,1\nn.d.,2,1\n6,2,0\n", encode={"a": "numbers"})
    assert scaling.standardized(found, table, np.ones(4, bool)).mean == pytest.approx([3, 1.5])


def columns(*values, rows=40):
    """A table with a column from 0 to each of the values."""
    names = [f"c{n}" for n in range(len(values))]
    lines = [",".join(f"{value * n / (rows - 1):.6g}" for value in values) for n in range(rows)]
    return ",".join(names) + ",class\n" + "".join(f"{line},{n % 2}\n" for n, line in enumerate(lines))


@pytest.mark.parametrize(
    "text, sizes",
    [
        (columns(7.9, 4.4, 6.9, 2.5), None),
        (columns(5, 40_000), (5, 40_000)),
        (columns(0.001, 0.5), (0.001, 0.5)),
        (columns(5000, 4000), (4000, 5000)),
        (columns(0.0001, 0.0002), (0.0001, 0.0002)),
        ("a,b,class\n0,x,0\n300,y,1\n200,x,1\n", (1, 300)),
        ("a,b,class\n0,x,0\n30,y,1\n20,x,1\n", None),
        ("a,b,class\nx,x,0\ny,y,1\nx,x,1\n", None),
    ],
)
def test_sizes_that_differ_much(text, sizes):
    found, table = fitted(text)
    found_sizes = scaling.differing_sizes(found, table)
    assert found_sizes == (None if sizes is None else pytest.approx(sizes))


def test_ids_have_no_size():
    found, table = fitted("w,a,class\n1,300,0\n90,200,1\n5,250,1\n")
    assert scaling.differing_sizes(found, table) is None
    as_ids = replace(found, features=(replace(found.features[0], ids=(0, 99)), found.features[1]))
    assert scaling.differing_sizes(as_ids, table) is None
    codes = replace(found, features=(replace(found.features[0], categories=("1", "5", "90")), found.features[1]))
    assert scaling.differing_sizes(codes, table) == (1, 300)


@pytest.mark.parametrize("largest", [255, 1.0])
def test_pixels_are_of_one_size(largest):
    """Most pixels reach the largest value, those at the edge are constant or nearly so."""
    pixels = np.zeros((50, 100))
    pixels[:, 20:] = np.random.default_rng(0).uniform(0, 1, (50, 80))
    pixels[7, 15:20] = 0.01
    rows = [",".join(f"{largest * value:.4f}" for value in row) for row in pixels]
    names = ",".join(f"pixel{n}" for n in range(100))
    text = f"{names},label\n" + "".join(f"{row},{n % 2}\n" for n, row in enumerate(rows))
    found, table = fitted(text, columns="pixel*")
    assert scaling.differing_sizes(found, table) is None


@pytest.mark.parametrize(
    "values, far", [([0.0, 1], False), ([3.0, 8], False), ([1.0, 1.01], True), ([1e5, 2e5], True), ([50.0, 51], True)]
)
def test_targets_far_from_unit_size(values, far):
    assert scaling.far_from_unit_size(scaling.standardized_targets(np.array(values)[:, None])) is far
