"""What the shell completes, by click's own protocol and in bash."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from click.shell_completion import ShellComplete
from models import model

import netconv
from netconv.cli import main
from netconv.keras_api import named_objects
from netconv.keras_files import archive

ROOT = Path(__file__).parents[2]
MODULES = {"optimizer": keras.optimizers, "loss": keras.losses, "metric": keras.metrics}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Two models, a table, a net and other files."""
    monkeypatch.chdir(tmp_path)
    archive.save(model(3, 2, hidden=(keras.layers.Dense(4, name="hidden"),)), tmp_path / "net.keras")
    for name in ("net.json", "net.params"):
        shutil.copy(ROOT / "fixtures" / "ckd" / name, tmp_path / f"ckd{Path(name).suffix}")
    (tmp_path / "t.csv").write_text("alpha,beta,class\n" + "1,2,yes\n3,4,no\n" * 3)
    (tmp_path / "semi.csv").write_text("left;right\n1,5;2\n3;4\n")
    (tmp_path / "notes.md").write_text("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.csv").write_text("a,b\n1,2\n")
    return tmp_path


def completed(*arguments):
    """What is offered for the last argument."""
    *before, incomplete = arguments
    items = ShellComplete(main, {}, "netconv", "_NETCONV_COMPLETE").get_completions(list(before), incomplete)
    return [item.value for item in items if item.type == "plain"]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["pl"], ["plot"]),
        (["train", "t.csv", "--optimizer", "ada"], ["adadelta", "adafactor", "adagrad", "adam", "adamw", "adamax"]),
        (["train", "t.csv", "--loss", "mean_s"], ["mean_squared_error", "mean_squared_logarithmic_error"]),
        (["convert", "ckd.json", "--metric", "acc"], ["accuracy"]),
        (["train", "t.csv", "-m", "net.keras", "--freeze", "hid"], ["hidden"]),
        (["train", "t.csv", "-m", "ckd.json", "--freeze", ""], ["1", "2", "5"]),
        (["train", "t.csv", "-t", ""], ["alpha", "beta", "class"]),
        (["train", "t.csv", "--columns", "alpha,b"], ["alpha,beta"]),
        (["predict", "semi.csv", "--drop", ""], ["left", "right"]),
        (["train", "sub/more.csv", "--target", "b"], ["b"]),
        (["train", "missing.csv", "-t", ""], []),
        (["train", "t.csv", "-m", "missing.keras", "--freeze", ""], []),
        (["train", ""], ["semi.csv", "t.csv"]),
        (["train", "sub/"], ["sub/more.csv"]),
        (["train", "t.csv", "-m", ""], ["ckd.json", "net.keras"]),
        (["convert", ""], ["ckd.json"]),
        (["convert", "ckd.json", "-p", "c"], ["ckd.params"]),
        (["inspect", "net"], ["net.keras"]),
        (["export", ""], ["net.keras"]),
        (["plot", ""], ["ckd.json", "net.keras", "semi.csv", "t.csv"]),
    ],
    ids=lambda value: " ".join(value[:4]) if value and value[0] in main.list_commands(None) else None,
)
def test_values_are_completed(arguments, expected):
    assert completed(*arguments) == expected


def test_the_only_model_beside_the_table_has_the_layers(folder):
    assert completed("train", "t.csv", "--freeze", "") == []  # there are two
    (folder / "ckd.json").unlink()
    assert completed("train", "t.csv", "--freeze", "h") == ["hidden"]


@pytest.mark.parametrize("kind", MODULES)
def test_every_completed_name_is_one_of_keras(kind):
    names = netconv.keras_names(kind)
    assert len(names) > 10 and len(set(names)) == len(names)
    for name in names:
        if name not in named_objects.INFERRED_METRICS:
            assert callable(named_objects.find(MODULES[kind], name, kind)) or kind == "optimizer", name


def test_completion_is_without_tensorflow():
    code = (
        "import json, sys\n"
        "from click.shell_completion import ShellComplete\n"
        "from netconv.cli import main\n"
        "complete = ShellComplete(main, {}, 'netconv', '_NETCONV_COMPLETE').get_completions\n"
        "found = [complete(arguments, '') for arguments in json.loads(sys.argv[1])]\n"
        "assert all(found), found\n"
        "print(sorted({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    lines = [["train", "t.csv", "-m", name, "--freeze"] for name in ("net.keras", "ckd.json")]
    lines += [["train", "t.csv", "-t"], ["train", "--optimizer"]]
    command = [sys.executable, "-c", code, json.dumps(lines)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout == "[]\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    "line, expected",
    [
        ("netconv tr", ["train"]),
        ("netconv train t.csv --optimizer sg", ["sgd"]),
        ("netconv train t.csv -t al", ["alpha"]),
        ("netconv convert ckd", ["ckd.json"]),
    ],
)
def test_completion_in_bash(folder, line, expected):
    """The script that the documents install, called as bash calls it."""
    program = folder / "bin" / "netconv"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m netconv "$@"\n')
    program.chmod(0o755)
    words = line.split()
    script = (
        'eval "$(_NETCONV_COMPLETE=bash_source netconv)"\n'
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
        "compopt() { :; }\n"
        f"_netconv_completion netconv {words[-1]} {words[-2]}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    environment = {"PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    command = ["bash", "--norc", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout.split()) == (0, expected), done.stderr
