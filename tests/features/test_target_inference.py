"""Which column is the target: asked for where it may be either, and not taken where it is missing."""

import pytest
from encoded import FREE, encoded, refused, spec_of

EITHER = "sex,a,b,ill\nm,1.5,3,n\nf,2.5,4,y\nm,3.5,7,y\n"


def test_a_target_that_may_be_either_is_asked_for():
    assert refused(EITHER, FREE) == "t.csv: the target may be 'sex' or 'ill': name it with target="
    assert encoded(EITHER, FREE, drop="sex")[1].targets == ("ill",)
    assert encoded(EITHER, FREE, columns="a,b,ill")[1].targets == ("sex",)
    assert encoded(EITHER, FREE, target="ill")[1].targets == ("ill",)


def test_names_and_class_numbers_are_likelier_than_other_numbers():
    assert encoded("a,b,kind\n5,1,x\n7,3,y\n5,3,y\n", FREE)[1].targets == ("kind",)
    assert encoded("kind,b,a\n0,1,5\n1,3,7\n0,3,7\n", FREE)[1].targets == ("kind",)


@pytest.mark.parametrize("options", [{"drop": "class"}, {"columns": "a,class"}])
def test_columns_that_are_something_else_are_not_the_target(options):
    text = "a,b,class\n1,x,0\n2,y,1\n1.5,z,0\n"
    message = refused(text, FREE, **options)
    names = "a, b" if "drop" in options else "b"
    assert message == f"t.csv: which column is the target? Name it with target=: {names}"


MISSING = "id,a,b,pe\n4,1.5,2,no\n9,2.5,3,yes\n2,7.5,3,yes\n"


def test_classes_that_differ_in_case_are_named():
    assert refused("a,label\n1,yes\n2,Yes\n3,no\n", FREE) == (
        "t.csv, column 'label': 3 classes (Yes, no, yes), and the net predicts 2; 'Yes' and 'yes' differ in case alone"
    )


def test_a_missing_target_is_not_another_column():
    assert refused(MISSING, spec_of(3, 2, 2)) == (
        "t.csv: is the target column missing? Without one the table has the 3 features that the net takes: a, b, pe; "
        "target= names the target"
    )
    notices = []
    _, found = encoded(MISSING, spec_of(3, 2, 2), notices.append, target="pe")
    assert [feature.name for feature in found.features] == ["id", "a", "b"]
    assert notices == ["warning: column 'id' (row numbers, by its name) is a feature, as the net takes 3 features"]
    assert encoded(MISSING, spec_of(2, 2, 2))[1].targets == ("pe",)


def test_empty_columns_behind_the_target():
    text = "a,b,price,,\n" + "".join(f"{n * n % 7},{n % 3},{n / 7},,\n" for n in range(20))
    _, found = encoded(text, spec_of(None, 1, 0))
    assert (found.targets, found.left_out) == (("price",), {"column 4": "empty", "column 5": "empty"})
