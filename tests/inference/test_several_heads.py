"""Evaluating, predicting and reporting with models of several outputs."""

import json

import keras
import numpy as np
import pytest
from models import fails, layers, source, two_headed, two_targets

import netconv

TABLE = two_targets()
ROWS = "a,b\n1,2\n-1,-2\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A trained model with a standardized target, as a file."""
    done = netconv.train(
        two_headed(), source(two_targets(names=("species", "cost"))), epochs=30, learning_rate=0.02,
        standardize_target=True, target={"kind": "species", "price": "cost"},
    )  # fmt: skip
    file = tmp_path_factory.mktemp("heads") / "t.keras"
    done.save(file)
    return file


def lines(path, text=ROWS, json=False, proba=False, top=None, **options):
    predictions = netconv.predict(path, source(text), **options)
    written = predictions.json(proba, top) if json else predictions.csv(proba, top)
    return b"".join(written).decode().splitlines()


def test_the_evaluation_of_each_output(path):
    found = netconv.evaluate(path, source(two_targets(names=("species", "cost"))), top=2)
    kind, price = found.heads["kind"], found.heads["price"]
    predicted = keras.models.load_model(path).predict(points(), verbose=0)
    prices = np.array([row[3] for row in table_rows()], np.float64)
    assert price.metrics["mae"] == pytest.approx(np.abs(predicted[1][:, 0] - prices).mean(), rel=1e-4)
    names = np.array(["low", "mid", "top"])[predicted[0].argmax(axis=1)]
    assert kind.metrics["accuracy"] == pytest.approx(np.mean(names == [row[2] for row in table_rows()]))
    assert found.metrics["kind_top_2_accuracy"] == kind.metrics["top_2_accuracy"]
    assert found.metrics["loss"] == pytest.approx(kind.metrics["loss"] + price.metrics["loss"])
    assert (found.rows, found.classes, found.confusion) == (120, (), ())
    assert [report.name for report in kind.classes] == ["low", "mid", "top"] and price.sample.names == ("cost",)


def table_rows():
    return [line.split(",") for line in TABLE.splitlines()[1:]]


def points():
    return np.array([row[:2] for row in table_rows()], np.float32)


def test_the_evaluation_as_text_and_json(path):
    found = netconv.evaluate(path, source(two_targets(names=("species", "cost"))))
    text = found.text.splitlines()
    assert text[0] == "rows  120" and text[1].startswith("loss  ") and text[3] == "kind:"
    assert "price:" in text and sum(line.startswith("rows") for line in text) == 1
    facts = json.loads(json.dumps(found.facts))
    assert list(facts) == ["rows", "metrics", "heads"] and list(facts["heads"]) == ["kind", "price"]
    assert facts["heads"]["kind"]["classes"][0]["name"] == "low"
    assert found._repr_html_().count("<b>kind</b>") == 2 and "<b>price</b>" not in found._repr_html_()
    found.check({"kind_accuracy": 0.0}, {"price_mae": 1e9})
    assert fails(found.check, {"price_r2": 2.0}).startswith("price_r2 is ")


def test_the_targets_of_another_table_may_have_other_names(path):
    other = two_targets(names=("x", "y"))
    known = netconv.evaluate(path, source(two_targets(names=("species", "cost"))))
    assert netconv.evaluate(path, source(other), target={"kind": "x", "price": "y"}) == known
    bare = other.split("\n", 1)[1]
    assert netconv.evaluate(path, source(bare)) == known
    assert netconv.evaluate(path, source(bare), target={"price": "-1"}) == known
    assert fails(netconv.evaluate, path, source(other), target="x") == (
        "the net has 2 outputs, kind, price: name the target of each, as in target={'kind': 'x'}"
    )
    assert fails(netconv.evaluate, path, source(other), target={"prices": "y"}) == (
        "target: the net has no output 'prices'; did you mean 'price'? Its outputs are kind, price"
    )
    assert fails(netconv.evaluate, path, source(two_targets(names=("species", "y")))) == (
        "t.csv: has no target column 'species', 'cost'"
    )


def test_a_model_that_was_not_trained_on_a_table_is_evaluated():
    text = TABLE.replace("low", "0").replace("mid", "1").replace("top", "2")
    found = netconv.evaluate(two_headed(compiled=True), source(text))
    assert found.metrics["loss"] == pytest.approx(found.metrics["kind_loss"] + 0.25 * found.metrics["price_loss"])
    entry = keras.Input((2,))
    values = keras.Model(entry, [layers.Dense(1, name=name)(entry) for name in ("p", "q")])
    assert fails(netconv.evaluate, values, source("a,b,p,q\n1,2,3,4\n"), top=2) == (
        "top-k accuracy is for classifiers, and this net predicts values"
    )


def test_predictions_of_each_output(path):
    model = keras.models.load_model(path)
    kinds, prices = model.predict(np.array([[1, 2], [-1, -2]], np.float32), verbose=0)
    header, *rows = lines(path)
    assert header == "kind_class,kind_probability,cost"
    assert [row.split(",")[0] for row in rows] == ["top", "low"]
    np.testing.assert_allclose([float(row.split(",")[1]) for row in rows], kinds.max(axis=1), rtol=1e-5)
    np.testing.assert_allclose([float(row.split(",")[2]) for row in rows], prices[:, 0], rtol=1e-5)
    assert lines(path, proba=True)[0] == "kind_class,kind_low,kind_mid,kind_top,cost"
    assert lines(path, top=2)[0] == "kind_class,kind_probability,kind_class_2,kind_probability_2,cost"
    assert lines(path, raw=True)[0] == "kind_low,kind_mid,kind_top,cost"
    assert lines(path, keep="a")[0] == "a,kind_class,kind_probability,cost"
    assert lines(path, "a,b\n1,2\nx,3\n", errors="null")[2] == ",,"


def test_predictions_in_json(path):
    first = json.loads(lines(path, json=True)[0])
    assert first["kind"]["class"] == "top" and list(first["price"]) == ["cost"]
    assert list(json.loads(lines(path, json=True, proba=True)[0])["kind"]["probabilities"]) == ["low", "mid", "top"]
    assert json.loads(lines(path, json=True, top=2)[0])["kind"]["top"][0]["class"] == "top"


def test_predictions_in_memory(path):
    predictions = netconv.predict(path, source(ROWS))
    assert predictions.names == ("kind_low", "kind_mid", "kind_top", "cost") and not predictions.classes
    assert predictions.text.splitlines()[0] == (
        "predictions of 3 classes and 1 value: kind_low, kind_mid, kind_top, cost"
    )
    assert predictions.to_numpy().shape == (2, 4)
    assert list(predictions.to_pandas().columns) == ["kind_class", "kind_probability", "cost"]


def test_values_of_the_same_name():
    entry = keras.Input((2,))
    made = keras.Model(entry, [layers.Dense(2, name="p")(entry), layers.Dense(1, name="p_1")(entry)])
    assert lines(made)[0] == "p_p_1,p_p_2,p_1_p_1"


def test_classes_without_a_name_are_numbered():
    assert lines(two_headed(compiled=True), "1,2\n", proba=True)[0] == "kind_class,kind_0,kind_1,kind_2,price"


def test_inspect_shows_the_outputs(path):
    found = netconv.inspect(path)
    assert "target      kind=species: low = 0, mid = 1, top = 2" in found.text
    assert [head["name"] for head in found.facts["table"]["heads"]] == ["kind", "price"]
    assert list(found.facts["scaling"]["targets"]) == ["price"]


def test_reports_and_plots_show_the_outputs(path, tmp_path):
    found = netconv.evaluate(path, source(two_targets(names=("species", "cost"))))
    found.report(tmp_path / "e.html")
    page = (tmp_path / "e.html").read_text()
    for part in (
        "<dt>target of kind</dt>",
        "<dt>classes of kind</dt>",
        "<dt>target of price</dt>",
        "<h3>price</h3>",
        "<h3>Classes of kind</h3>",
        'aria-label="residuals"',
        'aria-label="confusion matrix"',
    ):
        assert part in page  # fmt: skip
    assert "<dt>classes of price</dt>" not in page
    found.plot(tmp_path / "e.svg")
    assert (tmp_path / "e.svg").stat().st_size > 10_000


def test_the_encoding_of_another_model_does_not_fit(path):
    loaded = netconv.open_model(path)
    entry = keras.Input((2,))
    one = netconv.LoadedModel(keras.Model(entry, layers.Dense(3, "softmax")(entry)), "m", None, loaded.members)
    assert fails(netconv.evaluate, one, source(TABLE)).endswith("its member netconv/table.json does not fit the model")
