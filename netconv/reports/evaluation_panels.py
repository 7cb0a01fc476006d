"""An evaluation as panels of a figure: confusion matrix, ROC and precision-recall curve; predicted against true values,
and residuals. Knows no model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..tables.number_format import figure, shortened
from . import confusion_matrix
from .evaluation_report import BinaryCurves, Evaluation
from .figures import FAINT, LARGEST, TRAINING, VALIDATION, Panel

if TYPE_CHECKING:
    import numpy as np

AS_IMAGE = 300
"""More points than this are an image in an SVG file, which would be large and slow with a shape for each."""


def panels(evaluation: Evaluation) -> list[list[Panel]]:
    """The panels of an evaluation, in rows; those of several outputs follow each other."""
    if evaluation.heads:
        rows = [(name, row) for name, each in evaluation.heads.items() for row in panels(each)]
        return [[_of_head(name, panel) for panel in row] for name, row in rows]
    if evaluation.sample:
        return [_of_target(evaluation, index) for index in range(len(evaluation.sample.names))]
    if not evaluation.confusion:
        return [[Panel("recall of the classes", 5.0, 3.7, partial(_recalls, evaluation=evaluation))]]
    row = [confusion_matrix.panel([report.name for report in evaluation.classes], evaluation.confusion)]
    if curves := evaluation.curves:
        auc, average = (figure(evaluation.metrics[name]) for name in ("auc", "average_precision"))
        row.append(Panel("ROC curve", 4.3, 4.3, partial(_roc, curves=curves, auc=auc)))
        row.append(Panel("precision-recall curve", 4.3, 4.3, partial(_precision_recall, curves=curves, area=average)))
    return [row]


def _of_head(name: str, panel: Panel) -> Panel:
    """A panel of one of several outputs, with its name in the titles."""

    def draw(axes: Any) -> None:
        panel.draw(axes)
        axes.set_title(f"{shortened(name, 24)}: {axes.get_title(loc='left')}", pad=10)

    return replace(panel, title=f"{name}: {panel.title}", draw=draw)


def _recalls(panel: Any, evaluation: Evaluation) -> None:
    """How many classes have which recall, where there are too many for a matrix."""
    recalls = [report.recall for report in evaluation.classes if report.count]
    panel.hist(recalls, bins=20, range=(0, 1), color=TRAINING)
    panel.set_title(f"{evaluation.rows:,} rows, accuracy {figure(evaluation.metrics['accuracy'])}")
    panel.set_xlabel("recall of a class")
    panel.set_ylabel(f"number of classes, of {len(recalls):,}")
    panel.grid(axis="y")


# Two classes


def _roc(panel: Any, curves: BinaryCurves, auc: str) -> None:
    panel.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    panel.plot(curves.false_positive_rate, curves.true_positive_rate, color=TRAINING, linewidth=1.6)
    _unit_square(panel, f"ROC curve, auc {auc}")
    panel.set_xlabel(f"false positive rate (positive: {shortened(curves.positive, 24)})")
    panel.set_ylabel("true positive rate")


def _precision_recall(panel: Any, curves: BinaryCurves, area: str) -> None:
    panel.step(curves.recall, curves.precision, where="pre", color=TRAINING, linewidth=1.6)
    _unit_square(panel, f"PR curve, average precision {area}")
    panel.set_xlabel(f"recall of {shortened(curves.positive, 24)}")
    panel.set_ylabel(f"precision of {shortened(curves.positive, 24)}")


def _unit_square(panel: Any, title: str) -> None:
    panel.set_title(title, pad=10)
    panel.set_xlim(-0.02, 1.02)
    panel.set_ylim(-0.02, 1.02)
    panel.set_aspect("equal")
    panel.grid()


# Values


def _of_target(evaluation: Evaluation, index: int) -> list[Panel]:
    """Predicted against true values of a target, and its residuals."""
    import numpy as np

    assert evaluation.sample is not None
    sample, single = evaluation.sample, len(evaluation.sample.names) == 1
    true, predicted = sample.true[:, index], sample.predicted[:, index]
    drawn = (np.abs(true) < LARGEST) & (np.abs(predicted) < LARGEST)  # not NaN either
    name = shortened(sample.names[index], 24)
    r2, rmse = (figure(evaluation.metrics[metric]) for metric in ("r2", "rmse"))
    shown = f"{len(true):,} of {evaluation.rows:,} rows" if len(true) < evaluation.rows else f"{len(true):,} rows"
    if index == 0 and sample.targets > len(sample.names):
        shown += f", {len(sample.names)} of {sample.targets:,} targets"
    titles = (f"r2 {r2}, rmse {rmse}", shown) if single else (name, shown)
    points = {"true": true[drawn], "predicted": predicted[drawn]}
    against = partial(_against, name=name, title=titles[0], **points)
    residuals = partial(_residuals, name=name, title=titles[1], **points)
    suffix = "" if single else f", {name}"
    return [
        Panel(f"predicted against true values{suffix}", 4.4, 4.4, against),
        Panel(f"residuals{suffix}", 5.2, 4.4, residuals),
    ]


def _against(panel: Any, name: str, title: str, true: np.ndarray, predicted: np.ndarray) -> None:
    from matplotlib.ticker import MaxNLocator

    _points(panel, true, predicted)
    if len(true):
        low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
        panel.plot([low, high], [low, high], color=VALIDATION, linewidth=1.2)
    panel.set_title(title, pad=10)
    panel.set_xlabel(f"true {name}")
    panel.set_ylabel(f"predicted {name}")
    panel.set_aspect("equal", adjustable="datalim")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(6))


def _residuals(panel: Any, name: str, title: str, true: np.ndarray, predicted: np.ndarray) -> None:
    _points(panel, predicted, true - predicted)
    panel.axhline(0, color=VALIDATION, linewidth=1.2)
    panel.set_title(title, pad=10)
    panel.set_xlabel(f"predicted {name}")
    panel.set_ylabel("residual: true − predicted")


def _points(panel: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Points that are the fainter the more there are, so that their density is seen."""
    many = len(x) > AS_IMAGE
    panel.scatter(x, y, s=9 if many else 16, color=TRAINING, linewidths=0, rasterized=many,
                  alpha=max(0.25, min(0.75, 400 / max(len(x), 1))))  # fmt: skip
    panel.grid()
