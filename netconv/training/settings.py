"""The options of a training as a report has them: those given, and what is used for the others. Knows no table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..features.encoding import ModelSpec
from ..features.table_options import TableOptions, given_options, option_text
from ..inference.model_spec import loss_name
from .metrics import name_of
from .options import TrainingOptions


def settings_in_effect(
    options: TrainingOptions,
    table_options: TableOptions,
    optimizer: Any,
    spec: ModelSpec,
    losses: Sequence[Any],
    metrics: Sequence[list[Any]],
    batch_size: int,
    validation_files: tuple[str, ...],
) -> dict[str, str]:
    """The settings as text by name, those that every training has first."""
    config = optimizer.get_config()
    rate = config["learning_rate"]
    always: dict[str, Any] = {
        "epochs": f"at most {options.epochs:,}",
        "batch size": batch_size,
        "optimizer": options.optimizer if isinstance(options.optimizer, str) else type(optimizer).__name__,
        "learning rate": options.schedule or (rate["class_name"] if isinstance(rate, dict) else float(rate)),
        "loss": options.loss if isinstance(options.loss, str) else _by_head(spec, list(map(loss_name, losses))),
        "metrics": _by_head(spec, [list(map(name_of, of_head)) for of_head in metrics]),
        "early stopping": f"after {options.early_stopping} epochs without improvement"
        if options.early_stopping
        else "none",
        "monitor": options.monitor,
        "validation": validation_files or f"{options.validation_split:g} of the rows",
        "seed": options.seed,
    }
    given = given_options(options) | given_options(table_options)
    return {name: option_text(value) for name, value in always.items()} | {
        name: text for name, text in given.items() if name not in [*always, "schedule", "validation split"]
    }


def _by_head(spec: ModelSpec, values: list[Any]) -> Any:
    """The values of the heads by name; of a single one its own."""
    return {head.name: v for head, v in zip(spec.heads, values, strict=True)} if len(values) > 1 else values[0]
