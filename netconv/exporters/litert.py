"""Writes a LiteRT (TensorFlow Lite) file, for phones and small devices, and runs it with LiteRT."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic_files import scratch_folder
from ..errors import NetconvError, first_line
from ..inference.differences import precision
from . import savedmodel
from .agreement import Runner
from .served_model import ServedModel, no_operator

if TYPE_CHECKING:
    import numpy as np

MODULES = ("ai_edge_litert",)
"""What is imported to run a file."""
QUANTIZATIONS = ("float16", "int8")


def write(
    served: ServedModel, path: Path, quantize: str | None = None, rows: Sequence[Sequence[np.ndarray]] = ()
) -> None:
    """Writes the file, by way of a SavedModel. `rows` are inputs of the model, of which the ranges of int8 are
    computed. Raises NetconvError if LiteRT has no operator for a part of the model."""
    from .litert_ops import with_known_ops

    try:
        data = _converted(served, partial(savedmodel.write_variables, served.function, served.model), quantize, rows)
    except NetconvError as error:  # only then: there are operators for some patterns of ops, such as GELU with its Erf
        try:
            function = with_known_ops(served.function)
        except Exception:  # TensorFlow raises any exception for weights beyond the 2 GB that a graph may have
            raise error from None
        data = _converted(served, partial(savedmodel.write_constants, function), quantize, rows)
    path.write_bytes(data)


def _converted(
    served: ServedModel,
    write_folder: Callable[[Path], None],
    quantize: str | None,
    rows: Sequence[Sequence[np.ndarray]],
) -> bytes:
    """What the converter makes of a SavedModel."""
    import tensorflow as tf

    with scratch_folder() as folder:
        write_folder(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[savedmodel.SIGNATURE])
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = lambda: (dict(zip(served.inputs, row, strict=True)) for row in rows)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what the converter uses itself
                return converter.convert()
        except Exception as error:  # the converter raises any exception
            raise NetconvError(
                f"{served.name}: it cannot be written for LiteRT: {_reason(error)}{_of_16_bits(served)}"
            ) from None


def _reason(error: Exception) -> str:
    """What the converter says in a line: the first op that LiteRT does not have, if possible one whose place is
    known."""
    ops: dict[str, str] = {}
    for found in getattr(error, "errors", ()):
        if kind := found.operator.name.removeprefix("tf."):
            path = next((place.name for place in found.location.call), "")
            ops.setdefault(path.partition("@")[0], kind)
    for path in sorted(ops, key=lambda path: not path):
        return no_operator(ops[path], path)
    return first_line(error)


def _of_16_bits(served: ServedModel) -> str:
    """A clause on the types of 16 bits in which layers of a model compute, "" if none does."""
    found = sorted(filter(precision, served.compute_dtypes))
    return f"; layers of the model compute in {' and '.join(found)}, for which it has few" if found else ""


def runner(served: ServedModel, path: Path) -> Runner:
    """What runs the file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes(), num_threads=os.cpu_count())
    signature = interpreter.get_signature_runner(savedmodel.SIGNATURE)
    known = signature.get_input_details()

    def run(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        given = {name: array for name, array in zip(served.inputs, inputs, strict=True) if name in known}
        outputs = signature(**given)
        return [outputs[name] for name in served.outputs]

    return run
