"""Where a training stands after an epoch, in one file that is written whole or not at all.

A plain `.npz`: the arrays of the model, of its optimizer and of the best epoch, and facts in JSON. It is read as data.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import replacing
from ..errors import FormatError, NetconvError

if TYPE_CHECKING:
    import numpy as np

NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """`arrays` are those of the model and of the optimizer, random states among them; `best` the model's weights in the
    best epoch, none if nothing validates; `history` the figures of each epoch; `run` what the training is told by."""

    arrays: Sequence[np.ndarray]
    best: Sequence[np.ndarray]
    history: Sequence[Mapping[str, float]]
    run: Mapping[str, Any]


def write(folder: Path | str, checkpoint: Checkpoint) -> None:
    """Writes `checkpoint.npz` in a folder, which is made. Raises OSError."""
    import numpy as np

    Path(folder).mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"history": list(checkpoint.history), "run": dict(checkpoint.run)}).encode()
    arrays = {f"array-{n}": array for n, array in enumerate(checkpoint.arrays)}
    best = {f"best-{n}": array for n, array in enumerate(checkpoint.best)}
    with replacing(Path(folder) / NAME) as name, name.open("wb") as stream:
        np.savez(stream, facts=np.frombuffer(facts, np.uint8), **arrays, **best)


def read(folder: Path | str, arrays: Sequence[Any], best: Sequence[Any], run: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint of a folder, None if it has none. `arrays` and `best` are variables of the shapes that it must
    have, `run` what it must have been written by. Raises FormatError and NetconvError."""
    import numpy as np

    path = Path(folder) / NAME
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(file["facts"].tobytes())
            history, known = list(facts["history"]), dict(facts["run"])
            _same(path, known, run)
            found = _arrays(file, "array", arrays)
            kept = _arrays(file, "best", best) if "best-0" in file else []
    except (ValueError, TypeError, KeyError, EOFError, RecursionError, MemoryError, zipfile.BadZipFile):
        raise FormatError(f"{path}: is damaged, or not a checkpoint of this model") from None
    return Checkpoint(found, kept, history, known)


def _arrays(file, prefix: str, variables: Sequence[Any]) -> list[np.ndarray]:
    if sum(name.startswith(prefix + "-") for name in file) != len(variables):
        raise ValueError
    found = [file[f"{prefix}-{n}"] for n in range(len(variables))]
    if any(array.shape != tuple(variable.shape) for array, variable in zip(found, variables, strict=True)):
        raise ValueError
    return found


def _same(path: Path, known: Mapping[str, Any], run: Mapping[str, Any], of: str = "") -> None:
    for key, value in run.items():
        before = known.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _same(path, before, value, f"{key} ")
        elif before != value:
            raise NetconvError(
                f"{path}: its training had {of}{key} {_short(before)}, and this one has {_short(value)}; leave "
                "--resume out to start from the beginning"
            )


def _short(value) -> str:
    text = json.dumps(value["class_name"] if isinstance(value, dict) and "class_name" in value else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
