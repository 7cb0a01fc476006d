"""Training, evaluation and prediction of small models on small tables."""

import io
import json
import math
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from netconv import FormatError, NetconvError, archive, learn, table
from netconv.encoding import Encoding, Needs

KIDNEY = Path(__file__).parent.parent / "fixtures" / "kidney.csv"
layers = keras.layers


def model(features=2, classes=2, loss="sparse_categorical_crossentropy", activation="softmax", hidden=()):
    """A model with settled initial values."""
    keras.utils.set_random_seed(1)
    stack = [keras.Input((features,)), *hidden, layers.Dense(classes, activation=activation)]
    made = keras.Sequential(stack)
    made.compile(keras.optimizers.Adam(0.05), loss)
    return made


def source(text):
    return table.Source("t.csv", lambda: io.BytesIO(text.encode()))


def separable(rows=60, names=("no", "yes"), seed=0):
    """Rows whose class is told by the sign of a; b is noise."""
    generator = np.random.default_rng(seed)
    lines = [f"{a:.4f},{b:.4f},{names[int(a > 0)]}\n" for a, b in generator.normal(size=(rows, 2))]
    return "a,b,class\n" + "".join(lines)


def fails(call, *arguments, kind=NetconvError, **options):
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    return str(caught.value)


# Training


def test_the_kidney_table_is_learnt_with_no_options():
    hidden = [layers.BatchNormalization(momentum=0.9), layers.Dense(20), layers.ReLU(), layers.Dropout(0.1)]
    made = model(24, hidden=hidden)
    made.optimizer.learning_rate = 0.01
    said = []
    done = learn.train(made, KIDNEY, say=said.append)
    assert done.evaluation.metrics["accuracy"] >= 0.97
    assert said == [
        "target: column 'classification' (--target names another)",
        "column 'id' is left out: it would be one feature too many",
        "rows: 320 to train on, 80 for validation; classes: ckd 250, notckd 150",
    ]
    assert done.opened.encoding.classes == ("ckd", "notckd")


def test_training_stops_and_keeps_the_best_weights():
    text = separable(80) + "0.5,1,no\n-0.5,1,yes\n" * 8
    done = learn.train(model(), source(text), early_stopping=3, epochs=300)
    losses = [figures["val_loss"] for figures in done.history]
    assert len(losses) == done.best + 3 < 300
    assert losses[done.best - 1] == min(losses)
    assert done.evaluation.metrics["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_two_runs_are_one():
    def weights(seed):
        done = learn.train(model(hidden=[layers.Dropout(0.3)]), source(separable()), epochs=3, seed=seed)
        return done.opened.model.get_weights()[:2]

    for one, two in zip(weights(5), weights(5), strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(weights(5), weights(6), strict=True))


def test_the_rows_for_validation_are_of_all_classes_and_are_not_learnt_from():
    y = np.array([0] * 50 + [1] * 10 + [2])
    held = learn._held_out(y, 0.2, 0)
    assert np.bincount(y[held]).tolist() == [10, 2]
    assert learn._held_out(y, 0.2, 0).tolist() == held.tolist() != learn._held_out(y, 0.2, 1).tolist()
    text = "a,b,class\n" + "".join(f"{n},,{'yn'[n % 2]}\n" for n in range(100))
    done = learn.train(model(), source(text), epochs=1)
    inside = np.delete(np.arange(100), learn._held_out(1 - np.arange(100) % 2, 0.2, 0))
    assert [f.fill for f in done.opened.encoding.features] == [float(np.median(inside)), 0.0]


def test_without_validation_all_rows_are_learnt_from_to_the_last_epoch():
    done = learn.train(model(), source(separable()), validation_split=0, epochs=4)
    assert (done.rows, done.validation_rows, done.best, len(done.history)) == (60, 0, 4, 4)
    assert "training rows: loss" in done.text


def test_another_table_validates():
    done = learn.train(model(), source(separable()), validation_data=source(separable(30, seed=1)), epochs=2)
    assert (done.rows, done.validation_rows) == (60, 30)
    text = separable(30).replace("yes", "perhaps", 1)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "perhaps" in row)
    message = fails(learn.train, model(), source(separable()), validation_data=source(text), epochs=1)
    assert message == f"t.csv, line {line}, column 'class': unknown class 'perhaps'; the classes are no, yes"


def test_rows_without_a_target_are_left_out_and_counted():
    said = []
    done = learn.train(model(), source(separable() + "1,2,?\n3,4,\n"), epochs=1, say=said.append)
    assert done.rows + done.validation_rows == 60
    assert "2 rows without a target left out" in said


def test_one_class_and_fewer_classes_than_outputs():
    said = []
    done = learn.train(model(classes=3), source("a,b,class\n1,2,x\n3,4,x\n"), epochs=1, say=said.append)
    assert "warning: all rows are of one class" in said
    assert done.opened.encoding.classes == ("x",)
    assert done.facts["classes"] == ["x"]


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "binary_crossentropy"])
def test_other_losses_of_classes(loss):
    made = model(2, 1, loss, "sigmoid") if loss == "binary_crossentropy" else model(2, 2, loss)
    done = learn.train(made, source(separable(200)), epochs=30)
    assert done.evaluation.metrics["accuracy"] > 0.9
    predicted = learn.predict(done.opened, source("a,b\n2,0\n-2,0\n"))
    assert predicted.names == ("no", "yes")
    [block] = predicted.blocks
    np.testing.assert_allclose(block.sum(axis=1), 1, rtol=1e-5)
    assert block.argmax(axis=1).tolist() == [1, 0]


def test_a_model_that_was_not_compiled_gets_the_loss_of_its_last_activation():
    made = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.Softmax()])
    done = learn.train(made, source(separable()), epochs=1)
    assert done.opened.model.loss == "sparse_categorical_crossentropy"


def test_values():
    text = "x,y\n" + "".join(f"{x},{3 * x - 1}\n" for x in np.linspace(-1, 1, 50))
    done = learn.train(model(1, 1, "mse", None), source(text), epochs=150)
    assert done.evaluation.metrics["r2"] > 0.98
    assert set(done.evaluation.metrics) == {"loss", "mse", "mae", "rmse", "r2"}
    assert done.evaluation.metrics["loss"] == pytest.approx(done.evaluation.metrics["mse"])
    [header, row] = "".join(learn.predict(done.opened, source("x\n0.5\n")).csv()).splitlines()
    assert header == "y" and float(row) == pytest.approx(0.5, abs=0.3)


def test_several_values():
    text = "x,u,v\n" + "".join(f"{x},{x},{-x}\n" for x in np.linspace(-1, 1, 50))
    done = learn.train(model(1, 2, "mae", None), source(text), target=("u", "v"), epochs=60)
    text = "".join(learn.predict(done.opened, source("0.5\n")).json())
    assert json.loads(text).keys() == {"u", "v"}


def test_class_weights():
    y = np.array([0, 0, 0, 1])
    assert learn._weights("balanced", y, ("a", "b")) == {0: pytest.approx(2 / 3), 1: 2.0}
    assert learn._weights({"b": 3.0}, y, ("a", "b")) == {0: 1.0, 1: 3.0}
    assert learn.train(model(), source(separable()), class_weight="balanced", epochs=1).history


def test_options_of_keras_reach_the_training():
    done = learn.train(
        model(),
        source(separable()),
        epochs=2,
        optimizer="sgd",
        learning_rate=0.25,
        loss="categorical_crossentropy",
        batch_size=7,
    )
    assert done.opened.model.optimizer.name.lower() == "sgd"
    assert float(done.opened.model.optimizer.learning_rate) == 0.25
    assert int(done.opened.model.optimizer.iterations) == 2 * math.ceil(48 / 7)
    assert done.opened.model.loss == "categorical_crossentropy"


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"loss": "nope"},
            "Keras has no loss called 'nope'; it has mean_squared_error, binary_crossentropy and others",
        ),
        ({"optimizer": "nope"}, "Keras has no optimizer called 'nope'; it has adam, sgd, rmsprop and others"),
        ({"class_weight": {"maybe": 2}}, "class weight for unknown class 'maybe'; the classes are no, yes"),
    ],
)
def test_options_that_mean_nothing(options, message):
    assert fails(learn.train, model(), source(separable()), epochs=1, **options) == message


def test_class_weights_are_for_classes():
    message = fails(learn.train, model(1, 1, "mse", None), source("x,y\n1,2\n"), class_weight="balanced")
    assert message == "class weights are for classes, and this net gives values"


def test_a_loss_that_is_no_number_ends_it():
    text = "x,y\n" + "1e30,1e30\n" * 20
    message = fails(learn.train, model(1, 1, "mse", None), source(text), target=("y",))
    assert message == "the loss became inf in epoch 1: try a smaller --learning-rate, or --rescale"


def test_what_a_table_cannot_train():
    made = keras.Sequential([keras.Input((2, 3)), layers.Dense(2)])
    assert fails(learn.train, made, source("a\n1\n")) == (
        "the model: the net gives 2 x 2 a row, and a table trains one row of values"
    )
    entry = keras.Input((2,))
    made = keras.Model(entry, [layers.Dense(1)(entry), layers.Dense(2)(entry)])
    assert fails(learn.train, made, source("a\n1\n")) == "the model: the net has 2 outputs, and a table trains one"
    assert fails(learn.train, model(), source("a,b,class\n1,2,?\n"), target=("class",)) == (
        "t.csv, column 'class': the target column is empty"
    )


def test_progress_is_told():
    seen = []
    learn.train(model(), source(separable()), epochs=2, batch_size=8, progress=seen.append)
    assert [at.epoch for at in seen if at.done == 1 and "val_loss" in at.figures] == [1, 2]
    assert all(0 < at.done <= 1 and at.epochs == 2 for at in seen)


def test_the_history_is_written(tmp_path):
    done = learn.train(model(), source(separable()), epochs=2)
    done.save_history(tmp_path / "h.csv")
    done.save_history(tmp_path / "h.jsonl")
    assert (tmp_path / "h.csv").read_text().splitlines()[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[0]["loss"] == done.history[0]["loss"]


# What is kept


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained model of two texts and a number, as a file."""
    generator = np.random.default_rng(0)
    rows = [(a, "pq"[int(b > 0)], "uvw"[n % 3]) for n, (a, b) in enumerate(generator.normal(size=(90, 2)))]
    text = "a,b,c,kind\n" + "".join(f"{a:.3f},{b},{c},{'high' if a > 0 else 'low'}\n" for a, b, c in rows)
    path = tmp_path_factory.mktemp("trained") / "net.keras"
    archive.save(model(5, hidden=[layers.Dense(4)]), path, {"weights.json": b"{}"})
    done = learn.train(path, source(text), epochs=30)
    done.save(done.opened.trained_path())
    return done.opened.trained_path(), text


def test_everything_learnt_is_in_the_file(trained):
    path, _ = trained
    assert path.name == "net-trained.keras"
    members = archive.members(path)
    assert sorted(members) == ["table.json", "weights.json"]
    known = Encoding.load(members["table.json"], "net")
    assert [feature.width for feature in known.features] == [1, 1, 3]
    assert float(keras.saving.load_model(path).optimizer.learning_rate) == pytest.approx(0.05)


def test_a_file_is_evaluated_and_predicts(trained):
    path, text = trained
    found = learn.evaluate(path, source(text))
    assert found.metrics["accuracy"] > 0.9 and found.rows == 90
    lines = "".join(learn.predict(path, source(text)).csv()).splitlines()
    assert lines[0] == "class,probability" and len(lines) == 91
    assert {line.split(",")[0] for line in lines[1:]} == {"high", "low"}


def test_the_target_of_another_table_may_have_another_name(trained):
    path, text = trained
    other = text.replace("kind", "truth")
    assert learn.evaluate(path, source(other), target=("truth",)) == learn.evaluate(path, source(text))
    bare = text.split("\n", 1)[1]
    assert learn.evaluate(path, source(bare), target=("-1",)) == learn.evaluate(path, source(text))
    assert fails(learn.evaluate, path, source(bare), target=("9",)) == (
        "t.csv: has no column '9'; its columns are a, b, c, kind"
    )
    assert fails(learn.evaluate, path, source(other)) == "t.csv: has no target column 'kind'"


def test_categories_not_seen_in_training_are_told_once(trained):
    said = []
    predictions = learn.predict(trained[0], source("a,b,c\n1,p,x\n2,q,x\n"), say=said.append)
    assert "".join(predictions.csv()).count("\n") == 3
    assert said == ["warning: column 'c': 2 cells of categories that the training table did not have, taken as missing"]


def test_training_goes_on_from_a_trained_model(trained):
    path, text = trained
    said = []
    done = learn.train(path, source(text), epochs=1, say=said.append)
    assert done.opened.encoding == learn.open_model(path).encoding
    assert said[0] == "columns, categories and classes are those of the table that the model was trained on"


def test_rows_come_as_they_arrive_and_a_fault_stops_there(trained):
    ends = os.pipe()
    reading, writing = os.fdopen(ends[0], "rb"), os.fdopen(ends[1], "wb", buffering=0)
    writing.write(b"a,b,c\n1,p,u\n")
    blocks = learn.predict(trained[0], reading).csv()
    assert next(blocks).count("\n") == 2
    writing.write(b"-1,q,v\n2,q,w\n")
    assert next(blocks).count("\n") == 2
    writing.write(b"x,q,w\n")
    assert fails(next, blocks) == (
        "standard input, line 5, column 'a': 'x' is no number, in a column that was numeric in training"
    )
    writing.close()


def test_a_plain_model_takes_numbers_only():
    made = model()
    lines = "".join(learn.predict(made, source("a,b\n1,2\n")).csv(proba=True)).splitlines()
    assert lines[0] == "class,0,1"
    assert fails(lambda: list(learn.predict(made, source("a,b\n1,2\n1,x\n")).csv())) == (
        "t.csv, line 3, column 'b': 'x' is no number, in a column that the net, untrained on such tables, "
        "takes as numbers"
    )
    assert fails(lambda: list(learn.predict(made, source("1,2,3,4\n")).csv())) == (
        "t.csv: 4 features found, and the net takes 2: 1, 2, 3, 4; --target names a column that is none"
    )
    found = learn.evaluate(made, source("a,b,class\n1,2,0\n3,4,1\n?,2,1\n".replace("?", "5")))
    assert [report.name for report in found.classes] == ["0", "1"]


def test_names_given_when_the_net_was_converted(tmp_path):
    archive.save(model(), tmp_path / "net.keras", {"classes.json": b'["ill", "well"]'})
    predictions = learn.predict(tmp_path / "net.keras", source("a,b\n1,2\n"))
    assert predictions.names == ("ill", "well")
    archive.save(model(), tmp_path / "net.keras", {"classes.json": b"1"})
    message = fails(learn.predict, tmp_path / "net.keras", source("a,b\n1,2\n"), kind=FormatError)
    assert message == f"{tmp_path / 'net.keras'}: its member netconv/classes.json is damaged"


def test_an_encoding_of_another_model(trained, tmp_path):
    archive.save(model(3), tmp_path / "x.keras", archive.members(trained[0]))
    message = f"{tmp_path / 'x.keras'}: its member netconv/table.json does not fit the model"
    for call in (learn.train, learn.evaluate, learn.predict):
        assert fails(call, tmp_path / "x.keras", source("a\n1\n"), kind=FormatError) == message


def test_logits_are_made_probabilities():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    [block] = learn.predict(model(2, 3, loss, None), source("1,2\n")).blocks
    np.testing.assert_allclose(block.sum(), 1, rtol=1e-6)


# Figures


def test_an_evaluation_agrees_with_counting():
    given = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 0]] * 0.9 + 0.05
    y = np.array([0, 0, 0, 1, 2, 2])
    found = learn._assess(given, y, Needs(2, 3, 3), "sparse_categorical_crossentropy", ("a", "b", "long name, c"))
    assert found.confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert found.metrics["accuracy"] == pytest.approx(4 / 6)
    a, b, _ = found.classes
    assert (a.precision, a.recall, a.count) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall, b.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert found.text.splitlines() == [
        "rows      6",
        f"loss      {found.metrics['loss']:.4f}",
        "accuracy  0.6667",
        "",
        "class        precision    recall        f1     count",
        "a               0.6667    0.6667    0.6667         3",
        "b               0.5000    1.0000    0.6667         1",
        "long name, c    1.0000    0.5000    0.6667         2",
        "",
        "confusion: true classes down, predicted across",
        "                        a            b long name, c",
        "a                       2            1            0",
        "b                       0            1            0",
        "long name, c            1            0            1",
    ]
    assert json.dumps(found.facts)


def test_predictions_are_written_so_that_they_can_be_read():
    blocks = [np.array([[0.25, 0.75], [1, 0]], np.float32)]
    predictions = learn.Predictions(('say "a"', "b,c"), True, iter(blocks))
    assert "".join(predictions.csv(proba=True)) == ('class,"say ""a""","b,c"\n"b,c",0.25,0.75\n"say ""a""",1,0\n')
    predictions = learn.Predictions(("a", "b"), True, iter(blocks))
    assert [json.loads(line) for line in "".join(predictions.json(proba=True)).splitlines()] == [
        {"class": "b", "probabilities": {"a": 0.25, "b": 0.75}},
        {"class": "a", "probabilities": {"a": 1.0, "b": 0.0}},
    ]
    assert "".join(learn.Predictions(("a",), True, iter([])).csv()) == "class,probability\n"


# Shapes


def test_rows_fill_the_inputs_of_a_net():
    one, two = keras.Input((1, 2), name="one"), keras.Input((2,), dtype="int32", name="two")
    made = keras.Model([one, two], layers.Concatenate()([layers.Flatten()(one), layers.Embedding(9, 1)(two)[..., 0]]))
    first, second = learn._inputs(made, np.array([[1, 2, 3, 4]], np.float32))
    assert first.tolist() == [[[1, 2]]] and second.tolist() == [[3, 4]] and second.dtype == np.int32


def test_unknown_lengths_are_found_out():
    entry = keras.Input((1, None, None))
    made = keras.Model(entry, layers.GlobalAveragePooling2D(data_format="channels_first")(entry))
    [image] = learn._inputs(made, np.zeros((3, 49), np.float32))
    assert image.shape == (3, 1, 7, 7)
    assert fails(learn._inputs, made, np.zeros((3, 50), np.float32)) == (
        "50 features do not fill the net's input of 1 x ? x ?"
    )


# Finding the model


def touch(folder, *names):
    for name in names:
        (folder / name).write_text('{"nodes": []}' if name.endswith(".json") else "")


@pytest.mark.parametrize(
    "names, training, evaluating",
    [
        (["net.json", "net.params"], "net.json", "net.json"),
        (["net.json", "net.keras"], "net.keras", "net.keras"),
        (["net.json", "net.keras", "net-trained.keras"], "net.keras", "net-trained.keras"),
        (["x-symbol.json", "x-trained.keras"], "x-symbol.json", "x-trained.keras"),
    ],
)
def test_the_only_model_is_found(tmp_path, monkeypatch, names, training, evaluating):
    touch(tmp_path, *names)
    (tmp_path / "package.json").write_text('{"name": "no net"}')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder, data, prefix in ((tmp_path, None, Path()), (elsewhere, tmp_path / "t.csv", tmp_path)):
        monkeypatch.chdir(folder)
        assert learn.find_model(data, True) == prefix / training
        assert learn.find_model(data, False) == prefix / evaluating


def test_several_models_or_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fails(learn.find_model, None, True) == f"no .keras file and no net.json in {tmp_path}: give one with -m"
    touch(tmp_path, "a.keras", "b.json")
    assert fails(learn.find_model, None, True) == "several models: a.keras, b.json; choose one with -m"
    (tmp_path / "data").mkdir()
    touch(tmp_path / "data", "c.keras")
    assert learn.find_model(tmp_path / "data" / "t.csv", True) == Path("data/c.keras")


def test_where_the_trained_model_goes(tmp_path):
    def path(name, output=None):
        return learn.Opened(None, name, tmp_path / name).trained_path(output)

    assert path("net.keras") == tmp_path / "net-trained.keras"
    assert path("x-symbol.json") == tmp_path / "x-trained.keras"
    assert learn.Opened(None).trained_path() == Path("model-trained.keras")
    assert fails(path, "x-trained.keras") == (
        f"{tmp_path / 'x-trained.keras'}: the trained model would be written over its input; choose another with -o"
    )
    assert fails(path, "net.keras", "x.h5") == (
        "x.h5: a trained model is a .keras file, which has room for what was learnt"
    )
    assert fails(path, "net.keras", "no/x.keras") == "no/x.keras: there is no folder no"
