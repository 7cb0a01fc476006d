"""Lines for the user: what is inferred goes line by line to a callback; nothing is printed."""

from __future__ import annotations

from collections.abc import Callable

Notify = Callable[[str], object]
"""Takes a line for the user."""


def ignore(_line: object) -> None:
    """Does nothing with it."""
