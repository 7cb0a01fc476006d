"""How well a model tells what a table says."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from . import dataset
from .encoding import Needs, silent
from .figures import figure, finite
from .lazy import keras
from .models import (
    Say,
    as_targets,
    check_trainable,
    loss_of,
    needs_of,
    open_model,
    outputs_of,
    probabilities,
)
from .reading import Reading
from .sources import Data

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ClassReport:
    """How well one class is told: of `count` rows."""

    name: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True)
class Evaluation:
    """`metrics` (loss and accuracy; or loss, mse, mae, rmse, r2) over `rows` rows; for classes a report each, and the
    `confusion`: rows are true classes, columns predicted ones, both in the order of `classes`."""

    rows: int
    metrics: dict[str, float]
    classes: tuple[ClassReport, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """Plain JSON; a figure that there is none of is null."""
        return finite(asdict(self))

    @property
    def text(self) -> str:
        lines = [f"rows      {self.rows}", *(f"{name:9} {figure(value)}" for name, value in self.metrics.items())]
        if self.classes:
            shown = [c for c, row in zip(self.classes, self.confusion, strict=True) if c.count or any(row)]
            wide = max(5, *(len(c.name) for c in self.classes))
            lines += ["", f"{'class':{wide}} precision    recall        f1     count"]
            lines += [f"{c.name:{wide}} {c.precision:9.4f} {c.recall:9.4f} {c.f1:9.4f} {c.count:9}" for c in shown]
            cells = [len(str(count)) for row in self.confusion for count in row]
            column = max(wide, *cells) if wide <= 12 else max(5, *cells)
            heads = [c.name if wide <= 12 else str(n) for n, c in enumerate(self.classes)]
            lines += ["", "confusion: true classes down, predicted across"]
            lines += [f"{'':{wide}} " + " ".join(f"{head:>{column}}" for head in heads)]
            lines += [
                f"{c.name:{wide}} " + " ".join(f"{count:>{column}}" for count in row)
                for c, row in zip(self.classes, self.confusion, strict=True)
            ]
        return "\n".join(lines)


def assess(given: np.ndarray, y: np.ndarray, needs: Needs, loss, names: tuple[str, ...]) -> Evaluation:
    import numpy as np

    function = keras.losses.get(loss[0] if isinstance(loss, list | tuple) else loss)
    value = float(np.mean(keras.ops.convert_to_numpy(function(as_targets(y, needs, loss), given))))
    if not needs.classes:
        error = given.astype(np.float64) - y
        mse, spread = float(np.mean(error**2)), float(np.mean((y - y.mean(axis=0, dtype=np.float64)) ** 2))
        metrics = {"mse": mse, "mae": float(np.mean(np.abs(error))), "rmse": math.sqrt(mse)}
        return Evaluation(len(y), {"loss": value, **metrics, "r2": 1 - mse / spread if spread else math.nan})
    count = needs.classes
    confusion = np.zeros((count, count), int)
    np.add.at(confusion, (y, probabilities(given, loss).argmax(axis=1)), 1)
    right, true, told = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = right / np.maximum(told, 1), right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(true + told, 1)
    reports = zip(names, precision.tolist(), recall.tolist(), f1.tolist(), true.tolist(), strict=True)
    accuracy = float(right.sum() / len(y))
    return Evaluation(
        len(y), {"loss": value, "accuracy": accuracy}, tuple(ClassReport(*report) for report in reports),
        tuple(map(tuple, confusion.tolist())),
    )  # fmt: skip


def evaluate(
    model,
    data: Data,
    *,
    say: Say = silent,
    **reading,
) -> Evaluation:
    """How well a model tells what a table says.

    `model` is what `open_model` takes, `data` a path or a binary stream, `reading` the fields of `Reading`. A model
    that was trained here reads the table as its training table was read, any other takes numbers as they are. Raises
    NetconvError.
    """
    opened = open_model(model)
    loss = loss_of(opened)
    needs = needs_of(opened, loss)
    check_trainable(opened)
    found = dataset.for_evaluation(opened, needs, data, Reading(**reading), say)
    return assess(outputs_of(opened.model, found.inputs), found.targets, needs, loss, found.names)
