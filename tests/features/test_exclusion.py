"""Columns that number the rows or are empty are left out also where the net takes any number of features."""

import pytest
from encoded import encoded, refused, spec_of

from netconv.features.encoding import InputSpec

OPEN = spec_of(None, 2, 2, (InputSpec("x", None),))
TWENTY = range(20)


def table(header, *cells):
    return header + "\n" + "".join(",".join(cell(n) for cell in cells) + "\n" for n in TWENTY)


def noise(n):
    return str(n * n % 7)


def label(n):
    return "pq"[n % 2]


@pytest.mark.parametrize(
    "name, first, reason",
    [
        ("id", lambda n: str(n * 3 % 11), "row numbers, by its name"),
        ("Unnamed: 0", str, "row numbers, by its name"),
        ("__index_level_0__", lambda n: str(n * 3 % 11), "row numbers, by its name"),
        ("row.names", lambda n: f"car {n % 3}", "row names"),
        ("", lambda n: f"car {n % 3}", "row names"),
        ("model", lambda n: f"car {n}", "row names, different in each row"),
        ("No", lambda n: str(100 - n), "row numbers, by its name"),
        ("PatientID", lambda n: str(1000 + n * 7 % 20), "row numbers, by its name"),
        ("customer_id", lambda n: str(1000 + n * 7 % 20), "row numbers, by its name"),
        ("n", str, "row numbers from 0"),
        ("n", lambda n: str(n + 1), "row numbers from 1"),
        ("b", lambda _: "", "empty"),
        ("b", lambda n: "?" if n % 2 else "NA", "empty"),
    ],
)
def test_what_is_left_out(name, first, reason):
    _, found = encoded(table(f"{name},a,label", first, noise, label), OPEN)
    assert [feature.name for feature in found.features] == ["a"]
    assert found.left_out == {name or "row.names": reason}


@pytest.mark.parametrize(
    "name, first",
    [
        ("index", lambda n: str(n / 7)),
        ("No", lambda n: str(n % 5)),
        ("PatientID", lambda n: str(n % 5)),
        ("humid", lambda n: str(1000 + n * 7 % 20)),
        ("year", lambda n: str(2000 + n)),
        ("color", lambda n: "rgb"[n % 3]),
    ],
)
def test_what_is_a_feature(name, first):
    _, found = encoded(table(f"{name},a,label", first, noise, label), OPEN)
    assert [feature.name for feature in found.features] == [name, "a"] and found.left_out == {}


def test_a_counter_anywhere_and_in_a_later_block(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 32)
    _, found = encoded(table("a,n,label", noise, str, label), OPEN)
    assert found.left_out == {"n": "row numbers from 0"}
    text = table("a,n,label", noise, str, label).replace("19,q", "21,q")
    assert encoded(text, OPEN)[1].left_out == {}


def test_selected_columns_are_taken():
    text = table("id,a,label", str, noise, label)
    for options in ({"columns": "id,a"}, {"input": {"x": "id,a"}}):
        notices = []
        _, found = encoded(text, OPEN, notices.append, **options)
        assert [feature.name for feature in found.features] == ["id", "a"] and notices == []
    _, found = encoded(text, OPEN, columns="a")
    assert found.left_out == {"id": "not selected"}
    assert encoded(text, OPEN, drop="a", columns="id,a")[1].left_out == {"a": "dropped"}


def test_a_column_that_is_needed_is_taken_with_a_warning():
    notices = []
    text = table("id,a,label", str, noise, label)
    _, found = encoded(text, spec_of(2, 2, 2), notices.append)
    assert found.left_out == {}
    assert notices == ["warning: column 'id' (row numbers, by its name) is a feature, as the net takes 2 features"]
    notices.clear()
    encoded(table("id,label", str, label), OPEN, notices.append)
    assert notices == ["warning: column 'id' (row numbers, by its name) is a feature, as nothing else is left"]


def test_row_names_that_are_needed_are_taken_with_a_warning():
    notices = []
    text = table("name,a,label", lambda n: f"c{n}", noise, label)
    _, found = encoded(text, spec_of(2, 2, 2), notify=notices.append)
    assert [feature.name for feature in found.features] == ["name", "a"]
    assert notices == [
        "warning: column 'name' (row names, different in each row) is a feature, as the net takes 2 features"
    ]


def test_the_likeliest_are_left_out_first():
    text = table("id,n,,label", noise, str, noise, label)
    for width, left_out in ((1, ["id", "n"]), (2, ["id"]), (3, [])):
        assert list(encoded(text, spec_of(width, 2, 2))[1].left_out) == left_out


def test_different_numbers_with_a_text_among_them_are_no_row_names():
    text = table("depth,a,label", lambda n: "<1" if n == 4 else str(n * n / 8), noise, label)
    assert refused(text, OPEN) == (
        "t.csv, line 6, column 'depth': '<1' is not a number, and most cells of this column are; correct it, leave "
        "such rows out with errors='skip' or the column out with drop='depth', or say what it is with "
        "encode={'depth': 'numbers'} (text counts as missing) or onehot"
    )
    assert [feature.name for feature in encoded(text, OPEN, encode={"depth": "numbers"})[1].features] == ["depth", "a"]


def test_encode_names_a_feature():
    text = table("id,a,label", lambda n: str(n % 3), noise, label)
    _, found = encoded(text, OPEN, encode={"id": "onehot"})
    assert [feature.width for feature in found.features] == [3, 1] and found.left_out == {}
    _, found = encoded(text, OPEN, encode={"*": "codes"})
    assert found.left_out == {"id": "row numbers, by its name"}
