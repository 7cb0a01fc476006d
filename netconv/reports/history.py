"""The history of a training, read from a file. Knows no model."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError
from ..tables.sources import Source, source

LARGEST = 64 << 20
"""The size of a history in bytes: a million epochs."""


def read(data: Source | Path | str | BinaryIO) -> tuple[dict[str, float], ...]:
    """Reads the metrics of each epoch from a path or a binary stream.

    Args:
        data: CSV with a header, as `netconv train --history` and Keras's CSVLogger write it, or JSON lines, as written
            by `--history` and printed by `netconv train --json`; lines without a loss are left out.

    Returns:
        The metrics by name, as in `TrainingResult.history`; missing ones are NaN.

    Raises:
        DataError: it is not a history, or cannot be read.
    """
    file = source(data)
    with file.open() as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(f"a history of more than {LARGEST >> 20} MB", file.name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("is not a history: it is not UTF-8", file.name) from None
    history = tuple(_from_json(text, file) if text.lstrip()[:1] == "{" else _from_csv(text, file))
    if not history:
        raise DataError("is not a history: it has no epoch with a loss", file.name)
    return history


def _from_json(text: str, file: Source) -> Iterator[dict[str, float]]:
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            facts = json.loads(row)
        except (ValueError, RecursionError):
            raise DataError("is not JSON", file.name, line) from None
        if isinstance(facts, dict) and _is_number(facts.get("loss", "")):
            yield {str(name): _as_float(value) for name, value in facts.items() if _is_number(value)}


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _as_float(value) -> float:
    try:
        return math.nan if value is None else float(value)
    except OverflowError:
        return math.inf


def _from_csv(text: str, file: Source) -> Iterator[dict[str, float]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next(reader, [])
        if "loss" not in names:
            raise DataError("is not a history: it has no column 'loss'", file.name)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise DataError(f"{len(cells)} cells, and the header has {len(names)}", file.name, reader.line_num)
            yield {n: _number(cell, n, reader.line_num, file) for n, cell in zip(names, cells, strict=True)}
    except csv.Error as error:
        raise DataError(f"cannot be read: {error}", file.name, reader.line_num) from None


def _number(cell: str, name: str, line: int, file: Source) -> float:
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError:
        raise DataError(f"{cell!r} is not a number", file.name, line, name, cell) from None
