"""Converted nets in the oldest Keras that files are written for; `make compat` opens all nets in several Kerases."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OLDEST = HERE.parents[1] / ".venv-keras" / "3.6.0"
NETS = (
    "bert", "branch", "cells-both-ways", "detector", "foreach", "gelu-by-hand", "gluon-gru", "mathematica-gates-12",
    "mathematica-resized-12", "mathematica-sequences-12", "quantised-residual-fused", "tied-embedding",
)  # fmt: skip


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    """A folder with converted nets and what they compute."""
    recorded, target = tmp_path_factory.mktemp("recorded"), tmp_path_factory.mktemp("nets")
    for name in NETS:
        (recorded / name).symlink_to(HERE.parents[1] / "fixtures" / "conformance" / "nets" / name)
    command = [sys.executable, HERE / "write_nets.py", target, recorded]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
    return target


def opened(nets, folder):
    command = [sys.executable, HERE / "open_nets.py", nets]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout


def test_nets_open_in_the_oldest_keras(nets):
    assert OLDEST.is_dir(), "`make .venv-keras/3.6.0/ready` installs it"
    assert opened(nets, OLDEST) == (
        f"{2 * len(NETS)} of {2 * len(NETS)} open, agree and train with Keras 3.6.0 on tensorflow; "
        "0 say that they need a newer Keras\n"
    )
