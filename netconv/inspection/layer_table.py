"""The layers of a model as a table, as text and as facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..keras_files.layer_rows import LayerRow
from ..tables.number_format import shortened

HEADS = ("layer", "class", "output shape", "parameters")
LONGEST = 60
"""Characters of a cell."""


def printable(text: Any) -> str | None:
    """A text of a file in one line, None for another value."""
    if not isinstance(text, str):
        return None
    return text if text.isprintable() else ascii(text)


def facts(rows: Sequence[LayerRow]) -> list[dict[str, Any]]:
    """The rows as plain JSON; those of a nested model are in its `layers`."""
    return [
        {
            "name": row.name, "class": row.kind, "output": row.output, "parameters": row.parameters,
            "inputs": list(row.inputs), **({"layers": facts(row.layers)} if row.layers else {}),
        }
        for row in rows
    ]  # fmt: skip


def lines(rows: Sequence[LayerRow]) -> list[str]:
    """The rows as lines, below a line of heads; those of a nested model are indented below it."""
    cells = list(_cells(rows, ""))
    if not cells:
        return []
    widths = [max(len(row[column]) for row in [HEADS, *cells]) for column in range(len(HEADS))]
    return [
        "  " + "  ".join(
            text.rjust(width) if number == len(HEADS) - 1 else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [HEADS, *cells]
    ]  # fmt: skip


def _cells(rows: Sequence[LayerRow], indent: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for row in rows:
        name, kind, output = (shortened(printable(text) or "", LONGEST) for text in (row.name, row.kind, row.output))
        found.append((indent + name, kind, output, f"{row.parameters:,}"))
        found += _cells(row.layers, f"{indent}  ")
    return found
