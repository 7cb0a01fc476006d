"""Weights of classes, also of several outputs."""

import keras
import numpy as np
import pytest
from models import fails, layers, model, separable, source

import netconv
from netconv.inference.dataset import Dataset
from netconv.training.class_weights import class_weights, described

ROWS = Dataset((), (np.array([0, 0, 0, 1]),), None, (("a", "b"),), ((3, 1),))
SEVERAL = Dataset((), (), None, (("a", "b"), (), ("c", "d", "e")), ((3, 1), (), (0, 2, 2)))
HEADS = ("one", "value", "two")


def test_of_one_output():
    assert class_weights(None, ["out"], ROWS) == ()
    assert class_weights("balanced", ["out"], ROWS)[0] == pytest.approx([2 / 3, 2.0])
    assert class_weights({"b": 3.0}, ["out"], ROWS)[0].tolist() == [1.0, 3.0]
    assert class_weights({"out": {"b": 3.0}}, ["out"], ROWS)[0].tolist() == [1.0, 3.0]
    zero = "the weight of every class is 0: there is nothing to train on"
    assert fails(class_weights, {"a": 0.0, "b": 0.0}, ["out"], ROWS) == zero


def test_of_several_outputs():
    balanced = class_weights("balanced", HEADS, SEVERAL)
    assert balanced[0] == pytest.approx([2 / 3, 2.0]) and balanced[1] is None and balanced[2].tolist() == [1, 1, 1]
    chosen = class_weights({"two": {"e": 4.0}}, HEADS, SEVERAL)
    assert chosen[:2] == (None, None) and chosen[2].tolist() == [1, 1, 4]
    assert list(described(balanced, HEADS, SEVERAL)) == [
        "weights     one=a 0.6667, b 2; the validation loss is weighted alike",
        "weights     two=c 1, d 1, e 1; the validation loss is weighted alike",
    ]
    assert list(described((), HEADS, SEVERAL)) == []
    many = Dataset((), (), None, (tuple(map(str, range(30))),), ((1,) * 30,))
    assert next(described([np.ones(30)], ["out"], many)).endswith(
        "18 1, 19 1, ... (30 in all); the validation loss is weighted alike"
    )


def two_kinds():
    keras.utils.set_random_seed(1)
    entry = keras.Input((2,))
    made = keras.Model(
        entry, [layers.Dense(2, "softmax", name="p")(entry), layers.Dense(1, "sigmoid", name="q")(entry)]
    )
    made.compile(keras.optimizers.Adam(0.05), ["sparse_categorical_crossentropy", "binary_crossentropy"])
    return made


def test_the_losses_of_both_outputs_are_those_of_keras():
    lines = separable(60).splitlines()[1:]
    text = "a,b,p,q\n" + "".join(f"{line},{'ny'[number % 3 == 0]}\n" for number, line in enumerate(lines))
    given = {"p": {"yes": 5}, "q": "balanced"}
    options = {"validation_data": source(text), "epochs": 1, "optimizer": "sgd(learning_rate=1e-9)"}
    printed = []
    done = netconv.train(two_kinds(), source(text), class_weight=given, notify=printed.append, **options)
    assert "weights     p=no 1, yes 5; the validation loss is weighted alike" in printed
    cells = [line.split(",") for line in text.splitlines()[1:]]
    x = np.array([row[:2] for row in cells], np.float32)
    p, q = (np.array([row[index] == name for row in cells], int) for index, name in ((2, "yes"), (3, "y")))
    of_p, of_q = np.where(p, 5, 1), np.where(q, 60 / (2 * q.sum()), 60 / (2 * (60 - q.sum())))
    wanted = two_kinds().evaluate(x, [p, q], sample_weight=[of_p, of_q], batch_size=60, verbose=0, return_dict=True)
    for name in ("loss", "p_loss", "q_loss"):
        assert done.history[0][f"val_{name}"] == pytest.approx(wanted[name], rel=1e-5)
    one = netconv.train(two_kinds(), source(text), class_weight={"p": {"yes": 5}}, **options).history[0]
    assert one["val_p_loss"] == pytest.approx(wanted["p_loss"], rel=1e-5)
    assert one["val_q_loss"] == pytest.approx(
        two_kinds().evaluate(x, [p, q], batch_size=60, verbose=0, return_dict=True)["q_loss"], rel=1e-5
    )
    single = model()
    plain = netconv.train(single, source(separable()), class_weight={single.layers[-1].name: "balanced"}, epochs=1)
    assert plain.record.settings["class weight"].endswith("=balanced")
