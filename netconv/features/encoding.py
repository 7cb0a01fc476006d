"""Encodings: how the rows of a table become the inputs and targets of a model.

What is inferred from a training table (columns, categories, fill values, classes) is an `Encoding`. It is saved with
the trained model, and later tables are read by it. Numbers stay as they are in the table: the model scales them itself.
Knows tables and numbers, no Keras: a model is its `ModelSpec`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import accumulate
from typing import Any

from ..errors import FormatError
from .image_format import ImageFormat, ImageSpec
from .sequence_format import SequenceFormat, SequenceSpec


@dataclass(frozen=True)
class InputSpec:
    """An input of a model: its `name`; its `width`, the numbers that it takes per row, None for any number; `ids`, the
    lowest and the highest id if these numbers are ids of an Embedding; `image`, the images that it can take."""

    name: str
    width: int | None
    ids: tuple[int, int] | None = None
    image: ImageSpec | None = None
    sequence: SequenceSpec | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadSpec:
    """An output of a model, a head: its `name`; its `width`, the numbers of it per row; `classes`, how many classes
    these are for, 0 for values."""

    name: str
    width: int
    classes: int


@dataclass(frozen=True)
class ModelSpec:
    """What a model takes and outputs per row: `features`, the numbers that it takes, None for any number; its
    outputs, the `heads`; its `inputs`, empty where only `features` matters."""

    features: int | None
    heads: tuple[HeadSpec, ...]
    inputs: tuple[InputSpec, ...] = ()

    @property
    def width(self) -> int:
        """The numbers that it outputs."""
        return sum(head.width for head in self.heads)


@dataclass(frozen=True)
class Feature:
    """A column that is a feature.

    `categories`, in the order of their codes, is empty for a numeric column; a `onehot` feature has a number for each
    category. `fill` replaces a missing cell; None makes it an error; `missing` is how many cells of the training table
    were missing. In a column of numbers, `coerced` makes any other text a missing cell. `ids` are the lowest and the
    highest id if the numbers are ids of an Embedding. With `image`, the cells are paths of images; with
    `sequence`, each cell is a sequence.
    """

    name: str
    categories: tuple[str, ...] = ()
    onehot: bool = False
    fill: float | str | None = None
    missing: int = 0
    coerced: bool = False
    ids: tuple[int, int] | None = None
    image: ImageFormat | None = None
    sequence: SequenceFormat | None = None

    @property
    def width(self) -> int:
        """The numbers that it becomes; of a sequence of any length those of a step."""
        if self.image or self.sequence:
            return self.image.numbers if self.image else self.sequence.width if self.sequence else 0
        return len(self.categories) if self.onehot else 1

    @property
    def is_number(self) -> bool:
        """Whether its cells are quantities, neither categories, ids, images nor sequences."""
        return not self.categories and not self.ids and not self.image and not self.sequence

    @property
    def is_text(self) -> bool:
        """Whether its cells are read as text: categories, paths of images, or sequences."""
        return bool(self.categories or self.image or self.sequence)

    @property
    def is_fillable(self) -> bool:
        """Whether something can replace a missing cell: no id, no image and no sequence can replace another."""
        return not self.ids and not self.image and not self.sequence


@dataclass(frozen=True)
class Head:
    """An output of the model and its target.

    Attributes:
        name: The name of the output.
        targets: The target columns.
        classes: The names of the classes; empty for values. Several targets with classes are one-hot.
    """

    name: str
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """How the rows of a table become the inputs and targets of a model.

    Attributes:
        columns: The columns of the training table.
        header: Whether the training table had a header.
        features: The features in the order of the model's inputs.
        heads: The outputs of the model, in its order, with their targets.
        inputs: How many numbers each of several inputs takes, by its name; empty for a single one.
        left_out: The columns that are neither features nor targets, with the reason.
        decimal: The decimal sign of the training table, which a later one has where its cells leave it open.
    """

    columns: tuple[str, ...]
    header: bool
    features: tuple[Feature, ...]
    heads: tuple[Head, ...]
    inputs: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns of all heads."""
        return tuple(target for head in self.heads for target in head.targets)

    @property
    def width(self) -> int:
        """The numbers of a row, of a sequence of any length those of a step."""
        return sum(feature.width for feature in self.features)

    @property
    def widths(self) -> tuple[int, ...]:
        """The numbers of a row for each input."""
        return tuple(self.inputs.values()) or (self.width,)

    @property
    def images(self) -> tuple[ImageFormat | None, ...]:
        """The images that the inputs take, None for an input of other numbers."""
        return tuple(feature.image if feature else None for feature in self._first_features)

    @property
    def sequences(self) -> tuple[SequenceFormat | None, ...]:
        """The sequences that the inputs take, None for an input of other numbers."""
        return tuple(feature.sequence if feature else None for feature in self._first_features)

    @property
    def has_parsed_cells(self) -> bool:
        """Whether a cell may turn out to be bad when it is encoded: an image, or a sequence."""
        return any(feature.image or feature.sequence for feature in self.features)

    @property
    def _first_features(self) -> tuple[Feature | None, ...]:
        """The first feature of each input."""
        starts = accumulate((feature.width for feature in self.features), initial=0)
        first = dict(zip(starts, self.features, strict=False))
        return tuple(first.get(start) for start in list(accumulate(self.widths, initial=0))[:-1])

    def with_features(self, features: tuple[Feature, ...]) -> Encoding:
        """With other features in place of these, which may be of other widths."""
        ends = list(accumulate((feature.width for feature in self.features), initial=0))
        places = list(accumulate(self.inputs.values(), initial=0))
        inputs = {}
        for name, start, end in zip(self.inputs, places[:-1], places[1:], strict=True):
            inputs[name] = sum(each.width for each, at in zip(features, ends, strict=False) if start <= at < end)
        return replace(self, features=features, inputs=inputs)

    def with_whole_pixels(self) -> Encoding:
        """With pixels of 0 to 255, which the model scales itself."""
        features = (
            replace(feature, image=feature.image and replace(feature.image, scale=(1.0,), offset=(0.0,)))
            for feature in self.features
        )
        return replace(self, features=tuple(features))

    def dump(self) -> bytes:
        """The encoding as JSON, a line."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"

    @staticmethod
    def load(data: bytes, file: str) -> Encoding:
        """The encoding of what `dump` returned. Raises FormatError."""
        try:
            facts = json.loads(data)
            kinds = (("features", Feature), ("heads", Head))
            if not _has_fields(facts, Encoding) or not all(
                _has_fields(each, kind) for key, kind in kinds for each in facts[key]
            ):
                raise FormatError(f"{file}: trained by another version of netconv; train the model again")
            encoding = Encoding(
                tuple(map(str, facts["columns"])), bool(facts["header"]),
                tuple(map(_load_feature, facts["features"])), tuple(map(_load_head, facts["heads"])),
                {str(name): int(width) for name, width in facts["inputs"].items()},
                {str(name): str(reason) for name, reason in facts["left_out"].items()},
                str(facts["decimal"]),
            )  # fmt: skip
            if not encoding._is_consistent():
                raise ValueError
            return encoding
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            raise FormatError(f"{file}: its member netconv/table.json is damaged") from None

    def _is_consistent(self) -> bool:
        widths = self.inputs.values()
        inputs = not widths or (min(widths) > 0 and sum(widths) == self.width)
        return (
            inputs and {feature.name for feature in self.features} <= set(self.columns) and self.decimal in (".", ",")
        )


def _has_fields(facts: Mapping[str, Any], kind: type[Encoding] | type[Feature] | type[Head]) -> bool:
    return facts.keys() == {entry.name for entry in fields(kind)}


def _load_head(facts: Mapping[str, Any]) -> Head:
    targets, classes = (tuple(map(str, facts[key])) for key in ("targets", "classes"))
    return Head(str(facts["name"]), targets, classes)


def _load_feature(facts: Mapping[str, Any]) -> Feature:
    categories, fill = tuple(map(str, facts["categories"])), facts["fill"]
    if fill is not None and categories and fill not in categories:
        raise ValueError
    ids, image, sequence = facts["ids"], facts["image"], facts["sequence"]
    if sequence is not None and ids is None and sequence["kind"] != "numbers":
        raise ValueError
    return Feature(
        str(facts["name"]), categories, bool(facts["onehot"]), fill if fill is None or categories else float(fill),
        int(facts["missing"]), bool(facts["coerced"]), None if ids is None else (int(ids[0]), int(ids[1])),
        None if image is None else ImageFormat.load(image),
        None if sequence is None else SequenceFormat.load(sequence),
    )  # fmt: skip
