"""Image files on the command line."""

import csv
import io
import json
import time

import numpy as np
import pytest
from click.testing import CliRunner
from nets import graph, null, op
from nets import write as write_net
from pictures import write, write_digits

from netconv.cli import main
from netconv.features.image_decoding import decode
from netconv.features.image_format import ImageFormat
from netconv.tables.image_files import list_folder

ROWS = 2000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Digits as PNG files in ten folders, others to test on, and an untrained net for images of any size."""
    made = tmp_path_factory.mktemp("images")
    write_digits(made / "digits/train", ROWS)
    write_digits(made / "digits/test", 100, seed=1)
    (made / "digits/train/.DS_Store").touch()
    convolution = op("Convolution", "c", [0, 1, 2], kernel="(3, 3)", stride="(2, 2)", num_filter=8)
    dense = op("FullyConnected", "fc", [4, 5, 6], num_hidden=10)
    nodes = [*map(null, ("data", "w", "b")), convolution, op("Activation", "r", [3], act_type="relu")]
    write_net(made, graph(*nodes, null("v"), null("c2"), dense, op("softmax", "s", [7], axis=-1)))
    return made


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_a_folder_of_digits(folder, monkeypatch):
    monkeypatch.chdir(folder)
    trained = run("train", "digits", "--validation-data", "digits/test", "--epochs", 4, "--report", "report.html")
    messages = trained.stderr.splitlines()
    for line in (
        "digits: its folder train is read, and not digits/test",
        "digits: 1 hidden file left out",
        "data: shape (?, 1, 28, 28) inferred from the data",
        "images      2,000 of 28 x 28 pixels, grayscale",
        "images      100 of 28 x 28 pixels, grayscale",
        "rows        2,000 to train on, 100 to validate on",
    ):
        assert line in messages
    assert "28 x 28 pixels, grayscale" in (folder / "report.html").read_text()
    evaluated = json.loads(run("evaluate", "digits", "--json", "--min", "accuracy=0.99").stdout)
    assert evaluated["rows"] == 100
    one = run("predict", "digits/test/7/7.png").stdout.splitlines()
    assert one[0] == "file,class,probability" and one[1].startswith("digits/test/7/7.png,7,")
    rows = list(csv.DictReader(io.StringIO(run("predict", "digits/train", "--quiet").stdout)))
    assert len(rows) == ROWS
    assert sum(row["file"].split("/")[2] == row["class"] for row in rows) > 0.99 * ROWS
    several = run("predict", "digits/test/3/3.png", "digits/test/4/*.png", "--json", "--top", 1).stdout.splitlines()
    assert [json.loads(line)["file"] for line in several][:2] == ["digits/test/3/3.png", "digits/test/4/14.png"]
    assert [json.loads(line)["top"][0]["class"] for line in several] == ["3"] + ["4"] * 10
    described = run("inspect", "net-trained.keras").stdout
    assert "  images    file: 28 x 28 pixels, grayscale" in described.splitlines()


def test_two_thousand_images_are_read_in_a_moment(folder):
    paths = list_folder(str(folder / "digits/train"), "train").paths
    before = time.process_time()
    pixels, _ = decode(paths, ImageFormat(28, 28, 1, "channels_first"))
    assert pixels.shape == (ROWS, 784) and time.process_time() - before < 2


def test_bad_images(folder, monkeypatch):
    monkeypatch.chdir(folder)
    run("train", "digits/test", "-m", "net.json", "--epochs", 1, "-o", "bad.keras")
    write(folder / "new/1.png")
    (folder / "new/2.png").write_text("no image")
    done = run("predict", "new", "-m", "bad.keras", code=1)
    assert done.stderr.splitlines()[-1] == (
        "netconv: new/2.png: is not an image that can be read (PNG, JPEG, GIF, BMP, TIFF, WebP); "
        "--errors skip or null continues"
    )
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["file", "new/1.png"]
    done = run("predict", "new", "-m", "bad.keras", "--errors", "null")
    assert done.stdout.splitlines()[-1] == "new/2.png,,"
    assert run("predict", "none.png", "-m", "bad.keras", code=1).stderr.splitlines() == [
        "netconv: none.png: cannot be read: No such file or directory"
    ]
    assert not list(folder.glob("*.tmp"))


def test_resize(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write(folder / "wide/1.png", np.zeros((20, 40), np.uint8))
    run("train", "digits/test", "-m", "net.json", "--epochs", 1, "-o", "fit.keras", "--resize", "fit")
    done = run("predict", "wide", "-m", "fit.keras")
    assert "fitted into 28 x 28, with black borders" in " ".join(done.stderr.split())
