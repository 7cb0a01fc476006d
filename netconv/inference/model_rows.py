"""The rows of a table as the inputs of a model, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..features import encoded_table, transform
from ..features.description import describe, describe_filled, describe_images, describe_later
from ..features.encoding import Encoding, ModelSpec
from ..features.merged_numbers import MergedInStream
from ..features.notices import Notify, TableNotes
from ..features.sequence_description import describe_sequences
from ..features.sequence_rows import sized_for_rows, take_lengths
from ..features.table_options import TableOptions
from ..tables import table
from ..tables.column_selection import select_columns
from ..tables.rows import RowErrors, TableFormat
from ..tables.sources import Source
from .axis_order import check_axis_order
from .calling import split_inputs
from .loading import LoadedModel
from .model_encoding import plain_encoding, warn_unseen
from .reading import columns_to_count, warn_of_merged_in_stream, with_lists

if TYPE_CHECKING:
    import numpy as np

LARGEST = 4 << 20
"""Numbers that a model takes, or outputs, at once."""


class ModelRows(NamedTuple):
    """Some rows: the numbers of the inputs of the model, (rows, width); the bad rows; the columns kept for the output,
    by name; how the rows are encoded, None if there are none; and their lengths, as in `Dataset`."""

    x: np.ndarray
    errors: RowErrors
    kept: dict[str, Any]
    encoding: Encoding | None = None
    lengths: np.ndarray | None = None

    def picked(self, rows: np.ndarray) -> ModelRows:
        """Some rows, a mask, to be computed."""
        lengths = None if self.lengths is None else self.lengths[rows]
        return self._replace(x=self.x[rows], lengths=lengths)

    def inputs(self, model) -> list[np.ndarray]:
        """The arrays of the model's inputs, in their order."""
        widths = tuple(self.encoding.inputs.values()) if self.encoding else ()
        return split_inputs(model, self.x, widths, self.encoding.images if self.encoding else ())


def model_rows(
    loaded: LoadedModel,
    spec: ModelSpec,
    encoding: Encoding | None,
    files: tuple[Source, ...],
    options: TableOptions,
    keep: tuple[str, ...],
    notify: Notify,
) -> Iterator[ModelRows]:
    """The encoded rows of a table; the first part of a table without rows has none."""
    import numpy as np

    def kept_columns(format_: TableFormat) -> dict[str, int]:
        return _kept_columns(format_, encoding, keep, table.title(files))

    def select_kept(format_: TableFormat) -> frozenset[int]:
        return frozenset(kept_columns(format_).values())

    if encoding:
        blocks = encoded_table.stream(files, encoding, options.text, select_kept, lenient=True)
    else:
        blocks = table.stream(files, options.text, keep=select_kept, lenient=True)
    row_encoding, lines = encoding, list[str]()
    counts = transform.CellCounts()
    notes, merged = TableNotes(notify), MergedInStream()
    with closing(blocks):  # files are closed also when an error ends the rows
        for number, block in enumerate(blocks):
            notes.tell(table.file_notes(block))
            names = kept_columns(block.format)
            if encoding and number == 0:
                select_columns(_column_names(block.format, encoding), options.target_columns, block.file)  # if given
                for line in describe_later(encoding, block.format.names):
                    notify(line)
            if not len(block):
                if number == 0:
                    no_errors = RowErrors(np.zeros(0, bool))
                    yield ModelRows(
                        block.numbers, no_errors, {name: block.kept[index] for name, index in names.items()}
                    )
                continue
            if row_encoding is None:
                block = with_lists(block, spec, options)
                first = table.from_rows(block, columns_to_count(files, options, spec.heads))
                row_encoding = plain_encoding(first, spec, loaded, options, True, notify)
                lines = describe(row_encoding)
            if number == 0:
                check_axis_order(loaded.model, row_encoding, block.format, block.file)
            columns = encoded_table.column_indices(row_encoding, block.format, block.file)[0]
            sequences = (each for each, feature in zip(columns, row_encoding.features, strict=True) if feature.sequence)
            block = block.as_written(frozenset(sequences))
            warn_of_merged_in_stream(block, row_encoding, merged, notify)
            for_rows = sized_for_rows(row_encoding, block, columns)
            for rows in block.parts(max(1, LARGEST // max(spec.width, for_rows.width))):
                x = transform.features(rows, for_rows, counts)
                row_errors = rows.errors or RowErrors(np.zeros(len(rows), bool))
                while lines and not row_errors.mask.all():  # a column of text may have been taken for numbers
                    notify(lines.pop(0))
                kept = {name: rows.kept[index] for name, index in names.items()}
                yield ModelRows(x, row_errors, kept, for_rows, take_lengths(x, for_rows))
    if row_encoding:
        described = [
            *describe_images(row_encoding, counts.images), *describe_sequences(row_encoding, counts.sequences),
            *describe_filled(row_encoding, counts.missing),
        ]  # fmt: skip
        for line in described:
            notify(line)
    warn_unseen(counts, notify)


def _kept_columns(format_: TableFormat, encoding: Encoding | None, keep: tuple[str, ...], file: str) -> dict[str, int]:
    """The columns kept for the output by name, the paths of images first."""
    names = _column_names(format_, encoding)
    paths = {names[0]: 0} if format_.images else {}
    return paths | {names[index]: index for index in select_columns(names, keep, file)}


def _column_names(format_: TableFormat, encoding: Encoding | None) -> tuple[str, ...]:
    """The names of the columns; a table without a header has those of the training table."""
    bare = not format_.header and encoding and len(encoding.columns) == len(format_.names)
    return encoding.columns if encoding and bare else format_.names
