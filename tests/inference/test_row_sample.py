"""The sample of rows for plots: the same whatever the blocks are, of bounded size, and spread evenly."""

import numpy as np

from netconv.inference.row_sample import RowSample


def sampled(rows, block, targets=1, names=("y",)):
    true = np.arange(rows, dtype=float)[:, None] + np.zeros(targets)
    sample = RowSample()
    for start in range(0, rows, block):
        part = true[start : start + block]
        sample.add(part, -part)
        assert sample._values.size <= 2 * 2000 * 8
    return sample.finish(names)


def test_the_blocks_do_not_matter():
    one, other = sampled(30_000, 30_000), sampled(30_000, 777)
    assert np.array_equal(one.true, other.true) and np.array_equal(one.predicted, -one.true)
    assert len(one.true) == 2000 and one.names == ("y",)


def test_all_rows_of_a_short_table_are_kept_in_order():
    assert sampled(2000, 64).true[:, 0].tolist() == list(range(2000))
    assert RowSample().finish(("y",)) is None


def test_rows_are_spread_evenly():
    rows = sampled(100_000, 8192).true[:, 0]
    assert np.diff(rows).max() < 150  # 50 on average
    for period in (2, 7, 24, 60, 365):
        counts = np.bincount(rows.astype(int) % period, minlength=period)
        assert counts.min() > 0 and counts.max() < 3 * 2000 / period + 3


def test_targets_are_bounded_and_named():
    found = sampled(10, 10, targets=20, names=tuple("abcdefghijklmnopqrst"))
    assert (found.true.shape, found.names, found.targets) == ((10, 8), tuple("abcdefgh"), 20)
    assert sampled(10, 10, targets=2).names == ("output 1", "output 2")
