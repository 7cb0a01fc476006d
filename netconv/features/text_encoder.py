"""Mathematica's encoders of texts: how they make the ids that a net takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .sequence_format import Kind, SequenceFormat

KINDS: dict[str, Kind] = {"Tokens": "tokens", "Characters": "characters", "UTF8": "bytes"}
"""What the steps are that an encoder makes, by its kind."""


@dataclass(frozen=True)
class TextEncoder:
    """What an encoder does with a text: its `kind`, and the `form`, whose length is that of the model's input, with ids
    from 1 to `count`, `onehot` or not; or the `problem` why netconv does not do it."""

    kind: str
    form: SequenceFormat | None
    count: int | None
    onehot: bool = False
    problem: str = ""

    @staticmethod
    def load(facts: Mapping[str, Any]) -> TextEncoder:
        """Of what the member `wlnet.json` says of the encoder. Raises ValueError, TypeError or LookupError."""
        kind, count = facts["kind"], facts["count"]
        if "problem" in facts or type(count) is not int:
            return TextEncoder(kind, None, count, bool(facts["onehot"]), str(facts["problem"]))
        tokens = facts.get("tokens", facts.get("characters", []))
        codes = facts.get("codes", range(1, len(tokens) + 1))
        ids = {str(token): int(code) for token, code in zip(tokens, codes, strict=True)}
        unknown, padding = (count, count) if kind == "Tokens" else (facts.get("other"), facts.get("padding"))
        if count < 1 or any(not 1 <= code <= count for code in ids.values()):
            raise ValueError
        form = SequenceFormat(
            KINDS[kind], None, count if facts["onehot"] else 1, tuple(ids), tuple(ids.values()), unknown, padding,
            facts.get("begin"), facts.get("end"), bool(facts.get("lower")), bool(facts["onehot"]),
        )  # fmt: skip
        return TextEncoder(kind, form, count, form.onehot)
