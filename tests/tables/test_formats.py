"""Formats of tables: several files, compressed ones, Parquet, arrays; and their errors."""

import gzip
import io
import math
import os
import struct
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netconv import DataError
from netconv.tables import arrays, table
from netconv.tables.sources import Source, sources

TEXT = b"a,b\n1,x\n2,?\n"


def compressed(data, codec):
    return gzip.compress(data) if codec == "gzip" else pa.compress(data, codec, asbytes=True)


def read(data, name="t", **options):
    source = Source(name, lambda: io.BytesIO(data)) if isinstance(data, bytes) else data
    return table.read(sources(source), **options).rows(slice(None))


def cells(rows):
    """Every column as a list: numbers, texts, None for a missing cell."""
    columns = {}
    for position, name in enumerate(rows.format.names):
        if position in rows.texts:
            codes, values = rows.texts[position]
            columns[name] = [None if code < 0 else values[code] for code in codes.tolist()]
        else:
            columns[name] = [None if math.isnan(x) else x for x in rows.numbers[:, position].tolist()]
    return columns


def fails(data, **options):
    with pytest.raises(DataError) as caught:
        read(data, **options)
    return str(caught.value)


# Compressed


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_text(codec, tmp_path):
    expected = {"a": [1, 2], "b": ["x", None]}
    assert cells(read(compressed(TEXT, codec))) == expected
    assert cells(read(compressed(TEXT[:6], codec) + compressed(TEXT[6:], codec))) == expected
    (tmp_path / "t.tsv").write_bytes(compressed(TEXT.replace(b",", b"\t"), codec))
    assert cells(read(tmp_path / "t.tsv")) == expected


def test_a_compressed_pipe():
    ends = os.pipe()
    with os.fdopen(ends[1], "wb") as writing:
        writing.write(compressed(TEXT, "gzip"))
    with os.fdopen(ends[0], "rb") as reading:
        assert cells(read(reading)) == {"a": [1, 2], "b": ["x", None]}


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_text_that_is_damaged(codec):
    rows = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(1000))
    data = compressed(rows, codec)
    for cut in (1, 5, 9, 500):
        assert fails(data[:-cut]) == "t: is cut short"
    assert fails(data + b"more") == "t: is damaged: it cannot be decompressed"
    assert fails(compressed(b"", codec)) == "t: is empty"


def test_a_bomb_of_zeros_is_not_a_table():
    assert fails(gzip.compress(bytes(200 << 20), 1)) == "t: is not a table of text (CSV)"


# Several files


def test_several_files_are_one_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.csv").write_bytes(TEXT)
    (tmp_path / "2.csv.gz").write_bytes(gzip.compress(b"a;b\n3;y\n"))
    pq.write_table(pa.table({"a": [4], "b": [5]}), tmp_path / "3.parquet")
    expected = {"a": [1, 2, 3, 4], "b": ["x", None, "y", "5"]}
    assert cells(read("?.*")) == cells(read(["1.csv", "2.csv.gz", tmp_path / "3.parquet"])) == expected
    assert cells(read(["3.parquet", "1.csv"])) == {"a": [4, 1, 2], "b": ["5", "x", None]}
    rows = read("?.*")
    assert [rows.locate(row)[:3] for row in range(4)] == [
        ("1.csv", "line", 2), ("1.csv", "line", 3), ("2.csv.gz", "line", 2), ("3.parquet", "row", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,c\n1,2\n", "2.csv: its column 2 is 'c', and that of 1.csv is 'b'"),
        ("a,b,c\n1,2,3\n", "2.csv: has 3 columns, and 1.csv has 2"),
        ("1,2\n", "2.csv: has no header, and 1.csv has one"),
        ("a,b\n1,2\n3\n", "2.csv, line 3: 1 cell, and the header has 2"),
        ("", "2.csv: is empty"),
    ],
)
def test_files_with_different_columns(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.csv").write_bytes(TEXT)
    (tmp_path / "2.csv").write_text(text)
    assert fails("*.csv") == message


def test_a_file_without_header_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.csv").write_text("1,2\n")
    (tmp_path / "2.csv").write_text("a,b\n1,2\n")
    assert fails("*.csv") == "2.csv: has a header, and 1.csv has none"


def test_a_pattern_that_matches_nothing():
    assert fails("no-such-*.csv") == "no-such-*.csv: no file matches"


def test_columns_that_are_ignored_are_not_read():
    rows = read(b"a,b,c\n1,x,2\n3,y,oops\n", ignore=lambda _form: frozenset({1, 2}))
    assert cells(rows) == {"a": [1, 3], "b": [None, None], "c": [None, None]}


# Parquet


def parquet(columns, **options):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, **options)
    return stream.getvalue()


def test_parquet():
    columns = {
        "whole": pa.array([1, None, 3], pa.int64()),
        "number": pa.array([0.5, float("nan"), 1e-3], pa.float64()),
        "flag": pa.array([True, False, None]),
        "money": pa.array(["1.25", None, "3"]).cast(pa.decimal128(10, 2)),
        "text": pa.array([" x", "NA", "y"]),
        "kind": pa.array(["p", "q", "p"]).dictionary_encode(),
        "none": pa.nulls(3),
        "day": pa.array([0, 1, None], pa.date32()),
    }
    expected = {
        "whole": [1, None, 3], "number": [0.5, None, np.float32(1e-3)], "flag": ["True", "False", None],
        "money": [1.25, None, 3], "text": ["x", None, "y"], "kind": ["p", "q", "p"], "none": [None] * 3,
        "day": ["1970-01-01", "1970-01-02", None],
    }  # fmt: skip
    assert cells(read(parquet(columns))) == cells(read(parquet(columns, compression="zstd"))) == expected
    ends = os.pipe()
    with os.fdopen(ends[1], "wb") as writing:
        writing.write(parquet(columns))
    with os.fdopen(ends[0], "rb") as reading:
        assert cells(read(reading)) == expected


def test_parquet_in_blocks(monkeypatch):
    monkeypatch.setattr("netconv.tables.parquet.CELLS", 8)
    rows = read(parquet({"a": range(100), "b": [f"t{n % 7}" for n in range(100)]}))
    assert cells(rows) == {"a": list(range(100)), "b": [f"t{n % 7}" for n in range(100)]}
    assert rows.locate(50)[:3] == ("t", "row", 51) and rows.locate(50).cells == ["50", "t1"]


def test_parquet_reads_the_columns_that_are_needed():
    data = parquet({"a": [1, 2], "a.b": ["x", "y"], "c": pa.array([[1], [2]])})
    ignore = {"ignore": lambda _format: frozenset({2})}
    rows = read(data, **ignore)
    assert cells(rows) == {"a": [1, 2], "a.b": ["x", "y"], "c": [None, None]}
    assert rows.locate(1).cells == ["2", "y", ""]
    twice = parquet_of([pa.array([1, 2]), pa.array([3, 4])], ["a", "a"])
    assert cells(read(twice)) == {"a": [1, 2], "a.1": [3, 4]}


def parquet_of(columns, names, **options):
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=names), stream, **options)
    return stream.getvalue()


def times(number, type_):
    """A column of dates or times that is this number."""
    return pa.array([0, number], pa.int32() if pa.types.is_date32(type_) else pa.int64()).view(type_)


OUT_OF_RANGE = "t, column 'a': holds dates out of range; those of the years 1 to 9999 are read"


@pytest.mark.parametrize(
    "column, message",
    [
        (times(0, pa.timestamp("us", "Mars/Phobos")),
         "t, column 'a': holds timestamp[us, tz=Mars/Phobos], and there is no such time zone"),
        (times(2**62, pa.timestamp("us")), OUT_OF_RANGE),
        (times(-(2**62), pa.timestamp("ms", "UTC")), OUT_OF_RANGE),
        (times(2**31 - 1, pa.date32()), OUT_OF_RANGE),
        (times(-1, pa.time64("us")), "t, column 'a': holds times out of range"),
        (pa.array([b"ok", b"\xff\xfe"]).view(pa.string()), "t, column 'a': holds text that is not UTF-8"),
        (pa.array([b"ok", b"\xff\xfe"]).view(pa.string()).dictionary_encode(),
         "t, column 'a': holds text that is not UTF-8"),
        (pa.array(["a", "\xe9" * 131_073]),
         "t, row 2, column 'a': a text of 131,073 characters, and at most 131,072 are read"),
    ],
)  # fmt: skip
def test_cells_of_parquet_that_cannot_be_read(column, message):
    assert fails(parquet_of([column], ["a"])) == message


def test_texts_of_parquet_that_occur_often_are_read_once():
    long = "x" * 131_072
    data = parquet_of([pa.DictionaryArray.from_arrays(pa.array([0] * 20_000 + [1]), [long, "y"])], ["a"])
    before = pa.default_memory_pool().max_memory()
    rows = read(data)
    assert pa.default_memory_pool().max_memory() - before < 100 << 20  # 2.6 GB if they were written out
    assert rows.texts[0].values == (long, "y") and len(rows) == 20_001


def test_parquet_that_takes_far_more_memory_than_its_file(monkeypatch):
    monkeypatch.setattr("netconv.tables.parquet.LARGEST", 100_000)
    data = parquet_of([pa.array(["x" * 100_000] * 10)], ["a"], use_dictionary=False, compression="zstd")
    part = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    sizes = f"{part.total_uncompressed_size:,} bytes in memory, and {part.total_compressed_size:,} in the file"
    assert fails(data) == f"t, column 'a': takes {sizes}: not read"
    twice = parquet_of([pa.array(["x"]), pa.array([1])], ["a", "a"])
    assert fails(twice) == "t, column 'a': is the name of several columns, of which one holds text: rename them"


def test_parquet_that_cannot_be_read():
    data = parquet({"a": list(range(5000)), "b": [f"t{n}" for n in range(5000)]})
    cut = "t: is cut short or damaged: not a Parquet file"
    assert fails(data[:-20]) == fails(data[:200]) == fails(b"PAR1") == cut
    assert fails(data[:100] + bytes(20_000) + data[20_100:]) == cut
    assert fails(gzip.compress(data)) == "t: is a compressed Parquet file: decompress it first"
    assert fails(parquet({"a": pa.array([[1], [2]])})) == (
        "t, column 'a': holds list<element: int64>, and numbers or text are expected"
    )
    assert fails(parquet({"a": pa.array([], pa.int8())})) == "t: has a header and no rows"


# Arrays


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(compress=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(stream, **arrays)
    return stream.getvalue()


def idx(array, kind=8):
    header = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return header + array.astype(arrays.IDX_TYPES[kind]).tobytes()


IMAGES = np.arange(24).reshape(4, 2, 3)


@pytest.mark.parametrize(
    "data", [npy(IMAGES), idx(IMAGES), idx(IMAGES, 14), gzip.compress(idx(IMAGES), mtime=0), npy(IMAGES * 1.0)]
)
def test_an_array_is_a_table_of_numbered_columns(data):
    rows = read(data)
    assert (rows.format.header, rows.format.names) == (False, tuple("123456"))
    assert rows.numbers.tolist() == IMAGES.reshape(4, 6).tolist()
    assert rows.locate(2) == ("t", "row", 3, ["12", "13", "14", "15", "16", "17"])


@pytest.mark.parametrize("compress", [False, True])
def test_an_npz_is_a_table_of_named_columns(compress):
    rows = read(npz(compress, x=IMAGES, y=np.array(["p", "q", "p", ""])))
    assert rows.format.names == ("x.1", "x.2", "x.3", "x.4", "x.5", "x.6", "y")
    assert cells(rows)["x.2"] == [1, 7, 13, 19] and cells(rows)["y"] == ["p", "q", "p", None]


def test_an_npz_of_two_sets():
    data = npz(x_train=IMAGES, y_train=np.arange(4), x_test=IMAGES[:1], y_test=np.arange(1))
    source = Source("t", lambda: io.BytesIO(data))
    assert len(table.read(sources(source))) == 4
    assert len(table.read(sources(source, part="test"))) == 1


def test_the_labels_beside_mnist_s_images_are_found(tmp_path):
    images, labels = tmp_path / "train-images-idx3-ubyte.gz", tmp_path / "train-labels-idx1-ubyte.gz"
    images.write_bytes(gzip.compress(idx(IMAGES)))
    assert read(images).format.names == tuple("123456")
    labels.write_bytes(gzip.compress(idx(np.array([7, 8, 9, 7]))))
    rows = read(str(images))
    assert rows.format.names == (*"123456", "label") and cells(rows)["label"] == [7, 8, 9, 7]
    assert sources(images)[0].labels.name == str(labels)
    other = Source("other", lambda: io.BytesIO(npy(np.array([1, 2, 3, 4]))))
    assert cells(table.read(sources(images, other)).rows(slice(None)))["label"] == [1, 2, 3, 4]
    assert cells(read(labels)) == {"label": [7, 8, 9, 7]}


def test_labels_that_do_not_fit():
    def labelled(labels):
        one, other = (Source(name, lambda data=data: io.BytesIO(data)) for name, data in (("t", npy(IMAGES)), labels))
        with pytest.raises(DataError) as caught:
            table.read(sources(one, other))
        return str(caught.value)

    assert labelled(("l", npy(np.arange(5)))) == "t: its arrays have different numbers of rows: t 4, label 5"
    assert labelled(("l", b"1\n2\n3\n4\n")) == "l: is not a file of labels (IDX or .npy)"
    text = Source("t.csv", lambda: io.BytesIO(b"a,label\n1,2\n"))
    with pytest.raises(DataError, match=r"^t.csv: is not a file of images \(IDX or .npy\), which labels is for$"):
        table.read(sources(text, Source("l", lambda: io.BytesIO(npy(np.arange(1))))))
    with pytest.raises(DataError, match=r"^l: labels belong to a single data file; received 2$"):
        sources(["a", "b"], "l")


NOT_UNICODE = "its text is not Unicode: it has surrogates, or numbers that stand for no character"
NO_CHARACTER = "holds {}, texts without a character, and numbers or text are expected"


def points(*numbers):
    """A column of texts of one character each, which is this number."""
    return np.array(numbers, "<u4").view("<U1")


def header(text, version=1):
    """A `.npy` file that ends after its header."""
    text = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "data, message",
    [
        (npy(IMAGES)[:-5], "is cut short: 3 of 4 rows"),
        (npy(IMAGES) + b"1", "has more than the 4 rows in its header"),
        (npy(IMAGES)[:40], "has no readable .npy header"),
        (header("__import__('os').system('true')"), "has no readable .npy header"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (1" + "0" * 15 + ",)}"),
         "is cut short: 0 of 1,000,000,000,000,000 rows"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1" + "0" * 15 + ")}"),
         "has rows of 1,000,000,000,000,000 values, and at most 16 MB a row are read"),
        (header("{'descr': '<U99999999', 'fortran_order': False, 'shape': (1,)}"),
         "has rows of 1 values, and at most 16 MB a row are read"),
        (npy(np.array([{}, 1], object), allow_pickle=True),
         "holds Python objects, which are not read: save plain numbers or text"),
        (npy(np.array([1j])), "holds complex128, and numbers or text are expected"),
        (npy(np.asfortranarray(np.ones((2, 3)))), "is in Fortran order: save it with numpy.ascontiguousarray"),
        (npy(np.array(3)), "is a single value, and rows are expected"),
        (npy(np.array(["\xe9".encode()])), "its text is not ASCII: save it as Unicode"),
        (npy(points(0x41, 0xD800)), NOT_UNICODE),
        (npy(points(0x41, 0x110000)), NOT_UNICODE),
        (header("{'descr': '<U0', 'fortran_order': False, 'shape': (3,)}"), NO_CHARACTER.format("<U0")),
        (header("{'descr': '|S0', 'fortran_order': False, 'shape': (3,)}"), NO_CHARACTER.format("|S0")),
        (header("{'descr': '<M8', 'fortran_order': False, 'shape': (3,)}"),
         "holds dates without a unit: save them as datetime64[D], or as text"),
        (header("{'descr': '<U131073', 'fortran_order': False, 'shape': (3,)}"),
         "has texts of 131,073 characters, and at most 131,072 are read"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 4 * 10**9) + bytes(100_000), "has no readable .npy header"),
        (npy(np.ones((3, 0))), "has the shape 3 x 0, which has no values"),
        (npy(np.array([["a", "b"]])), "has rows of 2 texts, and only one is possible"),
        (npy(np.ones((0, 3))), "has a header and no rows"),
        (idx(IMAGES)[:-5], "is cut short: 3 of 4 rows"),
        (idx(IMAGES)[:10], "is cut short in its header"),
        (idx(IMAGES) + b"1", "has more than the 4 rows in its header"),
        (struct.pack(">HBB2I", 0, 8, 2, 2**32 - 1, 2**32 - 1),
         "has rows of 4,294,967,295 values, and at most 16 MB a row are read"),
        (gzip.compress(struct.pack(">HBB2I", 0, 8, 2, 2**32 - 1, 10) + bytes(95), mtime=0),
         "is cut short: 9 of 4,294,967,295 rows"),
        (npz(x=IMAGES, y=np.arange(3)), "its arrays have different numbers of rows: x 4, y 3"),
        (npz(x=IMAGES)[:-30], "is cut short or damaged: not a .npz file"),
        (npz(x=np.array([None])), "its array 'x' holds Python objects, which are not read: save plain numbers or text"),
        (gzip.compress(npz(x=IMAGES), mtime=0), "is a compressed .npz: decompress it first"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_read(data, message):
    assert fails(data) == f"t: {message}"


def test_an_npz_that_is_damaged():
    data = bytearray(npz(True, x=np.arange(9999)))
    data[200] ^= 255
    assert fails(bytes(data)) == "t: is damaged: its array 'x' cannot be decompressed"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert fails(stream.getvalue()) == "t: is a ZIP archive without arrays (.npy): unpack it first"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", npy(IMAGES)[:-3])
    assert fails(stream.getvalue()) == "t: is cut short: 3 of 4 rows"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_npz_that_numpy_does_not_write(method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("x.npy", npy(IMAGES))
    assert fails(stream.getvalue()) == "t: its array 'x' is not compressed as NumPy does: unpack the archive"


def test_a_long_header_is_not_decompressed():
    class Counting(io.BytesIO):
        count = 0

        def read1(self, size=-1):
            Counting.count += size
            return super().read1(size)

    data = b"\x93NUMPY\x02\x00" + struct.pack("<I", 4 * 10**9) + bytes(32 << 20)
    assert fails(Source("t", lambda: Counting(data))) == "t: has no readable .npy header"
    assert 0 < Counting.count <= 8 << 20


def test_arrays_in_blocks(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 64)
    data = npz(x=np.arange(300).reshape(100, 3), y=np.array([f"t{n % 7}" for n in range(100)]))
    rows = read(data)
    assert cells(rows)["x.2"] == list(range(1, 300, 3)) and cells(rows)["y"][98:] == ["t0", "t1"]
    assert rows.locate(77) == ("t", "row", 78, ["231", "232", "233", "t0"])
    one = sources(Source("t", lambda: io.BytesIO(data)))
    blocks = table.stream(one, keep=lambda _form: frozenset({3}))
    assert [cell for block in blocks for cell in block.kept[3].to_pylist()][:3] == ["t0", "t1", "t2"]
