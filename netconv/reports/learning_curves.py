"""Learning curves: the loss and each metric by epoch. Knows no model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import NetconvError
from ..tables.number_format import figure, shortened
from . import figures
from .figures import FAINT, LARGEST, PAPER, TRAINING, VALIDATION, Panel

MOST = 24
"""How many metrics fit in a plot."""


def learning_curves(
    history: Sequence[dict[str, float]], target: Path | str | BinaryIO, best: int | None = None
) -> None:
    """Draws the loss and each metric by epoch, on the rows trained on and on those validated on.

    Args:
        history: the metrics of each epoch by Keras's names, as in `TrainingResult.history`.
        target: a path, `.png` or `.svg`, or a binary stream, to which SVG is written.
        best: the number of the epoch that is marked, from 1. None is the one with the smallest validation loss.

    Raises:
        NetconvError: there is nothing to plot, or too much, or matplotlib is not installed.
        OSError: the plot cannot be written.
    """
    drawn = panels(history, best)
    if not drawn:
        raise NetconvError("there are no metrics to plot")
    if len(drawn) > MOST:
        raise NetconvError(f"{len(drawn):,} metrics are too many for a plot, which has room for {MOST}")
    figures.write([drawn[start : start + 2] for start in range(0, len(drawn), 2)], target)


def panels(history: Sequence[dict[str, float]], best: int | None = None) -> list[Panel]:
    """A panel for each metric, the loss first; the arguments are those of `learning_curves`."""
    numbers = [metrics.get("epoch", number) for number, metrics in enumerate(history, 1)]
    plausible = all(abs(number) < 1e9 for number in numbers)
    epochs = [int(number) for number in numbers] if plausible else list(range(1, len(history) + 1))
    names = list(dict.fromkeys(name.removeprefix("val_") for metrics in history for name in metrics if name != "epoch"))
    names.sort(key=lambda name: name != "loss")
    index = _best([metrics.get("val_loss", math.nan) for metrics in history]) if best is None else best - 1
    made = []
    for name in names:
        series = [[metrics.get(prefix + name, math.nan) for metrics in history] for prefix in ("", "val_")]
        title = shortened(name.replace("_", " "))
        made.append(Panel(title, 4.8, 3.6, partial(_curves, title=title, epochs=epochs, series=series, best=index)))
    return made


def _best(losses: list[float]) -> int | None:
    finite = [loss for loss in losses if math.isfinite(loss)]
    return losses.index(min(finite)) if finite else None


def _curves(panel: Any, title: str, epochs: list[int], series: list[list[float]], best: int | None) -> None:
    from matplotlib.ticker import MaxNLocator

    series = [[value if abs(value) < LARGEST else math.nan for value in values] for values in series]
    marker = "o" if len(epochs) == 1 else ""
    for values, label, color in zip(series, ("training", "validation"), (TRAINING, VALIDATION), strict=True):
        if not all(map(math.isnan, values)):
            panel.plot(epochs, values, marker=marker, color=color, linewidth=1.6, label=label)
    known = [value for values in series for value in values if not math.isnan(value)]
    if known and min(known) > 0 and max(known) > 100 * min(known):
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(lambda value, _position: f"{value:g}")
    panel.set_title(title, fontweight="bold")
    if best is not None:
        panel.axvline(epochs[best], color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=1,
                      label=f"best epoch: {epochs[best]}")  # fmt: skip
        if not math.isnan(value := series[1][best]):
            panel.plot(epochs[best], value, "o", color=VALIDATION, markersize=6, markeredgecolor=PAPER, zorder=4)
            panel.set_title(f"validation {figure(value)} at epoch {epochs[best]}", loc="right", fontsize=9, color=FAINT)
    panel.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    margin = 0.05 * (max(epochs) - min(epochs)) or 1
    panel.set_xlim(min(epochs) - margin, max(epochs) + margin)
    if len(epochs) == 1:
        panel.set_xticks(epochs)
    panel.grid(axis="y")
    panel.set_xlabel("epoch")
