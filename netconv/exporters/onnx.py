"""Writes an ONNX file, with tf2onnx, and runs it with ONNX Runtime."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NetconvError, first_line
from .agreement import Runner
from .served_model import ServedModel, no_operator

if TYPE_CHECKING:
    import numpy as np

OPSET = 18
"""The version of ONNX's operators, of 2023: the newest that tf2onnx writes."""
MODULES = ("onnx", "onnxruntime", "tf2onnx")
"""What is imported to write and to run a file."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the file. Raises NetconvError if ONNX has no operator for an op."""
    import tf2onnx

    from .onnx_ops import with_known_ops

    failures = _Failures()
    try:
        with failures.kept():
            concrete = with_known_ops(served.function).get_concrete_function()
            inputs = [tensor.name for tensor in concrete.inputs[: len(served.inputs)]]  # constants follow them
            outputs = [tensor.name for tensor in concrete.outputs]
            graph = tf2onnx.tf_loader.from_function(concrete, inputs, outputs)
            model, _ = tf2onnx.convert.from_graph_def(graph, input_names=inputs, output_names=outputs, opset=OPSET)
            failures.check()
            # TensorFlow sorts the outputs by name
            names = dict(zip((*inputs, *outputs), (*served.inputs, *sorted(served.outputs)), strict=True))
            _rename(model.graph, names)
            data = model.SerializeToString()
    except Exception as error:  # tf2onnx and protobuf raise any exception
        raise NetconvError(
            f"{served.name}: it cannot be written as ONNX: {failures.reason or first_line(error)}"
        ) from None
    path.write_bytes(data)


class _Failures(logging.Handler):
    """Keeps the first line that tf2onnx logs in place of an error."""

    UNSUPPORTED = re.compile(r"Tensorflow op \[([^:]*): (\w+)\] is not supported")

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = first_line(Exception(record.getMessage()))
        match = self.UNSUPPORTED.match(line)
        self.reason = self.reason or (no_operator(match[2], match[1]) if match else line)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While the block runs, what tf2onnx logs comes here alone, and not to stderr."""
        logger = logging.getLogger("tf2onnx")
        handlers, propagate = logger.handlers, logger.propagate
        logger.handlers, logger.propagate = [self], False
        try:
            yield
        finally:
            logger.handlers, logger.propagate = handlers, propagate

    def check(self) -> None:
        """Raises ValueError if something was logged."""
        if self.reason:
            raise ValueError(self.reason)


def _rename(graph, names: dict[str, str]) -> None:
    """Gives tensors these names, also in the bodies of loops."""
    for entry in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        entry.name = names.get(entry.name, entry.name)
    for node in graph.node:
        for part in (node.input, node.output):
            part[:] = [names.get(name, name) for name in part]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, names)


def runner(served: ServedModel, path: Path) -> Runner:
    """What runs the file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = {entry.name for entry in session.get_inputs()}

    def run(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        given = {name: array for name, array in zip(served.inputs, inputs, strict=True) if name in known}
        return session.run(list(served.outputs), given)

    return run
