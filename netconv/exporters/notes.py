"""What a net cannot hold of a trained model, for the user."""

from __future__ import annotations

from ..features.notices import Notify
from ..inference.loading import LoadedModel
from ..keras_files import scaling_layers


def notify_of_scaling(loaded: LoadedModel, notify: Notify) -> None:
    """Calls `notify` with a line that names what scales the numbers of the training table, if anything does."""
    scaling = scaling_layers.names_of(loaded.model)
    if scaling:
        notify(f"not in the net: {', '.join(scaling)}; it takes and returns scaled numbers")
