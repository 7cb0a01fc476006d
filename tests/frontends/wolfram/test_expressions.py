"""Every token of Compress, and damaged expressions."""

import base64
import struct
import zlib

import numpy as np
import pytest
from wolfram_files import call, compressed, packed

from netconv.frontends.wolfram import expressions
from netconv.frontends.wolfram.expressions import Expression, ExpressionError, Symbol, decompress, parse, shortened


def integer(*numbers):
    return struct.pack(f"<{len(numbers)}i", *numbers)


def text(kind, value):
    return kind + integer(len(value)) + value


TOKENS = {
    "a symbol": (text(b"s", b"NeuralNetworks`TensorT"), Symbol("TensorT")),
    "a string": (text(b"S", "größer".encode()), "größer"),
    "an integer": (b"i" + integer(-3), -3),
    "an integer in digits": (text(b"I", b"-123456789012345678901"), -123456789012345678901),
    "a small integer in digits": (text(b"I", b"7"), 7),
    "a real": (b"r" + struct.pack("<d", 0.25), 0.25),
    "a big real": (text(b"R", b"1.5`20.*^-3"), 0.0015),
    "a big real without an exponent": (text(b"R", b"2.5`30."), 2.5),
    "a list": (b"f" + integer(1) + text(b"s", b"List") + b"i" + integer(1), (1,)),
    "a call": (b"f" + integer(1) + text(b"s", b"LengthVar") + b"i" + integer(1), call("LengthVar", 1)),
    "a call of a call": (
        b"f" + integer(0) + b"f" + integer(0) + text(b"s", b"g"),
        Expression(Expression(Symbol("g"), ()), ()),
    ),
    "packed reals": (b"e" + integer(1, 2) + struct.pack("<2d", 0.5, 1), (0.5, 1.0)),
    "packed integers": (b"n" + integer(2, 2, 1) + integer(3, 4), ((3,), (4,))),
}


@pytest.mark.parametrize("data, value", TOKENS.values(), ids=list(TOKENS))
def test_tokens(data, value):
    assert parse(b"!boR" + data) == value


@pytest.mark.parametrize("kind, dtype", [(b"b", "i1"), (b"h", "i2"), (b"l", "f4")])
def test_raw_data(kind, dtype):
    array = np.array([[1, 2, 3]], dtype)
    found = parse(b"!boR" + kind + integer(2, 1, 3) + array.tobytes())
    assert found.dtype == array.dtype and (found == array).all()


def test_associations():
    value = {"a": {"b": (1, 2.5)}, call("ScalarSymbol", 1): Symbol("Ramp"), "c": {}}
    assert decompress(compressed(value)) == value
    assert decompress(compressed(value, big_integers=True)) == value


DAMAGED = {
    "a kind that there is not": (b"!boRx", "it is damaged at byte 4: there is no kind b'x'"),
    "another header": (b"!boX", "its bytes begin with b'!boX' instead of b'!boR'"),
    "nothing": (b"!boR", "it is damaged at byte 4: 1 bytes are announced"),
    "more bytes": (b"!boRi" + integer(1) + b"abc", "it ends at byte 9, and 3 more follow"),
    "a string that is too long": (b"!boRS" + integer(9) + b"abc", "it is damaged at byte 9: 9 bytes are announced"),
    "a string of negative length": (b"!boRS" + integer(-1), "it is damaged at byte 9: -1 bytes are announced"),
    "no text": (b"!boRS" + integer(1) + b"\xff", "it is damaged at byte 10"),
    "negative arguments": (b"!boRf" + integer(-2), "it is damaged at byte 5: -2 arguments are announced"),
    "too many axes": (b"!boRe" + integer(17), "it is damaged at byte 5: an array of 17 axes"),
    "a negative length": (b"!boRe" + integer(1, -4), "it is damaged at byte 13: an array of shape (-4,)"),
    "an enormous array": (
        b"!boRe" + integer(3, 2**31 - 1, 2**31 - 1, 2**31 - 1),
        f"it is damaged at byte 21: {(2**31 - 1) ** 3 * 8} bytes are announced",
    ),
    "no integer": (b"!boR" + text(b"I", b"12x"), "it is damaged at byte 12: '12x' is not an integer"),
    "a long integer": (b"!boR" + text(b"I", b"1" * 500), f"it is damaged at byte 509: '{'1' * 20}' is not an integer"),
    "no real": (b"!boR" + text(b"R", b"pi"), "it is damaged at byte 11: 'pi' is not a number"),
    "a key that is an array": (
        packed(call("Association", call("Rule", call("f", 1), 2))).replace(
            b"i" + integer(1), b"l" + integer(1, 1) + b"abcd"
        ),
        "an association has the key f[array of shape (1,)]",
    ),
    "no rule": (packed(call("Association", 3)), "an association has 3 where a rule is expected"),
}


@pytest.mark.parametrize("data, message", DAMAGED.values(), ids=list(DAMAGED))
def test_damaged(data, message):
    with pytest.raises(ExpressionError) as error:
        parse(data)
    assert str(error.value) == message


def test_limits(monkeypatch):
    deep = b"".join(b"f" + integer(1) + text(b"s", b"f") for _ in range(200)) + b"i" + integer(1)
    with pytest.raises(ExpressionError, match=r"^it is nested more than 150 levels deep$"):
        parse(b"!boR" + deep)
    monkeypatch.setattr(expressions, "MOST", 10)
    with pytest.raises(ExpressionError, match=r"^it has more than 10 parts$"):
        parse(packed(tuple(range(20))))
    with pytest.raises(ExpressionError, match=r"^it has more than 10 parts$"):
        parse(b"!boRn" + integer(1, 20) + integer(*range(20)))
    monkeypatch.setattr(expressions, "LARGEST", 1 << 20)
    bomb = "1:" + base64.b64encode(zlib.compress(bytes(1 << 24))).decode()
    with pytest.raises(ExpressionError, match=r"^it is cut off, or larger than 1 MiB when it is unpacked$"):
        decompress(bomb)


@pytest.mark.parametrize(
    "given, message",
    [
        ("Graph[]", "it begins with 'Graph[]', and what Compress writes begins with '1:'"),
        ("1:!!", "its text is damaged: zlib and base64 cannot unpack it"),
        ("1:" + base64.b64encode(b"no zlib").decode(), "its text is damaged: zlib and base64 cannot unpack it"),
        ("1:" + base64.b64encode(zlib.compress(b"!boR")[:-4]).decode(),
         "it is cut off, or larger than 256 MiB when it is unpacked"),
    ],
)  # fmt: skip
def test_damaged_text(given, message):
    with pytest.raises(ExpressionError) as error:
        decompress(given)
    assert str(error.value) == message


def test_shortened():
    value = {"a": (1, call("f", 0.5)), "b": "text"}
    assert shortened(value) == '<|"a" -> {1, f[0.5]}, "b" -> "text"|>'
    assert shortened(tuple(range(100)), 12) == "{0, 1, 2, 3,..."
    assert shortened("two\nlines") == '"two lines"'
    assert str(call("TensorT", (3,), Symbol("RealT"))) == "TensorT[{3}, RealT]"
