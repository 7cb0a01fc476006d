"""Blocks of delimited text to rows of numbers and of text."""

from __future__ import annotations

import re
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BadRow, DataError
from .column_selection import list_names
from .csv_arrow import Block, check_lengths, filled_extra_cells, misquoted, parse, parse_error, repair
from .csv_blocks import RawBlock
from .number_spellings import Numbers, as_numbers
from .rows import ColumnRoles, RowErrors, Rows, TableFormat, Text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

RETRIES = 8
"""How often a block is parsed again with one more column as text, before all of them are."""
_BLANK_LINE = re.compile(rb"(?m)^[ \t\x1a]+\r?$")
"""A line of blanks, or of the end of a file of DOS."""
_FAILED_COLUMN = re.compile(r"In CSV column #(\d+): CSV conversion error to float")


class StartedParse(NamedTuple):
    """A block that another thread parses: whether all its quotes begin or end a cell, the types of its columns that
    were expected, and its columns, of these types."""

    block: Block
    well_quoted: bool
    types: dict[int, pa.DataType]
    columns: Future[dict[int, pa.Array]]


class Parser:
    """Parses the blocks of a file, one after another: what it finds out about a column holds for later blocks. Later
    blocks may be started before that, in `threads`; a block whose columns then have other types is parsed again.

    `extra_cell` is whether each row ends with an empty cell beyond the columns; `unusual` are the indices of columns
    whose first cells are not all numbers as programs write them.
    """

    def __init__(
        self,
        file: str,
        format_: TableFormat,
        extra_cell: bool,
        notes: list[str],
        unusual: set[int],
        threads: Executor,
    ):
        self.file, self.format, self._extra_cell, self._notes = file, format_, extra_cell, notes
        self._threads = threads
        self._as_text = set(unusual)
        self._numeric: set[int] = set()
        self._converted: set[int] = set()
        self._missing: set[int] = set()
        self._decimals: dict[int, str] = {}
        self._signs: dict[int, str] = {}
        self._empty_rows = False

    def start(self, raw: RawBlock, roles: ColumnRoles) -> StartedParse:
        """Starts parsing a block."""
        block = Block(raw.data, raw.line, self.file, self.format, len(self.format.names) + self._extra_cell)
        return self._start(block, raw.well_quoted, roles)

    def _start(self, block: Block, well_quoted: bool, roles: ColumnRoles) -> StartedParse:
        types = self._types(block, roles)
        return StartedParse(block, well_quoted, types, self._threads.submit(parse, block, types))

    def rows(self, started: StartedParse, roles: ColumnRoles, lenient: bool) -> Rows:
        """The rows of a block. A column in which every cell is a number or missing is numeric, unless its role is
        text. `lenient` is that of `table.stream`. Raises DataError."""
        import numpy as np
        import pyarrow as pa

        block, width = started.block, len(self.format.names)
        try:
            columns, bad = self._columns(started, roles, lenient)
            error = None
        except BadRow as found:
            columns, bad, error = {}, {}, found
        if bad or all(column.null_count or column.type != pa.float32() for column in columns.values()):
            data = self._without_empty_rows(block.data, block.line)
            if data is not block.data:
                block, error = block._replace(data=data), None
                columns, bad = self._columns(self._start(block, started.well_quoted, roles), roles, lenient)
        if error:
            raise error
        check_lengths(block, columns)
        count = len(next(iter(columns.values()))) if columns else 0
        kept = {index: columns[index] for index in roles.kept}
        numeric, texts = self._divided(columns, roles.text)
        numbers = _stacked(numeric, count, width)
        errors = RowErrors(np.zeros(count, bool)) if lenient else None
        if errors is not None and bad:
            errors.add(np.isin(np.arange(count), list(bad)), bad.__getitem__)
        return Rows(self.file, self._noted(), numbers, texts, block.locate, kept, errors, block.cells)

    def _noted(self) -> TableFormat:
        if len(self._notes) != len(self.format.notes) or self._decimals != self.format.decimals:
            self.format = replace(self.format, notes=tuple(self._notes), decimals=dict(self._decimals))
        return self.format

    def _without_empty_rows(self, data: bytes, line: int) -> bytes:
        """The block with rows of delimiters or of blanks alone as blank lines, which are no rows."""
        row = (len(self.format.names) + self._extra_cell - 1) * self.format.delimiter.encode()
        if not row or not (data.startswith(row) or b"\n" + row in data or _BLANK_LINE.search(data)):
            return data
        quotes = position = 0

        def blank(match: re.Match[bytes]) -> bytes:
            nonlocal quotes, position
            quotes += data.count(b'"', position, match.start())
            position = match.start()
            if quotes % 2:
                return match[0]
            if not self._empty_rows:
                first = line + data.count(b"\n", 0, match.start())
                self._notes.append(f"rows without any value left out, the first in line {first}")
                self._empty_rows = True
            return b""

        return re.sub(rb"(?m)^(?:" + re.escape(row) + rb"|[ \t\x1a]+)(?=\r?$)", blank, data)

    def _columns(
        self, started: StartedParse, roles: ColumnRoles, lenient: bool
    ) -> tuple[dict[int, pa.Array], dict[int, DataError]]:
        """The columns of a block that are read, as float32, text or dictionaries of text; and, if `lenient`, the errors
        of its bad rows by row. Raises DataError."""
        import pyarrow as pa

        block = started.block
        if not block.data[:1000].strip(b"\r\n") and not block.data.strip(b"\r\n"):
            return {index: pa.array([], type_) for index, type_ in self._types(block, roles).items()}, {}
        bad = {} if started.well_quoted else misquoted(block)
        if bad and not lenient:
            raise next(iter(bad.values()))
        columns, ragged = self._parsed(started, roles, lenient)
        if self._extra_cell:
            ragged |= filled_extra_cells(block, columns.pop(block.width - 1))
            if ragged and not lenient:
                raise ragged[min(ragged)]
        return columns, bad | ragged

    def _parsed(
        self, started: StartedParse, roles: ColumnRoles, lenient: bool
    ) -> tuple[dict[int, pa.Array], dict[int, DataError]]:
        import pyarrow as pa

        block = started.block
        for _ in range(RETRIES):
            if started.types != self._types(block, roles):
                started = self._start(block, started.well_quoted, roles)
            try:
                return started.columns.result(), {}
            except pa.ArrowInvalid as error:
                failed = _FAILED_COLUMN.search(str(error))
                if not failed or int(failed[1]) in self._as_text:
                    break
                self._as_text.add(int(failed[1]))
        plain = dict.fromkeys(started.types, pa.string())
        try:
            return parse(block, plain), {}
        except pa.ArrowInvalid as error:
            if not lenient:
                raise parse_error(block, error) from None
            repaired, ragged = repair(block)
            return parse(block._replace(data=repaired), plain), ragged

    def _types(self, block: Block, roles: ColumnRoles) -> dict[int, pa.DataType]:
        """The types by index of the columns that are read."""
        import pyarrow as pa

        text, dictionary = roles.text | self._as_text, pa.dictionary(pa.int32(), pa.string())
        read = [index for index in range(len(block.format.names)) if index not in roles.ignored]
        types = {index: dictionary if index in text else pa.float32() for index in read}
        types |= dict.fromkeys(roles.kept, pa.string())
        return types | ({block.width - 1: pa.string()} if self._extra_cell else {})

    def _divided(
        self, columns: dict[int, pa.Array], text: frozenset[int]
    ) -> tuple[dict[int, pa.Array], dict[int, Text]]:
        """Columns as numeric ones (float32) and ones of text: those whose index is in `text`, and those of which a cell
        is not a number."""
        import pyarrow as pa

        numeric: dict[int, pa.Array] = {}
        texts: dict[int, Text] = {}
        converted: dict[int, Numbers] = {}
        missing: dict[int, tuple[str, ...]] = {}
        for index, column in columns.items():
            if column.type == pa.float32():
                numeric[index] = column
                if index not in self._numeric and column.null_count < len(column):
                    self._numeric.add(index)
                continue
            values = None if index in text else self._as_numbers(index, column, converted, missing)
            if values is None:
                texts[index] = Text.from_arrow(column)
            else:
                numeric[index] = values
        self._note(converted, missing)
        return numeric, texts

    def _as_numbers(
        self, index: int, column: pa.Array, converted: dict[int, Numbers], missing: dict[int, tuple[str, ...]]
    ) -> pa.Array | None:
        """A column of text as float32; None if a cell is not a number. Numbers and missing values that are written in
        an unusual way are added to `converted` and `missing`."""
        import pyarrow as pa

        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        own = self._decimals.get(index, self.format.decimal)
        other = "" if index in self._numeric else ".,".replace(own, "")
        found = as_numbers(coded.dictionary, own + other)
        if found is None:
            return None
        if found.values.null_count < len(found.values):
            known = self._signs.get(index, "")
            if (
                index in self._numeric
                and found.sign != known
                and ("%" in (found.sign, known) or (found.sign and known))
            ):
                return None
            if found.sign:
                self._signs[index] = found.sign
                self._as_text.add(index)
            self._numeric.add(index)
            if found.decimal != self.format.decimal:
                self._decimals[index] = found.decimal
                self._as_text.add(index)
        if found.example is not None:
            converted[index] = found
        if found.missing:
            missing[index] = found.missing
        return found.values.take(coded.indices)

    def _note(self, converted: dict[int, Numbers], missing: dict[int, tuple[str, ...]]) -> None:
        """Notes numbers and missing values written in an unusual way, of each column once; columns with the same
        decimal sign, and the same percent or currency sign, share a note."""
        names, alike = self.format.names, dict[tuple[str, str], list[int]]()
        for index, found in converted.items():
            if index not in self._converted:
                alike.setdefault((found.decimal, found.sign), []).append(index)
                self._converted.add(index)
        for new in alike.values():
            example = converted[new[0]].example
            assert example is not None
            value = self._noted().number(example, new[0])
            columns = list_names(names[index] for index in new)
            self._notes.append(f"numbers such as {example!r}, read as {value:g}, in {_columns_of(new)} {columns}")
        new = [index for index in missing if index not in self._missing]
        if new:
            spellings = ", ".join(dict.fromkeys(repr(cell) for index in new for cell in missing[index][:3]))
            columns = list_names(names[index] for index in new)
            self._notes.append(f"{spellings} read as missing in {_columns_of(new)} {columns}")
            self._missing.update(new)


def _columns_of(indices: list[int]) -> str:
    return "the numeric column" if len(indices) == 1 else "the numeric columns"


def _stacked(columns: dict[int, pa.Array], rows: int, width: int) -> np.ndarray:
    """Columns side by side, (rows, width) of float32, NaN where there is none."""
    import numpy as np

    numbers = np.empty((width, rows), np.float32).T  # column by column, which is several times faster to fill
    for index in range(width):
        numbers[:, index] = columns[index].to_numpy(zero_copy_only=False) if index in columns else np.nan
    return numbers
