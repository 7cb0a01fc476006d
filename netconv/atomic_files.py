"""Files that are written whole or not at all. Knows no format."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def check_writable(target: Path | str, size: int = 0) -> None:
    """Raises OSError, before hours of work, when a file of `size` bytes could not be written there after them."""
    target = Path(target)
    if target.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    with suppress(_Enough), replacing(target):
        raise _Enough
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise OSError(errno.ENOSPC, f"{free >> 20} MB are free, and the file takes {size >> 20} MB", str(target))


def reserve(name: Path, size: int) -> None:
    """Raises OSError unless a file of `size` bytes has room: HDF5 takes the process down where a disk is full."""
    if hasattr(os, "posix_fallocate"):
        with name.open("wb") as stream:
            try:
                os.posix_fallocate(stream.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                    raise
            stream.truncate(0)


class _Enough(Exception):
    """Nothing is to be written."""


@contextmanager
def replacing(target: Path | str) -> Iterator[Path]:
    """The name of a temporary file beside `target`, renamed to it when the block ends well, removed when it fails. What
    a link points at is replaced, not the link; a pipe or a device is written to."""
    target, place = Path(target), Path(os.path.realpath(target))
    special = target.exists() and not target.is_file() and not target.is_dir()
    folder = None if special else place.parent
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=target.suffix, dir=folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    os.close(handle)
    try:
        yield Path(name)
        if special:
            with open(name, "rb") as written, target.open("wb") as stream:
                shutil.copyfileobj(written, stream)
            os.remove(name)
            return
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, place)
    except BaseException as error:
        with suppress(OSError):
            os.remove(name)
        if isinstance(error, OSError) and error.errno and error.filename in (None, name):
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise


@contextmanager
def replacing_folder(target: Path | str) -> Iterator[Path]:
    """The name of a temporary, empty folder beside `target`, renamed to it when the block ends well, removed with what
    it has when it fails. A folder of that name is replaced: the caller has seen that it may be."""
    target, place = Path(target), Path(os.path.realpath(target))
    try:
        name = tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=place.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
    old = f"{name}.old"
    try:
        yield Path(name)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o777 & ~mask)
        if place.exists():
            os.rename(place, old)
        os.rename(name, place)
    except BaseException:
        if os.path.exists(old):
            os.rename(old, place)
        shutil.rmtree(name, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
