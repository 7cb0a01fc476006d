"""Runs docs/r.md in R. `make test-r` runs this; `make test` runs only the shell commands of the page, as it needs no R.

Each section of the page is one R session, in a folder of a reader: its shell commands, its R blocks in order, then the
checks of tests/r/SECTION.R. The Python of R, `r-keras`, has Keras and not netconv. R's packages `keras3` and `keras`
are not in Debian: where one is missing, R parses the blocks that load it, their calls are compared with the package's
documentation (tests/r/calls.R), and the output names the section of each block that was not run.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_docs import RUN, blocks, prepare, run

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
PAGE = ROOT / "docs/r.md"
PYTHON = ROOT / ".venv-r"
WITH_NETCONV = "netconv in the session of R"
"""The section whose Python has netconv, too."""
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE))


def has_package(name):
    return subprocess.run(["Rscript", "-e", f"library({name})"], capture_output=True, check=False).returncode == 0


MISSING = [name for name in ("keras3", "keras") if not has_package(name)]


def is_run(code):
    return not any(f"library({name})\n" in code for name in MISSING)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    prepare(folder)
    (folder / ".virtualenvs").mkdir()
    (folder / ".virtualenvs" / "r-keras").symlink_to(PYTHON)
    shutil.copytree(HERE, folder / "checks")
    return folder


def run_r(script, folder, path=""):
    """What an R script prints. `path` is the PYTHONPATH of the Python in it."""
    (folder / "section.R").write_text(script)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        ["Rscript", "section.R"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", SECTIONS)
def test_section(name, folder):
    print(f"\n==== {name}", flush=True)
    session = []
    for language, code in blocks(SECTIONS[name]):
        if language in RUN:
            run(RUN[language].format(code), folder)
        if language == "r" and is_run(code):
            session.append(code)
        elif language == "r":
            (package,) = {each for each in MISSING if f"library({each})\n" in code}
            print(f"NOT RUN: the block that loads the R package {package}, which is not installed; parsed only")
            (folder / "block.R").write_text(code)
            print(run_r(f'source("checks/calls.R"); check_calls("block.R", "{package}")', folder))
    check = re.sub(r"\W+", "-", name.lower()) + ".R"
    script = "\n".join([*session, f'source("checks/{check}")'])
    print(run_r(script, folder, str(ROOT) if name == WITH_NETCONV else ""))


def test_each_check_has_a_section():
    checks = {path.stem for path in HERE.glob("*.R")} - {"calls"}
    assert checks == {re.sub(r"\W+", "-", name.lower()) for name in SECTIONS}
