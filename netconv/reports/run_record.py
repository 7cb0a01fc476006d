"""What a report says of a run beside its results: the model and its layers, the table, the options, the messages.
Knows no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..features.encoding import Encoding
from ..features.scaling import UNSCALED, Scaling
from ..keras_files.layer_rows import LayerRow


@dataclass(frozen=True)
class RunRecord:
    """What a report says of a run beside its results.

    Attributes:
        model: the name of the model.
        layers: its layers, in the order of computation.
        files: the names of the files of the table.
        encoding: how the table was read.
        class_rows: the number of rows of each class, for each output.
        left_out: the number of rows that were not used, by reason.
        settings: the options in effect, by name.
        messages: the lines for the user.
        scaling: how the model scales the numbers of the table.
    """

    model: str
    layers: tuple[LayerRow, ...]
    files: tuple[str, ...]
    encoding: Encoding
    class_rows: tuple[Mapping[str, int], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    scaling: Scaling = UNSCALED
