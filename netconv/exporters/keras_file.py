"""Writes a `.keras` file of a model for inference, with what `predict` and `evaluate` need, and runs it with Keras."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..inference.model_spec import as_compiled, losses_of
from ..keras_files import archive
from .agreement import Runner
from .served_model import ServedModel

MEMBERS = (archive.TABLE, archive.CLASSES)
"""The members of the file that still hold: the arrays of the net that the model was converted from are others now."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the file. The model is compiled with its losses, and with an optimizer that has no state."""
    members = {name: data for name, data in served.loaded.members.items() if name in MEMBERS}
    served.model.compile("sgd", as_compiled(served.model, losses_of(served.loaded)))
    archive.save(served.model, path, members)


def runner(served: ServedModel, path: Path) -> Runner:
    """What runs the file."""
    return replace(served, model=archive.load(path))
