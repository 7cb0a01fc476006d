"""Plots of learning curves and confusion matrices, by matplotlib, which is imported when one is drawn.

The same numbers give the same bytes. Knows neither models nor tables.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..atomic_files import replacing
from ..errors import NetconvError
from ..tables.number_format import figure, shortened

FORMATS = (".png", ".svg")
DPI = 144
MOST = 24
"""How many metrics fit in a plot."""
LARGEST = 1e30
"""Larger values are left out of a curve: matplotlib cannot scale them."""
TRAINING, VALIDATION, INK, FAINT = "#1f6fb4", "#d1620c", "#222222", "#777777"
STYLE = {
    "font.size": 10, "text.color": INK, "text.parse_math": False, "svg.hashsalt": "netconv", "svg.fonttype": "path",
    "axes.edgecolor": "#bbbbbb", "axes.labelcolor": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 11, "xtick.color": "#555555", "ytick.color": "#555555", "legend.frameon": False,
}  # fmt: skip


def check_picture(target: Path | str) -> Path:
    """Checks that a plot can be drawn, before the work whose results it shows; returns its path.

    Raises NetconvError if the suffix is not a supported format, or matplotlib is not installed."""
    path = Path(target)
    if path.suffix.lower() not in FORMATS:
        raise NetconvError(f"{target}: a plot is a .png or .svg file")
    _import()
    return path


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
    numbers = [metrics.get("epoch", number) for number, metrics in enumerate(history, 1)]
    plausible = all(abs(number) < 1e9 for number in numbers)
    epochs = [int(number) for number in numbers] if plausible else list(range(1, len(history) + 1))
    names = list(dict.fromkeys(name.removeprefix("val_") for metrics in history for name in metrics if name != "epoch"))
    names.sort(key=lambda name: name != "loss")
    if not names:
        raise NetconvError("there are no metrics to plot")
    if len(names) > MOST:
        raise NetconvError(f"{len(names):,} metrics are too many for a plot, which has room for {MOST}")
    columns = min(len(names), 2)
    rows = math.ceil(len(names) / columns)
    best = _best([metrics.get("val_loss", math.nan) for metrics in history]) if best is None else best - 1
    with _figure(6.4 if columns == 1 else 5.0 * columns, 3.5 * rows + 0.5, target) as drawn:
        panels = list(drawn.subplots(rows, columns, squeeze=False, sharex=True).flat)
        for name, panel in zip(names, panels, strict=False):
            series = [[metrics.get(prefix + name, math.nan) for metrics in history] for prefix in ("", "val_")]
            _curves(panel, name, epochs, series, best)
        for panel in panels[len(names) :]:
            panel.remove()
        lines = {line.get_label(): line for panel in drawn.axes for line in panel.get_lines()}
        shown = [line for label, line in lines.items() if not label.startswith("_")]
        drawn.legend(handles=shown, loc="outside upper left", ncols=3, handlelength=1.6, columnspacing=1.8)


def _best(losses: list[float]) -> int | None:
    finite = [loss for loss in losses if math.isfinite(loss)]
    return losses.index(min(finite)) if finite else None


def _curves(panel, name: str, epochs: list[int], series: list[list[float]], best: int | None) -> None:
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
    panel.set_title(shortened(name.replace("_", " ")), loc="left", fontweight="bold")
    if best is not None:
        panel.axvline(epochs[best], color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=1,
                      label=f"best epoch: {epochs[best]}")  # fmt: skip
        if not math.isnan(value := series[1][best]):
            panel.plot(epochs[best], value, "o", color=VALIDATION, markersize=6, markeredgecolor="white", zorder=4)
            panel.set_title(f"validation {figure(value)} at epoch {epochs[best]}", loc="right", fontsize=9, color=FAINT)
    panel.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    panel.xaxis.set_tick_params(labelbottom=True)
    if len(epochs) == 1:
        panel.set_xlim(epochs[0] - 1, epochs[0] + 1)
        panel.set_xticks(epochs)
    panel.grid(axis="y", color="#eaeaea")
    panel.set_axisbelow(True)
    panel.set_xlabel("epoch")


def confusion_matrix(names: Sequence[str], counts: Sequence[Sequence[int]], target: Path | str | BinaryIO) -> None:
    """Draws a confusion matrix: true classes down, predicted ones across. The color of a cell is its share of its row;
    count and share are written in it if there is room.

    Args:
        names: of the classes.
        counts: (classes, classes), as in `Evaluation.confusion`.
        target: a path, `.png` or `.svg`, or a binary stream, to which SVG is written.

    Raises:
        NetconvError: there is no matrix, or matplotlib is not installed.
        OSError: the plot cannot be written.
    """
    import numpy as np

    _import()
    from matplotlib.colors import PowerNorm

    matrix = np.asarray(counts)
    if not matrix.size:
        raise NetconvError("there is no confusion matrix: the net predicts values, or more than 2,000 classes")
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    number, digits = len(names), len(f"{matrix.max():,}")
    cell = max(8.5 / number, 0.5 if number < 20 else 0.36 if number <= 40 else 0.0) if number > 4 else 1.3
    cell = min(cell, 0.85) if number > 4 else cell
    side = cell * number
    shown = [shortened(name) for name in names]
    margin = 0.075 * max(map(len, shown))
    upright = max(map(len, shown)) * 0.085 > cell
    width, height = side + margin + 2.0, side + (margin if upright else 0.3) + 1.1
    with _figure(width, height, target) as drawn:
        panel = drawn.add_subplot()
        shades = {"cmap": "Blues", "norm": PowerNorm(0.6, 0, 1)}  # so that rare mistakes are seen
        if number <= 40:
            mesh = panel.pcolormesh(shares, edgecolor="white", linewidth=0.8, **shades)
        else:
            mesh = panel.imshow(shares, extent=(0, number, number, 0), **shades)
        panel.set_aspect("equal")
        panel.set_ylim(number, 0)
        panel.spines[:].set_visible(number > 40)
        panel.tick_params(length=0)
        step = max(1, math.ceil(number * 0.16 / side))
        ticks = range(0, number, step)
        size = 10 if cell >= 0.3 else 8
        panel.set_xticks([tick + 0.5 for tick in ticks], shown[::step], fontsize=size, rotation=90 if upright else 0)
        panel.set_yticks([tick + 0.5 for tick in ticks], shown[::step], fontsize=size)
        panel.set_xlabel("predicted class", labelpad=8)
        panel.set_ylabel("true class", labelpad=8)
        accuracy = matrix.trace() / max(matrix.sum(), 1)
        panel.set_title(f"{matrix.sum():,} rows, accuracy {accuracy:.4f}", loc="left", pad=10)
        bar = drawn.colorbar(mesh, ax=panel, shrink=min(1.0, 5 / side), aspect=24, pad=0.02, format=_percent)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        bar.set_label("share of the true class")
        if (points := min(13, 72 * (cell - 0.08) / (0.62 * max(digits, 3)))) >= 5:
            _write_cells(panel, matrix, shares, points, both=0.75 * points >= 5.5 and cell * 72 > 2.9 * points)


def _write_cells(panel, counts, shares, size: float, both: bool) -> None:
    for row, column in zip(*counts.nonzero(), strict=True):
        count, share = counts[row, column], shares[row, column]
        color = "white" if share > 0.4 else INK
        height = row + (0.38 if both else 0.5)
        panel.text(column + 0.5, height, f"{count:,}", ha="center", va="center", fontsize=size, color=color)
        if both:
            panel.text(column + 0.5, row + 0.68, _percent(share), ha="center", va="center", fontsize=0.75 * size,
                       color=color, alpha=0.85)  # fmt: skip


def _percent(share: float, _position=None) -> str:
    """A share in percent, rounded to 0% or 100% only if it is exactly that."""
    percent = 100 * share
    if percent in (0, 100) or 1 <= percent <= 99:
        return f"{percent:.0f}%"
    return "<0.1%" if percent < 0.1 else ">99.9%" if percent > 99.9 else f"{percent:.1f}%"


def _import():
    try:
        import matplotlib.figure
    except ImportError:
        raise NetconvError("plots need matplotlib: pip install 'netconv[plot]'") from None
    return matplotlib


@contextmanager
def _figure(width: float, height: float, target: Path | str | BinaryIO) -> Iterator:
    """A figure, its size in inches, which is written to the target at the end of the block. It does not depend on the
    user's settings of matplotlib."""
    path = None if hasattr(target, "write") else check_picture(target)
    matplotlib = _import()
    plain = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    with matplotlib.rc_context({**plain, **STYLE}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box is drawn for it
        drawn = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
        drawn.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        yield drawn
        if path is None:
            drawn.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
            return
        form = path.suffix.lower().removeprefix(".")
        metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        with replacing(path) as name:
            drawn.savefig(name, format=form, dpi=DPI, metadata=metadata)
