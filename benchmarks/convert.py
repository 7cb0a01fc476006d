"""How long `netconv convert` takes, and how much memory, next to what nobody can do without.

Every figure is a ratio of medians over runs that took turns, so that a noisy machine disturbs both sides alike.
`make bench` records the large net from MXNet's model zoo first.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
CKD = HERE.parent / "fixtures" / "ckd"
RESNET = HERE / "nets" / "resnet50_v1-symbol.json"
NETCONV = [sys.executable, "-m", "netconv"]

SAVE = """
import time; start = time.perf_counter()
import keras
imported = time.perf_counter() - start
model = keras.saving.load_model({model!r})
start = time.perf_counter()
model.save_weights({target!r})
print(imported + time.perf_counter() - start)
"""


def run(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak MiB and stdout of a command."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0)
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        return seconds, usage.ru_maxrss / 1024, out.read()


def race(name: str, ours: list[str], theirs: list[str], runs: int, goal: str) -> None:
    for command in (ours, theirs):  # once each for the disk's sake
        run(command)
    times = [(run(ours)[0], run(theirs)[0]) for _ in range(runs)]
    one, two = (statistics.median(column) for column in zip(*times, strict=True))
    row(name, one, two, "s", goal)


def row(name: str, ours: float, theirs: float, unit: str, goal: str) -> None:
    print(f"| {name} | {ours:.2f} {unit} | {theirs:.2f} {unit} | {ours / theirs:.2f} | {goal} |", flush=True)


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
    print("| netconv : reference | netconv | reference | ratio | goal |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        race("netconv --help : import click", [*NETCONV, "--help"], [sys.executable, "-c", "import click"], 15, "")
        convert = [*NETCONV, "convert", str(CKD / "net.json"), "-o", str(folder / "ckd.keras")]
        race("convert the CKD net : import keras", convert, [sys.executable, "-c", "import keras"], 9, "<= 1.15")
        if RESNET.exists():
            resnet(folder)
        else:
            print(f"{RESNET} is not there: `make bench` records it", file=sys.stderr)


main()
