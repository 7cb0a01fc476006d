"""Evaluates a model on a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError
from ..features.encoding import HeadSpec, ModelSpec
from ..features.notices import Notify, Recorder, ignore
from ..features.option_checks import is_integer, require
from ..features.scaling import UNSCALED
from ..features.table_options import given_options, read_options
from ..keras_files.model_layers import list_layers
from ..reports.evaluation_report import ClassReport, Evaluation
from ..reports.run_record import RunRecord
from ..tables.sources import Data
from . import dataset
from .binary_curves import binary_curves
from .calling import scorer
from .dataset import Dataset
from .loading import open_model
from .model_scaling import present, rescaling
from .model_spec import as_targets, check_trainable, loss_weights_of, losses_of, probabilities, spec_of
from .reading import find_files
from .row_sample import RowSample
from .sequence_inputs import score_sequences

if TYPE_CHECKING:
    import numpy as np

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
    losses = losses_of(loaded)
    spec = spec_of(loaded, losses)
    check_trainable(loaded)
    scaling = UNSCALED if loaded.encoding is None else present(loaded, loaded.encoding)
    if loaded.encoding is None:
        loaded = rescaling(loaded, spec, options.rescale)
        spec = spec_of(loaded, losses)
    rows = dataset.for_evaluation(loaded, spec, files, options, notify, held_out)
    evaluation = evaluate_dataset(loaded.model, rows, spec, losses, loss_weights_of(loaded.model), tuple(ranks))
    record = RunRecord(
        loaded.name, list_layers(loaded.model), tuple(file.name for file in files), rows.encoding, rows.class_rows,
        rows.left_out, given_options(options), notify.lines, scaling,
    )  # fmt: skip
    return replace(evaluation, record=record)


def evaluate_dataset(
    model,
    data: Dataset,
    spec: ModelSpec,
    losses: Sequence[Any],
    weights: Sequence[float],
    top: tuple[int, ...] = (),
) -> Evaluation:
    """Evaluates a model on a dataset; `weights` are those of the losses of the heads in the whole loss. The memory does
    not grow with the rows, except for a number per row where there are two classes."""
    import numpy as np

    if top and not any(head.classes for head in spec.heads):
        raise NetconvError("top-k accuracy is for classifiers, and this net predicts values")
    scores = [
        scores_of(head, loss, names or known.targets, top)
        for head, loss, names, known in zip(spec.heads, losses, data.names, data.encoding.heads, strict=True)
    ]
    ends = list(accumulate(head.width for head in spec.heads))
    score_rows, sums = scorer(model, losses, data.lengths is not None), np.zeros(len(losses) + 1)
    for inputs, targets, lengths in data.blocks():
        given = [as_targets(*each) for each in zip(targets, spec.heads, losses, strict=True)]
        outputs, means = score_sequences(score_rows, inputs, given, lengths)
        sums += means * len(outputs)
        for score, head, end, y in zip(scores, spec.heads, ends, targets, strict=True):
            score.add(outputs[:, end - head.width : end], y)
    *of_heads, added = (sums / len(data)).tolist()
    heads = {head.name: score.evaluation(loss) for head, score, loss in zip(spec.heads, scores, of_heads, strict=True)}
    return combined(heads, weights, added)


def combined(heads: Mapping[str, Evaluation], weights: Sequence[float], added: float = 0.0) -> Evaluation:
    """The evaluation of a model with these heads: with one, that of the head; with several, the metrics have the names
    that Keras gives them. The whole loss is the sum of their weighted losses and of what the layers of the model have
    `added`."""
    loss = added + sum(weight * each.metrics["loss"] for weight, each in zip(weights, heads.values(), strict=True))
    if len(heads) == 1:
        [only] = heads.values()
        return replace(only, metrics=only.metrics | {"loss": loss})
    named = {f"{name}_{metric}": value for name, each in heads.items() for metric, value in each.metrics.items()}
    return Evaluation(next(iter(heads.values())).rows, {"loss": loss, **named}, heads=dict(heads))


def scores_of(head: HeadSpec, loss, names: tuple[str, ...], top: tuple[int, ...]) -> _ClassScores | _ValueScores:
    """What adds up the evaluation of a head, a block of its outputs, (rows, values), and targets at a time. `names` are
    those of the classes or of the targets."""
    return _ClassScores(head, loss, names, top) if head.classes else _ValueScores(names)


class _ClassScores:
    """Adds up how well the classes of a head are predicted."""

    def __init__(self, head: HeadSpec, loss, names: tuple[str, ...], top: tuple[int, ...]):
        import numpy as np

        count = head.classes
        self.count, self.loss, self.names, self.rows = count, loss, names, 0
        self.correct, self.true, self.predicted = np.zeros((3, count), int)
        self.confusion = np.zeros((count, count) if count <= LARGEST else (0, 0), int)
        self.hits = dict.fromkeys(top, 0)
        self.scores: list[np.ndarray] = []
        self.positives: list[np.ndarray] = []

    def add(self, outputs: np.ndarray, y: np.ndarray) -> None:
        import numpy as np

        self.rows += len(y)
        chances = probabilities(outputs, self.loss)
        if np.isnan(chances).any():
            raise NetconvError("the net outputs NaN: no class can be predicted")
        best = chances.argmax(axis=1)
        for counts, classes in ((self.correct, y[y == best]), (self.true, y), (self.predicted, best)):
            counts += np.bincount(classes, minlength=self.count)
        if len(self.confusion):
            np.add.at(self.confusion, (y, best), 1)
        if self.hits:
            ranks = _true_class_ranks(chances, y)
            for k in self.hits:
                self.hits[k] += int(np.count_nonzero(ranks < k))
        if self.count == 2:
            self.scores.append(outputs[:, -1] if outputs.shape[1] == 1 else chances[:, 1])
            self.positives.append(y == 1)

    def evaluation(self, loss: float) -> Evaluation:
        import numpy as np

        rows = self.rows
        reports, averages = _class_reports(self.names, self.correct, self.true, self.predicted)
        metrics = {"loss": loss, "accuracy": float(self.correct.sum() / rows), **averages}
        curves = None
        if self.count == 2:
            areas, curves = binary_curves(np.concatenate(self.scores), np.concatenate(self.positives), self.names[1])
            metrics |= areas
        metrics |= {f"top_{k}_accuracy": hit / rows for k, hit in self.hits.items()}
        return Evaluation(rows, metrics, reports, tuple(map(tuple, self.confusion.tolist())), curves)


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


class _ValueScores:
    """Adds up how well the values of a head are predicted."""

    def __init__(self, names: tuple[str, ...]):
        import numpy as np

        self.names, self.rows, self.sample = names, 0, RowSample()
        self.squared = self.absolute = self.variation = 0.0
        self.center = np.zeros(0)

    def add(self, outputs: np.ndarray, y: np.ndarray) -> None:
        import numpy as np

        before, values = self.rows, y.astype(np.float64)
        self.rows = rows = before + len(y)
        predicted = outputs.astype(np.float64)
        self.sample.add(values, predicted)
        error = predicted - values
        self.squared += float(np.sum(error**2))
        self.absolute += float(np.sum(np.abs(error)))
        mean = values.mean(axis=0)  # means and variations of blocks combined, after Chan, Golub and LeVeque
        moved = mean - self.center if before else np.zeros_like(mean)
        self.variation += float(np.sum((values - mean) ** 2)) + float(np.sum(moved**2)) * before * len(y) / rows
        self.center = self.center + moved * len(y) / rows if before else mean

    def evaluation(self, loss: float) -> Evaluation:
        rows, count = self.rows, self.rows * len(self.center)
        mse = self.squared / count
        metrics = {"loss": loss, "mse": mse, "mae": self.absolute / count, "rmse": math.sqrt(mse)}
        metrics["r2"] = 1 - self.squared / self.variation if self.variation else math.nan
        return Evaluation(rows, metrics, sample=self.sample.finish(self.names))
