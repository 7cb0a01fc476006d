"""Predictions as CSV and JSON lines, block by block, and as frames. Knows neither models nor formats of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..atomic_files import replacing
from ..errors import NetconvError
from ..tables import compression, lines
from ..tables.column_selection import list_names
from ..tables.number_format import pluralize

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import polars
    import pyarrow as pa


@dataclass(frozen=True)
class PredictedHead:
    """What an output of a model predicts.

    Attributes:
        name: of the output.
        names: of the classes, or of the output values.
        classes: whether the values are probabilities of classes.
    """

    name: str
    names: tuple[str, ...]
    classes: bool


@dataclass(frozen=True)
class Block:
    """The predictions of some rows.

    Attributes:
        values: (rows, names) of all outputs side by side, the probability of each class or the output values; NaN in a
            bad row.
        faulty: (rows,), whether a row is bad.
        kept: columns of the table that are copied, by name, as Arrow arrays of text.
    """

    values: np.ndarray
    faulty: np.ndarray
    kept: dict[str, Any] = field(default_factory=dict)


class Blocks(Iterator[Block]):
    """Blocks that are computed while they are read, once; `keep` computes the rest and keeps them all."""

    def __init__(self, blocks: Iterable[Block]):
        self._blocks = iter(blocks)
        self._started = False
        self._kept: list[Block] | None = None

    def __iter__(self) -> Iterator[Block]:
        if self._kept is not None:
            return iter(self._kept)
        if self._started:
            raise NetconvError(
                "these predictions were read: they are computed once, while they are read; predict again"
            )
        return self

    def __next__(self) -> Block:
        self._started = True
        return next(self._blocks)

    def keep(self) -> list[Block]:
        """All blocks, which can then be read again. Raises NetconvError if some were read before."""
        self._kept = list(self)
        return self._kept


@dataclass(frozen=True, repr=False)
class Predictions:
    """The predictions of a model for a table.

    Attributes:
        heads: the outputs of the model.
        blocks: the predictions in the order of the rows; they are computed while they are read, once, by the methods
            too. Those that return a whole frame or array keep them, so that they can be read again.
        kept: names of the columns of the table that are copied.
    """

    heads: tuple[PredictedHead, ...]
    blocks: Iterator[Block]
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", Blocks(self.blocks))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes or of the output values; those of several outputs that predict classes begin with
        the name of the output, as do values of the same name."""
        return tuple(name for head in self.heads for name in self._value_names(head))

    @property
    def classes(self) -> bool:
        """Whether all values are probabilities of classes."""
        return all(head.classes for head in self.heads)

    def _value_names(self, head: PredictedHead) -> list[str]:
        others = {name for each in self.heads if each is not head and not each.classes for name in each.names}
        prefixed = len(self.heads) > 1 and (head.classes or not others.isdisjoint(head.names))
        return [f"{head.name}_{name}" if prefixed else name for name in head.names]

    @property
    def text(self) -> str:
        """What is predicted, and how it is read, in two lines."""
        what = " and ".join(
            f"{len(head.names):,} classes" if head.classes else pluralize(len(head.names), "value")
            for head in self.heads
        )
        ways = ".to_pandas(), .to_polars(), .to_arrow(), .to_numpy(), .write(FILE) or for block in .blocks"
        return f"predictions of {what}: {list_names(self.names)}\nread with {ways}"

    def __repr__(self) -> str:
        return self.text

    def to_arrow(self, proba: bool = False, top: int | None = None) -> pa.Table:
        """The predictions as a table of Arrow, with the columns of `csv`, in full precision; null in a bad row. Columns
        that are kept are numbers if all their cells are. Raises NetconvError for options that do not fit."""
        import pyarrow as pa

        columns = self._columns(proba, top, exact=True)
        names = self._titles(proba, top)
        tables = [
            pa.Table.from_arrays([*block.kept.values(), *columns(block)], names=names) for block in self._all_blocks()
        ]
        table = pa.concat_tables(tables)
        for index in range(len(self.kept)):
            table = table.set_column(index, names[index], lines.typed(table.column(index)))
        return table

    def to_pandas(self, proba: bool = False, top: int | None = None) -> pandas.DataFrame:
        """The predictions as a frame of pandas, as `to_arrow` has them. Raises NetconvError, also if pandas is not
        installed."""
        _require("pandas")
        return self.to_arrow(proba, top).to_pandas()

    def to_polars(self, proba: bool = False, top: int | None = None) -> polars.DataFrame:
        """The predictions as a frame of Polars, as `to_arrow` has them. Raises NetconvError, also if Polars is not
        installed."""
        return _require("polars").from_arrow(self.to_arrow(proba, top))

    def to_numpy(self) -> np.ndarray:
        """The values of all rows, (rows, names): the probability of each class or the output values."""
        import numpy as np

        return np.concatenate([block.values for block in self._all_blocks()])

    def _all_blocks(self) -> list[Block]:
        assert isinstance(self.blocks, Blocks)
        return self.blocks.keep()

    def csv(self, proba: bool = False, top: int | None = None) -> Iterator[bytes]:
        """The predictions as CSV in UTF-8, block by block. A header comes first; a bad row has empty cells.

        The columns are those that are kept, then those of a classifier: the class and its probability; with `proba` the
        class and the probabilities of all classes; with `top` as many classes with their probabilities, the most likely
        first. For other nets they are the output values. Of a net with several outputs they are those of each output,
        whose name those of classes begin with. Raises NetconvError for options that do not fit."""
        columns, head = self._columns(proba, top), lines.head(self._titles(proba, top))
        for block in self.blocks:
            cells = [lines.cells(column) for column in block.kept.values()] + [lines.cells(c) for c in columns(block)]
            yield head + lines.csv(cells)
            head = b""  # it comes with the first rows: for a table that cannot be read, nothing is written

    def json(self, proba: bool = False, top: int | None = None) -> Iterator[bytes]:
        """The predictions as JSON lines, block by block: `class` and `probability`; with `proba` `class` and
        `probabilities` by class; with `top` a list of classes with their probabilities; or the output values by name.
        Of a net with several outputs there is an object for each of them by its name. A bad row has null. Raises
        NetconvError for options that do not fit."""
        columns = self._columns(proba, top)
        for block in self.blocks:
            kept = list(zip(self.kept, map(lines.strings, block.kept.values()), strict=True))
            yield lines.json_lines(kept + self._fields(columns(block), proba, top))

    def _fields(self, columns: list, proba: bool, top: int | None) -> list[tuple[str, Any]]:
        """The fields of JSON, from the columns of a block."""
        fields, start = [], 0
        for head in self.heads:
            stop = start + len(self._head_titles(head, proba, top))
            found = self._head_fields(head, columns[start:stop], proba, top)
            fields += [(head.name, lines.object_(found))] if len(self.heads) > 1 else found
            start = stop
        return [(self._title(name), column) for name, column in fields]

    @staticmethod
    def _head_fields(head: PredictedHead, columns: list, proba: bool, top: int | None) -> list[tuple[str, Any]]:
        if not head.classes:
            return list(zip(head.names, map(lines.finite, columns), strict=True))
        if top is not None:
            pairs = zip(map(lines.strings, columns[::2]), map(lines.finite, columns[1::2]), strict=True)
            objects = [lines.object_([("class", name), ("probability", chance)]) for name, chance in pairs]
            return [("top", lines.array(objects))]
        if proba:
            chances = lines.object_(list(zip(head.names, map(lines.finite, columns[1:]), strict=True)))
            return [("class", lines.strings(columns[0])), ("probabilities", chances)]
        return [("class", lines.strings(columns[0])), ("probability", lines.finite(columns[1]))]

    def write(
        self, target: Path | str | BinaryIO, json: bool = False, proba: bool = False, top: int | None = None
    ) -> None:
        """Writes the predictions as CSV, or as JSON lines, to a path or a binary stream.

        A file is written completely or not at all, and compressed if its name ends with .gz, .bz2, .xz or .zst; a
        stream gets each block as soon as it is computed. `proba` and `top` are those of `csv` and `json`. Raises
        NetconvError, and OSError if it cannot be written."""
        pieces = self.json(proba, top) if json else self.csv(proba, top)
        if isinstance(target, Path | str):
            with replacing(target) as name, compression.create(name) as stream:
                stream.writelines(pieces)
            return
        for piece in pieces:
            target.write(piece)
            target.flush()

    def _titles(self, proba: bool, top: int | None) -> list[str]:
        titles = [title for head in self.heads for title in self._head_titles(head, proba, top)]
        return [*self.kept, *map(self._title, titles)]

    def _head_titles(self, head: PredictedHead, proba: bool, top: int | None) -> list[str]:
        """The names of the columns of an output."""
        if not head.classes:
            return self._value_names(head)
        prefix = f"{head.name}_" if len(self.heads) > 1 else ""
        if top is not None:
            ranks = range(1, min(top, len(head.names)) + 1)
            return [f"{prefix}{title}{f'_{n}' if n > 1 else ''}" for n in ranks for title in ("class", "probability")]
        return [f"{prefix}class", *(self._value_names(head) if proba else [f"{prefix}probability"])]

    def _title(self, name: str) -> str:
        """The name of a column of predictions, other than that of a column that is kept."""
        return f"predicted_{name}" if name in self.kept else name

    def _columns(self, proba: bool, top: int | None, exact: bool = False) -> Callable[[Block], list]:
        """A function from a block to its columns: as text, or with `exact` with their numbers in full precision."""
        if (proba or top is not None) and not any(head.classes for head in self.heads):
            raise NetconvError("probabilities are for classifiers, and this net predicts values")
        if proba and top is not None:
            raise NetconvError("choose the probabilities of all classes or the most likely classes, not both")

        def columns(block: Block) -> list:
            found, start = [], 0
            for head in self.heads:
                values = block.values[:, start : start + len(head.names)]
                found += _head_columns(head, values, block.faulty, proba, top, exact)
                start += len(head.names)
            return found

        return columns


def _head_columns(
    head: PredictedHead, values: np.ndarray, faulty: np.ndarray, proba: bool, top: int | None, exact: bool
) -> list:
    """The columns of an output, of its values (rows, names)."""
    import numpy as np
    import pyarrow as pa

    def numbers(values: np.ndarray, without: np.ndarray) -> pa.Array:
        return pa.array(values, mask=without) if exact else lines.numbers(values, without)

    if not head.classes:
        return [numbers(column, faulty) for column in values.T]
    rounded = values if exact else lines.significant(values)
    without = faulty | np.isnan(rounded).any(axis=1)  # no class can be predicted
    if top is None:
        best = np.where(without, 0, values.argmax(axis=1))
        chances = rounded.T if proba else [rounded[np.arange(len(best)), best]]
        return [lines.names(best, head.names, without), *(numbers(column, without) for column in chances)]
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    pairs = []
    for best in order.T:
        pairs.append(lines.names(best, head.names, without))
        pairs.append(numbers(rounded[np.arange(len(best)), best], without))
    return pairs


def _require(package: str) -> Any:
    """Imports a package that netconv does not depend on."""
    try:
        return import_module(package)
    except ImportError:
        raise NetconvError(f"a frame of {package} needs {package}: pip install {package}") from None
