"""The state of a training after an epoch, in a file that is written completely or not at all.

The file is a `.npz` of the arrays of the model, of its optimizer and of the best epoch, and facts as JSON. Reading it
executes nothing.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

from ..atomic_files import check_writable, replacing
from ..errors import FormatError, NetconvError, option, option_name
from ..keras_files.zip_members import DAMAGED, parsed
from ..tables import zip_archives

if TYPE_CHECKING:
    import numpy as np

NAME = "checkpoint.npz"
DAMAGED_HEADER = (SyntaxError, TokenError)
"""What NumPy raises for the header of an array."""
LARGEST = 1e300
"""Larger than any metric."""


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
    folder: Path | str, variables: Sequence[Any], weights: Sequence[Any], fingerprint: Mapping[str, Any], monitor: str
) -> Checkpoint | None:
    """The checkpoint in a folder, None if there is none.

    The arrays must have the shapes and dtypes of `variables`, and those of the best epoch those of `weights`, all of
    them finite; each epoch must have the metric `monitor`. Nothing larger is read. Raises FormatError if they do not,
    or the file is damaged, and NetconvError if the fingerprint is not the same."""
    path = Path(folder) / NAME
    if not path.exists():
        return None
    try:
        with zip_archives.opened(path, str(path)) as file:
            members = file.namelist()
            facts = parsed(_values(file, "facts", None, "uint8").tobytes(), f"{path}: its member facts")
            history, written = _history(facts["history"], monitor), dict(facts["run"])
            _check_fingerprint(path, written, fingerprint)
            arrays = _arrays(file, "array", variables)
            best = _arrays(file, "best", weights) if "best-0.npy" in members else []
    except (*DAMAGED, *DAMAGED_HEADER, TypeError, LookupError, AttributeError, RecursionError, MemoryError):
        raise FormatError(f"{path}: is damaged, or not a checkpoint of this model") from None
    return Checkpoint(arrays, best, history, written)


def _history(epochs: Any, monitor: str) -> list[dict[str, float]]:
    """The metrics of each epoch, numbers by the same names."""
    for number, metrics in enumerate(epochs, 1):
        if not all(type(value) in (int, float) and not abs(value) > LARGEST for value in metrics.values()):
            raise ValueError
        if metrics.keys() != epochs[0].keys() or metrics["epoch"] != number:
            raise ValueError
        if not math.isfinite(metrics["loss"]) or monitor not in metrics:
            raise ValueError
    return list(epochs)


def _arrays(file: zipfile.ZipFile, prefix: str, variables: Sequence[Any]) -> list[np.ndarray]:
    import numpy as np

    if sum(name.startswith(prefix + "-") for name in file.namelist()) != len(variables):
        raise ValueError
    arrays = [_values(file, f"{prefix}-{n}", tuple(v.shape), str(v.dtype)) for n, v in enumerate(variables)]
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError
    return arrays


def _values(file: zipfile.ZipFile, name: str, shape: tuple[int, ...] | None, dtype: str) -> np.ndarray:
    """An array of the file as `numpy.savez` writes it, of this dtype and, unless it is None, of this shape. Raises what
    is in DAMAGED before it allocates memory."""
    import numpy as np
    from numpy.lib import format

    info = file.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError
    with file.open(info) as stream:
        if format.read_magic(stream) != (1, 0):
            raise ValueError
        found, in_columns, kind = format.read_array_header_1_0(stream)
        size = math.prod(found) * kind.itemsize
        fits = found == shape or (shape is None and len(found) == 1)
        if kind != np.dtype(dtype) or not fits or size > info.file_size:
            raise ValueError
        values = np.frombuffer(stream.read(size), kind)
    return values.reshape(found, order="F" if in_columns else "C")


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
