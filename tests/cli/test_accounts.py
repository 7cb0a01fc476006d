"""What the commands print about a table, and untrained nets whose shapes depend on it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from models import model

from netconv.cli import main
from netconv.keras_files import archive

FIXTURES = Path(__file__).parents[2] / "fixtures"


def perceptron(path, classes=2, inputs=("data",)):
    """An untrained net of one hidden layer, with any number of inputs and features."""
    nodes = [{"op": "null", "name": name, "inputs": []} for name in inputs]
    last = 0
    if len(inputs) > 1:
        attributes = {"num_args": str(len(inputs)), "dim": "1"}
        nodes.append({"op": "Concat", "name": "all", "attrs": attributes,
                      "inputs": [[n, 0, 0] for n in range(len(inputs))]})  # fmt: skip
        last = len(nodes) - 1
    for name, units in (("one", 4), ("two", classes)):
        first = len(nodes)
        nodes += [{"op": "null", "name": f"{name}_{part}", "inputs": []} for part in ("weight", "bias")]
        nodes.append({"op": "FullyConnected", "name": name, "attrs": {"num_hidden": str(units)},
                      "inputs": [[last, 0, 0], [first, 0, 0], [first + 1, 0, 0]]})  # fmt: skip
        last = first + 2
    nodes.append({"op": "softmax", "name": "out", "inputs": [[last, 0, 0]]})
    arguments = [index for index, node in enumerate(nodes) if node["op"] == "null"]
    graph = {"nodes": nodes, "arg_nodes": arguments, "heads": [[len(nodes) - 1, 0, 0]],
             "attrs": {"mxnet_version": ["int", 10900]}}  # fmt: skip
    Path(path).write_text(json.dumps(graph))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with an untrained net."""
    monkeypatch.chdir(tmp_path)
    perceptron("net.json")
    return tmp_path


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def train(*arguments):
    """The lines about the table."""
    lines = run("train", "t.csv", "--epochs", 1, *arguments).stderr.splitlines()
    return [line for line in lines if not line.startswith(("model", "rows", "classes", "epoch", "validation"))]


def refused(*arguments):
    return run(*arguments, code=1).stderr.splitlines()[-1]


CARS = '"","mpg","gear","kind"\n' + "".join(
    f'"{n}",{n * n % 37}.5,"{("manual", "auto", "cvt")[n % 3]}","{"xy"[n % 2]}"\n' for n in range(1, 41)
)
"""As R's write.csv writes a table."""


@pytest.mark.usefixtures("folder")
def test_a_table_of_r_and_a_net_of_any_width():
    Path("t.csv").write_text(CARS)
    described = [
        "target      kind: x = 0, y = 1",
        "features    2 columns, 4 numbers, in this order:",
        "  numbers   mpg",
        "  one-hot   gear: auto, cvt, manual",
        "left out    row.names (row names)",
    ]
    hints = {0: ("kind", "kind (--target names another)"), 1: ("numbers,", "numbers (--columns names others),")}
    printed = [line.replace(*hints.get(index, ("", ""))) for index, line in enumerate(described)]
    assert [line for line in train() if not line.startswith("advice")] == [
        "no parameter file: untrained, initial weights drawn with seed 0",
        "data: shape (?, 4) inferred from the data",
        *printed[:-1],
        printed[-1] + "; --columns '*' uses every column",
    ]
    assert run("inspect", "net-trained.keras").stdout.splitlines()[-5:] == described
    facts = json.loads(run("inspect", "net-trained.keras", "--json").stdout)
    assert facts["table"]["left_out"] == {"row.names": "row names"}
    assert [feature["name"] for feature in facts["table"]["features"]] == ["mpg", "gear"]
    assert run("evaluate", "t.csv").stderr.splitlines()[1:] == [
        "features    2 columns, read as in training", "not used    row.names",
        "note        the model was trained on 32 of the 40 rows: --held-out takes only the others",
    ]  # fmt: skip


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "options, width",
    [
        (["--drop", "gear"], 1),
        (["--drop", "gear,mpg", "--columns", "1"], 1),
        (["--columns", "1-2"], 2),
        (["-t", "kind", "--encode", "gear=codes"], 2),
        (["--encode", "gear=codes", "--drop", "mpg"], 1),
        (["--input", "data=mpg"], 1),
        (["--input", "data=gear"], 3),
    ],
)
def test_options_decide_the_shape(options, width):
    Path("t.csv").write_text(CARS)
    assert f"data: shape (?, {width}) inferred from the data" in train(*options)


@pytest.mark.usefixtures("folder")
def test_inputs_decide_the_shapes_of_a_net_of_several():
    perceptron("net.json", inputs=("engine", "other"))
    Path("t.csv").write_text(CARS)
    for options in (["--input", "engine=mpg", "--input", "other=gear"], ["--input", "engine=mpg"]):
        lines = train(*options)
        assert lines[1:3] == [
            "engine: shape (?, 1) inferred from the data",
            "other: shape (?, 3) inferred from the data",
        ]
        assert lines[4:9] == [
            "features    2 columns, 4 numbers, in this order:",
            "  input     engine, 1 number a row:",
            "    numbers mpg",
            "  input     other, 3 numbers a row:",
            "    one-hot gear: auto, cvt, manual",
        ]
    message = refused("train", "t.csv", "-o", "t.keras", "--input", "engine=mpg", "--input", "color=gear")
    assert message == "netconv: t.csv: the net has no input 'color'; its inputs are engine, other"


@pytest.mark.usefixtures("folder")
def test_columns_named_after_the_inputs_decide_their_shapes():
    perceptron("net.json", inputs=("engine", "other"))
    rows = "".join(f"{n / 4},{'uvw'[n % 3]},{n % 5},{'pq'[n % 2]}\n" for n in range(20))
    for names in ("other.1,engine,other.2,label", "others,engine,color,label"):
        Path("t.csv").write_text(names + "\n" + rows)
        if "others" in names:
            message = refused("train", "t.csv", "-m", "net.json")
            assert message.startswith("netconv: net.json: the size of axis 1 of input 'engine' of shape (?, ?)")
            continue
        lines = train("-m", "net.json")
        assert lines[1:9] == [
            "engine: shape (?, 3) inferred from the data",
            "other: shape (?, 2) inferred from the data",
            "target      label (--target names another): p = 0, q = 1",
            "features    3 columns, 5 numbers (--columns names others), in this order:",
            "  input     engine, 3 numbers a row:",
            "    one-hot engine: u, v, w",
            "  input     other, 2 numbers a row:",
            "    numbers other.1, other.2",
        ]


@pytest.mark.usefixtures("folder")
def test_the_target_is_what_the_net_predicts_not_what_is_last():
    perceptron("net.json", classes=3)
    Path("t.csv").write_text("gear,b,c\n" + "".join(f"{'xyz'[n % 3]},{n / 7},{n / 3}\n" for n in range(30)))
    lines = train()
    assert lines[1:3] == [
        "data: shape (?, 2) inferred from the data",
        "target      gear (--target names another): x = 0, y = 1, z = 2",
    ]


@pytest.mark.usefixtures("folder")
def test_shapes_and_parameters_are_given_as_for_convert():
    Path("t.csv").write_text("a,b,label\n" + "".join(f"{n / 7},{n % 3},{n % 2}\n" for n in range(30)))
    message = (
        "netconv: net.json: the size of axis 1 of input 'data' of shape (?, ?) cannot be inferred; give for example "
        "--input-shape data=?,10"
    )
    for command in ("evaluate", "predict"):
        assert refused(command, "t.csv") == message
        done = run(command, "t.csv", "--input-shape", "data=?,2")
        assert "target      label" in done.stderr and done.stdout
    assert refused("evaluate", "t.csv", "--input-shape", "data=?,3") == (
        "netconv: t.csv: 2 features found, and the net takes 3: a, b"
    )
    assert "target      label (--target names another): class numbers 0 to 1" in train("--input-shape", "data=?,2")
    for name in ("net.json", "net.params"):
        shutil.copy(FIXTURES / "ckd" / name, f"other.{name}")
    shutil.copy(FIXTURES / "kidney.csv", "k.csv")
    run("train", "k.csv", "-m", "other.net.json", "-p", "other.net.params", "--epochs", 1)
    for option, value in (("--params", "x.params"), ("--input-shape", "data=?,2")):
        message = (
            f"netconv: {option} is for a net (net.json), and a Keras model has its shapes and weights; leave it out"
        )
        assert refused("predict", "t.csv", "-m", "net-trained.keras", option, value) == message
        assert refused("inspect", "net-trained.keras", option, value) == message


@pytest.mark.usefixtures("folder")
def test_a_misspelt_table_is_named_before_the_model():
    perceptron("other.json")
    for command in ("train", "evaluate", "predict"):
        for arguments in ([], ["-m", "no.keras"]):
            message = "netconv: tabel.csv: cannot be read: No such file or directory"
            assert refused(command, "tabel.csv", *arguments) == message
            Path("t.csv").write_text("a,b\n1,2\n")
            assert refused(command, "t.csv", "--labels", "tabel.csv", *arguments) == message
    assert refused("train", "t.csv", "--validation-data", "tabel.csv") == message


@pytest.mark.usefixtures("folder")
def test_encode_is_for_training():
    archive.save(model(), "net.keras")
    Path("t.csv").write_text("a,b,label\n" + "".join(f"{n / 7},{n % 3},{n % 2}\n" for n in range(30)))
    assert refused("evaluate", "t.csv", "--encode", "a=codes") == (
        "netconv: categories are computed in training, and the model was not trained on a table: leave --encode out"
    )
    train("-m", "net.keras")
    assert refused("evaluate", "t.csv", "--encode", "a=codes") == (
        "netconv: a trained model reads a table as in training: leave --encode out"
    )
    done = run("train", "t.csv", "--encode", "a=code", code=2)
    assert done.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--encode': 'a=code' is not columns and onehot, codes or numbers, such as "
        "color=onehot"
    )


@pytest.mark.usefixtures("folder")
def test_a_text_is_not_listed_among_the_numbers_of_an_untrained_model():
    archive.save(model(), "net.keras")
    Path("t.csv").write_text("a,b,label\n" + "".join(f"{n / 7},{'xyz'[n % 3]},{n % 2}\n" for n in range(30)))
    message = (
        "t.csv, line 2, column 'b': 'x' is not a number, and this model has no encodings, as it was not trained by "
        "`netconv train`: it takes numbers only"
    )
    model_line = "model: net.keras (-m names another)"
    assert run("evaluate", "t.csv", code=1).stderr.splitlines() == [model_line, f"netconv: {message}"]
    done = run("predict", "t.csv", code=1)
    assert done.stderr.splitlines() == [model_line, f"netconv: {message}; --errors skip or null continues"]


@pytest.mark.usefixtures("folder")
def test_inputs_that_take_all_columns_settle_the_shapes():
    perceptron("net.json", inputs=("engine", "other"))
    rows = "".join(f"{n / 4},{'uvw'[n % 3]},{'pq'[n % 2]}\n" for n in range(20))
    Path("t.csv").write_text("mpg,color,label\n" + rows)
    lines = train("--input", "engine=mpg", "--input", "other=color")
    assert lines[1:3] == ["engine: shape (?, 1) inferred from the data", "other: shape (?, 3) inferred from the data"]
    assert refused("train", "t.csv", "-m", "net.json", "--input", "engine=mpg,color") == (
        "netconv: t.csv: no column is left as a feature, and the input 'other' takes one or more"
    )
    Path("t.csv").write_text("x\n1\n2\n")
    perceptron("net.json")
    message = "netconv: t.csv: no column is left as a feature, and the net takes one or more"
    assert refused("train", "t.csv", "-m", "net.json") == message
