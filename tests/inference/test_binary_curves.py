"""ROC and precision-recall curves, compared with counting at every threshold."""

import math

import numpy as np
import pytest

from netconv.inference import binary_curves


def counted(scores, positive):
    """The points of the ROC and of the precision-recall curve, by rising recall."""
    points = []
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        true, false = int((chosen & positive).sum()), int((chosen & ~positive).sum())
        points.append((false / (~positive).sum(), true / positive.sum(), true / (true + false)))
    return np.array(points)


@pytest.mark.parametrize("rows", [2, 5, 40, 300])
def test_curves_are_those_of_counting(rows):
    generator = np.random.default_rng(rows)
    scores = generator.integers(0, 4 if rows < 300 else 99, rows).astype(np.float32)  # with ties
    positive = np.arange(rows) % 3 == 0
    areas, curves = binary_curves.binary_curves(scores, positive, "yes")
    pairs = [(one > other) + 0.5 * (one == other) for one in scores[positive] for other in scores[~positive]]
    assert areas["auc"] == pytest.approx(np.mean(pairs), abs=1e-12)
    points = counted(scores, positive)
    np.testing.assert_allclose(curves.false_positive_rate, [0, *points[:, 0]])
    np.testing.assert_allclose(curves.true_positive_rate, [0, *points[:, 1]])
    np.testing.assert_allclose(curves.recall, [0, *points[:, 1]])
    np.testing.assert_allclose(curves.precision, [points[0, 2], *points[:, 2]])
    average = np.sum(np.diff(points[:, 1], prepend=0) * points[:, 2])
    assert areas["average_precision"] == pytest.approx(average, abs=1e-12) and curves.positive == "yes"


def test_one_class_or_no_score_has_no_curves():
    scores = np.arange(4.0)
    for positive, given in ((scores >= 0, scores), (scores < 0, scores), (scores > 1, scores * np.nan)):
        areas, curves = binary_curves.binary_curves(given, positive, "yes")
        assert curves is None and all(map(math.isnan, areas.values())) and list(areas) == ["auc", "average_precision"]


def test_of_many_thresholds_some_are_kept():
    generator = np.random.default_rng(0)
    positive = generator.random(50_000) < 0.1
    scores = generator.normal(size=50_000) + 2 * positive
    areas, curves = binary_curves.binary_curves(scores, positive, "yes")
    rates = curves.false_positive_rate, curves.true_positive_rate
    assert 900 < len(rates[0]) <= 1000 and [(rate[0], rate[-1]) for rate in rates] == [(0, 1), (0, 1)]
    assert np.trapezoid(rates[1], rates[0]) == pytest.approx(areas["auc"], abs=2e-3)
    assert np.diff(rates[0] + rates[1]).max() < 0.005
