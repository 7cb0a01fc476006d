"""Parquet files as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from . import arrow
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text, unique_names
from .sources import Source, Stream

if TYPE_CHECKING:
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
    for index, name in enumerate(format_.names):
        if index not in roles.ignored:
            arrow.check_type(file.schema_arrow.field(index).type, source.name, name)
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


def _rows(batch: pa.RecordBatch, file: str, format_: TableFormat, roles: ColumnRoles, start: int) -> Rows:
    """The rows of a batch, whose first is row `start` of the file."""
    import numpy as np

    numbers = np.full((len(batch), len(format_.names)), np.nan, np.float32)
    texts: dict[int, Text] = {}
    for index, column in enumerate(batch.columns):
        if index not in roles.ignored:
            converted = arrow.text(column) if index in roles.text else arrow.converted(column)
            if isinstance(converted, Text):
                texts[index] = converted
            elif converted is not None:
                with np.errstate(over="ignore"):
                    numbers[:, index] = converted

    def cells(columns: Iterable[int]) -> dict[int, Any]:
        return {index: arrow.strings(batch.columns[index]) for index in columns}

    def locate(row: int) -> RowLocation:
        return RowLocation(file, "row", start + row + 1, [arrow.cell(column, row) for column in batch.columns])

    return Rows(file, format_, numbers, texts, locate, cells(roles.kept), cells=cells)
