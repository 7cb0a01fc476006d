"""Columns written as lines that CSV and JSON readers read back unchanged."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pytest

from netconv.tables import lines

NAMES = ["plain", 'say "a"', "b,c", " d ", "two\nlines", "\r", "", "tschüß 类"]


def test_cells_are_quoted_if_necessary():
    column = lines.cells(pa.array([*NAMES, None], pa.string()))
    text = lines.csv([column, column]).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[name, name] for name in [*NAMES, ""]]
    assert text.startswith('plain,plain\n"say ""a""",')
    assert list(csv.reader(io.StringIO(lines.head(NAMES).decode(), newline=""))) == [NAMES]


def test_a_single_empty_cell_is_not_a_blank_line():
    assert lines.csv([lines.cells(pa.array(["1", None]))]) == b'1\n""\n'
    assert lines.csv([lines.cells(pa.array([], pa.string()))]) == b""


def test_objects_of_json():
    column = lines.strings(pa.array([*NAMES, None], pa.string()))
    inner = lines.object_([(name, column) for name in NAMES[:2]])
    text = lines.json_lines([("a b", column), ("in", inner), ("list", lines.array([column, column]))]).decode()
    assert [json.loads(line) for line in text.split("\n")[:-1]] == [
        {"a b": name, "in": {"plain": name, 'say "a"': name}, "list": [name, name]} for name in [*NAMES, None]
    ]


def test_numbers_are_the_shortest_text_that_reads_back_equal():
    values = np.array([1, 0, 0.1, 1 / 3, 1e-9, 1e20, 123456789, np.nan, np.inf], np.float32)
    column = lines.numbers(values, np.arange(9) == 1)
    assert column.to_pylist() == ["1", None, "0.1", "0.33333334", "1e-9", "1e+20", "123456790", "nan", "inf"]
    given = [json.loads(line)["x"] for line in lines.json_lines([("x", lines.finite(column))]).splitlines()]
    assert given == [1, None, *map(pytest.approx, values[2:7].tolist()), None, None]


def test_significant_digits():
    given = np.array([0.12345651, 0.99999994, 1e-30, 123456.7, -2.5, 0, np.nan, np.inf], np.float32)
    wanted = [0.123457, 1, float(f"{np.float32(1e-30):.6g}"), 123457, -2.5, 0, np.nan, np.inf]
    np.testing.assert_array_equal(lines.significant(given), wanted)


def test_names_by_number():
    assert lines.names(np.array([1, 0, 1]), ["a", "b"], np.array([False, False, True])).to_pylist() == ["b", "a", None]
