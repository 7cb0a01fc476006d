"""Opens converted nets in the Keras on the path, which need not be netconv's: each must load, compute what is recorded
and train for three steps. Prints a line for each net.

    python open_nets.py FOLDER [PART]

FOLDER is written by `write_nets.py`; PART selects nets by a part of their names. A net whose file says that it needs a
newer Keras is not opened.
"""

import json
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np

TOLERANCE = 2e-4
"""The largest difference, relative to the largest output if that is above 1; MXNet's own oneDNN path differs by
1e-4."""


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def needed(path: Path) -> str | None:
    """The Keras that a file says it needs."""
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("metadata.json")).get("needs_keras")


def as_list(value) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def difference(found, expected: np.ndarray) -> float:
    found = keras.ops.convert_to_numpy(found).astype("float64")
    if found.shape != expected.shape:
        raise ValueError(f"shape {found.shape} instead of {expected.shape}")
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected)[np.isfinite(expected)]
    return float(error.max(initial=0) / np.abs(expected[np.isfinite(expected)]).max(initial=1))


def targets(model, outputs: list[np.ndarray]) -> list[np.ndarray]:
    """Targets that fit the losses of a model."""
    losses = as_list(model.loss) * (len(outputs) if len(as_list(model.loss)) == 1 else 1)
    made = []
    for loss, output in zip(losses, outputs, strict=True):
        name = loss if isinstance(loss, str) else loss.name
        made.append(np.zeros(output.shape[:-1], "int32") if "sparse" in name else np.zeros(output.shape, "float32"))
    return made


def opened(path: Path) -> str:
    """What happened to a net: an empty text if all is well."""
    need = needed(path)
    if need and version(need) > version(keras.__version__):
        return f"needs Keras {need}"
    with np.load(path.with_suffix(".npz")) as file:
        arrays = dict(file)
    inputs, expected = ([v for n, v in arrays.items() if n.startswith(kind)] for kind in ("in:", "out:"))
    given = inputs if len(inputs) > 1 else inputs[0]
    model = keras.models.load_model(path)
    for found in (as_list(model(given, training=False)), as_list(model.predict_on_batch(given))):
        error = max(map(difference, found, expected))
        if not error <= TOLERANCE:
            return f"differs by {error:.2g}"
    if not arrays["trains"] or len({len(each) for each in (*inputs, *expected)}) > 1:
        return ""
    wanted = targets(model, expected)
    losses = [as_list(model.train_on_batch(given, wanted if len(wanted) > 1 else wanted[0]))[0] for _ in range(3)]
    finite = all(np.isfinite(each).all() for each in expected)
    return "" if np.isfinite(losses[0]) or not finite else f"loss {losses[0]}"  # later steps may diverge


def main() -> None:
    folder, part = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    paths = sorted(path for path in folder.glob("*.keras") if part in path.name)
    results = {}
    for path in paths:
        keras.backend.clear_session()
        try:
            results[path.stem] = opened(path)
        except Exception as error:  # whatever Keras and its backend raise
            results[path.stem] = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"
        if results[path.stem]:
            print(f"{path.stem}: {results[path.stem]}", flush=True)
    newer = sum(result.startswith("needs Keras") for result in results.values())
    good = sum(not result for result in results.values())
    print(
        f"{good} of {len(results)} open, agree and train with Keras {keras.__version__} on {keras.backend.backend()}; "
        f"{newer} say that they need a newer Keras"
    )
    sys.exit(good + newer < len(results))


main()
