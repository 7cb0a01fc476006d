"""The commands train, evaluate and predict: stdout and stderr, pipes, exit codes, files."""

import errno
import json
import os
import shlex
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner

import netconv
from netconv.cli import main
from netconv.keras_files import archive
from netconv.tables.number_format import figure

FIXTURES = Path(__file__).parents[2] / "fixtures"
READ = "features    24 columns, read as in training\nnot used    id\n"
FILLED = """\
filled      missing cells, by column: age 47, bp 39, sg 53, al 35, su 41, rbc 45, pc 33, pcc 39, ba 44, bgr 35, bu 42, \
sc 36, sod 37, pot 34, hemo 56, pcv 31, wc 34, rc 41, htn 39, dm 32, cad 41, appet 42, pe 26, ane 43
"""
NETCONV = [sys.executable, "-m", "netconv"]
TRAINED_ON = "note        the model was trained on 320 of the 400 rows: --held-out takes only the others\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the kidney net and table."""
    for file in (FIXTURES / "ckd" / "net.json", FIXTURES / "ckd" / "net.params", FIXTURES / "kidney.csv"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained kidney net."""
    path = tmp_path_factory.mktemp("trained") / "kidney.keras"
    arguments = ["train", str(FIXTURES / "kidney.csv"), "-m", str(FIXTURES / "ckd" / "net.json")]
    done = CliRunner().invoke(main, [*arguments, "-o", str(path), "--epochs", "60", "--learning-rate", "0.01"])
    assert done.exit_code == 0, done.output
    return path


def run(*arguments, **options):
    return CliRunner().invoke(main, list(map(str, arguments)), **options)


def fails(*arguments, code=1, **options):
    """The stderr of a command that fails and prints nothing to stdout."""
    done = run(*arguments, **options)
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def test_from_an_export_to_predictions_through_pipes(folder):
    """With the shell's pipes: only data on stdout, only messages on stderr."""
    netconv = " ".join(NETCONV)
    script = (
        f"{netconv} convert net.json -o - --quiet"
        f" | {netconv} train kidney.csv -m - -o trained.keras --learning-rate 0.01 --history h.csv"
        f" && head -6 kidney.csv | {netconv} predict -m trained.keras > out.csv"
    )
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "trained.keras\n"
    messages = done.stderr.splitlines()
    assert messages[:2] == [
        "target      classification (--target names another): ckd = 0, notckd = 1",
        "features    24 columns (--columns names others), in this order:",
    ]
    of_training = messages[: messages.index("model       trained.keras") + 1]
    of_training = [line for line in of_training if not line.startswith("epoch ")]  # one every five seconds
    assert of_training[-6:-3] == [
        "left out    id (row numbers, by its name); --columns '*' uses every column",
        "rows        320 to train on, 80 to validate on",
        "classes     ckd 250, notckd 150",
    ]
    assert [line.split()[0] for line in of_training[-3:]] == ["epochs", "validation", "model"]
    rows = (folder / "out.csv").read_text().splitlines()
    assert rows[0] == "class,probability" and len(rows) == 6
    assert [row.split(",")[0] for row in rows[1:]] == [
        row.split(",")[-1].strip() for row in (folder / "kidney.csv").read_text().splitlines()[1:6]
    ]
    assert len((folder / "h.csv").read_text().splitlines()) > 10
    members = ["graph.json", "parameters.json", "table.json", "trained_rows.json", "weights.json"]
    assert sorted(archive.members("trained.keras")) == members


def test_a_reader_that_stops_early_is_not_an_error(trained, tmp_path):
    rows = (FIXTURES / "kidney.csv").read_text().splitlines()
    (tmp_path / "big.csv").write_text("\n".join([rows[0], *rows[1:] * 600]) + "\n")
    script = f"{' '.join(NETCONV)} predict -m {trained} {tmp_path / 'big.csv'} | head -2"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, READ)
    assert done.stdout.count("\n") == 2


@pytest.mark.usefixtures("folder")
def test_without_options_the_model_is_found_and_the_trained_one_is_written_beside_it():
    done = run("train", "kidney.csv", "--epochs", "2")
    assert done.stdout == "net-trained.keras\n"
    assert done.stderr.splitlines()[0] == "model: net.json (-m names another)"
    assert sorted(os.listdir()) == ["kidney.csv", "net-trained.keras", "net.json", "net.params"]
    done = run("evaluate", "kidney.csv")
    assert done.stderr == f"model: net-trained.keras (-m names another)\n{READ}{FILLED}{TRAINED_ON}"
    assert done.stdout.startswith("rows               400\nloss ")


@pytest.mark.usefixtures("folder")
def test_train_in_json():
    done = run("train", "kidney.csv", "--epochs", "1", "--json", "--quiet", "-o", "t.keras")
    assert done.stderr == ""
    epoch, facts = map(json.loads, done.stdout.splitlines())
    assert list(epoch) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"] and epoch["epoch"] == 1
    assert (facts["path"], facts["epochs"], facts["heads"][0]["targets"]) == ("t.keras", 1, ["classification"])
    assert facts["columns_left_out"] == {"id": "row numbers, by its name"}
    assert len(facts["features"]) == 24 and facts["features"][:2] == ["age", "bp"]
    assert facts["heads"][0]["classes"] == ["ckd", "notckd"] and 0 <= facts["metrics"]["accuracy"] <= 1


def test_evaluate_in_json(trained):
    facts = json.loads(run("evaluate", "--json", "-m", trained, FIXTURES / "kidney.csv").stdout)
    assert facts["metrics"]["accuracy"] >= 0.97
    assert [report["name"] for report in facts["classes"]] == ["ckd", "notckd"]
    assert sum(map(sum, facts["confusion"])) == facts["rows"] == 400


def test_evaluate_stops_a_pipeline(trained):
    kidney = FIXTURES / "kidney.csv"
    done = run("evaluate", "-m", trained, kidney, "--min", "accuracy=0.9", "--max", "loss=1", "--top", "1", "--json")
    assert done.exit_code == 0
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["top_1_accuracy"] == metrics["accuracy"] and 0.9 < metrics["auc"] <= 1
    done = run("evaluate", "-m", trained, kidney, "--min", "accuracy=1.5", "--min", "auc=0.5", "--max", "loss=-1")
    assert done.exit_code == 1 and done.stdout.startswith("rows ")
    accuracy, loss = (figure(metrics[name]) for name in ("accuracy", "loss"))
    assert done.stderr == (
        f"{READ}{FILLED}{TRAINED_ON}netconv: accuracy is {accuracy}, and must be at least 1.5; loss is {loss}, and "
        "must be at most -1\n"
    )
    assert run("evaluate", "-m", trained, kidney, "--held-out").stdout.split()[:2] == ["rows", "80"]
    done = run("evaluate", "-m", trained, kidney, "--max", "mse=1")
    known = "loss, accuracy, macro_precision, macro_recall, macro_f1, auc, average_precision"
    message = f"{READ}{FILLED}{TRAINED_ON}netconv: there is no metric 'mse' here; there are {known}\n"
    assert (done.exit_code, done.stderr) == (1, message)


def test_evaluate_draws_the_confusion_matrix(trained, tmp_path):
    picture = tmp_path / "m.svg"
    done = run("evaluate", "-m", trained, FIXTURES / "kidney.csv", "--plot", picture)
    assert done.exit_code == 0 and done.stdout.startswith("rows ") and picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--plot", "no/m.png"), "netconv: no/m.png: No such file or directory"),
        (("--report", "no/r.html"), "netconv: no/r.html: No such file or directory"),
    ],
)
def test_outputs_of_evaluate_are_checked_before_any_work(arguments, message):
    assert fails("evaluate", "-m", "no.keras", "no.csv", *arguments) == message


def test_an_evaluation_is_printed_before_its_picture(trained, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "m.svg")

    monkeypatch.setattr("netconv.reports.figures.write", full)
    done = run("evaluate", "-m", trained, FIXTURES / "kidney.csv", "--quiet", "--plot", tmp_path / "m.svg")
    assert (done.exit_code, done.stderr) == (1, "netconv: m.svg: No space left on device\n")
    assert done.stdout.startswith("rows ") and "confusion" in done.stdout


def test_evaluate_writes_a_report(trained, tmp_path):
    report = tmp_path / "r.html"
    done = run("evaluate", "-m", trained, FIXTURES / "kidney.csv", "--report", report, "--json")
    metrics = json.loads(done.stdout)["metrics"]
    text = unescape(report.read_text(encoding="utf-8"))
    command = shlex.join(map(str, ["netconv", "evaluate", "-m", trained, FIXTURES / "kidney.csv", "--report", report]))
    assert f"{command} --json" in text and all(f">{figure(value)}<" in text for value in metrics.values())
    assert all(line in text for line in done.stderr.splitlines())


def test_evaluate_draws_a_regression(tmp_path):
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile("adam", "mse")
    made.save(tmp_path / "net.keras")
    (tmp_path / "t.csv").write_text("a,b,price\n1,2,3\n4,5,6\n7,8,10\n")
    picture = tmp_path / "m.png"
    done = run("evaluate", "-m", tmp_path / "net.keras", tmp_path / "t.csv", "--plot", picture)
    assert done.exit_code == 0 and "r2 " in done.stdout and picture.read_bytes().startswith(b"\x89PNG")


def test_predict_from_stdin_with_all_probabilities_and_in_json(trained):
    rows = (FIXTURES / "kidney.csv").read_text().splitlines(keepends=True)
    done = run("predict", "-m", trained, "--proba", "-", input="".join(rows[:3]))
    assert done.stdout.splitlines()[0] == "class,ckd,notckd" and done.stdout.count("\n") == 3
    done = run("predict", "-m", trained, "--json", input="".join(rows[1:3]))
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sorted(fact) for fact in facts] == [["class", "probability"]] * 2


def test_predict_top_classes_raw_outputs_and_kept_columns(trained, tmp_path):
    text = "".join((FIXTURES / "kidney.csv").read_text().splitlines(keepends=True)[:3])
    done = run("predict", "-m", trained, "--top", "2", "--keep", "id,age", "--keep", "-1", input=text)
    lines = done.stdout.splitlines()
    assert lines[0] == "id,age,classification,class,probability,class_2,probability_2"
    assert lines[1].startswith(f"0,{text.splitlines()[1].split(',')[1]},ckd,ckd,")
    done = run("predict", "-m", trained, "--raw", "-o", tmp_path / "raw.csv", input=text)
    assert done.stdout == "" and (tmp_path / "raw.csv").read_text().startswith("ckd,notckd\n")
    assert fails("predict", "-m", trained, "-o", tmp_path / "no" / "p.csv", input=text).endswith(
        "no/p.csv: No such file or directory"
    )


def test_predict_with_bad_rows(trained):
    rows = (FIXTURES / "kidney.csv").read_text().splitlines(keepends=True)[:4]
    text = "".join([*rows[:2], "1,2\n", *rows[2:]])
    first = "standard input, line 3: 2 cells, and the header has 26"
    done = run("predict", "-m", trained, input=text)
    assert (done.exit_code, done.stdout.count("\n"), done.stderr) == (
        1,
        2,
        f"{READ}netconv: {first}; --errors skip or null continues\n",
    )
    filled = "filled      missing cells, by column: sg 1, rbc 1, bgr 1, sc 2, sod 1, rc 1, appet 1, ane 1\n"
    done = run("predict", "-m", trained, "--errors", "skip", input=text)
    assert (done.exit_code, done.stdout.count("\n")) == (0, 4)
    assert done.stderr == f"{READ}{filled}warning: 1 bad row left out; the first: {first}\n"
    done = run("predict", "-m", trained, "--errors", "null", input=text)
    assert (done.exit_code, done.stdout.splitlines()[2]) == (0, ",")
    assert done.stderr == f"{READ}{filled}warning: 1 bad row without a prediction; the first: {first}\n"
    done = run("predict", "-m", trained, "--errors", "null", "--quiet", input=text)
    assert (done.exit_code, done.stdout.count("\n"), done.stderr) == (0, 5, "")


@pytest.mark.usefixtures("folder")
def test_class_weights_and_rescale_are_read():
    options = ["--epochs", "1", "--class-weight", "ckd=1,notckd=2.5", "--rescale", "-1/255,1", "--quiet"]
    assert run("train", "kidney.csv", *options).exit_code == 0
    features = netconv.inspect("net-trained.keras").facts["scaling"]["features"]
    assert {*zip(features["scale"], features["offset"], strict=True)} == {(-1 / 255, 1.0), (1.0, 0.0)}  # numbers; codes


KIDNEY = (FIXTURES / "kidney.csv").read_text()


@pytest.mark.parametrize(
    "text, message",
    [
        (KIDNEY + "400,1,2\n", "t.csv, line 402: 3 cells, and the header has 26; --errors skip leaves such rows out"),
        ("a,b,class\n1,2,x\n3,4,y\n", "t.csv: 2 features found, and the net takes 24: a, b"),
        (
            KIDNEY.replace("notckd\n", "well\n", 1),
            "t.csv, column 'classification': 3 classes (ckd, notckd, well), and the net predicts 2",
        ),
        ("", "t.csv: is empty"),
        (KIDNEY.splitlines()[0] + "\n", "t.csv: has a header and no rows"),
    ],
)
def test_a_bad_table_trains_nothing(folder, text, message):
    (folder / "t.csv").write_text(text)
    assert fails("train", "t.csv") == f"netconv: {message}"
    assert not (folder / "net-trained.keras").exists()


@pytest.mark.parametrize(
    "before, after, message",
    [
        (
            "\n3,74,",
            "\n3,old,",
            "column 'age': 'old' is not a number, in a column that was numeric in training; "
            "--errors skip leaves such rows out",
        ),
        ("notckd\n", "well\n", "column 'classification': unknown class 'well'; the classes are ckd, notckd"),
    ],
)
def test_a_cell_of_another_type_than_in_the_training_table(trained, tmp_path, monkeypatch, before, after, message):
    monkeypatch.chdir(tmp_path)
    text = KIDNEY.replace(before, after, 1)
    Path("t.csv").write_text(text)
    both = enumerate(zip(KIDNEY.splitlines(), text.splitlines(), strict=True), 1)
    line = next(number for number, (one, other) in both if one != other)
    assert fails("evaluate", "-m", trained, "t.csv") == f"netconv: t.csv, line {line}, {message}"


def test_a_table_without_a_column_of_the_training_table(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(KIDNEY.replace(",hemo,", ",iron,"))
    message = "t.csv: 26 columns found, and of the 24 features that the model takes these are missing: hemo"
    assert fails("predict", "-m", trained, "t.csv") == f"netconv: {message}"


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_a_file_that_is_not_a_model(folder, command):
    (folder / "bad.keras").write_text("no zip")
    assert fails(command, "kidney.csv", "-m", "bad.keras") == "netconv: bad.keras: not a .keras file"
    assert fails(command, "kidney.csv", "-m", "-", input="no zip") == "netconv: standard input: not a .keras file"
    message = "netconv: kidney.csv: a model is a .keras file, a .wlnet file or a net.json"
    assert fails(command, "kidney.csv", "-m", "kidney.csv") == message
    message = "netconv: no.h5: a .h5 file is for Keras; netconv takes the .keras file, the .wlnet file or the net.json"
    assert fails(command, "kidney.csv", "-m", "no.h5") == message
    assert fails(command, "kidney.csv", "-m", "no.keras") == "netconv: no.keras: No such file or directory"
    assert sorted(os.listdir()) == ["bad.keras", "kidney.csv", "net.json", "net.params"]


@pytest.mark.usefixtures("folder")
def test_the_input_is_never_overwritten():
    shutil.copy(FIXTURES / "ckd" / "net.json", "x.json")
    assert run("convert", "net.json", "-o", "n.keras").exit_code == 0
    for model, output, message in (
        ("n.keras", "n.keras", "n.keras: the trained model would be written over its input; choose another with -o"),
        ("net.json", "no/t.keras", "no/t.keras: there is no folder no"),
    ):
        assert fails("train", "kidney.csv", "-m", model, "-o", output) == f"netconv: {message}"
    os.remove("n.keras")
    assert fails("train", "kidney.csv") == "netconv: several models: net.json, x.json; choose one with -m"


@pytest.mark.parametrize(
    "arguments, written",
    [
        (["train", "kidney.csv", "-m", "net.json", "--history", "kidney.csv"], "kidney.csv"),
        (["train", "kidney.*", "-m", "net.json", "--history", "./kidney.csv"], "./kidney.csv"),
        (["train", "kidney.csv", "-m", "net.json", "--validation-data", "v.csv", "--history", "v.csv"], "v.csv"),
        (["train", "kidney.csv", "-m", "net.json", "-p", "p.keras", "-o", "p.keras"], "p.keras"),
        (["evaluate", "t.svg", "-m", "m.keras", "--plot", "t.svg"], "t.svg"),
        (["evaluate", "t.html", "-m", "m.keras", "--report", "t.html"], "t.html"),
        (["predict", "kidney.csv", "-m", "m.keras", "-o", "kidney.csv"], "kidney.csv"),
        (["predict", "kidney.csv", "-m", "m.keras", "-o", "link.csv"], "link.csv"),
        (["convert", "net.json", "-p", "p.keras", "-o", "p.keras"], "p.keras"),
        (["plot", "t.svg", "-o", "t.svg"], "t.svg"),
        (["export", "m.wlnet", "--to", "wlnet", "-o", "m.wlnet"], "m.wlnet"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("folder")
def test_no_output_is_written_over_a_file_that_is_read(trained, arguments, written):
    shutil.copy(trained, "m.keras")
    for copy in ("v.csv", "t.svg", "t.html", "m.wlnet"):
        shutil.copy("kidney.csv", copy)
    os.rename("net.params", "p.keras")
    os.symlink("kidney.csv", "link.csv")
    if "net.json" not in arguments:
        os.remove("net.json")
        os.remove("p.keras")
    before = {name: Path(name).read_bytes() for name in os.listdir()}
    message = f"Error: {written}: the command reads this file, and would write over it; choose another name"
    assert fails(*arguments, code=2) == message
    assert {name: Path(name).read_bytes() for name in os.listdir()} == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["train", "-", "-m", "-"], "Error: the model and the data cannot both be standard input"),
        (["train", "net.json"],
         "Error: Invalid value for 'DATA...': 'net.json' is not a table; a net or a model is given with -m"),
        (["evaluate", "t.csv", "net.keras"],
         "Error: Invalid value for 'DATA...': 'net.keras' is not a table; a net or a model is given with -m"),
        (["predict", "net.keras"],
         "Error: Invalid value for '[DATA...]': 'net.keras' is not a table; a net or a model is given with -m"),
        (["train", "t.csv", "--json", "-o", "-"], "Error: --json and -o - both write to stdout"),
        (["train", "t.csv", "--history", "h.txt"], "Error: h.txt: a history is a .csv or .jsonl file"),
        (["train", "t.csv", "--history", "-"],
         "Error: a history is written to a file, whose ending names its format"),
        (["train", "t.csv", "--plot", "-"],
         "Error: a plot is written to a file, whose ending names its format"),
        (["evaluate", "t.csv", "--plot", "-"], "Error: a plot is written to a file, whose ending names its format"),
        (["train", "t.csv", "--report", "-"], "Error: a report is written to a file, whose ending names its format"),
        (["evaluate", "t.csv", "--report", "r.pdf"], "Error: r.pdf: a report is a .html or .htm file"),
        (["train", "t.csv", "--plot", "p.gif"], "Error: p.gif: a plot is a .png or .svg file"),
        (["evaluate", "t.csv", "--plot", "p.gif"], "Error: p.gif: a plot is a .png or .svg file"),
        (["plot", "h.csv", "-o", "p.gif"], "Error: p.gif: a plot is a .png or .svg file"),
        (["train", "t.csv", "-o", "t.h5"], "Error: t.h5: a trained model is a .keras file"),
        (["convert", "net.json", "-o", "t.hdf"], "Error: t.hdf: a model is a .keras or .h5 file"),
        (["train", "t.csv", "--encode", "a=codes", "--encode", "a=onehot"],
         "Error: Invalid value for '--encode': 'a' is given twice"),
        (["convert", "net.json", "--input-shape", "data=?,24", "--input-shape", "data=?,25"],
         "Error: Invalid value for '--input-shape': 'data' is given twice"),
        (["evaluate", "t.csv", "--min", "accuracy=0.9", "--min", "accuracy=0.8"],
         "Error: Invalid value for '--min': 'accuracy' is given twice"),
        (["convert", "net.json", "--learning-rate", "nan"],
         "Error: Invalid value for '--learning-rate': 'nan' is not a number above 0"),
        (["train", "t.csv", "--learning-rate", "inf"],
         "Error: Invalid value for '--learning-rate': 'inf' is not a number above 0"),
        (["convert", "net.json", "--learning-rate", "-1"],
         "Error: Invalid value for '--learning-rate': -1.0 is not in the range x>0."),
        (["train", "t.csv", "--validation-data", "v.csv", "--validation-split", "0.2"],
         "Error: --validation-split and --validation-data exclude each other"),
        (["train", "t.csv", "--rescale", "1/0,0"],
         "Error: Invalid value for '--rescale': '1/0,0' is not two numbers such as 1/255,0"),
        (["train", "t.csv", "--rescale", "1"],
         "Error: Invalid value for '--rescale': '1' is not two numbers such as 1/255,0"),
        (["predict", "t.csv", "--rescale", "1e999999999,0"],
         "Error: Invalid value for '--rescale': '1e999999999,0' is not two numbers such as 1/255,0"),
        (["evaluate", "t.csv", "--min", "accuracy"],
         "Error: Invalid value for '--min': 'accuracy' is not a limit such as accuracy=0.95"),
        (["predict", "--proba", "--raw"], "Error: --proba, --top and --raw exclude each other"),
        (["predict", "--top", "0"], "Error: Invalid value for '--top': 0 is not in the range x>=1."),
        (["predict", "--errors", "all"],
         "Error: Invalid value for '--errors': 'all' is not one of 'stop', 'skip', 'null'."),
        (["train", "t.csv", "--class-weight", "heavy"],
         "Error: Invalid value for '--class-weight': 'heavy' is neither 'balanced' nor weights such as yes=2,no=1, "
         "nor, for an output, kind=balanced or kind=yes:2,no:1"),
        (["predict", "t.csv", "-m", "m.keras", "-o", "net.params"],
         "Error: net.params: predictions are a .csv or .txt file, which may be compressed (.gz)"),
        (["predict", "t.csv", "-o", "p.json.gz"],
         "Error: p.json.gz: predictions are a .csv or .txt file, which may be compressed (.gz)"),
        (["predict", "t.csv", "--json", "-o", "p.csv"],
         "Error: p.csv: predictions in JSON are a .jsonl or .ndjson or .json file, which may be compressed (.gz)"),
        (["train", "t.csv", "--validation-split", "1"],
         "Error: Invalid value for '--validation-split': 1.0 is not in the range 0<=x<1."),
    ],
)  # fmt: skip
def test_invalid_usage(arguments, message):
    assert fails(*arguments, code=2) == message


@pytest.mark.usefixtures("folder")
def test_a_nan_loss_writes_nothing():
    message = fails("train", "kidney.csv", "--learning-rate", "1e38", "--history", "h.csv")
    assert message.startswith("netconv: the loss became ") and message.endswith(
        " in epoch 1, probably because the learning rate 1e+38 is too large; try --learning-rate 0.01"
    )
    assert sorted(os.listdir()) == ["kidney.csv", "net.json", "net.params"]
