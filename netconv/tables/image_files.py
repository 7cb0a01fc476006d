"""Folders of images and single images as tables: a column `file`, and a column `class` if folders name the classes.

Knows the names of the files only; `features.image_decoding` reads them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ..errors import DataError
from .column_selection import list_names
from .number_format import pluralize
from .rows import ColumnRoles, RowLocation, Rows, TableFormat, Text

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
FILE, CLASS = "file", "class"
"""The columns."""
SPLITS = {
    "train": ("train", "training"),
    "test": ("test", "testing", "val", "valid", "validation"),
}
"""Names of folders that split images into those to train on and those to test on, the likelier first."""
CLASS_FOLDERS = (
    "the class of an image is the name of its folder (photos/cat/1.jpg), or is in a table with a file column"
)
BLOCK = 1 << 16
"""Files of a block of rows."""
SAMPLE = 10_000
"""Distinct texts of a column that decide what it holds."""
MOST_LEFT_OUT = 5
"""Names of other files that are listed."""


def is_image_name(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def are_image_names(texts: Collection[str]) -> bool:
    """Whether nine tenths of the distinct texts of a column are names of images."""
    some = list(islice(texts, SAMPLE))
    return bool(some) and sum(map(is_image_name, some)) >= 0.9 * len(some)


@dataclass(frozen=True)
class ImageFiles:
    """The paths of images; their `classes`, None where all are unknown and "" for one that is; `notes` on what was left
    out."""

    paths: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @staticmethod
    def joined(parts: Sequence[ImageFiles]) -> ImageFiles:
        """Several as one."""
        classes = None
        if any(part.classes is not None for part in parts):
            classes = tuple(name for part in parts for name in part.classes or ("",) * len(part.paths))
        paths = tuple(path for part in parts for path in part.paths)
        return ImageFiles(paths, classes, tuple(note for part in parts for note in part.notes))


def list_image(path: str) -> ImageFiles:
    """A single image. Raises DataError if there is no such file."""
    if not os.path.isfile(path):
        what = "is not a file" if os.path.exists(path) else f"cannot be read: {os.strerror(2)}"
        raise DataError(what, path)
    _check_name(path)
    return ImageFiles((path,))


def list_folder(folder: str, part: str) -> ImageFiles:
    """The images of a folder, sorted by path. Those in folders of it have the name of that folder as their class, at
    any depth. Of folders that only split the images into `train` and `test`, the one of this `part` is read. Hidden
    files and files that are not images are left out. Raises DataError if there are no images."""
    found = _Scan(folder)
    notes: tuple[str, ...] = ()
    if split := _split_folder(found, part):
        others = ", ".join(os.path.join(folder, name) for name in found.folders if name != split)
        notes = (f"its folder {split} is read, and not {others}",)
        folder = os.path.join(folder, split)
        found = _Scan(folder)
    if not found.paths:
        pattern = os.path.join(folder, "*.csv")
        raise DataError(
            f"has no images ({', '.join(SUFFIXES)}); tables are given as files, or by a pattern such as {pattern!r}",
            folder,
        )
    classes = tuple(found.classes) if any(found.classes) else None
    return ImageFiles(tuple(found.paths), classes, (*notes, *found.notes))


def _split_folder(found: _Scan, part: str) -> str | None:
    """The folder of a part, if all images are in folders with the names of parts."""
    names = {name.lower(): name for name in found.folders}
    known = [name for own in SPLITS.values() for name in own]
    if not found.paths or len(names) < 2 or not set(names) <= set(known) or not all(found.classes):
        return None
    return next((names[name] for name in SPLITS[part] if name in names), None)


class _Scan:
    """The images in a folder and the folders in it: their `paths`, sorted, and `classes`, the names of the folders in
    the first level; "" for those in the folder itself. Links are followed, each folder is read once."""

    def __init__(self, folder: str):
        self.paths: list[str] = []
        self.classes: list[str] = []
        self.others: list[str] = []
        self._hidden = 0
        self._seen: set[tuple[int, int]] = set()
        self._empty: list[str] = []
        self._read(folder)

    @property
    def folders(self) -> list[str]:
        """The folders in the first level that have images."""
        return sorted(set(filter(None, self.classes)))

    @property
    def notes(self) -> tuple[str, ...]:
        notes = []
        if self.others:
            more = f", ... ({len(self.others):,})" if len(self.others) > MOST_LEFT_OUT else ""
            notes.append(f"left out, as they are not images: {', '.join(self.others[:MOST_LEFT_OUT])}{more}")
        if self._hidden:
            notes.append(f"{pluralize(self._hidden, 'hidden file')} left out")
        if self._empty:
            notes.append(f"folders without images: {list_names(self._empty)}")
        return tuple(notes)

    def _read(self, top: str) -> None:
        waiting, first_level = [(top, "")], list[str]()
        while waiting:
            folder, class_ = waiting.pop()
            files, folders = self._entries(folder)
            for name in files:
                path = os.path.join(folder, name)
                if name.startswith("."):
                    self._hidden += 1
                elif is_image_name(name):
                    _check_name(path)
                    self.paths.append(path)
                    self.classes.append(class_)
                else:
                    self.others.append(os.path.relpath(path, top))
            waiting += [(os.path.join(folder, name), class_ or name) for name in reversed(folders)]
            if folder == top:
                first_level = folders
        self._empty = sorted(set(first_level).difference(self.classes))
        order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
        self.paths, self.classes = ([values[n] for n in order] for values in (self.paths, self.classes))
        self.others.sort()

    def _entries(self, folder: str) -> tuple[list[str], list[str]]:
        """The names of the files and of the folders in a folder, sorted; none if it was read before."""
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in self._seen:
                return [], []
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = sorted((entry.name, entry.is_dir()) for entry in entries)
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", folder) from None
        return (
            [name for name, is_folder in found if not is_folder],
            [name for name, is_folder in found if is_folder and not name.startswith(".")],
        )


def _check_name(path: str) -> None:
    """Raises DataError for a name that no table can hold."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError("its name is not UTF-8: rename it", repr(path)) from None


def stream(images: ImageFiles, file: str, roles_of: Callable[[TableFormat], ColumnRoles]) -> Iterator[Rows]:
    """The rows of images in blocks; `file` is their name for messages."""
    import numpy as np
    import pyarrow as pa

    names = (FILE,) if images.classes is None else (FILE, CLASS)
    format_ = TableFormat(",", ".", True, names, images.notes, images=True)
    kept = roles_of(format_).kept
    for start in range(0, len(images.paths), BLOCK):
        paths = images.paths[start : start + BLOCK]
        columns = [paths] if images.classes is None else [paths, images.classes[start : start + BLOCK]]

        def locate(row: int, start: int = start, columns=columns) -> RowLocation:
            return RowLocation(file, "row", start + row + 1, [column[row] for column in columns])

        numbers = np.full((len(paths), len(names)), np.nan, np.float32)
        texts = {index: _text(column) for index, column in enumerate(columns)}
        yield Rows(
            file, format_, numbers, texts, locate, {index: pa.array(columns[index], pa.string()) for index in kept}
        )


def _text(cells: Sequence[str]) -> Text:
    import numpy as np

    codes = {value: code for code, value in enumerate(filter(None, dict.fromkeys(cells)))}
    return Text(np.array([codes.get(cell, -1) for cell in cells], np.int32), tuple(codes))


def image_columns(rows: Rows) -> frozenset[int]:
    """The indices of the columns whose cells are names of images."""
    return frozenset(index for index, text in rows.texts.items() if are_image_names(text.values))


def resolved(rows: Rows, columns: frozenset[int], folder: str) -> Rows:
    """Rows of a file in a folder with the names of images in some columns as paths."""
    if not folder or not columns:
        return rows
    texts = dict(rows.texts)
    for index in columns & texts.keys():
        codes, values = texts[index]
        texts[index] = Text(codes, tuple(os.path.join(folder, v) if is_image_name(v) else v for v in values))
    return replace(rows, texts=texts)
