"""Writes an ONNX file, with tf2onnx, and runs it with ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NetconvError, first_line
from .agreement import Runner
from .served_model import ServedModel

if TYPE_CHECKING:
    import numpy as np

OPSET = 18
"""The version of ONNX's operators, of 2023: the newest that tf2onnx writes."""
MODULES = ("onnx", "onnxruntime", "tf2onnx")
"""What is imported to write and to run a file."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the file. Raises NetconvError if ONNX has no operator for an op."""
    import onnx
    import tf2onnx

    failures = _Failures()
    tf2onnx.logging.getLogger().addHandler(failures)
    try:
        proto, _ = tf2onnx.convert.from_function(served.function, input_signature=served.signature, opset=OPSET)
    except Exception as error:  # tf2onnx raises any exception
        reason = failures.lines[0] if failures.lines else first_line(error)
        raise NetconvError(f"{served.name}: it cannot be written as ONNX: {reason}") from None
    finally:
        tf2onnx.logging.getLogger().removeHandler(failures)
    if failures.lines:
        raise NetconvError(f"{served.name}: it cannot be written as ONNX: {failures.lines[0]}")
    _name_outputs(proto.graph, served)
    onnx.save(proto, str(path))


class _Failures(logging.Handler):
    """Keeps the lines that tf2onnx logs in place of an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip().splitlines()[0])


def _name_outputs(graph, served: ServedModel) -> None:
    """Gives the outputs, which TensorFlow sorts by name, their names and the order of the model."""
    names = dict(zip((output.name for output in graph.output), sorted(served.outputs), strict=True))
    for node in graph.node:
        for part in (node.input, node.output):
            part[:] = [names.get(name, name) for name in part]
    outputs = {names[output.name]: output for output in graph.output}
    for name, output in outputs.items():
        output.name = name
    ordered = [type(graph.output[0]).FromString(outputs[name].SerializeToString()) for name in served.outputs]
    del graph.output[:]
    graph.output.extend(ordered)


def runner(served: ServedModel, path: Path) -> Runner:
    """What runs the file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = {entry.name for entry in session.get_inputs()}

    def run(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        given = {name: array for name, array in zip(served.inputs, inputs, strict=True) if name in known}
        return session.run(list(served.outputs), given)

    return run
