"""Channels-last inside, MXNet's order outside: how many transposes that takes, net by net."""

import json
from pathlib import Path

import numpy as np
import pytest
from transposes import transposes

from netconv import conversion

NETS = Path(__file__).parent.parent / "fixtures" / "conformance" / "nets"
FEED_FORWARD = ["resnet", "mobilenet", "gluon-cnn", "densenet", "inception", "squeezed", "split-attention", "detector"]


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
