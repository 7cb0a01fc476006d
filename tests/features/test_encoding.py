"""Encodings: targets and features are inferred, texts and missing cells become numbers, later tables are read in the
same way."""

import io
import json
import math
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from encoded import spec_of

from netconv import DataError, FormatError
from netconv.features import encoded_table, schema_inference, target_inference, transform
from netconv.features.description import describe
from netconv.features.encoding import Encoding, Feature, Head
from netconv.features.table_options import TableOptions
from netconv.tables import table
from netconv.tables.column_selection import select_columns
from netconv.tables.csv_blocks import TextOptions
from netconv.tables.sources import Source


def source(text):
    return (Source("t.csv", lambda: io.BytesIO(text.encode())),)


def fit(text, spec, *targets, classes=(), **options):
    notices, table_options = [], TableOptions(targets, **options)
    likely = partial(target_inference.columns_to_count, options=table_options, heads=(), file="t.csv")
    source_table = table.read(source(text), distinct=likely)
    found = schema_inference.infer_encoding(source_table, spec, table_options, classes, notify=notices.append)
    everywhere = np.ones(len(source_table), bool)
    return (
        source_table.rows(slice(None)),
        transform.fit_statistics(found, source_table, everywhere),
        notices,
    )


def fails(text, spec, *targets, **options):
    with pytest.raises(DataError) as caught:
        fit(text, spec, *targets, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "text, spec, target",
    [
        ("a,Class,b\n1,x,2\n3,y,4\n", spec_of(2, 2, 2), "Class"),
        ("y,a,label\n1,2,0\n3,4,1\n", spec_of(2, 2, 2), "label"),
        ("a,b,kind\n1,2,x\n3,4,y\n5,6,z\n", spec_of(2, 3, 3), "kind"),
        ("7,0,0\n2,9,0\n5,1,0\n", spec_of(2, 10, 10), "1"),
        ("0,5,7\n0,1,2\n0,3,5\n", spec_of(2, 10, 10), "3"),
        ("kind,a,b\nx,1,2\nx,3,4.5\ny,5,6\n", spec_of(2, 3, 3), "kind"),
        ("a,b,price\n1,2,9.5\n3,4,7\n", spec_of(2, 1, 0), "price"),
    ],
)
def test_the_target_is_inferred_and_named(text, spec, target):
    _, found, _ = fit(text, spec)
    assert found.targets == (target,)
    first = describe(found, TableOptions())[0]
    assert first.startswith(f"target      {target} (target= names another)")
    assert "target=" not in describe(found, TableOptions(target=(target,)))[0]


def test_a_target_can_be_given_by_name_or_number():
    text = "a,b,c\n1,2,3\n4,5,6\n"
    for given, target in (("b", "b"), ("2", "b"), ("-1", "c")):
        assert fit(text, spec_of(2, 1, 0), given)[1].targets == (target,)
    assert fit(text, spec_of(1, 2, 0), "a", "c")[1].targets == ("a", "c")


@pytest.mark.parametrize(
    "text, spec, targets, message",
    [
        ("a,b\n1,2\n", spec_of(1, 1, 0), ["c"], "t.csv: has no column 'c'; its columns are a, b"),
        ("id,Kind\n1,2\n", spec_of(1, 1, 0), ["kinds"],
         "t.csv: has no column 'kinds'; did you mean 'Kind'? Its columns are id, Kind"),
        ("a,b\n1,2\n", spec_of(1, 1, 0), ["3"], "t.csv: has no column '3'; its columns are a, b"),
        ("a,b\n1,x\n2,y\n", spec_of(1, 1, 0), [], "t.csv: which column is the target? Name it with target=: a, b"),
        ("a,b\n1.5,2.5\n2.5,7.5\n", spec_of(1, 2, 2), [],
         "t.csv: which column is the target? Name it with target=: a, b"),
        ("a,b\n1,2\n", spec_of(1, 2, 0), ["b"],
         "t.csv: 1 target column, and the net outputs 2 values per row: name as many with target="),
        (
            "a,b,c,y\n1,2,3,0\n4,5,6,1\n",
            spec_of(2, 2, 2),
            [],
            "t.csv: 3 features found, and the net takes 2: a, b, c",
        ),
        ("a,b,y\n1,p,0\n2,q,1\n3,r,1\n", spec_of(5, 2, 2), [],
         "t.csv: 2 features (4 with text one-hot) found, and the net takes 5: a, b"),
        ("a,y\n1,p\n2,q\n3,r\n", spec_of(1, 2, 2), [],
         "t.csv, column 'y': 3 classes (p, q, r), and the net predicts 2"),
        ("a,y\n1,\n2,?\n", spec_of(1, 2, 2), ["y"], "t.csv, column 'y': the target column is empty"),
        ("a,y\n" + "".join(f"1,{n}\n" for n in range(11_000)), spec_of(1, 2, 2), ["y"],
         "t.csv, column 'y': holds too many different numbers to be classes, and the net predicts 2; "
         "if they are amounts, train with loss='mean_squared_error'"),
        ("mpg name\n18.0 chevrolet chevelle malibu\n15.0 buick skylark\n", spec_of(1, 2, 2), [],
         "t.csv: read as a single column, with cells such as '18.0 chevrolet chevelle malibu'; delimiter= names the "
         "character between the cells"),
        ("a,y\n" + "1,0\n" * 10 + "1O,1\n" + "3,1\n" * 10, spec_of(1, 2, 2), [],
         "t.csv, line 12, column 'a': '1O' is not a number, and most cells of this column are; correct it, leave such "
         "rows out with errors='skip' or the column out with drop='a', or say what it is with encode={'a': 'numbers'} "
         "(text counts as missing) or onehot"),
        ("a,y\n" + "".join(f"name {n},{n % 2}\n" for n in range(60)), spec_of(1, 2, 2), [],
         "t.csv, column 'a': 60 different texts in 60 rows are not categories; leave the column out with drop='a'"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_the_model(text, spec, targets, message):
    assert fails(text, spec, *targets) == message


COUNTED = "".join(f"{n},{n * n},{'pq'[n % 2]}\n" for n in range(5, 20))


@pytest.mark.parametrize(
    "text, left_out",
    [
        ("a,ID,y\n1,17,p\n2,19,q\n", {"ID": "row numbers, by its name"}),
        ("row,a,y\n5,17,p\n2,19,q\n", {"row": "row numbers, by its name"}),
        (f"n,a,y\n{COUNTED}", {"n": "row numbers from 5"}),
        ("a,b,y\n5,?,p\n2,,q\n", {"b": "empty"}),
        ("a,,y\n5,3,p\n2,1,q\n", {"column 2": "no name"}),
    ],
)
def test_a_column_that_is_not_a_feature_is_left_out_when_it_is_one_too_many(text, left_out):
    _, found, notices = fit(text, spec_of(1, 2, 2))
    assert (found.left_out, notices) == (left_out, [])
    _, found, notices = fit(text, spec_of(2, 2, 2))
    assert len(found.features) == 2 and found.left_out == {}
    [(name, reason)] = left_out.items()
    certain = reason not in ("no name", "row numbers from 5")
    assert notices == ([f"warning: column {name!r} ({reason}) is a feature, as the net takes 2 features"] * certain)


def test_texts_become_codes_or_one_hot_by_the_width():
    text = "a,two,many,y\n1,yes,p,0\n2,no,q,1\n3,no,r,1\n"
    rows, found, _ = fit(text, spec_of(3, 2, 2))
    assert transform.features(rows, found).tolist() == [[1, 1, 0], [2, 0, 1], [3, 0, 2]]
    rows, found, _ = fit(text, spec_of(5, 2, 2))
    assert transform.features(rows, found).tolist() == [[1, 1, 1, 0, 0], [2, 0, 0, 1, 0], [3, 0, 0, 0, 1]]


def test_missing_cells_are_filled_with_the_median_or_the_most_frequent_text_of_the_training_rows():
    source_table = table.read(source("a,b,c,y\n1,x,\n,?,\n5,z,\n2,z,\n9,x,\n".replace(",\n", ",,0\n")))
    found = schema_inference.infer_encoding(source_table, spec_of(3, 1, 0), TableOptions(("y",)))
    found = transform.fit_statistics(found, source_table, np.arange(5) < 4)
    rows = source_table.rows(slice(None))
    assert [feature.fill for feature in found.features] == [2.0, "z", 0.0]
    assert transform.features(rows, found)[1].tolist() == [2, 1, 0]


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 100, 101])
def test_fill_values_are_the_medians_of_numpy(rows):
    numbers = np.random.default_rng(rows).normal(size=rows).astype(np.float32)
    _, found, _ = fit("a,y\n" + "".join(f"{number!s},1\n" for number in numbers), spec_of(1, 1, 0))
    assert found.features[0].fill == np.median(numbers)


def test_fill_values_are_kept_and_missing_cells_are_counted_again():
    _, known, _ = fit("a,b,y\n1,x,0\n,?,0\n5,z,1\n2,z,1\n", spec_of(2, 2, 2))
    assert [(feature.fill, feature.missing) for feature in known.features] == [(2.0, 1), ("z", 1)]
    later_table = table.read(source("a,b,y\n10,x,0\n,x,0\n,x,1\n"))
    again = transform.fit_statistics(known, later_table, np.ones(3, bool))
    assert [(feature.fill, feature.missing) for feature in again.features] == [(2.0, 2), ("z", 0)]


@pytest.mark.parametrize(
    "column, count, classes, numbers",
    [
        ("b a b", 2, ("a", "b"), [1, 0, 1]),
        ("0 2 1", 3, ("0", "1", "2"), [0, 2, 1]),
        ("1 3 2", 3, ("1", "2", "3"), [0, 2, 1]),
        ("2 4 2", 2, ("2", "4"), [0, 1, 0]),
        ("1.0 0 1", 4, ("0", "1", "2", "3"), [1, 0, 1]),
        ("-1 1 1", 2, ("-1", "1"), [0, 1, 1]),
        ("x x ?", 2, ("x",), [0, 0, -1]),
        ("1 x 2", 3, ("1", "2", "x"), [0, 2, 1]),
    ],
)
def test_classes(column, count, classes, numbers):
    text = "a,y\n" + "".join(f"1,{cell}\n" for cell in column.split())
    rows, found, _ = fit(text, spec_of(1, count, count))
    assert found.heads[0].classes == classes
    assert transform.targets(rows, found)[0].tolist() == numbers


def test_classes_that_have_names_may_be_numbered_in_the_table():
    rows, found, _ = fit("a,y\n1,1\n2,0\n", spec_of(1, 2, 2), classes=("ill", "well"))
    assert transform.targets(rows, found)[0].tolist() == [1, 0]
    rows, found, _ = fit("a,y\n1,well\n2,ill\n", spec_of(1, 2, 2), classes=("ill", "well"))
    assert transform.targets(rows, found)[0].tolist() == [1, 0]


TRAINING = "id,a,b,c,kind\n7,1,yes,p,x\n8,2,no,q,y\n9,3,no,r,y\n"


def later(text, what=transform.features, header=None, **options):
    _, found, _ = fit(TRAINING, spec_of(3, 2, 2))
    found = Encoding.load(found.dump(), "model.keras")
    [rows] = encoded_table.stream(source(text), found, TextOptions(header))
    return what(rows, found, **options)


@pytest.mark.parametrize(
    "text",
    [
        "id,a,b,c,kind\n1,3,yes,q,x\n",
        "c,b,a\nq,yes,3\n",
        "1,3,yes,q,x\n",
        "3,yes,q\n",
        "c;more;b;a\nq;17;yes;3,0\n",
    ],
)
def test_a_later_table_is_read_by_name_or_by_position(text):
    assert later(text).tolist() == [[3, 1, 1]]


def test_fewer_classes_than_the_net_predicts():
    rows, found, notices = fit("a,kind\n1,x\n2,y\n", spec_of(1, 3, 3), "kind")
    assert found.heads[0].classes == ("x", "y")
    assert notices == ["warning: the net predicts 3 classes, and the table has 2 (x, y)"]
    assert transform.targets(rows, found)[0].tolist() == [0, 1]


def test_truth_values_have_several_spellings():
    _, found, _ = fit("a,flag,kind\n1,TRUE,x\n2,FALSE,y\n", spec_of(2, 2, 2), "kind")
    assert found.features[1].categories == ("FALSE", "TRUE")
    for later_text in ("a,flag,kind\n1,True,x\n2,false,y\n", "a,flag,kind\n1,1,x\n2,0,y\n"):
        with closing(table.stream(source(later_text))) as blocks:
            assert transform.features(next(blocks), found).tolist() == [[1, 1], [2, 0]]


def test_truth_values_are_numbers_where_numbers_are_needed():
    _, found, _ = fit("a,flag,y\n1,1,5\n2,0,6\n", spec_of(2, 1, 0), "y")
    with closing(table.stream(source("a,flag,y\n1,TRUE,true\n2,FALSE,false\n3,,\n"))) as blocks:
        rows = next(blocks)
    assert transform.features(rows, found).tolist() == [[1, 1], [2, 0], [3, 0.5]]
    assert transform.targets(rows, found)[0][:2].tolist() == [[1], [0]]
    _, found, _ = fit("a,flag,y\n1,TRUE,5\n2,FALSE,6\n3,,7\n", spec_of(2, 1, 0), "y", encode={"flag": "numbers"})
    assert (found.features[1].missing, found.features[1].fill) == (1, 0.5)


def test_a_target_of_text_for_a_net_that_predicts_numbers():
    message = "t.csv, line 2, column 'y': 'p' is not a number, and the net predicts numbers"
    rows, found, _ = fit("a,y\n1,p\n2,q\n", spec_of(1, 1, 0), "y")
    with pytest.raises(DataError) as error:
        transform.targets(rows, found)
    assert str(error.value) == message


def test_blanks_within_a_class_are_named():
    _, found, _ = fit("a,kind\n1,very good\n2,bad\n", spec_of(1, 2, 2), "kind")
    with closing(table.stream(source("a,kind\n1,very  good\n"))) as blocks, pytest.raises(DataError) as caught:
        transform.targets(next(blocks), found)
    assert str(caught.value) == (
        "t.csv, line 2, column 'kind': unknown class 'very  good'; did you mean 'very good'? The classes are bad, "
        "very good"
    )


def test_unseen_categories_are_treated_as_missing_and_counted():
    counts = transform.CellCounts()
    assert later("a,b,c\n3,yes,s\n4,maybe,?\n", counts=counts).tolist() == [[3, 1, 0], [4, 0, 0]]
    assert (counts.unseen, +counts.missing) == ({"b": 1, "c": 1}, {"c": 1})


@pytest.mark.parametrize(
    "text, what, message",
    [
        ("a,b,c\n1,yes,p\nsome,no,q\n", transform.features,
         "t.csv, line 3, column 'a': 'some' is not a number, in a column that was numeric in training"),
        ("a,b\n1,yes\n", transform.features,
         "t.csv: 2 columns found, and of the 3 features that the model takes these are missing: c"),
        ("1,yes\n", transform.features,
         "t.csv: 2 columns found, and the model takes 3 features (a, b, c) or the 5 columns of its training table"),
        ("a,b,c,kind\n1,no,p,x\n2,no,p, z \n", transform.targets,
         "t.csv, line 3, column 'kind': unknown class 'z'; the classes are x, y"),
        ("a b c\n1 very yes p\n2 q\n", transform.features,
         "t.csv: 1 column found, and of the 3 features that the model takes these are missing: a, b, c; delimiter= "
         "names the character between the cells"),
        ("a,b,C\n1,yes,p\n", transform.features,
         "t.csv: 3 columns found, and of the 3 features that the model takes these are missing: c; did you mean 'C'?"),
        ("a,b,c,kind\n1,no,p,X\n", transform.targets,
         "t.csv, line 2, column 'kind': unknown class 'X'; did you mean 'x'? The classes are x, y"),
        ("a,b,c\n1,no,p\n", transform.targets, "t.csv: has no target column 'kind'"),
        ("a,b,c,kinds\n1,no,p,x\n", transform.targets,
         "t.csv: has no target column 'kind'; did you mean 'kinds'?"),
        ("a,b,c\n1,no,p\ninf,no,p\n", transform.features, "t.csv, line 3, column 'a': 'inf' is not a finite number"),
        ("a,b,c\n1,no,p\n-1e99,no,p\n", transform.features,
         "t.csv, line 3, column 'a': '-1e99' is not a finite number"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_the_training_table(text, what, message):
    with pytest.raises(DataError) as caught:
        later(text, what)
    assert str(caught.value) == message


def test_the_error_has_its_parts():
    with pytest.raises(DataError) as caught:
        later("a,b,c\n1,yes,p\nsome,no,q\n")
    error = caught.value
    assert (error.file, error.line, error.column, error.value) == ("t.csv", 3, "a", "some")


def test_a_missing_cell_without_a_fill_value():
    source_table = table.read(source("a,y\n1,0\n,1\n"))
    found = schema_inference.infer_encoding(source_table, spec_of(1, 2, 2), TableOptions(("y",)), ("p", "q"))
    rows = source_table.rows(slice(None))
    with pytest.raises(DataError) as caught:
        transform.features(rows, found)
    assert str(caught.value) == (
        "t.csv, line 3, column 'a': '' is a missing cell, and there is no fill value, as the net was not trained "
        "on a table"
    )


def test_text_for_a_value():
    rows = table.read(source("a,v\n1,2\n2,high\n")).rows(slice(None))
    with pytest.raises(DataError, match="line 3, column 'v': 'high' is not a number"):
        transform.targets(rows, Encoding(("a", "v"), True, (Feature("a"),), (Head("out", ("v",)),)))


GOOD = {"columns": ["a"], "header": True, "heads": [{"name": "out", "targets": [], "classes": []}],
        "inputs": {}, "left_out": {}, "decimal": "."}  # fmt: skip
A = {
    "name": "a",
    "categories": [],
    "onehot": False,
    "fill": 1,
    "missing": 0,
    "coerced": False,
    "ids": None,
    "image": None,
    "sequence": None,
}
IMAGE = {"height": 2, "width": 3, "channels": 1, "data_format": "channels_first", "resize": "fit",
         "scale": [1.0], "offset": [0.0]}  # fmt: skip
SEQUENCE = {"kind": "words", "length": 3, "numbers": 1, "vocabulary": ["x"], "codes": [1], "unknown": 2,
            "padding": None, "begin": None, "end": None, "lower": True, "onehot": False}  # fmt: skip


KNOWN = fit(TRAINING, spec_of(3, 2, 2))[1]
LENIENT = "id,a,b,c\n0,1,yes,p\n1,x,yes,p\n2,3\n3,1e99,no,p\n4,5,no,p\n5,?,?,?\n6,7,no,p,8\n"


def leniently(text, known):
    [rows] = encoded_table.stream(source(text), known, lenient=True)
    return rows, transform.features(rows, known)


def test_bad_rows_are_collected_when_lenient():
    rows, x = leniently(LENIENT, KNOWN)
    assert rows.errors.mask.tolist() == [False, True, True, True, False, False, True]
    row, error = rows.errors.first
    assert (row, str(error)) == (
        1, "t.csv, line 3, column 'a': 'x' is not a number, in a column that was numeric in training"
    )  # fmt: skip
    assert x[[0, 4, 5]].tolist() == [[1, 1, 0], [5, 0, 0], [2, 0, 0]]
    rows, _ = leniently(LENIENT.replace("1,x", "1,2"), KNOWN)
    assert str(rows.errors.first[1]) == "t.csv, line 4: 2 cells, and the header has 4"
    rows, _ = leniently(LENIENT, replace(KNOWN, features=tuple(replace(f, fill=None) for f in KNOWN.features)))
    assert rows.errors.mask.tolist() == [False, True, True, True, False, True, True]


def test_an_unknown_category_without_a_fill_value():
    unfilled = replace(KNOWN, features=tuple(replace(feature, fill=None) for feature in KNOWN.features))
    [rows] = encoded_table.stream(source("a,b,c\n1,yes,p\n2,maybe,q\n"), unfilled)
    with pytest.raises(DataError) as caught:
        transform.features(rows, unfilled)
    assert str(caught.value) == "t.csv, line 3, column 'b': 'maybe' is not one of the categories no, yes"


def test_a_row_of_one_cell_may_be_ragged():
    known = Encoding(("a",), True, (Feature("a", fill=0.0),), (Head("out"),))
    rows, x = leniently("a\n" + "1\n" * 60 + "2,3\n\n4\n", known)
    assert (np.flatnonzero(rows.errors.mask).tolist(), x[59:].tolist()[::2]) == ([60], [[1], [4]])
    assert str(rows.errors.first[1]) == "t.csv, line 62: 2 cells, and the header has 1"


def test_columns_by_name_and_number():
    names = ("id", "a,b", "c")
    assert select_columns(names, ("c", "a,b", "1"), "t.csv") == [2, 1, 0]
    assert select_columns(names, ("c, id,-1",), "t.csv") == [2, 0]
    with pytest.raises(DataError) as caught:
        select_columns(names, ("c,d",), "t.csv")
    assert str(caught.value) == "t.csv: has no column 'd'; its columns are id, a,b, c"


def test_an_infinite_number_counts_only_where_it_is_used():
    rows, found, _ = fit("id,a,class\n1e999,1,x\n1e999,2,y\n", spec_of(1, 2, 2))
    assert [feature.name for feature in found.features] == ["a"]
    assert transform.features(rows, found).tolist() == [[1], [2]]
    rows, found, _ = fit("a,class\n1,x\n1e999,y\n", spec_of(1, 2, 2))
    with pytest.raises(DataError, match=r"^t.csv, line 3, column 'a': '1e999' is not a finite number$"):
        transform.features(rows, found)
    assert fails("a,class\n1,1\n2,1e99\n", spec_of(1, 2, 2)) == (
        "t.csv, line 3, column 'class': '1e99' is not a finite number"
    )
    rows, found, _ = fit("a,price\n1,1e999\n2,3\n", spec_of(1, 1, 0), "price")
    with pytest.raises(DataError, match=r"^t.csv, line 2, column 'price': '1e999' is not a finite number$"):
        transform.targets(rows, found)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"[" * 100_000]
    + [
        json.dumps({**GOOD, **change}).encode()
        for change in (
            {"features": [{**A, "name": "b"}]},
            {"features": [{**A, "fill": "much"}]},
            {"features": [{**A, "categories": ["x"], "fill": "y"}]},
            {"features": [{**A, "fill": None, "missing": "many"}]},
            {"features": [A], "inputs": {"x": 2}},
            {"features": [A], "decimal": ";"},
            {"features": [A], "inputs": [2]},
            {"features": [{**A, "ids": [1]}]},
            {"features": 1},
            {"features": [{**A, "image": {"height": 2}}]},
            {"features": [{**A, "image": {**IMAGE, "channels": 2}}]},
            {"features": [{**A, "image": {**IMAGE, "resize": "crop"}}]},
            {"features": [{**A, "image": {**IMAGE, "scale": 1.0}}]},
            {"features": [{**A, "image": {**IMAGE, "scale": [1.0, 1.0]}}]},
            {"features": [{**A, "image": {**IMAGE, "offset": []}}]},
            {"features": [{**A, "image": {**IMAGE, "offset": [math.inf]}}]},
            {"features": [{**A, "image": {**IMAGE, "height": 1 << 24, "width": 2}}]},
            {"features": [{**A, "sequence": SEQUENCE}]},
            *(
                {"features": [{**A, "ids": [0, 9], "sequence": {**SEQUENCE, **change}}]}
                for change in (
                    {"kind": "syllables"},
                    {"codes": [1, 2]},
                    {"length": 0},
                    {"numbers": 0},
                    {"unknown": "x"},
                    {"padding": []},
                )
            ),
            {"features": [{**A, "ids": [0, 9], "sequence": {"kind": "words"}}]},
        )
    ],
)
def test_a_damaged_encoding(data):
    assert Encoding.load(json.dumps({**GOOD, "features": [A]}).encode(), "model.keras").features == (
        Feature("a", fill=1),
    )
    with pytest.raises(FormatError, match=r"^model.keras: its member netconv/table.json is damaged$"):
        Encoding.load(data, "model.keras")


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"columns": 1},
        GOOD,
        {**GOOD, "features": [{"name": "a"}]},
        {**GOOD, "features": [A], "later": 1},
        {**GOOD, "features": [{**A, "later": 1}]},
    ],
)
def test_an_encoding_of_another_version(facts):
    message = "^model.keras: trained by another version of netconv; train the model again$"
    with pytest.raises(FormatError, match=message):
        Encoding.load(json.dumps(facts).encode(), "model.keras")
