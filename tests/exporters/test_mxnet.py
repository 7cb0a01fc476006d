"""The files of a net are written again from its .keras file alone: exactly where it was not trained, and with the
trained values where it was."""

import numpy as np
import pytest
from nets import draw, graph, null, op, write

import netconv
from netconv.exporters import mxnet
from netconv.frontends.mxnet import params_file
from netconv.inference.loading import open_model
from netconv.keras_files import archive


def dense(name, inputs, units, **attrs):
    return op("FullyConnected", name, inputs, num_hidden=units, **attrs)


def rnn(mode, layers, ways, size=3, units=4):
    gates = {"lstm": 4, "gru": 3, "rnn_tanh": 1}[mode]
    sizes = [size] + [units * ways] * (layers - 1)
    count = sum(ways * gates * units * (n + units + 2) for n in sizes)
    attrs = {"mode": mode, "state_size": units, "num_layers": layers, "bidirectional": ways > 1}
    nodes = [null("data"), null("p"), null("begin_state"), null("begin_cell")]
    return graph(*nodes, op("RNN", "r", [0, 1, 2, 3] if mode == "lstm" else [0, 1, 2], **attrs)), {"p": draw(count)}


NORMALIZED = [null(name) for name in ("data", "g", "b", "m", "v")]
STATISTICS = {"g": draw(3), "b": draw(3), "m": draw(3), "v": draw(3) ** 2}
WEIGHT = draw(4, 3)
NETS = {
    # name: net, arrays, input shapes, arrays that no variable holds
    "dense": (
        graph(null("data"), null("w"), null("b"), dense("fc", [0, 1, 2], 4)), {"w": WEIGHT, "b": draw(4)}, {}, "",
    ),
    "convolution": (
        graph(null("data"), null("k"), null("w"),
              op("Convolution", "c", [0, 1], kernel=(3, 3), num_filter=2, no_bias=True), op("Flatten", "f", [3]),
              dense("fc", [4, 2], 5, no_bias=True)),
        {"k": draw(2, 3, 3, 3), "w": draw(5, 2 * 4 * 4)}, {"data": (None, 3, 6, 6)}, "",
    ),
    "grouped convolution": (
        graph(null("data"), null("k"),
              op("Convolution", "c", [0, 1], kernel=(3, 3), num_filter=4, num_group=2, no_bias=True)),
        {"k": draw(4, 2, 3, 3)}, {"data": (None, 4, 6, 6)}, "",
    ),
    "dilated transposed convolution": (
        graph(null("data"), null("k"),
              op("Deconvolution", "c", [0, 1], kernel=(3, 3), dilate=(2, 2), num_filter=2, no_bias=True)),
        {"k": draw(3, 2, 3, 3)}, {"data": (None, 3, 6, 6)}, "",
    ),
    "embedding": (
        graph(null("data"), null("w"), op("Embedding", "e", [0, 1], input_dim=4, output_dim=3)),
        {"w": WEIGHT}, {"data": (None, 5)}, "",
    ),
    "normalization": (graph(*NORMALIZED, op("BatchNorm", "n", range(5), fix_gamma=False)), STATISTICS, {}, ""),
    "normalization without its gamma": (
        graph(*NORMALIZED, op("BatchNorm", "n", range(5), fix_gamma=True)), STATISTICS, {}, "g",
    ),
    "tied weights": (
        graph(null("data"), null("w"), dense("a", [0, 1], 3, no_bias=True), dense("b", [2, 1], 3, no_bias=True)),
        {"w": draw(3, 3)}, {}, "",
    ),
    "weights read in two ways": (
        graph(null("data"), null("w"), dense("a", [0, 1], 3, no_bias=True), op("dot", "b", [2, 1])),
        {"w": draw(3, 3)}, {}, "",
    ),
    "an array as a tensor": (
        graph(null("data"), null("w"), op("broadcast_add", "a", [0, 1])),
        {"w": draw(1, 4, 3)}, {"data": (None, 4, 3)}, "",
    ),
    "only a shape": (
        graph(null("data"), null("k"), op("Convolution", "c", [0, 1], kernel=(2, 3), num_filter=1, no_bias=True),
              op("Crop", "crop", [0, 2], num_args=2)),
        {"k": draw(1, 2, 2, 3)}, {"data": (None, 2, 5, 6)}, "k",
    ),
    "an array of another net": (
        graph(null("data"), null("w"), dense("fc", [0, 1], 4, no_bias=True)), {"old": draw(2), "w": WEIGHT}, {}, "old",
    ),
    **{
        f"{mode}, {layers} layers, {ways} ways": (*rnn(mode, layers, ways), {"data": (5, None, 3)}, "")
        for mode, layers, ways in (("lstm", 1, 1), ("lstm", 2, 2), ("gru", 1, 2), ("gru", 2, 1), ("rnn_tanh", 1, 2))
    },
}  # fmt: skip


def converted(folder, net, arrays, shapes):
    """The path of the model of a net with these arrays, (name, array), in its parameter file."""
    path = write(folder, net)
    params_file.write(folder / "net.params", arrays)
    netconv.convert_file(path, output=folder / "net.keras", input_shapes=shapes)
    return folder / "net.keras"


def exported(folder, path):
    """The net.json and the entries of net.params that are written from a .keras file."""
    mxnet.export(open_model(path), folder / "again.json", folder / "again.params")
    return (folder / "again.json").read_bytes(), params_file.entries(folder / "again.params")


@pytest.mark.parametrize("name", NETS)
def test_the_files_are_the_same_if_the_net_was_not_trained(tmp_path, name):
    net, arrays, shapes, _ = NETS[name]
    path = converted(tmp_path, net, arrays.items(), shapes)
    text, _ = exported(tmp_path, path)
    assert text == (tmp_path / "net.json").read_bytes()
    assert (tmp_path / "again.params").read_bytes() == (tmp_path / "net.params").read_bytes()


@pytest.mark.parametrize("version", [0, 1, 3])
def test_the_parameter_file_has_the_version_of_the_source(tmp_path, version):
    net, arrays, shapes, _ = NETS["dense"]
    path = write(tmp_path, net)
    params_file.write(tmp_path / "net.params", arrays.items(), versions=[version] * len(arrays))
    netconv.convert_file(path, input_shapes=shapes)
    _, entries = exported(tmp_path, tmp_path / "net.keras")
    assert {entry.version for entry in entries} == {version}
    assert (tmp_path / "again.params").read_bytes() == (tmp_path / "net.params").read_bytes()


@pytest.mark.parametrize("name", NETS)
def test_each_trained_value_goes_back_to_its_place(tmp_path, name):
    net, arrays, shapes, not_held = NETS[name]
    path = converted(tmp_path, net, arrays.items(), shapes)
    loaded = open_model(path)
    loaded.model.set_weights([2 * weight for weight in loaded.model.get_weights()])
    archive.save(loaded.model, path, loaded.members)
    _, entries = exported(tmp_path, path)
    assert [entry.name for entry in entries] == list(arrays)
    for entry in entries:
        factor = 1 if entry.name == not_held else 2
        np.testing.assert_array_equal(entry.read(), factor * arrays[entry.name], strict=True)


def test_no_variable_is_stored_twice(tmp_path):
    for name in NETS:
        net, arrays, shapes, not_held = NETS[name]
        members = archive.members(converted(tmp_path, net, arrays.items(), shapes))
        assert len(members.get("values.bin", b"")) == (arrays[not_held].nbytes if not_held else 0)


DTYPES = {
    "float16": [1, 0.1, -65504],
    "bfloat16": [1, 0.1, -3e38],
    "float64": [1, 0.1, 1e-300],
    "int8": [1, -128, 127],
    "uint8": [1, 0, 255],
    "int32": [1, -(2**31), 2**31 - 1],
    "int64": [1, -(2**63), 2**62 + 1],
    "bool": [True, False, True],
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_written_as_it_was(tmp_path, dtype):
    net = graph(null("data"), null("w"), op("Cast", "c", [1], dtype="float32"), op("broadcast_add", "a", [0, 2]))
    weight = params_file.in_numpy_dtype(params_file.as_stored(np.array([DTYPES[dtype]]), dtype), dtype)
    path = write(tmp_path, net)
    params_file.write(tmp_path / "net.params", [("w", weight)], [dtype])
    netconv.convert_file(path, input_shapes={"data": (None, 3)})
    exported(tmp_path, tmp_path / "net.keras")
    assert (tmp_path / "again.params").read_bytes() == (tmp_path / "net.params").read_bytes()


@pytest.mark.parametrize("dtype", ["float64", "int32", "int64"])
def test_a_rounded_value_that_is_not_trained_stays_exact(tmp_path, dtype):
    """A dense layer has float32."""
    weight = np.array([[2**24 + 1, 3], [5, 2**24 + 3]], dtype)
    net = graph(null("data"), null("w"), dense("fc", [0, 1], 2, no_bias=True))
    path = write(tmp_path, net)
    params_file.write(tmp_path / "net.params", [("w", weight)])
    netconv.convert_file(path)
    _, (entry,) = exported(tmp_path, tmp_path / "net.keras")
    np.testing.assert_array_equal(entry.read(), weight, strict=True)
    loaded = open_model(tmp_path / "net.keras")
    kernel = loaded.model.get_weights()[0]
    kernel[0, 1] = 7
    loaded.model.set_weights([kernel])
    archive.save(loaded.model, tmp_path / "net.keras", loaded.members)
    _, (entry,) = exported(tmp_path, tmp_path / "net.keras")
    weight[1, 0] = 7
    np.testing.assert_array_equal(entry.read(), weight, strict=True)


def test_names_that_repeat_and_prefixes_stay(tmp_path):
    net = graph(
        null("data"), null("w"), dense("a", [0, 1], 3, no_bias=True), null("w"), dense("b", [2, 3], 3, no_bias=True)
    )
    arrays = [("arg:w", draw(3, 3)), ("aux:w", draw(3, 3, seed=1))]
    path = converted(tmp_path, net, arrays, None)
    _, entries = exported(tmp_path, path)
    assert [entry.name for entry in entries] == ["arg:w", "aux:w"]
    for (_, value), entry in zip(arrays, entries, strict=True):
        np.testing.assert_array_equal(entry.read(), value)


def test_a_deep_net_of_several_models(tmp_path):
    nodes = [null("data"), null("w")]
    nodes += [op("_plus_scalar", f"p{n}", [n + 1 if n else 0], scalar=1) for n in range(860)]
    nodes += [
        null("k"),
        dense("fc", [len(nodes) - 1, len(nodes)], 2, no_bias=True),
        dense("out", [-1, 1], 2, no_bias=True),
    ]
    nodes[-1]["inputs"][0][0] = len(nodes) - 2
    arrays = {"w": draw(2, 2), "k": draw(2, 3)}
    converted(tmp_path, graph(*nodes), arrays.items(), None)
    exported(tmp_path, tmp_path / "net.keras")
    assert (tmp_path / "again.params").read_bytes() == (tmp_path / "net.params").read_bytes()


@pytest.mark.parametrize("mathematica", [False, True])
def test_drawn_parameters_are_named_as_they_would_have_been_saved(tmp_path, mathematica):
    net = graph(*NORMALIZED, op("BatchNorm", "n", range(5)), null("w"), dense("fc", [5, 6], 2, no_bias=True))
    if mathematica:
        del net["node_row_ptr"]
    write(tmp_path, net)
    netconv.convert_file(tmp_path / "net.json", input_shapes={"data": (None, 3)})
    _, entries = exported(tmp_path, tmp_path / "net.keras")
    names = ["g", "b", "m", "v", "w"] if mathematica else ["arg:g", "arg:b", "arg:w", "aux:m", "aux:v"]
    assert [entry.name for entry in entries] == names
    model = open_model(tmp_path / "net.keras").model
    x = draw(4, 3)
    again = netconv.convert(tmp_path / "again.json", tmp_path / "again.params")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
