"""Writes a SavedModel, the folder that TensorFlow Serving, TensorFlow in other languages and converters read."""

from __future__ import annotations

import errno
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
ENDPOINT = "serve"
"""The name that Keras's TFSMLayer calls the function by."""
LARGEST_CONSTANTS = 2**27
"""In bytes. TensorFlow has up to 30 copies of constants in memory while it writes them."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the folder, with one signature, which has the names of the inputs and outputs. Weights that are final
    become constants: TensorFlow arranges them for the CPU once, and variables in each call."""
    size = sum(weight.value.dtype.size * math.prod(weight.shape) for weight in served.model.weights)
    if served.is_final and size <= LARGEST_CONSTANTS:
        from .tf_graphs import with_constant_weights

        write_constants(with_constant_weights(served.function), path)
    else:
        write_variables(served.function, served.model, path)


def write_variables(function, model, path: Path) -> None:
    """Writes the folder of a tf.function that reads the variables of a model. Raises OSError."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(ENDPOINT, function)
    with _system_errors(path):
        archive.write_out(str(path), verbose=False)


def write_constants(function, path: Path) -> None:
    """Writes the folder of a tf.function without variables, as Keras would, but its constants once. Gradients that
    layers define themselves are left out. Raises OSError."""
    import tensorflow as tf

    module = tf.Module()
    concrete = function.get_concrete_function()
    setattr(module, ENDPOINT, concrete)
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with _system_errors(path):
        tf.saved_model.save(module, str(path), signatures={ENDPOINT: concrete, SIGNATURE: concrete}, options=options)


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Raises the operating system's errors, of which TensorFlow has the words, as OSError."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        for number in errno.errorcode:
            if re.search(rf"; {re.escape(os.strerror(number))}( \[Op:.*)?$", error.message):
                raise OSError(number, os.strerror(number), str(path)) from None
        raise


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
