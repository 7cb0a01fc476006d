"""The ROC and the precision-recall curve of two classes, and the areas under them. Knows no model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..reports.evaluation_report import BinaryCurves

if TYPE_CHECKING:
    import numpy as np

MOST = 1000
"""Thresholds of a curve that are kept."""


def binary_curves(scores: np.ndarray, positive: np.ndarray, name: str) -> tuple[dict[str, float], BinaryCurves | None]:
    """The areas, `auc` and `average_precision`, and the curves.

    `auc` is the probability that a positive row has a higher score than a negative one, ties counting half.
    `average_precision` is the mean of the precision at each rise of the recall, weighted by the rise. Both are NaN, and
    there are no curves, if all rows are of one class or a score is NaN.

    Args:
        scores: of each row, (rows,).
        positive: whether the row is of the second class, (rows,) of bool.
        name: of the second class.
    """
    import numpy as np

    positives = int(np.count_nonzero(positive))
    negatives = len(positive) - positives
    if not positives or not negatives or np.isnan(scores).any():
        return {"auc": math.nan, "average_precision": math.nan}, None
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are one threshold
    true = np.concatenate([[0], np.cumsum(positive[order], dtype=np.int64)[ends]])
    false = np.concatenate([[0], ends + 1]) - true
    pairs = float(np.sum(np.diff(false) * (true[1:] + true[:-1]), dtype=np.float64)) / 2
    precision = true[1:] / (true[1:] + false[1:])
    average = float(np.sum(np.diff(true) * precision)) / positives
    precision = np.concatenate([precision[:1], precision])
    rates = false / negatives, true / positives
    kept = _evenly(rates[0] + rates[1])
    curves = BinaryCurves(name, rates[0][kept], rates[1][kept], rates[1][kept], precision[kept])
    return {"auc": pairs / (positives * negatives), "average_precision": average}, curves


def _evenly(positions: np.ndarray) -> np.ndarray:
    """The indices of at most MOST rising positions, evenly distributed, the first and the last among them."""
    import numpy as np

    if len(positions) <= MOST:
        return np.arange(len(positions))
    return np.unique(np.searchsorted(positions, np.linspace(positions[0], positions[-1], MOST)))
