"""A page with the diagram of a net, whose groups open and close: one HTML file without scripts that needs no other."""

from __future__ import annotations

from typing import Any

from . import graphviz
from .diagram import Box, Diagram, Group, groups_in, part
from .templates import template

MOST_ROWS = 5000
"""How many boxes the table of a page has."""


def page(name: str, diagram: Diagram, boxes: list[Box], what: str) -> str:
    """The page on the net `name`; `boxes` are those of the diagram before blocks were folded, and `what` are they:
    "layer" or "node". Raises NetconvError."""
    listed = [box for box in boxes if not box.is_output]
    groups = list(groups_in(diagram.items))
    links = {id(group): f"#group-{number}" for number, group in enumerate(groups, 1)}
    return template("diagram.html", "a page needs").render(
        name=name, what=what, count=diagram.count, parameters=diagram.parameters,
        picture=_figure(graphviz.svg(diagram, links)),
        whole=_figure(graphviz.svg(diagram)) if groups else None,
        groups=[_group(diagram, group, links) for group in groups],
        rows=listed[:MOST_ROWS], more=max(0, len(listed) - MOST_ROWS),
    )  # fmt: skip


def _group(diagram: Diagram, group: Group, links: dict[int, str]) -> dict[str, Any]:
    drawn = graphviz.svg(part(diagram, group), links)
    return {"id": links[id(group)].removeprefix("#"), "title": graphviz.title(group), "picture": _figure(drawn)}


def _figure(drawn: str) -> dict[str, Any]:
    """An SVG element, which needs no escaping: Graphviz escapes its texts."""
    from markupsafe import Markup

    return {"svg": Markup(drawn), "width": round(graphviz.size(drawn)[0] * 96 / 72)}
