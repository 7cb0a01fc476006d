"""How a model scales the numbers of a table: what is computed from the rows, and when an untrained net needs it. The
layers that do it are those of `keras_files.scaling_layers`. Knows no Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..tables.table import Table
from .encoded_table import column_indices
from .encoding import Encoding, Feature
from .transform import parsed_numbers

if TYPE_CHECKING:
    import numpy as np

MOST_RATIO = 100
"""How many times as large as another one a column may be before an untrained net standardizes its features."""
SIZES = 1e-3, 1e3
"""The largest number of a table that needs no standardizing is between these."""
RARE = 10
"""One in so many columns may be smaller than all others, like the pixels at the edge of an image."""
TARGET_SIZES = 0.1, 10.0
"""The standard deviation of a target that needs no standardizing is above the first, its root mean square below the
second."""


class Moments(NamedTuple):
    """Numbers are standardized: `x` becomes `(x - mean) / std`."""

    mean: np.ndarray
    std: np.ndarray


class Affine(NamedTuple):
    """Numbers are rescaled: `x` becomes `x * scale + offset`."""

    scale: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True)
class Scaling:
    """What a model does with the numbers of a row, in arrays (width,) of float64; None where it does nothing.

    `fill` replaces NaN, before the numbers are changed by `inputs`. `outputs` has the moments of the targets of each
    head, arrays (targets,), or None; it is empty if no targets are standardized. Where there are moments, the net
    predicts standardized targets, and the model returns them in the units of the table.
    """

    fill: np.ndarray | None = None
    inputs: Moments | Affine | None = None
    outputs: tuple[Moments | None, ...] = ()

    def __bool__(self) -> bool:
        return any(part is not None for part in (self.fill, self.inputs, *self.outputs))

    def part(self, start: int, stop: int) -> Scaling:
        """That of the numbers of one of several inputs, which are filled all or not at all."""
        import numpy as np

        fill = None if self.fill is None or np.isnan(self.fill[start:stop]).any() else self.fill[start:stop]
        if self.inputs is None:
            return Scaling(fill)
        inputs = type(self.inputs)(*(each[start:stop] for each in self.inputs))
        same = (0, 1) if isinstance(inputs, Moments) else (1, 0)
        stay = all((numbers == number).all() for numbers, number in zip(inputs, same, strict=True))
        return Scaling(fill, None if stay else inputs)


UNSCALED = Scaling()


def fill_values(encoding: Encoding) -> np.ndarray:
    """What replaces each number of a row where it is missing, (width,); NaN for an id."""
    import numpy as np

    values: list[float] = []
    for feature in encoding.features:
        if feature.fill is None or feature.ids:
            values += [np.nan] * feature.width
        elif feature.onehot:
            values += [float(category == feature.fill) for category in feature.categories]
        else:
            code = feature.categories.index(str(feature.fill)) if feature.categories else feature.fill
            values.append(float(code))
    return np.array(values)


def rescaled(encoding: Encoding, scale: float, offset: float) -> Affine:
    """Of the numbers, also in sequences, and pixels; codes, one-hot columns and ids stay."""
    import numpy as np

    widths = [feature.width for feature in encoding.features]
    parsed = [bool(each.image or (each.sequence and each.sequence.kind == "numbers")) for each in encoding.features]
    numbers = _are_numbers(encoding) | np.repeat(parsed, widths)
    return Affine(np.where(numbers, scale, 1.0), np.where(numbers, offset, 0.0))


def of_images(encoding: Encoding) -> Affine:
    """Of the pixels, as their images say; other numbers stay."""
    import numpy as np

    scales, offsets = [], []
    for feature in encoding.features:
        image = feature.image
        scales.append(image.each_number(image.scale) if image else np.ones(feature.width))
        offsets.append(image.each_number(image.offset) if image else np.zeros(feature.width))
    return Affine(np.concatenate(scales), np.concatenate(offsets))


def standardized(encoding: Encoding, table: Table, training: np.ndarray) -> Moments:
    """Of the numbers, over the rows `training` (a mask) without missing cells; codes, one-hot columns and ids stay."""
    import numpy as np

    mean, std = _moments(table, training, column_indices(encoding, table.format, table.file)[0], encoding.features)
    widths = [feature.width for feature in encoding.features]
    numbers = _are_numbers(encoding)
    mean, std = np.repeat(mean, widths), np.repeat(std, widths)
    return Moments(np.where(numbers, mean, 0.0), np.where(numbers & (std > 0), std, 1.0))


def standardized_targets(values: np.ndarray) -> Moments:
    """Of targets, (rows, targets)."""
    import numpy as np

    values = values.astype(np.float64)
    std = values.std(axis=0)
    return Moments(values.mean(axis=0), np.where(std > 0, std, 1.0))


def differing_sizes(encoding: Encoding, table: Table) -> tuple[float, float] | None:
    """The sizes of the smallest and the largest column if an untrained net would learn badly from them; else None.

    The size of a column of numbers is its largest absolute value, that of a category's codes is 1. Columns of a single
    number, and of ids, have none. Of many columns the smallest tenth does not count: pixels at the edge of an image are
    nearly always 0.
    """
    import numpy as np

    columns = column_indices(encoding, table.format, table.file)[0]
    pairs = [(index, each.is_number) for index, each in zip(columns, encoding.features, strict=True) if not each.ids]
    columns, numbers = [index for index, _ in pairs], np.array([is_number for _, is_number in pairs], bool)
    least, most = table.stats.least[columns].astype(float), table.stats.most[columns].astype(float)
    sizes = np.maximum(np.abs(least), np.abs(most))
    sizes = np.where(numbers, sizes, 1.0)
    varied = np.sort(sizes[np.isfinite(sizes) & (~numbers | (most > least))])
    if not numbers.any() or not len(varied):
        return None
    low, high = float(varied[len(varied) // RARE]), float(varied[-1])
    return (low, high) if high > MOST_RATIO * low or not SIZES[0] <= high <= SIZES[1] else None


def far_from_unit_size(target: Moments) -> bool:
    """Whether targets are so large or so small that an untrained net would learn them slowly."""
    import numpy as np

    size = np.sqrt(target.mean**2 + target.std**2)
    return bool(size.max() > TARGET_SIZES[1] or target.std.min() < TARGET_SIZES[0])


def _are_numbers(encoding: Encoding) -> np.ndarray:
    """For each number of a row whether it is a quantity."""
    import numpy as np

    return np.repeat(
        [feature.is_number for feature in encoding.features], [feature.width for feature in encoding.features]
    ).astype(bool)


def _moments(
    table: Table, training: np.ndarray, columns: list[int], features: Sequence[Feature]
) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of columns over the rows `training`, without missing cells. They are summed in
    double precision about the means of the first block."""
    import numpy as np

    count, first, second = np.zeros((3, len(columns)))
    center, start = None, 0
    for rows in table.blocks():
        values = rows.numbers[:, columns].astype(np.float64)
        for number, (column, feature) in enumerate(zip(columns, features, strict=True)):
            if feature.coerced and column in rows.texts:
                values[:, number] = parsed_numbers(rows, column, feature)
        values = values[training[start : start + len(rows)]]
        start += len(rows)
        present = np.isfinite(values)  # an infinite number is an error later
        values[~present] = 0
        if center is None and len(values):
            center = values.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
        values = np.where(present, values - (0 if center is None else center), 0)
        count += present.sum(axis=0)
        first += values.sum(axis=0)
        second += (values**2).sum(axis=0)
    count = np.maximum(count, 1)
    mean = first / count if center is None else center + first / count
    return mean, np.sqrt(np.maximum(second / count - (first / count) ** 2, 0))
