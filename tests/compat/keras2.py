"""Loads `.h5` files with the Keras of this interpreter, compares predictions and losses with the recorded ones, trains.

    python tests/compat/keras2.py FOLDER [keras|tf_keras]

FOLDER is what `write_h5.py` wrote. Prints one line for each net, and exits with 1 if one fails. Needs no netconv: runs
with Keras 2 (tensorflow 2.15), tf_keras, and Keras 3.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 1e-6
"""Of the largest output, or of 1 if that is larger."""
LOSS_TOLERANCE = 1e-5
"""Relative."""


def unpacked(values):
    """A single array itself, several as a list."""
    return values if len(values) > 1 else values[0]


def part(recorded, prefix):
    return [recorded[f"{prefix}:{i}"] for i in range(sum(name.startswith(f"{prefix}:") for name in recorded.files))]


def check(keras, path):
    """The largest difference of the predictions, that of loss and accuracy, and the losses of three steps of training.
    Raises what Keras raises."""
    model = keras.models.load_model(path)
    recorded = np.load(path.with_suffix(".npz"))
    inputs, expected, targets = (part(recorded, prefix) for prefix in ("in", "out", "target"))
    size = len(inputs[0])
    found = model.predict(unpacked(inputs), batch_size=size, verbose=0)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    assert [each.shape for each in found] == [each.shape for each in expected], "shapes differ"
    differences = [np.abs(f - e).max() / max(1, np.abs(e).max()) for f, e in zip(found, expected, strict=True)]
    scores = np.ravel(model.evaluate(unpacked(inputs), unpacked(targets), batch_size=size, verbose=0))
    compared = len(scores) if len(expected) == 1 else 1  # of several outputs, Keras 2 and 3 order the rest differently
    assert len(expected) > 1 or len(scores) == len(recorded["scores"]), "metrics differ"
    scores, wanted = scores[:compared], recorded["scores"][:compared]
    history = model.fit(unpacked(inputs), unpacked(targets), batch_size=size, epochs=3, shuffle=False, verbose=0)
    return max(differences), np.max(np.abs(scores - wanted) / np.maximum(1, np.abs(wanted))), history.history["loss"]


def main(folder, name="keras"):
    keras = importlib.import_module(name)
    failed = 0
    for path in sorted(Path(folder).glob("*.h5")):
        try:
            difference, scores, losses = check(keras, path)
            good = difference <= TOLERANCE and scores <= LOSS_TOLERANCE and bool(np.all(np.isfinite(losses)))
            text = f"loads; largest difference {difference:.1e}, of loss and accuracy {scores:.1e}; "
            text += f"fits, losses {', '.join(f'{loss:.4g}' for loss in losses)}"
        except Exception as error:  # whatever Keras raises is the answer
            good, text = False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        failed += not good
        print("ok  " if good else "FAIL", path.stem, text, flush=True)
        keras.backend.clear_session()
    print(f"{name} {keras.__version__}: {failed} of {len(list(Path(folder).glob('*.h5')))} nets fail")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
