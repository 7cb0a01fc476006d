"""The options of tables in Python: texts in place of tuples, and wrong types."""

import pytest

from netconv import NetconvError, TableOptions
from netconv.features.table_options import read_options


def test_a_text_is_one_column_or_several():
    options = TableOptions(target="class", columns=["a", "b"], drop="c,d")
    assert (options.target, options.columns, options.drop) == (("class",), ("a", "b"), ("c,d",))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"target": 3}, "target must be a text or a tuple of texts; received 3"),
        ({"drop": ("a", 1)}, "drop must be a text or a tuple of texts; received ('a', 1)"),
        ({"input": "a=b"}, "input must be a dictionary of texts, such as {'image': 'pixel*'}; received 'a=b'"),
        ({"encode": {"a": 1}}, "encode must be a dictionary of texts, such as {'color': 'onehot'}; received {'a': 1}"),
        ({"encode": {"a": "code"}}, "the encoding of column 'a' must be onehot, codes or numbers; received 'code'"),
        ({"rescale": 2.0}, "rescale must be two numbers, the scale and the offset; received 2.0"),
        ({"rescale": (2.0, 1.0), "standardize": True}, "--rescale and --standardize exclude each other"),
    ],
)
def test_wrong_values(options, message):
    with pytest.raises(NetconvError) as caught:
        TableOptions(**options)
    assert str(caught.value) == message


def test_unknown_names_are_those_of_the_caller():
    with pytest.raises(TypeError) as caught:
        read_options("predict", {"targets": "a"})
    assert str(caught.value) == "predict() has no option 'targets'; did you mean 'target'?"
    with pytest.raises(TypeError) as caught:
        read_options("predict", {"x": "a"})
    assert str(caught.value) == "predict() has no option 'x'"


def test_a_header_is_there_or_not():
    with pytest.raises(NetconvError) as caught:
        TableOptions(header="yes")
    assert str(caught.value) == "header must be True, False or None; received 'yes'"
