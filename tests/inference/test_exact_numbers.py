"""Class numbers and categories beyond float32 stay different, in all formats; numbers that become equal are named."""

import io
import os
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from models import fails, model

import netconv

LABELS = (5100038999, 5100039016, 5100080972)


def in_format(kind, folder, labels=LABELS, dtype=np.int64):
    generator = np.random.default_rng(0)
    columns = {name: generator.normal(size=60).astype(np.float32) for name in "ab"}
    columns["label"] = np.array(labels, dtype)[np.arange(60) % len(labels)]
    path = folder / f"t.{kind}"
    if kind == "csv":
        cells = zip(*([str(cell) for cell in column.tolist()] for column in columns.values()), strict=True)
        path.write_text("a,b,label\n" + "".join(",".join(row) + "\n" for row in cells))
    elif kind == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        np.savez(path, **columns)
    return path


@pytest.mark.parametrize("kind", ["csv", "npz", "parquet"])
def test_class_numbers_are_exact(kind, tmp_path):
    path = in_format(kind, tmp_path)
    notices = []
    done = netconv.train(model(2, 3), path, epochs=1, notify=notices.append)
    assert done.encoding.heads[0].classes == tuple(map(str, LABELS))
    assert notices[0] == ("target      label (target= names another): 5100038999 = 0, 5100039016 = 1, 5100080972 = 2")
    assert done.class_rows[0] == dict.fromkeys(map(str, LABELS), 20)
    for opened in (done.loaded, model(2, 3)):
        evaluation = netconv.evaluate(opened, path)
        assert [(report.name, report.count) for report in evaluation.classes] == [(str(n), 20) for n in LABELS]
    predictions = netconv.predict(done.loaded, path, keep="label")
    kept = [line.split(",")[0] for line in b"".join(predictions.csv()).decode().splitlines()[1:]]
    assert kept == [str(LABELS[n % 3]) for n in range(60)]


def test_class_numbers_have_other_spellings():
    text = "a,b,label\n1.5,2,5100038999\n2.5,3,5100039016\n3.5,2,5100038999.0\n4.5,5,+5100039016\n"
    done = netconv.train(model(2, 2), io.BytesIO(text.encode()), epochs=1, validation_split=0)
    assert done.class_rows[0] == {"5100038999": 2, "5100039016": 2}
    assert fails(netconv.evaluate, done.loaded, io.BytesIO(b"a,b,label\n1,2,5100039000\n")) == (
        "the stream, line 2, column 'label': unknown class '5100039000'; the classes are 5100038999, 5100039016"
    )


def test_numbers_beyond_64_bits_are_classes(tmp_path):
    labels = (10**30, 10**30 + 1)
    path = in_format("csv", tmp_path, labels, object)
    assert netconv.train(model(2, 2), path, epochs=1).encoding.heads[0].classes == tuple(map(str, labels))


WARNING = "warning: column 'day': 30 different numbers are only 16 in 32-bit floating point, in which the net computes"


def days(last="label"):
    return f"day,b,{last}\n" + "".join(f"201301{n % 30 + 1:02},{n % 7},{n % 2}\n" for n in range(60))


def test_features_that_become_equal_are_named():
    notices = []
    netconv.train(model(2), io.BytesIO(days().encode()), epochs=1, notify=notices.append)
    assert f"{WARNING}; encode={{'day': 'onehot'}} or codes keeps them apart" in notices
    notices.clear()
    done = netconv.train(
        model(2), io.BytesIO(days().encode()), epochs=1, encode={"day": "codes"}, notify=notices.append
    )
    assert len(done.encoding.features[0].categories) == 30 and not any("only 16" in line for line in notices)
    for opened in (model(2), netconv.train(model(2), io.BytesIO(days().encode()), epochs=1).loaded):
        netconv.evaluate(opened, io.BytesIO(days().encode()), notify=notices.append)
        assert [line for line in notices if line.startswith("warning")] == [WARNING]
        notices.clear()


def test_predict_names_them_once(monkeypatch, tmp_path):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 256)
    names = [str(tmp_path / name) for name in ("1.csv", "2.csv")]
    for name in names:
        Path(name).write_text(days())
    notices = []
    for opened in (model(2), netconv.train(model(2), io.BytesIO(days().encode()), epochs=1).loaded):
        notices.clear()
        list(netconv.predict(opened, names, notify=notices.append).blocks)
        assert [line for line in notices if line.startswith("warning")] == [
            f"warning: {names[0]}, column 'day': 20130103 and 20130104, and perhaps others, are equal in 32-bit "
            "floating point, in which the net computes"
        ]


@pytest.mark.parametrize("kind", ["csv", "npz", "parquet"])
@pytest.mark.parametrize("bad", ["", "1,2,3\n"])
def test_predict_names_numbers_that_are_far_apart(monkeypatch, tmp_path, kind, bad):
    for module in ("sources", "arrays"):
        monkeypatch.setattr(f"netconv.tables.{module}.BLOCK", 4096)
    monkeypatch.setattr("netconv.tables.parquet.CELLS", 512)
    numbers = np.arange(2000) * 2 + 20_000_000  # even ones are exact
    numbers[-1] = numbers[0] + 1
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        path.write_text("a,b\n" + "".join(f"{n},1\n" for n in numbers) + bad)
    elif kind == "parquet":
        pq.write_table(pa.table({"a": numbers, "b": numbers % 7}), path)
    else:
        np.savez(path, a=numbers, b=numbers % 7)
    notices = []
    list(netconv.predict(model(2), path, errors="skip", notify=notices.append).blocks)
    assert [line for line in notices if "equal" in line] == [
        f"warning: {path}, column 'a': 20000000 and 20000001, and perhaps others, are equal in 32-bit floating point, "
        "in which the net computes"
    ]


def test_predict_compares_a_limited_number(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 256)
    text = "a,b\n" + "".join(f"{20_000_000 + 2 * n},1\n" for n in range(200)) + "20000001,1\n"
    for most in (50, 500):
        monkeypatch.setattr("netconv.features.merged_numbers.MOST", most)
        notices = []
        list(netconv.predict(model(2), io.BytesIO(text.encode()), notify=notices.append).blocks)
        assert any("equal" in line for line in notices) == (most == 500)


def test_predict_does_not_name_equal_numbers(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 256)
    notices = []
    text = "a,b\n" + "".join(f"{['20130104', '20130104.0'][n % 2]},{n % 7}\n" for n in range(200)) + "x,1\n"
    found = netconv.predict(model(2), io.BytesIO(text.encode()), errors="null", notify=notices.append)
    assert sum(len(block.values) for block in found.blocks) == 201
    assert not any("equal" in line for line in notices)


def test_grouped_digits_that_become_equal_are_counted():
    text = "day;b;label\n" + "".join(f"20.130.1{n % 30 + 10};{n % 7},5;{n % 2}\n" for n in range(60))
    notices = []
    netconv.train(model(2), io.BytesIO(text.encode()), epochs=1, notify=notices.append)
    assert f"{WARNING}; encode={{'day': 'onehot'}} or codes keeps them apart" in notices


def test_targets_that_become_equal_are_named():
    notices = []
    made = model(2, 1, "mse", None)
    netconv.train(made, io.BytesIO(days("x").encode()), target="day", epochs=1, notify=notices.append, columns="b,x",
                  standardize_target=True)  # fmt: skip
    assert WARNING in notices


def test_numbers_close_together_become_equal_too():
    text = "a,b,label\n" + "".join(f"1.0000000{n % 5},{n % 7},{n % 2}\n" for n in range(60))
    notices = []
    netconv.train(model(2), io.BytesIO(text.encode()), epochs=1, notify=notices.append)
    assert (
        "warning: column 'a': 5 different numbers are only 1 in 32-bit floating point, in which the net computes; "
        "encode={'a': 'onehot'} or codes keeps them apart"
    ) in notices


def test_ordinary_numbers_are_not_read_again(monkeypatch):
    suspects = []
    monkeypatch.setattr("netconv.inference.reading.merged_numbers", lambda *given: suspects.append(given[-1]) or {})
    text = "a,b,label\n" + "".join(f"{n * 0.001:.3f},{n % 3},{n % 2}\n" for n in range(60))
    netconv.train(model(2), io.BytesIO(text.encode()), epochs=1)
    assert suspects == [frozenset()]


def test_named_pipes_are_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    text = "a,b\n1,2\n"
    writer = threading.Thread(target=Path.write_text, args=(path, text))
    writer.start()
    assert b"".join(netconv.predict(model(2), str(path)).csv()).count(b"\n") == 2
    writer.join()
