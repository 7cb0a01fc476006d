"""Files that are written completely or not at all. Knows no format.

A file is made in a hidden folder beside it, `.netconv-` and eight characters, and renamed when it is complete. The
process that makes it holds a lock on a file in the folder (flock), which ends with the process however that ends: a
folder without a lock is what a killed process left, and the next one that writes there removes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = ".netconv-"
FOLDER = re.compile(rf"{re.escape(PREFIX)}[a-z0-9_]{{8}}")
LOCK, NEW, OLD = "lock", "new", "old"
"""In the folder: the file that is locked, the stem of the file that is made, the folder that is replaced."""


def check_writable(target: Path | str, size: int = 0) -> None:
    """Raises OSError, before hours of work, when a file of `size` bytes could not be written there after them."""
    target = Path(target)
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
    """The path of a file to make, with the suffix of `target`, renamed to it when the block ends well, removed when it
    fails; further files may be made beside it, and are removed. What a link points at is replaced, not the link; a pipe
    or a device is written to."""
    target, place = Path(target), Path(os.path.realpath(target))
    if place.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    special = target.exists() and not target.is_file()
    with _errors_of(target), scratch_folder(None if special else place.parent) as folder:
        name = folder / f"{NEW}{target.suffix}"
        yield name
        if special:
            with name.open("rb") as written, target.open("wb") as stream:
                shutil.copyfileobj(written, stream)
            return
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, place)


@contextmanager
def replacing_folder(target: Path | str) -> Iterator[Path]:
    """The path of an empty folder, renamed to `target` when the block ends well, removed with what it has when it
    fails. A folder of that name is replaced: the caller has seen that it may be."""
    target, place = Path(target), Path(os.path.realpath(target))
    with _errors_of(target), scratch_folder(place.parent) as folder:
        name, old = folder / NEW, folder / OLD / place.name
        name.mkdir()
        old.parent.mkdir()
        yield name
        os.chmod(name, 0o777 & ~_umask())
        if place.exists():
            os.rename(place, old)
        os.rename(name, place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _errors_of(target: Path) -> Iterator[None]:
    """Lets errors name the file that is written, and not the temporary ones."""
    try:
        yield
    except OSError as error:
        if error.errno and (error.filename is None or PREFIX in str(error.filename)):
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """A temporary folder in the folder `place`, None for the system's, removed at the end of the block. Those that
    killed processes left in `place` are removed first. Raises OSError."""
    place = Path(tempfile.gettempdir()) if place is None else place
    _remove_leftovers(place)
    folder, lock = _make_folder(place)
    try:
        yield folder
    finally:
        with suppress(OSError):
            _remove(folder)
        os.close(lock)


@contextmanager
def temporary_files() -> Iterator[None]:
    """While the block runs, the temporary files of this process, those that libraries make too, are in a folder that is
    removed at its end."""
    with ExitStack() as stack:
        with suppress(OSError):  # the system may have no place for them
            folder = stack.enter_context(scratch_folder())
            stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
            tempfile.tempdir = str(folder)
        yield


def temporary_place() -> Path:
    """The system's folder for temporary files."""
    folder = Path(tempfile.gettempdir())
    return folder.parent if FOLDER.fullmatch(folder.name) else folder


def _make_folder(place: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor of its locked file."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
        except FileNotFoundError:
            continue  # another process removed the folder before it had a lock
        except OSError:
            os.rmdir(folder)
            raise
        if _lock(lock) is not False and os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)


def _lock(handle: int) -> bool | None:
    """Whether the file could be locked; None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without
        return None
    return True


def _remove_leftovers(place: Path) -> None:
    """Removes the folders of this user that killed processes left."""
    if sys.platform == "win32":
        return
    try:
        with os.scandir(place) as entries:
            found = [entry for entry in entries if FOLDER.fullmatch(entry.name)]
    except OSError:  # it may be written to, but not read
        return
    for entry in found:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                _remove_if_unlocked(Path(entry.path))


def _remove_if_unlocked(folder: Path) -> None:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        os.rmdir(folder)  # only if it is empty: its process may be making the lock
        return
    try:
        if _lock(lock):
            _remove(folder)
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """Removes a folder, the lock last: without a lock it is empty. A folder that was to be replaced is put back if the
    new one did not come. Raises OSError."""
    for old in (folder / OLD).glob("*"):
        if not (folder.parent / old.name).exists():
            os.rename(old, folder.parent / old.name)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            elif entry.name != LOCK:
                os.remove(entry.path)
    os.remove(folder / LOCK)
    os.rmdir(folder)
