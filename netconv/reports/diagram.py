"""The diagram of a net: its boxes in groups and chains, and the arrows between them. Knows no layers, and not how a
diagram is drawn.

Chains are stacked, and blocks that repeat are folded to one, so that a deep net stays legible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .repeats import Repeat, find_repeats


class GroupName(NamedTuple):
    """What a group is: a nested net of this `name`; or, with the name of an `op`, the operations that one node of the
    net became, which are drawn as one unless the group is opened. A block that repeats has neither."""

    name: str = ""
    op: str = ""


@dataclass(frozen=True)
class Box:
    """A layer of a model or a node of a graph; or one of the outputs of the whole, which takes what is put out.

    Attributes:
        key: identifies the box.
        kind: its class or op.
        category: of the kind, which has a color.
        name: its name.
        detail: its main options.
        shape: of its output.
        parameters: their number.
        inputs: the keys of the boxes whose outputs it takes, and the shapes of these.
        group: the groups that it is in, the outermost first.
    """

    key: str
    kind: str
    category: str
    name: str = ""
    detail: str = ""
    shape: str = ""
    parameters: int = 0
    inputs: tuple[tuple[str, str], ...] = ()
    group: tuple[GroupName, ...] = ()

    @property
    def is_output(self) -> bool:
        return self.category == "output"


def output_box(key: str, name: str, number: int, source: str, shape: str) -> Box:
    """An output of the whole: the output `number` of the box `source`, which has this `name`."""
    return Box(key, "output", "output", name, f"[{number}]" if number else "", shape, inputs=((source, shape),))


@dataclass(frozen=True)
class Stack:
    """A straight chain of boxes."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Group:
    """Boxes that belong together, or a block that is repeated `count` times."""

    name: GroupName
    count: int
    items: tuple[Stack | Group, ...]

    @property
    def parameters(self) -> int:
        """The number of its parameters, of all repetitions."""
        return self.count * sum(
            item.parameters if isinstance(item, Group) else sum(box.parameters for box in item.boxes)
            for item in self.items
        )


@dataclass(frozen=True)
class Arrow:
    """Tensors that go from the box `source` to the box `target`, by their keys, with their shapes; `again` if they go
    from one repetition of a block to the next."""

    source: str
    target: str
    shapes: tuple[str, ...]
    again: bool = False


@dataclass(frozen=True)
class Diagram:
    """The items in the order of computation, and the arrows between all boxes in them. `count` is the number of boxes
    before blocks were folded, without the outputs, `parameters` that of all parameters."""

    items: tuple[Stack | Group, ...]
    arrows: tuple[Arrow, ...]
    count: int
    parameters: int


def boxes_in(items: Sequence[Stack | Group]) -> Iterator[Box]:
    """The boxes of items and of the groups in them."""
    for item in items:
        yield from boxes_in(item.items) if isinstance(item, Group) else item.boxes


def groups_in(items: Sequence[Stack | Group]) -> Iterator[Group]:
    """The groups among items, each before those in it."""
    for item in items:
        if isinstance(item, Group):
            yield item
            yield from groups_in(item.items)


def part(diagram: Diagram, group: Group) -> Diagram:
    """The diagram of a group, with the boxes outside of it from which and to which its arrows go."""
    inside = {box.key for box in boxes_in(group.items)}
    arrows = tuple(arrow for arrow in diagram.arrows if inside & {arrow.source, arrow.target})
    ends = {key for arrow in arrows for key in (arrow.source, arrow.target)} - inside
    outside = [
        Stack((box if box.is_output else replace(box, category="input"),))
        for box in boxes_in(diagram.items)
        if box.key in ends
    ]
    return Diagram((*outside, *group.items), arrows, len(inside), group.parameters)


UNNAMED = GroupName()


@dataclass
class _Level:
    """The boxes and groups of one level, while a diagram is arranged."""

    name: GroupName = UNNAMED
    count: int = 1
    items: list[Box | _Level] = field(default_factory=list)

    def boxes(self) -> Iterator[Box]:
        for item in self.items:
            if isinstance(item, Box):
                yield item
            else:
                yield from item.boxes()


def arrange(boxes: Sequence[Box]) -> Diagram:
    """The diagram of boxes, which are in the order of computation. Outputs are not folded: each has a name."""
    outputs = [box for box in boxes if box.is_output]
    top = _Level()
    for box in boxes:
        if box.is_output:
            continue
        level = top
        for name in box.group:
            level = _subgroup(level, name)
        level.items.append(box)
    _dissolve(top)
    original = {box.key: box for box in boxes}
    repeats: list[Repeat] = []
    _fold(top, repeats)
    top.items += outputs
    arrows = _arrows(original, repeats)
    sources: dict[str, set[str]] = {}
    targets: dict[str, set[str]] = {}
    for arrow in arrows:
        sources.setdefault(arrow.target, set()).add(arrow.source)
        targets.setdefault(arrow.source, set()).add(arrow.target)
    items = _stacked(top, sources, targets)
    inside = {(before.key, box.key) for stack in _stacks(items) for before, box in zip(stack.boxes, stack.boxes[1:])}  # noqa: B905 one is shorter
    shown = tuple(arrow for arrow in arrows if (arrow.source, arrow.target) not in inside)
    return Diagram(items, shown, len(boxes) - len(outputs), sum(box.parameters for box in boxes))


def _subgroup(level: _Level, name: GroupName) -> _Level:
    for item in reversed(level.items):
        if isinstance(item, _Level) and item.name == name:
            return item
    made = _Level(name)
    level.items.append(made)
    return made


def _dissolve(level: _Level) -> None:
    """Removes groups of a single box."""
    for item in level.items:
        if isinstance(item, _Level):
            _dissolve(item)
    level.items = [item.items[0] if isinstance(item, _Level) and len(item.items) == 1 else item for item in level.items]


def _fold(level: _Level, repeats: list[Repeat]) -> None:
    """Folds repeated blocks, the innermost first; adds them to `repeats`. What takes the outputs of blocks that are
    folded may then be alike, too."""
    for item in level.items:
        if isinstance(item, _Level):
            _fold(item, repeats)
    while found := find_repeats([_mapped(item, repeats) for item in level.items]):
        for repeat in reversed(found):
            body = level.items[repeat.start : repeat.start + repeat.period]
            one = body[0]
            made = one if len(body) == 1 and isinstance(one, _Level) else _Level(items=body)
            made.count *= repeat.count
            level.items[repeat.start : repeat.start + repeat.period * repeat.count] = [made]
        repeats.extend(found)


def _mapped(item: Box | _Level, repeats: Sequence[Repeat]) -> list[Box]:
    """The boxes of an item with their inputs as they are after folding."""
    boxes = [item] if isinstance(item, Box) else list(item.boxes())
    return [replace(box, inputs=tuple((_first(key, repeats), shape) for key, shape in box.inputs)) for box in boxes]


def _first(key: str, repeats: Sequence[Repeat]) -> str:
    """The box that stands for a box after folding."""
    for repeat in repeats:
        key = repeat.first.get(key, key)
    return key


def _arrows(boxes: Mapping[str, Box], repeats: Sequence[Repeat]) -> list[Arrow]:
    """The arrows between the boxes that are left after folding. Those from one repetition to the next are left out
    where only one tensor is passed on."""
    shapes: dict[tuple[str, str, int | None], list[str]] = {}
    for box in boxes.values():
        for source, shape in box.inputs:
            if source not in boxes:
                continue
            again = None
            for number, repeat in enumerate(repeats):
                before, now = (repeat.iteration.get(key, -1) for key in (source, box.key))
                again = number if 0 <= before < now else again
            first, second = _first(source, repeats), _first(box.key, repeats)
            found = shapes.setdefault((first, second, again), [])
            if shape not in found:
                found.append(shape)
    passed: dict[int, set[str]] = {}
    for first, _, again in shapes:
        if again is not None:
            passed.setdefault(again, set()).add(first)
    return [
        Arrow(first, second, tuple(texts), again is not None)
        for (first, second, again), texts in shapes.items()
        if again is None or len(passed[again]) > 1
    ]


def _stacked(
    level: _Level, sources: Mapping[str, set[str]], targets: Mapping[str, set[str]]
) -> tuple[Stack | Group, ...]:
    """The items of a level, straight chains as stacks."""
    plain = {item.key: item for item in level.items if isinstance(item, Box)}
    after = {}
    for key in plain:
        only = targets.get(key, set())
        follower = next(iter(only), "")
        if len(only) == 1 and follower in plain and sources[follower] == {key} and follower != key:
            after[key] = follower
    followers = set(after.values())
    items: list[Stack | Group] = []
    for item in level.items:
        if isinstance(item, _Level):
            items.append(Group(item.name, item.count, _stacked(item, sources, targets)))
        elif item.key not in followers:
            chain = [item]
            while chain[-1].key in after:
                chain.append(plain[after[chain[-1].key]])
            items.append(Stack(tuple(chain)))
    return tuple(items)


def _stacks(items: Sequence[Stack | Group]) -> Iterator[Stack]:
    for item in items:
        if isinstance(item, Group):
            yield from _stacks(item.items)
        else:
            yield item
