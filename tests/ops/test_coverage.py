"""`netconv ops`: supported ops with their errors, unsupported ops with the reason, and the tables that are written from
it."""

import json
import subprocess
import sys
from pathlib import Path

import measure
import pytest
from cases import families
from click.testing import CliRunner

from netconv.cli import main
from netconv.ops import registry
from netconv.ops.coverage import ERRORS, figure
from netconv.ops.unsupported import UNSUPPORTED

ROOT = Path(__file__).parents[2]


WITH_GRAPHS = {"_cond", "_foreach", "_while_loop"} | {
    f"_sg_mkldnn_{name}" for name in ("conv", "fully_connected", "selfatt_qk", "selfatt_valatt")
}
"""Ops that are recorded only as part of nets."""


def printed(*arguments):
    done = CliRunner().invoke(main, ["ops", *arguments])
    assert done.exit_code == 0 and done.stderr == ""
    return done.stdout


def test_every_name_is_listed():
    found = json.loads(printed("--json"))
    accepted = [name for op in found["accepted"] for name in (op["op"], *op["aliases"])]
    assert sorted(accepted) == sorted(registry.load())
    assert len(accepted) >= 350
    assert found["refused"] == UNSUPPORTED
    listed = {line.split()[0] for line in printed().splitlines() if line}
    assert {op["op"] for op in found["accepted"]} | UNSUPPORTED.keys() <= listed


def test_some_ops():
    outputs, gradients = (figure(ERRORS["Deconvolution"][key]) for key in ("outputs", "gradients"))
    rows = [
        "op             outputs  gradients  other names",
        f"Deconvolution  {outputs:7}  {gradients:9}  _npx_deconvolution",
        "",
        "1 op is supported, under 2 names.",
        "The numbers are the largest errors compared with MXNet, relative to the largest value of the array, or "
        "absolute if that is below 1; - means not measured.",
    ]
    assert printed("DECONV").splitlines() == rows
    refused = "_contrib_DeformablePSROIPooling"
    listed = printed("psroi").splitlines()
    assert listed[6:] == [f"{refused}  {UNSUPPORTED[refused]}", "", "1 name is not supported."]
    assert listed[1].startswith("_contrib_PSROIPooling")
    assert printed("zipfian").splitlines() == [
        f"_sample_unique_zipfian  {UNSUPPORTED['_sample_unique_zipfian']}",
        "",
        "1 name is not supported.",
    ]


def test_ops_that_cannot_be_recorded_show_how_they_are_tested():
    assert printed("_random_uniform_like").splitlines()[1].split(maxsplit=1) == [
        "_random_uniform_like",
        "by distribution",
    ]
    assert printed("fill_element_0index").splitlines()[1].split(maxsplit=1)[1] == "by definition"


def test_no_such_op():
    done = CliRunner().invoke(main, ["ops", "nosuchop"])
    assert done.exit_code == 1 and done.stdout == ""
    assert done.stderr == "netconv: no known op has 'nosuchop' in its name\n"


def test_it_does_not_import_tensorflow():
    program = "import sys, netconv; netconv.list_ops().text; print({'tensorflow', 'keras'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"


def test_every_recorded_op_has_its_errors():
    """`make table` was run after the last op was added."""
    recorded = {registry.load()[row.op].op for rows in families().values() for row in rows}
    assert recorded | WITH_GRAPHS >= ERRORS.keys() >= recorded


@pytest.mark.parametrize("path", [measure.README, measure.OPS], ids=lambda path: path.name)
def test_the_tables_are_those_that_make_table_writes(path):
    assert path.read_text() == measure.texts()[path]


@pytest.mark.parametrize(
    ("error", "rounded"), [(1e-9, 1e-7), (1e-7, 1e-7), (1.2e-7, 2e-7), (9.3e-7, 1e-6), (3e-5, 3e-5), (0.21, 0.3)]
)
def test_errors_are_rounded_up(error, rounded):
    assert measure.rounded_up(error) == rounded
