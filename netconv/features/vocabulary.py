"""Vocabularies: the tokens of a text that have ids, from a file or from the rows of a table. Knows no table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from .sequence_format import SequenceFormat, SequenceSpec
from .text_encoding import PADDINGS, UNKNOWN, is_special

LARGEST = 256 << 20
"""Bytes of a file of a vocabulary."""
PADDING_ID, UNKNOWN_ID = 0, 1
"""The ids in front of those of words, where ids count from 0 and the words are those of the training rows."""


def read_vocabulary(file: Path | str) -> tuple[str, ...]:
    """The tokens of a file, one on each line. Raises DataError: it cannot be read, it is empty, a line is empty or a
    token is there twice. An empty first line stands for padding."""
    try:
        with Path(file).open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise DataError(error.strerror or str(error), str(file)) from None
    if len(data) > LARGEST:
        raise DataError(f"has more than {LARGEST >> 20} MiB, and is not a vocabulary", str(file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError("is not UTF-8, which a vocabulary must be", str(file), line) from None
    lines = text.split("\n")
    return checked_vocabulary([line.strip() for line in (lines if lines[-1].strip() else lines[:-1])], str(file))


def checked_vocabulary(tokens: Sequence[str], file: str) -> tuple[str, ...]:
    """The tokens. Raises DataError if there are none, one is empty but the first, or one is there twice."""
    if not any(tokens):
        raise DataError("has no tokens: a vocabulary has one on each line", file)
    lines: dict[str, int] = {}
    for line, token in enumerate(tokens, 1):
        if not token and line > 1:
            raise DataError("is empty: a vocabulary has a token on each line", file, line)
        if token in lines:
            raise DataError(f"the token {token!r} is on line {lines[token]:,}, too", file, line)
        lines[token] = line
    return tuple(tokens)


def format_of(tokens: tuple[str, ...], spec: SequenceSpec, ids: tuple[int, int], file: str) -> SequenceFormat:
    """Words with the ids of a vocabulary: its first token has the lowest id, or 1 if 0 is masked and it is a word.

    A line such as <unk> has the id of unknown words, and one such as <pad> that of the padding. Without these, unknown
    words have the id behind that of the last token, and the padding is the id that is masked, or else that of unknown
    words. Raises DataError for more tokens than ids.
    """
    low, high = ids
    first = low + 1 if spec.masked and low == 0 and tokens[0].lower() not in PADDINGS else low
    if len(tokens) > high - first + 1:
        masked = ", of which 0 is for the padding" if first > low else ""
        available = f"{high - low + 1:,} ids, {low:,} to {high:,}{masked}"
        raise DataError(f"has {len(tokens):,} tokens, and the Embedding of the net {available}", file)
    codes = tuple(range(first, first + len(tokens)))
    special = {token.lower(): code for token, code in zip(tokens, codes, strict=True) if is_special(token)}
    after = codes[-1] + 1 if codes[-1] < high else None
    unknown = next((code for token, code in special.items() if token in UNKNOWN), after)
    default = 0 if spec.masked else unknown
    padding = next((code for token, code in special.items() if token in PADDINGS), default)
    lower = all(token == token.lower() for token in tokens if not is_special(token))
    return SequenceFormat("words", spec.length, 1, tokens, codes, unknown, padding, lower=lower)


def format_from(counts: Mapping[str, int], length: int | None, ids: tuple[int, int]) -> SequenceFormat:
    """Words with ids in the order of how often they occur, as many as there are ids for.

    Where ids count from 0, 0 is the padding and 1 stands for unknown words, as in Keras. Where they count from 1, as in
    Mathematica, the id behind that of the last word is both.
    """
    low, high = ids
    reserved = low + 2 if low == 0 else low
    most = max(0, high - reserved + (low == 0))
    ordered = sorted(counts, key=lambda token: (-counts[token], token))[:most]
    codes = tuple(range(reserved, reserved + len(ordered)))
    behind = reserved + len(ordered)
    padding, unknown = (PADDING_ID, UNKNOWN_ID) if low == 0 else (behind, behind)
    return SequenceFormat("words", length, 1, tuple(ordered), codes, unknown, padding, lower=True)
