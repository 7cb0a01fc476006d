"""Time of training, compared with Keras as it is usually used, and memory for a table larger than the memory.

The data are generated with the size of digits: 60,000 rows of 28 x 28 pixels, in ten classes. The net is `mlp` of
`docs/nets.py`. `--gigabytes 5` makes the large table that large; the default is smaller, to save time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import pyarrow as pa
import pyarrow.csv
from turns import NETCONV, heading, race, row, run

ROOT = Path(__file__).parent.parent
ROWS, PIXELS, BATCH, EPOCHS = 60_000, 784, 128, 8
OPTIONS = ["--optimizer", "rmsprop", "--batch-size", str(BATCH), "--early-stopping", "0", "--rescale", "1/255,0"]

SCRIPT = """
import keras, pandas
data = pandas.read_csv({table!r})
y = data.pop("label").to_numpy()
x = data.to_numpy("float32") / 255
order = __import__("numpy").random.default_rng(0).permutation(len(x))  # validation_split takes the last rows
model = keras.models.load_model({model!r})
model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[order], y[order], epochs={epochs}, batch_size=128, validation_split=0.2, verbose=0)
model.save({target!r})
"""


def digits(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (rows, 784) and classes (rows,), uint8: a blurred picture for each class, with noise; half of it is
    background."""
    generator = np.random.default_rng(seed)
    pictures = np.random.default_rng(0).integers(0, 256, (10, PIXELS)) * (np.arange(PIXELS) % 28 < 14)
    classes = generator.integers(0, 10, rows, np.uint8)
    noise = generator.integers(0, 128, (rows, PIXELS), np.uint8)
    return (pictures[classes] // 2 + noise * (pictures[classes] > 0)).astype(np.uint8), classes


def write(path: Path, gigabytes: float | None = None) -> None:
    """A CSV file of digits, of `gigabytes` or of 60,000 rows."""
    schema = pa.schema([("label", pa.uint8()), *((f"p{number}", pa.uint8()) for number in range(PIXELS))])
    with pa.csv.CSVWriter(path, schema) as writer:
        for part in range(1 if gigabytes is None else sys.maxsize):
            if gigabytes is not None and path.stat().st_size >= gigabytes * 1e9:
                break
            x, y = digits(ROWS, part)
            writer.write(pa.table([y, *np.ascontiguousarray(x.T)], schema=schema))


def epochs(table: Path, model: Path, runs: int) -> None:
    """The time of one epoch without that of the first one of each run, which traces."""
    import keras

    import netconv

    x, y = digits(ROWS, 0)
    x = x.astype(np.float32) / 255
    ours, theirs = [], []
    for _ in range(runs):
        ends: dict[int, float] = {}
        netconv.train(
            model, table, epochs=EPOCHS, batch_size=BATCH, optimizer="rmsprop", early_stopping=0,
            rescale=(1 / 255, 0.0), progress=lambda at, ends=ends: ends.update({at.epoch: time.perf_counter()}),
        )  # fmt: skip
        ours += np.diff([ends[epoch] for epoch in sorted(ends)]).tolist()
        plain, times = keras.models.load_model(model), []
        plain.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
        clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_, times=times: times.append(time.perf_counter()))
        plain.fit(x, y, epochs=EPOCHS, batch_size=BATCH, validation_split=0.2, verbose=0, callbacks=[clock])
        theirs += np.diff(times).tolist()
    row("an epoch of the MLP : model.fit on arrays", statistics.median(ours), statistics.median(theirs), "s", "<= 0.55")


def large(folder: Path, model: Path, gigabytes: float) -> None:
    table = folder / "large.csv"
    write(table, gigabytes)
    seconds, peak, _ = run(
        [*NETCONV, "train", str(table), "-m", str(model), "-o", str(folder / "large.keras"), "--epochs", "1", *OPTIONS]
    )
    size = table.stat().st_size / 1e9
    row(f"peak memory of training on {size:.1f} GB of CSV ({seconds:.0f} s) : 2 GB", peak, 2e9 / 2**20, "MiB", "<= 1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=0.5, help="the size of the large table [0.5]")
    parser.add_argument("--epochs", type=int, default=30, help="of the whole command [30]")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    heading()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, model = folder / "digits.csv", folder / "mlp.keras"
        run([sys.executable, str(ROOT / "docs" / "nets.py"), name])
        run([*NETCONV, "convert", str(folder / "mlp.json"), "--input-shape", "dense_1_input=?,784"])
        # first: the peak memory of a process includes that of its parent at the start
        large(folder, model, given.gigabytes)
        write(table)
        epochs(table, model, given.runs)
        ours = [*NETCONV, "train", str(table), "-m", str(model), "-o", str(folder / "ours.keras"), *OPTIONS]
        ours += ["--epochs", str(given.epochs)]
        targets = {"table": str(table), "model": str(model), "target": str(folder / "theirs.keras")}
        theirs = [sys.executable, "-c", SCRIPT.format(**targets, epochs=given.epochs)]
        race(f"train, {given.epochs} epochs : pandas and Keras", ours, theirs, given.runs, "<= 0.5")


if __name__ == "__main__":
    main()
