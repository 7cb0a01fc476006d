"""What a model says of the rows of a table, as they come."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from . import encoded, encoding, lines, table
from .columns import columns
from .dataset import found_sources, likely
from .encoding import Encoding, Needs
from .errors import NetconvError
from .figures import counted
from .files import replacing
from .finding import silent
from .models import (
    Opened,
    Say,
    class_names,
    inputs_of,
    known_encoding,
    loss_of,
    needs_of,
    open_model,
    outputs_of,
    overridden,
    plain_encoding,
    probabilities,
    tell_unseen,
)
from .reading import Reading
from .rows import Form, Rows
from .sources import Data, Source

if TYPE_CHECKING:
    import numpy as np

LARGEST = 4 << 20
"""Numbers a model takes, or gives, at once."""


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
                raise NetconvError("probabilities are of classes, and this net gives values")
            return lambda block: [lines.numbers(column, block.faulty) for column in block.values.T]
        if proba and top is not None:
            raise NetconvError("either the probabilities of all classes or the likeliest classes")

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


def predict(
    model,
    data: Data,
    *,
    raw: bool = False,
    errors: Literal["stop", "skip", "null"] = "stop",
    keep: tuple[str, ...] = (),
    say: Say = silent,
    **reading,
) -> Predictions:
    """What a model says of each row of a table, in order, in little memory however long the table is.

    `raw` gives what the model gives instead of probabilities of classes. `errors` says what becomes of a row at fault
    (ragged, text in a column of numbers, a missing cell or an unknown text that nothing stands for): "stop" raises its
    error after the rows before it, "skip" leaves it out, "null" gives no values for it; the last two warn at the end.
    `keep` names columns that are passed on as they stand. The other parameters are `evaluate`'s; a target column is
    left out. Raises NetconvError, also while the blocks are read.
    """
    opened, reading = open_model(model), Reading(**reading)
    data = found_sources(data, reading, "test", say)
    loss = loss_of(opened)
    needs = needs_of(opened, loss)
    known = known_encoding(opened, needs)
    known = known and overridden(known, reading)
    told = bool(needs.classes) and not raw

    def give(x: np.ndarray) -> np.ndarray:
        given = outputs_of(opened.model, inputs_of(opened.model, x, known.inputs if known else ()))
        if told:
            return probabilities(given, loss)
        return known.original(given) if known and not raw else given

    settled = all(None not in tensor.shape[1:] for tensor in opened.model.outputs)
    width = needs.classes if told else needs.outputs if settled else None
    blocks = _blocks(_rows(opened, needs, known, data, reading, keep, say), give, width, errors, say)
    first = next(blocks)
    width = first.values.shape[1]
    if needs.classes == width:
        names = class_names(known.classes if known else opened.classes, width)
    elif known and not needs.classes and len(known.targets) == width:
        names = known.targets
    else:
        names = _output_names(opened.model, width)
    return Predictions(names, told, chain([first], blocks), tuple(first.kept))


def _rows(
    opened: Opened,
    needs: Needs,
    known: Encoding | None,
    data: tuple[Source, ...],
    reading: Reading,
    keep: tuple[str, ...],
    say: Say,
) -> Iterator[tuple[Rows, np.ndarray, dict[str, Any]]]:
    """Rows, what the net takes of them, and the columns that are kept by name; the first may be no rows."""

    def kept_by(form: Form) -> dict[str, int]:
        own = form.names if form.header or not known or len(known.columns) != len(form.names) else known.columns
        return {own[place]: place for place in columns(own, keep, table.title(data))}

    options = {"keep": lambda form: frozenset(kept_by(form).values()), "lenient": True}
    if known:
        stream = encoding.stream(data, known, reading.header, **options)
    else:
        stream = table.stream(data, reading.header, **options)
    unseen: Counter[str] = Counter()
    used, most = known, max(1, LARGEST // max(needs.outputs, needs.features or 1))
    with closing(stream):  # a fault in the middle leaves no file open
        for number, whole in enumerate(stream):
            kept = kept_by(whole.form)
            if not len(whole):
                if number == 0:
                    yield whole, whole.numbers, {name: whole.kept[place] for name, place in kept.items()}
                continue
            if used is None:
                used = plain_encoding(table.of(whole, likely(data, reading)), needs, opened, reading, True, say)
            for rows in whole.parts(most):
                x = encoded.features(rows, used, unseen)
                yield rows, x, {name: rows.kept[place] for name, place in kept.items()}
    tell_unseen(unseen, say)


def _blocks(parts, give, width: int | None, errors: str, say: Say) -> Iterator[Block]:
    """What is given for rows; those at fault are dealt with as `errors` says. `width` is how many values a row has,
    where it is known before any is given."""
    import numpy as np
    import pyarrow as pa

    count, first, without = 0, None, 0
    for rows, x, kept in parts:
        good = ~rows.faults.mask
        bad = not good.all()
        if bad:
            count += int(np.count_nonzero(~good))
            first = first or rows.faults.first[1]
            if errors == "stop":
                good[int(good.argmin()) :] = False
        if good.any() or width is None:
            given = give((x[good] if bad else x) if good.any() else np.zeros((1, x.shape[1]), np.float32))
            width = given.shape[1]
        if not good.any():
            given = np.empty((0, width), np.float32)
        without += int(np.count_nonzero(np.isnan(given).any(axis=1)))
        if bad and errors == "null":
            values = np.full((len(rows), width), np.nan, np.result_type(given, np.float32))
            values[good] = given
            yield Block(values, ~good, kept)
            continue
        if bad:
            kept = {name: column.filter(pa.array(good)) for name, column in kept.items()}
        if not bad or errors == "skip" or len(given):
            yield Block(given, np.zeros(len(given), bool), kept)
        if bad and errors == "stop":
            raise first
    if count:
        done = "left out" if errors == "skip" else "without a prediction"
        say(f"warning: {counted(count, 'row')} at fault {done}; the first: {first}")
    if without:
        say(f"warning: the net gives no number (NaN) for {counted(without, 'row')}")


def _output_names(model, width: int) -> tuple[str, ...]:
    """A name for each value a row, by the model's outputs; one whose size is not known takes what is left."""
    sizes = [math.prod(tensor.shape[1:]) if None not in tensor.shape[1:] else None for tensor in model.outputs]
    left = width - sum(size or 0 for size in sizes)
    outputs = getattr(model, "output_names", None) or [model.layers[-1].name]  # a Sequential has none
    names = []
    for name, size in zip(outputs, sizes, strict=True):
        count = left if size is None else size
        names += [name] if count == 1 else [f"{name}_{n}" for n in range(1, count + 1)]
    return tuple(names)
