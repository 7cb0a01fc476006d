"""How texts become numbers: one-hot, codes, numbers; inferred, or as the user says."""

import numpy as np
import pytest
from encoded import FREE, encoded, refused, source, spec_of

from netconv import DataError
from netconv.features import encoded_table, transform

SIZES = "size,a,class\n3,1.5,0\n10,2.5,1\n3.0,3.5,1\n20,4.5,0\n"


def test_texts_are_one_hot_where_the_width_is_free():
    rows, found = encoded("color,b,class\nred,1.5,0\nblue,2.5,1\ngreen,4.5,1\n", FREE)
    assert found.features[0].categories == ("blue", "green", "red") and found.features[0].onehot
    assert transform.features(rows, found).tolist() == [[0, 0, 1, 1.5], [1, 0, 0, 2.5], [0, 1, 0, 4.5]]


@pytest.mark.parametrize(
    "coding, numbers",
    [("onehot", [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]), ("codes", [[0], [1], [0], [2]])],
)
def test_numbers_may_be_categories(coding, numbers):
    """In the order of the numbers, each in one spelling."""
    rows, found = encoded(SIZES, FREE, encode={"size": coding})
    assert found.features[0].categories == ("3", "10", "20")
    assert transform.features(rows, found)[:, :-1].tolist() == numbers
    [later] = encoded_table.stream(source("size,a\n2e1,1\n+3,2\n?,3\n"), found)
    assert transform.features(later, found)[:, :-1].tolist() == [numbers[3], numbers[0], numbers[0]]


def test_two_categories_may_be_one_hot_and_the_width_is_checked():
    text = "fuel,color,class\na,x,0\nb,y,1\na,z,1\n"
    rows, found = encoded(text, spec_of(3, 2, 2), encode={"fuel": "onehot"})
    assert transform.features(rows, found).tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 2]]
    assert refused(text, spec_of(3, 2, 2), encode={"color": "onehot", "fuel": "onehot"}) == (
        "t.csv: 2 features (5 with text one-hot) found, and the net takes 3: fuel, color"
    )
    assert refused(text, FREE, encode={"fule": "codes"}) == (
        "t.csv: has no column 'fule'; did you mean 'fuel'? Its columns are fuel, color, class"
    )


MIXED = "a,class\n" + "1.5,0\n2.5,1\nn.d.,1\n4.5,0\n" * 5


def test_a_few_texts_among_numbers():
    assert refused(MIXED, FREE) == (
        "t.csv, line 4, column 'a': 'n.d.' is not a number, and most cells of this column are; correct it, leave the "
        "column out with drop='a', or say what it is with encode={'a': 'numbers'} (text counts as missing) or onehot"
    )
    assert refused(MIXED, spec_of(3, 2, 2)).startswith("t.csv, line 4, column 'a': 'n.d.' is not a number")
    assert encoded(MIXED, FREE, encode={"a": "onehot"})[1].features[0].categories == ("1.5", "2.5", "4.5", "n.d.")
    assert encoded(MIXED.replace("1.5", "x").replace("2.5", "y"), FREE)[1].features[0].onehot


def test_texts_among_numbers_may_be_missing_cells():
    rows, found = encoded(MIXED, FREE, encode={"a": "numbers"})
    feature = found.features[0]
    assert (feature.fill, feature.missing, feature.coerced) == (2.5, 5, True)
    assert transform.features(rows, found)[:4, 0].tolist() == [1.5, 2.5, 2.5, 4.5]
    counts = transform.CellCounts()
    [later] = encoded_table.stream(source("a\n7\nunknown\n\n?\n"), found)
    transform.features(later, found, counts)
    assert counts.missing == {"a": 2}


def test_many_different_texts():
    text = "a,name,class\n" + "".join(f"{n % 7},name {n},{n % 2}\n" for n in range(60))
    message = (
        "t.csv, column 'name': 60 different texts in 60 rows are not categories; leave the column out with drop='name'"
    )
    assert refused(text, FREE) == message
    assert refused(text, spec_of(9, 2, 2)) == message
    assert len(encoded(text, FREE, encode={"name": "codes"})[1].features[1].categories) == 60


def test_texts_that_all_differ_are_not_categories():
    text = "a,note,class\n" + "".join(f"{n * n},note {n},{n % 2}\n" for n in range(12))
    assert refused(text, FREE) == (
        "t.csv, column 'note': 12 different texts in 12 rows are not categories; leave the column out with drop='note'"
    )
    assert len(encoded(text, FREE, encode={"note": "codes"})[1].features[1].categories) == 12


@pytest.mark.parametrize(
    "cell, unit", [("{}.5 kg", "kg"), ("-{}mm", "mm"), ("{},5 °C", "°C"), ("{}m2", ""), ("s{} kg", "")]
)
def test_numbers_with_a_unit_are_named(cell, unit):
    notices = []
    cells = [cell.format(n % 5) for n in range(15)]
    text = "a;w;class\n" + "".join(f"{n * n};{each};{n % 2}\n" for n, each in enumerate(cells))
    encoded(text, FREE, notify=notices.append)
    message = (
        f"warning: column 'w': cells such as {cells[0]!r} are categories; without the unit {unit!r} they would be "
        "numbers"
    )
    assert notices == [message] * bool(unit)


def test_many_numbers_with_a_unit():
    text = "a,w,class\n" + "".join(f"{n * n},{n}.5 kg,{n % 2}\n" for n in range(12))
    assert refused(text, FREE) == (
        "t.csv, column 'w': 12 different texts in 12 rows are not categories; leave the column out with drop='w', or "
        "remove the unit 'kg' to have numbers"
    )


def test_a_column_of_numbers_that_has_none():
    text = "a,color,class\n" + "".join(f"{n * n},{('red', 'blue')[n % 2]},{n % 2}\n" for n in range(12))
    assert refused(text, FREE, encode={"color": "numbers"}) == (
        "t.csv, column 'color': no cell is a number, the first is 'red'; encode={'color': 'onehot'} or codes is for "
        "text"
    )


def test_text_for_a_number_that_was_not_coerced():
    _, found = encoded("a,class\n1,0\n2.5,1\n", FREE)
    [later] = encoded_table.stream(source("a\nx\n"), found)
    with pytest.raises(DataError, match=r"^t.csv, line 2, column 'a': 'x' is not a number, in a column that was num"):
        transform.features(later, found)


@pytest.mark.parametrize("cells", [("5%", "0.05"), ("€6", "$5"), ("1.234,5", "1,234.5")])
def test_numbers_that_are_not_written_alike(cells):
    text = "a,class\n" + "".join(f'"{cell}",{n}\n' for n, cell in enumerate(cells)) * 5
    assert refused(text, FREE) == (
        f"t.csv, line 2, column 'a': {cells[0]!r} is a number, but the cells of this column are not written alike or "
        "are text; say what the column is with encode={'a': 'numbers'}, codes or onehot"
    )
    assert encoded(text, FREE, encode={"a": "codes"})[1].features[0].categories == tuple(sorted(cells))
    assert encoded(text, FREE, encode={"a": "numbers"})[1].features[0].missing == 0


def test_classes_with_points_among_decimal_commas():
    text = "a;class\n" + "".join(f"{n},5;51.00{n % 2}\n" for n in range(20))
    rows, found = encoded(text, FREE)
    assert found.heads[0].classes == ("51.000", "51.001")
    [later] = encoded_table.stream(source(text), found)
    assert transform.targets(later, found)[0].tolist() == transform.targets(rows, found)[0].tolist() == [0, 1] * 10


@pytest.mark.parametrize(
    "first, later, value",
    [("1,5;2,5", "1.234;7", 1234), ("1.5;2.5", "1.234;7", 1.234), ("1.5;2.5", "1,234;7", 1.234),
     ("1,5;2,5", "1.234;7.5", 1.234)],
)  # fmt: skip
def test_a_later_table_that_leaves_the_decimal_sign_open(first, later, value):
    _, found = encoded(f"a;b;class\n{first};0\n{first};1\n", FREE)
    [rows] = encoded_table.stream(source(f"a;b\n{later}\n"), found)
    assert transform.features(rows, found)[0, 0] == np.float32(value)
