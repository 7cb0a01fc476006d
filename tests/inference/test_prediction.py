"""Predictions: rows as they arrive, in order, one line each."""

import csv
import io
import json

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from models import fails, layers, model, source

from netconv.inference import evaluation, model_rows, prediction
from netconv.reports.predictions import Block, PredictedHead, Predictions
from netconv.tables import sources
from netconv.training import train

BLOCK = Block(np.array([[0.25, 0.7512345, 0], [1, 0, 0]], np.float32), np.array([False, False]))
NAMES = ('say "a"', "b,c", "d")


def predicted(names, blocks, classes=True, kept=()):
    return Predictions((PredictedHead("out", names, classes),), iter(blocks), kept)


def read(pieces):
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))


def parsed(pieces):
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


def test_predictions_are_written_so_that_they_can_be_read():
    assert b"".join(predicted(NAMES, [BLOCK]).csv()).decode() == (
        'class,probability\n"b,c",0.751234\n"say ""a""",1\n'
    )  # fmt: skip
    assert read(predicted(NAMES, [BLOCK, BLOCK]).csv(proba=True)) == [
        ["class", *NAMES], *2 * [["b,c", "0.25", "0.751234", "0"], ['say "a"', "1", "0", "0"]]
    ]  # fmt: skip
    assert read(predicted(NAMES, [BLOCK]).csv(top=2)) == [
        ["class", "probability", "class_2", "probability_2"],
        ["b,c", "0.751234", 'say "a"', "0.25"], ['say "a"', "1", "b,c", "0"],
    ]  # fmt: skip
    assert len(read(predicted(NAMES, [BLOCK]).csv(top=9))[0]) == 6
    assert read(predicted(NAMES, [BLOCK], classes=False).csv()) == [
        list(NAMES), ["0.25", "0.7512345", "0"], ["1", "0", "0"]
    ]  # fmt: skip


def test_predictions_as_json_lines():
    assert parsed(predicted(NAMES, [BLOCK]).json()) == [
        {"class": "b,c", "probability": 0.751234}, {"class": 'say "a"', "probability": 1}
    ]  # fmt: skip
    assert parsed(predicted(NAMES, [BLOCK]).json(proba=True))[0] == {
        "class": "b,c", "probabilities": {'say "a"': 0.25, "b,c": 0.751234, "d": 0}
    }  # fmt: skip
    assert parsed(predicted(NAMES, [BLOCK]).json(top=2))[1] == {
        "top": [{"class": 'say "a"', "probability": 1}, {"class": "b,c", "probability": 0}]
    }  # fmt: skip
    block = Block(np.array([[0.1, np.nan, np.inf]], np.float32), np.array([False]))
    (fact,) = parsed(predicted(NAMES, [block], classes=False).json())
    assert fact == {'say "a"': 0.1, "b,c": None, "d": None}


def test_where_the_model_outputs_nan_no_class_is_predicted():
    block = Block(np.array([[np.nan, 1], [0, 1]], np.float32), np.array([False, False]))
    assert read(predicted("ab", [block]).csv()) == [["class", "probability"], ["", ""], ["b", "1"]]
    assert parsed(predicted("ab", [block]).json(top=1))[0] == {"top": [{"class": None, "probability": None}]}
    made = untrained()
    made.layers[-1].set_weights([WEIGHTS[0] * np.nan, WEIGHTS[1]])
    lines, messages = lines_of(ROWS, made)
    assert lines[1:] == [",", ","] and messages[-1] == "warning: the net outputs NaN for 2 rows"


def test_integers_are_written_as_integers():
    inputs = keras.Input((2,), dtype="int64")
    made = keras.Model(inputs, keras.ops.sum(inputs * 20_000_001, axis=1, keepdims=True))
    assert lines_of("1,0\n1,1\n", made)[0][1:] == ["20000001", "40000002"]
    assert lines_of("1,0\n1,x\n", made, errors="null")[0][1:] == ["20000001", '""']


def test_columns_that_are_kept_have_names_of_their_own():
    kept = Block(BLOCK.values, BLOCK.faulty, {name: pa.array(["x", "y"]) for name in ("top", "probabilities")})
    found = predicted(NAMES, [kept], kept=("top", "probabilities"))
    assert parsed(found.json(top=1))[0].keys() == {"top", "probabilities", "predicted_top"}
    found = predicted(NAMES, [kept], kept=("top", "probabilities"))
    assert parsed(found.json(proba=True))[0].keys() == {"top", "probabilities", "class", "predicted_probabilities"}


def test_options_for_classes_need_classes():
    message = "probabilities are for classifiers, and this net predicts values"
    assert fails(list, predicted(NAMES, [BLOCK], classes=False).csv(proba=True)) == message
    assert fails(list, predicted(NAMES, [BLOCK], classes=False).json(top=1)) == message
    message = "choose the probabilities of all classes or the most likely classes, not both"
    assert fails(list, predicted(NAMES, [BLOCK]).csv(proba=True, top=1)) == message


# Of tables

ROWS = "id,a,b,class\n007,1,2,no\n x ,-1,2,yes\n"
WEIGHTS = [np.array([[1, -1], [0, 0]], np.float32), np.zeros(2, np.float32)]


def untrained(**options):
    made = model(**options)
    made.layers[-1].set_weights(WEIGHTS)
    return made


@pytest.fixture(scope="module")
def trained():
    """Trained on a number and a text column; missing cells are filled."""
    rows = "id,a,c,class\n" + "".join(
        f"{n},{n % 7 - 3},{'pq'[n % 2]},{'yes' if n % 7 > 3 else 'no'}\n" for n in range(70)
    )
    return train.train(model(), source(rows), epochs=1).loaded


def lines_of(text, opened, written=Predictions.csv, **options):
    messages = []
    found = prediction.predict(opened, source(text), notify=messages.append, **options)
    return b"".join(written(found)).decode().splitlines(), messages


def test_kept_columns_are_unchanged():
    lines, _ = lines_of(ROWS, untrained(), keep=("id", "2"))
    assert lines == ["id,a,class,probability", "007,1,0,0.880797", '" x ",-1,1,0.880797']
    lines, _ = lines_of(ROWS, untrained(), Predictions.json, keep=("class,id",))
    assert json.loads(lines[1]) == {"class": "yes", "id": " x ", "predicted_class": "1", "probability": 0.880797}
    message = "t.csv: has no column 'no'; its columns are id, a, b, class"
    assert fails(prediction.predict, untrained(), source(ROWS), keep=("no",)) == message


def test_columns_of_a_table_without_a_header_are_kept_by_the_names_of_the_training_table(trained):
    lines, _ = lines_of("7,1,p,no\n8,-1,q,no\n", trained, keep=("id", "-1"))
    assert lines[0] == "id,class,predicted_class,probability" and lines[1].startswith("7,no,")


def test_raw_predictions_are_the_outputs_of_the_model():
    made = untrained()
    rows = np.array([[1, 2], [-1, 2]], np.float32)
    lines, _ = lines_of(ROWS, made, raw=True)
    assert lines[0] == "0,1"
    np.testing.assert_array_equal(
        np.array([r.split(",") for r in lines[1:]], np.float32), made.predict(rows, verbose=0)
    )
    logits = model(classes=1, activation=None, loss=keras.losses.BinaryCrossentropy(from_logits=True))
    lines, _ = lines_of(ROWS, logits, raw=True)
    assert lines[0] == logits.layers[-1].name
    np.testing.assert_array_equal(np.array(lines[1:], np.float32), logits.predict(rows, verbose=0)[:, 0])


def test_several_outputs_are_side_by_side():
    inputs = keras.Input((2,))
    outputs = [layers.Dense(2, name="two")(inputs), layers.Dense(1, name="one")(inputs)]
    lines, _ = lines_of("1,2\n3,4\n", keras.Model(inputs, outputs))
    assert lines[0] == "two_1,two_2,one" and len(lines) == 3 and lines[1].count(",") == 2


def test_an_output_of_any_length_has_names_by_its_values():
    inputs = keras.Input((None, 1), name="x")
    made = keras.Model(inputs, layers.Dense(2, name="y")(inputs))
    assert lines_of("1,2,3\n4,5,6\n", made)[0][0] == "y_1,y_2,y_3,y_4,y_5,y_6"
    lines, _ = lines_of("a,b,c\nx,2,3\n", made, errors="null")
    assert lines == ["y_1,y_2,y_3,y_4,y_5,y_6", ",,,,,"]


def test_predicting_leaves_the_model_compiled_as_it_was():
    made = untrained()
    made.jit_compile = True
    lines_of(ROWS, made)
    assert made.jit_compile is True


BAD = "id,a,c,class\n0,3,p,no\n1,-3,p,no\n2,old,p,no\n3,3\n4,-3,new,no\n5,1e99,p,no\n6,3,p,no,1\n7,?,,no\n"
FIRST = "t.csv, line 4, column 'a': 'old' is not a number, in a column that was numeric in training"
REMEDY = "; errors='skip' or null continues"


def test_a_bad_row_ends_the_predictions_after_the_rows_before_it(trained):
    found = prediction.predict(trained, source(BAD), keep=("id",))
    pieces = found.csv()
    lines = next(pieces).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", "0", "1"]
    assert fails(next, pieces) == FIRST + REMEDY


def test_a_bad_first_row_leaves_nothing(trained):
    message = "t.csv, line 2, column 'a': 'x' is not a number, in a column that was numeric in training"
    assert fails(prediction.predict, trained, source("a,c\nx,p\n3,p\n")) == message + REMEDY


def test_text_for_a_model_that_was_not_trained_on_a_table():
    text = "a,b\n" + "1,2\n" * 20 + "n.d.,3\n" + "red,4\n" * 20
    lines, messages = lines_of(text, untrained(), errors="skip")
    assert len(lines) == 21
    assert messages == [
        "a keras.Model has no class names: its classes are numbered; a .keras file of netconv has them",
        "features    2 columns, in this order:",
        "  numbers   a, b",
        "warning: 21 bad rows left out; the first: t.csv, line 22, column 'a': 'n.d.' is not a number, and this model "
        "has no encodings, as it was not trained by `netconv train`: it takes numbers only",
    ]


def test_a_missing_cell_that_is_not_filled_is_not_said_to_be():
    _, messages = lines_of("a,b\n1,2\n,3\n", untrained(), errors="null")
    assert messages[3:] == [
        "warning: 1 bad row without a prediction; the first: t.csv, line 3, column 'a': '' is a missing cell, and "
        "there is no fill value, as the net was not trained on a table"
    ]


def test_bad_rows_are_left_out(trained):
    lines, messages = lines_of(BAD, trained, keep=("id",), errors="skip")
    assert [line.split(",")[0] for line in lines] == ["id", "0", "1", "4", "7"]
    assert messages == [
        "features    2 columns, read as in training",
        "not used    id",
        "filled      missing cells, by column: a 1, c 1",
        "warning: column 'c': 1 cell with a category that is not in the training table, treated as missing",
        f"warning: 4 bad rows left out; the first: {FIRST}",
    ]


def test_bad_rows_have_no_prediction(trained):
    lines, messages = lines_of(BAD, trained, keep=("id",), errors="null")
    assert [line.split(",")[0] for line in lines] == ["id", *"01234567"]
    assert [line.endswith(",,") for line in lines] == [False] * 3 + [True, True, False, True, True, False]
    assert messages[-1] == f"warning: 4 bad rows without a prediction; the first: {FIRST}"
    facts = [json.loads(line) for line in lines_of(BAD, trained, Predictions.json, errors="null")[0]]
    assert [fact["class"] is None and fact["probability"] is None for fact in facts][2:4] == [True, True]
    for options in ({"proba": True}, {"top": 2}):
        rows = lines_of(BAD, trained, lambda found, options=options: found.csv(**options), errors="null")[0]
        assert rows[3].strip(",") == "" and rows[3].count(",") == rows[1].count(",")
    assert lines_of("a,c\nx,p\n1\n", trained, errors="null")[0] == ["class,probability", ",", ","]
    assert lines_of("a,c\nx,p\n1\n", trained, errors="skip")[0] == ["class,probability"]


def test_bad_rows_far_into_a_table_are_found(trained, monkeypatch):
    """In any block of the table and anywhere within a block."""
    monkeypatch.setattr(sources, "BLOCK", 1 << 16)
    monkeypatch.setattr(model_rows, "LARGEST", 1 << 10)
    rows = [f"{n},{n % 5},p\n" for n in range(20_000)]
    for bad in (50, 51, 12_345, 19_999):
        rows[bad] = f"{bad},x,p\n" if bad % 2 else f"{bad}\n"
    text = "id,a,c\n" + "".join(rows)
    lines, messages = lines_of(text, trained, keep=("id",), errors="null")
    assert [n for n, line in enumerate(lines[1:]) if line.endswith(",,")] == [50, 51, 12_345, 19_999]
    assert [line.split(",")[0] for line in lines[1:]] == [str(n) for n in range(20_000)]
    assert messages[2:] == ["warning: 4 bad rows without a prediction; the first: t.csv, line 52: "
                    "1 cell, and the header has 3"]  # fmt: skip
    lines, _ = lines_of(text, trained, keep=("id",), errors="skip")
    assert len(lines) == 20_000 - 3


def test_a_ragged_row_is_bad_once(trained, monkeypatch):
    """Whatever its cells are, and wherever the first one of its block is."""
    monkeypatch.setattr(model_rows, "LARGEST", 4)
    rows = ["1,p", "2", "3,p", '"x\r"', "x", "5,p,q", 'x,"\r\n",z', "8,p"]
    lines, messages = lines_of("a,c\n" + "".join(f"{row}\n" for row in rows), trained, errors="null")
    assert [n for n, line in enumerate(lines[1:], 1) if line == ","] == [2, 4, 5, 6, 7]
    assert (
        messages[-1]
        == "warning: 5 bad rows without a prediction; the first: t.csv, line 3: 1 cell, and the header has 2"
    )


def test_nothing_but_a_header(trained):
    assert lines_of("id,a,c\n", trained, keep=("id",))[0] == ["id,class,probability"]


def test_a_file_is_written_whole_or_not_at_all(trained, tmp_path):
    path = tmp_path / "p.csv"
    prediction.predict(trained, source("a,c\n1,p\n")).write(path)
    assert path.read_text().startswith("class,probability\n")
    kept = path.read_text()
    assert fails(prediction.predict(trained, source(BAD)).write, path) == FIRST + REMEDY
    assert path.read_text() == kept and [p.name for p in tmp_path.iterdir()] == ["p.csv"]
    stream = io.BytesIO()
    assert fails(prediction.predict(trained, source(BAD)).write, stream, json=True) == FIRST + REMEDY
    assert len(stream.getvalue().splitlines()) == 2


@pytest.mark.parametrize(
    "option, messages",
    [
        ("columns", ("a",)),
        ("input", {"x": "a"}),
        ("rescale", (2.0, 0.0)),
        ("standardize", True),
        ("standardize_target", True),
        ("drop", ("id,c",)),
    ],
)
def test_a_trained_model_takes_what_it_was_trained_on(trained, option, messages):
    message = "a trained model reads a table as in training: leave " + option + "= out"
    for call in (prediction.predict, evaluation.evaluate):
        assert fails(call, trained, source(BAD), **{option: messages}) == message


def test_columns_that_a_model_does_not_take_may_be_dropped(trained):
    assert len(lines_of("id,a,c\n0,1,p\n", trained, drop=("id",))[0]) == 2


def test_an_unknown_policy_for_bad_rows():
    message = "errors must be 'stop', 'skip' or 'null'; received 'ignore'"
    assert fails(prediction.predict, model(), source("a,b\n1,2\n"), errors="ignore") == message


@pytest.mark.parametrize("flags", [["TRUE", "FALSE"], ["True", "False"], [True, False]])
def test_truth_values_agree_in_all_formats(tmp_path, flags):
    rows = [(n / 30 - 1, flags[n % 2], "pq"[n % 2]) for n in range(60)]
    files = [tmp_path / f"t.{kind}" for kind in ("csv", "parquet", "npz")]
    files[0].write_text("a,flag,kind\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    a, _, kind = zip(*rows, strict=True)
    flag = [flags[n % 2] in (True, "TRUE", "True") for n in range(60)]
    pq.write_table(pa.table({"a": a, "flag": flag, "kind": kind}), files[1])
    np.savez(files[2], a=a, flag=flag, kind=kind)
    for path in files:
        trained = train.train(model(2), path, epochs=5).loaded
        values = [next(prediction.predict(trained, other).blocks).values.tolist() for other in files]
        assert values[0] == values[1] == values[2] and len({str(row) for row in values[0]}) > 50
        metrics = [evaluation.evaluate(trained, other).metrics for other in files]
        assert metrics[0] == metrics[1] == metrics[2]


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst", "GZ"])
def test_predictions_are_compressed_as_the_name_says(tmp_path, ending):
    text = "a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(20))
    path = tmp_path / f"p.csv.{ending}"
    prediction.predict(model(2), source(text)).write(path)
    with sources.Stream(sources.source(path)) as stream:
        assert stream.compressed
        assert stream.read() == b"".join(prediction.predict(model(2), source(text)).csv())
    assert list(tmp_path.iterdir()) == [path]


def test_a_target_that_the_table_does_not_have():
    text = "a,b,y\n" + "1,2,3\n4,5,6\n" * 9
    done = train.train(model(2, 1, "mse", None), source(text), target="y", epochs=1)
    rows = source("a,b,y,z\n1,2,3,4\n")
    message = "t.csv: has no column 'nope'; its columns are a, b, y, z"
    assert fails(prediction.predict, done, rows, target="nope") == message
    assert prediction.predict(done, rows, target="z").heads[0].names == ("y",)
    assert prediction.predict(done, source("1,2,3\n"), target="y").heads[0].names == ("y",)
