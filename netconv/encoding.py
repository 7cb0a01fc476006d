"""Encodings: what a net takes of a table's rows and is to give for them.

What is learnt from a training table (columns, categories, fills, classes) is an `Encoding`: it is kept with the trained
model, and every later table is read by it. Knows rows and arrays, no Keras: a net is its `Needs`.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from . import table
from .errors import DataError, FormatError
from .figures import counted
from .reading import Reading
from .rows import NUMBER, Form, Rows, spelled
from .sources import Source

if TYPE_CHECKING:
    import numpy as np

TARGETS = ("label", "class", "target", "classification", "y", "labels", "classes", "diagnosis", "species", "outcome",
           "category", "result")  # fmt: skip
"""Names of a target column, the likelier first."""
IDS = frozenset({"id", "index", "idx", "no", "no.", "nr", "row", "rownames", "row_id", "rowid", "unnamed: 0"})
"""Names of a column that only counts rows."""


@dataclass(frozen=True)
class Needs:
    """What a net takes and gives a row: `features` numbers, None for any; `outputs` numbers; `classes`, how many
    classes these tell apart, 0 for a net that gives values."""

    features: int | None
    outputs: int
    classes: int


@dataclass(frozen=True)
class Feature:
    """A column that the net takes. `categories`, in the order of their codes, is empty for a column of numbers; a
    `onehot` feature takes a place for each category. `fill` stands for a missing cell; None refuses one."""

    name: str
    categories: tuple[str, ...] = ()
    onehot: bool = False
    fill: float | str | None = None

    @property
    def width(self) -> int:
        return len(self.categories) if self.onehot else 1


@dataclass(frozen=True)
class Encoding:
    """How rows become what a net takes and what it is to give: the `columns` of the training table and whether it had
    a `header`; the `features` in the net's order; the `targets` and their `classes` (none for values); what numbers
    are multiplied by (`scale`) and what is then added (`offset`)."""

    columns: tuple[str, ...]
    header: bool
    features: tuple[Feature, ...]
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    scale: float = 1.0
    offset: float = 0.0

    def dump(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @staticmethod
    def load(data: bytes, file: str) -> Encoding:
        """Raises FormatError."""
        try:
            facts = json.loads(data)
            columns, targets, classes = (tuple(map(str, facts[key])) for key in ("columns", "targets", "classes"))
            features = tuple(map(_feature_of, facts["features"]))
            if not {feature.name for feature in features} <= set(columns):
                raise ValueError
            scale, offset = float(facts["scale"]), float(facts["offset"])
            return Encoding(columns, bool(facts["header"]), features, targets, classes, scale, offset)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise FormatError(f"{file}: its member netconv/table.json is damaged") from None


def _feature_of(facts) -> Feature:
    categories, fill = tuple(map(str, facts["categories"])), facts["fill"]
    if fill is not None and categories and fill not in categories:
        raise ValueError
    return Feature(
        str(facts["name"]), categories, bool(facts["onehot"]), fill if fill is None or categories else float(fill)
    )


def silent(_line: str) -> None:
    """Says nothing."""


def fit(
    rows: Rows,
    needs: Needs,
    reading: Reading,
    classes: tuple[str, ...] = (),
    without_target: bool = False,
    say: Callable[[str], object] = silent,
) -> Encoding:
    """Finds the targets, their classes, and the features that the net takes; `fills` then adds what stands for missing
    cells.

    `classes` are the names of the classes when they are known. `without_target` allows a table that has none, for
    prediction. What was found out is given to `say`. Raises DataError.
    """
    names = rows.form.names
    chosen = columns(names, reading.target, rows.file)
    if not chosen:
        chosen = _find_targets(rows, needs, reading, without_target)
        for position in chosen:
            say(f"target: column {names[position]!r}" + ("" if without_target else " (--target names another)"))
    if chosen and len(chosen) != (1 if needs.classes else needs.outputs):
        raise DataError(
            f"{counted(len(chosen), 'target column')}, and the net gives {counted(needs.outputs, 'value')} a row: "
            "name as many with --target",
            rows.file,
        )
    features, dropped = _choose(rows, candidates(rows, reading, chosen), needs.features)
    for position in dropped:
        say(f"column {names[position]!r} is left out: it would be one feature too many")
    rows.finite([*chosen, *(names.index(feature.name) for feature in features if not feature.categories)])
    found = _classes(rows, chosen[0], needs, classes) if chosen and needs.classes else classes
    targets = tuple(names[position] for position in chosen)
    return Encoding(names, rows.form.header, features, targets, found, *(reading.rescale or (1.0, 0.0)))


def candidates(rows: Rows, reading: Reading, targets: list[int]) -> list[int]:
    """The positions of the columns that may be features."""
    names = rows.form.names
    given = columns(names, reading.columns, rows.file) if reading.columns else range(len(names))
    left = {*targets, *columns(names, reading.drop, rows.file)}
    return [position for position in given if position not in left]


def width(rows: Rows, reading: Reading) -> int:
    """How many features a table has, by its columns alone."""
    targets = columns(rows.form.names, reading.target, rows.file)
    found = candidates(rows, reading, targets)
    return len(found) - (not targets and len(found) == len(rows.form.names))


def columns(names: tuple[str, ...], wanted: tuple[str, ...], file: str) -> list[int]:
    """The positions of columns, each entry one of them or several separated by commas: a name, a number (from 1; -1 is
    the last), a range of numbers (2-5), a pattern (pixel*), or the name of an array of a file of arrays. Raises
    DataError."""
    parts = [part for entry in wanted for part in ([entry] if entry in names else entry.split(","))]
    return list(dict.fromkeys(place for part in parts for place in _positions(names, part.strip(), file)))


def _positions(names: tuple[str, ...], wanted: str, file: str) -> list[int]:
    if wanted in names:
        return [names.index(wanted)]
    if re.fullmatch(r"-?\d{1,9}", wanted) and 1 <= abs(int(wanted)) <= len(names):
        return [int(wanted) - 1 if int(wanted) > 0 else len(names) + int(wanted)]
    ends = re.fullmatch(r"(\d{1,9})-(\d{1,9})", wanted)
    if ends and 1 <= int(ends[1]) <= int(ends[2]) <= len(names):
        return list(range(int(ends[1]) - 1, int(ends[2])))
    pattern = re.compile(fnmatch.translate(wanted)) if re.search(r"[*?\[]", wanted) else of_array(wanted)
    found = [position for position, name in enumerate(names) if pattern.match(name)]
    if not found:
        raise DataError(f"has no column {wanted!r}; its columns are {_listed(names)}", file)
    return found


def of_array(name: str) -> re.Pattern[str]:
    """Matches the columns of an array, or of what was one: NAME.1, NAME_2 ..."""
    return re.compile(re.escape(name) + r"[._]\d+$")


def _listed(names) -> str:
    names = list(names)
    return ", ".join(names) if len(names) <= 40 else f"{', '.join(names[:20])}, ... {', '.join(names[-3:])}"


def _find_targets(rows: Rows, needs: Needs, reading: Reading, without_target: bool) -> list[int]:
    names = [name.lower() for name in rows.form.names]
    if without_target and needs.features == len(candidates(rows, reading, [])):
        return []
    for name in TARGETS:
        if name in names:
            return [names.index(name)]
    ends = [len(names) - 1, 0] if len(names) > 1 else []
    if needs.classes:
        kinds = {position: _kinds(rows, position, needs.classes) for position in ends}
        for wanted in (needs.classes, *range(needs.classes - 1, 1, -1)):
            for position in ends:
                if kinds[position] == wanted:
                    return [position]
    elif needs.outputs == 1 and ends and ends[0] not in rows.texts:
        return ends[:1]
    if without_target:
        return []
    raise DataError(f"which column is the target? Name it with --target: {_listed(rows.form.names)}", rows.file)


def _kinds(rows: Rows, position: int, most: int) -> int:
    """How many classes a column has; 0 if it does not look like classes."""
    import numpy as np

    if position in rows.texts:
        return len(rows.texts[position].values)
    values = np.unique(rows.numbers[:, position])
    values = values[~np.isnan(values)]
    whole = bool(len(values)) and bool((values == np.round(values)).all())
    if whole and values[0] >= 0 and values[-1] < most:
        return max(2, len(values)) if len(values) > 1 else 0
    return len(values) if whole else 0


def _choose(rows: Rows, positions: list[int], wanted: int | None) -> tuple[tuple[Feature, ...], list[int]]:
    """The features that make the width that the net wants, and what had to be left out for it."""
    features = {position: _feature(rows, position) for position in positions}
    spare = sorted((_no_feature(rows, position), position) for position in positions)
    spare = [position for rank, position in spare if rank]
    for dropped in ([], spare[:1], spare):
        left = set(dropped)
        kept = [features[position] for position in positions if position not in left]
        for onehot in (True, False):
            tried = tuple(replace(f, onehot=onehot and len(f.categories) > 2) for f in kept)
            if wanted is None or sum(f.width for f in tried) == wanted:
                for position in positions:
                    if position not in left and not _usable(rows, position):
                        _refuse(rows, position)
                return tried, dropped
    found = counted(len(positions), "feature")
    wide = sum(len(f.categories) if len(f.categories) > 2 else 1 for f in features.values())
    if wide != len(positions):
        found += f" ({wide:,} with text one-hot)"
    hint = "; --target names a column that is none" if len(positions) == len(rows.form.names) else ""
    listed = _listed(rows.form.names[position] for position in positions)
    raise DataError(f"{found} found, and the net takes {wanted:,}: {listed}{hint}", rows.file)


def _feature(rows: Rows, position: int) -> Feature:
    text = rows.texts.get(position)
    return Feature(rows.form.names[position], tuple(sorted(text.values)) if text else ())


def _no_feature(rows: Rows, position: int) -> int:
    """Why a column is no feature, the likeliest first: 1 its name says so, 2 it counts the rows, 3 it is empty; else
    0."""
    import numpy as np

    name, values = rows.form.names[position], rows.numbers[:, position]
    if name.lower() in IDS or name == f"column {position + 1}":
        return 1
    with np.errstate(invalid="ignore"):
        if position == 0 and len(values) > 2 and bool((np.diff(values) == 1).all()):
            return 2
    return 3 if position not in rows.texts and bool(np.isnan(values).all()) else 0


def _usable(rows: Rows, position: int) -> bool:
    text = rows.texts.get(position)
    return text is None or not (_stray(rows, position).any() or len(text.values) > max(50, len(rows) // 2))


def _stray(rows: Rows, position: int) -> np.ndarray:
    """Which cells of a column are no numbers while nearly all are (a mask of the rows)."""
    import numpy as np

    text = rows.texts[position]
    stray = np.array([not rows.form.is_number(value) for value in text.values] + [False])[text.codes]
    return stray & (stray.sum() <= 0.1 * (text.codes >= 0).sum())


def _refuse(rows: Rows, position: int) -> None:
    stray = _stray(rows, position)
    if stray.any():
        return rows.fault("{} is no number, and most cells of this column are", stray, position)
    count = len(rows.texts[position].values)
    raise DataError(
        f"{count:,} different texts in {len(rows):,} rows are no categories; leave the column out",
        rows.file,
        column=rows.form.names[position],
    )


def _classes(rows: Rows, position: int, needs: Needs, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the classes in the net's order."""
    import numpy as np

    if known:
        return known
    name, most = rows.form.names[position], needs.classes
    if position in rows.texts:
        values = sorted(rows.texts[position].values)
    else:
        numbers = np.unique(rows.numbers[:, position])
        numbers = numbers[~np.isnan(numbers)]
        if len(numbers) and numbers[0] >= 0 and numbers[-1] < most and (numbers == np.round(numbers)).all():
            return tuple(map(str, range(most)))
        values = [spelled(number) for number in numbers]
    if not values:
        raise DataError("the target column is empty", rows.file, column=name)
    if len(values) > most:
        shown = ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")
        raise DataError(f"{len(values):,} classes ({shown}), and the net tells {most:,}", rows.file, column=name)
    return tuple(values)


def _places(encoding: Encoding, form: Form, file: str) -> tuple[list[int], list[int]]:
    """Where a table has the features and the targets of an encoding; no targets if it has none."""
    names = [feature.name for feature in encoding.features]
    if form.header and encoding.header:
        places = {name: position for position, name in enumerate(form.names)}
        missing = [name for name in names if name not in places]
        if missing:
            raise DataError(
                f"{counted(len(form.names), 'column')} found, and of the {counted(len(names), 'feature')} that the "
                f"model takes these are missing: {_listed(missing)}",
                file,
            )
        targets = [places[t] for t in encoding.targets if t in places]
        return [places[name] for name in names], targets if len(targets) == len(encoding.targets) else []
    if len(form.names) == len(encoding.columns):
        places = {name: position for position, name in enumerate(encoding.columns)}
        targets = columns(encoding.columns, encoding.targets, file)
        return [places[name] for name in names], targets
    if len(form.names) == len(names):
        return list(range(len(names))), []
    raise DataError(
        f"{counted(len(form.names), 'column')} found, and the model takes {len(names):,} features "
        f"({_listed(names)}) or the {len(encoding.columns):,} columns of its training table",
        file,
    )


def _texts(encoding: Encoding, form: Form, file: str) -> frozenset[int]:
    """The positions of the columns that an encoding has as text."""
    features, targets = _places(encoding, form, file)
    text = {place for place, feature in zip(features, encoding.features, strict=True) if feature.categories}
    if encoding.classes and not all(map(NUMBER.match, encoding.classes)):
        text.update(targets)
    return frozenset(text)


def stream(sources: tuple[Source, ...], encoding: Encoding, header: bool | None = None, **options) -> Iterator[Rows]:
    """The rows of a table in blocks, read as the training table of `encoding` was; `options` are those of
    `table.stream`. Raises DataError."""
    return table.stream(sources, header, *_known(encoding, sources), **options)


def read(sources: tuple[Source, ...], encoding: Encoding, header: bool | None = None) -> Rows:
    """A whole table, read as the training table of `encoding` was. Raises DataError."""
    return table.read(sources, header, *_known(encoding, sources))


def _known(encoding: Encoding, sources: tuple[Source, ...]):
    return encoding.columns if encoding.header else (), partial(_texts, encoding, file=table.title(sources))


def fills(encoding: Encoding, rows: Rows, among) -> Encoding:
    """An encoding that knows what stands for missing cells: the median of a column of numbers, the most frequent
    category of a column of text, over the rows `among` (an index array)."""
    import numpy as np

    features = []
    for position, feature in zip(_places(encoding, rows.form, rows.file)[0], encoding.features, strict=True):
        if feature.categories:
            codes = rows.texts[position].codes[among]
            counts = np.bincount(codes[codes >= 0], minlength=1)
            by_name = dict(zip(rows.texts[position].values, counts.tolist(), strict=False))
            fill = max(feature.categories, key=lambda category: by_name.get(category, 0))
        else:
            values = rows.numbers[among, position]
            values = values[~np.isnan(values)]
            fill = float(np.median(values)) if len(values) else 0.0
        features.append(replace(feature, fill=fill))
    return replace(encoding, features=tuple(features))


def features(rows: Rows, encoding: Encoding, unseen: Counter | None = None):
    """What the net takes of rows: (rows, width) of float32, rescaled.

    A category that the training table did not have counts as a missing cell, and is counted by column in `unseen`.
    Raises DataError: text in a column of numbers, a missing cell where nothing stands for one.
    """
    import numpy as np

    places = _places(encoding, rows.form, rows.file)[0]
    x = np.empty((len(rows), sum(feature.width for feature in encoding.features)), np.float32)
    ends = np.cumsum([feature.width for feature in encoding.features]).tolist()
    numbers = [(p, end - 1, f) for p, end, f in zip(places, ends, encoding.features, strict=True) if not f.categories]
    if numbers:
        froms, tos = [p for p, _, _ in numbers], [to for _, to, _ in numbers]
        rows.finite(froms)
        values = rows.numbers[:, _run(froms)]
        texts = [(column, p, f) for column, (p, _, f) in enumerate(numbers) if p in rows.texts]
        if texts:
            values = values.copy()
            for column, position, feature in texts:
                values[:, column] = _numbered(rows, position, feature)
        missing = np.isnan(values)
        if rows.faults is not None:
            missing[rows.faults.mask] = False
        if missing.any():
            for column in np.flatnonzero(missing.any(axis=0)).tolist():
                position, _, feature = numbers[column]
                if feature.fill is None:
                    rows.fault("{} is a missing cell, and nothing learnt from a training table stands for it",
                               missing[:, column], position)  # fmt: skip
            fill = np.array([f.fill if f.fill is not None else np.nan for _, _, f in numbers], np.float32)
            values = np.where(missing, fill, values)
        if (encoding.scale, encoding.offset) != (1.0, 0.0):
            values = values * np.float32(encoding.scale) + np.float32(encoding.offset)
        x[:, _run(tos)] = values
    for place, end, feature in zip(places, ends, encoding.features, strict=True):
        if not feature.categories:
            continue
        codes = _coded(rows, place, feature.categories)
        if unseen is not None:
            unseen[feature.name] += int((codes == -2).sum())
        if (codes < 0).any():
            if feature.fill is None:
                rows.fault("{} is not known", codes < 0, place)
            code = 0 if feature.fill is None else feature.categories.index(feature.fill)
            codes = np.where(codes < 0, code, codes)
        if feature.onehot:
            x[:, end - feature.width : end] = codes[:, None] == np.arange(feature.width)
        else:
            x[:, end - 1] = codes
    return x


def _run(positions: list[int]):
    """A slice for neighbours, which copies several times faster."""
    if positions == list(range(positions[0], positions[0] + len(positions))):
        return slice(positions[0], positions[0] + len(positions))
    return positions


def _numbered(rows: Rows, position: int, feature: Feature) -> np.ndarray:
    """The numbers of a column of text, NaN for a missing cell and for one that is at fault."""
    import numpy as np

    text, form = rows.texts[position], rows.form
    with np.errstate(over="ignore"):
        values = np.array([form.number(value) for value in text.values] + [np.nan]).astype(np.float32)
    if np.isinf(values).any():
        rows.fault("{} is no finite number", np.isinf(values)[text.codes], position)
    bad = np.array([not form.is_number(value) for value in text.values] + [False])[text.codes]
    if bad.any():
        why = (
            "that was numeric in training"
            if feature.fill is not None
            else "that the net, untrained on such tables, takes as numbers"
        )
        rows.fault(f"{{}} is no number, in a column {why}", bad, position)
    return values[text.codes]


def _coded(rows: Rows, position: int, categories: tuple[str, ...]):
    """The codes of a column by `categories`: -1 for a missing cell, -2 for a text that is none of them."""
    import numpy as np

    known = {category: code for code, category in enumerate(categories)}
    if position in rows.texts:
        text = rows.texts[position]
        return np.array([known.get(value, -2) for value in text.values] + [-1], np.int32)[text.codes]
    values, inverse = np.unique(rows.numbers[:, position], return_inverse=True)
    return np.array([-1 if np.isnan(v) else known.get(spelled(v), -2) for v in values], np.int32)[inverse]


def targets(rows: Rows, encoding: Encoding):
    """What the net is to give: class numbers (rows,) of int32, -1 for a missing one; or values (rows, targets) of
    float32, NaN for a missing one. Raises DataError: no such column, an unknown class, text for a number."""
    import numpy as np

    places = _places(encoding, rows.form, rows.file)[1]
    if not places:
        raise DataError(f"has no target column {_listed(map(repr, encoding.targets))}", rows.file)
    if encoding.classes:
        codes = _coded(rows, places[0], encoding.classes)
        if not any(map(NUMBER.match, encoding.classes)):  # named classes may be numbered in the table
            numbered = _coded(rows, places[0], tuple(map(str, range(len(encoding.classes)))))
            codes = np.where(codes == -2, numbered, codes)
        if (codes == -2).any():
            known = ", ".join(encoding.classes[:20]) + (", ..." if len(encoding.classes) > 20 else "")
            raise rows.blame(f"unknown class {{}}; the classes are {known}", int(np.argmax(codes == -2)), places[0])
        return codes
    rows.finite(places)
    values = rows.numbers[:, places]
    for column, position in enumerate(places):
        if position in rows.texts:
            values[:, column] = _numbered(rows, position, Feature(rows.form.names[position], fill=0.0))
    return values
