"""Datasets: tables as inputs of a model, in memory and on disk."""

import io
import json

import keras
import numpy as np
import pytest
from models import fails, layers, model, separable, source

import netconv
from netconv import DataError
from netconv.features import encoded_table, transform
from netconv.features.encoding import Encoding, Feature, Head
from netconv.features.table_options import TableOptions
from netconv.inference import dataset, loading, validation_rows
from netconv.inference.embedding_inputs import id_ranges
from netconv.tables import disk_buffer, table
from netconv.tables.disk_buffer import Collector, DiskBuffer, Spool
from netconv.tables.sources import Source, sources


def datasets(made, text, messages=None, **options):
    how = {"validation_data": None, "validation_split": 0.2, "seed": 0, "loss": None}
    how |= {name: options.pop(name) for name in how.keys() & options.keys()}
    notify = messages.append if messages is not None else lambda _line: None
    made = dataset.for_training(
        loading.open_model(made),
        sources(text if not isinstance(text, str) else source(text)),
        TableOptions(**options),
        notify=notify,
        **how,
    )
    return made.training, made.validation


@pytest.mark.parametrize("options", [{"drop": "x"}, {"target": "class", "columns": "a"}, {}])
def test_only_columns_that_are_used_have_bad_cells(options):
    name = "x" if options else "id"  # an id is no feature
    text = f"{name},a,class\n" + "4,1,0\n7,2,1\n" * 10 + "oops,3,0\n5,oops,1\n"
    messages = []
    training, _ = datasets(model(1), text, messages, errors="skip", validation_split=0.0, **options)
    assert len(training.targets[0]) == 21
    first = "t.csv, line 23, column 'a': 'oops' is not a number, and most cells of this column are"
    assert f"warning: 1 bad row left out; the first: {first}" in messages


def test_how_a_table_was_read_is_told_before_an_error():
    messages = []
    text = "0,1,2\n" + "4,1,0\n7,2,1\n" * 10
    message = (
        "t.csv, column '3': 3 classes (0, 1, 2), and the net predicts 2; if they are amounts, train with "
        "loss='mean_squared_error'"
    )
    assert fails(datasets, model(2), text, messages, target="3") == message
    assert messages == [
        "t.csv: no header seen: its columns are numbered (header=True takes the first row as their names)"
    ]


@pytest.mark.parametrize("number", ["inf", "1e400", "1e39"])
def test_an_infinite_number_makes_a_bad_row(number):
    text = "x,a,class\n" + "4,1,0\n7,2,1\n" * 10 + f"{number},3,0\n5,{number},1\n"
    messages = []
    training, _ = datasets(model(1), text, messages, errors="skip", validation_split=0.0, drop="x")
    assert len(training) == 21
    warning = f"warning: 1 bad row left out; the first: t.csv, line 23, column 'a': {number!r} is not a finite number"
    assert warning in messages

    result = netconv.train(model(1), io.StringIO(text), errors="skip", drop="x", epochs=1)
    messages = []
    assert result.rows + result.validation_rows == 21
    netconv.evaluate(result, io.StringIO(text), errors="skip", notify=messages.append)
    assert warning.replace("t.csv", "the stream") in messages


def test_an_infinite_number_among_standardized_ones():
    text = "a,class\n" + "4,0\n7,1\n" * 10 + "inf,1\n"
    message = "t.csv, line 22, column 'a': 'inf' is not a finite number"
    assert fails(datasets, model(1), text, standardize=True, validation_split=0.0) == message


# On disk


def test_a_disk_buffer_returns_what_was_written():
    generator = np.random.default_rng(0)
    blocks = [
        generator.integers(0, 256, (50, 3)), generator.integers(-9999, 9999, (20, 3)), generator.normal(size=(70, 3)),
        np.array([[np.nan, 1, 2]]), np.zeros((0, 3)), generator.integers(0, 2, (9, 3)),
    ]  # fmt: skip
    blocks = [block.astype(np.float32) for block in blocks]
    collector = Collector(3, 150, on_disk=True)
    for block in blocks:
        collector.append(block)
    rows = collector.finish()
    whole = np.concatenate(blocks)
    assert (len(rows), rows.shape, rows.dtype) == (150, (150, 3), np.float32)
    for at in (
        slice(None),
        slice(40, 90),
        slice(5, 5),
        slice(140, 999),
        np.array([0, 1, 49, 50, 149]),
        np.arange(30, 80),
        np.array([149, 3, 2, 88, 50, 49]),
        np.array([], int),
    ):
        np.testing.assert_array_equal(rows[at], whole[at])
    assert [kind.name for kind in rows._types] == ["uint8", "int16", "float32", "float32", "uint8"]


@pytest.mark.parametrize(
    "blocks, dtype", [([[1], [255]], "uint8"), ([[1], [-1], [2]], "int16"), ([[1], [0.5]], "float32")]
)
def test_rows_in_memory_are_of_the_smallest_type_that_holds_all(blocks, dtype):
    collector = Collector(1, 10, on_disk=False)
    for block in blocks:
        collector.append(np.array([block], np.float32))
    rows = collector.finish()
    assert rows.dtype == dtype and rows.tolist() == blocks


@pytest.mark.parametrize("spooled", [0, 30, 1000])
@pytest.mark.parametrize("most, kind", [(30, np.ndarray), (29, DiskBuffer)])
def test_few_rows_stay_in_memory(most, kind, spooled, monkeypatch):
    monkeypatch.setattr(disk_buffer, "SPOOLED", spooled)
    spool = Spool(2, most)
    for n in range(10):
        spool.append(np.full((3, 2), n, np.float32))
    rows = spool.finish()
    assert isinstance(rows, kind) and rows[:][:, 0].tolist() == [n for n in range(10) for _ in range(3)]
    assert rows.dtype == (np.uint8 if kind is np.ndarray and spooled == 1000 else np.float32) and rows.shape == (30, 2)


@pytest.mark.parametrize(
    "columns, dtype", [("1,0\n255,1\n", "uint8"), ("1,-2\n200,1\n", "int16"), ("1,0.5\n,1\n", "float32")]
)
def test_numbers_in_memory_are_of_the_smallest_type_and_datasets_of_that_of_the_model(columns, dtype, monkeypatch):
    text = "a,b\n" + columns + "2,3\n" * 2000
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 4096)
    assert table.read((source(text),)).numbers.dtype == dtype
    made = model(1, 1, "mean_squared_error", "linear")
    training, _ = datasets(made, text, target="b", validation_split=0.0)
    assert training.inputs[0].stored.dtype == np.uint8  # the feature is a, its missing cell filled
    assert training.inputs[0].dtype == training.targets[0].dtype == training.inputs[0][:].dtype == np.float32
    first, second = (line.split(",") for line in columns.splitlines())
    assert training.inputs[0][:3].tolist() == [[float(first[0])], [float(second[0] or 2)], [2]]
    assert training.targets[0][:3].tolist() == [[float(first[1])], [float(second[1])], [3]]


def test_a_full_disk_is_reported(monkeypatch):
    class Full:
        def write(self, _data):
            raise OSError(28, "No space left on device")

    rows = DiskBuffer(1)
    rows._file = Full()
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    with pytest.raises(OSError, match="No space left on device: '/tmp'"):
        rows.append(np.ones((1, 1), np.float32))


def table_of(rows):
    generator = np.random.default_rng(3)
    lines = [
        f"{n},{generator.normal():.4f},{'' if n % 50 == 7 else generator.integers(9)},{'pqr'[n % 3]},{n % 2}\n"
        for n in range(rows)
    ]
    return "id,a,b,kind,class\n" + "".join(lines)


def test_a_table_on_disk_is_the_same(monkeypatch):
    text, messages = table_of(2000), []
    made = model(5)
    kept = datasets(made, text)
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 4096)
    monkeypatch.setattr("netconv.tables.table.BLOCK", 4096)
    monkeypatch.setattr(disk_buffer, "MEMORY", 10_000)
    monkeypatch.setattr("netconv.inference.dataset.BLOCK_ROWS", 64)
    spooled = datasets(made, text, messages)
    assert "2,000 rows: more than 0 MB of numbers, kept on disk" in messages
    for one, other in zip(kept, spooled, strict=True):
        assert isinstance(one.inputs[0].stored, np.ndarray) and not isinstance(other.inputs[0].stored, np.ndarray)
        assert (one.inputs[0].shape, one.inputs[0].dtype) == (other.inputs[0].shape, other.inputs[0].dtype)
        np.testing.assert_array_equal(one.inputs[0][:], other.inputs[0][:])
        np.testing.assert_array_equal(one.inputs[0][[3, 4, 90]], other.inputs[0][np.array([3, 4, 90])])
        np.testing.assert_array_equal(one.targets[0], other.targets[0])
        assert one.encoding == other.encoding and one.counts == other.counts
        for (x, y, _), (u, v, _) in zip(one.blocks(), other.blocks(), strict=True):
            np.testing.assert_array_equal(x[0], u[0])
            np.testing.assert_array_equal(y, v)


def test_a_table_on_disk_trains_and_is_evaluated(monkeypatch):
    text = separable(400)
    done = netconv.train(model(), source(text), epochs=5)
    monkeypatch.setattr(disk_buffer, "MEMORY", 1000)
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 1024)
    again = netconv.train(model(), source(text), epochs=5)
    assert again.rows == 320 and again.evaluation.metrics["accuracy"] > 0.9
    assert again.encoding.features == done.encoding.features
    metrics = netconv.evaluate(done.loaded, source(text)).metrics
    monkeypatch.setattr(disk_buffer, "MEMORY", 1 << 20)
    assert metrics == pytest.approx(netconv.evaluate(done.loaded, source(text)).metrics)


def test_a_column_that_turns_to_text_late_is_text_on_disk_too(monkeypatch):
    text = "a,b,class\n" + "".join(f"{n % 3},{n},{n % 2}\n" for n in range(900)) + "x,1,0\n" * 300
    options = {"encode": {"a": "onehot"}}
    made = model(5)
    wanted, _ = datasets(made, text, **options)
    monkeypatch.setattr(disk_buffer, "MEMORY", 1000)
    monkeypatch.setattr("netconv.tables.sources.BLOCK", 1024)
    found, _ = datasets(made, text, **options)
    assert found.encoding == wanted.encoding and found.encoding.features[0].categories == ("0", "1", "2", "x")
    np.testing.assert_array_equal(found.inputs[0][:], wanted.inputs[0][:])


def test_rows_for_validation_are_drawn_in_chunks(monkeypatch):
    text = separable(500)
    monkeypatch.setattr(validation_rows, "CHUNK", 100)
    training, validation = datasets(model(), text)
    assert len(validation) == pytest.approx(100, abs=6) and len(training) + len(validation) == 500
    assert datasets(model(), text)[1].targets[0].tolist() == validation.targets[0].tolist()
    assert datasets(model(), text, seed=1)[1].targets[0].tolist() != validation.targets[0].tolist()


def test_standard_input_larger_than_memory(monkeypatch):
    monkeypatch.setattr("netconv.tables.sources.IN_MEMORY", 1000)
    monkeypatch.setattr(disk_buffer, "MEMORY", 1000)
    training, _ = datasets(model(), io.BytesIO(separable(300).encode()))
    assert len(training) == 240


# Inputs


def two_inputs(first=2, second=3):
    one, two = keras.Input((first,), name="size"), keras.Input((second,), name="shape")
    made = keras.Model([one, two], layers.Dense(2, activation="softmax")(layers.Concatenate()([one, two])))
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


FIVE = "p,q,r,s,t,class\n1,2,3,4,5,x\n6,7,8,9,10,y\n"


@pytest.mark.parametrize(
    "header, options, size, shape",
    [
        ("p,q,r,s,t", {}, [1, 2], [3, 4, 5]),
        ("shape.1,shape.2,shape.3,size.1,size.2", {}, [4, 5], [1, 2, 3]),
        ("shape_1,size_1,shape_2,size_2,shape_3", {}, [2, 4], [1, 3, 5]),
        ("p,q,r,s,t", {"input": {"size": "4-5", "shape": "p,q,r"}}, [4, 5], [1, 2, 3]),
        ("p,q,r,s,t", {"input": {"size": "q,s"}}, [2, 4], [1, 3, 5]),
        ("p,q,r,s,t", {"columns": ("t,s,r,q,p",)}, [5, 4], [3, 2, 1]),
    ],
)
def test_columns_are_for_inputs_by_name_or_by_order(header, options, size, shape):
    text = FIVE.replace("p,q,r,s,t", header)
    training, _ = datasets(two_inputs(), text, validation_split=0.0, **options)
    assert [part[:1].tolist() for part in training.inputs] == [[size], [shape]]
    assert training.encoding.inputs == {"size": 2, "shape": 3}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"input": {"sighs": "p"}}, "t.csv: the net has no input 'sighs'; its inputs are size, shape"),
        ({"input": {"size": "p", "shape": "r,s,t"}},
         "t.csv: 1 feature found, and the input 'size' takes 2: p"),
        ({"input": {"size": "p,u"}},
         "t.csv: has no column 'u'; its columns are p, q, r, s, t, class"),
        ({"drop": ("q",)}, "t.csv: 4 features found, and the net takes 5: p, r, s, t"),
        ({"drop": ("z*",)}, "t.csv: has no column 'z*'; its columns are p, q, r, s, t, class"),
        ({"input": {"sizes": "p,q", "shape": "r,s,t"}},
         "t.csv: the net has no input 'sizes'; did you mean 'size'? Its inputs are size, shape"),
        ({"encode": {"class": "codes"}}, "t.csv: encode= names 'class', which is the target"),
        ({"encode": {"p,q": "codes"}, "drop": ("q",)}, "t.csv: encode= names 'q', which is in drop=, too"),
        ({"encode": {"q": "codes"}, "columns": ("p,3-5",)}, "t.csv: encode= names 'q', which is not in columns="),
        ({"columns": ("p,class",), "target": "class"}, "t.csv: columns= names 'class', which is the target"),
        ({"input": {"size": "p,class"}, "target": "class"}, "t.csv: input= names 'class', which is the target"),
        ({"input": {"size": "p,q"}, "drop": ("q",)}, "t.csv: input= names 'q', which is in drop=, too"),
        ({"rescale": (2.0, 0.0), "standardize": True}, "rescale= and standardize= exclude each other"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_the_inputs(options, message):
    assert fails(datasets, two_inputs(), FIVE, **options) == message


def open_inputs(*names):
    entries = [keras.Input((None, 1), name=name) for name in names]
    pooled = [layers.GlobalAveragePooling1D()(entry) for entry in entries]
    made = keras.Model(entries, layers.Dense(2, activation="softmax")(layers.Concatenate()(pooled)))
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


def test_inputs_of_any_length_need_their_columns():
    message = "t.csv: which columns are for which input? Name them with input=: one, two, three"
    assert fails(datasets, open_inputs("one", "two", "three"), FIVE) == message
    message = "t.csv: input= must name the columns of two, three, too"
    assert fails(datasets, open_inputs("one", "two", "three"), FIVE, input={"one": "p"}) == message
    training, _ = datasets(open_inputs("one", "two"), FIVE, validation_split=0.0, input={"one": "p"})
    assert [part.shape for part in training.inputs] == [(2, 1, 1), (2, 4, 1)]


def test_a_model_of_two_inputs_is_trained_and_predicts():
    done = netconv.train(two_inputs(1, 1), source(separable(100)), input={"shape": "a", "size": "b"}, epochs=30,
                         learning_rate=0.1)  # fmt: skip
    assert done.evaluation.metrics["accuracy"] > 0.9
    lines = b"".join(netconv.predict(done.loaded, source("b,a\n0,2\n0,-2\n")).csv()).decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["yes", "no"]


def test_rows_become_images():
    entry = keras.Input((1, None, None))
    made = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D(data_format="channels_first")(entry)))
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    text = ",".join(f"pixel{n}" for n in range(9)) + ",label\n" + "1,2,3,4,5,6,7,8,9,0\n" * 3 + "0,0,0,0,0,0,0,0,0,1\n"
    training, _ = datasets(made, text, validation_split=0.0)
    assert training.inputs[0][:1].tolist() == [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]


# Ids


def embedding(count, one=False, length=3, dtype="int32"):
    entry = keras.Input((length,), name="tokens", dtype=dtype)
    ids = keras.ops.clip(keras.ops.subtract(entry, 1), 0, count - 1) if one else entry
    x = layers.Embedding(count, 4)(keras.ops.cast(ids, "int32"))
    made = keras.Model(entry, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


def test_the_ids_of_an_embedding_are_inferred():
    assert id_ranges(embedding(9)) == {"tokens": (0, 8)}
    assert id_ranges(embedding(9, one=True, dtype="float32")) == {"tokens": (1, 9)}
    assert id_ranges(model()) == {}
    scaled = keras.Input((3,))
    made = keras.Model(scaled, layers.Embedding(9, 2)(keras.ops.cast(scaled * 2, "int32")))
    assert id_ranges(made) == {}
    assert id_ranges(keras.Sequential([keras.Input((3,), name="w"), layers.Embedding(5, 2), layers.Flatten()])) != {}


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_an_embedding_of_computed_indices_has_no_ids(rows):
    """The indices of its rows are computed from an input, so the input has no ids."""
    entry = keras.Input((3,), name="image")
    assert id_ranges(keras.Model(entry, layers.Embedding(rows, 2)(keras.ops.zeros_like(entry)))) == {}


def test_a_graph_of_mathematica_takes_ids_from_1(tmp_path):
    nulls = ("Input", "1.Weights", "2.Weights", "2.Biases")
    nodes = [{"op": "null", "name": name, "inputs": []} for name in nulls]
    for op, name, attributes, inputs in (
        ("_minus_scalar", "1$0", {"scalar": "1."}, [0]),
        ("Embedding", "1", {"input_dim": "20", "output_dim": "4"}, [4, 1]),
        ("Flatten", "f", {}, [5]),
        ("FullyConnected", "2", {"num_hidden": "2", "no_bias": "False"}, [6, 2, 3]),
        ("softmax", "3", {}, [7]),
    ):
        nodes.append({"op": op, "name": name, "attrs": attributes, "inputs": [[n, 0, 0] for n in inputs]})
    graph = {
        "nodes": nodes,
        "arg_nodes": [0, 1, 2, 3],
        "heads": [[8, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10400]},
    }
    (tmp_path / "net.json").write_text(json.dumps(graph))
    assert id_ranges(netconv.convert(tmp_path / "net.json", input_shapes={"Input": (None, 5)})) == {"Input": (1, 20)}


TOKENS = "u,v,w,class\n1,2,3,x\n4,5,6,y\n"


@pytest.mark.parametrize(
    "one, messages",
    [(False, "0 to 6 of an Embedding"), (True, "1 to 7 of an Embedding, counted from 1, as in Mathematica")],
)
def test_ids_stay_integers(one, messages):
    account = []
    training, _ = datasets(embedding(7, one), TOKENS, account, validation_split=0.0, rescale=(0.5, 0.0))
    assert training.inputs[0].dtype == np.int32 and training.inputs[0][:].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert f"  ids       u, v, w: {messages}" in account


@pytest.mark.parametrize(
    "cell, one, message",
    [
        ("7", False, "t.csv, line 3, column 'v': '7' is not an id; ids are integers from 0 to 6"),
        ("0", True, "t.csv, line 3, column 'v': '0' is not an id; ids are integers from 1 to 7"),
        ("1.5", False, "t.csv, line 3, column 'v': '1.5' is not an id; ids are integers from 0 to 6"),
        ("?", False, "t.csv, line 3, column 'v': '?' is a missing cell, and there is no id for it"),
    ],
)
def test_invalid_ids(cell, one, message):
    assert fails(datasets, embedding(7, one), TOKENS.replace("5", cell)) == message


def test_ids_are_checked_when_predicting_too():
    done = netconv.train(embedding(7), source(TOKENS * 1), epochs=1, validation_split=0)
    assert fails(netconv.predict, done.loaded, source("u,v,w\n1,2,9\n")) == (
        "t.csv, line 2, column 'w': '9' is not an id; ids are integers from 0 to 6; errors='skip' or null continues"
    )


def test_ids_beyond_32_bit_floating_point():
    known = Encoding(("w",), True, (Feature("w", ids=(0, 20_000_000)),), (Head("out"),))
    [rows] = encoded_table.stream(sources(source("w\n16777215\n16777217\n")), known)
    assert fails(transform.features, rows, known) == (
        "t.csv, line 3, column 'w': '16777217' is beyond 16,777,215, the largest id that is exact in 32-bit floating "
        "point, in which tables are kept"
    )


def test_texts_may_be_ids():
    training, _ = datasets(embedding(3, True, 1), "w,class\nb,x\na,y\nc,y\n", validation_split=0.0)
    assert training.inputs[0][:].tolist() == [[2], [1], [3]]


# Targets


def test_one_hot_columns_are_classes():
    messages = []
    text = "a,b,red,green\n1,2,1,0\n3,4,0,1\n5,6,0,1\n7,8,?,1\n"
    training, _ = datasets(model(), text, messages, target=("red", "green"), validation_split=0.0)
    assert training.targets[0].tolist() == [0, 1, 1] and training.names[0] == ("red", "green")
    assert messages[:2] == [
        "1 row without a target left out",
        "target      2 columns: red, green, one-hot, one for each class",
    ]
    text = text.replace("red", "y.1").replace("green", "y.2")
    messages.clear()
    assert datasets(model(), text, messages, validation_split=0.0)[0].targets[0].tolist() == [0, 1, 1]
    assert messages[1] == "target      2 columns (target= names another): y.1, y.2, one-hot, one for each class"
    for row, value in (("1,1", "1"), ("0,2", "2")):
        message = fails(datasets, model(), text.replace("3,4,0,1", f"3,4,{row}"))
        assert message == (
            f"t.csv, line 3, column 'y.2': {value!r} makes the target columns not one-hot: a single 1, otherwise 0"
        )


def test_class_numbers_from_1_are_reported():
    messages = []
    training, _ = datasets(model(1), "a,class\n5,1\n6,2\n", messages, validation_split=0.0)
    assert training.targets[0].tolist() == [0, 1] and training.names[0] == ("1", "2")
    assert "classes: 1 to 2 in the table are outputs 0 to 1 of the net" in messages


# What is not a feature


@pytest.mark.parametrize("when", ["2021-03-04", "2021-03-04 10:00:00", "04.03.2021", "3/4/21", "10:15", "2021/3/4"])
def test_dates_are_refused(when):
    text = f"a,when,class\n1,{when},x\n2,{when},y\n"
    assert fails(datasets, model(), text) == (
        f"t.csv, column 'when': holds dates such as {when!r}, which no net takes; leave the column out with "
        "drop='when', or convert them to numbers"
    )
    assert fails(datasets, model(4), text).startswith("t.csv, column 'when': holds dates")
    assert len(datasets(model(1), text, drop=("when",))[0]) == 2


def test_a_column_of_too_many_texts(monkeypatch):
    monkeypatch.setattr("netconv.tables.column_stats.MOST_TEXTS", 20)
    text = "a,name,class\n" + "".join(f"{n},name {n % 30},{'xy'[n % 2]}\n" for n in range(100))
    message = (
        "t.csv, column 'name': 20 different texts in 100 rows are not categories; leave the column out with drop='name'"
    )
    assert fails(datasets, model(2), text) == message
    assert len(datasets(model(1), text, drop=("name",))[0]) == 80


def test_a_table_of_targets_alone():
    message = "t.csv: 0 features found, and the net takes 2"
    assert fails(datasets, model(), "a,b,class\n1,2,x\n3,4,y\n", drop=("a,b",)) == message


def test_arrays_train(tmp_path):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 1, 2)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int)
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    done = netconv.train(model(), tmp_path / "d.npz", epochs=20)
    assert done.rows == 160 and done.evaluation.metrics["accuracy"] > 0.9
    assert netconv.evaluate(done.loaded, tmp_path / "d.npz").rows == 50
    np.save(tmp_path / "d.npy", x)
    assert len(b"".join(netconv.predict(done.loaded, tmp_path / "d.npy").csv()).splitlines()) == 201
    source = Source("labels", lambda: io.BytesIO((tmp_path / "y.npy").read_bytes()))
    np.save(tmp_path / "y.npy", y)
    assert netconv.evaluate(done.loaded, tmp_path / "d.npy", labels=source).rows == 200
    with pytest.raises(DataError, match=r"d.npy: has no target column 'y'$"):
        netconv.evaluate(done.loaded, tmp_path / "d.npy")
