"""Opens the nets that `write_nets.py` and `write_h5.py` wrote with several Kerases, and prints a line for each.

    python matrix.py FOLDER KERAS... [-- PYTHON...]

FOLDER has the folders `keras` and `h5` that those write. KERAS are folders with a Keras each, which this interpreter
runs on TensorFlow. PYTHON are interpreters with a Keras of their own, each as KIND=PYTHON: `jax` or `torch`, the
backend for `.keras` files; `keras` or `tf_keras`, the package that opens `.h5` files.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run(title: str, command: list[str], **environment: str) -> bool:
    """Runs a command, whose last line is its result; prints the other lines, which name what failed, after it."""
    done = subprocess.run(
        command, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment, stdout=subprocess.PIPE, text=True
    )
    *lines, result = done.stdout.splitlines() or [f"exit {done.returncode}"]
    failed = [line for line in lines if not line.startswith("ok ")]
    print(f"{title:24} {result}", *failed, sep="\n    ", flush=True)
    return done.returncode == 0


def main() -> None:
    folder, *arguments = sys.argv[1:]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    opened = str(HERE / "open_nets.py"), str(HERE / "keras2.py")
    results = []
    for keras in arguments[:at]:
        version = Path(keras).name
        results.append(
            run(f"{version} on TensorFlow", [sys.executable, opened[0], f"{folder}/keras"], PYTHONPATH=keras)
        )
    for argument in arguments[at + 1 :]:
        kind, _, python = argument.partition("=")
        if kind in ("jax", "torch"):
            results.append(run(f"newest on {kind}", [python, opened[0], f"{folder}/keras"], KERAS_BACKEND=kind))
        else:
            results.append(run(f".h5 with {kind}", [python, opened[1], f"{folder}/h5", kind]))
    sys.exit(not all(results))


main()
