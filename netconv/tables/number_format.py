"""Figures as text and as JSON."""

from __future__ import annotations

import math


def figure(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.6g}"


def shortened(name: str, longest: int = 32) -> str:
    """A name on one line, without its middle where it is too long."""
    name = " ".join(name.split()) or " "
    return name if len(name) <= longest else f"{name[: longest - 12].rstrip()}…{name[-11:].lstrip()}"


def finite(facts):
    if isinstance(facts, dict):
        return {key: finite(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
