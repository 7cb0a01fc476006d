"""Lines folded to the width of a terminal."""

import pytest

from netconv.cli.folding import folded

LINE = "  one-hot   color (2 missing = red): dark blue, green, light red; and nothing else"


def test_lines_that_fit_stay_as_they_are():
    text = f"{LINE}\nepochs      3\n"
    assert folded(text, 100) == text.rstrip("\n")


def test_what_commas_separate_stays_together_below_the_text():
    assert folded(LINE, 40).splitlines() == [
        "  one-hot   color (2 missing = red):",
        "            dark blue, green, light red;",
        "            and nothing else",
    ]


@pytest.mark.parametrize("label", ["    one-hot ", "left out    ", "            ", "features    "])
def test_labels(label):
    assert folded(f"{label}a, bb, ccc, dddd, eeeee, ffffff", 36).splitlines()[1] == f"{'':12}ffffff"


@pytest.mark.parametrize("line", ["warning: column 'a': " + "word " * 9, "7 rows left out in " + "words " * 9])
def test_other_lines_have_no_indent(line):
    parts = folded(line, 40).splitlines()
    assert len(parts) > 1 and all(len(part) <= 40 and part[0] != " " for part in parts)
    assert " ".join(parts) == line.strip()


def test_long_words_and_narrow_terminals():
    word = "x" * 60
    assert folded(f"numbers     a, {word}, b", 40).splitlines() == ["numbers     a,", f"{'':12}{word},", f"{'':12}b"]
    assert folded(LINE, 30) == LINE
