"""The result of an evaluation, as text and as JSON. Knows neither models nor tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import NetconvError, spelled
from ..tables.number_format import figure, finite, shortened_apart
from . import notebook
from .run_record import RunRecord

if TYPE_CHECKING:
    import numpy as np

WIDEST, MOST = 120, 50
"""The width of a confusion matrix, in characters, and the number of classes, up to which they are shown as text."""


@dataclass(frozen=True)
class ClassReport:
    """How well a class is predicted: `count` rows are of the class, `predicted` rows are predicted to be."""

    name: str
    precision: float
    recall: float
    f1: float
    count: int
    predicted: int


@dataclass(frozen=True)
class BinaryCurves:
    """How two classes are separated at every threshold of the score of the second one, `positive`. Of many thresholds,
    the arrays have at most 1,000.

    Attributes:
        positive: the name of the class.
        false_positive_rate, true_positive_rate: the ROC curve, (thresholds,) each, from 0 to 1.
        recall, precision: the precision-recall curve, (thresholds,) each, by rising recall.
    """

    positive: str
    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    recall: np.ndarray
    precision: np.ndarray


@dataclass(frozen=True)
class ValueSample:
    """Some of the evaluated rows, spread evenly over all of them: at most 2,000, and of at most 8 targets.

    Attributes:
        names: the names of these targets.
        targets: how many targets there are.
        true, predicted: (rows, targets) each, in the units of the table.
    """

    names: tuple[str, ...]
    targets: int
    true: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True, repr=False)
class Evaluation:
    """How well a model predicts the targets of a table.

    Attributes:
        rows: the number of rows.
        metrics: for a classifier loss, accuracy, macro_precision, macro_recall and macro_f1 (means over the classes
            that occur), for two classes auc (area under the ROC curve) and average_precision (area under the
            precision-recall curve of the second class), and top_K_accuracy if asked for; for other nets loss, mse, mae,
            rmse and r2. For a model with several outputs loss, the weighted sum of theirs, and the metrics of each,
            named as in Keras: `price_mae` is the mae of the output price.
        classes: a report on each class.
        confusion: the confusion matrix: rows are true classes, columns predicted ones, both in the order of `classes`;
            empty for more than 2,000 classes.
        curves: for two classes, if there are rows of both.
        sample: true and predicted values of some rows, if the net predicts values.
        heads: for a model with several outputs the evaluation of each by its name, which then has the classes, the
            confusion matrix, the curves and the sample; empty for a single one.
        record: what else a report says.
    """

    rows: int
    metrics: dict[str, float]
    classes: tuple[ClassReport, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    curves: BinaryCurves | None = field(default=None, repr=False, compare=False)
    sample: ValueSample | None = field(default=None, repr=False, compare=False)
    heads: Mapping[str, Evaluation] = field(default_factory=dict)
    record: RunRecord | None = field(default=None, repr=False, compare=False)

    @property
    def by_head(self) -> Mapping[str, Evaluation]:
        """The evaluation of each output by its name; this one, without a name, for a single output."""
        return self.heads or {"": self}

    @property
    def facts(self) -> dict[str, Any]:
        """The evaluation as JSON; NaN and infinite values are null."""
        if self.heads:
            heads = {name: each.facts for name, each in self.heads.items()}
            return finite({"rows": self.rows, "metrics": self.metrics, "heads": heads})
        classes = [asdict(report) for report in self.classes]
        return finite(
            {"rows": self.rows, "metrics": self.metrics, "classes": classes, "confusion": list(self.confusion)}
        )

    def plot(self, target: Path | str | BinaryIO) -> None:
        """Draws the evaluation: for a classifier the confusion matrix, for two classes also the ROC and the
        precision-recall curve; for other nets, for each target, predicted against true values, and residuals.

        Args:
            target: a path, `.png` or `.svg`, or a binary stream, to which SVG is written.

        Raises:
            NetconvError: the path is another, or matplotlib is not installed.
            OSError: the plot cannot be written.
        """
        from . import evaluation_panels, figures

        figures.write(evaluation_panels.panels(self), target)

    def report(
        self, target: Path | str, *, commands: Sequence[str] = (), messages: Sequence[str] | None = None
    ) -> None:
        """Writes a page on the evaluation, one HTML file that needs no other.

        Args:
            target: a path, `.html`.
            commands: the command lines that made it, which the page shows.
            messages: lines for the user; None takes those of the evaluation.

        Raises:
            NetconvError: the path is another, or matplotlib or Jinja is not installed.
            OSError: the page cannot be written.
        """
        from . import page

        page.write(target, self, self.record, commands=commands, messages=messages)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """The evaluation as a notebook shows it."""
        return notebook.evaluation(self)

    @property
    def text(self) -> str:
        if self.heads:
            parts = [f"{name}:\n{each._without_rows()}" for name, each in self.heads.items()]
            return "\n\n".join([f"rows  {self.rows}\nloss  {figure(self.metrics['loss'])}", *parts])
        width = max(map(len, ("rows", *self.metrics)))
        return f"{'rows':{width}}  {self.rows}\n{self._without_rows()}"

    def _without_rows(self) -> str:
        width = max(map(len, ("rows", *self.metrics)))
        lines = [f"{name:{width}}  {figure(value)}" for name, value in self.metrics.items()]
        if self.classes:
            lines += ["", *self._class_table()]
        if self.confusion:
            lines += ["", *self._confusion_text()]
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """The most important metrics, in one line."""
        if self.heads:
            parts = [f"{name}: {each.summary}" for name, each in self.heads.items()]
            return "; ".join([f"loss {figure(self.metrics['loss'])}", *parts])
        shown = ("loss", "accuracy") if self.classes else tuple(self.metrics)
        return ", ".join(f"{name} {figure(self.metrics[name])}" for name in shown)

    def _class_table(self) -> list[str]:
        shown = [c for c in self.classes if c.count or c.predicted]
        worst = sorted(shown, key=lambda c: c.f1)[:MOST] if len(shown) > MOST else shown
        names = shortened_apart([c.name for c in worst])
        width = max(5, *map(len, names)) if names else 5
        lines = [f"{'class':{width}} precision    recall        f1     count"]
        lines += [
            f"{name:{width}} {c.precision:9.4f} {c.recall:9.4f} {c.f1:9.4f} {c.count:9}"
            for name, c in zip(names, worst, strict=True)
        ]
        if len(shown) > MOST:
            where = spelled("--json", ".classes")
            lines.append(f"{MOST} of {len(shown):,} classes, those with the smallest f1; {where} has all")
        return lines

    def _confusion_text(self) -> list[str]:
        """The matrix, or if it is too wide, the most frequent mistakes."""
        names = shortened_apart([c.name for c in self.classes])
        width = max(map(len, names))
        column = max(len(f"{count}") for row in self.confusion for count in row)
        if len(names) * (max(width, column) + 1) + width <= WIDEST:
            heads, column = names, max(5, width, column)
        else:  # the columns are numbered, and the rows with them
            heads, column = [str(n) for n in range(len(names))], max(5, len(f"{len(names)}"), column)
            names = [f"{n:{len(heads[-1])}} {name}" for n, name in enumerate(names)]
            width = max(map(len, names))
        if len(names) * (column + 1) + width > WIDEST:
            return self._mistakes()
        lines = ["confusion: true classes down, predicted across"]
        lines += [f"{'':{width}} " + " ".join(f"{head:>{column}}" for head in heads)]
        for name, row in zip(names, self.confusion, strict=True):
            lines.append(f"{name:{width}} " + " ".join(f"{count or '.':>{column}}" for count in row))
        return lines

    def _mistakes(self) -> list[str]:
        labels = shortened_apart([c.name for c in self.classes])
        mistakes = [
            (count, self.classes[true].count, labels[true], labels[predicted])
            for true, row in enumerate(self.confusion)
            for predicted, count in enumerate(row)
            if count and predicted != true
        ]
        if not mistakes:
            return ["no class is mistaken for another"]
        shown = sorted(mistakes, key=lambda mistake: -mistake[0])[:20]
        true_width = max(4, *(len(true) for _, _, true, _ in shown))
        width = max(9, *(len(predicted) for *_, predicted in shown))
        lines = [f"{'true':{true_width}} {'predicted':{width}}     count  of the true class"]
        for count, rows, true, predicted in shown:
            lines.append(f"{true:{true_width}} {predicted:{width}} {count:9}  {count / rows:.1%}")
        if len(mistakes) > 20:
            where = spelled("--json", ".confusion")
            lines.append(f"the 20 most frequent of {len(mistakes):,} mistakes; {where} has the matrix")
        return lines

    def check(self, minimum: Mapping[str, float] = {}, maximum: Mapping[str, float] = {}) -> None:
        """Raises NetconvError if a metric does not exist, or is less than its minimum or greater than its maximum; the
        message lists all that are."""
        for name in (*minimum, *maximum):
            if name not in self.metrics:
                raise NetconvError(f"there is no metric {name!r} here; there are {', '.join(self.metrics)}")
        value = self.metrics
        short = [f"{name} is {figure(value[name])}, and must be at least {least:g}" for name, least in minimum.items()
                 if not value[name] >= least]  # fmt: skip
        short += [f"{name} is {figure(value[name])}, and must be at most {most:g}" for name, most in maximum.items()
                  if not value[name] <= most]  # fmt: skip
        if short:
            raise NetconvError("; ".join(short))
