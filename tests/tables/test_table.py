"""Rows of text read as columns: the format is inferred, and errors name line and column."""

import csv
import gzip
import io
import math
import os
from itertools import chain

import numpy as np
import pytest

from netconv import DataError
from netconv.tables import csv_blocks, table
from netconv.tables.csv_blocks import TextOptions
from netconv.tables.rows import Text
from netconv.tables.sources import Source, sources


def read(text, **options):
    data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return table.read((Source("t.csv", lambda: io.BytesIO(data)),), **options).rows(slice(None))


def cells(rows):
    """Every column as a list: numbers, texts, None for a missing cell."""
    columns = []
    for position in range(len(rows.format.names)):
        if position in rows.texts:
            codes, values = rows.texts[position]
            columns.append([None if code < 0 else values[code] for code in codes.tolist()])
        else:
            columns.append([None if math.isnan(x) else x for x in rows.numbers[:, position].tolist()])
    return columns


def fails(text, **options):
    with pytest.raises(DataError) as caught:
        read(text, **options)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_inferred(delimiter, end):
    rows = read(end.join(delimiter.join(row) for row in (["a", "b"], ["1", "x"], ["2", "y z"])) + end)
    assert (rows.format.names, rows.format.delimiter) == (("a", "b"), delimiter)
    assert cells(rows) == [[1, 2], ["x", "y z"]]


def test_a_decimal_comma_is_inferred():
    assert cells(read("a;b\n1,5;2\n-0,25;3\n ,5 ;?\n")) == [[1.5, -0.25, 0.5], [2, 3, None]]


@pytest.mark.parametrize("missing", ["", "?", "NA", "NaN", "nan", "null", "N/A", " ", "\t?", "na "])
def test_missing_cells(missing):
    assert cells(read(f"a,b,c\n1,x,1\n{missing},{missing},2\n")) == [[1, None], ["x", None], [1, 2]]


def test_blanks_and_tabs_around_cells_do_not_count():
    assert cells(read('a,b,c\n\t43, yes,"no\t"\n6 ,yes,no\n')) == [[43, 6], ["yes", "yes"], ["no", "no"]]


def test_quotes_byte_order_mark_and_blank_lines():
    text = '\ufeff\n"a","b, c"\n\n1,"say ""hi"", all"\n2,"two\nlines"\n'
    rows = read(text)
    assert rows.format.names == ("a", "b, c")
    assert cells(rows) == [[1, 2], ['say "hi", all', "two\nlines"]]


@pytest.mark.parametrize(
    "text, header, names",
    [
        ("5,0,0\n1,0,7\n", False, ("1", "2", "3")),
        ("5.1,3.5,setosa\n", False, ("1", "2", "3")),
        ("a,b\n1,2\n", True, ("a", "b")),
        ("label,0,1,2\n5,6,7,8\n", True, ("label", "0", "1", "2")),
        (",a,b\n0,1,2\n", True, ("row.names", "a", "b")),
        ("a,a,a\n1,2,3\n", True, ("a", "a.1", "a.2")),
        ("p,x,x\ne,x,y\n", False, ("1", "2", "3")),
        ("p,x,s\ne,x,y\n", True, ("p", "x", "s")),
    ],
)
def test_a_header_is_inferred(text, header, names):
    form = read(text).format if text.count("\n") > 1 else next(table.stream(sources(io.BytesIO(text.encode())))).format
    assert (form.header, form.names) == (header, names)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_name_of_two_lines(delimiter):
    rows = read(f'x{delimiter}"l\nm"\n1{delimiter}2\n')
    assert (rows.format.names, cells(rows)) == (("x", "l\nm"), [[1], [2]])


def test_the_header_option_decides():
    assert cells(read("a,b\nc,d\n", options=TextOptions(header=False))) == [["a", "c"], ["b", "d"]]
    assert read("1,2\n3,4\n", options=TextOptions(header=True)).format.names == ("1", "2")
    assert read("x,y\nx,z\n", known_names=("x", "y")).format.header


def test_one_column_is_a_table():
    assert cells(read("a\n1\n2\n")) == [[1, 2]]


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n1,2\n3\n", "t.csv, line 3: 1 cell, and the header has 2"),
        ("1,2\n3,4\n\n5,6,7\n", "t.csv, line 4: 3 cells, and the first row has 2"),
        ('a,b\n1,"x\ny"\n2\n', "t.csv, line 4: 1 cell, and the header has 2"),
        ("", "t.csv: is empty"),
        ("\n\n", "t.csv: is empty"),
        ("a,b\n", "t.csv: has a header and no rows"),
        ("x" * 200_000 + ",1\n", "t.csv: has a cell of more than 131,072 characters"),
        (
            '"' + "x\n" * 100_000 + '",b\n1,2\n',
            "t.csv: its header cannot be read: field larger than field limit (131072)",
        ),
        (b"PK\x03\x04\x00\x00", "t.csv: is cut short or damaged: not a .npz file"),
        ("a,b\n" + "1,é\n" * 30000 + "2,\udce9\n", "t.csv, line 30002: is not UTF-8"),
    ],
)
def test_invalid_tables(text, message):
    assert fails(text) == message


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        table.read(sources(tmp_path / "no.csv"))
    with pytest.raises(DataError, match="has no images"):
        table.read(sources(tmp_path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("block", [7, 16, 64, 1000])
def test_block_sizes_do_not_change_the_table(monkeypatch, block, delimiter):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", block)
    text = 'a|b|c\n1|x|1\n2|"y,\n""z"""|2\n3|5" pipe|?\n?||\n4|x|four\n'.replace("|", delimiter)
    rows = read(text)
    assert cells(rows) == [[1, 2, 3, None, 4], ["x", 'y,\n"z"', '5" pipe', None, "x"], ["1", "2", None, None, "four"]]
    found = [rows.locate(row) for row in range(5)]
    assert [place.number for place in found] == [2, 3, 5, 6, 7]
    assert found[1].cells == ["2", 'y,\n"z"', "2"]
    with pytest.raises(DataError, match="line 8: 1 cell, and the header has 3"):
        read(text + "9\n")


def test_a_quote_left_open_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 1 << 18)
    monkeypatch.setattr(csv_blocks, "LONGEST", 1 << 20)
    message = fails('a,b\n1,2\n3,"4\n' + "5,6\n" * 400_000)
    assert message == "t.csv, line 3: a row of more than 1 MB: is a quote left open?"


def test_a_stream_yields_rows_as_they_arrive():
    rows = list(table.stream(sources(io.BytesIO(b"a,b\n1,x\n2,y\n"))))
    assert [len(block) for block in rows] == [2]
    assert rows[0].file == "the stream"


def test_a_slow_pipe_yields_rows_as_they_arrive():
    ends = os.pipe()
    with os.fdopen(ends[0], "rb") as reading, os.fdopen(ends[1], "wb", buffering=0) as writing:
        rows = table.stream(sources(reading))
        writing.write(b"a,b\n1,x\n")
        assert cells(next(rows)) == [[1], ["x"]]  # more could still come
        writing.write(b"2,y\n3,z\n")
        assert cells(next(rows)) == [[2, 3], ["y", "z"]]
        writing.close()
        assert next(rows, None) is None


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_blocks_parsed_ahead_know_those_before(monkeypatch, ahead):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 16)
    text = "a,b\n" + "1,22\n" * 7 + "1,x\n" + "1,2.50\n" * 7
    blocks = list(table.stream(sources(io.BytesIO(text.encode())), ahead=ahead))
    columns = [cells(rows)[1] for rows in blocks]
    first = next(number for number, rows in enumerate(blocks) if rows.texts)
    assert 0 < first < len(blocks) - 3
    before = sum(map(len, blocks[:first]))
    assert [*chain(*columns[:first])] == [22] * before
    assert [*chain(*columns[first:])] == [*["22"] * (7 - before), "x", *["2.50"] * 7]


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_the_first_of_several_errors_is_raised(monkeypatch, ahead):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 16)
    data = b"a,b\n1,2\n1,2\n1,2\n3\n1,2\n1,2\n4,5,6\n1,2\n"
    cut = gzip.compress(data)[:-1]
    with pytest.raises(DataError, match="line 5: 1 cell, and the header has 2"):
        list(table.stream(sources(io.BytesIO(data)), ahead=ahead))
    with pytest.raises(DataError, match="line 5: 1 cell, and the header has 2"):
        list(table.stream(sources(io.BytesIO(cut)), ahead=ahead))


def test_a_table_agrees_with_the_standard_reader(tmp_path):
    generator = np.random.default_rng(0)
    expected = [[f"{x:.6g}" for x in row] for row in generator.normal(size=(500, 12))]
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(expected)
    rows = table.read(sources(tmp_path / "t.csv"))
    np.testing.assert_array_equal(rows.numbers, np.array(expected, np.float32))


def test_texts_are_codes():
    rows = read("a\nx\ny\nx\n?\n")
    assert isinstance(rows.texts[0], Text)
    assert rows.texts[0].values == ("x", "y") and rows.texts[0].codes.tolist() == [0, 1, 0, -1]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_row_longer_than_the_sample(delimiter):
    rows = read(delimiter.join(f"c{n}" for n in range(40_000)) + "\n" + delimiter.join(["1"] * 40_000) + "\n")
    assert rows.numbers.shape == (1, 40_000) and rows.format.names[-1] == "c39999"


def test_kept_columns_are_unchanged():
    text = 'id,a,b\n007,1, x\n 0.10 ,2,"y, z"\n1e999,3,\n'
    stream = table.stream((Source("t.csv", lambda: io.BytesIO(text.encode())),), keep=lambda _form: frozenset({0, 2}))
    [rows] = stream
    assert {position: column.to_pylist() for position, column in rows.kept.items()} == {
        0: ["007", " 0.10 ", "1e999"], 2: [" x", "y, z", ""]
    }  # fmt: skip
    assert rows.numbers[:2, 0].tolist() == [7, np.float32(0.1)] and 2 in rows.texts


@pytest.mark.parametrize("bad", ["3\n", '3,"\xe9",5\n'])
def test_ragged_rows_may_be_skipped(bad):
    data = ("a,b\n" + "1,2\n" * 20_000 + bad + '4,"5"\n').encode("latin-1")
    [rows] = table.stream((Source("t.csv", lambda: io.BytesIO(data)),), lenient=True)
    assert np.flatnonzero(rows.errors.mask).tolist() == [20_000] and rows.locate(20_001)[2:] == (20_003, ["4", "5"])
    assert rows.numbers[[0, 20_001], 0].tolist() == [1, 4]


LONG = "x" * 131_073
ROWS = "1,y,0\n" * 20_000


@pytest.mark.parametrize("cell", [f"1,{LONG},0\n", f'1,"{LONG}",0\n', f"{LONG},y,0\n"])
def test_too_long_a_cell(cell):
    with pytest.raises(DataError) as caught:
        read(f"a,b,c\n{ROWS}{cell}1,y,0\n")
    assert str(caught.value) == "t.csv, line 20002: a cell of more than 131,072 characters"


def test_a_place_after_too_long_a_number():
    [rows] = table.stream((Source("t.csv", lambda: io.BytesIO(f"a,b,c\n{ROWS}{'0' * 131_073},y,0\n".encode())),))
    assert rows.locate(19_999).number == 20_001
    with pytest.raises(DataError, match=r"^t.csv, line 20002: a cell of more than 131,072 characters$"):
        rows.locate(20_000)


def test_far_too_many_columns():
    with pytest.raises(DataError) as caught:
        read(",".join(f"c{n}" for n in range(100_001)) + "\n" + ",".join(["1"] * 100_001) + "\n")
    assert str(caught.value) == "t.csv: has rows of 100,001 cells, and at most 100,000 columns are read"


def test_columns_are_converted_some_at_a_time(monkeypatch):
    text = "a,b,c,d,e\n1,x,,3,y\n4,z,5,6,w\n"
    expected = cells(read(text))
    monkeypatch.setattr("netconv.tables.csv_arrow.PART", 2)
    assert cells(read(text)) == expected


def test_a_cell_without_end_is_not_a_bad_row():
    text = "a,b\n1,2\n" * 10_000 + "1\n" + "x" * 200_000 + ",1\n"
    with pytest.raises(DataError) as caught:
        list(table.stream((Source("t.csv", lambda: io.BytesIO(text.encode())),), lenient=True))
    assert str(caught.value) == "t.csv, line 20002: a cell of more than 131,072 characters"
