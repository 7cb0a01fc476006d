"""What training scales, unasked or by option, and that the trained model does it by itself."""

import json

import keras
import nets
import numpy as np
import pytest
from models import KIDNEY, fails, layers, model, separable, source

import netconv
from netconv import FormatError, NetconvError
from netconv.exporters import mxnet
from netconv.keras_files import archive, scaling_layers

STANDARDIZED = "scale       features standardized, as their columns reach from "
TARGET = "scale       target standardized for training (standardize_target=False leaves it)"


def untrained(folder, *widths, head=None, act_type="relu"):
    """The path of a net of dense layers without parameters."""
    nodes = [nets.null("data")]
    last = 0
    for number, width in enumerate(widths):
        nodes += [nets.null(f"w{number}"), nets.null(f"b{number}")]
        inputs = [last, len(nodes) - 2, len(nodes) - 1]
        nodes.append(nets.op("FullyConnected", f"dense{number}", inputs, num_hidden=width))
        if number < len(widths) - 1:
            nodes.append(nets.op("Activation", f"act{number}", [len(nodes) - 1], act_type=act_type))
        last = len(nodes) - 1
    if head:
        nodes.append(nets.op(head, "head", [last], **({"act_type": act_type} if head == "Activation" else {})))
    return nets.write(folder, nets.graph(*nodes))


def houses(rows=300, seed=0):
    """Prices that depend on a large and a small number and on a text, with missing cells."""
    generator = np.random.default_rng(seed)
    lines = []
    for number in range(rows):
        area, rooms, kind = generator.uniform(2e4, 9e4), generator.uniform(0, 1), "pq"[generator.integers(2)]
        price = 2 * area + 5e4 * rooms + 1e4 * (kind == "q")
        lines.append(f"{'' if number % 40 == 3 else f'{area:.1f}'},{rooms:.3f},{kind},{price:.0f}\n")
    return "area,rooms,kind,price\n" + "".join(lines)


def trained(path, text, notes=None, **options):
    notify = (lambda _: None) if notes is None else notes.append
    return netconv.train(path, source(text), notify=notify, **{"epochs": 3, **options})


def names(made):
    return scaling_layers.names_of(made)


def scale_lines(notes):
    return [note for note in notes if note.startswith("scale ")]


# Unasked


def test_an_untrained_net_standardizes_by_itself_and_learns(tmp_path):
    notes = []
    done = trained(untrained(tmp_path, 16, 1), houses(), notes, target="price", epochs=200, learning_rate=0.01)
    assert done.evaluation.metrics["r2"] > 0.95
    cells = [row.split(",") for row in houses().splitlines()[1:]]
    area, rooms = (max(float(row[column] or 0) for row in cells) for column in (0, 1))
    assert scale_lines(notes) == [f"{STANDARDIZED}{rooms} to {area:,.6g} (standardize=False leaves them)", TARGET]
    loss, mse = done.evaluation.metrics["loss"], done.evaluation.metrics["mse"]
    assert loss == pytest.approx(mse) and mse > 1e6 and done.history[-1]["val_loss"] < 1
    plain = trained(
        untrained(tmp_path, 16, 1), houses(), notes, target="price", standardize=False, standardize_target=False
    )
    assert names(plain.loaded.model) == ["scale_inputs_missing", "scale_inputs_filled"]


@pytest.mark.parametrize(
    "text, made, options",
    [
        (separable(60), {"widths": [2], "head": "softmax"}, {}),
        (separable(60) + "90000,1,yes\n", {"widths": [2], "head": "softmax"}, {"rescale": (1.0, 0.0)}),
        (
            "x,y\n" + "1,5000\n2,6000\n" * 9,
            {"widths": [1], "head": "Activation", "act_type": "sigmoid"},
            {"target": "y"},
        ),
        ("x,y\n" + "1,5000\n2,6000\n" * 9, {"widths": [1]}, {"target": "y", "loss": "poisson"}),
        ("x,y\n" + "1,5\n2,6\n" * 9, {"widths": [1]}, {"target": "y"}),
    ],
    ids=["of one size", "an option", "bounded outputs", "a loss of counts", "a target of unit size"],
)
def test_nothing_is_standardized_without_need(tmp_path, text, made, options):
    notes = []
    trained(untrained(tmp_path, *made.pop("widths"), **made), text, notes, **options)
    assert [note for note in scale_lines(notes) if "standardized" in note] == []


def test_a_net_that_was_trained_is_not_standardized_unasked(tmp_path):
    path = tmp_path / "net.json"
    done = trained(untrained(tmp_path, 2, head="softmax"), separable(60), standardize=False)
    mxnet.export(done.loaded, path, tmp_path / "net.params")
    notes, far = [], separable(60) + "90000,1,yes\n"
    trained(path, far, notes, validation_split=0)
    assert scale_lines(notes) == []


def test_images_are_not_standardized_unasked(tmp_path):
    graph = nets.graph(
        nets.null("data"), nets.null("k"),
        nets.op("Convolution", "c", [0, 1], kernel=(2, 2), num_filter=2, no_bias=True),
        nets.op("Flatten", "f", [2]), nets.null("w"),
        nets.op("FullyConnected", "fc", [3, 4], num_hidden=2, no_bias=True), nets.op("softmax", "s", [5]),
    )  # fmt: skip
    text = "p1,p2,p3,p4,label\n" + "1,5000,0,3,0\n2,3000,1,3,1\n" * 20
    notes = []
    done = trained(nets.write(tmp_path, graph), text, notes, input_shapes={"data": (None, 1, 2, 2)})
    assert scale_lines(notes) == [] and names(done.loaded.model) == []


def test_an_untrained_net_is_known_in_its_keras_file(tmp_path):
    path = untrained(tmp_path, 4, 1)
    netconv.convert_file(path, output=tmp_path / "net.keras", input_shapes={"data": (None, 3)})
    assert netconv.open_model(tmp_path / "net.keras").untrained
    notes = []
    done = trained(tmp_path / "net.keras", houses(), notes, target="price")
    assert len(scale_lines(notes)) == 2 and not done.loaded.untrained


# The trained model by itself


@pytest.mark.parametrize(
    "options", [{}, {"rescale": (1e-4, -0.5)}, {"standardize": True}, {"standardize_target": True},
                {"standardize": False, "standardize_target": False}, {"encode": {"kind": "onehot"}}],
)  # fmt: skip
def test_keras_computes_what_predict_does_from_the_numbers_of_the_table(tmp_path, options):
    done = trained(untrained(tmp_path, 4, 1), houses(), target="price", **options)
    done.save(tmp_path / "t.keras")
    rows = [line.split(",") for line in houses().splitlines()[1:]]
    kinds = [[row[2] == "p", row[2] == "q"] if "encode" in options else [row[2] == "q"] for row in rows]
    x = np.array([[float(area or "nan"), float(rooms)] for area, rooms, *_ in rows])
    x = np.concatenate([x, np.array(kinds)], axis=1).astype(np.float32)
    values = keras.models.load_model(tmp_path / "t.keras").predict(x, verbose=0)
    [block] = netconv.predict(tmp_path / "t.keras", source(houses())).blocks
    np.testing.assert_allclose(values, block.values, rtol=1e-5)
    found = netconv.evaluate(tmp_path / "t.keras", source(houses())).metrics
    prices = np.array([[float(row[3])] for row in rows])
    assert found["mae"] == pytest.approx(np.abs(values - prices).mean(), rel=1e-4)
    assert json.loads(archive.members(tmp_path / "t.keras")["table.json"]).keys() == {
        "columns", "header", "features", "heads", "inputs", "left_out", "decimal",
    }  # fmt: skip


def test_the_kidney_table_with_its_missing_cells():
    made = model(24, hidden=[layers.BatchNormalization(), layers.Dense(8, activation="relu")])
    done = netconv.train(made, KIDNEY, standardize=True, epochs=2)
    assert names(done.loaded.model) == ["scale_inputs_missing", "scale_inputs_filled", "scale_inputs"]
    fills = [feature.fill for feature in done.encoding.features]
    codes = [fill if isinstance(fill, float) else f.categories.index(fill) for f, fill in
             zip(done.encoding.features, fills, strict=True)]  # fmt: skip
    gaps, filled = (np.array([row], np.float32) for row in ([np.nan] * 24, codes))
    np.testing.assert_array_equal(*(done.loaded.model.predict(x, verbose=0) for x in (gaps, filled)))


def test_several_inputs_and_ids(tmp_path):
    one, two = keras.Input((2,), name="size"), keras.Input((3,), name="tokens", dtype="int32")
    words = layers.Flatten()(layers.Embedding(9, 2)(two))
    made = keras.Model([one, two], layers.Dense(2, activation="softmax")(layers.Concatenate()([one, words])))
    made.compile("adam", "sparse_categorical_crossentropy")
    text = "a,b,u,v,w,class\n1000,2,1,2,3,x\n3000,,4,5,6,y\n2000,4,7,8,0,x\n"
    done = netconv.train(made, source(text), standardize=True, epochs=1, validation_split=0)
    assert names(done.loaded.model) == ["scale_inputs_1_missing", "scale_inputs_1_filled", "scale_inputs_1"]
    done.save(tmp_path / "t.keras")
    numbers, tokens = np.array([[1000, 2], [3000, np.nan]], np.float32), np.array([[1, 2, 3], [4, 5, 6]])
    values = keras.models.load_model(tmp_path / "t.keras").predict([numbers, tokens], verbose=0)
    [block] = netconv.predict(tmp_path / "t.keras", source(text)).blocks
    np.testing.assert_allclose(values, block.values[:2], rtol=1e-5)
    assert netconv.train(tmp_path / "t.keras", source(text), epochs=1, validation_split=0).encoding == done.encoding


def test_images_are_rescaled_in_the_axis_order_of_the_net():
    entry = keras.Input((1, 2, 3))
    made = keras.Model(entry, layers.Dense(2, activation="softmax")(layers.Flatten()(entry)))
    made.compile("adam", "sparse_categorical_crossentropy")
    text = ",".join(f"p{n}" for n in range(6)) + ",label\n" + "0,50,100,150,200,255,0\n255,3,4,5,6,7,1\n" * 5
    for options in ({"rescale": (1 / 255, 0.0)}, {"standardize": True}):
        done = netconv.train(made, source(text), epochs=1, **options)
        x = np.array([[0, 50, 100, 150, 200, 255], [255, 3, 4, 5, 6, 7]], np.float32)
        [block] = netconv.predict(done.loaded, source(text)).blocks
        values = done.loaded.model.predict(x.reshape(2, 1, 2, 3), verbose=0)
        np.testing.assert_allclose(values, block.values[:2], rtol=1e-5)
        assert names(done.loaded.model) == ["scale_inputs"]


# Training again


@pytest.fixture
def again(tmp_path):
    """A function that trains on, from a file, and returns the layers that scale and the scaling of features."""
    done = trained(untrained(tmp_path, 4, 1), houses(), target="price")
    path = tmp_path / "t.keras"
    done.save(path)

    def train(text=None, **options):
        result = netconv.train(path, source(text or houses()), **{"epochs": 2, **options})
        widths = [result.encoding.width]
        return names(result.loaded.model), scaling_layers.scaling_of(
            scaling_layers.configs_of(result.loaded.model), widths, 1
        )

    train.path, train.first = path, done
    return train


def test_training_again_keeps_the_scaling(again):
    first = scaling_layers.scaling_of(scaling_layers.configs_of(again.first.loaded.model), [3], 1)
    found, scaling = again(houses(seed=1))
    assert found == names(again.first.loaded.model) and len(found) == 4
    np.testing.assert_array_equal(scaling.inputs.mean, first.inputs.mean)
    np.testing.assert_allclose(scaling.inputs.std, first.inputs.std)
    np.testing.assert_array_equal(scaling.outputs, first.outputs)
    _, other = again(houses(seed=1), standardize=True, standardize_target=True)
    assert (
        abs(other.inputs.mean[0] - first.inputs.mean[0]) > 1 and (other.outputs[0].mean != first.outputs[0].mean).all()
    )


def test_training_again_with_another_scaling(again):
    found, scaling = again(rescale=(0.5, 1.0), standardize_target=False)
    assert found == ["scale_inputs_missing", "scale_inputs_filled", "scale_inputs"]
    np.testing.assert_array_equal(scaling.inputs, [[0.5, 0.5, 1], [1, 1, 0]])
    assert again(standardize=False)[0] == ["scale_inputs_missing", "scale_inputs_filled", "scale_outputs"]


def test_training_again_on_other_columns_scales_these(again):
    _, scaling = again(target="price", columns="rooms,area,kind")
    assert scaling.inputs.mean[0] < 1 and scaling.inputs.mean[1] > 1e4
    path = again.path.with_name("r.keras")
    netconv.train(again.path, source(houses()), epochs=1, rescale=(0.5, 1.0)).save(path)
    done = netconv.train(path, source(houses()), epochs=1, target="price", columns="kind,rooms,area")
    scaling = scaling_layers.scaling_of(scaling_layers.configs_of(done.loaded.model), [3], 1)
    np.testing.assert_array_equal(scaling.inputs, [[1, 0.5, 0.5], [0, 1, 1]])


def test_training_again_goes_on_where_it_ended(again):
    """Also the state of the optimizer is that of the model."""
    steps = int(again.first.loaded.model.optimizer.iterations)
    done = netconv.train(again.path, source(houses()), epochs=2)
    assert steps == 3 * 8 and int(done.loaded.model.optimizer.iterations) == 5 * 8
    last, first = again.first.history[-1]["loss"], done.history[0]["loss"]
    assert abs(first - last) < 0.3 * last
    done.loaded.model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_a_model_that_keras_has_saved_keeps_its_scaling_layers(again, tmp_path):
    path = tmp_path / "by-keras.keras"
    keras.models.load_model(again.path).save(path)
    done = netconv.train(path, source(houses()), target="price", epochs=1)
    assert names(done.loaded.model) == names(again.first.loaded.model)
    assert fails(netconv.predict, path, source("1,2,3\n"), rescale=(2.0, 0.0), kind=NetconvError) == (
        "the model scales its features itself: leave rescale= out"
    )


def test_a_damaged_scaling_layer(again, tmp_path):
    entry = keras.Input((3,), name="data")
    damaged = layers.Rescaling([1.0, 2.0], name="scale_inputs")
    made = keras.Model(entry, layers.Dense(1)(keras.ops.concatenate([damaged(entry[:, :2]), entry], axis=1)))
    made.compile("adam", "mse")
    archive.save(made, tmp_path / "x.keras", archive.members(again.path))
    message = f"{tmp_path / 'x.keras'}: its layers that scale do not fit 3 numbers a row"
    for call in (netconv.train, netconv.inspect):
        arguments = (source(houses()),) if call is netconv.train else ()
        assert fails(call, tmp_path / "x.keras", *arguments, kind=FormatError) == message


# Other ways to train


def test_the_result_does_not_depend_on_how_often_training_was_interrupted(tmp_path):
    path = untrained(tmp_path, 4, 1)
    whole = trained(path, houses(), target="price", epochs=4)
    trained(path, houses(), target="price", epochs=2, checkpoint=tmp_path / "state")
    resumed = trained(path, houses(), target="price", epochs=4, checkpoint=tmp_path / "state", resume=True)
    for one, two in zip(whole.loaded.model.get_weights(), resumed.loaded.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    options = {"target": "price", "epochs": 4, "checkpoint": tmp_path / "state", "resume": True}
    message = fails(netconv.train, path, source(houses()), **options, rescale=(1e-4, 0.0))
    assert message.startswith(f"{tmp_path / 'state' / 'checkpoint.npz'}: its training had checksum of the scaling ")


def test_mixed_precision_leaves_the_numbers_of_the_table_exact(tmp_path):
    path, text = untrained(tmp_path, 4, 1), houses()
    done = trained(path, text, target="price", mixed_precision="mixed_bfloat16", epochs=60, learning_rate=0.01)
    full = trained(path, text, target="price", epochs=60, learning_rate=0.01)
    assert done.evaluation.metrics["r2"] == pytest.approx(full.evaluation.metrics["r2"], abs=0.02)
    assert {layer.compute_dtype for layer in done.loaded.model.layers} == {"float32"}


def test_layers_that_scale_are_none_that_could_be_frozen(tmp_path):
    notes = []
    path = untrained(tmp_path, 4, 1)
    done = trained(path, houses(), notes, target="price", freeze=("dense0",))
    assert "frozen: dense0 (16 parameters)" in notes and len(names(done.loaded.model)) == 4
    assert fails(netconv.train, path, source(houses()), target="price", freeze=("scale*",)) == (
        "no layer with weights is called 'scale*'; there are dense0, dense1"
    )


def test_rescaled_features_of_a_model_that_was_not_trained():
    made = model()
    x = np.array([[10, 20], [-3, 4]], np.float32)
    [block] = netconv.predict(made, source("a,b\n10,20\n-3,4\n"), rescale=(0.5, 1.0)).blocks
    np.testing.assert_allclose(block.values, made.predict(x * 0.5 + 1, verbose=0), rtol=1e-6)
    found = netconv.evaluate(made, source("a,b,class\n10,20,0\n-3,4,1\n"), rescale=(0.5, 1.0))
    assert found.metrics["loss"] == pytest.approx(made.evaluate(x * 0.5 + 1, np.array([0, 1]), verbose=0), rel=1e-5)


def test_the_exported_net_does_the_scaling_and_says_so(tmp_path):
    done = trained(untrained(tmp_path, 4, 1), houses(), target="price")
    notes = []
    mxnet.export(done.loaded, tmp_path / "out.json", tmp_path / "out.params", notes.append)
    assert notes == [
        "scale_inputs is folded into layer 'dense0': the net takes the numbers of the training data",
        "scale_outputs is folded into layer 'dense1': the net returns values in the units of the training data",
        "not in the net: what replaces missing numbers; give it none",
        "not in the net: how the training table was read (columns, categories); it takes the numbers that columns "
        "become",
    ]
    exported = netconv.convert(tmp_path / "out.json", tmp_path / "out.params")
    x = np.array([[5e4, 0.25, 0], [8e4, 0.75, 1]], np.float32)
    expected = done.loaded.model.predict(x, verbose=0)
    np.testing.assert_allclose(exported.predict(x, verbose=0), expected, rtol=1e-4)


def test_classes_are_not_standardized():
    assert fails(netconv.train, model(), source(separable()), standardize_target=True) == (
        "t.csv: standardize_target= is for numeric targets, and this net predicts classes"
    )


def test_options_that_only_training_has():
    text = "x,y\n1,2\n"
    assert fails(netconv.evaluate, model(1, 1, "mse", None), source(text), standardize=True) == (
        "means are computed in training, and the model was not trained on a table: leave standardize= out"
    )


def test_a_model_without_class_names_says_so():
    notes = []
    netconv.predict(model(), source("a,b\n1,2\n"), notify=notes.append)
    assert notes[0] == ("a keras.Model has no class names: its classes are numbered; a .keras file of netconv has them")
    notes.clear()
    netconv.predict(model(1, 1, "mse", None), source("a\n1\n"), notify=notes.append)
    assert not any("class names" in note for note in notes)
