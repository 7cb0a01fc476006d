"""Training of small models on small tables, and the files it writes."""

import json
import math
import os

import keras
import nets
import numpy as np
import pytest
from models import KIDNEY, fails, layers, model, separable, source

import netconv
from netconv import FormatError
from netconv.features.encoding import Encoding
from netconv.inference import validation_rows
from netconv.keras_files import archive


def test_the_kidney_table_without_options():
    hidden = [layers.BatchNormalization(momentum=0.9), layers.Dense(20), layers.ReLU(), layers.Dropout(0.1)]
    made = model(24, hidden=hidden)
    made.optimizer.learning_rate = 0.01
    notes = []
    done = netconv.train(made, KIDNEY, notify=notes.append)
    assert done.evaluation.metrics["accuracy"] >= 0.97
    assert notes[:2] == [
        "target      classification (target= names another): ckd = 0, notckd = 1",
        "features    24 columns (columns= names others), in this order:",
    ]
    assert notes[2].startswith(
        "  numbers   age (47 missing = 51.5), bp (39 missing = 80), sg (53 missing = 1.018), al "
    )
    assert notes[-1] == "left out    id (row numbers, by its name); columns='*' uses every column"
    assert done.encoding.heads[0].classes == ("ckd", "notckd")


def test_training_stops_and_keeps_the_best_weights():
    text = separable(80) + "0.5,1,no\n-0.5,1,yes\n" * 8
    done = netconv.train(model(), source(text), early_stopping=3, epochs=300)
    losses = [metrics["val_loss"] for metrics in done.history]
    assert len(losses) == done.best_epoch + 3 < 300
    assert losses[done.best_epoch - 1] == min(losses)
    assert done.evaluation.metrics["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_the_monitored_metric_decides_which_epoch_is_best():
    options = {"epochs": 40, "early_stopping": 3, "monitor": "val_accuracy"}
    done = netconv.train(model(), source(separable(40)), **options)
    accuracies = [metrics["val_accuracy"] for metrics in done.history]
    assert len(accuracies) == done.best_epoch + 3 == accuracies.index(max(accuracies)) + 4 < 40
    assert done.evaluation.metrics["accuracy"] == pytest.approx(max(accuracies))
    message = "there is no metric 'val_nope' to monitor; there are loss, accuracy, val_loss, val_accuracy"
    assert fails(netconv.train, model(), source(separable()), monitor="val_nope") == message
    assert fails(netconv.train, model(), source(separable()), monitor="val_accuracy", validation_split=0) == (
        "there is no metric 'val_accuracy' to monitor; there are loss, accuracy"
    )


def test_the_shape_of_an_untrained_net_is_inferred_from_the_table(tmp_path):
    path = nets.write(tmp_path, nets.graph(
        nets.null("data"), nets.null("w"), nets.null("b"), nets.op("FullyConnected", "fc", [0, 1, 2], num_hidden=2),
        nets.op("softmax", "s", [3]),
    ))  # fmt: skip
    notes = []
    done = netconv.train(path, source(separable()), epochs=2, notify=notes.append)
    assert done.loaded.model.input_shape == (None, 2)
    assert notes[:2] == [
        "no parameter file: untrained, initial weights drawn with seed 0",
        "data: shape (?, 2) inferred from the data",
    ]
    done.save(tmp_path / "t.keras")
    assert archive.load(tmp_path / "t.keras").input_shape == (None, 2)
    assert fails(netconv.predict, path, source("1,2\n")) == (
        f"{path}: the size of axis 1 of input 'data' of shape (?, ?) cannot be inferred; give for example "
        "input_shapes={'data': (None, 10)}"
    )
    two = nets.graph(
        nets.null("p"), nets.null("q"), nets.op("concat", "c", [0, 1], dim=1, num_args=2), nets.null("w"),
        nets.op("FullyConnected", "fc", [2, 3], num_hidden=2, no_bias=True),
    )  # fmt: skip
    assert fails(netconv.train, nets.write(tmp_path, two, "two"), source(separable())).startswith(
        f"{tmp_path / 'two.json'}: the size of axis 1 of input 'p' of shape (?, ?) cannot be inferred"
    )


def test_two_runs_are_equal():
    def weights(seed):
        done = netconv.train(model(hidden=[layers.Dropout(0.3)]), source(separable()), epochs=3, seed=seed)
        return done.loaded.model.get_weights()[:2]

    for one, two in zip(weights(5), weights(5), strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(weights(5), weights(6), strict=True))


def test_the_rows_for_validation_are_of_all_classes_and_are_not_trained_on():
    y = np.array([0] * 50 + [1] * 10 + [2])
    held = validation_rows.stratified_sample(y, 0.2, 0)
    assert np.bincount(y[held]).tolist() == [10, 2]
    assert (
        validation_rows.stratified_sample(y, 0.2, 0).tolist()
        == held.tolist()
        != validation_rows.stratified_sample(y, 0.2, 1).tolist()
    )
    assert np.bincount(y[validation_rows.stratified_sample(y, 0.25, 0)]).tolist() == [13, 2]  # 15.25 of 61
    assert len(validation_rows.stratified_sample(np.repeat(np.arange(10), 6), 0.25, 0)) == 15
    text = "a,b,class\n" + "".join(f"{n},,{'yn'[n % 2]}\n" for n in range(100))
    done = netconv.train(model(), source(text), epochs=1)
    inside = np.delete(np.arange(100), validation_rows.stratified_sample(1 - np.arange(100) % 2, 0.2, 0))
    assert [f.fill for f in done.encoding.features] == [float(np.median(inside)), 0.0]


def test_without_validation_all_rows_are_trained_on_to_the_last_epoch():
    done = netconv.train(model(), source(separable()), validation_split=0, epochs=4)
    assert (done.rows, done.validation_rows, done.best_epoch, len(done.history)) == (60, 0, 4, 4)
    assert done.text.splitlines() == [
        "rows        60 to train on, none to validate on",
        f"classes     no {done.class_rows[0]['no']}, yes {done.class_rows[0]['yes']}",
        "epochs      4, the last one is kept",
        f"training    loss {done.evaluation.metrics['loss']:.4f}, accuracy {done.evaluation.metrics['accuracy']:.4f}",
    ]


def test_another_table_validates():
    done = netconv.train(model(), source(separable()), validation_data=source(separable(30, seed=1)), epochs=2)
    assert (done.rows, done.validation_rows) == (60, 30)
    text = separable(30).replace("yes", "perhaps", 1)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "perhaps" in row)
    message = fails(netconv.train, model(), source(separable()), validation_data=source(text), epochs=1)
    assert message == f"t.csv, line {line}, column 'class': unknown class 'perhaps'; the classes are no, yes"


def test_rows_without_a_target_are_left_out_and_counted():
    notes = []
    done = netconv.train(model(), source(separable() + "1,2,?\n3,4,\n"), epochs=1, notify=notes.append)
    assert done.rows + done.validation_rows == 60
    assert [note for note in (*notes, done.text) if "left out" in note] == ["2 rows without a target left out"]


def test_fewer_classes_than_outputs():
    done = netconv.train(model(classes=3), source("a,b,class\n1,2,x\n3,4,y\n"), epochs=1)
    assert done.encoding.heads[0].classes == ("x", "y")
    assert done.facts["heads"][0]["classes"] == ["x", "y"]


def test_a_single_class():
    assert fails(netconv.train, model(), source("a,b,class\n1,2,x\n3,4,x\n")) == (
        "t.csv, column 'class': all rows are of one class, 'x': there is nothing to distinguish"
    )


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "binary_crossentropy"])
def test_other_losses_of_classes(loss):
    made = model(2, 1, loss, "sigmoid") if loss == "binary_crossentropy" else model(2, 2, loss)
    done = netconv.train(made, source(separable(200)), epochs=30)
    assert done.evaluation.metrics["accuracy"] > 0.9
    predicted = netconv.predict(done.loaded, source("a,b\n2,0\n-2,0\n"))
    assert predicted.names == ("no", "yes")
    [block] = predicted.blocks
    np.testing.assert_allclose(block.values.sum(axis=1), 1, rtol=1e-5)
    assert block.values.argmax(axis=1).tolist() == [1, 0]


def test_a_model_that_was_not_compiled_gets_the_loss_of_its_last_activation():
    made = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.Softmax()])
    done = netconv.train(made, source(separable()), epochs=1)
    assert done.loaded.model.loss == "sparse_categorical_crossentropy"


def test_values():
    text = "x,y\n" + "".join(f"{x},{3 * x - 1}\n" for x in np.linspace(-1, 1, 50))
    done = netconv.train(model(1, 1, "mse", None), source(text), epochs=150)
    assert done.evaluation.metrics["r2"] > 0.98
    assert set(done.evaluation.metrics) == {"loss", "mse", "mae", "rmse", "r2"}
    assert done.evaluation.metrics["loss"] == pytest.approx(done.evaluation.metrics["mse"])
    [header, row] = b"".join(netconv.predict(done.loaded, source("x\n0.5\n")).csv()).decode().splitlines()
    assert header == "y" and float(row) == pytest.approx(0.5, abs=0.3)


def test_several_values():
    text = "x,u,v\n" + "".join(f"{x},{x},{-x}\n" for x in np.linspace(-1, 1, 50))
    done = netconv.train(model(1, 2, "mae", None), source(text), target=("u", "v"), epochs=60)
    text = b"".join(netconv.predict(done.loaded, source("0.5\n")).json()).decode()
    assert json.loads(text).keys() == {"u", "v"}


def test_options_of_keras_reach_the_training():
    done = netconv.train(
        model(),
        source(separable()),
        epochs=2,
        optimizer="sgd",
        learning_rate=0.25,
        loss="categorical_crossentropy",
        batch_size=7,
    )
    assert done.loaded.model.optimizer.name.lower() == "sgd"
    assert float(done.loaded.model.optimizer.learning_rate) == 0.25
    assert int(done.loaded.model.optimizer.iterations) == 2 * math.ceil(48 / 7)
    assert done.loaded.model.loss == "categorical_crossentropy"


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"loss": "nope"},
            "Keras has no loss called 'nope'; it has mean_squared_error, binary_crossentropy and others",
        ),
        ({"optimizer": "adam(learning_rate=-1.0)"}, "the learning rate must be a number above 0; received -1"),
        (
            {"validation_data": "v.csv", "validation_split": 0.2},
            "validation_split= and validation_data= exclude each other",
        ),
        ({"optimizer": "nope"}, "Keras has no optimizer called 'nope'; it has adam, sgd, rmsprop and others"),
        ({"class_weight": {"maybe": 2}}, "class weight for unknown class 'maybe'; the classes are no, yes"),
        (
            {"class_weight": {"Yes": 2}},
            "class weight for unknown class 'Yes'; did you mean 'yes'? The classes are no, yes",
        ),
        ({"class_weight": {"yes": -1}}, "class_weight: the weight of 'yes' must be a number from 0 on; received -1"),
        (
            {"class_weight": {"yes": float("nan")}},
            "class_weight: the weight of 'yes' must be a number from 0 on; received nan",
        ),
        ({"class_weight": {"yes": 0, "no": 0}}, "the weight of every class is 0: there is nothing to train on"),
    ],
)
def test_invalid_options(options, message):
    assert fails(netconv.train, model(), source(separable()), epochs=1, **options) == message


def test_class_weights_are_for_classes():
    message = fails(netconv.train, model(1, 1, "mse", None), source("x,y\n1,2\n"), class_weight="balanced")
    assert message == "class weights are for classifiers, and this net predicts values"


def test_unknown_options():
    message = fails(netconv.train, model(), source(separable()), epoch=1, kind=TypeError)
    assert message == "train() has no option 'epoch'; did you mean 'epochs'?"
    message = fails(netconv.evaluate, model(), source(separable()), keep="a", kind=TypeError)
    assert message == "evaluate() has no option 'keep'"
    assert fails(netconv.predict, model(), source(separable()), colums="a", kind=TypeError) == (
        "predict() has no option 'colums'; did you mean 'columns'?"
    )


def test_a_nan_loss_ends_it():
    text = "x,y\n" + "1e30,1e30\n" * 20
    message = fails(netconv.train, model(1, 1, "mse", None), source(text), target=("y",))
    assert message == "the loss became inf in epoch 1, probably because x is as large as 1e+30; try standardize=True"


def test_nets_that_a_table_cannot_train():
    made = keras.Sequential([keras.Input((2, 3)), layers.Dense(2)])
    assert fails(netconv.train, made, source("a\n1\n")) == (
        "the model: the net outputs 2 x 2 per row, and a table can train only a vector"
    )
    entry = keras.Input((2,))
    wide = layers.Reshape((2, 1), name="wide")(entry)
    made = keras.Model(entry, [layers.Dense(1, name="flat")(entry), wide])
    assert fails(netconv.train, made, source("a\n1\n")) == (
        "the model: the net outputs 2 x 1 per row in 'wide', and a table can train only a vector"
    )
    twice = layers.Dense(2, name="twice")
    made = keras.Model(entry, [twice(entry), twice(entry + 1)])
    assert fails(netconv.train, made, source("a\n1\n")) == (
        "the model: two outputs of the net are called 'twice', and a table names them"
    )
    assert fails(netconv.train, model(), source("a,b,class\n1,2,?\n"), target=("class",)) == (
        "t.csv, column 'class': the target column is empty"
    )


def test_progress_is_reported():
    seen = []
    netconv.train(model(), source(separable()), epochs=2, batch_size=8, progress=seen.append)
    assert [at.epoch for at in seen if at.done == 1 and "val_loss" in at.metrics] == [1, 2]
    assert all(0 <= at.done <= 1 and at.epochs == 2 for at in seen)
    assert [(at.rows, at.left) for at in (seen[0], seen[-1])] == [(0, 96), (96, 0)]


def test_the_history_is_written(tmp_path):
    done = netconv.train(model(), source(separable()), epochs=2)
    done.save_history(tmp_path / "h.csv")
    done.save_history(tmp_path / "h.jsonl")
    assert (tmp_path / "h.csv").read_text().splitlines()[0] == "epoch,loss,accuracy,val_loss,val_accuracy"
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[0]["loss"] == done.history[0]["loss"]


# What is saved


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained model of two texts and a number, as a file."""
    generator = np.random.default_rng(0)
    rows = [(a, "pq"[int(b > 0)], "uvw"[n % 3]) for n, (a, b) in enumerate(generator.normal(size=(90, 2)))]
    text = "a,b,c,kind\n" + "".join(f"{a:.3f},{b},{c},{'high' if a > 0 else 'low'}\n" for a, b, c in rows)
    path = tmp_path_factory.mktemp("trained") / "net.keras"
    archive.save(model(5, hidden=[layers.Dense(4)]), path, {"weights.json": b"{}"})
    done = netconv.train(path, source(text), epochs=30)
    done.save(done.loaded.trained_path())
    return done.loaded.trained_path(), text


def test_how_the_table_was_read_is_in_the_file(trained):
    path, _ = trained
    assert path.name == "net-trained.keras"
    members = archive.members(path)
    assert sorted(members) == ["table.json", "trained_rows.json", "weights.json"]
    known = Encoding.load(members["table.json"], "net")
    assert [feature.width for feature in known.features] == [1, 1, 3]
    assert float(keras.saving.load_model(path).optimizer.learning_rate) == pytest.approx(0.05)


def test_a_file_is_evaluated_and_predicts(trained):
    path, text = trained
    found = netconv.evaluate(path, source(text))
    assert found.metrics["accuracy"] > 0.9 and found.rows == 90
    lines = b"".join(netconv.predict(path, source(text)).csv()).decode().splitlines()
    assert lines[0] == "class,probability" and len(lines) == 91
    assert {line.split(",")[0] for line in lines[1:]} == {"high", "low"}


def test_the_target_of_another_table_may_have_another_name(trained):
    path, text = trained
    other = text.replace("kind", "truth")
    assert netconv.evaluate(path, source(other), target=("truth",)) == netconv.evaluate(path, source(text))
    bare = text.split("\n", 1)[1]
    assert netconv.evaluate(path, source(bare), target=("-1",)) == netconv.evaluate(path, source(text))
    assert fails(netconv.evaluate, path, source(bare), target=("9",)) == (
        "t.csv: has no column '9'; its columns are a, b, c, kind"
    )
    assert fails(netconv.evaluate, path, source(other)) == "t.csv: has no target column 'kind'"


def test_categories_not_seen_in_training_are_reported_once(trained):
    notes = []
    predictions = netconv.predict(trained[0], source("a,b,c\n1,p,x\n2,q,x\n"), notify=notes.append)
    assert b"".join(predictions.csv()).decode().count("\n") == 3
    assert notes == [
        "features    3 columns, read as in training",
        "warning: column 'c': 2 cells with a category that is not in the training table, treated as missing",
    ]


def test_training_continues_from_a_trained_model(trained):
    path, text = trained
    notes = []
    done = netconv.train(path, source(text), epochs=1, notify=notes.append)
    assert done.encoding == netconv.open_model(path).encoding
    assert notes[0] == "columns, categories and classes are those of the table that the model was trained on"


def test_rows_are_predicted_as_they_arrive_until_an_error(trained):
    ends = os.pipe()
    reading, writing = os.fdopen(ends[0], "rb"), os.fdopen(ends[1], "wb", buffering=0)
    writing.write(b"a,b,c\n1,p,u\n")
    blocks = netconv.predict(trained[0], reading).csv()
    assert next(blocks).count(b"\n") == 2
    writing.write(b"-1,q,v\n2,q,w\n")
    assert next(blocks).count(b"\n") == 2
    writing.write(b"x,q,w\n")
    assert fails(next, blocks) == (
        "the stream, line 5, column 'a': 'x' is not a number, in a column that was numeric in training; "
        "errors='skip' or null continues"
    )
    writing.close()


def test_a_plain_model_takes_numbers_only():
    made = model()
    lines = b"".join(netconv.predict(made, source("a,b\n1,2\n")).csv(proba=True)).decode().splitlines()
    assert lines[0] == "class,0,1"
    assert fails(lambda: list(netconv.predict(made, source("a,b\n1,2\n1,x\n")).csv())) == (
        "t.csv, line 3, column 'b': 'x' is not a number, and this model has no encodings, as it was not trained by "
        "`netconv train`: it takes numbers only; errors='skip' or null continues"
    )
    assert fails(lambda: list(netconv.predict(made, source("1,2,3,4\n")).csv())) == (
        "t.csv: 4 features found, and the net takes 2: 1, 2, 3, 4; target= names a column that is not a feature"
    )
    found = netconv.evaluate(made, source("a,b,class\n1,2,0\n3,4,1\n?,2,1\n".replace("?", "5")))
    assert [report.name for report in found.classes] == ["0", "1"]


def test_names_given_when_the_net_was_converted(tmp_path):
    archive.save(model(), tmp_path / "net.keras", {"classes.json": b'["ill", "well"]'})
    predictions = netconv.predict(tmp_path / "net.keras", source("a,b\n1,2\n"))
    assert predictions.names == ("ill", "well")
    archive.save(model(), tmp_path / "net.keras", {"classes.json": b"1"})
    message = fails(netconv.predict, tmp_path / "net.keras", source("a,b\n1,2\n"), kind=FormatError)
    assert message == f"{tmp_path / 'net.keras'}: its member netconv/classes.json is damaged"


def test_an_encoding_of_another_model(trained, tmp_path):
    archive.save(model(3), tmp_path / "x.keras", archive.members(trained[0]))
    message = f"{tmp_path / 'x.keras'}: its member netconv/table.json does not fit the model"
    for call in (netconv.train, netconv.evaluate, netconv.predict):
        assert fails(call, tmp_path / "x.keras", source("a\n1\n"), kind=FormatError) == message


def test_logits_become_probabilities():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    [block] = netconv.predict(model(2, 3, loss, None), source("1,2\n")).blocks
    np.testing.assert_allclose(block.values.sum(), 1, rtol=1e-6)


def test_classes_that_are_equal_numbers_are_noted():
    def notes(first, second, third):
        found = []
        text = "a,b,class\n" + "".join(f"{n},{n % 5},{(first, second, third)[n % 3]}\n" for n in range(30))
        netconv.train(model(2, 3), source(text), epochs=1, notify=found.append)
        return [note for note in found if "equal" in note]

    assert notes("001", "01", "2") == [
        "note        001 and 01 in column 'class' are equal numbers, and one class; written with a letter they are two"
    ]
    assert notes("01", "1", "b") == notes("1", "0", "2") == notes("1.0", "0.0", "2.0") == []
