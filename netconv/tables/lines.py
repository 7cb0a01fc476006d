"""Columns as lines of CSV and of JSON, a block of rows at a time. Knows arrays of NumPy and Arrow, no files.

A column is an Arrow array of text: from `numbers` or `names`, or cells as they were read; null is a missing value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def significant(values: np.ndarray, digits: int = 6) -> np.ndarray:
    """Values as float64, rounded to significant digits."""
    import numpy as np

    values = values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(values))))
        rounded = np.round(values * scale) / scale
    return np.where(np.isfinite(rounded), rounded, values)


def numbers(values: np.ndarray, without: np.ndarray | None = None) -> Any:
    """A column of the shortest text that reads as each number again; null where the mask `without` is set."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cast(pa.array(values, mask=without), pa.string())


def typed(column) -> Any:
    """A column of text as integers or decimal numbers if all its cells are; integers are then written alike."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        integers = pc.cast(column, pa.int64())
        return integers if pc.all(pc.equal(pc.cast(integers, pa.string()), column)).as_py() else column
    except pa.ArrowInvalid:
        try:
            return pc.cast(column, pa.float64())
        except pa.ArrowInvalid:
            return column


def names(codes: np.ndarray, of: Sequence[str], without: np.ndarray | None = None) -> Any:
    """A column of names by their indices; null where the mask `without` is set."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.take(pa.array(of, pa.string()), pa.array(codes, mask=without))


def cells(column) -> Any:
    """A column as cells of CSV, in quotes where needed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.fill_null(column, "")
    special = pc.match_substring_regex(column, r'[",\r\n]|^\s|\s$')
    if not pc.any(special).as_py():
        return column
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
    return pc.if_else(special, quoted, column).cast(pa.string())


def strings(column) -> Any:
    """A column as JSON strings."""
    import pyarrow as pa

    coded = column.dictionary_encode()
    quoted = [json.dumps(value, ensure_ascii=False) for value in coded.dictionary.to_pylist()]
    return pa.array(quoted, pa.string()).take(coded.indices)


def finite(column) -> Any:
    """A column of JSON numbers: null for NaN and infinite ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_in(column, pa.array(["nan", "inf", "-inf"])), pa.scalar(None, pa.string()), column)


def head(titles: Sequence[str]) -> bytes:
    """The header line of CSV."""
    import pyarrow as pa

    return ",".join(cells(pa.array(titles, pa.string())).to_pylist()).encode() + b"\n"


def csv(columns: Sequence) -> bytes:
    """Lines of CSV of columns made by `cells`."""
    import pyarrow.compute as pc

    if len(columns) == 1:  # a blank line would not be a row
        columns = [pc.replace_substring_regex(columns[0], "^$", '""')]
    pieces = [piece for column in columns for piece in (",", column)]
    return _lines([*pieces[1:], "\n"])


def object_(fields: Sequence[tuple[str, Any]]) -> Any:
    """A column of JSON objects; each field has a column of JSON values."""
    pieces: list = []
    for name, column in fields:
        pieces += [f"{', ' if pieces else '{'}{json.dumps(name, ensure_ascii=False)}: ", column]
    return _joined([*pieces, "}"])


def array(columns: Sequence) -> Any:
    """A column of JSON arrays; each column has one element."""
    pieces = [piece for column in columns for piece in (", ", column)]
    return _joined(["[", *pieces[1:], "]"])


def json_lines(fields: Sequence[tuple[str, Any]]) -> bytes:
    """JSON lines, an object each."""
    return _lines([object_(fields), "\n"])


def _joined(pieces: list) -> Any:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="null")


def _lines(pieces: list) -> bytes:
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = _joined(pieces)
    whole = pa.LargeListArray.from_arrays(pa.array([0, len(lines)], pa.int64()), lines)
    return pc.binary_join(whole, "")[0].as_buffer().to_pybytes() if len(lines) else b""
