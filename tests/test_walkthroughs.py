"""The walkthroughs' commands do what they say, on made-up digits."""

import csv
import gzip
import re
import shutil

import numpy as np
import pytest
from documents import ROOT, blocks, install, run, run_python

TEXT = (ROOT / "docs/walkthroughs.md").read_text()
SECTIONS = re.split(r"^## (?=\d)|^## Results", TEXT, flags=re.MULTILINE)


def write_digits(folder, name, rows, seed):
    """Images and labels as MNIST has them: a blurred picture of its own for each digit, with noise."""
    generator = np.random.default_rng(seed)
    pictures = np.kron(np.random.default_rng(0).integers(0, 2, (10, 7, 7)), np.ones((4, 4))) * 160
    labels = np.arange(rows, dtype=np.uint8) % 10
    images = (pictures[labels] + generator.integers(0, 96, (rows, 28, 28))).astype(np.uint8)
    for kind, axes, values in (("images-idx3", (rows, 28, 28), images), ("labels-idx1", (rows,), labels)):
        header = bytes([0, 0, 8, len(axes)]) + np.array(axes, ">i4").tobytes()
        with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb") as file:
            file.write(header + values.tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader would be, with the nets written."""
    folder = tmp_path_factory.mktemp("reader")
    for part in ("docs", "mnist"):
        (folder / part).mkdir()
    shutil.copy(ROOT / "docs/nets.py", folder / "docs")
    shutil.copy(ROOT / "fixtures/kidney.csv", folder)
    write_digits(folder / "mnist", "train", 300, 1)
    write_digits(folder / "mnist", "t10k", 50, 2)
    install(folder)
    [nets] = blocks(SECTIONS[0], "sh")
    run(nets, folder)
    return folder


def accuracies(outputs):
    return [float(n) for text in outputs for n in re.findall(r"^accuracy +([\d.]+)", text, re.MULTILINE)]


def shell(section, folder):
    return [run(script, folder).stdout for script in blocks(SECTIONS[section], "sh")]


@pytest.mark.parametrize("section, least", [(1, [0.9]), (2, [0.9]), (4, [0.9]), (5, [0.9, 0.2])])
def test_nets_of_digits(section, least, folder):
    found = accuracies(shell(section, folder))
    assert all(one >= two for one, two in zip(found, least, strict=True)), found


def test_a_convolutional_net_and_one_digit_alone(folder):
    training, predicting = blocks(SECTIONS[3], "sh")
    run(training, folder)
    [code] = blocks(SECTIONS[3], "python")
    run_python(code, folder)
    _, line = run(predicting, folder).stdout.splitlines()
    assert line.split(",")[0] in list("0123456789")


def test_diagnoses(folder):
    shell(6, folder)
    predicted = [row["class"] for row in csv.DictReader((folder / "diagnoses.csv").open())]
    told = [row["classification"].strip() for row in csv.DictReader((folder / "kidney.csv").open())]
    assert set(predicted) == {"ckd", "notckd"}
    assert np.mean([one == two for one, two in zip(predicted, told, strict=True)]) >= 0.97
