"""`.keras` files that another hand has written: one line, nothing executed, little memory; the texts are exact."""

import io
import struct
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from fuzz.model_files import UNITS, made, members, packed, weights, with_config, with_weights
from keras import layers

import netconv
from netconv.cli import main
from netconv.errors import FormatError
from netconv.keras_files import archive

ONLY = "; what Keras does not have there, or what does more than compute, is not loaded"


def message(call, *arguments):
    with pytest.raises(FormatError) as error:
        call(*arguments)
    return str(error.value)


@pytest.fixture
def refused(tmp_path):
    """The text after the name of the file, which `inspect` and the loading of the file agree on."""

    def refused(data):
        path = tmp_path / "evil.keras"
        path.write_bytes(data)
        found = message(netconv.inspect, path)
        assert message(archive.load, path) == found
        assert list(tmp_path.iterdir()) == [path]
        return found.removeprefix(f"{path}: ")

    return refused


def test_the_file_without_changes(tmp_path):
    path = tmp_path / "good.keras"
    path.write_bytes(packed(members()))
    assert netconv.inspect(path).facts["weights"] == {"fc/0": [2, UNITS], "fc/1": [UNITS]}
    assert archive.load(path).output_shape == (None, UNITS)
    assert archive.load(packed(members(), zipfile.ZIP_DEFLATED)).output_shape == (None, UNITS)


# Classes and functions


def activation(value):
    def change(config):
        config["config"]["layers"][1]["config"]["activation"] = value

    return with_config(change)


def layer(value):
    def change(config):
        config["config"]["layers"][2] |= value

    return with_config(change)


def compiled(**parts):
    return with_config(lambda config: config["compile_config"].update(parts))


LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}
FUNCTION = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (activation(made("TFSMLayer", {"filepath": "x"})), "'keras.layers.TFSMLayer' as an activation of 'fc'"),
        (activation(made("TorchModuleWrapper")), "'keras.layers.TorchModuleWrapper' as an activation of 'fc'"),
        (activation(made("StringLookup")), "'keras.layers.StringLookup' as an activation of 'fc'"),
        (activation(made("Dense")), "'keras.layers.Dense' as an activation of 'fc'"),
        (activation(LAMBDA), "'__lambda__' as an activation of 'fc'"),
        (activation(FUNCTION), "'system' as an activation of 'fc'"),
        (activation("load_model"), "'load_model' as an activation of 'fc'"),
        (layer(made("Lambda", {"name": "out", "function": LAMBDA})), "'keras.layers.Lambda' as a layer of 'net'"),
        (layer(made("TFSMLayer", {"filepath": "x"})), "'keras.layers.TFSMLayer' as a layer of 'net'"),
        (layer(made("JaxLayer")), "'keras.layers.JaxLayer' as a layer of 'net'"),
        (layer(made("StringLookup", {"vocabulary": "x.txt"})), "'keras.layers.StringLookup' as a layer of 'net'"),
        (layer(made("Evil", {}, "builtins", "Custom>Evil")), "'builtins.Evil' as a layer of 'net'"),
        (layer(made("Popen", {}, "subprocess")), "'subprocess.Popen' as a layer of 'net'"),
        (layer(made("Map", {}, "keras.src.ops.core", "Map")), "'keras.src.ops.core.Map' as a layer of 'net'"),
        (layer(made("L2", {}, "keras.regularizers")), "'keras.regularizers.L2' as a layer of 'net'"),
        (compiled(loss=made("Dense")), "'keras.layers.Dense' as a loss of 'net'"),
        (compiled(loss="file"), "'file' as a loss of 'net'"),
        (compiled(metrics=[["accuracy", LAMBDA]]), "'__lambda__' as a metric of 'net'"),
        (compiled(optimizer=made("Evil", {}, "evil")), "'evil.Evil' as an optimizer of 'net'"),
        (layer(made("Softmax", {"axis": made("Dense")})), "'keras.layers.Dense' as a value of 'out'"),
        (with_config(lambda _: made("Model", {"layers": []}, "evil")), "'evil.Model' as a model"),
    ],
)
def test_what_may_not_stand_there(refused, data, text):
    assert refused(data) == f"its config.json has {text}{ONLY}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            layer(made("Softmax", {"name": "out"}, registered="Custom>Evil")),
            "has 'Custom>Evil' as the registered name of 'keras.layers.Softmax' of 'net'",
        ),
        (
            layer({"class_name": "Softmax", "config": 1}),
            "has no config of 'keras.layers.Softmax' of 'net'",
        ),
        (
            layer(made("Softmax", {"axis": {"class_name": "__numpy__", "config": {"value": [], "dtype": "S999999"}}})),
            "has 'S999999' as the dtype of a value of 'out'",
        ),
        (
            compiled(metrics=[made("AUC", {"num_thresholds": 10**9}, "keras.metrics")]),
            "has 1000000000 as num_thresholds of 'keras.metrics.AUC'; at most 10000 is possible",
        ),
        (with_config(lambda c: c["config"].update(layers=None)), "has no list of layers"),
        (with_config(lambda c: c["config"].update(layers=[5])), "has no list of layers"),
        (with_config(lambda c: c["config"].update(layers=[{}])), "has no class of a layer of 'net'"),
        (with_config(lambda c: c.update(compile_config=[])), "has a compile_config that is not an object"),
        (with_config(lambda c: {"config": c}), "is not that of a model"),
    ],
)
def test_other_configs(refused, data, text):
    assert refused(data) == f"its config.json {text}"


def test_a_class_that_this_process_has_registered_is_not_made(refused):
    calls = []

    @keras.saving.register_keras_serializable("untrusted")
    class Evil(layers.Layer):
        def call(self, x):
            calls.append(x)
            return x

    assert refused(layer(made("Evil", {"name": "out"}, None, "untrusted>Evil"))) == (
        f"its config.json has 'Evil' as a layer of 'net'{ONLY}"
    )
    assert calls == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"[]", "is not a JSON object"),
        (b"5", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"NaN", "is not a JSON object"),
        (b"[[[]]]", "is not a JSON object"),
        (b"[" * 100_000, "has too many lists and objects inside one another"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "has too many lists and objects inside one another"),
        (b'{"class_name": "\\ud800"}', "has a text that is not Unicode: '\\ud800'"),
        (b"\xff", "is not JSON"),
        (b"1" * 5000, "is not JSON"),
    ],
)
@pytest.mark.parametrize("member", ["config.json", "metadata.json", "netconv/table.json"])
def test_other_json(tmp_path, text, problem, member):
    path = tmp_path / "evil.keras"
    path.write_bytes(packed(members() | {member: text}, zipfile.ZIP_DEFLATED))
    if member == "netconv/table.json" and problem == "is not a JSON object":
        assert message(netconv.inspect, path) == f"{path}: its member netconv/table.json is damaged"
    else:
        what = "member netconv/table.json" if member == "netconv/table.json" else member
        assert message(netconv.inspect, path) == f"{path}: its {what} {problem}"


# Members


def with_header(offset, value, layout="<H"):
    """The file with a field of the central directory's first entry changed; its local header has the same fields, from
    two bytes earlier on."""
    data = bytearray(packed(members()))
    struct.pack_into(layout, data, data.index(b"PK\1\2") + offset, value)
    return bytes(data)


def test_members(refused):
    others = [*members().items(), ("config.json", {})]
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert refused(packed(others)) == "its member config.json is there twice"
    for name in ("../../x", "/etc/x", "netconv/../x.json", "assets/x", "netconv/x.json/y", "netconv\\x.json"):
        assert refused(packed(members() | {name: b""})) == f"its member {name} is not one of a .keras file"
    for member in ("config.json", "metadata.json", "model.weights.h5"):
        files = members()
        del files[member]
        assert refused(packed(files)) == f"not a .keras file (it has no {member})"
    lzma = packed(members(), zipfile.ZIP_LZMA)
    assert refused(lzma) == "its member metadata.json is compressed, and not by Deflate"
    assert refused(with_header(8, 1)) == "its member metadata.json is encrypted"
    assert refused(with_header(10, 77)) == "its member metadata.json is compressed, and not by Deflate"
    assert refused(with_header(6, 99)) == "not a .keras file"
    assert refused(b"PK") == "not a .keras file"


def test_json_that_would_take_much_memory(refused):
    text = b"[" + b"{}," * 2_000_000 + b"1]"
    assert refused(packed(members() | {"config.json": text}, zipfile.ZIP_DEFLATED)) == (
        "its config.json would take more than 384 MiB of memory"
    )


def test_a_member_that_inflates(refused):
    zeros = bytes((64 << 20) + 1)
    assert refused(packed(members() | {"config.json": zeros}, zipfile.ZIP_DEFLATED)) == (
        "its member config.json has 67,108,865 bytes; 67,108,864 are read at most"
    )
    assert refused(packed(members() | {"metadata.json": zeros}, zipfile.ZIP_DEFLATED)) == (
        "its member metadata.json has 67,108,865 bytes; 1,048,576 are read at most"
    )


# Weights


def instead(make):
    """The file with something else instead of the kernel."""

    def change(file):
        group = file["layers/dense/vars"]
        del group["0"]
        make(group)

    return with_weights(change)


def virtual(group):
    layout = h5py.VirtualLayout((2, UNITS), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, UNITS))
    group.create_virtual_dataset("0", layout)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda group: group.__setitem__("0", h5py.SoftLink("/layers")), "is a link, and not an array"),
        (virtual, "is not stored in one piece"),
        (lambda group: group.create_dataset("0", data=[1.0, 2.0], compression="gzip"), "is not stored in one piece"),
        (lambda group: group.create_dataset("0", data=[1.0, 2.0], chunks=(1,)), "is not stored in one piece"),
        (
            lambda group: group.create_dataset("0", (2, UNITS), "f4", external=[("/etc/passwd", 0, 24)]),
            "is in another file",
        ),
        (lambda group: group.__setitem__("0", h5py.Empty("f4")), "is not an array of numbers"),
        (lambda group: group.__setitem__("0", ["a", "b"]), "is not an array of numbers"),
        (lambda group: group.__setitem__("0", np.dtype("f4")), "is not an array, nor a group as Keras writes it"),
        (
            lambda group: group.create_dataset("0", (4, 10**9), "f4"),
            "has 0 bytes of the 16,000,000,000 of shape (4, 1000000000)",
        ),
    ],
)
def test_what_is_not_a_weight(refused, make, text):
    assert refused(instead(make)) == f"layers/dense/vars/0 in its model.weights.h5 {text}"


def test_other_weights(refused):
    def circle(file):
        file["layers/a"] = file["layers"]

    assert refused(with_weights(circle)) == ("layers/a in its model.weights.h5 is there twice")
    large = with_weights(lambda file: file.create_dataset("optimizer/vars/2", (10**9,), "f4"))
    assert refused(large) == (
        "optimizer/vars/2 in its model.weights.h5 has shape (1000000000,), which is larger than any weight"
    )
    assert refused(packed(members() | {"model.weights.h5": b"x"})) == "its model.weights.h5 is damaged"
    external = with_weights(lambda file: file.__setitem__("layers/a", h5py.ExternalLink("other.h5", "/x")))
    assert refused(external) == "layers in its model.weights.h5 is not an array, nor a group as Keras writes it"
    twice = with_weights(lambda file: file.__setitem__("layers/dense/vars/2", file["layers/dense/vars/1"]))
    assert refused(twice) == "layers/dense/vars/2 in its model.weights.h5 is there twice"
    numbered = with_weights(lambda file: file["layers/dense/vars"].attrs.__setitem__("name", 7))
    assert refused(numbered) == "layers/dense/vars in its model.weights.h5 has an attribute that is not a text"


def test_another_format(refused):
    newest = io.BytesIO()
    with h5py.File(newest, "w", libver="latest") as file:
        weights(file)
    assert refused(packed(members() | {"model.weights.h5": newest.getvalue()})) == "its model.weights.h5 is damaged"
    stream, properties = io.BytesIO(), h5py.h5p.create(h5py.h5p.FILE_CREATE)
    properties.set_sizes(4, 4)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, stream)
    with h5py.File(h5py.h5f.create(b"x", fcpl=properties, fapl=access)) as file:
        weights(file)
    assert refused(packed(members() | {"model.weights.h5": stream.getvalue()})) == "its model.weights.h5 is damaged"


def test_a_config_with_more_units_than_the_file_has(tmp_path):
    path = tmp_path / "evil.keras"
    path.write_bytes(with_config(lambda config: config["config"]["layers"][1]["config"].update(units=10**9)))
    assert message(netconv.inspect, path) == (
        f"{path}: its config.json has units 1000000000 in layer 'fc', and none of its arrays in model.weights.h5 has "
        "an axis of this size"
    )
    expected = (
        f"{path}: its config.json has a weight 'kernel' of shape (2, 1000000000) in layer 'fc', and its "
        "model.weights.h5 does not"
    )
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for call in (netconv.predict, netconv.evaluate, netconv.train):
        assert message(call, path, tmp_path / "t.csv") == expected


# What Keras itself writes is loaded


def functional(*stack, shape=(8, 8, 3)):
    entry = value = keras.Input(shape)
    for each in stack:
        value = each(value)
    return keras.Model(entry, value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: functional(
            layers.Conv2D(4, 3, activation=layers.LeakyReLU(0.1), kernel_regularizer="l2", kernel_constraint="non_neg"),
            layers.BatchNormalization(), layers.SeparableConv2D(4, 3), layers.DepthwiseConv2D(2), layers.PReLU(),
            layers.SpatialDropout2D(0.1, seed=1), layers.AdaptiveAveragePooling2D(2), layers.Flatten(),
            layers.UnitNormalization(), layers.Dense(4, "gelu", kernel_initializer=keras.initializers.Constant(0.5)),
        ),
        lambda: functional(
            layers.Bidirectional(layers.GRU(3, return_sequences=True)), layers.TimeDistributed(layers.Dense(4)),
            layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(2)], return_sequences=True),
            layers.Conv1D(2, 1), layers.GlobalMaxPooling1D(), shape=(5, 2),
        ),
        lambda: functional(
            layers.Embedding(9, 4), layers.LayerNormalization(), layers.GroupNormalization(2),
            functional(layers.EinsumDense("abc,cd->abd", (None, 4)), layers.RMSNormalization(), shape=(6, 4)),
            layers.SpectralNormalization(layers.Conv1D(4, 1)), lambda x: layers.MultiHeadAttention(2, 2)(x, x),
            lambda x: keras.ops.softmax(x * 2 + np.ones((6, 4), "float32"))[:, 1:3], shape=(6,),
        ),
        lambda: keras.Sequential(
            [keras.Input((8, 8, 3)), layers.RandomFlip(), layers.Rescaling(1 / 255), layers.Resizing(4, 4),
             layers.ConvLSTM1D(2, 2), layers.Dense(2, dtype="mixed_float16")]
        ),
        lambda: functional(layers.Normalization(mean=[1.0, 2], variance=[1.0, 4]), layers.Discretization([0.0, 1]),
                           layers.Reshape((2, 1)), shape=(2,)),
    ],
)  # fmt: skip
def test_models_of_keras(tmp_path, make):
    model = make()
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(
        keras.optimizers.AdamW(schedule), keras.losses.Huber(), metrics=["mae", keras.metrics.RootMeanSquaredError()]
    )
    model.save(tmp_path / "net.keras")
    loaded = archive.load(tmp_path / "net.keras")
    assert netconv.inspect(tmp_path / "net.keras").facts["optimizer"] == "AdamW"
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_losses_and_metrics_by_every_name(tmp_path):
    for loss in ("mse", "MSE", "mean_squared_error", keras.losses.mean_squared_error, keras.losses.MeanSquaredError()):
        model = functional(layers.Dense(2), shape=(3,))
        model.compile("sgd", loss, metrics=[loss] if isinstance(loss, str) else ["accuracy"])
        model.save(tmp_path / "net.keras")
        assert archive.load(tmp_path / "net.keras").compiled


# Members of netconv


@pytest.mark.parametrize(
    "change",
    [
        {"columns": "ab"}, {"columns": ["a", "b", 3]}, {"header": 1}, {"features": {}}, {"heads": None},
        {"inputs": {"data": float("inf")}}, {"inputs": {"data": 10**400}}, {"inputs": [2]}, {"decimal": ["."]},
        {"left_out": {"a": None}}, {"heads": [{"name": 1, "targets": [], "classes": []}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_table(tmp_path, change):
    path = tmp_path / "evil.keras"
    files = members()
    files["netconv/table.json"] |= change
    path.write_bytes(packed(files))
    assert message(netconv.inspect, path) == f"{path}: its member netconv/table.json is damaged"


@pytest.mark.parametrize(
    "change",
    [
        {"fill": float("inf")}, {"fill": 10**400}, {"fill": "1"}, {"fill": True}, {"missing": 1.5}, {"onehot": 0},
        {"ids": [0, 1e400]}, {"ids": ["0", "1"]}, {"categories": "ab"}, {"name": None}, {"image": []},
        {"sequence": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_feature(tmp_path, change):
    path = tmp_path / "evil.keras"
    files = members()
    files["netconv/table.json"]["features"][0] |= change
    path.write_bytes(packed(files))
    assert message(netconv.inspect, path) == f"{path}: its member netconv/table.json is damaged"


def test_class_names_that_are_not_unicode(tmp_path):
    path = tmp_path / "evil.keras"
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    path.write_bytes(packed(members() | {"netconv/classes.json": b'["\\udc80"]'}))
    expected = f"{path}: its member netconv/classes.json has a text that is not Unicode: '\\udc80'"
    assert message(netconv.predict, path, tmp_path / "t.csv") == expected


@pytest.mark.parametrize("command", ["inspect", "predict", "evaluate", "train", "export"])
def test_commands_refuse_in_one_line(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Path("evil.keras").write_bytes(layer(made("Lambda", {"name": "out", "function": LAMBDA})))
    Path("t.csv").write_text("a,b\n1,2\n")
    files = {"inspect": ["evil.keras"], "export": ["evil.keras", "--to", "wlnet"]}
    arguments = files.get(command, ["t.csv", "-m", "evil.keras"])
    result = CliRunner().invoke(main, [command, *arguments])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"netconv: evil.keras: its config.json has 'keras.layers.Lambda' as a layer of 'net'{ONLY}\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.keras", "t.csv"]
