"""Kills commands of netconv at random moments, lets them meet full disks, folders that are read-only, and each other:

python tests/crash/crash.py SEED COUNT [PART] with the kills to make, of the commands with PART in their name

A kill is SIGKILL, SIGTERM or SIGINT. After each, every file is as it was before or as the command writes it, what was
killed by SIGTERM or SIGINT says so in one line, and the next command leaves nothing but its own file. Trainings that
are killed are resumed until they end: their weights are those of one that was never interrupted. Prints what was done;
exit code 1 if anything was lost or left.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

from commands import Command, Ended

import netconv

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
NAMES = {signal.SIGKILL: "KILL", signal.SIGTERM: "TERM", signal.SIGINT: "INT"}
LINES = {signal.SIGTERM: "netconv: terminated", signal.SIGINT: "netconv: interrupted"}
STOPPED = "stopping; the weights trained so far are kept"
OLD = b"what was there before"
TRAIN = ["train", "kidney.csv", "-m", "net.keras", "--epochs", "12", "--early-stopping", "0", "--batch-size", "64"]


@dataclass(frozen=True)
class Case:
    """A command and the files that it writes."""

    name: str
    arguments: Sequence[str]
    outputs: Sequence[str]

    @property
    def trains(self) -> bool:
        return self.arguments[0] == "train"


RESUME = Case("resume", [*TRAIN, "-o", "out/new.keras", "--checkpoint", "state", "--resume"], ["out/new.keras"])
CASES = [
    Case("convert", ["convert", "net.json", "-o", "out/new.keras"], ["out/new.keras"]),
    Case("convert to .h5", ["convert", "net.wlnet", "-o", "out/new.h5"], ["out/new.h5"]),
    Case("train", [*TRAIN, "-o", "out/new.keras", "--history", "out/h.csv"], ["out/new.keras", "out/h.csv"]),
    RESUME,
    Case("predict", ["predict", *["kidney.csv"] * 30, "-m", "trained.keras", "-o", "out/p.csv"], ["out/p.csv"]),
    Case("export to mxnet", ["export", "net.keras", "--to", "mxnet", "-o", "out/new.json"],
         ["out/new.json", "out/new.params"]),
    Case("export to wlnet", ["export", "wolfram.keras", "--to", "wlnet", "-o", "out/new.wlnet"], ["out/new.wlnet"]),
]  # fmt: skip


class Workplace:
    """A folder with nets and a table, a folder `out` in it for what is written, and one for temporary files."""

    def __init__(self, root: Path, cases: Sequence[Case]):
        self.folder, self.temporary, self.logs = root / "work", root / "tmp", root / "logs"
        for folder in (self.folder / "out", self.temporary, self.logs):
            folder.mkdir(parents=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.temporary)
        for name in ("ckd/net.json", "ckd/net.params", "ckd/net.wlnet", "kidney.csv"):
            shutil.copy(FIXTURES / name, self.folder)
        for net, model in (("net.json", "net.keras"), ("net.wlnet", "wolfram.keras")):
            assert self.run(["convert", net, "-o", model]).code == 0
        if any("trained.keras" in case.arguments for case in cases):
            assert self.run([*TRAIN, "-o", "trained.keras"]).code == 0
        self.references = {}
        for case in cases:
            self.begin(b"")
            ended = self.run(case.arguments)
            assert ended.code == 0, (case, ended)
            self.references[case.name] = {name: (self.folder / name).read_bytes() for name in case.outputs}, ended
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def run(self, arguments: Sequence[str], limit: int | None = None) -> Ended:
        return self.start(arguments, limit).wait()

    def start(self, arguments: Sequence[str], limit: int | None = None) -> Command:
        return Command(arguments, self.folder, self.logs, limit)

    def begin(self, old: bytes, outputs: Sequence[str] = ()) -> None:
        """Empties `out` but for old outputs."""
        shutil.rmtree(self.folder / "out")
        (self.folder / "out").mkdir()
        for name in outputs if old else ():
            (self.folder / name).write_bytes(old)

    def left(self) -> list[str]:
        """What temporary files there are."""
        folders = (self.folder, self.folder / "out", self.folder / "state", self.temporary)
        return [str(path) for folder in folders if folder.exists() for path in folder.iterdir() if _temporary(path)]

    def check_left(self, killed: bool) -> None:
        """Nothing is left; where the process was killed, not by the next command either."""
        if killed and any("/out/." in path for path in self.left()):
            assert self.run(["convert", "net.json", "-o", "out/next.keras"]).code == 0
        if killed and any(path.startswith(str(self.temporary)) for path in self.left()):
            assert self.run(["convert", "net.json", "-o", "-"]).code == 0
        if killed and any("/state/." in path for path in self.left()):
            return  # the next command that trains from there removes it
        assert not self.left(), f"left: {self.left()}"

    def check_files(self, case: Case, old: bytes, stopped: bool) -> None:
        """Each file is the old or the new one; after a training that was stopped, a whole one."""
        for name in case.outputs:
            path, new = self.folder / name, self.references[case.name][0][name]
            content = path.read_bytes() if path.exists() else b""
            if content in (old, new):
                continue
            assert case.trains and stopped, f"{name} is neither the old nor the new one"
            if name.endswith(".keras"):
                with zipfile.ZipFile(path) as archive:
                    assert archive.testzip() is None and "netconv/table.json" in archive.namelist()


def _temporary(path: Path) -> bool:
    return path.parent.name == "tmp" or path.name.startswith(".")


def weights(content: bytes, folder: Path) -> bytes:
    """The weights of a `.keras` file, and the state of its optimizer."""
    path = folder / "weights.keras"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


def check_messages(ended: Ended, number: int, trains: bool) -> None:
    """How a command says that it ended."""
    assert "Traceback" not in ended.messages and "Exception" not in ended.messages, ended
    if ended.code == 0:
        return
    assert ended.code == (-number if number == signal.SIGKILL else 128 + number), ended
    if number != signal.SIGKILL:
        lines = ended.messages.splitlines()
        assert lines[-1] == LINES[number] or (trains and STOPPED in lines), ended


def kill(place: Workplace, case: Case, rng: random.Random) -> str:
    """Starts a command and kills it; the name of the signal, or "" if the command was faster."""
    old = rng.choice([b"", OLD])
    place.begin(old, case.outputs)
    number = rng.choice(list(NAMES))
    command = place.start(case.arguments)
    time.sleep(rng.uniform(0, 1.1 * place.references[case.name][1].seconds))
    command.kill(number)
    ended = command.wait()
    check_messages(ended, number, case.trains)
    place.check_files(case, old, ended.code == 128 + number)
    check_found(place.folder / "out")
    place.check_left(ended.code == -signal.SIGKILL)
    if case is RESUME and ended.code == 0:
        check_resumed(place)
    return NAMES[number] if ended.code else ""


def check_found(folder: Path) -> None:
    """Half a model is not one of several."""
    try:
        netconv.find_model(folder / "t.csv", False)
    except netconv.NetconvError as error:
        assert "several models" not in str(error), error


def check_resumed(place: Workplace) -> None:
    """Ends a training that was killed, and compares its weights with those of one that was not."""
    if (place.folder / "state").exists():
        ended = place.run(RESUME.arguments)
        assert ended.code == 0, ended
        shutil.rmtree(place.folder / "state")
        new = (place.folder / "out" / "new.keras").read_bytes()
        whole = place.references["resume"][0]["out/new.keras"]
        assert weights(new, place.logs) == weights(whole, place.logs), "resumed weights differ"


def limited(place: Workplace, case: Case, rng: random.Random) -> None:
    """A disk that is full: a file cannot grow beyond a limit, which is below the size of what is written."""
    place.begin(OLD, case.outputs)
    sizes = [len(content) for content in place.references[case.name][0].values()]
    ended = place.run(case.arguments, limit=rng.randrange(min(256, *sizes), max(sizes)))
    lines = ended.messages.splitlines()
    assert ended.code == 1 and lines[-1].startswith("netconv: ") and "Traceback" not in ended.messages, ended
    assert "File too large" in lines[-1] or "free" in lines[-1], ended
    place.check_files(case, OLD, False)
    place.check_left(False)
    shutil.rmtree(place.folder / "state", ignore_errors=True)


def on_mounted(place: Workplace, options: str, error: str) -> int:
    """All commands where `out` is a file system of its own, full or read-only; 0 where only root may mount one."""
    place.begin(b"")
    target = place.folder / "out"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", target], capture_output=True).returncode:
        return 0
    try:
        for case in CASES:
            ended = place.run(case.arguments)
            last = ended.messages.splitlines()[-1]
            assert ended.code == 1 and (error in last or " MB are free, and the file takes " in last), ended
            assert not os.listdir(target), os.listdir(target)
    finally:
        subprocess.run(["umount", target], check=True)
    shutil.rmtree(place.folder / "state", ignore_errors=True)
    return len(CASES)


def together(place: Workplace, case: Case, rng: random.Random) -> None:
    """Two commands that write the same file, of which one may be killed: the other is not disturbed."""
    place.begin(OLD, case.outputs)
    one, other = place.start(case.arguments), place.start(case.arguments)
    if killed := rng.random() < 0.5:
        time.sleep(rng.uniform(0, place.references[case.name][1].seconds))
        one.kill(signal.SIGKILL)
    ended, whole = one.wait(), other.wait()
    assert whole.code == 0 and (killed or ended.code == 0), (ended, whole)
    assert (place.folder / case.outputs[0]).read_bytes() == place.references[case.name][0][case.outputs[0]]
    place.check_left(killed)


def main(seed: int, count: int, part: str = "") -> int:
    rng, counts = random.Random(seed), Counter()
    cases = [case for case in CASES if part in case.name]
    with tempfile.TemporaryDirectory() as root:
        place = Workplace(Path(root), cases)
        kills = number = 0
        while kills < count:
            case = cases[number % len(cases)]
            number += 1
            try:
                name = kill(place, case, rng)
            except AssertionError as error:
                counts["failed"] += 1
                print(f"seed {seed}, command {number} ({case.name}): {error}", flush=True)
                shutil.rmtree(place.folder / "state", ignore_errors=True)
                continue
            kills += bool(name)
            counts[f"{case.name}, {name or 'ended before'}"] += 1
        check_resumed(place)
        for case in cases:
            limited(place, case, rng)
        for case in cases[:2]:
            together(place, case, rng)
        full = read_only = 0
        if not part:
            full, read_only = on_mounted(place, "size=4k", "No space left"), on_mounted(place, "ro", "Read-only")
    for name, many in sorted(counts.items()):
        print(f"{name:32} {many}")
    print(f"{kills} kills, {counts['failed']} failed; {len(cases)} full by limit, {full} full, {read_only} read-only")
    return bool(counts["failed"])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
