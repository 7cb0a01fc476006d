"""Text of attributes in all the spellings of MXNet and Mathematica."""

from typing import Literal

import pytest

from netconv.graph.attributes import Floats, Ints, IntsNone, Pairs, parse


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("True", bool, True),
        ("false", bool, False),
        ("1", bool, True),
        ("0", bool, False),
        ("20", int, 20),
        ("-1", int, -1),
        ("3L", int, 3),
        ("2.0", int, 2),
        ("0.2e0", float, 0.2),
        ("0.1e-7", float, 1e-8),
        ("1e-05f", float, 1e-5),
        ("-1e37", float, -1e37),
        ("inf", float, float("inf")),
        ("5", float, 5.0),
        ("(2, 2)", Ints, (2, 2)),
        ("[3,3]", Ints, (3, 3)),
        ("(3, 3,)", Ints, (3, 3)),
        ("(3L, 4L)", Ints, (3, 4)),
        ("(5)", Ints, (5,)),
        ("(0,)", Ints, (0,)),
        ("1", Ints, (1,)),
        ("()", Ints, ()),
        ("None", Ints, ()),
        ("[]", Ints, ()),
        ("(None, None, 1, 1)", IntsNone, (None, None, 1, 1)),
        ("(0.5, 1)", Floats, (0.5, 1.0)),
        ("((1, 2), (0, -3))", Pairs, ((1, 2), (0, -3))),
        ("[[1,2]]", Pairs, ((1, 2),)),
        ("((1, 2),)", Pairs, ((1, 2),)),
        ("()", Pairs, ()),
        ("None", int | None, None),
        ("7", int | None, 7),
        ("max", Literal["avg", "max"], "max"),
        (" lstm ", str, "lstm"),
    ],
)
def test_values(text, annotation, value):
    assert parse(text, annotation) == value


@pytest.mark.parametrize(
    ("text", "annotation", "expected"),
    [
        ("maybe", bool, "a boolean"),
        ("1.5", int, "an integer"),
        ("9" * 400, int, "an integer"),
        ("one", float, "a number"),
        ("(1, x)", Ints, "a tuple of integers"),
        ("((1, 2), (3))", Pairs, "a tuple of pairs of integers"),
        ("(1, 2)", Pairs, "a tuple of pairs of integers"),
        ("__import__('os')", Ints, "a tuple of integers"),
        ("(1," * 60_000, Ints, "a tuple of integers"),
        ("median", Literal["avg", "max"], "avg or max"),
        ("x", int | None, "an integer"),
    ],
)
def test_invalid_values_name_the_expected_type(text, annotation, expected):
    with pytest.raises(ValueError) as error:
        parse(text, annotation)
    assert str(error.value) == expected
