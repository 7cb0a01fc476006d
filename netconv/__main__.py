"""`python -m netconv` is `netconv`."""

from .cli import run

run()
