"""Parquet files as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text, unique_names
from .sources import Source, Stream

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MAGIC = b"PAR1"
CELLS = 2 << 20
"""Cells of a block."""


def stream(stream: Stream, source: Source, roles_of: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of a Parquet file in blocks; `roles_of` returns the roles of its columns. Raises DataError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if stream.compressed:
        raise DataError("is a compressed Parquet file: decompress it first", source.name)
    damaged = DataError("is cut short or damaged: not a Parquet file", source.name)
    try:
        file = pq.ParquetFile(stream.seekable_file(), pre_buffer=False)
        format_ = TableFormat(",", ".", True, unique_names(file.schema_arrow.names))
    except (pa.ArrowException, OSError):
        raise damaged from None
    roles = roles_of(format_)
    _check_types(file.schema_arrow, format_, roles, source.name)
    batches = file.iter_batches(max(1, CELLS // max(1, len(format_.names))))
    start = 0
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            raise damaged from None
        if batch is None:
            break
        yield _rows(batch, source.name, format_, roles, start)
        start += len(batch)
    if not start:
        yield _rows(pa.RecordBatch.from_pylist([], file.schema_arrow), source.name, format_, roles, 0)


def _check_types(schema: pa.Schema, format_: TableFormat, roles: ColumnRoles, file: str) -> None:
    """Raises DataError for a column that is read and holds neither numbers nor text."""
    for index, name in enumerate(format_.names):
        type_ = schema.field(index).type
        if index not in roles.ignored and not _is_readable(type_):
            raise DataError(f"holds {type_}, and numbers or text are expected", file, column=name)


def _is_readable(type_: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return _is_readable(type_.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null, types.is_temporal,
             types.is_string, types.is_large_string, types.is_string_view)  # fmt: skip
    return any(test(type_) for test in tests)


def _rows(batch: pa.RecordBatch, file: str, format_: TableFormat, roles: ColumnRoles, start: int) -> Rows:
    """The rows of a batch, whose first is row `start` of the file."""
    import numpy as np
    import pyarrow as pa

    numbers = np.full((len(batch), len(format_.names)), np.nan, np.float32)
    texts: dict[int, Text] = {}
    for index, column in enumerate(batch.columns):
        if index not in roles.ignored:
            converted = _text(column) if index in roles.text else _converted(column)
            if isinstance(converted, Text):
                texts[index] = converted
            elif converted is not None:
                with np.errstate(over="ignore"):
                    numbers[:, index] = converted

    def cells(columns: Iterable[int]) -> dict[int, Any]:
        return {index: batch.columns[index].cast(pa.string()) for index in columns}

    def locate(row: int) -> RowLocation:
        cells = [column[row].as_py() for column in batch.columns]
        return RowLocation(file, "row", start + row + 1, ["" if cell is None else str(cell) for cell in cells])

    return Rows(file, format_, numbers, texts, locate, cells(roles.kept), cells=cells)


def _converted(column: pa.Array) -> Text | np.ndarray | None:
    """A column as text or as numbers; None if it holds only nulls."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    type_ = column.type
    if pa.types.is_null(type_):
        return None
    if pa.types.is_decimal(type_):
        column = column.cast(pa.float64())
    if pa.types.is_temporal(type_) or pa.types.is_boolean(type_) or not pa.types.is_primitive(column.type):
        return _text(column)  # of truth values, as a file of text has them
    return column.to_numpy(zero_copy_only=False)


def _text(column: pa.Array) -> Text:
    import pyarrow as pa

    return Text.from_arrow(column.cast(pa.string()))
