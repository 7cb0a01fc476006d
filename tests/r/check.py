"""Runs docs/r.md in R. `make test-r` runs this; `make test` runs only the shell commands of the page, as it needs no R.

Each section of the page is one R session, in a folder of a reader: its shell commands, its R blocks in order, then the
checks of tests/r/SECTION.R. The Python of R, `r-keras`, has Keras 3 and not netconv. The blocks that load R's package
`keras3` are run where it is installed; Debian does not have it. Those that load `keras` are not, as they need Keras 2.
Of a block that is not run, the calls are compared with the package's documentation (tests/r/calls.R), and the output
names it.
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


def check(section):
    """The file with the checks of a section."""
    return re.sub(r"\W+", "-", section.lower()) + ".R"


def ask(expression):
    """What R answers, its elements separated by colons."""
    command = ["Rscript", "-e", f"cat({expression}, sep = ':')"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


LIBRARIES = ask(".libPaths()")
NOT_RUN = {"keras": "needs Keras 2"}
"""Packages of R whose blocks are not run, and why."""
if ask("nzchar(system.file(package = 'keras3'))") == "FALSE":
    NOT_RUN["keras3"] = "is not installed"


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
        "R_LIBS": LIBRARIES,
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
        package = next((each for each in NOT_RUN if f"library({each})\n" in code), None)
        if language == "r" and not package:
            session.append(code)
        elif language == "r":
            print(f"*** NOT RUN: the block with library({package}), which {NOT_RUN[package]}. Its calls are:")
            (folder / "block.R").write_text(code)
            print(run_r(f'source("checks/calls.R"); check_calls("block.R", "{package}")', folder))
    script = "\n".join([*session, f'source("checks/{check(name)}")'])
    print(run_r(script, folder, str(ROOT) if name == WITH_NETCONV else ""))


def test_each_check_has_a_section():
    assert {path.name for path in HERE.glob("*.R")} - {"calls.R"} == set(map(check, SECTIONS))
