"""Every command and snippet of README.md and docs/ is run as written, where a reader would run it; those in R by
tests/r/check.py.

The blocks of a document run in order, in a new folder with the files that the documents mention: the kidney net and its
table, the script that writes nets, and generated digits in MNIST's files.
"""

import csv
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sequences import sentences, table
from wolfram_files import File, call, chain, class_decoder, image_encoder, layer, linear, softmax, tensor

from netconv.frontends.wolfram import container

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
RUN = {"sh": "{}", "bash": "{}", "python": "python - <<'END'\n{}\nEND"}
"""The interpreter of a block, by its language."""
TARGETS, SHOWN = "console", {"text", "mathematica", "diff"}
"""Blocks of `make` targets, too long to run here, which the Makefile must have; and what nothing here can run (a patch
is applied by `test_architecture.py`)."""
R = "r"
"""Blocks of docs/r.md, which `make test-r` runs."""
PORTS = ("12345", "12346")
"""Of docs/workers.md, which another program may have in use."""


def blocks(text):
    """(language, code) of each code block of a document or a part of one."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def runs(path):
    return any(language in RUN for language, _ in blocks(path.read_text()))


def digits(rows, seed):
    """Labels and images: a blurred picture for each digit, with noise."""
    generator = np.random.default_rng(seed)
    pictures = np.kron(np.random.default_rng(0).integers(0, 2, (10, 7, 7)), np.ones((4, 4))) * 160
    labels = np.arange(rows, dtype=np.uint8) % 10
    return labels, (pictures[labels] + generator.integers(0, 96, (rows, 28, 28))).astype(np.uint8)


def write_digits(folder, name, rows, seed):
    """Images and labels in MNIST's format."""
    labels, images = digits(rows, seed)
    for kind, axes, values in (("images-idx3", (rows, 28, 28), images), ("labels-idx1", (rows,), labels)):
        header = bytes([0, 0, 8, len(axes)]) + np.array(axes, ">i4").tobytes()
        with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb") as file:
            file.write(header + values.tobytes())


def write_small_net(folder):
    """A model with synchronized statistics but without dropout, which differs between workers; and a table for it."""
    import keras

    keras.utils.set_random_seed(1)
    layers = [
        keras.layers.Dense(4, activation="relu"),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(2, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save(folder / "net.keras")
    rows = np.random.default_rng(0).normal(size=(81, 2))
    lines = [f"{a:.4f},{b:.4f},{'yes' if a > 0 else 'no'}\n" for a, b in rows]
    (folder / "table.csv").write_text("a,b,class\n" + "".join(lines))


def prepare(folder):
    """Makes the folder of a reader, with the programs `netconv` and `python` in it."""
    for name, command in {"netconv": f"{sys.executable} -m netconv", "python": sys.executable}.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec {command} \"$@\"\n")
        program.chmod(0o755)
    for name in ("docs", "mnist"):
        (folder / name).mkdir()
    (folder / "fixtures" / "ckd").mkdir(parents=True)
    for source in (*(f"fixtures/ckd/net.{ending}" for ending in ("json", "params", "wlnet")), "fixtures/kidney.csv"):
        shutil.copy(ROOT / source, folder / source)
        shutil.copy(ROOT / source, folder)
    shutil.copy(ROOT / "docs/nets.py", folder / "docs")
    write_digits(folder / "mnist", "train", 300, 1)
    write_digits(folder / "mnist", "t10k", 50, 2)


def write_image_folders(folder):
    """Generated digits as PNG files, in folders for each class and without."""
    for part, rows, seed in (("train", 300, 1), ("test", 50, 2), ("unsorted", 20, 3)):
        for number, (label, image) in enumerate(zip(*digits(rows, seed), strict=True)):
            target = folder / "digits" / part / ("" if part == "unsorted" else str(label))
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(target / f"{number}.png")


def write_reviews(folder):
    """Sentences, each with a word that decides its label."""
    (folder / "reviews.csv").write_text(table(sentences()).replace('"', ""))


def write_pets(folder):
    """A net with an image encoder and names of classes, and images of these."""
    for number in range(20):
        target = folder / "pets" / "photos" / ("cat", "dog")[number % 2]
        target.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 156, (20, 24, 3)) + 100 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(target / f"{number}.png")
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "pets" / "cat.jpg")
    file, size = File(), 3 * 10 * 12
    flat = layer("Flatten", tensor(3, 10, 12), tensor(size), {"Level": call("DirectedInfinity", 1)})
    encoder = image_encoder(12, 10, MeanImage=(0.5, 0.4, 0.3), VarianceImage=0.1)
    decoder = class_decoder("cat", "dog")
    net = chain(flat, linear(file, size, 2), softmax(2), inputs={"Input": encoder}, outputs={"Output": decoder})
    file.write(folder / "pets" / "net.wlnet", net)


def write_mxnet(folder):
    """A Python with a module that stands for MXNet."""
    program = folder / "mxnet" / "bin" / "python"
    program.parent.mkdir(parents=True)
    fake = ROOT / "tests" / "verification" / "fake"
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{fake}' exec {sys.executable} \"$@\"\n")
    program.chmod(0o755)


@pytest.fixture
def folder(tmp_path):
    prepare(tmp_path)
    return tmp_path


def run(script, folder):
    environment = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{script}\n{done.stderr}"
    return done.stdout


def rows(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def share_right(folder, name):
    true = [row["classification"].strip() for row in rows(folder, "kidney.csv")]
    return np.mean([row["class"] == each for row, each in zip(rows(folder, name), true, strict=True)])


def accuracies(outputs):
    return [float(n) for text in outputs for n in re.findall(r"^accuracy +([\d.]+)", text, re.MULTILINE)]


# The results that the documents show.


def readme(folder, outputs):
    for name in ("predictions.csv", "piped.csv"):
        assert {row["class"] for row in rows(folder, name)} == {"ckd", "notckd"}
        assert share_right(folder, name) >= 0.97
    assert float(outputs[-1].splitlines()[-1]) >= 0.97


def tutorial(folder, outputs):
    assert share_right(folder, "diagnoses.csv") >= 0.97
    assert list(rows(folder, "diagnoses.csv")[0]) == ["id", "class", "probability"]
    found = accuracies(outputs)  # the kidney net, the convolutional net, and the five of part 3
    least = [0.97, 0.1, 0.9, 0.9, 0.9, 0.9, 0.2]  # six epochs with 300 digits are few for a convolutional net
    assert all(one >= two for one, two in zip(found, least, strict=True)), found
    header, prediction = next(text for text in outputs if text.startswith("class,")).splitlines()
    assert header == "class,probability" and prediction.split(",")[0] in list("0123456789")


def training(folder, outputs):
    assert [row["epoch"] for row in rows(folder, "history.csv")] == [str(n) for n in range(1, 21)]
    for picture in (
        "curves.svg", "curves.png", "confusion.png", "evaluation.svg", "training.html", "evaluation.html",
        "from-python.html",
    ):  # fmt: skip
        assert (folder / picture).stat().st_size > 10_000
    count = len(rows(folder, "kidney.csv"))
    images = next(text for text in outputs if "file,class,probability" in text)
    assert accuracies([images])[0] >= 0.9
    paths = [line.split(",")[0] for line in images.partition("file,class,probability\n")[2].splitlines()]
    assert paths == ["digits/test/7/7.png", *(f"digits/test/4/{n}.png" for n in (14, 24, 34, 4, 44))]
    assert len(rows(folder, "digits.csv")) == 20 and list(rows(folder, "digits.csv")[0]) == [
        "file",
        "class",
        "probability",
    ]
    assert [len(rows(folder, "likeliest.csv")), len((folder / "predictions.jsonl").read_text().splitlines())] == [
        count
    ] * 2
    found, true = rows(folder, "labels.csv"), rows(folder, "reviews.csv")
    assert np.mean([one["class"] == other["label"] for one, other in zip(found, true, strict=True)]) >= 0.95
    assert list(rows(folder, "heads.csv")[0]) == ["id", "diagnosis_class", "diagnosis_probability", "age"]
    assert len(rows(folder, "heads.csv")) == count
    assert outputs[-1].splitlines()[-1] == f"('ckd', 'notckd') ({count}, 2)"


def loading(folder, outputs):
    assert (folder / "classes.txt").read_text().split() == [
        line.split(",")[0] for line in run("netconv predict kidney.csv -m net-trained.keras", folder).splitlines()[1:]
    ]
    assert (folder / "fitted.keras").exists() and any("['ckd', 'notckd']" in text for text in outputs)


def workers(folder, outputs):
    """Two workers compute the same as one."""
    import keras

    assert outputs == ["trained.keras\n"]
    alone = "netconv train table.csv -m net.keras -o alone.keras --epochs 4 --batch-size 32 --history alone.csv"
    run(alone, folder)
    two, one = (keras.models.load_model(folder / f"{name}.keras").get_weights() for name in ("trained", "alone"))
    for left, right in zip(two, one, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    losses = [
        np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1)[:, [1, 3, 4]] for name in ("history", "alone")
    ]
    np.testing.assert_allclose(*losses, atol=1e-6)


def exports(folder, outputs):
    found = "net-trained.savedmodel/saved_model.pb net-trained.tflite net-trained.onnx net-trained-inference.keras"
    assert all((folder / name).stat().st_size > 1000 for name in (*found.split(), "half.tflite"))
    assert len(rows(folder, "predictions.csv")) == len(rows(folder, "kidney.csv"))
    assert outputs[1].splitlines()[-1] == "(3, 2)"


def wlnet(folder, outputs):
    """The expression of the trained file is that of the file that was converted."""
    assert outputs[0].splitlines()[-1] == "net-trained.wlnet"
    predicted = list(csv.DictReader(outputs[1].splitlines()[:2]))
    assert predicted[0]["file"] == "pets/cat.jpg" and predicted[0]["class"] in ("cat", "dog")
    assert outputs[1].splitlines()[-1] == "pets/net-trained.keras"
    before, after = (container.read(folder / f"{name}.wlnet", name) for name in ("net", "net-trained"))
    assert before.network == after.network
    assert all((before.values(a) != after.values(after.arrays[n])).any() for n, a in before.arrays.items())


def plots(folder, outputs):
    assert outputs[0].splitlines() == ["net.svg", "net.html", "net.keras", "net.png"]
    for picture in ("net.svg", "net.html", "net.png", "nodes.svg", "nodes-of-model.svg", "picture.svg", "nodes.html"):
        assert (folder / picture).stat().st_size > 3_000
    assert "Dense" in (folder / "net.svg").read_text() and "FullyConnected" in (folder / "nodes.svg").read_text()


def shell(folder, outputs):
    assert outputs == ["", "", ""]
    for script in (".netconv-complete.bash", ".netconv-complete.zsh", ".config/fish/completions/netconv.fish"):
        assert "_NETCONV_COMPLETE=" in (folder / script).read_text()


def r(folder, outputs):
    """What the blocks in R read."""
    assert outputs == ["net.keras\n", "nets/cnn.keras\n", "trained.keras\n", "net.h5\n"]
    assert (folder / "trained.keras").exists()


def verify(folder, outputs):
    """All agree, with numpy, MXNet and samples; `train` and `convert` print a path."""
    text = "".join(outputs)
    assert re.findall(r"^net\.\w+: 7 nodes, (.*)$", text, re.MULTILINE) == [
        *["compared with their definitions in numpy"] * 3, "compared with MXNet", "compared with recorded outputs",
    ]  # fmt: skip
    assert text.count(", agrees\n") >= 5 and "DIFFERS" not in text
    assert outputs[-1] == "True [True]\nNone\n" and (folder / "io.npz").exists()


CHECKS = {
    "README": readme, "tutorial": tutorial, "training": training, "loading": loading, "workers": workers, "r": r,
    "wlnet": wlnet, "exports": exports, "verify": verify, "plots": plots, "shell": shell,
}  # fmt: skip


@pytest.mark.parametrize("path", list(filter(runs, DOCUMENTS)), ids=lambda path: path.stem)
def test_every_block_runs(path, folder):
    if path.stem == "workers":
        write_small_net(folder)
    if path.stem == "training":
        write_image_folders(folder)
        write_reviews(folder)
    if path.stem == "wlnet":
        write_pets(folder)
    if path.stem == "verify":
        write_mxnet(folder)
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        free = [str(each.getsockname()[1]) for each in (one, other)]
    outputs = []
    for language, code in blocks(path.read_text()):
        if language in RUN:
            for port, other in zip(PORTS, free, strict=True):
                code = code.replace(port, other)
            outputs.append(run(RUN[language].format(code), folder))
    CHECKS[path.stem](folder, outputs)


def test_the_notebook_runs(folder):
    """Its cells in order, as a notebook would; what they show is that of `training`, `evaluation` and frames."""
    notebook = ROOT / "docs" / "notebook.ipynb"
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    shown = run(f"python '{ROOT / 'tests' / 'notebook.py'}' '{notebook}'", folder).split("--- cell-")[1:]
    assert len(shown) == len(cells) and all(cell["outputs"] == [] for cell in cells)
    trained, evaluated, frame, row = shown[1], shown[3], shown[4], shown[5]
    assert "target      classification (target= names another): ckd = 0, notckd = 1" in trained
    assert "320 to train on, 80 to validate on" in trained and trained.count("<polyline") == 4
    assert "macro_f1" in evaluated and "true \\ predicted" in evaluated
    assert "<th>notckd</th>" in frame and "400 rows" in frame and row.count("<tr") == 2
    assert (folder / "kidney.keras").exists()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_block_is_missed(path):
    """Each block is run; or contains only existing `make` targets; or cannot be run and contains no netconv command."""
    text = path.read_text()
    assert 2 * len(blocks(text)) == text.count("```"), "a block of code that has no language, or is indented"
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for language, code in blocks(text):
        known = language in RUN or language in SHOWN or language == TARGETS or (language == R and path.stem == "r")
        assert known, f"blocks of {language!r} are not run"
        if language == TARGETS:
            for line in code.splitlines():
                assert re.match(r"make ([\w-]+)", line)[1] in targets, line
        if language in SHOWN:
            assert not re.search(r"^netconv |^import ", code, re.MULTILINE), "commands and snippets are to be run"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_have_targets(path):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", path.read_text()):
        to = path.parent / target if target else path
        assert to.exists(), target
        heads = re.findall(r"^#+ (.*)$", to.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads], (
            anchor
        )


def test_every_command_is_in_the_table():
    from netconv.cli import main

    assert set(re.findall(r"^\| `netconv (\w+)", README.read_text(), re.MULTILINE)) == set(main.list_commands(None))


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 150


def test_make_demo():
    """In the environment that runs this test instead of a new one."""
    command = ["make", "-o", ".venv/ready", "demo", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
