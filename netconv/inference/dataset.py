"""Tables as a model takes them: the arrays of its inputs, and its targets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DataError
from ..features import encoded_table, schema_inference, transform
from ..features.description import describe, describe_filled, describe_images, describe_later
from ..features.encoding import Encoding, ModelSpec
from ..features.image_decoding import ImageCounts
from ..features.notices import Notify
from ..features.scaling import Scaling
from ..features.sequence_columns import check_vocabularies
from ..features.sequence_description import describe_sequences, describe_vocabularies
from ..features.sequence_rows import sized, take_lengths
from ..features.table_options import TableOptions
from ..tables import disk_buffer
from ..tables.disk_buffer import Collector, DiskBuffer, ShapedRows
from ..tables.number_format import pluralize
from ..tables.rows import RowErrors
from ..tables.sources import Data, Source, reopenable, sources
from ..tables.table import Table
from . import model_scaling
from .axis_order import check_axis_order
from .calling import row_shapes
from .input_shape import built_for
from .loading import LoadedModel
from .model_encoding import override_encoding, plain_encoding, trained_encoding, warn_unseen
from .model_spec import check_trainable, class_names, losses_of, spec_of
from .reading import (
    note_equal_classes,
    notify_of_reading,
    offering_to_skip,
    read_table,
    warn_of_merged_numbers,
    with_texts,
)
from .table_targets import Targets, check_classes, not_trained_on, note_held_out, note_trained_on, read_targets
from .trained_rows import checksum, trained_on
from .validation_rows import validation_mask

if TYPE_CHECKING:
    import numpy as np

BLOCK_ROWS, BLOCK_BYTES = 8192, 16 << 20
"""Rows, and bytes of their numbers, that a model is evaluated on at once."""
PART = 16 << 20
"""Bytes of the numbers that rows become at once."""


@dataclass(frozen=True)
class Dataset:
    """The rows of a table as a model takes them.

    Attributes:
        inputs: The rows for each input of the model, (rows, *shape); those of a table larger than memory are on disk.
        targets: Of each head: indices of classes, (rows,) of int32; or values, (rows, values) of float32.
        encoding: How the table was read.
        names: The names of the classes of each head; empty for values.
        counts: How many rows each class of each head has.
        left_out: How many rows of the table are not here, by reason.
        table_rows: How many rows the table has.
        checksum: Of the targets and the features of all rows of the table, as a `Training` has it.
        lengths: How many steps each row has for each input, (rows, inputs), where one takes any number of them: the
            rest of a row is not to be given to the model. None if no input does.
    """

    inputs: tuple[ShapedRows, ...]
    targets: tuple[np.ndarray, ...]
    encoding: Encoding
    names: tuple[tuple[str, ...], ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    table_rows: int = 0
    checksum: int = 0
    lengths: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets[0])

    @property
    def class_rows(self) -> tuple[dict[str, int], ...]:
        """How many rows each class of each head has that occurs, by its name."""
        return tuple(
            {name: count for name, count in zip(names, counts, strict=True) if count}
            for names, counts in zip(self.names, self.counts, strict=True)
        )

    def blocks(self) -> Iterator[tuple[list[np.ndarray], list[np.ndarray], np.ndarray | None]]:
        """The inputs, targets and lengths of all rows in order, some of them at a time."""
        size = sum(math.prod(part.shape[1:]) * part.dtype.itemsize for part in self.inputs)
        rows = max(1, min(BLOCK_ROWS, BLOCK_BYTES // max(1, size)))
        for start in range(0, len(self), rows):
            inputs, targets = ([part[start : start + rows] for part in parts] for parts in (self.inputs, self.targets))
            yield inputs, targets, None if self.lengths is None else self.lengths[start : start + rows]


class TrainingRows(NamedTuple):
    """What a model is trained on.

    Attributes:
        loaded: The model, which is built here if the shape of its input depends on the table.
        net: The model that is trained, which takes the numbers of the table as they are, but whose targets are
            standardized where the scaling says so: `loaded.model`, or a copy with scaling layers.
        training: The training rows, in the units of the table.
        validation: The validation rows, which may be none.
        scaling: How the trained model scales the numbers of the table.
    """

    loaded: LoadedModel
    net: Any
    training: Dataset
    validation: Dataset
    scaling: Scaling


@offering_to_skip()
def for_training(
    loaded: LoadedModel,
    files: tuple[Source, ...],
    options: TableOptions,
    *,
    loss,
    validation_data: Data | None,
    validation_split: float,
    seed: int,
    notify: Notify,
) -> TrainingRows:
    """The training rows and the validation rows of a table. Fill values, means and standard deviations are those of the
    training rows.

    Args:
        loaded: The model.
        files: The files of the table.
        options: How the table is read. A model that was trained before reads the table as its training table, unless
            these or `loss` change that.
        loss: The loss, of all outputs or by the name of the output, None for that of the model.
        validation_data: A table of validation rows.
        validation_split: Without `validation_data`, the share of the rows for validation, the same of each class.
        seed: Of the random numbers that draw these.
        notify: Is called with a line about each thing that was inferred.

    Raises:
        NetconvError: The table does not fit the model.
        OSError: The disk is full.
    """
    files = tuple(map(reopenable, files))
    source_table = None
    if loaded.model is None:
        source_table = _read(files, options, notify)
        loaded, source_table = built_for(loaded, files, source_table, options, loss, notify)
    check_trainable(loaded)
    losses = losses_of(loaded, loss)
    spec = spec_of(loaded, losses)
    encoding = None if options.changes_encoding or loss else trained_encoding(loaded, spec)
    if encoding:
        notify("columns, categories and classes are those of the table that the model was trained on")
        source_table = encoded_table.read(files, encoding, options.text)
        notify_of_reading(source_table, notify)
    else:
        source_table = _read_for(files, source_table, options, notify, spec)
        encoding = schema_inference.infer_encoding(source_table, spec, options, loaded.classes, notify=notify)
        if not loaded.may_have_vocabulary:
            check_vocabularies(encoding, source_table.file)
    targets = read_targets(source_table, encoding, notify)
    check_classes(targets, encoding, source_table)
    held_out = validation_mask(targets.strata, targets.present, 0.0 if validation_data else validation_split, seed)
    training_mask = targets.present & ~held_out
    unfitted, encoding = encoding, transform.fit_statistics(encoding, source_table, training_mask)
    unasked = list(describe_vocabularies(unfitted, encoding))
    scaling = model_scaling.choose(
        loaded, encoding, source_table, targets.values, training_mask, options, losses, unasked.append
    )
    counts = transform.CellCounts()
    encoding = encoding.with_whole_pixels()
    net = model_scaling.with_scaling(loaded.model, encoding, replace(scaling, outputs=()))
    make = partial(_datasets, net, spec, counts=counts, skip=options.errors == "skip", notify=notify)
    training, validation = make(encoding, source_table, targets, (training_mask, held_out))
    for line in (*describe(encoding, options, scaling), *unasked, *_describe_cells(encoding, counts)):
        notify(line)
    warn_of_merged_numbers(files, source_table, encoding, options, training=True, notify=notify)
    note_equal_classes(files, source_table, encoding, options, notify)
    if validation_data:
        source_table = encoded_table.read(sources(validation_data, part="test"), encoding, options.text)
        notify_of_reading(source_table, notify)
        targets = read_targets(source_table, encoding, notify)
        counts.images, counts.sequences = ImageCounts(), {}
        [validation] = make(encoding, source_table, targets, (targets.present,))
        for line in _describe_cells(encoding, counts):
            notify(line)
    warn_unseen(counts, notify)
    return TrainingRows(loaded, net, training, validation, scaling)


@offering_to_skip()
def for_evaluation(
    loaded: LoadedModel,
    spec: ModelSpec,
    files: tuple[Source, ...],
    options: TableOptions,
    notify: Notify,
    held_out: bool = False,
) -> Dataset:
    """The rows of a table that have targets; if `held_out`, those that the model was not trained on, of the table that
    it was trained on. A trained model reads the table as its training table, any other model takes numbers unchanged.
    Raises NetconvError, and OSError if the disk is full."""
    files = tuple(map(reopenable, files))
    trained = trained_encoding(loaded, spec)
    if trained:
        encoding = override_encoding(trained, options)
        source_table = encoded_table.read(files, encoding, options.text)
        notify_of_reading(source_table, notify)
        lines = describe_later(encoding, source_table.format.names)
    else:
        source_table = _read_for(files, None, options, notify, spec)
        encoding = plain_encoding(source_table, spec, loaded, options, False, notify)
        lines = describe(encoding)
    targets, counts = read_targets(source_table, encoding, notify), transform.CellCounts()
    # Which of these tables it is, if any, is known once all rows are encoded.
    by_checksum = trained_on(loaded, targets.strata, targets.present)
    if held_out and not by_checksum:
        raise not_trained_on(source_table.file)
    masks = [targets.present & ~rows for rows in by_checksum.values()] if held_out else [targets.present]
    datasets = _datasets(
        loaded.model, spec, encoding, source_table, targets, tuple(masks), counts, options.errors == "skip", notify
    )
    crc = datasets[0].checksum
    if held_out:
        note_held_out(targets, by_checksum.get(crc), source_table.file, notify)
        datasets = [datasets[list(by_checksum).index(crc)]]
    for line in lines:
        notify(line)
    warn_of_merged_numbers(files, source_table, encoding, options, training=False, notify=notify)
    for line in (*_describe_cells(encoding, counts), *describe_filled(encoding, counts.missing)):
        notify(line)
    warn_unseen(counts, notify)
    if not held_out:
        note_trained_on(targets, by_checksum.get(crc), notify)
    return datasets[0]


def _describe_cells(encoding: Encoding, counts: transform.CellCounts) -> list[str]:
    """What images and sequences were read, and what became of them."""
    return [*describe_images(encoding, counts.images), *describe_sequences(encoding, counts.sequences)]


def _sized(encoding: Encoding, source_table: Table) -> Encoding:
    """The encoding for the rows of a table."""
    columns = encoded_table.column_indices(encoding, source_table.format, source_table.file)[0]
    return sized(encoding, lambda column: source_table.whole_texts([column]), columns)


def _read(files: tuple[Source, ...], options: TableOptions, notify: Notify) -> Table:
    """A table of which no encoding is known, and how it was read: an error that follows may be due to that."""
    source_table = read_table(files, options)
    notify_of_reading(source_table, notify)
    return source_table


def _read_for(
    files: tuple[Source, ...], source_table: Table | None, options: TableOptions, notify: Notify, spec: ModelSpec
) -> Table:
    """A table of which no encoding is known, for a model, and how it was read, unless that was said of the
    `source_table`."""
    if source_table:
        return with_texts(files, source_table, spec, options)
    found = read_table(files, options, spec.heads)
    try:
        found = with_texts(files, found, spec, options)
    finally:
        notify_of_reading(found, notify)
    return found


def _datasets(
    model: Any,
    spec: ModelSpec,
    encoding: Encoding,
    source_table: Table,
    targets: Targets,
    masks: tuple[np.ndarray, ...],
    counts: transform.CellCounts,
    skip: bool,
    notify: Notify,
) -> list[Dataset]:
    """A dataset of the rows of each mask; with `skip` without images that cannot be read."""
    import numpy as np

    masks = tuple(mask.copy() for mask in masks)
    check_axis_order(model, encoding, source_table.format, source_table.file)
    for_rows = _sized(encoding, source_table)
    encoded, crc = _encoded(for_rows, source_table, masks, counts, skip, targets.checksum)
    left_out = dict(targets.left_out)
    for read in counts.sequences.values():
        if read.bad:
            left_out["without a sequence"] = left_out.get("without a sequence", 0) + read.bad
            notify(f"warning: {pluralize(read.bad, 'bad row')} left out; the first: {read.first}")
            if not any(mask.any() for mask in masks):
                raise DataError("no row has a sequence", source_table.file)
    if counts.images.unreadable:
        left_out["that cannot be read"] = counts.images.unreadable
        images = pluralize(counts.images.unreadable, "image")
        notify(f"warning: {images} left out; the first: {counts.images.first}")
        if not any(mask.any() for mask in masks):
            raise DataError("no image can be read", source_table.file)
    if not source_table.on_disk and any(isinstance(part, DiskBuffer) for parts, _ in encoded for part in parts):
        notify(f"more than {disk_buffer.MEMORY >> 20} MB of numbers, kept on disk")
    names = tuple(
        class_names(head.classes, each.classes) if each.classes else ()
        for head, each in zip(encoding.heads, spec.heads, strict=True)
    )
    datasets = []
    for mask, (parts, lengths) in zip(masks, encoded, strict=True):
        y = tuple(values[mask] for values in targets.values)
        rows_of_class = tuple(
            tuple(np.bincount(values, minlength=len(classes)).tolist()) if classes else ()
            for values, classes in zip(y, names, strict=True)
        )
        inputs = _shaped_inputs(model, for_rows, parts)
        datasets.append(Dataset(inputs, y, encoding, names, rows_of_class, left_out, len(mask), crc, lengths))
    return datasets


def _encoded(
    encoding: Encoding,
    source_table: Table,
    masks: tuple[np.ndarray, ...],
    counts: transform.CellCounts,
    skip: bool,
    crc: int,
) -> tuple[list[tuple[list[np.ndarray | DiskBuffer], np.ndarray | None]], int]:
    """The numbers of each input, (rows, width), for the rows of each mask, with their lengths as in `Dataset`; and the
    checksum of all rows, after that of their targets, `crc`. With `skip`, rows of images that cannot be read, and of
    cells that are not sequences, are taken out of the masks."""
    import numpy as np

    widths = encoding.widths
    edges = np.cumsum(widths)[:-1]
    most = 0 if source_table.on_disk else disk_buffer.MEMORY // (4 * max(1, encoding.width))
    counts_of = [int(np.count_nonzero(mask)) for mask in masks]
    collected = [[Collector(width, count, count > most) for width in widths] for count in counts_of]
    lengths: list[list[np.ndarray]] = [[] for _ in masks]
    step = max(1, PART // (4 * max(1, encoding.width)))
    start = 0
    columns = encoded_table.column_indices(encoding, source_table.format, source_table.file)[0]
    texts = [column for column, each in zip(columns, encoding.features, strict=True) if each.sequence]
    for rows in (part for block in source_table.whole_texts(texts) for part in block.parts(step)):
        if skip and encoding.has_parsed_cells:
            rows = replace(rows, errors=RowErrors(np.zeros(len(rows), bool)))
        x = transform.features(rows, encoding, counts)
        steps = take_lengths(x, encoding)
        crc = checksum(x, crc)
        for mask, collectors, of_mask in zip(masks, collected, lengths, strict=True):
            taken = mask[start : start + len(rows)]
            if rows.errors is not None:
                taken &= ~rows.errors.mask
            picked = x[taken]
            if steps is not None:
                of_mask.append(steps[taken])
            for collector, part in zip(collectors, np.split(picked, edges, axis=1), strict=True):
                collector.append(part)
        start += len(rows)
    finished = [
        ([collector.finish() for collector in collectors], np.concatenate(of_mask) if of_mask else None)
        for collectors, of_mask in zip(collected, lengths, strict=True)
    ]
    return finished, crc


def _shaped_inputs(model, encoding: Encoding, parts: list[np.ndarray | DiskBuffer]) -> tuple[ShapedRows, ...]:
    """The numbers of each input as the model takes them."""
    import numpy as np

    shapes = row_shapes(model, encoding.width, tuple(encoding.inputs.values()), encoding.images)
    return tuple(
        ShapedRows(rows, shape, np.dtype(tensor.dtype))
        for rows, shape, tensor in zip(parts, shapes, model.inputs, strict=True)
    )
