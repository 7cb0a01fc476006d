"""The rows of an evaluated table that the model was trained on."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from models import fails, model, separable, source

import netconv
from netconv import DataError, FormatError
from netconv.inference import dataset, trained_rows

TABLE = separable(100)


@pytest.fixture(scope="module")
def trained():
    return netconv.train(model(), source(TABLE), epochs=2, validation_split=0.25, seed=3)


def evaluated(result, text, **options):
    notes = []
    evaluation = netconv.evaluate(result.loaded, source(text), notify=notes.append, **options)
    return evaluation, [note for note in notes if note.startswith(("note", "held out"))]


def test_rows_that_were_trained_on_are_noted(trained):
    evaluation, notes = evaluated(trained, TABLE)
    assert evaluation.rows == 100
    assert notes == ["note        the model was trained on 75 of the 100 rows: held_out=True takes only the others"]
    assert evaluated(trained, TABLE.replace("-0.", "-1.", 1))[1] == []
    assert evaluated(trained, separable(100, seed=1))[1] == []
    # Another header or order of columns is still the same table, and columns that are not used do not matter.
    lines = TABLE.splitlines()
    wider = "\n".join(["z,b,class,a", *(f"0,{b},{c},{a}" for a, b, c in (line.split(",") for line in lines[1:]))])
    assert len(evaluated(trained, wider)[1]) == 1


def test_the_rows_that_were_held_out(trained):
    evaluation, notes = evaluated(trained, TABLE, held_out=True)
    assert notes == ["held out    25 rows; the model was trained on the other 75"]
    assert evaluation.rows == trained.validation_rows == 25
    assert evaluation.metrics == pytest.approx(trained.evaluation.metrics)
    assert evaluation.confusion == trained.evaluation.confusion


def test_rows_without_a_target_are_neither():
    text = TABLE + "1,2,\n"
    done = netconv.train(model(), source(text), epochs=1)
    assert evaluated(done, text, held_out=True)[0].rows == done.validation_rows == 20


def test_another_training_on_the_same_table(trained):
    again = netconv.train(trained.loaded, source(TABLE), epochs=1, validation_split=0.25, seed=4)
    evaluation, [note] = evaluated(again, TABLE, held_out=True)
    assert evaluation.rows < 25
    assert note == f"held out    {evaluation.rows} rows; the model was trained on the other {100 - evaluation.rows}"


def test_the_table_is_encoded_once(trained, monkeypatch):
    encoded, features = [], dataset.transform.features
    monkeypatch.setattr(
        dataset.transform, "features", lambda rows, *more: encoded.append(rows) or features(rows, *more)
    )
    other = netconv.train(trained.loaded, source(separable(100, seed=2)), epochs=1, validation_split=0.25)
    encoded.clear()
    for _ in range(2):  # the second table is of the training before the last one
        assert evaluated(other, TABLE, held_out=True)[0].rows == 25
    assert sum(map(len, encoded)) == 200


def test_a_table_without_held_out_rows(trained):
    message = fails(netconv.evaluate, trained.loaded, source(separable(100, seed=1)), held_out=True, kind=DataError)
    assert message == "t.csv: the model was not trained on this table: leave held_out out"
    all_rows = netconv.train(model(), source(TABLE), validation_data=source(separable(seed=1)), epochs=1)
    assert evaluated(all_rows, TABLE)[1] == [
        "note        the model was trained on 100 of the 100 rows: another table says more"
    ]
    message = fails(netconv.evaluate, all_rows.loaded, source(TABLE), held_out=True, kind=DataError)
    assert message == "t.csv: the model was trained on all rows: leave held_out out, or evaluate another table"
    message = fails(netconv.evaluate, model(), source("a,b,class\n1,2,0\n2,1,1\n"), held_out=True, kind=DataError)
    assert message == "t.csv: the model was not trained on this table: leave held_out out"


def test_what_is_stored_is_small_and_survives_the_file(trained):
    stream = io.BytesIO()
    trained.save(stream)
    loaded = netconv.open_model(stream.getvalue())
    [training] = json.loads(loaded.members[trained_rows.MEMBER])
    assert training["rows"] == 100 and training["validation_split"] == 0.25 and training["seed"] == 3
    assert netconv.evaluate(loaded, source(TABLE), held_out=True).rows == 25
    many = [trained_rows.Training(rows, 0, 0.2, 0) for rows in range(100)]
    stored = trained_rows.load({trained_rows.MEMBER: trained_rows.dump(many)}, "m.keras")
    assert stored == tuple(many[-20:])


@pytest.mark.parametrize("member", [
    b"", b"{}1", b"[1]", b'[{"rows": 1}]', b"[" * 99999, b'[{"rows": 9e999, "checksum": 1}]',
    json.dumps([{"rows": 1, "checksum": 1, "validation_split": 1, "seed": 0}]).encode(),
    json.dumps([{"rows": 1, "checksum": 1, "validation_split": 0.5, "seed": -1}]).encode(),
    json.dumps([{"rows": 1, "checksum": 1, "validation_split": 0, "seed": 0}] * 21).encode(),
])  # fmt: skip
def test_a_damaged_member(trained, member):
    loaded = replace(trained.loaded, members={**trained.loaded.members, trained_rows.MEMBER: member})
    message = fails(netconv.evaluate, loaded, source(TABLE), kind=FormatError)
    assert message == "the model: its member netconv/trained_rows.json is damaged"


def test_the_checksum_is_of_all_numbers_in_order():
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    whole = trained_rows.checksum(x)
    assert trained_rows.checksum(x[2:], trained_rows.checksum(x[:2])) == whole == trained_rows.checksum(x.copy("F"))
    assert trained_rows.checksum(x[:0], 5) == 5
    assert trained_rows.checksum(x[::-1]) != whole
