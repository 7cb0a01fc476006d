"""Alternating runs, so that a noisy machine affects both sides alike; a row has the ratio of their medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETCONV = [sys.executable, "-m", "netconv"]
RESNET = Path(__file__).parent / "nets" / "resnet50_v1-symbol.json"
"""The large net, from MXNet's model zoo: `make bench` records it."""


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
    for command in (ours, theirs):  # once each to fill the disk cache
        run(command)
    times = [(run(ours)[0], run(theirs)[0]) for _ in range(runs)]
    one, two = (statistics.median(column) for column in zip(*times, strict=True))
    row(name, one, two, "s", goal)


def heading() -> None:
    print("| netconv : reference | netconv | reference | ratio | goal |")
    print("| --- | --- | --- | --- | --- |")


def row(name: str, ours: float, theirs: float, unit: str, goal: str) -> None:
    print(f"| {name} | {ours:.2f} {unit} | {theirs:.2f} {unit} | {ours / theirs:.2f} | {goal} |", flush=True)
