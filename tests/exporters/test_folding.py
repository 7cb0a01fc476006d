"""What scales the numbers of a table is folded into the first and the last layer of the net where that is exact: the
net that is written takes the table's own numbers, and returns values in its units."""

import numpy as np
import pytest
from nets import dense as dense_of_mxnet
from nets import graph, null, op, write
from wolfram_files import FALSE, File, chain, elementwise, image_encoder, layer, linear, softmax, tensor

import netconv
from netconv.features.scaling import Affine, Moments, Scaling
from netconv.frontends.wolfram import container
from netconv.frontends.wolfram.expressions import Symbol
from netconv.inference.loading import open_model
from netconv.keras_files import archive, scaling_layers

RNG = np.random.default_rng(3)


def moments(width, far=1.0):
    return Moments(RNG.normal(size=width) * 10 * far, RNG.uniform(2, 20, width))


def convolution(file, groups=1, pad=0):
    parameters = {"OutputChannels": 4, "KernelSize": (2, 3), "PaddingSize": ((pad, pad), (pad, pad)),
                  "Dimensionality": 2, "Interleaving": FALSE, "ChannelGroups": groups}  # fmt: skip
    size = (5 + 2 * pad - 1, 6 + 2 * pad - 2)
    arrays = {"Weights": file.array(4, 2 // groups, 2, 3), "Biases": file.array(4)}
    return layer("Convolution", tensor(2, 5, 6), tensor(4, *size), parameters, arrays)


def flat(size, units):
    def made(file):
        arrays = {"Weights": file.array(units, int(np.prod(size))), "Biases": file.array(units)}
        return layer("Linear", tensor(*size), tensor(units), {"OutputDimensions": (units,)}, arrays)

    return made


def nets(file, name):
    """A net of some name."""
    match name:
        case "linear":
            return linear(file, 4, 3)
        case "two":
            return chain(linear(file, 4, 5), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3))
        case "no biases":
            return chain(linear(file, 4, 5, biases=False), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3, False))
        case "softmax":
            return chain(elementwise(Symbol("Tanh"), 4), softmax(4))
        case "image":
            return chain(convolution(file), elementwise(Symbol("Tanh"), 4, 4, 4), flat((4, 4, 4), 3)(file))
        case "groups":
            return chain(convolution(file, groups=2), flat((4, 4, 4), 3)(file))
        case "padded":
            return chain(convolution(file, pad=1), flat((4, 6, 6), 3)(file))
        case "flat image":
            return flat((2, 5, 6), 3)(file)
        case "shared":
            both = linear(file, 4, 4)
            return chain(both, both)
    raise AssertionError(name)


def channels(values, size=30):
    return np.repeat(values, size)


SEVERAL = np.array([0.5, 2.0]), np.array([3.0, -1.0])
FOLDED = {
    "linear": (Moments(np.array([1.0, 30, -5, 0]), np.array([2.0, 7, 0.1, 1])), moments(3)),
    "two": (moments(4), moments(3)),
    "no biases": (Affine(np.array([0.5, 1, 2, 4]), np.zeros(4)), Moments(np.zeros(3), np.array([3.0, 4, 5]))),
    "image": (Affine(*map(channels, SEVERAL)), Moments(np.array([4.0]), np.array([10.0]))),
    "groups": (Affine(*map(channels, SEVERAL)), None),
    "padded": (Affine(channels(SEVERAL[0]), np.zeros(60)), moments(3)),
    "flat image": (moments(60), moments(3)),
}
X = {"linear": 4, "two": 4, "no biases": 4}


def scaled(folder, name, inputs, outputs, net=None, fill=None):
    """The path of a model of a net with layers that scale."""
    file = File()
    source = file.write(folder / "net.wlnet", nets(file, name) if net is None else net(file))
    netconv.convert_file(source)
    loaded = open_model(folder / "net.keras")
    rows = [tuple(tensor.shape[1:]) for tensor in loaded.model.inputs]
    model = scaling_layers.scaled(loaded.model, [Scaling(fill, inputs)], rows, [outputs])
    archive.save(model, folder / "net-trained.keras", loaded.members)
    return folder / "net-trained.keras"


def predictions(model, x):
    return model.predict(x, verbose=0)


@pytest.mark.parametrize("name", FOLDED)
def test_the_net_takes_the_numbers_of_the_table(tmp_path, name):
    inputs, outputs = FOLDED[name]
    path = scaled(tmp_path, name, inputs, outputs)
    model = open_model(path).model
    size = X.get(name, (2, 5, 6))
    x = RNG.normal(size=(16, *np.atleast_1d(size))).astype("float32") * 10
    expected = predictions(model, x)
    for target, options in (("wlnet", {}), ("mxnet", {"input_shapes": {"Input": (None, *np.atleast_1d(size))}})):
        lines = []
        written = netconv.export(path, target, None, lines.append)
        assert len(lines) == (inputs is not None) + (outputs is not None) and "not in" not in " ".join(lines)
        again = predictions(netconv.convert(written[0], **options), x)
        np.testing.assert_allclose(again, expected, atol=1e-6 * max(1, np.abs(expected).max()))


def test_what_is_said(tmp_path):
    lines = []
    netconv.export(scaled(tmp_path, "two", *FOLDED["two"]), "wlnet", None, lines.append)
    assert lines == [
        "scale_inputs is folded into layer '1': the net takes the numbers of the training data",
        "scale_outputs is folded into layer '3': the net returns values in the units of the training data",
    ]
    before, after = (container.read(tmp_path / name, "x") for name in ("net.wlnet", "net-trained.wlnet"))
    assert before.without_arrays() == after.without_arrays()


def test_a_large_mean_costs_digits(tmp_path):
    lines = []
    inputs = Moments(np.array([2000.0, 0, 0, 0]), np.array([5.0, 1, 1, 1]))
    netconv.export(scaled(tmp_path, "linear", inputs, None), "wlnet", None, lines.append)
    assert lines == [
        "scale_inputs is folded into layer 'Layer': the net takes the numbers of the training data, rounded to about "
        "2e-05 of a standard deviation"
    ]


NOT = "; it takes or returns scaled numbers"
REFUSED = {
    "a large mean": (
        "linear", Moments(np.full(4, 2e6), np.ones(4)), None,
        "scale_inputs, as a mean is over 1,000 standard deviations, and float32 would lose its digits",
    ),
    "no biases": (
        "no biases", moments(4), moments(3),
        "scale_inputs, as its first layer '1' has no biases; scale_outputs, as its last layer '3' has no biases",
    ),
    "not linear": (
        "softmax", moments(4), moments(4),
        "scale_inputs, as its first layer '1' is not linear; scale_outputs, as its last layer '2' is not linear",
    ),
    "padded": (
        "padded", Affine(np.full(60, 2.0), np.full(60, 1.0)), None,
        "scale_inputs, as its first layer '1' pads with zeros, which are not shifted",
    ),
    "pixels that differ": (
        "image", moments(60), None, "scale_inputs, as the numbers along its axes are scaled differently",
    ),
    "shared arrays": (
        "shared", moments(4), moments(4), "scale_inputs, as '1' shares its arrays; scale_outputs, as '2' shares its "
        "arrays",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_exact_is_left_out(tmp_path, case):
    name, inputs, outputs, message = REFUSED[case]
    lines = []
    (written,) = netconv.export(scaled(tmp_path, name, inputs, outputs), "wlnet", None, lines.append)
    assert lines == [f"not in the net: {message}{NOT}"]
    assert written.read_bytes() == (tmp_path / "net.wlnet").read_bytes()


def test_missing_numbers(tmp_path):
    lines = []
    path = scaled(tmp_path, "linear", None, None, fill=np.array([1.0, 2, 3, 4]))
    netconv.export(path, "wlnet", None, lines.append)
    assert lines == ["not in the net: what replaces missing numbers; give it none"]


@pytest.mark.parametrize(("scale", "said"), [
    (1 / 255, []),
    (1 / 100, ["not in the net: scale_inputs, as the image encoder of the net does something else" + NOT]),
])  # fmt: skip
def test_image_encoders_scale_themselves(tmp_path, scale, said):
    def net(file):
        encoded = chain(flat((3, 2, 2), 3)(file))
        return encoded | {"Inputs": {"Input": image_encoder(2, 2)}}

    lines = []
    path = scaled(tmp_path, "", Affine(np.full(12, scale), np.zeros(12)), None, net)
    (written,) = netconv.export(path, "wlnet", None, lines.append)
    assert lines == said and written.read_bytes() == (tmp_path / "net.wlnet").read_bytes()
    lines.clear()
    netconv.export(path, "mxnet", None, lines.append)
    assert lines == ["scale_inputs is folded into layer '1': the net takes the numbers of the training data"]


def test_a_net_of_mxnet_with_a_loss(tmp_path):
    json, arrays = dense_of_mxnet(1)
    nodes = json["nodes"] + [null("label"), op("LinearRegressionOutput", "out", [3, 4])]
    path = write(tmp_path, graph(*nodes), **arrays)
    netconv.convert_file(path)
    loaded = open_model(tmp_path / "net.keras")
    model = scaling_layers.scaled(loaded.model, [Scaling(None, moments(3))], [(3,)], [moments(1)])
    archive.save(model, tmp_path / "scaled.keras", loaded.members)
    lines = []
    written = netconv.export(tmp_path / "scaled.keras", "mxnet", None, lines.append)
    assert [line[:32] for line in lines] == ["scale_inputs is folded into laye", "scale_outputs is folded into lay"]
    x = RNG.normal(size=(8, 3)).astype("float32") * 10
    expected = predictions(model, x)
    np.testing.assert_allclose(predictions(netconv.convert(written[0]), x), expected, rtol=1e-6, atol=1e-5)


def test_rows_of_a_sequence_of_mxnet(tmp_path):
    """Those that are scaled alike."""
    fc = op("FullyConnected", "fc", [0, 1, 2], num_hidden=2, flatten=False)
    path = write(tmp_path, graph(null("data"), null("w"), null("b"), fc), **dense_of_mxnet()[1])
    netconv.convert_file(path, input_shapes={"data": (None, 4, 3)})
    loaded = open_model(tmp_path / "net.keras")
    for scaling, said in (
        (Affine(np.tile([0.5, 2, 3], 4), np.tile([1.0, 0, 3], 4)), "scale_inputs is folded into layer 'fc'"),
        (moments(12), "not in the net: scale_inputs, as the numbers along its axes are scaled differently"),
    ):
        model = scaling_layers.scaled(loaded.model, [Scaling(None, scaling)], [(4, 3)])
        archive.save(model, tmp_path / "scaled.keras", loaded.members)
        lines = []
        written = netconv.export(tmp_path / "scaled.keras", "mxnet", None, lines.append)
        assert lines[0].startswith(said)
    x = RNG.normal(size=(8, 4, 3)).astype("float32")
    again = netconv.convert(written[0], input_shapes={"data": (None, 4, 3)})
    np.testing.assert_allclose(predictions(again, x), predictions(loaded.model, x), atol=1e-6)


def test_training_on_a_table(tmp_path):
    """An untrained net learns from a table of large numbers, and the net that is written takes those."""
    rows = RNG.normal(size=(60, 3)) * [1, 50, 3000] + [5, 100, 9000]
    table = np.column_stack([rows, rows @ [3, 2, 0.1] + 500])
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header="a,b,c,y", comments="")
    path = write(tmp_path, dense_of_mxnet(1)[0])
    lines = []
    trained = netconv.train(path, tmp_path / "t.csv", epochs=3)
    trained.save(tmp_path / "net-trained.keras")
    written = netconv.export(tmp_path / "net-trained.keras", "mxnet", None, lines.append)
    assert [line.split(" into ")[0] for line in lines[:2]] == ["scale_inputs is folded", "scale_outputs is folded"]
    x = rows.astype("float32")
    expected = predictions(trained.model, x)
    again = netconv.convert(written[0], input_shapes={"data": (None, 3)})
    np.testing.assert_allclose(predictions(again, x), expected, atol=1e-6 * np.abs(expected).max())
