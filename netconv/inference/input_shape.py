"""The model of a net whose input shape depends on the table."""

from __future__ import annotations

import math
from dataclasses import replace

from ..errors import DataError, NetconvError, option
from ..features import schema_inference
from ..features.notices import Notify
from ..features.table_options import TableOptions
from ..tables.number_format import pluralize
from ..tables.sources import Source
from ..tables.table import Table
from .image_inputs import image_spec_of
from .loading import LoadedModel
from .model_spec import losses_of, spec_of
from .reading import read_table


def built_for(
    loaded: LoadedModel, files: tuple[Source, ...], source_table: Table, options: TableOptions, loss, notify: Notify
) -> tuple[LoadedModel, Table]:
    """With the model of a net whose input shape depends on the table, and the table. What the net outputs says which
    columns are targets: the table is read again if there are several outputs, and the model is built again if the
    features turn out to be others."""
    notes: list[str] = []
    if images := _built_for_images(loaded, source_table, options, notify):
        return images, _for_heads(images, files, source_table, options)
    width, widths = schema_inference.widths_of_rows(source_table, options, loaded.inputs)
    try:
        built = loaded.for_rows((width,), widths, notes.append)
    except NetconvError:
        if not loaded.open_shape or len(loaded.open_shape) != 4:
            raise
        raise DataError(
            f"{pluralize(width, 'feature')} found, and the net takes images: give a column for each pixel of a square "
            f"image that is large enough for the net (or its size with {option('input_shapes')}), or a folder or a "
            "column of image files",
            source_table.file,
        ) from None
    source_table = _for_heads(built, files, source_table, options)
    spec = spec_of(built, losses_of(built, loss))
    if len(spec.inputs) == 1 and spec.features is not None:
        free = replace(spec, features=None, inputs=(replace(spec.inputs[0], width=None),))
        width = schema_inference.infer_encoding(source_table, free, options, loaded.classes).width
        if width != spec.features:
            notes.clear()
            built = loaded.for_rows((width,), {}, notes.append)
    for note in notes:
        notify(note)
    return built, source_table


def _for_heads(loaded: LoadedModel, files: tuple[Source, ...], source_table: Table, options: TableOptions) -> Table:
    """The table, read again for a model of several outputs."""
    heads = spec_of(loaded, losses_of(loaded)).heads
    return read_table(files, options, heads) if len(heads) > 1 else source_table


def _built_for_images(
    loaded: LoadedModel, source_table: Table, options: TableOptions, notify: Notify
) -> LoadedModel | None:
    """With the model of a net for the images of a table, in the size of most of them; None if the table has no images
    for it."""
    spec = image_spec_of(loaded.open_shape)
    images = schema_inference.images_of_rows(source_table, spec, options) if spec else None
    if not spec or not images:
        return None
    notes: list[str] = []
    side = round(math.sqrt(images.height * images.width))
    row = {1: (side * side,), 2: (images.height, images.width)}.get(spec.axes, images.shape)
    try:
        built = loaded.for_rows(row, {}, notes.append)
    except NetconvError as error:
        raise DataError(
            f"images of {images} do not fit the net: {error}; {option('input_shapes')} gives another size",
            source_table.file,
        ) from None
    for note in notes:
        notify(note)
    return built
