"""Reads damaged files, and sees what is not one line, takes too long, takes too much memory, stays, or ends the
process."""

import multiprocessing
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
PATIENCE = 60
"""Seconds for a file, after which the process that reads it is ended."""
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


def _outcome(form, seed):
    """Whether the damaged file of a seed was "read" or "refused", and what is wrong about that; None if nothing is."""
    outcome = "read"
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
        except NetconvError as error:
            outcome = "refused"
            if "\n" in str(error) or not str(error).isprintable():
                return outcome, f"more than a line: {str(error)[:500]!r}"
        except TooSlow:
            return outcome, f"more than {SECONDS} s"
        except Exception:
            return outcome, traceback.format_exc(limit=-6)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, handler)
        if time.process_time() - start > SECONDS:
            return outcome, f"{time.process_time() - start:.1f} s"
        if _peak() - memory > MEMORY + 2 * size:
            return outcome, f"{_peak() - memory >> 20} MiB for {size} bytes"
        if sorted(Path(folder).iterdir()) != before:
            return outcome, f"left {sorted(Path(folder).iterdir())}"
    return outcome, None


def _serve(connection):
    """Answers (name of a format, seed) with the outcome until it receives None."""
    import keras
    from fuzz.formats import FORMATS

    keras.backend.backend()  # imports Keras, whose time and memory do not count
    warm = set()
    connection.send(None)
    while asked := connection.recv():
        name, seed = asked
        if name not in warm:
            warm.add(name)
            for first in range(5):
                _outcome(FORMATS[name], first)
        connection.send(_outcome(FORMATS[name], seed))


class Reader:
    """Reads damaged files in another process, which may end or never return. A context."""

    def __init__(self, serve=_serve, patience=PATIENCE):
        self._serve, self._patience, self._process = serve, patience, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def faults(self, name, seeds):
        """The faults of a format by seed, and how many files were read and refused."""
        found, told = {}, Counter()
        for seed in seeds:
            outcome, what = self._ask(name, seed)
            told[outcome] += 1
            if what:
                found[seed] = what
        return found, told

    def _ask(self, name, seed):
        if self._process is None:
            context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
            self._connection, other = context.Pipe()
            self._process = context.Process(target=self._serve, args=(other,), daemon=True)
            self._process.start()
            other.close()
            self._connection.recv()
        self._connection.send((name, seed))
        try:
            if self._connection.poll(self._patience):
                return self._connection.recv()
            what = f"has not returned after {self._patience} s"
        except EOFError:
            self._process.join()
            what = f"ended the process with {self._process.exitcode}"
        self._end()
        return "lost", what

    def _end(self):
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None
