"""An encoding in words, for people: which columns are features and how their cells become numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from ..errors import option
from ..tables.column_selection import list_names
from ..tables.number_format import pluralize, shortened
from .encoding import Encoding, Feature, Head
from .image_decoding import ImageCounts
from .image_description import describe_counts, describe_scale
from .image_format import ImageFormat
from .scaling import UNSCALED, Affine, Moments, Scaling
from .sequence_description import describe_format
from .table_options import TableOptions

LABEL = 11
"""Characters of a label, in front of a text."""
MOST_GROUPS, MOST_CATEGORIES = 60, 30
"""How many groups of features, and categories of a group, are listed."""


def describe(encoding: Encoding, options: TableOptions | None = None, scaling: Scaling = UNSCALED) -> list[str]:
    """The target, the features in order with their kinds, categories and fill values, and what is left out, as lines;
    how the model scales their numbers; with the `options` of a training also how to decide otherwise."""
    lines, moments = [*_target(encoding, scaling, options)], _moments(encoding, scaling)
    start, features = 0, encoding.features
    hint = "" if options is None or options.columns or options.input else f" ({option('columns')} names others)"
    lines.append(_entry("features", f"{_counted(encoding)}{hint}, in this order:"))
    if len(encoding.inputs) < 2:
        lines += _groups(features, moments)
    else:
        for name, width in encoding.inputs.items():
            stop, numbers = start, 0
            while stop < len(features) and numbers < width:
                numbers += features[stop].width
                stop += 1
            lines.append(_entry("input", f"{name}, {pluralize(width, 'number')} a row:", 1))
            lines += _groups(features[start:stop], moments, 2)
            start = stop
    onehot = sum(max(1, len(feature.categories)) if _is_nominal(feature) else feature.width for feature in features)
    if options is not None and onehot != encoding.width and not options.encode:
        takes = f"as the net takes {pluralize(encoding.width, 'number')}; one-hot they would be {onehot:,}"
        lines.append(_entry("note", f"codes are in alphabetical order, not one-hot, {takes}"))
    lines += _left_out(encoding, options)
    return lines + [_entry("scale", line) for line in _scales(encoding, scaling, options)]


def describe_later(encoding: Encoding, names: tuple[str, ...]) -> list[str]:
    """How a later table of columns `names` is read."""
    used = {feature.name for feature in encoding.features}.union(encoding.targets)
    unused = [name for name in names if name not in used] if set(names) & used else []
    read = _entry("features", f"{pluralize(len(encoding.features), 'column')}, read as in training")
    return [read, _entry("not used", list_names(map(_short, unused)))] if unused else [read]


def describe_filled(encoding: Encoding, missing: Mapping[str, int]) -> list[str]:
    """How many missing cells of each feature were filled."""
    shown = [
        f"{_short(feature.name)} {missing[feature.name]:,}" for feature in encoding.features if missing[feature.name]
    ]
    return [_entry("filled", f"missing cells, by column: {list_names(shown)}")] if shown else []


def describe_images(encoding: Encoding, counts: ImageCounts) -> list[str]:
    """What images were read, and what became of them."""
    images = [image for image in encoding.images if image]
    return [_entry("images", describe_counts(counts, images[0]))] if images and counts.sizes else []


def _scales(encoding: Encoding, scaling: Scaling, options: TableOptions | None) -> Iterator[str]:
    """How numbers and pixels are rescaled."""
    numbers: dict[tuple[float, float], None] = {}
    start = 0
    for feature in encoding.features:
        rescaled = scaling.inputs if isinstance(scaling.inputs, Affine) else None
        if feature.image:
            yield from _pixel_scales(feature.image, start, rescaled, options)
        elif rescaled:
            numbers[float(rescaled.scale[start]), float(rescaled.offset[start])] = None
        start += feature.width
    numbers.pop((1.0, 0.0), None)
    for scale, offset in numbers:
        added = f" {'-' if offset < 0 else '+'} {abs(offset):g}" if offset else ""
        yield f"a number x becomes {scale:g} * x{added}"


def _pixel_scales(
    image: ImageFormat, start: int, rescaled: Affine | None, options: TableOptions | None
) -> Iterator[str]:
    """How the pixels of an image are scaled before the model, or in it by `rescaled`, from its number `start` on."""
    firsts = [start + part.start for part in image.channel_slices]
    if rescaled:
        scale, offset = (tuple(part[firsts].tolist()) for part in rescaled)
        image = replace(image, scale=scale, offset=offset)
    if image.is_scaled:
        hint = f" ({option('rescale', (1, 0))} leaves them)" if options is not None and options.rescale is None else ""
        yield describe_scale(image) + hint
    elif options is not None:
        yield "pixels are 0 to 255"


@dataclass(frozen=True)
class ColumnRow:
    """A feature as a row of a table: what its cells become, the values that these have, how many cells are missing and
    what fills them."""

    name: str
    kind: str
    values: str
    missing: int
    fill: str


def column_rows(encoding: Encoding, scaling: Scaling, most: int) -> list[ColumnRow]:
    """The first `most` features in order."""
    rows, moments = [], _moments(encoding, scaling)
    for feature in encoding.features[:most]:
        kind, values = _kind(feature)
        values = moments.get(feature.name, values)
        fill = "" if not feature.missing or feature.fill is None else _fill(feature.fill)
        rows.append(ColumnRow(feature.name, kind, values, feature.missing, fill))
    return rows


def _moments(encoding: Encoding, scaling: Scaling) -> dict[str, str]:
    """The means and standard deviations of standardized features, by name."""
    if not isinstance(scaling.inputs, Moments):
        return {}
    described, end = {}, 0
    for feature in encoding.features:
        end += feature.width
        if feature.is_number:
            mean, std = (float(part[end - 1]) for part in scaling.inputs)
            described[feature.name] = f"mean {mean:.6g}, std {std:.6g}"
    return described


def _target(encoding: Encoding, scaling: Scaling, options: TableOptions | None) -> Iterator[str]:
    if not encoding.targets:
        return
    hint = "" if options is None or options.target else f" ({option('target')} names another)"
    for head, moments in zip(encoding.heads, scaling.outputs or [None] * len(encoding.heads), strict=True):
        label = f"{_short(head.name)}=" if len(encoding.heads) > 1 else ""
        yield _entry("target", label + _head(head, moments, hint))


def _head(head: Head, moments: Moments | None, hint: str) -> str:
    classes = head.classes
    if len(head.targets) > 1:
        text = f"{len(head.targets):,} columns{hint}: {list_names(map(_short, head.targets))}"
        return text + (", one-hot, one for each class" if classes else "")
    text = f"{_short(head.targets[0])}{hint}"
    if moments:
        text += f"; standardized, mean {moments.mean[0]:.6g}, std {moments.std[0]:.6g}"
    if classes and classes == tuple(map(str, range(len(classes)))):
        text += f": class numbers 0 to {len(classes) - 1:,}"
    elif classes:
        text += f": {_codes(classes, 0)}"
    return text


def _counted(encoding: Encoding) -> str:
    columns = pluralize(len(encoding.features), "column")
    return columns if encoding.width == len(encoding.features) else f"{columns}, {pluralize(encoding.width, 'number')}"


def _groups(features: tuple[Feature, ...], moments: Mapping[str, str], indent: int = 1) -> list[str]:
    """Features in order; those of one kind that follow each other are one group."""
    lines: list[str] = []
    groups = [list(group) for _, group in groupby(features, key=_alike)]
    for group in groups[:MOST_GROUPS]:
        names = list_names(_short(feature.name) + _details(feature, moments) for feature in group)
        kind, values = _kind(group[0])
        lines.append(_entry(kind, f"{names}: {values}" if values else names, indent))
    if len(groups) > MOST_GROUPS:
        lines.append(_entry("", f"and {sum(map(len, groups[MOST_GROUPS:])):,} columns more", indent))
    return lines


def _alike(feature: Feature) -> tuple:
    return feature.categories, feature.onehot, feature.ids, feature.coerced, feature.image, feature.sequence


def _is_nominal(feature: Feature) -> bool:
    """Whether it has codes that mean an order which its categories need not have."""
    return len(feature.categories) > 2 and not feature.onehot and not feature.ids


def _kind(feature: Feature) -> tuple[str, str]:
    """What the cells of a feature become, and which values they have."""
    low, high = feature.ids or (0, 0)
    if feature.image:
        return "images", str(feature.image)
    if feature.sequence:
        return feature.sequence.kind, describe_format(feature.sequence, feature.ids)
    if feature.categories and not feature.onehot:
        return ("ids" if feature.ids else "codes"), _codes(feature.categories, low)
    if feature.onehot:
        return "one-hot", list_names(map(_short, feature.categories[:MOST_CATEGORIES])) + _more(feature.categories)
    if feature.ids:
        start = ", counted from 1, as in Mathematica" if low == 1 else ""
        return "ids", f"{low:,} to {high:,} of an Embedding{start}"
    return "numbers", "any other text counts as missing" if feature.coerced else ""


def _codes(categories: tuple[str, ...], first: int) -> str:
    numbered = enumerate(categories[:MOST_CATEGORIES], first)
    return list_names(f"{_short(category)} = {code}" for code, category in numbered) + _more(categories)


def _more(categories: tuple[str, ...]) -> str:
    return f", ... ({len(categories):,} in all)" if len(categories) > MOST_CATEGORIES else ""


def _details(feature: Feature, moments: Mapping[str, str]) -> str:
    details = []
    if feature.missing and feature.fill is not None:
        details.append(f"{feature.missing:,} missing = {_fill(feature.fill)}")
    if feature.name in moments:
        details.append(moments[feature.name])
    return f" ({'; '.join(details)})" if details else ""


def _fill(value: float | str) -> str:
    return _short(value) if isinstance(value, str) else f"{value:.6g}"


def _left_out(encoding: Encoding, options: TableOptions | None) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for name, reason in encoding.left_out.items():
        by_reason.setdefault(reason, []).append(_short(name))
    shown = "; ".join(f"{list_names(names)} ({reason})" for reason, names in by_reason.items())
    inferred = options is not None and by_reason.keys() - {"dropped", "not selected"}
    hint = f"; {option('columns', '*')} uses every column" if inferred else ""
    return [_entry("left out", shown + hint)] if shown else []


def _entry(label: str, text: str, indent: int = 0) -> str:
    """A line of a label and a text."""
    return f"{'  ' * indent + label:{LABEL}} {text}"


def _short(name: str) -> str:
    return shortened(name)
