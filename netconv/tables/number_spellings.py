"""How people write numbers and missing values: `11,624.00`, `1.234,50`, `$4,694`, `10%`, `(3.20)`, `3.20-`, `="1.5"`,
`5.28*^-08`."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "\\n", "#div/0!")
"""Cells without a value, in upper or lower case and with any blanks around them; `Missing[...]` of Mathematica too."""
MISSING_NUMBERS = (".", "-", "--", "none", "missing", "<na>", "n.a.", "#nv", "#value!", "#wert!", "#ref!", "#bezug!",
                   "..", "...", "…", ":", "k.a.", "#num!", "#zahl!", "#name?", "#null!", '=""')  # fmt: skip
"""What a missing number is written as, too; in a column of text these are texts."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
"""A number as programs write it."""

_CURRENCY = (
    r"(?:(?:US|R)?\$|[€£¥₹₽₩₺₪]|zł|kr|USD|EUR|GBP|CHF|AUD|BRL|CAD|CNY|CZK|DKK|HUF|INR|JPY|KRW|MXN|NOK|PLN|SEK|TRY|ZAR)"
)
_SIGNS = {"US$": "$", "USD": "$", "EUR": "€", "GBP": "£"}
_BLANKS = " \u00a0\u202f"
"""Blanks that group digits: plain, no-break, and narrow no-break ones."""
_MINUS_BEHIND = r"^(.*)-$"
_MISSING_PATTERN = r"^(?i:missing\[.*\])$"


@cache
def pattern(decimal: str) -> str:
    """A regular expression (of Python and of RE2) for a number with this decimal sign, as people write it."""
    group = rf"(?:[{'.' if decimal == ',' else ','}]|[{_BLANKS}]|['’])"
    digits = rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+)"
    point = rf"[{decimal}]"
    exponent = r"(?:(?:[eE]|\*\^)[+-]?[0-9]+)?"
    number = rf"(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+){exponent}"
    before, after = rf"(?:{_CURRENCY} ?)?", rf"(?: ?(?:%|{_CURRENCY}))?"
    amount = rf"{before}[-+−]?{number}{after}"
    signed = rf"(?:[-+−]?{amount}|\({amount}\)|{before}{number}[-−]{after}|{before}{number}{after}[-−])"
    return rf"^(?:{signed}|=\"{signed}\")$"


@cache
def _compiled(decimal: str) -> re.Pattern[str]:
    return re.compile(pattern(decimal))


def is_number(cell: str, decimal: str) -> bool:
    """Whether a cell without blanks around it is a number with this decimal sign, as people write it."""
    if cell.isdigit() and cell.isascii():
        return True
    return bool(_compiled(decimal).match(cell))


def is_missing_number(cell: str) -> bool:
    """Whether a cell without blanks around it has no value in a column of numbers."""
    if cell[:1].isdigit():
        return False
    return cell.lower() in MISSING + MISSING_NUMBERS or bool(re.match(_MISSING_PATTERN, cell))


def parse_number(cell: str, decimal: str) -> float:
    """The number in a cell as people write it; NaN if it holds something else. `10%` is 10."""
    if not is_number(cell, decimal):
        return math.nan
    text = re.sub(_CURRENCY, "", cell)
    text = re.sub(rf"[^0-9eE^()+−{decimal}-]", "", text)
    text = text.replace("^", "e").replace(decimal, ".").replace("−", "-").replace("(", "-").replace(")", "")
    return float(re.sub(_MINUS_BEHIND, r"-\1", text).replace("--", ""))


class Numbers(NamedTuple):
    """The numbers of a column of text (float32), the decimal sign of their cells, an example of a number that programs
    would not write, the spellings of missing numbers that occur, and the percent or currency sign of the numbers."""

    values: pa.Array
    decimal: str
    example: str | None
    missing: tuple[str, ...]
    sign: str = ""


def as_numbers(column: pa.Array, decimals: str) -> Numbers | None:
    """The numbers of a column of distinct texts with the first of these decimal signs that fits all cells; None if
    there is none. Either all numbers end with a percent sign or none, and there is one currency at most."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = strip_cells(column)
    plain = _plain(column, decimals[0])
    if plain is not None:
        return Numbers(plain, decimals[0], None, ())
    lacks = pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING_NUMBERS))
    missing = tuple(column.filter(lacks).unique().to_pylist())
    column = pc.if_else(lacks, pa.scalar(None, pa.string()), column)
    for decimal in decimals:
        plain = _plain(column, decimal)
        if plain is not None:
            example = None if decimal == decimals[0] else _first(column, pc.match_substring(column, decimal))
            return Numbers(plain, decimal, example, missing)
        if not pc.all(pc.match_substring_regex(column, pattern(decimal))).as_py():
            continue
        percent = pc.match_substring(column, "%")
        if pc.any(percent).as_py() and not pc.all(percent).as_py():
            return None
        signs = pc.struct_field(pc.extract_regex(column, f"(?P<sign>{_CURRENCY})"), "sign").unique().to_pylist()
        found = {_SIGNS.get(sign, sign) for sign in signs if sign} | ({"%"} if pc.any(percent).as_py() else set())
        if len(found) > 1:
            return None
        unusual = pc.invert(pc.match_substring_regex(column, rf"^[-+]?[0-9]*[{decimal}]?[0-9]*([eE][-+]?[0-9]+)?$"))
        example = _first(column, unusual)
        return Numbers(_converted(column, decimal), decimal, example, missing, "".join(found))
    return None


def _first(column: pa.Array, mask: pa.Array) -> str | None:
    found = column.filter(mask)
    return found[0].as_py() if len(found) else None


def _plain(column: pa.Array, decimal: str) -> pa.Array | None:
    """The numbers of a column as programs write them; None if a cell is written otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if decimal == ",":
        if pc.any(pc.match_substring(column, ".")).as_py():
            return None
        column = pc.replace_substring(column, ",", ".")
    try:
        return pc.cast(column, pa.float32())
    except pa.ArrowInvalid:
        return None


def _converted(column: pa.Array, decimal: str) -> pa.Array:
    """The numbers of a column whose cells all match `pattern`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.replace_substring_regex(column, _CURRENCY, "")
    column = pc.replace_substring_regex(column, rf"[^0-9eE^()+−{decimal}-]", "")
    for written, meant in (("^", "e"), (decimal, "."), ("−", "-"), ("(", "-"), (")", "")):
        column = pc.replace_substring(column, written, meant)
    column = pc.replace_substring_regex(column, _MINUS_BEHIND, r"-\1")
    return pc.cast(pc.replace_substring_regex(column, r"^[+]|--", ""), pa.float32())


def strip_cells(column: pa.Array) -> pa.Array:
    """A column of Arrow strings without blanks around them, null for those that are missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim_whitespace(column)
    missing = pc.or_(
        pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING)),
        pc.fill_null(pc.match_substring_regex(column, _MISSING_PATTERN), False),
    )
    return pc.if_else(missing, pa.scalar(None, pa.string()), column)


def table_decimal(columns: list[list[str]], delimiter: str, known: str | None = None) -> str:
    """The decimal sign of a table, by the cells of its columns without blanks around them: that which some columns need
    and none excludes; in doubt a comma if it is not the delimiter, and is the sign of an earlier table (`known`), or
    occurs and no point does."""
    votes: set[str] = set()
    commas = points = False
    for column in columns:
        cells = [cell for cell in column if ("," in cell or "." in cell) and not is_missing_number(cell)]
        fits = [sign for sign in ".," if cells and all(is_number(cell, sign) for cell in cells)]
        votes.update(fits if len(fits) == 1 else ())
        commas = commas or (len(fits) == 2 and any("," in cell for cell in cells))
        points = points or (len(fits) == 2 and any("." in cell for cell in cells))
    if votes:
        return "," if votes == {","} else "."
    return "," if delimiter != "," and (known == "," or (commas and not points)) else "."
