"""Encoders and decoders: what is said of them, what is stored of them, and image encoders as a part of the model."""

import json

import numpy as np
import pytest
from wolfram_files import (
    NONE,
    File,
    call,
    chain,
    class_decoder,
    classes,
    elementwise,
    image_encoder,
    layer,
    linear,
    softmax,
    tensor,
)  # fmt: skip

import netconv
from netconv.errors import FormatError
from netconv.frontends.wolfram import reader
from netconv.frontends.wolfram.expressions import Symbol
from netconv.inference.loading import open_model
from netconv.keras_files import archive
from netconv.keras_files import wlnet_members as members


def image_net(encoder, shape):
    """A net that returns its images."""
    return chain(elementwise(call("Function", call("Times", 1, call("Slot", 1))), *shape), inputs={"Input": encoder})


def classifier(file, decoder, inputs=None):
    return chain(linear(file, 4, 3), softmax(3), inputs=inputs, outputs={"Output": decoder})


def converted(folder, net, file, **options):
    report = netconv.convert_file(file.write(folder / "net.wlnet", net), **options)
    return report, open_model(folder / "net.keras")


def test_class_names_are_those_of_the_decoder(tmp_path):
    file = File()
    report, loaded = converted(tmp_path, classifier(file, class_decoder("cat", "dog", "owl")), file)
    assert loaded.classes == ("cat", "dog", "owl")
    assert "note: classes cat, dog, owl" in report.text
    assert report.facts["losses"] == ["sparse_categorical_crossentropy"]


def test_a_class_decoder_without_a_softmax(tmp_path):
    file = File()
    net = chain(linear(file, 4, 3), outputs={"Output": class_decoder("cat", "dog", "owl")})
    report, loaded = converted(tmp_path, net, file)
    assert report.facts["losses"] == ["sparse_categorical_crossentropy"] and loaded.model.loss.from_logits
    assert "because the output has a decoder of classes, and no softmax before it" in report.text


def test_class_names_that_are_numbers_and_symbols(tmp_path):
    file = File()
    _, loaded = converted(tmp_path, classifier(file, class_decoder(7, 2.5, Symbol("True"))), file)
    assert loaded.classes == ("7", "2.5", "True")


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "a"), (call("Entity", "x"), "b", "c")], ids=str)
def test_class_names_that_do_not_fit_are_left_out(tmp_path, names):
    file = File()
    decoder = call("NetDecoder", "Class", {"Labels": names}, tensor(3))
    _, loaded = converted(tmp_path, classifier(file, decoder), file)
    assert loaded.classes == ()


def test_given_class_names_replace_them(tmp_path):
    file = File()
    net = classifier(file, class_decoder("cat", "dog", "owl"))
    _, loaded = converted(tmp_path, net, file, classes=["a", "b", "c"])
    assert loaded.classes == ("a", "b", "c")


def test_a_boolean_decoder(tmp_path):
    file = File()
    outputs = {"Output": call("NetDecoder", "Boolean", {}, tensor(1))}
    net = chain(linear(file, 4, 1), elementwise(Symbol("LogisticSigmoid"), 1), outputs=outputs)
    report, loaded = converted(tmp_path, net, file)
    assert loaded.classes == ("False", "True") and report.facts["losses"] == ["binary_crossentropy"]


IMAGES = {
    "plain": (image_encoder(8, 6), "Input: takes RGB images of 8 x 6 pixels, values 0 to 1"),
    "gray": (image_encoder(8, 6, 1), "Input: takes Grayscale images of 8 x 6 pixels, values 0 to 1"),
    "scaled": (
        image_encoder(8, 6, MeanImage=0.5, VarianceImage=(0.25, 0.25, 0.25)),
        "Input: takes RGB images of 8 x 6 pixels, values 0 to 1, less 0.5, divided by 0.5",
    ),
    "by channels": (
        image_encoder(8, 6, MeanImage=(0.5, 0.25, 0.125)),
        "Input: takes RGB images of 8 x 6 pixels, values 0 to 1, less 0.5, 0.25, 0.125, divided by 1",
    ),
    "by an image": (
        image_encoder(8, 6, MeanImage=call("Image", "data")),
        "Input: takes RGB images of 8 x 6 pixels, values 0 to 1, less MeanImage, divided by the root of VarianceImage",
    ),
    "audio": (
        call("NetEncoder", "AudioMFCC", {}, tensor(None, 128)),
        "Input: the encoder AudioMFCC is not a part of the model: give it the arrays of shape (?, 128) that the "
        "encoder makes",
    ),
    "tokens": (
        call("NetEncoder", "Tokens", {}, tensor(None, inner=classes(97))),
        "Input: the encoder Tokens has a vocabulary in a form that is not known, which netconv does not do: give the "
        "model the arrays of shape (?,) that the encoder makes, integers from 1 to 97",
    ),
    "classes": (
        call("NetEncoder", "Class", {"Labels": ("a", "b")}, classes(2)),
        "Input: takes class numbers from 1 of a, b",
    ),
    "unit vectors": (
        call("NetEncoder", "Class", {"Labels": ("a", "b")}, tensor(2)),
        "Input: takes unit vectors of a, b",
    ),
    "a function": (
        call("NetEncoder", "Function", {"Function": call("Function", call("Run", "x"))}, tensor(3)),
        "Input: the encoder Function is not a part of the model: give it the arrays of shape (3,) that the "
        "encoder makes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("encoder, note", IMAGES.values(), ids=list(IMAGES))
def test_notes_on_encoders(encoder, note, tmp_path):
    net = layer("Flatten", encoder, tensor(None))
    found = reader.read(File().write(tmp_path / "net.wlnet", net), "net.wlnet")
    assert members.notes(found, False) == (note,)


def test_notes_on_decoders(tmp_path):
    net = layer("Softmax", tensor(3), call("NetDecoder", "Tokens", {}, tensor(3)), {"Level": -1})
    found = reader.read(File().write(tmp_path / "net.wlnet", net), "net.wlnet")
    assert members.notes(found, False) == (
        "Output: the decoder Tokens is not a part of the model, whose output is arrays of shape (3,)",
    )


def test_what_is_stored_of_an_encoder(tmp_path):
    file = File()
    encoder = image_encoder(8, 6, MeanImage=0.5, VarianceImage=(0.25, 0.5, 1), Method="Fit")
    _, loaded = converted(tmp_path, image_net(encoder, (3, 6, 8)), file)
    assert json.loads(loaded.members[archive.WLNET]) == {
        "version": "14.3.0",
        "arrays": [],
        "inline": [],
        "inputs": {
            "Input": {
                "kind": "Image", "size": [8, 6], "color_space": "RGB", "channels": 3, "interleaving": False,
                "mean": 0.5, "variance": [0.25, 0.5, 1.0], "method": "Fit", "resampling": "Automatic",
                "padding": "Black", "alignment": "Center", "transposed": False, "baked": False,
            }
        },
        "outputs": {},
    }  # fmt: skip


@pytest.mark.parametrize("interleaving", [False, True], ids=["channels first", "interleaving"])
def test_a_baked_encoder_takes_values_from_0_to_255(tmp_path, interleaving):
    mean, variance = (0.5, 0.25, 0.125), (0.25, 0.5, 1.0)
    encoder = image_encoder(8, 6, interleaving=interleaving, MeanImage=mean, VarianceImage=variance)
    shape = (6, 8, 3) if interleaving else (3, 6, 8)
    file = File()
    report, loaded = converted(tmp_path, image_net(encoder, shape), file, bake_encoder=True)
    assert "note: Input: takes RGB images of 8 x 6 pixels, values 0 to 255" in report.text
    assert json.loads(loaded.members[archive.WLNET])["inputs"]["Input"]["baked"]
    images = np.random.default_rng(0).integers(0, 256, (2, *shape)).astype("float32")
    wide = (3,) if interleaving else (3, 1, 1)
    expected = (images / 255 - np.reshape(mean, wide)) / np.sqrt(np.reshape(variance, wide))
    np.testing.assert_allclose(loaded.model.predict(images, verbose=0), expected, rtol=1e-5, atol=1e-5)


def test_encoders_that_cannot_be_baked(tmp_path):
    file = File()
    net = image_net(image_encoder(8, 6, MeanImage=call("Image", "data")), (3, 6, 8))
    source = file.write(tmp_path / "net.wlnet", net)
    with pytest.raises(FormatError) as error:
        netconv.convert(source, bake_encoder=True)
    assert str(error.value) == (
        f"{source}: the MeanImage or VarianceImage of input 'Input' is not a number for each channel, which "
        "bake_encoder=True needs"
    )
    net = image_net(image_encoder(8, 6, ImageSize=NONE), (3, 6, 8))
    with pytest.raises(FormatError) as error:
        netconv.convert(file.write(source, net))
    assert str(error.value) == f"{source}: an Image encoder has the ImageSize None, and not a width and a height"
    (tmp_path / "net.json").write_text("{}")
    with pytest.raises(FormatError) as error:
        netconv.convert(tmp_path / "net.json", bake_encoder=True)
    assert str(error.value) == (
        f"{tmp_path / 'net.json'}: a net.json has no encoder; bake_encoder=True is for the .wlnet file of the net"
    )
