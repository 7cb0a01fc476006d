"""Sequences in one cell: texts, ids and numbers become the numbers that a model takes; vocabularies of texts."""

import numpy as np
import pytest
from encoded import encoded, refused, source, spec_of

from netconv import DataError, NetconvError
from netconv.features import encoded_table, transform
from netconv.features.description import describe
from netconv.features.encoding import Encoding, InputSpec
from netconv.features.sequence_columns import check_vocabularies
from netconv.features.sequence_description import describe_sequences, describe_vocabularies
from netconv.features.sequence_format import SequenceFormat, SequenceSpec
from netconv.features.sequence_rows import sized_for_rows, take_lengths
from netconv.features.table_options import TableOptions
from netconv.features.text_encoding import CellError, encoder_of
from netconv.features.vocabulary import format_from, format_of, read_vocabulary


def takes(length, ids=None, numbers=1, masked=False):
    """A classifier of two classes of a sequence."""
    width = None if length is None else length * numbers
    sequence = SequenceSpec(length, numbers, masked)
    return spec_of(width, 2, 2, (InputSpec("x", width, ids, sequence=sequence),))


def read(text, spec, **options):
    """The numbers of the rows of a table, their lengths, the encoding, and what was read."""
    rows, found = encoded(text, spec, **options)
    return numbers_of(rows, found)


def numbers_of(rows, found):
    columns = encoded_table.column_indices(found, rows.format, rows.file)[0]
    sized, counts = sized_for_rows(found, rows, columns), transform.CellCounts()
    x = transform.features(rows, sized, counts)
    lengths = take_lengths(x, sized)
    return x.tolist(), lengths, found, describe_sequences(found, counts.sequences)


def later(text, found, lenient=False):
    """A later table, read by an encoding."""
    [rows] = encoded_table.stream(source(text), found, lenient=lenient)
    return rows, numbers_of(rows, found)


IDS = "ids,label\n4 7,a\n9,b\n1 2 3,a\n"


def test_ids_of_a_fixed_length_are_padded_and_cut():
    x, lengths, found, lines = read(IDS, takes(2, (0, 9)))
    assert x == [[4, 7], [9, 0], [1, 2]] and lengths is None
    assert lines == ["sequences   ids: 3 rows of 1 to 3 ids; 1 padded to 2 with the id 0; 1 cut to 2"]
    assert describe(found)[2] == (
        "  ids       ids: ids 0 to 9 of an Embedding; 2 a row, shorter ones end with 0, longer ones are cut"
    )


def test_ids_that_count_from_1_are_padded_with_the_last():
    assert read(IDS, takes(2, (1, 9)))[0] == [[4, 7], [9, 9], [1, 2]]


def test_ids_of_any_length():
    x, lengths, found, lines = read(IDS, takes(None, (0, 9)))
    assert x == [[4, 7, 0], [9, 0, 0], [1, 2, 3]] and lengths.tolist() == [[2], [1], [3]]
    assert found.features[0].sequence.length is None and lines == ["sequences   ids: 3 rows of 1 to 3 ids"]


@pytest.mark.parametrize(
    "cells", [("1 2", "3"), ("1,2", "3"), ("[1, 2]", "[3]"), ("1; 2", "3;"), ("(1\t2)", " 3 ")], ids=str
)
def test_how_ids_may_be_written(cells):
    text = "ids,label\n" + "".join(f'"{cell}",{"ab"[number]}\n' for number, cell in enumerate(cells))
    assert read(text, takes(None, (0, 9)))[0] == [[1, 2], [3, 0]]


def test_ids_that_look_like_numbers():
    """`1 234` is a number with a group of digits in other tables; here all cells are."""
    text = "ids,label\n1 234,a\n2 567,b\n"
    assert read(text, takes(2, (0, 999)))[0] == [[1, 234], [2, 567]]
    rows, _ = encoded("ids,label\n1234,a\n2567,b\n", takes(None, (0, 9999)))
    assert not rows.texts.keys() - {1}  # numbers, one in each row


def test_a_later_block_in_which_all_cells_look_like_numbers():
    found = read(IDS, takes(2, (0, 999)))[2]
    assert later("ids\n1 234\n5 678\n", found)[1][0] == [[1, 234], [5, 678]]
    assert later("ids\n7\n8\n", found)[1][0] == [[7, 0], [8, 0]]


@pytest.mark.parametrize(
    "cell, message",
    [
        ("4 x", "'x' is not an id"),
        ("4 1.5", "'1.5' is not an id"),
        ("4 -1", "'-1' is not an id"),
        ("4 10", "10 is not an id; ids are integers from 0 to 9"),
        ("", "is a missing cell, and the net takes a sequence"),
        ("[]", "is a cell without a token"),
    ],
)
def test_cells_that_are_no_ids(cell, message):
    found = read(IDS, takes(2, (0, 9)))[2]
    with pytest.raises(DataError) as caught:
        [rows] = encoded_table.stream(source(f"ids,other\n1 2,u\n{cell},v\n"), found)
        numbers_of(rows, found)
    assert str(caught.value) == f"t.csv, line 3, column 'ids': {message}"
    rows, (x, *_) = later(f"ids,other\n1 2,u\n{cell},v\n3,w\n", found, lenient=True)
    assert rows.errors.mask.tolist() == [False, True, False] and x[0] == [1, 2] and x[2] == [3, 0]


SERIES = 's,label\n"0.5, 1, 1.5, 2",a\n"3;4",b\n'


def test_numbers_in_one_cell():
    x, lengths, found, _ = read(SERIES, takes(None, numbers=2))
    assert x == [[0.5, 1, 1.5, 2], [3, 4, 0, 0]] and lengths.tolist() == [[2], [1]]
    assert describe(found)[2] == "  numbers   s: sequences of 2 numbers a step; rows of any length"
    assert read("s,label\n1 2 3,a\n4 5 6,b\n", takes(3))[0] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "cell, spec, message",
    [
        ("1 2 3", takes(2), "has 3 numbers, and the net takes 2"),
        ("1 2 3", takes(None, numbers=2), "has 3 numbers, and a step of the net takes 2"),
        ("1 inf", takes(2), "'inf' is not a finite number"),
        ("1 nan", takes(2), "'nan' is not a finite number"),
        ("1 x", takes(2), "'x' is not a number"),
        ("1,5 2,5", takes(2),
         "'1,5 2,5' has commas within numbers: write decimal points, or commas between all"),
    ],
)  # fmt: skip
def test_cells_that_are_no_numbers(cell, spec, message):
    found = read("s,label\n1 2,a\n3 4,b\n", spec)[2]
    with pytest.raises(DataError) as caught:
        [rows] = encoded_table.stream(source(f's,other\n1 2,u\n"{cell}",v\n'), found)
        numbers_of(rows, found)
    assert str(caught.value) == f"t.csv, line 3, column 's': {message}"


def test_a_column_for_each_number_still_fills_a_sequence():
    x, _, found, lines = read("a,b,label\n1,2,x\n3,4,y\n", takes(2, (0, 9)))
    assert x == [[1, 2], [3, 4]] and lines == [] and not any(feature.sequence for feature in found.features)
    assert read("a,b,c,d,label\n1,2,3,4,x\n5,6,7,8,y\n", takes(2, numbers=2))[0] == [[1, 2, 3, 4], [5, 6, 7, 8]]


TEXTS = "text,label\nthe cat sat,a\nThe dog! The end,b\n"


@pytest.fixture
def words(tmp_path):
    def write(*lines):
        path = tmp_path / "words.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def test_words_of_a_vocabulary(words):
    file = words("the", "cat", "sat", "dog")
    x, _, found, lines = read(TEXTS, takes(4, (0, 9)), vocabulary=file)
    assert x == [[0, 1, 2, 4], [0, 3, 0, 4]]
    assert lines == [
        "sequences   text: 2 rows of 3 to 4 words; 1 padded to 4 with the id 4; 1 of 7 words not in the vocabulary, "
        "such as 'end': id 4"
    ]
    assert describe(found)[2:] == [
        "  words     text: 4 words, in lower case; the = 0, cat = 1, sat = 2, dog = 3; all others = 4; 4 a row, "
        "shorter ones end with 4, longer ones are cut"
    ]
    assert Encoding.load(found.dump(), "net") == found
    assert read(TEXTS, takes(4, (0, 9)), vocabulary={"text": ["the", "cat", "sat", "dog"]})[0] == x


def test_ids_of_a_vocabulary_count_from_the_lowest(words):
    assert read(TEXTS, takes(None, (1, 9)), vocabulary=words("the", "cat", "sat"))[0] == [[1, 2, 3, 0], [1, 4, 1, 4]]


def test_a_masked_id_is_that_of_no_word(words):
    x, _, found, _ = read(TEXTS, takes(4, (0, 9), masked=True), vocabulary=words("the", "cat", "sat"))
    assert x == [[1, 2, 3, 0], [1, 4, 1, 4]] and found.features[0].sequence.padding == 0
    x, *_ = read(TEXTS, takes(4, (0, 9), masked=True), vocabulary=words("", "[UNK]", "the", "cat", "sat"))
    assert x == [[2, 3, 4, 0], [2, 1, 2, 1]]


def test_words_that_stand_for_others():
    form = format_of(("the", "<unk>", "<PAD>", "Cat"), SequenceSpec(5), (0, 9), "words.txt")
    assert (form.unknown, form.padding, form.lower) == (1, 2, False)
    assert encoder_of(form, (0, 9))("the Cat cat").steps == [0, 3, 1]


def test_marks_count_if_the_vocabulary_has_any():
    with_marks, without = (
        encoder_of(format_of(tokens, SequenceSpec(None), (0, 9), ""), (0, 9))
        for tokens in (("no", "!", "don't", "top-ten"), ("no", "don't", "ten"))
    )
    assert with_marks("No! Don't, top-ten").steps == [0, 1, 2, 4, 3]
    assert without("No! Don't, top-ten").steps == [0, 1, 3, 2]


@pytest.mark.parametrize(
    "lines, message",
    [
        ((), "has no tokens: a vocabulary has one on each line"),
        (("a", "", "b"), "line 2: is empty: a vocabulary has a token on each line"),
        (("a", "b", "a"), "line 3: the token 'a' is on line 1, too"),
    ],
)
def test_files_that_are_no_vocabularies(lines, message, words):
    file = words(*lines)
    separator = ", " if message.startswith("line") else ": "
    with pytest.raises(DataError) as caught:
        read_vocabulary(file)
    assert str(caught.value) == f"{file}{separator}{message}"


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    def fails(file):
        with pytest.raises(DataError) as caught:
            read_vocabulary(file)
        return str(caught.value)

    assert fails(tmp_path / "no.txt") == f"{tmp_path / 'no.txt'}: No such file or directory"
    assert fails(tmp_path) == f"{tmp_path}: Is a directory"
    (tmp_path / "latin.txt").write_bytes(b"a\nb\n\xe9t\xe9\n")
    assert (
        fails(tmp_path / "latin.txt") == f"{tmp_path / 'latin.txt'}, line 3: is not UTF-8, which a vocabulary must be"
    )
    monkeypatch.setattr("netconv.features.vocabulary.LARGEST", 1 << 20)
    (tmp_path / "large.txt").write_bytes(b"a" * (1 << 20) + b"b")
    assert fails(tmp_path / "large.txt") == f"{tmp_path / 'large.txt'}: has more than 1 MiB, and is not a vocabulary"
    (tmp_path / "bom.txt").write_bytes("\ufeffa\r\nb \r\n".encode())
    assert read_vocabulary(tmp_path / "bom.txt") == ("a", "b")


def test_a_vocabulary_that_is_too_large(words):
    file = words(*map(str, range(11)))
    assert refused(TEXTS, takes(4, (0, 9)), vocabulary=file) == (
        f"{file}: has 11 tokens, and the Embedding of the net 10 ids, 0 to 9"
    )
    file = words(*map(str, range(10)))
    assert refused(TEXTS, takes(4, (0, 9), masked=True), vocabulary=file) == (
        f"{file}: has 10 tokens, and the Embedding of the net 10 ids, 0 to 9, of which 0 is for the padding"
    )


def test_a_vocabulary_without_room_for_other_words(words):
    file = words("the", "cat", "sat")
    spec = takes(3, (0, 2))
    found = read("text,label\nthe cat sat,a\ncat the sat,b\n", spec, vocabulary=file)[2]
    for text, message in (
        ("the dog sat", "'dog' is not in the vocabulary, which has no id for other words"),
        ("the cat",
         "has 2 tokens, and the net takes 3; the vocabulary has no id for the padding, which is that of a line <pad>"),
    ):  # fmt: skip
        rows, _ = later(f"text\n{text}\n", found, lenient=True)
        assert str(rows.errors.first[1]) == f"t.csv, line 2, column 'text': {message}"


@pytest.mark.parametrize(
    "ids, expected",
    [
        ((0, 9), ({"the": 2, "cat": 3, "dog": 4, "end": 5, "sat": 6}, 1, 0)),
        ((0, 3), ({"the": 2, "cat": 3}, 1, 0)),
        ((1, 9), ({"the": 1, "cat": 2, "dog": 3, "end": 4, "sat": 5}, 6, 6)),
        ((1, 3), ({"the": 1, "cat": 2}, 3, 3)),
    ],
)
def test_a_vocabulary_of_the_training_rows(ids, expected):
    counts = {"the": 3, "cat": 1, "sat": 1, "dog": 1, "end": 1}
    form = format_from(counts, 4, ids)
    assert (dict(zip(form.vocabulary, form.codes, strict=True)), form.unknown, form.padding) == expected
    form_of_rows = read(TEXTS, takes(4, ids))[2].features[0].sequence
    assert form_of_rows == form


def test_words_of_rows_that_are_not_trained_on_are_unknown():
    from netconv.features import schema_inference
    from netconv.inference import reading

    spec, options = takes(4, (0, 9)), TableOptions()
    table = reading.read_table(source(TEXTS), options, spec.heads)
    before = schema_inference.infer_encoding(table, spec, options)
    with pytest.raises(DataError) as caught:
        check_vocabularies(before, "t.csv")
    assert str(caught.value) == (
        "t.csv, column 'text': has words, and the net takes their ids: name the file of the vocabulary, whose first "
        "line is the word with the id 0, with vocabulary={'text': 'FILE'}"
    )
    after = transform.fit_statistics(before, table, np.array([True, False]))
    assert after.features[0].sequence.vocabulary == ("cat", "sat", "the")
    assert list(describe_vocabularies(before, after)) == [
        "vocabulary  text: the 3 words of the rows trained on (vocabulary={'text': 'FILE'} gives others)"
    ]


def test_more_texts_than_are_kept_apart(monkeypatch):
    """They are read again, block by block."""
    monkeypatch.setattr("netconv.tables.column_stats.MOST_TEXTS", 2)
    text = "text,label\n" + "".join(f"w{number} the,{'ab'[number % 2]}\n" for number in range(6))
    from netconv.features import schema_inference
    from netconv.inference import reading

    spec, options = takes(2, (0, 20)), TableOptions()
    table = reading.read_table(source(text), options, spec.heads)
    found = schema_inference.infer_encoding(table, spec, options)
    found = transform.fit_statistics(found, table, np.ones(6, bool))
    assert found.features[0].sequence.vocabulary == ("the", *(f"w{number}" for number in range(6)))
    parts = [transform.features(rows, found) for rows in table.whole_texts([0])]
    assert np.concatenate(parts).tolist() == [[3 + number, 2] for number in range(6)]


def test_which_column_has_the_texts():
    head = "id,text,stars,label\n"
    rows = "".join(f"r{n},the movie {n} was fine,{n % 5},{'ab'[n % 2]}\n" for n in range(30))
    found = read(head + rows, takes(None, (0, 50)))[2]
    assert [feature.name for feature in found.features] == ["text"]
    assert found.left_out == {"id": "row numbers, by its name", "stars": "not selected"}
    only = read("text,label\n" + "".join(f"movie {n} again,{'ab'[n % 2]}\n" for n in range(30)), takes(None, (0, 50)))
    assert [feature.name for feature in only[2].features] == ["text"]  # though its texts are all different
    both = "a,b,label\nx y,z w,k\nx x,w w,l\n"
    assert refused(both, takes(None, (0, 9))) == (
        "t.csv: which column has the sequences, 'a' or 'b'? Name it with columns="
    )
    assert [each.name for each in read(both, takes(None, (0, 9)), columns="b")[2].features] == ["b"]
    assert [each.name for each in read(both, takes(None, (0, 9)), vocabulary={"a": ["x"]})[2].features] == ["a"]


def test_options_that_do_not_fit(words):
    assert refused("a,b,label\n1,2,x\n3,4,y\n", takes(2), vocabulary=words("a")) == (
        "t.csv: no column has texts for an Embedding of the net: leave vocabulary out"
    )
    assert refused("a,b,label\n1,2,x\n3,4,y\n", takes(2), resize="fit") == (
        "t.csv: no column has images for the net: leave resize out"
    )
    assert refused(TEXTS, takes(2, (0, 9)), standardize=True) == (
        "t.csv, column 'text': standardize= is for columns of numbers, and this one has sequences"
    )
    assert refused(TEXTS, takes(2, (0, 9)), vocabulary=["a", "a"]) == (
        "the vocabulary, line 2: the token 'a' is on line 1, too"
    )
    with pytest.raises(NetconvError) as caught:
        TableOptions(vocabulary=3)
    assert str(caught.value) == (
        "vocabulary must be a file, a list of tokens, or a dictionary of these by columns; received 3"
    )


def test_bytes_and_characters():
    bytes_of = encoder_of(SequenceFormat("bytes", None), (1, 248))
    assert bytes_of("aé").steps == [98, 196, 170]
    form = SequenceFormat("characters", None, 1, ("a", "b"), (2, 3), None, 4, begin=1, end=4, lower=True)
    assert encoder_of(form, (1, 4))("AB").steps == [1, 2, 3, 4]
    with pytest.raises(CellError, match=r"^'c' is not in the vocabulary, which has no id for other characters$"):
        encoder_of(form, (1, 4))("ac")
