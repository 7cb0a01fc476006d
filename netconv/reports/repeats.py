"""Finds blocks of a net that repeat: the same boxes, connected in the same way, one after another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagram import Box

LONGEST = 400
"""The most items of a block."""
SAVED = 4
"""How many items a repetition must save."""


@dataclass(frozen=True)
class Repeat:
    """Items from `start` on are a block of `period` items, `count` times. By key of a box: `first` is the key of its
    counterpart in the first repetition, `iteration` the number of the repetition that it is in."""

    start: int
    period: int
    count: int
    first: dict[str, str]
    iteration: dict[str, int]


def find_repeats(items: Sequence[Sequence[Box]]) -> list[Repeat]:
    """The repeated blocks of items, which are boxes or the boxes of a group; they do not overlap, and are in order."""
    count = len(items)
    place = {box.key: index for index, item in enumerate(items) for box in item}
    features, sources = _features(items, place)
    runs = [_run(features, sources, period) for period in range(1, min(LONGEST, count // 2) + 1)]
    found: list[Repeat] = []
    start = 0
    while start < count:
        best, saved = (0, 0), SAVED - 1
        for period, run in enumerate(runs, 1):
            times = run[start] // period + 1
            if (times - 1) * period > saved:
                best, saved = (period, times), (times - 1) * period
        period, times = best
        if not period:
            start += 1
            continue
        run = runs[period - 1]
        begins = [at for at in range(start, min(start + period, count)) if run[at] >= period * (times - 1)]
        at = min(begins, key=lambda begin: (_entries(sources, begin + period, period), -begin))
        free = found[-1].start + found[-1].period * found[-1].count if found else 0
        if at - period >= free and _is_first(features, sources, at - period, period):
            at, times = at - period, times + 1
        found.append(_repeat(items, at, period, times))
        start = at + period * times
    return found


def _features(items: Sequence[Sequence[Box]], place: dict[str, int]) -> tuple[list[int], list[tuple[int | None, ...]]]:
    """For each item a number for what it is like, alike for items that are, and the items that it takes outputs of:
    None is one of another level."""
    numbers: dict[Hashable, int] = {}
    features, sources = [], []
    for index, item in enumerate(items):
        inside = {box.key: position for position, box in enumerate(item)}
        like: Hashable = tuple(
            (box.kind, box.detail, box.shape, box.parameters, tuple(
                (inside.get(source, -1), shape) for source, shape in box.inputs
            ))
            for box in item
        )  # fmt: skip
        features.append(numbers.setdefault(like, len(numbers)))
        sources.append(tuple(place.get(s) for box in item for s, _ in box.inputs if place.get(s) != index))
    return features, sources


def _run(features: list[int], sources: list[tuple[int | None, ...]], period: int) -> list[int]:
    """For each item, how many items from it on are like those `period` items later: they take outputs of items as far
    before them, or of the same items."""
    run = [0] * (len(features) + 1)
    for index in range(len(features) - period - 1, -1, -1):
        later = index + period
        if features[index] == features[later] and len(sources[index]) == len(sources[later]) and all(
            one == other or (one is not None and other is not None and other - one == period)
            for one, other in zip(sources[index], sources[later], strict=True)
        ):  # fmt: skip
            run[index] = run[index + 1] + 1
    return run


def _is_first(features: list[int], sources: list[tuple[int | None, ...]], start: int, period: int) -> bool:
    """Whether a block is like the next one, except for what it takes from before it."""

    def inner(taken: tuple[int | None, ...], begin: int) -> list[int | None]:
        return [source - begin if source is not None and source >= begin else None for source in taken]

    return all(
        features[index] == features[index + period]
        and inner(sources[index], start) == inner(sources[index + period], start + period)
        for index in range(start, start + period)
    )


def _entries(sources: list[tuple[int | None, ...]], start: int, period: int) -> int:
    """From how many items before it a block takes outputs."""
    taken = {source for index in range(start, start + period) for source in sources[index]}
    return sum(source is None or not start <= source < start + period for source in taken)


def _repeat(items: Sequence[Sequence[Box]], start: int, period: int, count: int) -> Repeat:
    first, iteration = {}, {}
    for number in range(count):
        for offset in range(period):
            pairs = zip(items[start + offset], items[start + number * period + offset], strict=True)
            for original, box in pairs:
                first[box.key], iteration[box.key] = original.key, number
    return Repeat(start, period, count, first, iteration)
