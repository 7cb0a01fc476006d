"""Writes a SavedModel, the folder that TensorFlow Serving, TensorFlow in other languages and converters read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NetconvError
from ..keras_api.lazy import keras
from .agreement import Runner
from .served_model import ServedModel

if TYPE_CHECKING:
    import numpy as np

SIGNATURE = "serving_default"
MEMBERS = frozenset({"assets", "fingerprint.pb", "saved_model.pb", "variables"})
"""What the folder has."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the folder, with one signature, which has the names of the inputs and outputs."""
    write_function(served.model, served.function, path)


def write_function(model, function, path: Path) -> None:
    """Writes the folder of a tf.function that reads the variables of a model."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", function)
    archive.write_out(str(path), verbose=False)


def runner(served: ServedModel, path: Path) -> Runner:
    """What runs the folder."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def run(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        tensors = {name: tf.convert_to_tensor(array) for name, array in zip(served.inputs, inputs, strict=True)}
        outputs = loaded.signatures[SIGNATURE](**tensors)
        return [outputs[name].numpy() for name in served.outputs]

    return run


def check_folder(path: Path) -> None:
    """Raises NetconvError if writing the folder would remove what is not a SavedModel."""
    if path.exists() and not (path.is_dir() and {entry.name for entry in path.iterdir()} <= MEMBERS):
        raise NetconvError(f"{path}: it is there, and is not a SavedModel that may be replaced; choose another output")
