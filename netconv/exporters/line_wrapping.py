"""Lines of code that are too long as several, as a formatter has them. Knows what brackets, strings and comments are in
Python and R, and no more of either."""

from __future__ import annotations

import re
import textwrap

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"' r"|'(?:\\.|[^'\\])*'" r"|`[^`]*`|  #.*|[()\[\]{},]")
"""Strings, quoted names and comments, whose brackets and commas have no meaning; brackets and commas."""
OPENING, CLOSING = "([{", ")]}"
NUMBER = re.compile(r"-?[\d.][\w.+-]*|True|False|TRUE|FALSE")


def wrapped(line: str, width: int, indent: str, comma: str) -> list[str]:
    """A line as lines of at most `width` characters, where its brackets allow that. What is in the longest bracket
    comes on a line of its own, or each item on one, with `comma` after the last; numbers fill lines."""
    spans = _spans(line, len(indent)) if len(line) > width else []
    if not spans:
        return [line]
    start, end = max(spans, key=lambda span: span[1] - span[0])
    room, items = width - len(indent), _items(line[start:end])
    if end - start <= room:
        inside = [line[start:end]]
    elif all(map(NUMBER.fullmatch, items)):
        inside = textwrap.wrap(", ".join(items) + comma, room, break_on_hyphens=False)
    else:
        ended = [*(f"{item}," for item in items[:-1]), items[-1] + comma]
        inside = [each for item in ended for each in wrapped(item, room, indent, comma)]
    head, tail = (wrapped(part, width, indent, comma) for part in (line[:start], line[end:]))
    return [*head, *(indent + each for each in inside), *tail]


def _spans(text: str, least: int) -> list[tuple[int, int]]:
    """The start and the end of what is in each outermost bracket, if that is longer than `least`. Brackets that are
    only opened or only closed do not count."""
    opened: list[int] = []
    spans = []
    for match in TOKEN.finditer(text):
        if match.group() in OPENING:
            opened.append(match.end())
        elif match.group() in CLOSING and opened:
            start, end = opened.pop(), match.start()
            if not opened and end - start > least:
                spans.append((start, end))
    return spans


def _items(text: str) -> list[str]:
    """The parts of a text between the commas that are in no bracket."""
    depth, start, items = 0, 0, []
    for match in TOKEN.finditer(f"{text},"):
        depth += (match.group() in OPENING) - (match.group() in CLOSING)
        if match.group() == "," and not depth:
            items.append(text[start : match.start()].strip())
            start = match.end()
    return [item for item in items if item]
