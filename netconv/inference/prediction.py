"""Predicts the rows of a table as they come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from ..errors import option
from ..features import encoded_table, transform
from ..features.description import describe, describe_filled, describe_images, describe_later
from ..features.encoding import Encoding, Head, HeadSpec, ModelSpec
from ..features.merged_numbers import MergedInStream
from ..features.notices import Notify, TableNotes, ignore
from ..features.option_checks import as_columns, require
from ..features.sequence_description import describe_sequences
from ..features.sequence_rows import sized_for_rows, take_lengths
from ..features.table_options import TableOptions, read_options
from ..reports.predictions import Block, PredictedHead, Predictions
from ..tables import table
from ..tables.column_selection import select_columns
from ..tables.number_format import pluralize
from ..tables.rows import RowErrors, TableFormat
from ..tables.sources import Data, Source
from .axis_order import check_axis_order
from .calling import split_inputs
from .loading import LoadedModel, open_model
from .model_encoding import override_encoding, plain_encoding, trained_encoding, warn_unseen
from .model_scaling import rescaling
from .model_spec import class_names, losses_of, probabilities, spec_of
from .reading import columns_to_count, find_files, warn_of_merged_in_stream, with_lists
from .sequence_inputs import predict_sequences

if TYPE_CHECKING:
    import numpy as np

LARGEST = 4 << 20
"""Numbers that a model takes, or outputs, at once."""
Policy = Literal["stop", "skip", "null"]


class _Part(NamedTuple):
    """Some rows: the inputs of the model, (rows, width); the bad rows; the columns kept for the output, by name; how
    the rows are encoded, None if there are none; and their lengths, as in `Dataset`."""

    x: np.ndarray
    errors: RowErrors
    kept: dict[str, Any]
    encoding: Encoding | None = None
    lengths: np.ndarray | None = None

    def picked(self, rows: np.ndarray) -> _Part:
        """Some rows, a mask, to be computed."""
        lengths = None if self.lengths is None else self.lengths[rows]
        return self._replace(x=self.x[rows], lengths=lengths)


def predict(
    model,
    data: Data,
    *,
    raw: bool = False,
    errors: Policy = "stop",
    keep: tuple[str, ...] = (),
    notify: Notify = ignore,
    params: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    **table_options: Any,
) -> Predictions:
    """Predicts each row of a table, in order. A table of any length takes little memory.

    Args:
        model: What `open_model` takes.
        data: The table: a path, a glob pattern, a binary stream or a list of these. A target column is ignored.
        raw: Returns the outputs of the model instead of the probabilities of classes.
        errors: What to do with a bad row (ragged, text in a numeric column, a missing cell or an unknown category that
            cannot be filled in): "stop" raises its error after the rows before it, "skip" leaves it out, "null" gives
            it no values. The last two end with a warning.
        keep: Columns that are kept unchanged in the output.
        notify: Is called with a line about each thing that was inferred.
        params: The parameter file of a net, None for the one beside it.
        input_shapes: Shapes of the inputs of a net, as for `convert`.
        **table_options: The fields of `TableOptions`.

    Raises:
        NetconvError: The model or the table cannot be read, or they do not fit each other; also while the blocks of the
            predictions are read.
    """
    import numpy as np

    require("errors", errors, errors in get_args(Policy), "'stop', 'skip' or 'null'")
    [options] = read_options(predict, table_options)
    keep = as_columns("keep", keep)
    files = find_files(data, options, "test", notify)
    loaded = open_model(model, notify=notify, params=params, input_shapes=input_shapes)
    losses = losses_of(loaded)
    spec = spec_of(loaded, losses)
    encoding = trained_encoding(loaded, spec)
    if encoding:
        encoding = replace(override_encoding(encoding, options), heads=encoding.heads)
    else:
        loaded = rescaling(loaded, spec, options.rescale)
        spec = spec_of(loaded, losses)
    as_classes = [bool(head.classes) and not raw for head in spec.heads]
    sizes = [None if None in tensor.shape[1:] else math.prod(tensor.shape[1:]) for tensor in loaded.model.outputs]

    def run(part: _Part) -> np.ndarray:
        widths = tuple(part.encoding.inputs.values()) if part.encoding else ()
        inputs = split_inputs(loaded.model, part.x, widths, part.encoding.images if part.encoding else ())
        outputs = predict_sequences(loaded.model, inputs, part.lengths)
        parts = np.split(outputs, np.cumsum(_completed(sizes, outputs.shape[1]))[:-1], axis=1)
        found = [
            probabilities(part, loss) if classes else part
            for part, loss, classes in zip(parts, losses, as_classes, strict=True)
        ]
        return np.concatenate(found, axis=1) if len(found) > 1 else found[0]

    predicted = [
        head.classes if classes else size for head, classes, size in zip(spec.heads, as_classes, sizes, strict=True)
    ]
    width = None if None in predicted else sum(size or 0 for size in predicted)
    blocks = _blocks(_parts(loaded, spec, encoding, files, options, keep, notify), run, width, errors, notify)
    first = next(blocks)
    classes = loaded.classes if len(spec.heads) == 1 else ()
    known = encoding.heads if encoding else [Head(head.name, (), classes) for head in spec.heads]
    heads = tuple(
        PredictedHead(head.name, _names(head, of_table, count, raw and len(spec.heads) > 1), probable)
        for head, of_table, count, probable in zip(
            spec.heads, known, _completed(predicted, first.values.shape[1]), as_classes, strict=True
        )
    )
    return Predictions(heads, chain([first], blocks), tuple(first.kept))


def _completed(sizes: Sequence[int | None], total: int) -> list[int]:
    """The sizes of the outputs of a row of `total` values; one of unknown size has the rest of them."""
    rest = total - sum(size or 0 for size in sizes)
    return [rest if size is None else size for size in sizes]


def _names(head: HeadSpec, known: Head, width: int, prefixed: bool) -> tuple[str, ...]:
    """The names of the values of a head: the classes, also `prefixed` by its own, the targets, or the output of the
    model."""
    if head.classes == width:
        names = class_names(known.classes, width)
        return tuple(f"{head.name}_{name}" for name in names) if prefixed else names
    if not head.classes and len(known.targets) == width:
        return known.targets
    return (head.name,) if width == 1 else tuple(f"{head.name}_{n}" for n in range(1, width + 1))


# Rows of the table


def _parts(
    loaded: LoadedModel,
    spec: ModelSpec,
    encoding: Encoding | None,
    files: tuple[Source, ...],
    options: TableOptions,
    keep: tuple[str, ...],
    notify: Notify,
) -> Iterator[_Part]:
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
                    yield _Part(block.numbers, no_errors, {name: block.kept[index] for name, index in names.items()})
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
            most = max(1, LARGEST // max(spec.width, sized_for_rows(row_encoding, block, columns).width))
            for rows in block.parts(most):
                for_rows = sized_for_rows(row_encoding, rows, columns)
                x = transform.features(rows, for_rows, counts)
                row_errors = rows.errors or RowErrors(np.zeros(len(rows), bool))
                while lines and not row_errors.mask.all():  # a column of text may have been taken for numbers
                    notify(lines.pop(0))
                kept = {name: rows.kept[index] for name, index in names.items()}
                yield _Part(x, row_errors, kept, for_rows, take_lengths(x, for_rows))
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


# Predictions


def _blocks(
    parts: Iterable[_Part],
    run: Callable[[_Part], np.ndarray],
    width: int | None,
    policy: Policy,
    notify: Notify,
) -> Iterator[Block]:
    """The predictions of all rows. `width` is the number of values of a row, where it is known before `run`
    computes some."""
    import numpy as np

    bad_rows, nan_rows = 0, 0
    first_error = None
    for part in parts:
        good = ~part.errors.mask
        bad_rows += int(np.count_nonzero(~good))
        if first_error is None and part.errors.first:
            first_error = part.errors.first[1]
        if first_error and policy == "stop":
            good[int(good.argmin()) :] = False
        values = _values(part, good, run, width)
        width = values.shape[1]
        nan_rows += int(np.count_nonzero(np.isnan(values).any(axis=1)))
        if good.all():
            yield Block(values, ~good, part.kept)
        elif policy == "null":
            yield _with_gaps(values, good, part.kept)
        elif policy == "skip" or len(values):
            yield _without_gaps(values, good, part.kept)
        if first_error and policy == "stop":
            raise first_error.with_remedy(f"{option('errors', 'skip')} or null continues")
    if first_error:
        done = "left out" if policy == "skip" else "without a prediction"
        notify(f"warning: {pluralize(bad_rows, 'bad row')} {done}; the first: {first_error}")
    if nan_rows:
        notify(f"warning: the net outputs NaN for {pluralize(nan_rows, 'row')}")


def _values(part: _Part, good: np.ndarray, run: Callable[[_Part], np.ndarray], width: int | None) -> np.ndarray:
    """The predictions of the good rows."""
    import numpy as np

    if good.any():
        return run(part if good.all() else part.picked(good))
    if width is None:
        zero = np.zeros((1, part.x.shape[1]), np.float32)
        width = run(part._replace(x=zero, lengths=None if part.lengths is None else part.lengths[:1])).shape[1]
    return np.empty((0, width), np.float32)


def _with_gaps(values: np.ndarray, good: np.ndarray, kept: dict[str, Any]) -> Block:
    """All rows, with NaN for those that are not good."""
    import numpy as np

    padded = np.full((len(good), values.shape[1]), np.nan, np.result_type(values, np.float32))
    padded[good] = values
    return Block(padded, ~good, kept)


def _without_gaps(values: np.ndarray, good: np.ndarray, kept: dict[str, Any]) -> Block:
    """The good rows alone."""
    import numpy as np
    import pyarrow as pa

    columns = {name: column.filter(pa.array(good)) for name, column in kept.items()}
    return Block(values, np.zeros(len(values), bool), columns)
