"""`netconv train` in a new process: interrupted, killed, on a full disk; its options."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from models import KIDNEY, layers, model, separable

from netconv.cli import main
from netconv.keras_files import archive

NETCONV = [sys.executable, "-m", "netconv"]
SECONDS = 120


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a small net and a table of 81 rows."""
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(2)
    hidden = [layers.Dense(4, activation="relu"), layers.Dropout(0.2)]
    archive.save(model(hidden=hidden), "net.keras")
    Path("t.csv").write_text(separable(81))
    return tmp_path


def start(*arguments, limit=None):
    return subprocess.Popen(
        [*NETCONV, "train", "t.csv", "-m", "net.keras", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=limit,
    )  # fmt: skip


def done(process, code=0):
    out, messages = process.communicate(timeout=SECONDS)
    assert process.returncode == code, messages
    return out.splitlines(), messages.splitlines()


def after(process, epoch):
    """Waits for the end of an epoch."""
    for line in process.stdout:
        if json.loads(line)["epoch"] == epoch:
            return


def weights(path):
    return archive.load(path).get_weights()


def same(one, two):
    for left, right in zip(weights(one), weights(two), strict=True):
        np.testing.assert_array_equal(left, right)


def run(*arguments):
    return CliRunner().invoke(main, ["train", "t.csv", "-m", "net.keras", *map(str, arguments)])


def fails(*arguments, code=1):
    found = run(*arguments)
    assert (found.exit_code, found.stdout) == (code, ""), found.output
    return found.stderr.splitlines()[-1]


LONG = ["--epochs", "60", "--early-stopping", "0", "--batch-size", "8", "--json"]


@pytest.mark.usefixtures("folder")
def test_killed_and_resumed():
    """After kill -9, a resumed training ends with the weights of an uninterrupted one."""
    killed = start(*LONG, "-o", "x.keras", "--checkpoint", "ck")
    after(killed, 3)
    killed.kill()
    done(killed, -signal.SIGKILL)
    assert not Path("x.keras").exists()
    found = run(*LONG, "-o", "resumed.keras", "--checkpoint", "ck", "--resume")
    assert found.exit_code == 0 and "\ncontinuing after epoch " in found.stderr
    epochs = [json.loads(line)["epoch"] for line in found.stdout.splitlines()[:-1]]
    assert epochs == list(range(epochs[0], 61)) and epochs[0] > 3
    assert run(*LONG, "-o", "whole.keras").exit_code == 0
    same("resumed.keras", "whole.keras")


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("folder")
def test_an_interrupted_training_keeps_its_weights(number, code):
    stopped = start("--epochs", "100000", "--early-stopping", "0", "--batch-size", "8", "--json", "-o", "x.keras")
    after(stopped, 2)
    stopped.send_signal(number)
    out, messages = done(stopped, code)
    facts = json.loads(out[-1])
    assert facts["path"] == "x.keras" and facts["stopped"] and 2 < facts["epochs"] < 100000
    assert "stopping; the weights trained so far are kept" in messages and "Traceback" not in "".join(messages)
    assert len(weights("x.keras")) == 4


TWO_REPLICAS = """
import keras, numpy as np, tensorflow as tf, netconv
from netconv.training import distribution
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
"""
"""As `mirrored` has on two GPUs, here on the CPU as two logical devices."""


def with_two_replicas(program):
    command = [sys.executable, "-c", TWO_REPLICAS + program]
    done = subprocess.run(command, timeout=SECONDS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_replicas_in_one_process_equal_one(tmp_path):
    """All weights of the kidney net without dropout, the moving statistics of its BatchNorm of unscaled columns
    included; and of standardized columns, where the last batch has a single row."""
    with_two_replicas(f"""
made = netconv.convert({str(KIDNEY.with_name("ckd") / "net.json")!r})
[dropout] = [layer for layer in made.layers if isinstance(layer, keras.layers.Dropout)]
dropout.rate = 0
made.save({str(tmp_path / "plain.keras")!r})
for given in ({{"class_weight": "balanced"}}, {{"batch_size": 29, "standardize": True}}):
    two, one = (
        netconv.train({str(tmp_path / "plain.keras")!r}, {str(KIDNEY)!r}, strategy=each, epochs=3, **given)
        for each in (strategy, None)
    )
    for left, right in zip(two.loaded.model.weights, one.loaded.model.weights, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)
assert one.rows % 29 == 1
assert {{type(layer).__module__.partition(".")[0] for layer in two.loaded.model.layers}} == {{"keras"}}
""")


def test_replicas_have_random_numbers_of_their_own_and_nested_statistics_of_the_batch():
    with_two_replicas("""
inside = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
normalized = keras.layers.TimeDistributed(keras.layers.BatchNormalization())
made = keras.Sequential([keras.Input((50,)), inside, keras.layers.Reshape((1, 50)), normalized])
copy = distribution.working_copy(made, strategy, None)
assert copy.layers[-1].layer.synchronized and not made.layers[-1].layer.synchronized
distribution.vary_seeds(strategy, copy.variables)
masks = tf.function(lambda: strategy.run(lambda: copy.layers[0](tf.ones((1, 50)), training=True)))
first, second = masks(), masks()
drawn = [mask.numpy().tolist() for each in (first, second) for mask in each.values]
assert all(drawn.count(mask) == 1 for mask in drawn)
""")


@pytest.mark.usefixtures("folder")
def test_a_full_disk():
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    before = sorted(os.listdir())
    out, messages = done(start("--epochs", "1", "--quiet", limit=limit), 1)
    assert (out, messages) == ([], ["netconv: net-trained.keras: File too large"])
    assert sorted(os.listdir()) == before


def test_disk_space_is_checked_before_training(folder, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=200))
    assert fails() == "netconv: net-trained.keras: 0 MB are free, and the file takes 0 MB"
    assert not (folder / "net-trained.keras").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--history", "no/h.csv"], "netconv: no/h.csv: No such file or directory"),
        (["--plot", "no/p.png"], "netconv: no/p.png: No such file or directory"),
        (["--report", "no/r.html"], "netconv: no/r.html: No such file or directory"),
        (["--checkpoint", "t.csv"], "netconv: t.csv: is a file, and --checkpoint names a folder"),
        (["--tensorboard", "t.csv"], "netconv: t.csv: is a file, and --tensorboard names a folder"),
        (["--tensorboard", "t.csv/x"], "netconv: t.csv/x: Not a directory"),
        (["-o", "d.keras"], "netconv: d.keras: Is a directory"),
        (["--init", "xavier"],
         "netconv: --init is for a net without a parameter file, and a Keras model has its shapes and weights; leave "
         "it out"),
    ],
)  # fmt: skip
def test_unwritable_outputs_are_errors_before_training(folder, arguments, message):
    (folder / "d.keras").mkdir()
    before = sorted(os.listdir())
    assert fails(*arguments) == message
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--resume"], "Error: --resume needs --checkpoint, which names the folder"),
        (["--strategy", "multiworker"],
         "Error: --strategy multiworker needs the environment variable TF_CONFIG, which lists the workers"),
        (["--reduce-on-plateau", "5,2"],
         "Error: Invalid value for '--reduce-on-plateau': '5,2' is not a number of epochs and a factor below 1, such "
         "as 5,0.1"),
        (["--clipnorm", "0"], "Error: Invalid value for '--clipnorm': 0.0 is not in the range x>0."),
        (["--mixed-precision", "half"],
         "Error: Invalid value for '--mixed-precision': 'half' is not one of 'mixed_float16', 'mixed_bfloat16'."),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("folder")
def test_invalid_usage(arguments, message, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert fails(*arguments, code=2) == message


def test_every_option_of_the_optimizer(folder):
    """They are passed to Keras, and the settings are in the file."""
    name = archive.load("net.keras").layers[0].name
    found = run(
        "--epochs", 2, "--optimizer", "sgd(momentum=0.9)", "--schedule", "cosine", "--global-clipnorm", 1,
        "--weight-decay", 0.01, "--metric", "accuracy", "--metric", "sparse_categorical_crossentropy", "--freeze", name,
        "--class-weight", "balanced", "--plot", "curves.svg", "--history", "h.jsonl", "--tensorboard", "tb",
        "--report", "r.html", "-o", "x.keras", "--strategy", "mirrored", "--device", "cpu",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert found.stdout == "x.keras\n"
    made = archive.load("x.keras")
    config = made.optimizer.get_config()
    assert (config["momentum"], config["global_clipnorm"], config["weight_decay"]) == (0.9, 1.0, 0.01)
    assert config["learning_rate"]["class_name"] == "CosineDecay"
    assert [layer.trainable for layer in made.layers] == [True, True, True]
    history = [json.loads(line) for line in Path("h.jsonl").read_text().splitlines()]
    assert list(history[0])[:4] == ["epoch", "loss", "accuracy", "sparse_categorical_crossentropy"]
    assert xml.etree.ElementTree.parse("curves.svg").getroot().tag.endswith("svg")
    assert sorted(os.listdir(folder / "tb")) == ["train", "validation"]
    report = unescape(Path("r.html").read_text(encoding="utf-8"))
    assert "netconv train" in report and "--optimizer 'sgd(momentum=0.9)' --schedule cosine" in report
    assert all(line in report for line in found.stderr.splitlines() if not line.startswith("model "))
    before, after = weights("net.keras"), weights("x.keras")
    assert [bool((a != b).any()) for a, b in zip(before, after, strict=True)] == [False, False, True, True]


@pytest.mark.usefixtures("folder")
def test_init_is_for_a_net_without_parameters():
    for file in ("net.json", "net.params"):
        shutil.copy(KIDNEY.with_name("ckd") / file, file)
    kidney = ["train", str(KIDNEY), "-m", "net.json", "--epochs", "1", "--init", "he"]
    found = CliRunner().invoke(main, kidney)
    assert (found.exit_code, found.stderr) == (
        1, "netconv: net.json: its parameters are in net.params; --init is for a net without a parameter file\n"
    )  # fmt: skip
    os.remove("net.params")
    assert CliRunner().invoke(main, kidney).exit_code == 0
