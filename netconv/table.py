"""Tables: the rows of one file or several, whatever they are written as. Knows nothing of what the columns are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

from . import arrayfiles, delimited, parquet
from .errors import DataError
from .rows import Faults, Form, Rows, Text, Wanted
from .sources import Source, Stream, kept

Chosen = Callable[[Form], frozenset[int]]
"""Positions of columns by a table's form."""


def stream(
    sources: tuple[Source, ...],
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Chosen | None = None,
    found: frozenset[int] = frozenset(),
    keep: Chosen | None = None,
    ignore: Chosen | None = None,
    lenient: bool = False,
) -> Iterator[Rows]:
    """The rows of a table in blocks. The format of each file is told by its first bytes.

    `header` says whether the first row of delimited text is one; None finds out, by the names that are `known` if there
    are any. `text` gives the columns that are text whatever they hold, and `found` are such positions; a column that
    was text in a block stays so. `keep` gives the columns that are passed on, `ignore` those that are not read. With
    `lenient` rows at fault are noted in `Rows.faults`, and text in a column of numbers makes it one of text in its
    block only.

    Raises DataError: a ragged row, bytes that are no table, files whose columns differ.
    """
    import numpy as np

    first: tuple[str, Form] | None = None
    for source in sources:

        def wanted(form: Form, name=source.name) -> Wanted:
            nonlocal first
            first = first or (name, form)
            _agree(name, form, *first)
            return Wanted(*(choose(form) if choose else frozenset() for choose in (text, keep, ignore)))

        names = first[1].names if first and first[1].header else known
        with Stream(source) as opened:  # a fault in the middle leaves no file open
            for rows in _rows(opened, source, header, names, wanted, found, lenient):
                if not lenient:
                    rows = rows.with_texts(found) if found - rows.texts.keys() else rows
                    found |= rows.texts.keys()
                elif rows.faults is None:
                    rows = replace(rows, faults=Faults(np.zeros(len(rows), bool)))
                yield rows


def _rows(opened: Stream, source: Source, header, known, wanted, found, lenient) -> Iterator[Rows]:
    if opened.head.startswith(parquet.MAGIC):
        return parquet.stream(opened, source, wanted)
    if arrayfiles.is_array(opened.head):
        return arrayfiles.stream(opened, source, wanted)
    return delimited.stream(opened, header, known, wanted, found, lenient)


def _agree(name: str, form: Form, first: str, wanted: Form) -> None:
    """Raises DataError if a file has other columns than the first of its table."""
    if form.header != wanted.header:
        which = ("a header, and {} has none" if form.header else "no header, and {} has one").format(first)
        raise DataError(f"has {which}", name)
    if form.names == wanted.names:
        return
    if len(form.names) != len(wanted.names):
        raise DataError(f"has {len(form.names):,} columns, and {first} has {len(wanted.names):,}", name)
    position = next(p for p, pair in enumerate(zip(form.names, wanted.names, strict=True)) if pair[0] != pair[1])
    raise DataError(
        f"its column {position + 1} is {form.names[position]!r}, and that of {first} is {wanted.names[position]!r}",
        name,
    )


def title(sources: tuple[Source, ...]) -> str:
    """The name of a table for messages."""
    more = len(sources) - 1
    return sources[0].name + (f" and {more} more" if more else "")


def read(
    sources: tuple[Source, ...],
    header: bool | None = None,
    known: tuple[str, ...] = (),
    text: Chosen | None = None,
    ignore: Chosen | None = None,
) -> Rows:
    """A whole table, as `stream` reads it. A column of text anywhere is one of text everywhere. Raises DataError, also
    when there are no rows."""
    import numpy as np

    sources = tuple(map(kept, sources))
    found: frozenset[int] = frozenset()
    while True:  # twice at most
        form, blocks = None, []
        for rows in stream(sources, header, known, text, found, ignore=ignore):
            form = rows.form
            if len(rows):
                blocks.append((rows.numbers, rows.texts))
        if not blocks:
            raise DataError("has a header and no rows", title(sources))
        found = frozenset(position for _, texts in blocks for position in texts)
        if all(texts.keys() == found for _, texts in blocks):
            break

    def find(row):
        with closing(stream(sources, form.header, known, text, found, ignore=ignore)) as blocks:
            for rows in blocks:
                if row < len(rows):
                    return rows.find(row)
                row -= len(rows)
        raise IndexError(row)

    texts = {position: _join([texts[position] for _, texts in blocks]) for position in sorted(found)}
    return Rows(title(sources), form, np.concatenate([numbers for numbers, _ in blocks]), texts, find)


def _join(parts: list[Text]) -> Text:
    import numpy as np

    values = {value: code for code, value in enumerate(dict.fromkeys(v for part in parts for v in part.values))}
    codes = [np.append(np.array([values[v] for v in part.values], np.int32), -1)[part.codes] for part in parts]
    return Text(np.concatenate(codes), tuple(values))
