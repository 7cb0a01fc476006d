"""How a user wants a table to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import NetconvError, option
from ..tables.csv_blocks import TextOptions
from ..tables.encodings import check_encoding
from ..tables.sources import File
from .image_encoder import Resize
from .option_checks import as_columns, check_names, is_integer, is_number, is_path, require

Coding = Literal["onehot", "codes", "numbers"]
"""How the cells of a column become numbers."""
Tokens = Path | str | tuple[str, ...]
"""A vocabulary: its file, or its tokens."""
MOST_SHOWN = 100
"""Values of an option that are shown in reports."""


@dataclass(frozen=True)
class TableOptions:
    """How a table is read. What is not given is inferred.

    Columns are selected by name, number (from 1; -1 is the last), range of numbers (2-5) or pattern (pixel*), several
    separated by commas. Where several are possible, a single text may be given in place of a tuple.

    Attributes:
        target: The target column or columns, which the model predicts; for a model with several outputs those of each,
            by the output's name.
        columns: The columns that are features, in the order of the model's inputs.
        drop: Columns that are not features.
        input: The columns of each input of the model, by the input's name.
        encode: How columns become numbers, by the columns: "onehot", a number for each distinct cell; "codes", the
            index of the cell among the sorted distinct cells; "numbers", numbers, with any other text a missing cell.
        vocabulary: The tokens that are ids of an Embedding, by the column of texts or for the only one: a file with a
            token on each line, or the tokens. None: those of the text encoder of the net, or of the training rows.
        rescale: (scale, offset): numeric features become `x * scale + offset`, in a layer of the trained model; pixels
            of images too, if this is None by 1 / 255, or as the image encoder of the net does.
        resize: How images get the size that the model takes: "stretch" changes their proportions, "fit" pads them with
            black, "fill" crops them at the center. None: as the image encoder of the net does, or "stretch".
        standardize: Whether numeric features are standardized to mean 0 and standard deviation 1 over the training
            rows, in a layer of the trained model. None: those of an untrained net are if their sizes differ much.
            Excludes `rescale`.
        standardize_target: Whether numeric targets are standardized for training; the trained model predicts in the
            units of the table. None: those of an untrained net are if they are far from unit size.
        header: Whether the first row of delimited text has the names of the columns.
        delimiter: The character between the cells of delimited text.
        encoding: The encoding of delimited text, such as utf-16 or latin-1.
        skip_lines: The number of lines before the table in delimited text.
        errors: What to do with a bad row (ragged, or a text in a column of numbers): "stop" raises its error, "skip"
            leaves it out. Not of `predict`, which has more to choose from.
        labels: The file with the labels of a file of arrays.

    Raises:
        NetconvError: An option is not of its type, an encoding is unknown, or both `rescale` and `standardize` are
            given.
    """

    target: tuple[str, ...] | Mapping[str, str] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    input: Mapping[str, str] = field(default_factory=dict)
    encode: Mapping[str, Coding] = field(default_factory=dict)
    vocabulary: Mapping[str, Tokens] | Tokens = field(default_factory=dict)
    rescale: tuple[float, float] | None = None
    resize: Resize | None = None
    standardize: bool | None = None
    standardize_target: bool | None = None
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    skip_lines: int | None = None
    errors: Literal["stop", "skip"] = "stop"
    labels: File | None = None

    def __post_init__(self):
        by_output = isinstance(self.target, Mapping)
        for name in ("columns", "drop") if by_output else ("target", "columns", "drop"):
            object.__setattr__(self, name, as_columns(name, getattr(self, name)))
        examples = {"input": "{'image': 'pixel*'}", "encode": "{'color': 'onehot'}"}
        if by_output:
            examples["target"] = "{'kind': 'species'}"
        for name, example in examples.items():
            value = getattr(self, name)
            texts = isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)
            require(name, value, texts, f"a dictionary of texts, such as {example}")
        for columns, coding in self.encode.items():
            require(
                f"the encoding of column {columns!r}", coding, coding in get_args(Coding), "onehot, codes or numbers"
            )
        _vocabularies(self.vocabulary)
        pair = self.rescale is None or _is_pair_of_numbers(self.rescale)
        require("rescale", self.rescale, pair, "two numbers, the scale and the offset")
        require("resize", self.resize, self.resize in (None, *get_args(Resize)), "'stretch', 'fit' or 'fill'")
        for name in ("standardize", "standardize_target"):
            require(name, getattr(self, name), getattr(self, name) in (None, False, True), "True, False or None")
        if self.rescale and self.standardize:
            raise NetconvError(f"{option('rescale')} and {option('standardize')} exclude each other")
        require("header", self.header, self.header in (None, False, True), "True, False or None")
        if self.encoding is not None:
            require("encoding", self.encoding, isinstance(self.encoding, str), "the name of an encoding")
            check_encoding(self.encoding)
        character = self.delimiter is None or (
            isinstance(self.delimiter, str) and len(self.delimiter) == 1 and self.delimiter not in "\r\n\"'"
        )
        require("delimiter", self.delimiter, character, "one character")
        require("errors", self.errors, self.errors in ("stop", "skip"), "'stop' or 'skip'")
        lines = self.skip_lines is None or is_integer(self.skip_lines)
        require("skip_lines", self.skip_lines, lines, "a number of lines")

    @property
    def text(self) -> TextOptions:
        """How delimited text is read."""
        return TextOptions(self.header, self.encoding, self.delimiter, self.skip_lines, self.errors == "skip")

    @property
    def vocabularies(self) -> dict[str, Tokens]:
        """The vocabularies by their columns; that of the only column of sequences has no name."""
        return _vocabularies(self.vocabulary)

    @property
    def target_columns(self) -> tuple[str, ...]:
        """The target columns of all outputs."""
        return tuple(self.target.values()) if isinstance(self.target, Mapping) else self.target

    @property
    def changes_encoding(self) -> bool:
        """Whether any of the options changes how rows are encoded."""
        changes = (self.target, self.columns, self.drop, self.input, self.encode, self.vocabulary, self.resize)
        return any(map(bool, changes))


def _vocabularies(value: Any) -> dict[str, Tokens]:
    """Vocabularies by their columns; that of the only column of texts has no name. Raises NetconvError."""
    given = value if isinstance(value, Mapping) else {"": value}
    found: dict[str, Tokens] = {}
    for columns, each in given.items():
        tokens = isinstance(each, list | tuple) and all(isinstance(token, str) for token in each)
        fits = isinstance(columns, str) and (tokens or is_path(each))
        require("vocabulary", value, fits, "a file, a list of tokens, or a dictionary of these by columns")
        found[columns] = tuple(each) if tokens else each
    return found


def _is_pair_of_numbers(value: Any) -> bool:
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    return is_pair and all(map(is_number, value))


def read_options(function: Callable[..., Any], options: dict[str, Any], *others: type) -> list[Any]:
    """TableOptions, and an object of each dataclass of `others`, of the further keyword arguments of a function.

    Raises:
        TypeError: There is no such option.
        NetconvError: An option has a wrong value.
    """
    kinds = (TableOptions, *others)
    names = [{entry.name for entry in fields(kind)} for kind in kinds]
    check_names(function, options, set().union(*names))
    return [
        kind(**{name: value for name, value in options.items() if name in known})
        for kind, known in zip(kinds, names, strict=True)
    ]


def given_options(options: Any) -> dict[str, str]:
    """The fields of a dataclass of options that have not their defaults, as text by name."""
    given = {}
    for entry in fields(options):
        value = getattr(options, entry.name)
        default = entry.default if entry.default_factory is MISSING else entry.default_factory()
        if value != default:
            given[entry.name.replace("_", " ")] = option_text(value)
    return given


def option_text(value: Any) -> str:
    """The value of an option as text for people."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={option_text(one)}" for name, one in value.items())
    if isinstance(value, tuple | list):
        more = f", ... ({len(value):,} in all)" if len(value) > MOST_SHOWN else ""
        return ", ".join(map(option_text, value[:MOST_SHOWN])) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
