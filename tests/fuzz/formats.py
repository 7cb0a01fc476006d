"""The formats that are fuzzed: for each a damaged file by its seed, and what reads it."""

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from fuzz import model_files, wlnet_files
from fuzz.values import changed, with_wrong_bytes
from nets import dense

import netconv
from netconv.frontends.mxnet import params_file
from netconv.frontends.wolfram import reader as wolfram
from netconv.keras_files import archive
from netconv.tables import table
from netconv.tables.sources import sources
from netconv.training import checkpoints


class Format(NamedTuple):
    """`write` puts the damaged file of a seed into a folder and returns its path; `read` is what a command does with
    it; `count` is how many are tried in a short run."""

    write: Callable[[int, Path], Path]
    read: Callable[[Path], object]
    count: int


def _file(name, data):
    def write(seed, folder):
        path = folder / name
        path.write_bytes(data(seed))
        return path

    return write


# Nets

OPS = (
    "Convolution",
    "RNN",
    "Embedding",
    "Reshape",
    "tile",
    "_zeros",
    "broadcast_add",
    "_foreach",
    "SliceChannel",
    "dot",
)
TEXTS = (*OPS, "0", "-1", "1000000000", "(1000000000, 1000000000)", "(0,)", "None", "True", "1e400", "nan", "(" * 50)


def _net(seed, folder):
    pick = random.Random(seed)
    net, arrays = dense()
    path, params = folder / "net.json", folder / "net.params"
    params_file.write(params, arrays.items())
    if pick.random() < 0.5:
        net = changed(net, pick, pick.choice([0.003, 0.01, 0.05]), TEXTS)
        path.write_text(json.dumps(net))
    else:
        path.write_bytes(with_wrong_bytes(json.dumps(net).encode(), pick))
    return path


def _params(seed, folder):
    pick = random.Random(seed)
    net, arrays = dense()
    path, params = folder / "net.json", folder / "net.params"
    path.write_text(json.dumps(net))
    kinds = ["float32", "float64", "float16", "int8", "int64", "bool"]
    arrays = {name: array.astype(pick.choice(kinds)) for name, array in arrays.items()}
    params_file.write(params, arrays.items())
    params.write_bytes(with_wrong_bytes(params.read_bytes(), pick))
    return path


# Tables

CELLS = [
    "1",
    "-2.5",
    "1e400",
    "nan",
    "x",
    "é",
    "",
    "?",
    '"',
    '""',
    "\t",
    "1,5",
    "\x00",
    "a" * 3000,
    "2020-01-01",
    "\ufeff",
]


def _text(seed):
    pick = random.Random(seed)
    separator, end = pick.choice(",;\t|"), pick.choice(["\n", "\r\n", "\r"])
    columns = pick.choice([1, 3, 3, 40])
    usual = [pick.choice(CELLS) for _ in range(columns)]
    lines = [separator.join(f"c{n}" for n in range(columns))]
    for _ in range(pick.choice([0, 1, 5, 60])):
        cells = [pick.choice(CELLS) if pick.random() < 0.05 else cell for cell in usual]
        lines.append(separator.join(cells[: pick.randrange(columns) if pick.random() < 0.02 else columns]))
    data = end.join(lines).encode(pick.choice(["utf-8", "utf-8", "utf-16", "utf-8-sig"]))
    data = with_wrong_bytes(data, pick) if pick.random() < 0.5 else data
    if pick.random() < 0.2:
        data = gzip.compress(data, 1, mtime=0)
        data = with_wrong_bytes(data, pick) if pick.random() < 0.5 else data
    return data


def _frame(pick):
    rows = pick.choice([1, 5, 50])
    values = {
        "a": np.arange(rows) * 1.5, "n": np.arange(rows), "t": [f"x{n % 3}" for n in range(rows)],
        "d": pd.date_range("2020-01-01", periods=rows, tz=pick.choice([None, "UTC"])), "b": np.arange(rows) % 2 == 0,
    }  # fmt: skip
    return pd.DataFrame({name: values[name] for name in pick.sample(sorted(values), pick.choice([1, 3, 5]))})


def _parquet(seed):
    pick, stream = random.Random(seed), io.BytesIO()
    _frame(pick).to_parquet(stream, compression=pick.choice([None, "snappy", "gzip"]))
    return with_wrong_bytes(stream.getvalue(), pick)


DTYPES = ("f4", "f8", "i8", "u2", "?", "U3", "S4", "M8[s]", "m8[h]", "f2", "O", "c8", "U0")
HEADERS = ((b"'f8'", b"'f4'"), (b"(5, 3)", b"(5**9)"), (b"(5, 3)", b"(9, 3)"), (b"False", b"True "), (b"'<", b"'>"),
           (b"descr", b"shape"), (b"5, 3", b"-5,3"), (b"'<f", b"'<M"), (b"{", b"("))  # fmt: skip


def _array(pick):
    values = np.arange(15).reshape(pick.choice([(5, 3), (15,), (5, 3, 1), (15, 1)]))
    array = values.astype(pick.choice(DTYPES))
    return array[:0] if pick.random() < 0.05 else array


def _npy(seed):
    pick, stream = random.Random(seed), io.BytesIO()
    np.save(stream, _array(pick), allow_pickle=True)
    data = stream.getvalue()
    if pick.random() < 0.5:
        data = data.replace(*pick.choice(HEADERS))
    return with_wrong_bytes(data, pick) if pick.random() < 0.5 else data


def _npz(seed):
    pick, stream = random.Random(seed), io.BytesIO()
    save = pick.choice([np.savez, np.savez_compressed])
    save(stream, **{name: _array(pick) for name in ("x", "y", "z")[: pick.choice([1, 2, 3])]})
    return with_wrong_bytes(stream.getvalue(), pick)


def _table(path):
    return table.read(sources(path))


# Checkpoints

VARIABLES = (np.zeros((3, 2), "float32"), np.zeros((), "int64"), np.zeros(4, "uint32"))
FINGERPRINT = {"seed": 1, "batch size": 32, "optimizer": {"name": "adam"}}
HISTORY = [{"epoch": n, "loss": 1.5 / n, "val_loss": 1.25} for n in (1, 2, 3)]


def _checkpoint(seed, folder):
    pick = random.Random(seed)
    facts = changed({"history": HISTORY, "run": FINGERPRINT}, pick, pick.choice([0, 0.01, 0.05]))
    arrays = [_array(pick) if pick.random() < 0.05 else each for each in (*VARIABLES, VARIABLES[0])]
    arrays = [each.astype("float32") * np.nan if pick.random() < 0.02 else each for each in arrays]
    names = ("array-0", "array-1", "array-2", "best-0")
    named = dict(zip(names, arrays, strict=True)) | {"facts": np.frombuffer(json.dumps(facts).encode(), "uint8")}
    if pick.random() < 0.1:
        del named[pick.choice(sorted(named))]
    stream = io.BytesIO()
    pick.choice([np.savez, np.savez, np.savez_compressed])(stream, **named)
    path = folder / checkpoints.NAME
    path.write_bytes(with_wrong_bytes(stream.getvalue(), pick) if pick.random() < 0.4 else stream.getvalue())
    return path


def _resume(path):
    return checkpoints.read(path.parent, VARIABLES, VARIABLES[:1], FINGERPRINT, "val_loss")


def _open(path):
    netconv.inspect(path)
    archive.members(path)
    return archive.load(path)


def _wolfram(path):
    return wolfram.read(path.read_bytes(), str(path))


FORMATS = {
    "net.json": Format(_net, netconv.convert, 40),
    "params": Format(_params, netconv.convert, 40),
    "csv": Format(_file("t.csv", _text), _table, 150),
    "parquet": Format(_file("t.parquet", _parquet), _table, 150),
    "npy": Format(_file("t.npy", _npy), _table, 150),
    "npz": Format(_file("t.npz", _npz), _table, 150),
    "keras": Format(_file("net.keras", model_files.damaged), _open, 100),
    "checkpoint": Format(_checkpoint, _resume, 200),
    "wlnet": Format(_file("net.wlnet", wlnet_files.damaged), _wolfram, 60),
}
