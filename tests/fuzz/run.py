"""Tries damaged files: `python tests/fuzz/run.py SEED COUNT [FORMAT ...]`. Prints each fault, and a line a format."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main(seed, count, *names):
    from fuzz.formats import FORMATS
    from fuzz.watchdog import Reader

    failed = False
    first = int(seed) * 10**9
    with Reader() as reader:
        for name in names or FORMATS:
            found, told = reader.faults(name, range(first, first + int(count)))
            for at, what in found.items():
                print(f"{name} {at}: {what}")
            print(
                f"{name}: {count} files, {told['read']} read, {told['refused']} refused, {len(found)} faults",
                flush=True,
            )
            failed = failed or bool(found)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
