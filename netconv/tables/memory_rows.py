"""The rows of tables in memory, in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from . import arrays, arrow
from .memory import MemoryTable
from .number_spellings import as_numbers
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text
from .sources import BLOCK

if TYPE_CHECKING:
    import numpy as np


def stream(
    table: MemoryTable, file: str, roles_of: Callable[[TableFormat], ColumnRoles], known_text: frozenset[int]
) -> Iterator[Rows]:
    """The rows of a table in blocks; `file` is its name for messages, `roles_of` returns the roles of its columns, and
    the columns `known_text` turned out to be text. Raises DataError."""
    format_, roles = table.format, roles_of(table.format)
    roles = roles._replace(text=roles.text | known_text)
    step = max(1, BLOCK // (4 * len(format_.names)))
    start = 0
    for parts in table.chunks():
        _check_parts(parts, format_, roles, file)
        length = len(parts[0])
        for first in range(0, max(1, length), step):
            block = [_slice(part, first, min(step, length - first)) for part in parts]
            yield _rows(block, file, format_, roles, start + first)
        start += length


def _check_parts(parts: list[Any], format_: TableFormat, roles: ColumnRoles, file: str) -> None:
    """Raises DataError for parts that are not the columns of the table, or hold neither numbers nor text."""
    names = iter(enumerate(format_.names))
    width = sum(map(_width, parts))
    if width != len(format_.names):
        raise DataError(f"has batches of {len(format_.names):,} and of {width:,} columns", file)
    for part in parts:
        for index, name in [next(names) for _ in range(_width(part))]:
            if not _is_array(part) and index not in roles.ignored:
                arrow.check_type(part.type, file, name)


def _is_array(part: Any) -> bool:
    import numpy as np

    return isinstance(part, np.ndarray)


def _width(part: Any) -> int:
    return math.prod(part.shape[1:]) if _is_array(part) else 1


def _slice(part: Any, start: int, count: int) -> Any:
    """Some rows of a part: an array (rows, width), or a column of Arrow in one piece."""
    import pyarrow as pa

    if _is_array(part):
        return part[start : start + count].reshape(count, _width(part))
    part = part.slice(start, count)
    return part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part


def _rows(parts: list[Any], file: str, format_: TableFormat, roles: ColumnRoles, start: int) -> Rows:
    """A block of rows, whose first is row `start` of the table."""
    import numpy as np

    numbers = np.full((len(parts[0]), len(format_.names)), np.nan, np.float32)
    texts: dict[int, Text] = {}
    end = 0
    for part in parts:
        first, end = end, end + _width(part)
        if _is_array(part):
            with np.errstate(over="ignore"):
                numbers[:, first:end] = part
            for index in roles.text.intersection(range(first, end)):
                texts[index] = Text.from_arrow(_strings(part, index - first, file))
                numbers[:, index] = np.nan
        elif first not in roles.ignored:
            arrow.check_cells(part, file, format_.names[first])
            converted = arrow.text(part) if first in roles.text else _as_in_csv(arrow.converted(part))
            if isinstance(converted, Text):
                texts[first] = converted
            elif converted is not None:
                with np.errstate(over="ignore"):
                    numbers[:, first] = converted

    def locate(row: int) -> RowLocation:
        return RowLocation(file, "row", start + row + 1, [cell for part in parts for cell in _cells(part, row)])

    def cells(columns: Iterable[int]) -> dict[int, Any]:
        places = [(part, column) for part in parts for column in range(_width(part))]
        return {index: _strings(*places[index], file) for index in columns}

    return Rows(file, format_, numbers, texts, locate, cells(roles.kept), cells=cells)


def _strings(part: Any, column: int, file: str) -> Any:
    return arrays.strings(part[:, column], file) if _is_array(part) else arrow.strings(part)


def _cells(part: Any, row: int) -> Iterator[str]:
    if _is_array(part):
        yield from (arrays.cell(values, row) for values in part.T)
    else:
        yield arrow.cell(part, row)


def _as_in_csv(column: Text | np.ndarray | None) -> Text | np.ndarray | None:
    """A column whose texts are all numbers, as programs write them, as numbers."""
    import numpy as np
    import pyarrow as pa

    if not isinstance(column, Text) or not column.values:
        return column
    found = as_numbers(pa.array(column.values, pa.string()), ".")
    if found is None or found.example is not None or found.missing or found.sign:
        return column
    return np.append(found.values.to_numpy(zero_copy_only=False), np.float32(np.nan))[column.codes]
