"""Files that are no tables, by their first bytes: what they are, and what would work."""

from __future__ import annotations

import codecs
import re

from ..errors import DataError

R = 'save it in R with write.csv(DATA, "data.csv")'
EXCEL = "save it in the spreadsheet program as CSV"
PANDAS = 'save it with pandas: DATA.to_csv("data.csv")'
PICTURE = "give it as a file whose name ends in .png or .jpg"
KINDS = {
    b"\x89PNG\r\n\x1a\n": ("a PNG image", PICTURE),
    b"\xff\xd8\xff": ("a JPEG image", PICTURE),
    b"X\n\x00\x00\x00": ("an R object (.rds)", R),
    b"A\n2\n": ("an R object (.rds)", R),
    b"A\n3\n": ("an R object (.rds)", R),
    b"RDX2\n": ("an R workspace (.RData)", R),
    b"RDX3\n": ("an R workspace (.RData)", R),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old Excel workbook (.xls)", EXCEL),
    b"$FL2": ("an SPSS file (.sav)", "save it in SPSS as CSV"),
    b"<stata_dta>": ("a Stata file (.dta)", "save it in Stata with export delimited"),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", "save its table as CSV or Parquet"),
    b"SQLite format 3\0": ("an SQLite database", "export its table as CSV"),
    b"ARROW1": ("an Arrow or Feather file", "save it as Parquet"),
    b"MATLAB 5.0": ("a MATLAB file (.mat)", "save it in MATLAB with writematrix or writetable"),
    b"%PDF-": ("a PDF document", "save its table as CSV"),
    b"\x80\x04\x95": ("a Python pickle, which is not read as it may run code", PANDAS),
    b"\x80\x05\x95": ("a Python pickle, which is not read as it may run code", PANDAS),
    b"\x80\x03": ("a Python pickle, which is not read as it may run code", PANDAS),
    b"\x80\x02": ("a Python pickle, which is not read as it may run code", PANDAS),
    b'{"': ("JSON", "save its table as CSV or Parquet"),
    b"[{": ("JSON", "save its table as CSV or Parquet"),
    b"<?xml": ("XML", "save its table as CSV"),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "unpack it first"),
    b"Rar!\x1a\x07": ("a RAR archive", "unpack it first"),
    b"\x04\x22\x4d\x18": ("compressed with LZ4", "decompress it first"),
    b"\x1f\x9d": ("compressed with compress (.Z)", "decompress it first"),
}
PATTERNS = {
    re.compile(rb"(?:[ \t]*(?:%[^\n]*)?\r?\n)*[ \t]*@relation\b", re.IGNORECASE): (
        "an ARFF file, as Weka writes it",
        "save it as CSV in Weka, or in R with foreign::read.arff and write.csv",
    ),
    re.compile(rb"[-+.\w]+(?:[ \t]+\d+:[-+.\w]+)+[ \t]*(?:#[^\n]*)?\r?(?:\n|$)"): (
        "a sparse table in the format of LIBSVM",
        "save it as a dense table, in Python with sklearn.datasets.load_svmlight_file",
    ),
    re.compile(rb"\s*<(?:!doctype html|html|table)\b", re.IGNORECASE): ("a web page", "save its table as CSV"),
}
ZIP = b"PK\x03\x04"
SPREADSHEETS = {
    b"[Content_Types].xml": "an Excel workbook (.xlsx)",
    b"_rels/.rels": "an Excel workbook (.xlsx)",
    b"docProps/": "an Excel workbook (.xlsx)",
    b"xl/": "an Excel workbook (.xlsx)",
    b"application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument spreadsheet (.ods)",
}


def check_kind(head: bytes, file: str) -> None:
    """Raises DataError for a file of a known kind that is not read."""
    head = head.removeprefix(codecs.BOM_UTF8)
    kind = next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)
    kind = kind or next((kind for pattern, kind in PATTERNS.items() if pattern.match(head)), None)
    if head.startswith(ZIP):
        kind = next(((name, EXCEL) for mark, name in SPREADSHEETS.items() if mark in head[:200]), None)
    if kind:
        raise DataError(f"is {kind[0]}: {kind[1]}", file)
