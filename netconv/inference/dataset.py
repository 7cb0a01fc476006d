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
from ..features.encoding import Encoding, HeadSpec, ModelSpec
from ..features.image_decoding import ImageCounts
from ..features.notices import Notify
from ..features.scaling import Scaling
from ..features.table_options import TableOptions
from ..tables import disk_buffer
from ..tables.disk_buffer import Collector, DiskBuffer, ShapedRows
from ..tables.number_format import pluralize
from ..tables.rows import RowErrors
from ..tables.sources import Data, Source, reopenable, sources
from ..tables.table import Table
from . import model_scaling
from .calling import row_shapes
from .input_shape import built_for
from .loading import LoadedModel
from .model_encoding import override_encoding, plain_encoding, trained_encoding, warn_unseen
from .model_spec import check_trainable, class_names, losses_of, spec_of
from .reading import notify_of_reading, offering_to_skip, read_table, warn_of_merged_numbers, with_exact_classes
from .table_targets import Targets, check_classes, held_out_rows, note_trained_on, read_targets
from .trained_rows import checksum
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
        inputs: An array (rows, *shape) for each input of the model. It has `shape` and `dtype`, and rows by
            `[start:stop]` and by an index array; that of a table larger than memory is on disk.
        targets: Of each head: indices of classes, (rows,) of int32; or values, (rows, values) of float32.
        encoding: How the table was read.
        names: The names of the classes of each head; empty for values.
        counts: How many rows each class of each head has.
        left_out: How many rows of the table are not here, by reason.
        table_rows: How many rows the table has.
        checksum: Of the targets and the features of all rows of the table, as a `Training` has it.
    """

    inputs: tuple[Any, ...]
    targets: tuple[np.ndarray, ...]
    encoding: Encoding
    names: tuple[tuple[str, ...], ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    table_rows: int = 0
    checksum: int = 0

    def __len__(self) -> int:
        return len(self.targets[0])

    @property
    def class_rows(self) -> tuple[dict[str, int], ...]:
        """How many rows each class of each head has that occurs, by its name."""
        return tuple(
            {name: count for name, count in zip(names, counts, strict=True) if count}
            for names, counts in zip(self.names, self.counts, strict=True)
        )

    def blocks(self) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
        """The inputs and targets of all rows in order, some of them at a time."""
        size = sum(math.prod(part.shape[1:]) * part.dtype.itemsize for part in self.inputs)
        rows = max(1, min(BLOCK_ROWS, BLOCK_BYTES // max(1, size)))
        for start in range(0, len(self), rows):
            inputs, targets = ([part[start : start + rows] for part in parts] for parts in (self.inputs, self.targets))
            yield inputs, targets


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
        source_table = source_table or _read(files, options, notify, spec.heads)
        source_table = with_exact_classes(files, source_table, spec, options)
        encoding = schema_inference.infer_encoding(source_table, spec, options, loaded.classes, notify=notify)
    targets = read_targets(source_table, encoding, notify)
    check_classes(targets, encoding, source_table)
    held_out = validation_mask(targets.strata, targets.present, 0.0 if validation_data else validation_split, seed)
    training_mask = targets.present & ~held_out
    encoding = transform.fit_statistics(encoding, source_table, training_mask)
    unasked: list[str] = []
    scaling = model_scaling.choose(
        loaded, encoding, source_table, targets.values, training_mask, options, losses, unasked.append
    )
    counts = transform.CellCounts()
    encoding = encoding.with_whole_pixels()
    net = model_scaling.with_scaling(loaded.model, encoding, replace(scaling, outputs=()))
    make = partial(_datasets, net, spec, counts=counts, skip=options.errors == "skip", notify=notify)
    training, validation = make(encoding, source_table, targets, (training_mask, held_out))
    for line in (*describe(encoding, options, scaling), *unasked, *describe_images(encoding, counts.images)):
        notify(line)
    warn_of_merged_numbers(files, source_table, encoding, options, training=True, notify=notify)
    if validation_data:
        source_table = encoded_table.read(sources(validation_data, part="test"), encoding, options.text)
        notify_of_reading(source_table, notify)
        targets = read_targets(source_table, encoding, notify)
        counts.images = ImageCounts()
        [validation] = make(encoding, source_table, targets, (targets.present,))
        for line in describe_images(encoding, counts.images):
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
        source_table = with_exact_classes(files, _read(files, options, notify, spec.heads), spec, options)
        encoding = plain_encoding(source_table, spec, loaded, options, False, notify)
        lines = describe(encoding)
    targets, counts = read_targets(source_table, encoding, notify), transform.CellCounts()
    mask, skip = targets.present, options.errors == "skip"
    if held_out:
        crc = _encoded(encoding, source_table, (), transform.CellCounts(), skip, targets.checksum)[1]
        mask = held_out_rows(loaded, targets, crc, source_table.file, notify)
    [dataset] = _datasets(loaded.model, spec, encoding, source_table, targets, (mask,), counts, skip, notify)
    for line in lines:
        notify(line)
    warn_of_merged_numbers(files, source_table, encoding, options, training=False, notify=notify)
    for line in (*describe_images(encoding, counts.images), *describe_filled(encoding, counts.missing)):
        notify(line)
    warn_unseen(counts, notify)
    if not held_out:
        note_trained_on(loaded, targets, dataset.checksum, notify)
    return dataset


def _read(files: tuple[Source, ...], options: TableOptions, notify: Notify, heads: tuple[HeadSpec, ...] = ()) -> Table:
    """A table of which no encoding is known, and how it was read: an error that follows may be due to that."""
    source_table = read_table(files, options, heads)
    notify_of_reading(source_table, notify)
    return source_table


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
    encoded, crc = _encoded(encoding, source_table, masks, counts, skip, targets.checksum)
    left_out = dict(targets.left_out)
    if counts.images.unreadable:
        left_out["that cannot be read"] = counts.images.unreadable
        images = pluralize(counts.images.unreadable, "image")
        notify(f"warning: {images} left out; the first: {counts.images.first}")
        if not any(mask.any() for mask in masks):
            raise DataError("no image can be read", source_table.file)
    if not source_table.on_disk and any(isinstance(part, DiskBuffer) for parts in encoded for part in parts):
        notify(f"more than {disk_buffer.MEMORY >> 20} MB of numbers, kept on disk")
    names = tuple(
        class_names(head.classes, each.classes) if each.classes else ()
        for head, each in zip(encoding.heads, spec.heads, strict=True)
    )
    datasets = []
    for mask, parts in zip(masks, encoded, strict=True):
        y = tuple(values[mask] for values in targets.values)
        rows_of_class = tuple(
            tuple(np.bincount(values, minlength=len(classes)).tolist()) if classes else ()
            for values, classes in zip(y, names, strict=True)
        )
        inputs = _shaped_inputs(model, encoding, parts)
        datasets.append(Dataset(inputs, y, encoding, names, rows_of_class, left_out, len(mask), crc))
    return datasets


def _encoded(
    encoding: Encoding,
    source_table: Table,
    masks: tuple[np.ndarray, ...],
    counts: transform.CellCounts,
    skip: bool,
    crc: int,
) -> tuple[list[list[np.ndarray | DiskBuffer]], int]:
    """The numbers of each input, (rows, width), for the rows of each mask; and the checksum of all rows, after
    that of their targets, `crc`. With `skip`, rows of images that cannot be read are taken out of the masks."""
    import numpy as np

    widths = encoding.widths
    edges = np.cumsum(widths)[:-1]
    most = 0 if source_table.on_disk else disk_buffer.MEMORY // (4 * max(1, encoding.width))
    counts_of = [int(np.count_nonzero(mask)) for mask in masks]
    collected = [[Collector(width, count, count > most) for width in widths] for count in counts_of]
    step = max(1, PART // (4 * max(1, encoding.width)))
    start = 0
    for rows in (part for block in source_table.blocks() for part in block.parts(step)):
        if skip and any(encoding.images):
            rows = replace(rows, errors=RowErrors(np.zeros(len(rows), bool)))
        x = transform.features(rows, encoding, counts)
        crc = checksum(x, crc)
        for mask, collectors in zip(masks, collected, strict=True):
            taken = mask[start : start + len(rows)]
            if rows.errors is not None:
                taken &= ~rows.errors.mask
            picked = x[taken]
            for collector, part in zip(collectors, np.split(picked, edges, axis=1), strict=True):
                collector.append(part)
        start += len(rows)
    return [[collector.finish() for collector in collectors] for collectors in collected], crc


def _shaped_inputs(model, encoding: Encoding, parts: list[np.ndarray | DiskBuffer]) -> tuple[Any, ...]:
    """The numbers of each input as the model takes them."""
    import numpy as np

    inputs: list[np.ndarray | ShapedRows] = []
    shapes = row_shapes(model, encoding.width, tuple(encoding.inputs.values()), encoding.images)
    for rows, shape, tensor in zip(parts, shapes, model.inputs, strict=True):
        shaped = ShapedRows(rows, shape, np.dtype(tensor.dtype))
        inputs.append(shaped if isinstance(rows, DiskBuffer) else shaped[:])
    return tuple(inputs)
