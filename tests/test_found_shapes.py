"""What is found out of whole nets when nobody says the shapes of their inputs."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

import netconv
from netconv import conversion
from netconv.errors import ShapeError

NETS = Path(__file__).parent.parent / "fixtures" / "conformance" / "nets"
FOUND = {
    "whole-mtcnn-pnet": ["data: shape (?, 3, ?, ?)"],
    "whole-mtcnn-onet": ["data: shape (?, 3, 48, 48)"],
    "whole-retinaface": ["data: shape (?, 3, ?, ?)"],
    "whole-super-resolution": ["data: shape (?, 1, ?, ?)"],
    "whole-ssr-net": ["data: shape (?, 3, 20, 20)"],
    "whole-bilinear-head": ["data: shape (?, 3, ?, ?)"],
    "whole-gru-11": ["Input: shape (?, 5, 3)"],
    "whole-text-11": ["Input: shape (?, 6)"],
    "whole-lstm-11": ["Input: shape (?, 4, 2)"],
    "whole-pggan-11": ["Input: shape (?, 6)"],
    "whole-counter-11": ["Input: shape (?, 3, 12, 12)"],
    "gluon-lstm": ["data: shape (?, ?, 3)"],
    "mathematica-lenet-11": ["Input: shape (?, 1, 28, 28)"],
    "mathematica-attention-12": ["Input: shape (?, 5, 3)"],
    "mathematica-dots-12": "the shape of input 'Input#2' cannot be found out; say for instance --input-shape Input#2=",
    "mathematica-resized-12": "the sizes of axes 2 and 3 of input 'Input' of shape (?, 3, ?, ?) cannot be found out",
    "whole-autoencoder-12": "the sizes of axes 2 and 3 of input 'Input' of shape (?, 1, ?, ?) cannot be found out: "
    "no square size was found that fits the parameters, but 7 x 8 does; say for instance --input-shape Input=?,1,7,8 ",
}


@pytest.mark.parametrize(("net", "expected"), FOUND.items(), ids=FOUND)
def test_whole_nets(net, expected):
    try:
        notes = conversion.prepare(NETS / net / "net.json").notes
    except ShapeError as error:
        assert expected in str(error)
    else:
        assert [n.partition(" found out")[0] for n in notes if " found out" in n] == expected


@pytest.mark.parametrize("net", ["mathematica-mapped-12", "whole-bilinear-head", "whole-retinaface"])
def test_a_net_of_any_size_needs_no_shapes(net):
    """Lengths that nobody knows are counted when the model runs."""
    model = netconv.convert(NETS / net / "net.json")
    with np.load(NETS / net / "io.npz") as recorded:
        for size in "ab":
            outputs = model(recorded[f"{size}/in:{model.input.name}"])
            for k, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
                np.testing.assert_allclose(output, recorded[f"{size}/out:{k}"], 1e-4, 1e-5)
