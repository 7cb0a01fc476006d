"""netconv: a net from Mathematica or MXNet as an ordinary, trainable Keras model.

Importing it imports neither TensorFlow, Keras nor numpy.
"""

from importlib import import_module

from .errors import DataError, FormatError, NetconvError, NodeError, ShapeError, UnsupportedOps

__version__ = "0.1.0"
__all__ = [
    "DataError", "FormatError", "NetconvError", "NodeError", "ShapeError", "TableOptions", "TrainingOptions",
    "UnsupportedOps", "check_picture", "check_writable", "confusion_matrix", "convert", "convert_file", "evaluate",
    "find_model", "inspect", "learning_curves", "list_ops", "open_model", "predict", "read", "read_history",
    "strategy_for", "train",
]  # fmt: skip


_ON_TABLES = {
    "TableOptions": "features.table_options.TableOptions",
    "TrainingOptions": "training.options.TrainingOptions",
    "find_model": "inference.loading.find_model",
    "open_model": "inference.loading.open_model",
    "train": "training.train.train",
    "strategy_for": "training.distribution.strategy_for",
    "evaluate": "inference.evaluation.evaluate",
    "predict": "inference.prediction.predict",
    "read_history": "reports.history.read",
    "learning_curves": "reports.plots.learning_curves",
    "confusion_matrix": "reports.plots.confusion_matrix",
    "check_picture": "reports.plots.check_picture",
    "check_writable": "atomic_files.check_writable",
}


def __getattr__(name):
    """What works on tables, with the modules that have it imported when it is first asked for."""
    if name in _ON_TABLES:
        module, _, function = _ON_TABLES[name].rpartition(".")
        return getattr(import_module(f".{module}", __name__), function)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def read(symbol, params=None):
    """The Graph of a `net.json`: nodes, parameters, heads.

    `symbol` is a path or a binary stream, `params` the parameter file; None looks for it beside `symbol`, False reads
    none. Raises FormatError.
    """
    from .frontends.mxnet import reader

    return reader.read(symbol, params)


def convert(
    symbol,
    params=None,
    *,
    input_shapes=None,
    loss=None,
    optimizer=None,
    learning_rate=None,
    metrics=None,
    states=False,
    seed=0,
):
    """A `net.json` as a compiled keras.Model.

    `input_shapes` are MXNet's shapes by input name, batch axis included, None for an unknown size; what is not given
    is found out from the parameters. `loss`, `optimizer`, `learning_rate` and `metrics` are Keras's; None chooses the
    loss by the head, and Adam. With `states` the initial and final states of recurrent layers are inputs and outputs.
    Without a parameter file the net is untrained, with initial values drawn with `seed`.

    The model's inputs bear the graph's names and take arrays in the graph's axis order (NCHW for images); its outputs
    come in the order of the heads. Raises NetconvError.
    """
    from . import conversion

    model = conversion.convert(
        symbol, params, input_shapes=input_shapes, loss=loss, optimizer=optimizer, learning_rate=learning_rate,
        metrics=metrics, states=states, seed=seed,
    ).model  # fmt: skip
    model.optimizer.build(model.trainable_variables)  # Keras warns when it loads a model saved without
    return model


def convert_file(symbol, params=None, *, output=None, classes=None, **options):
    """Converts a net and saves the model; returns a Report, whose `text` says what was done.

    `output` is a path (`.keras`, or `.h5` for Keras's legacy format) or a binary stream; None is `net.keras` beside
    `net.json`. `classes` are the names of the classes, kept in the file. The rest is `convert`'s. Raises NetconvError,
    and OSError when the file cannot be written; nothing is written then.
    """
    from . import conversion

    return conversion.convert_file(symbol, params, output=output, classes=classes, **options)


def inspect(source, params=None, *, input_shapes=None):
    """What is in a `net.json` or a `.keras` file, found without TensorFlow; returns an Inspection.

    `source` is a path or a binary stream. Raises NetconvError when it cannot be read at all; ops that would not
    translate are part of what is returned.
    """
    from . import inspection

    return inspection.inspect(source, params, input_shapes=input_shapes)


def list_ops(part=""):
    """The ops that are translated, with their names and largest recorded errors, and those that are refused, with the
    reason; returns a Coverage. Needs no TensorFlow.

    `part` keeps the ops that have it in a name. Raises NetconvError when none has.
    """
    from .ops import coverage

    return coverage.coverage(part)
