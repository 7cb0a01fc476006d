"""Rows in the order in which they are trained on, a few batches at a time. Knows arrays, no model.

The order of an epoch depends on the seed and its number alone, so that an interrupted training can be resumed. With
several replicas, each has its share of every batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..inference.sequence_inputs import cut
from ..tables import free_memory

if TYPE_CHECKING:
    import numpy as np

BLOCK_BYTES = 1 << 20
"""How much is read at once from arrays on disk."""
WINDOW_BYTES = 64 << 20
"""How much of arrays on disk is shuffled together, row by row."""
GROUP_BYTES = 16 << 20
"""How much of the rows is trained on at once, at most, or one batch."""

Group = TypeVar("Group")


@dataclass(frozen=True)
class TrainingData:
    """Rows to train on or to validate on.

    Attributes:
        inputs: an array for each input of the model, (rows, *shape), of the type that it takes or of a smaller one.
        targets: an array for each head of the model, (rows,) or (rows, values).
        encode: turns the targets of all heads into what the losses expect.
        class_weights: of each head (classes,), None if all its classes count alike; empty if those of all heads do.
        lengths: (rows, inputs), as in `Dataset`: the rows of a batch have the same ones. None if rows have no lengths.
    """

    inputs: tuple[Any, ...]
    targets: tuple[Any, ...]
    encode: Callable[[tuple[np.ndarray, ...]], tuple[Any, ...]]
    class_weights: tuple[np.ndarray | None, ...] = ()
    lengths: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets[0])

    @property
    def bytes_per_row(self) -> int:
        return sum(part.nbytes for part in (read_slice(array, 0, 1) for array in self.inputs))

    @property
    def in_memory(self) -> bool:
        import numpy as np

        return all(isinstance(array, np.ndarray) for array in self.inputs)


@dataclass(frozen=True)
class BatchGroup:
    """Several batches: the places of their rows in `inputs`, their encoded targets of each head, and their weights in
    the loss of each head, none if all rows count alike. Batch k has the rows from `bounds[k]` to `bounds[k + 1]`, and
    counts as `counts[k]` rows in the mean loss. The inputs are those of these rows, or, with `shared`, the same arrays
    for all groups."""

    inputs: tuple[np.ndarray, ...]
    shared: bool
    rows: np.ndarray
    targets: tuple[Any, ...]
    weights: tuple[np.ndarray, ...]
    bounds: np.ndarray
    counts: np.ndarray


def read_slice(array, start: int, stop: int) -> np.ndarray:
    import numpy as np

    return np.asarray(array[start:stop])


def epoch_order(data: TrainingData, seed: int, epoch: int) -> np.ndarray:
    """The order of the rows in an epoch: a permutation for arrays in memory; for arrays on disk, blocks of adjacent
    rows are shuffled, and then the rows of several blocks."""
    import numpy as np

    rows, generator = len(data), np.random.default_rng([seed, epoch])
    if data.in_memory:
        return generator.permutation(rows)
    block = max(1, BLOCK_BYTES // data.bytes_per_row)
    window = max(block, WINDOW_BYTES // data.bytes_per_row // block * block)
    starts = generator.permutation(np.arange(0, rows, block))
    order = np.concatenate([np.arange(start, min(start + block, rows)) for start in starts.tolist()])
    for start in range(0, rows, window):
        order[start : start + window] = generator.permutation(order[start : start + window])
    return order


def epoch_batches(data: TrainingData, batch_size: int, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The order of the rows in an epoch, and the first row of each batch with the number of rows at the end. Rows of
    sequences are in batches with others of their length, which follow each other in random order."""
    import numpy as np

    order = epoch_order(data, seed, epoch)
    if data.lengths is None:
        return order, batch_bounds(len(order), batch_size)
    batches = _batches_of_lengths(data.lengths[order], batch_size)
    shuffled = [batches[index] for index in np.random.default_rng([seed, epoch, 1]).permutation(len(batches)).tolist()]
    return order[np.concatenate(shuffled)], np.cumsum([0, *map(len, shuffled)])


def validation_batches(data: TrainingData, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows in order, and the bounds of batches of nearly the same size; those of sequences by their length."""
    import numpy as np

    if data.lengths is None:
        return np.arange(len(data)), batch_bounds(len(data), batch_size, even=True)
    batches = _batches_of_lengths(data.lengths, batch_size)
    return np.concatenate(batches), np.cumsum([0, *map(len, batches)])


def _batches_of_lengths(lengths: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """The places of rows, (rows, inputs) of lengths, in batches of the same lengths."""
    import numpy as np

    _, group = np.unique(lengths, axis=0, return_inverse=True)
    places = np.argsort(group.ravel(), kind="stable")
    ends = np.flatnonzero(np.diff(group.ravel()[places])) + 1
    return [
        part[start : start + batch_size] for part in np.split(places, ends) for start in range(0, len(part), batch_size)
    ]


def batch_count(rows: int, lengths: np.ndarray | None, batch_size: int) -> int:
    """The batches of an epoch."""
    return -(-rows // batch_size) if lengths is None else len(_batches_of_lengths(lengths, batch_size))


def batch_bounds(rows: int, batch_size: int, even: bool = False) -> np.ndarray:
    """The first row of each batch, and the number of rows. The last batch may be smaller, unless they are `even`."""
    import numpy as np

    steps = -(-rows // batch_size)
    return np.linspace(0, rows, steps + 1).astype(int) if even else np.minimum(np.arange(steps + 1) * batch_size, rows)


def replica_share(data: TrainingData, order: np.ndarray, bounds: np.ndarray, replica: int, replicas: int) -> BatchGroup:
    """A replica's share of the batches that `bounds` marks in `order`.

    The weights are such that the mean over the replicas of the mean loss of each share is the mean loss of the batch.
    Of a batch with fewer rows than replicas, each replica has all rows: a share without rows would have no mean.
    """
    import numpy as np

    if replicas == 1:
        rows, sizes, shares = order, np.diff(bounds), None
    else:
        parts, part_weights = [], []
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            count = stop - start
            part = np.array_split(order[start:stop], replicas)[replica] if count >= replicas else order[start:stop]
            weight = len(part) * replicas / count if count >= replicas else 1
            part_weights.append(np.full(len(part), weight, np.float32))
            parts.append(part)
        rows, sizes = np.concatenate(parts), np.array([len(part) for part in parts])
        shares = np.concatenate(part_weights)
    targets = tuple(array[rows] for array in data.targets)
    shared = data.in_memory and data.lengths is None
    inputs = data.inputs if shared else tuple(array[rows] for array in data.inputs)
    if data.lengths is not None:
        inputs = tuple(cut(inputs, data.lengths[rows[0]]))
    return BatchGroup(
        inputs, shared, rows if shared else np.arange(len(rows)), data.encode(targets),
        _row_weights(data, targets, shares), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        (np.diff(bounds) / replicas).astype(np.float32),
    )  # fmt: skip


def _row_weights(
    data: TrainingData, targets: tuple[np.ndarray, ...], shares: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """The weights of rows in the loss of each head: those of their classes, times `shares` if there are any."""
    import numpy as np

    if shares is None and not data.class_weights:
        return ()
    base = np.ones(len(targets[0]), np.float32) if shares is None else shares
    of_heads = data.class_weights or (None,) * len(targets)
    return tuple(
        base if weights is None else weights[classes] * base for weights, classes in zip(of_heads, targets, strict=True)
    )


def _end_of_length(lengths: np.ndarray, first: int) -> int:
    """The end of the batches from `first` on that have the lengths of the first one."""
    same = (lengths == lengths[0]).all(axis=1)
    return first + (len(same) if same.all() else int(same.argmin()))


def batch_groups(
    data: TrainingData,
    order: np.ndarray,
    bounds: np.ndarray,
    group_size: Callable[[], int],
    make: Callable[[np.ndarray, np.ndarray], Group],
) -> Iterator[Group]:
    """Groups of at most `group_size()` batches, made by `make` from their rows and bounds. Each is made in a second
    thread while the one before is in use. Of data on disk, the memory of each is returned to the operating system."""
    largest = max(1, GROUP_BYTES // (data.bytes_per_row * int(max(bounds[1:] - bounds[:-1]))))

    def spans() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        first = 0
        while first < len(bounds) - 1:
            end = min(first + max(1, min(group_size(), largest)), len(bounds) - 1)
            if data.lengths is not None:
                end = _end_of_length(data.lengths[order[bounds[first:end]]], first)
            yield order[bounds[first] : bounds[end]], bounds[first : end + 1] - bounds[first]
            first = end

    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for span in spans():
            coming = pool.submit(make, *span)
            if waiting is not None:
                yield waiting.result()
                if not data.in_memory:
                    free_memory.release()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
