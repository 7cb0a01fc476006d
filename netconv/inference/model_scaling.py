"""How the numbers of a table are scaled within a model: what training chooses, what a trained model has, and the model
with the layers for it. Knows encodings and models, no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FormatError, NetconvError, option
from ..features import scaling as scalings
from ..features.encoding import Encoding, Head, ModelSpec
from ..features.notices import Notify
from ..features.scaling import Affine, Moments, Scaling
from ..features.table_options import TableOptions
from ..keras_api.lazy import keras
from ..keras_files import scaling_layers
from ..tables.table import Table
from .calling import row_shapes
from .loading import LoadedModel
from .model_spec import loss_name

if TYPE_CHECKING:
    import numpy as np

LINEAR_LOSSES = frozenset({"mean_squared_error", "mean_absolute_error"})
"""Losses of which a net with standardized targets minimizes the same as with the table's own: they only change by a
factor."""


def choose(
    loaded: LoadedModel,
    encoding: Encoding,
    table: Table,
    targets: tuple[np.ndarray, ...],
    training: np.ndarray,
    options: TableOptions,
    losses: Sequence[Any],
    notify: Notify,
) -> Scaling:
    """What a model does with the numbers of its training table.

    What the options leave open is what the model had before; an untrained net standardizes features of very different
    sizes, and targets far from unit size.

    Args:
        loaded: The model that is trained.
        encoding: How the table is read, with its fill values.
        table: The training table.
        targets: Those of all rows, as `transform.targets` returns them.
        training: A mask of the rows trained on, whose means and standard deviations these are.
        options: How the user wants the table to be read.
        losses: The loss that each head is trained with.
        notify: Is called with a line about what is standardized unasked.

    Raises:
        DataError: Classes are to be standardized.
        FormatError: A scaling layer of the model is damaged.
    """

    if options.standardize_target and all(head.classes for head in encoding.heads):
        raise DataError(
            f"{option('standardize_target')} is for numeric targets, and this net predicts classes", table.file
        )
    known = loaded.encoding
    before = present(loaded, known or encoding)
    inputs = before.inputs
    same_features = known is None or _columns(known) == _columns(encoding)
    if options.rescale:
        inputs = scalings.rescaled(encoding, *options.rescale)
    elif options.standardize is False:
        inputs = None
    elif options.standardize or (isinstance(inputs, Moments) and not same_features):
        inputs = scalings.standardized(encoding, table, training)
    elif isinstance(inputs, Affine) and not same_features:
        inputs = scalings.rescaled(encoding, *_of_numbers(inputs))
    elif inputs is None and any(image and image.is_scaled for image in encoding.images):
        inputs = scalings.of_images(encoding)
    elif loaded.untrained and all(len(tensor.shape) == 2 for tensor in loaded.model.inputs):
        sizes = scalings.differing_sizes(encoding, table)
        if sizes:
            inputs = scalings.standardized(encoding, table, training)
            reached = " to ".join(f"{size:,.6g}" for size in sizes)
            notify(
                f"scale       features standardized, as their columns reach from {reached} "
                f"({option('standardize', False)} leaves them)"
            )
    known_targets = [head.targets for head in (known or encoding).heads]
    outputs: list[Moments | None] = []
    for number, (head, loss) in enumerate(zip(encoding.heads, losses, strict=True)):
        old = before.outputs[number] if before.outputs else None
        if head.classes or options.standardize_target is False:
            outputs.append(None)
        elif old and known_targets[number : number + 1] == [head.targets] and not options.standardize_target:
            outputs.append(old)
        else:
            asked, tensor = bool(options.standardize_target or old), loaded.model.outputs[number]
            open_ended = loaded.untrained and loss_name(loss) in LINEAR_LOSSES and ends_linear(tensor)
            outputs.append(_output(head, targets[number][training], asked, open_ended, encoding, notify))
    return Scaling(_fill(loaded, encoding), inputs, tuple(outputs) if any(outputs) else ())


def _output(
    head: Head, values: np.ndarray, asked: bool, open_ended: bool, encoding: Encoding, notify: Notify
) -> Moments | None:
    """The moments of the targets of the rows trained on, (rows, targets), if they are standardized: when that is asked
    for, or when an untrained net, whose output is `open_ended`, would learn them badly."""
    if not asked and not open_ended:
        return None
    found = scalings.standardized_targets(values)
    if asked:
        return found
    if not scalings.far_from_unit_size(found):
        return None
    which = f"target of {head.name}" if len(encoding.heads) > 1 else "target"
    notify(f"scale       {which} standardized for training ({option('standardize_target', False)} leaves it)")
    return found


def ends_linear(tensor) -> bool:
    """Whether an output of a model may be any number: its last layer is one of weights without an activation."""
    last = tensor._keras_history.operation
    activation = getattr(last, "activation", None)
    return bool(getattr(last, "weights", None)) and activation is keras.activations.linear


def _columns(encoding: Encoding) -> list[tuple[str, int]]:
    return [(feature.name, feature.width) for feature in encoding.features]


def _of_numbers(before: Affine) -> tuple[float, float]:
    """The scale and the offset of numbers, where codes are left as they are."""
    pairs = list(zip(before.scale.tolist(), before.offset.tolist(), strict=True))
    return next((pair for pair in pairs if pair != (1.0, 0.0)), (1.0, 0.0))


def _fill(loaded: LoadedModel, encoding: Encoding) -> np.ndarray | None:
    """What replaces each missing number, NaN for the inputs of which no cell was missing in training."""
    import numpy as np

    fill = scalings.fill_values(encoding)
    fills = scaling_layers.fills(loaded.model)
    missing = np.repeat([feature.missing for feature in encoding.features], [f.width for f in encoding.features])
    start = 0
    for width in encoding.widths:
        if not fills and not missing[start : start + width].any():
            fill[start : start + width] = np.nan
        start += width
    return None if np.isnan(fill).all() else fill


def present(loaded: LoadedModel, encoding: Encoding) -> Scaling:
    """The scaling layers that a model has, for the rows of an encoding, without its fill values. Raises FormatError."""
    try:
        return scaling_layers.scaling_of(scaling_layers.configs_of(loaded.model), encoding.widths, len(encoding.heads))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise FormatError(f"{loaded.name}: its layers that scale do not fit {encoding.width:,} numbers a row") from None


def with_scaling(model: Any, encoding: Encoding, scaling: Scaling) -> Any:
    """A copy of a model with the layers of a scaling in place of its own; the model itself if it needs none and has
    none."""
    if not scaling and not scaling_layers.configs_of(model) and not scaling_layers.fills(model):
        return model
    parts, start = [], 0
    for width in encoding.widths:
        parts.append(scaling.part(start, start + width))
        start += width
    shapes = row_shapes(model, encoding.width, tuple(encoding.inputs.values()), encoding.images)
    return scaling_layers.scaled(model, parts, shapes, scaling.outputs)


def rescaling(loaded: LoadedModel, spec: ModelSpec, rescale: tuple[float, float] | None) -> LoadedModel:
    """With a model that rescales numbers, but no ids, if the user wants that of a model that was not trained on a
    table. Raises NetconvError if it has layers that scale."""
    import numpy as np

    if not rescale:
        return loaded
    if scaling_layers.configs_of(loaded.model):
        raise NetconvError(f"the model scales its features itself: leave {option('rescale')} out")
    each = Scaling(inputs=Affine(*(np.array([number]) for number in rescale)))
    parts = [Scaling() if entry.ids else each for entry in spec.inputs]
    rows = [tensor.shape[1:] for tensor in loaded.model.inputs]
    return replace(loaded, model=scaling_layers.scaled(loaded.model, parts, rows))
