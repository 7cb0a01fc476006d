"""Files are written completely or not at all."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from netconv import atomic_files


def write(target, text="new", error=None):
    with atomic_files.replacing(target) as name:
        name.write_text(text)
        if error:
            raise error


def test_a_complete_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(path, error=KeyboardInterrupt())
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]
    write(path)
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["a.txt"]


def test_the_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "there" / "a.txt")
    for text in ("one", "two"):
        write(link, text)
        assert link.is_symlink() and (tmp_path / "there" / "a.txt").read_text() == text
    assert os.listdir(tmp_path / "there") == ["a.txt"]


def write_folder(target, text="new", error=None):
    with atomic_files.replacing_folder(target) as name:
        (name / "a.txt").write_text(text)
        if error:
            raise error


def test_a_complete_folder_replaces_the_old_one(tmp_path):
    path = tmp_path / "a"
    write_folder(path, "old")
    with pytest.raises(KeyboardInterrupt):
        write_folder(path, error=KeyboardInterrupt())
    assert (path / "a.txt").read_text() == "old" and os.listdir(tmp_path) == ["a"]
    write_folder(path)
    assert (path / "a.txt").read_text() == "new" and os.listdir(tmp_path) == ["a"]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_folder_that_cannot_be_made(tmp_path):
    with pytest.raises(OSError) as caught:
        write_folder(tmp_path / "no" / "a")
    assert caught.value.filename == str(tmp_path / "no" / "a")


def test_a_pipe_is_written_to(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: read.append(pipe.read_text()))
    thread.start()
    write(pipe)
    thread.join(10)
    assert read == ["new"] and pipe.is_fifo() and os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name, message", [("no/a.txt", "No such file or directory"), (".", "Is a directory")])
def test_where_no_file_can_be_written(tmp_path, name, message):
    with pytest.raises(OSError) as caught:
        write(tmp_path / name)
    assert (caught.value.strerror, caught.value.filename) == (message, str(tmp_path / name))
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a system without it")
def test_a_device_is_written_to_and_stays_one():
    with pytest.raises(OSError) as caught:
        write("/dev/full")
    assert (caught.value.strerror, caught.value.filename) == ("No space left on device", "/dev/full")
    write("/dev/null")
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null") and not os.path.isfile("/dev/full")


def test_what_a_folder_replaces(tmp_path):
    """All of it, or nothing."""
    folder = tmp_path / "model"
    for text in ("old", "new"):
        with atomic_files.replacing_folder(folder) as name:
            (name / text).write_text(text)
        assert os.listdir(folder) == [text] and os.listdir(tmp_path) == ["model"]
    with pytest.raises(KeyboardInterrupt), atomic_files.replacing_folder(folder) as name:
        raise KeyboardInterrupt
    assert os.listdir(folder) == ["new"] and os.listdir(tmp_path) == ["model"]


def test_a_folder_is_put_back_if_the_new_one_does_not_come(tmp_path, monkeypatch):
    folder, rename = tmp_path / "model", os.rename
    folder.mkdir()
    (folder / "old").touch()

    def no_new(source, target):
        if source.name == atomic_files.NEW:
            raise OSError(5, "Input/output error", str(source))
        rename(source, target)

    monkeypatch.setattr(os, "rename", no_new)
    with pytest.raises(OSError) as caught, atomic_files.replacing_folder(folder):
        pass
    assert str(caught.value) == f"[Errno 5] Input/output error: '{folder}'"
    assert os.listdir(folder) == ["old"] and os.listdir(tmp_path) == ["model"]


WRITE = """
import sys
from netconv import atomic_files
with atomic_files.replacing(sys.argv[1]) as name:
    name.write_text("half")
    name.with_name("weights.h5").write_text("weights")
    print("writing", flush=True)
    sys.stdin.read()
"""


@contextmanager
def writer(target):
    """A process that has written half of a file."""
    command = [sys.executable, "-c", WRITE, target]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        yield process


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_there(tmp_path):
    with writer(tmp_path / "a.txt") as process:
        process.kill()
    [left] = os.listdir(tmp_path)
    assert left.startswith(".netconv-") and sorted(os.listdir(tmp_path / left)) == ["lock", "new.txt", "weights.h5"]
    write(tmp_path / "b.txt")
    assert os.listdir(tmp_path) == ["b.txt"]


def test_what_a_process_is_writing_is_left_to_it(tmp_path):
    with writer(tmp_path / "a.txt") as process:
        write(tmp_path / "a.txt")
        assert len(os.listdir(tmp_path)) == 2
        process.stdin.close()
    assert process.returncode == 0 and (tmp_path / "a.txt").read_text() == "half" and os.listdir(tmp_path) == ["a.txt"]


def test_what_only_looks_like_a_leftover_is_kept(tmp_path):
    named = {".netconv-notes", ".netconv-abcdefgh", ".netconv-12345678", ".netconv-87654321"}
    (tmp_path / ".netconv-notes").mkdir()
    (tmp_path / ".netconv-abcdefgh").write_text("a file")
    (tmp_path / ".netconv-12345678").symlink_to(tmp_path)
    (tmp_path / ".netconv-87654321" / "mine").mkdir(parents=True)
    write(tmp_path / "a.txt")
    assert {*os.listdir(tmp_path)} == {*named, "a.txt"}


def test_a_folder_whose_process_was_killed_before_it_had_a_lock(tmp_path):
    (tmp_path / ".netconv-abcdefgh").mkdir()
    write(tmp_path / "a.txt")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_whose_replacement_was_killed_is_put_back(tmp_path):
    """Killed between the two renames."""
    left = tmp_path / ".netconv-abcdefgh"
    (left / "old" / "model" / "variables").mkdir(parents=True)
    (left / "new").mkdir()
    (left / "lock").touch()
    write(tmp_path / "a.txt")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "model"] and os.listdir(tmp_path / "model") == ["variables"]


def test_processes_that_begin_at_once_do_not_take_each_other_for_dead(tmp_path):
    program = """
import sys
from netconv import atomic_files
for number in range(60):
    with atomic_files.replacing(sys.argv[1]) as name:
        name.write_text(sys.argv[2] * 1000)
"""
    command = [sys.executable, "-c", program, tmp_path / "a.txt"]
    processes = [subprocess.Popen([*command, text], stderr=subprocess.PIPE) for text in "abcd"]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [(b"", 0)] * 4
    assert len(set((tmp_path / "a.txt").read_text())) == 1 and os.listdir(tmp_path) == ["a.txt"]


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    """Nothing tells there whether a process lives: what it left is kept."""

    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    with writer(tmp_path / "a.txt") as process:
        process.send_signal(signal.SIGKILL)
    monkeypatch.setattr(atomic_files.fcntl, "flock", no_locks)
    write(tmp_path / "a.txt")
    assert len(os.listdir(tmp_path)) == 2 and (tmp_path / "a.txt").read_text() == "new"
