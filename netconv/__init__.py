"""netconv: neural networks from Mathematica and MXNet as ordinary, trainable Keras models.

Importing it imports neither TensorFlow, Keras nor numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from .errors import DataError, FormatError, NetconvError, NodeError, ShapeError, UnsupportedOps

if TYPE_CHECKING:
    import keras

    from .atomic_files import check_writable
    from .conversion import Report
    from .exporters.targets import export
    from .features.table_options import TableOptions
    from .graph.graph import Graph
    from .inference.evaluation import evaluate
    from .inference.loading import LoadedModel, find_model, open_model
    from .inference.prediction import predict
    from .inference.reading import check_table
    from .inspection.inspect import Inspection
    from .inspection.net_plot import check_net_plot
    from .inspection.suggestions import column_names, keras_names, layer_names
    from .keras_files.archive import save
    from .keras_files.layer_rows import LayerRow
    from .ops.coverage import Coverage
    from .reports.evaluation_report import BinaryCurves, ClassReport, Evaluation, ValueSample
    from .reports.figures import check_picture
    from .reports.history import read as read_history
    from .reports.learning_curves import learning_curves
    from .reports.page import check_report
    from .reports.predictions import Block, PredictedHead, Predictions
    from .reports.run_record import RunRecord
    from .training.distribution import strategy_for
    from .training.loop import Progress
    from .training.options import OptimizerOptions, TrainingOptions
    from .training.train import TrainingResult, train
    from .verification.report import Verification
    from .verification.verify import verify

__version__ = "0.1.0"
__all__ = [
    "BinaryCurves",
    "Block",
    "ClassReport",
    "Coverage",
    "DataError",
    "Evaluation",
    "FormatError",
    "Graph",
    "Inspection",
    "LayerRow",
    "LoadedModel",
    "NetconvError",
    "NodeError",
    "OptimizerOptions",
    "PredictedHead",
    "Predictions",
    "Progress",
    "Report",
    "RunRecord",
    "ShapeError",
    "TableOptions",
    "TrainingOptions",
    "TrainingResult",
    "UnsupportedOps",
    "ValueSample",
    "Verification",
    "check_net_plot",
    "check_picture",
    "check_report",
    "check_table",
    "check_writable",
    "column_names",
    "convert",
    "convert_file",
    "evaluate",
    "export",
    "find_model",
    "inspect",
    "keras_names",
    "layer_names",
    "learning_curves",
    "list_ops",
    "open_model",
    "plot_net",
    "predict",
    "read",
    "read_history",
    "save",
    "strategy_for",
    "train",
    "verify",
]

_LAZY = {
    "atomic_files": ("check_writable",),
    "conversion": ("Report",),
    "exporters.targets": ("export",),
    "features.table_options": ("TableOptions",),
    "graph.graph": ("Graph",),
    "inference.evaluation": ("evaluate",),
    "inference.loading": ("LoadedModel", "find_model", "open_model"),
    "inference.prediction": ("predict",),
    "inference.reading": ("check_table",),
    "inspection.inspect": ("Inspection",),
    "inspection.net_plot": ("check_net_plot",),
    "inspection.suggestions": ("column_names", "keras_names", "layer_names"),
    "keras_files.archive": ("save",),
    "keras_files.layer_rows": ("LayerRow",),
    "ops.coverage": ("Coverage",),
    "reports.evaluation_report": ("BinaryCurves", "ClassReport", "Evaluation", "ValueSample"),
    "reports.figures": ("check_picture",),
    "reports.history": ("read as read_history",),
    "reports.learning_curves": ("learning_curves",),
    "reports.page": ("check_report",),
    "reports.predictions": ("Block", "PredictedHead", "Predictions"),
    "reports.run_record": ("RunRecord",),
    "training.distribution": ("strategy_for",),
    "training.loop": ("Progress",),
    "training.options": ("OptimizerOptions", "TrainingOptions"),
    "training.train": ("TrainingResult", "train"),
    "verification.report": ("Verification",),
    "verification.verify": ("verify",),
}
"""Module to the public names that it has. They are imported when first used: most of them import numpy or Keras."""


def __getattr__(name: str) -> Any:
    for module, names in _LAZY.items():
        for its_name, _, public in (entry.partition(" as ") for entry in names):
            if name == (public or its_name):
                return getattr(import_module(f".{module}", __name__), its_name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def read(symbol: Path | str | BinaryIO, params: Path | str | Literal[False] | None = None) -> Graph:
    """Reads a net as a graph of MXNet ops, without converting it.

    Args:
        symbol: Mathematica's own file (`net.wlnet`) or the graph (`net.json`), a path or a binary stream.
        params: the parameter file of a `net.json`; None looks for it beside `symbol`, False reads none.

    Returns:
        A Graph: its `nodes`, the `arrays` of the parameter file by index of the node, and its outputs, the `heads`.

    Raises:
        FormatError: a file is damaged, or is not a net or a parameter file.
        UnsupportedOps, NodeError: a layer of a `.wlnet` file is not supported.
    """
    from . import preparation

    return preparation.read(symbol, params).graph


def convert(
    symbol: Path | str | BinaryIO,
    params: Path | str | bool | None = None,
    *,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    bake_encoder: bool = False,
    loss: Any = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    metrics: Sequence[Any] | str | None = "auto",
    states: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Converts a net to a compiled keras.Model.

    The model has the graph's input names. Inputs and outputs are in MXNet's axis order, such as (batch, channels,
    height, width) for images; outputs come in the order of the graph's.

    Args:
        symbol: Mathematica's own file (`net.wlnet`) or the graph (`net.json`), a path or a binary stream.
        params: the parameter file of a `net.json`; None looks for it beside `symbol`. Without one (or with False) the
            net is untrained.
        input_shapes: shapes by name of the input, in MXNet's axis order with the batch axis, None for an unknown size.
            Shapes that are not given are those in the `.wlnet` file, or inferred from the parameters.
        bake_encoder: the image encoder of a `.wlnet` file is a part of the model, which takes values from 0 to 255.
        loss: of Keras; None infers it from the last layer.
        optimizer: of Keras; None is Adam.
        learning_rate: None is the optimizer's default.
        metrics: of Keras; "auto" is accuracy for a classifier, and none for other nets; () is none.
        states: makes the initial and final states of recurrent layers inputs and outputs of the model.
        seed: for the initial weights of an untrained net.

    Raises:
        FormatError: a file is damaged, or is not a net or a parameter file.
        UnsupportedOps: the net has ops or layers that cannot be converted.
        NodeError: a single node or layer cannot be converted, as an attribute or a shape is not supported.
        ShapeError: a shape cannot be inferred, or does not fit.
    """
    from . import conversion

    model = conversion.convert(
        symbol, params, input_shapes=input_shapes, bake_encoder=bake_encoder, loss=loss, optimizer=optimizer,
        learning_rate=learning_rate, metrics=metrics, states=states, seed=seed,
    ).model  # fmt: skip
    model.optimizer.build(model.trainable_variables)  # Keras warns when it loads a model saved without
    return model


def convert_file(
    symbol: Path | str | BinaryIO,
    params: Path | str | bool | None = None,
    *,
    output: Path | str | BinaryIO | None = None,
    classes: list[str] | None = None,
    **options: Any,
) -> Report:
    """Converts a net and saves the model.

    Args:
        symbol, params: as for `convert`.
        output: a path (`.keras`, or `.h5` for Keras 2) or a binary stream; None is `net.keras` beside
            `net.json`.
        classes: the names of the classes, one for each output value, which are stored in the `.keras` file.
        options: the other arguments of `convert`.

    Returns:
        A Report, which says what was converted and inferred: `text` for people, `facts` for programs.

    Raises:
        NetconvError: as `convert`, and if the class names do not fit.
        OSError: the model cannot be written. Nothing is left of it then.
        TypeError: there is no such option.
    """
    from inspect import signature

    from . import conversion
    from .features.option_checks import check_names

    check_names(convert_file, options, set(signature(convert).parameters))
    return conversion.convert_file(symbol, params, output=output, classes=classes, **options)


def inspect(
    source: Path | str | BinaryIO,
    params: Path | str | bool | None = None,
    *,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
) -> Inspection:
    """Describes a net (`net.wlnet`, `net.json`) or a Keras model (`.keras`), with how it reads a table if it was
    trained on one. A net is also converted, to see whether it can be.

    Args:
        source: a path or a binary stream.
        params, input_shapes: as for `convert`.

    Returns:
        An Inspection: `text` for people, `facts` for programs, and `translates`, whether the net can be converted.

    Raises:
        FormatError: a file is damaged, or is neither a net nor a model.
    """
    from .inspection import inspect

    return inspect.inspect(source, params, input_shapes=input_shapes)


def plot_net(
    source: Path | str | BinaryIO,
    target: Path | str | BinaryIO,
    params: Path | str | None = None,
    *,
    nodes: bool = False,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    notify: Callable[[str], object] | None = None,
) -> None:
    """Draws a net (`net.wlnet`, `net.json`) or a Keras model (`.keras`): its layers with the shapes of the tensors
    between them and the numbers of their parameters. Straight chains are stacked, and blocks that repeat are drawn
    once.

    Args:
        source: a path or a binary stream.
        target: a path, `.svg`, `.png` or `.html`, or a binary stream, which gets SVG.
        params, input_shapes: as for `convert`.
        nodes: draws the nodes of the net, without TensorFlow, instead of the layers of the model.
        notify: is called with a line if the shapes are not known.

    Raises:
        NetconvError: a file is damaged, the net cannot be converted, it is too large to draw, or Graphviz is not
            installed.
        OSError: the picture cannot be written. Nothing is left of it then.
    """
    from .inspection import net_plot

    net_plot.plot_net(source, target, params, nodes=nodes, input_shapes=input_shapes, notify=notify)


def list_ops(part: str = "") -> Coverage:
    """Lists the ops of MXNet that can be converted, and those that cannot, without TensorFlow.

    Args:
        part: keeps the ops with this text in one of their names.

    Returns:
        A Coverage: `accepted` ops with their names and largest errors compared with MXNet, and `refused` ones with the
        reason; `text` and `facts` have both.

    Raises:
        NetconvError: there is no such op.
    """
    from .ops import coverage

    return coverage.coverage(part)
