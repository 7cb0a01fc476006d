"""The encoding of a training table: which columns are targets, which are features of which input, and of what type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import DataError, option_name
from ..tables.column_selection import select_columns
from ..tables.rows import TableFormat
from ..tables.table import Table
from . import input_columns
from .category_checks import check_numbers
from .encoding import Encoding, Feature, Head, HeadSpec, InputSpec, ModelSpec
from .exclusion import exclusion
from .feature_choice import choose_features, width_of
from .image_columns import image_feature
from .image_format import ImageFormat, ImageSpec
from .notices import Notify, ignore
from .sequence_columns import sequence_feature, unread_sequences
from .table_options import Coding, TableOptions
from .target_inference import (
    feature_candidates,
    infer_classes,
    infer_targets,
    is_onehot,
    likely_target,
    onehot_classes,
)


def infer_encoding(
    table: Table,
    spec: ModelSpec,
    options: TableOptions,
    classes: tuple[str, ...] = (),
    target_optional: bool = False,
    numbers_only: bool = False,
    notify: Notify = ignore,
) -> Encoding:
    """Infers the targets, their classes and the features; `transform.fit_statistics` then adds fill values.

    Args:
        table: The table, with the distinct numbers of its `columns_to_count`.
        spec: What the model takes and outputs.
        options: What the user selects.
        classes: The names of the classes of a model with one output, if they are known.
        target_optional: Allows a table without a target, for prediction.
        numbers_only: Whether text is not encoded, as the model was not trained on a table.
        notify: Is called with a line about each thing that was inferred.

    Raises:
        DataError: The table does not fit the model.
    """
    names = table.format.names
    groups = infer_targets(table, spec, options, target_optional)
    targets = [index for group in groups for index in group]
    numbers: Coding = "numbers"
    coding = dict.fromkeys(table.texts, numbers) if numbers_only else _codings(table, options)
    chosen, inputs = _infer_features(table, spec, options, targets, coding, notify)
    for feature in chosen if options.encode else ():
        if feature.coerced:
            check_numbers(table, names.index(feature.name))
    if options.vocabularies and not any(each.sequence and each.sequence.is_text for each in chosen):
        raise DataError(
            f"no column has texts for an Embedding of the net: leave {option_name('vocabulary')} out", table.file
        )
    if options.resize and not any(each.image for each in chosen):
        raise DataError(f"no column has images for the net: leave {option_name('resize')} out", table.file)
    heads = tuple(
        _head(table, head, group, classes if len(spec.heads) == 1 else (), target_optional, notify)
        for head, group in zip(spec.heads, groups or [[] for _ in spec.heads], strict=True)
    )
    left_out = _left_out(table, options, targets, chosen)
    return Encoding(names, table.format.header, chosen, heads, inputs, left_out, table.format.decimal)


def _head(
    table: Table, head: HeadSpec, targets: list[int], classes: tuple[str, ...], target_optional: bool, notify: Notify
) -> Head:
    """A head with its target columns and their classes."""
    names = tuple(table.format.names[index] for index in targets)
    if is_onehot(targets, head):
        classes = classes or onehot_classes(names)
    elif targets and head.classes and not (classes or target_optional):
        classes = infer_classes(table, targets[0], head, notify)
    return Head(head.name, names, classes)


def widths_of_rows(table: Table, options: TableOptions, inputs: tuple[str, ...]) -> tuple[int, dict[str, int]]:
    """How many numbers the features of a table become where the net, with these `inputs`, takes any number: those of
    the inputs that `options.input` or the columns name, and in front the others. The target may still be unknown: it is
    then taken to be one of the columns that are not features. Raises DataError."""
    targets = likely_target(table, options)
    candidates = feature_candidates(table.format, options, targets, table.file)
    groups = input_columns.named_groups(table, options, candidates, inputs)
    taken = {index for group in groups.values() for index in group}
    coding, explicit = _codings(table, options), _explicit(table, options)
    rest = [index for index in candidates if index not in taken]

    def width(columns: list[int]) -> int:
        return width_of(choose_features(table, columns, None, "the net", coding, explicit, ignore))

    return width(rest) if rest or not groups else 0, {name: width(group) for name, group in groups.items()}


def images_of_rows(table: Table, spec: ImageSpec, options: TableOptions) -> ImageFormat | None:
    """What the images of a table are for a net that takes them in any size; None if it takes other columns. Raises
    DataError."""
    candidates = feature_candidates(table.format, options, likely_target(table, options), table.file)
    images = _images(table, candidates, InputSpec("", None, image=spec), options)
    return images[0].image if images else None


def _codings(table: Table, options: TableOptions) -> dict[int, Coding]:
    """How columns become numbers, by their indices, where the user says so. Raises DataError."""
    return {
        index: coding
        for columns, coding in options.encode.items()
        for index in select_columns(table.format.names, (columns,), table.file)
    }


def _explicit(table: Table, options: TableOptions) -> frozenset[int]:
    """The indices of the columns that the user names as features; a pattern of --encode names none. Raises
    DataError."""
    selected = (*options.columns, *options.input.values(), *input_columns.encoded_by_name(options))
    return frozenset(select_columns(table.format.names, selected, table.file))


def coded_columns(format_: TableFormat, options: TableOptions, file: str) -> frozenset[int]:
    """The indices of the columns that are to be read as text, as they become categories. Raises DataError."""
    selected = tuple(columns for columns, coding in options.encode.items() if coding != "numbers")
    return frozenset(select_columns(format_.names, selected, file))


def _left_out(table: Table, options: TableOptions, targets: list[int], features: tuple[Feature, ...]) -> dict[str, str]:
    """The columns that are neither targets nor features, with the reason."""
    names, used = table.format.names, {feature.name for feature in features}
    dropped = select_columns(names, options.drop, table.file)
    reasons = {}
    for index, name in enumerate(names):
        if index in targets or name in used:
            continue
        found = exclusion(table, index)
        unselected = options.columns or options.input
        reasons[name] = "dropped" if index in dropped else "not selected" if unselected or not found else found.reason
    return reasons


def _infer_features(
    table: Table,
    spec: ModelSpec,
    options: TableOptions,
    targets: list[int],
    coding: Mapping[int, Coding],
    notify: Notify,
) -> tuple[tuple[Feature, ...], dict[str, int]]:
    """The features in the order of the model's inputs, and how many numbers each of several inputs takes."""
    candidates = feature_candidates(table.format, options, targets, table.file)
    input_columns.check_selection(table, options, targets)
    groups, explicit = input_columns.group_by_input(table, spec, options, candidates), _explicit(table, options)
    only = spec.inputs[0] if len(spec.inputs) == 1 else None
    single = _parsed_cells(table, candidates, only, options) if only else ()
    if single:
        features, widths = single, [width_of(single)]
    elif groups is None:
        takes = only.image if only else None
        features = choose_features(table, candidates, spec.features, "the net", coding, explicit, notify, takes)
        widths = [entry.width for entry in spec.inputs if entry.width is not None]
    else:
        features, widths = (), []
        for entry, group in zip(spec.inputs, groups, strict=True):
            taker = f"the input {entry.name!r}"
            chosen = _parsed_cells(table, group, entry, options) or choose_features(
                table, group, entry.width, taker, coding, explicit, notify, entry.image
            )
            if entry.ids and not any(feature.sequence for feature in chosen):  # of a net that takes any number of them
                chosen = tuple(replace(feature, onehot=False) for feature in chosen)
            features += chosen
            widths.append(width_of(chosen))
    several = len(spec.inputs) > 1
    named = {entry.name: width for entry, width in zip(spec.inputs, widths, strict=True)} if several else {}
    return _with_ids(features, spec.inputs, widths), named


def _images(table: Table, columns: list[int], entry: InputSpec, options: TableOptions) -> tuple[Feature, ...]:
    """The feature of the column of images for an input, unless --encode says what the column is; none if there is no
    such column. Raises DataError."""
    feature = image_feature(table, _not_encoded(table, columns, options), entry, options)
    return (feature,) if feature else ()


def _parsed_cells(table: Table, columns: list[int], entry: InputSpec, options: TableOptions) -> tuple[Feature, ...]:
    """The feature of the column of images, or else of that of class names or sequences, for an input. Raises
    DataError."""
    if found := _images(table, columns, entry, options):
        return found
    others = _not_encoded(table, columns, options)
    feature = _class_feature(table, others, entry) or sequence_feature(table, others, entry, options)
    return (feature,) if feature else ()


def _class_feature(table: Table, columns: list[int], entry: InputSpec) -> Feature | None:
    """The feature of a single column of texts for an input that takes classes of these names."""
    texts = [index for index in columns if index in table.texts and not exclusion(table, index)]
    if not entry.classes or len(texts) != 1:
        return None
    onehot = entry.width != 1
    ids = None if onehot else (1, len(entry.classes))
    return Feature(table.format.names[texts[0]], entry.classes, onehot, ids=ids)


def _not_encoded(table: Table, columns: list[int], options: TableOptions) -> list[int]:
    encoded = _codings(table, options)
    return [index for index in columns if index not in encoded]


def sequences_as_numbers(
    table: Table, spec: ModelSpec, options: TableOptions, target_optional: bool = False
) -> frozenset[int]:
    """The columns of numbers that may have sequences, and are to be read again as text. Raises DataError."""
    if not any(entry.sequence for entry in spec.inputs):
        return frozenset()
    targets = [index for group in infer_targets(table, spec, options, target_optional) for index in group]
    candidates = feature_candidates(table.format, options, targets, table.file)
    return unread_sequences(table, _not_encoded(table, candidates, options), spec, options)


def _with_ids(features: tuple[Feature, ...], inputs: tuple[InputSpec, ...], widths: list[int]) -> tuple[Feature, ...]:
    """The features, those of inputs that take ids of an Embedding with these ids."""
    result, end = list(features), 0
    for entry, width in zip(inputs, widths, strict=True):
        start, end = end, end + width
        if not entry.ids:
            continue
        position = 0
        for index, feature in enumerate(features):
            if start <= position < end:
                result[index] = replace(feature, onehot=False, ids=entry.ids)
            position += feature.width
    return tuple(result)
