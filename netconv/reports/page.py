"""A page on a training or an evaluation: one HTML file that needs no other, filled in by Jinja, which is imported when
a page is written. Knows no model."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from ..atomic_files import replacing
from ..errors import NetconvError
from ..features.description import column_rows
from ..keras_files.layer_rows import LayerRow
from ..tables.number_format import pluralize, shortened_apart
from . import evaluation_panels, graphviz, learning_curves
from .diagram import arrange
from .evaluation_report import Evaluation
from .figures import Panel, import_matplotlib, inline_svg
from .layer_boxes import boxes_of
from .run_record import RunRecord
from .templates import LONGEST_NAME, template

ENDINGS = (".html", ".htm")
MOST_COLUMNS, MOST_LAYERS, MOST_CLASSES, MOST_CURVES, MOST_MESSAGES = 200, 300, 50, 24, 200
"""How many columns, layers, classes, metrics and messages a page has; it says what it leaves out."""
PACKAGES = ("netconv", "keras", "tensorflow", "numpy")
"""The packages whose versions a page has."""


class Trained(Protocol):
    """What a page has of a training: the attributes of `TrainingResult`."""

    @property
    def history(self) -> tuple[dict[str, float], ...]: ...
    @property
    def best_epoch(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def validation_rows(self) -> int: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def monitored_as(self) -> str: ...


def check_report(target: Path | str) -> Path:
    """Checks that a page can be written, before the work whose results it shows; returns its path.

    Raises NetconvError if its name does not end as that of a page, or matplotlib or Jinja is not installed."""
    path = Path(target)
    if path.suffix.lower() not in ENDINGS:
        raise NetconvError(f"{target}: a report is a {' or '.join(ENDINGS)} file")
    import_matplotlib("a report needs")
    _template()
    return path


def write(
    target: Path | str,
    evaluation: Evaluation,
    record: RunRecord | None,
    training: Trained | None = None,
    *,
    commands: Sequence[str] = (),
    messages: Sequence[str] | None = None,
) -> None:
    """Writes the page. What is not known is left out: `record`, the table and the model; `training`, the training.
    Raises NetconvError and OSError."""
    path = check_report(target)
    lines = messages if messages is not None else record.messages if record else ()
    text = _template().render(
        title="Training" if training else "Evaluation",
        record=record,
        data=_data(record) if record else None,
        model=_model(record) if record else None,
        training=_training(training, record) if training else None,
        evaluation={"rows": evaluation.rows, "on": _evaluated_on(training), "metrics": evaluation.metrics},
        heads=[_head(*each, number) for number, each in enumerate(evaluation.by_head.items())],
        messages=_cut([line for message in lines for line in message.splitlines()], MOST_MESSAGES),
        commands=commands,
        versions=_versions(),
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )
    with replacing(path) as name:
        name.write_text(text.lstrip(), encoding="utf-8", errors="replace")


def _template() -> Any:
    return template("page.html", "a report needs")


def _cut(items: Iterable[Any], most: int) -> dict[str, Any]:
    """The first `most` items, and how many are left out."""
    items = list(items)
    return {"shown": items[:most], "more": max(0, len(items) - most)}


def _labels(names: Iterable[str]) -> list[str]:
    return shortened_apart(list(names), LONGEST_NAME)


def _data(record: RunRecord) -> dict[str, Any]:
    encoding, columns = record.encoding, column_rows(record.encoding, record.scaling, MOST_COLUMNS)
    return {
        "files": _cut(record.files, 20),
        "heads": [
            {
                "name": head.name if len(encoding.heads) > 1 else "",
                "targets": _cut(head.targets, 20),
                "classes": _cut(zip(_labels(rows), rows.values(), strict=True), 20),
            }
            for head, rows in zip(encoding.heads, record.class_rows, strict=True)
        ],
        "columns": columns,
        "more_columns": max(0, len(encoding.features) - MOST_COLUMNS),
        "features": pluralize(len(encoding.features), "column")
        + ("" if encoding.width == len(encoding.features) else f", {pluralize(encoding.width, 'number')} a row"),
        "values": any(column.values for column in columns),
        "missing": any(column.missing for column in columns),
        "unused": _cut(encoding.left_out.items(), 20),
    }


def _model(record: RunRecord) -> dict[str, Any]:
    layers = record.layers
    follows = [layer.inputs == (before.name,) for before, layer in pairwise(layers)]
    parameters, trainable = (sum(getattr(layer, name) for layer in layers) for name in ("parameters", "trainable"))
    chain = all(follows) and not layers[0].inputs
    return {
        "layers": _cut(layers, MOST_LAYERS), "chain": chain, "figures": _drawn(layers),
        "parameters": parameters, "trainable": trainable,
    }  # fmt: skip


def _drawn(layers: Sequence[LayerRow]) -> list[dict[str, Any]]:
    """The picture of the layers; nothing if they cannot be drawn."""
    try:
        drawn = graphviz.svg(arrange(boxes_of(layers)))
    except NetconvError:
        return []
    from markupsafe import Markup

    return [{"title": "layers", "svg": Markup(drawn), "width": graphviz.size(drawn)[0] / 72}]


def _training(training: Trained, record: RunRecord | None) -> dict[str, Any]:
    best = training.best_epoch
    panels = _cut(learning_curves.panels(training.history, best if training.validation_rows else None), MOST_CURVES)
    metrics = training.history[best - 1]
    names = [name for name in metrics if name != "epoch" and not name.startswith("val_")]
    return {
        "rows": training.rows, "validation_rows": training.validation_rows, "epochs": len(training.history),
        "best": best, "stopped": training.stopped, "monitored_as": training.monitored_as,
        "settings": record.settings if record else {},
        "metrics": [(name, metrics[name], metrics.get(f"val_{name}")) for name in names[:MOST_CURVES]],
        "figures": _figures(panels["shown"], "curves"), "more": panels["more"],
    }  # fmt: skip


def _evaluated_on(training: Trained | None) -> str:
    if training is None:
        return "rows"
    return "rows held out for validation" if training.validation_rows else "rows trained on, as none were held out"


def _head(name: str, evaluation: Evaluation, number: int) -> dict[str, Any]:
    """The plots and the classes of an output, which has a name if there are several."""
    classes = [report for report in evaluation.classes if report.count or report.predicted]
    if len(classes) > MOST_CLASSES:
        classes.sort(key=lambda report: report.f1)
    labels = _labels(report.name for report in classes)
    panels = [panel for row in evaluation_panels.panels(evaluation) for panel in row]
    return {
        "name": name,
        "classes": _cut(zip(labels, classes, strict=True), MOST_CLASSES),
        "figures": _figures(panels, f"evaluation-{number}"),
    }


def _figures(panels: Sequence[Panel], name: str) -> list[dict[str, Any]]:
    """The panels as SVG elements, which need no escaping: matplotlib escapes their texts."""
    from markupsafe import Markup

    return [
        {"title": panel.title, "svg": Markup(inline_svg(panel, f"{name}-{number}")), "width": panel.width}
        for number, panel in enumerate(panels)
    ]


def _versions() -> list[tuple[str, str]]:
    found = []
    for package in PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return [*found, ("Python", platform.python_version())]
