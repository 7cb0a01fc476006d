"""Reads the tables of a training or an evaluation that know no encoding yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ..errors import BadRow, option
from ..features import encoded_table, schema_inference, target_inference
from ..features.encoding import Encoding, HeadSpec, ModelSpec
from ..features.merged_numbers import MergedInStream, equal_spellings, merged_numbers
from ..features.notices import Notify, TableNotes, ignore
from ..features.table_options import TableOptions
from ..features.text_encoding import is_several
from ..tables import disk_buffer, table
from ..tables.number_format import pluralize, shortened
from ..tables.rows import Rows, TableFormat
from ..tables.sources import Data, Source, sources
from ..tables.table import ColumnSelector, Table


def find_files(data: Data, options: TableOptions, part: str, notify: Notify) -> tuple[Source, ...]:
    """The files of a table, each of which can be opened, with a notice of a file of labels that was found by its name;
    `part` is `Source.part`. Raises DataError."""
    files = sources(data, options.labels, part)
    for file in files:
        for each in (file, file.labels):
            if each and each.reopenable and not each.memory and not each.images and not Path(each.name).is_fifo():
                each.open().close()
        if file.labels and options.labels is None:
            notify(f"labels: {file.labels.name} ({option('labels')} names another file)")
    return files


@contextmanager
def offering_to_skip() -> Iterator[None]:
    """Within the block, the error of a bad row says how to leave such rows out."""
    try:
        yield
    except BadRow as error:
        raise error.with_remedy(f"{option('errors', 'skip')} leaves such rows out") from None


def check_table(data: Data) -> None:
    """Raises DataError if a file of a table cannot be opened. Streams are not read."""
    find_files(data, TableOptions(), "test", ignore)


def columns_to_count(
    files: tuple[Source, ...], options: TableOptions, heads: tuple[HeadSpec, ...] = ()
) -> ColumnSelector:
    """Selects the columns whose distinct numbers are needed."""
    names = tuple(head.name for head in heads)
    return partial(target_inference.columns_to_count, options=options, heads=names, file=table.title(files))


def read_table(
    files: tuple[Source, ...],
    options: TableOptions,
    heads: tuple[HeadSpec, ...] = (),
    text: frozenset[int] = frozenset(),
) -> Table:
    """A table for a model with these `heads`, as far as they are known. The columns `text` are read as text, as are
    those that the options encode as categories. Raises DataError, and OSError if the disk is full."""
    file = table.title(files)

    def text_columns(format_: TableFormat) -> frozenset[int]:
        return text | schema_inference.coded_columns(format_, options, file)

    used = partial(target_inference.columns_to_use, options=options, file=file)
    distinct = columns_to_count(files, options, heads)
    return table.read(files, options.text, text=text_columns, distinct=distinct, used=used)


def with_texts(files: tuple[Source, ...], source_table: Table, spec: ModelSpec, options: TableOptions) -> Table:
    """The table, read again with columns as text that are not numbers: its target, if different classes may be equal in
    float32, and lists of ids that look like numbers."""
    text = target_inference.merged_classes(source_table, spec, options)
    lists = schema_inference.sequences_as_numbers(source_table, spec, options)
    if lists:
        again = read_table(files, options, spec.heads, text | lists)
        if all(any(map(is_several, again.texts[index])) for index in lists):
            return again
    return read_table(files, options, spec.heads, text) if text else source_table


def with_lists(rows: Rows, spec: ModelSpec, options: TableOptions) -> Rows:
    """The first block of a table with columns as text that have lists of ids, which look like numbers."""
    columns = schema_inference.sequences_as_numbers(table.from_rows(rows), spec, options, target_optional=True)
    written = rows.as_written(columns) if columns else rows
    return written if all(any(map(is_several, written.texts[index].values)) for index in columns) else rows


def notify_of_reading(source_table: Table, notify: Notify) -> None:
    """The notes of the files, and whether the table is kept on disk."""
    TableNotes(notify).tell(source_table.notes)
    if source_table.on_disk:
        rows = pluralize(len(source_table), "row")
        notify(f"{rows}: more than {disk_buffer.MEMORY >> 20} MB of numbers, kept on disk")


def warn_of_merged_numbers(
    files: tuple[Source, ...],
    source_table: Table,
    encoding: Encoding,
    options: TableOptions,
    training: bool,
    notify: Notify,
) -> None:
    """Warns of the numeric columns of an encoding with different numbers that are equal in float32."""
    features, groups = encoded_table.column_indices(encoding, source_table.format, source_table.file)
    values = [columns for head, columns in zip(encoding.heads, groups, strict=bool(groups)) if not head.classes]
    targets = [index for columns in values for index in columns]
    numeric = [index for index, feature in zip(features, encoding.features, strict=True) if feature.is_number]
    numeric += targets
    suspects = frozenset(index for index in numeric if source_table.stats.may_merge(index))
    for index, (numbers, left) in sorted(merged_numbers(files, options.text, suspects).items()):
        name = source_table.format.names[index]
        remedy = f"; {option('encode', {name: 'onehot'})} or codes keeps them apart"
        remedy = "" if index in targets or not training else remedy
        notify(
            f"warning: column {name!r}: {numbers:,} different numbers are only {left:,} in 32-bit floating point, in "
            f"which the net computes{remedy}"
        )


def note_equal_classes(
    files: tuple[Source, ...], source_table: Table, encoding: Encoding, options: TableOptions, notify: Notify
) -> None:
    """Says which classes that are written differently are one, as they are equal numbers."""
    groups = encoded_table.column_indices(encoding, source_table.format, source_table.file)[1]
    columns = [indices[0] for head, indices in zip(encoding.heads, groups, strict=True) if head.classes]
    is_number = source_table.format.is_plain_number
    asked = frozenset(index for index in columns if all(map(is_number, source_table.texts.get(index, ()))))
    for index, (first, second) in equal_spellings(files, options.text, asked).items():
        name = source_table.format.names[index]
        notify(
            f"note        {first} and {second} in column {shortened(name)!r} are equal numbers, and one class; written "
            "with a letter they are two"
        )


def warn_of_merged_in_stream(rows: Rows, encoding: Encoding, merged: MergedInStream, notify: Notify) -> None:
    """Warns of the numeric features of an encoding with different numbers that are equal in float32, in a block of
    rows that `merged` has not seen."""
    columns = encoded_table.column_indices(encoding, rows.format, rows.file)[0]
    numeric = [index for index, feature in zip(columns, encoding.features, strict=True) if feature.is_number]
    for index, first, second in merged.add(rows, numeric):
        notify(
            f"warning: {rows.file}, column {rows.format.names[index]!r}: {first} and {second}, and perhaps others, are "
            "equal in 32-bit floating point, in which the net computes"
        )
