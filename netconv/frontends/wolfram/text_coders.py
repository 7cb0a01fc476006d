"""Encoders of texts, Tokens, Characters and UTF8: what they do, as plain data. docs/wlnet.md describes it."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from typing import Any

from .expressions import MAGIC, Expression, ExpressionError, Symbol, decompress, parse, shortened
from .ports import Coder, Port, unwrapped

KINDS = ("Tokens", "Characters", "UTF8")
LARGEST = 64 << 20
"""Bytes of a vocabulary that is unpacked."""
OTHER, START, END = -2, -1, 0
"""In place of the code of a character: any other character, the start and the end of a text."""
MOST = 65_535
"""Characters of a span."""
PUNCTUATION = (*range(33, 65), *range(91, 97), *range(123, 127))
GROUPS = {
    "LetterCharacter": (*range(97, 123), *range(65, 91)),
    "WordCharacter": (*range(97, 123), *range(65, 91), *range(48, 58)),
    "DigitCharacter": tuple(range(48, 58)),
    "PunctuationCharacter": PUNCTUATION,
    "Whitespace": (32, 9, 10),
    "WhitespaceCharacter": (32, 9, 10),
    "Automatic": (9, 10, *range(32, 127)),
    "StartOfString": (START,),
    "EndOfString": (END,),
}
"""The characters of groups, as the encoder Characters has them."""


class _NotKnown(ValueError):
    """A specification that is not known; the message is the predicate of a sentence on the encoder."""


def facts(port: Port) -> dict[str, Any]:
    """What an encoder of texts does, as JSON: the ids of its tokens, or the `problem` why netconv does not know it."""
    coder, shape = port.coder, port.shape or ()
    assert coder is not None
    onehot = port.classes is None and len(shape) == 2
    found: dict[str, Any] = {"count": port.classes or (shape[-1] if onehot else None), "onehot": onehot}
    try:
        if coder.kind == "Tokens":
            found |= _tokens(coder)
        elif coder.kind == "Characters":
            found |= _characters(coder)
        if found["count"] is None:
            raise _NotKnown("does not say how many ids there are")
    except _NotKnown as error:
        found["problem"] = str(error)
    return found


def _is_true(coder: Coder, name: str) -> bool:
    return unwrapped(coder.parameters.get(name)) == Symbol("True")


def _tokens(coder: Coder) -> dict[str, Any]:
    match unwrapped(coder.parameters.get("Tokens")):
        case Expression(Symbol("TokenEncodingData"), (1, data, int(count))):
            tokens = data if isinstance(data, tuple) else _unpacked(data)
        case _:
            tokens, count = None, 0
    if tokens is None or len(tokens) != count or not all(isinstance(token, str) for token in tokens):
        raise _NotKnown("has a vocabulary in a form that is not known")
    pattern = unwrapped(coder.parameters.get("SplitPattern", Symbol("WordBoundary")))
    if pattern != Symbol("WordBoundary"):
        raise _NotKnown(f"splits texts by {shortened(pattern)}")
    return {"tokens": list(tokens), "lower": _is_true(coder, "IgnoreCase")}


def _unpacked(data: Any) -> tuple[Any, ...] | None:
    """The list in a ByteArray; None if it is not packed in a known way."""
    try:
        if isinstance(data, Expression) and data.name == "ByteArray" and isinstance(data.args[0], str):
            packed = base64.b64decode(data.args[0], validate=True)
        else:
            packed = bytes(data.tobytes())
        if packed.startswith(MAGIC.encode()):
            found = decompress(packed.decode())
        else:
            found = parse(zlib.decompressobj().decompress(packed, LARGEST))
    except (ExpressionError, binascii.Error, zlib.error, ValueError, LookupError, AttributeError):
        return None
    return found if isinstance(found, tuple) else None


# Characters


def _characters(coder: Coder) -> dict[str, Any]:
    match unwrapped(coder.parameters.get("Encoding")):
        case Expression(Symbol("CharacterEncodingData"), (1, _, _, int(count), spec)):
            lower = _is_true(coder, "IgnoreCase")
            codes = _Table(lower).codes_of(spec)
        case _:
            raise _NotKnown("has characters in a form that is not known")
    if max(codes.values(), default=0) != count:
        raise _NotKnown(f"has {count} ids, which the characters {shortened(spec)} do not have")
    padding = unwrapped(coder.parameters.get("$Padding"))
    return {
        "characters": [chr(code) for code in codes if code > 0],
        "codes": [id_ for code, id_ in codes.items() if code > 0],
        "other": codes.get(OTHER), "begin": codes.get(START), "end": codes.get(END), "lower": lower,
        "padding": padding if type(padding) is int else codes.get(END, count),
    }  # fmt: skip


class _Table:
    """The ids of characters, by their codes: each clause of a specification gives some characters their ids, and takes
    those of an earlier clause."""

    def __init__(self, lower: bool):
        self.lower, self.following, self.ids = lower, 1, dict[int, int]()

    def codes_of(self, spec: Any) -> dict[int, int]:
        clauses = self._clauses(spec)
        for number, (codes, target) in enumerate(clauses):
            later = {code for other, _ in clauses[number + 1 :] for code in other}
            self._assign([code for code in codes if code not in later], target)
        return self.ids

    def _assign(self, codes: Iterable[int], target: Any) -> None:
        if target == Symbol("All"):
            for code in codes:
                self.ids[code] = self.following
                self.following += 1
            return
        if target == Symbol("Automatic"):
            target, self.following = self.following, self.following + 1
        elif type(target) is not int or target < 1:
            raise _NotKnown(f"gives characters the id {shortened(target)}")
        self.ids |= dict.fromkeys(codes, target)
        self.following = max(self.following, target + 1)

    def _clauses(self, spec: Any) -> list[tuple[list[int], Any]]:
        if spec == Symbol("Automatic"):
            spec = tuple(map(chr, GROUPS["Automatic"]))
        if not isinstance(spec, tuple):
            return [self._clause(spec)]
        parts = tuple(part for part in spec if not _is_rule(part, "IgnoreCase"))
        if any(_is_rule(part) for part in parts):
            return [self._clause(part) for part in parts]
        return [(self._group(parts), Symbol("All"))]

    def _clause(self, clause: Any) -> tuple[list[int], Any]:
        match clause:
            case Expression(Symbol("Rule"), (group, target)):
                return self._group(group), target
        return self._group(clause), Symbol("All")

    def _group(self, group: Any) -> list[int]:
        match group:
            case str():
                return list(map(ord, group.lower() if self.lower else group))
            case tuple() | Expression(Symbol("Alternatives")):
                parts = group if isinstance(group, tuple) else group.args
                return list(dict.fromkeys(code for part in parts for code in self._group(part)))
            case Expression(Symbol("Span"), (first, last)):
                start, stop = map(_code, (first, last))
                if 1 < start <= stop < start + MOST:
                    return list(range(start, stop + 1))
            case Expression(Symbol("Blank"), ()) | Expression(Symbol("Verbatim"), (Expression(Symbol("Blank"), ()),)):
                return [OTHER]
            case Symbol(name) if name in GROUPS:
                codes = GROUPS[name]
                if self.lower and name == "Automatic":
                    return [code + 32 if 65 <= code <= 90 else code for code in codes]
                return [code for code in codes if not (self.lower and 65 <= code <= 90)]
        raise _NotKnown(f"has the characters {shortened(group)}, which are not known")


def _is_rule(part: Any, key: str = "") -> bool:
    is_rule = isinstance(part, Expression) and part.name == "Rule" and len(part.args) == 2
    return is_rule and (not key or part.args[0] in (Symbol(key), key))


def _code(end: Any) -> int:
    """The code of an end of a span, 0 for what is not a character."""
    if isinstance(end, str) and len(end) == 1:
        return ord(end)
    return end if type(end) is int and end > 0 else 0


def described(name: str, port: Port, shape: str) -> str:
    """What a person must know of an encoder of texts, for an input of the `shape`."""
    assert port.coder is not None
    kind, found = port.coder.kind, facts(port)
    ids = "unit vectors" if found["onehot"] else f"integers from 1 to {found['count']:,}" if found["count"] else "ids"
    if "problem" in found:
        return (
            f"{name}: the encoder {kind} {found['problem']}, which netconv does not do: give the model the {shape} "
            f"that the encoder makes, {ids}"
        )
    return f"{name}: texts in a table are encoded as by the encoder {kind}; the model itself takes {shape}, {ids}"
