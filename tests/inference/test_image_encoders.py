"""Image files for nets with Mathematica's Image encoder: the same arithmetic, done here by hand."""

import json
import re

import keras
import numpy as np
import pytest
from models import fails
from pictures import write
from PIL import Image
from wolfram_files import (
    TRUE,
    File,
    call,
    chain,
    class_decoder,
    elementwise,
    graph,
    image_encoder,
    layer,
    linear,
    softmax,
    tensor,
)

import netconv
from netconv.errors import FormatError
from netconv.inference.loading import WLNET, open_model
from netconv.keras_files import archive

WIDTH, HEIGHT = 8, 6
MEAN, VARIANCE = (0.5, 0.25, 0.125), (0.25, 0.04, 0.0625)
COLORFUL = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
LARGE = np.random.default_rng(1).integers(0, 256, (30, 20, 3)).astype(np.uint8)
IMAGE = call("Image", "data")


def shape_of(channels=3, interleaving=False):
    return (HEIGHT, WIDTH, channels) if interleaving else (channels, HEIGHT, WIDTH)


def net(folder, channels=3, interleaving=False, **parameters):
    """The file of a net that returns 2 * x - 1 for each number x that its encoder makes."""
    shape = shape_of(channels, interleaving)
    function = call("Function", call("Plus", call("Times", 2, call("Slot", 1)), -1))
    encoder = image_encoder(WIDTH, HEIGHT, channels, interleaving, **parameters)
    return File().write(folder / "net.wlnet", chain(elementwise(function, *shape), inputs={"Input": encoder}))


def classifier(folder, **parameters):
    """The file of a net that takes images for cats and dogs."""
    file = File()
    size = 3 * HEIGHT * WIDTH
    flat = layer("Flatten", tensor(*shape_of()), tensor(size), {"Level": call("DirectedInfinity", 1)})
    made = chain(
        flat, linear(file, size, 2), softmax(2), inputs={"Input": image_encoder(WIDTH, HEIGHT, **parameters)},
        outputs={"Output": class_decoder("dog", "cat")},
    )  # fmt: skip
    return file.write(folder / "net.wlnet", made)


def encoded(model, *files, shape=None, **options):
    """What the net of `net` gets for image files."""
    return (netconv.predict(model, list(files), **options).to_numpy().reshape(-1, *(shape or shape_of())) + 1) / 2


def normalized(pixels, mean=0, variance=1):
    """(height, width, channels) of 0 to 255 as the encoder makes (channels, height, width) of it."""
    return ((pixels / 255 - mean) / np.sqrt(variance)).transpose(2, 0, 1)


def resized(pixels, mode="RGB", size=(WIDTH, HEIGHT), box=None):
    image = Image.fromarray(pixels).convert(mode).resize(size, Image.Resampling.BILINEAR, box)
    return np.asarray(image).reshape(*size[::-1], -1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with an image of the size of the nets, a large one, and images in folders of classes."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.png", COLORFUL)
    write(tmp_path / "large.png", LARGE)
    for number in range(16):
        kind = ("cat", "dog")[number % 2]
        pixels = np.random.default_rng(number).integers(0, 200, (HEIGHT, WIDTH, 3)) + 55 * (number % 2)
        write(tmp_path / "photos" / kind / f"{number}.png", pixels.astype(np.uint8))
    return tmp_path


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(None, None), (0.5, None), (None, 0.25), (MEAN, VARIANCE), (MEAN, 0.25), (0.5, VARIANCE), ((0.5,), None)],
    ids=str,
)
def test_scale_mean_and_variance(folder, mean, variance):
    given = {name: value for name, value in (("MeanImage", mean), ("VarianceImage", variance)) if value is not None}
    source = net(folder, **given)
    expected = normalized(COLORFUL, 0 if mean is None else mean, 1 if variance is None else variance)
    np.testing.assert_allclose(encoded(source, "a.png")[0], expected, atol=1e-6)
    netconv.convert_file(source)
    np.testing.assert_array_equal(encoded("net.keras", "a.png"), encoded(source, "a.png"))


def test_a_baked_encoder_gets_the_pixels_as_they_are(folder):
    """Also where a layer behind has taken in the arithmetic, so that no layer of the model scales."""
    for source in (net(folder, MeanImage=MEAN, VarianceImage=VARIANCE), net(folder, interleaving=True, MeanImage=MEAN)):
        expected = encoded(source, "a.png", "large.png")
        netconv.convert_file(source, bake_encoder=True)
        np.testing.assert_allclose(encoded("net.keras", "a.png", "large.png"), expected, atol=1e-5)
    source = classifier(folder, MeanImage=MEAN, VarianceImage=VARIANCE)
    expected = netconv.predict(source, "a.png").to_numpy()
    netconv.convert_file(source, bake_encoder=True)
    np.testing.assert_allclose(netconv.predict("net.keras", "a.png").to_numpy(), expected, atol=1e-5)
    assert netconv.verify(source, "net.keras").agrees


def test_interleaving(folder):
    expected = normalized(COLORFUL, MEAN, VARIANCE).transpose(1, 2, 0)
    source = net(folder, interleaving=True, MeanImage=MEAN, VarianceImage=VARIANCE)
    found = encoded(source, "a.png", shape=shape_of(interleaving=True))
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_grayscale_before_the_size(folder):
    found = encoded(net(folder, channels=1, MeanImage=0.25), "a.png", "large.png", shape=shape_of(1))
    expected = [normalized(resized(pixels, "L"), 0.25) for pixels in (COLORFUL, LARGE)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_transparent_pixels_are_put_on_white(folder):
    write(folder / "clear.png", np.dstack([COLORFUL, np.zeros((HEIGHT, WIDTH), np.uint8)]))
    np.testing.assert_array_equal(encoded(net(folder), "clear.png"), np.ones((1, *shape_of())))


def by_method(method):
    """The large image in the size of the net, as a method of the encoder has it."""
    if method == "Fit":
        padded = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        padded[:, 2:6] = resized(LARGE, size=(4, 6))
        return padded
    return resized(LARGE, box=(0, 7.5, 20, 22.5) if method == "Fill" else None)


@pytest.mark.parametrize("method", ["Stretch", "Fit", "Fill"])
def test_methods_of_resizing(folder, method):
    found = encoded(net(folder, Method=method, Padding=call("GrayLevel", 0)), "large.png")
    np.testing.assert_allclose(found[0], normalized(by_method(method)), atol=1e-6)


def test_options_replace_what_the_encoder_does(folder):
    source = net(folder, Method="Fit", MeanImage=MEAN)
    found = encoded(source, "large.png", resize="fill", rescale=(1 / 127.5, -1))
    np.testing.assert_allclose(found[0], normalized(by_method("Fill"), 0.5, 0.25), atol=1e-5)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("bake", [False, True], ids=["encoder", "baked"])
def test_the_trained_model_takes_the_pixels(folder, bake):
    netconv.convert_file(classifier(folder, MeanImage=MEAN, VarianceImage=VARIANCE), bake_encoder=bake)
    lines = []
    result = netconv.train("net.keras", "photos", epochs=1, notify=lines.append)
    text = re.sub(r"\n {11,}", " ", "\n".join(lines))
    scaled = "pixels of 0 to 255 become -1 to 1, -1.25 to 3.75, -0.5 to 3.5, by channel (rescale=(1, 0) leaves them)"
    assert f"scale       {'pixels are 0 to 255' if bake else scaled}" in text.splitlines()
    assert result.encoding.heads[0].classes == ("dog", "cat")
    result.save("net-trained.keras")
    model = keras.saving.load_model("net-trained.keras")
    scales = [np.shape(each.get_config()["scale"]) for each in model.layers if each.name == "scale_inputs"]
    assert scales == ([] if bake else [(3, 1, 1)])
    expected = netconv.predict("net-trained.keras", "a.png").to_numpy()
    np.testing.assert_allclose(model.predict(COLORFUL.transpose(2, 0, 1)[None], verbose=0), expected, atol=1e-6)
    again = netconv.train("net-trained.keras", "photos", epochs=1, resize="fit", learning_rate=1e-9)
    np.testing.assert_allclose(netconv.predict(again, "a.png").to_numpy(), expected, atol=1e-5)


def test_a_trained_net_of_interleaved_images(folder):
    shape = shape_of(interleaving=True)
    file = File()
    flat = layer("Flatten", tensor(*shape), tensor(144), {"Level": call("DirectedInfinity", 1)})
    encoder = image_encoder(WIDTH, HEIGHT, interleaving=True, MeanImage=MEAN)
    made = chain(flat, linear(file, 144, 2), softmax(2), inputs={"Input": encoder},
                 outputs={"Output": class_decoder("dog", "cat")})  # fmt: skip
    result = netconv.train(file.write(folder / "net.wlnet", made), "photos", epochs=1)
    result.save("net-trained.keras")
    model = keras.saving.load_model("net-trained.keras")
    expected = netconv.predict("net-trained.keras", "a.png").to_numpy()
    np.testing.assert_allclose(model.predict(COLORFUL[None], verbose=0), expected, atol=1e-6)
    again = netconv.train("net-trained.keras", "photos", epochs=1, learning_rate=1e-9)
    np.testing.assert_allclose(netconv.predict(again, "a.png").to_numpy(), expected, atol=1e-5)


def test_folders_and_columns_of_images(folder):
    source = classifier(folder, MeanImage=MEAN, VarianceImage=VARIANCE)
    files = sorted((folder / "photos").rglob("*.png"))
    pixels = [normalized(np.asarray(Image.open(file)), MEAN, VARIANCE) for file in files]
    probabilities = netconv.convert(source).predict(np.stack(pixels), verbose=0)
    kinds = [file.parent.name for file in files]
    (folder / "t.csv").write_text(
        "photo,kind\n" + "".join(f"{file.relative_to(folder)},{file.parent.name}\n" for file in files)
    )
    right = np.mean([("dog", "cat")[each.argmax()] == kind for each, kind in zip(probabilities, kinds, strict=True)])
    found = netconv.predict(source, "t.csv")
    assert found.names == ("dog", "cat")
    np.testing.assert_allclose(found.to_numpy(), probabilities, atol=1e-6)
    in_folder = netconv.predict(source, "photos").to_numpy()
    np.testing.assert_allclose(np.sort(in_folder, axis=0), np.sort(probabilities, axis=0), atol=1e-6)
    for data in ("photos", "t.csv"):
        assert netconv.evaluate(source, data).metrics["accuracy"] == pytest.approx(right)


def test_a_port_of_any_name(folder):
    file = File()
    size = 3 * HEIGHT * WIDTH
    nodes = {
        "flat": layer("Flatten", tensor(*shape_of()), tensor(size), {"Level": call("DirectedInfinity", 1)}),
        "line": linear(file, size, 2),
    }
    edges = [".My Photo -> flat", "flat -> line", "line -> .Output"]
    inputs = {"My Photo": image_encoder(WIDTH, HEIGHT, MeanImage=MEAN)}
    source = file.write(folder / "net.wlnet", graph(nodes, edges, inputs, {"Output": tensor(2)}))
    expected = netconv.convert(source).predict(normalized(COLORFUL, MEAN)[None], verbose=0)
    np.testing.assert_allclose(netconv.predict(source, "a.png").to_numpy(), expected, rtol=1e-5)


# Errors

GIVE_ARRAYS = "give the model the arrays that the encoder makes"
RESIZE = "resize='fit', fill or stretch replaces it"
RESCALE = "rescale=(0.00392157, 0) replaces it"


@pytest.mark.parametrize(
    ("parameters", "problem", "hint"),
    [
        ({"ColorSpace": "LAB"}, "makes 3 channels of the color space LAB", GIVE_ARRAYS),
        ({"ColorSpace": "Grayscale"}, "makes 3 channels of the color space Grayscale", GIVE_ARRAYS),
        ({"DataTransposed": TRUE}, "transposes images", GIVE_ARRAYS),
        ({"Resampling": "Nearest"}, "resizes images with Resampling Nearest", GIVE_ARRAYS),
        ({"Method": "Crop"}, "resizes images with Method Crop", RESIZE),
        ({"Method": "Fit", "Padding": call("GrayLevel", 1)}, "pads images with GrayLevel[1]", RESIZE),
        ({"Method": "Fill", "Alignment": "Left"}, "aligns images at Left", RESIZE),
        ({"MeanImage": IMAGE}, "has a MeanImage that is not a number for each channel", RESCALE),
        ({"VarianceImage": (1.0, 1.0)}, "has a VarianceImage that is not a positive number for each channel", RESCALE),
        ({"MeanImage": 0.5, "VarianceImage": 0.0},
         "has a VarianceImage that is not a positive number for each channel", RESCALE),
    ],
)  # fmt: skip
def test_what_netconv_does_not_do(folder, parameters, problem, hint):
    source = net(folder, **parameters)
    expected = f"the image encoder of input 'Input' {problem}, which netconv does not do; {hint}"
    assert fails(netconv.predict, source, "a.png") == expected
    arrays = np.zeros((2, *shape_of()), np.float32)
    assert netconv.predict(source, arrays).to_numpy().shape == (2, 144)
    options = {RESIZE: {"resize": "fit"}, RESCALE: {"rescale": (1 / 255, 0)}}.get(hint)
    if options:
        np.testing.assert_allclose(encoded(source, "a.png", **options)[0], normalized(COLORFUL), atol=1e-5)


@pytest.mark.usefixtures("folder")
def test_what_netconv_does_not_do_in_training(folder):
    source = classifier(folder, MeanImage=IMAGE)
    assert fails(netconv.train, source, "photos", epochs=1) == (
        f"the image encoder of input 'Input' has a MeanImage that is not a number for each channel, which netconv does "
        f"not do; {RESCALE}"
    )
    result = netconv.train(source, "photos", epochs=1, rescale=(1 / 255, 0))
    assert netconv.predict(result, "a.png").to_numpy().shape == (1, 2)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"size": [8, 7]}, "does not fit the model"),
        ({"interleaving": True}, "does not fit the model"),
        ({"size": [8]}, "is damaged"),
        ({"size": ["8", 6]}, "is damaged"),
        ({"channels": 0}, "is damaged"),
        ({"mean": [None]}, "is damaged"),
        ({"method": []}, "is damaged"),
    ],
)
def test_a_damaged_member(folder, change, what):
    netconv.convert_file(net(folder))
    members = archive.members("net.keras")
    facts = json.loads(members[WLNET])
    facts["inputs"]["Input"] |= change
    archive.save(open_model("net.keras").model, "net.keras", {**members, WLNET: json.dumps(facts).encode()})
    with pytest.raises(FormatError) as caught:
        netconv.predict("net.keras", "a.png")
    assert str(caught.value) == f"net.keras: its member netconv/wlnet.json {what}"
