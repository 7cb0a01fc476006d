"""`netconv plot`: what is drawn, what is printed, and which options are for what."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from netconv.cli import main

CKD = Path(__file__).parents[2] / "fixtures" / "ckd"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("net.json", "net.params", "net.wlnet"):
        shutil.copy(CKD / name, tmp_path)
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2.0\n2,1.0\n")
    return tmp_path


def printed(*arguments, code=0, **options):
    done = CliRunner().invoke(main, ["plot", *arguments], **options)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr.splitlines()[-1]


def test_nets_and_histories(folder):
    assert printed("net.json", "--nodes", "-o", "a.svg") == "a.svg\n"
    assert printed("net.wlnet", "--nodes", "-o", "b.html") == "b.html\n"
    assert printed("history.csv", "-o", "c.svg") == "c.svg\n"
    assert "FullyConnected" in (folder / "a.svg").read_text() and "<details>" in (folder / "b.html").read_text()


def test_standard_input_and_output():
    command = [sys.executable, "-m", "netconv", "plot", "-", "-o", "-"]
    for name, options in (
        ("net.json", ["--nodes", "--input-shape", "Input=?,24"]),
        ("net.wlnet", ["--nodes"]),
        ("history.csv", []),
    ):
        done = subprocess.run([*command, *options], input=Path(name).read_bytes(), capture_output=True, check=True)
        assert b"<svg" in done.stdout and done.stderr == b""


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["history.csv", "--nodes", "-o", "a.svg"], 2,
         "Error: --nodes is for a net (.wlnet, .json) or a model (.keras), and this is a history"),
        (["history.csv", "-p", "net.params", "-o", "a.svg"], 2,
         "Error: -p is for a net (.wlnet, .json) or a model (.keras), and this is a history"),
        (["history.csv", "-o", "a.html"], 2, "Error: a.html: a plot is a .png or .svg file"),
        (["net.json", "-o", "a.pdf"], 2, "Error: a.pdf: a picture of a net is a .png, .svg, .html or .htm file"),
        (["none.json", "-o", "a.svg"], 1, "netconv: none.json: No such file or directory"),
        (["net.json", "--nodes", "-o", "no/a.svg"], 1, "netconv: no/a.svg: No such file or directory"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(folder, arguments, code, message):
    assert printed(*arguments, code=code) == message
    assert not (folder / "a.svg").exists()
