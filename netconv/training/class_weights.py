"""How much each class counts in the loss. Knows no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError, option, there_are
from ..inference.dataset import Dataset
from ..inference.model_spec import check_heads
from ..tables.column_selection import list_names
from ..tables.number_format import shortened

if TYPE_CHECKING:
    import numpy as np

MOST = 20
"""How many weights of a head are listed."""


def class_weights(
    given: str | Mapping[str, Any] | None, heads: Sequence[str], training: Dataset
) -> tuple[np.ndarray | None, ...]:
    """The weight of each class of each head, (classes,) of float32, None for a head whose classes count alike; nothing
    if those of all heads do.

    Args:
        given: The weights by the names of the classes, 1 if not given; or "balanced": inversely proportional to the
            number of rows. For several heads "balanced" for all with classes, or either by the name of the head.
        heads: The names of the heads.
        training: The rows to train on.

    Raises:
        NetconvError: The weights are not for these heads or classes, or nothing is left to train on.
    """
    if given is None:
        return ()
    of_classes = [head for head, names in zip(heads, training.names, strict=True) if names]
    if not of_classes:
        raise NetconvError("class weights are for classifiers, and this net predicts values")
    by_head = given if isinstance(given, Mapping) and _is_by_head(given) else None
    if by_head is None and given != "balanced" and len(heads) > 1:
        raise NetconvError(
            f"the net has {len(heads)} outputs, {list_names(heads)}: name the one of these classes, as in "
            f"{option('class_weight', {of_classes[0]: 'balanced'})}"
        )
    chosen: dict[str, Any] = dict.fromkeys(of_classes, given) if by_head is None else dict(by_head)
    check_heads("class_weight", chosen, tuple(heads))
    if values := [name for name in chosen if name not in of_classes]:
        raise NetconvError(f"class weights are for classes, and the output {values[0]!r} of the net predicts values")
    return tuple(
        _of_head(chosen[head], names, counts) if head in chosen else None
        for head, names, counts in zip(heads, training.names, training.counts, strict=True)
    )


def _is_by_head(given: Mapping[str, Any]) -> bool:
    return any(isinstance(each, str | Mapping) for each in given.values())


def _of_head(given: str | Mapping[str, float], names: Sequence[str], counts: Sequence[int]) -> np.ndarray:
    import numpy as np

    rows = np.array(counts)
    if isinstance(given, str):
        return np.where(rows, rows.sum() / (np.count_nonzero(rows) * np.maximum(rows, 1)), 1).astype(np.float32)
    unknown = [name for name in given if name not in names]
    if unknown:
        known = f"{there_are(unknown[0], names, 'the classes')} {list_names(names)}"
        raise NetconvError(f"class weight for unknown class {unknown[0]!r}; {known}")
    weights = np.array([given.get(name, 1.0) for name in names], np.float32)
    if not weights[rows > 0].any():
        raise NetconvError("the weight of every class is 0: there is nothing to train on")
    return weights


def described(weights: Sequence[np.ndarray | None], heads: Sequence[str], training: Dataset) -> Iterator[str]:
    """The weights in words, a line for each head that has any."""
    for head, names, each in zip(heads, training.names, weights, strict=True) if weights else ():
        if each is not None:
            label = f"{shortened(head)}=" if len(heads) > 1 else ""
            listed = [f"{shortened(name)} {weight:.4g}" for name, weight in zip(names, each.tolist(), strict=True)]
            more = f", ... ({len(listed):,} in all)" if len(listed) > MOST else ""
            yield f"weights     {label}{', '.join(listed[:MOST])}{more}; the validation loss is weighted alike"
