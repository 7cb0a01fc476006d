"""Data formats on the command line: several files, pipes, options, and bad input, which is reported in one line and
leaves no files behind."""

import gzip
import io
import json
import os
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from models import layers, model, separable

import netconv
from netconv.cli import main
from netconv.keras_files import archive

TEXT = separable(40)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a model of two inputs and two classes."""
    monkeypatch.chdir(tmp_path)
    archive.save(model(), "net.keras")
    return tmp_path


def run(*arguments, code=0, **options):
    done = CliRunner().invoke(main, list(map(str, arguments)), **options)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def train(*arguments, **options):
    """The recorded table options, and the messages."""
    done = run("train", *arguments, "--epochs", 1, **options)
    return json.loads(archive.members("net-trained.keras")["table.json"]), done.stderr.splitlines()


def scaling_layers():
    """The names and classes of the layers of the trained model that scale."""
    layers = netconv.inspect("net-trained.keras").facts["layers"]
    return [(layer["name"], layer["class"]) for layer in layers if layer["name"].startswith("scale_")]


def images(rows=20):
    generator = np.random.default_rng(0)
    y = np.arange(rows) % 2
    return (generator.integers(0, 100, (rows, 2, 1)) + 100 * y[:, None, None]).astype(np.uint8), y.astype(np.uint8)


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def in_format(kind):
    rows = [line.split(",") for line in TEXT.splitlines()]
    columns = {
        "a": [float(r[0]) for r in rows[1:]],
        "b": [float(r[1]) for r in rows[1:]],
        "class": [r[2] for r in rows[1:]],
    }
    stream = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table(columns), stream)
    elif kind == "npz":
        x = np.stack([columns["a"], columns["b"]], axis=1)
        np.savez(stream, x=x, y=np.array(columns["class"]))
    elif kind == "tsv":
        return TEXT.replace(",", "\t").encode()
    elif kind == "gz":
        return gzip.compress(TEXT.encode())
    elif kind == "zst":
        return pa.compress(TEXT.encode(), "zstd", asbytes=True)
    return stream.getvalue() or TEXT.encode()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", ["csv", "tsv", "gz", "zst", "parquet", "npz"])
def test_every_format_is_trained_on_evaluated_and_predicted(kind):
    Path("data").write_bytes(in_format(kind))
    known, _ = train("data", "-m", "net.keras")
    assert known["heads"][0]["classes"] == ["no", "yes"]
    assert run("evaluate", "data", "-m", "net-trained.keras").stdout.startswith("rows ")
    lines = run("predict", "data", "-m", "net-trained.keras").stdout.splitlines()
    assert len(lines) == 41
    piped = run("predict", "-", "-m", "net-trained.keras", input=in_format(kind))
    assert piped.stdout.splitlines() == lines
    os.remove("net-trained.keras")
    assert train("-", "-m", "net.keras", input=in_format(kind))[0] == known


@pytest.mark.usefixtures("folder")
def test_several_files_and_patterns():
    head, *rows = TEXT.splitlines(keepends=True)
    Path("part-1.csv").write_text(head + "".join(rows[:20]))
    Path("part-2.csv.gz").write_bytes(gzip.compress((head + "".join(rows[20:])).encode()))
    train("part-*", "-m", "net.keras")
    facts = json.loads(run("evaluate", "--json", "part-1.csv", "part-2.csv.gz", "-m", "net-trained.keras").stdout)
    assert facts["rows"] == 40
    assert run("predict", "part-1.csv", "part-2.csv.gz", "-m", "net-trained.keras").stdout.count("\n") == 41
    done = run("evaluate", "*.tsv", "-m", "net-trained.keras", code=1)
    assert done.stderr == "netconv: *.tsv: no file matches\n"
    done = run("evaluate", "-", "-", "-m", "net.keras", code=2)
    assert done.stderr.splitlines()[-1] == "Error: standard input can be read once"


@pytest.mark.usefixtures("folder")
def test_images_as_mnist_is_published():
    x, y = images()
    Path("train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(x)))
    Path("train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(y)))
    known, messages = train("train-images-idx3-ubyte.gz", "-m", "net.keras", "--rescale", "1/255,0")
    assert messages[0] == "labels: train-labels-idx1-ubyte.gz (--labels names another file)"
    assert [(each["targets"], each["classes"]) for each in known["heads"]] == [(["label"], ["0", "1"])]
    assert scaling_layers() == [("scale_inputs", "Rescaling")]
    os.rename("train-images-idx3-ubyte.gz", "x.gz")
    os.rename("train-labels-idx1-ubyte.gz", "y.gz")
    assert run("predict", "x.gz", "-m", "net-trained.keras").stdout.count("\n") == 21
    facts = json.loads(run("evaluate", "x.gz", "--labels", "y.gz", "-m", "net-trained.keras", "--json").stdout)
    assert facts["rows"] == 20
    assert train("x.gz", "--labels", "y.gz", "-m", "net.keras", "--rescale", "1/255,0")[0] == known


@pytest.mark.usefixtures("folder")
def test_all_commands_select_the_same_columns():
    text = "when,b,a,note,class\n" + "".join(f"2020-01-02,{n},{-n},x{n},{n % 2}\n" for n in range(20))
    Path("t.csv").write_text(text)
    done = run("train", "t.csv", "-m", "net.keras", "--epochs", 1, "--drop", "note", code=1)
    assert done.stderr.splitlines()[-1].startswith("netconv: t.csv, column 'when': holds dates such as '2020-01-02'")
    known, _ = train("t.csv", "-m", "net.keras", "--drop", "when,note", "--standardize")
    assert [f["name"] for f in known["features"]] == ["b", "a"]
    assert scaling_layers() == [("scale_inputs", "Normalization")]
    known, _ = train("t.csv", "-m", "net.keras", "--columns", "a,2")
    assert [f["name"] for f in known["features"]] == ["a", "b"]
    for command in ("evaluate", "predict"):
        trained = run(command, "t.csv", "-m", "net-trained.keras").stdout
        assert run(command, "t.csv", "-m", "net-trained.keras", "--drop", "when,note").stdout == trained
        one, other = (
            run(command, "t.csv", "-m", "net.keras", "--drop", dropped).stdout for dropped in ("1,4", "when,note")
        )
        assert one == other
        swapped = run(command, "t.csv", "-m", "net.keras", "--columns", "a,b").stdout
        assert swapped == run(command, "t.csv", "-m", "net.keras", "--columns", "3,2").stdout != one


@pytest.mark.usefixtures("folder")
def test_input_is_for_nets_of_several_inputs():
    import keras

    one, two = keras.Input((1,), name="one"), keras.Input((1,), name="two")
    made = keras.Model([one, two], layers.Dense(2, activation="softmax")(layers.Concatenate()([one, two])))
    made.compile("adam", "sparse_categorical_crossentropy")
    archive.save(made, "net.keras")
    Path("t.csv").write_text(TEXT)
    known, _ = train("t.csv", "-m", "net.keras", "--input", "two=a", "--input", "one=b")
    assert [f["name"] for f in known["features"]] == ["b", "a"] and known["inputs"] == {"one": 1, "two": 1}
    done = run("train", "t.csv", "-m", "net.keras", "--input", "two", code=2)
    assert done.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--input': 'two' is not an input and its columns, such as image=pixel*"
    )
    done = run("train", "t.csv", "-m", "net.keras", "--input", "three=a", code=1)
    assert done.stderr.splitlines()[-1] == "netconv: t.csv: the net has no input 'three'; its inputs are one, two"


@pytest.mark.usefixtures("folder")
def test_standardized_targets():
    archive.save(model(1, 1, "mse", None), "net.keras")
    Path("t.csv").write_text("x,y\n" + "".join(f"{n},{1000 + n}\n" for n in range(30)))
    train("t.csv", "-m", "net.keras", "--standardize", "--standardize-target")
    assert scaling_layers() == [("scale_inputs", "Normalization"), ("scale_outputs", "Rescaling")]
    [_, row] = run("predict", "-", "-m", "net-trained.keras", input="x\n15\n").stdout.split()
    assert float(row) > 950
    done = run("train", "t.csv", "-m", "net.keras", "--standardize", "--rescale", "2,0", code=1)
    assert done.stderr == "netconv: --rescale and --standardize exclude each other\n"


def cut(kind, by=30):
    return in_format(kind)[:-by]


X, Y = images()
BAD = {
    "ragged row": (TEXT + "1,2\n", "t, line 42: 2 cells, and the header has 3; --errors skip leaves such rows out"),
    "wrong width": ("a,b,c,class\n1,2,3,x\n4,5,6,y\n", "t: 3 features found, and the net takes 2: a, b, c"),
    "text in numbers": (TEXT + "one,2,no\n",
                        "t, line 42, column 'a': 'one' is not a number, and most cells of this column are; correct it, "
                        "leave such rows out with --errors skip or the column out with --drop a, or say what it "
                        "is with --encode a=numbers (text counts as missing) or onehot"),
    "too many classes": (TEXT + "1,2,maybe\n", "t, column 'class': 3 classes (maybe, no, yes), and the net predicts 2"),
    "empty file": ("", "t: is empty"),
    "empty gzip": (gzip.compress(b""), "t: is empty"),
    "header only": ("a,b,class\n", "t: has a header and no rows"),
    "one class only": ("a,b,class\n1,2,x\n3,4,x\n",
                       "t, column 'class': all rows are of one class, 'x': there is nothing to distinguish"),
    "no target": ("a,b\n1.5,2.5\n2.5,7.5\n", "t: is the target column missing? Without one the table "
                  "has the 2 features that the net takes: a, b; --target names the target"),
    "target empty": ("a,b,class\n1,2,\n3,4,?\n", "t, column 'class': the target column is empty"),
    "cut gzip": (cut("gz", 9), "t: is cut short"),
    "cut zstd": (cut("zst", 9), "t: is cut short"),
    "cut parquet": (cut("parquet"), "t: is cut short or damaged: not a Parquet file"),
    "cut npz": (cut("npz"), "t: is cut short or damaged: not a .npz file"),
    "cut idx": (idx(X)[:-3], "t: is cut short: 18 of 20 rows"),
    "huge idx": (struct.pack(">HBB2I", 0, 8, 2, 2**31, 2**31),
                 "t: has rows of 2,147,483,648 values, and at most 16 MB a row are read"),
    "bomb": (gzip.compress(b"1," * (100 << 20), 1), "t, line 1: a row of more than 64 MB: is a quote left open?"),
    "pickle": (b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.", "t: is a Python pickle, which is not read as it "
               'may run code: save it with pandas: DATA.to_csv("data.csv")'),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(folder, what):
    data, message = BAD[what]
    (folder / "t").write_bytes(data if isinstance(data, bytes) else data.encode())
    done = run("train", "t", "-m", "net.keras", "--history", "h.csv", code=1)
    assert (done.stdout, done.stderr.splitlines()[-1]) == ("", f"netconv: {message}")
    assert sorted(os.listdir()) == ["net.keras", "t"]


@pytest.mark.usefixtures("folder")
def test_an_unknown_class_in_another_table():
    Path("t.csv").write_text(TEXT)
    train("t.csv", "-m", "net.keras")
    done = run("evaluate", "-", "-m", "net-trained.keras", input="a,b,class\n1,2,no\n1,2,maybe\n", code=1)
    assert done.stderr == (
        "netconv: standard input, line 3, column 'class': unknown class 'maybe'; the classes are no, yes\n"
    )
    Path("other.csv").write_text("a,b,kind\n1,2,3\n")
    done = run("evaluate", "other.csv", "-m", "net-trained.keras", code=1)
    assert done.stderr == "netconv: other.csv: has no target column 'class'\n"


def test_what_reading_did_is_printed_and_bad_rows_are_left_out(folder):
    header, *rows = TEXT.splitlines()
    table = "\n".join(["Station 7", header, *rows, "1,2", "1,x,no", *rows]).replace(",", ";") + "\n"
    (folder / "t.csv").write_text(table)
    assert run("train", "t.csv", "-m", "net.keras", code=1).stderr.splitlines()[-1] == (
        "netconv: t.csv, line 43: 2 cells, and the header has 3; --errors skip leaves such rows out"
    )
    _, lines = train("t.csv", "-m", "net.keras", "--errors", "skip")
    expected = [
        "t.csv: 1 row before the table skipped, from 'Station 7' on (--skip-lines 0 keeps them)",
        "warning: 2 bad rows left out; the first: t.csv, line 43: 2 cells, and the header has 3",
    ]
    assert [line for line in lines if line in expected] == expected
    done = run("evaluate", "t.csv", "-m", "net-trained.keras", "--errors", "skip")
    assert [line for line in done.stderr.splitlines() if line in expected] == expected
    (folder / "few.csv").write_text("a;b;class\nx;2;no\ny;3;no\n1;2;no\n2;3;yes\n")
    done = run("evaluate", "few.csv", "-m", "net-trained.keras", "--errors", "skip")
    assert done.stderr.splitlines()[0] == (
        "warning: 2 bad rows left out; the first: few.csv, line 2, column 'a': 'x' is not a number, in a column that "
        "was numeric in training"
    )
    (folder / "bad.csv").write_text("a;b;class\nx;2;no\ny;3;no\n")
    assert run("evaluate", "bad.csv", "-m", "net-trained.keras", "--errors", "skip", code=1).stderr == (
        "netconv: bad.csv, line 2, column 'a': 'x' is not a number, in a column that was numeric in training; no other "
        "row is good\n"
    )
    done = run("predict", "t.csv", "-m", "net-trained.keras", "--errors", "skip")
    assert (done.stderr.splitlines().count(expected[0]), len(done.stdout.splitlines())) == (1, 81)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "options, message",
    [
        (["--encoding", "klingon"], "unknown encoding 'klingon'; known ones are, for example, utf-8, utf-16, "
         "windows-1252, latin-1, gbk and shift_jis"),
        (["--encoding", "hex"], "unknown encoding 'hex'; known ones are, for example, utf-8, utf-16, "
         "windows-1252, latin-1, gbk and shift_jis"),
        (["--delimiter", "::"], "--delimiter must be one character; received '::'"),
    ],
)  # fmt: skip
def test_options_for_text_that_are_wrong(options, message):
    Path("t.csv").write_text(TEXT)
    assert run("train", "t.csv", "-m", "net.keras", *options, code=1).stderr == f"netconv: {message}\n"


@pytest.mark.usefixtures("folder")
def test_options_for_text():
    Path("t.csv").write_bytes(("x\ny\n" + TEXT.replace(",", "^")).encode("utf-16-be"))
    options = ("--encoding", "utf-16-be", "--delimiter", "^", "--skip-lines", 2)
    encoding, _ = train("t.csv", "-m", "net.keras", *options)
    assert encoding["columns"] == ["a", "b", "class"]
