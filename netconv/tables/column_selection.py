"""Columns of a table selected by name, number, range or pattern."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from ..errors import DataError, there_are


def select_columns(names: tuple[str, ...], selected: tuple[str, ...], file: str) -> list[int]:
    """The indices of selected columns. Each entry of `selected` is one of these or several separated by commas: a name,
    a number (from 1; -1 is the last), a range of numbers (2-5), a pattern (pixel*), or the name of an array in a file
    of arrays. Raises DataError."""
    parts = [part for entry in selected for part in ([entry] if entry in names else entry.split(","))]
    return list(dict.fromkeys(index for part in parts for index in _select(names, part.strip(), file)))


def _select(names: tuple[str, ...], selected: str, file: str) -> list[int]:
    if selected in names:
        return [names.index(selected)]
    if re.fullmatch(r"-?\d{1,9}", selected) and 1 <= abs(int(selected)) <= len(names):
        return [int(selected) - 1 if int(selected) > 0 else len(names) + int(selected)]
    ends = re.fullmatch(r"(\d{1,9})-(\d{1,9})", selected)
    if ends and 1 <= int(ends[1]) <= int(ends[2]) <= len(names):
        return list(range(int(ends[1]) - 1, int(ends[2])))
    is_pattern = re.search(r"[*?\[]", selected)
    pattern = re.compile(fnmatch.translate(selected)) if is_pattern else array_columns(selected)
    indices = [index for index, name in enumerate(names) if pattern.match(name)]
    if not indices:
        known = f"{there_are(selected, names, 'its columns')} {list_names(names)}"
        raise DataError(f"has no column {selected!r}; {known}", file)
    return indices


def array_columns(name: str) -> re.Pattern[str]:
    """A pattern that matches the columns of an array: NAME.1, NAME_2 ..."""
    return re.compile(re.escape(name) + r"[._]\d+$")


def list_names(names: Iterable[str]) -> str:
    """Names separated by commas; of more than 40 only the first and the last ones."""
    names = list(names)
    return ", ".join(names) if len(names) <= 40 else f"{', '.join(names[:20])}, ... {', '.join(names[-3:])}"
