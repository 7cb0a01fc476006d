"""Tables in memory are read as the CSV of them would be."""

import datetime
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import tensorflow as tf
from models import fails

from netconv import DataError
from netconv.tables import memory, table
from netconv.tables.sources import reopenable, sources

FRAME = pd.DataFrame(
    {"a": [1.5, np.nan, 3], "n": [1, 2, 3], "kind": ["p", None, " q"], "flag": [True, False, True]},
    index=["r", "s", "t"],
)
EXPECTED = {"a": [1.5, None, 3], "n": [1, 2, 3], "kind": ["p", None, "q"], "flag": ["True", "False", "True"]}


class Protocol:
    """An object that has nothing but one protocol of another."""

    def __init__(self, of, name):
        self._of = of
        setattr(type(self), name, lambda self, *a, **k: getattr(self._of, name)(*a, **k))


def protocol(of, name):
    return type("Foreign", (Protocol,), {})(of, name)


def read(data):
    return table.read(sources(data))


def cells(data):
    """The columns of a table by name; None is a missing cell."""
    found = read(data)
    rows = found.rows(slice(None))
    numbers = {
        name: [None if np.isnan(value) else value for value in rows.numbers[:, index].tolist()]
        for index, name in enumerate(found.format.names)
        if index not in rows.texts
    }
    texts = {
        found.format.names[index]: [None if code < 0 else text.values[code] for code in text.codes]
        for index, text in rows.texts.items()
    }
    return {name: (numbers | texts)[name] for name in found.format.names}


@pytest.mark.parametrize(
    "convert",
    [
        lambda frame: frame,
        pl.from_pandas,
        lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
        lambda frame: pa.Table.from_pandas(frame, preserve_index=False).to_batches()[0],
        lambda frame: pa.Table.from_pandas(frame, preserve_index=False).to_reader(),
        lambda frame: frame.to_dict("list"),
        lambda frame: {name: frame[name] for name in frame},
        lambda frame: {name: frame[name].to_numpy() for name in frame},
        lambda frame: frame.to_records(index=False),
        lambda frame: protocol(pl.from_pandas(frame), "__arrow_c_stream__"),
        lambda frame: protocol(pa.Table.from_pandas(frame, preserve_index=False).to_batches()[0], "__arrow_c_array__"),
        lambda frame: protocol(pa.Table.from_pandas(frame, preserve_index=False), "__dataframe__"),
        lambda frame: io.StringIO(frame.to_csv(index=False)),
        lambda frame: io.BytesIO(frame.to_csv(index=False).encode()),
    ],
    ids="pandas polars table batch reader lists series arrays records stream c_array dataframe text bytes".split(),
)
def test_a_table_in_memory_is_read_as_its_csv(convert):
    assert cells(convert(FRAME)) == EXPECTED


def test_an_index_is_not_a_column():
    assert list(cells(FRAME.reset_index().set_index(["index", "n"]))) == ["a", "kind", "flag"]


def test_names_of_columns():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])
    assert cells(frame) == {"a": [1], "a.1": [2], "7": [3]}
    levels = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "mean"), ("a", "std")]))
    assert cells(levels) == {"a mean": [1], "a std": [2]}
    assert cells(FRAME["n"]) == {"n": [1, 2, 3]} == cells(pl.Series("n", [1, 2, 3]))


def test_texts_that_are_all_numbers_are_numbers():
    """As pandas reads numbers among which is a `?`."""
    assert cells({"a": ["1", " 2.5", "?"]}) == {"a": [1, 2.5, None]}
    assert cells({"a": ["1", "10%"]}) == {"a": ["1", "10%"]}
    assert cells({"a": ["1", "-"]}) == {"a": ["1", "-"]}
    long = {"a": ["1.50"] * 2_000_000 + ["none of them"]}  # the text is in the second block
    assert set(cells(long)["a"]) == {"1.50", "none of them"}


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["u", "v"])])
def test_categories(kind):
    assert cells(pl.DataFrame({"c": pl.Series(["u", None, "v"], dtype=kind)})) == {"c": ["u", None, "v"]}
    assert cells(pd.DataFrame({"c": pd.Categorical(["u", None, "v"]), "n": pd.Categorical([1, 2, None])})) == {
        "c": ["u", None, "v"], "n": [1, 2, None],
    }  # fmt: skip


def test_cells_of_different_types_are_text():
    assert cells(pd.DataFrame({"a": [1, "x", None, float("nan")]})) == {"a": ["1", "x", None, None]}
    assert cells([{"a": [2**70, "x"]}]) == {"a": [str(2**70), "x"]}


def test_dates_are_text():
    day = datetime.date(2020, 1, 2)
    assert cells({"d": [day]}) == cells(pl.DataFrame({"d": [day]})) == {"d": ["2020-01-02"]}
    assert cells(pd.DataFrame({"d": pd.to_datetime(["2020-01-02", None])}))["d"][1] is None


def test_bytes_are_text():
    assert cells(np.array([b"p", b"q"])) == {"1": ["p", "q"]}
    message = fails(read, {"a": [b"\xff"]}, kind=DataError)
    assert message == "the dictionary, column 'a': holds bytes that are not UTF-8, and numbers or text are expected"


def test_a_dictionary_of_single_values_is_a_row():
    assert cells({"a": 1, "b": "x", "c": None}) == {"a": [1], "b": ["x"], "c": [None]}


def test_arrays():
    images = np.arange(24).reshape(4, 2, 3)
    found = read(images)
    assert (found.format.header, found.format.names) == (False, tuple("123456"))
    assert found.numbers[:].tolist() == images.reshape(4, 6).tolist()
    assert found.locate(2) == ("the array", "row", 3, ["12", "13", "14", "15", "16", "17"])
    turned = np.moveaxis(images, 2, 1)  # not in C order
    assert read(turned).numbers[:].tolist() == turned.reshape(4, 6).tolist()
    assert cells(tf.constant([[1.0, 2.0]])) == {"1": [1], "2": [2]} == cells([np.array([[1, 2]])])
    assert cells(np.ma.array([1, 2], mask=[False, True])) == {"1": [1, None]}
    assert cells(np.array([["a", 1], ["b", None]], object)) == {"1": ["a", "b"], "2": [1, None]}
    assert cells({"x": np.array([[1, 2], [3, 4]]), "k": ["p", "q"]}) == {"x.1": [1, 3], "x.2": [2, 4], "k": ["p", "q"]}


def test_a_big_array_is_not_copied():
    array = np.zeros((1000, 40), np.float32)
    [source] = sources((array, np.arange(1000)))
    [[x, _]] = source.memory.chunks()
    assert np.shares_memory(x, array)


@pytest.mark.parametrize(
    "data, names, header",
    [
        ((np.ones((2, 2)), ["p", "q"]), ("1", "2", "y"), False),
        ((np.ones((2, 2)), np.eye(2)), ("1", "2", "y.1", "y.2"), False),
        (([[1, 2], [3, 4]], (0, 1)), ("1", "2", "y"), False),
        (((np.ones((2, 3)), np.ones(2)), [0, 1]), ("1", "2", "3", "4", "y"), False),
        (({"a": [1, 2], "b": np.ones((2, 2))}, [0, 1]), ("a", "b.1", "b.2", "y"), True),
        ((FRAME[["a", "n"]], FRAME["kind"]), ("a", "n", "kind"), True),
        ((pl.from_pandas(FRAME)[["a"]], pl.Series("kind", [1, 2, 3])), ("a", "kind"), True),
        ((FRAME[["a"]], FRAME[["n", "flag"]]), ("a", "n", "flag"), True),
    ],
)
def test_pairs(data, names, header):
    [source] = sources(data)
    assert (source.name, source.memory.format.names, source.memory.format.header) == ("(x, y)", names, header)
    width = len(names) - sum(name in ("y", "y.1", "y.2", "kind", "flag") for name in names)
    width -= "flag" in names  # then n is a target, too
    assert source.memory.format.targets == tuple(range(width, len(names)))


def test_datasets():
    x, y = np.arange(10.0).reshape(5, 2), np.array([0, 1, 0, 1, 1])
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    assert cells(dataset) == {"1": [0, 2, 4, 6, 8], "2": [1, 3, 5, 7, 9], "y": [0, 1, 0, 1, 1]}
    named = tf.data.Dataset.from_tensor_slices(({"a": x, "b": y}, [b"p"] * 5)).batch(3)
    assert list(cells(named)) == ["a.1", "a.2", "b", "y"] and cells(named)["y"] == ["p"] * 5
    assert cells(tf.data.Dataset.from_tensor_slices(x).batch(2)) == {"1": [0, 2, 4, 6, 8], "2": [1, 3, 5, 7, 9]}
    assert cells(tf.data.Dataset.from_tensor_slices((x,)).batch(2)) == {"1": [0, 2, 4, 6, 8], "2": [1, 3, 5, 7, 9]}


def test_a_stream_of_arrow_is_copied_to_be_read_again():
    [source] = sources(pa.Table.from_pandas(FRAME, preserve_index=False).to_reader(max_chunksize=2))
    again = reopenable(source)
    assert (source.reopenable, again.reopenable) == (False, True)
    for _ in range(2):
        assert [len(parts[0]) for parts in again.memory.chunks()] == [2, 1]


def test_several_tables():
    assert cells([FRAME[["n"]], pl.DataFrame({"n": [4]})]) == {"n": [1, 2, 3, 4]}
    message = fails(read, [FRAME[["n"]], {"m": [4]}], kind=DataError)
    assert message == "the dictionary: its column 1 is 'm', and that of the data frame is 'n'"


def test_a_text_stream_is_decoded_already(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("ä,b\n1,é\n".encode("latin-1"))
    with path.open(encoding="latin-1") as stream:
        assert cells(stream) == {"ä": [1], "b": ["é"]}
    message = fails(read, io.StringIO('{"a": 1}'), kind=DataError)
    assert message.endswith("is JSON: save its table as CSV or Parquet")


ARRAY = np.ones((2, 2))


@pytest.mark.parametrize(
    "data, message",
    [
        (3, f"the data must be {memory.TAKEN}; received int"),
        (None, f"the data must be {memory.TAKEN}; received NoneType"),
        ([], f"the data must be {memory.TAKEN}; received []"),
        ([1, 2], f"the data must be {memory.TAKEN}; received int"),
        ((ARRAY, [0, 1], [1, 1]), "(x, y): must be two, the inputs and the targets; received 3"),
        ((ARRAY, [0, 1, 1]), "(x, y): x has 2 rows, and y has 3"),
        ((ARRAY, 3), "y: must be a data frame, an array or a dictionary of columns; received int"),
        (((ARRAY, np.ones(3)), [0, 1]), "(x, y): its arrays have different numbers of rows: x[0] 2, x[1] 3"),
        ({}, "the dictionary: has no columns"),
        (pd.DataFrame(index=[1]), "the data frame: has no columns"),
        ({"a": [1], "b": [1, 2]}, "the dictionary: its arrays have different numbers of rows: a 1, b 2"),
        ({"a": [1], "b": 3}, "the dictionary, column 'b': must be a list or an array; received 3"),
        ({"a": [1], "b": {}}, "the dictionary, column 'b': must be a list or an array; received {}"),
        ({"a": [[1, 2], [1]]}, "the dictionary, column 'a': its rows have different numbers of values"),
        ({"a": [1], "b": {1}},
         "the dictionary, column 'b': must be a data frame, an array or a dictionary of columns; received set"),
        ({"a": [{}, {}]}, "the dictionary, column 'a': holds struct<>, and numbers or text are expected"),
        (np.array(3), "the array: is a single value, and rows are expected"),
        (np.ones((3, 0)), "the array: has the shape 3 x 0, which has no values"),
        (np.array([1j]), "the array: holds complex128, and numbers or text are expected"),
        (pd.DataFrame({"a": [1j]}), "the data frame, column 'a': holds complex128, and numbers or text are expected"),
        (pd.DataFrame({"a": [[[1]]]}),
         "the data frame, column 'a': holds list<item: list<item: int64>>, and numbers or text are expected"),
        (pl.DataFrame({"a": [datetime.timedelta(1)]}),
         "the data frame, column 'a': holds duration[us], and numbers or text are expected"),
        (pl.LazyFrame({"a": [1]}), "the LazyFrame: is lazy, and a table is expected: give it with .collect()"),
        (pd.DataFrame({"a": []}), "the data frame: has a header and no rows"),
        (pa.table({"a": pa.array([], pa.int8())}).to_reader(), "the Arrow stream: has a header and no rows"),
        (tf.data.Dataset.from_tensor_slices((ARRAY, [0, 1])),
         "the tf.data dataset: is not batched: give it with .batch(32)"),
        (tf.data.Dataset.from_tensor_slices(ARRAY), "the tf.data dataset: is not batched: give it with .batch(32)"),
        (tf.data.Dataset.from_tensors((ARRAY, [0, 1])).repeat(),
         "the tf.data dataset: never ends: give it without .repeat(), or with .take(N)"),
        (tf.data.Dataset.from_tensors((ARRAY, [0, 1])).take(0), "the tf.data dataset: has no rows"),
        (tf.data.Dataset.from_tensors((ARRAY, [0, 1], [1, 1])),
         "(x, y): must be two, the inputs and the targets; received 3"),
        (tf.data.Dataset.from_tensors(tf.ragged.constant([[1], [2, 3]])),
         "the tf.data dataset: has elements of RaggedTensorSpec, and dense tensors are expected"),
    ],
)  # fmt: skip
def test_what_is_not_a_table(data, message):
    assert fails(read, data, kind=DataError) == message


def test_batches_of_different_widths():
    parts = [tf.zeros((2, 2)), tf.zeros((2, 3))]
    dataset = tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=tf.TensorSpec((None, None)))
    assert fails(read, dataset, kind=DataError) == "the tf.data dataset: has batches of 2 and of 3 columns"


def test_labels_are_for_files():
    message = fails(sources, FRAME, "labels.npy", kind=DataError)
    assert message == "the data frame: has no file of labels: give (x, y)"


def test_missing_values_of_pandas():
    assert cells(pd.DataFrame({"a": pd.Series([pd.NA, 1, "x"], dtype=object)})) == {"a": [None, "1", "x"]}
    assert cells(pd.DataFrame({"a": pd.Series([1, None], dtype="Int64"), "b": pd.array(["x", None], "string")})) == {
        "a": [1, None], "b": ["x", None],
    }  # fmt: skip
    assert cells(pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.5])})) == {"a": [0, 1.5]}


def test_single_values_of_numpy_are_a_row():
    assert cells({"a": np.int64(1), "b": np.float32(2.5), "c": np.str_("x")}) == {"a": [1], "b": [2.5], "c": ["x"]}


def test_lists_of_arrays_are_rows_in_a_dictionary():
    assert cells({"a": [np.array([1, 2]), np.array([3, 4])]}) == {"a.1": [1, 3], "a.2": [2, 4]}
