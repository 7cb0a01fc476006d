"""The members of a `.keras` file that have the net it was converted from, and what happens when they are damaged."""

import json
import zipfile

import keras
import numpy as np
import pytest
from nets import dense, draw, graph, null, op, write

import netconv
from netconv.errors import FormatError
from netconv.frontends.mxnet import params_file, reader
from netconv.graph.tracked_array import TrackedArray
from netconv.inference.loading import open_model
from netconv.keras_files import archive, source_net, zip_members


def read_net(folder, net, arrays):
    """The graph of a net with these arrays."""
    path = write(folder, net)
    params_file.write(folder / "net.params", arrays.items())
    return reader.read(path)


def model(*weights):
    """A model of dense layers, each with these kernels."""
    inputs = outputs = keras.Input((weights[0].shape[0],))
    for number, kernel in enumerate(weights):
        layer = keras.layers.Dense(kernel.shape[1], use_bias=False, name=f"dense{number}")
        outputs = layer(outputs)
        layer.set_weights([kernel])
    return keras.Model(inputs, outputs)


def test_the_elements_that_no_variable_holds_are_stored(tmp_path):
    """Of `w` the model has rows 1 and 3, of `v` nothing, and all of `u` in two parts."""
    names = ("w", "v", "u")
    nodes = [null("data"), *map(null, names), op("add_n", "sum", [0, 1, 2, 3])]
    arrays = {"w": draw(4, 2), "v": draw(3), "u": draw(2, 2, seed=1)}
    read = read_net(tmp_path, graph(*nodes), arrays)
    w, u = (TrackedArray.parameter(name, arrays[name]) for name in ("w", "u"))
    kernels = [TrackedArray.concatenate([w[3:4], w[1:2]]), u.T[:1].T, u.T[1:].T]
    made = model(kernels[0].value, kernels[1].value, kernels[2].value.T)
    weights = {"dense0": [kernels[0].origin], "dense1": [kernels[1].origin], "dense2": [kernels[2].T.origin]}
    members = source_net.members_of(read, weights, made)
    assert [entry.get("values") for entry in json.loads(members["parameters.json"])] == ["rest", "all", None]
    assert members["values.bin"] == arrays["w"][[0, 2]].tobytes() + arrays["v"].tobytes()
    found = source_net.read(members, made, "net.keras")
    for parameter in found.parameters:
        np.testing.assert_array_equal(parameter.read(), arrays[parameter.name])
    made.set_weights([-weight for weight in made.get_weights()])
    found = {parameter.name: parameter.read() for parameter in source_net.read(members, made, "net.keras").parameters}
    np.testing.assert_array_equal(found["w"], arrays["w"] * [[1], [-1], [1], [-1]])
    np.testing.assert_array_equal(found["u"], -arrays["u"])
    np.testing.assert_array_equal(found["v"], arrays["v"])


def test_the_net_that_is_read_is_the_net_that_was_converted(tmp_path):
    net, arrays = dense()
    path = write(tmp_path, net, **arrays, old=draw(2))
    netconv.convert_file(path)
    loaded = open_model(tmp_path / "net.keras")
    found, expected = source_net.read(loaded.members, loaded.model, loaded.name), netconv.read(path)
    assert (found.nodes, found.heads, found.text) == (expected.nodes, expected.heads, expected.text)
    assert found.parameters == expected.parameters and found.unused == ("old",)
    assert found.arrays.keys() == expected.arrays.keys()
    for index, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[index].value, array.value, strict=True)


def test_a_trained_model_still_has_its_net(tmp_path):
    net, arrays = dense()
    path = write(tmp_path, net, **arrays)
    netconv.convert_file(path, loss="mean_squared_error")
    rows = "a,b,c,y,z\n" + "".join(f"{a},{b},{c},{y},{z}\n" for a, b, c, y, z in draw(20, 5))
    (tmp_path / "data.csv").write_text(rows)
    trained = netconv.train(tmp_path / "net.keras", tmp_path / "data.csv", epochs=1, target=("y", "z")).loaded
    archive.save(trained.model, tmp_path / "net-trained.keras", trained.members)
    loaded = open_model(tmp_path / "net-trained.keras")
    found = {p.name: p.read() for p in source_net.read(loaded.members, loaded.model, loaded.name).parameters}
    kernel, bias = trained.model.get_weights()
    np.testing.assert_array_equal(found["w"], kernel.T)
    np.testing.assert_array_equal(found["b"], bias)
    assert not np.array_equal(found["w"], arrays["w"])


def test_a_model_that_was_not_converted_has_no_net():
    made = model(draw(3, 2))
    with pytest.raises(FormatError) as error:
        source_net.read({}, made, "net.keras")
    assert str(error.value) == (
        "net.keras: it does not have the net that it was converted from, as it was saved with Keras; "
        "like='net.wlnet' gives the file of the net"
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A model with its members."""
    folder = tmp_path_factory.mktemp("small")
    net, arrays = dense()
    netconv.convert_file(write(folder, net, **arrays, old=draw(2)))
    return open_model(folder / "net.keras")


def failing(small, **members):
    """The message for a model of which some members are different; an underscore stands for the dot of a name."""
    different = {name.replace("_", "."): data for name, data in members.items()}
    with pytest.raises(FormatError) as error:
        source_net.read({**small.members, **different}, small.model, "net.keras")
    return str(error.value)


DEEP = pytest.param(b"[" * 100_000, id="nested too deeply")
ENTRY = {"name": "w", "node": 1, "dtype": "float32", "shape": [2, 3]}
BIAS = {"name": "b", "node": 2, "dtype": "float32", "shape": [2]}
OLD = {"name": "old", "node": None, "dtype": "float32", "shape": [2], "values": "all"}


def test_the_entries_are_those_of_the_small_model(small):
    assert json.loads(small.members["parameters.json"]) == [ENTRY, BIAS, OLD]


@pytest.mark.parametrize(
    "entries",
    [
        b"", b"\xff", DEEP, b"{}", b"[1]", b"[{}]",
        *(
            json.dumps([ENTRY | change, BIAS, OLD]).encode()
            for change in (
                {"name": 3}, {"name": None}, {"name": "\ud800"}, {"node": 2}, {"node": 3}, {"node": 99}, {"node": -1},
                {"node": 1.0}, {"node": "1"}, {"dtype": "complex64"}, {"dtype": []}, {"shape": 3}, {"shape": [-2, -3]},
                {"shape": [2.0, 3]}, {"shape": [1] * 33}, {"shape": [10**6, 10**6]}, {"shape": [0, 10**30]},
                {"values": "some"}, {"values": 1}, {"version": 4}, {"version": -1}, {"version": "1"}, {"version": None},
            )
        ),
    ],
)  # fmt: skip
def test_damaged_parameters(small, entries):
    assert failing(small, parameters_json=entries) == "net.keras: its member netconv/parameters.json is damaged"


PARAM = ["param", 0]


@pytest.mark.parametrize(
    "origin",
    [
        1, "param", [], ["param"], ["param", 9], ["param", -1], ["param", 0.5], ["cast", PARAM], ["transpose", PARAM],
        ["transpose", PARAM, [0]], ["transpose", PARAM, [0, 0]], ["transpose", PARAM, [1, 2]], ["reshape", PARAM, [7]],
        ["reshape", PARAM, [-1]], ["flip", PARAM, [2]], ["slice", PARAM, [[0, 2]]], ["slice", PARAM, [[0, 3], [0, 3]]],
        ["slice", PARAM, [[1, 0], [0, 3]]], ["concat", [], 0], ["concat", [PARAM, ["param", 1]], 0],
        ["concat", [PARAM, PARAM], 2], ["concat", [PARAM], -1], ["constant", [10**9, 10**9]],
        ["concat", [PARAM] * 10**6, 0],
    ],
)  # fmt: skip
def test_damaged_weights(small, origin):
    weights = json.dumps({"fc": [origin, ["param", 1]]}).encode()
    assert failing(small, weights_json=weights) == "net.keras: its member netconv/weights.json is damaged"


@pytest.mark.parametrize("weights", [b"", b"[]", b'{"fc": 1}', DEEP, b"1"])
def test_weights_that_are_no_lists(small, weights):
    assert failing(small, weights_json=weights) == "net.keras: its member netconv/weights.json is damaged"


def test_an_origin_of_too_many_steps(small):
    origin = PARAM
    for _ in range(70):
        origin = ["flip", origin, [0]]
    weights = json.dumps({"fc": [origin, ["param", 1]]}).encode()
    assert failing(small, weights_json=weights) == "net.keras: its member netconv/weights.json is damaged"


KERNEL = ["transpose", PARAM, [1, 0]]


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ({"other": [KERNEL]}, "netconv/weights.json has a layer 'other', and the model does not have it"),
        ({"fc": [KERNEL]}, "netconv/weights.json has 1 weights of layer 'fc', and the model 2"),
        ({"fc": [PARAM, ["param", 1]]}, "weight 0 of layer 'fc' has shape (3, 2), and (2, 3) in netconv/weights.json"),
        ({}, "weight 0 of layer 'fc' is trainable, and netconv/weights.json does not have the parameters for it"),
        (
            {"fc": [KERNEL, None]},
            "weight 1 of layer 'fc' is trainable, and netconv/weights.json does not have the parameters for it",
        ),
        (
            {"fc": [KERNEL, ["constant", [2]]]},
            "weight 1 of layer 'fc' is trainable, and netconv/weights.json does not have the parameters for it",
        ),
    ],
)
def test_weights_of_another_model(small, weights, text):
    assert failing(small, weights_json=json.dumps(weights).encode()) == f"net.keras: {text}"


@pytest.mark.parametrize("values", [b"1234", b"1234567", b"123456789"])
def test_damaged_values(small, values):
    assert failing(small, values_bin=values) == "net.keras: its member netconv/values.bin is damaged"


@pytest.mark.parametrize("change", [{"values": "rest"}, {"values": None}])
def test_values_that_do_not_fit_the_weights(small, change):
    entries = json.dumps([ENTRY, BIAS, OLD | change]).encode()
    assert failing(small, parameters_json=entries) == "net.keras: its member netconv/values.bin is damaged"


def test_a_damaged_graph(small):
    text = 'net.keras: its member netconv/graph.json: not a graph: it has no list "nodes"'
    assert failing(small, graph_json=b"{}") == text


def changed(path, change):
    """Writes a .keras file again; `change` returns the bytes and the info of each member."""
    with zipfile.ZipFile(path) as found:
        members = [(info, found.read(info)) for info in found.infolist()]
    with zipfile.ZipFile(path, "w") as made:
        for info, data in members:
            made.writestr(info, change(info, data), info.compress_type)


def test_members_that_cannot_be_unpacked(tmp_path):
    net, arrays = dense()
    netconv.convert_file(write(tmp_path, net, **arrays))
    path = tmp_path / "net.keras"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as found:
        info = found.getinfo("netconv/graph.json")
        start = info.header_offset + 30 + len(info.filename)
    data[start + 10 : start + 20] = bytes(10)
    path.write_bytes(data)
    with pytest.raises(FormatError) as error:
        open_model(path)
    assert str(error.value) == f"{path}: its member netconv/graph.json is damaged"


def test_a_member_that_is_too_large(tmp_path, monkeypatch):
    net, arrays = dense()
    netconv.convert_file(write(tmp_path, net, **arrays))
    path = tmp_path / "net.keras"
    monkeypatch.setattr(zip_members, "LARGE", 1 << 20)
    changed(path, lambda info, data: bytes(20 << 20) if info.filename.endswith("graph.json") else data)
    with pytest.raises(FormatError, match=r"graph\.json has 20,971,520 bytes; 1,[\d,]+ are read at most$"):
        archive.members(path)
    assert path.stat().st_size < 100_000
