"""Streams that are closed or full, names that are not text, and libraries that print."""

import os
import subprocess
import sys

import pytest

CONVERT = """
import ctypes, os, sys, types
from netconv import cli, conversion

def convert_file(*_, output, **__):
    print("a library")
    os.write(1, b"native code")
    ctypes.CDLL(None).puts(b"native code, buffered")
    ctypes.CDLL(None).fflush(None)
    if hasattr(output, "write"):
        output.write(b"the model")
    return types.SimpleNamespace(text="a message", facts={"path": output or "net.keras"})

conversion.convert_file = convert_file
cli.run()
"""
"""`netconv convert`, in which libraries print."""


def run(command, folder, **environment):
    """Runs a line of the shell, in which `netconv` is the program, and `convert` the one above."""
    python = f"'{sys.executable}'"
    functions = f'netconv() {{ {python} -m netconv "$@"; }}; convert() {{ {python} -c "$CONVERT" convert "$@"; }}; '
    environment = {**os.environ, "CONVERT": CONVERT, **environment}
    done = subprocess.run(["bash", "-c", functions + command], cwd=folder, capture_output=True, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_only_data_are_on_stdout(tmp_path):
    assert run("convert net.json", tmp_path, PYTHONUNBUFFERED="1") == (0, b"net.keras\n", b"a library\na message\n")
    assert run("convert net.json -o - --quiet", tmp_path) == (0, b"the model", b"a library\n")


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_the_null_device(tmp_path, streams):
    (tmp_path / "net.json").write_text('{"nodes": 5}')
    for command in ("netconv inspect -", "netconv inspect net.json", "convert net.json"):
        code, out, messages = run(f"{command} {streams}", tmp_path)
        null = streams.replace("<&-", "< /dev/null").replace("2>&-", "2> /dev/null").replace(">&-", "> /dev/null")
        assert (code, out, messages) == run(f"{command} {null}", tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["net.json"] and (tmp_path / "net.json").read_text() == '{"nodes": 5}'


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a system without it")
def test_a_full_stream(tmp_path):
    error = b"netconv: standard output: No space left on device\n"
    assert run("netconv ops Convolution > /dev/full", tmp_path) == (1, b"", error)
    assert run("convert net.json -o - --quiet 2>&1 > /dev/full", tmp_path) == (1, b"a library\n" + error, b"")
    assert run("convert net.json 2> /dev/full", tmp_path) == (0, b"net.keras\n", b"")
    assert run("netconv ops Warp 2> /dev/full", tmp_path)[:2] == (1, b"")


def test_a_name_that_is_not_utf_8(tmp_path):
    name = b"\xff.json"
    (tmp_path / os.fsdecode(name)).write_text("{}")
    for encoding in ("utf-8:strict", "latin-1:strict"):
        code, out, _ = run("convert $'\\xff.json' -o $'\\xff.keras'", tmp_path, PYTHONIOENCODING=encoding)
        assert (code, out) == (0, b"\xff.keras\n")
    code, out, error = run("netconv inspect $'\\xff.json'", tmp_path)
    assert (code, out) == (1, b"") and error.startswith(b"netconv: \\udcff.json: ") and error.count(b"\n") == 1
