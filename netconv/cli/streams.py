"""The standard streams of the program: what may be closed or full, and what of libraries must not get to stdout."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


def prepare() -> None:
    """Opens the streams.

    A closed one is as /dev/null: otherwise the next file that is opened would get its number, and what libraries print.
    Results have a number other than 1 besides, so that `quiet_keras` can keep from them what native code prints. Names
    of files that are not UTF-8 are written as the bytes that they are.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
            os.set_inheritable(number, True)
    codecs.register_error("names", _name_bytes)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it lasts as long as the process
    sys.stdout = _text(_Results(os.dup(1), "w"), sys.stdout, "names")
    sys.stderr = messages(2)


def messages(handle: int) -> TextIO:
    """A text stream for messages, encoded as stderr. What cannot be written is lost, as nobody can be told."""
    return _text(_Messages(handle, "w"), sys.stderr, "backslashreplace")


def is_apart(stream: TextIO) -> bool:
    """Whether a stream does not write to descriptor 1, to which native code prints."""
    try:
        return stream.fileno() != 1
    except OSError:  # it has no descriptor
        return True


def _text(raw: io.FileIO, like: Any, errors: str) -> TextIO:
    """A text stream with the encoding of another one, UTF-8 if it was closed."""
    encoding = getattr(like, "encoding", None) or "utf-8"
    by_line = isinstance(raw, _Messages) or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=by_line)


class _Results(io.FileIO):
    """Standard output, which errors name."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, "standard output") from None


class _Messages(io.FileIO):
    def write(self, data: Any) -> int:
        written = None
        with suppress(OSError):
            written = super().write(data)
        return len(data) if written is None else written


def _name_bytes(error: Any) -> tuple[bytes, int]:
    """The bytes of a file name that are not text, as Python has them; the code of another character that the encoding
    lacks."""
    text = error.object[error.start : error.end]
    for errors in ("surrogateescape", "backslashreplace"):
        try:
            return text.encode(error.encoding, errors), error.end
        except UnicodeError:
            continue
    raise error
