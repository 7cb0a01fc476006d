"""Numbers and names as text and as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that would change a terminal or the direction of a text, or that a file of text cannot have."""


def figure(value: float) -> str:
    """A metric with four decimals, or six significant digits if it is very small or large."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.6g}"


def shortened(name: str, longest: int = 32) -> str:
    """A name on one line, without its middle where it is longer than `longest` characters. `�` stands for control
    characters."""
    name = CONTROL.sub("�", " ".join(name.split())) or " "
    return name if len(name) <= longest else f"{name[: longest - 12].rstrip()}…{name[-11:].lstrip()}"


def shortened_apart(names: Sequence[str], longest: int = 32) -> list[str]:
    """Each name as `shortened` has it, but where different names would then be alike, without the beginning that they
    share, so that the place where they differ is seen; numbered if that is not enough."""
    labels = [shortened(name, longest) for name in names]
    for _ in range(10):  # names that differ in several places may be alike again
        groups = _alike(names, labels)
        for group in groups:
            start = _difference([names[index] for index in group])
            for index in group:
                labels[index] = "…" + shortened(names[index][start:], longest - 1)
        if not groups:
            return labels
    for group in _alike(names, labels):
        for number, index in enumerate(group, 1):
            labels[index] = f"{labels[index][: longest - 8]}… ({number})"
    return labels


def _alike(names: Sequence[str], labels: Sequence[str]) -> list[list[int]]:
    """The indices of different names that have the same label."""
    groups: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(label, []).append(index)
    return [group for group in groups.values() if len({names[index] for index in group}) > 1]


def _difference(names: Sequence[str]) -> int:
    """Where names begin to differ, or a word or a few characters before that."""
    first, last = min(names), max(names)
    shared = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    window = first[max(0, shared - 12) : shared]
    word = re.search(r"[\s_.,:/-]+(?=.)", window)
    return shared - len(window) + word.end() if word else max(0, shared - 6)


def finite(facts):
    """Facts as JSON can have them: None for NaN and infinite numbers, at any depth."""
    if isinstance(facts, dict):
        return {key: finite(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


def pluralize(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
