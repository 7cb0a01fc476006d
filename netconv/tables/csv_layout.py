"""Where the table begins in a file of delimited text, and what its columns are called: lines before the table, the
header, a second header row, row names. Inferred from the first rows; knows cells alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import option
from .csv_dialect import usual_width
from .number_format import pluralize, shortened
from .number_spellings import NUMBER, is_missing_number, is_number
from .rows import numbered_names, unique_names

ROW_NAMES = "row.names"
"""The name of a column of row names, as R calls it."""
_TEMPORAL = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[-/ ]?[A-Za-z]{3}[-/ ]?\d{2,4})([T ]+\d.*)?$"  # dates, perhaps with times
    r"|\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
)
MOST_HEADERS = 3
"""Rows that a header has at most."""
_COMMENT = ("#", "%", "!", "//", "|")
_UNIT = re.compile(r"[(\[{].*[)\]}]$|-*$")
"""Over a column of text, a cell of a row of units is empty or in brackets."""


class Layout(NamedTuple):
    """Rows of the sample that come before the rows of the table, whether one of them is a header, the names of the
    columns, whether every row has one empty cell more than there are names, and notes on what is unusual."""

    before: int
    header: bool
    names: tuple[str, ...]
    extra_cell: bool = False
    notes: tuple[str, ...] = ()


def detect_layout(
    rows: list[list[str]], known_names: tuple[str, ...], header: bool | None, may_skip: bool = True
) -> Layout:
    """The layout of a table by its first rows. `known_names` are names that a header may have; `header` is whether
    there is one, None to infer it; `may_skip` is whether lines before the table are looked for."""
    rows = [[cell.strip() for cell in cells] for cells in rows]
    width = usual_width(rows)
    rows = [cells[1:] if cells[0] == "#" and len(cells) == width + 1 else cells for cells in rows]
    may_skip = may_skip and not set(known_names).intersection(rows[0])
    start = _table_start(rows, width, header) if may_skip else 0
    notes = []
    if start:
        texts = [" ".join(filter(None, cells)) for cells in rows[:start] if any(cells)]
        shown = f", from {shortened(texts[0], 40)!r} on" if texts else ""
        notes.append(
            f"{pluralize(start, 'row')} before the table skipped{shown} ({option('skip_lines', 0)} keeps them)"
        )
    first, body = rows[start], [cells for cells in rows[start + 1 :] if any(cells)]
    short = _short_header(first, body) if header is not False else None
    if short == "row names":
        notes.append(f"its header is one name short: the first column holds row names, and is called {ROW_NAMES!r}")
        return Layout(start + 1, True, unique_names([ROW_NAMES, *first]), notes=tuple(notes))
    if short == "empty cells":
        notes.append("every row ends with one empty cell more than the header has: left out")
        return Layout(start + 1, True, unique_names(first), True, tuple(notes))
    columns = _columns(body, len(first))
    if header is None:
        header = is_header(first, columns, known_names)
        if not header:
            taken = f"{option('header', True)} takes the first row as their names"
            notes.append(f"no header seen: its columns are numbered ({taken})")
    if not header:
        return Layout(start, False, numbered_names(len(first)), notes=tuple(notes))
    second = _second_header(first, rows[start + 1 :], width)
    count = 2 if second else 1
    if second == "units":
        shown = shortened(", ".join(filter(None, rows[start + 1])), 40)
        notes.append(f"its second row is not data, but units or the like ({shown}): skipped")
    elif second == "names":
        while count < MOST_HEADERS and _second_header(rows[start + count - 1], rows[start + count :], width):
            count += 1
        first = _joined(rows[start : start + count])
        notes.append(f"its header has {'two' if count == 2 else 'three'} rows: their names are joined")
    first = [first[0].removeprefix("# "), *first[1:]]
    if not first[0] and len(first) > 1:
        first = [ROW_NAMES, *first[1:]]
    return Layout(start + count, True, unique_names(first), notes=tuple(notes))


# Lines before the table


def _table_start(rows: list[list[str]], width: int, header: bool | None) -> int:
    """The index of the first row that belongs to the table: after comments, and after titles and the like if a header
    follows them."""
    start = 0
    while start < len(rows) - 1 and _may_precede(rows[start], rows[start + 1 :], width):
        start += 1
    if all(_is_comment(cells) or not any(cells) for cells in rows[:start]):
        return start
    if width > 2 and all(_is_comment(cells) or _is_title(cells, width) for cells in rows[:start]):
        return start
    first, body = rows[start], [cells for cells in rows[start + 1 :] if any(cells)]
    columns = _columns(body, width)
    if len(first) == width - 1 and _short_header(first, body):
        return start
    titles = all(sum(map(bool, cells)) <= 1 or _is_comment(cells) for cells in rows[:start])
    if header is not False and len(first) == width and (
        _is_above_values(first, columns) or (titles and body and is_header(first, columns, ()))
    ):  # fmt: skip
        return start
    return 0


def _is_comment(cells: list[str]) -> bool:
    return cells[0].startswith(_COMMENT)


def _is_title(cells: list[str], width: int) -> bool:
    """Whether a row is a single text, and not a header of a table of this width with another delimiter."""
    return len(cells) == 1 and _kind(cells[0]) == "text" and len(re.split(r"[\s,;|]+", cells[0])) != width


def _may_precede(cells: list[str], rest: list[list[str]], width: int) -> bool:
    """Whether a row may be one before the table: a comment, a row of another width or filled up to it with
    empty cells, or one with a single text."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return True
    if len(cells) == width - 1 and len(rest[0]) == width and _short_header(cells, rest):
        return False
    if _is_comment(cells) and not _is_comment(rest[-1]):
        return len(cells) != width or width == 1 or not _is_above_values(cells, _columns(rest, width))
    if len(cells) != width:
        return True
    if len(filled) == 1:
        return _kind(filled[0]) == "text" and width > 1 and (width > 2 or bool(cells[0]))
    ends = [other[-1] for other in rest if len(other) == width and any(other)]
    padded = not cells[-1] and width > 2 and 2 * sum(map(bool, ends)) > len(ends)
    is_header = _is_above_values(cells, _columns(rest, width)) or _second_header(cells, rest, width) is not None
    return padded and not is_header


# The header


def _columns(rows: list[list[str]], width: int) -> list[list[str]]:
    """The cells of each column that have a value."""
    whole = [cells for cells in rows if len(cells) == width]
    return [[cells[n] for cells in whole if not is_missing_number(cells[n])] for n in range(width)]


def _kind(cell: str) -> str:
    if NUMBER.match(cell):
        return "number"
    if _TEMPORAL.match(cell):
        return "time"
    if is_missing_number(cell):
        return "missing"
    return "amount" if any(is_number(cell, sign) for sign in ".,") else "text"


def _kinds(column: list[str]) -> set[str]:
    """The kinds that at least a third of the cells of a column have: a column has few damaged cells."""
    kinds = [_kind(cell) for cell in column]
    return {kind for kind in set(kinds) if 3 * kinds.count(kind) >= len(kinds)}


def _is_above_values(cells: list[str], columns: list[list[str]]) -> bool:
    """Whether a row has no values, and a text above a column of numbers, dates or times."""
    above = zip(cells, columns, strict=False)
    return not any(_kind(cell) in ("number", "amount", "time") for cell in cells) and any(
        _kind(cell) == "text" and column and "text" not in _kinds(column) for cell, column in above
    )


def is_header(first: list[str], columns: list[list[str]], known_names: tuple[str, ...]) -> bool:
    """Whether a row has the names of the columns, whose cells are given: it is not one of values like theirs."""
    if 2 * len(set(known_names).intersection(first)) >= len(first):
        return True
    kinds = [_kind(cell) for cell in first]
    pairs = list(zip(kinds, map(_kinds, columns), strict=True))
    texts = [cell for cell, kind in zip(first, kinds, strict=True) if kind == "text"]
    above_values = any(kind == "text" and below and "text" not in below for kind, below in pairs)
    if _counts([cell for cell, kind in zip(first, kinds, strict=True) if kind == "number"]):
        broken = any("." in cell or "," in cell for column in columns for cell in column)
        return above_values or not first[0] or (broken and not any("." in cell for cell in first))
    if not texts:
        return False
    if any(kind in ("number", "amount", "time") for kind in kinds):
        alike = any(
            kind in below or (kind == "number" and "amount" in below) for kind, below in pairs if kind != "text"
        )
        return (above_values and not alike) or _are_column_values(pairs)
    repeated = len(set(texts)) < len(texts)
    return above_values or not repeated or any("number" in below for _, below in pairs)


def repeated_header(rows: list[list[str]], before: int) -> int | None:
    """The index of a later row of the sample that repeats the header, the last of the rows `before` those of the table
    (titles of a second table, or of another file that was appended); None where the columns are of text, so that it
    may be a row like any other."""
    rows = [[cell.strip() for cell in cells] for cells in rows[before - 1 :]]
    header, body = rows[0], rows[1:]
    found = header in body and _is_above_values(header, _columns(body, len(header)))
    return before + body.index(header) if found else None


def _are_column_values(pairs: list[tuple[str, set[str]]]) -> bool:
    """Whether the values of a header are of a kind that no column below them has, as dates above numbers."""
    values = [(kind, below) for kind, below in pairs if kind in ("time", "amount")]
    plain = any(kind == "number" for kind, _ in pairs)
    return (
        not plain
        and bool(values)
        and all(below and "text" not in below and kind not in below for kind, below in values)
    )


def _counts(cells: list[str]) -> bool:
    """Whether cells count the columns from 0 or 1, or are years and the like: integers at equal distances."""
    if len(cells) < 2 or not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in cells):
        return False
    numbers = list(map(int, cells))
    step = numbers[1] - numbers[0]
    if [*range(numbers[0], numbers[0] + step * len(numbers), step or 1)] != numbers:
        return False
    return (numbers[0] in (0, 1) and step == 1) or (len(numbers) > 2 and step > 0 and numbers[0] >= 1000)


def _short_header(first: list[str], body: list[list[str]]) -> str | None:
    """What a header that is one name short of every row means: "empty cells" at the ends of the rows, or "row names"
    before them; None if it is not such a header."""
    width = len(first) + 1
    whole = [cells for cells in body if len(cells) == width]
    if not whole or len(body[0]) != width or len(whole) < 0.5 * len(body) or not all(first) or _is_comment(first):
        return None
    if any(_kind(cell) in ("number", "time", "amount") for cell in first):
        return None
    if _is_above_values(body[0], _columns(body[1:], width)):  # a title above the header
        return None
    if not any(cells[-1] for cells in whole):
        return "empty cells"
    names = [cells[0] for cells in whole]
    if len(whole) < 2 or not all(names) or len(set(names)) < len(names) or not all(cells[-1] for cells in whole):
        return None
    counted = names == [str(n) for n in range(1, len(names) + 1)]
    return "row names" if counted or _is_above_values(first, _columns(whole, width)[1:]) else None


def _second_header(first: list[str], rest: list[list[str]], width: int) -> str | None:
    """What the row after the header is: "names" that belong to groups in the header, "units", or None for data."""
    if len(rest) < 2 or len(rest[0]) != width or len(first) != width:
        return None
    second, columns = rest[0], _columns([cells for cells in rest[1:] if any(cells)], width)
    if any(_kind(cell) in ("number", "time", "amount") for cell in second) or not any(second):
        return None
    numeric = [n for n, column in enumerate(columns) if column and "text" not in _kinds(column)]
    if not numeric:
        return None
    groups = [n for n in range(1, width) if not first[n] and second[n]]
    if groups and any(second[n] for n in numeric):
        return "names"
    labeled = [n for n in numeric if second[n] and _kind(second[n]) == "text"]
    texts = [cell for n, cell in enumerate(second) if n not in numeric]
    if 2 * len(labeled) > len(numeric) and all(_UNIT.match(cell) for cell in texts):
        return "units"
    return None


def _joined(header: list[list[str]]) -> list[str]:
    """The names of a header of several rows, all but the last of which have names of groups of columns."""
    names, groups = [], [""] * len(header)
    for column in zip(*header, strict=True):
        for level, cell in enumerate(column):
            if cell:
                groups[level:] = [cell, *[""] * (len(header) - level - 1)]
            elif not any(column[level + 1 :]):
                groups[level] = ""
        names.append(" ".join(filter(None, groups)))
    return names
