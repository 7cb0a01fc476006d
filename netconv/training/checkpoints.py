"""The state of a training after an epoch, in a file that is written completely or not at all.

The file is a `.npz` of the arrays of the model, of its optimizer and of the best epoch, and facts as JSON. Reading it
executes nothing.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import check_writable, replacing
from ..errors import FormatError, NetconvError, option, option_name

if TYPE_CHECKING:
    import numpy as np

NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training.

    Attributes:
        arrays: the variables of the model and of the optimizer, including the states of random generators.
        best: the weights of the best epoch, empty if no metric is monitored.
        history: the metrics of each epoch.
        fingerprint: what the weights depend on.
    """

    arrays: Sequence[np.ndarray]
    best: Sequence[np.ndarray]
    history: Sequence[Mapping[str, float]]
    fingerprint: Mapping[str, Any]


def check_folder(folder: Path | str, name: str, size: int) -> None:
    """Makes the folder that the option `name` gives, and checks before training that a file of `size` bytes can be
    written there. Raises NetconvError if it is a file, and OSError."""
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise NetconvError(f"{folder}: is a file, and {option_name(name)} names a folder")
    path.mkdir(parents=True, exist_ok=True)
    check_writable(path / NAME, size)


def write(folder: Path | str, checkpoint: Checkpoint) -> None:
    """Writes `checkpoint.npz` to a folder, which is created if needed. Raises OSError."""
    import numpy as np

    Path(folder).mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"history": list(checkpoint.history), "run": dict(checkpoint.fingerprint)}).encode()
    arrays: dict[str, Any] = {"facts": np.frombuffer(facts, np.uint8)}
    arrays |= {f"array-{n}": array for n, array in enumerate(checkpoint.arrays)}
    arrays |= {f"best-{n}": array for n, array in enumerate(checkpoint.best)}
    with replacing(Path(folder) / NAME) as name, name.open("wb") as stream:
        np.savez(stream, **arrays)


def read(
    folder: Path | str, variables: Sequence[Any], weights: Sequence[Any], fingerprint: Mapping[str, Any]
) -> Checkpoint | None:
    """The checkpoint in a folder, None if there is none.

    The arrays must have the shapes of `variables`, and those of the best epoch the shapes of `weights`. Raises
    FormatError if they do not, or the file is damaged, and NetconvError if the fingerprint is not the same."""
    import numpy as np

    path = Path(folder) / NAME
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(file["facts"].tobytes())
            history, written = list(facts["history"]), dict(facts["run"])
            _check_fingerprint(path, written, fingerprint)
            arrays = _arrays(file, "array", variables)
            best = _arrays(file, "best", weights) if "best-0" in file else []
    except (ValueError, TypeError, KeyError, EOFError, RecursionError, MemoryError, zipfile.BadZipFile):
        raise FormatError(f"{path}: is damaged, or not a checkpoint of this model") from None
    return Checkpoint(arrays, best, history, written)


def _arrays(file, prefix: str, variables: Sequence[Any]) -> list[np.ndarray]:
    if sum(name.startswith(prefix + "-") for name in file) != len(variables):
        raise ValueError
    arrays = [file[f"{prefix}-{n}"] for n in range(len(variables))]
    if any(array.shape != tuple(variable.shape) for array, variable in zip(arrays, variables, strict=True)):
        raise ValueError
    return arrays


def _check_fingerprint(path: Path, written: Mapping[str, Any], own: Mapping[str, Any], of: str = "") -> None:
    for key, value in own.items():
        before = written.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _check_fingerprint(path, before, value, f"{key} ")
        elif before != value:
            raise NetconvError(
                f"{path}: its training had {of}{key} {_short(before)}, and this one has {_short(value)}; leave "
                f"{option('resume', True)} out to start from the beginning"
            )


def _short(value) -> str:
    text = json.dumps(value["class_name"] if isinstance(value, dict) and "class_name" in value else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
