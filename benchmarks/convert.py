"""Time and memory of `netconv convert`, compared with the time of the unavoidable parts.

`make bench` records the large net from MXNet's model zoo first.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from turns import NETCONV, RESNET, heading, race, row, run

CKD = Path(__file__).parent.parent / "fixtures" / "ckd"

SAVE = """
import time; start = time.perf_counter()
import keras
imported = time.perf_counter() - start
model = keras.saving.load_model({model!r})
start = time.perf_counter()
model.save_weights({target!r})
print(imported + time.perf_counter() - start)
"""


def resnet(folder: Path) -> None:
    model, target = folder / "resnet.keras", folder / "again.weights.h5"
    ours = [*NETCONV, "convert", str(RESNET), "-o", str(model)]
    size = RESNET.with_name("resnet50_v1-0000.params").stat().st_size / 2**20
    run(ours)
    save = [sys.executable, "-c", SAVE.format(model=str(model), target=str(target))]
    bare = [sys.executable, "-c", "import keras"]
    times, peaks = [], []
    for _ in range(5):
        seconds, peak, _ = run(ours)
        times.append((seconds, float(run(save)[2])))
        peaks.append((peak, run(bare)[1] + 1.5 * size))
    one, two = (statistics.median(column) for column in zip(*times, strict=True))
    row(f"convert ResNet-50 ({size:.0f} MiB) : import keras + save_weights", one, two, "s", "<= 1.5")
    one, two = (statistics.median(column) for column in zip(*peaks, strict=True))
    row("its peak memory : import keras + 1.5 x parameters", one, two, "MiB", "<= 1")


def main() -> None:
    heading()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        race("netconv --help : import click", [*NETCONV, "--help"], [sys.executable, "-c", "import click"], 15, "")
        convert = [*NETCONV, "convert", str(CKD / "net.json"), "-o", str(folder / "ckd.keras")]
        race("convert the CKD net : import keras", convert, [sys.executable, "-c", "import keras"], 9, "<= 1.15")
        of_wlnet = [*NETCONV, "convert", str(CKD / "net.wlnet"), "-o", str(folder / "wlnet.keras")]
        race("convert net.wlnet : the same net as net.json", of_wlnet, convert, 15, "<= 1.1")
        if RESNET.exists():
            resnet(folder)
        else:
            print(f"{RESNET} is not there: `make bench` records it", file=sys.stderr)


if __name__ == "__main__":
    main()
