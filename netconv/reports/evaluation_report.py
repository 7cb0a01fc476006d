"""What an evaluation found, as text and as JSON. Knows neither models nor tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import NetconvError
from ..tables.number_format import figure, finite, shortened

WIDEST, MOST = 120, 50
"""Characters of a confusion matrix, and classes, that are shown as text."""


@dataclass(frozen=True)
class ClassReport:
    """How well one class is predicted: `count` rows are of it, `predicted` are predicted to be."""

    name: str
    precision: float
    recall: float
    f1: float
    count: int
    predicted: int


@dataclass(frozen=True)
class Evaluation:
    """`metrics` over `rows` rows: loss, accuracy, macro_precision, macro_recall and macro_f1 (means over the classes
    that occur), auc (the area under the ROC curve) of two classes, top_K_accuracy where it was asked for; or loss, mse,
    mae, rmse, r2. For classes a report each, and the `confusion`: rows are true classes, columns predicted ones, both
    in the order of `classes`; none for more than 2,000 classes."""

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
        wide = max(map(len, ("rows", *self.metrics)))
        lines = [f"{'rows':{wide}}  {self.rows}"]
        lines += [f"{name:{wide}}  {figure(value)}" for name, value in self.metrics.items()]
        if self.classes:
            lines += ["", *self._reports()]
        if self.confusion:
            lines += ["", *self._confused()]
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """The metrics that matter most, on a line."""
        shown = ("loss", "accuracy") if self.classes else tuple(self.metrics)
        return ", ".join(f"{name} {figure(self.metrics[name])}" for name in shown)

    def _reports(self) -> list[str]:
        shown = [c for c in self.classes if c.count or c.predicted]
        worst = sorted(shown, key=lambda c: c.f1)[:MOST] if len(shown) > MOST else shown
        names = [shortened(c.name) for c in worst]
        wide = max(5, *map(len, names)) if names else 5
        lines = [f"{'class':{wide}} precision    recall        f1     count"]
        lines += [
            f"{name:{wide}} {c.precision:9.4f} {c.recall:9.4f} {c.f1:9.4f} {c.count:9}"
            for name, c in zip(names, worst, strict=True)
        ]
        if len(shown) > MOST:
            lines.append(f"{MOST} of {len(shown):,} classes, those with the smallest f1; --json has all")
        return lines

    def _confused(self) -> list[str]:
        """The matrix where it is narrow enough, else the mistakes made most."""
        names = [shortened(c.name) for c in self.classes]
        wide = max(map(len, names))
        column = max(len(f"{count}") for row in self.confusion for count in row)
        if len(names) * (max(wide, column) + 1) + wide <= WIDEST:
            heads, column = names, max(5, wide, column)
        else:  # the columns are numbered, and the rows with them
            heads, column = [str(n) for n in range(len(names))], max(5, len(f"{len(names)}"), column)
            names = [f"{n:{len(heads[-1])}} {name}" for n, name in enumerate(names)]
            wide = max(map(len, names))
        if len(names) * (column + 1) + wide > WIDEST:
            return self._mistakes()
        lines = ["confusion: true classes down, predicted across"]
        lines += [f"{'':{wide}} " + " ".join(f"{head:>{column}}" for head in heads)]
        for name, row in zip(names, self.confusion, strict=True):
            lines.append(f"{name:{wide}} " + " ".join(f"{count or '.':>{column}}" for count in row))
        return lines

    def _mistakes(self) -> list[str]:
        mistakes = [
            (count, true.count, shortened(true.name), shortened(predicted.name))
            for true, row in zip(self.classes, self.confusion, strict=True)
            for predicted, count in zip(self.classes, row, strict=True)
            if count and predicted is not true
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
            lines.append(f"the 20 most frequent of {len(mistakes):,} mistakes; --json and --plot have the matrix")
        return lines

    def check(self, minimum: Mapping[str, float] = {}, maximum: Mapping[str, float] = {}) -> None:
        """Raises NetconvError when a metric is not there, or is below its minimum or above its maximum: all that are,
        in one line."""
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
