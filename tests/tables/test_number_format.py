"""Names that are shortened."""

from netconv.tables.number_format import shortened, shortened_apart


def test_a_name_is_one_line_without_control_characters():
    assert shortened("a\n b\tc") == "a b c" and shortened("") == " "
    assert shortened("red\x1b[31m \u202egnp.exe \ud800") == "red�[31m �gnp.exe �"
    assert shortened("a name that is longer than there is room for") == "a name that is longe…is room for"


def test_names_stay_different():
    assert shortened_apart(["a", "b", "b"]) == ["a", "b", "b"]
    names = [f"a name that is rather long, {n:03}, and ends alike in every case" for n in range(200)]
    labels = shortened_apart(names)
    assert labels[7] == "…long, 007, and ends…every case" and len(set(labels)) == 200
    assert max(map(len, labels)) <= 32
    nested = [f"{'x' * 40}{a}{'y' * 40}{b}{'z' * 40}" for a in "12" for b in "34"]
    assert len(set(shortened_apart(nested))) == 4 and len(set(shortened_apart(["a b", "a  b"]))) == 2
    assert shortened_apart([names[0], "short", names[1]])[1] == "short"
