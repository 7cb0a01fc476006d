"""Histories: the figures of a training, epoch by epoch, read from the files that hold them."""

from __future__ import annotations

import csv
import io
import json
import math

from ..errors import DataError
from ..tables.sources import Source, source

LARGEST = 64 << 20
"""Bytes of a history: a million epochs."""


def read(data) -> tuple[dict[str, float], ...]:
    """The figures of each epoch, as `TrainingResult.history` has them, from a path or a binary stream: CSV with a
    header, as
    `--history` and Keras's CSVLogger write it, or JSON lines, of which those without a loss are left out. A figure that
    there is none of is NaN. Raises DataError."""
    data = source(data)
    with data.open() as stream:
        text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise DataError(f"a history of more than {LARGEST >> 20} MB", data.name)
    try:
        text = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("is not a history: it is not UTF-8", data.name) from None
    history = tuple(_from_json(text, data) if text.lstrip()[:1] == "{" else _from_csv(text, data))
    if not history:
        raise DataError("is not a history: it has no epoch with a loss", data.name)
    return history


def _from_json(text: str, data: Source):
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            facts = json.loads(row)
        except (ValueError, RecursionError):
            raise DataError("is not JSON", data.name, line) from None
        if isinstance(facts, dict) and _is_figure(facts.get("loss", "")):
            yield {str(name): _figure(value) for name, value in facts.items() if _is_figure(value)}


def _is_figure(value) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _figure(value) -> float:
    try:
        return math.nan if value is None else float(value)
    except OverflowError:
        return math.inf


def _from_csv(text: str, data: Source):
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next(reader, [])
        if "loss" not in names:
            raise DataError("is not a history: it has no column 'loss'", data.name)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise DataError(f"{len(cells)} cells, and the header has {len(names)}", data.name, reader.line_num)
            yield {n: _number(cell, n, reader.line_num, data) for n, cell in zip(names, cells, strict=True)}
    except csv.Error as error:
        raise DataError(f"cannot be read: {error}", data.name, reader.line_num) from None


def _number(cell: str, name: str, line: int, data: Source) -> float:
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError:
        raise DataError(f"{cell!r} is not a number", data.name, line, name, cell) from None
