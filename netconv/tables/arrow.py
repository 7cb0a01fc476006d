"""Columns of Arrow as columns of a table: numbers or text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .rows import Text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


FIRST_DATE, LAST_DATE = (datetime(*day, tzinfo=timezone.utc) for day in ((1, 1, 2), (9999, 12, 30)))
"""Dates that Python has in every time zone."""


def check_type(type_: pa.DataType, file: str, column: str) -> None:
    """Raises DataError for the type of a column that holds neither numbers nor text, or times of an unknown zone."""
    import pyarrow as pa

    if not _is_readable(type_):
        raise DataError(f"holds {type_}, and numbers or text are expected", file, column=column)
    values = type_.value_type if pa.types.is_dictionary(type_) else type_
    if pa.types.is_timestamp(values) and values.tz:
        try:
            pa.scalar(0, values).cast(pa.string())
        except pa.ArrowInvalid:
            raise DataError(f"holds {values}, and there is no such time zone", file, column=column) from None


def is_text(type_: pa.DataType) -> bool:
    """Whether a column of this type holds text, plain or as a dictionary."""
    import pyarrow as pa

    if pa.types.is_dictionary(type_):
        return is_text(type_.value_type)
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)


def check_cells(column: pa.Array, file: str, name: str) -> None:
    """Raises DataError for a column with text that is not UTF-8, or with dates and times out of range."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        what = "holds times out of range" if pa.types.is_time(type_) else "holds text that is not UTF-8"
        raise DataError(what, file, column=name) from None
    if pa.types.is_date(type_) or pa.types.is_timestamp(type_):
        values = column.dictionary if pa.types.is_dictionary(column.type) else column
        unit = {"day": 86_400, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[_unit(type_)]
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        limits = pc.min_max(values.view(pa.int32() if pa.types.is_date32(type_) else pa.int64())).as_py()
        for limit in filter(None, limits.values()):
            first, last = ((day - epoch) / timedelta(seconds=1) for day in (FIRST_DATE, LAST_DATE))
            if not first <= limit * unit <= last:
                raise DataError("holds dates out of range; those of the years 1 to 9999 are read", file, column=name)


def _unit(type_: pa.DataType) -> str:
    """The unit of dates or of times since 1970."""
    import pyarrow as pa

    if pa.types.is_date(type_):
        return "day" if pa.types.is_date32(type_) else "ms"
    return type_.unit


def _is_readable(type_: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return _is_readable(type_.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null, types.is_date,
             types.is_time, types.is_timestamp, is_text)  # fmt: skip
    return any(test(type_) for test in tests)


def converted(column: pa.Array) -> Text | np.ndarray | None:
    """A column as text or as numbers; None if it holds only nulls. Truth values are the texts False and True, as in
    CSV."""
    import pyarrow as pa

    if is_text(column.type):
        return text(column)
    column = _decoded(column)
    type_ = column.type
    if pa.types.is_null(type_):
        return None
    if pa.types.is_decimal(type_):
        column = column.cast(pa.float64())
    if pa.types.is_boolean(type_) or pa.types.is_temporal(type_):
        return text(column)
    return column.to_numpy(zero_copy_only=False)


def text(column: pa.Array) -> Text:
    """A column as text."""
    import pyarrow as pa

    is_coded = pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type)
    return Text.from_arrow(column if is_coded else strings(column))


def strings(column: pa.Array) -> pa.Array:
    """The cells of a column as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _decoded(column)
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    return column.cast(pa.string())


def cell(column: Any, row: int) -> str:
    """A cell as text, empty if it is null."""
    import pyarrow as pa

    value = (strings(column.slice(row, 1))[0] if pa.types.is_temporal(column.type) else column[row]).as_py()
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
