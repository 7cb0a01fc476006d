"""Rows of a table as columns of numbers and of text. Knows neither files nor what the columns are for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..errors import DataError
from .number_spellings import NUMBER, is_missing_number, is_number, parse_number, strip_cells

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?$")

LONGEST_CELL = 131_072
"""Characters of the longest cell that is read: as many as Python's module csv reads."""
MOST_DIGITS = 400
"""Digits before the decimal point; float64 has fewer."""


@dataclass(frozen=True)
class TableFormat:
    """How a file is written: its delimiter, its decimal sign, whether it has a header, the names of its columns.

    `decimals` are the decimal signs of columns, by index, that have another one. `images` is whether the rows are image
    files (`image_files`): the first column has their paths, the second one, if there is one, their classes.
    `notes` are sentences about what reading did that the file does not show: lines that were skipped, numbers written
    in a form of their own. Later blocks of a file may have more of them.
    `targets` are the indices of the columns that are the targets, where the data say so, as (x, y) does.
    `row_shapes` are the shapes of the rows of arrays with several axes, by the index of the first column of each.
    """

    delimiter: str
    decimal: str
    header: bool
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    decimals: dict[int, str] = field(default_factory=dict)
    images: bool = False
    targets: tuple[int, ...] = ()
    row_shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def is_plain_number(self, cell: str) -> bool:
        """Whether a cell is a number as programs write it, with the decimal sign of the table."""
        if self.decimal == "," and DECIMAL_COMMA.match(cell):
            return True
        return bool(NUMBER.match(cell)) and not (self.decimal == "," and "." in cell)

    def is_number(self, cell: str) -> bool:
        """Whether a column of numbers may have a cell: a number as people write it, or what is missing."""
        return any(is_number(cell, sign) for sign in ".,") or is_missing_number(cell)

    def is_unusual_number(self, cell: str) -> bool:
        """Whether a cell is a number as people write it, and programs do not."""
        return any(is_number(cell, sign) for sign in ".,") and not self.is_plain_number(cell)

    def number(self, cell: str, column: int) -> float:
        """The number in a cell of a column, NaN if it holds something else."""
        own = self.decimals.get(column, self.decimal)
        value = parse_number(cell, own)
        return parse_number(cell, "." if own == "," else ",") if math.isnan(value) else value

    def exact(self, cell: str, column: int) -> str | None:
        """The number in a cell of a column in the spelling of `format_number`, exactly if it is as programs write it;
        None if there is none."""
        if self.is_plain_number(cell):
            return self.canonical(cell)
        value = self.number(cell, column)
        return format_number(value) if math.isfinite(value) else None

    def canonical(self, cell: str) -> str:
        """A number that programs write, in the spelling of `format_number`, exactly; any other text unchanged."""
        if not self.is_plain_number(cell):
            return cell
        number = Decimal(cell.replace(",", "."))
        if number.adjusted() > MOST_DIGITS:
            return cell
        return str(int(number)) if number == number.to_integral_value() else str(float(number))


def row_shapes(shapes: Iterable[Sequence[int]]) -> dict[int, tuple[int, ...]]:
    """The shapes of the rows of arrays side by side, of those with several axes, by the index of their first column."""
    found, column = {}, 0
    for shape in shapes:
        if len(shape) > 1:
            found[column] = tuple(shape)
        column += math.prod(shape)
    return found


class Text(NamedTuple):
    """A column of text: `codes` (int32, -1 for a missing cell) are indices into `values`."""

    codes: np.ndarray
    values: tuple[str, ...]

    @staticmethod
    def from_arrow(column: pa.Array) -> Text:
        """A column of Arrow strings, plain or as a dictionary."""
        import numpy as np
        import pyarrow as pa

        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        values = strip_cells(column.dictionary).to_pylist()
        known = {value: code for code, value in enumerate(dict.fromkeys(v for v in values if v is not None))}
        codes = np.array([known.get(value, -1) for value in values] + [-1], np.int32)
        indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Text(indices if len(known) == len(values) else codes[indices], tuple(known))


class RowLocation(NamedTuple):
    """Where a row is, for messages: the `number` (from 1) of a "line" or a "row" of a file, and the row's cells."""

    file: str
    unit: Literal["line", "row"]
    number: int
    cells: list[str]

    def error(
        self, message: str, column: str | None = None, value: str | None = None, kind: type[DataError] = DataError
    ) -> DataError:
        line, row = (self.number, None) if self.unit == "line" else (None, self.number)
        return kind(message, self.file, line, column, value, row)


class ColumnRoles(NamedTuple):
    """Indices of columns: those that are `text` whatever they hold, those `kept` unchanged for the output, and those
    `ignored`, which are not read."""

    text: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    ignored: frozenset[int] = frozenset()


class RowErrors:
    """The bad rows of a block: a `mask` of them, and the index and the error of the `first`."""

    def __init__(self, mask: np.ndarray):
        self.mask = mask
        self.first: tuple[int, DataError] | None = None

    def add(self, mask: np.ndarray, error_of: Callable[[int], DataError]) -> None:
        """Adds rows (a mask); `error_of` returns the error of one."""
        row = int(mask.argmax())
        if self.first is None or row < self.first[0]:
            self.first = row, error_of(row)
        self.mask |= mask

    def part(self, start: int, stop: int) -> RowErrors:
        """The bad rows from `start` to `stop`; their first is known if it is the first of all."""
        part = RowErrors(self.mask[start:stop].copy())
        if self.first and start <= self.first[0] < stop:
            part.first = self.first[0] - start, self.first[1]
        return part


def _no_cells(_columns: list[int]) -> dict[int, Any]:
    return {}


@dataclass(frozen=True)
class Rows:
    """Rows of a table.

    `numbers` is (rows, columns) of float32: NaN for a missing cell and in columns of text, infinite for a number beyond
    float32. Those of a Table may be of a smaller type that holds them, and are indices in columns of text. `texts` has
    the columns of text by index; `kept` has the unchanged cells of the columns kept for the output (Arrow arrays);
    `locate` returns the location of a row. With `errors`, bad rows are collected there, with missing cells, instead of
    raising the error of the first. `cells` reads the unchanged cells of any columns again, in the rows of a block as it
    comes from a file; other rows have none.
    """

    file: str
    format: TableFormat
    numbers: np.ndarray
    texts: dict[int, Text]
    locate: Callable[[int], RowLocation]
    kept: dict[int, Any] = field(default_factory=dict)
    errors: RowErrors | None = None
    cells: Callable[[list[int]], dict[int, Any]] = _no_cells

    def __len__(self) -> int:
        return len(self.numbers)

    def parts(self, most: int) -> Iterator[Rows]:
        """The rows, at most so many at a time."""
        for start in range(0, len(self), most):
            stop = min(start + most, len(self))
            texts = {index: Text(text.codes[start:stop], text.values) for index, text in self.texts.items()}
            kept = {index: column[start:stop] for index, column in self.kept.items()}
            errors = None if self.errors is None else self.errors.part(start, stop)
            locate = partial(_locate_shifted, self.locate, start)
            yield Rows(self.file, self.format, self.numbers[start:stop], texts, locate, kept, errors)

    def with_texts(self, columns: frozenset[int]) -> Rows:
        """The rows with the numbers of these columns as text."""
        import numpy as np

        numbers, texts = self.numbers.copy(), dict(self.texts)
        for index in columns - texts.keys():
            values, codes = np.unique(numbers[:, index], return_inverse=True)
            spelled = tuple(map(format_number, values[~np.isnan(values)]))
            texts[index] = Text(np.where(codes < len(spelled), codes, -1).astype(np.int32), spelled)
            numbers[:, index] = np.nan
        return replace(self, numbers=numbers, texts=texts)

    def as_written(self, columns: frozenset[int]) -> Rows:
        """The rows of a block as it comes from a file with these columns as text, as it has them."""
        import numpy as np

        unread = sorted(columns - self.texts.keys())
        if not unread:
            return self
        numbers, texts = self.numbers.copy(), dict(self.texts)
        for index, column in self.cells(unread).items():
            texts[index] = Text.from_arrow(column)
            numbers[:, index] = np.nan
        return replace(self, numbers=numbers, texts=texts)

    def with_numbers(self, columns: frozenset[int], why: str) -> Rows:
        """The rows with these columns of text as numbers; rows with another text in them are bad ones, `why` ends their
        message."""
        import numpy as np

        numbers, texts = self.numbers.copy(), dict(self.texts)
        for index in columns & texts.keys():
            codes, values = texts.pop(index)
            bad = np.array([not self.format.is_number(value) for value in values] + [False])[codes]
            if bad.any():
                self.add_errors(f"{{}} is not a number, {why}", bad, index)
            with np.errstate(over="ignore"):
                parsed = [self.format.number(value, index) for value in values] + [np.nan]
                numbers[:, index] = np.array(parsed).astype(np.float32)[codes]
        return replace(self, numbers=numbers, texts=texts)

    def at(self, indices: np.ndarray) -> Rows:
        """Some of the rows, by a sorted index array, without their errors."""
        texts = {index: Text(text.codes[indices], text.values) for index, text in self.texts.items()}
        kept = {index: column.take(indices) for index, column in self.kept.items()}
        locate = partial(_locate_at, self.locate, indices)
        return Rows(self.file, self.format, self.numbers[indices], texts, locate, kept)

    def cell_error(self, message: str, row: int, column: int, kind: type[DataError] = DataError) -> DataError:
        """The error of one cell; `{}` in the message becomes its value."""
        location = self.locate(row)
        value = location.cells[column].strip()
        return location.error(message.replace("{}", repr(value)), self.format.names[column], value, kind)

    def add_errors(self, message: str, mask: np.ndarray, column: int, kind: type[DataError] = DataError) -> None:
        """Reports rows (a mask) with a bad cell in a column: raises the error of the first, or collects them."""
        if self.errors is None:
            raise self.cell_error(message, int(mask.argmax()), column, kind)
        mask = mask & ~self.errors.mask  # a ragged row may not have the cell
        if mask.any():
            self.errors.add(mask, lambda row: self.cell_error(message, row, column))

    def check_finite(self, columns: Sequence[int]) -> None:
        """Reports rows that have an infinite number in one of these columns."""
        import numpy as np

        if np.isinf(self.numbers).any():
            infinite = np.isinf(self.numbers[:, columns])
            bad = np.flatnonzero(infinite.any(axis=0)).tolist()
            for index in sorted(bad, key=lambda index: int(infinite[:, index].argmax())):
                self.add_errors("{} is not a finite number", infinite[:, index], columns[index])


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells of a header as names of columns: not empty, and all different."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name, count = cell or f"column {number}", 1
        while name in names:
            name, count = f"{cell}.{count}", count + 1
        names[name] = None
    return tuple(names)


def numbered_names(count: int) -> tuple[str, ...]:
    """The names of columns that have none."""
    return tuple(map(str, range(1, count + 1)))


def array_names(name: str, width: int) -> tuple[str, ...]:
    """The names of the columns of an array, (rows, width): NAME, or NAME.1, NAME.2 ... for several."""
    return (name,) if width == 1 else tuple(f"{name}.{number}" for number in range(1, width + 1))


def format_number(number: float) -> str:
    """A number as a table writes it: an integer without a decimal point."""
    return str(int(number)) if number == int(number) else str(number)


def _locate_at(locate: Callable[[int], RowLocation], indices: np.ndarray, row: int) -> RowLocation:
    return locate(int(indices[row]))


def _locate_shifted(locate: Callable[[int], RowLocation], start: int, row: int) -> RowLocation:
    return locate(start + row)
