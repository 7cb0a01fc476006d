"""Parquet files as tables. Knows no layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import DataError
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text, unique
from .sources import Source, Stream

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
CELLS = 2 << 20
"""Cells of a block."""


def stream(stream: Stream, source: Source, wanted: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of a Parquet file in blocks; `wanted` tells by the form which columns are which. Raises DataError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if stream.compressed:
        raise DataError("is a compressed Parquet file: decompress it first", source.name)
    broken = DataError("is cut short or damaged: it is no Parquet file", source.name)
    try:
        file = pq.ParquetFile(stream.file(), pre_buffer=False)
        form = TableFormat(",", ".", True, unique(file.schema_arrow.names))
    except (pa.ArrowException, OSError):
        raise broken from None
    chosen = wanted(form)
    read = [position for position in range(len(form.names)) if position not in chosen.ignored]
    strange = next((p for p in read if not _readable(file.schema_arrow.field(p).type)), None)
    if strange is not None:
        kind = file.schema_arrow.field(strange).type
        raise DataError(f"holds {kind}, and numbers or text are wanted", source.name, column=form.names[strange])
    batches = file.iter_batches(max(1, CELLS // max(1, len(form.names))))
    start = 0
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            raise broken from None
        if batch is None:
            break
        yield _rows(batch, source.name, form, chosen, start)
        start += len(batch)
    if not start:
        yield _rows(pa.RecordBatch.from_pylist([], file.schema_arrow), source.name, form, chosen, 0)


def _readable(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _readable(kind.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null, types.is_temporal,
             types.is_string, types.is_large_string, types.is_string_view)  # fmt: skip
    return any(test(kind) for test in tests)


def _rows(batch: pa.RecordBatch, file: str, form: TableFormat, chosen: ColumnRoles, start: int) -> Rows:
    import numpy as np
    import pyarrow as pa

    numbers, texts = np.full((len(batch), len(form.names)), np.nan, np.float32), {}
    for position, column in enumerate(batch.columns):
        if position in chosen.ignored:
            continue
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
            column = column.cast(pa.float64() if pa.types.is_decimal(kind) else pa.uint8())
        if pa.types.is_temporal(kind) or not (pa.types.is_primitive(column.type) or pa.types.is_null(kind)):
            texts[position] = Text.of(column.cast(pa.string()))
        elif not pa.types.is_null(kind):
            with np.errstate(over="ignore"):
                numbers[:, position] = column.to_numpy(zero_copy_only=False)
    kept = {position: batch.columns[position].cast(pa.string()) for position in chosen.kept}

    def find(row):
        cells = [column[row].as_py() for column in batch.columns]
        return RowLocation(file, "row", start + row + 1, ["" if cell is None else str(cell) for cell in cells])

    return Rows(file, form, numbers, texts, find, kept)
