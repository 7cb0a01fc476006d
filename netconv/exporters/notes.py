"""What a net cannot hold of a trained model, for the user."""

from __future__ import annotations

from ..features.notices import Notify
from ..inference.loading import LoadedModel
from .folding import Folded


def notify_of_folding(folded: Folded, notify: Notify) -> None:
    """Calls `notify` with a line for each layer that is folded into the net, and for what the net cannot do."""
    for line in folded.lines:
        notify(line)
    if folded.left:
        listed = "; ".join(f"{name}, as {reason}" for name, reason in folded.left.items())
        notify(f"not in the net: {listed}; it takes or returns scaled numbers")
    if folded.fills:
        notify("not in the net: what replaces missing numbers; give it none")


def notify_of_table(loaded: LoadedModel, has_classes: bool, notify: Notify) -> None:
    """Calls `notify` with a line on how the training table was read, or on the names of the classes alone, if the net
    does not have them."""
    names = class_names(loaded)
    if loaded.encoding is not None:
        classes = ", class names" if names and not has_classes else ""
        notify(
            f"not in the net: how the training table was read (columns, categories{classes}); it takes the numbers "
            "that columns become"
        )
    elif names and not has_classes:
        notify(f"not in the net: the class names {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}")


def class_names(loaded: LoadedModel) -> tuple[str, ...]:
    """The names of the classes of a model with one output: those of its training table, or those given when it was
    converted; none if the table numbers the outputs from 0."""
    encoding = loaded.encoding
    if encoding is None:
        return loaded.classes
    names = encoding.heads[0].classes if len(encoding.heads) == 1 else ()
    return () if names == tuple(map(str, range(len(names)))) else names
