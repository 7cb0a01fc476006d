"""The confusion matrix as a panel of a figure. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..tables.number_format import figure, shortened_apart
from .figures import INK, PAPER, TRAINING, Panel

if TYPE_CHECKING:
    import numpy as np

MOST = 40
"""How many classes are legible in a matrix."""
LONGEST = 24
"""Characters of the name of a class."""


def panel(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Panel:
    """A confusion matrix: true classes down, predicted ones across. The color of a cell is its share of its row; count
    and share are written in it if there is room. Of more than 40 classes it has those with the most mistakes, and one
    row and column for all others.

    Args:
        names: of the classes.
        counts: (classes, classes), as in `Evaluation.confusion`.
    """
    import numpy as np

    matrix = np.asarray(counts)
    title = f"{matrix.sum():,} rows, accuracy {figure(matrix.trace() / max(matrix.sum(), 1))}"
    if len(names) > MOST:
        names, matrix, note = _reduced(names, matrix)
        title += f"\n{note}"
    labels = shortened_apart(names, LONGEST)
    number, digits = len(labels), len(f"{matrix.max():,}")
    cell = 1.3 if number <= 4 else min(0.85, max(8.5 / number, 0.5 if number < 20 else 0.36))
    longest = max(map(len, labels))
    upright = longest * 0.085 > cell
    side, margin = cell * number, 0.075 * longest
    width, height = side + margin + 2.0, side + (margin if upright else 0.3) + 1.1 + 0.2 * title.count("\n")
    points = min(13.0, 72 * (cell - 0.08) / (0.62 * max(digits, 3)))
    draw = partial(
        _draw, title=title, labels=labels, matrix=matrix, side=side, points=points, upright=upright, cell=cell
    )
    return Panel("confusion matrix", max(width, 0.078 * max(map(len, title.split("\n")))), height, draw)


def _reduced(names: Sequence[str], matrix: np.ndarray) -> tuple[list[str], np.ndarray, str]:
    """The classes with the most mistakes, and all others as one."""
    import numpy as np

    mistakes = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    kept = np.sort(np.argsort(-mistakes, kind="stable")[: MOST - 1])
    group = np.full(len(names), MOST - 1)
    group[kept] = np.arange(MOST - 1)
    reduced = np.zeros((MOST, MOST), matrix.dtype)
    np.add.at(reduced, (group[:, None], group[None, :]), matrix)
    others = len(names) - len(kept)
    note = (
        f"the {len(kept)} of {len(names):,} classes with the most mistakes; the others are in the last row and column"
    )
    return [*(names[index] for index in kept), f"{others:,} others"], reduced, note


def _draw(
    panel: Any,
    title: str,
    labels: list[str],
    matrix: np.ndarray,
    side: float,
    points: float,
    upright: bool,
    cell: float,
) -> None:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgba

    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    full = to_rgba(TRAINING)
    blues = LinearSegmentedColormap.from_list("share", [(*full[:3], 0.05), full])  # on light and on dark paper
    # The power makes rare mistakes visible.
    mesh = panel.pcolormesh(shares, edgecolor=PAPER, linewidth=0.8, cmap=blues, norm=PowerNorm(0.6, 0, 1))
    panel.set_aspect("equal")
    panel.set_ylim(len(labels), 0)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
    ticks, size = np.arange(len(labels)) + 0.5, 10 if cell >= 0.3 else 8
    panel.set_xticks(ticks, labels, fontsize=size, rotation=90 if upright else 0)
    panel.set_yticks(ticks, labels, fontsize=size)
    panel.set_xlabel("predicted class", labelpad=8)
    panel.set_ylabel("true class", labelpad=8)
    panel.set_title(title, pad=10)
    bar = panel.figure.colorbar(
        mesh, ax=panel, shrink=min(1.0, 5 / side), aspect=24, pad=0.02, format=_percent, drawedges=False
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    bar.set_label("share of the true class")
    if points >= 5:
        _write_cells(panel, matrix, shares, points, both=0.75 * points >= 5.5 and cell * 72 > 2.9 * points)


def _write_cells(panel: Any, counts: np.ndarray, shares: np.ndarray, size: float, both: bool) -> None:
    for row, column in zip(*counts.nonzero(), strict=True):
        count, share = counts[row, column], shares[row, column]
        color = PAPER if share > 0.65 else INK
        height = row + (0.38 if both else 0.5)
        panel.text(column + 0.5, height, f"{count:,}", ha="center", va="center", fontsize=size, color=color)
        if both:
            panel.text(column + 0.5, row + 0.68, _percent(share), ha="center", va="center", fontsize=0.75 * size,
                       color=color, alpha=0.85)  # fmt: skip


def _percent(share: float, _position: object = None) -> str:
    """A share in percent, rounded to 0% or 100% only if it is exactly that."""
    percent = 100 * share
    if percent in (0, 100) or 1 <= percent <= 99:
        return f"{percent:.0f}%"
    return "<0.1%" if percent < 0.1 else ">99.9%" if percent > 99.9 else f"{percent:.1f}%"
