"""Converted nets in the oldest Keras that files are written for; `make compat` opens all nets in several Kerases."""

import io
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import netconv
from netconv.tables.sources import Source

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


def test_a_trained_model_scales_in_the_oldest_keras(tmp_path):
    """It fills missing numbers, standardizes, and returns values in the units of its table."""
    rows = [(n / 10, 1000 * (n % 9), 5e4 + n) for n in range(90)]
    text = "a,b,price\n" + "".join(f"{a},{b if b else ''},{price}\n" for a, b, price in rows)
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    made.compile("adam", "mse")
    table = Source("t.csv", lambda: io.BytesIO(text.encode()))
    done = netconv.train(made, table, target="price", standardize=True, standardize_target=True, epochs=2)
    done.save(tmp_path / "t.keras")
    [block] = netconv.predict(done.loaded, table).blocks
    np.savez(tmp_path / "t.npz", x=[(a, b or np.nan) for a, b, _ in rows], y=block.values)
    program = """
import keras, numpy as np
data = np.load("t.npz")
found = keras.models.load_model("t.keras").predict(data["x"].astype("float32"), verbose=0)
np.testing.assert_allclose(found, data["y"], rtol=1e-5)
print(keras.__version__)
"""
    environment = os.environ | {"PYTHONPATH": str(OLDEST)}
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "3.6.0\n"
