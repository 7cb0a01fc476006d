"""Time and memory of predicting the rows of a table through a pipe, compared with pandas and Keras.

The table is generated: random numbers, with as many columns as the kidney net takes. The other side is a script as one
would write it by hand; its batches are larger than Keras's default of 32, which would be several times slower.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from turns import NETCONV, heading, row, run

NET = Path(__file__).parent.parent / "fixtures" / "ckd" / "net.json"
COLUMNS = 24
SCRIPT = """
import sys
import keras, numpy, pandas
model = keras.models.load_model(sys.argv[1])
data = pandas.read_csv(sys.stdin)
given = model.predict(data.to_numpy("float32"), batch_size=1024, verbose=0)
names = numpy.array(["ckd", "notckd"])
found = pandas.DataFrame({"class": names[given.argmax(axis=1)], "probability": given.max(axis=1)})
found.to_csv(sys.stdout, index=False)
"""


def write(path: Path, rows: int) -> None:
    values = np.random.default_rng(0).normal(size=(COLUMNS, rows)).round(4)
    pa.csv.write_csv(pa.table(list(values), [f"x{number}" for number in range(COLUMNS)]), path)


def piped(table: Path, command: list[str]) -> list[str]:
    return ["bash", "-o", "pipefail", "-c", f"cat {shlex.quote(str(table))} | {shlex.join(command)}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    heading()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, table, tenth = folder / "kidney.keras", folder / "rows.csv", folder / "tenth.csv"
        run([*NETCONV, "convert", str(NET), "-o", str(model), "--classes", "ckd,notckd"])
        write(table, given.rows)
        write(tenth, given.rows // 10)
        ours = [*NETCONV, "predict", "-m", str(model)]
        theirs = [sys.executable, "-c", SCRIPT, str(model)]
        runs = [
            [run(piped(table, ours)), run(piped(table, theirs)), run(piped(tenth, ours))] for _ in range(given.runs + 1)
        ][1:]  # the first run fills the disk cache
        lines = {done[2].count("\n") for pair in runs for done in pair[:2]}
        assert lines == {given.rows + 1}, lines
        seconds, peak = ([statistics.median(pair[side][what] for pair in runs) for side in range(3)] for what in (0, 1))
        row(f"predict of {given.rows:,} rows : pandas and model.predict", *seconds[:2], "s", "<= 1.2")
        row("its peak memory : theirs", *peak[:2], "MiB", "")
        row("its peak memory : that of a tenth of the rows", peak[0], peak[2], "MiB", "flat")


if __name__ == "__main__":
    main()
