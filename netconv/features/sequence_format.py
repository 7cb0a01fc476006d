"""Sequences in one cell of a table: tokens of a text, ids or numbers, and what an input of a model takes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from .text_encoder import TextEncoder

Kind = Literal["numbers", "ids", "words", "tokens", "characters", "bytes"]
"""What the steps of a sequence are: numbers or ids as they are written; words, as `text_encoding` splits a text; tokens
and characters of Mathematica's encoders of these names; the bytes of a text in UTF-8."""


@dataclass(frozen=True)
class SequenceFormat:
    """How a cell becomes a sequence.

    Attributes:
        kind: What its steps are.
        length: How many steps it has: a shorter one is padded at its end, a longer one loses its end. None for any.
        numbers: The numbers of a step: one, or one for each id if it is `onehot`.
        vocabulary: The tokens that have an id, of a text.
        codes: Their ids.
        unknown: The id of all other tokens; None makes them an error.
        padding: The id that fills a sequence that is too short; None makes it an error.
        begin: An id in front of each sequence.
        end: An id behind each sequence.
        lower: Whether a text is changed to lower case.
        onehot: Whether a step has a 1 for its id, and a 0 for each other one.
    """

    kind: Kind
    length: int | None
    numbers: int = 1
    vocabulary: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    unknown: int | None = None
    padding: int | None = None
    begin: int | None = None
    end: int | None = None
    lower: bool = False
    onehot: bool = False

    @property
    def width(self) -> int:
        """The numbers of a row; of a sequence of any length those of a step."""
        return (self.length or 1) * self.numbers

    @property
    def per_step(self) -> int:
        """How many ids or numbers of a cell are a step."""
        return 1 if self.onehot else self.numbers

    @property
    def is_text(self) -> bool:
        """Whether its cells are texts, whose tokens have ids."""
        return self.kind not in ("numbers", "ids")

    @staticmethod
    def load(facts: Mapping[str, Any]) -> SequenceFormat:
        """The format of what `dataclasses.asdict` returned. Raises ValueError, TypeError or LookupError."""
        ids = {name: None if facts[name] is None else int(facts[name]) for name in ("unknown", "padding")}
        edges = {name: None if facts[name] is None else int(facts[name]) for name in ("begin", "end")}
        length = None if facts["length"] is None else int(facts["length"])
        form = SequenceFormat(
            facts["kind"], length, int(facts["numbers"]), tuple(map(str, facts["vocabulary"])),
            tuple(map(int, facts["codes"])), **ids, **edges, lower=bool(facts["lower"]), onehot=bool(facts["onehot"]),
        )  # fmt: skip
        fits = form.kind in get_args(Kind) and len(form.vocabulary) == len(form.codes) and form.numbers > 0
        if not fits or (length is not None and length < 1):
            raise ValueError
        return form


@dataclass(frozen=True)
class LongestSequence(SequenceFormat):
    """A sequence of any length in some rows, of which the longest has `steps`; shorter ones end with NaN."""

    steps: int = 1

    @property
    def width(self) -> int:
        return self.steps * self.numbers


@dataclass(frozen=True)
class SequenceSpec:
    """The sequence that an input takes: `length`, its steps, None for any number; `numbers`, those of a step; whether
    the id 0 is `masked`, and so a padding. `encoder` is what Mathematica does with texts for this input, if the net
    says so."""

    length: int | None
    numbers: int = 1
    masked: bool = False
    encoder: TextEncoder | None = None
