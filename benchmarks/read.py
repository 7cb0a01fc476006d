"""Time of reading a table, compared with the fastest reader, Arrow's (pandas and Polars are measured with it if they
are installed).

Two tables are generated: digits, 60,000 rows of 785 integers (as MNIST is published in CSV), and a mixed one, 500,000
rows of numbers, texts and missing cells. netconv also infers the format of the file, checks every row, computes
statistics of the columns, and ends with the numbers in one array.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from turns import heading, row

from netconv.tables import table
from netconv.tables.sources import sources

RUNS = 5


def digits(path: Path) -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (60_000, 784), np.uint8) * (np.arange(784) % 28 < 9)  # mostly background
    columns = {"label": generator.integers(0, 10, 60_000, np.uint8)}
    columns |= {f"pixel{number}": column for number, column in enumerate(np.ascontiguousarray(pixels.T))}
    pa.csv.write_csv(pa.table(columns), path)


def mixed(path: Path) -> None:
    generator, rows = np.random.default_rng(0), 500_000
    columns = {"id": np.arange(rows)}
    for number in range(8):
        values = generator.normal(size=rows).round(4)
        columns[f"x{number}"] = pa.array(values, mask=generator.random(rows) < 0.02)
        columns[f"kind{number}"] = pa.array(generator.choice(["red", "green", "dark blue"], rows))
    pa.csv.write_csv(pa.table(columns), path)


def readers(path: Path) -> dict[str, Callable[[], object]]:
    found = {"Arrow": lambda: pa.csv.read_csv(path)}
    try:
        import pandas

        found["pandas"] = lambda: pandas.read_csv(path)
    except ImportError:
        pass
    try:
        import polars

        found["Polars"] = lambda: polars.read_csv(path)
    except ImportError:
        pass
    return found


def race(path: Path) -> None:
    sides = {"netconv": lambda: table.read(sources(path)), **readers(path)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(RUNS + 1):  # the first run fills the disk cache
        for name, read in sides.items():
            start = time.perf_counter()
            read()
            if turn:
                times[name].append(time.perf_counter() - start)
    ours, *others = ((name, statistics.median(taken)) for name, taken in times.items())
    quickest = min(seconds for _, seconds in others)
    for name, seconds in others:
        goal = "<= 1.2" if seconds == quickest else ""
        row(f"reading {path.stem} ({path.stat().st_size / 1e6:.0f} MB) : {name} alone", ours[1], seconds, "s", goal)


if __name__ == "__main__":
    heading()
    with tempfile.TemporaryDirectory() as name:
        for make in (digits, mixed):
            path = Path(name) / f"{make.__name__}.csv"
            make(path)
            race(path)
