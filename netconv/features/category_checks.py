"""Whether a column of text holds categories, and not dates, numbers with a few texts, or texts that hardly repeat."""

from __future__ import annotations

import math
import re

from ..errors import DataError, option
from ..tables.column_stats import FEWEST_COUNTED
from ..tables.table import Table
from .exclusion import DATE
from .notices import Notify
from .transform import numbers_of

_WITH_UNIT = re.compile(r"[-+−]?\d+(?:[.,]\d+)? ?([^\W\d_]+|°[CF])$")


def check_categories(table: Table, column: int, may_differ: bool) -> None:
    """Raises DataError for a column of text that does not hold categories: a few texts among numbers, dates, texts that
    hardly occur twice. `may_differ` is whether a few texts may all be different, as row names that are needed are."""
    values = table.texts.get(column)
    if values is None:
        return
    _check_dates(table, column)
    name, counts = table.format.names[column], table.stats.counts[column]
    bad = [code for code, value in enumerate(values) if not table.format.is_number(value)]
    unusual = [code for code, value in enumerate(values) if table.format.is_unusual_number(value)]
    if unusual and not bad:
        remedy = f"say what the column is with {option('encode', {name: 'numbers'})}, codes or onehot"
        message = f"{{}} is a number, but the cells of this column are not written alike or are text; {remedy}"
        _raise_for_codes(table, column, unusual, message)
    if bad and 2 * counts[bad].sum() < counts.sum():
        skip = f"such rows out with {option('errors', 'skip')} or " if 10 * counts[bad].sum() <= counts.sum() else ""
        remedy = (
            f"correct it, leave {skip}the column out with {option('drop', name)}, or say what it is with "
            f"{option('encode', {name: 'numbers'})} (text counts as missing) or onehot"
        )
        _raise_for_codes(table, column, bad, f"{{}} is not a number, and most cells of this column are; {remedy}")
    all_differ = len(values) == counts.sum() >= FEWEST_COUNTED
    if (all_differ and not may_differ) or len(values) > max(50, len(table) // 2) or table.stats.is_full(column):
        unit = _unit(table, column)
        raise DataError(
            f"{len(values):,} different texts in {len(table):,} rows are not categories; leave the column out with "
            f"{option('drop', name)}{f', or remove the unit {unit!r} to have numbers' if unit else ''}",
            table.file,
            column=name,
        )


def check_numbers(table: Table, column: int) -> None:
    """Raises DataError if a column that the user calls numbers has not one."""
    values = table.texts.get(column)
    if values and all(map(math.isnan, numbers_of(values, table.format, column))):
        name = table.format.names[column]
        raise DataError(
            f"no cell is a number, the first is {values[0]!r}; {option('encode', {name: 'onehot'})} or codes is for "
            "text",
            table.file,
            column=name,
        )


def _unit(table: Table, column: int) -> str:
    """The unit of a column of text that has numbers followed by the same unit, as `2.5 kg`; "" if it has none."""
    matches = [_WITH_UNIT.match(value) for value in table.texts.get(column, ())]
    units = {match[1] if match else "" for match in matches}
    return units.pop() if len(matches) > 2 and len(units) == 1 else ""


def warn_of_units(table: Table, column: int, notify: Notify) -> None:
    """Warns of a column of text whose cells have a unit."""
    if unit := _unit(table, column):
        name, example = table.format.names[column], table.texts[column][0]
        notify(
            f"warning: column {name!r}: cells such as {example!r} are categories; without the unit {unit!r} they would "
            "be numbers"
        )


def _raise_for_codes(table: Table, column: int, codes: list[int], message: str) -> None:
    """Raises DataError for the first row that has one of these codes."""
    import numpy as np

    for rows in table.blocks():
        bad = np.isin(rows.texts[column].codes, codes)
        if bad.any():
            raise rows.cell_error(message, int(bad.argmax()), column)


def _check_dates(table: Table, column: int) -> None:
    values = table.texts.get(column)
    if not values:
        return
    counts = table.stats.counts[column]
    dates = [code for code, value in enumerate(values) if DATE.match(value)]
    if dates and counts[dates].sum() >= 0.9 * counts.sum():
        raise DataError(
            f"holds dates such as {values[dates[0]]!r}, which no net takes; leave the column out with "
            f"{option('drop', table.format.names[column])}, or convert them to numbers",
            table.file,
            column=table.format.names[column],
        )
