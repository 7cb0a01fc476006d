"""The options of tables in Python: texts in place of tuples, and wrong types."""

import pytest

import netconv
from netconv import NetconvError, TableOptions


def test_a_text_is_one_column_or_several():
    options = TableOptions(target="class", columns=["a", "b"], drop="c,d")
    assert (options.target, options.columns, options.drop) == (("class",), ("a", "b"), ("c,d",))


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"target": -1},
            "target must be a text or a tuple of texts, such as '-1' for columns by their number; received -1",
        ),
        (
            {"columns": [2, 3]},
            "columns must be a text or a tuple of texts, such as ('2', '3') for columns by their "
            "number; received [2, 3]",
        ),
        (
            {"drop": ("a", 1)},
            "drop must be a text or a tuple of texts, such as ('a', '1') for columns by their number; "
            "received ('a', 1)",
        ),
        ({"drop": 1.5}, "drop must be a text or a tuple of texts; received 1.5"),
        ({"input": "a=b"}, "input must be a dictionary of texts, such as {'image': 'pixel*'}; received 'a=b'"),
        ({"encode": {"a": 1}}, "encode must be a dictionary of texts, such as {'color': 'onehot'}; received {'a': 1}"),
        ({"encode": {"a": "code"}}, "the encoding of column 'a' must be onehot, codes or numbers; received 'code'"),
        ({"rescale": 2.0}, "rescale must be two numbers, the scale and the offset; received 2.0"),
        ({"rescale": ("1", 0)}, "rescale must be two numbers, the scale and the offset; received ('1', 0)"),
        ({"standardize": "yes"}, "standardize must be True, False or None; received 'yes'"),
        ({"standardize_target": 2}, "standardize_target must be True, False or None; received 2"),
        ({"encoding": 3}, "encoding must be the name of an encoding; received 3"),
        ({"delimiter": 3}, "delimiter must be one character; received 3"),
        ({"delimiter": "ab"}, "delimiter must be one character; received 'ab'"),
        ({"errors": "null"}, "errors must be 'stop' or 'skip'; received 'null'"),
        ({"skip_lines": "2"}, "skip_lines must be a number of lines; received '2'"),
        ({"skip_lines": -1}, "skip_lines must be a number of lines; received -1"),
        ({"skip_lines": True}, "skip_lines must be a number of lines; received True"),
        ({"rescale": (2.0, 1.0), "standardize": True}, "rescale= and standardize= exclude each other"),
    ],
)
def test_wrong_values(options, message):
    with pytest.raises(NetconvError) as caught:
        TableOptions(**options)
    assert str(caught.value) == message


def test_unknown_names_are_those_of_the_caller():
    def unknown(function, *arguments, **options):
        with pytest.raises(TypeError) as caught:
            function(*arguments, **options)
        return str(caught.value)

    assert unknown(netconv.train, "m", "d", epoch=3) == "train() has no option 'epoch'; did you mean 'epochs'?"
    message = "train() has no option 'validation_dat'; did you mean 'validation_data' or 'validation_split'?"
    assert unknown(netconv.train, "m", "d", validation_dat="v") == message
    assert unknown(netconv.evaluate, "m", "d", epochs=3) == "evaluate() has no option 'epochs'"
    message = "predict() has no option 'targets'; did you mean 'target'?"
    assert unknown(netconv.predict, "m", "d", targets="a") == message
    assert unknown(netconv.convert_file, "m", los="mse") == "convert_file() has no option 'los'; did you mean 'loss'?"


def test_a_header_is_there_or_not():
    with pytest.raises(NetconvError) as caught:
        TableOptions(header="yes")
    assert str(caught.value) == "header must be True, False or None; received 'yes'"
