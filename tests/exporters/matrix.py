"""Exports nets to all runtimes and as Python code, and prints a line for each: how far what was written is from the
Keras model, or why it is refused; then how many of the nets each target has.

    python matrix.py FOLDER...

Each FOLDER is searched for nets: `.json` graphs, `.wlnet` files and `.keras` files. A net whose input shapes cannot be
inferred gets those of the recording (`.npz`) beside it; so does one that cannot be exported with the sizes it leaves
open. Exits 1 if something computes something else than Keras.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from netconv.cli.quiet import quiet_keras
from netconv.errors import NetconvError
from netconv.exporters.code_files import LANGUAGES
from netconv.exporters.targets import SUFFIXES, export
from netconv.inference.loading import LoadedModel, open_model
from netconv.keras_files import archive

RUNTIMES = ("savedmodel", "litert", "onnx")
TARGETS = {to: (to, {}) for to in (*RUNTIMES, "python")}
TARGETS |= {f"{to} for inference": (to, {"inference": True}) for to in (*RUNTIMES, "keras")}
WRONG = "computes something else"


def nets(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in (".json", ".wlnet", ".keras")]
    return [path for path in found if path.suffix != ".json" or b'"nodes"' in path.read_bytes()]


def recorded_shapes(net: Path) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(net.parent.glob("*.npz")):
        with np.load(file) as members:
            for name in members:
                plain = name.removeprefix("a/").replace("__", ":")
                if plain.startswith("in:"):
                    shapes.setdefault(plain[3:], members[name].shape)
    return shapes


def opened(net: Path) -> LoadedModel:
    """The model of a net; of the recorded shapes if they cannot be inferred."""
    try:
        return open_model(net)
    except NetconvError:
        if not recorded_shapes(net):
            raise
    return sized(net)


def sized(net: Path) -> LoadedModel:
    """The model of a net for the recorded shapes, with an open batch if possible."""
    shapes = recorded_shapes(net)
    try:
        return open_model(net, input_shapes={name: (None, *shape[1:]) for name, shape in shapes.items()})
    except NetconvError:
        return open_model(net, input_shapes=shapes)


def saved(loaded: LoadedModel, folder: Path) -> LoadedModel:
    """The model of a `.keras` file."""
    archive.save(loaded.model, folder / "net.keras", loaded.members)
    return open_model(folder / "net.keras")


def has_open_sizes(loaded: LoadedModel) -> bool:
    """Whether sizes besides the batch are open."""
    return any(None in tensor.shape[1:] for tensor in loaded.model.inputs)


def exported(loaded: LoadedModel, target: str, folder: Path) -> tuple[str, str]:
    """Whether a model "works", is "refused" or is "wrong", and a line."""
    notes = []
    to, options = TARGETS[target]
    try:
        if to in LANGUAGES:
            loaded = saved(loaded, folder)
        [path] = export(loaded, to, folder / f"net{SUFFIXES[to]}", notes.append, **options)
    except NetconvError as error:
        return "wrong" if WRONG in str(error) else "refused", str(error)
    assert path.exists()
    return "works", "; ".join(notes)


def main() -> None:
    counts = {target: Counter() for target in TARGETS}
    for folder in map(Path, sys.argv[1:]):
        for net in nets(folder):
            name = str(net.relative_to(folder.parent))
            keras.backend.clear_session()
            try:
                with quiet_keras():
                    loaded = opened(net)
            except NetconvError as error:
                print(f"{name}: not converted: {error}", flush=True)
                continue
            for target, counted in counts.items():
                with tempfile.TemporaryDirectory() as scratch, quiet_keras():
                    result, line = exported(loaded, target, Path(scratch))
                    if result != "works" and has_open_sizes(loaded) and recorded_shapes(net):
                        result, line = exported(sized(net), target, Path(scratch))
                        line += "; with the recorded shapes"
                counted[result] += 1
                print(f"{name} {target}: {result}: {line}", flush=True)
    for target, counted in counts.items():
        total = sum(counted.values())
        print(f"{target}: {counted['works']} of {total} work, {json.dumps(counted)}")
    sys.exit(any(counted["wrong"] for counted in counts.values()))


main()
