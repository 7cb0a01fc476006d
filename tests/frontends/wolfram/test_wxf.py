"""Nets in WXF: every token, damaged bytes, and a whole file."""

import random
import struct

import numpy as np
import pytest
from wolfram_files import File, call, chain, elementwise, linear, softmax, wxf

from netconv.frontends.wolfram import expressions, reader
from netconv.frontends.wolfram import wxf as format_
from netconv.frontends.wolfram.expressions import Expression, ExpressionError, Symbol
from netconv.frontends.wolfram.wxf import parse

VALUE = {
    "a": {"b": (1, -129, 40_000, -(1 << 40), 10**30, 2.5)},
    call("f", 1): Symbol("Ramp"),
    "größer": (),
    "c" * 300: {},
}


@pytest.mark.parametrize("zipped", [False, True])
def test_tokens(zipped):
    assert parse(wxf(VALUE, zipped)) == VALUE


@pytest.mark.parametrize("data, value", [
    (b"s\x08System`x", Symbol("x")),
    (b"R\x0b1.5`20.*^-3", 0.0015),
    (b"A\x01:C\x01C\x02", {1: 2}),
    (b"B\x02ab", Expression(Symbol("ByteArray"), (b"ab",))),
    (b"f\x02s\x04ListC\x01C\x02", (1, 2)),
    (b"f\x00s\x0bAssociation", {}),
    (b"\xc1\x00\x02\x02\x01\x03\xff", ((3,), (-1,))),
    (b"\xc1\x23\x01\x01" + struct.pack("<d", 0.5), (0.5,)),
], ids=repr)  # fmt: skip
def test_other_tokens(data, value):
    assert parse(b"8:" + data) == value


@pytest.mark.parametrize("code, dtype", format_.DTYPES.items())
def test_numeric_arrays(code, dtype):
    array = np.array([[1, 2, 3]], dtype)
    found = parse(b"8:\xc2" + bytes([code, 2, 1, 3]) + array.tobytes())
    assert found.dtype == array.dtype and (found == array).all()


DAMAGED = {
    b"7:C\x01": "its bytes begin with b'7:C' instead of b'8:' or b'8C:'",
    b"8:": "it is damaged at byte 2: 1 bytes are announced",
    b"8:C": "it is damaged at byte 3: 1 bytes are announced",
    b"8:C\x01C": "it ends at byte 4, and 1 more follow",
    b"8:Z": "it is damaged at byte 2: there is no such kind of expression",
    b"8:S\x05a": "it is damaged at byte 4: 5 bytes are announced",
    b"8:S\x01\xff": "it is damaged at byte 5",
    b"8:S" + b"\xff" * 12: "it is damaged at byte 12: a length of more than 63 bits",
    b"8:I\x01x": "it is damaged at byte 5: 'x' is not an integer",
    b"8:R\x01x": "it is damaged at byte 5: 'x' is not a number",
    b"8:A\x01C": "it is damaged at byte 4: a rule is expected",
    b"8:\xc2\x34\x01\x01": "it is damaged at byte 5: an array of type 52 and 1 axes",
    b"8:\xc2\x00\x00": "it is damaged at byte 5: an array of type 0 and 0 axes",
    b"8:\xc2\x00\x01\x09": "it is damaged at byte 6: 9 bytes are announced",
    b"8:\xc1\x00\x02\xff\xff\xff\xff\x7f\x00": "it is damaged at byte 11: an array of shape (34359738367, 0)",
    b"8:f\xff\xff\xff\xff\x7fC\x01": "it is damaged at byte 10: 1 bytes are announced",
    b"8C:abc": "zlib cannot unpack it",
    wxf(1, True)[:-2]: "it is cut off, or larger than 256 MiB when it is unpacked",
    b"8:" + b"f\x01s\x01f" * 200: "it is nested more than 150 levels deep",
}


@pytest.mark.parametrize("data", list(DAMAGED), ids=repr)
def test_damaged(data):
    with pytest.raises(ExpressionError) as error:
        parse(data)
    assert str(error.value) == DAMAGED[data]


def test_limits(monkeypatch):
    monkeypatch.setattr(expressions, "MOST", 10)
    for value in (tuple(range(20)), np.arange(20), {str(n): n for n in range(9)}):
        with pytest.raises(ExpressionError, match=r"^it has more than 10 parts$"):
            parse(wxf(value))
    monkeypatch.setattr(format_, "LARGEST", 1 << 10)
    with pytest.raises(ExpressionError, match=r"larger than 0 MiB when it is unpacked$"):
        parse(wxf("a" * 5000, True))


def test_wrong_bytes():
    pick, data, errors = random.Random(1), wxf(VALUE), 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(pick.choice([1, 3])):
            damaged[pick.randrange(len(data))] = pick.randrange(256)
        try:
            parse(bytes(damaged[: pick.randrange(len(data))] if pick.random() < 0.2 else damaged))
        except ExpressionError as error:
            errors += "\n" not in str(error)
    assert errors > 1000


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file(tmp_path, zipped):
    file = File()
    net = chain(linear(file, 4, 5), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3), softmax(3))
    one = reader.read(file.write(tmp_path / "a.wlnet", net), "x")
    other = reader.read(file.write(tmp_path / "b.wlnet", net, network=wxf(net, zipped)), "x")
    assert other.graph.nodes == one.graph.nodes
