"""Lines for the user: what is inferred goes line by line to a callback; nothing is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

MOST_NOTES = 20
"""Notes of the files of a table that are shown; a table may have thousands of files."""

Notify = Callable[[str], object]
"""Takes a line for the user."""


def ignore(_line: object) -> None:
    """Does nothing with it."""


class TableNotes:
    """The notes of the files of a table, as they come: each once, and at most MOST_NOTES."""

    def __init__(self, notify: Notify):
        self._notify = notify
        self._told: set[str] = set()

    def tell(self, notes: Iterable[str]) -> None:
        for note in notes:
            if note not in self._told and len(self._told) < MOST_NOTES:
                self._told.add(note)
                self._notify(note)
