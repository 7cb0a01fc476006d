"""The numbers of rows whose cells are sequences: padded or cut to a length, or of any length with open ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from ..errors import BadRow, DataError
from ..tables.number_format import pluralize, shortened
from ..tables.rows import Rows, Text
from .encoding import Encoding, Feature
from .sequence_format import LongestSequence, SequenceFormat
from .text_encoding import CellError, Encoded, encoder_of

if TYPE_CHECKING:
    import numpy as np


@dataclass
class SequenceCounts:
    """What was read of a column: `rows`, their `tokens`, of which `unknown` are not in the vocabulary, such as the
    `example`; the rows that were `padded` or `cut`; the steps of the `shortest` and the `longest` row; the rows that
    are `bad`, and the `first` error of them."""

    rows: int = 0
    tokens: int = 0
    unknown: int = 0
    example: str = ""
    padded: int = 0
    cut: int = 0
    shortest: int | None = None
    longest: int = 0
    bad: int = 0
    first: DataError | None = None


def sized(encoding: Encoding, blocks: Callable[[int], Iterator[Rows]], columns: list[int]) -> Encoding:
    """The encoding for some rows, in which sequences of any length have as many steps as the longest of them; itself if
    it has none. `blocks` returns the rows, with all texts of a column."""
    if not any(feature.sequence and feature.sequence.length is None for feature in encoding.features):
        return encoding
    features = list(encoding.features)
    for number, (column, feature) in enumerate(zip(columns, features, strict=True)):
        form = feature.sequence
        if form and form.length is None:
            longest = max((_longest(rows, column, feature) for rows in blocks(column)), default=1)
            known = {each.name: getattr(form, each.name) for each in fields(SequenceFormat)}
            features[number] = replace(feature, sequence=LongestSequence(**known, steps=max(1, longest)))
    return encoding.with_features(tuple(features))


def sized_for_rows(encoding: Encoding, rows: Rows, columns: list[int]) -> Encoding:
    """The encoding for these rows."""
    return sized(encoding, lambda _: iter([rows]), columns)


def _longest(rows: Rows, column: int, feature: Feature) -> int:
    import numpy as np

    assert feature.sequence
    encode = encoder_of(feature.sequence, feature.ids)
    codes, values = _texts(rows, column)
    longest = max((_count_of(encode, values[code]) for code in np.unique(codes).tolist() if code >= 0), default=0)
    return -(-longest // feature.sequence.per_step)


def _count_of(encode: Callable[[str], Encoded], text: str) -> int:
    try:
        return len(encode(text).steps)
    except CellError:
        return 0


def _texts(rows: Rows, column: int) -> Text:
    """The column as text, also where it has only numbers in these rows."""
    return (rows if column in rows.texts else rows.with_texts(frozenset([column]))).texts[column]


def read_sequences(rows: Rows, column: int, feature: Feature, counts: SequenceCounts) -> np.ndarray:
    """The numbers of a column of sequences, (rows, numbers) of float32; open ends are NaN. Cells that are not sequences
    make their rows bad ones."""
    import numpy as np

    form = feature.sequence
    assert form
    codes, values = _texts(rows, column)
    used, inverse = np.unique(codes, return_inverse=True)
    encode = encoder_of(form, feature.ids)
    errors: dict[int, str] = {}
    found = np.full((len(used), form.width), np.nan, np.float32)
    occurrences = np.bincount(inverse, minlength=len(used))
    good = np.ones(len(rows), bool) if rows.errors is None else ~rows.errors.mask
    times = np.bincount(inverse[good], minlength=len(used)) if len(rows) else occurrences
    for place, code in enumerate(used.tolist()):
        if code < 0:
            errors[place] = "is a missing cell, and the net takes a sequence"
            continue
        try:
            encoded = encode(values[code])
            found[place] = _filled(encoded.steps, form, feature.ids)
        except CellError as error:
            errors[place] = str(error)
        else:
            _count(counts, encoded, form, int(times[place]))
    if errors:
        bad = np.isin(inverse, list(errors)) & good
        if bad.any():
            _add_errors(rows, column, bad, lambda row: errors[int(inverse[row])], counts)
        found[list(errors)] = feature.ids[0] if feature.ids and not form.onehot else 0
    return found[inverse]


def _add_errors(
    rows: Rows, column: int, bad: np.ndarray, message: Callable[[int], str], counts: SequenceCounts
) -> None:
    def error_of(row: int) -> DataError:
        return rows.cell_error(message(row), row, column, BadRow)

    first = error_of(int(bad.argmax()))
    if rows.errors is None:
        raise first
    counts.first = counts.first or first
    counts.bad += int(bad.sum())
    rows.errors.add(bad, error_of)


def _filled(steps: Sequence[float], form: SequenceFormat, ids: tuple[int, int] | None) -> np.ndarray:
    """The numbers of a row, padded or cut to the length of the format. Raises CellError."""
    import numpy as np

    row = np.full(form.width, np.nan, np.float32)
    each = form.per_step
    if not len(steps):
        raise CellError("is a cell without a token")
    if len(steps) % each:
        raise CellError(f"has {pluralize(len(steps), 'number')}, and a step of the net takes {each:,}")
    if form.length is not None:
        expected = form.length * each
        if form.kind == "numbers" and len(steps) != expected:
            raise CellError(f"has {pluralize(len(steps), 'number')}, and the net takes {expected:,}")
        if len(steps) < expected and form.padding is None:
            raise CellError(
                f"has {pluralize(len(steps), 'token')}, and the net takes {expected:,}; the vocabulary has no id for "
                "the padding, which is that of a line <pad>"
            )
        steps = [*steps[:expected], *[form.padding or 0] * (expected - len(steps))]
    if form.onehot:
        assert ids
        row[: len(steps) * form.numbers] = (
            np.asarray(steps)[:, None] == np.arange(ids[0], ids[0] + form.numbers)
        ).ravel()
    else:
        row[: len(steps)] = steps
    return row


def _count(counts: SequenceCounts, encoded: Encoded, form: SequenceFormat, times: int) -> None:
    """Adds a cell that so many rows have."""
    if not times:
        return
    steps = len(encoded.steps) // form.per_step
    counts.rows += times
    counts.tokens += steps * times
    counts.unknown += len(encoded.unknown) * times
    counts.example = counts.example or (shortened(encoded.unknown[0]) if encoded.unknown else "")
    counts.padded += times * (form.length is not None and steps < form.length)
    counts.cut += times * (form.length is not None and steps > form.length)
    counts.shortest = steps if counts.shortest is None else min(counts.shortest, steps)
    counts.longest = max(counts.longest, steps)


def take_lengths(x: np.ndarray, encoding: Encoding) -> np.ndarray | None:
    """The steps of each row for each input, (rows, inputs), in rows of an encoding of `sized`, whose open ends become
    0; None if no input takes sequences of any length."""
    import numpy as np

    if not any(isinstance(form, LongestSequence) for form in encoding.sequences):
        return None
    lengths, start = [], 0
    for width, form in zip(encoding.widths, encoding.sequences, strict=True):
        part = x[:, start : start + width]
        start += width
        if isinstance(form, LongestSequence):
            missing = np.isnan(part)
            lengths.append((~missing).sum(axis=1) // form.numbers)
            part[missing] = 0
        else:
            lengths.append(np.full(len(x), width))
    return np.stack(lengths, axis=1).astype(np.int32)
