"""Nets as text: what of InputForm is read, damaged text, and a whole file."""

import random

import pytest
from wolfram_files import File, call, chain, elementwise, input_form, linear, softmax

from netconv.frontends.wolfram import expressions, reader
from netconv.frontends.wolfram import input_form as format_
from netconv.frontends.wolfram.expressions import Expression, ExpressionError, Symbol
from netconv.frontends.wolfram.input_form import parse

VALUE = {"a": {"b": (1, -129, 10**30, 2.5, -1e-300)}, call("f", 1): Symbol("Ramp"), 'a "quoted"\n\\n text': (), "c": {}}


def test_expressions():
    assert parse(input_form(VALUE)) == VALUE
    assert parse(f" {input_form(VALUE)}\n") == VALUE


@pytest.mark.parametrize("text, value", [
    ("NeuralNetworks`TensorT[{LengthVar[1]}, System`Real]",
     call("TensorT", (call("LengthVar", 1),), Symbol("Real"))),
    ("Association[a :> 2]", {Symbol("a"): 2}),
    ("List[1,2]", (1, 2)),
    ("f[][x]", Expression(Expression(Symbol("f"), ()), (Symbol("x"),))),
    ("a -> b -> 2", call("Rule", Symbol("a"), call("Rule", Symbol("b"), 2))),
    ("{1.5`20.*^-3, 2., 3``4, 1*^2, $a}", (0.0015, 2.0, 3.0, 100.0, Symbol("$a"))),
    (r'"\:00f6"', "ö"),
], ids=repr)  # fmt: skip
def test_single_expressions(text, value):
    assert parse(text) == value


REST = (
    " of its text is not read: of InputForm only numbers, strings, symbols, lists, associations, rules and f[x] are; "
    "Export writes it compressed"
)
DAMAGED = {
    "": "its text is cut off",
    "f[1, ": "its text is cut off",
    "0.001 + #1 & ": f"'+ #1 & ' at character 7{REST}",
    "f[1 2]": f"'2]' at character 5{REST}",
    "f[,]": f"',]' at character 3{REST}",
    "{1}}": f"'}}' at character 4{REST}",
    '"open': f"'\"open' at character 1{REST}",
    r'"\[Alpha]"': "the escape '\\\\[' in its strings is not known",
    "<|1|>": "an association has 1 where a rule is expected",
    "9" * 500: f"it is damaged at byte 0: '{'9' * 20}' is not an integer",
    "f[" * 200: "it is nested more than 150 levels deep",
}


@pytest.mark.parametrize("text", list(DAMAGED), ids=lambda text: repr(text[:10]))
def test_damaged(text):
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert str(error.value) == DAMAGED[text]


def test_limits(monkeypatch):
    monkeypatch.setattr(expressions, "MOST", 10)
    with pytest.raises(ExpressionError, match=r"^it has more than 10 parts$"):
        parse(input_form(tuple(range(20))))
    monkeypatch.setattr(format_, "LONGEST", 1 << 20)
    with pytest.raises(ExpressionError, match=r"^it has more than 1 Mi characters$"):
        parse(" " * (1 << 20) + "1")


def test_wrong_characters():
    pick, text, errors = random.Random(1), input_form(VALUE), 0
    for _ in range(3000):
        damaged = list(text)
        for _ in range(pick.choice([1, 3])):
            damaged[pick.randrange(len(text))] = pick.choice('[]{}<>|"\\,-`*^1a ')
        try:
            parse("".join(damaged[: pick.randrange(len(text))] if pick.random() < 0.2 else damaged))
        except ExpressionError as error:
            errors += "\n" not in str(error)
    assert errors > 1000


@pytest.mark.parametrize("fixed_strings", [False, True])
def test_a_file(tmp_path, fixed_strings):
    file = File()
    net = chain(linear(file, 4, 5), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3), softmax(3))
    one = reader.read(file.write(tmp_path / "a.wlnet", net), "x")
    path = file.write(tmp_path / "b.wlnet", net, fixed_strings, network=input_form(net))
    assert reader.read(path, "x").graph.nodes == one.graph.nodes
