"""Runs a function on damaged files, and sees what is not one line, takes too long, takes too much memory, or stays."""

import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from netconv.errors import NetconvError

SECONDS = 5
"""Of the processor's time, for a file."""
MEMORY = 512 << 20
"""Bytes over what the process had before, for a file; twice the size of the file are added."""
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class TooSlow(BaseException):
    """The time of a file is over."""


def _too_slow(*_):
    raise TooSlow


def _peak():
    """The most memory that the process has had since `_forget_peak`, in bytes."""
    if STATUS.exists():
        return next(int(line.split()[1]) << 10 for line in STATUS.read_text().splitlines() if line[:6] == "VmHWM:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _forget_peak():
    if CLEAR.exists():
        CLEAR.write_text("5")


def fault(form, seed, told):
    """What is wrong about how the damaged file of a seed is refused or read; None if nothing is. Counts in `told`
    whether it was refused."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = form.write(seed, Path(folder))
        before = sorted(Path(folder).iterdir())
        size = sum(each.stat().st_size for each in before)
        _forget_peak()
        memory, start = _peak(), time.process_time()
        handler = signal.signal(signal.SIGPROF, _too_slow)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            form.read(path)
            told["read"] += 1
        except NetconvError as error:
            told["refused"] += 1
            if "\n" in str(error) or not str(error).isprintable():
                return f"more than a line: {str(error)[:500]!r}"
        except TooSlow:
            return f"more than {SECONDS} s"
        except Exception:
            return traceback.format_exc(limit=-6)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, handler)
        if time.process_time() - start > SECONDS:
            return f"{time.process_time() - start:.1f} s"
        if _peak() - memory > MEMORY + 2 * size:
            return f"{_peak() - memory >> 20} MiB for {size} bytes"
        if sorted(Path(folder).iterdir()) != before:
            return f"left {sorted(Path(folder).iterdir())}"
    return None


def faults(form, seeds):
    """The faults of a format by seed, and how many files were read and refused."""
    told: Counter[str] = Counter()
    found = {seed: what for seed in seeds if (what := fault(form, seed, told))}
    return found, told
