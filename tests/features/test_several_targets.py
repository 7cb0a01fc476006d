"""The target columns of a model with several outputs: given by the user, named after the outputs, or missing."""

import pytest
from encoded import encoded, refused
from models import fails

from netconv import TableOptions
from netconv.features import transform
from netconv.features.encoding import Head, HeadSpec, ModelSpec

TWO = ModelSpec(2, (HeadSpec("kind", 3, 3), HeadSpec("price", 1, 0)))
TABLE = "a,b,species,cost\n1,2,cat,9.5\n3,4,dog,7\n5,6,eel,3\n"
NAMED = TABLE.replace("species,cost", "price,kind").replace("cat,9.5", "9.5,cat").replace("dog,7", "7,dog")
NAMED = NAMED.replace("eel,3", "3,eel")


def test_the_user_names_the_target_of_each_output():
    rows, found = encoded(TABLE, TWO, target={"kind": "species", "price": "4"})
    assert found.heads == (Head("kind", ("species",), ("cat", "dog", "eel")), Head("price", ("cost",)))
    assert [feature.name for feature in found.features] == ["a", "b"]
    assert [part.tolist() for part in transform.targets(rows, found)] == [[0, 1, 2], [[9.5], [7.0], [3.0]]]


def test_columns_named_after_the_outputs_are_their_targets():
    found = encoded(NAMED, TWO)[1]
    assert [head.targets for head in found.heads] == [("kind",), ("price",)]
    assert encoded(NAMED, TWO, target={"kind": "kind"})[1].heads == found.heads
    wide = ModelSpec(1, (HeadSpec("kind", 2, 2), HeadSpec("place", 2, 0)))
    found = encoded("a,place.1,place.2,kind\n1,2,3,x\n4,5,6,y\n", wide)[1]
    assert [head.targets for head in found.heads] == [("kind",), ("place.1", "place.2")]


def test_class_numbers_in_columns_named_after_the_outputs():
    text = "a,b,kind,price,c\n" + "".join(f"{n},{n * n},{5 * (n % 3)},{n},1\n" for n in range(9))
    assert encoded(text, TWO, drop="c")[1].heads[0].classes == ("0", "5", "10")


@pytest.mark.parametrize(
    "text, target, message",
    [
        (TABLE, (), "t.csv: which columns are the targets of the outputs kind, price? Name those of each, as in "
         "target={'kind': 'cost'}"),
        (TABLE, "species", "t.csv: the net has 2 outputs, kind, price: name the target of each, as in "
         "target={'kind': 'species'}"),
        (TABLE, {"kinds": "species"}, "t.csv: the net has no output 'kinds'; did you mean 'kind'? Its outputs are "
         "kind, price"),
        (TABLE, {"x": "species"}, "t.csv: the net has no output 'x'; its outputs are kind, price"),
        (TABLE, {"kind": "species"}, "t.csv: target= must name the columns of price, too"),
        (TABLE, {"kind": "cost", "price": "cost"}, "t.csv: 'cost' is the target of two outputs, kind and price: name "
         "another with target="),
        (TABLE, {"kind": "species", "price": "a,cost"}, "t.csv: 2 target columns, and the output 'price' of the net "
         "has 1 value per row: name as many with target="),
        (TABLE, {"kind": "species", "price": "price"}, "t.csv: has no column 'price'; its columns are a, b, species, "
         "cost"),
    ],
)  # fmt: skip
def test_targets_that_do_not_fit(text, target, message):
    assert refused(text, TWO, target=target) == message


def test_targets_are_texts():
    assert fails(TableOptions, target={"kind": 3}) == (
        "target must be a dictionary of texts, such as {'kind': 'species'}; received {'kind': 3}"
    )
