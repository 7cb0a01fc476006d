"""Lines for the user: what is inferred goes line by line to a callback; nothing is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

MOST_NOTES = 20
"""Notes of the files of a table that are shown; a table may have thousands of files."""
MOST_LINES = 1000
"""Lines that are kept for a report."""

Notify = Callable[[str], object]
"""Takes a line for the user."""


def ignore(_line: object) -> None:
    """Does nothing with it."""


class Recorder:
    """Passes lines on, and keeps the first MOST_LINES of them."""

    def __init__(self, notify: Notify):
        self._notify = notify
        self._lines: list[str] = []

    def __call__(self, line: str) -> None:
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        self._notify(line)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines so far."""
        return tuple(self._lines)


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
