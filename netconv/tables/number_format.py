"""Numbers and names as text and as JSON."""

from __future__ import annotations

import math


def figure(value: float) -> str:
    """A metric with four decimals, or six significant digits if it is very small or large."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.6g}"


def shortened(name: str, longest: int = 32) -> str:
    """A name on one line, without its middle where it is longer than `longest` characters."""
    name = " ".join(name.split()) or " "
    return name if len(name) <= longest else f"{name[: longest - 12].rstrip()}…{name[-11:].lstrip()}"


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
