"""A few kills; `make crash` makes many."""

import subprocess
import sys
from pathlib import Path


def test_nothing_is_lost_and_nothing_is_left():
    command = [sys.executable, Path(__file__).with_name("crash.py"), "1", "5", "to"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n5 kills, 0 failed; 3 full by limit, " in done.stdout
