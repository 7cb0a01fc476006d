"""The options of a training as a report has them: those given, and what is used for the others. Knows no table."""

from __future__ import annotations

from typing import Any

from ..features.table_options import TableOptions, given_options, option_text
from ..inference.model_spec import loss_name
from .options import TrainingOptions


def settings_in_effect(
    options: TrainingOptions,
    table_options: TableOptions,
    optimizer: Any,
    loss: Any,
    metrics: list[Any],
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
        "loss": options.loss if isinstance(options.loss, str) else loss_name(loss),
        "metrics": [metric if isinstance(metric, str) else metric.name for metric in metrics],
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
