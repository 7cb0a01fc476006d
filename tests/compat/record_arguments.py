"""Records which keys a config may have in the oldest Keras that files are written for, and since which version of Keras
there are other classes and keys: netconv/keras_files/keras_arguments.json.

    python record_arguments.py FOLDER

FOLDER has an installed Keras, without its dependencies, in each of its folders. To be run again when a newer Keras is
supported.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "netconv" / "keras_files" / "keras_arguments.json"


def listed(folder: Path) -> tuple[tuple[int, int], dict[str, list[str]]]:
    """The version (major, minor) of a Keras, and the arguments of its classes."""
    environment = os.environ | {"PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(HERE / "list_arguments.py")]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    result = json.loads(output.splitlines()[-1])
    major, minor, *_ = result["keras"].split(".")
    return (int(major), int(minor)), result["classes"]


def record(folders: list[Path]) -> str:
    versions = sorted(map(listed, folders))
    (oldest, arguments), later = versions[0], versions[1:]
    since: dict[str, str] = {}
    known = {name: set(keys) for name, keys in arguments.items()}
    for (major, minor), classes in later:
        for name, keys in classes.items():
            if name not in known:
                known[name] = set(keys)
                since[name] = f"{major}.{minor}"
            for key in sorted(set(keys) - known[name]):
                known[name].add(key)
                since[f"{name}({key})"] = f"{major}.{minor}"
    entries = [
        {name: " ".join(keys) for name, keys in arguments.items()},
        dict(sorted(since.items())),
    ]
    arguments_text, since_text = (json.dumps(each, indent=0) for each in entries)
    return f'{{"oldest": "{oldest[0]}.{oldest[1]}",\n"arguments": {arguments_text},\n"since": {since_text}}}\n'


TARGET.write_text(record([path for path in Path(sys.argv[1]).iterdir() if (path / "keras").is_dir()]))
