"""How the numbers of a table are scaled within a model: what training chooses, what a trained model has, and the model
with the layers for it. Knows encodings and models, no file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FormatError, NetconvError, option
from ..features import scaling as scalings
from ..features.encoding import Encoding, ModelSpec
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
    targets: np.ndarray,
    training: np.ndarray,
    options: TableOptions,
    loss,
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
        loss: The loss that the model is trained with.
        notify: Is called with a line about what is standardized unasked.

    Raises:
        DataError: Classes are to be standardized.
        FormatError: A scaling layer of the model is damaged.
    """
    import numpy as np

    if options.standardize_target and encoding.classes:
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
    elif inputs is None and any(image and image.scale != 1 for image in encoding.images):
        scales = scalings.pixel_scales(encoding)
        inputs = Affine(np.where(scales > 0, scales, 1.0), np.zeros(len(scales)))
    elif loaded.untrained and all(len(tensor.shape) == 2 for tensor in loaded.model.inputs):
        sizes = scalings.differing_sizes(encoding, table)
        if sizes:
            inputs = scalings.standardized(encoding, table, training)
            reached = " to ".join(f"{size:,.6g}" for size in sizes)
            notify(
                f"scale       features standardized, as their columns reach from {reached} "
                f"({option('standardize', False)} leaves them)"
            )
    outputs = None
    if not encoding.classes and options.standardize_target is not False:
        same_targets = known is None or known.targets == encoding.targets
        if before.outputs and same_targets and not options.standardize_target:
            outputs = before.outputs
        else:
            asked = bool(options.standardize_target or before.outputs)
            outputs = _outputs(loaded, targets[training], asked, loss, notify)
    return Scaling(_fill(loaded, encoding), inputs, outputs)


def _outputs(loaded: LoadedModel, values: np.ndarray, asked: bool, loss, notify: Notify) -> Moments | None:
    """The moments of the targets of the rows trained on, (rows, targets), if they are standardized: when that is asked
    for, or when an untrained net would learn them badly."""
    if asked:
        return scalings.standardized_targets(values)
    if not loaded.untrained or loss_name(loss) not in LINEAR_LOSSES or not _ends_linear(loaded.model):
        return None
    found = scalings.standardized_targets(values)
    if not scalings.far_from_unit_size(found):
        return None
    notify(f"scale       target standardized for training ({option('standardize_target', False)} leaves it)")
    return found


def _ends_linear(model) -> bool:
    """Whether the output of a model may be any number: its last layer is one of weights without an activation."""
    last = model.outputs[0]._keras_history.operation
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
        return scaling_layers.scaling_of(scaling_layers.configs_of(loaded.model), encoding.widths)
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
