"""Encodings in words."""

import numpy as np
import pytest
from encoded import FREE, encoded, spec_of

from netconv.features.description import describe, describe_filled, describe_later
from netconv.features.encoding import Encoding, Feature, Head, InputSpec
from netconv.features.scaling import Moments, Scaling, rescaled
from netconv.features.table_options import TableOptions

CARS = """\
id,mpg,hp,color,fuel,plate,class
7,21.5,110,red,gas,a,old
3,,93,green,diesel,b,new
5,22.8,?,blue,gas,c,new
1,18,175,red,?,a,old
"""


def described(text, spec, **options):
    return describe(encoded(text, spec, **options)[1], TableOptions(**options))


def test_everything_in_order():
    assert described(CARS, FREE, drop="plate") == [
        "target      class (target= names another): new = 0, old = 1",
        "features    4 columns, 6 numbers (columns= names others), in this order:",
        "  numbers   mpg (1 missing = 21.5), hp (1 missing = 110)",
        "  one-hot   color: blue, green, red",
        "  codes     fuel (1 missing = gas): diesel = 0, gas = 1",
        "left out    id (row numbers, by its name); plate (dropped); columns='*' uses every column",
    ]


def test_only_what_can_be_decided_otherwise_has_a_hint():
    assert described(CARS, FREE, target="class", columns="mpg,hp") == [
        "target      class: new = 0, old = 1",
        "features    2 columns, in this order:",
        "  numbers   mpg (1 missing = 21.5), hp (1 missing = 110)",
        "left out    id, color, fuel, plate (not selected)",
    ]
    assert describe(encoded(CARS, FREE, columns="mpg")[1])[0] == "target      class: new = 0, old = 1"


@pytest.mark.parametrize(
    "offset, text", [(-1, "a number x becomes 0.5 * x - 1"), (0.25, "a number x becomes 0.5 * x + 0.25"),
                     (0, "a number x becomes 0.5 * x")],
)  # fmt: skip
def test_rescaled_numbers(offset, text):
    found = encoded(CARS, FREE, columns="mpg,color")[1]
    scaling = Scaling(inputs=rescaled(found, 0.5, offset))
    assert describe(found, scaling=scaling)[-1] == f"scale       {text}"


def test_codes_that_the_width_asks_for_are_explained():
    lines = described(CARS, spec_of(5, 2, 2))
    assert lines[2:6] == [
        "  numbers   mpg (1 missing = 21.5), hp (1 missing = 110)",
        "  codes     color: blue = 0, green = 1, red = 2",
        "  codes     fuel (1 missing = gas): diesel = 0, gas = 1",
        "  codes     plate: a = 0, b = 1, c = 2",
    ]
    assert lines[6] == (
        "note        codes are in alphabetical order, not one-hot, as the net takes 5 numbers; one-hot they would be 9"
    )
    codes = {"color": "codes", "plate": "codes"}
    assert not any(line.startswith("note") for line in described(CARS, spec_of(5, 2, 2), encode=codes))


def test_standardized_numbers_and_targets():
    encoding = Encoding(("a", "y"), True, (Feature("a", fill=1.0, missing=2),), (Head("out", ("y",)),))
    moments, targets = (Moments(np.array([mean]), np.array([std])) for mean, std in ((3.25, 0.5), (10.0, 2.0)))
    assert describe(encoding, scaling=Scaling(inputs=moments, outputs=(targets,))) == [
        "target      y; standardized, mean 10, std 2",
        "features    1 column, in this order:",
        "  numbers   a (2 missing = 1; mean 3.25, std 0.5)",
    ]


def test_several_inputs_and_ids():
    spec = spec_of(3, 2, 2, (InputSpec("size", 2), InputSpec("word", 1, (1, 9))))
    text = "a,b,w,class\n1,2,3,0\n4,5,6,1\n"
    assert described(text, spec) == [
        "target      class (target= names another): class numbers 0 to 1",
        "features    3 columns (columns= names others), in this order:",
        "  input     size, 2 numbers a row:",
        "    numbers a, b",
        "  input     word, 1 number a row:",
        "    ids     w: 1 to 9 of an Embedding, counted from 1, as in Mathematica",
    ]


def test_many_columns_and_categories_are_shortened():
    names = [f"pix{n}" for n in range(784)]
    encoding = Encoding((*names, "y"), True, tuple(map(Feature, names)), (Head("out", ("y",)),))
    assert describe(encoding)[1:] == [
        "features    784 columns, in this order:",
        f"  numbers   {', '.join(names[:20])}, ... pix781, pix782, pix783",
    ]
    categories = tuple(f"{n:03}" for n in range(100))
    encoding = Encoding(("a",), True, (Feature("a", categories),), (Head("out"),))
    assert describe(encoding)[-1].endswith("028 = 28, 029 = 29, ... (100 in all)")
    mixed = tuple(Feature(f"c{n}", ("x", "y", f"z{n}")) for n in range(100))
    encoding = Encoding(tuple(f.name for f in mixed), True, mixed, (Head("out"),))
    assert describe(encoding)[-1] == "            and 40 columns more"


def test_several_heads():
    heads = (Head("kind", ("species",), ("cat", "dog")), Head("size", ("x", "y")), Head("price", ("cost",)))
    moments = Moments(np.array([10.0]), np.array([2.0]))
    encoding = Encoding(("a", "species", "x", "y", "cost"), True, (Feature("a"),), heads)
    assert describe(encoding, scaling=Scaling(outputs=(None, None, moments)))[:3] == [
        "target      kind=species: cat = 0, dog = 1",
        "target      size=2 columns: x, y",
        "target      price=cost; standardized, mean 10, std 2",
    ]


def test_one_hot_targets():
    encoding = Encoding(("a", "p", "q"), True, (Feature("a"),), (Head("out", ("p", "q"), ("p", "q")),))
    assert describe(encoding)[0] == "target      2 columns: p, q, one-hot, one for each class"
    encoding = Encoding(("a",), False, (Feature("a"),), (Head("out"),))
    assert describe(encoding)[0] == "features    1 column, in this order:"


def test_a_later_table():
    encoding = encoded(CARS, FREE)[1]
    assert describe_later(encoding, encoding.columns) == [
        "features    5 columns, read as in training", "not used    id"
    ]  # fmt: skip
    assert describe_later(encoding, ("1", "2")) == ["features    5 columns, read as in training"]
    counts = {"plate": 2, "mpg": 1200, "hp": 0, "color": 0, "fuel": 0}
    assert describe_filled(encoding, counts) == ["filled      missing cells, by column: mpg 1,200, plate 2"]
    assert describe_filled(encoding, dict.fromkeys(counts, 0)) == []
