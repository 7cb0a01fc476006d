"""Tables in memory: what `frames` converts, (x, y) of them, streams of Arrow, datasets of tf.data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import DataError, first_line
from .frames import Columns, check_lengths, columns, is_of
from .number_format import pluralize
from .rows import TableFormat, array_names, numbered_names, row_shapes, unique_names

TAKEN = (
    "a path, a stream, a data frame, an Arrow table, an array, a dictionary of columns, (x, y), a tf.data dataset, or "
    "a list of these"
)
"""What a table may be, for messages."""


@dataclass(frozen=True)
class MemoryTable:
    """A table in memory: its `kind` for messages, its format, and its rows.

    `chunks` returns the rows, some at a time; each chunk is a list of parts side by side. A part is a column (an Arrow
    array) or an array (rows, ...) of numbers, whose rows are columns in row-major order. `reopenable` is whether it can
    be called again.
    """

    kind: str
    format: TableFormat
    chunks: Callable[[], Iterator[list[Any]]]
    reopenable: bool = True

    def reopened(self) -> MemoryTable:
        """A table that can be read several times: one that cannot is copied to an unlinked temporary file. Raises
        OSError if the disk is full."""
        if self.reopenable:
            return self
        import pyarrow as pa

        copy = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as the table
        writer = None
        for parts in self.chunks():
            batch = pa.record_batch(parts, names=list(self.format.names))
            writer = writer or pa.ipc.new_stream(copy, batch.schema)
            writer.write_batch(batch)
        if writer:
            writer.close()

        def chunks() -> Iterator[list[Any]]:
            copy.seek(0)
            if writer:
                for batch in pa.ipc.open_stream(copy):
                    yield batch.columns

        return replace(self, chunks=chunks, reopenable=True)


def is_pair(data: Any) -> bool:
    """Whether a tuple is (x, y), and not a tuple of files or a single table."""
    return isinstance(data, tuple) and len(data) > 1 and not any(map(_is_file, data))


def _is_file(entry: Any) -> bool:
    return isinstance(entry, str) or hasattr(entry, "__fspath__") or hasattr(entry, "read") or hasattr(entry, "open")


def memory_table(data: Any) -> MemoryTable:
    """A table of an object in memory. Raises DataError for one that is not a table."""
    if is_pair(data):
        return _table("(x, y)", *_pair(data))
    if _is_dataset(data):
        return _of_dataset(data)
    if _has_batches(data):
        return _of_batches(data)
    kind = _kind(data)
    return _table(kind, columns(data, kind))


def _kind(data: Any) -> str:
    if isinstance(data, Mapping):
        return "the dictionary"
    if is_of(data, "pyarrow"):
        return "the Arrow table"
    if hasattr(data, "__dataframe__") or hasattr(data, "__arrow_c_stream__") or is_of(data, "pandas"):
        return "the data frame"
    if hasattr(type(data), "collect") and hasattr(type(data), "columns"):
        raise DataError("is lazy, and a table is expected: give it with .collect()", f"the {type(data).__name__}")
    if hasattr(data, "__arrow_c_array__"):
        return "the Arrow table"
    if hasattr(data, "__array__"):
        return "the array"
    raise DataError(f"the data must be {TAKEN}; received {type(data).__name__}")


def _table(kind: str, x: Columns, y: Columns | None = None) -> MemoryTable:
    names, parts = x.names, x.parts
    if y is not None:
        if x.rows != y.rows:
            raise DataError(f"x has {pluralize(x.rows, 'row')}, and y has {y.rows:,}", kind)
        names, parts = names + y.names, parts + y.parts
    targets = tuple(range(len(x.names), len(names)))
    if not names:
        raise DataError("has no columns", kind)
    shapes = row_shapes(part.shape[1:] if hasattr(part, "shape") else () for part in parts)
    format_ = TableFormat(",", ".", x.named, unique_names(names), targets=targets, row_shapes=shapes)
    return MemoryTable(kind, format_, lambda: iter([parts]))


def _pair(data: tuple[Any, ...]) -> tuple[Columns, Columns]:
    if len(data) > 2:
        raise DataError(f"must be two, the inputs and the targets; received {len(data)}", "(x, y)")
    x, y = _inputs(data[0]), columns(data[1], "y")
    return x, y if y.named else replace(y, names=list(array_names("y", len(y.names))))


def _inputs(x: Any) -> Columns:
    """The columns of x; a tuple or list of arrays has those of each input, in order."""
    if not isinstance(x, tuple | list) or all(isinstance(row, list | str) or not hasattr(row, "__len__") for row in x):
        return columns(x, "x")
    inputs = [columns(each, "x") for each in x]
    check_lengths({f"x[{index}]": each.rows for index, each in enumerate(inputs)}, "(x, y)")
    parts = [part for each in inputs for part in each.parts]
    return Columns(list(numbered_names(sum(len(each.names) for each in inputs))), False, parts)


# Objects with many batches


def _has_batches(data: Any) -> bool:
    """Whether an object is a stream of Arrow, which can be read once."""
    return hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__len__") and not is_of(data, "pandas")


def _of_batches(data: Any) -> MemoryTable:
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader.from_stream(data)
    except pa.ArrowException as error:
        raise DataError(f"cannot be read: {first_line(error)}", "the Arrow stream") from None
    format_ = TableFormat(",", ".", True, unique_names(reader.schema.names))

    def chunks() -> Iterator[list[Any]]:
        empty = True
        for batch in reader:
            empty = False
            yield batch.columns
        if empty:
            yield [pa.array([], field.type) for field in reader.schema]

    return MemoryTable("the Arrow stream", format_, chunks, reopenable=False)


def _is_dataset(data: Any) -> bool:
    return hasattr(data, "element_spec") and is_of(data, "tensorflow")


def _of_dataset(data: Any) -> MemoryTable:
    """A batched dataset of x or of (x, y). It is iterated again where the table is read again."""
    kind = "the tf.data dataset"
    specs = _leaves(data.element_spec)
    for spec in specs:
        if type(spec).__name__ != "TensorSpec":
            raise DataError(f"has elements of {type(spec).__name__}, and dense tensors are expected", kind)
    shapes = [spec.shape for spec in specs]
    if any(shape.rank == 0 or (shape.rank == 1 and shape[0] is not None and len(shapes) == 1) for shape in shapes):
        raise DataError("is not batched: give it with .batch(32)", kind)
    if int(data.cardinality()) == -1:
        raise DataError("never ends: give it without .repeat(), or with .take(N)", kind)

    def tables() -> Iterator[tuple[Columns, Columns | None]]:
        for element in data.as_numpy_iterator():
            element = element[0] if isinstance(element, tuple) and len(element) == 1 else element
            yield _pair(element) if isinstance(element, tuple) else (columns(element, kind), None)

    first = next(tables(), None)
    if first is None:
        raise DataError("has no rows", kind)

    def chunks() -> Iterator[list[Any]]:
        for x, y in tables():
            yield x.parts + (y.parts if y else [])

    return replace(_table(kind, *first), chunks=chunks)


def _leaves(spec: Any) -> list[Any]:
    """The specifications of the tensors in one of an element."""
    if isinstance(spec, Mapping):
        return [leaf for value in spec.values() for leaf in _leaves(value)]
    if isinstance(spec, tuple | list) and not hasattr(spec, "dtype"):
        return [leaf for value in spec for leaf in _leaves(value)]
    return [spec]
