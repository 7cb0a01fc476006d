"""Evaluates a model on a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError
from ..features.encoding import ModelSpec
from ..features.notices import Notify, Recorder, ignore
from ..features.option_checks import is_integer, require
from ..features.scaling import UNSCALED
from ..features.table_options import given_options, read_options
from ..keras_api.lazy import keras
from ..reports.evaluation_report import ClassReport, Evaluation
from ..reports.run_record import RunRecord
from ..tables.sources import Data
from . import dataset
from .binary_curves import binary_curves
from .calling import predict_rows
from .dataset import Dataset
from .layer_table import list_layers
from .loading import open_model
from .model_scaling import present, rescaling
from .model_spec import as_targets, check_trainable, loss_of, probabilities, spec_of
from .reading import find_files
from .row_sample import RowSample

if TYPE_CHECKING:
    import numpy as np

Pairs = Iterable[tuple["np.ndarray", "np.ndarray"]]
"""Blocks of rows: the outputs of a model, (rows, values), and the targets."""
LARGEST = 2000
"""Classes of the largest confusion matrix; a larger one would take gigabytes."""


def evaluate(
    model,
    data: Data,
    *,
    top: tuple[int, ...] | int = (),
    held_out: bool = False,
    notify: Notify = ignore,
    params: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    **table_options: Any,
) -> Evaluation:
    """Evaluates a model on a table.

    A model that was trained on a table reads this one in the same way; any other model takes numbers unchanged.

    Args:
        model: What `open_model` takes.
        data: The table: a path, a glob pattern, a binary stream or a list of these.
        top: Numbers K for the top-K accuracy: how often the class is among the K most probable ones.
        held_out: Whether to evaluate only the rows of the training table that were held out for validation.
        notify: Is called with a line about each thing that was inferred.
        params: The parameter file of a net, None for the one beside it.
        input_shapes: Shapes of the inputs of a net, as for `convert`.
        **table_options: The fields of `TableOptions`.

    Raises:
        NetconvError: The model or the table cannot be read, or they do not fit each other.
    """
    [options] = read_options(evaluate, table_options)
    ranks = top if isinstance(top, tuple | list) else (top,)
    require("top", top, all(is_integer(rank, 1) for rank in ranks), "an integer of at least 1, or a tuple of such")
    notify = Recorder(notify)
    files = find_files(data, options, "test", notify)
    loaded = open_model(model, notify=notify, params=params, input_shapes=input_shapes)
    loss = loss_of(loaded)
    spec = spec_of(loaded, loss)
    check_trainable(loaded)
    scaling = UNSCALED if loaded.encoding is None else present(loaded, loaded.encoding)
    if loaded.encoding is None:
        loaded = rescaling(loaded, spec, options.rescale)
        spec = spec_of(loaded, loss)
    rows = dataset.for_evaluation(loaded, spec, files, options, notify, held_out)
    evaluation = evaluate_dataset(loaded.model, rows, spec, loss, tuple(ranks))
    record = RunRecord(
        loaded.name, list_layers(loaded.model), tuple(file.name for file in files), rows.encoding, rows.class_rows,
        rows.left_out, given_options(options), notify.lines, scaling,
    )  # fmt: skip
    return replace(evaluation, record=record)


def evaluate_dataset(model, data: Dataset, spec: ModelSpec, loss, top: tuple[int, ...] = ()) -> Evaluation:
    """Evaluates a model on a dataset. The memory does not grow with its rows, except for a number per row where there
    are two classes."""
    pairs = ((predict_rows(model, inputs), y) for inputs, y in data.blocks())
    return evaluate_blocks(pairs, spec, loss, data.names or data.encoding.targets, top)


def evaluate_blocks(
    pairs: Pairs,
    spec: ModelSpec,
    loss,
    names: tuple[str, ...],
    top: tuple[int, ...] = (),
) -> Evaluation:
    """Evaluates the outputs of a model against the targets. `names` are those of the classes or of the targets."""
    if spec.classes:
        return _evaluate_classes(pairs, spec, loss, names, top)
    if top:
        raise NetconvError("top-k accuracy is for classifiers, and this net predicts values")
    return _evaluate_values(pairs, spec, loss, names)


class _MeanLoss:
    """The mean of a loss over blocks of rows."""

    def __init__(self, loss, spec: ModelSpec):
        self.function = keras.losses.get(loss[0] if isinstance(loss, list | tuple) else loss)
        self.loss, self.spec, self.sum, self.rows = loss, spec, 0.0, 0

    def add(self, outputs: np.ndarray, y: np.ndarray) -> None:
        import numpy as np

        losses = keras.ops.convert_to_numpy(self.function(as_targets(y, self.spec, self.loss), outputs))
        self.sum += float(np.mean(losses, dtype=np.float64)) * len(y)
        self.rows += len(y)

    @property
    def mean(self) -> float:
        return self.sum / self.rows


def _evaluate_classes(pairs: Pairs, spec: ModelSpec, loss, names: tuple[str, ...], top: tuple[int, ...]) -> Evaluation:
    import numpy as np

    count, loss_mean = spec.classes, _MeanLoss(loss, spec)
    correct, true, predicted = np.zeros((3, count), int)
    confusion = np.zeros((count, count) if count <= LARGEST else (0, 0), int)
    hits = dict.fromkeys(top, 0)
    scores: list[np.ndarray] = []
    positives: list[np.ndarray] = []
    for outputs, y in pairs:
        loss_mean.add(outputs, y)
        chances = probabilities(outputs, loss)
        if np.isnan(chances).any():
            raise NetconvError("the net outputs NaN: no class can be predicted")
        best = chances.argmax(axis=1)
        for counts, classes in ((correct, y[y == best]), (true, y), (predicted, best)):
            counts += np.bincount(classes, minlength=count)
        if len(confusion):
            np.add.at(confusion, (y, best), 1)
        if top:
            ranks = _true_class_ranks(chances, y)
            for k in top:
                hits[k] += int(np.count_nonzero(ranks < k))
        if count == 2:
            scores.append(outputs[:, -1] if outputs.shape[1] == 1 else chances[:, 1])
            positives.append(y == 1)
    rows = loss_mean.rows
    reports, averages = _class_reports(names, correct, true, predicted)
    metrics = {"loss": loss_mean.mean, "accuracy": float(correct.sum() / rows), **averages}
    curves = None
    if count == 2:
        areas, curves = binary_curves(np.concatenate(scores), np.concatenate(positives), names[1])
        metrics |= areas
    metrics |= {f"top_{k}_accuracy": hit / rows for k, hit in hits.items()}
    return Evaluation(rows, metrics, reports, tuple(map(tuple, confusion.tolist())), curves)


def _class_reports(
    names: tuple[str, ...], correct: np.ndarray, true: np.ndarray, predicted: np.ndarray
) -> tuple[tuple[ClassReport, ...], dict[str, float]]:
    """Precision, recall and F1 of each class, and their means over the classes that occur."""
    import numpy as np

    precision, recall = correct / np.maximum(predicted, 1), correct / np.maximum(true, 1)
    f1 = 2 * correct / np.maximum(true + predicted, 1)
    present = (true + predicted) > 0
    averages = {
        f"macro_{name}": float(values[present].mean())
        for name, values in (("precision", precision), ("recall", recall), ("f1", f1))
    }
    columns = (column.tolist() for column in (precision, recall, f1, true, predicted))
    return tuple(ClassReport(*report) for report in zip(names, *columns, strict=True)), averages


def _true_class_ranks(chances: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many classes are more probable than the true one; of equally probable ones the first counts as more probable,
    as for the accuracy."""
    import numpy as np

    own = np.take_along_axis(chances, y[:, None].astype(int), axis=1)
    earlier = np.arange(chances.shape[1]) < y[:, None]
    return ((chances > own) | ((chances == own) & earlier)).sum(axis=1)


def _evaluate_values(pairs: Pairs, spec: ModelSpec, loss, names: tuple[str, ...]) -> Evaluation:
    import numpy as np

    loss_mean, sample = _MeanLoss(loss, spec), RowSample()
    squared = absolute = 0.0
    center, variation = np.zeros(0), 0.0
    for outputs, y in pairs:
        before, values = loss_mean.rows, y.astype(np.float64)
        loss_mean.add(outputs, y)
        predicted = outputs.astype(np.float64)
        sample.add(values, predicted)
        error = predicted - values
        squared += float(np.sum(error**2))
        absolute += float(np.sum(np.abs(error)))
        mean = values.mean(axis=0)  # means and variations of blocks combined, after Chan, Golub and LeVeque
        moved = mean - center if before else np.zeros_like(mean)
        variation += float(np.sum((values - mean) ** 2)) + float(np.sum(moved**2)) * before * len(y) / loss_mean.rows
        center = center + moved * len(y) / loss_mean.rows if before else mean
    count = loss_mean.rows * len(center)
    mse = squared / count
    metrics = {"loss": loss_mean.mean, "mse": mse, "mae": absolute / count, "rmse": math.sqrt(mse)}
    metrics["r2"] = 1 - squared / variation if variation else math.nan
    return Evaluation(loss_mean.rows, metrics, sample=sample.finish(names))
