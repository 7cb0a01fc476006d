"""A model that Keras saved is written as the net in another file, if it is the same net."""

import keras
import numpy as np
import pytest
from nets import dense as dense_of_mxnet
from nets import draw, graph, null, op, write
from wolfram_files import File, chain, elementwise, layer, linear, softmax, tensor

import netconv
from netconv.errors import FormatError
from netconv.exporters import source
from netconv.frontends.wolfram import container
from netconv.frontends.wolfram.expressions import Symbol


def net(file, function="Tanh", units=5):
    return chain(linear(file, 4, units), elementwise(Symbol(function), units), linear(file, units, 3), softmax(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """net.wlnet, and the model of it with other weights, saved by Keras alone."""
    folder = tmp_path_factory.mktemp("like")
    file = File("12.0.10")
    model = netconv.convert(file.write(folder / "net.wlnet", net(file)))
    model.set_weights([3 * weight for weight in model.get_weights()])
    model.save(folder / "saved.keras")
    return folder


def of_layers(*made):
    return keras.Sequential([keras.Input((4,)), *made])


def same(folder, model, written):
    x = np.random.default_rng(2).normal(size=(8, 4)).astype("float32")
    before, after = container.read(folder / "net.wlnet", "a"), container.read(written, "b")
    assert before.without_arrays() == after.without_arrays()
    again = netconv.convert(written)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_by_name(folder):
    lines = []
    (written,) = netconv.export(folder / "saved.keras", "wlnet", None, lines.append, like=folder / "net.wlnet")
    assert (written, lines) == (folder / "saved-trained.wlnet", [])
    same(folder, keras.saving.load_model(folder / "saved.keras"), written)


def test_by_order(folder):
    model = of_layers(*(keras.layers.Dense(n, a) for n, a in ((5, "tanh"), (3, "softmax"))))
    (written,) = netconv.export(model, "wlnet", folder / "order.wlnet", like=folder / "net.wlnet")
    same(folder, model, written)


def test_to_mxnet(tmp_path):
    json, arrays = dense_of_mxnet()
    path = write(tmp_path, json, **arrays)
    model = netconv.convert(path)
    model.set_weights([3 * weight for weight in model.get_weights()])
    model.save(tmp_path / "saved.keras")
    written = netconv.export(tmp_path / "saved.keras", "mxnet", like=path)
    assert written[0].read_bytes() == path.read_bytes()
    np.testing.assert_allclose(netconv.convert(written[0]).get_weights()[0], model.get_weights()[0])


def test_sizes_that_only_the_model_has(tmp_path):
    json = graph(
        null("data"), null("k"), null("w"), null("b"),
        op("Convolution", "c", [0, 1], kernel="(3, 3)", num_filter=2, no_bias=True),
        op("FullyConnected", "f", [4, 2, 3], num_hidden=4),
    )  # fmt: skip
    path = write(tmp_path, json, k=draw(2, 3, 3, 3), w=draw(4, 12), b=draw(4))
    netconv.convert(path, input_shapes={"data": (None, 3, 5, 4)}).save(tmp_path / "saved.keras")
    written = netconv.export(tmp_path / "saved.keras", "mxnet", like=path)
    assert [each.read_bytes() for each in written] == [path.read_bytes(), path.with_suffix(".params").read_bytes()]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(3, "softmax")], "it has 1 layers with weights, and the net in net.wlnet has 2"),
        (
            [(6, "tanh"), (3, "softmax")],
            "layer 'first' has weights of shapes (4, 6), (6,), and '1' of the net in net.wlnet has (4, 5), (5,)",
        ),
        (
            [(5, "relu"), (3, "softmax")],
            "its weights fit the net in net.wlnet, but it computes something else with them",
        ),
    ],
)
def test_other_nets(folder, monkeypatch, layers, message):
    monkeypatch.chdir(folder)
    names = ["first", "second"]
    model = of_layers(*(keras.layers.Dense(n, a, name=name) for (n, a), name in zip(layers, names, strict=False)))
    with pytest.raises(FormatError) as error:
        netconv.export(model, "wlnet", "other.wlnet", like="net.wlnet")
    assert str(error.value) == f"the model: {message}"


def test_an_input_of_another_rank(folder, monkeypatch):
    monkeypatch.chdir(folder)
    layers = [keras.layers.Dense(5, "tanh"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((2, 4)), *layers])
    with pytest.raises(FormatError) as error:
        netconv.export(model, "wlnet", "other.wlnet", like="net.wlnet")
    assert str(error.value) == "the model: it has other inputs than the net in net.wlnet"


def test_what_cannot_be_compared(folder, monkeypatch):
    def fails(*_):
        raise ValueError("too short\nin detail")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(source, "predict_rows", fails)
    with pytest.raises(FormatError) as error:
        netconv.export("saved.keras", "wlnet", "other.wlnet", like="net.wlnet")
    assert str(error.value) == "saved.keras: cannot be compared with the net in net.wlnet: too short"


def test_a_net_without_arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arrays = {"Weights": tensor(3, 4), "Biases": tensor(3)}
    File().write("net.wlnet", layer("Linear", tensor(4), tensor(3), {"OutputDimensions": (3,)}, arrays))
    with pytest.raises(FormatError) as error:
        netconv.export(of_layers(keras.layers.Dense(3)), "wlnet", like="net.wlnet")
    assert str(error.value) == "net.wlnet: it has no arrays, whose places those of the model could take"


def test_a_net_of_another_format(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    json, arrays = dense_of_mxnet()
    write(tmp_path, json, **arrays)
    model = netconv.convert("net.json")
    with pytest.raises(FormatError) as error:
        netconv.export(model, "wlnet", like="net.json")
    assert str(error.value) == "net.json: it is not a .wlnet file; to='mxnet' writes net.json and net.params"
