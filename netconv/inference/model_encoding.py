"""The encoding by which a model reads a table: the one that it was trained with, or numbers unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import DataError, FormatError, NetconvError, option
from ..features import schema_inference
from ..features.encoding import Encoding, Head, ModelSpec
from ..features.notices import Notify
from ..features.sequence_columns import check_vocabularies
from ..features.table_options import TableOptions
from ..features.transform import CellCounts
from ..tables.column_selection import list_names
from ..tables.number_format import pluralize
from ..tables.table import Table
from .loading import TABLE, LoadedModel
from .model_spec import check_heads


def plain_encoding(
    table: Table, spec: ModelSpec, loaded: LoadedModel, options: TableOptions, target_optional: bool, notify: Notify
) -> Encoding:
    """The encoding of a table for a model that was not trained on one: numbers only, unchanged. Raises DataError."""
    computed = ("standardize", "standardize_target", "encode")
    for name in (name for name in computed if getattr(options, name)):
        what = "categories" if name == "encode" else "means"
        raise DataError(
            f"{what} are computed in training, and the model was not trained on a table: leave {option(name)} out"
        )
    if target_optional and any(head.classes for head in spec.heads) and not loaded.classes and loaded.is_object:
        notify("a keras.Model has no class names: its classes are numbered; a .keras file of netconv has them")
    encoding = schema_inference.infer_encoding(table, spec, options, loaded.classes, target_optional, True, notify)
    check_vocabularies(encoding, table.file)
    features = (replace(feature, coerced=False) for feature in encoding.features)
    return replace(encoding, features=tuple(features))


def trained_encoding(loaded: LoadedModel, spec: ModelSpec) -> Encoding | None:
    """The encoding that a model was trained with; None if it was not trained on a table. Raises FormatError if it does
    not fit the model."""
    encoding = loaded.encoding
    if encoding:
        fits = (
            spec.features in (None, encoding.width)
            and len(encoding.heads) == len(spec.heads)
            and all(
                len(head.classes) <= of_model.classes for head, of_model in zip(encoding.heads, spec.heads, strict=True)
            )
        )
        if not fits or max(1, len(encoding.inputs)) != len(spec.inputs):
            raise FormatError(f"{loaded.name}: its member netconv/{TABLE} does not fit the model")
    return encoding


def override_encoding(encoding: Encoding, options: TableOptions) -> Encoding:
    """The encoding of a trained model with the options that the user gives. Raises NetconvError for those that only
    training can change."""
    dropped = {name for entry in options.drop for name in (entry, *entry.split(","))}
    fixed = {
        "columns": options.columns, "input": options.input, "encode": options.encode,
        "vocabulary": options.vocabulary, "rescale": options.rescale, "resize": options.resize,
        "standardize": options.standardize is not None,
        "standardize_target": options.standardize_target is not None,
        "drop": dropped.intersection(feature.name for feature in encoding.features),
    }  # fmt: skip
    for name in (name for name, value in fixed.items() if value):
        raise NetconvError(f"a trained model reads a table as in training: leave {option(name)} out")
    if options.target:
        encoding = replace(encoding, heads=_with_targets(encoding.heads, options))
    return encoding


def _with_targets(heads: tuple[Head, ...], options: TableOptions) -> tuple[Head, ...]:
    """The heads with the target columns that the user gives, of one head or by name."""
    names = tuple(head.name for head in heads)
    if isinstance(options.target, Mapping):
        check_heads("target", options.target, names)
        chosen = options.target
        return tuple(
            replace(head, targets=tuple(map(str.strip, chosen[head.name].split(",")))) if head.name in chosen else head
            for head in heads
        )
    if len(heads) > 1:
        raise NetconvError(
            f"the net has {len(heads)} outputs, {list_names(names)}: name the target of each, as in "
            f"{option('target', {names[0]: options.target[0]})}"
        )
    return (replace(heads[0], targets=options.target),)


def warn_unseen(counts: CellCounts, notify: Notify) -> None:
    """Warns of the cells by column whose categories are not in the training table."""
    for name, count in counts.unseen.items():
        if count:
            cells = f"{pluralize(count, 'cell')} with a category that is not in the training table"
            notify(f"warning: column {name!r}: {cells}, treated as missing")
