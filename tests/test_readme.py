"""The README's commands do what it says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT, blocks, install, run, run_python

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader would be: a net, its parameters and a table; `netconv` on the path."""
    folder = tmp_path_factory.mktemp("reader")
    for source in (ROOT / "fixtures/ckd/net.json", ROOT / "fixtures/ckd/net.params", ROOT / "fixtures/kidney.csv"):
        shutil.copy(source, folder)
    install(folder)
    return folder


def test_the_first_session(folder):
    session, pipes, training, more = blocks(README, "sh")
    run(session, folder)
    rows = (ROOT / "fixtures/kidney.csv").read_text().count("\n") - 1
    predictions = (folder / "predictions.csv").read_text().splitlines()
    assert len(predictions) == rows + 1
    assert {line.split(",")[0] for line in predictions[1:]} == {"ckd", "notckd"}
    run(pipes, folder)
    assert len((folder / "predictions.csv").read_text().splitlines()) == rows + 1
    run(training, folder)
    assert len((folder / "history.csv").read_text().splitlines()) == 1 + 20
    assert (folder / "curves.svg").stat().st_size > 10_000
    run(more, folder)
    assert (folder / "confusion.png").stat().st_size > 10_000
    assert len((folder / "likeliest.csv").read_text().splitlines()) == rows + 1
    assert len((folder / "predictions.jsonl").read_text().splitlines()) == rows


def test_python(folder):
    for code in blocks(README, "python"):
        run_python(code, folder)


def test_every_command_is_in_the_table():
    from netconv.cli import main

    assert set(re.findall(r"^\| `netconv (\w+)", README, re.MULTILINE)) == set(main.list_commands(None))


def test_make_demo():
    """With the environment that runs this test instead of a new one."""
    command = ["make", "-o", ".venv/ready", "demo", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
