"""Tables as R, pandas, spreadsheets and instruments write them: what is read, and what is noted about it."""

import bz2
import gzip
import io
import lzma
import math
import zipfile

import numpy as np
import pytest

from netconv import DataError
from netconv.tables import table
from netconv.tables.csv_blocks import TextOptions
from netconv.tables.sources import Source

NO_HEADER = "no header seen: its columns are numbered (header=True takes the first row as their names)"
EMPTY_CELLS = "every row ends with one empty cell more than the header has: left out"
SHORT = "its header is one name short: the first column holds row names, and is called 'row.names'"
BLANKS = "blanks separate its cells"
WINDOWS = "is not UTF-8: read as Windows-1252 (encoding= names another)"


def files(data):
    data = data if isinstance(data, bytes) else data.encode()
    return (Source("t.csv", lambda: io.BytesIO(data)),)


def columns_of(read_table):
    """The columns by name: numbers with six digits, texts, None for a missing cell."""
    rows = read_table.rows(slice(None))
    columns = {}
    for index, name in enumerate(rows.format.names):
        if index in rows.texts:
            codes, values = rows.texts[index]
            columns[name] = [None if code < 0 else values[code] for code in codes.tolist()]
        else:
            columns[name] = [None if math.isnan(x) else float(f"{x:.6g}") for x in rows.numbers[:, index].tolist()]
    return columns


def read(data, **options):
    read_table = table.read(files(data), TextOptions(**options))
    assert all(note.startswith("t.csv: ") for note in read_table.notes)
    return columns_of(read_table), [note.removeprefix("t.csv: ") for note in read_table.notes]


def fails(data, **options):
    with pytest.raises(DataError) as caught:
        read(data, **options)
    return str(caught.value)


def skipped(count, text):
    rows = "1 row" if count == 1 else f"{count} rows"
    return f"{rows} before the table skipped, from {text!r} on (skip_lines=0 keeps them)"


def commas(example, column):
    return f"numbers have decimal commas, such as {example!r} in column {column!r}"


# Headers and row names


@pytest.mark.parametrize(
    "text, columns, notes",
    [
        (
            "0,1,2,3,4\n5.1,3.5,1.4,0.2,x\n4.9,3.0,1.4,0.2,y\n",
            {"0": [5.1, 4.9], "1": [3.5, 3], "2": [1.4, 1.4], "3": [0.2, 0.2], "4": ["x", "y"]},
            [],
        ),
        (",0,1\n0,5,3\n1,4,3\n", {"row.names": [0, 1], "0": [5, 4], "1": [3, 3]}, []),
        (
            '"","a","label"\n"1",5.1,"x"\n"2",4.9,"y"\n',
            {"row.names": [1, 2], "a": [5.1, 4.9], "label": ["x", "y"]},
            [],
        ),
        (
            '"a","label"\n"Fiat",5.1,"x"\n"Opel",4.9,"y"\n',
            {"row.names": ["Fiat", "Opel"], "a": [5.1, 4.9], "label": ["x", "y"]},
            [SHORT],
        ),
        (
            "a\tlabel\n1\t5.1\tx\n2\t4.9\ty\n",
            {"row.names": [1, 2], "a": [5.1, 4.9], "label": ["x", "y"]},
            [SHORT],
        ),
        ("2/28/2008,1:00:00,x\n2/29/2008,2:00:00,y\n",
         {"1": ["2/28/2008", "2/29/2008"], "2": ["1:00:00", "2:00:00"], "3": ["x", "y"]}, [NO_HEADER]),
        ("1,2,x\n3,4,y\n", {"1": [1, 3], "2": [2, 4], "3": ["x", "y"]}, [NO_HEADER]),
        ("0,1,2\n3,4,5\n", {"1": [0, 3], "2": [1, 4], "3": [2, 5]}, [NO_HEADER]),
        ("site,1990,2000,2010\np,1.5,2.5,3.5\nq,2.5,3,4.5\n",
         {"site": ["p", "q"], "1990": [1.5, 2.5], "2000": [2.5, 3], "2010": [3.5, 4.5]}, []),
        ("site,1/22/20,1/23/20\np,1,2\nq,2,3\n", {"site": ["p", "q"], "1/22/20": [1, 2], "1/23/20": [2, 3]}, []),
        ("name,10%,90%\np,1,2\nq,2,3\n", {"name": ["p", "q"], "10%": [1, 2], "90%": [2, 3]}, []),
        ("# x,y\n1,2\n3,4\n", {"x": [1, 3], "y": [2, 4]}, []),
        ("t,T,h\ns,°C,%\n1,2,3\n4,5,6\n", {"t": [1, 4], "T": [2, 5], "h": [3, 6]},
         ["its second row is not data, but units or the like (s, °C, %): skipped"]),
        ("site,T,h\n,[°C],[%]\np,2,3\nq,5,6\n", {"site": ["p", "q"], "T": [2, 5], "h": [3, 6]},
         ["its second row is not data, but units or the like ([°C], [%]): skipped"]),
        ("name,age\nBob,unknown\nAl,5\n", {"name": ["Bob", "Al"], "age": ["unknown", "5"]}, []),
        ("A,,B,\nX,Y,X,Y\n1,2,3,4\n5,6,7,8\n", {"A X": [1, 5], "A Y": [2, 6], "B X": [3, 7], "B Y": [4, 8]},
         ["its header has two rows: their names are joined"]),
        ("s,A,,,,B\n,X,,Y,,\n,m,n,m,n,\np,1,2,3,4,5\nq,6,7,8,9,0\nr,1,2,3,4,5\n",
         {"s": ["p", "q", "r"], "A X m": [1, 6, 1], "A X n": [2, 7, 2], "A Y m": [3, 8, 3], "A Y n": [4, 9, 4],
          "B": [5, 0, 5]},
         ["its header has three rows: their names are joined"]),
    ],
)  # fmt: skip
def test_headers(text, columns, notes):
    assert read(text) == (columns, notes)


def test_the_options_decide_about_a_header():
    assert read("1,2\n3,4\n", header=False) == ({"1": [1, 3], "2": [2, 4]}, [])
    assert read("1,2\n3,4\n", header=True) == ({"1": [3], "2": [4]}, [])


def test_a_second_table_is_refused():
    text = "title,\n,\na,b\np,1\nq,2\n,\ntitle,\n,\na,b\nr,3\n"
    assert fails(text) == "t.csv, line 9: repeats the header, and only one table can be read: split the file"
    assert read("a,b\np,q\na,b\nr,s\n") == ({"a": ["p", "a", "r"], "b": ["q", "b", "s"]}, [])  # a row like others


# Lines before the table


@pytest.mark.parametrize(
    "text, notes",
    [
        ("Station 7\nunits: mm\na,b,label\n1,2,x\n3,4,y\n", [skipped(2, "Station 7")]),
        ("Station 7,,\n,,\na,b,label\n1,2,x\n3,4,y\n", [skipped(2, "Station 7")]),
        ("Station:,7,\nDate:,2020-01-01,\n,,\na,b,label\n1,2,x\n3,4,y\n", [skipped(3, "Station: 7")]),
        ("# by X\n# on Monday, 3 pm\na,b,label\n1,2,x\n3,4,y\n", [skipped(2, "# by X")]),
        ("Made by,X,on,Monday\na,b,label\n1,2,x\n3,4,y\n", [skipped(1, "Made by X on Monday")]),
        (",,\n,Report,\na,b,label\n1,2,x\n3,4,y\n", [skipped(2, "Report")]),
        ("sep=,\na,b,label\n1,2,x\n3,4,y\n", ["its first line says that ',' separates its cells"]),
        ('"sep=;"\r\na;b;label\r\n1;2;x\r\n3;4;y\r\n', ["its first line says that ';' separates its cells"]),
        ("a,b,label\n,,\n1,2,x\n3,4,y\n,,\n", ["rows without any value left out, the first in line 2"]),
        ("a,b,label,\n1,2,x\n3,4,y\n".replace("label,", "label"), []),
        ("a,b,label\n1,2,x,\n3,4,y,\n", [EMPTY_CELLS]),
    ],
)
def test_lines_that_are_no_rows(text, notes):
    assert read(text) == ({"a": [1, 3], "b": [2, 4], "label": ["x", "y"]}, notes)


def test_lines_before_a_table_without_header():
    assert read("# by X\n1,2\n3,4\n5,6\n") == ({"1": [1, 3, 5], "2": [2, 4, 6]}, [skipped(1, "# by X"), NO_HEADER])
    assert read("Cities\nname,city\nBob,Paris\nAl,Rome\n") == (
        {"name": ["Bob", "Al"], "city": ["Paris", "Rome"]}, [skipped(1, "Cities")]
    )  # fmt: skip
    assert read("Run; by X\na;b;label\n" + "1,5;2;p\n2,5;3;q\n" * 5)[1] == [skipped(1, "Run by X"), commas("1,5", "a")]
    assert read("Run 7\n|1x3 Cross validator\n1,2,3\n3,4,5\n5,6,8\n")[1] == [skipped(2, "Run 7"), NO_HEADER]


def test_cells_that_look_like_comments():
    assert read("#1,5,x\n#2,6,y\n#3,7,x\n")[0] == {"1": ["#1", "#2", "#3"], "2": [5, 6, 7], "3": ["x", "y", "x"]}
    assert read("#a\n#b\n#c\n", header=False)[0] == {"1": ["#a", "#b", "#c"]}


@pytest.mark.parametrize("lenient", [False, True])
def test_lines_of_blanks_are_no_rows(lenient):
    text = 'a,b\n  \n1,x\n \t\r\n2," \n "\n\x1a'
    assert read(text, skip_bad_rows=lenient) == (
        {"a": [1, 2], "b": ["x", None]}, ["rows without any value left out, the first in line 2"]
    )  # fmt: skip
    assert fails("a,b\n \n1,x,2\n") == "t.csv, line 3: 3 cells, and the header has 2"


def test_skipped_lines_may_be_given():
    assert fails("x\n", skip_lines=2) == "t.csv: has no rows after the 2 lines of skip_lines"
    assert read("x,y\nx,z\na,b\n1,2\n", skip_lines=2) == ({"a": [1], "b": [2]}, [])
    assert fails("Station 7\na,b\n1,2\n3,4\n", skip_lines=0) == "t.csv, line 2: 2 cells, and the header has 1"


def test_line_numbers_count_what_was_skipped():
    assert fails("sep=;\nStation 7\na;b;c\n1;2;3\n\n4;5;6\n7;8\n") == "t.csv, line 7: 2 cells, and the header has 3"
    read_table = table.read(files("Station 7\na,b,c\n,,\n1,2,3\n4,5,6\n"))
    assert read_table.locate(1)[1:] == ("line", 5, ["4", "5", "6"])


# Damage is no kind of file


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b,c\n1,2,3\n4,5,6,7\n", "t.csv, line 3: 4 cells, and the header has 3"),
        ("a,b,c\n1,2,3\n4,5,6,\n", "t.csv, line 3: 4 cells, and the header has 3"),
        ("a,b,c\n1,2,3,\n4,5,6,7\n8,9,1,2\n", "t.csv, line 2: 4 cells, and the header has 3"),
        ("a,b,c\n1,2,3,\n" * 1 + "4,5,6,\n" * 200 + "4,5,6,7\n", "t.csv, line 203: 4 cells, and the header has 3"),
        ("a,b,c\n1,2,3,\n" * 1 + "4,5,6,\n" * 200 + "4,5,6\n", "t.csv, line 203: 3 cells, and the rows before have 4"),
        ("a,b,c,d\n1,2,3\n4,5,6\n", "t.csv, line 2: 3 cells, and the header has 4"),
        ("a b c\n1,2,3\n4,5,6\n", "t.csv, line 2: 3 cells, and the header has 1"),
        ("a,b\n1,2,3\n1,5,6\n", "t.csv, line 2: 3 cells, and the header has 2"),
        ("a\n1\n2,3\n4\n", "t.csv, line 3: 2 cells, and the header has 1"),
        ('a,b\n1,"x"\n2,"y" z\n', "t.csv, line 3: a cell goes on after its closing quote"),
        ('a,b\n1,"x"\n2,"y\n', "t.csv, line 3: a quote is left open"),
        ('a,"b"c\n1,"x"\n', "t.csv: its header cannot be read: ',' expected after '\"'"),
        ('a\t"b"c\n1\t"x"\n', "t.csv: its header cannot be read: '\\t' expected after '\"'"),
    ],
)
def test_damaged_rows_are_named(text, message):
    assert fails(text) == message


def test_quotes_inside_cells_and_blanks_after_quotes_are_fine():
    assert read('a,b\n1,5" pipe\n2,"y" \n')[0] == {"a": [1, 2], "b": ['5" pipe', "y"]}


# Quotes and delimiters


@pytest.mark.parametrize(
    "text, columns, notes",
    [
        ("a,b\n1,'x, y'\n3,'z'\n5,'it\\'s'\n", {"a": [1, 3, 5], "b": ["x, y", "z", "it's"]},
         ["apostrophes quote its cells, backslashes escape its quotes and delimiters"]),
        ("a,b\n1,'x'\n3,'it''s'\n5,'z'\n", {"a": [1, 3, 5], "b": ["x", "it's", "z"]}, ["apostrophes quote its cells"]),
        ("a,b\n1,it's\n3,'tis\n", {"a": [1, 3], "b": ["it's", "'tis"]}, []),
        ('a,b\n1,"say \\"hi\\""\n3,"u, v"\n', {"a": [1, 3], "b": ['say "hi"', "u, v"]},
         ["backslashes escape its quotes and delimiters"]),
        ('a,b,c\n1,"a \\"q\\" b",\\N\n2,"c",3\n', {"a": [1, 2], "b": ['a "q" b', "c"], "c": [None, 3]},
         ["backslashes escape its quotes and delimiters"]),
        ('a,b\n1,"C:\\"\n3,"u, v"\n', {"a": [1, 3], "b": ["C:\\", "u, v"]}, []),
        ('a, "b, c"\n1, "x, y"\n3, z\n', {"a": [1, 3], "b, c": ["x, y", "z"]}, []),
        ('"a" "label"\n"1" 5.1 "x y"\n"2" 4.9 "y"\n', {"row.names": [1, 2], "a": [5.1, 4.9], "label": ["x y", "y"]},
         [BLANKS, SHORT]),
        (" 0.006  18.00   2\n 12.345   0.00  7\n", {"1": [0.006, 12.345], "2": [18, 0], "3": [2, 7]},
         [BLANKS, NO_HEADER]),
        ("1.5\t2\t\t3\n4\t5\t6\n", {"1": [1.5, 4], "2": [2, 5], "3": [3, 6]}, [BLANKS, NO_HEADER]),
        ("# x y\n1 2\n3 4\n", {"x": [1, 3], "y": [2, 4]}, [BLANKS]),
        ("m,v\n10 mm,0.5\n12 mm,1.5\n", {"m": ["10 mm", "12 mm"], "v": [0.5, 1.5]}, []),
        ("m (mm),v\n10 mm,0.5\n12 mm,1.5\n", {"m (mm)": ["10 mm", "12 mm"], "v": [0.5, 1.5]}, []),
        ("title\nm,v\n10 mm,0.5\n12 mm,1.5\n", {"m": ["10 mm", "12 mm"], "v": [0.5, 1.5]}, [skipped(1, "title")]),
        ("u v\n1,5 2,5\n3,5 4,5\n", {"u": [1.5, 3.5], "v": [2.5, 4.5]}, [BLANKS, commas("1,5", "u")]),
        ("u,v\n1 234,5\n3 456,6\n", {"u": [1234, 3456], "v": [5, 6]}, ["numbers such as '1 234', read as 1234, in the "
         "numeric column u"]),
        ("1,5 2,5\n3,5 4,5\n", {"1": [1.5, 3.5], "2": [2.5, 4.5]}, [BLANKS, NO_HEADER, commas("1,5", "1")]),
        ("a\tb\nCar 1\t2.5\t3\nCar 2\t4\t5\n", {"row.names": ["Car 1", "Car 2"], "a": [2.5, 4], "b": [3, 5]}, [SHORT]),
        ("a b\tc\n1.5\t2\n2.5\t3\n", {"a b": [1.5, 2.5], "c": [2, 3]}, []),
        ("a\tb\tc\n1\t\t3\n2\t5\t4\n", {"a": [1, 2], "b": [None, 5], "c": [3, 4]}, []),
        ('8  30.5\t"ford pinto"\n4  ?\t"vw 1131"\n', {"1": [8, 4], "2": [30.5, None], "3": ["ford pinto", "vw 1131"]},
         [BLANKS, NO_HEADER]),
        ("when,x\n2006-01-01 00:15,38.7\n2006-01-01 00:30,43\n",
         {"when": ["2006-01-01 00:15", "2006-01-01 00:30"], "x": [38.7, 43]}, []),
    ],
)  # fmt: skip
def test_dialects(text, columns, notes):
    assert read(text) == (columns, notes)


def test_the_delimiter_may_be_given():
    assert read("a:b\n1:2\n3:4\n", delimiter=":") == ({"a": [1, 3], "b": [2, 4]}, [])


def test_an_unusual_dialect_in_blocks(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 64)
    text = "'a' 'b c'\n" + "".join(f"{n}  'x {n % 3}'\n" for n in range(40))
    columns, notes = read(text)
    assert columns == {"a": list(range(40)), "b c": [f"x {n % 3}" for n in range(40)]}
    assert notes == [f"{BLANKS}, apostrophes quote its cells"]


# Numbers and missing values


def numbers(example, value, columns):
    which = "numeric columns" if "," in columns else "numeric column"
    return f"numbers such as {example!r}, read as {value}, in the {which} {columns}"


@pytest.mark.parametrize(
    "text, columns, notes",
    [
        ('a,b\n"11,624.00",x\n5.5,y\n', {"a": [11624, 5.5], "b": ["x", "y"]}, [numbers("11,624.00", 11624, "a")]),
        ("a;b\n1.234,50;x\n12,5;y\n", {"a": [1234.5, 12.5], "b": ["x", "y"]},
         [commas("12,5", "a"), numbers("1.234,50", 1234.5, "a")]),
        ("a;b\n1.234;1.234,5\n2.345;2,5\n", {"a": [1234, 2345], "b": [1234.5, 2.5]},
         [commas("2,5", "b"), numbers("1.234", 1234, "a, b")]),
        ("a;b\n1,5;x\n2;y\n", {"a": [1.5, 2], "b": ["x", "y"]}, [commas("1,5", "a")]),
        ("a;b\n1,5;2.5\n2,5;3.25\n", {"a": [1.5, 2.5], "b": [2.5, 3.25]}, [numbers("1,5", 1.5, "a")]),
        ("a;b\n1.234;1,5\n0.900;2,5\n", {"a": [1.234, 0.9], "b": [1.5, 2.5]}, [numbers("1,5", 1.5, "b")]),
        ("a;b\n0.123;x\n1.234;y\n", {"a": [0.123, 1.234], "b": ["x", "y"]}, []),
        ('a,b\n"$4,694",10%\n$900,5%\n', {"a": [4694, 900], "b": [10, 5]},
         [numbers("$4,694", 4694, "a"), numbers("10%", 10, "b")]),
        ('a,b,c\n"$4,694",10%,5%\n$900,5%,6%\n', {"a": [4694, 900], "b": [10, 5], "c": [5, 6]},
         [numbers("$4,694", 4694, "a"), numbers("10%", 10, "b, c")]),
        ("a,b\n(3.20),€5\n-£4,6 EUR\n", {"a": [-3.2, -4], "b": [5, 6]},
         [numbers("(3.20)", -3.2, "a"), numbers("€5", 5, "b")]),
        ("a;b\n1,5-;3 %-\n1.000,5−;2%\n", {"a": [-1.5, -1000.5], "b": [-3, 2]},
         [numbers("1,5-", -1.5, "a"), numbers("3 %-", -3, "b")]),
        ("a,b\n-5-,x\n(5)-,y\n", {"a": ["-5-", "(5)-"], "b": ["x", "y"]}, []),
        ('a,b\n="1.5",x\n"=""-2""",y\n="",z\n', {"a": [1.5, -2, None], "b": ["x", "y", "z"]},
         [numbers('="1.5"', 1.5, "a"), "'=\"\"' read as missing in the numeric column a"]),
        ("a,b\n5.28*^-08,x\n1.,y\n", {"a": [5.28e-08, 1], "b": ["x", "y"]}, [numbers("5.28*^-08", "5.28e-08", "a")]),
        ("a,b\n+5,1 234\n6,12\n", {"a": [5, 6], "b": [1234, 12]}, [numbers("1 234", 1234, "b")]),
        ("a,b\nR$5,1 200 zł\n7,12 zł\n", {"a": [5, 7], "b": [1200, 12]},
         [numbers("R$5", 5, "a"), numbers("1 200 zł", 1200, "b")]),
        ("a,b\n..,…\n:,3\n2,k.A.\n", {"a": [None, None, 2], "b": [None, 3, None]},
         ["'..', ':', '…', 'k.A.' read as missing in the numeric columns a, b"]),
        ("a,b\n$5,x\n€6,y\n", {"a": ["$5", "€6"], "b": ["x", "y"]}, []),
        ("a,b\n10%,x\n5,y\n", {"a": ["10%", "5"], "b": ["x", "y"]}, []),
        ("a,b\n1-2,x\n5,y\n", {"a": ["1-2", "5"], "b": ["x", "y"]}, []),
        ("a,b\n.,None\n-,3\n2,#N/A\n", {"a": [None, None, 2], "b": [None, 3, None]},
         ["'.', '-', 'None' read as missing in the numeric columns a, b"]),
        ("a,b\nn.a.,<NA>\n#WERT!,3\n2,#NV\n", {"a": [None, None, 2], "b": [None, 3, None]},
         ["'n.a.', '#WERT!', '<NA>', '#NV' read as missing in the numeric columns a, b"]),
        ('a,b\n1,Missing["NotAvailable"]\n#DIV/0!,x\n', {"a": [1, None], "b": [None, "x"]}, []),
        ("a,b\n1,None\n2,Brick\n", {"a": [1, 2], "b": ["None", "Brick"]}, []),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, columns, notes):
    assert read(text) == (columns, notes)


def test_a_form_of_numbers_that_begins_in_a_later_block(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 64)
    rows = "".join(f"{n}.5,x\n" for n in range(100))
    columns, notes = read("a,b\n" + rows + '"1,234.5",y\n')
    assert (columns["a"][-2:], notes) == ([99.5, 1234.5], [numbers("1,234.5", 1234.5, "a")])


@pytest.mark.parametrize("first, then", [("5", "6%"), ("5%", "6"), ("$5", "€6")])
def test_signs_that_change_in_a_later_block(monkeypatch, first, then):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 64)
    columns, notes = read("a,b\n" + f"{first},x\n" * 40 + ",y\n" * 40 + f"{then},x\n" * 40)
    assert (columns["a"], notes) == ([first] * 40 + [None] * 40 + [then] * 40, [])


# Encodings


TEXT = "a,b\n1,é\n2,€\n"
COLUMNS = {"a": [1, 2], "b": ["é", "€"]}


@pytest.mark.parametrize(
    "data, options, notes",
    [
        (TEXT.encode("utf-16"), {}, ["read as UTF-16-LE, as its byte order mark says"]),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), {}, ["read as UTF-16-BE, as its byte order mark says"]),
        (TEXT.encode("utf-32"), {}, ["read as UTF-32-LE, as its byte order mark says"]),
        (TEXT.encode("utf-16-le"), {"encoding": "utf-16-le"}, []),
        (TEXT.encode("cp1252"), {}, [WINDOWS]),
        (TEXT.encode("cp1252"), {"encoding": "windows-1252"}, []),
        (TEXT.encode("iso8859-15"), {"encoding": "iso8859-15"}, []),
        (TEXT.encode("utf-8-sig"), {}, []),
        (TEXT.encode(), {"encoding": "utf-8"}, []),
    ],
)
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_encodings(monkeypatch, data, options, notes, block):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", block)
    assert read(data, **options) == (COLUMNS, notes)


def test_control_characters_are_those_of_windows():
    note = "control characters (U+0080 to U+009F) read as the characters of Windows-1252: quotes, dashes and the like"
    assert read("a,b\n1,it\x92s\n2,é\n") == ({"a": [1, 2], "b": ["it’s", "é"]}, [note])


@pytest.mark.parametrize(
    "data, options, message",
    [
        (TEXT.encode("utf-16-le"), {}, "t.csv: is UTF-16 without a byte order mark: encoding='utf-16-le' reads it"),
        (TEXT.encode("utf-16-be"), {}, "t.csv: is UTF-16 without a byte order mark: encoding='utf-16-be' reads it"),
        (b"a,b\n1,x\n2,\x81\n", {}, "t.csv, line 3: is not WINDOWS-1252: encoding= names its encoding"),
        (b"a,b\n1,x\n2,\xe9\n", {"encoding": "ascii"}, "t.csv, line 3: is not ASCII: encoding= names its encoding"),
        (bytes(range(1, 256)), {}, "t.csv: is not a table of text (CSV)"),
        (gzip.compress(b"X\n\0\0\0\2", mtime=0), {},
         't.csv: is an R object (.rds): save it in R with write.csv(DATA, "data.csv")'),
        (bz2.compress(b"RDX3\nX"), {},
         't.csv: is an R workspace (.RData): save it in R with write.csv(DATA, "data.csv")'),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {},
         "t.csv: is an old Excel workbook (.xls): save it in the spreadsheet program as CSV"),
        (TEXT.encode("utf-16")[:-1], {}, "t.csv, line 3: is cut short: it ends within a character of UTF-16-LE"),
        (b'{"a": 1, "b": 2}\n', {}, "t.csv: is JSON: save its table as CSV or Parquet"),
        (b"\n<TABLE class='x'>", {}, "t.csv: is a web page: save its table as CSV"),
        (b"+1 1:0.5 3:-2e-3 # first\n-1 2:1\n", {}, "t.csv: is a sparse table in the format of LIBSVM: save it as a "
         "dense table, in Python with sklearn.datasets.load_svmlight_file"),
        (b"a,b\n1,2\n3,\0\n" + b"5,6\n" * 50, {}, "t.csv, line 3: has a zero byte, which no text has: the file is "
         "damaged, or is not a table of text"),
        (b"% iris\r\n%\r\n\r\n @RELATION iris\r\n@ATTRIBUTE a REAL\r\n@DATA\r\n1\r\n", {},
         "t.csv: is an ARFF file, as Weka writes it: save it as CSV in Weka, or in R with foreign::read.arff and "
         "write.csv"),
        (b"\x80\x04\x95", {}, "t.csv: is a Python pickle, which is not read as it may run code: save it with pandas: "
         'DATA.to_csv("data.csv")'),
        (lzma.compress(b"a,b\n1,2\n")[:-5], {}, "t.csv: is cut short"),
        (lzma.compress(b"a,b\n1,2\n") + b"more", {}, "t.csv: is damaged: it cannot be decompressed"),
    ],
)  # fmt: skip
def test_what_is_not_read(data, options, message):
    assert fails(data, **options) == message


@pytest.mark.parametrize("first", ["[Content_Types].xml", "docProps/app.xml", "xl/workbook.xml"])
def test_a_workbook(first):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(first, "<Types/>")
    assert fails(data.getvalue()) == "t.csv: is an Excel workbook (.xlsx): save it in the spreadsheet program as CSV"


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_compressed_tables(compress):
    assert read(compress(TEXT.encode())) == (COLUMNS, [])
    assert read(compress(TEXT[:5].encode()) + compress(TEXT[5:].encode())) == (COLUMNS, [])


# Bad rows left out


@pytest.mark.parametrize("block", [64, 8 << 20])
def test_bad_rows_may_be_left_out(monkeypatch, block):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", block)
    good = "".join(f"{n},{2 * n},x{n % 2}\n" for n in range(30))
    data = files("a,b,c\n" + good + '1,2\n3,4,5,6\noops,5,x1\n7,"8"z,x0\n9,10,x1\n')
    read_table = table.read(data, TextOptions(skip_bad_rows=True))
    columns = columns_of(read_table)
    assert (columns["a"], columns["b"][-2:]) == ([*range(30), 9], [58, 10])
    first = "t.csv, line 32: 2 cells, and the header has 3"
    assert read_table.notes == (f"warning: 4 bad rows left out; the first: {first}",)
    assert read_table.locate(30)[2:] == (36, ["9", "10", "x1"])
    assert np.isfinite(read_table.numbers[:]).all()


def test_columns_that_are_not_used_make_no_row_a_bad_one():
    data = files("a,b\n" + "1,2\n" * 20 + "oops,4\n5,oops\n")
    read_table = table.read(data, TextOptions(skip_bad_rows=True), used=lambda _: frozenset({1}))
    first = "t.csv, line 23, column 'b': 'oops' is not a number, and most cells of this column are"
    assert read_table.notes == (f"warning: 1 bad row left out; the first: {first}",)
    assert columns_of(read_table)["a"][-2:] == ["1", "oops"]
