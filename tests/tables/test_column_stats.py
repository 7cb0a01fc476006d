"""Statistics of columns: which count the rows, and whose numbers may be equal in float32."""

import numpy as np
import pytest

from netconv.tables.column_stats import ColumnStats
from netconv.tables.rows import Rows, TableFormat, Text


def stats_of(*blocks, texts=None):
    width = np.asarray(blocks[0]).shape[1]
    stats = ColumnStats(width)
    for block in blocks:
        numbers = np.array(block, np.float32)
        format_ = TableFormat(",", ".", True, tuple(map(str, range(width))))
        stats.add(Rows("t", format_, numbers, texts or {}, lambda _: None))
    return stats


def test_columns_that_count_the_rows():
    rows = np.stack([np.arange(20), np.arange(5, 25), np.arange(20) * 2, np.arange(20)[::-1]], axis=1).astype(float)
    for blocks in ([rows], [rows[:1], rows[1:3], rows[3:]]):
        stats = stats_of(*blocks)
        assert [stats.counted_from(column) for column in range(4)] == [0, 5, None, None]
    assert stats_of(rows[:9]).counted_from(0) is None
    rows[13, 0] = np.nan
    assert stats_of(rows).counted_from(0) is None


def test_a_column_of_text_counts_nothing():
    numbers = np.full((20, 1), np.nan)
    stats = stats_of(numbers, texts={0: Text(np.arange(20, dtype=np.int32), tuple(map(str, range(20))))})
    assert stats.counted_from(0) is None and not stats.may_merge(0)


@pytest.mark.parametrize(
    "numbers, may_merge",
    [
        ([0, 255], False),
        ([-1e-9, 1e-9], False),
        ([0, 0], False),
        ([np.nan, np.nan], False),
        ([1, 2**24 - 1], False),
        ([1, 2**24], True),
        ([-(2**24), 1], True),
        ([1, 1], True),
        ([1, 1.0001], True),
        ([1, 1.001], False),
        ([1, np.inf], False),
    ],
)
def test_numbers_that_may_be_equal(numbers, may_merge):
    stats = stats_of(np.array(numbers)[:, None])
    assert stats.may_merge(0) is may_merge


@pytest.mark.parametrize(
    "cell, canonical",
    [
        ("007", "7"), ("1.50", "1.5"), ("+3", "3"), ("1e3", "1000"), ("-0", "0"), ("5100038999.0", "5100038999"),
        ("123456789012345678901", "123456789012345678901"), ("1e999", "1e999"), ("x", "x"), ("", ""), ("1,5", "1,5"),
    ],
)  # fmt: skip
def test_numbers_in_one_spelling(cell, canonical):
    assert TableFormat(",", ".", True, ("a",)).canonical(cell) == canonical


def test_numbers_with_a_decimal_comma():
    assert TableFormat(";", ",", True, ("a",)).canonical("1,50") == "1.5"
