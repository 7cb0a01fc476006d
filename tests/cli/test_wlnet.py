"""The commands with Mathematica's own file, and the way back to it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from pictures import write
from wolfram_files import File, call, chain, class_decoder, elementwise, image_encoder, layer, linear, softmax, tensor

from netconv.cli import main
from netconv.frontends.wolfram.expressions import Symbol


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a classifier of four numbers, `net.wlnet`, and a table of them."""
    monkeypatch.chdir(tmp_path)
    file = File()
    net = chain(linear(file, 4, 5), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3), softmax(3),
                outputs={"Output": class_decoder("cat", "dog", "owl")})  # fmt: skip
    file.write(tmp_path / "net.wlnet", net)
    rng = np.random.default_rng(0)
    rows = [f"{','.join(map(str, rng.normal(size=4).round(3)))},{name}" for name in ("owl", "cat", "dog") * 20]
    (tmp_path / "t.csv").write_text("a,b,c,d,kind\n" + "\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_convert():
    done = run("convert", "net.wlnet")
    assert done.stdout == "net.keras\n"
    assert done.stderr.splitlines() == [
        "net.wlnet: 4 layers from 5 nodes, 4 parameters copied from net.wlnet",
        "input  Input (?, 4)",
        "output Output (?, 3)",
        "loss   sparse_categorical_crossentropy, because the net ends in softmax; targets are class numbers from 0; "
        "--loss overrides it",
        "optimizer adam, learning rate 0.001",
        "note: classes cat, dog, owl",
    ]
    assert sorted(os.listdir()) == ["net.keras", "net.wlnet", "t.csv"]


INSPECTION = """net.wlnet: 4 layers, written by Mathematica 14.3.0
  1: LinearLayer (5,)
  2: ElementwiseLayer (5,)
  3: LinearLayer (3,)
  4: SoftmaxLayer (3,)
input  Input (4,)
output Output (3,), Class
parameters: 4 arrays, 43 numbers
  1.Weights (5, 4) float32
  1.Biases (5,) float32
  3.Weights (3, 5) float32
  3.Biases (3,) float32
note: classes cat, dog, owl
"""


def test_inspect(folder):
    assert run("inspect", "net.wlnet").stdout == INSPECTION
    data = (folder / "net.wlnet").read_bytes()
    assert run("inspect", "-", input=data).stdout == INSPECTION.replace("net.wlnet", "standard input")
    facts = json.loads(run("inspect", "net.wlnet", "--json").stdout)
    assert facts["version"] == "14.3.0" and facts["problems"] == [] and facts["elements"] == 43
    assert facts["layers"][0] == {"name": "1", "type": "Linear"}
    assert facts["outputs"] == {"Output": {"shape": [3], "classes": None, "coder": "Class"}}


def test_inspect_a_net_that_cannot_be_converted(folder):
    net = layer("NetMap", tensor(None, 3), tensor(None, 3), {"Net": layer("NetGAN", tensor(3), tensor(3))})
    File().write(folder / "other.wlnet", net)
    assert run("inspect", "other.wlnet", code=1).stdout == (
        "other.wlnet: 2 layers, written by Mathematica 14.3.0\n"
        "  Layer: NetMapOperator (?, 3)\n"
        "  Layer: NetGANLayer (3,)  (not supported)\n"
        "input  Input (?, 3)\n"
        "output Output (?, 3)\n"
        "parameters: 0 arrays, 0 numbers\n"
        "cannot be converted: other.wlnet: layers that are not supported: NetGAN (Layer); exported with "
        'Export["net.json", net, "MXNet"] the net may be\n'
    )


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_table(folder, command):
    given = run(command, "t.csv", "-m", "net.wlnet").stdout
    assert given == run(command, "t.csv", "-m", "-", input=(folder / "net.wlnet").read_bytes()).stdout
    assert given == run(command, "t.csv").stdout
    run("convert", "net.wlnet", "-o", "other.keras")
    assert given == run(command, "t.csv", "-m", "other.keras").stdout
    if command == "predict":
        assert {line.split(",")[0] for line in given.split()[1:]} <= {"cat", "dog", "owl"}


@pytest.mark.usefixtures("folder")
def test_train_and_export(capfd):
    assert run("train", "t.csv", "--epochs", "1").stdout == "net-trained.keras\n"
    capfd.readouterr()
    assert run("export", "net-trained.keras", "--to", "wlnet").stdout == "net-trained.wlnet\n"
    assert capfd.readouterr().err.startswith(
        "not in the net: how the training table was read"
    )  # Keras is quiet meanwhile
    run("export", "net-trained.keras", "--to", "wlnet", "--quiet")
    assert capfd.readouterr().err == ""
    given = run("predict", "t.csv", "-m", "net-trained.wlnet").stdout
    assert given == run("predict", "t.csv", "-m", "net-trained.keras").stdout
    assert run("export", "net-trained.keras", "--to", "mxnet", "--quiet").stdout == (
        "net-trained.json\nnet-trained.params\n"
    )


def test_pipes(folder):
    def piped(*arguments, data):
        command = [sys.executable, "-m", "netconv", *arguments]
        done = subprocess.run(command, input=data, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    data = (folder / "net.wlnet").read_bytes()
    model = piped("convert", "-", "-o", "-", data=data)
    assert piped("export", "-", "--to", "wlnet", "-o", "-", data=model) == data


def test_a_baked_encoder(folder):
    net = chain(elementwise(Symbol("Tanh"), 3, 6, 8), inputs={"Input": image_encoder(8, 6, MeanImage=0.5)})
    File().write(folder / "image.wlnet", net)
    done = run("convert", "image.wlnet", "--bake-encoder")
    assert "note: Input: takes RGB images of 8 x 6 pixels, values 0 to 255" in done.stderr


def write_image_net(folder):
    """Writes `image.wlnet`, a classifier of images. Returns its arrays."""
    file = File()
    flat = layer("Flatten", tensor(3, 6, 8), tensor(144), {"Level": call("DirectedInfinity", 1)})
    encoder = image_encoder(8, 6, MeanImage=(0.5, 0.25, 0.125), VarianceImage=0.25)
    net = chain(flat, linear(file, 144, 3), softmax(3), inputs={"Input": encoder},
                outputs={"Output": class_decoder("cat", "dog", "owl")})  # fmt: skip
    file.write(folder / "image.wlnet", net)
    return file.arrays


@pytest.mark.parametrize("bake", [(), ("--bake-encoder",)], ids=["encoder", "baked"])
def test_image_files(folder, bake):
    """Whether the encoder is a part of the model or not."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    for name in ("cat.png", "photos/dog/1.png", "photos/owl/1.png"):
        write(folder / name, pixels)
    weights, biases = (array.astype(float) for array in write_image_net(folder))
    run("convert", "image.wlnet", *bake)
    encoded = (pixels / 255 - (0.5, 0.25, 0.125)) / 0.5
    logits = weights @ encoded.transpose(2, 0, 1).ravel() + biases
    expected = np.exp(logits - logits.max())
    expected /= expected.sum()
    for model in ("image.keras", "image.wlnet"):
        line = json.loads(run("predict", "cat.png", "-m", model, "--json").stdout)
        assert line["class"] == ("cat", "dog", "owl")[expected.argmax()]
        assert line["probability"] == pytest.approx(expected.max(), rel=1e-4)
        evaluated = json.loads(run("evaluate", "photos", "-m", model, "--json").stdout)
        assert evaluated["metrics"]["accuracy"] == 0.5 * (expected.argmax() > 0)


@pytest.mark.parametrize("rescale", [(), ("--rescale", "1/255,0")], ids=["encoder", "rescale"])
def test_a_net_of_images_goes_back(folder, capfd, rescale):
    """Its encoder does what a layer of the trained model does, unless the training was to scale otherwise."""
    for number, name in enumerate(("cat", "dog", "owl") * 3):
        pixels = np.random.default_rng(number).integers(0, 256, (6, 8, 3)).astype(np.uint8)
        write(folder / "photos" / name / f"{number}.png", pixels)
    write_image_net(folder)
    run("train", "photos", "-m", "image.wlnet", "--epochs", 1, *rescale)
    capfd.readouterr()
    run("export", "image-trained.keras", "--to", "wlnet")
    unlike = (
        "not in the net: scale_inputs, as the image encoder of the net does something else; it takes or returns scaled "
        "numbers"
    )
    assert (unlike in capfd.readouterr().err) == bool(rescale)
    trained, exported = (
        json.loads(run("predict", "photos/cat/0.png", "-m", f"image-trained.{ending}", "--json").stdout)
        for ending in ("keras", "wlnet")
    )
    assert (exported["probability"] == pytest.approx(trained["probability"], abs=1e-5)) != bool(rescale)


def test_an_image_encoder_that_netconv_does_not_do(folder):
    write(folder / "cat.png")
    encoder = image_encoder(8, 6, MeanImage=call("Image", "data"))
    File().write(folder / "image.wlnet", chain(elementwise(Symbol("Tanh"), 3, 6, 8), inputs={"Input": encoder}))
    assert run("predict", "cat.png", "-m", "image.wlnet", code=1).stderr.splitlines()[-1] == (
        "netconv: the image encoder of input 'Input' has a MeanImage that is not a number for each channel, which "
        "netconv does not do; --rescale 0.00392157,0 replaces it"
    )
    assert len(run("predict", "cat.png", "-m", "image.wlnet", "--rescale", "1/255,0").stdout.splitlines()) == 2


def test_errors(folder):
    def error(*arguments, **options):
        done = run(*arguments, code=1, **options)
        assert done.stdout == ""
        return done.stderr

    (folder / "bad.wlnet").write_bytes((folder / "net.wlnet").read_bytes()[:500])
    for command in ("convert", "inspect"):
        assert error(command, "bad.wlnet").startswith("netconv: bad.wlnet: a damaged HDF5 file: ")
    (folder / "text.wlnet").write_text("NetChain[]")
    assert error("convert", "text.wlnet") == (
        "netconv: text.wlnet: not a net: it is not JSON; a net is the net.json that Mathematica or MXNet wrote\n"
    )
    assert error("train", "t.csv", "-m", "net.wlnet", "--init", "uniform").startswith(
        "netconv: net.wlnet: its parameters"
    )
    assert error("convert", "net.wlnet", "-p", "net.params") == (
        "netconv: net.wlnet: a .wlnet file has its arrays; leave out net.params\n"
    )
    assert error("predict", "t.csv", "-m", "-", input=b"\x89HDF\r\n\x1a\nabc").startswith(
        "netconv: standard input: a damaged HDF5 file: "
    )
    run("convert", "net.wlnet", "--quiet")
    assert error("export", "net.keras", "--to", "wlnet", "-o", "net.txt") == (
        "netconv: net.txt: the file for wlnet ends in .wlnet; choose another output\n"
    )
    assert error("export", "net.keras", "--to", "wlnet", "-o", "no/net.wlnet").startswith("netconv: no/net.wlnet: ")
    assert run("predict", "net.wlnet", code=2).stderr.endswith(
        "'net.wlnet' is not a table; a net or a model is given with -m\n"
    )


def test_the_same_file_gives_the_same_model(folder):
    for name in ("a.keras", "b.keras"):
        run("convert", "net.wlnet", "-o", name, "--quiet")
    assert (folder / "a.keras").read_bytes() == (folder / "b.keras").read_bytes()
