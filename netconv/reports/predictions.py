"""Predictions as CSV and JSON lines, block by block. Knows neither models nor tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..atomic_files import replacing
from ..errors import NetconvError
from ..tables import lines

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Block:
    """Rows: `values` is (rows, names), NaN in a row at fault, of which `faulty` is a mask; `kept` has the columns that
    are passed on by name, as Arrow arrays of text."""

    values: np.ndarray
    faulty: np.ndarray
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictions:
    """What a model says of a table's rows, block by block, to be read once. `names` are those of the classes or of the
    values; if `classes`, the values are their probabilities. `kept` names the columns that are passed on."""

    names: tuple[str, ...]
    classes: bool
    blocks: Iterator[Block]
    kept: tuple[str, ...] = ()

    def csv(self, proba: bool = False, top: int | None = None) -> Iterator[bytes]:
        """The rows as CSV in UTF-8, block by block, a header first: the columns that are kept; then class and
        probability; with `proba` class and the probabilities of all classes; with `top` so many classes and their
        probabilities, the likeliest first; for a net that gives values, these. A row at fault has empty cells. Raises
        NetconvError."""
        columns, head = self._columns(proba, top), lines.head(self._titles(proba, top))
        for block in self.blocks:
            cells = [lines.cells(column) for column in block.kept.values()] + [lines.cells(c) for c in columns(block)]
            yield head + lines.csv(cells)
            head = b""  # went out with the first rows: a table that cannot be read leaves nothing

    def json(self, proba: bool = False, top: int | None = None) -> Iterator[bytes]:
        """The same as JSON lines: `class` and `probability`, with `proba` `class` and `probabilities` by class, with
        `top` a list of classes and probabilities; or the values by name. A row at fault has null."""
        columns = self._columns(proba, top)
        for block in self.blocks:
            kept = list(zip(self.kept, map(lines.strings, block.kept.values()), strict=True))
            yield lines.json_lines(kept + self._fields(columns(block), proba, top))

    def _fields(self, given: list, proba: bool, top: int | None) -> list[tuple[str, Any]]:
        """The fields of JSON of the columns of a block."""
        if not self.classes:
            fields = zip(self.names, map(lines.finite, given), strict=True)
        elif top is not None:
            pairs = zip(map(lines.strings, given[::2]), map(lines.finite, given[1::2]), strict=True)
            objects = [lines.object_([("class", name), ("probability", chance)]) for name, chance in pairs]
            fields = [("top", lines.array(objects))]
        elif proba:
            chances = lines.object_(list(zip(self.names, map(lines.finite, given[1:]), strict=True)))
            fields = [("class", lines.strings(given[0])), ("probabilities", chances)]
        else:
            fields = [("class", lines.strings(given[0])), ("probability", lines.finite(given[1]))]
        return [(self._title(name), column) for name, column in fields]

    def write(
        self, target: Path | str | BinaryIO, json: bool = False, proba: bool = False, top: int | None = None
    ) -> None:
        """Writes the rows to a path, which holds all of them or is left as it was, or to a binary stream, as they come.
        Raises NetconvError, and OSError."""
        pieces = self.json(proba, top) if json else self.csv(proba, top)
        if hasattr(target, "write"):
            for piece in pieces:
                target.write(piece)
                target.flush()
            return
        with replacing(target) as name, name.open("wb") as stream:
            stream.writelines(pieces)

    def _titles(self, proba: bool, top: int | None) -> list[str]:
        if not self.classes:
            titles = list(self.names)
        elif top is not None:
            places = range(1, min(top, len(self.names)) + 1)
            titles = [f"{title}{f'_{n}' if n > 1 else ''}" for n in places for title in ("class", "probability")]
        else:
            titles = ["class", *(self.names if proba else ["probability"])]
        return [*self.kept, *map(self._title, titles)]

    def _title(self, name: str) -> str:
        """The name of a column of predictions, not that of one that is kept."""
        return f"predicted_{name}" if name in self.kept else name

    def _columns(self, proba: bool, top: int | None):
        """What gives the columns of a block."""
        import numpy as np

        if not self.classes:
            if proba or top is not None:
                raise NetconvError("probabilities are for classifiers, and this net predicts values")
            return lambda block: [lines.numbers(column, block.faulty) for column in block.values.T]
        if proba and top is not None:
            raise NetconvError("choose the probabilities of all classes or the most likely classes, not both")

        def columns(block: Block) -> list:
            rounded = lines.significant(block.values)
            without = block.faulty | np.isnan(rounded).any(axis=1)  # no class is likelier than another
            if top is None:
                best = np.where(without, 0, block.values.argmax(axis=1))
                given = rounded.T if proba else [rounded[np.arange(len(best)), best]]
                return [lines.names(best, self.names, without), *(lines.numbers(column, without) for column in given)]
            order = np.argsort(-block.values, axis=1, kind="stable")[:, :top]
            found = []
            for best in order.T:
                found.append(lines.names(best, self.names, without))
                found.append(lines.numbers(rounded[np.arange(len(best)), best], without))
            return found

        return columns
