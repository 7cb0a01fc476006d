"""Rows of a table as columns of numbers and of text. Knows neither files nor what the columns are for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DataError

if TYPE_CHECKING:
    import numpy as np

MISSING = ("", "?", "na", "n/a", "nan", "null")
"""Cells without a value, in any case and with any blanks around them."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$")


@dataclass(frozen=True)
class TableFormat:
    """How a file is written: its delimiter, its decimal sign, whether it has a header, the names of its columns."""

    delimiter: str
    decimal: str
    header: bool
    names: tuple[str, ...]

    def is_number(self, cell: str) -> bool:
        return bool(NUMBER.match(cell) or (self.decimal == "," and DECIMAL_COMMA.match(cell)))

    def number(self, cell: str) -> float:
        """NaN for a cell that is none."""
        return float(cell.replace(",", ".")) if self.is_number(cell) else math.nan


class Text(NamedTuple):
    """A column of text: `codes` (int32, -1 for a missing cell) into `values`."""

    codes: np.ndarray
    values: tuple[str, ...]

    @staticmethod
    def of(column) -> Text:
        """A column of Arrow's strings, as they are or as a dictionary."""
        import numpy as np
        import pyarrow as pa

        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        values = trimmed(column.dictionary).to_pylist()
        known = {value: code for code, value in enumerate(dict.fromkeys(v for v in values if v is not None))}
        codes = np.array([known.get(value, -1) for value in values] + [-1], np.int32)
        found = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        return Text(codes[found], tuple(known))


def trimmed(column):
    """A column of Arrow's strings without blanks around them, null for those that are `MISSING`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), column)


class RowLocation(NamedTuple):
    """Where a row is, for messages: the `number` (from 1) of a "line" or a "row" of a file, and the row's cells."""

    file: str
    unit: str
    number: int
    cells: list[str]

    def error(self, what: str, column: str | None = None, value: str | None = None) -> DataError:
        return DataError(what, self.file, column=column, value=value, **{self.unit: self.number})


class ColumnRoles(NamedTuple):
    """Positions of columns: those that are `text` whatever they hold, those `kept` as they stand to be passed on, and
    those `ignored`, which are not read."""

    text: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    ignored: frozenset[int] = frozenset()


class RowErrors:
    """The rows of a block that are at fault: a `mask`, and of the `first` of them its number and its error."""

    def __init__(self, mask: np.ndarray):
        self.mask = mask
        self.first: tuple[int, DataError] | None = None

    def add(self, mask: np.ndarray, error: Callable[[int], DataError]) -> None:
        """More rows; `error` gives the error of one."""
        row = int(mask.argmax())
        if self.first is None or row < self.first[0]:
            self.first = row, error(row)
        self.mask |= mask

    def part(self, start: int, stop: int) -> RowErrors:
        """Those of the rows from `start` to `stop`; their first is known if it is the first of all."""
        found = RowErrors(self.mask[start:stop].copy())
        if self.first and start <= self.first[0] < stop:
            found.first = self.first[0] - start, self.first[1]
        return found


@dataclass(frozen=True)
class Rows:
    """Rows of a table. `numbers` is (rows, columns) of float32, NaN for a missing cell and in a column of text,
    infinite for a number that float32 does not hold;
    `texts` holds the columns of text by position, `kept` the cells as they stand of columns that are passed on (arrays
    of Arrow); `find` gives the place of a row. With `faults`, rows at fault are noted there instead of ending all: they
    are missing cells."""

    file: str
    form: TableFormat
    numbers: np.ndarray
    texts: dict[int, Text]
    find: Callable[[int], RowLocation]
    kept: dict[int, Any] = field(default_factory=dict)
    faults: RowErrors | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def parts(self, most: int) -> Iterator[Rows]:
        """The rows, at most so many at a time."""
        for start in range(0, len(self), most):
            stop = min(start + most, len(self))
            texts = {position: Text(text.codes[start:stop], text.values) for position, text in self.texts.items()}
            kept = {position: column[start:stop] for position, column in self.kept.items()}
            faults = None if self.faults is None else self.faults.part(start, stop)
            find = partial(_shifted, self.find, start)
            yield replace(self, numbers=self.numbers[start:stop], texts=texts, find=find, kept=kept, faults=faults)

    def blame(self, what: str, row: int, position: int) -> DataError:
        """The error of one cell; `{}` in `what` stands for its value."""
        place = self.find(row)
        value = place.cells[position].strip()
        return place.error(what.replace("{}", repr(value)), self.form.names[position], value)

    def with_texts(self, positions: frozenset[int]) -> Rows:
        """With the numbers of these columns as text."""
        import numpy as np

        numbers, texts = self.numbers.copy(), dict(self.texts)
        for position in positions - texts.keys():
            values, codes = np.unique(numbers[:, position], return_inverse=True)
            whole = tuple(map(spelled, values[~np.isnan(values)]))
            texts[position] = Text(np.where(codes < len(whole), codes, -1).astype(np.int32), whole)
            numbers[:, position] = np.nan
        return replace(self, numbers=numbers, texts=texts)

    def fault(self, what: str, mask: np.ndarray, position: int) -> None:
        """Rows (a mask) whose cell in a column is at fault: raises the error of the first, or notes them."""
        if self.faults is None:
            raise self.blame(what, int(mask.argmax()), position)
        mask = mask & ~self.faults.mask  # a ragged row may not have the cell
        if mask.any():
            self.faults.add(mask, lambda row: self.blame(what, row, position))

    def finite(self, positions: Sequence[int]) -> None:
        """Faults rows that have an infinite number in one of these columns."""
        import numpy as np

        if np.isinf(self.numbers).any():
            infinite = np.isinf(self.numbers[:, positions])
            for index in sorted(np.flatnonzero(infinite.any(axis=0)), key=lambda i: infinite[:, i].argmax()):
                self.fault("{} is no finite number", infinite[:, index], positions[index])


def unique(cells: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, made different."""
    names: dict[str, None] = {}
    for position, cell in enumerate(cells, 1):
        name, count = cell or f"column {position}", 1
        while name in names:
            name, count = f"{cell}.{count}", count + 1
        names[name] = None
    return tuple(names)


def spelled(number) -> str:
    """A number as a table has it: a whole one without a point."""
    return str(int(number)) if number == int(number) else str(number)


def _shifted(find: Callable[[int], RowLocation], start: int, row: int) -> RowLocation:
    return find(start + row)
