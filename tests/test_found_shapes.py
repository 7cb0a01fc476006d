"""What is found out of whole nets when nobody says the shapes of their inputs."""

from pathlib import Path

import pytest

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
    "mathematica-attention-12": ["Input: shape (?, ?, 3)"],
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
