"""Columns of texts for nets with Mathematica's encoders of texts: the same ids, written here by hand."""

import base64
import json
import zlib

import numpy as np
import pandas as pd
import pytest
from models import fails
from sequences import characters, embedded, encoder, tokens
from wolfram_files import (
    File,
    call,
    chain,
    class_decoder,
    classes,
    compressed,
    layer,
    linear,
    packed,
    rule,
    softmax,
    tensor,
)

import netconv
from netconv.errors import FormatError
from netconv.frontends.wolfram import text_coders
from netconv.frontends.wolfram.expressions import Symbol
from netconv.frontends.wolfram.ports import port
from netconv.inference.loading import WLNET, open_model

WORDS = ("good", "bad", "movie", "the", ",")
BLANK = call("Blank")


def frame(*texts):
    return pd.DataFrame({"text": texts})


def predicted(path, *texts, notify=print):
    """What is predicted for texts, and what the model gives for rows of ids."""
    model = open_model(path)
    found = netconv.predict(model, frame(*texts), notify=notify).to_numpy()
    return found, lambda rows: np.concatenate([model.model.predict(np.array([row]), verbose=0) for row in rows])


def test_tokens_of_any_length(tmp_path):
    path, lines = embedded(tmp_path / "net.wlnet", tokens(*WORDS), 6), []
    found, of = predicted(path, "The good, movie", "Bad", "a bad movie !?", notify=lines.append)
    np.testing.assert_allclose(found, of([[4, 1, 5, 3], [2], [6, 2, 3, 6]]), atol=1e-6)
    assert lines[-2].startswith("  tokens    text: 5 words and marks, in lower case; good = 1, bad = 2, movie = 3, ")
    assert lines[-2].endswith("of any length")
    assert lines[-1:] == [
        "sequences   text: 3 rows of 1 to 4 tokens; 2 of 9 tokens not in the vocabulary, such as 'a': id 6",
    ]


def test_tokens_of_a_target_length(tmp_path):
    path = embedded(tmp_path / "net.wlnet", tokens(*WORDS, length=3), 6, 3)
    found, of = predicted(path, "the good, movie", "bad")
    np.testing.assert_allclose(found, of([[4, 1, 5], [2, 6, 6]]), atol=1e-6)


def test_tokens_with_their_case(tmp_path):
    path = embedded(tmp_path / "net.wlnet", tokens("good", "Good", case="False"), 3)
    found, of = predicted(path, "good Good GOOD")
    np.testing.assert_allclose(found, of([[1, 2, 3]]), atol=1e-6)


def test_characters(tmp_path):
    path = embedded(tmp_path / "net.wlnet", characters((Symbol("DigitCharacter"), "ab", BLANK), 13), 13)
    found, of = predicted(path, "ab19", "b?a")
    np.testing.assert_allclose(found, of([[11, 12, 2, 10], [12, 13, 11]]), atol=1e-6)
    path = embedded(tmp_path / "end.wlnet", characters(("ab", Symbol("EndOfString")), 3, 4), 3, 4)
    found, of = predicted(path, "a", "babab")
    np.testing.assert_allclose(found, of([[1, 3, 3, 3], [2, 1, 2, 1]]), atol=1e-6)
    assert fails(lambda: netconv.predict(path, frame("ax")).to_numpy()) == (
        "the data frame, row 1, column 'text': 'x' is not in the vocabulary, which has no id for other characters; "
        "errors='skip' or null continues"
    )


def test_unit_vectors(tmp_path):
    file = File()
    mean = layer("Aggregation", tensor(None, 5), tensor(5), {"Function": Symbol("Mean"), "Levels": 1})
    coder = characters(("abc", Symbol("StartOfString"), Symbol("EndOfString")), 5, onehot=True)
    path = file.write(tmp_path / "net.wlnet", chain(mean, linear(file, 5, 2), softmax(2), inputs={"Input": coder}))
    found, of = predicted(path, "ab", "c")
    np.testing.assert_allclose(found, of([np.eye(5)[[3, 0, 1, 4]], np.eye(5)[[3, 2, 4]]]), atol=1e-6)


def test_bytes_of_utf8(tmp_path):
    path = embedded(tmp_path / "net.wlnet", encoder("UTF8", {}, None, 248), 248)
    found, of = predicted(path, "aé")
    np.testing.assert_allclose(found, of([[98, 196, 170]]), atol=1e-6)


@pytest.mark.parametrize("unit", [True, False])
def test_names_of_classes(tmp_path, unit):
    file, names = File(), ("red", "green", "blue")
    made = tensor(3) if unit else classes(3)
    coder = call("NetEncoder", "Class", {"Labels": names, "Form": "UnitVector" if unit else "Index"}, made)
    first = [] if unit else [layer("Embedding", classes(3), tensor(3), {"OutputDimension": 3, "ClassCount": 3},
                                   {"Weights": file.array(3, 3)})]  # fmt: skip
    net = chain(*first, linear(file, 3, 2), softmax(2), inputs={"Input": coder})
    path = file.write(tmp_path / "net.wlnet", net)
    model, rows = open_model(path), (2, 0, 1)
    x = np.eye(3)[list(rows)] if unit else np.array(rows) + 1
    found = netconv.predict(model, frame(*(names[row] for row in rows))).to_numpy()
    np.testing.assert_allclose(found, model.model.predict(x, verbose=0), atol=1e-6)
    assert fails(lambda: netconv.predict(model, frame("pink")).to_numpy()) == (
        "the data frame, row 1, column 'text': 'pink' is not one of the categories red, green, blue; errors='skip' or "
        "null continues"
    )


def test_training_keeps_the_encoder(tmp_path):
    path = embedded(tmp_path / "net.wlnet", tokens(*WORDS), 6)
    texts, labels = ["the good movie", "bad", "a bad, bad movie", "good"], ["good", "bad", "bad", "good"]
    data = frame(*texts * 10).assign(label=labels * 10)
    lines: list[str] = []
    result = netconv.train(path, data, epochs=30, learning_rate=0.1, notify=lines.append)
    assert result.evaluation.metrics["accuracy"] == 1
    assert result.encoding.features[0].sequence.vocabulary == WORDS
    result.save(tmp_path / "t.keras")
    text = netconv.inspect(tmp_path / "t.keras").text
    assert "tokens    text: 5 words and marks, in lower case; good = 1, bad = 2" in text
    found = netconv.predict(tmp_path / "t.keras", data)
    assert found.to_pandas()["class"].tolist() == data["label"].tolist()
    netconv.export(tmp_path / "t.keras", "wlnet", tmp_path / "t.wlnet")
    again = netconv.predict(tmp_path / "t.wlnet", data[["text"]])
    np.testing.assert_allclose(again.to_numpy(), found.to_numpy(), atol=1e-6)


def test_ids_of_an_encoder_that_is_not_known(tmp_path):
    pattern = call("RegularExpression", "x+")
    path = embedded(tmp_path / "net.wlnet", tokens(*WORDS, pattern=pattern), 6)
    found, of = predicted(path, "4 1 5", "2 3")
    np.testing.assert_allclose(found, of([[4, 1, 5], [2, 3]]), atol=1e-6)
    why = 'splits texts by RegularExpression["x+"], which netconv does not do'
    assert fails(netconv.predict, path, frame("the good", "bad")) == (
        f"the data frame, column 'text': the encoder Tokens of the net {why}: give the ids that it makes, separated by "
        "blanks, or words with vocabulary={'text': 'FILE'}"
    )
    given = netconv.predict(path, frame("good the", "bad a"), vocabulary=WORDS).to_numpy()
    np.testing.assert_allclose(given, of([[1, 4], [2, 6]]), atol=1e-6)
    assert netconv.inspect(path).text.splitlines()[-2] == (
        f"note: Input: the encoder Tokens {why}: give the model the arrays of shape (?,) that the encoder makes, "
        "integers from 1 to 6"
    )


def test_packed_vocabularies():
    def facts(data):
        return text_coders.facts(port(tokens(*WORDS, data=data)))

    text = base64.b64encode(compressed(WORDS).encode()).decode()
    bare = base64.b64encode(zlib.compress(packed(WORDS))).decode()
    for data in (call("ByteArray", text), call("ByteArray", bare)):
        assert facts(data) == {"count": 6, "onehot": False, "tokens": list(WORDS), "lower": True}
    problem = "has a vocabulary in a form that is not known"
    for data in (call("ByteArray", "!"), call("ByteArray", "abcd"), call("ByteArray"), 3, WORDS[1:], (1, 2, 3, 4, 5)):
        assert facts(data)["problem"] == problem


def ids_of(spec, count, case="False"):
    """The ids of characters, and those of others, the begin and the end; or the problem."""
    found = text_coders.facts(port(characters(spec, count, case=case)))
    if "problem" in found:
        return found["problem"]
    ids = dict(zip("".join(found["characters"]), found["codes"], strict=True))
    return ids, found["other"], found["begin"], found["end"]


@pytest.mark.parametrize(
    "spec, count, expected",
    [
        ("abc", 3, ({"a": 1, "b": 2, "c": 3}, None, None, None)),
        (("ab", "cd"), 4, ({"a": 1, "b": 2, "c": 3, "d": 4}, None, None, None)),
        (("ab", "bc"), 3, ({"a": 1, "b": 2, "c": 3}, None, None, None)),
        ((rule("ab", 5), "c", rule("de", Symbol("Automatic"))), 7,
         ({"a": 5, "b": 5, "c": 6, "d": 7, "e": 7}, None, None, None)),
        ((call("Span", "a", "c"), rule("b", 9)), 9, ({"a": 1, "c": 2, "b": 9}, None, None, None)),
        (call("Span", 97, 99), 3, ({"a": 1, "b": 2, "c": 3}, None, None, None)),
        ((call("Alternatives", "a", "b"), BLANK), 3, ({"a": 1, "b": 2}, 3, None, None)),
        (("a", Symbol("StartOfString"), Symbol("EndOfString"), BLANK), 4, ({"a": 1}, 4, 2, 3)),
        (("aé", rule(Symbol("IgnoreCase"), Symbol("False"))), 2, ({"a": 1, "é": 2}, None, None, None)),
        (Symbol("LowercaseLetters"), 3, "has the characters LowercaseLetters, which are not known"),
        ((rule("a", Symbol("None")),), 1, "gives characters the id None"),
        (call("Span", "c", "a"), 3, 'has the characters Span["c", "a"], which are not known'),
        ("abc", 4, 'has 4 ids, which the characters "abc" do not have'),
    ],
)  # fmt: skip
def test_specifications_of_characters(spec, count, expected):
    assert ids_of(spec, count) == expected


def test_groups_of_characters():
    ascii_ids, *others = ids_of(Symbol("Automatic"), 97)
    assert ascii_ids["\t"] == 1 and ascii_ids["\n"] == 2 and ascii_ids[" "] == 3 and ascii_ids["~"] == 97
    assert others == [None, None, None]
    assert len(ids_of(Symbol("LetterCharacter"), 52)[0]) == 52 and len(ids_of(Symbol("WordCharacter"), 62)[0]) == 62
    lower = ids_of(("aB", Symbol("LetterCharacter")), 26, case="True")
    assert set(lower[0]) == set("abcdefghijklmnopqrstuvwxyz")
    assert ids_of(Symbol("WhitespaceCharacter"), 3)[0] == {" ": 1, "\t": 2, "\n": 3}
    assert "".join(ids_of(Symbol("PunctuationCharacter"), 42)[0]).startswith("!\"#$%&'()*+,-./0123456789:;<=>?@[")


@pytest.mark.parametrize(
    "change", [{"codes": [1]}, {"codes": [0, 1, 2]}, {"count": 0}, {"characters": 3}, {"other": [1]}], ids=str
)
def test_a_damaged_member(tmp_path, change):
    path = embedded(tmp_path / "net.wlnet", characters("abc", 3), 3)
    loaded = open_model(path)
    facts = json.loads(loaded.members[WLNET])
    facts["inputs"]["Input"] |= change
    loaded.members[WLNET] = json.dumps(facts).encode()
    if change == {"other": [1]}:
        facts["inputs"]["Input"].pop("onehot")
        loaded.members[WLNET] = json.dumps(facts).encode()
    with pytest.raises(FormatError) as caught:
        netconv.predict(loaded, frame("a"))
    assert str(caught.value) == f"{path}: its member netconv/wlnet.json is damaged"


def test_a_net_with_names_for_its_classes_reads_them_in_tables(tmp_path):
    net = embedded(tmp_path / "net.wlnet", tokens(*WORDS), 6)
    data = frame("good", "bad").assign(label=["good", "bad"])
    evaluation = netconv.evaluate(net, data)
    assert [report.name for report in evaluation.classes] == ["bad", "good"]
    assert class_decoder("bad", "good").args[0] == "Class"
