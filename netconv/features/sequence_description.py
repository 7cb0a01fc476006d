"""Sequences in words, for people: what cells become, and what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import option
from ..tables.number_format import pluralize, shortened
from .encoding import Encoding
from .sequence_format import SequenceFormat
from .sequence_rows import SequenceCounts

MOST_TOKENS = 8
"""How many tokens of a vocabulary are listed."""
NAMES = {"words": "words", "tokens": "words and marks", "characters": "characters", "bytes": "bytes"}


def describe_format(form: SequenceFormat, ids: tuple[int, int] | None) -> str:
    """What the cells of a column become."""
    parts = [_what(form, ids)]
    if form.vocabulary:
        pairs = zip(form.vocabulary[:MOST_TOKENS], form.codes, strict=False)
        more = ", ..." if len(form.vocabulary) > MOST_TOKENS else ""
        parts.append(
            ", ".join(f"{shortened(token) if token.strip() else repr(token)} = {code}" for token, code in pairs) + more
        )
        other = "an error" if form.unknown is None else str(form.unknown)
        parts.append(f"all others = {other}")
    if form.length is None:
        parts.append("rows of any length")
    elif form.kind == "numbers":
        parts.append(pluralize(form.length, "step"))
    else:
        padded = "none shorter" if form.padding is None else f"shorter ones end with {form.padding}"
        parts.append(f"{form.length:,} a row, {padded}, longer ones are cut")
    return "; ".join(parts)


def _what(form: SequenceFormat, ids: tuple[int, int] | None) -> str:
    low, high = ids or (0, 0)
    if form.kind == "numbers":
        return f"sequences of {form.numbers} numbers a step" if form.numbers > 1 else "sequences"
    if form.kind == "ids":
        return f"ids {low:,} to {high:,} of an Embedding"
    lower = ", in lower case" if form.lower else ""
    if form.kind == "bytes":
        return f"bytes of UTF-8, counted from {low}"
    return f"{len(form.vocabulary):,} {NAMES[form.kind]}{lower}"


def describe_vocabularies(before: Encoding, after: Encoding) -> Iterator[str]:
    """The vocabularies that were made of the rows to train on, a line each."""
    for old, new in zip(before.features, after.features, strict=True):
        if old.sequence != new.sequence and new.sequence:
            high = new.ids[1] if new.ids else 0
            full = max(new.sequence.codes[-1], new.sequence.unknown or 0) == high
            words = pluralize(len(new.sequence.vocabulary), "most frequent word" if full else "word")
            yield (
                f"vocabulary  {shortened(new.name)}: the {words} of the rows trained on "
                f"({option('vocabulary', {new.name: 'FILE'})} gives others)"
            )


def describe_sequences(encoding: Encoding, counts: Mapping[str, SequenceCounts]) -> list[str]:
    """What was read of each column of sequences, and what became of it, a line each."""
    forms = {feature.name: feature.sequence for feature in encoding.features if feature.sequence}
    return [f"sequences   {_read(name, forms[name], each)}" for name, each in counts.items() if each.rows]


def _read(name: str, form: SequenceFormat, counts: SequenceCounts) -> str:
    unit = {"numbers": "step", "ids": "id", "tokens": "token"}.get(form.kind, form.kind.removesuffix("s"))
    steps = f"{counts.shortest:,} to {counts.longest:,} {unit}s"
    if counts.shortest == counts.longest:
        steps = pluralize(counts.longest, unit)
    parts = [f"{shortened(name)}: {pluralize(counts.rows, 'row')} of {steps}"]
    if counts.padded:
        parts.append(f"{counts.padded:,} padded to {form.length:,} with the id {form.padding}")
    if counts.cut:
        parts.append(f"{counts.cut:,} cut to {form.length:,}")
    if counts.unknown:
        parts.append(
            f"{counts.unknown:,} of {counts.tokens:,} {unit}s not in the vocabulary, such as {counts.example!r}: id "
            f"{form.unknown}"
        )
    return "; ".join(parts)
