"""Loads `.h5` files with the Keras of this interpreter, compares their predictions with the recorded ones, and trains.

    python tests/compat/keras2.py FOLDER [keras|tf_keras]

FOLDER is what `write_h5.py` wrote. Prints one line for each net, and exits with 1 if one fails. Needs no netconv:
runs with Keras 2 (tensorflow 2.15), tf_keras, and Keras 3.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 1e-6
"""Of the largest output, or of 1 if that is larger."""


def unpacked(values):
    """A single array itself, several as a list."""
    return values if len(values) > 1 else values[0]


def part(recorded, prefix):
    return [recorded[f"{prefix}:{i}"] for i in range(sum(name.startswith(f"{prefix}:") for name in recorded.files))]


def check(keras, path):
    """The largest difference and the losses of three steps of training; raises what Keras raises."""
    model = keras.models.load_model(path)
    recorded = np.load(path.with_suffix(".npz"))
    inputs, expected, targets = (part(recorded, prefix) for prefix in ("in", "out", "target"))
    size = len(inputs[0])
    found = model.predict(unpacked(inputs), batch_size=size, verbose=0)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    assert [each.shape for each in found] == [each.shape for each in expected], "shapes differ"
    difference = max(np.abs(f - e).max() / max(1, np.abs(e).max()) for f, e in zip(found, expected))
    history = model.fit(unpacked(inputs), unpacked(targets), batch_size=size, epochs=3, shuffle=False, verbose=0)
    model.evaluate(unpacked(inputs), unpacked(targets), batch_size=size, verbose=0)
    return difference, history.history["loss"]


def main(folder, name="keras"):
    keras = importlib.import_module(name)
    failed = 0
    for path in sorted(Path(folder).glob("*.h5")):
        try:
            difference, losses = check(keras, path)
            good = difference <= TOLERANCE and np.all(np.isfinite(losses))
            text = f"loads, largest difference {difference:.1e}, fits: losses {', '.join(f'{x:.4g}' for x in losses)}"
        except Exception as error:  # whatever Keras raises is the answer
            good, text = False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        failed += not good
        print("ok  " if good else "FAIL", path.stem, text, flush=True)
        keras.backend.clear_session()
    print(f"{name} {keras.__version__}: {failed} fail")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
