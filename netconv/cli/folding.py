"""Lines folded to the width of a terminal. Knows no terminal."""

from __future__ import annotations

import re
from textwrap import wrap

LABEL = re.compile(r"(?= *[\w-]+(?: [\w-]+)? *$| {12}$)[ \w-]{11} $")
"""The first characters of a line that begins with a label: `features    `."""
NARROWEST = 20
"""Columns of a text beside its label, below which nothing is folded."""


def folded(text: str, width: int) -> str:
    """A text with its lines folded to `width` columns, a line after a label below its text; preferably after commas,
    colons and semicolons, so that what they separate stays together."""
    return "\n".join(part for line in text.splitlines() for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    indent = 12 if LABEL.match(line[:12]) else 0
    if len(line) <= width or width < indent + NARROWEST:
        return [line]
    parts: list[str] = [""]
    for piece in re.split(r"(?<=[,;:]) ", line[indent:]):
        joined = f"{parts[-1]} {piece}" if parts[-1] else piece
        if len(joined) <= width - indent:
            parts[-1] = joined
        elif len(piece) <= width - indent:
            parts.append(piece)
        else:
            parts[-1:] = wrap(joined, width - indent, break_long_words=False, break_on_hyphens=False)
    return [line[:indent] + parts[0], *(" " * indent + part for part in parts[1:])]
