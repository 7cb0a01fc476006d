"""Columns whose cells are sequences: texts, ids or numbers of several steps each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import DataError, option
from ..tables.column_selection import select_columns
from ..tables.table import Table
from .encoding import Encoding, Feature, InputSpec, ModelSpec
from .exclusion import DIFFERENT_TEXTS, exclusion
from .sequence_format import SequenceFormat, SequenceSpec
from .table_options import TableOptions, Tokens
from .text_encoding import are_integers, are_numbers, is_several, words_of
from .vocabulary import checked_vocabulary, format_from, format_of, read_vocabulary

if TYPE_CHECKING:
    import numpy as np

MOST_WORDS = 1 << 20
"""Different words that are counted. Beyond that, those that occurred once so far are forgotten."""


# Which column


def sequence_feature(
    table: Table, candidates: Sequence[int], entry: InputSpec, options: TableOptions
) -> Feature | None:
    """The feature of the column that has the sequences for an input; None if there is none, or if a column for each
    number has them. Words without a vocabulary still need one, of `fit_vocabularies`. Raises DataError: there are
    several, or the options do not fit."""
    column = sequence_column(table, candidates, entry, options)
    if column is None or column not in table.texts:
        return None
    assert entry.sequence is not None
    name = table.format.names[column]
    if options.standardize:
        raise DataError(
            f"{option('standardize')} is for columns of numbers, and this one has sequences", table.file, column=name
        )
    return Feature(name, ids=_ids(entry), sequence=_format(table, column, entry.sequence, _ids(entry), options))


def _ids(entry: InputSpec) -> tuple[int, int] | None:
    """The ids of an input, also of one that takes unit vectors of them."""
    encoder = entry.sequence.encoder if entry.sequence else None
    return entry.ids or ((1, encoder.count) if encoder and encoder.count else None)


def sequence_column(table: Table, candidates: Sequence[int], entry: InputSpec, options: TableOptions) -> int | None:
    """The index of the column that may have the sequences for an input: a column of text, or a single one of numbers,
    which may be lists of them if it is read as text. Raises DataError if there are several."""
    if entry.sequence is None:
        return None
    named = [index for index in _named(table, options) if index in candidates]
    if len(named) == 1 and _ids(entry):
        return named[0]
    texts = [index for index in candidates if index in table.texts and _is_likely(table, index)]
    others = [index for index in candidates if index not in table.texts and not exclusion(table, index)]
    if not texts:
        return others[0] if len(others) == 1 and entry.width != 1 and _ids(entry) else None
    if len(texts) + len(others) == entry.width and len(texts) + len(others) > 1:
        return None
    if len(texts) == 1 and _ids(entry) and entry.sequence.encoder:
        return texts[0]
    found = [index for index in texts if _has_sequences(table, index, entry)]
    if len(found) > 1:
        found = [index for index in found if not exclusion(table, index)] or found
    if len(found) > 1:
        names = " or ".join(repr(table.format.names[index]) for index in found)
        raise DataError(f"which column has the sequences, {names}? Name it with {option('columns')}", table.file)
    return found[0] if found else None


def unread_sequences(table: Table, candidates: Sequence[int], spec: ModelSpec, options: TableOptions) -> frozenset[int]:
    """The columns of numbers that may have lists of ids, and are to be read again as text: `1 234` may be two."""
    if len(spec.inputs) != 1:
        found = set(_named(table, options))
    else:
        found = {index for index in [sequence_column(table, candidates, spec.inputs[0], options)] if index is not None}
    return frozenset(found - table.texts.keys())


def _named(table: Table, options: TableOptions) -> list[int]:
    """The columns that have vocabularies by name."""
    return select_columns(table.format.names, tuple(filter(None, options.vocabularies)), table.file)


def _is_likely(table: Table, column: int) -> bool:
    found = exclusion(table, column)
    return not found or found.reason == DIFFERENT_TEXTS


def _has_sequences(table: Table, column: int, entry: InputSpec) -> bool:
    """Whether cells of a column of text are of several steps, and those of all fit the input."""
    texts = table.texts[column]
    if not any(map(is_several, texts)):
        return False
    return bool(_ids(entry)) or all(map(are_numbers, texts))


# What its cells become


def _format(
    table: Table, column: int, spec: SequenceSpec, ids: tuple[int, int] | None, options: TableOptions
) -> SequenceFormat:
    """How the cells of a column become sequences, of words without a vocabulary if only the training can have one."""
    name, texts = table.format.names[column], table.texts[column]
    if ids is None:
        return SequenceFormat("numbers", spec.length, spec.numbers)
    given = _given(table, column, options)
    if isinstance(given, tuple):
        return format_of(checked_vocabulary(given, "the vocabulary"), spec, ids, "the vocabulary")
    if given is not None:
        return format_of(read_vocabulary(given), spec, ids, str(given))
    if spec.encoder and spec.encoder.form:
        return replace(spec.encoder.form, length=spec.length)
    if all(map(are_integers, texts)):
        low, high = ids
        return SequenceFormat("ids", spec.length, padding=high if low else 0)
    if spec.encoder:
        raise DataError(
            f"the encoder {spec.encoder.kind} of the net {spec.encoder.problem}, which netconv does not do: give the "
            f"ids that it makes, separated by blanks, or words with {option('vocabulary', {name: 'FILE'})}",
            table.file,
            column=name,
        )
    return SequenceFormat("words", spec.length)


def _given(table: Table, column: int, options: TableOptions) -> Tokens | None:
    """The vocabulary that the user gives for a column, by its name rather than for any column."""
    for columns, each in sorted(options.vocabularies.items(), reverse=True):
        if not columns or column in select_columns(table.format.names, (columns,), table.file):
            return each
    return None


def check_vocabularies(encoding: Encoding, file: str) -> None:
    """Raises DataError for a column of words that has no vocabulary."""
    for feature in encoding.features:
        if feature.sequence and feature.sequence.kind == "words" and not feature.sequence.vocabulary:
            low = feature.ids[0] if feature.ids else 0
            raise DataError(
                "has words, and the net takes their ids: name the file of the vocabulary, whose first line is the word "
                f"with the id {low}, with {option('vocabulary', {feature.name: 'FILE'})}",
                file,
                column=feature.name,
            )


def fit_vocabularies(encoding: Encoding, table: Table, columns: list[int], training: np.ndarray) -> Encoding:
    """With vocabularies of the words in the rows `training` (a mask), for columns of words that have none."""
    features = list(encoding.features)
    for number, (column, feature) in enumerate(zip(columns, features, strict=True)):
        form = feature.sequence
        if form and form.kind == "words" and not form.vocabulary and feature.ids:
            counts = _counted_words(table, column, training)
            if not counts:
                raise DataError("has no words in the rows to train on", table.file, column=feature.name)
            features[number] = replace(feature, sequence=format_from(counts, form.length, feature.ids))
    return replace(encoding, features=tuple(features))


def _counted_words(table: Table, column: int, training: np.ndarray) -> Mapping[str, int]:
    import numpy as np

    counts, start = Counter[str](), 0
    for rows in table.whole_texts([column]):
        codes, values = rows.texts[column]
        chosen = codes[training[start : start + len(rows)]]
        start += len(rows)
        used, times = np.unique(chosen[chosen >= 0], return_counts=True)
        for code, count in zip(used.tolist(), times.tolist(), strict=True):
            for word in words_of(values[code]):
                counts[word] += count
        if len(counts) > MOST_WORDS:
            counts = Counter({word: count for word, count in counts.items() if count > 1})
    return counts
