"""`netconv export` for runtimes: what goes to stdout and stderr, and the exit codes."""

import re

import keras
import onnxruntime
import pytest
from click.testing import CliRunner

from netconv.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, `net.keras`."""
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    entry = keras.Input((None, 3), name="steps")
    hidden = keras.layers.Dense(4, name="dense")(entry)
    keras.Model(entry, keras.layers.GlobalAveragePooling1D(name="mean")(hidden)).save("net.keras")
    return tmp_path


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, ["export", *arguments], **options)
    assert done.exit_code == code, done.output
    return done


FIGURE = (
    r"differs from the Keras model by at most \S+ of the largest output, on drawn inputs, in batches of 1, 2 and 5\n"
)


def test_the_path_and_the_figure(folder, capfd):
    done = run("net.keras", "--to", "onnx")
    assert done.stdout == "net.onnx\n"
    assert re.fullmatch(FIGURE, capfd.readouterr().err)  # while Keras is kept quiet, messages go to the descriptor
    shapes = [each.shape for each in onnxruntime.InferenceSession(folder / "net.onnx").get_inputs()]
    assert shapes[0][2] == 3 and not any(isinstance(size, int) for size in shapes[0][:2])
    run("net.keras", "--to", "onnx", "--input-shape", "steps=?,9,3", "--quiet")
    assert capfd.readouterr().err == ""
    session = onnxruntime.InferenceSession(folder / "net.onnx")
    assert [each.shape[1:] for each in session.get_inputs()] == [[9, 3]]


def test_standard_input_and_output(folder):
    done = run("-", "--to", "onnx", "-o", "-", "--batch", "2", input=(folder / "net.keras").read_bytes())
    assert onnxruntime.InferenceSession(done.stdout_bytes).get_inputs()[0].shape[0] == 2
    assert not (folder / "net.onnx").exists()


@pytest.mark.usefixtures("folder")
def test_errors():
    done = run("net.keras", "--to", "keras", code=1)
    assert done.stderr == "netconv: the model is a Keras model already; --inference writes one for inference alone\n"
    done = run("net.keras", "--to", "litert", "--quantize", "int8", code=1)
    assert done.stderr == (
        "netconv: --quantize int8 needs --calibrate: a table of what the model will be given, which says how large the "
        "numbers within it are\n"
    )
    assert run("net.keras", "--to", "onnx", "--batch", "0", code=2).stdout == ""
