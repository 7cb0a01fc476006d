"""The command line: stdout and stderr, exit codes, pipes."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner
from nets import dense, draw, graph, null, op, write

from netconv.cli import main

CKD = Path(__file__).parents[2] / "fixtures" / "ckd"


def netconv(*arguments, **options):
    """Runs the command in a new process."""
    command = [sys.executable, "-m", "netconv", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, **options)


def fails(*arguments, code=1, **options):
    """The stderr of a command that fails and prints nothing to stdout."""
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    return done.stderr


def test_convert_prints_the_path_on_stdout_and_messages_on_stderr(tmp_path):
    for name in ("net.json", "net.params"):
        (tmp_path / name).write_bytes((CKD / name).read_bytes())
    done = netconv("convert", "net.json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == b"net.keras\n"
    assert done.stderr.decode().splitlines() == [
        "net.json: 6 layers from 7 nodes, 8 parameters copied from net.params",
        "input  Input (?, 24)",
        "output Output (?, 2)",
        "loss   sparse_categorical_crossentropy, because the net ends in softmax; targets are class numbers from 0; "
        "--loss overrides it",
        "optimizer adam, learning rate 0.001",
        "note: Input: shape (?, 24) inferred from the parameters",
        "note: Dropout with mode 'always' drops in training only, as Mathematica's layer does",
    ]
    assert sorted(os.listdir(tmp_path)) == ["net.json", "net.keras", "net.params"]


@pytest.mark.parametrize("command", ["convert", "inspect", "train", "evaluate", "predict"])
def test_every_command_names_the_parameters_that_a_net_does_not_use(tmp_path, command):
    net, arrays = dense(1)
    write(tmp_path, net, **arrays, out_weight=draw(4, 2))
    (tmp_path / "t.csv").write_text("a,b,c,y\n" + "1,2,3,4\n2,3,4,5\n" * 10)
    given = ["net.json"] if command in ("convert", "inspect") else ["t.csv", "-m", "net.json"]
    given += ["--epochs", "1", "-o", "trained.keras"] if command == "train" else []
    done = netconv(command, *given, cwd=tmp_path, text=True)
    assert done.returncode == 0, done.stderr
    printed = done.stdout if command == "inspect" else done.stderr
    note = "net.params: a parameter that the graph does not use: 'out_weight'"
    assert note in [line.removeprefix("note: ") for line in printed.splitlines()]


def test_the_model_goes_to_stdout_and_the_net_comes_from_stdin():
    done = netconv(
        "convert", "-", "-p", CKD / "net.params", "-o", "-", "--quiet", input=(CKD / "net.json").read_bytes()
    )
    assert done.returncode == 0 and done.stderr == b""
    assert done.stdout[:4] == b"PK\x03\x04"
    seen = netconv("inspect", "--json", "-", input=done.stdout)
    assert json.loads(seen.stdout)["elements"] == 638


def test_several_nets_convert_in_one_call(tmp_path):
    net, arrays = dense()
    write(tmp_path, net, "a", **arrays)
    write(tmp_path, net, "b", **arrays)
    done = CliRunner().invoke(main, ["convert", "--json", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [f["path"] for f in facts] == [str(tmp_path / "a.keras"), str(tmp_path / "b.keras")]
    assert facts[0]["loss"] == ["mean_squared_error"]


@pytest.mark.parametrize("others", [["net.json", "net.wlnet"], ["net.json", "./net-symbol.json"], ["net.json"] * 2])
def test_two_nets_that_would_be_converted_to_one_file(tmp_path, monkeypatch, others):
    monkeypatch.chdir(tmp_path)
    text = fails("convert", "missing.json", *others, code=2)
    assert text.splitlines()[-1] == (
        f"Error: {others[0]} and {others[1]} would both be converted to net.keras; convert each with its own -o"
    )


def test_options_of_keras_reach_the_model(tmp_path):
    net, arrays = dense()
    path = write(tmp_path, net, **arrays)
    options = ["--loss", "mean_absolute_error", "--optimizer", "sgd", "--learning-rate", "0.5", "--metric", "mse"]
    done = CliRunner().invoke(main, ["convert", str(path), *options])
    assert "loss   mean_absolute_error, as given" in done.stderr
    facts = json.loads(CliRunner().invoke(main, ["inspect", "--json", str(tmp_path / "net.keras")]).stdout)
    assert (facts["loss"], facts["optimizer"]) == ("mean_absolute_error", "SGD")


@pytest.mark.parametrize("arguments", [["--help"], ["ops", "conv"], ["inspect", "--help"]])
def test_help_and_the_list_of_ops_import_no_tensorflow(arguments):
    code = f"import sys; sys.argv[1:] = {arguments!r}; import netconv.cli, atexit\n"
    code += (
        "atexit.register(lambda: print([m for m in sys.modules if m in ('tensorflow', 'keras')], file=sys.stderr))\n"
    )
    code += "netconv.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "[]\n"


def test_an_unsupported_op_fails_before_keras_is_imported(tmp_path):
    path = write(tmp_path, graph(null("data"), op("Warp", "a", [0])))
    code = "import sys; from netconv.cli import main\ntry: main()\n"
    code += "finally: print([m for m in sys.modules if m in ('tensorflow', 'keras')], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, "convert", path], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"netconv: {path}: this op is not supported: Warp (1, first at node 'a')\n[]\n"


def test_nothing_but_the_result_is_on_stdout_if_python_has_no_ssl(tmp_path):
    """TensorFlow prints a traceback then."""
    code = "import sys; sys.modules['ssl'] = None; from netconv.cli import main; main()"
    arguments = ["convert", CKD / "net.json", "-o", tmp_path / "net.keras"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == f"{tmp_path}/net.keras\n"
    assert "Failed to load ssl module" in done.stderr


def test_a_model_without_some_of_its_weights_is_one_line(tmp_path):
    """And not Keras's warnings about it."""
    converted = netconv("convert", CKD / "net.json", "-o", tmp_path / "net.keras", "--quiet")
    assert converted.returncode == 0
    with zipfile.ZipFile(tmp_path / "net.keras") as whole, zipfile.ZipFile(tmp_path / "part.keras", "w") as part:
        content = io.BytesIO(whole.read("model.weights.h5"))
        with h5py.File(content, "r+") as file:
            for number in (0, 1):
                del file["layers"]["dense" + "_1" * number]["vars"]["0"]
        part.writestr("config.json", whole.read("config.json"))
        part.writestr("metadata.json", whole.read("metadata.json"))
        part.writestr("model.weights.h5", content.getvalue())
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    done = netconv("evaluate", "t.csv", "-m", "part.keras", cwd=tmp_path, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "netconv: part.keras: its config.json has a weight 'kernel' of shape (24, 20) in layer '2', and its "
        "model.weights.h5 does not\n"
    )


def test_a_closed_pipe_is_not_an_error(tmp_path):
    net, arrays = dense(200, 300)
    path = write(tmp_path, net, **arrays)
    command = f"{sys.executable} -m netconv convert {path} -o - --quiet | head -c 4 | wc -c"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True)
    assert done.stdout.strip() == b"4" and done.stderr == b"" and done.returncode == 0


def test_a_missing_file():
    assert fails("convert", "/nowhere/net.json") == "netconv: /nowhere/net.json: No such file or directory\n"
    assert fails("inspect", "/nowhere/net.json") == "netconv: /nowhere/net.json: No such file or directory\n"


def test_nothing_is_written_for_an_invalid_net(tmp_path):
    net, _ = dense()
    path = write(tmp_path, net, w=draw(2, 3), b=draw(7))
    text = fails("convert", path)
    assert text == "netconv: FullyConnected node 'fc': bias must have shape (2,); received (7,)\n"
    assert sorted(os.listdir(tmp_path)) == ["net.json", "net.params"]


def test_an_unwritable_output(tmp_path):
    text = fails("convert", CKD / "net.json", "-o", tmp_path / "no" / "x.keras", "--quiet")
    assert text == f"netconv: {tmp_path}/no/x.keras: No such file or directory\n"


def test_a_model_never_overwrites_its_net(tmp_path):
    net, arrays = dense()
    path = write(tmp_path, net, **arrays).rename(tmp_path / "net.keras")
    assert fails("convert", path) == (
        f"netconv: {path}: the model would be written over the net; choose another output\n"
    )
    assert json.loads(path.read_text())["nodes"]


def test_a_model_has_a_suffix_of_keras(tmp_path):
    text = fails("convert", CKD / "net.json", "-o", tmp_path / "net.txt", code=2)
    assert text.splitlines()[-1] == f"Error: {tmp_path}/net.txt: a model is a .keras or .h5 file"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["convert"], "Error: Missing argument 'NET...'."),
        (["convert", "a", "b", "-o", "c"], "Error: -p and -o need exactly one net; 2 were given"),
        (["convert", "-"], "Error: a net from stdin needs -o"),
        (["convert", "a", "--json", "-o", "-"], "Error: --json and -o - both write to stdout"),
        (
            ["convert", "a", "--learning-rate", "-1"],
            "Error: Invalid value for '--learning-rate': -1.0 is not in the range x>0.",
        ),
        (
            ["convert", "a", "--input-shape", "data=x"],
            "Error: Invalid value for '--input-shape': 'data=x' is not a shape such as data=?,3,224,224",
        ),
        (
            ["convert", "a", "--input-shape", "24"],
            "Error: Invalid value for '--input-shape': '24' does not name the input; write for example data=?,24",
        ),
    ],
)
def test_invalid_usage(arguments, text):
    assert fails(*arguments, code=2).splitlines()[-1] == text
