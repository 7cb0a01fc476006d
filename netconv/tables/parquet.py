"""Parquet files as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..errors import DataError
from . import arrow
from .rows import LONGEST_CELL, ColumnRoles, RowLocation, Rows, TableFormat, Text, unique_names
from .sources import Source, Stream

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"
CELLS = 2 << 20
"""Cells of a block."""
BYTES = 32 << 20
"""Bytes of a block, by the sizes in the file's metadata."""
LARGEST, MOST_RATIO = 256 << 20, 64
"""Bytes of the largest part of a column that is unpacked whatever its size in the file is, and what a larger one may
be, times its size in the file."""


def stream(stream: Stream, source: Source, roles_of: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of a Parquet file in blocks; `roles_of` returns the roles of its columns. Raises DataError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if stream.compressed:
        raise DataError("is a compressed Parquet file: decompress it first", source.name)
    damaged = DataError("is cut short or damaged: not a Parquet file", source.name)
    try:
        stored = cast(BinaryIO, stream.seekable_file())
        file = pq.ParquetFile(stored, pre_buffer=False)
        format_ = TableFormat(",", ".", True, unique_names(file.schema_arrow.names))
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise damaged from None
    roles = roles_of(format_)
    read = [index for index in range(len(format_.names)) if index not in roles.ignored]
    for index in read:
        arrow.check_type(file.schema_arrow.field(index).type, source.name, format_.names[index])
    batches, start = _batches(file, stored, read, source.name), 0
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            raise damaged from None
        if batch is None:
            break
        columns = {
            index: _checked(column, source.name, format_.names[index], start)
            for index, column in zip(read, batch.columns, strict=True)
        }
        yield _rows(columns, len(batch), source.name, format_, roles, start)
        start += len(batch)
    if not start:
        empty = {index: pa.array([], file.schema_arrow.field(index).type) for index in read}
        yield _rows(empty, 0, source.name, format_, roles, 0)


def _batches(file: pq.ParquetFile, stored: BinaryIO, read: list[int], file_name: str) -> Iterator[pa.RecordBatch]:
    """The rows of some columns, by index, in blocks. Texts come as dictionaries, so that one that occurs often takes
    memory once. Raises DataError for a column that takes far more memory than its file."""
    import pyarrow.parquet as pq

    schema, metadata = file.schema_arrow, file.metadata
    names = [schema.names[index] for index in read]
    texts = [name for index, name in zip(read, names, strict=True) if arrow.is_text(schema.field(index).type)]
    counts = Counter(schema.names)
    twice = next((text for text in texts if counts[text] > 1), None)
    if twice is not None:
        raise DataError("is the name of several columns, of which one holds text: rename them", file_name, column=twice)
    step = max(1, CELLS // max(1, len(schema.names)))
    leaves = [index for index in range(metadata.num_columns) if metadata.schema.column(index).path in texts]
    for group in map(metadata.row_group, range(metadata.num_row_groups if leaves else 0)):
        if group.total_byte_size > LARGEST:  # else `column`, which ends the process on damaged metadata, is not called
            for chunk in map(group.column, leaves):
                _check_size(chunk, file_name)
        step = max(1, min(step, BYTES * group.num_rows // max(1, group.total_byte_size)))
    unique = len(set(schema.names)) == len(schema.names)
    file = pq.ParquetFile(stored, metadata=metadata, pre_buffer=False, read_dictionary=texts)
    for batch in file.iter_batches(step, columns=names if unique else None):
        yield batch.select(names if unique else read)


def _check_size(chunk: pq.ColumnChunkMetaData, file: str) -> None:
    """Raises DataError for a part of a column that takes far more memory than in its file."""
    size, stored_size = chunk.total_uncompressed_size, chunk.total_compressed_size
    if size > max(LARGEST, MOST_RATIO * stored_size):
        message = f"takes {size:,} bytes in memory, and {stored_size:,} in the file: not read"
        raise DataError(message, file, column=chunk.path_in_schema)


def _checked(column: pa.Array, file: str, name: str, start: int) -> pa.Array:
    """A column of a batch, whose first row is row `start` of the file; a dictionary has only the texts that occur.
    Raises DataError."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type) and len(column.dictionary) > len(column):
        used = column.indices.dictionary_encode()
        column = pa.DictionaryArray.from_arrays(used.indices, column.dictionary.take(used.dictionary))
    arrow.check_cells(column, file, name)
    if arrow.is_text(column.type):
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        lengths = pc.utf8_length(coded.dictionary.cast(pa.string()))
        longest = pc.max(lengths).as_py() or 0
        if longest > LONGEST_CELL:
            row = pc.index(coded.indices, pc.index(lengths, longest).as_py()).as_py()
            message = f"a text of {longest:,} characters, and at most {LONGEST_CELL:,} are read"
            raise DataError(message, file, column=name, row=start + row + 1)
    return column


def _rows(
    columns: dict[int, pa.Array], count: int, file: str, format_: TableFormat, roles: ColumnRoles, start: int
) -> Rows:
    """So many rows, of which some columns are read; the first is row `start` of the file."""
    import numpy as np

    numbers = np.full((count, len(format_.names)), np.nan, np.float32)
    texts: dict[int, Text] = {}
    for index, column in columns.items():
        converted = arrow.text(column) if index in roles.text else arrow.converted(column)
        if isinstance(converted, Text):
            texts[index] = converted
        elif converted is not None:
            with np.errstate(over="ignore"):
                numbers[:, index] = converted

    def cells(indices: Iterable[int]) -> dict[int, Any]:
        return {index: arrow.strings(columns[index]) for index in indices}

    def locate(row: int) -> RowLocation:
        found = [arrow.cell(columns[n], row) if n in columns else "" for n in range(len(format_.names))]
        return RowLocation(file, "row", start + row + 1, found)

    return Rows(file, format_, numbers, texts, locate, cells(roles.kept), cells=cells)
