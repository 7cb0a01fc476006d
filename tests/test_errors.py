"""Messages spell options as their reader writes them."""

import io

import pytest
from click.testing import CliRunner
from models import model

from netconv import NetconvError, TableOptions
from netconv.cli import main
from netconv.errors import first_line, option, option_name, spelled_for_shell, stream_name


@pytest.mark.parametrize(
    "arguments, shell, python",
    [
        (("skip_lines",), "--skip-lines", "skip_lines="),
        (("skip_lines", 2), "--skip-lines 2", "skip_lines=2"),
        (("header", False), "--no-header", "header=False"),
        (("header", True), "--header", "header=True"),
        (("drop", "a"), "--drop a", "drop='a'"),
        (("columns", "*"), "--columns '*'", "columns='*'"),
        (("encode", {"a": "codes", "b": "onehot"}), "--encode a=codes --encode b=onehot",
         "encode={'a': 'codes', 'b': 'onehot'}"),
        (("input_shapes", {"data": (None, 1, 28)}), "--input-shape data=?,1,28",
         "input_shapes={'data': (None, 1, 28)}"),
        (("metrics",), "--metric", "metrics="),
        (("model",), "-m", "model="),
    ],
)  # fmt: skip
def test_options(arguments, shell, python):
    assert option(*arguments) == python
    with spelled_for_shell():
        assert option(*arguments) == shell
    assert option(*arguments) == python


def test_the_name_alone():
    assert option_name("skip_lines") == "skip_lines"
    with spelled_for_shell():
        assert option_name("skip_lines") == "--skip-lines"


def test_streams(tmp_path):
    assert stream_name(io.BytesIO()) == "the stream"
    path = tmp_path / "t.csv"
    path.write_text("")
    with path.open() as stream:
        assert stream_name(stream) == str(path)
    with spelled_for_shell():
        assert stream_name(io.BytesIO()) == "standard input"


def test_the_same_error_for_both(tmp_path):
    with pytest.raises(NetconvError) as caught:
        TableOptions(delimiter="::")
    assert str(caught.value) == "delimiter must be one character; received '::'"
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    net = tmp_path / "m.keras"
    model().save(net)
    done = CliRunner().invoke(main, ["predict", str(table), "-m", str(net), "--delimiter", "::"])
    assert (done.exit_code, done.stderr) == (1, "netconv: --delimiter must be one character; received '::'\n")
    with pytest.raises(NetconvError) as caught:
        TableOptions(delimiter="::")
    assert str(caught.value) == "delimiter must be one character; received '::'"


@pytest.mark.parametrize(
    "text, line",
    [
        ("\x1b[1mno such op\x1b[0m\nmore", "no such op"),
        ("Exception encountered when calling A.call().\n\n\x1b[1mCannot add:\x1b[0m\n3 and 4", "Cannot add: 3 and 4"),
        ("{{function_node __wrapped__Add_device_/job:localhost}} Must be equal: 3 and 4 [Op:Add] name: sum/",
         "Must be equal: 3 and 4"),
        ("{{function_node __wrapped__Reshape}} has 72 values [Op:Reshape]", "has 72 values"),
        ("", "ValueError"),
    ],
)  # fmt: skip
def test_the_first_line_of_an_error_of_another_library(text, line):
    assert first_line(ValueError(text)) == line
