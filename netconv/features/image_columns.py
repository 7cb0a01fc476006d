"""Columns whose cells are paths of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import BadRow, DataError, option
from ..tables.image_files import are_image_names
from ..tables.rows import Rows
from ..tables.table import Table
from .encoding import Feature, InputSpec
from .image_decoding import ImageCounts, ImageFacts, common_size, decode
from .image_format import UNIT, ImageFormat, ImageSpec
from .table_options import TableOptions

if TYPE_CHECKING:
    import numpy as np

SAMPLE = 500
"""Evenly spaced images whose sizes decide for a net that takes images of any size."""


def is_image_column(table: Table, column: int) -> bool:
    """Whether the cells of a column are names of images."""
    return are_image_names(table.stats.values.get(column, {}))


def image_feature(table: Table, candidates: Sequence[int], entry: InputSpec, options: TableOptions) -> Feature | None:
    """The feature of the column of images among the columns for an input; None if there is none, or if other columns
    have the pixels. Raises DataError: there are several, or the options do not fit images."""
    found = [index for index in candidates if is_image_column(table, index)]
    if not found or not entry.image:
        return None
    others = len(candidates) - len(found)
    if others and (entry.image.axes == 1 or others == entry.width):
        return None
    if len(found) > 1:
        names = " or ".join(repr(table.format.names[index]) for index in found)
        raise DataError(f"which column has the images, {names}? Name it with {option('columns')}", table.file)
    if options.standardize:
        raise DataError(
            f"{option('standardize')} is for columns of numbers; pixels are scaled by {option('rescale')}", table.file
        )
    return Feature(table.format.names[found[0]], image=image_format(table, found[0], entry.image, options))


def image_format(table: Table, column: int, spec: ImageSpec, options: TableOptions) -> ImageFormat:
    """How the images of a column become what an input takes. Sizes that it leaves open are those of most images. Raises
    DataError if no image can be read then."""
    height, width, channels = spec.height, spec.width, spec.channels
    if height is None or width is None or channels is None:
        paths = list(table.stats.values[column])
        common = common_size(paths[:: -(-len(paths) // SAMPLE)])
        height, width = (height or common[0], width or common[1])
        channels = channels or common[2]
    scale = 1.0 if spec.rescales else UNIT
    return ImageFormat(height, width, channels, spec.data_format, options.resize or "stretch", scale)


def read_images(rows: Rows, column: int, form: ImageFormat, counts: ImageCounts) -> np.ndarray:
    """The scaled pixels of a column of images, (rows, numbers) of float32. Images that cannot be read make their rows
    bad ones. Raises DataError."""
    import numpy as np

    codes, values = rows.texts[column]
    bad = np.zeros(len(rows), bool) if rows.errors is None else rows.errors.mask
    unreadable = (codes < 0) & ~bad
    errors = {
        row: rows.cell_error("names no image", row, column, BadRow) for row in np.flatnonzero(unreadable).tolist()
    }
    paths = [None if skipped else values[code] for code, skipped in zip(codes, bad | unreadable, strict=True)]
    pixels, found = decode(paths, form)
    for row, each in enumerate(found):
        if isinstance(each, ImageFacts):
            counts.add(each)
        elif isinstance(each, DataError):
            unreadable[row] = True
            in_table = not rows.format.images
            what = f"{{}} {each.what}"
            errors[row] = rows.cell_error(what, row, column, BadRow) if in_table else BadRow(each.what, each.file)
    if errors:
        first = errors[min(errors)]
        if rows.errors is None:
            raise first
        counts.first = counts.first or first
        counts.unreadable += len(errors)
        rows.errors.add(unreadable, errors.__getitem__)
    return pixels * np.float32(form.scale)
