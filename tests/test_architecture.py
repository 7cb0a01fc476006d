"""The patch in docs/architecture.md that adds an op is applied to a copy of netconv, which then supports the op."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = """
import json
import sys
from pathlib import Path

import numpy as np

sys.path[:0] = ["tests/conformance"]
import netconv
from cases import every_nth, symbol
from netconv.frontends.mxnet.reader import read
from netconv.shapes.shape_inference import infer

assert Path(netconv.__file__).is_relative_to(Path.cwd())
nodes = [
    {"op": "null", "name": "x", "inputs": []},
    {"op": "every_nth", "name": "y", "attrs": {"step": "3"}, "inputs": [[0, 0, 0]]},
    {"op": "null", "name": "z_weight", "inputs": []},
    {"op": "FullyConnected", "name": "z", "attrs": {"num_hidden": "5", "no_bias": "1"},
     "inputs": [[1, 0, 0], [2, 0, 0]]},
]
Path("net.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0, 2], "heads": [[3, 0, 0]]}))
inferred = infer(read("net.json", params=False), {"x": (None, 14)})
assert inferred.inputs == {0: (None, 14)} and inferred.arrays == {2: (5, 5)}, inferred
for row in every_nth.CASES:
    Path("row.json").write_text(symbol(row))
    shape = row.inputs[0].shape
    model = netconv.convert("row.json", input_shapes={"x0": (None, *shape[1:])})
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    step = int(row.attrs.get("step", 2))
    np.testing.assert_array_equal(model(x), x[..., ::step])
    print(row.name)
"""


@pytest.fixture
def patched(tmp_path):
    """A copy of netconv and of the conformance table, with the op."""
    for folder in ("netconv", "tests/conformance/cases"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (patch,) = re.findall(
        r"^```diff\n(.*?)^```$", (ROOT / "docs/architecture.md").read_text(), re.DOTALL | re.MULTILINE
    )
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=tmp_path, env=environment, check=True)
    return tmp_path


def test_the_patch_adds_an_op(patched):
    environment = {**os.environ, "PYTHONPATH": str(patched), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=patched, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_the_patch_is_one_file_and_its_rows():
    text = (ROOT / "docs/architecture.md").read_text()
    assert re.findall(r"^\+\+\+ b/(.*)$", text, re.MULTILINE) == [
        "netconv/ops/every_nth.py", "tests/conformance/cases/every_nth.py"
    ]  # fmt: skip
