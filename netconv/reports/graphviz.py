"""Diagrams drawn by Graphviz: by its program `dot` if that is installed, otherwise by that of the package
graphviz-pure. Knows no layers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count
from pathlib import Path

from ..errors import NetconvError
from ..tables.number_format import pluralize, shortened
from .diagram import Arrow, Box, Diagram, Group, Stack, boxes_in

SECONDS = 60
"""The most time for a drawing."""
MOST_BOXES = 3000
"""The most boxes that are drawn."""
LONGEST_STACK = 24
"""The most boxes of a column of a stack."""
LONGEST_NAME, LONGEST_DETAIL = 28, 44
DPI, MOST_PIXELS = 144, 16_000
"""Of a PNG: the resolution, and the longest side."""
FONT, FONTS = "DejaVu Sans", "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif"
"""Of an SVG: the font whose widths boxes have, one of the widest, and those that are used where it is not installed."""
PNG_FONT = "Helvetica"
INK, FAINT, LINE = "#222222", "#6b6b6b", "#8a8f98"
COLORS = {
    "input": "#dcdfe4", "output": "#c3c9d4", "convolution": "#bdd7f5", "dense": "#cfc8f2", "recurrent": "#f4c6da",
    "pooling": "#c5e6c8", "normalization": "#f8e6ae", "activation": "#fad0ab", "arithmetic, merging": "#b7e3df",
    "shape": "#e8dfd0", "embedding, attention": "#dbe79f", "dropout, noise": "#efe9f3", "other": "#ffffff",
    "not supported": "#f2a5a0",
}  # fmt: skip
"""The color of each category of boxes."""


def check_graphviz(what: str) -> str:
    """The program that draws; `what` begins the error if there is not one: "a picture of a net needs"."""
    own = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    found = shutil.which("dot") or shutil.which(own) or shutil.which(own.name)
    if found is None:
        raise NetconvError(f"{what} Graphviz: pip install '.[plot]', or install its program dot")
    return found


def svg(diagram: Diagram, folded: Mapping[int, str] | None = None) -> str:
    """The SVG element of a diagram. With `folded` its groups are single boxes, with links to the addresses that it has
    for them by `id`. Raises NetconvError."""
    drawn = _draw(_source(diagram, folded or {}, FONT, "transparent"), "svg").decode()
    drawn = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    drawn = re.sub(rf'font-family="{FONT}[^"]*"', f'font-family="{FONTS}"', drawn)
    return re.sub(r' (?:id="(?:graph|node|edge|clust|a_)[^"]*"|xml:space="preserve"|xlink:title="")', "", drawn)


def png(diagram: Diagram) -> bytes:
    """A diagram as PNG. Raises NetconvError."""
    width, height = size(svg(diagram))
    dpi = min(DPI, int(72 * MOST_PIXELS / max(width, height)))
    return _draw(_source(diagram, {}, PNG_FONT, "white"), "png", f"-Gdpi={dpi}")


def size(drawn: str) -> tuple[float, float]:
    """The width and height of an SVG element in points."""
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', drawn)[:2]
    return float(width), float(height)


def _draw(source: str, form: str, *options: str) -> bytes:
    command = [check_graphviz("a picture of a net needs"), f"-T{form}", *options]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NetconvError(f"the net is too large to draw: Graphviz did not finish in {SECONDS} seconds") from None
    if done.returncode or not done.stdout:
        what = done.stderr.decode(errors="replace").strip().splitlines()
        raise NetconvError(f"Graphviz cannot draw the net: {what[-1] if what else f'it ended with {done.returncode}'}")
    return done.stdout


def _source(diagram: Diagram, folded: Mapping[int, str], font: str, paper: str) -> str:
    """A diagram in the language of Graphviz."""
    boxes = list(boxes_in(diagram.items))
    if len(boxes) > MOST_BOXES:
        raise NetconvError(f"the net is too large to draw: {len(boxes):,} boxes, and {MOST_BOXES:,} are drawn at most")
    owners: dict[str, str] = {}
    lines = [
        "digraph {",
        f'graph [bgcolor={paper}, fontname="{font}", fontsize=10, fontcolor="{FAINT}", ranksep=0.32, nodesep=0.3];',
        f'node [shape=plain, fontname="{font}", fontsize=10, fontcolor="{INK}"];',
        f'edge [fontname="{font}", fontsize=9, fontcolor="{FAINT}", color="{LINE}", arrowsize=0.6];',
        *_nodes(diagram.items, owners, folded, count()),
        *_edges(diagram.arrows, owners),
        f"label=<{_legend(diagram, boxes)}>;",
        "}",
    ]
    return "\n".join(lines)


def _nodes(
    items: Sequence[Stack | Group], owners: dict[str, str], folded: Mapping[int, str], numbers: Iterator[int]
) -> list[str]:
    """The lines of items. Adds the names of their nodes to `owners`, by key of each box in them."""
    lines = []
    for item in items:
        name = f"n{next(numbers)}"
        if isinstance(item, Stack):
            owners |= {box.key: name for box in item.boxes}
            lines.append(f"{name} [label=<{_stack(item.boxes)}>];")
        elif item.name.op or id(item) in folded:
            owners |= {box.key: name for box in boxes_in(item.items)}
            link = f', URL="{escape(folded[id(item)])}", tooltip="opens the group"' if id(item) in folded else ""
            lines.append(f"{name} [label=<{_closed(item, bool(link))}>{link}];")
        else:
            lines += [
                f"subgraph cluster_{name} {{",
                f'label="{_quoted(title(item))}"; labeljust=l; style=rounded; color="{LINE}"; margin=8;',
                *_nodes(item.items, owners, folded, numbers),
                "}",
            ]
    return lines


def title(group: Group) -> str:
    """What a group is, in words: its name, how often it repeats, its parameters."""
    parts = [shortened(name) for name in (group.name.op, group.name.name) if name]
    parts += [f"{group.count:,} times"] if group.count > 1 else []
    parts += [pluralize(group.parameters, "parameter")] if group.parameters else []
    return ", ".join(parts)


def _edges(arrows: Sequence[Arrow], owners: Mapping[str, str]) -> list[str]:
    shapes: dict[tuple[str, str, bool], list[str]] = {}
    for arrow in arrows:
        ends = owners.get(arrow.source), owners.get(arrow.target)
        if ends[0] and ends[1] and (ends[0] != ends[1] or arrow.again):
            found = shapes.setdefault((ends[0], ends[1], arrow.again), [])
            found += [shape for shape in arrow.shapes if shape not in found]
    lines = []
    for (source, target, again), texts in shapes.items():
        text = "\n".join(f" {_sized(shape)}" for shape in texts[:3]) + ("\n …" if len(texts) > 3 else "")
        style = ", style=dashed, constraint=false" if again else ""
        lines.append(f'{source} -> {target} [label="{_quoted(text)}"{style}];')
    return lines


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _sized(shape: str) -> str:
    return shortened(shape.replace(" x ", " × "), 60)


def _stack(boxes: Sequence[Box]) -> str:
    """A stack as a table, of several columns if it is long."""
    height = -(-len(boxes) // -(-len(boxes) // LONGEST_STACK))
    columns = [_column(boxes[start : start + height]) for start in range(0, len(boxes), height)]
    if len(columns) == 1:
        return columns[0]
    arrow = f'<TD VALIGN="BOTTOM"><FONT COLOR="{LINE}">→</FONT></TD>'
    cells = arrow.join(f'<TD VALIGN="TOP">{column}</TD>' for column in columns)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"><TR>{cells}</TR></TABLE>'


def _column(boxes: Sequence[Box]) -> str:
    rows = []
    for box in boxes:
        color, detail = COLORS[box.category], shortened(_sized(box.detail), LONGEST_DETAIL) if box.detail else ""
        name = shortened(box.name, LONGEST_NAME) if box.name else ""
        parameters = f"{box.parameters:,}" if box.parameters else ""
        row = "".join(
            f'<TD ALIGN="{align}" SIDES="{sides}" BGCOLOR="{color}" COLOR="{LINE}">{text}</TD>'
            for align, sides, text in (
                ("LEFT", "LTB", f"<B>{escape(shortened(box.kind))}</B>"),
                ("LEFT", "TB", _text(detail)),
                ("LEFT", "TB", _faint(name)),
                ("RIGHT", "TB", _text(_sized(box.shape) if box.shape else "")),
                ("RIGHT", "TBR", _faint(parameters)),
            )
        )
        rows.append(f"<TR>{row}</TR>")
    return f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>'


def _text(text: str) -> str:
    """A text of which the baseline is that of a bold one beside it: Graphviz has another one for cells without bold
    text."""
    return f"{escape(text)}<B> </B>" if text else " "


def _faint(text: str) -> str:
    return f'<FONT COLOR="{FAINT}" POINT-SIZE="8">{escape(text)}<B> </B></FONT>' if text else " "


def _closed(group: Group, opens: bool) -> str:
    """A folded group as a table: what it is, and the kinds of its boxes; marked if it `opens` when it is clicked."""
    mark = "▸ " if opens else ""
    boxes = list(boxes_in(group.items))
    kinds = list(dict.fromkeys(box.kind for box in boxes))
    listed = ", ".join(map(shortened, kinds[:4])) + (", …" if len(kinds) > 4 else "")
    cells = f"<B>{mark}{escape(title(group))}</B>", _faint(listed)
    rows = "".join(f'<TR><TD ALIGN="LEFT">{cell}</TD></TR>' for cell in cells)
    return (
        f'<TABLE BORDER="2" STYLE="ROUNDED" COLOR="{LINE}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" '
        f'BGCOLOR="#ffffff">{rows}</TABLE>'
    )


def _legend(diagram: Diagram, boxes: Sequence[Box]) -> str:
    used = {box.category for box in boxes}
    cells = "".join(
        f'<TD BGCOLOR="{color}"><FONT COLOR="{INK}">{category}</FONT></TD>'
        for category, color in COLORS.items()
        if category in used
    )
    what = f"{pluralize(diagram.parameters, 'parameter')}" if diagram.parameters else " "
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="3"><TR>{cells}'
        f'<TD><FONT COLOR="{FAINT}">{what}</FONT></TD></TR></TABLE>'
    )
