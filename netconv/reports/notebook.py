"""Results as a notebook shows them: small tables and learning curves as HTML, with SVG drawn here.

matplotlib, which draws the pictures in files, is an extra and takes a second to import.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from ..tables.number_format import figure, shortened

if TYPE_CHECKING:
    from .evaluation_report import Evaluation

WIDTH, HEIGHT, MARGIN = 260, 120, 6
"""Of a panel, in pixels; the margin is around its curves."""
TRAINING, VALIDATION = "#1f6fb4", "#d1620c"
MOST_PANELS, MOST_CLASSES, MOST_POINTS = 4, 20, 500
LARGEST = 1e30


def training(text: str, history: Sequence[Mapping[str, float]], best: int | None, evaluation: Evaluation) -> str:
    """A trained model: the lines of its text, the curves of its history with the epoch `best` marked, and the classes
    of its evaluation."""
    lines = [(line[:11].strip(), line[11:].strip()) for line in text.splitlines()]
    return _page(_table(lines), _curves(history, best), *_of_heads(evaluation, _classes))


def evaluation(result: Evaluation) -> str:
    """The metrics of an evaluation, its classes, and its confusion matrix if it is small."""
    metrics = [("rows", f"{result.rows:,}"), *((name, figure(value)) for name, value in result.metrics.items())]
    return _page(_table(metrics), *_of_heads(result, _classes, _confusion))


def _of_heads(result: Evaluation, *parts: Callable[[Evaluation], str]) -> list[str]:
    """These parts of the evaluation of each output, under its name if there are several."""
    return [
        f"<div><b>{escape(name)}</b></div>{shown}" if name and shown else shown
        for name, each in result.by_head.items()
        for shown in (part(each) for part in parts)
    ]


def _page(*parts: str) -> str:
    shown = "".join(f'<div style="margin:0 2em 1em 0">{part}</div>' for part in parts if part)
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{shown}</div>'


def _table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table whose first column names its rows."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        f'<tr><th style="text-align:left">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table>{f'<thead><tr>{titles}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _classes(result: Evaluation) -> str:
    shown = [report for report in result.classes if report.count or report.predicted]
    if not shown:
        return ""
    worst = sorted(shown, key=lambda report: report.f1)[:MOST_CLASSES] if len(shown) > MOST_CLASSES else shown
    rows = [(shortened(c.name), f"{c.precision:.4f}", f"{c.recall:.4f}", f"{c.f1:.4f}", f"{c.count:,}") for c in worst]
    hidden = len(shown) - len(worst)
    more = f"<div>and {hidden:,} classes with a larger f1</div>" if hidden else ""
    return _table(rows, ("class", "precision", "recall", "f1", "count")) + more


def _confusion(result: Evaluation) -> str:
    if not 0 < len(result.confusion) <= MOST_CLASSES:
        return ""
    names = [shortened(report.name) for report in result.classes]
    rows = [(name, *(f"{count:,}" for count in row)) for name, row in zip(names, result.confusion, strict=True)]
    return _table(rows, ("true \\ predicted", *names))


# Curves


def _curves(history: Sequence[Mapping[str, float]], best: int | None) -> str:
    """A panel for the loss and for each of the first other metrics."""
    names = dict.fromkeys(name.removeprefix("val_") for metrics in history for name in metrics if name != "epoch")
    ordered = sorted(names, key=lambda name: name != "loss")
    panels = [panel for name in ordered[:MOST_PANELS] if (panel := _panel(history, name, best))]
    if not panels:
        return ""
    legend = " ".join(f'<span style="color:{color}">&#9644; {label}</span>'
                      for label, color in (("training", TRAINING), ("validation", VALIDATION)))  # fmt: skip
    marked = "" if best is None else f" &#8942; best epoch: {best}"
    return f"<div>{legend}{marked}</div>{''.join(panels)}"


def _panel(history: Sequence[Mapping[str, float]], name: str, best: int | None) -> str:
    """The curves of a metric as SVG; "" if it has no finite values."""
    step = max(1, -(-len(history) // MOST_POINTS))
    series = [[metrics.get(prefix + name, math.nan) for metrics in history[::step]] for prefix in ("", "val_")]
    known = [value for values in series for value in values if abs(value) < LARGEST]
    if not known:
        return ""
    low, high, last = min(known), max(known), max(1, len(series[0]) - 1)

    def x(place: float) -> str:
        return f"{MARGIN + (WIDTH - 2 * MARGIN) * place / last:.1f}"

    def y(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share:.1f}"

    drawn = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>']
    if best is not None:
        at = x((best - 1) / step)
        drawn.append(f'<line x1="{at}" x2="{at}" y1="0" y2="{HEIGHT}" stroke="currentColor" stroke-opacity="0.5" '
                     'stroke-dasharray="3"/>')  # fmt: skip
    for values, color in zip(series, (TRAINING, VALIDATION), strict=True):
        points = [(x(place), y(value)) for place, value in enumerate(values) if abs(value) < LARGEST]
        if len(points) == 1:
            drawn.append(f'<circle cx="{points[0][0]}" cy="{points[0][1]}" r="3" fill="{color}"/>')
        else:
            joined = " ".join(map(",".join, points))
            drawn.append(f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    title = escape(f"{shortened(name.replace('_', ' '))}: {figure(low)} to {figure(high)}")
    picture = f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">{"".join(drawn)}</svg>'
    return f'<div style="display:inline-block;margin-right:1em"><div>{title}</div>{picture}</div>'
