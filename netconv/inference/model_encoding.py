"""The encoding that a model reads a table by: what it learnt in training, or numbers as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..errors import DataError, FormatError, NetconvError
from ..features import schema_inference
from ..features.encoding import Encoding, Feature, ModelSpec
from ..features.table_options import TableOptions
from ..tables.number_format import counted
from ..tables.table import Table
from .loading import TABLE, LoadedModel, Notify


def plain_encoding(
    table: Table, needs: ModelSpec, opened: LoadedModel, reading: TableOptions, without_target: bool, notify: Notify
) -> Encoding:
    """The encoding of a table for a model that learnt from none: numbers only, as they are. Raises DataError."""
    if reading.standardize or reading.standardize_target:
        raise DataError(
            "means are learnt in training, and the model was not trained on a table: leave --standardize out"
        )
    found = schema_inference.infer_encoding(table, needs, reading, opened.classes, without_target, notify)
    return replace(found, features=tuple(Feature(feature.name, ids=feature.ids) for feature in found.features))


def known_encoding(opened: LoadedModel, needs: ModelSpec) -> Encoding | None:
    """The encoding that a model was trained with, checked against the model. Raises FormatError."""
    known = opened.encoding
    if known:
        fits = needs.features in (None, known.width) and len(known.classes) <= needs.classes
        if not fits or len(known.inputs) != len(needs.inputs):
            raise FormatError(f"{opened.name}: its member netconv/{TABLE} does not fit the model")
    return known


def overridden(known: Encoding, reading: TableOptions) -> Encoding:
    """An encoding with what the user says otherwise. Raises NetconvError when only training could do it."""
    dropped = {name for entry in reading.drop for name in (entry, *entry.split(","))}
    anew = {
        "--columns": reading.columns, "--input": reading.input, "--standardize": reading.standardize,
        "--standardize-target": reading.standardize_target,
        "--drop": dropped.intersection(feature.name for feature in known.features),
    }  # fmt: skip
    for option in (option for option, said in anew.items() if said):
        raise NetconvError(f"the model takes what it was trained on, as it was trained on it: leave {option} out")
    if reading.target:
        known = replace(known, targets=reading.target)
    if reading.rescale and any(feature.mean is not None for feature in known.features):
        raise NetconvError("the model standardises what it takes: leave --rescale out")
    return replace(known, scale=reading.rescale[0], offset=reading.rescale[1]) if reading.rescale else known


def tell_unseen(unseen: Counter[str], notify: Notify) -> None:
    for name, count in unseen.items():
        if count:
            cells = f"{counted(count, 'cell')} of categories that the training table did not have"
            notify(f"warning: column {name!r}: {cells}, taken as missing")
