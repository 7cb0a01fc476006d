"""Training models of several outputs, each with its own target, loss and metrics."""

import json

import keras
import nets
import numpy as np
import pytest
from models import fails, layers, model, source, two_headed, two_targets

import netconv
from netconv.keras_files import archive

TABLE = two_targets()


def trained(made=None, text=TABLE, **options):
    return netconv.train(made or two_headed(), source(text), **{"epochs": 2, **options})


def test_each_output_learns_its_target():
    notes = []
    done = trained(epochs=60, learning_rate=0.02, standardize_target=True, notify=notes.append)
    assert notes[0] == "target      kind=kind (target= names another): low = 0, mid = 1, top = 2"
    assert notes[1].startswith("target      price=price (target= names another); standardized, mean ")
    heads = done.evaluation.heads
    assert heads["kind"].metrics["accuracy"] >= 0.85 and heads["price"].metrics["r2"] >= 0.95
    assert done.evaluation.metrics["price_r2"] == heads["price"].metrics["r2"]
    assert done.monitor == "val_loss"
    losses = [metrics["val_loss"] for metrics in done.history]
    assert losses[done.best_epoch - 1] == min(losses)


def test_the_history_has_the_names_of_keras():
    done = trained(batch_size=7)
    names = ["loss", "kind_loss", "price_loss", "kind_accuracy", "price_mean_absolute_error"]
    assert sorted(done.history[0]) == sorted(["epoch", *names, *(f"val_{name}" for name in names)])
    for metrics in done.history:  # the last batch of 7 rows has 5
        for prefix in ("", "val_"):
            parts = metrics[f"{prefix}kind_loss"] + metrics[f"{prefix}price_loss"]
            assert parts == pytest.approx(metrics[f"{prefix}loss"], rel=1e-5)
    last = done.history[done.best_epoch - 1]
    found = done.evaluation.metrics
    assert found["loss"] == pytest.approx(last["val_loss"], rel=1e-5)
    assert found["kind_loss"] == pytest.approx(last["val_kind_loss"], rel=1e-5)
    assert found["kind_accuracy"] == pytest.approx(last["val_kind_accuracy"])


def test_a_compiled_model_keeps_its_losses_weights_and_metrics():
    done = trained(two_headed(compiled=True))
    last = done.history[-1]
    assert {"kind_accuracy", "price_mae"} <= set(last)
    assert last["kind_loss"] + 0.25 * last["price_loss"] == pytest.approx(last["loss"], rel=1e-5)
    config = done.model.get_compile_config()
    assert config["loss_weights"] == [1.0, 0.25] and config["loss"] == ["sparse_categorical_crossentropy", "mse"]
    found = done.evaluation.metrics
    assert found["kind_loss"] + 0.25 * found["price_loss"] == pytest.approx(found["loss"])


def test_losses_weights_and_metrics_by_output():
    done = trained(
        loss={"price": "Huber(delta=2.0)"}, loss_weights={"price": 0.5}, metrics=("AUC", "mse", "price=mape"),
        monitor="val_kind_auc",
    )  # fmt: skip
    last = done.history[-1]
    names = {name for name in last if name[:4] in ("kind", "pric")}
    assert names == {"kind_loss", "price_loss", "kind_auc", "price_mean_squared_error",
                     "price_mean_absolute_percentage_error"}  # fmt: skip
    assert last["kind_loss"] + 0.5 * last["price_loss"] == pytest.approx(last["loss"], rel=1e-5)
    assert last["price_loss"] < 0.1 * last["price_mean_squared_error"]
    best = max(done.history, key=lambda metrics: metrics["val_kind_auc"])
    assert done.history[done.best_epoch - 1]["val_kind_auc"] == best["val_kind_auc"]
    computed = trained(monitor="val_kind_auc").history[-1]
    assert "val_kind_auc" in computed and "price_auc" not in computed


def test_one_loss_for_all_outputs():
    entry = keras.Input((2,))
    made = keras.Model(entry, [layers.Dense(1, name=name)(entry) for name in ("p", "q")])
    done = trained(made, "a,b,p,q\n" + "".join(f"{n},1,{n},{-n}\n" for n in range(20)), loss="mae")
    assert done.model.get_compile_config()["loss"] == ["mae", "mae"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"class_weight": {"low": 2}}, "the net has 2 outputs, kind, price: name the one of these classes, as in "
         "class_weight={'kind': 'balanced'}"),
        ({"class_weight": {"kinds": "balanced"}},
         "class_weight: the net has no output 'kinds'; did you mean 'kind'? Its outputs are kind, price"),
        ({"class_weight": {"price": "balanced"}},
         "class weights are for classes, and the output 'price' of the net predicts values"),
        ({"class_weight": {"kind": {"lo": 2}}},
         "class weight for unknown class 'lo'; did you mean 'low'? The classes are low, mid, top"),
        ({"loss": {"cost": "mse"}}, "loss: the net has no output 'cost'; its outputs are kind, price"),
        ({"loss_weights": {"prices": 1}},
         "loss_weights: the net has no output 'prices'; did you mean 'price'? Its outputs are kind, price"),
        ({"loss_weights": {"price": -1}}, "loss_weights must be a dictionary of numbers from 0 on, such as "
         "{'kind': 1, 'price': 0.5}; received {'price': -1}"),
        ({"loss_weights": {"price": 0}}, "loss_weights must be above 0 for at least one output; received {'price': 0}"),
        ({"metrics": "cost=mae"}, "metrics: the net has no output 'cost'; its outputs are kind, price"),
        ({"monitor": "val_price_nope"}, "there is no metric 'val_price_nope' to monitor; there are loss, kind_loss, "
         "price_loss, kind_accuracy, price_mean_absolute_error, val_loss, val_kind_loss, val_price_loss, "
         "val_kind_accuracy, val_price_mean_absolute_error"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(options, message):
    assert fails(trained, **options) == message


def test_metrics_that_no_output_fits():
    entry = keras.Input((2,))
    text = "a,b,p,q\n" + "".join(f"{n},1,{n},{-n}\n" for n in range(20))
    made = keras.Model(entry, [layers.Dense(1, name=name)(entry) for name in ("p", "q")])
    assert fails(trained, made, text, metrics="AUC") == (
        "the metric AUC is for classes, and no output of the net predicts these"
    )
    made = keras.Model(entry, [layers.Dense(2, "softmax", name=name)(entry) for name in ("p", "q")])
    text = "a,b,p,q\n" + "".join(f"{n},1,{n % 2},{n % 2}\n" for n in range(20))
    assert fails(trained, made, text, metrics="mae") == (
        "the metric mae is for values, and no output of the net predicts these"
    )


def test_loss_weights_are_for_several_outputs():
    text = "a,b,class\n1,2,x\n3,4,y\n"
    assert fails(trained, model(), text, loss_weights={"dense": 2.0}) == (
        "the net has one output: leave loss_weights out"
    )


def test_rows_without_one_of_the_targets_are_left_out():
    notes = []
    done = trained(text=TABLE + "1,2,low,\n1,2,,3\n1,2,,\n", notify=notes.append)
    assert done.rows + done.validation_rows == 120 and done.left_out == {"without all targets": 3}
    assert "3 rows without all targets left out" in notes
    assert fails(trained, text="a,b,kind,price\n1,2,low,\n3,4,,5\n") == "t.csv: no row has all targets"


def test_the_rows_for_validation_have_the_same_share_of_each_class():
    done = trained()
    counts = {report.name: report.count for report in done.evaluation.heads["kind"].classes}
    for name, count in done.class_rows[0].items():
        assert abs(counts[name] - 0.2 * count) <= 1
    assert done.class_rows[1] == {}


def test_the_result_as_text_and_json():
    done = trained()
    lines = done.text.splitlines()
    assert [line.split()[0] for line in lines] == ["rows", "classes", "epochs", "validation"]
    assert lines[1].startswith("classes     kind: low ")
    assert "; kind: loss " in lines[3] and "; price: loss " in lines[3]
    kind, price = json.loads(json.dumps(done.facts))["heads"]
    assert (kind["name"], kind["targets"], kind["classes"]) == ("kind", ["kind"], ["low", "mid", "top"])
    assert (price["targets"], price["classes"], price["class_rows"]) == (["price"], [], {})
    assert done._repr_html_().count("<b>kind</b>") == 1


def test_an_untrained_net_is_built_for_the_table_and_standardized(tmp_path):
    head = [nets.null("w2"), nets.null("b2"), nets.op("FullyConnected", "kind", [3, 4, 5], num_hidden=3)]
    path = nets.write(tmp_path, nets.graph(
        nets.null("data"), nets.null("w"), nets.null("b"), nets.op("FullyConnected", "h", [0, 1, 2], num_hidden=4),
        *head, nets.op("softmax", "s", [6]),
        nets.null("w3"), nets.null("b3"), nets.op("FullyConnected", "price", [3, 8, 9], num_hidden=1),
        heads=[7, 10],
    ))  # fmt: skip
    notes = []
    outputs = netconv.convert(path, input_shapes={"data": (None, 2)}).output_names
    target = dict(zip(outputs, ("kind", "price"), strict=True))
    done = trained(path, target=target, notify=notes.append)
    assert done.model.input_shape == (None, 2)
    scaled = f"scale       target of {outputs[1]} standardized for training (standardize_target=False leaves it)"
    assert scaled in notes


# What is saved


@pytest.mark.parametrize("standardize_target", [True, False])
def test_a_trained_model_is_saved_and_trained_again(tmp_path, standardize_target):
    path = tmp_path / "t.keras"
    done = trained(epochs=3, standardize_target=standardize_target)
    done.save(path)
    assert netconv.evaluate(path, source(TABLE)) == netconv.evaluate(done, source(TABLE))
    with_scaling = [layer.name for layer in archive.load(path).layers if layer.name.startswith("scale")]
    assert with_scaling == (["scale_outputs_2"] if standardize_target else [])
    again = netconv.train(path, source(TABLE), epochs=2)
    assert again.encoding.heads == done.encoding.heads and "val_price_loss" in again.history[0]
    assert [layer.name for layer in again.model.layers] == [layer.name for layer in done.model.layers]


def test_the_optimizer_goes_on_where_it_ended(tmp_path):
    netconv.train(two_headed(), source(TABLE), epochs=2, standardize_target=True).save(tmp_path / "t.keras")
    optimizer = keras.models.load_model(tmp_path / "t.keras").optimizer
    shapes = {variable.path.partition("/")[2]: variable.shape for variable in optimizer.variables}
    assert int(optimizer.iterations) == 2 * 3
    assert shapes["kind_kernel_momentum"] == (16, 3) and shapes["price_kernel_momentum"] == (16, 1)


def test_resumed_training_ends_with_the_same_weights(tmp_path):
    whole = trained(epochs=4)
    trained(epochs=2, checkpoint=tmp_path)
    resumed = trained(epochs=4, checkpoint=tmp_path, resume=True)
    for one, other in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_outputs_by_name_in_a_dictionary():
    made = two_headed()
    named = keras.Model(made.inputs, {"what": made.outputs[0], "cost": made.outputs[1]})
    done = trained(named, two_targets(names=("what", "cost")), standardize_target=True)
    assert [head.name for head in done.encoding.heads] == ["cost", "what"]
    assert "val_what_accuracy" in done.history[0]
    found = done.model([np.zeros((1, 2), np.float32)])
    assert {name: tuple(value.shape) for name, value in found.items()} == {"what": (1, 3), "cost": (1, 1)}


def test_targets_in_memory():
    a = np.random.default_rng(0).normal(size=(80, 2))
    kinds, prices = np.where(a[:, 0] > 0, "up", "down"), a.sum(axis=1)
    kinds[0] = "level"
    kinds[1] = "level"
    done = netconv.train(two_headed(), (a, {"kind": kinds, "price": prices}), epochs=1)
    assert [len(head.classes) for head in done.encoding.heads] == [3, 0]
    numbers = np.stack([np.arange(80) % 3, prices], axis=1)
    assert netconv.train(two_headed(), (a, numbers), epochs=1).encoding.heads[0].classes == ("0", "1", "2")
    assert fails(netconv.train, two_headed(), (a, prices), epochs=1).endswith(
        ": y has 1 column, and the outputs of the net take 2"
    )


def test_a_metric_in_other_units_than_the_evaluation_says_so():
    by_loss = trained(epochs=2, standardize_target=True)
    assert by_loss.text.splitlines()[-2].endswith(" of the standardized target)")
    both = trained(epochs=2, standardize_target=True, class_weight="balanced")
    assert both.text.splitlines()[-2].endswith(" of the standardized target, with class weights)")
    for options in ({"monitor": "val_kind_accuracy", "standardize_target": True}, {"standardize_target": False}):
        assert trained(epochs=2, **options).monitored_as == ""
    kind = trained(epochs=2, class_weight={"kind": {"low": 2}}, monitor="val_kind_loss", standardize_target=True)
    assert kind.monitored_as == "with class weights"
