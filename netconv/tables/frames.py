"""Objects in memory as columns: data frames, Arrow tables, arrays, dictionaries of columns.

Neither pandas nor Polars is imported: what an object is follows from the protocols that it has (Arrow's PyCapsule
interface, `__dataframe__`, `__array__`) and, for pandas, from the module of its class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

from ..errors import DataError, first_line
from .rows import array_names, numbered_names


@dataclass(frozen=True)
class Columns:
    """Columns side by side: their names, whether these are the user's, and their parts, which are columns of Arrow and
    arrays (rows, ...) of numbers."""

    names: list[str]
    named: bool
    parts: list[Any]

    @property
    def rows(self) -> int:
        return len(self.parts[0]) if self.parts else 0


def columns(data: Any, what: str) -> Columns:
    """The columns of an object; `what` it is, for messages. Raises DataError."""
    if isinstance(data, Mapping):
        return _of_dictionary(data, what)
    if is_of(data, "pandas"):
        return _of_pandas(data, what)
    arrow = _as_arrow(data, what)
    if arrow is not None:
        return arrow
    if isinstance(data, list | tuple) or hasattr(data, "__array__"):
        return _of_array(data, what)
    raise DataError(f"must be a data frame, an array or a dictionary of columns; received {type(data).__name__}", what)


def is_of(data: Any, package: str) -> bool:
    """Whether an object is of a class of a package, or of one derived from it."""
    return any(each.__module__.partition(".")[0] == package for each in type(data).__mro__)


def _as_arrow(data: Any, what: str) -> Columns | None:
    """The columns of an object that Arrow converts; None for any other. Raises DataError."""
    import pyarrow as pa

    try:
        if isinstance(data, pa.Table | pa.RecordBatch):
            found = data
        elif isinstance(data, pa.Array | pa.ChunkedArray):
            found = pa.chunked_array(data) if isinstance(data, pa.ChunkedArray) else pa.chunked_array([data])
        elif hasattr(data, "__arrow_c_stream__"):
            found = pa.chunked_array(data)
        elif hasattr(data, "__arrow_c_array__"):
            found = pa.chunked_array([pa.array(data)])
        elif hasattr(data, "__dataframe__"):
            import pyarrow.interchange

            found = pyarrow.interchange.from_dataframe(data)
        else:
            return None
    except (pa.ArrowException, NotImplementedError, RuntimeError) as error:
        raise DataError(f"cannot be converted to Arrow: {first_line(error)}", what) from None
    if isinstance(found, pa.ChunkedArray):
        if not pa.types.is_struct(found.type):
            name = getattr(data, "name", None)
            return Columns([name] if isinstance(name, str) and name else ["1"], bool(name), [found])
        found = _unnested(found)
    return Columns(list(found.column_names), True, list(found.columns))


def _unnested(column: Any) -> Any:
    """A table of a column of structures."""
    import pyarrow as pa

    schema = pa.schema(list(column.type))
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(chunk) for chunk in column.chunks], schema)


def _of_pandas(data: Any, what: str) -> Columns:
    """The columns of a frame or a series; the index is not one of them."""
    if not hasattr(data, "iloc") or not hasattr(data, "columns"):
        name = getattr(data, "name", None)
        return Columns(["1" if name is None else str(name)], name is not None, [_as_column(data, what, None)])
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in data.columns]
    parts = [_as_column(data.iloc[:, index], what, name) for index, name in enumerate(names)]
    return Columns(names, True, parts)


def _of_dictionary(data: Mapping[Any, Any], what: str) -> Columns:
    """The columns of a dictionary of lists, arrays or series; one of single values is a row."""
    if data and all(map(_is_cell, data.values())):
        data = {name: [value] for name, value in data.items()}
    names: list[str] = []
    parts: list[Any] = []
    lengths: dict[str, int] = {}
    for name, value in data.items():
        if _is_cell(value) or isinstance(value, Mapping):
            raise DataError(f"must be a list or an array; received {value!r:.60}", what, column=str(name))
        try:
            found = columns(value, what)
        except DataError as error:
            raise DataError(error.what, what, column=str(name)) from None
        names += array_names(str(name), len(found.names))
        parts += found.parts
        lengths[str(name)] = found.rows
    check_lengths(lengths, what)
    return Columns(names, True, parts)


def _is_cell(value: Any) -> bool:
    return value is None or isinstance(value, str | Number)


def check_lengths(lengths: Mapping[str, int], what: str) -> None:
    """Raises DataError unless all arrays, by name, have as many rows."""
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {rows:,}" for name, rows in lengths.items())
        raise DataError(f"its arrays have different numbers of rows: {shown}", what)


def _of_array(data: Any, what: str) -> Columns:
    """The columns of an array or nested list: numbered, or named as the fields of a structured array."""
    import numpy as np

    if isinstance(data, list | tuple) and not any(isinstance(value, list | tuple) or _axes(value) for value in data):
        return Columns(["1"], False, [_as_column(list(data), what, None)])
    try:
        array = np.asanyarray(data)
    except ValueError:
        raise DataError("its rows have different numbers of values", what) from None
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan) if array.dtype.kind in "biuf" else array.filled()
    array = np.asarray(array)
    if array.ndim == 0:
        raise DataError("is a single value, and rows are expected", what)
    if array.dtype.names:
        return _of_dictionary({name: array[name] for name in array.dtype.names}, what)
    width = math.prod(array.shape[1:])
    if not width:
        raise DataError(f"has the shape {' x '.join(map(str, array.shape))}, which has no values", what)
    if array.dtype.kind in "iuf" or (array.dtype.kind == "b" and array.ndim > 1):
        return Columns(list(numbered_names(width)), False, [array])
    cells = array.reshape(len(array), width)
    return Columns(
        list(numbered_names(width)), False, [_as_column(cells[:, index], what, None) for index in range(width)]
    )


def _axes(value: Any) -> int:
    """The number of axes of an array."""
    return getattr(value, "ndim", 0)


def _as_column(values: Any, what: str, name: str | None) -> Any:
    """A column of Arrow of the cells of a list, an array or a series; cells of different types become text."""
    import pyarrow as pa

    if isinstance(values, list):
        values = [None if _is_missing(value) else value for value in values]
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        cells = values if isinstance(values, list) else values.tolist()
        column = pa.array([None if _is_missing(cell) else str(cell) for cell in cells], pa.string())
    except pa.ArrowNotImplementedError:
        kind = getattr(values, "dtype", type(values).__name__)
        raise DataError(f"holds {kind}, and numbers or text are expected", what, column=name) from None
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            raise DataError(
                "holds bytes that are not UTF-8, and numbers or text are expected", what, column=name
            ) from None
    return column


def _is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN, or missing for pandas."""
    return (
        cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and math.isnan(cell))
    )
