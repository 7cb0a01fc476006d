"""Signals end a command with one line, its exit code, and without temporary files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NET = Path(__file__).parents[2] / "fixtures" / "ckd" / "net.json"
ENDINGS = [
    (signal.SIGINT, 130, "netconv: interrupted\n"),
    (signal.SIGTERM, 143, "netconv: terminated\n"),
    (signal.SIGHUP, 129, "netconv: terminated, as its terminal was closed\n"),
]
CONVERT = """
import os, sys, time
from netconv import atomic_files, cli, conversion

def convert_file(*_, output, **__):
    with atomic_files.replacing(output) as name:
        name.write_text("half")
        {}
        time.sleep(60)

conversion.convert_file = convert_file
cli.run()
"""
"""`netconv convert`, which gets a signal amid writing."""


def ended(arguments, folder, **options):
    """The exit code and stderr of a Python that prints nothing on stdout."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=50,  # less than they sleep
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # which `nohup` ignores
        **options,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


def convert(tmp_path, statement):
    return ended(["-c", CONVERT.format(statement), "convert", "net.json", "-o", "net.keras"], tmp_path)


@pytest.mark.parametrize("number, code, line", ENDINGS)
def test_a_signal_amid_writing(tmp_path, number, code, line):
    (tmp_path / "net.keras").write_text("old")
    assert convert(tmp_path, f"os.kill(os.getpid(), {number:d})") == (code, line)
    assert os.listdir(tmp_path) == ["net.keras"] and (tmp_path / "net.keras").read_text() == "old"


@pytest.mark.parametrize("module", ["click", "keras"])
@pytest.mark.parametrize("number, code, line", ENDINGS)
def test_a_signal_while_a_library_is_imported(tmp_path, module, number, code, line):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / f"{module}.py").write_text(f"import os, time\nos.kill(os.getpid(), {number:d})\ntime.sleep(60)")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'lib'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    found = ended(["-m", "netconv", "convert", str(NET), "-o", "net.keras"], tmp_path, env=environment)
    assert found == (code, line)


def test_a_library_makes_another_error_of_the_signal(tmp_path):
    """As native code does whose initialization is interrupted."""
    statement = """
        try:
            os.kill(os.getpid(), 2)
            time.sleep(60)
        except KeyboardInterrupt:
            raise SystemError("initialization failed")"""
    assert convert(tmp_path, statement) == (130, "netconv: interrupted\n")


def test_a_signal_in_a_destructor(tmp_path):
    """Python prints the exception there, and goes on."""
    statement = """
        class Last:
            def __del__(self):
                os.kill(os.getpid(), 15)
                time.sleep(60)
        Last()"""
    assert convert(tmp_path, statement) == (143, "netconv: terminated\n")


def test_a_signal_that_the_process_was_started_to_ignore():
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from netconv.cli import signals; "
    code += "signals.handle(); print(signal.getsignal(signal.SIGHUP).name, signal.getsignal(signal.SIGTERM).__name__)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).stdout == b"SIG_IGN _receive\n"
