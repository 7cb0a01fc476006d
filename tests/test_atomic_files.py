"""Files are written completely or not at all."""

import os
import threading

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
