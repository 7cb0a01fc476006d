"""How well a model tells what a table says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..errors import NetconvError
from ..features.encoding import ModelSpec
from ..features.schema_inference import ignore
from ..features.table_options import TableOptions
from ..keras_api.lazy import keras
from ..reports.evaluation_report import ClassReport, Evaluation
from ..tables.sources import Data
from . import dataset
from .calling import outputs_of
from .dataset import Dataset
from .loading import Notify, open_model
from .model_spec import as_targets, check_trainable, loss_of, probabilities, spec_of

if TYPE_CHECKING:
    import numpy as np

Pairs = Iterable[tuple["np.ndarray", "np.ndarray"]]
"""Blocks of rows: what a model gives, (rows, values), and what it is to give."""
LARGEST = 2000
"""Classes of the largest confusion matrix: one of more takes gigabytes."""


def evaluate_dataset(model, data: Dataset, needs: ModelSpec, loss, top: tuple[int, ...] = ()) -> Evaluation:
    """How well a model tells the targets of a dataset, in memory that does not grow with it (but for a number a row
    where there are two classes)."""
    pairs = ((outputs_of(model, inputs), y) for inputs, y in data.blocks())
    return evaluate_blocks(pairs, needs, loss, data.names, top, data.encoding.original)


def evaluate_blocks(
    pairs: Pairs,
    needs: ModelSpec,
    loss,
    names: tuple[str, ...],
    top: tuple[int, ...] = (),
    original: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> Evaluation:
    """The evaluation of what a model gives for rows against what it is to give. Errors of values, but for the loss, are
    in their `original` units."""
    if needs.classes:
        return _of_classes(pairs, needs, loss, names, top)
    if top:
        raise NetconvError("top-k accuracy is of classes, and this net gives values")
    return _of_values(pairs, needs, loss, original)


class _Loss:
    """The mean of a loss over blocks of rows."""

    def __init__(self, loss, needs: ModelSpec):
        self.function = keras.losses.get(loss[0] if isinstance(loss, list | tuple) else loss)
        self.loss, self.needs, self.sum, self.rows = loss, needs, 0.0, 0

    def add(self, given: np.ndarray, y: np.ndarray) -> None:
        import numpy as np

        losses = keras.ops.convert_to_numpy(self.function(as_targets(y, self.needs, self.loss), given))
        self.sum += float(np.mean(losses, dtype=np.float64)) * len(y)
        self.rows += len(y)

    @property
    def mean(self) -> float:
        return self.sum / self.rows


def _of_classes(pairs: Pairs, needs: ModelSpec, loss, names: tuple[str, ...], top: tuple[int, ...]) -> Evaluation:
    import numpy as np

    count, mean = needs.classes, _Loss(loss, needs)
    right, true, told = np.zeros((3, count), int)
    confusion = np.zeros((count, count) if count <= LARGEST else (0, 0), int)
    hits, scores, truths = dict.fromkeys(top, 0), [], []
    for given, y in pairs:
        mean.add(given, y)
        chances = probabilities(given, loss)
        if np.isnan(chances).any():
            raise NetconvError("the net gives no number (NaN): no class is likelier than another")
        best = chances.argmax(axis=1)
        for counts, of in ((right, y[y == best]), (true, y), (told, best)):
            counts += np.bincount(of, minlength=count)
        if len(confusion):
            np.add.at(confusion, (y, best), 1)
        if top:
            places = _places(chances, y)
            for k in top:
                hits[k] += int(np.count_nonzero(places < k))
        if count == 2:
            scores.append(given[:, -1] if given.shape[1] == 1 else chances[:, 1])
            truths.append(y == 1)
    precision, recall = right / np.maximum(told, 1), right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(true + told, 1)
    there = (true + told) > 0
    metrics = {"loss": mean.mean, "accuracy": float(right.sum() / mean.rows)}
    metrics |= {f"macro_{name}": float(values[there].mean())
                for name, values in (("precision", precision), ("recall", recall), ("f1", f1))}  # fmt: skip
    if count == 2:
        metrics["auc"] = area_under_roc(np.concatenate(scores), np.concatenate(truths))
    metrics |= {f"top_{k}_accuracy": hit / mean.rows for k, hit in hits.items()}
    columns = (column.tolist() for column in (precision, recall, f1, true, told))
    reports = tuple(ClassReport(*report) for report in zip(names, *columns, strict=True))
    return Evaluation(mean.rows, metrics, reports, tuple(map(tuple, confusion.tolist())))


def _places(chances: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many classes come before the true one; of equally likely ones the first, as for the accuracy."""
    import numpy as np

    own = np.take_along_axis(chances, y[:, None].astype(int), axis=1)
    earlier = np.arange(chances.shape[1]) < y[:, None]
    return ((chances > own) | ((chances == own) & earlier)).sum(axis=1)


def area_under_roc(scores: np.ndarray, truths: np.ndarray) -> float:
    """The chance that a row of the class has a higher score than one that is not, ties counting half (the statistic of
    Mann and Whitney, by ranks); NaN when all rows are of one class or a score is NaN."""
    import numpy as np

    count = int(np.count_nonzero(truths))
    if count in (0, len(truths)) or np.isnan(scores).any():
        return math.nan
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(ties)
    ranks = (ends - (ties - 1) / 2)[place]
    above = float(ranks[truths].sum()) - count * (count + 1) / 2
    return above / (count * (len(truths) - count))


def _of_values(pairs: Pairs, needs: ModelSpec, loss, original) -> Evaluation:
    import numpy as np

    mean = _Loss(loss, needs)
    squares = distances = 0.0
    centre, spread = np.zeros(0), 0.0
    for given, y in pairs:
        before, y64 = mean.rows, original(y).astype(np.float64)
        mean.add(given, y)
        error = original(given).astype(np.float64) - y64
        squares += float(np.sum(error**2))
        distances += float(np.sum(np.abs(error)))
        own = y64.mean(axis=0)  # means and spreads of blocks put together, after Chan, Golub and LeVeque
        moved = own - centre if before else np.zeros_like(own)
        spread += float(np.sum((y64 - own) ** 2)) + float(np.sum(moved**2)) * before * len(y) / mean.rows
        centre = centre + moved * len(y) / mean.rows if before else own
    cells = mean.rows * len(centre)
    mse = squares / cells
    metrics = {"loss": mean.mean, "mse": mse, "mae": distances / cells, "rmse": math.sqrt(mse)}
    return Evaluation(mean.rows, {**metrics, "r2": 1 - squares / spread if spread else math.nan})


def evaluate(
    model,
    data: Data,
    *,
    top: tuple[int, ...] = (),
    notify: Notify = ignore,
    **reading,
) -> Evaluation:
    """How well a model tells what a table says.

    `model` is what `open_model` takes, `data` a path or a binary stream, `reading` the fields of `TableOptions`; `top`
    are numbers K for which the accuracy is wanted of the K likeliest classes. A model that was trained here reads the
    table as its training table was read, any other takes numbers as they are. Raises NetconvError."""
    opened = open_model(model, notify=notify)
    loss = loss_of(opened)
    needs = spec_of(opened, loss)
    check_trainable(opened)
    return evaluate_dataset(
        opened.model, dataset.for_evaluation(opened, needs, data, TableOptions(**reading), notify), needs, loss, top
    )
