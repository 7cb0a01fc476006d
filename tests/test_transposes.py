"""Channels-last inside, MXNet's order outside: how many transposes that takes, net by net."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from netconv import conversion

NETS = Path(__file__).parent.parent / "fixtures" / "conformance" / "nets"
WEIGHED = ("Conv", "Dense", "Pool")
"""What layers between which a transpose is inside are called."""
FEED_FORWARD = ["resnet", "mobilenet", "gluon-cnn", "densenet", "inception", "squeezed", "split-attention", "detector"]


def reached(operations, begin, end):
    """The operations that a convolution, dense or pooling layer comes before, when they are walked in this order."""
    marked, found = set(), set()
    for operation in operations:
        tensors = [id(t) for t in keras.tree.flatten(getattr(operation, begin))]
        before = any(t in marked for t in tensors)
        if before:
            found.add(operation)
        if before or any(kind in type(operation).__name__ for kind in WEIGHED):
            marked.update(id(t) for t in keras.tree.flatten(getattr(operation, end)))
    return found


def transposes(model):
    """(inside, at the boundaries)"""
    operations = list(model.operations)
    inner = reached(operations, "input", "output") & reached(operations[::-1], "output", "input")
    found = [o for o in operations if type(o).__name__ in ("Permute", "Transpose")]
    return sum(o in inner for o in found), sum(o not in inner for o in found)


def converted(name, known=True):
    folder = NETS / name
    with np.load(folder / "io.npz") as file:
        shapes = {name: tuple(shape) for name, shape in json.loads(str(file["meta"]))["shapes"].items()}
    return conversion.convert(folder / "net.json", input_shapes=shapes if known else None)


@pytest.mark.parametrize("known", [True, False], ids=["known", "found out"])
@pytest.mark.parametrize("name", FEED_FORWARD)
def test_a_feed_forward_net_has_none_inside(name, known):
    done = converted(name, known)
    inside, outside = transposes(done.model)
    assert inside == 0
    assert outside <= len(done.model.inputs) + len(done.model.outputs)
    assert done.account.transposes == inside + outside


@pytest.mark.parametrize(("name", "inside"), [("shuffled", 1), ("enlarged", 1), ("yolo", 0)])
def test_others_have_those_of_the_graph(name, inside):
    """Channels that are shuffled are moved; what a graph transposes and then reshapes for good is."""
    assert transposes(converted(name).model)[0] == inside
