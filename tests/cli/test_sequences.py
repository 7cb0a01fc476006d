"""The commands on tables of texts: train, evaluate, predict through a pipe, inspect."""

import csv
import io
import json

import pytest
from click.testing import CliRunner
from sequences import BAD, GOOD, REST, pooling, sentences, table

from netconv.cli import main


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text(table(sentences(120)))
    (tmp_path / "words.txt").write_text("\n".join(["<pad>", *GOOD, *BAD, *REST]) + "\n")
    pooling(6).save(tmp_path / "net.keras")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_words_from_the_shell():
    done = run("train", "reviews.csv", "--vocabulary", "text=words.txt", "--epochs", 30)
    assert "  words     text: 21 words, in lower case; <pad> = 0, good = 1, great = 2" in done.stderr
    assert "; all others = 21; 6" in done.stderr and "with 0, longer ones are cut" in done.stderr
    assert "the id 0; " in done.stderr and " cut to 6" in done.stderr
    texts = "text\n" + "".join(f'"{text}"\n' for text, _ in sentences(30, seed=5, most=5))
    predicted = run("predict", "-m", "net-trained.keras", "--keep", "text", input=texts)
    rows = list(csv.DictReader(io.StringIO(predicted.stdout)))
    true = [label for _, label in sentences(30, seed=5, most=5)]
    assert [row["text"] for row in rows] == [text for text, _ in sentences(30, seed=5, most=5)]
    assert sum(row["class"] == label for row, label in zip(rows, true, strict=True)) >= 28
    evaluated = json.loads(run("evaluate", "reviews.csv", "--json").stdout)
    assert evaluated["metrics"]["accuracy"] >= 0.85  # some sentences are cut
    inspected = run("inspect", "net-trained.keras")
    assert "words     text: 21 words, in lower case; <pad> = 0" in inspected.stdout
    facts = json.loads(run("inspect", "net-trained.keras", "--json").stdout)
    form = facts["table"]["features"][0]["sequence"]
    assert form["vocabulary"][:2] == ["<pad>", "good"] and form["codes"][:2] == [0, 1] and form["length"] == 6


@pytest.mark.usefixtures("folder")
def test_messages_have_the_options_of_the_shell():
    done = run("evaluate", "reviews.csv", "-m", "net.keras", code=1)
    assert done.stderr.splitlines()[-1] == (
        "netconv: reviews.csv, column 'text': has words, and the net takes their ids: name the file of the vocabulary, "
        "whose first line is the word with the id 0, with --vocabulary text=FILE"
    )
    done = run("train", "reviews.csv", "--epochs", 1)
    assert "vocabulary  text: the 20 words of the rows trained on (--vocabulary text=FILE gives others)" in done.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("value", ["", "text="])
def test_vocabularies_without_a_file(value):
    done = run("train", "reviews.csv", "--vocabulary", value, code=2)
    assert f"{value!r} does not name a file, such as words.txt or text=words.txt" in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_vocabulary_is_not_written_over():
    done = run("predict", "reviews.csv", "-m", "net.keras", "--vocabulary", "words.txt", "-o", "words.txt", code=2)
    assert "words.txt: the command reads this file, and would write over it; choose another name" in done.stderr
