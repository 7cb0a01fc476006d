"""Columns of a table by what a user calls them."""

from __future__ import annotations

import fnmatch
import re

from ..errors import DataError


def columns(names: tuple[str, ...], wanted: tuple[str, ...], file: str) -> list[int]:
    """The positions of columns, each entry one of them or several separated by commas: a name, a number (from 1; -1 is
    the last), a range of numbers (2-5), a pattern (pixel*), or the name of an array of a file of arrays. Raises
    DataError."""
    parts = [part for entry in wanted for part in ([entry] if entry in names else entry.split(","))]
    return list(dict.fromkeys(place for part in parts for place in _positions(names, part.strip(), file)))


def _positions(names: tuple[str, ...], wanted: str, file: str) -> list[int]:
    if wanted in names:
        return [names.index(wanted)]
    if re.fullmatch(r"-?\d{1,9}", wanted) and 1 <= abs(int(wanted)) <= len(names):
        return [int(wanted) - 1 if int(wanted) > 0 else len(names) + int(wanted)]
    ends = re.fullmatch(r"(\d{1,9})-(\d{1,9})", wanted)
    if ends and 1 <= int(ends[1]) <= int(ends[2]) <= len(names):
        return list(range(int(ends[1]) - 1, int(ends[2])))
    pattern = re.compile(fnmatch.translate(wanted)) if re.search(r"[*?\[]", wanted) else of_array(wanted)
    found = [position for position, name in enumerate(names) if pattern.match(name)]
    if not found:
        raise DataError(f"has no column {wanted!r}; its columns are {listed(names)}", file)
    return found


def of_array(name: str) -> re.Pattern[str]:
    """Matches the columns of an array, or of what was one: NAME.1, NAME_2 ..."""
    return re.compile(re.escape(name) + r"[._]\d+$")


def listed(names) -> str:
    names = list(names)
    return ", ".join(names) if len(names) <= 40 else f"{', '.join(names[:20])}, ... {', '.join(names[-3:])}"
