"""Documents whose commands are run as written, where a reader would be."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def blocks(text, *languages):
    """The blocks of code of a document in these languages, in order."""
    return [code for language, code in re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL) if language in languages]


def install(folder):
    """`netconv` and `python` on the reader's path, which has the folder."""
    for name, command in {"netconv": f"{sys.executable} -m netconv", "python": sys.executable}.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)


def run(script, folder):
    environment = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done


def run_python(code, folder):
    return run(f"python - <<'END'\n{code}\nEND", folder)
