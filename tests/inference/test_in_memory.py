"""Training, evaluating and predicting on tables in memory."""

import io
import logging

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tensorflow as tf
from encoded import spec_of
from models import KIDNEY, fails, model, separable
from tensorflow.python.eager.polymorphic_function import polymorphic_function

import netconv
from netconv.features import schema_inference
from netconv.inference.reading import find_files, read_table

FRAME = pd.read_csv(io.StringIO(separable(200)))
X, Y = FRAME[["a", "b"]].to_numpy(), FRAME["class"].to_numpy()
NUMBERS = (Y == "yes").astype(int)


def train(data, **options):
    return netconv.train(model(), data, epochs=2, **options)


def weights(result):
    return result.loaded.model.get_weights()


@pytest.fixture(scope="module")
def from_csv():
    return train(io.StringIO(separable(200)))


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        (FRAME[["a", "b"]], FRAME["class"]),
        (X, Y),
        (X, NUMBERS),
        (X, NUMBERS[:, None].astype(float)),
        (X, np.eye(2)[NUMBERS]),
        (X, NUMBERS > 0),
        tf.data.Dataset.from_tensor_slices((X, NUMBERS)).batch(32),
    ],
    ids="frame frames names numbers column onehot booleans dataset".split(),
)
def test_training_is_that_on_the_csv(data, from_csv):
    for one, two in zip(weights(train(data)), weights(from_csv), strict=True):
        np.testing.assert_array_equal(one, two)


def test_classes_of_arrays():
    assert train((X, Y)).encoding.heads[0].classes == ("no", "yes")
    assert (
        train((X, NUMBERS)).encoding.heads[0].classes
        == train((X, np.eye(2)[NUMBERS])).encoding.heads[0].classes
        == ("0", "1")
    )
    assert train((X, NUMBERS > 0)).encoding.heads[0].classes == ("False", "True")
    onehot = pd.DataFrame(np.eye(2)[NUMBERS], columns=["no", "yes"])
    assert train((X, onehot)).encoding.heads[0].classes == ("no", "yes")


def encoding(data):
    options = netconv.TableOptions()
    table = read_table(find_files(data, options, "train", print), options)
    return schema_inference.infer_encoding(table, spec_of(24, 2, 2), options)


@pytest.mark.parametrize("read", [pd.read_csv, lambda path: pl.read_csv(path, infer_schema_length=None)])
def test_a_frame_has_the_features_of_its_csv(read):
    assert encoding(read(KIDNEY)) == encoding(KIDNEY)


def test_dates_are_refused_with_the_same_words():
    frame = FRAME.assign(day=["2020-01-02", "2021-03-04"] * 100)
    text = frame.to_csv(index=False)
    typed = pl.from_pandas(frame).with_columns(pl.col("day").str.to_date())
    messages = [fails(netconv.train, model(3), data) for data in (io.StringIO(text), frame, typed)]
    assert len({message.partition(": ")[2] for message in messages}) == 1
    assert messages[1].startswith("the data frame, column 'day': holds dates such as '2020-01-02', which no net takes")


def test_a_trained_model_takes_x_and_pairs():
    result = train((np.c_[np.arange(200), X], Y))  # the first column numbers the rows and is left out
    assert [feature.name for feature in result.encoding.features] == ["2", "3"]
    expected = netconv.evaluate(result.loaded, (X, Y)).metrics
    for data in ((np.c_[np.arange(200), X], Y), (X, NUMBERS), (X, np.eye(2)[NUMBERS]), np.c_[np.arange(200), X, Y]):
        assert netconv.evaluate(result.loaded, data).metrics == expected
    predicted = [
        np.concatenate([block.values for block in netconv.predict(result.loaded, data).blocks])
        for data in (X, np.c_[np.arange(200), X], (X, Y), FRAME[["a", "b"]].to_numpy(np.float32))
    ]
    for values in predicted[1:]:
        np.testing.assert_allclose(values, predicted[0], rtol=1e-6)


def test_targets_beside_x_are_found_by_place_not_by_name(from_csv):
    expected = netconv.evaluate(from_csv.loaded, FRAME).metrics
    assert netconv.evaluate(from_csv.loaded, (FRAME[["a", "b"]], FRAME["class"].rename("kind"))).metrics == expected
    assert netconv.evaluate(from_csv.loaded, (FRAME, NUMBERS)).metrics == expected
    label = pd.DataFrame({"label": X[:, 0], "b": X[:, 1]})
    assert [feature.name for feature in train((label, Y)).encoding.features] == ["label", "b"]


def test_validation_data():
    result = train((X[:160], Y[:160]), validation_data=(X[160:], Y[160:]))
    assert (result.rows, result.validation_rows) == (160, 40)


def test_a_model_that_was_not_trained_takes_arrays():
    fresh = model()
    evaluation = netconv.evaluate(fresh, (X, NUMBERS))
    [block] = netconv.predict(fresh, X).blocks
    np.testing.assert_allclose(block.values, fresh.predict(X, verbose=0), rtol=1e-6)
    assert evaluation.metrics["accuracy"] == np.mean(block.values.argmax(axis=1) == NUMBERS)


def test_images():
    images = np.random.default_rng(0).random((20, 4, 4, 1))
    net = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    )
    [block] = netconv.predict(net, images).blocks
    np.testing.assert_allclose(block.values, net.predict(images, verbose=0), rtol=1e-6)


@pytest.mark.parametrize(
    "call, data, options, message",
    [
        (netconv.train, (X, Y), {"target": "y"}, "(x, y): its targets are y: leave target= out"),
        (netconv.train, (X, np.eye(2)[NUMBERS] + 1), {},
         "(x, y), row 1, column 'y.2': '2' makes the target columns not one-hot: a single 1, otherwise 0"),
        (netconv.train, (X, np.c_[X, X]), {},
         "(x, y): 4 target columns, and the net outputs 2 values per row: name as many with target="),
    ],
)  # fmt: skip
def test_errors(call, data, options, message):
    assert fails(call, model(), data, **options) == message


def test_errors_of_a_trained_model(from_csv):
    message = fails(netconv.evaluate, from_csv.loaded, (X, np.c_[X, X]))
    assert message == "(x, y): y has 4 columns, and the model predicts 1"
    assert fails(netconv.evaluate, from_csv.loaded, X) == "the array: has no target column 'class'"
    message = fails(netconv.evaluate, from_csv.loaded, (np.c_[X, X], Y))
    assert message == (
        "(x, y): 4 columns found, and the model takes 2 features (a, b) or the 3 columns of its training table"
    )
    bad = FRAME.assign(a=FRAME["a"].astype(object).where(FRAME.index != 3, "x"))
    message = fails(netconv.evaluate, from_csv.loaded, bad)
    assert message == (
        "the data frame, row 4, column 'a': 'x' is not a number, in a column that was numeric in training; "
        "errors='skip' leaves such rows out"
    )


@pytest.fixture
def warnings(caplog, monkeypatch):
    """Counts as in a new process: TensorFlow warns twice of a function at most."""
    manager = "_frequent_tracing_detector_manager"
    monkeypatch.setattr(polymorphic_function, manager, type(getattr(polymorphic_function, manager))())
    logger = tf.get_logger()
    propagates, logger.propagate = logger.propagate, True
    caplog.set_level(logging.WARNING, "tensorflow")
    yield lambda: [record.getMessage() for record in caplog.records if "retracing" in record.getMessage()]
    logger.propagate = propagates


def test_no_retracing_is_warned_of(warnings, from_csv, tmp_path):
    fresh, path = model(), tmp_path / "m.keras"
    from_csv.save(path)
    for rows in range(1, 21):
        list(netconv.predict(fresh, X[:rows]).blocks)
    for rows in range(1, 7):
        list(netconv.predict(path, X[:rows]).blocks)
        netconv.evaluate(path, FRAME[: 100 + rows])
        train(FRAME[: 100 + rows])
    assert warnings() == []
    for rows in range(1, 7):  # as Keras does
        fresh.predict_on_batch(X[:rows])
        model().predict_on_batch(X[:rows])
    assert warnings() != []


def test_a_result_is_a_model_and_prints_as_its_text(from_csv):
    assert netconv.predict(from_csv, X).to_pandas()["class"].tolist() == list(
        np.where(netconv.predict(from_csv.loaded, X).to_numpy()[:, 1] > 0.5, "yes", "no")
    )
    assert from_csv.model is from_csv.loaded.model and repr(from_csv) == from_csv.text
    evaluation = netconv.evaluate(from_csv, FRAME)
    assert repr(evaluation) == evaluation.text == netconv.evaluate(from_csv.loaded, FRAME).text
    assert "<polyline" in from_csv._repr_html_()


def test_objects_of_keras_are_options():
    result = train(FRAME, optimizer=keras.optimizers.SGD(0.5), loss=keras.losses.SparseCategoricalCrossentropy())
    assert (type(result.model.optimizer).__name__, result.history[-1]["loss"] < 1) == ("SGD", True)


def test_wrong_ranks(from_csv):
    message = "top must be an integer of at least 1, or a tuple of such; received '5'"
    assert fails(netconv.evaluate, from_csv, FRAME, top="5") == message
