"""What a shell completes, found quickly: names of Keras's objects, of the layers of a model, and of the columns of a
table. Without TensorFlow."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from .. import keras_files
from ..frontends.mxnet import symbol_json
from ..keras_api.names import keras_name
from ..keras_files.layer_rows import LayerRow
from ..preparation import read
from ..shapes import parameter_roles
from ..tables import table
from ..tables.csv_blocks import TextOptions
from ..tables.sources import sources
from . import model_file

NOT_BY_NAME = re.compile(r"Loss|Metric|Optimizer|LossScaleOptimizer|\w*Wrapper|\w*Metric|Sum|Mean|MeanTensor|CTC")
"""Classes that are not given by name, as they are bases of others or compute no loss or metric of a model."""
NEEDING = re.compile(r"\w*IoU|\w*At\w+")
"""Metrics that need arguments."""


def keras_names(kind: str) -> list[str]:
    """The names of Keras's optimizers, losses or metrics; `kind` is "optimizer", "loss" or "metric"."""
    module = {"optimizer": "keras.optimizers", "loss": "keras.losses", "metric": "keras.metrics"}[kind]
    record = json.loads((files(keras_files) / "keras_arguments.json").read_text())
    classes = [name.removeprefix(f"{module}.") for name in record["arguments"] if name.startswith(f"{module}.")]
    known = [name for name in classes if "." not in name and not NOT_BY_NAME.fullmatch(name)]
    if kind == "metric":
        return ["accuracy", *(name for name in known if not NEEDING.fullmatch(name))]
    return [name.lower() if kind == "optimizer" else _as_function(name) for name in known]


def _as_function(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def layer_names(model: Path | str) -> list[str]:
    """The names of the layers with parameters of a `.keras` file, or of those that a net's nodes with parameters
    become. Raises NetconvError."""
    path = Path(model)
    if path.suffix == ".keras":
        return _with_parameters(model_file.read(path, str(path)).layers)
    graph = read(path).graph if path.suffix == ".wlnet" else symbol_json.read(path)
    stored = {*graph.arrays, *parameter_roles.parameters(graph)}
    owners = [node for node in graph.nodes if any(edge.node in stored for edge in node.inputs)]
    return list(dict.fromkeys(keras_name(node.name) for node in owners))


def _with_parameters(rows: Sequence[LayerRow]) -> list[str]:
    return [row.name for row in rows if row.parameters]


def column_names(data: Sequence[str], options: dict[str, Any]) -> list[str]:
    """The names of the columns of a table that has a header. `options` are those of delimited text. Raises
    NetconvError."""
    given = {name: value for name, value in options.items() if value is not None}
    rows = next(table.stream(sources(tuple(data)), TextOptions(**given)))
    return list(rows.format.names) if rows.format.header else []
