"""Columns of Arrow as columns of a table: numbers or text, of which lists are a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .rows import Text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def check_type(type_: pa.DataType, file: str, column: str) -> None:
    """Raises DataError for the type of a column that holds neither numbers nor text."""
    if not _is_readable(type_):
        raise DataError(f"holds {type_}, and numbers or text are expected", file, column=column)


def _is_readable(type_: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return _is_readable(type_.value_type)
    if _is_list(type_):
        return types.is_integer(type_.value_type) or types.is_floating(type_.value_type) or _is_text(type_.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null, types.is_date,
             types.is_time, types.is_timestamp, types.is_string, types.is_large_string,
             types.is_string_view)  # fmt: skip
    return any(test(type_) for test in tests)


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)


def _is_text(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def converted(column: pa.Array) -> Text | np.ndarray | None:
    """A column as text or as numbers; None if it holds only nulls. Truth values are the texts False and True, as in
    CSV."""
    import pyarrow as pa

    column = _decoded(column)
    type_ = column.type
    if pa.types.is_null(type_):
        return None
    if pa.types.is_decimal(type_):
        column = column.cast(pa.float64())
    if pa.types.is_boolean(type_) or pa.types.is_temporal(type_) or not pa.types.is_primitive(column.type):
        return text(column)
    return column.to_numpy(zero_copy_only=False)


def text(column: pa.Array) -> Text:
    """A column as text."""
    return Text.from_arrow(strings(column))


def strings(column: pa.Array) -> pa.Array:
    """The cells of a column as text; a list has blanks between its numbers or texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _decoded(column)
    if _is_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), " ")
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    return column.cast(pa.string())


def cell(column: Any, row: int) -> str:
    """A cell as text, empty if it is null."""
    value = column[row].as_py()
    return "" if value is None else str(value)


def _decoded(column: pa.Array) -> pa.Array:
    """Without a dictionary, whose texts some types of Arrow cannot take."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    values = column.dictionary
    if pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values.take(column.indices)
