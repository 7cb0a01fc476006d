"""Folders of images and single images as tables."""

import os

import pytest
from pictures import write

from netconv import DataError
from netconv.tables import image_files, table
from netconv.tables.sources import sources

SUFFIXES = "(.png, .jpg, .jpeg, .gif, .bmp, .tif, .tiff, .webp)"


def read(*data, part="train"):
    """The cells of each column, and the notes."""
    read_table = table.read(sources([*map(str, data)], part=part))
    texts = read_table.rows(slice(None)).texts
    columns = {
        name: [None if code < 0 else texts[n].values[code] for code in texts[n].codes]
        for n, name in enumerate(read_table.format.names)
    }
    return columns, read_table.notes


def fails(*data, **options):
    with pytest.raises(DataError) as caught:
        read(*data, **options)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos/dog/2.png", "photos/dog/old/1.jpg", "photos/cat/1.PNG"):
        write(tmp_path / name)
    return tmp_path


def test_the_folder_of_an_image_is_its_class(folder):
    (folder / "photos/bird").mkdir()
    for name in ("notes.txt", ".DS_Store", "cat/._1.PNG", "dog/a.csv"):
        (folder / "photos" / name).write_text("x")
    columns, notes = read("photos")
    assert columns == {
        "file": ["photos/cat/1.PNG", "photos/dog/2.png", "photos/dog/old/1.jpg"],
        "class": ["cat", "dog", "dog"],
    }
    assert notes == (
        "photos: left out, as they are not images: dog/a.csv, notes.txt",
        "photos: 2 hidden files left out",
        "photos: folders without images: bird",
    )


def test_of_many_other_files_some_are_named(folder):
    for number in range(7):
        (folder / f"photos/{number}.txt").write_text("x")
    [note] = read("photos")[1]
    assert note == "photos: left out, as they are not images: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ... (7)"


def test_an_image_beside_the_folders_has_no_class(folder):
    write(folder / "photos/0.png")
    assert read("photos")[0]["class"] == [None, "cat", "dog", "dog"]


@pytest.mark.usefixtures("folder")
def test_images_have_no_class():
    assert read("photos/dog/old")[0] == {"file": ["photos/dog/old/1.jpg"]}
    assert read("photos/cat/1.PNG", "photos/dog/*.png")[0] == {"file": ["photos/cat/1.PNG", "photos/dog/2.png"]}


@pytest.mark.usefixtures("folder")
def test_images_and_folders_are_one_table():
    columns, _ = read("photos/cat/1.PNG", "photos")
    assert columns["class"] == [None, "cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("part", "names", "read_folder"),
    [
        ("train", ["test", "train"], "train"),
        ("test", ["test", "train", "val"], "test"),
        ("test", ["Train", "Validation"], "Validation"),
    ],
)
def test_folders_that_split_the_images(tmp_path, part, names, read_folder):
    for name in names:
        write(tmp_path / name / "cat/1.png")
    columns, [note] = read(tmp_path, part=part)
    assert columns == {"file": [str(tmp_path / read_folder / "cat/1.png")], "class": ["cat"]}
    others = ", ".join(str(tmp_path / name) for name in names if name != read_folder)
    assert note == f"{tmp_path}: its folder {read_folder} is read, and not {others}"


def test_a_class_may_be_called_test(tmp_path):
    for name in ("test", "control"):
        write(tmp_path / name / "1.png")
    assert read(tmp_path)[0]["class"] == ["control", "test"]


def test_links_are_followed_once(folder):
    os.symlink(folder / "photos/cat", folder / "photos/dog/cats")
    os.symlink(folder / "photos", folder / "photos/dog/all")
    assert len(read("photos")[0]["file"]) == 3


def test_a_folder_without_images(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    pattern = repr(str(tmp_path / "*.csv"))
    assert fails(tmp_path) == (
        f"{tmp_path}: has no images {SUFFIXES}; tables are given as files, or by a pattern such as {pattern}"
    )


def test_images_that_do_not_exist(tmp_path):
    (tmp_path / "d.png").mkdir()
    write(tmp_path / "d.png/1.png")
    assert fails(tmp_path / "no.png") == f"{tmp_path}/no.png: cannot be read: No such file or directory"
    assert read(tmp_path / "d.png")[0] == {"file": [f"{tmp_path}/d.png/1.png"]}
    os.mkfifo(tmp_path / "pipe.png")
    assert fails(tmp_path / "pipe.png") == f"{tmp_path}/pipe.png: is not a file"


def test_a_name_that_is_not_utf8(tmp_path):
    os.rename(write(tmp_path / "a.png"), os.fsencode(tmp_path) + b"/\xff.png")
    path = repr(f"{tmp_path}/\udcff.png")
    assert fails(tmp_path) == f"{path}: its name is not UTF-8: rename it"


@pytest.mark.usefixtures("folder")
def test_images_beside_a_table(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert fails("photos", "t.csv") == "t.csv: images and tables cannot be read as one table"


@pytest.mark.usefixtures("folder")
def test_labels_are_for_arrays():
    with pytest.raises(DataError) as caught:
        sources("photos", labels="labels.idx")
    assert str(caught.value) == f"photos: labels= is for a file of arrays; {image_files.CLASS_FOLDERS}"


def test_an_image_with_another_name(tmp_path):
    for suffix, kind in (("png", "PNG"), ("jpg", "JPEG")):
        write(tmp_path / f"a.{suffix}").rename(tmp_path / "a.dat")
        assert fails(tmp_path / "a.dat") == (
            f"{tmp_path}/a.dat: is a {kind} image: give it as a file whose name ends in .png or .jpg"
        )


def test_names_in_a_table_are_relative_to_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, cells in (("a", "1.png\n/b/2.png\n"), ("c", "sub/3.JPEG\n?\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text("file\n" + cells)
    assert read("a/t.csv", "c/t.csv")[0] == {"file": ["a/1.png", "/b/2.png", "c/sub/3.JPEG", None]}


def test_other_text_is_kept(tmp_path):
    (tmp_path / "t.csv").write_text("name\na.png\nb\nc\n")
    assert read(tmp_path / "t.csv")[0]["name"] == ["a.png", "b", "c"]


def test_more_images_than_texts_are_kept_apart(monkeypatch, tmp_path):
    monkeypatch.setattr("netconv.tables.column_stats.MOST_TEXTS", 2)
    (tmp_path / "t.csv").write_text("file\n" + "".join(f"/{n}.png\n" for n in range(5)))
    assert read(tmp_path / "t.csv")[0]["file"] == [f"/{n}.png" for n in range(5)]


def test_many_images_are_read_in_blocks(monkeypatch, folder):
    monkeypatch.setattr("netconv.tables.image_files.BLOCK", 2)
    columns, _ = read("photos")
    assert columns["class"] == ["cat", "dog", "dog"]
    location = table.read(sources(str(folder / "photos"))).locate(2)
    assert (location.unit, location.number, location.cells[1]) == ("row", 3, "dog")
