"""Figures of panels, drawn by matplotlib, which is imported when one is drawn, as PNG and SVG.

The same numbers give the same bytes. Knows nothing of what is drawn.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..atomic_files import replacing
from ..errors import NetconvError

FORMATS = (".png", ".svg")
DPI = 144
LARGEST = 1e30
"""Larger values are left out: matplotlib cannot scale them."""
INK, AXIS, TICKS, FAINT, GRID, PAPER = "#222222", "#bbbbbb", "#555555", "#777777", "#eaeaea", "#ffffff"
TRAINING, VALIDATION = "#1f6fb4", "#d1620c"
STYLE = {
    "font.size": 10, "text.color": INK, "text.parse_math": False, "svg.hashsalt": "netconv", "svg.fonttype": "path",
    "axes.edgecolor": AXIS, "axes.labelcolor": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 11, "axes.titlelocation": "left", "xtick.color": TICKS, "ytick.color": TICKS,
    "legend.frameon": False, "grid.color": GRID, "axes.axisbelow": True,
}  # fmt: skip
VARIABLES = {
    INK: "ink", AXIS: "axis", TICKS: "ticks", FAINT: "faint", GRID: "grid", PAPER: "paper", TRAINING: "blue",
    VALIDATION: "orange",
}  # fmt: skip
"""Colors to the names of the variables that a page has for them, light and dark."""


@dataclass(frozen=True)
class Panel:
    """A part of a figure: `draw` draws it on axes; it takes `width` x `height` inches. `title` says what it shows."""

    title: str
    width: float
    height: float
    draw: Callable[[Any], None]


def check_picture(target: Path | str) -> Path:
    """Checks that a plot can be drawn, before the work whose results it shows; returns its path.

    Raises NetconvError if the suffix is not a supported format, or matplotlib is not installed."""
    path = Path(target)
    if path.suffix.lower() not in FORMATS:
        raise NetconvError(f"{target}: a plot is a {' or '.join(FORMATS)} file")
    import_matplotlib("plots need")
    return path


def import_matplotlib(what: str) -> Any:
    """matplotlib with its figures; `what` begins the error: "plots need". Raises NetconvError."""
    try:
        import matplotlib.figure
    except ImportError:
        raise NetconvError(f"{what} matplotlib: pip install '.[plot]'") from None
    return matplotlib


def write(rows: Sequence[Sequence[Panel]], target: Path | str | BinaryIO) -> None:
    """Writes a figure of rows of panels to a path, `.png` or `.svg`, or as SVG to a binary stream. Raises NetconvError
    if matplotlib is not installed, and OSError."""
    path = None if hasattr(target, "write") else check_picture(target)
    with _drawn(rows) as figure:
        if path is None:
            figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
            return
        form = path.suffix.lower().removeprefix(".")
        metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        with replacing(path) as name:
            figure.savefig(name, format=form, dpi=DPI, metadata=metadata)


def inline_svg(panel: Panel, name: str) -> str:
    """A panel as an SVG element of a page, with the fonts of the page and its colors, the variables of `VARIABLES`.
    `name` makes its ids different from those of other figures of the page."""
    content = io.BytesIO()
    with _drawn([[panel]]) as figure, import_matplotlib("plots need").rc_context({"svg.fonttype": "none"}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = content.getvalue().decode()
    svg = re.sub(r"<!--.*?-->\n?|<metadata>.*?</metadata>\n?", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for color, variable in VARIABLES.items():
        svg = re.sub(rf"((?:fill|stroke): ?){color}", rf"\g<1>var(--{variable})", svg)
    return svg


@contextmanager
def _drawn(rows: Sequence[Sequence[Panel]]) -> Iterator[Any]:
    """A figure of rows of panels, each row as wide as its widest; the lines that have labels are explained above. It
    does not depend on the user's settings of matplotlib."""
    matplotlib = import_matplotlib("plots need")
    plain = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    columns = max(map(len, rows))
    widths = [max(row[column].width for row in rows if column < len(row)) for column in range(columns)]
    heights = [max(panel.height for panel in row) for row in rows]
    with matplotlib.rc_context({**plain, **STYLE}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box is drawn for it
        figure = matplotlib.figure.Figure(figsize=(sum(widths), sum(heights)), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        grid = figure.add_gridspec(len(rows), columns, width_ratios=widths, height_ratios=heights)
        for number, row in enumerate(rows):
            for column, panel in enumerate(row):
                panel.draw(figure.add_subplot(grid[number, column]))
        lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
        explained = [line for label, line in lines.items() if not label.startswith("_")]
        if explained:
            figure.legend(handles=explained, loc="outside upper left", ncols=3, handlelength=1.6, columnspacing=1.8)
        yield figure
