"""Texts as sequences of ids. Knows no table.

A piece of a text between blanks is a word if it is in the vocabulary as it stands. Any other piece is split into words,
of letters and digits with apostrophes between them, and other marks, which count if the vocabulary has any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..tables.number_format import shortened
from .sequence_format import SequenceFormat

PADDINGS = frozenset({"", "<pad>", "[pad]"})
"""Tokens of a vocabulary that stand for padding, in lower case; Keras writes an empty one."""
UNKNOWN = frozenset({"<unk>", "[unk]", "<oov>", "[oov]"})
"""Tokens of a vocabulary that stand for all words that it has not, in lower case."""
_WORD = r"\w+(?:['’]\w+)*"
_WORDS, _WORDS_AND_MARKS = re.compile(_WORD), re.compile(rf"{_WORD}|[^\w\s]")
_BOUNDARY = re.compile(r"\b")
_SEPARATORS = re.compile(r"[\s,;]+")
_BRACKETS = "[](){} \t,;"
_COMMA_IN_NUMBER, _OTHER_SEPARATOR = re.compile(r"\d,\d"), re.compile(r"[^\s,;]\s+[^\s,;]|;")


class CellError(ValueError):
    """A cell is not a sequence; the message says why."""


class Encoded(NamedTuple):
    """The ids or numbers of a cell, and its tokens that are not in the vocabulary."""

    steps: Sequence[float]
    unknown: Sequence[str] = ()


def is_special(token: str) -> bool:
    """Whether a token of a vocabulary stands for padding, or for words that it has not."""
    return token.lower() in PADDINGS | UNKNOWN


def words_of(text: str) -> list[str]:
    """The words of a text, of which a vocabulary is made."""
    return _WORDS.findall(text.lower())


def are_integers(text: str) -> bool:
    """Whether a cell is a list of integers."""
    return all(part.isdecimal() and part.isascii() for part in _parts(text))


def are_numbers(text: str) -> bool:
    """Whether a cell is a list of numbers."""
    try:
        _numbers(text)
    except CellError:
        return False
    return True


def is_several(text: str) -> bool:
    """Whether a cell has several parts."""
    return len(_parts(text)) > 1


def _parts(text: str) -> list[str]:
    inner = text.strip(_BRACKETS)
    return _SEPARATORS.split(inner) if inner else []


def _numbers(text: str) -> list[float]:
    if _COMMA_IN_NUMBER.search(text) and _OTHER_SEPARATOR.search(text):
        raise CellError(f"{shortened(text)!r} has commas within numbers: write decimal points, or commas between all")
    found = []
    for part in _parts(text):
        try:
            found.append(float(part))
        except ValueError:
            raise CellError(f"{shortened(part)!r} is not a number") from None
        if not abs(found[-1]) < 3.4e38:
            raise CellError(f"{shortened(part)!r} is not a finite number")
    return found


def _ids(text: str) -> list[float]:
    parts = _parts(text)
    wrong = next((part for part in parts if not (part.isdecimal() and part.isascii() and len(part) < 10)), None)
    if wrong is not None:
        raise CellError(f"{shortened(wrong)!r} is not an id")
    return list(map(float, parts))


def encoder_of(form: SequenceFormat, ids: tuple[int, int] | None) -> Callable[[str], Encoded]:
    """What encodes a cell, with ids in the range `ids`; it raises CellError. The result is neither padded nor cut."""
    if form.kind == "numbers":
        return lambda text: Encoded(_numbers(text))
    assert ids is not None
    low, high = ids
    if form.kind == "ids":

        def as_ids(text: str) -> Encoded:
            found = _ids(text)
            wrong = next((number for number in found if not low <= number <= high), None)
            if wrong is not None:
                raise CellError(f"{wrong:.0f} is not an id; ids are integers from {low:,} to {high:,}")
            return Encoded(found)

        return as_ids
    if form.kind == "bytes":
        return lambda text: Encoded([byte + low for byte in text.encode()])
    return _token_encoder(form)


def _token_encoder(form: SequenceFormat) -> Callable[[str], Encoded]:
    known = dict(zip(form.vocabulary, form.codes, strict=True))
    split = _splitter(form, known)
    before, after = ([] if id_ is None else [id_] for id_ in (form.begin, form.end))
    unknown_id = form.unknown

    def encode(text: str) -> Encoded:
        tokens = split(text)
        unknown = [token for token in tokens if token not in known]
        if unknown and unknown_id is None:
            what = f"has no id for other {form.kind}"
            raise CellError(f"{shortened(unknown[0])!r} is not in the vocabulary, which {what}")
        return Encoded([*before, *(known.get(token, unknown_id or 0) for token in tokens), *after], unknown)

    return encode


def _splitter(form: SequenceFormat, known: dict[str, int]) -> Callable[[str], list[str]]:
    """What splits a text into the tokens of `form`."""
    change = str.lower if form.lower else str
    if form.kind == "characters":
        lower = {upper: chr(ord(upper) + 32) for upper in map(chr, range(65, 91))} if form.lower else {}
        return lambda text: [lower.get(character, character) for character in text]
    if form.kind == "tokens":
        return lambda text: [part for part in map(str.strip, _BOUNDARY.split(change(text))) if part]
    marks = any(token and not _WORDS.search(token) for token in known)
    pattern = _WORDS_AND_MARKS if marks else _WORDS

    def words(text: str) -> list[str]:
        found: list[str] = []
        for piece in change(text).split():
            found += [piece] if piece in known else pattern.findall(piece)
        return found

    return words
