"""ZIP archives that anybody may have written: their list of members is bounded before it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import FormatError

DIRECTORY = 8 << 20
"""The most bytes of the list of members, of which Python makes ten times as many."""


class _Bounded:
    """A file of which no more than DIRECTORY bytes are read at once while it `is_bounded`."""

    def __init__(self, file: IO[bytes], name: str):
        self._file, self._name, self.is_bounded = file, name, True

    def read(self, size: int = -1) -> bytes:
        if self.is_bounded and size > DIRECTORY:
            raise FormatError(
                f"{self._name}: the list of its members takes {size:,} bytes, and {DIRECTORY:,} are read at most"
            )
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def opened(source: Path | str | IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """A ZIP archive, given by its path or as a stream, to be read. `name` is its name for messages. Raises FormatError
    if it has too many members, and what `zipfile.ZipFile` raises."""
    with ExitStack() as stack:
        file = stack.enter_context(open(source, "rb")) if isinstance(source, Path | str) else source
        bounded = _Bounded(file, name)
        archive = stack.enter_context(zipfile.ZipFile(bounded))  # type: ignore[arg-type]
        bounded.is_bounded = False
        yield archive
