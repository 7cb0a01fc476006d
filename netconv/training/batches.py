"""Rows in the order they are learnt from, a few batches at a time. Knows arrays and numbers, no model.

The order of an epoch follows from the seed and its number alone, so that a training that was broken off goes on as if
it had not been. Where several replicas train, each gets its share of every batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

BLOCK = 1 << 20
"""Bytes that are read at once from arrays on disk."""
WINDOW = 64 << 20
"""Bytes whose rows are mixed with each other, of arrays on disk."""
CHUNK = 32 << 20
"""Bytes that are handed to TensorFlow at once, at most, but one batch."""


@dataclass(frozen=True)
class TrainingData:
    """What there is to learn from: `inputs`, an array for each input of the model, and `targets`; rows are the first
    axis. `encoded` makes of targets what the loss takes; `weights` are those of the classes, by number."""

    inputs: tuple[Any, ...]
    targets: Any
    encoded: Callable[[np.ndarray], Any]
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def bytes_a_row(self) -> int:
        return sum(part.nbytes for part in (slice_of(array, 0, 1) for array in self.inputs))

    @property
    def in_memory(self) -> bool:
        import numpy as np

        return all(isinstance(array, np.ndarray) for array in self.inputs)


@dataclass(frozen=True)
class BatchGroup:
    """Some batches: rows of the inputs, of the encoded targets, and their weights, None where all count alike; batch k
    has the rows from `bounds[k]` to `bounds[k + 1]`, and counts as `counts[k]` rows in the loss."""

    inputs: tuple[np.ndarray, ...]
    targets: Any
    weights: np.ndarray | None
    bounds: np.ndarray
    counts: np.ndarray


def slice_of(array, start: int, stop: int) -> np.ndarray:
    import numpy as np

    return np.asarray(array[start:stop])


def rows_of(array, index: np.ndarray) -> np.ndarray:
    """The rows `index` of an array, in that order; one on disk is read in its own."""
    import numpy as np

    if type(array) is np.ndarray:
        return array[index]
    order = np.argsort(index, kind="stable")
    found = np.asarray(array[index[order]])
    mixed = np.empty_like(found)
    mixed[order] = found
    return mixed


def order(feed: TrainingData, seed: int, epoch: int) -> np.ndarray:
    """The order of the rows in an epoch: any one for arrays in memory; for those on disk, blocks of neighbours are
    shuffled, and then the rows of several blocks."""
    import numpy as np

    rows, generator = len(feed), np.random.default_rng([seed, epoch])
    if feed.in_memory:
        return generator.permutation(rows)
    block = max(1, BLOCK // feed.bytes_a_row)
    window = max(block, WINDOW // feed.bytes_a_row // block * block)
    starts = generator.permutation(np.arange(0, rows, block))
    mixed = np.concatenate([np.arange(start, min(start + block, rows)) for start in starts.tolist()])
    for start in range(0, rows, window):
        mixed[start : start + window] = generator.permutation(mixed[start : start + window])
    return mixed


def bounds(rows: int, batch: int, even: bool = False) -> np.ndarray:
    """Where batches begin, and the end; the last may be shorter, unless they are to be `even`."""
    import numpy as np

    steps = -(-rows // batch)
    return np.linspace(0, rows, steps + 1).astype(int) if even else np.minimum(np.arange(steps + 1) * batch, rows)


def share(feed: TrainingData, index: np.ndarray, ends: np.ndarray, replica: int, replicas: int) -> BatchGroup:
    """A replica's share of the batches that `ends` marks in `index`.

    Weights make the mean over the replicas of the mean loss of each share that of the whole batch. A share of no row,
    which has no mean, has one without weight.
    """
    import numpy as np

    if replicas == 1:
        picked, sizes, weights = index, np.diff(ends), None
    else:
        parts, weighed = [], []
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            part = np.array_split(index[start:stop], replicas)[replica]
            weighed.append(np.full(max(1, len(part)), len(part) * replicas / (stop - start), np.float32))
            parts.append(part if len(part) else index[start : start + 1])
        picked, sizes = np.concatenate(parts), np.array([len(part) for part in parts])
        weights = np.concatenate(weighed)
    targets = rows_of(feed.targets, picked)
    if feed.weights is not None:
        weights = feed.weights[targets] * (1 if weights is None else weights)
    return BatchGroup(
        tuple(rows_of(array, picked) for array in feed.inputs), feed.encoded(targets), weights,
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32), (np.diff(ends) / replicas).astype(np.float32),
    )  # fmt: skip


def chunks(
    feed: TrainingData, index: np.ndarray, ends: np.ndarray, many: Callable[[], int], made: Callable[..., Any]
) -> Iterator[Any]:
    """What `made` makes of (rows, bounds), for at most `many()` batches at a time: each is made while the one before is
    being used."""
    largest = max(1, CHUNK // (feed.bytes_a_row * int(max(ends[1:] - ends[:-1]))))

    def spans() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        at = 0
        while at < len(ends) - 1:
            end = min(at + max(1, min(many(), largest)), len(ends) - 1)
            yield index[ends[at] : ends[end]], ends[at : end + 1] - ends[at]
            at = end

    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for span in spans():
            coming = pool.submit(made, *span)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
