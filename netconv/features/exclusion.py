"""Columns that do not look like features: they number the rows, or are empty."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..tables.column_stats import FEWEST_COUNTED
from ..tables.csv_layout import ROW_NAMES
from ..tables.table import Table
from .image_columns import is_image_column

IDS = frozenset({"id", "rownames", "row_id", "rowid", "unnamed: 0", "__index_level_0__"})
"""Names of a column that only identifies rows, in lower case; the last two are how pandas writes an index that has no
name, to CSV and to Parquet."""
COUNTERS = re.compile(r"(?i:index|idx|no\.?|nr\.?|row|#|.+[ _.-]id)$|.*[a-z]I[Dd]$")
"""Names of a column that identifies rows if it holds a different integer in each."""

DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?([T ].*)?$|\d{4}/\d\d?/\d\d?( .*)?$|\d\d?[./-]\d\d?[./-]\d{2,4}( .*)?$"
    r"|\d\d?:\d\d(:\d\d(\.\d+)?)?$"
)
"""Texts that are dates or times."""

DIFFERENT_TEXTS = "row names, different in each row"
"""Why a first column of texts is left out, which may be sentences."""


class Exclusion(NamedTuple):
    """Why a column does not look like a feature. One that is `certain` is left out even where it is not one too many;
    one that is `counted` may be a feature that increases by 1, such as time."""

    certain: bool
    reason: str
    counted: bool = False


def exclusion(table: Table, column: int) -> Exclusion | None:
    """Why a column does not look like a feature; None if it does."""
    name, stats = table.format.names[column], table.stats
    if column not in table.texts and stats.missing[column] == stats.rows:
        return Exclusion(True, "empty")
    if is_image_column(table, column):
        return Exclusion(True, "names of images")
    if name.lower() in IDS:
        return Exclusion(True, "row numbers, by its name")
    if name == ROW_NAMES:
        return Exclusion(True, "row names")
    if column == 0 and _has_different_texts(table):
        return Exclusion(True, DIFFERENT_TEXTS)
    start = stats.counted_from(column)
    if start in (0, 1):
        return Exclusion(True, f"row numbers from {start:g}", counted=True)
    if COUNTERS.match(name):
        return Exclusion(_has_different_integers(table, column), "row numbers, by its name")
    if column == 0 and start is not None:
        return Exclusion(False, f"row numbers from {start:g}", counted=True)
    if name == f"column {column + 1}":
        return Exclusion(False, "no name")
    return None


def _has_different_integers(table: Table, column: int) -> bool:
    import numpy as np

    if column in table.texts or column not in table.stats.numbers:
        return False
    numbers, present = table.stats.numbers[column], table.stats.rows - table.stats.missing[column]
    return numbers is None or (len(numbers) == present and bool((numbers == np.round(numbers)).all()))


def _has_different_texts(table: Table) -> bool:
    """Whether the first column has a text of its own in each row, which is not a date, nor one among numbers."""
    texts, stats = table.texts.get(0, ()), table.stats
    different = stats.is_full(0) or len(texts) == stats.rows - stats.missing[0] >= FEWEST_COUNTED
    if not texts or not different or DATE.match(texts[0]):
        return False
    return 2 * sum(map(table.format.is_number, texts)) <= len(texts)


def counter_columns(names: tuple[str, ...]) -> frozenset[int]:
    """The indices of the columns whose distinct numbers `exclusion` needs."""
    return frozenset(index for index, name in enumerate(names) if COUNTERS.match(name))
