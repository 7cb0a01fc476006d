"""Exports nets to all runtimes and as Python code, and prints a line for each: how far what was written is from the
Keras model, or why it is refused; then how many of the nets each target has.

    python matrix.py FOLDER...

Each FOLDER is searched for nets: `.json` graphs, `.wlnet` files and `.keras` files. A net whose input shapes cannot be
inferred gets those of the recording (`.npz`) beside it. Exits 1 if something computes something else than Keras.
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
from netconv.exporters.runtimes import RUNTIMES
from netconv.exporters.targets import SUFFIXES, export
from netconv.inference.loading import LoadedModel, open_model
from netconv.keras_api.names import keras_name
from netconv.keras_files import archive

OPTIONS = {"savedmodel": {}, "litert": {}, "onnx": {}, "keras": {"inference": True}, "python": {}}
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
    """The model of a net, with an open batch if possible."""
    try:
        return open_model(net)
    except NetconvError:
        shapes = recorded_shapes(net)
        if not shapes:
            raise
    for given in ({name: (None, *shape[1:]) for name, shape in shapes.items()}, shapes):
        try:
            return open_model(net, input_shapes=given)
        except NetconvError as error:
            last = error
    raise last


def saved(loaded: LoadedModel, folder: Path) -> LoadedModel:
    """The model of a `.keras` file."""
    archive.save(loaded.model, folder / "net.keras", loaded.members)
    return open_model(folder / "net.keras")


def open_sizes(loaded: LoadedModel, net: Path) -> dict[str, tuple[int | None, ...]]:
    """The recorded sizes of inputs that are open besides the batch."""
    recorded = {keras_name(name): shape for name, shape in recorded_shapes(net).items()}
    inputs = {tensor.name: tuple(tensor.shape) for tensor in loaded.model.inputs}
    return {name: (shape[0], *recorded[name][1:]) for name, shape in inputs.items()
            if None in shape[1:] and len(recorded.get(name, ())) == len(shape)}  # fmt: skip


def exported(loaded: LoadedModel, to: str, folder: Path, shapes: dict[str, tuple[int | None, ...]]) -> tuple[str, str]:
    """Whether a model "works", is "refused" or is "wrong", and a line."""
    notes, options = [], dict(OPTIONS[to])
    if shapes:
        options["input_shapes"] = shapes
    try:
        if to in LANGUAGES:
            loaded = saved(loaded, folder)
        [path] = export(loaded, to, folder / f"net{SUFFIXES[to]}", notes.append, **options)
    except NetconvError as error:
        return "wrong" if WRONG in str(error) else "refused", str(error)
    assert path.exists()
    return "works", "; ".join(notes)


def main() -> None:
    counts = {to: Counter() for to in OPTIONS}
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
            for to, counted in counts.items():
                with tempfile.TemporaryDirectory() as scratch, quiet_keras():
                    result, line = exported(loaded, to, Path(scratch), {})
                    sizes = open_sizes(loaded, net)
                    if result != "works" and to in RUNTIMES and to != "keras" and sizes:
                        result, line = exported(loaded, to, Path(scratch), sizes)
                        line += f"; with {sizes}"
                counted[result] += 1
                print(f"{name} {to}: {result}: {line}", flush=True)
    for to, counted in counts.items():
        total = sum(counted.values())
        print(f"{to}: {counted['works']} of {total} work, {json.dumps(counted)}")
    sys.exit(any(counted["wrong"] for counted in counts.values()))


main()
