"""What a training returns: the trained model and its history, as text and as JSON. Knows no table."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import replacing
from ..features.encoding import Encoding
from ..features.notices import Notify, ignore
from ..inference.loading import LoadedModel
from ..keras_files import archive
from ..reports import notebook, page
from ..reports.evaluation_report import Evaluation
from ..reports.run_record import RunRecord
from ..tables.number_format import figure, finite

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, repr=False)
class TrainingResult:
    """A trained model.

    Attributes:
        loaded: the model, `loaded.model`, with what is stored in its file.
        encoding: how the table was read.
        history: the metrics of each epoch by name, and its number from 1, `epoch`.
        best_epoch: the number of the epoch whose weights the model has.
        monitor: the metric that the best epoch is best by; None if the last epoch was kept, without validation.
        rows: the number of rows trained on.
        validation_rows: the number of rows validated on.
        evaluation: of the model on the rows for validation, or, without any, on those trained on.
        class_rows: the number of rows of each class, for each output.
        left_out: the number of rows that were not used, by reason.
        stopped: whether training was stopped from outside, in the last epoch.
        monitored_as: what distinguishes the monitored metric from that of the evaluation, such as "of the standardized
            target"; "" if nothing does.
        chief: whether this process is the one that writes files; others are further workers.
        record: what else a report says.
    """

    loaded: LoadedModel
    encoding: Encoding
    history: tuple[dict[str, float], ...]
    best_epoch: int
    monitor: str | None
    rows: int
    validation_rows: int
    evaluation: Evaluation
    class_rows: tuple[dict[str, int], ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    stopped: bool = False
    monitored_as: str = ""
    chief: bool = True
    record: RunRecord | None = field(default=None, repr=False, compare=False)

    def save(self, target: Path | str | Any, notify: Notify = ignore) -> None:
        """Writes the model to a path, as `.keras` or, for Keras 2, as `.h5`, or as `.keras` to a binary stream; calls
        `notify` with a line if the file needs a newer Keras than the oldest supported one. Raises OSError, and
        NetconvError for a model that Keras 2 cannot have."""
        archive.save(self.loaded.model, target, self.loaded.members, notify)

    def save_history(self, target: Path | str) -> None:
        """Writes the metrics of each epoch as JSON lines (`.jsonl`) or CSV. Raises OSError."""
        with replacing(target) as name, name.open("w", newline="", encoding="utf-8") as stream:
            if Path(target).suffix == ".jsonl":
                stream.writelines(json.dumps(finite(metrics)) + "\n" for metrics in self.history)
            else:
                writer = csv.DictWriter(stream, list(self.history[0]))
                writer.writeheader()
                writer.writerows(self.history)

    def report(
        self, target: Path | str, *, commands: Sequence[str] = (), messages: Sequence[str] | None = None
    ) -> None:
        """Writes a page on the training, one HTML file that needs no other: the table, the model, the learning curves,
        the evaluation. The arguments and errors are those of `Evaluation.report`."""
        page.write(target, self.evaluation, self.record, self, commands=commands, messages=messages)

    @property
    def model(self) -> keras.Model:
        """The trained model. Its class names and how it reads a table are in `loaded`, which `evaluate` and `predict`
        take, too, as they take this result."""
        return self.loaded.model

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """The result as a notebook shows it."""
        best = self.best_epoch if self.validation_rows else None
        return notebook.training(self.text, self.history, best, self.evaluation)

    @property
    def facts(self) -> dict[str, Any]:
        """The result as JSON."""
        return finite(
            {
                "rows": self.rows, "validation_rows": self.validation_rows, "left_out": self.left_out,
                "epochs": len(self.history), "best_epoch": self.best_epoch, "monitor": self.monitor,
                "stopped": self.stopped,
                "features": [feature.name for feature in self.encoding.features],
                "columns_left_out": dict(self.encoding.left_out),
                "heads": [
                    {
                        "name": head.name, "targets": list(head.targets), "classes": list(head.classes),
                        "class_rows": rows,
                    }
                    for head, rows in zip(self.encoding.heads, self.class_rows, strict=True)
                ],
                "metrics": self.evaluation.metrics,
            }
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The result in a few lines."""
        held_out = f"{self.validation_rows:,} to validate on" if self.validation_rows else "none to validate on"
        lines = [("rows", f"{self.rows:,} to train on, {held_out}")]
        for head, rows in zip(self.encoding.heads, self.class_rows, strict=True):
            listed = [f"{name} {count:,}" for name, count in rows.items()]
            label = f"{head.name}: " if len(self.class_rows) > 1 else ""
            if listed:
                lines.append(("classes", label + ", ".join(listed[:20]) + (", ..." if len(listed) > 20 else "")))
        stopped = "; stopped in the last one" if self.stopped else ""
        kept = "the last one is kept"
        if self.monitor:
            best = figure(self.history[self.best_epoch - 1][self.monitor])
            note = f" {self.monitored_as}" if self.monitored_as else ""
            kept = f"the best {self.best_epoch} by {self.monitor} ({best}{note})"
        lines.append(("epochs", f"{len(self.history)}, {kept}{stopped}"))
        lines.append(("validation" if self.validation_rows else "training", self.evaluation.summary))
        return "\n".join(f"{name:11} {value}" for name, value in lines)
